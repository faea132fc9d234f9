package treasury_test

import (
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/treasury"
	"github.com/jackc/pgx/v5"
)

const hot = ledger.PrefixCustodyHot + "0x1"

func (h *house) adoptLate(asset coffer.AssetID, account string, held, height uint64) error {
	return h.db.Tx(h.t.Context(), func(tx pgx.Tx) error {
		return h.AdoptLate(h.t.Context(), tx, chain, treasury.Place{Account: account, Asset: asset}, coffer.NewAmount(held), block(height), start)
	})
}

func (h *house) wantHeld(asset coffer.AssetID, account string, want uint64) {
	h.t.Helper()
	net, err := h.books.House(h.t.Context(), account, asset)
	if err != nil || net.Amount != coffer.NewAmount(want) {
		h.t.Errorf("%s has %s, %v; want %d", account, net, err, want)
	}
}

func TestALateOpeningBalanceIsWhatTheBooksLackAndIsBookedOnce(t *testing.T) {
	h := newHouse(t)
	h.mustAdopt(ether, hot, 7, 10)
	h.receive(hot, 30, 20) // booked while it was a token that we only knew
	places := []treasury.Place{{Account: hot, Asset: ether}, {Account: hot, Asset: usdt}}
	missing, err := treasury.Missing(t.Context(), h.db.Pool(), places)
	if err != nil || len(missing) != 1 || missing[0].Asset != usdt {
		t.Fatalf("missing: %v, %v", missing, err)
	}

	if err := h.adoptLate(usdt, hot, 29, 25); coffer.ErrorCode(err) != coffer.CodeConflict {
		t.Errorf("books with more than the chain: %v", err)
	}
	for range 2 {
		if err := h.adoptLate(usdt, hot, 100, 25); err != nil {
			t.Fatal(err)
		}
	}
	h.wantHeld(usdt, hot, 100)
	if missing, err := treasury.Missing(t.Context(), h.db.Pool(), places); err != nil || len(missing) != 0 {
		t.Errorf("missing afterwards: %v, %v", missing, err)
	}
	// The first opening still says where the books of the chain begin.
	if first, _, err := treasury.Adopted(t.Context(), h.db.Pool(), chain); err != nil || first.Height != 10 {
		t.Errorf("the books begin at %d, %v", first.Height, err)
	}
}

func TestALateAccountThatHoldsNothingIsWatchedFromThen(t *testing.T) {
	h := newHouse(t)
	if err := h.adoptLate(usdt, hot, 0, 25); err != nil {
		t.Fatal(err)
	}
	h.wantHeld(usdt, hot, 0)
	for name, err := range map[string]error{
		"an account of a customer": h.adoptLate(usdt, ledger.User("a", ledger.BucketAvailable), 1, 25),
		"another chain's asset":    h.adoptLate("eip155:5/slip44:60", hot, 1, 25),
	} {
		if coffer.ErrorCode(err) != coffer.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
