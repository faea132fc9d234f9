package sim_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout"
)

const dust = 3

// coinWallet is coffer.CoinWallet, its own selector and coffer.Explainer, on a network.
type coinWallet struct {
	net    *network
	faults map[string]int
	dear   bool
	rate   uint64 // fee of a first attempt
	share  uint64 // what the fee of now is for each payment, where coins are chosen
}

var errFake = errors.New("fake: no luck")

func (w *coinWallet) broken(call string) bool {
	if w.faults[call] > 0 {
		w.faults[call]--
		return true
	}
	return false
}

func (w *coinWallet) Address() coffer.Address                       { return addressAt("0/0") }
func (w *coinWallet) ChangePath(n uint32) string                    { return fmt.Sprintf("1/%d", n) }
func (w *coinWallet) AddressAt(path string) (coffer.Address, error) { return addressAt(path), nil }

func (w *coinWallet) DepositAddressAt(index uint32) (coffer.AddressProof, error) {
	path := fmt.Sprintf("0/%d", index)
	return coffer.AddressProof{Kind: coffer.ProofDescriptor, Address: addressAt(path), Descriptor: "wsh(…)", Path: path}, nil
}

func (w *coinWallet) NextSlot(context.Context, string) (coffer.Slot, error) {
	return coffer.Slot{}, errors.New("coins have no lanes")
}

func (w *coinWallet) Selector(context.Context) (coffer.CoinSelector, error) {
	if w.broken("select") {
		return nil, errFake
	}
	return w, nil
}

// Select takes coins in an order that the seed chooses, and one more than needed at times.
func (w *coinWallet) Select(payments []coffer.Payment, coins []coffer.Coin, bound coffer.Amount, seed coffer.Hash) ([]coffer.Coin, error) {
	if w.share*uint64(len(payments)) > number(bound) {
		return nil, fmt.Errorf("fake: %w", coffer.ErrFeeBudget)
	}
	rng := rand.New(rand.NewPCG(uint64(seed[0])<<8|uint64(seed[1]), 2))
	rng.Shuffle(len(coins), func(a, b int) { coins[a], coins[b] = coins[b], coins[a] })
	if len(payments) == 0 {
		if len(coins) < 2 || sumOf(coins) < number(bound)+dust {
			return nil, coffer.ErrCoins
		}
		return coins[:min(len(coins), 10)], nil
	}
	need := number(bound) + dust
	for _, p := range payments {
		need += number(p.Amount)
	}
	for n := range coins {
		if chosen := coins[:n+1]; sumOf(chosen) >= need {
			if n+1 < len(coins) && rng.IntN(2) == 0 {
				chosen = coins[:n+2]
			}
			return chosen, nil
		}
	}
	return nil, fmt.Errorf("fake: %w", coffer.ErrCoins)
}

func number(a coffer.Amount) uint64 { return a.Int().Uint64() }

func sumOf(coins []coffer.Coin) (sum uint64) {
	for _, c := range coins {
		sum += number(c.Amount)
	}
	return sum
}

// Build spends as few of the intent's coins as pay for it.
func (w *coinWallet) Build(_ context.Context, i coffer.Intent, prev []coffer.Attempt) (coffer.Unsigned, error) {
	if w.broken("build") {
		return coffer.Unsigned{}, errFake
	}
	fee := w.rate
	for _, a := range prev {
		if err := w.passedOn(a); err != nil {
			return coffer.Unsigned{}, err
		}
		fee = max(fee, number(decode(a.Unsigned.Bytes).Fee)+10)
	}
	if w.dear || fee > number(i.FeeBound) {
		return coffer.Unsigned{}, fmt.Errorf("fake: %w", coffer.ErrFeeBudget)
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
			return coffer.Unsigned{}, fmt.Errorf("fake: %w", coffer.ErrCoins)
		}
	}
	t := transaction{Payout: i.ID, Coins: i.Coins[:count], Payments: i.Payments, Fee: coffer.NewAmount(fee)}
	if rest := sumOf(t.Coins) - out; rest >= dust {
		t.Change, t.Rest = i.Change, coffer.NewAmount(rest)
	} else {
		t.Fee = coffer.NewAmount(fee + rest)
		if t.Fee.Cmp(i.FeeBound) > 0 {
			return coffer.Unsigned{}, fmt.Errorf("fake: %w", coffer.ErrFeeBudget)
		}
	}
	return coffer.Unsigned{Chain: i.Chain, Wallet: i.Wallet, Path: i.Path, Format: "fake", Bytes: t.bytes()}, nil
}

