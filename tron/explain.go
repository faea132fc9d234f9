package tron

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// ExplainConfig pins what a signer knows of a chain by itself.
type ExplainConfig struct {
	Chain   coffer.ChainID
	Wallets []Account
}

// Explainer reads unsigned transactions. It implements coffer.Explainer, is pure and safe for
// concurrent use.
type Explainer struct {
	config  ExplainConfig
	wallets map[coffer.Address]Account
}

var _ coffer.Explainer = (*Explainer)(nil)

// NewExplainer returns an explainer of these wallets.
func NewExplainer(config ExplainConfig) *Explainer {
	e := &Explainer{config: config, wallets: map[coffer.Address]Account{}}
	for _, wallet := range config.Wallets {
		e.wallets[wallet.Name()] = wallet
	}
	return e
}

// ErrRefused is returned for everything that is not on the list of effects a wallet may have:
// one transfer of TRX, one of a TRC-20 token, or one delegation of a resource to an address
// that the wallet lists, or its end.
var ErrRefused = errors.New("refused")

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrRefused}, args...)...)
}

// Explain implements coffer.Explainer. Everything it returns is read or computed from the bytes
// and the pinned prices; every error wraps ErrRefused. FeeBound is the most that the chain can
// burn: the fee limit, and what bandwidth, signatures and a new account cost. The one digest
// is the transaction's id.
func (e *Explainer) Explain(u coffer.Unsigned) (coffer.Effects, error) {
	effects, err := e.explain(u)
	if err != nil {
		return coffer.Effects{}, fmt.Errorf("explain: %w", err)
	}
	return effects, nil
}

func (e *Explainer) explain(u coffer.Unsigned) (coffer.Effects, error) {
	a, r, err := e.read(u)
	if err != nil {
		return coffer.Effects{}, err
	}
	effects := coffer.Effects{
		Chain:      u.Chain,
		Wallet:     u.Wallet,
		Path:       coffer.PathTRON,
		Slot:       slotOf(r.Timestamp),
		FeeBound:   a.maxFee(r, u.Bytes),
		ValidUntil: time.UnixMilli(r.Expiration).UTC(),
		Digests:    []coffer.Hash{ID(u.Bytes)},
	}
	understood, err := e.does(a, r, &effects)
	if err != nil {
		return coffer.Effects{}, err
	}

	// Whatever was read is written again: what was not looked at makes other bytes.
	r.Contract = understood
	again, err := r.Encode()
	if err != nil {
		return coffer.Effects{}, refuse("%w", err)
	}
	if !bytes.Equal(again, u.Bytes) {
		return coffer.Effects{}, refuse("there is more in it than what was understood")
	}
	return effects, nil
}

// read checks what takes no look at what the transaction does.
func (e *Explainer) read(u coffer.Unsigned) (Account, Raw, error) {
	a, ok := e.wallets[u.Wallet]
	switch {
	case u.Chain != e.config.Chain:
		return Account{}, Raw{}, refuse("chain %.80q, not %s", u.Chain, e.config.Chain)
	case !ok || a.Chain != u.Chain:
		return Account{}, Raw{}, refuse("%.80q is not a wallet of ours", u.Wallet)
	case u.Path != coffer.PathTRON || u.Format != FormatRaw:
		return Account{}, Raw{}, refuse("format %.40q on path %.40q; want %s on %s", u.Format, u.Path, FormatRaw, coffer.PathTRON)
	}
	if err := a.Check(); err != nil {
		return Account{}, Raw{}, refuse("wallet %s: %w", u.Wallet, err)
	}
	r, err := DecodeRaw(u.Bytes)
	if err != nil {
		return Account{}, Raw{}, refuse("%w", err)
	}
	switch {
	case r.Permission != a.Permission:
		return Account{}, Raw{}, refuse("permission %d; the wallet's is %d", r.Permission, a.Permission)
	case r.Timestamp < lanes || r.Timestamp >= maxTimestamp || r.Expiration >= maxTimestamp:
		return Account{}, Raw{}, refuse("timestamp %d and expiration %d; want times before the year 10000", r.Timestamp, r.Expiration)
	case r.Expiration%1000 != 0:
		return Account{}, Raw{}, refuse("expiration %d is not a whole second", r.Expiration)
	case r.Expiration <= r.Timestamp:
		return Account{}, Raw{}, refuse("it expires before its timestamp")
	case r.Expiration-r.Timestamp > MaxValidity.Milliseconds():
		return Account{}, Raw{}, refuse("it is valid for %d ms; at most %d", r.Expiration-r.Timestamp, MaxValidity.Milliseconds())
	}
	return a, r, nil
}

// does reads what the transaction does. It is the list of effects: what is not named here is
// refused. It returns what a transaction of exactly these effects does.
func (e *Explainer) does(a Account, r Raw, effects *coffer.Effects) (proto.Message, error) {
	if _, call := r.Contract.(*tronpb.TriggerSmartContract); !call && r.FeeLimit != 0 {
		return nil, refuse("a fee limit of %d where no contract is called", r.FeeLimit)
	}
	switch c := r.Contract.(type) {
	case *tronpb.TransferContract:
		return e.transfer(a, c, effects)
	case *tronpb.TriggerSmartContract:
		if r.FeeLimit < 1 || r.FeeLimit > MaxFeeLimit {
			return nil, refuse("a fee limit of %d sun; want 1 to %d", r.FeeLimit, int64(MaxFeeLimit))
		}
		return e.tokenTransfer(a, c, effects)
	case *tronpb.DelegateResourceContract:
		if c.Lock || c.LockPeriod != 0 {
			return nil, refuse("a delegation that is locked")
		}
		return e.delegation(a, c, false, effects)
	case *tronpb.UnDelegateResourceContract:
		return e.delegation(a, c, true, effects)
	}
	return nil, refuse("%s", r.Contract.ProtoReflect().Descriptor().Name())
}

