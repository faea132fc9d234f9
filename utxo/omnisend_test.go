package utxo

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
)

const tether = 31

// omniIntent pays tokens to a P2SH address out of a wallet whose first coin is at home.
func omniIntent(t testing.TB, w testWallet, to coffer.Address, units uint64) (coffer.Intent, map[coffer.Hash]*wire.MsgTx) {
	t.Helper()
	coins, previous := w.fund(t, 40_000, 60_000)
	if w.Ranged() {
		script, err := w.At(w.Home())
		if err != nil {
			t.Fatal(err)
		}
		hash, _, err := coins[0].ID.Parts()
		if err != nil {
			t.Fatal(err)
		}
		tx := previous[hash]
		delete(previous, hash)
		tx.TxOut[1].PkScript = script.Output
		hash = HashOf(tx.TxHash())
		previous[hash] = tx
		coins[0] = coffer.Coin{ID: coffer.NewCoinID(hash, 1), Address: script.Address, Path: script.Path, Amount: coins[0].Amount}
	}
	i := w.intent(coins)
	i.Payments = []coffer.Payment{{Asset: OmniAsset(Regtest, tether), To: to, Amount: coffer.NewAmount(units)}}
	return i, previous
}

func (w testWallet) omniExplainer(property uint32) *Explainer {
	return NewExplainer(ExplainConfig{
		Chain: Regtest.Chain(), Native: Regtest.Native(), Network: Regtest, Wallets: []Descriptor{w.Descriptor},
		MaxFeeRate: 1000, MaxFee: 10_000_000, Omni: property,
	})
}

func TestOmniPayoutIsExplained(t *testing.T) {
	to := destinations(Regtest)
	for name, w := range testWallets(t) {
		if !w.Descriptor.nested {
			continue
		}
		for _, destination := range to[:2] {
			i, previous := omniIntent(t, w, destination, 5_000_000_000)
			dust := map[coffer.Address]uint64{to[0]: 546, to[1]: 540}[destination]
			for _, fee := range []uint64{4_000, 40_000 - dust} { // with change, and without
				u, err := BuildPSBT(i, w.Descriptor, 1, fee, previous, 0)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				effects, err := w.omniExplainer(tether).Explain(u)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				change := i.Change
				if fee > 4_000 {
					change = ""
				}
				if !reflect.DeepEqual(effects.Payments, i.Payments) || effects.Change != change || effects.Slot != i.Slot ||
					effects.FeeBound != coffer.NewAmount(fee+dust) {
					t.Errorf("%s: %+v", name, effects)
				}
				for other, e := range map[string]*Explainer{"no property": w.explainer(), "another one": w.omniExplainer(3)} {
					if _, err := e.Explain(u); !errors.Is(err, ErrRefused) {
						t.Errorf("%s: a signer who sends %s: %v", name, other, err)
					}
				}
				r, err := read(w.Descriptor, u)
				if err != nil {
					t.Fatal(err)
				}
				seen, ok := ReadOmni(Regtest, r.tx, r.scripts[0].Output)
				if want := (OmniTransaction{w.Address(), destination, OmniSimpleSend{tether, 5_000_000_000}}); !ok || seen != want {
					t.Errorf("%s: the Omni Layer sees %+v", name, seen)
				}
			}
		}
	}
}

