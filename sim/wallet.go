package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/cofferhq/coffer"
)

const (
	validity  = 100 * time.Second // of what an account's wallet builds
	feeBound  = 150               // of a payout, native base units
	dust      = 3                 // coins below it are not made
	threshold = 2                 // signatures that a transaction needs
)

// errNode is what a node says that fails.
var errNode = errors.New("simulated node: connection refused")

// caller is how a process calls the world: the process can die before the call and after it, and
// others can do things while it is on its way.
type caller func(name string, call func() error) error

// wallet is what all wallets have in common: coffer.Wallet and coffer.Explainer on a fake chain.
type wallet struct {
	c     *chain
	call  caller
	clock coffer.Clock
}

func (w *wallet) Address() coffer.Address { return w.c.hot }

// node is a call to the wallet's node, which may fail.
func (w *wallet) node(name string, call func() error) error {
	return w.call("wallet."+name, func() error {
		if w.c.broken(name) {
			return errNode
		}
		return call()
	})
}

// Broadcast may fail before or after the network has the transaction.
func (w *wallet) Broadcast(_ context.Context, s coffer.Signed) error {
	return w.node("send", func() error {
		t, err := decode(s.Bytes)
		if err != nil {
			return err
		}
		if before, known := w.c.known[s.ID]; known {
			before.ours.Until = t.Until // the id does not cover it
		}
		out := &sent{id: s.ID, ours: &t}
		for _, coin := range t.Coins {
			out.coins = append(out.coins, coin.ID)
		}
		w.c.send(out)
		if w.c.broken("answer") {
			return errNode
		}
		return nil
	})
}

// accounts is a wallet of a chain of accounts.
type accounts struct{ wallet }

// NextSlot is the lane's next sequence, or the time where only that ends a transaction.
func (w *accounts) NextSlot(_ context.Context, lane string) (slot coffer.Slot, err error) {
	err = w.node("slot", func() error {
		slot = coffer.Slot{Kind: coffer.SlotEntryPoint, Lane: lane}
		if w.c.family == TRON {
			slot = coffer.Slot{Kind: coffer.SlotTimestamp, Lane: lane, Sequence: uint64(w.clock().Unix())}
			return nil
		}
		for _, b := range w.c.Canonical() {
			for _, o := range b.Outcomes {
				if o.Sender == w.c.hot && o.Slot.Lane == lane {
					slot.Sequence = o.Slot.Sequence + 1
				}
			}
		}
		return nil
	})
	return slot, err
}

// Build implements coffer.Wallet.
func (w *accounts) Build(_ context.Context, i coffer.Intent, prev []coffer.Attempt) (u coffer.Unsigned, err error) {
	err = w.node("build", func() error {
		fee := coffer.NewAmount(uint64(100 + 20*len(prev)))
		if w.c.dear || fee.Cmp(i.FeeBound) > 0 {
			return fmt.Errorf("simulated: %w", coffer.ErrFeeBudget)
		}
		until := w.clock().Add(validity)
		if until.After(i.Expires) {
			until = i.Expires
		}
		t := transaction{Slot: i.Slot, Payments: i.Payments, Fee: fee, Until: until.Truncate(time.Second)}
		u = coffer.Unsigned{Chain: i.Chain, Wallet: i.Wallet, Path: i.Path, Format: "simulated", Bytes: t.bytes()}
		return nil
	})
	return u, err
}

// Simulate implements coffer.Wallet.
func (w *accounts) Simulate(_ context.Context, u coffer.Unsigned) error {
	return w.node("simulate", func() error {
		t, err := decode(u.Bytes)
		if err != nil {
			return err
		}
		for _, p := range t.Payments {
			if w.c.poison[p.To] && w.c.broken("seen") { // simulation does not see everything
				return fmt.Errorf("%w: nobody says which payment", coffer.ErrWouldFail)
			}
		}
		return nil
	})
}

// ID is what Finalize will give. That of a user operation does not cover its validity.
func (w *accounts) ID(u coffer.Unsigned) (coffer.Hash, error) {
	t, err := decode(u.Bytes)
	if w.c.family == EVM {
		t.Until = time.Time{}
	}
	return coffer.RequestHash("id", digestOf(t.bytes()).String()), err
}

