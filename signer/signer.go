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
// A slot can end without paying its orders. A signer with nodes of its own sees that in
// final blocks and writes it down; then the orders may take another slot (observer).
//
// Main types: Server (checks and signs), Log (what it signed: append-only, hash-chained),
// Token and Key (PKCS#11), Client (coffer.Signer over gRPC with mutual TLS), Config.
//
// Invariants:
//   - Keys never leave the token, but those of Bitcoin addresses and of TRON deposit addresses:
//     they are derived from a seed that the token seals, in memory only. A token session belongs to one goroutine
//     from SignInit to Sign (two goroutines in one session crash SoftHSM).
//   - A record is on disk before the signature it is about leaves the process.
//   - An order id has one content, forever, and one slot, until the signer itself has seen
//     in a final block that the slot ended without paying it (see observer). A slot has one
//     list of orders, or of sweeps, and one fee bound, or is there to pay coins of a wallet
//     to the wallet, or to lend to a deposit address; inside it any variant may be signed,
//     because at most one lands. On TRON that is not so: there a slot has one transaction, and
//     ends when blocks past its expiration do not hold it. Since quorums of signers overlap, one of those who sign in a
//     new slot signed whatever could have been paid in the old one.
//   - An order is counted against velocity once, when it is bound to its slot.
//   - A deposit address of TRON pays its wallet and nobody else. A signer that has the
//     seed signs that alone.
//   - What people paused or revoked is not signed, and what they said is in the log.
//   - A signer that is told of a record it does not have signs nothing until a quorum
//     resets it: its log was cut, or restored from an old copy.
//   - A log that does not verify, a policy file that is not the pinned one, a key that can
//     be extracted, a seed whose seal does not open, or a PIN tried too often: the process does not start.
package signer

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
)

// Bounds of a request.
const (
	maxOrders    = 256 // in one payout
	maxApprovals = 1024
	maxSweeps    = 256 // in one payout
	maxDigests   = 256
	maxTextBytes = 256 // of any identifier

	maxUnsignedBytes = 1 << 20 // of a transaction that is no PSBT
)

// defaultMaxValidity is how long a signature may stay usable when Config does not say.
const defaultMaxValidity = time.Hour

// Roles of keys.
const (
	RoleOwner    = "owner"    // owns wallets: signs payouts
	RoleDeposits = "deposits" // alone signs what empties deposit addresses (TRON)
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
	owner     owner
	executor  *executor // nil when this signer has none here
	observer  observer  // nil when this signer has no node of its own
	limits    *Limits   // nil but on Bitcoin
}

// owner is this signer's keys of the wallets of a chain, in the way of its family.
type owner interface {
	// names are what signatures say the keys are called.
	names() []string
	// sign signs every digest of what an Explainer read. The signer's name is left out.
	sign(ctx context.Context, e coffer.Effects) ([]coffer.Signature, error)
}

// depositOwner is an owner that may have keys of deposit addresses too (TRON).
type depositOwner interface {
	pinned() []Deposits
	holds(e coffer.Effects) error
}

// safeOwner is a key that owns Safes.
type safeOwner struct{ key *Key }

func (o safeOwner) names() []string { return []string{o.key.Address().Hex()} }

func (o safeOwner) sign(ctx context.Context, e coffer.Effects) ([]coffer.Signature, error) {
	signatures := make([]coffer.Signature, 0, len(e.Digests))
	for _, digest := range e.Digests {
		sig, err := o.key.Sign(ctx, digest)
		if err != nil {
			return nil, err
		}
		signatures = append(signatures, coffer.Signature{Key: o.key.Address().Hex(), Digest: digest, Bytes: sig})
	}
	return signatures, nil
}

// KeyInfo names one key and what it is for. Key is an EIP-55 address on EVM; on Bitcoin the
// key as its descriptor has it, without /<0;1>/*; on TRON a base58 address, or the extended key
// of deposit addresses.
type KeyInfo struct {
	Role  string
	Chain coffer.ChainID
	Key   string
}

// Info is what a signer says about itself.
type Info struct {
	Name     string
	Keys     []KeyInfo
	Sequence uint64 // of the last record
	Head     coffer.Hash
	Policy   coffer.Hash
	Pauses   []Pause // in force, oldest first
	Cut      string  // why it wants to be reset, empty when it does not
	Limits   []Limits
	Deposits []Deposits
}

// Limits are what a signer's own configuration says of a Bitcoin chain.
type Limits struct {
	Chain         coffer.ChainID
	MaxFee        uint64 // of one transaction, satoshis
	MaxFeeRate    uint64 // sat/vB
	Confirmations uint64 // of a block that is final to it; 0 when it has no nodes
}

