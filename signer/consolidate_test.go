package signer

import (
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/utxo"
)

// consolidation makes one coin of those from first to last.
func (q *psbtQuorum) consolidation(id string, first, last int) coffer.SigningRequest {
	q.t.Helper()
	coins := q.coins[first : last+1]
	r := coffer.SigningRequest{Intent: coffer.Intent{
		ID: id, Chain: bitcoin, Wallet: q.wallet.Address(), Path: coffer.PathPSBT, Slot: coffer.Slot{Kind: coffer.SlotCoin, Lane: string(coins[0].ID)},
		Purpose: coffer.PurposeConsolidate, Coins: coins, Change: q.path(utxo.BranchChange, 9), FeeBound: coffer.NewAmount(50_000),
		Expires: q.signers[0].clock.Now().Add(30 * time.Minute),
	}}
	q.build(&r, len(coins), 10_000)
	return r
}

func TestAConsolidationPaysTheWalletItself(t *testing.T) {
	q := newQuorumOf(t, seeds(0, 1, 2))
	q.fund(30_000_000, 20_000_000)
	f := q.signers[0]
	honest := func() coffer.SigningRequest { return q.consolidation("po_1", 0, 2) }
	order := q.order("wd_1", 1_000_000)
	for name, test := range map[string]struct {
		edit func(r *coffer.SigningRequest)
		says string
	}{
		"that pays an order": {func(r *coffer.SigningRequest) {
			*r = q.request("po_1", 0, order)
			r.Intent.Purpose = coffer.PurposeConsolidate
		}, "has no orders, payments"},
		"that pays somebody": {func(r *coffer.SigningRequest) {
			r.Intent.Purpose, r.Intent.Payments = coffer.PurposeOrders, []coffer.Payment{order.Payment()}
			q.build(r, 3, 10_000)
			r.Intent.Purpose, r.Intent.Payments = coffer.PurposeConsolidate, nil
		}, "unsigned.payments"},
		"with a payment in the intent": {func(r *coffer.SigningRequest) {
			r.Intent.Purpose, r.Intent.Payments = coffer.PurposeOrders, []coffer.Payment{order.Payment()}
			q.build(r, 3, 10_000)
			r.Intent.Purpose = coffer.PurposeConsolidate
		}, "has no orders, payments"},
		"with an order":    {func(r *coffer.SigningRequest) { r.Orders = []coffer.Order{order} }, "has no orders"},
		"with an approval": {func(r *coffer.SigningRequest) { r.Approvals = []coffer.Approval{f.approve(order, 1, r.Intent.Expires)} }, "has no orders"},
		"of fewer coins than are set aside": {func(r *coffer.SigningRequest) {
			r.Intent.Purpose = coffer.PurposeCancel // which may
			q.build(r, 2, 10_000)
			r.Intent.Purpose = coffer.PurposeConsolidate
		}, "2 of 3 coins"},
		"to another path": {func(r *coffer.SigningRequest) {
			r.Intent.Change = utxo.PathOf(utxo.BranchChange, 10)
			q.build(r, 3, 10_000)
			r.Intent.Change = utxo.PathOf(utxo.BranchChange, 9)
		}, "unsigned.change"},
		"to an address for deposits": {func(r *coffer.SigningRequest) {
			r.Intent.Change = utxo.PathOf(utxo.BranchReceive, 9)
		}, "unsigned.change"},
		"above its fee": {func(r *coffer.SigningRequest) { q.build(r, 3, 50_001) }, "unsigned.fee"},
		"on a chain without coins": {func(r *coffer.SigningRequest) {
			*r = f.request(0, f.order("wd_2", "50"))
			r.Intent.Purpose = coffer.PurposeConsolidate
			f.build(r, nil)
		}, "cannot be fully read"},
	} {
		t.Run(name, func(t *testing.T) {
			f.t = t
			r := honest()
			test.edit(&r)
			f.refuses(r, coffer.CodeInvalid, test.says)
		})
	}
	f.t = t

	r := honest()
	signed, err := utxo.Finalize(q.wallet, r.Unsigned, append(q.sign(0, r), q.sign(2, r)...))
	f.must(err)
	if signed.ID.IsZero() {
		t.Error("the transaction has no id")
	}
	q.build(&r, 3, 40_000) // dearer, in the same slot
	q.sign(0, r)
	f.restart()
	q.sign(0, r)
	f.refuses(q.request("po_2", 0, order), coffer.CodeConflict, "was signed with other orders")
	more := r
	more.Intent.FeeBound = coffer.NewAmount(60_000)
	q.build(&more, 3, 50_001)
	f.refuses(more, coffer.CodeConflict, "was given")
}