// Finalize implements coffer.Wallet.
func (w *accounts) Finalize(u coffer.Unsigned, signatures []coffer.Signature) (coffer.Signed, error) {
	digest := digestOf(u.Bytes)
	keys := map[string]bool{}
	for _, s := range signatures {
		if s.Digest != digest || !slices.Equal(s.Bytes, signatureOf(s.Key, digest)) {
			return coffer.Signed{}, fmt.Errorf("signature of %s is bad", s.Key)
		}
		keys[s.Key] = true
	}
	if len(keys) < threshold {
		return coffer.Signed{}, errors.New("too few signatures")
	}
	id, err := w.ID(u)
	return coffer.Signed{ID: id, Bytes: u.Bytes}, err
}

// Explain implements coffer.Explainer.
func (w *accounts) Explain(u coffer.Unsigned) (coffer.Effects, error) {
	t, err := decode(u.Bytes)
	return coffer.Effects{
		Chain: u.Chain, Wallet: u.Wallet, Path: u.Path, Slot: t.Slot, Payments: t.Payments, FeeBound: t.Fee, ValidUntil: t.Until,
		Digests: []coffer.Hash{digestOf(u.Bytes)},
	}, err
}

// coins is a wallet of coins: coffer.CoinWallet, and its own selector.
type coins struct{ wallet }

func (w *coins) ChangePath(n uint32) string                    { return fmt.Sprintf("1/%d", n) }
func (w *coins) AddressAt(path string) (coffer.Address, error) { return w.c.address(path), nil }
func (w *coins) NextSlot(context.Context, string) (coffer.Slot, error) {
	return coffer.Slot{}, errors.New("coins have no lanes")
}

// DepositAddressAt implements deposit.Indexed.
func (w *coins) DepositAddressAt(index uint32) (coffer.AddressProof, error) {
	path := fmt.Sprintf("0/%d", index)
	return coffer.AddressProof{Kind: coffer.ProofDescriptor, Address: w.c.address(path), Descriptor: "wsh(…)", Path: path}, nil
}

// Selector implements coffer.CoinWallet.
func (w *coins) Selector(context.Context) (coffer.CoinSelector, error) {
	return w, w.node("select", func() error { return nil })
}

// Select takes coins in an order that the seed chooses, and one more than needed at times.
func (w *coins) Select(payments []coffer.Payment, has []coffer.Coin, bound coffer.Amount, seed coffer.Hash) ([]coffer.Coin, error) {
	has = slices.Clone(has)
	rng := rand.New(rand.NewPCG(uint64(seed[0])<<8|uint64(seed[1]), 2))
	rng.Shuffle(len(has), func(a, b int) { has[a], has[b] = has[b], has[a] })
	if len(payments) == 0 {
		if len(has) < 2 || sumOf(has) < number(bound)+dust {
			return nil, coffer.ErrCoins
		}
		return has[:min(len(has), 10)], nil
	}
	need := number(bound) + dust
	for _, p := range payments {
		need += number(p.Amount)
	}
	for n := range has {
		if chosen := has[:n+1]; sumOf(chosen) >= need {
			if n+1 < len(has) && rng.IntN(2) == 0 {
				chosen = has[:n+2]
			}
			return chosen, nil
		}
	}
	return nil, fmt.Errorf("simulated: %w", coffer.ErrCoins)
}

func sumOf(all []coffer.Coin) (sum uint64) {
	for _, c := range all {
		sum += number(c.Amount)
	}
	return sum
}

// Build spends as few of the intent's coins as pay for it.
func (w *coins) Build(_ context.Context, i coffer.Intent, prev []coffer.Attempt) (u coffer.Unsigned, err error) {
	err = w.node("build", func() error {
		u, err = w.build(i, prev)
		return err
	})
	return u, err
}

