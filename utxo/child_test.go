package utxo_test

import (
	"errors"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/utxo"
)

// The id of a nested transaction is not that of its unsigned bytes: a child names its coin by
// what was signed.
func TestChildrenOfNestedWalletsLandWithTheirParents(t *testing.T) {
	c := newChain(t)
	s := newSender(t, c, utxo.SigningWallets(t)["P2SH-P2WSH"], 500_000)
	first := s.attempt(t, s.plan(t, "payout", 100_000), nil, 0, 1)
	other := s.attempt(t, s.plan(t, "another", 50_000), nil, 0, 1)
	if _, _, _, err := s.wallet.ChildCoin(t.Context(), []coffer.Attempt{first}); !errors.Is(err, coffer.ErrCoins) {
		t.Errorf("change of what no pool has: %v, want ErrCoins", err)
	}
	s.broadcast(t, first)
	number, coin, _, err := s.wallet.ChildCoin(t.Context(), []coffer.Attempt{first})
	if of, _, idErr := coin.ID.Parts(); err != nil || idErr != nil || number != 0 || of != first.Signed.ID {
		t.Fatalf("attempt %d brings %+v, %v, %v", number, coin, err, idErr)
	}
	child := coffer.Intent{
		ID: "child", Chain: c.client.Chain(), Wallet: s.wallet.Address(), Path: coffer.PathPSBT, Purpose: coffer.PurposeConsolidate,
		Coins: []coffer.Coin{coin}, Slot: coffer.Slot{Kind: coffer.SlotCoin, Lane: string(coin.ID)},
		Change: s.wallet.ChangePath(4), FeeBound: coffer.NewAmount(50_000), Expires: s.now.Add(time.Hour),
	}
	u, err := s.wallet.BuildChild(t.Context(), child, first)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := s.wallet.Finalize(u, s.Sign(t, u, 1, 2))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.wallet.Broadcast(t.Context(), signed); err != nil {
		t.Fatal(err)
	}
	c.mine(t, 1)
	for _, id := range []coffer.Hash{first.Signed.ID, signed.ID} {
		if len(s.paidIn(t, id)) == 0 {
			t.Errorf("%s is not in the block", id)
		}
	}

	other.Signed = first.Signed
	if _, err := s.wallet.BuildChild(t.Context(), child, other); err == nil {
		t.Error("a child of an attempt that was signed as another one was built")
	}
}
