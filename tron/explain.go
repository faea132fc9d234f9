package tron

import (
	"bytes"
	"encoding/binary"
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
// one transfer of TRX, one of a TRC-20 token, one delegation of a resource to an address that the
// wallet lists, or its end; and of its deposit addresses, the same delegations, what makes their
// accounts, and what they pay to the wallet.
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
	r, err := e.read(u)
	if err != nil {
		return coffer.Effects{}, err
	}
	effects := coffer.Effects{
		Chain:      u.Chain,
		Wallet:     u.Wallet,
		Path:       coffer.PathTRON,
		Slot:       slotOf(r.Timestamp),
		FeeBound:   r.wallet.signedBy(r).maxFee(r.Raw, r.bytes),
		ValidUntil: time.UnixMilli(r.Expiration).UTC(),
		Digests:    []coffer.Hash{ID(r.bytes)},
	}
	understood, err := e.does(r, &effects)
	if err != nil {
		return coffer.Effects{}, err
	}

	// Whatever was read is written again: what was not looked at makes other bytes.
	r.Contract = understood
	again, err := r.Encode()
	if err != nil {
		return coffer.Effects{}, refuse("%w", err)
	}
	if !bytes.Equal(again, r.bytes) {
		return coffer.Effects{}, refuse("there is more in it than what was understood")
	}
	return effects, nil
}

// unsigned is a transaction as it was read.
type unsigned struct {
	Raw
	bytes   []byte // raw_data
	wallet  Account
	ours    bool    // it is of or for a deposit address of the wallet:
	index   uint32  // of its key
	deposit Address // the address
	sweep   bool    // it is of it
}

// read checks what takes no look at what the transaction does.
func (e *Explainer) read(u coffer.Unsigned) (unsigned, error) {
	a, ok := e.wallets[u.Wallet]
	switch {
	case u.Chain != e.config.Chain:
		return unsigned{}, refuse("chain %.80q, not %s", u.Chain, e.config.Chain)
	case !ok || a.Chain != u.Chain:
		return unsigned{}, refuse("%.80q is not a wallet of ours", u.Wallet)
	case u.Path != coffer.PathTRON || u.Format != FormatRaw && u.Format != FormatDeposit:
		return unsigned{}, refuse("format %.40q on path %.40q; want %s or %s on %s", u.Format, u.Path, FormatRaw, FormatDeposit, coffer.PathTRON)
	}
	if err := a.Check(); err != nil {
		return unsigned{}, refuse("wallet %s: %w", u.Wallet, err)
	}
	r := unsigned{bytes: u.Bytes, wallet: a}
	var err error
	if u.Format == FormatDeposit {
		if len(u.Bytes) < indexBytes {
			return unsigned{}, refuse("no index of a deposit address")
		}
		r.ours, r.index, r.bytes = true, binary.BigEndian.Uint32(u.Bytes), u.Bytes[indexBytes:]
		if r.deposit, err = a.deposit(r.index); err != nil {
			return unsigned{}, refuse("%w", err)
		}
	}
	if r.Raw, err = DecodeRaw(r.bytes); err != nil {
		return unsigned{}, refuse("%w", err)
	}
	r.sweep = r.ours && bytes.Equal(ownerOf(r.Contract), r.deposit.Bytes())
	switch signer := a.signedBy(r); {
	case r.Permission != signer.Permission:
		return unsigned{}, refuse("permission %d; that of %s is %d", r.Permission, signer.Address, signer.Permission)
	case r.Timestamp < lanes || r.Timestamp >= maxTimestamp || r.Expiration >= maxTimestamp:
		return unsigned{}, refuse("timestamp %d and expiration %d; want times before the year 10000", r.Timestamp, r.Expiration)
	case r.Expiration%1000 != 0:
		return unsigned{}, refuse("expiration %d is not a whole second", r.Expiration)
	case r.Expiration <= r.Timestamp:
		return unsigned{}, refuse("it expires before its timestamp")
	case r.Expiration-r.Timestamp > MaxValidity.Milliseconds():
		return unsigned{}, refuse("it is valid for %d ms; at most %d", r.Expiration-r.Timestamp, MaxValidity.Milliseconds())
	}
	return r, nil
}

// ownerOf is whose transaction it says it is.
func ownerOf(contract proto.Message) []byte {
	m := contract.ProtoReflect()
	return m.Get(m.Descriptor().Fields().ByName("owner_address")).Bytes()
}

// does reads what the transaction does. It is the list of effects: what is not named here is
// refused. It returns what a transaction of exactly these effects does.
func (e *Explainer) does(r unsigned, effects *coffer.Effects) (proto.Message, error) {
	if _, call := r.Contract.(*tronpb.TriggerSmartContract); !call && r.FeeLimit != 0 {
		return nil, refuse("a fee limit of %d where no contract is called", r.FeeLimit)
	}
	switch c := r.Contract.(type) {
	case *tronpb.TransferContract:
		return e.transfer(r, c, effects)
	case *tronpb.TriggerSmartContract:
		if r.FeeLimit < 1 || r.FeeLimit > MaxFeeLimit {
			return nil, refuse("a fee limit of %d sun; want 1 to %d", r.FeeLimit, int64(MaxFeeLimit))
		}
		return e.tokenTransfer(r, c, effects)
	case *tronpb.DelegateResourceContract:
		if c.Lock || c.LockPeriod != 0 {
			return nil, refuse("a delegation that is locked")
		}
		return e.delegation(r, c, false, effects)
	case *tronpb.UnDelegateResourceContract:
		return e.delegation(r, c, true, effects)
	case *tronpb.AccountCreateContract:
		return e.newAccount(r, c, effects)
	}
	return nil, refuse("%s", r.Contract.ProtoReflect().Descriptor().Name())
}