// passedOn says whether somebody spends already what an attempt pays. Pools forget both when a
// block spends a coin of the attempt.
func (w *coinWallet) passedOn(a coffer.Attempt) error {
	t := decode(a.Unsigned.Bytes)
	if unspent, _ := ledgerOf(w.net.Canonical()); !spendable(t, unspent) {
		return nil
	}
	for n := range t.Payments {
		if _, spent := w.net.onward[coffer.NewCoinID(t.id(), uint32(n))]; spent && a.Signed != nil {
			return fmt.Errorf("fake: %w", coffer.ErrDescendants)
		}
	}
	return nil
}

// ChildCoin implements payout.ChildBuilder.
func (w *coinWallet) ChildCoin(_ context.Context, prev []coffer.Attempt) (uint32, coffer.Coin, coffer.Amount, error) {
	for _, a := range slices.Backward(prev) {
		t := decode(a.Unsigned.Bytes)
		if _, sent := w.net.known[t.id()]; !sent || a.Signed == nil || t.Rest.IsZero() {
			continue
		}
		coin := coffer.NewCoinID(t.id(), uint32(len(t.Payments)))
		return a.Number, coffer.Coin{ID: coin, Address: addressAt(t.Change), Path: t.Change, Amount: t.Rest}, t.Fee, nil
	}
	return 0, coffer.Coin{}, coffer.Amount{}, fmt.Errorf("fake: %w", coffer.ErrCoins)
}

// BuildChild implements payout.ChildBuilder.
func (w *coinWallet) BuildChild(_ context.Context, i coffer.Intent, parent coffer.Attempt) (coffer.Unsigned, error) {
	if w.broken("build") {
		return coffer.Unsigned{}, errFake
	}
	of, _, err := i.Coins[0].ID.Parts()
	if err != nil || parent.Signed == nil || parent.Signed.ID != of {
		return coffer.Unsigned{}, fmt.Errorf("coin %s is not of attempt %d: %w", i.Coins[0].ID, parent.Number, err)
	}
	if w.dear || w.rate > number(i.FeeBound) || sumOf(i.Coins) < w.rate+dust {
		return coffer.Unsigned{}, fmt.Errorf("fake: %w", coffer.ErrFeeBudget)
	}
	t := transaction{Payout: i.ID, Coins: i.Coins, Fee: coffer.NewAmount(w.rate), Change: i.Change, Rest: coffer.NewAmount(sumOf(i.Coins) - w.rate)}
	return coffer.Unsigned{Chain: i.Chain, Wallet: i.Wallet, Path: i.Path, Format: "fake", Bytes: t.bytes()}, nil
}

func (w *coinWallet) Simulate(_ context.Context, u coffer.Unsigned) error {
	unspent, landed := ledgerOf(w.net.Canonical())
	t := decode(u.Bytes)
	if w.broken("simulate") {
		return fmt.Errorf("%w: fake", coffer.ErrWouldFail)
	}
	if _, in := landed[t.id()]; !in && !spendable(t, unspent) {
		return fmt.Errorf("%w: its inputs are missing or spent", coffer.ErrWouldFail)
	}
	return nil
}

func digestsOf(t transaction) []coffer.Hash {
	var digests []coffer.Hash
	for _, c := range t.Coins {
		digests = append(digests, coffer.RequestHash("digest", t.id().String(), string(c.ID)))
	}
	return digests
}

func signatureOf(key string, digest coffer.Hash) []byte {
	sum := sha256.Sum256(append([]byte(key), digest[:]...))
	return sum[:]
}

// ID implements what payouts ask an explainer for.
func (w *coinWallet) ID(u coffer.Unsigned) (coffer.Hash, error) { return decode(u.Bytes).id(), nil }

// VerifySignatures implements payout.SignatureVerifier.
func (w *coinWallet) VerifySignatures(u coffer.Unsigned, sigs []coffer.Signature) error {
	for _, s := range sigs {
		if !slices.Contains(digestsOf(decode(u.Bytes)), s.Digest) || !slices.Equal(s.Bytes, signatureOf(s.Key, s.Digest)) {
			return fmt.Errorf("signature of %s is bad", s.Key)
		}
	}
	return nil
}