// What consolidations may cost in a day is a signer's share of the rule's: 120,000 of 180,000
// satoshis. It is counted when the slot is taken, and survives a restart.
func TestConsolidationsAreBoundedByWhatTheyCost(t *testing.T) {
	q := newPSBTQuorum(t)
	q.fund(30_000_000, 20_000_000)
	f := q.signers[0]
	q.sign(0, q.consolidation("po_1", 0, 0))
	q.sign(0, q.consolidation("po_2", 1, 1))
	f.refuses(q.consolidation("po_3", 2, 2), coffer.CodePolicy, "for sweeps in 24 hours")
	f.restart()
	f.refuses(q.consolidation("po_3", 2, 2), coffer.CodePolicy, "for sweeps in 24 hours")
	q.sign(0, q.request("po_4", 2, q.order("wd_1", 1_000_000))) // payouts have limits of their own

	cancel := q.consolidation("po_5", 3, 3)
	cancel.Intent.Purpose = coffer.PurposeCancel
	q.sign(0, cancel)
	f.clock.add(25 * time.Hour)
	f.refuses(q.consolidation("po_5", 3, 3), coffer.CodeConflict, "was signed for another purpose")
	q.fund(10_000_000)
	q.sign(0, q.consolidation("po_6", 4, 4))
}

func TestWithoutTheRuleNothingIsConsolidated(t *testing.T) {
	q := newStoppedQuorum(t, nil)
	f := q.signers[0]
	const rule = "fees: BTC, assets: [BTC], consolidate: true"
	text := f.policyText()
	for other, says := range map[string]string{
		"fees: BTC, assets: [BTC]": "may not be consolidated",
		"fees: ETH, assets: [ETH]": "no sweeps rule",
	} {
		f.usePolicy(strings.Replace(text, rule, other, 1))
		f.must(f.tryStart())
		q.fund(30_000_000)
		last := len(q.coins) - 1
		f.refuses(q.consolidation("po_1", last, last), coffer.CodePolicy, says)
		f.close()
	}
}

// A payout that waits is made dearer by a child that spends its change. Its coin is proven by
// the payout itself, which is in no block.
func TestTheChildOfAWaitingPayoutIsSigned(t *testing.T) {
	w := newCoinField(t, 1)
	parent := w.payout("po_1", 0, w.order("wd_1", 40_000_000))
	w.build(&parent, 1, 300)
	sent := w.signed(parent, 0, 1)
	w.must(w.node.Broadcast(t.Context(), sent.Bytes))

	fees := utxo.DefaultFees()
	wallet, err := utxo.NewWallet(utxo.WalletConfig{Descriptor: w.wallet, Pool: w.pool, Fees: fees, Clock: time.Now, Log: slog.New(slog.DiscardHandler)})
	w.must(err)
	w.own(decodeTx(t, sent.Bytes), parent.Intent.Change)
	child := coffer.SigningRequest{Intent: coffer.Intent{
		ID: "po_2", Chain: bitcoin, Wallet: w.wallet.Address(), Path: coffer.PathPSBT, Purpose: coffer.PurposeConsolidate,
		Coins: w.coins[1:], Slot: coffer.Slot{Kind: coffer.SlotCoin, Lane: string(w.coins[1].ID)}, Change: w.path(utxo.BranchChange, 8),
		FeeBound: coffer.NewAmount(50_000), Expires: w.signers[0].clock.Now().Add(30 * time.Minute),
	}}
	child.Unsigned, err = wallet.BuildChild(t.Context(), child.Intent, coffer.Attempt{Unsigned: parent.Unsigned, Signed: &sent})
	w.must(err)

	bent := child // the parent is in the bytes, and says what the coin holds
	bent.Intent.Coins = []coffer.Coin{child.Intent.Coins[0]}
	bent.Intent.Coins[0].Amount = coffer.NewAmount(1)
	w.signers[0].refuses(bent, coffer.CodeInvalid, "unsigned.coins")

	w.must(w.node.Broadcast(t.Context(), w.signed(child, 1, 2).Bytes))
	w.sign(0, child)
	w.mine(1)
	coin, err := w.pool.Unspent(t.Context(), coffer.NewCoinID(w.signed(child, 0, 1).ID, 0))
	w.must(err)
	if coin.Confirmations != 1 {
		t.Errorf("the child has %d confirmations", coin.Confirmations)
	}
}

func (f *fixture) policyText() string {
	f.t.Helper()
	text, err := os.ReadFile(f.cfg.Policy.File)
	f.must(err)
	return string(text)
}
