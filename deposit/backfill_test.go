package deposit_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
	"github.com/cofferhq/coffer/stream"
)

// backfill steps until there is nothing to do.
func (h *harness) backfill() {
	h.t.Helper()
	for range 1000 {
		moved, err := h.s.Backfill(context.Background(), h.chain)
		if err != nil {
			h.t.Fatalf("backfill: %v", err)
		}
		if !moved {
			return
		}
	}
	h.t.Fatal("history is never filled in")
}

// entries writes what the books hold, one entry a line, by id.
func (h *harness) entries() []string {
	h.t.Helper()
	rows, err := h.db.Pool().Query(context.Background(), `
		select e.id || ' ' || e.kind || ' ' || e.resource || ' ' || e.height || ' ' || encode(e.block, 'hex') || ' ' ||
		       string_agg(p.account || ' ' || p.asset || ' ' || p.amount, ', ' order by p.ordinal)
		from ledger_entry e join ledger_posting p on p.entry = e.seq where e.chain = $1 group by e.seq order by e.id`, string(h.chain))
	if err != nil {
		h.t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		h.t.Fatal(err)
	}
	return lines
}

// twin is a harness on the same chain with other books, which does not know ann.
func twin(t *testing.T, h *harness) *harness {
	t.Helper()
	late := newHarnessOn(t, postgrestest.New(t), h.chain, nil)
	late.fake = h.fake
	return late
}

func TestALateAddressHasTheEntriesOfAnEarlyOne(t *testing.T) {
	h := newHarness(t, nil)
	late := twin(t, h)
	ann := h.user("ann")
	late.user("bob")
	h.user("bob")
	fromHot := transfer(h.usdt(), 5, "log:0", ann, 70)
	fromHot.From = hot
	blocks := [][]coffer.Transfer{
		{transfer(h.usdt(), 1, "log:0", ann, 100), transfer(h.usdt(), 1, "log:1", h.user("bob"), 40), transfer(h.token(666), 1, "log:2", ann, 1)},
		{transfer(h.usdt(), 2, "log:0", ann, usdtMin-1), transfer(h.eth(), 2, "trace:0", ann, 7)},
		{transfer(h.gold(), 3, "log:0", ann, 9), transfer(h.usdt(), 4, "log:0", ann, 0)},
		{fromHot},
	}
	for _, b := range blocks {
		h.mine(b...)
	}
	h.empty(4)
	h.mine(transfer(h.usdt(), 6, "log:0", ann, 33)) // not deep enough yet

	late.settle()
	if got := late.user("ann"); got != ann {
		t.Fatalf("late address %s, want %s", got, ann)
	}
	if all, err := late.s.Histories(t.Context(), h.chain); err != nil || len(all) != 1 || all[0].Address != ann || all[0].State != deposit.HistoryPending {
		t.Fatalf("histories: %+v, %v", all, err)
	}
	h.mine(transfer(h.usdt(), 7, "log:0", ann, 44)) // after it is known, before its past is
	late.settle()
	late.backfill()
	h.empty(1)
	late.settle()

	if got, want := late.entries(), h.entries(); !slices.Equal(got, want) {
		t.Errorf("late entries\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, account := range []string{"ann", "bob"} {
		for _, d := range late.deposits(account) {
			early, err := h.s.Get(t.Context(), d.Tenant, d.ID)
			if err != nil || d.State != early.State || d.Block != early.Block || d.Amount != early.Amount || d.Reason != early.Reason {
				t.Errorf("late %+v, early %+v, %v", d, early, err)
			}
		}
		if got, want := len(late.deposits(account)), len(h.deposits(account)); got != want {
			t.Errorf("%d late deposits of %s, want %d", got, account, want)
		}
	}
	before := len(late.entries())
	if all, err := late.s.Histories(t.Context(), h.chain); err != nil || len(all) != 0 {
		t.Errorf("histories: %+v, %v", all, err)
	}
	late.backfill() // again changes nothing
	if after := len(late.entries()); after != before {
		t.Errorf("%d entries after a second pass, had %d", after, before)
	}
}

func TestALateHouseAddressCorrectsWhatWasBooked(t *testing.T) {
	h := newHarness(t, nil)
	late := twin(t, h)
	vault := chaintest.Address(88)
	from := func(sender coffer.Address, t coffer.Transfer) coffer.Transfer {
		t.From = sender
		return t
	}
	gas := chaintest.Address(89)
	register := func(h *harness) {
		t.Helper()
		for address, kind := range map[coffer.Address]string{vault: deposit.HouseVault, gas: deposit.HouseExecutor} {
			if err := h.s.RegisterHouse(t.Context(), h.chain, address, kind); err != nil {
				t.Fatal(err)
			}
		}
	}
	register(h)
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100), transfer(h.eth(), 2, "trace:0", gas, 90))
	h.mine(
		from(h.user("ann"), transfer(h.usdt(), 3, "log:0", vault, 60)), // a flush
		transfer(h.usdt(), 4, "log:0", vault, 5),                       // from outside
		from(gas, transfer(h.eth(), 5, "trace:0", hot, 30)),            // was foreign
		from(vault, transfer(h.usdt(), 6, "log:0", hot, 20)),           // was foreign, is a payout's
		from(h.user("ann"), transfer(h.usdt(), 7, "log:0", hot, 40)),   // was foreign, is a flush
		from(gas, transfer(h.eth(), 8, "trace:0", stranger, 1)),
	)
	h.empty(4)

	late.settle()
	register(late)
	late.user("ann")
	late.backfill()
	for _, asset := range []coffer.AssetID{h.usdt(), h.eth()} {
		for _, code := range []string{
			ledger.PrefixCustodyHot + string(vault), ledger.PrefixCustodyHot + string(hot), ledger.PrefixGasExecutor + string(gas),
			ledger.PrefixCustodyDeposit + string(h.user("ann")), ledger.SuspenseUnknown,
		} {
			if got, want := late.house(code, asset), h.house(code, asset); got != want {
				t.Errorf("%s is %d in %s, want %d", code, got, asset, want)
			}
		}
	}
	late.wantHouse(ledger.PrefixCustodyHot+string(vault), h.usdt(), 65)
	late.wantHouse(ledger.PrefixGasExecutor, h.eth(), 59)
}

