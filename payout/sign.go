package payout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout/payoutsql"
)

// sign collects signatures over the newest attempt until a transaction can be made of
// them, and stores its bytes and id. Each signature is stored as it arrives. A signer who
// is absent, refuses or signs nonsense does not stop the others.
func (m *Manager) sign(ctx context.Context, chain Chain, p *Payout) error {
	if m.hopeless(p) {
		err := m.cancelSlot(ctx, chain, p)
		if err != nil && !errors.Is(err, errMoved) {
			m.resend(ctx, chain, p) // what was signed may land yet
		}
		return err
	}
	attempt := p.newest()
	effects, err := explain(chain.Explainer, m.intentOf(p, attempt), attempt.Unsigned)
	if err != nil && attempt.Cancels && len(p.dead) > 0 {
		return m.cancelSlot(ctx, chain, p) // it spends a coin that is gone since it was built
	}
	if err != nil {
		return fmt.Errorf("the stored transaction is not the intent: %w", err)
	}
	request, err := m.request(ctx, p)
	if err != nil {
		return err
	}
	have, err := m.signatures(ctx, p.ID, attempt.Number, effects.Digests)
	if err != nil {
		return err
	}

	chain = chain.signing(attempt.Unsigned)
	failures := []error{}
	refusals := 0
	first := false // nobody was asked before, or everybody refused each time
	asked := map[string]bool{}
	for {
		signed, err := finalize(chain, attempt.Unsigned, effects.Digests, have)
		if err == nil {
			return m.storeSigned(ctx, p, signed)
		}
		next := nextSigners(chain, p.ID, have, asked)
		if len(next) == 0 && len(have) >= chain.Threshold {
			// Some of them are bad, and were stored before: who made them is asked once more.
			next = nextSigners(chain, p.ID, nil, asked)
		}
		if len(next) == 0 {
			m.resend(ctx, chain, p)
			if err := m.waitsForFile(ctx, chain, p, have); err != nil {
				return err
			}
			return m.unsigned(ctx, p, request, first, refusals == len(chain.Signers), errors.Join(append(failures, err)...))
		}
		if !p.row.Answered {
			first = true
			if err := m.mayAnswer(ctx, p); err != nil {
				return err
			}
		}
		for _, a := range m.ask(ctx, chain.Limits.SignTimeout, next, request) {
			asked[a.signer] = true
			if a.err == nil {
				a.err = m.accept(ctx, chain, p.ID, attempt.Unsigned, effects.Digests, a, have)
			}
			if a.err != nil {
				if refusal(a.err) {
					refusals++
				}
				failures = append(failures, fmt.Errorf("signer %s: %w", a.signer, a.err))
			}
		}
	}
}

// request is what signers get to see.
func (m *Manager) request(ctx context.Context, p *Payout) (coffer.SigningRequest, error) {
	r := coffer.SigningRequest{Intent: m.intentOf(p, p.newest()), Unsigned: p.newest().Unsigned}
	if p.newest().Cancels {
		return r, nil
	}
	withdrawals, err := m.Withdrawals.ByIDs(ctx, p.Withdrawals)
	if err != nil {
		return coffer.SigningRequest{}, err
	}
	for _, w := range withdrawals {
		r.Orders = append(r.Orders, w.Order)
		r.Approvals = append(r.Approvals, w.Approvals...)
	}
	return r, nil
}

// signatures are those stored for an attempt, by signer, complete sets only.
func (m *Manager) signatures(ctx context.Context, id string, number uint32, digests []coffer.Hash) (map[string][]coffer.Signature, error) {
	return signaturesOf(ctx, m.sql, id, number, digests)
}

