package tron_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// planned pays and returns what it was to cost and what the chain took, which must be the same as
// far as a receipt tells.
func (b *bank) planned(name string, p coffer.Payment) (plan, cost coffer.Cost) {
	b.t.Helper()
	i := b.intent(p)
	u, err := b.Build(b.t.Context(), i, nil)
	if err != nil {
		b.t.Fatalf("%s: %v", name, err)
	}
	if plan, err = b.Plan(b.t.Context(), u); err != nil {
		b.t.Fatalf("%s: %v", name, err)
	}
	s, effects := b.signed(i)
	b.broadcast(s)
	b.mine(1)
	cost = b.landed(s, effects).Cost
	if plan.Energy.Staked+plan.Energy.Delegated != cost.Energy.Staked || plan.Energy.Burned != cost.Energy.Burned || plan.Energy.Fee != cost.Energy.Fee ||
		plan.Bandwidth.Staked+plan.Bandwidth.Delegated+plan.Bandwidth.Free != cost.Bandwidth.Staked || plan.Bandwidth.Fee != cost.Bandwidth.Fee ||
		plan.Penalty != cost.Penalty || plan.Burned != cost.Burned {
		b.t.Errorf("%s: planned %+v, it cost %+v", name, plan, cost)
	}
	b.mine(1) // another second, another slot
	return plan, cost
}

func (b *bank) stake(of tron.Address, code tronpb.ResourceCode, trx int64) {
	b.t.Helper()
	if err := b.sim.Stake(tronsim.Address(of), code, trx*1_000_000); err != nil {
		b.t.Fatal(err)
	}
}