func TestATrimmedHistoryIsSaidToBePartial(t *testing.T) {
	var alarms []error
	h := newHarness(t, func(c *deposit.Config) { c.Alarm = func(_ coffer.ChainID, err error) { alarms = append(alarms, err) } })
	ann := coffer.Address(coffer.RequestHash("deposit-address", "t-ann", "ann").String()[:42])
	h.mine(transfer(h.usdt(), 1, "log:0", ann, 100))
	h.empty(5)
	h.mine(transfer(h.usdt(), 2, "log:0", ann, 50))
	h.empty(5)
	if _, err := h.log.Trim(t.Context(), stream.TopicRaw, string(h.chain), 5); err != nil {
		t.Fatal(err)
	}
	if h.user("ann") != ann {
		t.Fatal("another address")
	}
	h.backfill()
	h.wantBalance("ann", h.usdt(), 50, 0)
	all, err := h.s.Histories(t.Context(), h.chain)
	if err != nil || len(all) != 1 || all[0].State != deposit.HistoryPartial || !strings.Contains(all[0].Reason, "below height 5") {
		t.Errorf("histories: %+v, %v", all, err)
	}
	if len(alarms) != 1 || !strings.Contains(alarms[0].Error(), "below height 5") {
		t.Errorf("alarms: %v", alarms)
	}

	// All of it forgotten, and forgotten while it is read.
	tail, err := h.log.Tail(t.Context(), stream.TopicRaw, string(h.chain))
	if err != nil {
		t.Fatal(err)
	}
	h.user("bob")
	if moved, err := h.s.Backfill(t.Context(), h.chain); err != nil || !moved {
		t.Fatal(moved, err)
	}
	if _, err := h.log.Trim(t.Context(), stream.TopicRaw, string(h.chain), tail-1); err != nil {
		t.Fatal(err)
	}
	h.backfill()
	all, err = h.s.Histories(t.Context(), h.chain)
	bob := slices.IndexFunc(all, func(a deposit.History) bool { return a.Address == h.user("bob") })
	if err != nil || bob < 0 || !strings.Contains(all[bob].Reason, fmt.Sprintf("below height %d", h.fake.Tip().Height)) {
		t.Errorf("histories: %+v, %v", all, err)
	}
}

