package coffer

import "time"

// DepositState is where a deposit is in its life:
//
//	observed → confirming → credited → unlocked
//	    ↘ orphaned    ↙         ↓         ↓
//	   (in a forked block)   reversed ← (forked after credit)
//
// aside: review, rejected, dust, unsupported, missing_memo, refunded. A deposit that was
// orphaned or reversed comes back to observed when its transaction is included again.
type DepositState string

// States of a deposit.
const (
	DepositObserved    DepositState = "observed"
	DepositConfirming  DepositState = "confirming"
	DepositCredited    DepositState = "credited"
	DepositUnlocked    DepositState = "unlocked"
	DepositReview      DepositState = "review"
	DepositRejected    DepositState = "rejected"
	DepositOrphaned    DepositState = "orphaned"
	DepositReversed    DepositState = "reversed"
	DepositDust        DepositState = "dust"
	DepositUnsupported DepositState = "unsupported"
	DepositMissingMemo DepositState = "missing_memo"
	DepositRefunded    DepositState = "refunded"
)

// DepositMoves is the one table of a deposit's moves; SQL checks the same.
var DepositMoves = Moves[DepositState]{
	DepositObserved:    {DepositConfirming, DepositCredited, DepositOrphaned, DepositReview, DepositDust, DepositUnsupported, DepositMissingMemo},
	DepositConfirming:  {DepositCredited, DepositOrphaned, DepositReview},
	DepositCredited:    {DepositUnlocked, DepositReversed, DepositReview},
	DepositUnlocked:    {DepositReversed},
	DepositReview:      {DepositCredited, DepositUnlocked, DepositRejected, DepositOrphaned, DepositReversed},
	DepositRejected:    {DepositRefunded, DepositReversed},
	DepositOrphaned:    {DepositObserved},
	DepositReversed:    {DepositObserved},
	DepositDust:        {DepositOrphaned, DepositReversed},
	DepositUnsupported: {DepositOrphaned, DepositReversed},
	DepositMissingMemo: {DepositCredited, DepositOrphaned, DepositReversed, DepositRefunded},
	DepositRefunded:    {},
}

// Deposit is a transfer to an account's address. Its identity is (chain, tx, ref).
type Deposit struct {
	ID            string       `json:"id"`
	Tenant        string       `json:"tenant"`
	Account       string       `json:"account"`
	Chain         ChainID      `json:"chain"`
	Asset         AssetID      `json:"asset"`
	Tx            Hash         `json:"tx"`
	Ref           string       `json:"ref"`
	Address       Address      `json:"address"`
	From          Address      `json:"from"`
	Amount        Amount       `json:"amount"`
	Block         BlockRef     `json:"block"`
	Confirmations uint64       `json:"confirmations"`
	State         DepositState `json:"state"`
	Reason        string       `json:"reason,omitempty"`
	Sequence      uint64       `json:"sequence"` // of its events
	CreatedAt     time.Time    `json:"createdAt"`
	UpdatedAt     time.Time    `json:"updatedAt"`
}

// Kinds of proofs of a deposit address.
const (
	ProofCreate2    = "create2"    // the address is a contract (EIP-1014)
	ProofDescriptor = "descriptor" // the address is a script of the wallet's descriptor (BIP-380)
	ProofKey        = "key"        // the address is of a child of the extended public key in Descriptor (BIP-32)
)

// AddressProof is what a deposit address is made of, so that whoever knows the vault can
// compute the address again and see that it pays the vault and nobody else:
//
//	address = keccak256(0xff ‖ factory ‖ salt ‖ initCodeHash)[12:]
//
// The factory's address commits to its code and its vault, initCodeHash follows from the
// factory, and the salt from tenant and account (DepositSalt). On UTXO chains it is the
// script of Descriptor, the wallet's own with its checksum, at Path.
type AddressProof struct {
	Kind         string  `json:"kind"`
	Address      Address `json:"address"`
	Factory      Address `json:"factory"`
	Salt         Hash    `json:"salt"`
	InitCodeHash Hash    `json:"initCodeHash"`
	Vault        Address `json:"vault"`
	Descriptor   string  `json:"descriptor,omitempty"`
	Path         string  `json:"path,omitempty"`
}

// DepositSalt is what the deposit addresses of an account are derived from, the same on
// every chain.
func DepositSalt(tenant, account string) Hash {
	return RequestHash("deposit-address", tenant, account)
}