// dayLater goes on with a client that did not see the node stand still for a day.
func (b *bank) dayLater() {
	b.t.Helper()
	err := b.sim.Skip(24 * 3600 / 3)
	if err == nil {
		err = b.sim.Mine(1)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	b.client.Close()
	b.setTime(b.now.Add(24*time.Hour + 30*time.Second)) // about the time of the head: periods that end skip slots
	b.client = b.dial("grpc")
	b.mine(1)
	if b.Wallet, err = tron.NewWallet(tron.WalletConfig{Account: b.account, Pool: b.client, Clock: b.clock}); err != nil {
		b.t.Fatal(err)
	}
}

// Stake of the account pays first, then what others delegated to it, then TRX.
func TestAPlanIsWhatTheChainTakes(t *testing.T) {
	k := newBank(t).token()
	to := keyAddress(7)
	k.planned("a first balance", k.payment(to, 1_000_000))

	bare, _ := k.planned("no stake", k.payment(to, 1_000_000))
	need := bare.Energy.Burned
	if need == 0 || bare.Energy.Staked+bare.Energy.Delegated != 0 || bare.Energy.Fee != coffer.NewAmount(100*need) || bare.Signatures != coffer.NewAmount(1_000_000) ||
		bare.Bandwidth.Fee != coffer.NewAmount(1000*bare.Bandwidth.Burned) || bare.Bandwidth.Burned == 0 {
		t.Fatalf("without stake: %+v", bare)
	}

	k.stake(k.account.Address, tronpb.ResourceCode_ENERGY, 500) // about 9 energy for one
	own, _ := k.planned("own stake", k.payment(to, 1_000_000))
	if own.Energy.Staked == 0 || own.Energy.Delegated != 0 || own.Energy.Staked+own.Energy.Burned != need {
		t.Errorf("own stake of %d: %+v", need, own)
	}

	k.stake(keyAddress(2), tronpb.ResourceCode_ENERGY, 500)
	lend, err := tron.Delegate(keyAddress(2), k.account.Address, coffer.NewAmount(500_000_000), tronpb.ResourceCode_ENERGY)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.issuer().Send(tronpb.Transaction_Contract_DelegateResourceContract, lend, nil); err != nil {
		t.Fatal(err)
	}
	k.mine(1)
	lent, _ := k.planned("own stake that is used, and stake of others", k.payment(to, 1_000_000))
	if lent.Energy.Delegated == 0 || lent.Energy.Staked > own.Energy.Staked/100 || lent.Energy.Burned == 0 {
		t.Errorf("stake of others: %+v", lent)
	}
	k.dayLater() // all of it comes back in a day
	both, _ := k.planned("both", k.payment(to, 1_000_000))
	if both.Energy.Staked < own.Energy.Staked*99/100 || both.Energy.Delegated < both.Energy.Staked*99/100 || both.Energy.Delegated > both.Energy.Staked*101/100 {
		t.Errorf("own stake and as much of others, unused: %+v", both)
	}

	k.sim.SetFactor(tronsim.Address(k.address), 34_000)
	dear, _ := k.planned("a popular token", k.payment(to, 1_000_000))
	if dear.Penalty == 0 || dear.Energy.Burned <= need {
		t.Errorf("a popular token: %+v, it took %d", dear, need)
	}
	k.sim.SetParameters(func(p *tronsim.Parameters) { p.EnergyPrice = 210 })
	k.mine(1)
	dearer, _ := k.planned("a proposal", k.payment(to, 1_000_000))
	if dearer.Energy.Fee != coffer.NewAmount(210*dearer.Energy.Burned) {
		t.Errorf("after a proposal: %+v", dearer)
	}
}

func TestAPlanOfBandwidthAndAnAccount(t *testing.T) {
	b := newBank(t)
	plan, cost := b.planned("a new account", b.trx(keyAddress(8), 3_000_000))
	if plan.Activation != coffer.NewAmount(1_000_000) || plan.Bandwidth.Fee != coffer.NewAmount(100_000) || cost.Other != coffer.NewAmount(2_000_000) {
		t.Errorf("a new account: %+v, %+v", plan, cost)
	}
	b.stake(b.account.Address, tronpb.ResourceCode_BANDWIDTH, 5_000)
	plan, _ = b.planned("stake for bandwidth", b.trx(keyAddress(8), 3_000_000))
	if plan.Bandwidth.Staked == 0 || plan.Burned != coffer.NewAmount(1_000_000) {
		t.Errorf("stake for bandwidth: %+v", plan)
	}
}

// A wallet waits where more would be burned than the operator allows, or than it has if its stake
// were used by then. What it signs does not change with its stake.
func TestAWalletWaitsForStake(t *testing.T) {
	k := newBank(t).token()
	to := keyAddress(7)
	i := k.intent(k.payment(to, 1_000_000))
	u, err := k.Build(t.Context(), i, nil)
	if err != nil {
		t.Fatal(err)
	}
	frugal, err := tron.NewWallet(tron.WalletConfig{
		Account: k.account, Pool: k.client, Clock: k.clock, Fees: tron.Fees{MaxBurned: 2_000_000},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := frugal.Plan(t.Context(), u); !errors.Is(err, coffer.ErrFeeBudget) {
		t.Errorf("without stake: %v", err)
	}
	k.stake(k.account.Address, tronpb.ResourceCode_ENERGY, 4_000)
	if _, err := frugal.Plan(t.Context(), u); err != nil {
		t.Errorf("with stake: %v", err)
	}
	if again, err := frugal.Build(t.Context(), i, nil); err != nil || !bytes.Equal(again.Bytes, u.Bytes) {
		t.Errorf("with stake it builds %x, %v; without %x", again.Bytes, err, u.Bytes)
	}

	k.sim.SetBalance(tronsim.Address(k.account.Address), 3_000_000)
	if err := k.Simulate(t.Context(), u); err != nil {
		t.Errorf("it would do: %v", err)
	}
	if _, err := k.Plan(t.Context(), u); !errors.Is(err, coffer.ErrFeeBudget) || errors.Is(err, coffer.ErrWouldFail) {
		t.Errorf("it may burn more than there is: %v", err)
	}
	if has, err := k.Funds(t.Context()); err != nil || has != coffer.NewAmount(3_000_000) {
		t.Errorf("it has %s, %v", has, err)
	}
	k.sim.SetParameters(func(p *tronsim.Parameters) { p.BandwidthPrice = 1_001 })
	if _, err := k.Funds(t.Context()); !errors.Is(err, tron.ErrPrices) || !errors.Is(err, coffer.ErrFeeBudget) {
		t.Errorf("prices above the configured: %v", err)
	}
}
