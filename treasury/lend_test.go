package treasury_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/treasury"
)

// lends is a sweeper whose wallet lends to its deposit addresses, and a payer that remembers.
type lends struct {
	*sweeps
	lent     []coffer.Delegation
	spare    map[string]coffer.Amount
	prepared map[coffer.Address]treasury.Preparation
	fails    map[coffer.Address]error

	lending []coffer.Delegation
	given   []coffer.Delegation
	putOff  map[coffer.Address]string
	log     bytes.Buffer
	plan    treasury.SweepPlan
}

func (l *lends) Prepare(_ context.Context, s coffer.Sweep) (treasury.Preparation, error) {
	return l.prepared[s.Forwarder], l.fails[s.Forwarder]
}
func (l *lends) Lent(context.Context) ([]coffer.Delegation, error) { return l.lent, nil }
func (l *lends) Spare(context.Context) (map[string]coffer.Amount, error) {
	spare := map[string]coffer.Amount{}
	for resource, amount := range l.spare {
		spare[resource] = amount
	}
	return spare, nil
}
func (l *lends) LendBound() coffer.Amount { return coffer.NewAmount(7) }

func (l *lends) PlanDelegation(_ context.Context, id coffer.ChainID, d coffer.Delegation, bound coffer.Amount) (string, error) {
	if id != chain || bound != coffer.NewAmount(7) {
		return "", fmt.Errorf("a bound of %s on %s", bound, id)
	}
	l.given = append(l.given, d)
	return fmt.Sprintf("po_d%d", len(l.given)), nil
}

func (l *lends) Lending(context.Context, coffer.ChainID) ([]coffer.Delegation, error) {
	return l.lending, nil
}

func (l *lends) PutOffSweep(_ context.Context, s coffer.Sweep, reason string) error {
	l.putOff[s.Forwarder] = reason
	return nil
}

// energy is a delegation of so much stake.
func energy(to coffer.Address, stake uint64, back bool) coffer.Delegation {
	return coffer.Delegation{To: to, Path: "0/1", Resource: coffer.ResourceEnergy, Amount: coffer.NewAmount(stake), Back: back}
}