func (w *coins) build(i coffer.Intent, prev []coffer.Attempt) (coffer.Unsigned, error) {
	fee := w.c.rate
	for _, a := range prev {
		t, err := decode(a.Unsigned.Bytes)
		if err != nil {
			return coffer.Unsigned{}, err
		}
		fee = max(fee, number(t.Fee)+10)
	}
	if w.c.dear || fee > number(i.FeeBound) {
		return coffer.Unsigned{}, fmt.Errorf("simulated: %w", coffer.ErrFeeBudget)
	}
	out := fee
	for _, p := range i.Payments {
		out += number(p.Amount)
	}
	least := out
	if len(i.Payments) == 0 {
		least += dust
	}
	count := 1
	if i.Purpose == coffer.PurposeConsolidate {
		count = len(i.Coins)
	}
	for sumOf(i.Coins[:count]) < least {
		if count++; count > len(i.Coins) {
			return coffer.Unsigned{}, fmt.Errorf("simulated: %w", coffer.ErrCoins)
		}
	}
	t := transaction{Payout: i.ID, Coins: i.Coins[:count], Payments: i.Payments, Fee: coffer.NewAmount(fee)}
	if rest := sumOf(t.Coins) - out; rest >= dust {
		t.Change, t.Rest = i.Change, coffer.NewAmount(rest)
	} else if t.Fee = coffer.NewAmount(fee + rest); t.Fee.Cmp(i.FeeBound) > 0 {
		return coffer.Unsigned{}, fmt.Errorf("simulated: %w", coffer.ErrFeeBudget)
	}
	return coffer.Unsigned{Chain: i.Chain, Wallet: i.Wallet, Path: i.Path, Format: "simulated", Bytes: t.bytes()}, nil
}

// Simulate implements coffer.Wallet.
func (w *coins) Simulate(_ context.Context, u coffer.Unsigned) error {
	return w.node("simulate", func() error {
		t, err := decode(u.Bytes)
		if err != nil {
			return err
		}
		s := w.c.stateOf(w.c.Canonical())
		if s.landed[digestOf(t.bytes())] {
			return nil
		}
		for _, coin := range t.Coins {
			if _, there := s.unspent[coin.ID]; !there {
				return fmt.Errorf("%w: its inputs are missing or spent", coffer.ErrWouldFail)
			}
		}
		return nil
	})
}

func digestsOf(t transaction) []coffer.Hash {
	var digests []coffer.Hash
	for _, c := range t.Coins {
		digests = append(digests, coffer.RequestHash("digest", digestOf(t.bytes()).String(), string(c.ID)))
	}
	return digests
}

// ID implements what payouts ask an explainer for.
func (w *coins) ID(u coffer.Unsigned) (coffer.Hash, error) {
	t, err := decode(u.Bytes)
	return digestOf(t.bytes()), err
}

// VerifySignatures implements payout.SignatureVerifier.
func (w *coins) VerifySignatures(u coffer.Unsigned, signatures []coffer.Signature) error {
	t, err := decode(u.Bytes)
	if err != nil {
		return err
	}
	for _, s := range signatures {
		if !slices.Contains(digestsOf(t), s.Digest) || !slices.Equal(s.Bytes, signatureOf(s.Key, s.Digest)) {
			return fmt.Errorf("signature of %s is bad", s.Key)
		}
	}
	return nil
}

// Finalize implements coffer.Wallet.
func (w *coins) Finalize(u coffer.Unsigned, signatures []coffer.Signature) (coffer.Signed, error) {
	t, err := decode(u.Bytes)
	if err != nil {
		return coffer.Signed{}, err
	}
	for _, digest := range digestsOf(t) {
		keys := map[string]bool{}
		for _, s := range signatures {
			if s.Digest == digest && slices.Equal(s.Bytes, signatureOf(s.Key, digest)) {
				keys[s.Key] = true
			}
		}
		if len(keys) < threshold {
			return coffer.Signed{}, fmt.Errorf("%d good signatures over %s", len(keys), digest)
		}
	}
	return coffer.Signed{ID: digestOf(t.bytes()), Bytes: u.Bytes}, nil
}

// Explain implements coffer.Explainer.
func (w *coins) Explain(u coffer.Unsigned) (coffer.Effects, error) {
	t, err := decode(u.Bytes)
	if err != nil {
		return coffer.Effects{}, err
	}
	out := number(t.Fee) + number(t.Rest)
	for _, p := range t.Payments {
		out += number(p.Amount)
	}
	if len(t.Coins) == 0 || out != sumOf(t.Coins) {
		return coffer.Effects{}, fmt.Errorf("coins of %d pay %d", sumOf(t.Coins), out)
	}
	return coffer.Effects{
		Chain: u.Chain, Wallet: u.Wallet, Path: u.Path, Slot: coffer.Slot{Kind: coffer.SlotCoin, Lane: string(t.Coins[0].ID)},
		Payments: t.Payments, Coins: t.Coins, Change: t.Change, FeeBound: t.Fee, Digests: digestsOf(t),
	}, nil
}
