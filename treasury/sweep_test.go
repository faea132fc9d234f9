package treasury_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/treasury"
)

const gold = coffer.AssetID("eip155:31337/erc20:0x70997970C51812dc3A010C7d01b50e0d17dc79C8") // nobody sweeps it

// sweeps is a sweeper of a house, with a payer and salts that remember.
type sweeps struct {
	*house
	sweeper *treasury.Sweeper
	now     time.Time
	final   uint64
	price   uint64 // of gas
	looked  int

	planned  [][]payout.SweepLeg
	live     []coffer.Sweep
	deferred []payout.DeferredSweep
	busy     bool
}

func (s *sweeps) PlanSweep(_ context.Context, id coffer.ChainID, legs []payout.SweepLeg) (string, error) {
	if id != chain {
		return "", errors.New("another chain")
	}
	if s.busy {
		return "", nil
	}
	s.planned = append(s.planned, legs)
	for _, leg := range legs {
		s.live = append(s.live, leg.Sweep)
	}
	return fmt.Sprintf("po_%d", len(s.planned)), nil
}

func (s *sweeps) Sweeping(context.Context, coffer.ChainID) ([]coffer.Sweep, []payout.DeferredSweep, error) {
	return s.live, s.deferred, nil
}

func (s *sweeps) Salts(_ context.Context, _ coffer.ChainID, addresses []coffer.Address) (map[coffer.Address]coffer.Hash, error) {
	salts := map[coffer.Address]coffer.Hash{}
	for _, a := range addresses {
		if a != "0xlost" {
			salts[a] = saltOf(a)
		}
	}
	return salts, nil
}

func saltOf(a coffer.Address) coffer.Hash { return coffer.RequestHash("salt", string(a)) }

