package tron_test

import (
	"errors"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// What a deposit address needs is read from the chain, at its prices.
func TestWhatASweepNeeds(t *testing.T) {
	_, deposits := newSeed(t)
	k := newBank(t).token()
	k.account.Deposits = deposits
	var err error
	if k.Wallet, err = tron.NewWallet(tron.WalletConfig{Account: k.account, Pool: k.client, Clock: k.clock}); err != nil {
		t.Fatal(err)
	}
	if err := k.MayLend(t.Context()); err != nil {
		t.Error(err)
	}
	const stake = 50_000_000_000
	for _, code := range []tronpb.ResourceCode{tronpb.ResourceCode_ENERGY, tronpb.ResourceCode_BANDWIDTH} {
		if err := k.sim.Stake(tronsim.Address(k.account.Address), code, stake); err != nil {
			t.Fatal(err)
		}
	}
	spare, err := k.Spare(t.Context())
	if err != nil || spare[coffer.ResourceEnergy] != coffer.NewAmount(stake) {
		t.Errorf("spare %v, %v", spare, err)
	}
	const index = 7
	from := depositAddress(t, deposits, index)
	sweep := coffer.Sweep{Forwarder: tron.AddressOf(from), Salt: tron.SaltOf(index), Asset: tron.TokenAsset(k.account.Chain, k.address)}
	if _, err := k.Prepare(t.Context(), sweep); !errors.Is(err, coffer.ErrWouldFail) {
		t.Errorf("an empty address: %v", err)
	}
	k.order(bindings.NewTestToken().PackTransfer(common.Address(from), big.NewInt(123_000_000)))

	prepare := func(resources ...string) tron.Preparation {
		t.Helper()
		p, err := k.Prepare(t.Context(), sweep)
		if err != nil || len(p.Give) != len(resources) {
			t.Fatalf("%+v, %v; want %v", p, err, resources)
		}
		for n, d := range p.Give {
			if d.Resource != resources[n] || d.To != sweep.Forwarder || d.Path != "0/7" || d.Back {
				t.Errorf("%+v, want %s", d, resources[n])
			}
		}
		return p
	}
	absent := prepare(coffer.ResourceAccount)
	k.send(tron.MakeAccount(k.account.Address, from), 1)
	lends := prepare(coffer.ResourceEnergy)
	if lends.Cost.Cmp(absent.Cost) >= 0 || lends.Burns || lends.Give[0].Amount.Cmp(coffer.NewAmount(1_000_000_000)) < 0 {
		t.Errorf("with an account %+v, without %+v", lends, absent)
	}

	// It has TRX to burn, but lending is cheaper; then energy is.
	k.sim.SetBalance(tronsim.Address(from), 50_000_000)
	k.sim.SetParameters(func(p *tronsim.Parameters) { p.EnergyPrice = 1000 })
	if p := prepare(coffer.ResourceEnergy); !p.Burns {
		t.Errorf("%+v: it can burn", p)
	}
	k.sim.SetParameters(func(p *tronsim.Parameters) { p.EnergyPrice = 10 })
	if p := prepare(); !p.Burns || p.Cost.Cmp(lends.Cost) >= 0 {
		t.Errorf("%+v, want less than %s", p, lends.Cost)
	}
	k.sim.SetParameters(func(p *tronsim.Parameters) { p.EnergyPrice = 1_000_000 })
	if _, err := k.Prepare(t.Context(), sweep); !errors.Is(err, coffer.ErrFeeBudget) {
		t.Errorf("a call above the fee limit: %v", err)
	}
	k.sim.SetParameters(func(p *tronsim.Parameters) { p.EnergyPrice, p.FreeBandwidth = 100, 0 })
	k.sim.SetBalance(tronsim.Address(from), 0)
	prepare(coffer.ResourceEnergy, coffer.ResourceBandwidth)

	for name, bad := range map[string]coffer.Sweep{
		"another index":  {Forwarder: sweep.Forwarder, Salt: tron.SaltOf(8), Asset: sweep.Asset},
		"no index":       {Forwarder: sweep.Forwarder, Salt: coffer.Hash{1}, Asset: sweep.Asset},
		"no address":     {Forwarder: "T1", Salt: sweep.Salt, Asset: sweep.Asset},
		"a foreign coin": {Forwarder: sweep.Forwarder, Salt: sweep.Salt, Asset: "tron:0x00000000/slip44:195"},
	} {
		if p, err := k.Prepare(t.Context(), bad); err == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// Stake that is not there is neither lent nor taken back.
func TestStakeThatIsNotThere(t *testing.T) {
	b := newBank(t)
	b.account.Receivers = []tron.Address{keyAddress(2)}
	var err error
	if b.Wallet, err = tron.NewWallet(tron.WalletConfig{Account: b.account, Pool: b.client, Clock: b.clock}); err != nil {
		t.Fatal(err)
	}
	i := b.intent()
	i.Purpose = coffer.PurposeDelegate
	for _, back := range []bool{false, true} {
		i.Delegations = []coffer.Delegation{{To: tron.AddressOf(keyAddress(2)), Resource: coffer.ResourceEnergy, Amount: coffer.NewAmount(5_000_000), Back: back}}
		u, err := b.Build(t.Context(), i, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Simulate(t.Context(), u); !errors.Is(err, coffer.ErrWouldFail) {
			t.Errorf("back %t: %v", back, err)
		}
	}
}

func TestPathsOfDepositAddresses(t *testing.T) {
	if salt, err := tron.SaltAt("0/7"); err != nil || salt != tron.SaltOf(7) {
		t.Errorf("%s, %v", salt, err)
	}
	for _, path := range []string{"", "7", "0/", "0/07", "1/7", "0/-1", "0/2147483648", "0/7/1"} {
		if salt, err := tron.SaltAt(path); err == nil {
			t.Errorf("%q is %s", path, salt)
		}
	}
}
