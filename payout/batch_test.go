package payout_test

import (
	"slices"
	"strconv"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/withdrawal"
)

// newTuned is newWorld with other limits.
func newTuned(t *testing.T, tune func(*world)) *world {
	t.Helper()
	w := newWorld(t, 1, 4)
	tune(w)
	w.start()
	w.mine(1, none)
	w.observe()
	return w
}

// planAll plans until there is nothing more to plan.
func (w *world) planAll() {
	w.tb.Helper()
	for range 10 {
		w.plan()
	}
}

// twin asks for the same again.
func (w *world) twin(of coffer.Withdrawal) coffer.Withdrawal {
	w.tb.Helper()
	wd, err := w.withdrawals.Request(w.ctx, withdrawal.Request{
		Tenant: "acme", Account: account, IdempotencyKey: "twin" + strconv.Itoa(len(w.requested)), Chain: of.Asset.Chain(), Asset: of.Asset,
		Destination: string(of.Destination), Amount: of.Amount.String(),
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	w.requested = append(w.requested, wd)
	return wd
}

// batches are the payouts so far, by the places of their withdrawals among the requested.
func (w *world) batches() [][]int {
	w.tb.Helper()
	var seen []string
	var batches [][]int
	for _, wd := range w.requested {
		id := w.state(wd.ID).Payout
		if id == "" || slices.Contains(seen, id) {
			continue
		}
		seen = append(seen, id)
		p, err := w.m.Get(w.ctx, id)
		if err != nil {
			w.tb.Fatal(err)
		}
		var places []int
		for _, id := range p.Withdrawals {
			places = append(places, slices.IndexFunc(w.requested, func(r coffer.Withdrawal) bool { return r.ID == id }))
		}
		batches = append(batches, places)
	}
	return batches
}

func (w *world) wantBatches(want ...[]int) {
	w.tb.Helper()
	got := w.batches()
	if !slices.EqualFunc(got, want, slices.Equal) {
		w.tb.Errorf("batches %v, want %v", got, want)
	}
}

func TestBatchesKeepToOrdersAndGas(t *testing.T) {
	w := newTuned(t, func(w *world) {
		w.limits.MaxOrders = 3
		w.limits.MaxGas, w.limits.BaseGas, w.limits.LegGas = 1000, 400, 250
	})
	for range 5 {
		w.request(usdt, 10)
	}
	w.approveAll()
	w.planAll()
	w.wantBatches([]int{0, 1}, []int{2, 3}, []int{4})
}

func TestBatchesKeepToTheRiskPerAssetAndDestination(t *testing.T) {
	w := newTuned(t, func(w *world) {
		w.risk.MaxTotal = map[coffer.AssetID]coffer.Amount{usdt: coffer.NewAmount(500)}
		w.risk.MaxDestination = map[coffer.AssetID]coffer.Amount{usdc: coffer.NewAmount(100)}
	})
	first := w.request(usdc, 60)
	w.twin(first)
	w.request(usdt, 300)
	w.request(usdt, 300)
	w.request(usdt, 900) // above the bound: without another of its asset
	w.approveAll()
	w.planAll()
	w.wantBatches([]int{0, 2}, []int{1, 3}, []int{4})
}

func TestANewDestinationGoesAloneUntilItWasPaid(t *testing.T) {
	w := newTuned(t, func(w *world) { w.risk.NewAlone = true })
	first := w.request(usdt, 10)
	w.approveAll()
	w.planAll()
	w.step(10)
	w.mine(1, all)
	w.observe()
	w.finish()

	w.twin(first)
	w.twin(first)
	w.request(usdt, 10) // new
	w.approveAll()
	w.planAll()
	w.wantBatches([]int{0}, []int{1, 2}, []int{3})
}

func TestLanesReserveWhatTheyPayAndWhatIsLackingWaits(t *testing.T) {
	w := newTuned(t, func(w *world) { w.limits.MaxOrders = 1 })
	w.book("spent elsewhere", ledger.Debit(ledger.LossIncident, usdt, coffer.NewAmount(funds-1000)),
		ledger.Credit(ledger.PrefixCustodyHot+string(hot), usdt, coffer.NewAmount(funds-1000)))
	for _, amount := range []uint64{400, 700, 500, 5} {
		w.request(usdt, amount)
	}
	w.request(usdc, 9)
	w.approveAll()
	w.planAll()
	// 700 does not fit beside 400, 500 does, and 5 too: four lanes with usdc.
	w.wantBatches([]int{0}, []int{2}, []int{3}, []int{4})
	w.step(30)
	w.mine(1, all)
	w.observe()
	w.planAll()
	if got := w.m.Short(chain); !slices.Equal(got, []string{string(usdt)}) {
		t.Errorf("short of %v, want %s", got, usdt)
	}
	w.wantBatches([]int{0}, []int{2}, []int{3}, []int{4})

	w.book("refilled", ledger.Credit(ledger.LossIncident, usdt, coffer.NewAmount(605)),
		ledger.Debit(ledger.PrefixCustodyHot+string(hot), usdt, coffer.NewAmount(605)))
	w.planAll()
	w.wantBatches([]int{0}, []int{1}, []int{2}, []int{3}, []int{4})
	if got := w.m.Short(chain); len(got) != 0 {
		t.Errorf("short of %v after the refill", got)
	}
}

func TestLanesReserveTheirGas(t *testing.T) {
	w := newTuned(t, func(w *world) { w.limits.MaxOrders = 1 })
	left := uint64(150*2 + 149) // two payouts and not quite a third
	w.book("gas spent", ledger.Debit(ledger.ExpenseNetworkFee, ether, coffer.NewAmount(gasFunds-left)),
		ledger.Credit(ledger.PrefixGasEntryPoint+string(hot), ether, coffer.NewAmount(gasFunds-left)))
	for range 3 {
		w.request(usdt, 10)
	}
	w.approveAll()
	w.planAll()
	w.wantBatches([]int{0}, []int{1})
	if got := w.m.Short(chain); !slices.Equal(got, []string{"gas"}) {
		t.Errorf("short of %v, want gas", got)
	}
	reserved, err := w.m.Reserved(t.Context(), chain)
	if err != nil || reserved.Fees[coffer.PathUserOp] != coffer.NewAmount(300) || reserved.Assets[usdt] != coffer.NewAmount(20) {
		t.Errorf("reserved %+v, %v", reserved, err)
	}
}

func TestManyThatCannotBePaidDoNotHideTheOthers(t *testing.T) {
	w := newTuned(t, func(*world) {})
	w.book("spent elsewhere", ledger.Debit(ledger.LossIncident, usdt, coffer.NewAmount(funds)),
		ledger.Credit(ledger.PrefixCustodyHot+string(hot), usdt, coffer.NewAmount(funds)))
	for range 100 {
		w.request(usdt, 1)
	}
	last := w.request(usdc, 1)
	for range 3 {
		w.approveAll()
	}
	w.planAll()
	if got := w.state(last.ID); got.State != coffer.WithdrawalPaying {
		t.Errorf("what can be paid is %s behind 100 that cannot", got.State)
	}
}

func TestLimitsThatCannotWorkAreRefused(t *testing.T) {
	w := newWorld(t, 1, 1)
	for name, change := range map[string]func(*payout.Limits){
		"too many orders":        func(l *payout.Limits) { l.MaxOrders = 101 },
		"too many lanes":         func(l *payout.Limits) { l.Lanes = 65 },
		"too many attempts":      func(l *payout.Limits) { l.MaxAttempts = 101 },
		"too little gas":         func(l *payout.Limits) { l.MaxGas = 100_000 },
		"intents that outlive":   func(l *payout.Limits) { l.IntentTTL = w.withdrawals.Margin },
		"less than one failure":  func(l *payout.Limits) { l.Prepare = -1 },
		"less than one refusal ": func(l *payout.Limits) { l.Refusals = -1 },
	} {
		limits := w.limits
		change(&limits)
		if _, err := payout.New(w.config(limits)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
