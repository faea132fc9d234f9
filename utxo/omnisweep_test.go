package utxo

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
)

// sweepIntent brings the tokens of the address of the first coin home.
func sweepIntent(t testing.TB, w testWallet) (coffer.Intent, map[coffer.Hash]*wire.MsgTx) {
	t.Helper()
	coins, previous := w.fund(t, 546, 60_000)
	i := w.intent(coins)
	i.Purpose, i.Change = coffer.PurposeSweep, w.Home()
	i.Sweeps = []coffer.Sweep{{Forwarder: coins[0].Address, Asset: OmniAsset(Regtest, tether)}}
	return i, previous
}

func TestOmniSweepIsExplained(t *testing.T) {
	for name, w := range testWallets(t) {
		if !w.nested || !w.Ranged() {
			continue
		}
		i, previous := sweepIntent(t, w)
		u, err := BuildPSBT(i, w.Descriptor, 2, 4_000, previous, 0)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		effects, err := w.omniExplainer(tether).Explain(u)
		if err != nil || len(effects.Payments) > 0 || !reflect.DeepEqual(effects.Sweeps, i.Sweeps) || effects.Change != w.Home() ||
			effects.Slot != i.Slot || effects.FeeBound != coffer.NewAmount(4_000) || !slices.Equal(effects.Coins, i.Coins) {
			t.Errorf("%s: %+v, %v", name, effects, err)
		}
		for other, e := range map[string]*Explainer{"no property": w.explainer(), "one of another ecosystem": w.omniExplainer(1<<31 + 3)} {
			if _, err := e.Explain(u); !errors.Is(err, ErrRefused) {
				t.Errorf("%s: a signer who sends %s: %v", name, other, err)
			}
		}
		r, err := read(w.Descriptor, u)
		if err != nil {
			t.Fatal(err)
		}
		seen, ok := ReadOmni(Regtest, r.tx, r.scripts[0].Output)
		if want := (OmniTransaction{i.Coins[0].Address, w.Address(), OmniSendAll{OmniMain}}); !ok || seen != want {
			t.Errorf("%s: the Omni Layer sees %+v", name, seen)
		}
		// Called back, everything goes to the same place.
		i.Purpose, i.Sweeps = coffer.PurposeCancel, nil
		if u, err = BuildPSBT(i, w.Descriptor, 2, 9_000, previous, 1); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if effects, err := w.omniExplainer(tether).Explain(u); err != nil || len(effects.Payments)+len(effects.Sweeps) > 0 || effects.Change != w.Home() {
			t.Errorf("%s: %+v, %v", name, effects, err)
		}
	}
}

// What a coordinator that lies could write in a sweep, and a signer refuses.
func TestOmniSweepsThatAreRefused(t *testing.T) {
	w := testWallets(t)["P2SH-P2WSH mixed"]
	i, previous := sweepIntent(t, w)
	home, err := w.At(w.Home())
	if err != nil {
		t.Fatal(err)
	}
	other, err := w.At(w.changePath(3))
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := ScriptOf(Regtest, destinations(Regtest)[1])
	if err != nil {
		t.Fatal(err)
	}
	all, err := omniSweepOutput(tether)
	if err != nil {
		t.Fatal(err)
	}
	testing1, err := omniSweepOutput(1<<31 + 3)
	if err != nil {
		t.Fatal(err)
	}
	rest := wire.NewTxOut(50_000, home.Output)
	for name, c := range map[string]struct {
		outputs []*wire.TxOut
		change  int
		at      Script
		ok      bool
	}{
		"as it is":                   {[]*wire.TxOut{all, rest}, 1, home, true},
		"to a stranger":              {[]*wire.TxOut{all, wire.NewTxOut(50_000, stranger)}, -1, Script{}, false},
		"a stranger behind it":       {[]*wire.TxOut{all, rest, wire.NewTxOut(546, stranger)}, 1, home, false},
		"a stranger before it":       {[]*wire.TxOut{all, wire.NewTxOut(546, stranger), rest}, 2, home, false},
		"to another address of it":   {[]*wire.TxOut{all, wire.NewTxOut(50_000, other.Output)}, 1, other, false},
		"the rest not said":          {[]*wire.TxOut{all, rest}, -1, Script{}, false},
		"the payload last":           {[]*wire.TxOut{rest, all}, 0, home, false},
		"the other ecosystem":        {[]*wire.TxOut{testing1, rest}, 1, home, false},
		"two payloads":               {[]*wire.TxOut{all, rest, all}, 1, home, false},
		"bitcoin with the payload":   {[]*wire.TxOut{wire.NewTxOut(600, all.PkScript), rest}, 1, home, false},
		"a rest that is not relayed": {[]*wire.TxOut{all, wire.NewTxOut(200, home.Output)}, 1, home, false},
		"nobody":                     {[]*wire.TxOut{all}, -1, Script{}, false},
	} {
		tx := wire.NewMsgTx(txVersion)
		var spends []spent
		for _, coin := range i.Coins {
			point, _, err := prove(w.Descriptor, coin, previous)
			if err != nil {
				t.Fatal(err)
			}
			tx.AddTxIn(&wire.TxIn{PreviousOutPoint: point.at, Sequence: txSequence})
			spends = append(spends, point.spent)
		}
		tx.TxOut = c.outputs
		u := coffer.Unsigned{Chain: i.Chain, Wallet: i.Wallet, Path: i.Path, Format: FormatPSBT}
		if u.Bytes, err = encodePSBT(w.Descriptor, tx, spends, c.change, c.at); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if effects, err := w.omniExplainer(tether).Explain(u); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %+v, %v", name, effects, err)
		}
	}
}

