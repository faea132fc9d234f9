package tron

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// Pool is what a wallet asks of nodes. Client implements it.
type Pool interface {
	Solid(ctx context.Context) (coffer.Header, error)
	Account(ctx context.Context, address Address) (*tronpb.Account, error)
	Resources(ctx context.Context, address Address) (*tronpb.AccountResourceMessage, error)
	Parameters(ctx context.Context) (Parameters, error)
	Constant(ctx context.Context, from, contract Address, data []byte) (Constant, error)
	HeadReceipt(ctx context.Context, id coffer.Hash) (Receipt, error)
	Call(ctx context.Context, method string, request, answer proto.Message) error
	Broadcast(ctx context.Context, signed []byte) error
}

var _ Pool = (*Client)(nil)

// DefaultValidity is how long a transaction may be included. Signers and people need some of it.
const DefaultValidity = 30 * time.Minute

// maxWalletValidity leaves the chain's own bound room for a head that lags.
const maxWalletValidity = 23 * time.Hour

// WalletConfig is what a wallet is made of.
type WalletConfig struct {
	Account  Account
	Pool     Pool
	Clock    coffer.Clock
	Fees     Fees          // zero values mean the defaults
	Validity time.Duration // the longest of a transaction; DefaultValidity when zero
}

// Wallet sends from one account. It implements coffer.Wallet and is safe for concurrent use.
//
//	NextSlot → Build → Simulate → (keys sign) → Finalize → Broadcast, again and again
//
// Invariants: a slot has one transaction, which is never replaced and dies at its expiration; no
// transaction can burn more than the intent's fee bound; the reference is to a solidified block,
// so that no reorganisation makes it void.
type Wallet struct {
	account  Account
	pool     Pool
	clock    coffer.Clock
	fees     Fees
	validity time.Duration
}

var _ coffer.Wallet = (*Wallet)(nil)

// NewWallet returns the wallet of an account.
func NewWallet(c WalletConfig) (*Wallet, error) {
	if c.Pool == nil || c.Clock == nil {
		return nil, errors.New("tron: Pool and Clock are needed")
	}
	if err := c.Account.Check(); err != nil {
		return nil, fmt.Errorf("tron: account: %w", err)
	}
	fees, err := c.Fees.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("tron: %w", err)
	}
	if c.Validity == 0 {
		c.Validity = DefaultValidity
	}
	if c.Validity < time.Minute || c.Validity > maxWalletValidity {
		return nil, fmt.Errorf("tron: validity %s; want %s to %s", c.Validity, time.Minute, maxWalletValidity)
	}
	return &Wallet{account: c.Account, pool: c.Pool, clock: c.Clock, fees: fees, validity: c.Validity}, nil
}

// Account returns what the wallet was made of.
func (w *Wallet) Account() Account { return w.account }

// Address implements coffer.Wallet.
func (w *Wallet) Address() coffer.Address { return w.account.Name() }

// NextSlot implements coffer.Wallet: the second of now in a lane, "0x0" to "0x3e7". No node is
// asked, because the chain does not count.
func (w *Wallet) NextSlot(_ context.Context, lane string) (coffer.Slot, error) {
	now := w.clock().Unix()
	if now <= 0 {
		return coffer.Slot{}, fmt.Errorf("next slot: the clock says %d", now)
	}
	slot := coffer.Slot{Kind: coffer.SlotTimestamp, Lane: lane, Sequence: uint64(now)}
	if _, err := timestampOf(slot); err != nil {
		return coffer.Slot{}, fmt.Errorf("next slot: %w", err)
	}
	return slot, nil
}

// errSecond says that another transaction in the same slot could land beside the first.
var errSecond = errors.New("a slot has one transaction: another one could land beside it")

// Build implements coffer.Wallet. There is one attempt. Its fee limit is what the call takes
// now, and some more, within the intent's bound. Errors: coffer.ErrFeeBudget where that does not
// do; coffer.ErrWouldFail where a call reverts, or its receiver is on the token's blacklist.
func (w *Wallet) Build(ctx context.Context, i coffer.Intent, prev []coffer.Attempt) (coffer.Unsigned, error) {
	u, err := w.build(ctx, i, prev)
	if err != nil {
		return coffer.Unsigned{}, fmt.Errorf("build %s: %w", i.ID, err)
	}
	return u, nil
}

