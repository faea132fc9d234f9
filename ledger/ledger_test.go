package ledger_test

import (
	"errors"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
	"github.com/jackc/pgx/v5"
)

const (
	chain = coffer.ChainID("eip155:31337")
	usdt  = coffer.AssetID("eip155:31337/erc20:0x5FbDB2315678afecb367f032d93F642f64180aa3")
	ether = coffer.AssetID("eip155:31337/slip44:60")

	alice   = "acct_alice"
	bob     = "acct_bob"
	custody = "custody:deposit_addr:0xAlice"
	hot     = "custody:hot:0xHot"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 678900, time.UTC)

// books is a ledger on a database of its own.
type books struct {
	*ledger.Ledger
	t  testing.TB
	db *postgres.DB
}

func newBooks(t testing.TB) *books {
	t.Helper()
	db := postgrestest.New(t)
	return &books{ledger.New(db, func() time.Time { return start }), t, db}
}

func (b *books) tx(fn func(tx pgx.Tx) error) error {
	return b.db.Tx(b.t.Context(), fn)
}

// must runs fn in a transaction and ends the test when it fails.
func (b *books) must(fn func(tx pgx.Tx) error) {
	b.t.Helper()
	if err := b.tx(fn); err != nil {
		b.t.Fatal(err)
	}
}

func (b *books) post(entries ...ledger.Entry) {
	b.t.Helper()
	b.must(func(tx pgx.Tx) error { return b.Post(b.t.Context(), tx, entries...) })
}

func (b *books) balance(account string) ledger.Balance {
	b.t.Helper()
	got, err := b.BalanceOf(b.t.Context(), account, usdt)
	if err != nil {
		b.t.Fatal(err)
	}
	return got
}

func (b *books) wantBalance(account string, available, pending, held uint64) {
	b.t.Helper()
	got := b.balance(account)
	if got.Available != coffer.NewAmount(available) || got.Pending != coffer.NewAmount(pending) || got.Held != coffer.NewAmount(held) {
		b.t.Fatalf("%s has %s available, %s pending, %s held; want %d, %d, %d", account, got.Available, got.Pending, got.Held, available, pending, held)
	}
}

func (b *books) wantHouse(code string, side ledger.Side, amount uint64) {
	b.t.Helper()
	got, err := b.House(b.t.Context(), code, usdt)
	if err != nil {
		b.t.Fatal(err)
	}
	if want := (ledger.Net{Side: side, Amount: coffer.NewAmount(amount)}); got != want {
		b.t.Fatalf("%s is %v, want %v", code, got, want)
	}
}

