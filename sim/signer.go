package sim

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout"
)

// mood is how a signer is today.
type mood int

const (
	willing mood = iota
	refusing
	failing
	deaf       // it signs, writes it down, and its answer is lost
	scribbling // a signature over the right digest that nobody can use
	straying   // a good signature over another digest
	moods
)

// signer signs for one chain, and remembers as a real one does that has a node of its own: a slot
// has one list of orders for ever, and an order goes into another slot only when nothing that was
// signed for it can land any more.
type signer struct {
	name string
	n    int // of its chain's
	c    *chain
	w    *World

	mu      sync.Mutex
	mood    mood
	refuses coffer.Hash // an order
	signed  map[coffer.Hash]memory
	slots   map[coffer.Slot][]coffer.Hash
	single  map[coffer.Slot]coffer.Hash // the one transaction of a slot that has one
	records []payout.LogRecord          // its log
}

type memory struct {
	intent  coffer.Hash
	slot    coffer.Slot
	until   time.Time
	payment coffer.Payment
}

func newSigner(w *World, c *chain, n int) *signer {
	return &signer{
		name: fmt.Sprintf("%s-signer-%d", c.family, n), n: n, c: c, w: w,
		signed: map[coffer.Hash]memory{}, slots: map[coffer.Slot][]coffer.Hash{}, single: map[coffer.Slot]coffer.Hash{},
	}
}

// heard is a signer as a process reaches it: not at all once it is dead.
type heard struct {
	*signer
	by *Process
}