func signaturesOf(ctx context.Context, q *payoutsql.Queries, id string, number uint32, digests []coffer.Hash) (map[string][]coffer.Signature, error) {
	rows, err := q.Signatures(ctx, payoutsql.SignaturesParams{PayoutID: id, Attempt: int32(number)}) //nolint:gosec // at most MaxAttempts
	if err != nil {
		return nil, fmt.Errorf("read signatures: %w", err)
	}
	have := map[string][]coffer.Signature{}
	for _, row := range rows {
		have[row.Signer] = append(have[row.Signer], coffer.Signature{Signer: row.Signer, Key: row.Key, Digest: row.Digest, Bytes: row.Signature})
	}
	for signer, sigs := range have {
		if checkSet(sigs, digests) != nil {
			delete(have, signer)
		}
	}
	return have, nil
}

// nextSigners are those to ask now: as many as are missing, at least one, each once in a
// step. Who comes first rotates from payout to payout, since each signer has its own cap.
func nextSigners(chain Chain, id string, have map[string][]coffer.Signature, asked map[string]bool) []coffer.Signer {
	missing := max(1, chain.Threshold-len(keysOf(have)))
	first := int(coffer.RequestHash("signers", id)[0]) % len(chain.Signers)
	var next []coffer.Signer
	for i := range chain.Signers {
		s := chain.Signers[(first+i)%len(chain.Signers)]
		if _, done := have[s.Name()]; !done && !asked[s.Name()] && len(next) < missing {
			next = append(next, s)
		}
	}
	return next
}

// SignatureCounter is a wallet some of whose transactions are not signed by as many as the others,
// such as those of its deposit addresses where each has one key of its own. Zero: the chain's
// threshold holds.
type SignatureCounter interface {
	SignaturesNeeded(u coffer.Unsigned) int
}

// signing is the chain with the threshold that a transaction has.
func (c Chain) signing(u coffer.Unsigned) Chain {
	if wallet, ok := c.Wallet.(SignatureCounter); ok {
		if n := wallet.SignaturesNeeded(u); n > 0 {
			c.Threshold = n
		}
	}
	return c
}

// SignatureVerifier is a wallet that can tell good signatures from bad ones before there are
// enough of them. Bad ones are not stored.
type SignatureVerifier interface {
	VerifySignatures(u coffer.Unsigned, signatures []coffer.Signature) error
}

type answer struct {
	signer string
	sigs   []coffer.Signature
	err    error
}

// ask asks signers at once. It returns when all answered or their deadline passed, even
// if one ignores it.
func (m *Manager) ask(ctx context.Context, timeout time.Duration, signers []coffer.Signer, r coffer.SigningRequest) []answer {
	call, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	type placed struct {
		place int
		answer
	}
	arrived := make(chan placed, len(signers)) // nobody waits to be heard
	answers := make([]answer, len(signers))
	for i, s := range signers {
		answers[i] = answer{signer: s.Name(), err: errors.New("did not answer in time")}
		go func() {
			sigs, err := s.Sign(call, r)
			arrived <- placed{i, answer{s.Name(), sigs, err}}
		}()
	}
	for range signers {
		select {
		case a := <-arrived:
			answers[a.place] = a.answer
		case <-call.Done():
			return answers
		}
	}
	return answers
}

