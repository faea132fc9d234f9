package coffer

import (
	"context"
	"time"
)

// Address is where money can be on one chain, in that chain's canonical text: EIP-55 on
// EVM, bech32 or base58check elsewhere. Only a Source makes one out of foreign text.
type Address string

// BlockRef names a block by height and hash.
type BlockRef struct {
	Height uint64 `json:"height"`
	Hash   Hash   `json:"hash"`
}

// Head is how far a chain has come, as a node sees it. Final is zero while the chain has
// no final block yet.
type Head struct {
	Latest BlockRef `json:"latest"`
	Final  BlockRef `json:"final"`
}

// Header is what following a chain needs of a block.
type Header struct {
	BlockRef
	Parent Hash      `json:"parent"`
	Time   time.Time `json:"time"`
}

// Transfer is one movement of one asset inside one transaction, as a block reports it.
//
// Ref is its place inside the transaction ("log:2" counts from the transaction's first
// log; "trace:0" is the top-level call; "vout:1" is a transaction's second output), because
// an EVM logIndex counts in the block and moves when a reorganisation re-includes the
// transaction. From is empty where a transaction has no one sender (UTXO). Maturity is how
// many confirmations the chain itself asks for before anybody can spend it, 100 for what a
// miner earned, zero elsewhere. An Amount of zero moves nothing, and who looks for money leaves
// it out; of a token whose transactions can be in a block and be invalid (OMNI) it says that
// this one certainly was.
type Transfer struct {
	Asset  AssetID `json:"asset"`
	Tx     Hash    `json:"tx"`
	Ref    string  `json:"ref"`
	From   Address `json:"from"`
	To     Address `json:"to"`
	Amount Amount  `json:"amount"`
	Memo   string  `json:"memo,omitempty"`

	Maturity uint64 `json:"maturity,omitempty"`
}

// Outcome is how a transaction or a user operation ended in a block.
//
// ID is what an Attempt is known by. Sender is whose slot was consumed. Fee is what
// Sender paid, in the chain's native base units. FirstLog and EndLog bound the logs
// that belong to it, as ordinals inside Tx, end exclusive. Of a Safe transaction the chain
// does not tell the nonce: the sequence of a SlotSafe means nothing here, ID commits to it.
type Outcome struct {
	ID       Hash    `json:"id"`
	Tx       Hash    `json:"tx"`
	Sender   Address `json:"sender"`
	Slot     Slot    `json:"slot"`
	Success  bool    `json:"success"`
	Fee      Amount  `json:"fee"`
	FirstLog uint32  `json:"firstLog"`
	EndLog   uint32  `json:"endLog"`
	Reason   string  `json:"reason,omitempty"`
	Cost     Cost    `json:"cost,omitzero"` // of what Fee is made, where the chain says so
}

// ReasonOutOfEnergy is in the Reason of an outcome that failed because the fees that were allowed
// for it did not pay for the call: the payment itself may be good (TRON).
const ReasonOutOfEnergy = "OUT_OF_ENERGY"

// GasDeposit is native money that became the gas money of an account in the EntryPoint
// (ERC-4337). It is a Transfer to the EntryPoint too, with the same Ref. From paid it.
type GasDeposit struct {
	Tx      Hash    `json:"tx"`
	Ref     string  `json:"ref"`
	From    Address `json:"from"`
	Account Address `json:"account"`
	Amount  Amount  `json:"amount"`
}

// Block is a block that proved itself against its hash, with what it did.
type Block struct {
	Header
	Transfers   []Transfer   `json:"transfers"`
	Outcomes    []Outcome    `json:"outcomes"`
	GasDeposits []GasDeposit `json:"gasDeposits,omitempty"`
	Spends      []Spend      `json:"spends,omitempty"` // every input, on UTXO chains
	Raw         []byte       `json:"-"`                // as the node gave it, for the archive
}

// Block event kinds.
const (
	BlockConnected    = "connected"
	BlockDisconnected = "disconnected"
)

// BlockEvent is the only thing an indexer says: a block joined or left the canonical
// chain. Sequence counts events of a chain from 1 without gaps; Epoch is the writer's
// lease. Final is the chain's final height as known at the time.
type BlockEvent struct {
	Chain    ChainID `json:"chain"`
	Sequence uint64  `json:"sequence"`
	Epoch    uint64  `json:"epoch"`
	Kind     string  `json:"kind"`
	Final    uint64  `json:"final"`
	Block    Block   `json:"block"`
}

// Source reads one chain. Content is addressed by block hash; a node's answer is checked
// against the header it claims.
type Source interface {
	ID() ChainID
	// ParseAddress returns the canonical form of foreign text, checksum checked.
	ParseAddress(s string) (Address, error)
	// Head is the latest and final block as the node sees them.
	Head(ctx context.Context) (Head, error)
	// Header is the canonical header at a height, or ErrNotFound above the head.
	Header(ctx context.Context, height uint64) (Header, error)
	// Block is the verified content of a block, or ErrNotFound.
	Block(ctx context.Context, hash Hash) (Block, error)
}