// TestLateAddressesEndInTheSameBooks runs two books beside each other on one chain: one
// knows all addresses from the beginning, the other learns some on the way, while the chain
// grows and forks, and dies at any checkpoint of filling in. In the end they are equal.
func TestLateAddressesEndInTheSameBooks(t *testing.T) {
	early, late := postgrestest.New(t), postgrestest.New(t)
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		w := newTwins(t, early, late, run)
		for range rapid.IntRange(5, 20).Draw(t, "actions") {
			w.act(t)
		}
		w.learn(0)
		w.learn(1)
		w.early.fake.MineEmpty(10) // what was unlocked at a tip that has moved back since is unlocked again
		w.settle()
		w.late.backfill()
		w.compare(t)
	})
}

type twins struct {
	early, late *harness
	accounts    []string
	vault       coffer.Address
	learnt      [2]bool
	die         context.CancelFunc
}

func newTwins(t *rapid.T, early, late *postgres.DB, run int) *twins {
	chain := coffer.ChainID(fmt.Sprintf("eip155:%d", 1000+run))
	w := &twins{accounts: []string{fmt.Sprintf("late%d", run), fmt.Sprintf("known%d", run)}, vault: chaintest.Address(88)}
	w.early = newHarnessOn(t, early, chain, nil)
	w.late = newHarnessOn(t, late, chain, func(c *deposit.Config) {
		c.Checkpoint = func(name string) {
			if w.die != nil && name == deposit.CheckpointBeforeCommit {
				w.die()
			}
		}
	})
	w.late.fake = w.early.fake
	w.early.fake.FinalFollows(6)
	w.early.user(w.accounts[0])
	w.early.user(w.accounts[1])
	w.late.user(w.accounts[1])
	if err := w.early.s.RegisterHouse(context.Background(), chain, w.vault, deposit.HouseVault); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *twins) settle() {
	w.early.settle()
	w.late.settle()
}

func (w *twins) learn(which int) {
	if w.learnt[which] {
		return
	}
	w.learnt[which] = true
	if which == 0 {
		w.late.user(w.accounts[0])
	} else if err := w.late.s.RegisterHouse(context.Background(), w.late.chain, w.vault, deposit.HouseVault); err != nil {
		w.late.t.Fatal(err)
	}
}

func (w *twins) act(t *rapid.T) {
	fake := w.early.fake
	switch rapid.SampledFrom([]string{"mine", "mine", "mine", "reorg", "settle", "settle", "learn", "fill", "fill", "fill", "crash"}).Draw(t, "action") {
	case "mine":
		fake.Mine(w.transfers(t), nil)
	case "reorg":
		fake.Reorg(rapid.IntRange(0, int(fake.Tip().Height-fake.Final())).Draw(t, "depth")) // #nosec G115 -- small
		for range rapid.IntRange(0, 4).Draw(t, "mined") {
			fake.Mine(w.transfers(t), nil)
		}
	case "settle":
		w.settle()
	case "learn":
		w.learn(rapid.IntRange(0, 1).Draw(t, "which"))
	case "fill":
		if _, err := w.late.s.Backfill(context.Background(), w.late.chain); err != nil {
			t.Fatalf("backfill: %v", err)
		}
	case "crash":
		ctx, cancel := context.WithCancel(context.Background())
		w.die = cancel
		_, _ = w.late.s.Backfill(ctx, w.late.chain)
		w.die = nil
		cancel()
	}
}

