package coffer

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Payment is one movement that a transaction of ours makes.
type Payment struct {
	Asset  AssetID `json:"asset"`
	To     Address `json:"to"`
	Memo   string  `json:"memo,omitempty"`
	Amount Amount  `json:"amount"`
}

// Slot is what makes attempts exclude each other: at most one transaction ever lands in
// a slot of a wallet.
//
// Kind says whose counter it is; Lane which of several (the EntryPoint key in hex
// without leading zeros, "0x0"); Sequence the place in the lane. A coin can be spent once:
// its slot has the CoinID as lane, and sequence 0. On TRON nothing but its own end excludes a
// transaction: its slot is the second of its timestamp, which the chain does not check, and
// Lane one of 1000 beside each other ("0x0").
type Slot struct {
	Kind     string `json:"kind"`
	Lane     string `json:"lane,omitempty"`
	Sequence uint64 `json:"sequence"`
}

// Kinds of slots.
const (
	SlotEntryPoint = "entrypoint" // ERC-4337: nonce = key<<64 | sequence
	SlotSafe       = "safe"       // Safe nonce
	SlotNonce      = "nonce"      // nonce of an externally owned account
	SlotCoin       = "coin"       // a confirmed coin that every attempt spends (UTXO)
	SlotTimestamp  = "timestamp"  // timestamp of a transaction, which dies at its expiration (TRON)
)

// Endless reports whether what is signed for the slot never dies by itself: only a transaction
// in the slot is its end.
func (s Slot) Endless() bool { return s.Kind == SlotSafe || s.Kind == SlotCoin }

// Single reports whether the slot is that of one transaction alone: another one, of the same
// payments even, would land beside it and not in its place.
func (s Slot) Single() bool { return s.Kind == SlotTimestamp }

// String writes kind/lane/sequence.
func (s Slot) String() string {
	return s.Kind + "/" + s.Lane + "/" + strconv.FormatUint(s.Sequence, 10)
}

// ParseSlot reads what String writes.
func ParseSlot(text string) (Slot, error) {
	parts := strings.Split(text, "/")
	if len(parts) != 3 || parts[0] == "" {
		return Slot{}, fmt.Errorf("slot %.120q: want kind/lane/sequence", text)
	}
	seq, err := strconv.ParseUint(parts[2], 10, 64)
	if err != nil {
		return Slot{}, fmt.Errorf("slot %.120q: sequence: %w", text, err)
	}
	return Slot{Kind: parts[0], Lane: parts[1], Sequence: seq}, nil
}

// Paths a payout can take.
const (
	PathUserOp = "userop" // ERC-4337 user operation through a bundler
	PathExec   = "exec"   // Safe execTransaction by an executor
	PathPSBT   = "psbt"   // partially signed Bitcoin transaction (BIP-174)
	PathTRON   = "tron"   // transaction of a TRON account, signed by the keys of a permission
)

// Purposes of a payout.
const (
	PurposeOrders = "orders"
	PurposeSweep  = "sweep"
	PurposeRefill = "refill"
	PurposeCancel = "cancel"

	// PurposeConsolidate makes one coin of many, while fees are low (UTXO).
	PurposeConsolidate = "consolidate"

	// PurposeDelegate lends energy or bandwidth to an address, or takes it back (TRON).
	PurposeDelegate = "delegate"
)

// Sweep moves all that a deposit address holds of one asset to the vault, which is part of
// what the address is derived from. Salt is the rest of it.
type Sweep struct {
	Forwarder Address `json:"forwarder"`
	Salt      Hash    `json:"salt"`
	Asset     AssetID `json:"asset"`
}

// Resources of a Delegation.
const (
	ResourceEnergy    = "energy"
	ResourceBandwidth = "bandwidth"
	ResourceAccount   = "account" // the account itself, which is made; without an amount, and for good
)

// Delegation lends to an address what so much stake of the wallet gives of a resource (TRON).
// It is never locked. Back takes it back. Path is where the key of a deposit address is, "0/7",
// and empty for other addresses.
type Delegation struct {
	To       Address `json:"to"`
	Path     string  `json:"path,omitempty"`
	Resource string  `json:"resource"`
	Amount   Amount  `json:"amount"` // of the stake, sun
	Back     bool    `json:"back,omitempty"`
}