// newSweeps sweeps USDT from 100, three of them an ether's worth of a billion, and ether from
// 10; a sweep is worth twice its cost.
func newSweeps(t *testing.T, change ...func(c *treasury.SweepChain)) *sweeps {
	t.Helper()
	s := &sweeps{house: newHouse(t), now: start, final: 1000, price: 1}
	c := treasury.SweepChain{
		ID: chain, MaxForwarders: 3, CostFactor: 2, MaxAge: 24 * time.Hour, Interval: time.Hour,
		Assets:   []treasury.SweepAsset{{ID: usdt, Min: coffer.NewAmount(100), Price: ethers(1)}, {ID: ether, Min: coffer.NewAmount(10), Price: ethers(1)}},
		Final:    func(context.Context) (uint64, error) { return s.final, nil },
		GasPrice: func(context.Context) (coffer.Amount, error) { return coffer.NewAmount(s.price), nil },
	}
	for _, do := range change {
		do(&c)
	}
	var err error
	s.sweeper, err = treasury.NewSweeper(treasury.SweepConfig{
		DB: s.db, Payouts: s, Salts: s, Chains: []treasury.SweepChain{c}, Clock: func() time.Time { return s.now },
		Looked: func(coffer.ChainID, treasury.SweepPlan, string) { s.looked++ },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ethers(n uint64) coffer.Amount {
	a, err := coffer.ParseUnits(fmt.Sprint(n), 18)
	if err != nil {
		panic(err)
	}
	return a
}

var entries int

// move books that money arrived at a deposit address, or, negative, was flushed from it.
func (s *sweeps) move(address string, asset coffer.AssetID, amount int64, height uint64) string {
	s.t.Helper()
	entries++
	account, n := ledger.PrefixCustodyDeposit+address, coffer.NewAmount(uint64(max(amount, -amount)))
	postings := []ledger.Posting{ledger.Debit(account, asset, n), ledger.Credit(ledger.SuspenseUnknown, asset, n)}
	if amount < 0 {
		postings = []ledger.Posting{ledger.Debit("custody:hot:0xW", asset, n), ledger.Credit(account, asset, n)}
	}
	e := ledger.Entry{ID: fmt.Sprintf("move-%d", entries), Kind: "test", Chain: chain, Block: block(height), At: s.now, Postings: postings}
	if err := s.db.Tx(s.t.Context(), func(tx pgx.Tx) error { return s.books.Post(s.t.Context(), tx, e) }); err != nil {
		s.t.Fatal(err)
	}
	return e.ID
}

func (s *sweeps) step() string {
	s.t.Helper()
	made, err := s.sweeper.Step(s.t.Context(), chain)
	if err != nil {
		s.t.Fatal(err)
	}
	return made
}

// want checks what the last sweep flushes: "address asset amount", the asset by its last
// three characters.
func (s *sweeps) want(legs ...string) {
	s.t.Helper()
	var got []string
	if len(s.planned) > 0 {
		for _, leg := range s.planned[len(s.planned)-1] {
			got = append(got, fmt.Sprintf("%s %s %s", leg.Forwarder, leg.Asset[len(leg.Asset)-3:], leg.Expected))
			if leg.Salt != saltOf(leg.Forwarder) {
				s.t.Errorf("%s has the salt %s", leg.Forwarder, leg.Salt)
			}
		}
	}
	if strings.Join(got, ", ") != strings.Join(legs, ", ") {
		s.t.Errorf("swept %v, want %v", got, legs)
	}
}

func TestAddressesAreSweptTogetherAndOnce(t *testing.T) {
	s := newSweeps(t)
	for n := range 5 {
		s.move(fmt.Sprintf("0x%d", n), usdt, 1_000_000, 5)
		s.now = s.now.Add(time.Second)
	}
	s.move("0x1", gold, 1_000_000, 5)
	if s.step() == "" {
		t.Fatal("nothing was swept")
	}
	s.want("0x0 aa3 1000000", "0x1 aa3 1000000", "0x2 aa3 1000000") // those that wait the longest, at most three
	s.step()
	s.want("0x3 aa3 1000000", "0x4 aa3 1000000")
	if made := s.step(); made != "" || s.looked != 3 {
		t.Errorf("%s was made of nothing, after %d looks", made, s.looked)
	}
	s.live, s.busy = nil, true
	if made := s.step(); made != "" {
		t.Error("a sweep was made while the wallet is busy")
	}
}

func TestOnlyWhatIsFinalAndStillThereIsSwept(t *testing.T) {
	s := newSweeps(t)
	s.final = 10
	s.move("0xyoung", usdt, 1_000_000, 11)
	s.move("0xgone", usdt, 1_000_000, 5)
	s.move("0xgone", usdt, -1_000_000, 11) // a stranger flushed it, not finally
	s.move("0xold", usdt, 1_000_000, 10)
	s.move("0xold", usdt, 7, 11)
	undone := s.move("0xforked", usdt, 1_000_000, 9)
	err := s.db.Tx(t.Context(), func(tx pgx.Tx) error {
		return s.books.Reverse(t.Context(), tx, undone, undone+"/reversed", "test", block(9), start)
	})
	if err != nil {
		t.Fatal(err)
	}
	s.step()
	s.want("0xold aa3 1000000")
}

func TestSmallAmountsWaitUntilTheyAreOld(t *testing.T) {
	s := newSweeps(t)
	s.move("0xa", usdt, 99, 5)
	if s.step() != "" {
		t.Fatal("less than the least was swept")
	}
	s.now = s.now.Add(24 * time.Hour)
	s.step()
	s.want("0xa aa3 99")

	// The age counts from the last time that the address was empty.
	s.live = nil
	s.move("0xa", usdt, -99, 6)
	s.move("0xa", usdt, 99, 7)
	s.now = s.now.Add(23 * time.Hour)
	if made := s.step(); made != "" {
		t.Error("what has waited for 23 hours was swept")
	}
}

func TestASweepIsWorthItsCost(t *testing.T) {
	s := newSweeps(t)
	s.move("0xa", usdt, 300_000, 5)
	s.move("0xb", usdt, 300_000, 5)
	s.price = 2 // 2 addresses cost 330 000 gas at 2: twice that is more than 600 000
	plan, err := s.sweeper.Plan(t.Context(), chain, false)
	if err != nil || len(plan.Legs) != 0 || plan.Value.String() != "600000" || plan.Cost.String() != "660000" || !strings.Contains(plan.Reason, "less than 2 times") {
		t.Fatalf("%+v %v", plan, err)
	}
	forced, err := s.sweeper.Plan(t.Context(), chain, true)
	if err != nil || len(forced.Legs) != 2 {
		t.Fatalf("forced: %+v %v", forced, err)
	}
	s.move("0xc", usdt, 2_000_000, 5)
	if s.step() == "" {
		t.Error("three addresses worth 2 600 000 were not swept at a cost of 790 000")
	}

	unpriced := newSweeps(t, func(c *treasury.SweepChain) { c.Assets[0].Price = coffer.Amount{} })
	unpriced.price = 1_000_000_000
	unpriced.move("0xa", usdt, 100, 5)
	if unpriced.step() == "" {
		t.Error("an asset without a price was weighed against costs")
	}
}

// One call of the factory flushes every address of every asset: assets go together where
// that is worth it.
func TestAssetsGoTogetherWhereMostAddressesHaveThem(t *testing.T) {
	s := newSweeps(t)
	for _, a := range []string{"0xa", "0xb", "0xc"} {
		s.move(a, usdt, 1_000_000, 5)
	}
	s.move("0xa", ether, 500, 5)
	s.move("0xb", ether, 9, 5) // too little by itself; rides along
	s.move("0xd", ether, 1_000_000, 5)
	s.step()
	s.want("0xa aa3 1000000", "0xb aa3 1000000", "0xc aa3 1000000")
	s.move("0xc", ether, 500, 5)
	s.live = nil
	s.step()
	s.want("0xa aa3 1000000", "0xa :60 500", "0xb aa3 1000000", "0xb :60 9", "0xc aa3 1000000", "0xc :60 500")
}

func TestWhatWasPutOffWaits(t *testing.T) {
	s := newSweeps(t)
	for _, a := range []string{"0xa", "0xb", "0xc"} {
		s.move(a, usdt, 1_000_000, 5)
	}
	put := func(a coffer.Address, until time.Duration, tries int, quarantined bool) payout.DeferredSweep {
		return payout.DeferredSweep{Forwarder: a, Asset: usdt, Tries: tries, Until: s.now.Add(until), Quarantined: quarantined}
	}
	s.deferred = []payout.DeferredSweep{put("0xa", time.Second, 1, true), put("0xb", 0, 3, true)}
	s.step()
	s.want("0xb aa3 1000000", "0xc aa3 1000000") // the hour of b is over; a bad token stops nobody
	plan, err := s.sweeper.Plan(t.Context(), chain, true)
	if err != nil || plan.Quarantined != 2 || len(plan.Legs) != 0 {
		t.Errorf("%+v %v", plan, err)
	}

	// What was given up as a whole is tried with fewer, in the end alone.
	s.live, s.deferred = nil, []payout.DeferredSweep{put("0xa", 0, 1, false), put("0xb", 0, 1, false)}
	s.step()
	s.want("0xa aa3 1000000")
}

func TestARequestSweepsEverythingOnce(t *testing.T) {
	s := newSweeps(t)
	s.price = 1_000_000_000_000
	for n := range 4 {
		s.move(fmt.Sprintf("0x%d", n), usdt, 1, 5)
	}
	if s.step() != "" {
		t.Fatal("dust was swept without being asked for")
	}
	for range 2 {
		if err := treasury.RequestSweep(t.Context(), s.db.Pool(), chain, start); err != nil {
			t.Fatal(err)
		}
	}
	s.step()
	s.want("0x0 aa3 1", "0x1 aa3 1", "0x2 aa3 1")
	s.step()
	s.want("0x3 aa3 1")
	if requested, err := treasury.SweepRequested(t.Context(), s.db.Pool(), chain); err != nil || !requested {
		t.Errorf("the request was forgotten before all was done: %v", err)
	}
	s.step()
	if requested, err := treasury.SweepRequested(t.Context(), s.db.Pool(), chain); err != nil || requested {
		t.Errorf("the request is still there: %v", err)
	}
	s.move("0x9", usdt, 1, 5)
	if s.step() != "" {
		t.Error("dust was swept after the request was done")
	}
}

func TestMoneyWithoutASaltIsAnError(t *testing.T) {
	s := newSweeps(t)
	s.move("0xlost", usdt, 1_000_000, 5)
	if made, err := s.sweeper.Step(t.Context(), chain); err == nil || !strings.Contains(err.Error(), "salt of 0xlost") {
		t.Errorf("%s %v", made, err)
	}
}

// Run looks at the start, at its interval and when asked, and ends with its context.
func TestTheSweeperRuns(t *testing.T) {
	s := newSweeps(t)
	s.move("0xa", usdt, 1_000_000, 5)
	ctx, cancel := context.WithCancel(t.Context())
	made := make(chan string, 1)
	sweeper, err := treasury.NewSweeper(treasury.SweepConfig{
		DB: s.db, Payouts: s, Salts: s, Clock: func() time.Time { return start },
		Chains: []treasury.SweepChain{{ID: chain, Assets: []treasury.SweepAsset{{ID: usdt}}, CostFactor: 1,
			Final:    func(context.Context) (uint64, error) { return 1000, nil },
			GasPrice: func(context.Context) (coffer.Amount, error) { return coffer.NewAmount(1), nil }}},
		Looked: func(_ coffer.ChainID, _ treasury.SweepPlan, id string) { made <- id },
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- sweeper.Run(ctx, chain) }()
	select {
	case id := <-made:
		if id == "" {
			t.Error("nothing was swept")
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it never looked")
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

func TestASweeperSaysWhatItLacks(t *testing.T) {
	s := newSweeps(t)
	good := treasury.SweepChain{
		ID: chain, Assets: []treasury.SweepAsset{{ID: usdt}},
		Final:    func(context.Context) (uint64, error) { return 0, nil },
		GasPrice: func(context.Context) (coffer.Amount, error) { return coffer.Amount{}, nil },
	}
	for name, change := range map[string]func(c *treasury.SweepChain){
		"no final height":    func(c *treasury.SweepChain) { c.Final = nil },
		"no gas price":       func(c *treasury.SweepChain) { c.GasPrice = nil },
		"no asset":           func(c *treasury.SweepChain) { c.Assets = nil },
		"a stranger's asset": func(c *treasury.SweepChain) { c.Assets = []treasury.SweepAsset{{ID: "eip155:1/slip44:60"}} },
		"too many":           func(c *treasury.SweepChain) { c.MaxForwarders = payout.MaxSweeps + 1 },
		"a negative age":     func(c *treasury.SweepChain) { c.MaxAge = -1 },
	} {
		c := good
		change(&c)
		if _, err := treasury.NewSweeper(treasury.SweepConfig{DB: s.db, Payouts: s, Salts: s, Clock: time.Now, Chains: []treasury.SweepChain{c}}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := treasury.NewSweeper(treasury.SweepConfig{DB: s.db}); err == nil {
		t.Error("without payouts: no error")
	}
	if _, err := s.sweeper.Plan(t.Context(), "eip155:1", false); coffer.ErrorCode(err) != coffer.CodeInvalid {
		t.Errorf("another chain: %v", err)
	}
}
