package payout_test

import (
	"errors"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout"
)

// resume lets a chain go on from below a block, as an operator does.
func (w *world) resume(height uint64) {
	w.tb.Helper()
	hash := w.net.Canonical()[height].Hash
	other := coffer.Hash{99}
	_, err := w.db.Pool().Exec(w.ctx, `insert into indexer_resume (chain, height, ours, theirs, actor, reason, at) values ($1, $2, $3, $4, 'olga', 'checked', $5)`,
		string(chain), int64(height), hash[:], other[:], w.clock())
	if err != nil {
		w.tb.Fatal(err)
	}
}

// What our executors alone did in a final block leaves the books with it, where a person let
// the block leave: their gas money is what the chain says.
func TestWhatExecutorsPaidLeavesWithAFinalBlock(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.mine(1, none)
	w.observe()
	gas := ledger.PrefixGasExecutor + string(executor)
	w.book("executor", ledger.Debit(gas, ether, coffer.NewAmount(gasFunds)), ledger.Credit(ledger.EquityOpening, ether, coffer.NewAmount(gasFunds)))
	stranger := coffer.Outcome{
		ID: coffer.Hash{70}, Tx: coffer.Hash{71}, Sender: "0x00000000000000000000000000000000000000aa", Success: true,
		Slot: coffer.Slot{Kind: coffer.SlotEntryPoint, Lane: "0x0"}, Fee: coffer.NewAmount(5),
	}
	bundle := coffer.Outcome{
		ID: coffer.Hash{71}, Tx: coffer.Hash{71}, Sender: executor, Success: true, Slot: coffer.Slot{Kind: coffer.SlotNonce}, Fee: coffer.NewAmount(7),
	}
	w.put(nil, []coffer.Outcome{bundle, stranger})
	block := w.net.Tip()
	w.reorg(1, 2, none)
	w.observe()
	w.net.Switch(block.Hash)
	w.follow()
	w.observe()
	w.finish()
	if got := w.house(gas, ether); got != gasFunds-2 {
		t.Fatalf("the executor has %d", got)
	}

	w.resume(block.Height)
	w.reorg(2, 3, none)
	w.observe()
	if err := w.m.Broken(chain); err != nil {
		t.Fatalf("the chain stands still: %v", err)
	}
	for code, want := range map[string]int64{gas: gasFunds, ledger.ExpenseNetworkFee: 0, ledger.TransitBundler: 0} {
		if got := w.house(code, ether); got != want {
			t.Errorf("%s is %d, want %d", code, got, want)
		}
	}
}

func TestABlockThatPaidFinallyDoesNotLeave(t *testing.T) {
	w, ws := launch(t, usdt)
	w.mine(1, all)
	block := w.net.Tip()
	w.observe()
	w.finish()
	w.wantStates("settled")
	w.resume(block.Height)
	w.reorg(2, 3, none)
	if _, err := w.m.Observe(t.Context(), chain); !errors.Is(err, payout.ErrFinal) {
		t.Errorf("observe: %v", err)
	}
	if got := w.house(ledger.PrefixCustodyHot+string(hot), usdt); got != funds-100 || w.state(ws[0].ID).State != coffer.WithdrawalSettled {
		t.Errorf("the wallet has %d, the withdrawal is %s", got, w.state(ws[0].ID).State)
	}
}