// Deposits are what a signer's own configuration says of a TRON account's deposit addresses.
type Deposits struct {
	Chain   coffer.ChainID
	Account coffer.Address
	Key     string // that they are made of, as tron.ParseDepositKey reads it; empty for none
	Held    bool   // by this signer, which may sweep them
}

// Name is the signer's name.
func (s *Server) Name() string { return s.name }

// Info says who this is and how far its log has come.
func (s *Server) Info() Info {
	s.mu.Lock()
	defer s.mu.Unlock()

	info := Info{Name: s.name, Sequence: s.log.sequence, Head: s.log.head, Policy: s.policy.Hash(), Pauses: slices.Clone(s.state.commands.pauses)}
	if s.state.commands.cut != nil {
		info.Cut = s.state.commands.cut.String()
	}
	for _, id := range sortedChains(s.chains) {
		chain := s.chains[id]
		for _, name := range chain.owner.names() {
			info.Keys = append(info.Keys, KeyInfo{RoleOwner, id, name})
		}
		if deposits, ok := chain.owner.(depositOwner); ok {
			for _, d := range deposits.pinned() {
				if d.Held {
					info.Keys = append(info.Keys, KeyInfo{RoleDeposits, id, d.Key})
				}
				info.Deposits = append(info.Deposits, d)
			}
		}
		if chain.executor != nil {
			info.Keys = append(info.Keys, KeyInfo{RoleExecutor, id, chain.executor.key.Address().Hex()})
		}
		if chain.limits != nil {
			info.Limits = append(info.Limits, *chain.limits)
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
	switch r.Intent.Purpose {
	case coffer.PurposeSweep:
		err = checkSweeps(r, effects)
	case coffer.PurposeConsolidate:
		err = checkConsolidation(r, effects)
	case coffer.PurposeDelegate:
		err = checkDelegation(r, effects)
	case coffer.PurposeCancel:
		err = checkCancel(r, effects)
	default:
		err = checkOrders(r)
	}
	if err != nil {
		return nil, err
	}

	if deposits, ok := chain.owner.(depositOwner); ok {
		if err := deposits.holds(effects); err != nil {
			return nil, err
		}
	}
	ids, err := idsOf(chain.explainer, r.Unsigned, effects)
	if err != nil {
		return nil, err
	}
	if err := s.allowedNow(r, chain.native); err != nil {
		return nil, err
	}
	if err := s.bury(ctx, r, chain); err != nil {
		return nil, err
	}
	if err := s.record(ctx, r, effects, ids, chain); err != nil {
		return nil, err
	}
	return s.sign(ctx, chain.owner, effects)
}

// record decides, under the lock, whether policy and memory allow the payout, and writes
// down that they do. When it returns nil the record is on disk.
func (s *Server) record(ctx context.Context, r coffer.SigningRequest, effects coffer.Effects, ids []coffer.Hash, chain servedChain) error {
	s.mu.Lock()
	defer s.mu.Unlock()

	if err := s.allowed(r, chain.native); err != nil {
		return err
	}
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
	return s.append(now, payoutRecordOf(r, effects, ids, chain.native, s.policy.Hash()))
}

// identifier is an Explainer that knows what a transaction will be known by on the chain.
type identifier interface {
	ID(u coffer.Unsigned) (coffer.Hash, error)
}

// idsOf is what the transaction will be known by: of a user operation its userOpHash, of a
// Safe transaction the digest that its owners sign. None where the explainer cannot tell.
func idsOf(x coffer.Explainer, u coffer.Unsigned, e coffer.Effects) ([]coffer.Hash, error) {
	if u.Path == coffer.PathExec {
		return e.Digests, nil
	}
	named, ok := x.(identifier)
	if !ok {
		return nil, nil
	}
	id, err := named.ID(u)
	if err != nil {
		return nil, coffer.Invalid("unsigned", "has no identity: %s", err)
	}
	return []coffer.Hash{id}, nil
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

func (s *Server) sign(ctx context.Context, key owner, e coffer.Effects) ([]coffer.Signature, error) {
	signatures, err := key.sign(ctx, e)
	if err != nil {
		return nil, &coffer.Error{Code: coffer.CodeUnavailable, Message: "the key did not sign", Cause: err}
	}
	for n := range signatures {
		signatures[n].Signer = s.name
	}
	return signatures, nil
}

// String keeps a Server from printing what it holds.
func (s *Server) String() string { return fmt.Sprintf("signer %s", s.name) }
