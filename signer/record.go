package signer

import (
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
)

// Kinds of records.
const (
	kindOpened   = "opened"   // the first one: whose log this is
	kindPayout   = "payout"   // digests of a payout are about to be signed
	kindExecutor = "executor" // an executor's transaction is about to be signed
	kindSlot     = "slot"     // a slot has ended, as this signer saw by itself
	kindRevoked  = "revoked"  // an order is never to be signed
	kindCommand  = "command"  // people said: pause, resume, reset
	kindCut      = "cut"      // the log was seen longer than it is, or other than it is
)

// record is one line of the log: the kind names which body is set.
type record struct {
	Sequence uint64      `json:"seq"`
	Previous coffer.Hash `json:"prev"`
	At       time.Time   `json:"at"`
	Kind     string      `json:"kind"`

	Opened   *openedRecord   `json:"opened,omitempty"`
	Payout   *payoutRecord   `json:"payout,omitempty"`
	Executor *executorRecord `json:"executor,omitempty"`
	Slot     *slotRecord     `json:"slot,omitempty"`
	Revoked  *revokedRecord  `json:"revoked,omitempty"`
	Command  *commandRecord  `json:"command,omitempty"`
	Cut      *cutRecord      `json:"cut,omitempty"`
}

type openedRecord struct {
	Signer string `json:"signer"`
}

// payoutRecord is what a payout's signatures commit to. FeeBound is the intent's: any
// variant in the slot up to it may be signed.
type payoutRecord struct {
	Payout      string         `json:"payout"`
	Intent      coffer.Hash    `json:"intent"`
	Chain       coffer.ChainID `json:"chain"`
	Wallet      coffer.Address `json:"wallet"`
	Slot        coffer.Slot    `json:"slot"`
	Orders      []orderRecord  `json:"orders"`
	Sweeps      coffer.Hash    `json:"sweeps,omitzero"`      // of the list; none in a payout of orders
	Cancel      bool           `json:"cancel,omitzero"`      // pays nothing, so that nothing else is paid in the slot
	Consolidate bool           `json:"consolidate,omitzero"` // pays coins of the wallet to the wallet
	Lends       bool           `json:"lends,omitzero"`       // to a deposit address
	Native      coffer.AssetID `json:"native"`
	FeeBound    coffer.Amount  `json:"feeBound"`
	ValidUntil  time.Time      `json:"validUntil"`
	Digests     []coffer.Hash  `json:"digests"`
	IDs         []coffer.Hash  `json:"ids,omitempty"` // what it will be known by on the chain
	Policy      coffer.Hash    `json:"policy"`

	// Stated is the whole intent, from which a coordinator that lost it makes it again.
	Stated *coffer.Intent `json:"stated,omitempty"`
}

type orderRecord struct {
	ID      string         `json:"id"`
	Hash    coffer.Hash    `json:"hash"`
	Tenant  string         `json:"tenant"`
	Account string         `json:"account"`
	Asset   coffer.AssetID `json:"asset"`
	Amount  coffer.Amount  `json:"amount"`

	Destination coffer.Address `json:"destination,omitempty"`
	Memo        string         `json:"memo,omitempty"`
	FeeCap      coffer.Amount  `json:"feeCap"`
	Expires     time.Time      `json:"expires"`
}

// slotRecord is how a slot ended, with what shows it: the final block that was read, and
// the block and the operation that consumed the slot, where something did. Time is of the
// block that decides.
type slotRecord struct {
	Chain  coffer.ChainID  `json:"chain"`
	Wallet coffer.Address  `json:"wallet"`
	Slot   coffer.Slot     `json:"slot"`
	End    string          `json:"end"`
	Final  coffer.BlockRef `json:"final"`
	Block  coffer.BlockRef `json:"block"`
	Time   time.Time       `json:"time"`
	By     coffer.Hash     `json:"by"`
}

type executorRecord struct {
	Chain  coffer.ChainID `json:"chain"`
	Nonce  uint64         `json:"nonce"`
	Fee    coffer.Amount  `json:"fee"`            // the most it can cost, native base units
	Value  coffer.Amount  `json:"value,omitzero"` // what it moves to another account of ours
	Digest coffer.Hash    `json:"digest"`
}

type revokedRecord struct {
	ID     string      `json:"id"`
	Hash   coffer.Hash `json:"hash"`
	Reason string      `json:"reason"`
}

// commandRecord is a statement of people that the policy of its time let them make.
type commandRecord struct {
	policy.Command
	People []string `json:"people"`
}

// cutRecord is a record that others saw and the log does not have.
type cutRecord struct {
	Sequence uint64      `json:"sequence"`
	Head     coffer.Hash `json:"head"`
}

func payoutRecordOf(r coffer.SigningRequest, e coffer.Effects, ids []coffer.Hash, native coffer.AssetID, policyHash coffer.Hash) record {
	p := payoutRecord{
		Payout: r.Intent.ID, Intent: r.Intent.Hash(), Chain: r.Intent.Chain, Wallet: r.Intent.Wallet, Slot: r.Intent.Slot,
		Sweeps: sweepsHash(r.Intent), Cancel: r.Intent.Purpose == coffer.PurposeCancel, Consolidate: r.Intent.Purpose == coffer.PurposeConsolidate, Lends: lends(r.Intent),
		Native: native, FeeBound: r.Intent.FeeBound, ValidUntil: e.ValidUntil.UTC(), Digests: e.Digests, IDs: ids, Policy: policyHash,
		Stated: &r.Intent,
	}
	for _, o := range r.Orders {
		p.Orders = append(p.Orders, orderRecord{
			ID: o.ID, Hash: o.Hash(), Tenant: o.Tenant, Account: o.Account, Asset: o.Asset, Amount: o.Amount,
			Destination: o.Destination, Memo: o.Memo, FeeCap: o.FeeCap, Expires: o.Expires.UTC().Truncate(time.Second),
		})
	}
	return record{Kind: kindPayout, Payout: &p}
}