// What a coordinator that lies could write, and a signer refuses.
func TestOmniExplainerRefuses(t *testing.T) {
	to := destinations(Regtest)
	w := testWallets(t)["P2SH-P2WSH mixed"]
	i, previous := omniIntent(t, w, to[1], 1_000)
	good, err := BuildPSBT(i, w.Descriptor, 2, 5_000, previous, 0)
	if err != nil {
		t.Fatal(err)
	}
	carry := func(m OmniMessage) *wire.TxOut {
		payload, err := EncodeOmni(m)
		if err != nil {
			t.Fatal(err)
		}
		script, err := OmniScript(payload)
		if err != nil {
			t.Fatal(err)
		}
		return wire.NewTxOut(0, script)
	}
	pay := func(address coffer.Address, value int64) *wire.TxOut {
		script, err := ScriptOf(Regtest, address)
		if err != nil {
			t.Fatal(err)
		}
		return wire.NewTxOut(value, script)
	}
	send, reference := carry(OmniSimpleSend{tether, 1_000}), pay(to[1], 540)
	trailing := wire.NewTxOut(0, append(slices.Clone(send.PkScript[:1]), append([]byte{send.PkScript[1] + 1}, append(slices.Clone(send.PkScript[2:]), 0)...)...))
	for name, change := range map[string]func(tx *wire.MsgTx, at int) (outputs []*wire.TxOut, place int){
		"another property": func(tx *wire.MsgTx, at int) ([]*wire.TxOut, int) {
			return []*wire.TxOut{carry(OmniSimpleSend{3, 1_000}), tx.TxOut[at], reference}, 1
		},
		"send all": func(tx *wire.MsgTx, at int) ([]*wire.TxOut, int) {
			return []*wire.TxOut{carry(OmniSendAll{OmniMain}), tx.TxOut[at], reference}, 1
		},
		"grant": func(tx *wire.MsgTx, at int) ([]*wire.TxOut, int) {
			return []*wire.TxOut{carry(OmniGrant{tether, 1, ""}), tx.TxOut[at], reference}, 1
		},
		"a type nobody reads": func(tx *wire.MsgTx, at int) ([]*wire.TxOut, int) {
			return []*wire.TxOut{carry(OmniUnknown{Type: 3, Body: make([]byte, 12)}), tx.TxOut[at], reference}, 1
		},
		"something behind the send": func(tx *wire.MsgTx, at int) ([]*wire.TxOut, int) {
			return []*wire.TxOut{trailing, tx.TxOut[at], reference}, 1
		},
		"two payloads": func(tx *wire.MsgTx, at int) ([]*wire.TxOut, int) {
			return []*wire.TxOut{send, tx.TxOut[at], send, reference}, 1
		},
		"bitcoin with the payload": func(tx *wire.MsgTx, at int) ([]*wire.TxOut, int) {
			return []*wire.TxOut{wire.NewTxOut(600, send.PkScript), tx.TxOut[at], reference}, 1
		},
		"bitcoin with the tokens": func(tx *wire.MsgTx, at int) ([]*wire.TxOut, int) {
			return []*wire.TxOut{send, tx.TxOut[at], pay(to[1], 5_000)}, 1
		},
		"change last": func(tx *wire.MsgTx, at int) ([]*wire.TxOut, int) {
			return []*wire.TxOut{send, reference, tx.TxOut[at]}, 2
		},
		"reference first": func(tx *wire.MsgTx, at int) ([]*wire.TxOut, int) {
			return []*wire.TxOut{reference, send, tx.TxOut[at]}, 2
		},
		"a second recipient": func(tx *wire.MsgTx, at int) ([]*wire.TxOut, int) {
			return []*wire.TxOut{send, tx.TxOut[at], pay(to[0], 546), reference}, 1
		},
		"native segwit recipient": func(tx *wire.MsgTx, at int) ([]*wire.TxOut, int) {
			return []*wire.TxOut{send, tx.TxOut[at], pay(to[3], 330)}, 1
		},
		"no recipient": func(tx *wire.MsgTx, at int) ([]*wire.TxOut, int) { return []*wire.TxOut{send, tx.TxOut[at]}, 1 },
		"bitcoin payment, no payload": func(tx *wire.MsgTx, at int) ([]*wire.TxOut, int) {
			return []*wire.TxOut{wire.NewTxOut(0, []byte{0x6a}), tx.TxOut[at], reference}, 1
		},
	} {
		r, err := read(w.Descriptor, good)
		if err != nil {
			t.Fatal(err)
		}
		var spends []spent
		for n, script := range r.scripts {
			hash, _, err := r.coins[n].ID.Parts()
			if err != nil {
				t.Fatal(err)
			}
			spends = append(spends, spent{script: script, previous: withoutWitness(previous[hash])})
		}
		changeScript, err := w.At(r.path)
		if err != nil {
			t.Fatal(err)
		}
		tx := r.tx.Copy()
		outputs, place := change(tx, r.change)
		tx.TxOut = outputs
		bad := good
		if bad.Bytes, err = encodePSBT(w.Descriptor, tx, spends, place, changeScript); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if effects, err := w.omniExplainer(tether).Explain(bad); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %+v, %v", name, effects, err)
		}
	}
	if _, err := w.omniExplainer(tether).Explain(good); err != nil {
		t.Errorf("the one that all others are made of: %v", err)
	}
}