func TestOmniSweepsThatAreNotBuilt(t *testing.T) {
	nested, native := testWallets(t)["P2SH-P2WSH"], testWallets(t)["P2WSH"]
	for name, v := range map[string]struct {
		wallet testWallet
		change func(*coffer.Intent)
	}{
		"a wallet of native segwit": {native, func(*coffer.Intent) {}},
		"two addresses":             {nested, func(i *coffer.Intent) { i.Sweeps = append(i.Sweeps, i.Sweeps[0]) }},
		"nothing":                   {nested, func(i *coffer.Intent) { i.Sweeps = nil }},
		"bitcoin":                   {nested, func(i *coffer.Intent) { i.Sweeps[0].Asset = Regtest.Native() }},
		"another network's":         {nested, func(i *coffer.Intent) { i.Sweeps[0].Asset = OmniAsset(Mainnet, tether) }},
		"with a salt":               {nested, func(i *coffer.Intent) { i.Sweeps[0].Salt = coffer.Hash{1} }},
		"another address":           {nested, func(i *coffer.Intent) { i.Sweeps[0].Forwarder = i.Coins[1].Address }},
		"the wallet's own address":  {nested, func(i *coffer.Intent) { i.Sweeps[0].Forwarder = i.Wallet }},
		"a rest elsewhere":          {nested, func(i *coffer.Intent) { i.Change = nested.changePath(1) }},
		"with a payment": {nested, func(i *coffer.Intent) {
			i.Payments = []coffer.Payment{{Asset: Regtest.Native(), To: destinations(Regtest)[1], Amount: coffer.NewAmount(1000)}}
		}},
		"for orders": {nested, func(i *coffer.Intent) { i.Purpose = coffer.PurposeOrders }},
	} {
		i, previous := sweepIntent(t, v.wallet)
		v.change(&i)
		if u, err := BuildPSBT(i, v.wallet.Descriptor, 2, 5_000, previous, 0); err == nil {
			t.Errorf("%s: %+v", name, u)
		}
	}
}

func TestOmniSweepCoins(t *testing.T) {
	w := testWallets(t)["P2SH-P2WSH"]
	i, _ := sweepIntent(t, w)
	more, _ := w.fund(t, 700, 9_000, 20_000, 30_000)
	more[0].Address, more[0].Path = i.Coins[0].Address, i.Coins[0].Path
	bound := coffer.NewAmount(15_000)
	s := NewSelector(w.Descriptor, 5_000, DefaultFees())
	if _, err := s.SelectSweep(i.Sweeps[0], i.Coins, bound); err == nil {
		t.Error("a wallet that sends no property")
	}
	s.omni = &Omni{property: tether, asset: OmniAsset(Regtest, tether)}
	chosen, err := s.SelectSweep(i.Sweeps[0], slices.Concat(more, i.Coins), bound)
	// The smallest at the address, the smallest that pays, and one for the bound.
	if err != nil || len(chosen) != 3 || chosen[0] != i.Coins[0] || chosen[1] != more[1] || chosen[2] != more[2] {
		t.Errorf("%+v, %v", chosen, err)
	}
	if chosen, err := s.SelectSweep(i.Sweeps[0], i.Coins[1:], bound); !errors.Is(err, coffer.ErrCoins) {
		t.Errorf("no coin at the address: %+v, %v", chosen, err)
	}
	if chosen, err := s.SelectSweep(i.Sweeps[0], i.Coins[:1], bound); !errors.Is(err, coffer.ErrCoins) {
		t.Errorf("nothing to pay with: %+v, %v", chosen, err)
	}
	if chosen, err := s.SelectSweep(i.Sweeps[0], i.Coins, coffer.NewAmount(100)); !errors.Is(err, coffer.ErrFeeBudget) {
		t.Errorf("a bound below any fee: %+v, %v", chosen, err)
	}
}