// Sign implements coffer.Signer. Payouts ask several at once.
func (h heard) Sign(ctx context.Context, r coffer.SigningRequest) (signatures []coffer.Signature, err error) {
	err = h.by.Beside("signer.sign", h.n, signersPerChain, func() error {
		signatures, err = h.signer.Sign(ctx, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	return signatures, nil
}

// Read implements payout.SignerLog.
func (h heard) Read(ctx context.Context, after uint64, previous coffer.Hash) (page payout.LogPage, err error) {
	err = h.by.Call("signer.read", func() error {
		page, err = h.signer.Read(ctx, after, previous)
		return err
	})
	return page, err
}

func (s *signer) key() string { return "key of " + s.name }

func signatureOf(key string, digest coffer.Hash) []byte {
	sum := sha256.Sum256(append([]byte(key), digest[:]...))
	return sum[:]
}

// Name implements coffer.Signer.
func (s *signer) Name() string { return s.name }

// Sign implements coffer.Signer.
func (s *signer) Sign(_ context.Context, r coffer.SigningRequest) ([]coffer.Signature, error) {
	s.w.outside.Lock() // it has a node of its own
	defer s.w.outside.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.mood == refusing || slices.Contains(r.Intent.Orders, s.refuses):
		return nil, coffer.Errorf(coffer.CodePolicy, "simulated: not this one")
	case s.mood == failing:
		return nil, errNode
	}
	t, err := decode(r.Unsigned.Bytes)
	if err != nil {
		return nil, err
	}
	s.check(r, t)
	s.record(r, t)
	if s.mood == deaf {
		return nil, context.DeadlineExceeded
	}
	digests := []coffer.Hash{digestOf(r.Unsigned.Bytes)}
	if s.c.family == Coins {
		digests = digestsOf(t)
	}
	var signatures []coffer.Signature
	for _, digest := range digests {
		signature := coffer.Signature{Signer: "someone else", Key: s.key(), Digest: digest, Bytes: signatureOf(s.key(), digest)}
		switch s.mood {
		case scribbling:
			signature.Bytes = []byte("xxx")
		case straying:
			signature.Digest = coffer.Hash{9}
		}
		signatures = append(signatures, signature)
	}
	return signatures, nil
}

// check complains of what a signer must never be asked.
func (s *signer) check(r coffer.SigningRequest, t transaction) {
	i := r.Intent
	if s.c.family == Coins && (len(t.Coins) == 0 || i.Slot.Lane != string(t.Coins[0].ID) || !slices.Equal(t.Coins, i.Coins[:min(len(t.Coins), len(i.Coins))])) {
		s.w.violate("payout %s spends other coins than it says", i.ID)
	}
	if i.Purpose == coffer.PurposeCancel || i.Purpose == coffer.PurposeConsolidate {
		if len(r.Orders)+len(i.Orders)+len(i.Payments)+len(t.Payments) > 0 {
			s.w.violate("%s of slot %s pays", i.Purpose, i.Slot)
		}
		return
	}
	if len(r.Orders) != len(i.Payments) || len(r.Orders) != len(i.Orders) || len(r.Orders) != len(t.Payments) {
		s.w.violate("%d orders for %d payments", len(r.Orders), len(t.Payments))
		return
	}
	if orders, known := s.slots[i.Slot]; known && !slices.Equal(orders, i.Orders) {
		s.w.violate("slot %s was signed for %d orders and is asked for with %d others", i.Slot, len(orders), len(i.Orders))
	}
	s.slots[i.Slot] = i.Orders
	if s.c.family == TRON {
		digest := digestOf(r.Unsigned.Bytes)
		if before, known := s.single[i.Slot]; known && before != digest {
			s.w.violate("two transactions are to be signed in slot %s", i.Slot)
		}
		s.single[i.Slot] = digest
	}
	for n, o := range r.Orders {
		hash := o.Hash()
		if hash != i.Orders[n] || o.Payment() != t.Payments[n] {
			s.w.violate("payment %d is not order %s", n, o.ID)
		}
		before, known := s.signed[hash]
		if known && before.slot != i.Slot && !s.c.dead(before) {
			s.w.violate("order %s signed in slot %s is asked for in slot %s while the first can still land", o.ID, before.slot, i.Slot)
		}
		if before.intent == i.Hash() && before.until.After(t.Until) {
			continue
		}
		s.signed[hash] = memory{i.Hash(), i.Slot, t.Until, o.Payment()}
	}
}

// dead says whether nothing that was signed for an order in a slot can land any more: a final
// block holds something in the slot that did not pay it, or its time ended before the final block
// and nothing took the slot.
func (c *chain) dead(m memory) bool {
	final := c.Final()
	for _, b := range c.Canonical() {
		for _, o := range b.Outcomes {
			if o.Sender == c.hot && o.Slot == m.slot {
				paid := o.Success && c.known[o.ID] != nil && slices.Contains(c.known[o.ID].ours.Payments, m.payment)
				return b.Height <= final && !paid
			}
		}
		for _, spend := range b.Spends {
			if string(spend.Coin) == m.slot.Lane {
				by := c.known[spend.Tx]
				return b.Height <= final && (by.ours == nil || !slices.Contains(by.ours.Payments, m.payment))
			}
		}
	}
	return c.family != Coins && genesis.Add(time.Duration(final)*blockInterval).After(m.until)
}

// logLine is how signers keep a record.
type logLine struct {
	Previous coffer.Hash
	Payout   *payout.LoggedPayout
}

// record writes down what is about to be signed.
func (s *signer) record(r coffer.SigningRequest, t transaction) {
	id := digestOf(t.bytes())
	if s.c.family != Coins {
		a := accounts{wallet{c: s.c}}
		var err error
		if id, err = a.ID(r.Unsigned); err != nil {
			panic(err)
		}
	}
	intent := r.Intent
	text, err := json.Marshal(logLine{s.end(len(s.records)), &payout.LoggedPayout{
		ID: intent.ID, IntentHash: intent.Hash(), Intent: &intent, Orders: r.Orders, ValidUntil: t.Until, IDs: []coffer.Hash{id},
	}})
	if err != nil {
		panic(err)
	}
	record, err := readLine(text, uint64(len(s.records)+1))
	if err != nil {
		panic(err)
	}
	s.records = append(s.records, record)
}

// end is the hash of the n-th record.
func (s *signer) end(n int) coffer.Hash {
	if n == 0 {
		return coffer.Hash{}
	}
	return s.records[n-1].Hash
}

// readLine is what the copy of a record says.
func readLine(line []byte, sequence uint64) (payout.LogRecord, error) {
	var l logLine
	err := json.Unmarshal(line, &l)
	return payout.LogRecord{Sequence: sequence, Hash: sha256.Sum256(line), Line: line, Payout: l.Payout}, err
}

// Read implements payout.SignerLog.
func (s *signer) Read(_ context.Context, after uint64, previous coffer.Hash) (payout.LogPage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	page := payout.LogPage{Sequence: uint64(len(s.records)), Head: s.end(len(s.records))}
	if after >= page.Sequence {
		return page, nil
	}
	if s.end(int(after)) != previous {
		return payout.LogPage{}, payout.ErrLogDiffers
	}
	page.Records = slices.Clone(s.records[after:min(page.Sequence, after+50)])
	return page, nil
}

// Seen implements payout.SignerLog.
func (s *signer) Seen(context.Context, uint64, coffer.Hash) error { return nil }
