package signer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
)

// Pause is a pause in force and who ordered it.
type Pause struct {
	Command policy.Command
	People  []string
}

// Bounds of the pauses in force at once. Some places are kept for pauses of chains, and the
// last for pauses of everything: nobody can use them up with small ones.
const (
	maxPauses      = 32 // of everything
	maxChainPauses = 28
	maxSmallPauses = 20 // of an asset or a tenant
)

// commands is what people told a signer, as far as it still matters.
type commands struct {
	pauses []Pause
	ended  map[coffer.Hash]time.Time // pauses that were ended, until nobody can deliver them again
	cut    *cutRecord                // why the signer wants to be reset; nil when it does not
	forgot map[cutRecord]bool        // what resets were about: it is no reason again
}

func newCommands() commands {
	return commands{ended: map[coffer.Hash]time.Time{}, forgot: map[cutRecord]bool{}}
}

// Command does what a statement of people says, when the pinned policy lets them say it,
// and reports whether that changed anything. A pause covers whatever is not signed yet,
// executors' transactions of a paused chain included; what is signed already may land,
// for as long as it is valid.
func (s *Server) Command(_ context.Context, c policy.Command) (changed bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.state.now(s.clock())
	people, err := s.policy.Authorize(c, now)
	if err != nil {
		return false, err
	}
	known, err := s.state.knows(c.Statement, s.log.head, now)
	if err != nil || known {
		return false, err
	}
	return true, s.append(now, record{Kind: kindCommand, Command: &commandRecord{Command: c, People: people}})
}

// mostPauses is how many pauses may be in force for another one to be taken. Where
// everything is paused already, another pause of everything may be refused without harm.
func mostPauses(st policy.Statement) int {
	switch st.Scope {
	case policy.ScopeAll:
		return maxPauses
	case policy.ScopeChain:
		return maxChainPauses
	default:
		return maxSmallPauses
	}
}

// knows reports whether a statement changes nothing, and refuses those that come too late
// or to another signer.
func (s *state) knows(st policy.Statement, head coffer.Hash, now time.Time) (bool, error) {
	hash := st.Hash()
	switch st.Action {
	case policy.ActionPause:
		if _, over := s.commands.ended[hash]; over {
			return false, coffer.Errorf(coffer.CodeConflict, "this pause was ended before; a new one needs a new statement")
		}
		if s.pauseOf(hash) >= 0 {
			return true, nil
		}
		if most := mostPauses(st); len(s.commands.pauses) >= most {
			return false, coffer.Errorf(coffer.CodeLimit, "%d pauses are in force; at most %d can be", len(s.commands.pauses), most)
		}
		return false, nil
	case policy.ActionResume:
		if at := s.pauseOf(st.Of); at >= 0 {
			paused := s.commands.pauses[at].Command.Statement
			if paused.Scope != st.Scope || paused.Subject != st.Subject {
				return false, coffer.Invalid("scope", "the pause is of %s, not of %s", paused, st)
			}
			return false, nil
		}
		_, over := s.commands.ended[st.Of]
		return over, nil
	case policy.ActionReset:
		switch {
		case st.Subject != s.name:
			return false, coffer.Invalid("subject", "the reset is for %q, this is %q", st.Subject, s.name)
		case s.commands.cut == nil:
			return true, nil
		case st.Of != head:
			return false, coffer.Invalid("of", "the log's head is %s now", head)
		}
		return false, nil
	}
	return false, coffer.Invalid("action", "signers do not take %q", st.Action)
}

func (s *state) pauseOf(hash coffer.Hash) int {
	return slices.IndexFunc(s.commands.pauses, func(p Pause) bool { return p.Command.Statement.Hash() == hash })
}

