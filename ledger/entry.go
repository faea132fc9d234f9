package ledger

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/cofferhq/coffer"
)

// Side is where a posting stands in its account.
type Side string

// The sides. A debit adds to assets and expenses; a credit adds to what we owe users, to
// suspense, revenue and equity.
const (
	SideDebit  Side = "debit"
	SideCredit Side = "credit"
)

// Posting is one line of an entry. Amount is above zero.
type Posting struct {
	Account string
	Asset   coffer.AssetID
	Side    Side
	Amount  coffer.Amount
}

// Debit makes a debit of an account.
func Debit(account string, asset coffer.AssetID, amount coffer.Amount) Posting {
	return Posting{Account: account, Asset: asset, Side: SideDebit, Amount: amount}
}

// Credit makes a credit of an account.
func Credit(account string, asset coffer.AssetID, amount coffer.Amount) Posting {
	return Posting{Account: account, Asset: asset, Side: SideCredit, Amount: amount}
}

// Entry is a balanced set of postings.
//
// ID is the caller's idempotency key (at most 180 bytes). Kind says what happened
// ("deposit.credit"), Resource to what (a deposit's id). Chain and Block name the block
// that caused it, both empty when none did. Reverses is the id of the entry undone; only
// the ledger sets it, see Reverse. At is when it happened, kept to the microsecond; it
// takes no part in telling two entries with the same ID apart, so that a retry may carry
// a later time.
type Entry struct {
	ID       string
	Kind     string
	Resource string
	Chain    coffer.ChainID
	Block    coffer.BlockRef
	Reverses string
	At       time.Time
	Postings []Posting
}

// Bounds of what is written at once.
const (
	MaxPostings = 1000  // in an entry
	MaxBatch    = 5000  // entries in a call
	maxIDBytes  = 180   // of the caller; the ledger's own ids put a prefix before it
	maxKind     = 64    // bytes
	maxResource = 200   // bytes
	maxAsset    = 200   // bytes
	maxChain    = 64    // bytes
	maxLines    = 20000 // postings in a call
)

// ErrEntryConflict says that the id of an entry belongs to an entry with other content.
// It is the cause of a coffer.Error with CodeIdempotency.
var ErrEntryConflict = errors.New("the entry's id belongs to an entry with other content")

// check holds an entry to what the tables accept, and to zero in each asset.
func (e Entry) check() error {
	for _, f := range []struct {
		name, value string
		least, most int
	}{
		{"id", e.ID, 1, maxIDBytes + len(prefixVoid) + len(prefixExpire)},
		{"kind", e.Kind, 1, maxKind},
		{"resource", e.Resource, 0, maxResource},
		{"chain", string(e.Chain), 0, maxChain},
		{"reverses", e.Reverses, 0, 200},
	} {
		if len(f.value) < f.least || len(f.value) > f.most || strings.ContainsRune(f.value, 0) {
			return coffer.Invalid(f.name, "entry %.80q: want %d to %d bytes", e.ID, f.least, f.most)
		}
	}
	if e.At.IsZero() {
		return coffer.Invalid("at", "entry %q has no time", e.ID)
	}
	if e.hasBlock() && e.Chain == "" {
		return coffer.Invalid("chain", "entry %q names a block but no chain", e.ID)
	}
	if e.Block.Height > 1<<62 || (e.Block.Height > 0 && e.Block.Hash.IsZero()) {
		return coffer.Invalid("block", "entry %q: want height and hash of a block, or neither", e.ID)
	}
	return e.checkPostings()
}

func (e Entry) hasBlock() bool { return e.Block != coffer.BlockRef{} }

func (e Entry) checkPostings() error {
	if len(e.Postings) < 2 || len(e.Postings) > MaxPostings {
		return coffer.Invalid("postings", "entry %q: want 2 to %d postings", e.ID, MaxPostings)
	}
	sums := make(map[coffer.AssetID]*big.Int, 1)
	for _, p := range e.Postings {
		if err := p.check(); err != nil {
			return fmt.Errorf("entry %q: %w", e.ID, err)
		}
		if sums[p.Asset] == nil {
			sums[p.Asset] = new(big.Int)
		}
		sums[p.Asset].Add(sums[p.Asset], p.signed())
	}
	for asset, sum := range sums {
		if sum.Sign() != 0 {
			return coffer.Invalid("postings", "entry %q does not sum to zero in %s", e.ID, asset)
		}
	}
	return nil
}

func (p Posting) check() error {
	if err := checkCode(p.Account); err != nil {
		return &coffer.Error{Code: coffer.CodeInvalid, Field: "account", Message: fmt.Sprintf("account %.160q", p.Account), Cause: err}
	}
	if p.Asset == "" || len(p.Asset) > maxAsset || strings.ContainsRune(string(p.Asset), 0) {
		return coffer.Invalid("asset", "want an asset of at most %d bytes", maxAsset)
	}
	if p.Side != SideDebit && p.Side != SideCredit {
		return coffer.Invalid("side", "side %.20q: want debit or credit", p.Side)
	}
	if p.Amount.IsZero() {
		return coffer.Invalid("amount", "a posting of zero to %s", p.Account)
	}
	return nil
}