// wantSound checks the books as a whole.
func (b *books) wantSound() {
	b.t.Helper()
	report, err := b.Verify(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	if report.Difference != "" {
		b.t.Fatal(report.Difference)
	}
}

func block(height uint64) coffer.BlockRef {
	return coffer.BlockRef{Height: height, Hash: coffer.Hash{1, byte(height), byte(height >> 8)}}
}

// credit counts a deposit of an account.
func credit(id, account string, amount uint64, height uint64) ledger.Entry {
	n := coffer.NewAmount(amount)
	return ledger.Entry{ID: id, Kind: "deposit.credit", Resource: id, Chain: chain, Block: block(height), At: start, Postings: []ledger.Posting{
		ledger.Debit(custody, usdt, n), ledger.Credit(ledger.User(account, ledger.BucketPending), usdt, n),
	}}
}

// unlock makes a deposit spendable.
func unlock(id, account string, amount uint64, height uint64) ledger.Entry {
	n := coffer.NewAmount(amount)
	return ledger.Entry{ID: id, Kind: "deposit.unlock", Resource: id, Chain: chain, Block: block(height), At: start, Postings: []ledger.Posting{
		ledger.Debit(ledger.User(account, ledger.BucketPending), usdt, n), ledger.Credit(ledger.User(account, ledger.BucketAvailable), usdt, n),
	}}
}

// settle spends a hold of amount and fee.
func settle(id, account string, amount, fee uint64) ledger.Entry {
	return ledger.Entry{ID: id, Kind: "withdrawal.settle", Resource: id, At: start, Postings: []ledger.Posting{
		ledger.Debit(ledger.User(account, ledger.BucketHeld), usdt, coffer.NewAmount(amount+fee)),
		ledger.Credit(ledger.TransitWithdrawal, usdt, coffer.NewAmount(amount)),
		ledger.Credit(ledger.RevenueWithdrawFee, usdt, coffer.NewAmount(fee)),
	}}
}

func hold(id, account string, amount uint64) ledger.Hold {
	return ledger.Hold{ID: id, Account: account, Asset: usdt, Amount: coffer.NewAmount(amount)}
}

func wantCode(t interface {
	Helper()
	Fatalf(format string, args ...any)
}, err error, code coffer.Code) {
	t.Helper()
	if err == nil || coffer.ErrorCode(err) != code {
		t.Fatalf("got error %v, want %s", err, code)
	}
}

func TestDepositIsCountedThenSpendable(t *testing.T) {
	b := newBooks(t)

	b.post(credit("d1", alice, 100, 10), credit("d2", bob, 7, 10))
	b.wantBalance(alice, 0, 100, 0)
	b.post(unlock("u1", alice, 100, 12))
	b.wantBalance(alice, 100, 0, 0)
	b.wantBalance(bob, 0, 7, 0)
	b.wantHouse(custody, ledger.SideDebit, 107)
	b.wantHouse("custody:", ledger.SideDebit, 107)
	b.wantHouse("custody:hot:", ledger.SideDebit, 0)
	b.wantHouse("user:", ledger.SideCredit, 107)
	b.wantSound()
}

func TestSameEntryAgainChangesNothing(t *testing.T) {
	b := newBooks(t)
	b.post(credit("d1", alice, 100, 10))

	later := credit("d1", alice, 100, 10)
	later.At = start.Add(time.Hour)
	b.post(later, credit("d2", alice, 1, 11), credit("d2", alice, 1, 11))

	b.wantBalance(alice, 0, 101, 0)
	b.wantSound()
}

func TestSameIDWithOtherContentIsRefused(t *testing.T) {
	b := newBooks(t)
	b.post(credit("d1", alice, 100, 10))

	for name, e := range map[string]ledger.Entry{
		"amount":  credit("d1", alice, 99, 10),
		"account": credit("d1", bob, 100, 10),
		"block":   credit("d1", alice, 100, 11),
	} {
		err := b.tx(func(tx pgx.Tx) error { return b.Post(t.Context(), tx, credit("d9", bob, 1, 12), e) })
		if !errors.Is(err, ledger.ErrEntryConflict) {
			t.Errorf("another %s: got %v, want ErrEntryConflict", name, err)
		}
		wantCode(t, err, coffer.CodeIdempotency)
	}
	err := b.tx(func(tx pgx.Tx) error {
		return b.Post(t.Context(), tx, credit("d3", bob, 1, 12), credit("d3", bob, 2, 12))
	})
	if !errors.Is(err, ledger.ErrEntryConflict) {
		t.Errorf("twice in a batch: got %v, want ErrEntryConflict", err)
	}
	b.wantBalance(alice, 0, 100, 0)
	b.wantBalance(bob, 0, 0, 0)
}

func TestBalanceBelowZeroIsRefused(t *testing.T) {
	b := newBooks(t)
	b.post(credit("d1", alice, 100, 10))

	wantCode(t, b.tx(func(tx pgx.Tx) error { return b.Post(t.Context(), tx, unlock("u1", alice, 101, 12)) }), coffer.CodeInsufficient)
	wantCode(t, b.tx(func(tx pgx.Tx) error { return b.Post(t.Context(), tx, unlock("u2", bob, 1, 12)) }), coffer.CodeInsufficient)
	b.wantBalance(alice, 0, 100, 0)
	b.wantSound()
}

func TestMalformedEntriesAreRefused(t *testing.T) {
	b := newBooks(t)
	bad := map[string]func(e *ledger.Entry){
		"no id":             func(e *ledger.Entry) { e.ID = "" },
		"id of our own":     func(e *ledger.Entry) { e.ID = "hold:x" },
		"no kind":           func(e *ledger.Entry) { e.Kind = "" },
		"no time":           func(e *ledger.Entry) { e.At = time.Time{} },
		"nul byte":          func(e *ledger.Entry) { e.Resource = "a\x00b" },
		"reverses":          func(e *ledger.Entry) { e.Reverses = "d1" },
		"block, no chain":   func(e *ledger.Entry) { e.Chain = "" },
		"height, no hash":   func(e *ledger.Entry) { e.Block.Hash = coffer.Hash{} },
		"no postings":       func(e *ledger.Entry) { e.Postings = nil },
		"unbalanced":        func(e *ledger.Entry) { e.Postings[0].Amount = coffer.NewAmount(2) },
		"two assets":        func(e *ledger.Entry) { e.Postings[0].Asset = ether },
		"amount of zero":    func(e *ledger.Entry) { e.Postings[0].Amount, e.Postings[1].Amount = coffer.Amount{}, coffer.Amount{} },
		"no side":           func(e *ledger.Entry) { e.Postings[0].Side = "" },
		"unknown account":   func(e *ledger.Entry) { e.Postings[0].Account = "custody:warmish:0x1" },
		"prefix as account": func(e *ledger.Entry) { e.Postings[0].Account = "custody:hot:" },
		"unknown bucket":    func(e *ledger.Entry) { e.Postings[1].Account = "user:x:spent" },
		"held without hold": func(e *ledger.Entry) { e.Postings[1].Account = "user:x:held" },
	}
	for name, spoil := range bad {
		e := credit("d1", alice, 1, 10)
		spoil(&e)
		err := b.tx(func(tx pgx.Tx) error { return b.Post(t.Context(), tx, e) })
		if coffer.ErrorCode(err) != coffer.CodeInvalid {
			t.Errorf("%s: got %v, want %s", name, err, coffer.CodeInvalid)
		}
	}
	b.wantBalance(alice, 0, 0, 0)
}

func TestAmountsUpTo256BitsAreKept(t *testing.T) {
	b := newBooks(t)
	most, err := coffer.ParseAmount("115792089237316195423570985008687907853269984665640564039457584007913129639935")
	if err != nil {
		t.Fatal(err)
	}
	e := credit("d1", alice, 1, 10)
	e.Postings[0].Amount, e.Postings[1].Amount = most, most
	b.post(e)
	if got := b.balance(alice).Pending; got != most {
		t.Fatalf("pending is %s, want %s", got, most)
	}
	b.post(credit("d2", bob, 1_000_000_000_000_000_000, 10))
	b.wantBalance(bob, 0, 1_000_000_000_000_000_000, 0)
	b.wantSound()
}

func TestBooksAreReadAsOfATimeAndABlock(t *testing.T) {
	b := newBooks(t)
	first, second := credit("d1", alice, 100, 10), credit("d2", alice, 20, 15)
	second.At = start.Add(time.Hour)
	b.post(first, second)
	b.must(func(tx pgx.Tx) error {
		return b.Reverse(t.Context(), tx, "d2", "r2", "deposit.reverse", block(16), start.Add(2*time.Hour))
	})

	for _, c := range []struct {
		at   time.Duration
		want uint64
	}{{-time.Second, 0}, {0, 100}, {time.Hour, 120}, {2 * time.Hour, 100}} {
		got, err := b.AsOf(t.Context(), custody, usdt, start.Add(c.at))
		if err != nil || got.Amount != coffer.NewAmount(c.want) {
			t.Errorf("after %s: %v %v, want %d", c.at, got, err, c.want)
		}
	}
	for _, c := range []struct{ height, want uint64 }{{9, 0}, {10, 100}, {15, 100}, {99, 100}} {
		got, err := b.AsOfBlock(t.Context(), "custody:", usdt, chain, c.height)
		if err != nil || got.Amount != coffer.NewAmount(c.want) {
			t.Errorf("block %d: %v %v, want %d", c.height, got, err, c.want)
		}
	}
}