// newLends sweeps USDT from 100, each worth a base unit of the native asset; a sweep is worth twice
// its cost.
func newLends(t *testing.T, most uint64) *lends {
	t.Helper()
	l := &lends{
		prepared: map[coffer.Address]treasury.Preparation{}, fails: map[coffer.Address]error{}, putOff: map[coffer.Address]string{},
		spare: map[string]coffer.Amount{coffer.ResourceEnergy: coffer.NewAmount(1000)},
	}
	c := treasury.SweepChain{
		ID: chain, MaxForwarders: 3, CostFactor: 2, MaxAge: 24 * time.Hour, Interval: time.Hour, Lender: l, NativeDecimals: 6,
		Assets: []treasury.SweepAsset{{ID: usdt, Min: coffer.NewAmount(100), Price: coffer.NewAmount(1_000_000), Cap: coffer.NewAmount(most)}},
	}
	l.sweeps = newSweeps(t)
	c.Final = func(context.Context) (uint64, error) { return l.final, nil }
	var err error
	l.sweeper, err = treasury.NewSweeper(treasury.SweepConfig{
		DB: l.db, Payouts: l, Salts: l, Chains: []treasury.SweepChain{c}, Clock: func() time.Time { return l.now },
		Log: slog.New(slog.NewTextHandler(&l.log, nil)), Looked: func(_ coffer.ChainID, plan treasury.SweepPlan, _ string) { l.plan = plan },
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// look takes one step, and returns to whom was lent, from whom was taken back, and who was swept.
func (l *lends) look(t *testing.T, want error) (given, back, swept []coffer.Address) {
	t.Helper()
	l.given, l.planned = nil, nil
	if _, err := l.sweeper.Step(t.Context(), chain); !errors.Is(err, want) {
		t.Fatalf("%v, want %v", err, want)
	}
	for _, d := range l.given {
		if d.Back {
			back = append(back, d.To)
		} else {
			given = append(given, d.To)
		}
	}
	for _, legs := range l.planned {
		swept = append(swept, legs[0].Forwarder)
	}
	return given, back, swept
}

func TestLendingGoesOnFromWhatTheChainSays(t *testing.T) {
	l := newLends(t, 0)
	for _, address := range []string{"0xA", "0xB", "0xC"} {
		l.move(address, usdt, 500, 10)
	}
	nodeDown := errors.New("the node is down")
	l.prepared["0xA"] = treasury.Preparation{Give: []coffer.Delegation{energy("0xA", 700, false)}, Bound: coffer.NewAmount(9)}
	l.prepared["0xB"] = treasury.Preparation{Bound: coffer.NewAmount(9)}
	l.fails["0xC"] = nodeDown
	l.lent = []coffer.Delegation{energy("0xB", 1, true), energy("0xC", 2, true), energy("0xD", 3, true)}
	given, back, swept := l.look(t, nodeDown)
	// Of C it is not known whether it needs what it has; D holds nothing.
	if !slices.Equal(given, []coffer.Address{"0xA"}) || !slices.Equal(back, []coffer.Address{"0xD"}) || !slices.Equal(swept, []coffer.Address{"0xB"}) {
		t.Errorf("lent to %v, back from %v, swept %v", given, back, swept)
	}
	if leg := l.planned[0][0]; leg.Bound != coffer.NewAmount(9) || leg.Expected != coffer.NewAmount(500) || leg.Salt != saltOf("0xB") {
		t.Errorf("leg %+v", leg)
	}

	// What is on its way is waited for, its stake is not lent twice.
	delete(l.fails, "0xC")
	l.lending, l.lent = []coffer.Delegation{energy("0xA", 700, false)}, nil
	l.prepared["0xC"] = treasury.Preparation{Give: []coffer.Delegation{energy("0xC", 400, false)}}
	given, back, swept = l.look(t, nil)
	if len(given)+len(back)+len(swept) != 0 || l.plan.Lacking != 1 || l.plan.Underway != 2 {
		t.Errorf("lent to %v, back from %v, swept %v: %+v", given, back, swept, l.plan)
	}
	l.look(t, nil) // what is known is not said again
	// Without stake it can burn what it has.
	l.prepared["0xC"] = treasury.Preparation{Give: []coffer.Delegation{energy("0xC", 400, false)}, Burns: true}
	if _, _, swept = l.look(t, nil); !slices.Equal(swept, []coffer.Address{"0xC"}) {
		t.Errorf("swept %v", swept)
	}
	for _, once := range []string{"deposit addresses wait for stake", "no deposit address waits for stake"} {
		if got := strings.Count(l.log.String(), once); got != 1 {
			t.Errorf("%q was said %d times:\n%s", once, got, l.log.String())
		}
	}
}

func TestLendingIsTakenBackFromWhatCannotBeSwept(t *testing.T) {
	l := newLends(t, 0)
	l.move("0xA", usdt, 500, 10)
	l.move("0xB", usdt, 500, 10)
	l.move("0xC", usdt, 99, 10) // too little
	l.fails["0xA"] = fmt.Errorf("%w: it is frozen", coffer.ErrWouldFail)
	l.prepared["0xB"] = treasury.Preparation{Cost: coffer.NewAmount(251)} // twice that is more than 500
	l.lent = []coffer.Delegation{energy("0xA", 1, true), energy("0xB", 2, true), energy("0xC", 3, true)}
	given, back, swept := l.look(t, nil)
	if len(given)+len(swept) != 0 || len(back) != 3 || !strings.Contains(l.putOff["0xA"], "frozen") || l.plan.Dear != 1 {
		t.Errorf("lent to %v, back from %v, swept %v: %+v", given, back, swept, l.plan)
	}
	// A day later the price need be worth it once only.
	l.now = l.now.Add(25 * time.Hour)
	if _, _, swept = l.look(t, nil); !slices.Contains(swept, "0xB") {
		t.Errorf("swept %v", swept)
	}
	// What was put off waits, and keeps nothing.
	l.live, l.deferred = nil, []payout.DeferredSweep{{Forwarder: "0xB", Asset: usdt, Until: l.now.Add(time.Minute)}}
	l.lent = []coffer.Delegation{energy("0xB", 2, true)}
	if _, back, swept = l.look(t, nil); !slices.Equal(back, []coffer.Address{"0xB"}) || slices.Contains(swept, "0xB") {
		t.Errorf("back from %v, swept %v", back, swept)
	}
}

func TestLendingAboveTheCapDoesNotAskWhatItCosts(t *testing.T) {
	l := newLends(t, 600)
	for address, amount := range map[string]int64{"0xA": 50, "0xB": 400, "0xC": 300} {
		l.move(address, usdt, amount, 10)
		l.prepared[coffer.Address(address)] = treasury.Preparation{Cost: coffer.NewAmount(100_000)}
	}
	_, _, swept := l.look(t, nil)
	if !slices.Equal(swept, []coffer.Address{"0xB"}) || !l.plan.Exposure[0].Over || l.plan.Exposure[0].Waiting != coffer.NewAmount(750) {
		t.Errorf("swept %v: %+v", swept, l.plan.Exposure)
	}
	// What is on its way is enough.
	if _, _, swept = l.look(t, nil); len(swept) != 0 {
		t.Errorf("swept %v", swept)
	}
	l.live = nil
	l.move("0xB", usdt, -400, 11)
	l.look(t, nil)
	if l.plan.Exposure[0].Over || strings.Count(l.log.String(), "more waits at deposit addresses than may: one") != 1 || strings.Count(l.log.String(), "no more waits") != 1 {
		t.Errorf("%+v\n%s", l.plan.Exposure, l.log.String())
	}
}

// Dust at more addresses than are looked at does not hide what is worth moving.
func TestDustHidesNothingWhereWalletsLend(t *testing.T) {
	l := newLends(t, 0)
	l.dust(5_001)
	l.now = l.now.Add(time.Hour)
	l.move("0xA", usdt, 500, 10)
	l.prepared["0xA"] = treasury.Preparation{Bound: coffer.NewAmount(9)}
	if _, _, swept := l.look(t, nil); !slices.Equal(swept, []coffer.Address{"0xA"}) {
		t.Errorf("swept %v: %+v", swept, l.plan)
	}
}

// dust books a base unit at each of so many addresses, a few hundred in an entry.
func (l *lends) dust(addresses int) {
	l.t.Helper()
	const most = 900
	var entries []ledger.Entry
	for first := 0; first < addresses; first += most {
		past := min(first+most, addresses)
		e := ledger.Entry{ID: fmt.Sprintf("dust-%d", first), Kind: "test", Chain: chain, Block: block(5), At: l.now, Postings: []ledger.Posting{
			ledger.Credit(ledger.SuspenseUnknown, usdt, coffer.NewAmount(uint64(past-first))), // #nosec G115 -- a few
		}}
		for n := first; n < past; n++ {
			e.Postings = append(e.Postings, ledger.Debit(fmt.Sprintf("%s0x%d", ledger.PrefixCustodyDeposit, n), usdt, coffer.NewAmount(1)))
		}
		entries = append(entries, e)
	}
	if err := l.db.Tx(l.t.Context(), func(tx pgx.Tx) error { return l.books.Post(l.t.Context(), tx, entries...) }); err != nil {
		l.t.Fatal(err)
	}
}

func TestASweeperThatLendsNeedsAPayerThatCan(t *testing.T) {
	l := newLends(t, 0)
	_, err := treasury.NewSweeper(treasury.SweepConfig{
		DB: l.db, Payouts: l.sweeps, Salts: l, Clock: time.Now,
		Chains: []treasury.SweepChain{{ID: chain, Lender: l, Final: func(context.Context) (uint64, error) { return 0, nil }, Assets: []treasury.SweepAsset{{ID: usdt}}}},
	})
	if err == nil || !strings.Contains(err.Error(), "cannot lend") {
		t.Error(err)
	}
}