func TestOmniPayoutsThatAreNotBuilt(t *testing.T) {
	to := destinations(Regtest)
	nested, native := testWallets(t)["P2SH-P2WSH"], testWallets(t)["P2WSH"]
	for name, v := range map[string]struct {
		wallet testWallet
		change func(*coffer.Intent)
	}{
		"a wallet of native segwit": {native, func(*coffer.Intent) {}},
		"to native segwit":          {nested, func(i *coffer.Intent) { i.Payments[0].To = to[2] }},
		"two recipients":            {nested, func(i *coffer.Intent) { i.Payments = append(i.Payments, i.Payments[0]) }},
		"tokens and bitcoin": {nested, func(i *coffer.Intent) {
			i.Payments = append(i.Payments, coffer.Payment{Asset: Regtest.Native(), To: to[1], Amount: coffer.NewAmount(1000)})
		}},
		"bitcoin and tokens": {nested, func(i *coffer.Intent) {
			i.Payments = append([]coffer.Payment{{Asset: Regtest.Native(), To: to[1], Amount: coffer.NewAmount(1000)}}, i.Payments...)
		}},
		"no property": {nested, func(i *coffer.Intent) {
			i.Payments[0].Asset = coffer.NewAssetID(Regtest.Chain(), coffer.AssetOmni, "usdt")
		}},
		"a property written oddly": {nested, func(i *coffer.Intent) {
			i.Payments[0].Asset = coffer.NewAssetID(Regtest.Chain(), coffer.AssetOmni, "031")
		}},
		"another network's": {nested, func(i *coffer.Intent) { i.Payments[0].Asset = OmniAsset(Mainnet, tether) }},
		"with a memo":       {nested, func(i *coffer.Intent) { i.Payments[0].Memo = "1" }},
		"nothing":           {nested, func(i *coffer.Intent) { i.Payments[0].Amount = coffer.Amount{} }},
		"too much":          {nested, func(i *coffer.Intent) { i.Payments[0].Amount = coffer.NewAmount(1 << 63) }},
		"an anchor elsewhere": {nested, func(i *coffer.Intent) {
			i.Coins[0], i.Coins[1] = i.Coins[1], i.Coins[0]
			i.Slot.Lane = string(i.Coins[0].ID)
		}},
	} {
		i, previous := omniIntent(t, v.wallet, to[1], 1_000)
		v.change(&i)
		if u, err := BuildPSBT(i, v.wallet.Descriptor, 2, 5_000, previous, 0); err == nil {
			t.Errorf("%s: %+v", name, u)
		}
	}
}

func TestOmniCoinsBeginWhereTheTokensAre(t *testing.T) {
	w := testWallets(t)["P2SH-P2WSH"]
	i, _ := omniIntent(t, w, destinations(Regtest)[1], 1_000)
	s := NewSelector(w.Descriptor, 5_000, DefaultFees())
	bound := coffer.NewAmount(50_000)
	if _, err := s.Select(i.Payments, i.Coins, bound, coffer.Hash{}); err == nil {
		t.Error("a wallet that sends no property")
	}
	s.omni = &Omni{property: tether, asset: OmniAsset(Regtest, tether)}
	coins := []coffer.Coin{i.Coins[1], i.Coins[0]}
	chosen, err := s.Select(i.Payments, coins, bound, coffer.Hash{})
	if err != nil || chosen[0] != i.Coins[0] || len(chosen) != 2 { // the second one for the bound
		t.Errorf("%+v, %v", chosen, err)
	}
	if chosen, err := s.Select(i.Payments, i.Coins[1:], bound, coffer.Hash{}); !errors.Is(err, coffer.ErrCoins) {
		t.Errorf("no coin where the tokens are: %+v, %v", chosen, err)
	}
	if chosen, err := s.Select(i.Payments, coins, coffer.NewAmount(500), coffer.Hash{}); !errors.Is(err, coffer.ErrFeeBudget) {
		t.Errorf("a bound below the dust: %+v, %v", chosen, err)
	}
}

func TestOmniPaymentsThatCannotBe(t *testing.T) {
	asset, to := OmniAsset(Regtest, tether), destinations(Regtest)
	for n, address := range to {
		if err := CheckPayment(Regtest, address, asset, coffer.NewAmount(1)); (err == nil) != (n < 2) {
			t.Errorf("%s: %v", address, err)
		}
	}
	var closed *coffer.Error
	if err := new(Source).CheckPayment(to[0], asset, coffer.NewAmount(1)); !errors.As(err, &closed) || closed.Field != "asset" {
		t.Errorf("a request to pay tokens out: %v", err)
	}
	for _, amount := range []coffer.Amount{{}, coffer.NewAmount(1 << 63)} {
		var refused *coffer.Error
		if err := CheckPayment(Regtest, to[0], asset, amount); !errors.As(err, &refused) || refused.Field != "amount" {
			t.Errorf("%s: %v", amount, err)
		}
	}
}
