package sim_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/withdrawal"
)

// observe applies what the chain did, everywhere.
func (w *world) observe() {
	w.observeDeposits()
	w.observePayouts()
}

// mined mines blocks of all that can land, makes them final and applies them.
func (w *world) mined(n int) {
	w.mine(n, all)
	w.moveFinal(0)
	w.observe()
}

func (w *world) payout(n int) payout.Payout {
	w.tb.Helper()
	p, err := w.payouts.Get(w.ctx, w.state(w.requested[n].ID).Payout)
	if err != nil {
		w.tb.Fatal(err)
	}
	return p
}

func (w *world) wantState(n int, want coffer.WithdrawalState) {
	w.tb.Helper()
	if got := w.state(w.requested[n].ID); got.State != want {
		w.tb.Fatalf("withdrawal %d is %s (%s), want %s", n, got.State, got.Reason, want)
	}
}

func TestDepositsPayABatchOfWithdrawals(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.fund()
	w.request("ann", 300)
	w.request("bob", 400)
	w.request("ann", 500)
	w.approveAll()
	w.plan()
	w.step(20)
	p := w.payout(0)
	if len(p.Intent.Payments) != 3 || p.Intent.Slot != (coffer.Slot{Kind: coffer.SlotCoin, Lane: string(p.Intent.Coins[0].ID)}) || p.State != coffer.PayoutBroadcast {
		t.Fatalf("payout %+v", p)
	}
	change := addressAt(p.Intent.Change)
	_, err := w.withdrawals.Request(t.Context(), withdrawal.Request{
		Tenant: "acme", Account: "ann", IdempotencyKey: "to change", Chain: chain, Asset: btc, Destination: string(change), Amount: "20",
	})
	if coffer.ErrorCode(err) != coffer.CodeInvalid || !strings.Contains(err.Error(), "custody itself") {
		t.Errorf("a withdrawal to our change: %v", err)
	}
	w.mine(1, all)
	w.observe()
	w.wantState(0, coffer.WithdrawalConfirming)
	w.check()

	// The block leaves the chain: nothing is booked, and the same transaction lands again.
	w.reorg(1, 2, none)
	w.observe()
	w.check()
	w.wantState(0, coffer.WithdrawalPaying)
	w.mined(2)
	for n := range 3 {
		w.wantState(n, coffer.WithdrawalSettled)
	}
	if got := w.house(ledger.ExpenseNetworkFee); got != 20 {
		t.Errorf("fees are %d, want 20", got)
	}
	w.check()
	w.checkEnd()
}

func TestPayoutsBesideEachOtherTakeDifferentCoins(t *testing.T) {
	w := newWorld(t, 1, 3)
	w.fund()
	for range 12 {
		w.request(accounts[len(w.requested)%2], 150)
	}
	w.approveAll()
	for range 4 {
		w.plan()
	}
	w.step(60)
	taken := map[coffer.CoinID]bool{}
	payouts := map[string]bool{}
	for n := range 12 {
		p := w.payout(n)
		if payouts[p.ID] {
			continue
		}
		payouts[p.ID] = true
		for _, c := range p.Intent.Coins {
			if taken[c.ID] {
				t.Errorf("coin %s is in two payouts", c.ID)
			}
			taken[c.ID] = true
		}
	}
	if len(payouts) != 3 {
		t.Errorf("%d payouts, want 3", len(payouts))
	}
	w.mined(2)
	for n := range 12 {
		w.wantState(n, coffer.WithdrawalSettled)
	}
	w.check()
	w.checkEnd()
}

// stuck is a world with one payout that was sent and does not land.
func stuck(t *testing.T) (*world, payout.Payout) {
	w := newWorld(t, 1, 1)
	w.fund()
	w.request("ann", 700)
	w.approveAll()
	w.plan()
	w.step(20)
	return w, w.payout(0)
}

// wait mines empty blocks and steps after each.
func (w *world) wait(blocks int) {
	for range blocks {
		w.mine(1, none)
		w.observe()
		w.now = w.now.Add(6 * time.Second)
		w.step(10)
	}
}

func TestAStuckPayoutGetsHigherFeesAndIsCancelledInTime(t *testing.T) {
	w, _ := stuck(t)
	w.wait(6)
	p := w.payout(0)
	if len(p.Attempts) < 2 || p.Attempts[1].Cancels || !p.Attempts[0].ValidUntil.IsZero() {
		t.Fatalf("attempts after 6 blocks: %+v", p.Attempts)
	}
	w.now = p.Intent.Expires.Add(time.Second)
	w.wait(2)
	bumped := len(w.payout(0).Attempts)
	if !w.payout(0).Attempts[bumped-1].Cancels {
		t.Fatal("the payout is not cancelled though its time has passed")
	}
	w.wait(4)
	p = w.payout(0)
	var fees []uint64
	for _, a := range p.Attempts {
		fees = append(fees, number(decode(a.Unsigned.Bytes).Fee))
	}
	if len(p.Attempts) <= bumped || !p.Attempts[len(p.Attempts)-1].Cancels || !slices.IsSorted(fees) {
		t.Errorf("a cancellation that is stuck: attempts of fees %v", fees)
	}

	// Only the last one lands: nothing is paid, and the withdrawal goes on with other coins.
	id := p.Attempts[len(p.Attempts)-1].Signed.ID
	w.mineOnly(id)
	w.moveFinal(0)
	w.observe()
	if got, err := w.payouts.Get(t.Context(), p.ID); err != nil || got.State != coffer.PayoutReverted {
		t.Fatalf("the cancelled payout is %s, %v", got.State, err)
	}
	w.check()
	w.drain()
	w.wantState(0, coffer.WithdrawalSettled)
	w.checkEnd()
}

