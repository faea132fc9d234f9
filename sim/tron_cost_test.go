package sim_test

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
	"github.com/cofferhq/coffer/withdrawal"
)

// TestTRONPayoutsSayWhatTheyCost holds what a payout's attempt has recorded to the receipt of the
// chain, through a reorganisation, and lets payouts wait while the chain's prices are too high.
func TestTRONPayoutsSayWhatTheyCost(t *testing.T) {
	w := newTRON(t)
	ctx := t.Context()
	client := w.dial()
	ann, err := w.deposits.IssueAddress(ctx, "acme", "ann", w.id)
	w.must(err)
	w.send(w.token, ann.Address, 100*usdtUnits)
	w.send(w.token, w.hot.Name(), 1_000*usdtUnits)
	_, err = w.faucet.Transfer(tronsim.Address(w.hot.Address), 3_000*trxUnits)
	w.must(err)
	w.must(w.sim.Stake(tronsim.Address(w.hot.Address), tronpb.ResourceCode_ENERGY, 1_000*trxUnits))
	w.mine(tronSolid + 4)

	w.sim.SetParameters(func(p *tronsim.Parameters) { p.MultiSignFee = 2 * trxUnits })
	w.mine(1)
	destination := tron.AddressOf(tron.AddressOfKey(tronsim.KeyOf("stranger", 0).PublicKey))
	asked, err := w.withdrawals.Request(ctx, withdrawal.Request{
		Tenant: "acme", Account: "ann", IdempotencyKey: "1", Chain: w.id, Asset: w.usdt, Destination: string(destination), Amount: "40",
	})
	w.must(err)
	w.pay()
	if short := w.payouts.Short(w.id); !slices.Equal(short, []string{"prices within what is configured"}) {
		t.Fatalf("while prices are too high the wallet is short of %q", short)
	}
	if one, err := w.withdrawals.Get(ctx, "acme", asked.ID); err != nil || one.State != coffer.WithdrawalApproved {
		t.Fatalf("while prices are too high the withdrawal is %s, %v", one.State, err)
	}
	w.sim.SetParameters(func(p *tronsim.Parameters) { p.MultiSignFee = trxUnits })
	held := w.sim.Balance(tronsim.Address(w.hot.Address))
	w.sim.SetBalance(tronsim.Address(w.hot.Address), 49*trxUnits)
	w.mine(1)
	w.pay()
	if short := w.payouts.Short(w.id); !slices.Equal(short, []string{"gas on the chain"}) {
		t.Fatalf("with less than the fee bound on the chain the wallet is short of %q", short)
	}
	w.sim.SetBalance(tronsim.Address(w.hot.Address), held)
	w.mine(1)

	w.at = func(name string) {
		if name == "payout.built" {
			w.sim.SetParameters(func(p *tronsim.Parameters) { p.MultiSignFee = 2 * trxUnits })
		}
	}
	w.pay()
	paying, err := w.withdrawals.Get(ctx, "acme", asked.ID)
	w.must(err)
	if p, err := w.payouts.Get(ctx, paying.Payout); err != nil || p.State != coffer.PayoutBuilt || p.Parked == "" || p.Attempts[0].Planned != nil {
		t.Fatalf("prices rose after it was built, and the payout is %s, %q, %v", p.State, p.Parked, err)
	}
	w.sim.SetParameters(func(p *tronsim.Parameters) { p.MultiSignFee = trxUnits })
	w.at = nil
	w.mine(10) // past the backoff
	w.pay()
	w.mine(1)
	attempt := func() payout.Attempt {
		t.Helper()
		p, err := w.payouts.Get(ctx, paying.Payout)
		w.must(err)
		if len(p.Attempts) != 1 || p.Attempts[0].Planned == nil {
			t.Fatalf("payout %s is %s with attempts %+v: %s", p.ID, p.State, p.Attempts, p.Note)
		}
		return p.Attempts[0]
	}
	if landed := attempt(); landed.Cost == nil {
		t.Error("nothing of what it cost, while it is in a block")
	}
	w.must(w.sim.Reorg(tronsim.Reorganisation{Undo: 1, Make: 2, Forget: []coffer.Hash{attempt().Signed.ID}}))
	w.follow()
	if gone := attempt(); gone.Cost != nil {
		t.Errorf("it cost %+v, in no block", gone.Cost)
	}
	if spent, err := w.payouts.Spent(ctx, w.id); err != nil || len(spent) != 0 {
		t.Errorf("spent before anything is final: %+v, %v", spent, err)
	}
	w.must(client.Broadcast(ctx, attempt().Signed.Bytes))
	w.mine(tronSolid + 4)

	done := attempt()
	var info tronpb.TransactionInfo
	w.must(client.Call(ctx, tronpb.Wallet_GetTransactionInfoById_FullMethodName, &tronpb.BytesMessage{Value: done.Signed.ID[:]}, &info))
	receipt, raw := info.GetReceipt(), &tronpb.Transaction{}
	w.must(proto.Unmarshal(done.Signed.Bytes, raw))
	burned := receipt.GetEnergyUsageTotal() - receipt.GetEnergyUsage()
	want := coffer.Cost{
		Energy:    coffer.Usage{Staked: uint64(receipt.GetEnergyUsage()), Burned: uint64(burned), Fee: sun(burned * 100)},
		Bandwidth: coffer.Usage{Fee: sun(int64(proto.Size(raw)+64) * 1000)},
		Other:     sun(trxUnits), Burned: sun(info.GetFee()),
	}
	if receipt.GetEnergyUsage() == 0 || burned == 0 || done.Cost == nil || *done.Cost != want {
		t.Errorf("it cost %+v; the receipt %+v is %+v", done.Cost, receipt, want)
	}
	if p := done.Planned; p.Energy.Staked != want.Energy.Staked || p.Energy.Burned != want.Energy.Burned || p.Signatures != want.Other || p.Burned != want.Burned {
		t.Errorf("planned %+v, it cost %+v", p, want)
	}
	spent, err := w.payouts.Spent(ctx, w.id)
	w.must(err)
	total := map[string]coffer.Amount{}
	for _, s := range spent {
		total[s.Resource+" "+s.Source] = s.Amount
	}
	for what, amount := range map[string]coffer.Amount{
		"energy stake": sun(receipt.GetEnergyUsage()), "energy burned": sun(burned),
		"fee energy": want.Energy.Fee, "fee bandwidth": want.Bandwidth.Fee, "fee other": want.Other,
	} {
		if total[what] != amount {
			t.Errorf("%s: %s in all, want %s", what, total[what], amount)
		}
	}
	if len(spent) != 5 {
		t.Errorf("spent %+v", spent)
	}
}

func sun(n int64) coffer.Amount { return coffer.NewAmount(uint64(n)) }