// transfers makes some that never go from a late address to an account: what was judged
// before the sender was known stays.
func (w *twins) transfers(t *rapid.T) []coffer.Transfer {
	h := w.early
	late, known := h.users[w.accounts[0]], h.users[w.accounts[1]]
	var all []coffer.Transfer
	in := map[coffer.Hash]bool{}
	for _, b := range h.fake.Canonical() {
		for _, t := range b.Transfers {
			in[t.Tx] = true
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "transfers") {
		n := rapid.Uint64Range(0, 19).Draw(t, "tx")
		if in[chaintest.Tx(n)] {
			continue
		}
		in[chaintest.Tx(n)] = true
		to := rapid.SampledFrom([]coffer.Address{late, late, known, w.vault, hot, executor, stranger}).Draw(t, "to")
		senders := []coffer.Address{stranger, stranger, hot, executor, known}
		if to == w.vault || to == hot || to == executor || to == stranger {
			senders = append(senders, late, w.vault)
		}
		one := transfer(rapid.SampledFrom([]coffer.AssetID{h.usdt(), h.eth(), h.gold(), h.token(666)}).Draw(t, "asset"), n, "log:0", to, rapid.Uint64Range(0, 30).Draw(t, "amount"))
		one.From = rapid.SampledFrom(senders).Draw(t, "from")
		all = append(all, one)
	}
	return all
}

func (w *twins) compare(t *rapid.T) {
	type sum struct{ Account, Asset, Net string }
	type row struct {
		ID, State, Amount, Block string
		Height                   int64
	}
	sums, rows := [2][]sum{}, [2][]row{}
	for i, h := range []*harness{w.early, w.late} {
		found, err := h.db.Pool().Query(context.Background(), `
			select p.account, p.asset, sum(p.amount)::text from ledger_posting p join ledger_entry e on e.seq = p.entry
			where e.chain = $1 group by 1, 2 having sum(p.amount) <> 0 order by 1, 2`, string(h.chain))
		if err != nil {
			t.Fatal(err)
		}
		if sums[i], err = pgx.CollectRows(found, pgx.RowToStructByPos[sum]); err != nil {
			t.Fatal(err)
		}
		found, err = h.db.Pool().Query(context.Background(), `
			select id, state, amount::text, encode(block_hash, 'hex'), height from deposit
			where chain = $1 and state not in ('orphaned', 'reversed') order by id`, string(h.chain))
		if err != nil {
			t.Fatal(err)
		}
		if rows[i], err = pgx.CollectRows(found, pgx.RowToStructByPos[row]); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(sums[0], sums[1]) {
		t.Fatalf("late books\n%v\nearly\n%v", sums[1], sums[0])
	}
	if !slices.Equal(rows[0], rows[1]) {
		t.Fatalf("late deposits\n%v\nearly\n%v", rows[1], rows[0])
	}
}

func TestADepositJudgedBeforeItsSenderWasOursStays(t *testing.T) {
	h := newHarness(t, nil)
	cold := chaintest.Address(90)
	paid := transfer(h.usdt(), 1, "log:0", h.user("ann"), 100)
	paid.From = cold
	h.mine(paid)
	h.empty(4)
	if err := h.s.RegisterHouse(t.Context(), h.chain, cold, deposit.HouseCold); err != nil {
		t.Fatal(err)
	}
	h.backfill()
	h.wantState("ann", coffer.DepositUnlocked)
	h.wantBalance("ann", h.usdt(), 100, 0)

	paid.Tx = chaintest.Tx(2)
	h.reorg(0, []coffer.Transfer{paid})
	if d := h.deposits("ann")[1]; d.State != coffer.DepositReview {
		t.Errorf("the next one from there is %s, want review", d.State)
	}
}

func TestHistoryIsFilledInOnceByMany(t *testing.T) {
	h := newHarness(t, nil)
	late := twin(t, h)
	ann := h.user("ann")
	for i := range uint64(30) {
		h.mine(transfer(h.usdt(), i, "log:0", ann, 100))
	}
	h.empty(4)
	late.settle()
	late.user("ann")
	for i := range uint64(30) {
		h.fake.Mine([]coffer.Transfer{transfer(h.usdt(), 100+i, "log:0", ann, 100)}, nil)
	}
	h.settle()
	late.emit()

	services := []*deposit.Service{late.s, late.start(late.db, nil), late.start(late.db, nil)}
	done := make(chan error, 2*len(services))
	for _, s := range services {
		for _, step := range []func(context.Context, coffer.ChainID) (bool, error){s.Step, s.Backfill} {
			go func() {
				for {
					if moved, err := step(context.Background(), late.chain); err != nil || !moved {
						done <- err
						return
					}
				}
			}()
		}
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	h.empty(4)
	late.settle()
	late.backfill()
	late.wantBalance("ann", h.usdt(), 6000, 0)
	if got, want := late.entries(), h.entries(); !slices.Equal(got, want) {
		t.Errorf("%d entries, want the same %d", len(got), len(want))
	}
}
