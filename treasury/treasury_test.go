package treasury_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
	"github.com/cofferhq/coffer/treasury"
	"github.com/jackc/pgx/v5"
)

const (
	chain = coffer.ChainID("eip155:31337")
	usdt  = coffer.AssetID("eip155:31337/erc20:0x5FbDB2315678afecb367f032d93F642f64180aa3")
	ether = coffer.AssetID("eip155:31337/slip44:60")
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

type house struct {
	*treasury.Treasury
	t     *testing.T
	db    *postgres.DB
	books *ledger.Ledger
}

func newHouse(t *testing.T) *house {
	t.Helper()
	db := postgrestest.New(t)
	books := ledger.New(db, func() time.Time { return start })
	return &house{treasury.New(books), t, db, books}
}

func (h *house) adopt(asset coffer.AssetID, account string, balance, height uint64) error {
	return h.db.Tx(h.t.Context(), func(tx pgx.Tx) error {
		return h.Adopt(h.t.Context(), tx, chain, asset, account, coffer.NewAmount(balance), block(height), start)
	})
}

func (h *house) mustAdopt(asset coffer.AssetID, account string, balance, height uint64) {
	h.t.Helper()
	if err := h.adopt(asset, account, balance, height); err != nil {
		h.t.Fatal(err)
	}
}

// receive books a foreign transfer to a house address.
func (h *house) receive(account string, amount, height uint64) {
	h.t.Helper()
	n := coffer.NewAmount(amount)
	e := ledger.Entry{ID: fmt.Sprintf("t-%s-%d", account, height), Kind: "deposit.foreign", Chain: chain, Block: block(height), At: start, Postings: []ledger.Posting{
		ledger.Debit(account, usdt, n), ledger.Credit(ledger.SuspenseUnknown, usdt, n),
	}}
	if err := h.db.Tx(h.t.Context(), func(tx pgx.Tx) error { return h.books.Post(h.t.Context(), tx, e) }); err != nil {
		h.t.Fatal(err)
	}
}

func block(height uint64) coffer.BlockRef {
	return coffer.BlockRef{Height: height, Hash: coffer.Hash{1, byte(height)}}
}

// state is a chain's state after one block.
type state struct {
	block    coffer.Hash
	balances map[string]uint64 // by asset and address
	deposits map[coffer.Address]uint64
}

func (s state) BalanceOf(_ context.Context, asset coffer.AssetID, address coffer.Address, block coffer.Hash) (coffer.Amount, error) {
	if block != s.block {
		return coffer.Amount{}, coffer.ErrNotFound
	}
	return coffer.NewAmount(s.balances[string(asset)+" "+string(address)]), nil
}

func (s state) DepositOf(_ context.Context, wallet coffer.Address, block coffer.Hash) (coffer.Amount, error) {
	if block != s.block {
		return coffer.Amount{}, coffer.ErrNotFound
	}
	return coffer.NewAmount(s.deposits[wallet]), nil
}

func TestAdoptedBalanceIsBookedOnce(t *testing.T) {
	h := newHouse(t)
	h.mustAdopt(usdt, "custody:hot:0xW", 500, 3)
	h.mustAdopt(usdt, "custody:hot:0xW", 500, 3)
	h.mustAdopt(usdt, "custody:hot:0xW", 430, 9) // a later start sees another balance
	h.mustAdopt(ether, "custody:hot:0xW", 0, 3)
	h.mustAdopt(ether, "custody:hot:0xW", 7, 9) // there was none at the start

	for _, c := range []struct {
		code  string
		asset coffer.AssetID
		want  string
	}{{"custody:hot:0xW", usdt, "500"}, {ledger.EquityOpening, usdt, "-500"}, {"custody:hot:0xW", ether, "0"}} {
		got, err := h.books.House(t.Context(), c.code, c.asset)
		if err != nil || got.String() != c.want {
			t.Errorf("%s in %s is %s %v, want %s", c.code, c.asset, got, err, c.want)
		}
	}
}

func TestAdoptionThatWouldCountTwiceIsRefused(t *testing.T) {
	h := newHouse(t)
	h.receive("custody:hot:0xW", 20, 5)

	if err := h.adopt(usdt, "custody:hot:0xW", 500, 5); coffer.ErrorCode(err) != coffer.CodeConflict {
		t.Fatalf("got %v, want %s", err, coffer.CodeConflict)
	}
	h.mustAdopt(usdt, "custody:hot:0xW", 480, 4)
	if got, err := h.books.House(t.Context(), "custody:hot:0xW", usdt); err != nil || got.String() != "500" {
		t.Fatalf("%s %v, want 500", got, err)
	}
}

func TestAdoptionOfNonsenseIsRefused(t *testing.T) {
	h := newHouse(t)
	for name, err := range map[string]error{
		"another chain's asset": h.adopt("eip155:1/slip44:60", "custody:hot:0xW", 1, 3),
		"account off chain":     h.adopt(usdt, "transit:withdrawal", 1, 3),
		"prefix only":           h.adopt(usdt, "custody:hot:", 1, 3),
	} {
		if coffer.ErrorCode(err) != coffer.CodeInvalid {
			t.Errorf("%s: got %v, want %s", name, err, coffer.CodeInvalid)
		}
	}
}

func TestBooksAndChainSideBySide(t *testing.T) {
	h := newHouse(t)
	h.mustAdopt(usdt, "custody:hot:0xW", 500, 3)
	h.mustAdopt(ether, "gas:entrypoint:0xW", 40, 3)
	h.mustAdopt(ether, "gas:executor:0xE", 9, 3)
	h.receive("custody:hot:0xW", 20, 5)
	h.receive("custody:deposit_addr:0xD", 8, 6)
	h.receive("custody:hot:0xW", 1000, 7) // after the block compared

	at := block(6)
	chainState := state{at.Hash,
		map[string]uint64{string(usdt) + " 0xW": 520, string(usdt) + " 0xD": 9, string(ether) + " 0xE": 9},
		map[coffer.Address]uint64{"0xW": 40},
	}
	lines, err := h.Compare(t.Context(), h.db.Pool(), chain, at, chainState)
	if err != nil {
		t.Fatal(err)
	}
	want := []treasury.Line{
		{"custody:deposit_addr:0xD", usdt, debit(8), coffer.NewAmount(9), false},
		{"custody:hot:0xW", usdt, debit(520), coffer.NewAmount(520), true},
		{"gas:entrypoint:0xW", ether, debit(40), coffer.NewAmount(40), true},
		{"gas:executor:0xE", ether, debit(9), coffer.NewAmount(9), true},
	}
	if fmt.Sprint(lines) != fmt.Sprint(want) {
		t.Fatalf("got  %v\nwant %v", lines, want)
	}

	if _, err := h.Compare(t.Context(), h.db.Pool(), chain, block(7), chainState); err == nil {
		t.Error("compared with a block the chain does not have")
	}
	if lines, err := h.Compare(t.Context(), h.db.Pool(), "eip155:1", at, chainState); err != nil || len(lines) != 0 {
		t.Errorf("another chain: %v %v", lines, err)
	}
}

func TestMoneyThatArrivedUnseenIsADifference(t *testing.T) {
	h := newHouse(t)
	h.mustAdopt(ether, "custody:hot:0xW", 0, 3)
	at := block(6)
	lines, err := h.Compare(t.Context(), h.db.Pool(), chain, at, state{at.Hash, map[string]uint64{string(ether) + " 0xW": 7}, nil})
	if err != nil {
		t.Fatal(err)
	}
	want := []treasury.Line{{"custody:hot:0xW", ether, debit(0), coffer.NewAmount(7), false}}
	if fmt.Sprint(lines) != fmt.Sprint(want) {
		t.Fatalf("got  %v\nwant %v", lines, want)
	}
}

func TestOneProcessOpensAChain(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	heights := make(chan uint64, 8)
	for n := range uint64(cap(heights)) {
		go func() {
			err := h.db.Tx(ctx, func(tx pgx.Tx) error {
				adopted, err := treasury.LockAdoption(ctx, tx, chain)
				if err != nil || adopted {
					return err
				}
				for _, account := range []string{"custody:hot:0xW", fmt.Sprintf("custody:hot:0x%d", n)} {
					if err := h.Adopt(ctx, tx, chain, usdt, account, coffer.NewAmount(5), block(3+n), start); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			opened, _, err := treasury.Adopted(ctx, h.db.Pool(), chain)
			if err != nil {
				t.Error(err)
			}
			heights <- opened.Height
		}()
	}
	first := <-heights
	for range cap(heights) - 1 {
		if height := <-heights; height != first {
			t.Errorf("opened at %d and at %d", first, height)
		}
	}
}

func TestManyAccountsAreAllCompared(t *testing.T) {
	h := newHouse(t)
	const many = ledger.MaxSheet + 3
	for i := range many {
		h.mustAdopt(usdt, fmt.Sprintf("custody:hot:0x%04d", i), 5, 3)
	}
	lines, err := h.Compare(t.Context(), h.db.Pool(), chain, block(3), state{block: block(3).Hash})
	if err != nil || len(lines) != many {
		t.Fatalf("%d lines %v, want %d", len(lines), err, many)
	}
}

func debit(n uint64) ledger.Net {
	return ledger.Net{Side: ledger.SideDebit, Amount: coffer.NewAmount(n)}
}
