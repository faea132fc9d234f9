package sim_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/utxo"
	"github.com/cofferhq/coffer/withdrawal"
)

// opTrue is a witness script that anybody satisfies.
var opTrue = []byte{txscript.OP_TRUE}

// anybody is the address of opTrue (BIP-141).
func anybody(t *testing.T) coffer.Address {
	t.Helper()
	program := sha256.Sum256(opTrue)
	address, ok := utxo.AddressOf(utxo.Regtest, append([]byte{txscript.OP_0, sha256.Size}, program[:]...))
	if !ok {
		t.Fatal("no address for a witness script")
	}
	return address
}

// passOn spends what a transaction pays to anybody, before it is in a block.
func (b *bitcoin) passOn(parent coffer.Signed, amount int64) coffer.Hash {
	b.t.Helper()
	var tx wire.MsgTx
	if err := tx.Deserialize(bytes.NewReader(parent.Bytes)); err != nil {
		b.t.Fatal(err)
	}
	to, err := utxo.ScriptOf(utxo.Regtest, b.node.Faucet())
	if err != nil {
		b.t.Fatal(err)
	}
	n := slices.IndexFunc(tx.TxOut, func(out *wire.TxOut) bool { return out.Value == amount })
	spend := wire.NewMsgTx(2)
	hash := tx.TxHash()
	spend.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&hash, uint32(n)), nil, wire.TxWitness{opTrue}))
	spend.AddTxOut(wire.NewTxOut(amount-1000, to))
	var raw bytes.Buffer
	if err := spend.Serialize(&raw); err != nil {
		b.t.Fatal(err)
	}
	if err := b.node.Broadcast(b.t.Context(), raw.Bytes()); err != nil {
		b.t.Fatal(err)
	}
	return utxo.HashOf(spend.TxHash())
}

// Who is paid spends it while it waits: on a real node the payout is not replaced, its change
// pays for both, and all three land.
func TestBitcoinChildrenPayForPayoutsThatStrangersSpend(t *testing.T) {
	b := newBitcoin(t)
	ctx, id, native := t.Context(), utxo.Regtest.Chain(), utxo.Regtest.Native()
	b.follow()
	ann, err := b.deposits.IssueAddress(ctx, "acme", "ann", id)
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []coffer.Address{ann.Address, b.wallet.Address()} {
		if _, err := b.node.Pay(ctx, to, 10_000_000); err != nil {
			t.Fatal(err)
		}
	}
	b.mine(3)
	var ids []string
	for n, to := range []coffer.Address{anybody(t), b.node.Faucet()} {
		w, err := b.withdrawals.Request(ctx, withdrawal.Request{
			Tenant: "acme", Account: "ann", IdempotencyKey: fmt.Sprint(n), Chain: id, Asset: native,
			Destination: string(to), Amount: fmt.Sprintf("0.0%d", 1+n),
		})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, w.ID)
	}
	b.pay()
	p := b.payoutOf(ids[0])
	if p.State != coffer.PayoutBroadcast || len(p.Intent.Payments) != 2 {
		t.Fatalf("payout of %d payments is %s: %s", len(p.Intent.Payments), p.State, p.Note)
	}
	onward := b.passOn(*p.Attempts[0].Signed, 1_000_000)

	for range 2 { // blocks without it
		if _, err := b.node.MineWith(ctx); err != nil {
			t.Fatal(err)
		}
	}
	b.follow()
	b.ahead += 5 * time.Minute
	b.pay()
	b.pay()
	if p = b.payoutOf(ids[0]); len(p.Attempts) != 1 || p.State != coffer.PayoutBroadcast {
		t.Fatalf("%d attempts, %s: %s", len(p.Attempts), p.State, p.Note)
	}
	var child string
	if err := b.db.Pool().QueryRow(ctx, "select id from payout where path_reason = $1", "pays for "+p.ID).Scan(&child); err != nil {
		t.Fatal(err)
	}
	c, err := b.payouts.Get(ctx, child)
	if err != nil || c.State != coffer.PayoutBroadcast {
		t.Fatalf("the child is %s, %v: %s", c.State, err, c.Note)
	}
	b.mine(1)
	if p = b.payoutOf(ids[0]); p.State != coffer.PayoutIncluded || p.Inclusion.Attempt != 0 {
		t.Fatalf("payout is %s in %+v", p.State, p.Inclusion)
	}

	// The block leaves the chain and all three land again.
	if err := b.node.Reorg(ctx, 1, 2); err != nil {
		t.Fatal(err)
	}
	b.follow()
	b.ahead += 5 * time.Minute
	b.pay()
	b.mine(4)
	for _, w := range ids {
		if got, err := b.withdrawals.Get(ctx, "acme", w); err != nil || got.State != coffer.WithdrawalSettled {
			t.Errorf("withdrawal is %s, %v", got.State, err)
		}
	}
	if c, err = b.payouts.Get(ctx, child); err != nil || c.State != coffer.PayoutFinal || !c.Inclusion.Success {
		t.Errorf("the child is %s, %v: %s", c.State, err, c.Note)
	}
	landed, err := b.node.Transactions(ctx, 6)
	if err != nil {
		t.Fatal(err)
	}
	for name, id := range map[string]coffer.Hash{"the payout": p.Attempts[0].Signed.ID, "the stranger's": onward, "the child": c.Attempts[0].Signed.ID} {
		if !slices.Contains(landed, id) {
			t.Errorf("%s is not in the chain", name)
		}
	}
	if got := b.house(ledger.TransitCoins); got != "debit 0" {
		t.Errorf("transit:coins is %s", got)
	}
	b.checkCoins(c)
}