// applyCommand adds a statement that was accepted when it came.
func (s *state) applyCommand(sequence uint64, at time.Time, c commandRecord) error {
	st := c.Command.Statement
	for hash, until := range s.commands.ended {
		if at.After(until) {
			delete(s.commands.ended, hash)
		}
	}
	switch st.Action {
	case policy.ActionPause:
		s.commands.pauses = append(s.commands.pauses, Pause{c.Command, c.People})
		return nil
	case policy.ActionResume:
		until := st.Expires.Add(48 * time.Hour) // no pause that was made before can be delivered then
		if i := s.pauseOf(st.Of); i >= 0 {
			s.commands.pauses = slices.Delete(s.commands.pauses, i, i+1)
		}
		s.commands.ended[st.Of] = until
		return nil
	case policy.ActionReset:
		if s.commands.cut == nil {
			return fmt.Errorf("record %d resets a signer that was not cut", sequence)
		}
		s.commands.forgot[*s.commands.cut] = true
		s.commands.cut = nil
		return nil
	}
	return fmt.Errorf("record %d has action %q", sequence, st.Action)
}

// allowed refuses what a pause covers, and everything while the signer wants to be reset.
func (c commands) allowed(covers func(policy.Statement) bool) error {
	if c.cut != nil {
		return coffer.Errorf(coffer.CodePolicy, "%s", c.cut)
	}
	for _, p := range c.pauses {
		if st := p.Command.Statement; covers(st) {
			return coffer.Errorf(coffer.CodePolicy, "paused: %s, by %s (%s)", st, strings.Join(p.People, ", "), st.Reason)
		}
	}
	return nil
}

// allowed holds a payout against pauses.
func (s *Server) allowed(r coffer.SigningRequest, native coffer.AssetID) error {
	return s.state.commands.allowed(func(st policy.Statement) bool {
		return st.CoversChain(r.Intent.Chain) || slices.ContainsFunc(r.Orders, st.Covers) ||
			slices.ContainsFunc(r.Intent.Sweeps, func(s coffer.Sweep) bool { return st.Covers(coffer.Order{Asset: s.Asset}) }) ||
			(r.Intent.Purpose == coffer.PurposeConsolidate || r.Intent.Purpose == coffer.PurposeDelegate) && st.Covers(coffer.Order{Asset: native})
	})
}

// allowedNow is allowed before anything costs time.
func (s *Server) allowedNow(r coffer.SigningRequest, native coffer.AssetID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.allowed(r, native)
}

// Seen tells the signer that others saw its log go as far as a record. When its own log
// does not, it was restored from an old copy, cut, or replaced: what it signed since is
// forgotten, so it signs nothing until a quorum resets it.
func (s *Server) Seen(_ context.Context, sequence uint64, head coffer.Hash) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sequence == 0 || s.log.has(sequence, head) {
		return nil
	}
	seen := cutRecord{Sequence: sequence, Head: head}
	if s.state.commands.cut != nil || s.state.commands.forgot[seen] {
		return nil
	}
	return s.append(s.state.now(s.clock()), record{Kind: kindCut, Cut: &seen})
}

// String says what the signer misses.
func (c *cutRecord) String() string {
	return fmt.Sprintf("this signer's log was seen with record %d as %s, which it does not have: a quorum has to reset it", c.Sequence, c.Head)
}

// Revoke makes the signer refuse an order for ever. Where it signed the order before, and
// the slot has not ended without paying it, nothing changes and it returns the slot.
func (s *Server) Revoke(_ context.Context, o coffer.Order, reason string) (signed *coffer.Slot, err error) {
	for _, text := range []string{o.ID, o.Tenant, o.Account, string(o.Asset), string(o.Destination), o.Memo, reason} {
		if len(text) > maxTextBytes || strings.ContainsFunc(text, notPrintable) {
			return nil, coffer.Invalid("order", "the text %.80q is longer than %d bytes or has something else than printable ASCII", text, maxTextBytes)
		}
	}
	if o.ID == "" {
		return nil, coffer.Invalid("order", "has no id")
	}
	s.mu.Lock()
	defer s.mu.Unlock()

	now := s.state.now(s.clock())
	bound, known := s.state.orders[o.ID]
	switch {
	case known && bound.hash != o.Hash():
		return nil, coffer.Errorf(coffer.CodeConflict, "order %s was signed with another content", o.ID)
	case known && !bound.free:
		return &bound.slot.slot, nil
	case s.state.revoked[o.ID] || !now.Before(o.Expires):
		return nil, nil // an order that expired is refused without being remembered
	}
	return nil, s.append(now, record{Kind: kindRevoked, Revoked: &revokedRecord{ID: o.ID, Hash: o.Hash(), Reason: reason}})
}