func (w *coinWallet) Finalize(u coffer.Unsigned, sigs []coffer.Signature) (coffer.Signed, error) {
	t := decode(u.Bytes)
	for _, digest := range digestsOf(t) {
		keys := map[string]bool{}
		for _, s := range sigs {
			if s.Digest == digest && slices.Equal(s.Bytes, signatureOf(s.Key, digest)) {
				keys[s.Key] = true
			}
		}
		if len(keys) < 2 {
			return coffer.Signed{}, fmt.Errorf("%d good signatures over %s", len(keys), digest)
		}
	}
	return coffer.Signed{ID: t.id(), Bytes: u.Bytes}, nil
}

// Broadcast may fail before or after the network has the transaction.
func (w *coinWallet) Broadcast(_ context.Context, s coffer.Signed) error {
	if w.broken("send") {
		return errFake
	}
	w.net.send(decode(s.Bytes))
	if w.broken("answer") {
		return errFake
	}
	return nil
}

func (w *coinWallet) Explain(u coffer.Unsigned) (coffer.Effects, error) {
	t := decode(u.Bytes)
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

// Moods of a signer.
const (
	willing = iota
	refusing
	failing
	straying // signs another digest
	scribbling
)

// coinSigner signs, and remembers: an order goes into another slot only when the first one's
// anchor went, finally, to a transaction that does not pay it.
type coinSigner struct {
	name  string
	w     *world
	mood  int
	slots map[coffer.Hash]coffer.Slot // by order

	refuses string // a withdrawal whose payouts it does not sign

	records []payout.LogRecord // its log
}

func (s *coinSigner) Name() string { return s.name }

func (s *coinSigner) Sign(_ context.Context, r coffer.SigningRequest) ([]coffer.Signature, error) {
	switch s.mood {
	case refusing:
		return nil, coffer.Errorf(coffer.CodePolicy, "fake: not this one")
	case failing:
		return nil, errFake
	}
	if slices.ContainsFunc(r.Orders, func(o coffer.Order) bool { return o.ID == s.refuses }) {
		return nil, coffer.Errorf(coffer.CodePolicy, "fake: not with this one")
	}
	s.check(r)
	s.record(r)
	var sigs []coffer.Signature
	for _, digest := range digestsOf(decode(r.Unsigned.Bytes)) {
		if s.mood == straying {
			digest = coffer.Hash{9}
		}
		sig := coffer.Signature{Signer: s.name, Key: "key of " + s.name, Digest: digest, Bytes: signatureOf("key of "+s.name, digest)}
		if s.mood == scribbling {
			sig.Bytes = []byte("xxx")
		}
		sigs = append(sigs, sig)
	}
	return sigs, nil
}

func (s *coinSigner) check(r coffer.SigningRequest) {
	t := decode(r.Unsigned.Bytes)
	i := r.Intent
	if len(t.Coins) == 0 || i.Slot.Lane != string(t.Coins[0].ID) || !slices.Equal(t.Coins, i.Coins[:min(len(t.Coins), len(i.Coins))]) {
		s.w.violate("payout %s spends other coins than it says", i.ID)
	}
	if i.Purpose == coffer.PurposeCancel || i.Purpose == coffer.PurposeConsolidate {
		if len(t.Payments)+len(r.Orders) > 0 {
			s.w.violate("%s of slot %s pays", i.Purpose, i.Slot)
		}
		return
	}
	if len(r.Orders) != len(t.Payments) || len(r.Orders) != len(i.Orders) {
		s.w.violate("%d orders for %d payments", len(r.Orders), len(t.Payments))
		return
	}
	for n, o := range r.Orders {
		hash := o.Hash()
		if hash != i.Orders[n] || o.Payment() != t.Payments[n] {
			s.w.violate("payment %d is not order %s", n, o.ID)
		}
		if before, known := s.slots[hash]; known && before != i.Slot && !s.w.dead(before, o.Payment()) {
			s.w.violate("order %s signed in slot %s is asked for in slot %s while the first can still land", o.ID, before, i.Slot)
		}
		s.slots[hash] = i.Slot
	}
}