// transfer reads a payment of TRX.
func (e *Explainer) transfer(a Account, c *tronpb.TransferContract, effects *coffer.Effects) (proto.Message, error) {
	to, err := e.parties(a, c.OwnerAddress, c.ToAddress)
	if err != nil {
		return nil, err
	}
	if c.Amount <= 0 {
		return nil, refuse("a payment of %d sun", c.Amount)
	}
	amount := coffer.NewAmount(uint64(c.Amount))
	effects.Payments = []coffer.Payment{{Asset: Native(a.Chain), To: AddressOf(to), Amount: amount}}
	return Transfer(a.Address, to, amount)
}

// tokenTransfer reads transfer(address,uint256) of a contract, 4 + 2*32 bytes.
func (e *Explainer) tokenTransfer(a Account, c *tronpb.TriggerSmartContract, effects *coffer.Effects) (proto.Message, error) {
	token, err := e.parties(a, c.OwnerAddress, c.ContractAddress)
	switch {
	case err != nil:
		return nil, err
	case e.ours(token):
		return nil, refuse("a token that is a wallet of ours, %s", token)
	case c.CallValue != 0 || c.CallTokenValue != 0 || c.TokenId != 0:
		return nil, refuse("a token transfer with a value of %d sun and %d of TRC-10 token %d", c.CallValue, c.CallTokenValue, c.TokenId)
	case !bytes.HasPrefix(c.Data, transferSelector):
		return nil, refuse("a call of %s with selector 0x%x", token, c.Data[:min(4, len(c.Data))])
	case len(c.Data) != 4+2*32:
		return nil, refuse("a token transfer of %d bytes", len(c.Data))
	case !bytes.Equal(c.Data[4:16], make([]byte, 12)):
		return nil, refuse("a token transfer to 0x%x, which is not an address of 20 bytes", c.Data[4:36])
	}
	to := Address(c.Data[16:36])
	switch {
	case to.IsZero():
		return nil, refuse("a token transfer to the zero address")
	case to == a.Address:
		return nil, refuse("a token transfer to the wallet itself")
	case to == token:
		return nil, refuse("a token transfer to the token contract")
	}
	amount, err := coffer.AmountFromBytes(c.Data[36:68])
	if err != nil {
		return nil, refuse("a token transfer: %w", err)
	}
	if amount.IsZero() {
		return nil, refuse("a token transfer of nothing")
	}
	effects.Payments = []coffer.Payment{{Asset: TokenAsset(a.Chain, token), To: AddressOf(to), Amount: amount}}
	return TransferToken(a.Address, token, to, amount), nil
}

// delegating is what both directions of a delegation say.
type delegating interface {
	GetOwnerAddress() []byte
	GetReceiverAddress() []byte
	GetBalance() int64
	GetResource() tronpb.ResourceCode
}

// minDelegation is the least stake that is delegated, 1 TRX.
const minDelegation = 1_000_000

// delegation reads a delegation, or its end.
func (e *Explainer) delegation(a Account, c delegating, back bool, effects *coffer.Effects) (proto.Message, error) {
	to, err := e.parties(a, c.GetOwnerAddress(), c.GetReceiverAddress())
	if err != nil {
		return nil, err
	}
	resource, known := resourceName(c.GetResource())
	switch {
	case !a.receives(to):
		return nil, refuse("a delegation to %s, which is not on the wallet's list", to)
	case !known:
		return nil, refuse("a delegation of resource %d", c.GetResource())
	case c.GetBalance() < minDelegation:
		return nil, refuse("a delegation of %d sun of stake; at least %d", c.GetBalance(), int64(minDelegation))
	}
	d := coffer.Delegation{To: AddressOf(to), Resource: resource, Amount: coffer.NewAmount(uint64(c.GetBalance())), Back: back} // #nosec G115 -- not negative
	effects.Delegations = []coffer.Delegation{d}
	return delegationOf(a, d)
}

// parties checks that the wallet acts, and returns upon whom.
func (e *Explainer) parties(a Account, owner, to []byte) (Address, error) {
	from, err := AddressFromBytes(owner)
	if err != nil {
		return Address{}, refuse("owner: %w", err)
	}
	if from != a.Address {
		return Address{}, refuse("the transaction is of %s, not of %s", from, a.Address)
	}
	other, err := AddressFromBytes(to)
	switch {
	case err != nil:
		return Address{}, refuse("receiver or contract: %w", err)
	case other.IsZero():
		return Address{}, refuse("the zero address")
	case other == a.Address:
		return Address{}, refuse("the wallet itself")
	}
	return other, nil
}

// ours reports whether an address is a wallet.
func (e *Explainer) ours(address Address) bool {
	_, known := e.wallets[AddressOf(address)]
	return known
}