// What was signed goes on when nobody signs what would end it, or a pool that forgot it would
// leave its coins and its withdrawals stuck for good.
func TestAPaymentIsSentAgainWhileItsCancellationIsRefused(t *testing.T) {
	w, p := stuck(t)
	w.now = p.Intent.Expires.Add(time.Second)
	for _, s := range w.signers {
		s.mood = refusing
	}
	w.wait(2)
	p = w.payout(0)
	if last := p.Attempts[len(p.Attempts)-1]; !last.Cancels || last.Signed != nil || p.State != coffer.PayoutSigning {
		t.Fatalf("payout %+v", p)
	}
	delete(w.net.known, p.Attempts[0].Signed.ID)
	w.net.sent = nil
	w.wait(10)
	if _, known := w.net.known[p.Attempts[0].Signed.ID]; !known {
		t.Fatal("the payment is not sent again")
	}
	w.mined(1)
	w.wantState(0, coffer.WithdrawalSettled)
	w.check()
	w.checkEnd()
}

// What every signer refuses ends by a cancellation, and the others of its batch are paid apart from
// it.
func TestAnOrderThatSignersRefuseDoesNotHoldItsBatchUp(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.fund()
	for range 3 {
		w.request("ann", 300)
	}
	for _, s := range w.signers {
		s.refuses = w.requested[0].ID
	}
	w.approveAll()
	w.plan()
	w.step(10)
	if p := w.payout(0); len(p.Withdrawals) != 3 || p.State != coffer.PayoutSigning {
		t.Fatalf("payout of %d is %s", len(p.Withdrawals), p.State)
	}
	ttl := w.payout(0).Intent.Expires.Sub(w.now)
	ends := []coffer.WithdrawalState{coffer.WithdrawalReview, coffer.WithdrawalSettled, coffer.WithdrawalSettled}
	ended := func() bool {
		return !slices.ContainsFunc([]int{0, 1, 2}, func(n int) bool { return w.state(w.requested[n].ID).State != ends[n] })
	}
	for round := 0; round < 20 && !ended(); round++ {
		w.wait(4) // to be refused as often as it takes
		w.now = w.now.Add(ttl + time.Second)
		w.wait(2)
		w.mined(4)
		w.approveAll()
		w.plan()
		w.step(20)
	}
	w.wantState(1, coffer.WithdrawalSettled)
	w.wantState(2, coffer.WithdrawalSettled)
	if got := w.state(w.requested[0].ID); got.State != coffer.WithdrawalReview || !strings.Contains(got.Reason, "every signer refused") {
		t.Errorf("the refused one is %s (%s), want it in review", got.State, got.Reason)
	}
	before := len(w.strings("select id from payout"))
	w.now = w.now.Add(ttl + time.Second)
	w.plan()
	if got := len(w.strings("select id from payout")); got != before {
		t.Errorf("%d payouts, want %d: what waits for a person is not planned", got, before)
	}
	for _, s := range w.signers {
		s.refuses = ""
	}
	w.drain()
	w.checkEnd()
}

// A batch is no larger than what a payout may cost allows at the fees of now, and what is too dear
// alone waits until they fall.
func TestBatchesFitWhatTheyMayCost(t *testing.T) {
	w := newWorld(t, 1, 3)
	w.fund()
	for range 4 {
		w.request("ann", 300)
	}
	w.approveAll()
	w.wallet.share = uint64(feeBound) + 1
	w.plan()
	if n, short := len(w.strings("select id from payout")), w.payouts.Short(chain); n != 0 || len(short) != 1 || !strings.Contains(short[0], "fees") {
		t.Fatalf("%d payouts, short of %q", n, short)
	}
	w.wallet.share = uint64(feeBound) / 2
	w.now = w.now.Add(time.Hour)
	w.plan()
	w.plan()
	for n := range w.requested {
		if p := w.payout(n); len(p.Withdrawals) != 2 {
			t.Errorf("withdrawal %d is paid with %d others", n, len(p.Withdrawals)-1)
		}
	}
	w.drain()
	w.checkEnd()
}

