package payout_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/payout"
)

const (
	chain    = coffer.ChainID("eip155:31337")
	usdt     = coffer.AssetID("eip155:31337/erc20:0x5FbDB2315678afecb367f032d93F642f64180aa3")
	usdc     = coffer.AssetID("eip155:31337/erc20:0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
	ether    = coffer.AssetID("eip155:31337/slip44:60")
	hot      = coffer.Address("0x00000000000000000000000000000000000000f1")
	executor = coffer.Address("0x00000000000000000000000000000000000000e1")

	validity = 100 * time.Second // of what the fake wallet builds
)

var genesis = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// operation is what the fake wallet builds: its JSON is Unsigned.Bytes.
type operation struct {
	Slot       coffer.Slot
	Payments   []coffer.Payment
	Sweeps     []coffer.Sweep
	Fee        coffer.Amount
	ValidUntil time.Time
}

func decode(b []byte) operation {
	var op operation
	if err := json.Unmarshal(b, &op); err != nil {
		panic(err)
	}
	return op
}

func digestOf(b []byte) coffer.Hash { return sha256.Sum256(b) }

func signatureOf(key string, digest coffer.Hash) []byte {
	sum := sha256.Sum256(append([]byte(key), digest[:]...))
	return sum[:]
}

// network is the fake chain's other half: what was sent to it, and what it makes of it.
type network struct {
	*chaintest.Fake
	mu      sync.Mutex
	pool    map[coffer.Hash]operation // everything ever sent, for ever
	order   []coffer.Hash
	rng     *rand.Rand
	landed  int
	hideLog bool // a successful operation leaves no Transfer
	single  bool // nothing but its end excludes an operation, and it pays its own fee (TRON)

	poison map[coffer.Address]bool // a payment to it makes its operation fail on the chain
	yields map[coffer.Sweep]uint64 // what a flush moves; nothing else moves anything
}

func newNetwork(seed uint64) *network {
	return &network{Fake: chaintest.NewFake(chain), pool: map[coffer.Hash]operation{}, poison: map[coffer.Address]bool{}, yields: map[coffer.Sweep]uint64{}, rng: rand.New(rand.NewPCG(seed, 1))}
}

// choice says what happens to an operation that could be mined.
type choice int

const (
	leave choice = iota
	succeed
	fail
)

// contents makes blocks on top of a base: each mines the operations whose turn it is.
func (n *network) contents(base []coffer.Block, count int, pick func() choice) []chaintest.Content {
	n.mu.Lock()
	defer n.mu.Unlock()
	next, landed := map[string]uint64{}, map[coffer.Hash]bool{}
	for _, b := range base {
		for _, o := range b.Outcomes {
			landed[o.ID] = true
			if o.Sender == hot && o.Slot.Kind == coffer.SlotSafe {
				next[o.Slot.Lane]++
			} else if o.Sender == hot {
				next[o.Slot.Lane] = o.Slot.Sequence + 1
			}
		}
	}
	made := make([]chaintest.Content, count)
	for i := range made {
		at := genesis.Add(time.Duration(len(base)+i) * 12 * time.Second)
		ids := slices.Clone(n.order)
		n.rng.Shuffle(len(ids), func(a, b int) { ids[a], ids[b] = ids[b], ids[a] })
		for _, id := range ids {
			op := n.pool[id]
			if n.single {
				// The parent's time counts: a block may hold what ended before its own.
				if c := pick(); c != leave && !landed[id] && at.Add(-12*time.Second).Before(op.ValidUntil) {
					n.mineSingle(&made[i], id, op, c == succeed && n.rng.IntN(6) > 0)
					landed[id] = true
				}
				continue
			}
			if op.Slot.Sequence != next[op.Slot.Lane] || !op.ValidUntil.IsZero() && at.After(op.ValidUntil) {
				continue
			}
			if c := pick(); c != leave {
				n.mine(&made[i], id, op, c == succeed)
				next[op.Slot.Lane]++
			}
		}
	}
	return made
}

// mine puts one operation into a block, inside a bundle of its own.
func (n *network) mine(c *chaintest.Content, id coffer.Hash, op operation, success bool) {
	n.landed++
	for _, p := range op.Payments {
		success = success && !n.poison[p.To]
	}
	tx := coffer.RequestHash("bundle", id.String(), fmt.Sprint(n.landed))
	o := coffer.Outcome{ID: id, Tx: tx, Sender: hot, Slot: op.Slot, Success: success, Fee: coffer.NewAmount(70), FirstLog: 2, EndLog: 3}
	if op.Slot.Kind == coffer.SlotSafe {
		o.Slot, o.Fee = coffer.Slot{Kind: coffer.SlotSafe}, coffer.Amount{} // blocks do not tell more
	}
	if !success {
		o.Reason = "execution reverted"
	} else if !n.hideLog {
		for i, p := range op.Payments {
			if !p.Asset.IsNative() {
				c.Transfers = append(c.Transfers, coffer.Transfer{Asset: p.Asset, Tx: tx, Ref: fmt.Sprintf("log:%d", 2+i), From: hot, To: p.To, Amount: p.Amount})
			}
			o.EndLog++
		}
		for _, s := range op.Sweeps {
			if amount := n.yields[s]; amount > 0 {
				c.Transfers = append(c.Transfers, flushed(tx, int(o.EndLog)-1, s, amount))
				o.EndLog++
			}
		}
	}
	c.Outcomes = append(c.Outcomes, o,
		coffer.Outcome{ID: tx, Tx: tx, Sender: executor, Slot: coffer.Slot{Kind: coffer.SlotNonce, Sequence: uint64(n.landed)}, Success: true, Fee: coffer.NewAmount(50)})
}

// mineSingle puts a transaction of the wallet into a block.
func (n *network) mineSingle(c *chaintest.Content, id coffer.Hash, op operation, success bool) {
	n.landed++
	o := coffer.Outcome{ID: id, Tx: id, Sender: hot, Slot: op.Slot, Success: success && !n.poison[op.Payments[0].To], Fee: coffer.NewAmount(70), EndLog: 1}
	switch p := op.Payments[0]; {
	case !success && n.landed%4 > 0:
		o.Reason = coffer.ReasonOutOfEnergy
	case !o.Success:
		o.Reason = "REVERT"
	case !p.Asset.IsNative():
		c.Transfers = append(c.Transfers, coffer.Transfer{Asset: p.Asset, Tx: id, Ref: "log:0", From: hot, To: p.To, Amount: p.Amount})
	}
	c.Outcomes = append(c.Outcomes, o)
}

// paid is what the canonical chain paid, by destination.
func (n *network) paid() map[coffer.Address][]coffer.Payment {
	n.mu.Lock()
	defer n.mu.Unlock()
	paid := map[coffer.Address][]coffer.Payment{}
	for _, b := range n.Canonical() {
		for _, o := range b.Outcomes {
			if op, ours := n.pool[o.ID]; ours && o.Success {
				for _, p := range op.Payments {
					paid[p.To] = append(paid[p.To], p)
				}
			}
		}
	}
	return paid
}

// fakeWallet is coffer.Wallet and coffer.Explainer on a network.
type fakeWallet struct {
	net   *network
	clock coffer.Clock

	mu        sync.Mutex
	faults    map[string]int // how many calls fail, by name
	alter     func(*operation)
	sentTimes int
	refuses   map[coffer.Address]bool // simulation shows that a payment to it would fail
	dear      bool                    // no fee within the bound would do
}

var errFake = errors.New("fake: no luck")

func (w *fakeWallet) broken(call string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.faults[call] > 0 {
		w.faults[call]--
		return true
	}
	return false
}

func (w *fakeWallet) Address() coffer.Address { return hot }

func (w *fakeWallet) NextSlot(_ context.Context, lane string) (coffer.Slot, error) {
	if w.broken("slot") {
		return coffer.Slot{}, errFake
	}
	slot := coffer.Slot{Kind: coffer.SlotEntryPoint, Lane: lane}
	if w.net.single {
		return coffer.Slot{Kind: coffer.SlotTimestamp, Lane: lane, Sequence: uint64(w.clock().Unix())}, nil
	}
	if lane == "" {
		slot.Kind = coffer.SlotSafe
	}
	for _, b := range w.net.Canonical() {
		for _, o := range b.Outcomes {
			if o.Sender == hot && o.Slot.Kind == coffer.SlotSafe && lane == "" {
				slot.Sequence++
			} else if o.Sender == hot && o.Slot.Lane == lane {
				slot.Sequence = o.Slot.Sequence + 1
			}
		}
	}
	return slot, nil
}

// SequenceAt counts the Safe transactions up to a block.
func (w *fakeWallet) SequenceAt(_ context.Context, slot coffer.Slot, block coffer.Hash) (uint64, error) {
	if w.broken("slot") || slot.Kind != coffer.SlotSafe {
		return 0, errFake
	}
	n := uint64(0)
	for _, b := range w.net.Canonical() {
		for _, o := range b.Outcomes {
			if o.Sender == hot && o.Slot.Kind == coffer.SlotSafe {
				n++
			}
		}
		if b.Hash == block {
			return n, nil
		}
	}
	return 0, errFake
}

func (w *fakeWallet) Build(_ context.Context, i coffer.Intent, prev []coffer.Attempt) (coffer.Unsigned, error) {
	if w.broken("build") {
		return coffer.Unsigned{}, errFake
	}
	fee := coffer.NewAmount(uint64(100 + 20*len(prev)))
	if w.dear || fee.Cmp(i.FeeBound) > 0 {
		return coffer.Unsigned{}, fmt.Errorf("fake: %w", coffer.ErrFeeBudget)
	}
	until := w.clock().Add(validity)
	if until.After(i.Expires) {
		until = i.Expires
	}
	op := operation{Slot: i.Slot, Payments: i.Payments, Sweeps: i.Sweeps, Fee: fee, ValidUntil: until.Truncate(time.Second)}
	if i.Path == coffer.PathExec {
		op.Fee, op.ValidUntil = coffer.Amount{}, time.Time{} // what owners sign has neither
	}
	if w.alter != nil {
		w.alter(&op)
	}
	b, err := json.Marshal(op)
	return coffer.Unsigned{Chain: i.Chain, Wallet: hot, Path: i.Path, Format: "fake", Bytes: b}, err
}

func (w *fakeWallet) Simulate(_ context.Context, u coffer.Unsigned) error {
	if w.broken("simulate") {
		return fmt.Errorf("%w: fake", coffer.ErrWouldFail)
	}
	for _, p := range decode(u.Bytes).Payments {
		if w.refuses[p.To] {
			return fmt.Errorf("%w: nobody says which payment", coffer.ErrWouldFail)
		}
	}
	return nil
}

// SimulateLegs implements payout.LegSimulator.
func (w *fakeWallet) SimulateLegs(_ context.Context, i coffer.Intent) ([]error, error) {
	if w.broken("legs") {
		return nil, errFake
	}
	legs := make([]error, len(i.Payments))
	for n, p := range i.Payments {
		if w.refuses[p.To] {
			legs[n] = errors.New("the token refuses " + string(p.To))
		}
	}
	return legs, nil
}

// ID is what Finalize will give.
func (w *fakeWallet) ID(u coffer.Unsigned) (coffer.Hash, error) {
	op := decode(u.Bytes)
	if w.net.single {
		return coffer.RequestHash("op", digestOf(u.Bytes).String()), nil
	}
	op.ValidUntil = time.Time{}
	b, err := json.Marshal(op)
	return coffer.RequestHash("op", digestOf(b).String()), err
}

func (w *fakeWallet) Finalize(u coffer.Unsigned, sigs []coffer.Signature) (coffer.Signed, error) {
	digest := digestOf(u.Bytes)
	for _, s := range sigs {
		if s.Digest != digest || !slices.Equal(s.Bytes, signatureOf(s.Key, digest)) {
			return coffer.Signed{}, fmt.Errorf("signature of %s is bad", s.Key)
		}
	}
	if len(sigs) < 2 {
		return coffer.Signed{}, errors.New("too few signatures")
	}
	// As with user operations the id does not cover the validity, which goes with the
	// signatures: what is made again with the same fees has the same id.
	id, err := w.ID(u)
	return coffer.Signed{ID: id, Bytes: u.Bytes}, err
}

// Broadcast may fail before or after the network has the operation.
func (w *fakeWallet) Broadcast(_ context.Context, s coffer.Signed) error {
	if w.broken("send") {
		return errFake
	}
	w.net.mu.Lock()
	if _, known := w.net.pool[s.ID]; !known {
		w.net.order = append(w.net.order, s.ID)
	}
	w.net.pool[s.ID] = decode(s.Bytes)
	w.net.mu.Unlock()
	w.mu.Lock()
	w.sentTimes++
	w.mu.Unlock()
	if w.broken("answer") {
		return errFake
	}
	return nil
}

func (w *fakeWallet) Explain(u coffer.Unsigned) (coffer.Effects, error) {
	op := decode(u.Bytes)
	return coffer.Effects{
		Chain: u.Chain, Wallet: u.Wallet, Path: u.Path, Slot: op.Slot, Payments: op.Payments, Sweeps: op.Sweeps, FeeBound: op.Fee,
		ValidUntil: op.ValidUntil, Digests: []coffer.Hash{digestOf(u.Bytes)},
	}, nil
}

// Moods of a signer.
const (
	willing = iota
	refusing
	failing
	absent     // so that the call fails at once
	silent     // until its caller gives up
	scribbling // a signature over the right digest that nobody can use
	straying   // a good signature over another digest
)

// fakeSigner signs, and remembers like a real one that has a node of its own: a slot has
// one list of orders, for ever, and another intent for an order comes only when the first
// can never land.
type fakeSigner struct {
	name string
	w    *world

	mu      sync.Mutex
	mood    int
	refuses coffer.Hash // an order
	asked   int
	signed  map[coffer.Hash]memory
	slots   map[coffer.Slot][]coffer.Hash
	alone   map[coffer.Slot]coffer.Hash // the one transaction of a slot that has one
	records []payout.LogRecord          // its log
	seen    uint64                      // how far the log was read
}

type memory struct {
	intent     coffer.Hash
	slot       coffer.Slot
	validUntil time.Time
	payment    coffer.Payment
}

func (s *fakeSigner) Name() string { return s.name }

func (s *fakeSigner) Sign(ctx context.Context, r coffer.SigningRequest) ([]coffer.Signature, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if slices.Contains(r.Intent.Orders, s.refuses) {
		return nil, coffer.Errorf(coffer.CodePolicy, "fake: not this order")
	}
	switch s.mood {
	case refusing:
		return nil, coffer.Errorf(coffer.CodePolicy, "fake: not this one")
	case failing:
		return nil, errFake
	case absent:
		return nil, context.DeadlineExceeded
	case silent:
		<-ctx.Done()
		return nil, ctx.Err()
	}
	s.check(r)
	s.record(r)

	digest := digestOf(r.Unsigned.Bytes)
	sig := coffer.Signature{Signer: "someone else", Key: "key of " + s.name, Digest: digest, Bytes: signatureOf("key of "+s.name, digest)}
	switch s.mood {
	case scribbling:
		sig.Bytes = []byte("xxx")
	case straying:
		sig.Digest = coffer.Hash{9}
	}
	return []coffer.Signature{sig}, nil
}

// check reports what a signer must never be asked.
func (s *fakeSigner) check(r coffer.SigningRequest) {
	if r.Intent.Purpose == coffer.PurposeCancel {
		if op := decode(r.Unsigned.Bytes); len(r.Orders)+len(r.Intent.Orders)+len(r.Intent.Payments)+len(op.Payments) > 0 || op.Slot != r.Intent.Slot {
			s.w.violate("a cancellation of slot %s does something", r.Intent.Slot)
		}
		if !s.w.clock().Before(r.Intent.Expires) {
			s.w.violate("a cancellation that expired is to be signed")
		}
		return // at most one lands in the slot
	}
	if r.Intent.Purpose == coffer.PurposeSweep {
		s.checkSweep(r)
		return
	}
	if len(r.Orders) != len(r.Intent.Payments) || len(r.Orders) != len(r.Intent.Orders) {
		s.w.violate("%d orders for %d payments", len(r.Orders), len(r.Intent.Payments))
		return
	}
	if orders, known := s.slots[r.Intent.Slot]; known && !slices.Equal(orders, r.Intent.Orders) {
		s.w.violate("slot %s was signed for %d orders and is asked for with %d others", r.Intent.Slot, len(orders), len(r.Intent.Orders))
	}
	s.slots[r.Intent.Slot] = r.Intent.Orders
	if digest := digestOf(r.Unsigned.Bytes); s.w.net.single {
		if before, known := s.alone[r.Intent.Slot]; known && before != digest {
			s.w.violate("two transactions are to be signed in slot %s", r.Intent.Slot)
		}
		if len(r.Orders) != 1 {
			s.w.violate("%d orders in one transaction", len(r.Orders))
		}
		s.alone[r.Intent.Slot] = digest
	}
	op := decode(r.Unsigned.Bytes)
	for i, o := range r.Orders {
		hash := o.Hash()
		if hash != r.Intent.Orders[i] || o.Payment() != r.Intent.Payments[i] {
			s.w.violate("order %d is not what payment %d pays", i, i)
		}
		before, known := s.signed[hash]
		if known && before.intent != r.Intent.Hash() && !s.w.dead(before) {
			s.w.violate("order %s signed in slot %s is asked for in slot %s while the first can still land", o.ID, before.slot, r.Intent.Slot)
		}
		if before.intent == r.Intent.Hash() && before.validUntil.After(op.ValidUntil) {
			continue
		}
		s.signed[hash] = memory{r.Intent.Hash(), r.Intent.Slot, op.ValidUntil, o.Payment()}
	}
}
