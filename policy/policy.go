// Package policy decides which orders may be paid: it reads a file of typed rules, says
// what every rule makes of an order, and counts the people who approved it.
//
// It also says who commands the signers: any one of some people pauses them, a quorum
// resumes (Statement).
//
// It is pure (no clock, no network, no database) because signers link it: the
// coordinator asks it when a customer requests a withdrawal, and each signer asks it
// again, with the file it has pinned by hash and with what it remembers itself.
//
// Invariants:
//   - Default deny: an order whose asset has no order limit is refused, and so is a fee
//     in an asset without a fee limit, a sweep of an asset that no sweeps rule
//     names, and a delegation of stake that no delegations rule allows.
//   - Every rule that applies must pass; their order means nothing.
//   - A quorum counts people, not keys: two keys of one person are one approval.
//   - A signer evaluates the rules enforced by "signer"; the coordinator evaluates all.
//   - The velocity and fee caps of signers are shared: with M signatures out of N
//     signers, one signer stops at M/N of the cap, so that all of them together, in any
//     rotation, stop at the cap.
//
// An order's way through it:
//
//	          a rule fails that nothing cures → reject
//	          a person has to look            → review
//	order ──→ approvals are missing           → approvals (how many people)
//	          only time is missing            → wait (until when)
//	          every rule passes               → allow
package policy

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/cofferhq/coffer"
)

// Who enforces a rule. A rule of the coordinator is advice: whoever owns the coordinator
// can ignore it. A rule of the signers holds as long as enough signers do.
const (
	EnforcerSigner      = "signer"
	EnforcerCoordinator = "coordinator"
)

// Bounds of a policy file.
const (
	maxFileBytes = 256 << 10
	maxRules     = 1024 // of one kind
	maxPeople    = 256
	maxKeys      = 16 // of one person
	maxBlocked   = 4096
	maxSigners   = 32
)

// Window is how far back velocity looks.
const Window = 24 * time.Hour

// Policy is a checked policy file. It is immutable and safe for concurrent use.
type Policy struct {
	name        string
	hash        coffer.Hash
	shareM      uint64 // signatures needed
	shareN      uint64 // signers there are
	assets      map[coffer.AssetID]asset
	people      map[string]string // scheme and key → person
	rules       []rule
	fees        []feeLimit
	sweeps      []sweepLimit
	delegations []delegationLimit
	persons     int
	delay       time.Duration // the longest of first_time_delays

	pausers      []string // any one of them pauses
	resumers     []string // resumeQuorum of them end a pause
	resumeQuorum int
}

// asset is how the file names an asset and how it writes amounts of it.
type asset struct {
	name     string
	id       coffer.AssetID
	decimals uint8
}

func (a asset) format(n coffer.Amount) string { return n.Units(a.decimals) + " " + a.name }

// Parse reads and checks a policy file (YAML). Unknown and repeated keys, a second
// document, unknown assets, keys of two people, quorums that nobody can reach and assets
// without a bound on what unapproved orders can take are errors that name the place.
func Parse(b []byte) (*Policy, error) {
	if len(b) > maxFileBytes {
		return nil, fmt.Errorf("policy: file has %d bytes, at most %d are read", len(b), maxFileBytes)
	}

	var f file
	decoder := yaml.NewDecoder(bytes.NewReader(b))
	decoder.KnownFields(true)
	if err := decoder.Decode(&f); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	if err := decoder.Decode(&struct{}{}); !errors.Is(err, io.EOF) {
		return nil, errors.New("policy: the file holds more than one document")
	}

	p, err := f.policy()
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	p.hash = sha256.Sum256(b)
	return p, nil
}

// Hash is the SHA-256 of the file's bytes, comments included, so that what people
// reviewed is what signers pin and `sha256sum` tells the same.
func (p *Policy) Hash() coffer.Hash { return p.hash }

// Name is what the file calls itself.
func (p *Policy) Name() string { return p.name }

// Signers is how many signatures a payout needs, out of how many signers there are. The
// caps of signers hold only where the wallet says the same.
func (p *Policy) Signers() (threshold, count uint64) { return p.shareM, p.shareN }

// Decimals is how many decimal places the file gives an asset, and whether it names it.
func (p *Policy) Decimals(id coffer.AssetID) (uint8, bool) {
	a, ok := p.assets[id]
	return a.decimals, ok
}