// mineOnly mines a block with just these transactions.
func (w *world) mineOnly(ids ...coffer.Hash) {
	var all chaintest.Content
	for _, id := range ids {
		c := w.net.known[id].content()
		all.Spends, all.Transfers = append(all.Spends, c.Spends...), append(all.Transfers, c.Transfers...)
	}
	w.net.MineContent(all)
	w.follow()
}

// rob lets a stranger's transaction with one coin of a payout land.
func (w *world) rob(coin coffer.Coin) {
	theft := transaction{Payout: "theft", Coins: []coffer.Coin{coin}, Payments: []coffer.Payment{{Asset: btc, To: thief, Amount: coin.Amount}}}
	w.net.thefts[theft.id()] = theft
	w.net.send(theft)
	w.mineOnly(theft.id())
	w.observe()
}

func TestAStolenAnchorEndsAPayoutWhenAPersonHasLooked(t *testing.T) {
	w, p := stuck(t)
	w.rob(p.Intent.Coins[0])
	w.moveFinal(0)
	w.observe()
	if got := w.payout(0); got.Alarm == "" || got.State != coffer.PayoutBroadcast {
		t.Fatalf("the payout is %s with alarm %q", got.State, got.Alarm)
	}
	w.check()
	w.clearAlarms()
	w.mined(1)
	if got, err := w.payouts.Get(t.Context(), p.ID); err != nil || got.State != coffer.PayoutExpired {
		t.Fatalf("the payout without its anchor is %s, %v", got.State, err)
	}
	w.drain()
	w.wantState(0, coffer.WithdrawalSettled)
	w.checkEnd()
}

func TestAStolenCoinBesideTheAnchorLeavesTheSlotToACancellation(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.fund()
	w.request("ann", 4000) // more than any customer's coin
	w.approveAll()
	w.plan()
	w.step(20)
	p := w.payout(0)
	if len(decode(p.Attempts[0].Unsigned.Bytes).Coins) < 2 {
		t.Fatal("the seed chose one coin")
	}
	w.rob(p.Intent.Coins[1])
	if got := w.payout(0); got.Alarm == "" {
		t.Fatal("no alarm")
	}
	// The stranger's block leaves: the payout is an ordinary one again. It comes back.
	w.reorg(1, 2, none)
	w.observe()
	if got := w.payout(0); got.Alarm != "" {
		t.Fatalf("alarm %q after the block left", got.Alarm)
	}
	w.mine(1, none)
	for id := range w.net.thefts {
		w.mineOnly(id)
	}
	w.observe()
	w.clearAlarms()
	w.step(10)
	got := w.payout(0)
	last := got.Attempts[len(got.Attempts)-1]
	spends := decode(last.Unsigned.Bytes).Coins
	if !last.Cancels || spends[0] != p.Intent.Coins[0] || slices.Contains(spends, p.Intent.Coins[1]) {
		t.Fatalf("the last attempt spends %v", spends)
	}
	w.mined(2)
	w.check()
	w.drain()
	w.wantState(0, coffer.WithdrawalSettled)
	w.checkEnd()
}

func TestWithoutCoinsWithdrawalsWaitAndPeopleHear(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.strangerPays(w.users["ann"], 2000)
	w.mine(2, all)
	w.moveFinal(0)
	w.observe()
	// The house's own coins are with another payout: ann's alone does not pay for the fees.
	w.request("ann", 1990)
	w.approveAll()
	w.exec("update deposit_coin set spent_by = tx, spent_block = block_hash where address = '" + string(w.wallet.Address()) + "'")
	w.plan()
	if short := w.payouts.Short(chain); !slices.Equal(short, []string{string(btc)}) {
		t.Errorf("short of %v", short)
	}
	w.wantState(0, coffer.WithdrawalApproved)
	w.exec("update deposit_coin set spent_by = null, spent_block = null")
	w.now = w.now.Add(time.Minute)
	w.plan()
	w.step(20)
	w.mined(2)
	w.wantState(0, coffer.WithdrawalSettled)
	if short := w.payouts.Short(chain); len(short) > 0 {
		t.Errorf("still short of %v", short)
	}
}

func TestManyCoinsBecomeOne(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.consolidateOver = 5
	w.start()
	w.fund()
	before := len(w.strings("select coin.tx::text from deposit_coin coin where spent_by is null"))
	id, err := w.payouts.PlanConsolidation(t.Context(), chain)
	if err != nil || id == "" {
		t.Fatalf("consolidation %q, %v", id, err)
	}
	if again, err := w.payouts.PlanConsolidation(t.Context(), chain); err != nil || again != "" {
		t.Errorf("a second consolidation %q, %v", again, err)
	}
	w.step(20)
	w.mined(2)
	if p, err := w.payouts.Get(t.Context(), id); err != nil || p.State != coffer.PayoutFinal {
		t.Fatalf("the consolidation is %s, %v", p.State, err)
	}
	if after := len(w.strings("select coin.tx::text from deposit_coin coin where spent_by is null")); after >= before {
		t.Errorf("%d coins after %d", after, before)
	}
	w.check()
}