// accept stores what a signer answered, if it is one signature for each digest that the
// transaction has.
func (m *Manager) accept(ctx context.Context, chain Chain, id string, u coffer.Unsigned, digests []coffer.Hash, a answer, have map[string][]coffer.Signature) error {
	for i := range a.sigs {
		a.sigs[i].Signer = a.signer // a name is what we know it by, not what it says
	}
	if err := checkSet(a.sigs, digests); err != nil {
		return err
	}
	if verifier, ok := chain.Wallet.(SignatureVerifier); ok {
		if err := verifier.VerifySignatures(u, a.sigs); err != nil {
			return fmt.Errorf("a signature that is none: %w", err)
		}
	}
	m.checkpoint("payout.before_signature")
	err := m.DB.Tx(ctx, func(tx pgx.Tx) error {
		for _, sig := range a.sigs {
			err := m.sql.WithTx(tx).InsertSignature(ctx, payoutsql.InsertSignatureParams{
				PayoutID: id, Attempt: int32(u.Attempt), Digest: sig.Digest, Signer: a.signer, //nolint:gosec // at most MaxAttempts
				Key: sig.Key, Signature: sig.Bytes, CreatedAt: m.now(),
			})
			if err != nil {
				return fmt.Errorf("store a signature: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	have[a.signer] = a.sigs
	m.checkpoint("payout.signature")
	return nil
}

// checkSet holds signatures to one for each digest by one key.
func checkSet(sigs []coffer.Signature, digests []coffer.Hash) error {
	if len(sigs) != len(digests) {
		return fmt.Errorf("%d signatures, want %d", len(sigs), len(digests))
	}
	for _, digest := range digests {
		if !slices.ContainsFunc(sigs, func(s coffer.Signature) bool { return s.Digest == digest }) {
			return fmt.Errorf("no signature over %s", digest)
		}
	}
	for _, s := range sigs {
		switch {
		case s.Key == "" || len(s.Key) > maxKey || strings.ContainsRune(s.Key, 0):
			return errors.New("a signature without a key")
		case s.Key != sigs[0].Key:
			return errors.New("signatures of two keys")
		case len(s.Bytes) == 0 || len(s.Bytes) > maxSignature:
			return fmt.Errorf("a signature of %d bytes", len(s.Bytes))
		}
	}
	return nil
}

// finalize makes the transaction out of the first signers, of those there are, whose
// signatures are good.
func finalize(chain Chain, u coffer.Unsigned, digests []coffer.Hash, have map[string][]coffer.Signature) (coffer.Signed, error) {
	names := make([]string, 0, len(have))
	for name := range have {
		names = append(names, name)
	}
	slices.Sort(names)

	last := fmt.Errorf("%d of %d signatures", len(names), chain.Threshold)
	tried := 0
	var signed coffer.Signed
	found := false
	subsets(len(names), chain.Threshold, func(chosen []int) bool {
		var sigs []coffer.Signature
		keys := map[string]bool{}
		for _, i := range chosen {
			sigs = append(sigs, have[names[i]]...)
			keys[have[names[i]][0].Key] = true
		}
		tried++
		if len(keys) == chain.Threshold {
			s, err := chain.Wallet.Finalize(u, sigs)
			if err == nil && !s.ID.IsZero() && len(s.Bytes) > 0 {
				signed, found = s, true
				return false
			}
			last = fmt.Errorf("finalize: %w", errors.Join(err, errEmpty(s)))
		}
		return tried < maxSubsets
	})
	if !found {
		return coffer.Signed{}, last
	}
	return signed, nil
}

func errEmpty(s coffer.Signed) error {
	if s.ID.IsZero() || len(s.Bytes) == 0 {
		return errors.New("no signed transaction came out")
	}
	return nil
}

// subsets calls fn with every choice of k out of n, in order, until it returns false.
func subsets(n, k int, fn func(chosen []int) bool) {
	chosen := make([]int, 0, k)
	var choose func(from int) bool
	choose = func(from int) bool {
		if len(chosen) == k {
			return fn(chosen)
		}
		for i := from; i < n; i++ {
			chosen = append(chosen, i)
			more := choose(i + 1)
			chosen = chosen[:len(chosen)-1]
			if !more {
				return false
			}
		}
		return true
	}
	choose(0)
}

// storeSigned stores bytes and id before anything is sent.
func (m *Manager) storeSigned(ctx context.Context, p *Payout, signed coffer.Signed) error {
	m.checkpoint("payout.before_signed")
	err := m.store(ctx, p, func(tx pgx.Tx, p *Payout) error {
		n, err := m.sql.WithTx(tx).SignAttempt(ctx, payoutsql.SignAttemptParams{
			PayoutID: p.ID, Number: int32(p.newest().Number), SignedID: &signed.ID, Signed: signed.Bytes, //nolint:gosec // at most MaxAttempts
		})
		if err != nil {
			return fmt.Errorf("store the signed attempt: %w", err)
		}
		if n != 1 {
			return fmt.Errorf("attempt %d of %s was signed before", p.newest().Number, p.ID)
		}
		return m.next(p, coffer.PayoutSigned)
	})
	if err == nil {
		m.checkpoint("payout.signed")
	}
	return err
}