// Intent is the canonical statement of a payout: ONE transaction from one wallet. Orders
// and Payments are parallel when Purpose is orders: payment i pays order i. Sweeps are what
// a payout does whose Purpose is sweep, which has no orders and no payments; one whose
// Purpose is cancel has none of them, and only uses its slot up. Delegations are what one whose
// Purpose is delegate does. FeeBound is the most native
// base units that may be spent on fees, over all attempts any one of which may land: by the
// wallet on PathUserOp, PathPSBT and PathTRON, by the executor on PathExec.
//
// On PathPSBT, Coins are what is set aside for the payout. The first is the anchor, which
// every attempt spends and the slot names; an attempt may leave others out. What is left over
// goes to the wallet's own address at Change, a path like Coin.Path.
type Intent struct {
	ID       string    `json:"id"`
	Chain    ChainID   `json:"chain"`
	Wallet   Address   `json:"wallet"`
	Path     string    `json:"path"`
	Slot     Slot      `json:"slot"`
	Purpose  string    `json:"purpose"`
	Orders   []Hash    `json:"orders,omitempty"`
	Payments []Payment `json:"payments"`
	Sweeps   []Sweep   `json:"sweeps,omitempty"`
	Coins    []Coin    `json:"coins,omitempty"`
	Change   string    `json:"change,omitempty"`
	FeeBound Amount    `json:"feeBound"`
	Expires  time.Time `json:"expires"`

	Delegations []Delegation `json:"delegations,omitempty"`
}

// Hash is the identity of the intent's content. Expires counts in whole seconds.
func (i Intent) Hash() Hash {
	c := newCanonical("coffer/intent/v1")
	c.str(i.ID)
	c.str(string(i.Chain))
	c.str(string(i.Wallet))
	c.str(i.Path)
	c.str(i.Slot.String())
	c.str(i.Purpose)
	c.uint(uint64(len(i.Orders)))
	for _, order := range i.Orders {
		c.bytes(order[:])
	}
	c.uint(uint64(len(i.Payments)))
	for _, p := range i.Payments {
		c.str(string(p.Asset))
		c.str(string(p.To))
		c.str(p.Memo)
		c.amount(p.Amount)
	}
	c.amount(i.FeeBound)
	c.uint(unixSeconds(i.Expires))
	if len(i.Sweeps) > 0 { // a part of its own at the end: intents without it keep their hash
		c.str("sweeps")
		c.sweeps(i.Sweeps)
	}
	if len(i.Coins) > 0 || i.Change != "" { // likewise
		c.str("coins")
		c.uint(uint64(len(i.Coins)))
		for _, coin := range i.Coins {
			c.str(string(coin.ID))
			c.str(string(coin.Address))
			c.str(coin.Path)
			c.amount(coin.Amount)
		}
		c.str(i.Change)
	}
	if len(i.Delegations) > 0 { // likewise
		c.str("delegations")
		c.uint(uint64(len(i.Delegations)))
		for _, d := range i.Delegations {
			c.str(string(d.To))
			c.str(d.Path)
			c.str(d.Resource)
			c.amount(d.Amount)
			c.str(strconv.FormatBool(d.Back))
		}
	}
	return c.sum()
}

// SweepsHash is the identity of a list of sweeps.
func SweepsHash(sweeps []Sweep) Hash {
	c := newCanonical("coffer/sweeps/v1")
	c.sweeps(sweeps)
	return c.sum()
}

func (c canonical) sweeps(sweeps []Sweep) {
	c.uint(uint64(len(sweeps)))
	for _, s := range sweeps {
		c.str(string(s.Forwarder))
		c.bytes(s.Salt[:])
		c.str(string(s.Asset))
	}
}

// Unsigned is a transaction ready to be signed. Bytes are in the chain family's own
// format, named by Format; only that family's Explainer reads them.
type Unsigned struct {
	Chain   ChainID `json:"chain"`
	Wallet  Address `json:"wallet"`
	Path    string  `json:"path"`
	Format  string  `json:"format"` // for example "userop/v0.7"
	Attempt uint32  `json:"attempt"`
	Bytes   []byte  `json:"bytes"`
}

// Effects is everything an unsigned transaction would do, read from its bytes alone.
type Effects struct {
	Chain      ChainID   `json:"chain"`
	Wallet     Address   `json:"wallet"`
	Path       string    `json:"path"`
	Slot       Slot      `json:"slot"`
	Payments   []Payment `json:"payments"`
	Sweeps     []Sweep   `json:"sweeps,omitempty"`
	Coins      []Coin    `json:"coins,omitempty"`  // what it spends, the anchor first
	Change     string    `json:"change,omitempty"` // path of the wallet's own address that gets the rest; empty without a rest
	FeeBound   Amount    `json:"feeBound"`         // most the wallet can lose to fees, native base units
	ValidUntil time.Time `json:"validUntil"`
	Digests    []Hash    `json:"digests"` // what each owner has to sign, on UTXO one for each coin

	Delegations []Delegation `json:"delegations,omitempty"`
}