func (w *Wallet) build(ctx context.Context, i coffer.Intent, prev []coffer.Attempt) (coffer.Unsigned, error) {
	if len(prev) > 0 {
		return coffer.Unsigned{}, errSecond
	}
	expiration, err := w.expiration(i)
	if err != nil {
		return coffer.Unsigned{}, err
	}
	parameters, err := w.pool.Parameters(ctx)
	if err != nil {
		return coffer.Unsigned{}, err
	}
	if err := w.checkPrices(parameters); err != nil {
		return coffer.Unsigned{}, err
	}
	solid, err := w.pool.Solid(ctx)
	if err != nil {
		return coffer.Unsigned{}, err
	}
	terms := Terms{Reference: ReferenceTo(solid.Hash), Expiration: expiration}
	if i.Purpose == coffer.PurposeSweep && len(i.Sweeps) == 1 {
		if terms.Sweep, err = w.holds(ctx, i.Sweeps[0], parameters); err != nil {
			return coffer.Unsigned{}, err
		}
	}
	did, err := effectOf(i, w.account, terms.Sweep)
	if err != nil {
		return coffer.Unsigned{}, err
	}
	if call, ok := did.contract.(*tronpb.TriggerSmartContract); ok {
		energy, err := w.try(ctx, call)
		if err != nil {
			return coffer.Unsigned{}, err
		}
		if terms.FeeLimit, err = w.fees.limit(energy, parameters); err != nil {
			return coffer.Unsigned{}, err
		}
	}
	u, err := Build(i, w.account, terms)
	if errors.Is(err, ErrFeeBound) {
		return coffer.Unsigned{}, fmt.Errorf("%w: %w", coffer.ErrFeeBudget, err)
	}
	return u, err
}

// expiration is the intent's end, or as much of it as the wallet and the chain allow.
func (w *Wallet) expiration(i coffer.Intent) (time.Time, error) {
	timestamp, err := timestampOf(i.Slot)
	if err != nil {
		return time.Time{}, err
	}
	now := w.clock()
	end := i.Expires
	for _, bound := range []time.Time{now.Add(w.validity), time.UnixMilli(timestamp).Add(MaxValidity)} {
		if bound.Before(end) {
			end = bound
		}
	}
	end = end.Truncate(time.Second)
	if !end.After(now) {
		return time.Time{}, fmt.Errorf("the intent ended at %s", i.Expires.UTC().Format(time.RFC3339))
	}
	return end, nil
}

// Finalize implements coffer.Wallet.
func (w *Wallet) Finalize(u coffer.Unsigned, signatures []coffer.Signature) (coffer.Signed, error) {
	return Finalize(w.account, u, signatures)
}

// VerifySignatures checks signatures before they are stored; see the function of the same name.
func (w *Wallet) VerifySignatures(u coffer.Unsigned, signatures []coffer.Signature) error {
	return VerifySignatures(w.account, u, signatures)
}

// SignaturesNeeded is 1 of a transaction of a deposit address, which its own key signs alone, and 0
// of others: the account's permission says.
func (w *Wallet) SignaturesNeeded(u coffer.Unsigned) int {
	if _, r, err := w.account.explained(u); err != nil || !r.sweep {
		return 0
	}
	return 1
}

// Broadcast implements coffer.Wallet. It says nothing about blocks: a node that takes a
// transaction can lose it, so that the same bytes are sent until one holds it or they expire.
// A node that knows the transaction already must show it, or it may have refused it before.
// Other errors are for Classify.
func (w *Wallet) Broadcast(ctx context.Context, s coffer.Signed) error {
	if _, err := DecodeSigned(s); err != nil {
		return fmt.Errorf("broadcast %s: %w", s.ID, err)
	}
	err := w.pool.Broadcast(ctx, s.Bytes)
	if err != nil && Classify(err) == Verify && w.known(ctx, s.ID) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("broadcast %s: %w", s.ID, err)
	}
	return nil
}

// known reports whether a node has the transaction in a block, or waits to put it in one.
func (w *Wallet) known(ctx context.Context, id coffer.Hash) bool {
	if _, err := w.pool.HeadReceipt(ctx, id); err == nil {
		return true
	}
	var pending tronpb.Transaction
	err := w.pool.Call(ctx, tronpb.Wallet_GetTransactionFromPending_FullMethodName, &tronpb.BytesMessage{Value: id[:]}, &pending)
	if err != nil || pending.RawData == nil {
		return false
	}
	raw, err := canonical.Marshal(pending.RawData)
	return err == nil && ID(raw) == id
}
