package utxo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
)

// Pool is what a wallet asks of nodes. Client implements it.
type Pool interface {
	EstimateFee(ctx context.Context, blocks uint32) (FeeRate, error)
	RawTransaction(ctx context.Context, id coffer.Hash) (*wire.MsgTx, error)
	Unspent(ctx context.Context, coin coffer.CoinID) (Unspent, error)
	PoolSpenders(ctx context.Context, coins []coffer.CoinID) (map[coffer.CoinID]coffer.Hash, error)
	TestMempoolAccept(ctx context.Context, raw []byte) error
	SendRawTransaction(ctx context.Context, raw []byte) (coffer.Hash, error)
}

var _ Pool = (*Client)(nil)

// WalletConfig is what a wallet is made of; all fields but Omni and Log are needed.
type WalletConfig struct {
	Descriptor Descriptor
	Pool       Pool
	Fees       Fees
	Clock      coffer.Clock
	Omni       *Omni        // the property that the wallet sends too; nil: none
	Log        *slog.Logger // says why a fee is not the node's estimate; slog.Default when nil
}

// Wallet sends from the coins of one descriptor. It implements coffer.CoinWallet and is safe
// for concurrent use.
//
//	Selector.Select → (coins set aside) → Build → Simulate → (keys sign) → Finalize → Broadcast
//	                                        ↑   fees of now, and above all earlier ones     |
//	                                        └── the next attempt, the same anchor ←─────────┘
//
// Invariants: every attempt of an intent spends its first coin, so that one at most is ever in
// the chain; it spends confirmed coins only; no attempt pays more than the intent's fee bound.
type Wallet struct {
	descriptor Descriptor
	pool       Pool
	fees       Fees
	clock      coffer.Clock
	omni       *Omni
	log        *slog.Logger
}

var _ coffer.CoinWallet = (*Wallet)(nil)

