package tron

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// FormatRaw names the bytes of an unsigned transaction: raw_data of a protocol.Transaction, in
// exactly the encoding that this package writes.
const FormatRaw = "tron/raw"

// MaxFeeLimit is the most that a call may be allowed to burn (getMaxFeeLimit of mainnet), sun.
const MaxFeeLimit = 15_000_000_000

// MaxValidity is how far ahead of a block the expiration of what it takes may be.
const MaxValidity = 24 * time.Hour

// ErrFeeBound is returned when a transaction could burn more than its intent allows.
var ErrFeeBound = errors.New("fee bound")

// Terms are what a transaction has that its intent does not say.
type Terms struct {
	Reference  Reference
	Expiration time.Time // a whole second, not after the intent's end
	FeeLimit   uint64    // sun, of a call; zero where no contract is called

	Sweep coffer.Amount // what a sweep moves, which its intent does not say
}

// Build makes the one transaction of an intent, unsigned. Of the same slot, payments and terms
// it makes the same bytes. Pure.
func Build(i coffer.Intent, a Account, terms Terms) (coffer.Unsigned, error) {
	u, err := build(i, a, terms)
	if err != nil {
		return coffer.Unsigned{}, fmt.Errorf("build: %w", err)
	}
	return u, nil
}

func build(i coffer.Intent, a Account, terms Terms) (coffer.Unsigned, error) {
	if err := a.Check(); err != nil {
		return coffer.Unsigned{}, err
	}
	switch {
	case i.Chain != a.Chain || i.Wallet != a.Name():
		return coffer.Unsigned{}, fmt.Errorf("the intent is for wallet %.80q of %.80q, not %s of %s", i.Wallet, i.Chain, a.Name(), a.Chain)
	case i.Path != coffer.PathTRON:
		return coffer.Unsigned{}, fmt.Errorf("path %.40q is not %s", i.Path, coffer.PathTRON)
	case terms.FeeLimit > MaxFeeLimit:
		return coffer.Unsigned{}, fmt.Errorf("a fee limit of %d sun; at most %d", terms.FeeLimit, uint64(MaxFeeLimit))
	case terms.Expiration.After(i.Expires):
		return coffer.Unsigned{}, errors.New("the transaction would outlive the intent")
	case terms.Expiration.Nanosecond() != 0:
		return coffer.Unsigned{}, errors.New("the expiration is not a whole second")
	}
	timestamp, err := timestampOf(i.Slot)
	if err != nil {
		return coffer.Unsigned{}, err
	}
	did, err := effectOf(i, a, terms.Sweep)
	if err != nil {
		return coffer.Unsigned{}, err
	}
	r := Raw{
		Reference: terms.Reference, Timestamp: timestamp, Expiration: terms.Expiration.UnixMilli(),
		FeeLimit:   int64(terms.FeeLimit), // #nosec G115 -- at most MaxFeeLimit
		Permission: a.Permission, Contract: did.contract,
	}
	if i.Purpose == coffer.PurposeSweep {
		r.Permission = 0 // a deposit address has no other
	}
	encoded, err := r.Encode()
	if err != nil {
		return coffer.Unsigned{}, err
	}
	u := coffer.Unsigned{Chain: i.Chain, Wallet: i.Wallet, Path: coffer.PathTRON, Format: FormatRaw, Bytes: encoded}
	if did.deposit {
		u.Format, u.Bytes = FormatDeposit, indexed(did.index, encoded)
	}

	// What the explainer would refuse, or read as something else, is not built.
	effects, err := a.explainer().Explain(u)
	switch {
	case err != nil:
		return coffer.Unsigned{}, err
	case effects.Slot != i.Slot || !slices.Equal(effects.Payments, i.Payments) ||
		!slices.Equal(effects.Sweeps, i.Sweeps) || !slices.Equal(effects.Delegations, i.Delegations):
		return coffer.Unsigned{}, errors.New("the transaction would do something else than the intent says")
	case effects.FeeBound.Cmp(i.FeeBound) > 0:
		return coffer.Unsigned{}, fmt.Errorf("%w: the transaction may burn %s sun, the intent allows %s", ErrFeeBound, effects.FeeBound, i.FeeBound)
	}
	return u, nil
}

// effect is what a transaction does, and for which deposit address.
type effect struct {
	contract proto.Message
	deposit  bool
	index    uint32
}

