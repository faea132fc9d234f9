// Package signer is the process that holds keys and believes nobody.
//
// A Server is given an intent, its orders, their approvals and an unsigned transaction.
// It recomputes everything: what the transaction does (with the chain's Explainer), which
// orders that pays, who approved them, what its own pinned policy says, and what it signed
// before. Only then it writes a record to its log, waits until the disk has it, and signs
// the digests it computed with a key that never leaves its PKCS#11 token.
//
//	request ─→ explain ─→ effects = intent = orders? ─→ policy, approvals, velocity?
//	                                                          │
//	        signature ←─ sign ←─ record, fsync ←─ order and slot free, or the same variant?
//
// Main types: Server (checks and signs), Log (what it signed: append-only, hash-chained),
// Token and Key (PKCS#11), Client (coffer.Signer over gRPC with mutual TLS), Config.
//
// Invariants:
//   - Keys never leave the token; a token session belongs to one goroutine from SignInit
//     to Sign (two goroutines in one session crash SoftHSM).
//   - A record is on disk before the signature it is about leaves the process.
//   - An order id has one content and one slot, forever. A slot has one list of orders
//     and one fee bound; inside it any variant may be signed, because at most one lands.
//   - An order is counted against velocity once, when it is bound to its slot.
//   - A log that does not verify, a policy file that is not the pinned one, a key that can
//     be extracted, or a PIN tried too often: the process does not start.
package signer

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
)

// Bounds of a request.
const (
	maxOrders    = 256 // in one payout
	maxApprovals = 1024
	maxDigests   = 256
	maxTextBytes = 256 // of any identifier
)

// defaultMaxValidity is how long a signature may stay usable when Config does not say.
const defaultMaxValidity = time.Hour

// Roles of keys.
const (
	RoleOwner    = "owner"    // owns wallets: signs payouts
	RoleExecutor = "executor" // pays gas: signs handleOps transactions
)

// Server checks requests and signs. It is safe for concurrent use.
type Server struct {
	name        string
	policy      *policy.Policy
	chains      map[coffer.ChainID]servedChain
	maxValidity time.Duration
	clock       coffer.Clock

	mu    sync.Mutex // guards log and state: what is checked is what is recorded
	log   *Log
	state *state
}

// servedChain is what a signer knows of one chain, from its own configuration.
type servedChain struct {
	native    coffer.AssetID
	wallets   map[coffer.Address]bool
	explainer coffer.Explainer
	owner     *Key
	executor  *executor // nil when this signer has none here
}

// KeyInfo names one key and what it is for.
type KeyInfo struct {
	Role    string
	Chain   coffer.ChainID
	Address common.Address
}

// Info is what a signer says about itself.
type Info struct {
	Name     string
	Keys     []KeyInfo
	Sequence uint64 // of the last record
	Head     coffer.Hash
	Policy   coffer.Hash
}

// Name is the signer's name.
func (s *Server) Name() string { return s.name }

// Info says who this is and how far its log has come.
func (s *Server) Info() Info {
	s.mu.Lock()
	defer s.mu.Unlock()

	info := Info{Name: s.name, Sequence: s.log.sequence, Head: s.log.head, Policy: s.policy.Hash()}
	for _, id := range sortedChains(s.chains) {
		chain := s.chains[id]
		info.Keys = append(info.Keys, KeyInfo{RoleOwner, id, chain.owner.Address()})
		if chain.executor != nil {
			info.Keys = append(info.Keys, KeyInfo{RoleExecutor, id, chain.executor.key.Address()})
		}
	}
	return info
}

// Sign checks a payout and returns this signer's signatures over its digests. A refusal is
// a coffer.Error: CodeInvalid (the request contradicts itself), CodePolicy (the policy or
// its approvals do not allow it), CodeConflict (an order or slot is bound to something
// else). Asking again for the same thing is answered again and changes nothing.
func (s *Server) Sign(ctx context.Context, r coffer.SigningRequest) ([]coffer.Signature, error) {
	chain, ok := s.chains[r.Intent.Chain]
	if !ok {
		return nil, coffer.Invalid("intent.chain", "this signer does not serve %.80q", r.Intent.Chain)
	}
	if err := checkBounds(r); err != nil {
		return nil, err
	}
	effects, err := chain.explainer.Explain(r.Unsigned)
	if err != nil {
		return nil, &coffer.Error{Code: coffer.CodeInvalid, Field: "unsigned", Message: "the transaction cannot be fully read: " + err.Error()}
	}
	if err := checkEffects(r, effects, chain); err != nil {
		return nil, err
	}
	if err := checkOrders(r); err != nil {
		return nil, err
	}

	if err := s.record(ctx, r, effects, chain); err != nil {
		return nil, err
	}
	return s.sign(ctx, chain.owner, effects.Digests)
}

// record decides, under the lock, whether policy and memory allow the payout, and writes
// down that they do. When it returns nil the record is on disk.
func (s *Server) record(ctx context.Context, r coffer.SigningRequest, effects coffer.Effects, chain servedChain) error {
	s.mu.Lock()
	defer s.mu.Unlock()

	now := s.state.now(s.clock())
	if err := s.checkTimes(r, effects, now); err != nil {
		return err
	}
	fresh, err := s.state.checkBinding(r, effects)
	if err != nil {
		return err
	}
	if err := s.checkPolicy(r, chain, fresh, now); err != nil {
		return err
	}
	if s.state.signed(r.Intent, effects.Digests) {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return coffer.Errorf(coffer.CodeUnavailable, "the deadline passed before anything was signed")
	}
	return s.append(now, payoutRecordOf(r, effects, chain.native, s.policy.Hash()))
}

// append writes one record and applies it to the state that replaying it would give.
func (s *Server) append(now time.Time, rec record) error {
	written, err := s.log.append(now, rec)
	if err != nil {
		return &coffer.Error{Code: coffer.CodeInternal, Message: "the signer cannot write its log", Cause: err}
	}
	if err := s.state.apply(written); err != nil {
		return &coffer.Error{Code: coffer.CodeInternal, Message: "the signer cannot apply its own record", Cause: err}
	}
	return nil
}

func (s *Server) sign(ctx context.Context, key *Key, digests []coffer.Hash) ([]coffer.Signature, error) {
	signatures := make([]coffer.Signature, 0, len(digests))
	for _, digest := range digests {
		sig, err := key.Sign(ctx, digest)
		if err != nil {
			return nil, &coffer.Error{Code: coffer.CodeUnavailable, Message: "the token did not sign", Cause: err}
		}
		signatures = append(signatures, coffer.Signature{
			Signer: s.name, Key: key.Address().Hex(), Digest: digest, Bytes: sig,
		})
	}
	return signatures, nil
}

// String keeps a Server from printing what it holds.
func (s *Server) String() string { return fmt.Sprintf("signer %s", s.name) }