// moves notes what moves: a payment of the wallet, or what a deposit address pays to it. A sweep
// pays nobody else, and a payment is not about a deposit address.
func (r unsigned) moves(asset coffer.AssetID, to Address, amount coffer.Amount, effects *coffer.Effects) error {
	switch {
	case r.sweep && to != r.wallet.Address:
		return refuse("a deposit address pays %s, which is not the wallet", to)
	case r.sweep:
		effects.Sweeps = []coffer.Sweep{{Forwarder: AddressOf(r.deposit), Salt: SaltOf(r.index), Asset: asset}}
	case r.ours:
		return refuse("a payment with the index of a deposit address")
	default:
		effects.Payments = []coffer.Payment{{Asset: asset, To: AddressOf(to), Amount: amount}}
	}
	return nil
}

// transfer reads a payment of TRX.
func (e *Explainer) transfer(r unsigned, c *tronpb.TransferContract, effects *coffer.Effects) (proto.Message, error) {
	from, to, err := e.parties(r, c.OwnerAddress, c.ToAddress)
	if err != nil {
		return nil, err
	}
	if c.Amount <= 0 {
		return nil, refuse("a payment of %d sun", c.Amount)
	}
	amount := coffer.NewAmount(uint64(c.Amount))
	if err := r.moves(Native(r.wallet.Chain), to, amount, effects); err != nil {
		return nil, err
	}
	return Transfer(from, to, amount)
}

// tokenTransfer reads transfer(address,uint256) of a contract, 4 + 2*32 bytes.
func (e *Explainer) tokenTransfer(r unsigned, c *tronpb.TriggerSmartContract, effects *coffer.Effects) (proto.Message, error) {
	from, token, err := e.parties(r, c.OwnerAddress, c.ContractAddress)
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
	case to == from:
		return nil, refuse("a token transfer to itself, %s", from)
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
	if err := r.moves(TokenAsset(r.wallet.Chain, token), to, amount, effects); err != nil {
		return nil, err
	}
	return TransferToken(from, token, to, amount), nil
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
func (e *Explainer) delegation(r unsigned, c delegating, back bool, effects *coffer.Effects) (proto.Message, error) {
	d, err := e.gives(r, c.GetOwnerAddress(), c.GetReceiverAddress())
	if err != nil {
		return nil, err
	}
	resource, known := resourceName(c.GetResource())
	switch {
	case !known:
		return nil, refuse("a delegation of resource %d", c.GetResource())
	case c.GetBalance() < minDelegation:
		return nil, refuse("a delegation of %d sun of stake; at least %d", c.GetBalance(), int64(minDelegation))
	}
	d.Resource, d.Amount, d.Back = resource, coffer.NewAmount(uint64(c.GetBalance())), back // #nosec G115 -- not negative
	effects.Delegations = []coffer.Delegation{d}
	again, _, err := delegationOf(r.wallet, d)
	return again, err
}

// newAccount reads what makes the account of a deposit address.
func (e *Explainer) newAccount(r unsigned, c *tronpb.AccountCreateContract, effects *coffer.Effects) (proto.Message, error) {
	d, err := e.gives(r, c.OwnerAddress, c.AccountAddress)
	if err != nil {
		return nil, err
	}
	d.Resource = coffer.ResourceAccount
	effects.Delegations = []coffer.Delegation{d}
	again, _, err := delegationOf(r.wallet, d)
	return again, err
}

// gives checks that the wallet gives something to one whom it may give to: an address that it
// lists, or the deposit address whose index is there.
func (e *Explainer) gives(r unsigned, owner, receiver []byte) (coffer.Delegation, error) {
	_, to, err := e.parties(r, owner, receiver)
	d := coffer.Delegation{To: AddressOf(to)}
	switch {
	case err != nil:
	case r.sweep:
		err = refuse("a deposit address delegates")
	case r.ours && to != r.deposit:
		err = refuse("a delegation to %s; deposit address %d is %s", to, r.index, r.deposit)
	case r.ours:
		d.Path = pathOf(r.index)
	case !r.wallet.receives(to):
		err = refuse("a delegation to %s, which is not on the wallet's list", to)
	}
	return d, err
}

// parties checks that the wallet acts, or its deposit address, and returns who, and upon whom.
func (e *Explainer) parties(r unsigned, owner, to []byte) (Address, Address, error) {
	from, err := AddressFromBytes(owner)
	if err != nil {
		return Address{}, Address{}, refuse("owner: %w", err)
	}
	if signer := r.wallet.signedBy(r); from != signer.Address {
		return Address{}, Address{}, refuse("the transaction is of %s, not of %s", from, signer.Address)
	}
	other, err := AddressFromBytes(to)
	switch {
	case err != nil:
		return Address{}, Address{}, refuse("receiver or contract: %w", err)
	case other.IsZero():
		return Address{}, Address{}, refuse("the zero address")
	case other == from:
		return Address{}, Address{}, refuse("something that %s does to itself", from)
	}
	return from, other, nil
}

// ours reports whether an address is a wallet.
func (e *Explainer) ours(address Address) bool {
	_, known := e.wallets[AddressOf(address)]
	return known
}
