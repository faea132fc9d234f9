package deposit

import (
	"encoding/json"
	"fmt"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/depositsql"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/stream"
)

// book collects the entry that each deposit's new state asks for. Entries name the
// deposit's own block, whichever block made it deep enough.
func (c *change) book(deposits []depositsql.Deposit, postings func(d depositsql.Deposit) (debit, credit string)) {
	for _, d := range deposits {
		debit, credit := postings(d)
		c.bookAs(d, d.State, fmt.Sprintf("%s/%s/%d", d.ID, d.State, d.Inclusion), debit, credit)
	}
}

// bookAs collects one entry about a deposit. It is undone when the deposit's block leaves.
func (c *change) bookAs(d depositsql.Deposit, what, id, debit, credit string) {
	asset := coffer.AssetID(d.Asset)
	c.entries = append(c.entries, ledger.Entry{
		ID: id, Kind: "deposit." + what, Resource: d.ID, Chain: c.chain.ID, Block: blockOf(d), At: c.at,
		Postings: []ledger.Posting{ledger.Debit(debit, asset, d.Amount), ledger.Credit(credit, asset, d.Amount)},
	})
	c.blocks = append(c.blocks, d.BlockHash[:])
}

func creditEntry(d depositsql.Deposit) (debit, credit string) {
	return ledger.PrefixCustodyDeposit + d.Address, ledger.User(d.Account, ledger.BucketPending)
}

func unlockEntry(d depositsql.Deposit) (debit, credit string) {
	return ledger.User(d.Account, ledger.BucketPending), ledger.User(d.Account, ledger.BucketAvailable)
}

func asideEntry(d depositsql.Deposit) (debit, credit string) {
	debit = ledger.PrefixCustodyDeposit + d.Address
	switch coffer.DepositState(d.State) {
	case coffer.DepositDust:
		return debit, ledger.SuspenseDust
	case coffer.DepositUnsupported:
		return debit, ledger.SuspenseUnsupported
	case coffer.DepositMissingMemo:
		return debit, ledger.SuspenseMissingMemo
	default:
		return debit, ledger.User(d.Account, ledger.BucketReview)
	}
}

// tell collects an event for each deposit that entered a state.
func (c *change) tell(deposits []depositsql.Deposit) error {
	for _, d := range deposits {
		body, err := json.Marshal(depositOf(d, &c.height))
		if err != nil {
			return fmt.Errorf("encode deposit %s: %w", d.ID, err)
		}
		event := coffer.Event{
			ID: coffer.DeriveID("evt", d.ID, fmt.Sprint(d.Sequence)), Type: coffer.EventDeposit, State: d.State,
			Tenant: d.Tenant, Account: d.Account, Resource: d.ID, Sequence: uint64(d.Sequence), At: c.at, Body: body, // #nosec G115 -- above zero in the table
		}
		value, err := json.Marshal(event)
		if err != nil {
			return fmt.Errorf("encode event of %s: %w", d.ID, err)
		}
		c.events = append(c.events, stream.Record{Key: d.ID, Value: value})
	}
	return nil
}

func blockOf(d depositsql.Deposit) coffer.BlockRef {
	return coffer.BlockRef{Height: uint64(d.Height), Hash: d.BlockHash} // #nosec G115 -- not negative in the table
}

// depositOf is a row as others see it, while the chain's tip is at a height, nil for none.
func depositOf(d depositsql.Deposit, tip *int64) coffer.Deposit {
	state := coffer.DepositState(d.State)
	var confirmations uint64
	if gone := state == coffer.DepositOrphaned || state == coffer.DepositReversed; !gone && tip != nil && *tip >= d.Height {
		confirmations = uint64(*tip-d.Height) + 1 // #nosec G115 -- not negative
	}
	return coffer.Deposit{
		ID: d.ID, Tenant: d.Tenant, Account: d.Account, Chain: coffer.ChainID(d.Chain), Asset: coffer.AssetID(d.Asset),
		Tx: d.Tx, Ref: d.Ref, Address: coffer.Address(d.Address), From: coffer.Address(d.Sender), Amount: d.Amount,
		Block: blockOf(d), Confirmations: confirmations, State: state, Reason: d.Reason,
		Sequence: uint64(d.Sequence), CreatedAt: d.CreatedAt.UTC(), UpdatedAt: d.UpdatedAt.UTC(), // #nosec G115 -- above zero
	}
}