// NewWallet returns the wallet of a descriptor.
func NewWallet(c WalletConfig) (*Wallet, error) {
	if c.Descriptor.text == "" || c.Pool == nil || c.Clock == nil {
		return nil, errors.New("utxo: Descriptor, Pool and Clock are needed")
	}
	if err := c.Fees.Check(); err != nil {
		return nil, fmt.Errorf("utxo: %w", err)
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Wallet{descriptor: c.Descriptor, pool: c.Pool, fees: c.Fees, clock: c.Clock, omni: c.Omni, log: c.Log}, nil
}

// Descriptor returns the wallet's descriptor.
func (w *Wallet) Descriptor() Descriptor { return w.descriptor }

// Address implements coffer.Wallet.
func (w *Wallet) Address() coffer.Address { return w.descriptor.Address() }

// Home is the path of Address, where tokens are that it sends.
func (w *Wallet) Home() string { return w.descriptor.Home() }

// errNoLanes says that slots of coins are not counted.
var errNoLanes = errors.New("a coin's slot comes with the coins that are chosen")

// NextSlot implements coffer.Wallet: there is none before coins are chosen.
func (w *Wallet) NextSlot(context.Context, string) (coffer.Slot, error) {
	return coffer.Slot{}, errNoLanes
}

// ChangePath implements coffer.CoinWallet. A wallet with one address gets its change there.
func (w *Wallet) ChangePath(n uint32) string {
	if !w.descriptor.Ranged() {
		return w.descriptor.Home()
	}
	return PathOf(BranchChange, n)
}

// AddressAt implements coffer.CoinWallet.
func (w *Wallet) AddressAt(path string) (coffer.Address, error) {
	script, err := w.descriptor.At(path)
	return script.Address, err
}

// Selector implements coffer.CoinWallet: it selects at the fee rate of now.
func (w *Wallet) Selector(ctx context.Context) (coffer.CoinSelector, error) {
	rate, err := w.rate(ctx)
	if err != nil {
		return nil, err
	}
	selector := NewSelector(w.descriptor, rate, w.fees)
	selector.omni = w.omni
	return selector, nil
}

// rate asks for an estimate and bounds it. A node that does not answer is no reason to wait:
// there is the fallback.
func (w *Wallet) rate(ctx context.Context) (FeeRate, error) {
	estimate, err := w.pool.EstimateFee(ctx, w.fees.Blocks)
	if ctx.Err() != nil {
		return 0, fmt.Errorf("fee rate: %w", ctx.Err())
	}
	rate, why := w.fees.Rate(estimate, err)
	if why != "" {
		w.log.Warn("fee rate is not the node's estimate", "wallet", w.Address(), "rate", rate.String(), "reason", why)
	}
	return rate, nil
}

// Simulate implements coffer.Wallet. Each coin must be unspent in the chain and hold what the
// transaction says; the pool must have no reason against it but that it is not signed yet.
// ErrCoins: a coin is not there, or something else in the pool spends it. ErrWouldFail: the
// tokens it sends are not there, or frozen.
func (w *Wallet) Simulate(ctx context.Context, u coffer.Unsigned) error {
	r, err := read(w.descriptor, u)
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	for n, coin := range r.coins {
		if err := w.checkCoin(ctx, coin, r.scripts[n]); err != nil {
			return fmt.Errorf("simulate: %w", err)
		}
	}
	if err := w.simulateOmni(ctx, r); err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	var b bytes.Buffer
	if err := r.tx.Serialize(&b); err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	err = w.pool.TestMempoolAccept(ctx, b.Bytes())
	switch Classify(err) {
	case MissingInputs, Conflict:
		return fmt.Errorf("simulate: %w: %w", coffer.ErrCoins, err)
	case FeeTooLow, FeeTooHigh, BadTransaction:
		return fmt.Errorf("simulate: %w", err)
	}
	return nil // the signatures are missing, or the node does not test
}

func (w *Wallet) checkCoin(ctx context.Context, coin coffer.Coin, script Script) error {
	out, err := w.pool.Unspent(ctx, coin.ID)
	switch {
	case errors.Is(err, coffer.ErrNotFound):
		return fmt.Errorf("%w: %w", coffer.ErrCoins, err)
	case err != nil:
		return err
	case !bytes.Equal(out.Script, script.Output) || coffer.NewAmount(out.Amount) != coin.Amount:
		return fmt.Errorf("coin %s: the node says that it holds %d satoshis of script %x", coin.ID, out.Amount, out.Script)
	case out.Confirmations < 1 || out.Coinbase && out.Confirmations < coinbaseMaturity:
		return fmt.Errorf("%w: coin %s has %d confirmations", coffer.ErrCoins, coin.ID, out.Confirmations)
	}
	return nil
}

// Finalize implements coffer.Wallet.
func (w *Wallet) Finalize(u coffer.Unsigned, signatures []coffer.Signature) (coffer.Signed, error) {
	return Finalize(w.descriptor, u, signatures)
}

// VerifySignatures checks signatures before they are stored; see the function of the same name.
func (w *Wallet) VerifySignatures(u coffer.Unsigned, signatures []coffer.Signature) error {
	return VerifySignatures(w.descriptor, u, signatures)
}

// Broadcast implements coffer.Wallet. That the pool or the chain has the transaction already is
// success. Other errors are for Classify; ErrCoins: a coin of it is not there.
func (w *Wallet) Broadcast(ctx context.Context, s coffer.Signed) error {
	tx, err := decodeSigned(s)
	if err != nil {
		return fmt.Errorf("broadcast %s: %w", s.ID, err)
	}
	id, err := w.pool.SendRawTransaction(ctx, s.Bytes)
	switch Classify(err) {
	case AlreadyKnown, AlreadyInChain:
		return nil
	case MissingInputs: // spent, by this very transaction perhaps
		if _, known := w.pool.RawTransaction(ctx, HashOf(tx.TxHash())); known == nil {
			return nil
		}
		return fmt.Errorf("broadcast %s: %w: %w", s.ID, coffer.ErrCoins, err)
	}
	if err != nil {
		return fmt.Errorf("broadcast %s: %w", s.ID, err)
	}
	if id != s.ID {
		return fmt.Errorf("broadcast %s: the node calls it %s", s.ID, id)
	}
	return nil
}

// decodeSigned reads a signed transaction and checks its id.
func decodeSigned(s coffer.Signed) (*wire.MsgTx, error) {
	tx := wire.NewMsgTx(txVersion)
	r := bytes.NewReader(s.Bytes)
	if err := tx.Deserialize(r); err != nil {
		return nil, fmt.Errorf("transaction: %w", err)
	}
	if id := HashOf(tx.TxHash()); r.Len() > 0 || id != s.ID {
		return nil, fmt.Errorf("the bytes are transaction %s with %d bytes behind it", id, r.Len())
	}
	return tx, nil
}