// Signature is one key's signature over one digest. Key is the signing key in the
// chain's address form, on UTXO the key of the wallet's descriptor, whose children sign;
// Bytes in the form the chain's Finalize expects (EVM: r‖s‖v, v 27 or 28; TRON: likewise, or v
// 0 or 1; UTXO: DER and the sighash type).
type Signature struct {
	Signer string `json:"signer"` // the signer process's name
	Key    string `json:"key"`
	Digest Hash   `json:"digest"`
	Bytes  []byte `json:"bytes"`
}

// Signed is a transaction ready to be sent. Its ID is known before it is sent and is
// what Outcomes name.
type Signed struct {
	ID    Hash   `json:"id"`
	Bytes []byte `json:"bytes"`
}

// Attempt is one variant of a payout in its slot, as it was stored.
type Attempt struct {
	Number   uint32    `json:"number"`
	At       time.Time `json:"at"` // when it was built
	Unsigned Unsigned  `json:"unsigned"`
	Signed   *Signed   `json:"signed,omitempty"`
	Cancels  bool      `json:"cancels,omitempty"` // it pays nothing and uses the slot up
}

// What a Wallet may say about a transaction that it was asked to build or to simulate.
var (
	ErrFeeBudget = errors.New("the fee budget is spent")    // no fee inside the bound would be accepted
	ErrWouldFail = errors.New("the transaction would fail") // on the chain, as it is now
	ErrCoins     = errors.New("there are not enough coins") // that are confirmed and free

	// ErrDescendants is returned where an attempt must not be replaced: a transaction that is
	// not ours spends already what it pays.
	ErrDescendants = errors.New("somebody spends already what the payout pays")
)

// SigningRequest is everything a signer needs to check a payout by itself.
type SigningRequest struct {
	Intent    Intent     `json:"intent"`
	Orders    []Order    `json:"orders"`
	Approvals []Approval `json:"approvals"`
	Unsigned  Unsigned   `json:"unsigned"`
}

// Wallet sends from one custody wallet: build, sign, finalize, broadcast.
type Wallet interface {
	// Address is the wallet's address, the Intent.Wallet it serves.
	Address() Address
	// NextSlot is the slot a new payout would take, as the chain sees it now. The payout
	// manager adds what it has in flight.
	NextSlot(ctx context.Context, lane string) (Slot, error)
	// Build makes attempt len(prev) of an intent. Fees beat every earlier attempt by what
	// the pool demands for a replacement, and rise to the bound by the time the intent
	// expires. Errors: ErrFeeBudget, ErrWouldFail.
	Build(ctx context.Context, i Intent, prev []Attempt) (Unsigned, error)
	// Simulate reports whether it would do what the intent says, now. Errors: ErrWouldFail.
	Simulate(ctx context.Context, u Unsigned) error
	// Finalize is pure; the id is known before anything is sent.
	Finalize(u Unsigned, sigs []Signature) (Signed, error)
	// Broadcast may be repeated without harm.
	Broadcast(ctx context.Context, s Signed) error
}

// CostPlanner is a Wallet that pays fees with its own money, and only where resources that it
// has do not pay.
type CostPlanner interface {
	Wallet
	// Funds is what it has for payments and fees, native, as the chain is now. Error:
	// ErrFeeBudget where the chain's prices are beyond what is configured.
	Funds(ctx context.Context) (Amount, error)
	// Plan is Simulate, and says what the transaction would cost, and who would pay. It changes
	// nothing of the transaction. Errors: Simulate's; ErrFeeBudget where more would be burned
	// than is allowed, or could be burned than there is: both may change.
	Plan(ctx context.Context, u Unsigned) (Cost, error)
}

// CoinWallet is a Wallet whose money is coins: a payout sets coins aside when it is planned.
type CoinWallet interface {
	Wallet
	// Selector looks at what fees are now. It is asked before the database transaction that
	// plans.
	Selector(ctx context.Context) (CoinSelector, error)
	// ChangePath is where the n-th address for change is, which pays back to the wallet.
	ChangePath(n uint32) string
	// AddressAt is the wallet's address at a path.
	AddressAt(path string) (Address, error)
}

// CoinSelector chooses coins. It is pure: the same seed chooses the same coins.
type CoinSelector interface {
	// Select chooses, of the confirmed coins there are, what a payout of these payments sets
	// aside, the anchor first: enough for the payments, and for fees up to bound. Without
	// payments it chooses what is worth making one coin of. Error: ErrCoins.
	Select(payments []Payment, coins []Coin, bound Amount, seed Hash) ([]Coin, error)
}

// Explainer reads an unsigned transaction back without trusting who built it. It is
// pure: no network, no database. It refuses what it cannot fully read.
type Explainer interface {
	Explain(u Unsigned) (Effects, error)
}

// Signer signs digests it recomputed itself, when orders, approvals, intent and its own
// policy allow it.
type Signer interface {
	Name() string
	Sign(ctx context.Context, r SigningRequest) ([]Signature, error)
}