// effectOf is what a transaction of the intent does. There are no batches: one transaction makes
// one payment, one sweep or one delegation.
func effectOf(i coffer.Intent, a Account, amount coffer.Amount) (did effect, err error) {
	things := len(i.Payments) + len(i.Sweeps) + len(i.Delegations)
	switch {
	case len(i.Coins) > 0 || i.Change != "":
		return effect{}, errors.New("coins are not of this chain")
	case i.Purpose != coffer.PurposeOrders && len(i.Orders) > 0:
		return effect{}, fmt.Errorf("a %.40q has no orders", i.Purpose)
	case i.Purpose == coffer.PurposeOrders && len(i.Payments) == 1 && things == 1:
		did.contract, err = paymentOf(a, i.Payments[0])
	case i.Purpose == coffer.PurposeSweep && len(i.Sweeps) == 1 && things == 1:
		did.deposit = true
		did.contract, did.index, err = sweepOf(a, i.Sweeps[0], amount)
	case i.Purpose == coffer.PurposeDelegate && len(i.Delegations) == 1 && things == 1:
		did.deposit = i.Delegations[0].Path != ""
		did.contract, did.index, err = delegationOf(a, i.Delegations[0])
	default:
		err = fmt.Errorf("%d payments, %d sweeps and %d delegations for purpose %.40q; want one of what the purpose says",
			len(i.Payments), len(i.Sweeps), len(i.Delegations), i.Purpose)
	}
	return did, err
}

func paymentOf(a Account, p coffer.Payment) (proto.Message, error) {
	if p.Memo != "" {
		return nil, fmt.Errorf("memo %.40q: payments on %s carry none", p.Memo, a.Chain)
	}
	to, err := CanonicalAddress(p.To)
	if err != nil {
		return nil, err
	}
	if p.Asset == Native(a.Chain) {
		return Transfer(a.Address, to, p.Amount)
	}
	token, err := TokenOf(a.Chain, p.Asset)
	if err != nil {
		return nil, err
	}
	return TransferToken(a.Address, token, to, p.Amount), nil
}

// delegationOf is what gives a resource, and the index of the deposit address that gets it.
func delegationOf(a Account, d coffer.Delegation) (proto.Message, uint32, error) {
	to, err := CanonicalAddress(d.To)
	if err != nil {
		return nil, 0, err
	}
	var index uint32
	if d.Path != "" {
		if index, err = a.depositAt(d.Path, to); err != nil {
			return nil, 0, err
		}
	}
	resource, ok := resources[d.Resource]
	var c proto.Message
	switch {
	case d.Resource == coffer.ResourceAccount && !d.Back && d.Amount.IsZero():
		c = MakeAccount(a.Address, to)
	case !ok:
		err = fmt.Errorf("resource %.40q: want %s or %s, or once %s", d.Resource, coffer.ResourceEnergy, coffer.ResourceBandwidth, coffer.ResourceAccount)
	case d.Back:
		c, err = Undelegate(a.Address, to, d.Amount, resource)
	default:
		c, err = Delegate(a.Address, to, d.Amount, resource)
	}
	return c, index, err
}

var resources = map[string]tronpb.ResourceCode{
	coffer.ResourceEnergy:    tronpb.ResourceCode_ENERGY,
	coffer.ResourceBandwidth: tronpb.ResourceCode_BANDWIDTH,
}

// resourceName undoes resources.
func resourceName(code tronpb.ResourceCode) (string, bool) {
	for name, c := range resources {
		if c == code {
			return name, true
		}
	}
	return "", false
}

// sun checks an amount of TRX, which the chain counts in signed 64 bits.
func sun(amount coffer.Amount) (int64, error) {
	if n := amount.Int(); !n.IsZero() && n.IsUint64() && n.Uint64() <= math.MaxInt64 {
		return int64(n.Uint64()), nil // #nosec G115 -- just checked
	}
	return 0, fmt.Errorf("%s sun; want 1 to %d", amount, int64(math.MaxInt64))
}

// Transfer pays TRX.
func Transfer(owner, to Address, amount coffer.Amount) (*tronpb.TransferContract, error) {
	value, err := sun(amount)
	if err != nil {
		return nil, err
	}
	return &tronpb.TransferContract{OwnerAddress: owner.Bytes(), ToAddress: to.Bytes(), Amount: value}, nil
}

// transferSelector is of transfer(address,uint256).
var transferSelector = []byte{0xa9, 0x05, 0x9c, 0xbb}

// TransferToken pays a TRC-20 token. The address in the calldata has its 20 bytes and no 0x41:
// tokens compiled by newer compilers revert on a word with more.
func TransferToken(owner, token, to Address, amount coffer.Amount) *tronpb.TriggerSmartContract {
	value := amount.Bytes32()
	data := append(bytes.Clone(transferSelector), make([]byte, 12)...)
	data = append(append(data, to[:]...), value[:]...)
	return &tronpb.TriggerSmartContract{OwnerAddress: owner.Bytes(), ContractAddress: token.Bytes(), Data: data}
}
