package utxo_test

import (
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/utxo"
)

// A wallet of fixed keys is paid tokens and pays them out again, on a real node.
func TestOmniPayout(t *testing.T) {
	c := newOmniChain(t)
	signing := utxo.SigningWallets(t)["P2SH-P2WSH fixed"]
	omni, source := c.reading(t, token, serve(t, c.sim))
	now := time.Unix(1_800_000_000, 0).UTC()
	wallet, err := utxo.NewWallet(utxo.WalletConfig{
		Descriptor: signing.Descriptor, Pool: noEstimate{c.client}, Omni: omni, Log: slog.New(slog.DiscardHandler),
		Fees:  utxo.Fees{Blocks: 6, Floor: 1_000, Cap: 100_000, Fallback: 5_000, LongTerm: 3_000},
		Clock: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	explainer := utxo.NewExplainer(utxo.ExplainConfig{
		Chain: c.client.Chain(), Native: utxo.Regtest.Native(), Network: utxo.Regtest, Wallets: []utxo.Descriptor{signing.Descriptor},
		MaxFeeRate: 1000, MaxFee: 1_000_000, Omni: token,
	})
	if _, err := c.PayMany(t.Context(), []devnet.BitcoinOutput{{To: wallet.Address(), Satoshi: 50_000}, {To: wallet.Address(), Satoshi: 80_000}}); err != nil {
		t.Fatal(err)
	}
	c.mine(t, 1)
	var coins []coffer.Coin
	for _, transfer := range c.head(t).Transfers {
		if transfer.To == wallet.Address() {
			id := coffer.CoinID(strings.TrimPrefix(transfer.Tx.String(), "0x") + ":" + strings.TrimPrefix(transfer.Ref, "vout:"))
			coins = append(coins, coffer.Coin{ID: id, Address: transfer.To, Amount: transfer.Amount})
		}
	}

	intent := coffer.Intent{
		ID: "tokens", Chain: c.client.Chain(), Wallet: wallet.Address(), Path: coffer.PathPSBT, Purpose: coffer.PurposeOrders,
		Orders:   []coffer.Hash{{1}},
		Payments: []coffer.Payment{{Asset: omni.Asset(), To: vault, Amount: coffer.NewAmount(40_0000_0000)}},
		Change:   wallet.ChangePath(1), FeeBound: coffer.NewAmount(30_000), Expires: now.Add(time.Hour),
	}
	selector, err := wallet.Selector(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if intent.Coins, err = selector.Select(intent.Payments, coins, intent.FeeBound, coffer.Hash{7}); err != nil {
		t.Fatal(err)
	}
	intent.Slot = coffer.Slot{Kind: coffer.SlotCoin, Lane: string(intent.Coins[0].ID)}

	var prev []coffer.Attempt
	attempt := func() coffer.Attempt {
		u, err := wallet.Build(t.Context(), intent, prev)
		if err != nil {
			t.Fatal(err)
		}
		effects, err := explainer.Explain(u)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(effects.Payments, intent.Payments) || effects.Slot != intent.Slot || effects.FeeBound.Cmp(intent.FeeBound) > 0 {
			t.Fatalf("effects %+v of %+v", effects, intent)
		}
		signed, err := wallet.Finalize(u, signing.Sign(t, u, 0, 2))
		if err != nil {
			t.Fatal(err)
		}
		return coffer.Attempt{Number: uint32(len(prev)), At: now, Unsigned: u, Signed: &signed}
	}
	first := attempt()
	if err := wallet.Simulate(t.Context(), first.Unsigned); !errors.Is(err, coffer.ErrWouldFail) {
		t.Errorf("without tokens: %v, want ErrWouldFail", err)
	}
	c.send(t, c.alice, utxo.OmniSimpleSend{Property: token, Amount: 39_9999_9999}, wallet.Address())
	if err := wallet.Simulate(t.Context(), first.Unsigned); !errors.Is(err, coffer.ErrWouldFail) {
		t.Errorf("with one unit too few: %v, want ErrWouldFail", err)
	}
	c.send(t, c.alice, utxo.OmniSimpleSend{Property: token, Amount: 10_0000_0001}, wallet.Address())
	if err := wallet.Simulate(t.Context(), first.Unsigned); err != nil {
		t.Errorf("with the tokens: %v", err)
	}
	target, err := utxo.OmniTarget(utxo.Regtest, wallet.Address())
	if err != nil {
		t.Fatal(err)
	}
	c.send(t, c.issuer, utxo.OmniFreezing{Property: token, Enable: true}, "")
	c.send(t, c.issuer, utxo.OmniFreeze{Property: token, Target: target}, "")
	if err := wallet.Simulate(t.Context(), first.Unsigned); !errors.Is(err, coffer.ErrWouldFail) {
		t.Errorf("frozen: %v, want ErrWouldFail", err)
	}
	c.send(t, c.issuer, utxo.OmniFreeze{Property: token, Target: target, Thaw: true}, "")

	if err := wallet.Broadcast(t.Context(), *first.Signed); err != nil {
		t.Fatal(err)
	}
	prev, now = append(prev, first), now.Add(20*time.Minute)
	second := attempt() // a dearer one in its place
	if err := wallet.Broadcast(t.Context(), *second.Signed); err != nil {
		t.Fatal(err)
	}
	c.mine(t, 1)
	c.expect(t, "the payout", source, transferOf(second.Signed.ID, wallet.Address(), vault, 40_0000_0000))
	if err := wallet.Simulate(t.Context(), second.Unsigned); err == nil {
		t.Error("it could be sent again")
	}
}

// A wallet sends only the property that it is made for.
func TestOmniWalletIsOffByDefault(t *testing.T) {
	c := newOmniChain(t)
	signing := utxo.SigningWallets(t)["P2SH-P2WSH fixed"]
	s := newSender(t, c.chain, signing, 90_000)
	payments := []coffer.Payment{{Asset: utxo.OmniAsset(utxo.Regtest, token), To: vault, Amount: coffer.NewAmount(5)}}
	selector, err := s.wallet.Selector(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if coins, err := selector.Select(payments, s.coins, coffer.NewAmount(20_000), coffer.Hash{}); err == nil {
		t.Errorf("coins %+v for a property that it does not send", coins)
	}
	i := coffer.Intent{
		ID: "tokens", Chain: c.client.Chain(), Wallet: s.wallet.Address(), Path: coffer.PathPSBT, Purpose: coffer.PurposeOrders,
		Orders: []coffer.Hash{{1}}, Payments: payments, Coins: s.coins, Change: s.wallet.ChangePath(1),
		Slot:     coffer.Slot{Kind: coffer.SlotCoin, Lane: string(s.coins[0].ID)},
		FeeBound: coffer.NewAmount(20_000), Expires: s.now.Add(time.Hour),
	}
	if u, err := s.wallet.Build(t.Context(), i, nil); err == nil {
		t.Errorf("built %+v", u)
	}
}
