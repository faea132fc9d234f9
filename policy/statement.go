package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
)

// Actions of a Statement.
const (
	ActionPause  = "pause"  // sign nothing that the scope covers
	ActionResume = "resume" // end one pause
	ActionReset  = "reset"  // a signer may sign again with the log it has
	ActionImport = "import" // a coordinator may pay again with the database it has
)

// Scopes of a pause.
const (
	ScopeAll    = "all"
	ScopeChain  = "chain"
	ScopeAsset  = "asset"
	ScopeTenant = "tenant"
)

// Bounds of statements.
const (
	maxStatementText = 256
	maxStatementLife = 24 * time.Hour // from made to expires
	maxStatementSkew = 5 * time.Minute
	maxStatementSigs = 64
)

// statementTag separates statements from everything else an Ed25519 key may sign.
const statementTag = "coffer/statement/ed25519/v1"

// Statement is what people sign to command signers and coordinators. It means one thing
// once: a pause is known by its hash, a resume names the pause it ends, a reset or import
// the state it is about, so that none can be used again for something later.
type Statement struct {
	Action  string      `json:"action"`
	Scope   string      `json:"scope"`   // of a pause and its resume; ScopeAll otherwise
	Subject string      `json:"subject"` // chain, asset or tenant of the scope; the signer of a reset
	Of      coffer.Hash `json:"of"`      // the pause to end, or what is reset or imported
	Reason  string      `json:"reason"`
	Made    time.Time   `json:"made"`    // whole seconds
	Expires time.Time   `json:"expires"` // whole seconds; until then it can be delivered
}

// StatementSignature is one person's signature over a statement's hash.
type StatementSignature struct {
	Scheme    string `json:"scheme"`
	Key       string `json:"key"` // as in coffer.Approval
	Signature []byte `json:"signature"`
}

// Command is a statement with its signatures.
type Command struct {
	Statement  Statement            `json:"statement"`
	Signatures []StatementSignature `json:"signatures"`
}

var statementFields = []typedField{
	{"action", "string"},
	{"scope", "string"},
	{"subject", "string"},
	{"of", "bytes32"},
	{"reason", "string"},
	{"made", "string"},
	{"expires", "string"},
}

// Hash is the statement's identity: its EIP-712 digest, which is what SchemeEIP712 signs.
func (s Statement) Hash() coffer.Hash {
	statement := crypto.Keccak256(
		typeHash("Statement", statementFields),
		hashString(s.Action), hashString(s.Scope), hashString(s.Subject), s.Of[:], hashString(s.Reason),
		hashString(readable(s.Made)), hashString(readable(s.Expires)))
	domain := crypto.Keccak256(typeHash("EIP712Domain", domainFields), hashString(domainName), hashString(domainVersion))
	return coffer.Hash(crypto.Keccak256([]byte{0x19, 0x01}, domain, statement))
}

// Digest is what a person signs: the 32-byte EIP-712 digest for SchemeEIP712, the message
// tag ‖ 0x00 ‖ digest for SchemeEd25519 (RFC 8032).
func (s Statement) Digest(scheme string) ([]byte, error) {
	hash := s.Hash()
	switch scheme {
	case coffer.SchemeEIP712:
		return hash[:], nil
	case coffer.SchemeEd25519:
		return append(append([]byte(statementTag), 0), hash[:]...), nil
	}
	return nil, fmt.Errorf("statement: scheme %.40q is unknown", scheme)
}

// TypedData is the JSON a wallet takes for eth_signTypedData_v4 to sign the statement.
func (s Statement) TypedData() ([]byte, error) {
	return json.Marshal(map[string]any{
		"types":       map[string]any{"EIP712Domain": domainFields, "Statement": statementFields},
		"primaryType": "Statement",
		"domain":      map[string]string{"name": domainName, "version": domainVersion},
		"message": map[string]string{
			"action": s.Action, "scope": s.Scope, "subject": s.Subject, "of": s.Of.String(),
			"reason": s.Reason, "made": readable(s.Made), "expires": readable(s.Expires),
		},
	})
}

// Check says what is wrong with a statement by itself.
func (s Statement) Check() error {
	for field, text := range map[string]string{"subject": s.Subject, "reason": s.Reason} {
		if len(text) > maxStatementText {
			return coffer.Invalid(field, "has more than %d bytes", maxStatementText)
		}
		for _, r := range text {
			if r < ' ' || r > '~' {
				return coffer.Invalid(field, "has something else than printable ASCII")
			}
		}
	}
	if s.Reason == "" {
		return coffer.Invalid("reason", "is empty")
	}
	for field, t := range map[string]time.Time{"made": s.Made, "expires": s.Expires} {
		if err := checkTime(field, t); err != nil {
			return coffer.Invalid(field, "is not between 1970 and 9999")
		}
		if t.Nanosecond() != 0 {
			return coffer.Invalid(field, "has a fraction of a second")
		}
	}
	if life := s.Expires.Sub(s.Made); life <= 0 || life > maxStatementLife {
		return coffer.Invalid("expires", "want up to %s after made", maxStatementLife)
	}
	return s.checkScope()
}

func (s Statement) checkScope() error {
	switch s.Action {
	case ActionPause:
		if !s.Of.IsZero() {
			return coffer.Invalid("of", "a pause is of nothing")
		}
	case ActionResume, ActionReset, ActionImport:
		if s.Of.IsZero() {
			return coffer.Invalid("of", "is missing")
		}
	default:
		return coffer.Invalid("action", "%.40q is unknown", s.Action)
	}
	if s.Action == ActionReset || s.Action == ActionImport {
		if s.Scope != ScopeAll || (s.Subject == "") == (s.Action == ActionReset) {
			return coffer.Invalid("subject", "a reset names its signer, an import nobody, both with scope %s", ScopeAll)
		}
		return nil
	}
	var err error
	switch s.Scope {
	case ScopeAll:
		if s.Subject != "" {
			err = errors.New("everything has no subject")
		}
	case ScopeChain:
		_, err = coffer.ParseChainID(s.Subject)
	case ScopeAsset:
		_, err = coffer.ParseAssetID(s.Subject)
	case ScopeTenant:
		if s.Subject == "" {
			err = errors.New("names no tenant")
		}
	default:
		return coffer.Invalid("scope", "%.40q is unknown: want all, chain, asset or tenant", s.Scope)
	}
	if err != nil {
		return coffer.Invalid("subject", "%s", err)
	}
	return nil
}

// Covers reports whether a pause is about an order.
func (s Statement) Covers(o coffer.Order) bool {
	switch s.Scope {
	case ScopeAll:
		return true
	case ScopeChain:
		return string(o.Asset.Chain()) == s.Subject
	case ScopeAsset:
		return string(o.Asset) == s.Subject
	case ScopeTenant:
		return o.Tenant == s.Subject
	}
	return false
}

// CoversChain reports whether a pause is about everything that happens on a chain.
func (s Statement) CoversChain(id coffer.ChainID) bool {
	return s.Scope == ScopeAll || s.Scope == ScopeChain && string(id) == s.Subject
}

// String says what a statement is about, for people.
func (s Statement) String() string {
	if s.Subject == "" {
		return s.Action + " " + s.Scope
	}
	return s.Action + " " + s.Scope + " " + s.Subject
}

// Authorize checks that a command holds now: a statement in order, its time come and not
// over, and signatures of enough of the people whom the policy names for its action. It
// returns their names, sorted. Any one of those who may pause is enough for a pause;
// everything else takes the quorum of those who may resume.
func (p *Policy) Authorize(c Command, now time.Time) ([]string, error) {
	s := c.Statement
	if err := s.Check(); err != nil {
		return nil, err
	}
	switch {
	case now.Add(maxStatementSkew).Before(s.Made):
		return nil, coffer.Errorf(coffer.CodePolicy, "the statement is made at %s, in the future", readable(s.Made))
	case !now.Before(s.Expires):
		return nil, coffer.Errorf(coffer.CodePolicy, "the statement expired at %s", readable(s.Expires))
	}
	return p.Signatories(c)
}

// Signatories is Authorize without its times, for statements that were accepted before.
func (p *Policy) Signatories(c Command) ([]string, error) {
	allowed, quorum := p.pausers, 1
	if c.Statement.Action != ActionPause {
		allowed, quorum = p.resumers, p.resumeQuorum
	}
	if len(allowed) == 0 {
		return nil, coffer.Errorf(coffer.CodePolicy, "the policy names nobody who may %s", c.Statement.Action)
	}
	if len(c.Signatures) > maxStatementSigs {
		return nil, coffer.Errorf(coffer.CodeLimit, "a statement has at most %d signatures", maxStatementSigs)
	}
	var people []string
	var refused error
	for _, sig := range c.Signatures {
		person, err := p.signatory(c.Statement, sig)
		switch {
		case err != nil:
			refused = errors.Join(refused, err)
		case !slices.Contains(allowed, person):
			refused = errors.Join(refused, fmt.Errorf("%s may not %s", person, c.Statement.Action))
		default:
			people = append(people, person)
		}
	}
	slices.Sort(people)
	people = slices.Compact(people)
	if len(people) < quorum {
		text := fmt.Sprintf("%d of the %d people signed who have to: %s", len(people), quorum, c.Statement)
		if refused != nil {
			text += ": " + refused.Error()
		}
		return nil, coffer.Errorf(coffer.CodePolicy, "%s", text)
	}
	return people, nil
}

func (p *Policy) signatory(s Statement, sig StatementSignature) (string, error) {
	person, known := p.people[personKey(sig.Scheme, sig.Key)]
	if !known {
		return "", fmt.Errorf("%.40s key %.80q belongs to nobody in the policy", sig.Scheme, sig.Key)
	}
	digest, err := s.Digest(sig.Scheme)
	if err != nil {
		return "", err
	}
	a := coffer.Approval{Scheme: sig.Scheme, Key: sig.Key, Signature: sig.Signature}
	if sig.Scheme == coffer.SchemeEd25519 {
		err = verifyEd25519(a, digest)
	} else {
		err = verifyEIP712(a, digest)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", person, err)
	}
	return person, nil
}

// pauseFile says who may command the signers.
type pauseFile struct {
	By     []string       `yaml:"by"` // any one of them pauses
	Resume resumeFileRule `yaml:"resume"`
}

// resumeFileRule says who together may end a pause, reset a signer and let a restored
// database pay again.
type resumeFileRule struct {
	People []string `yaml:"people"`
	Quorum int      `yaml:"quorum"`
}

// addPause reads who may pause and resume. Without the section nobody may.
func (p *Policy) addPause(f *pauseFile, people []personFile) error {
	if f == nil {
		return nil
	}
	for name, list := range map[string][]string{"by": f.By, "resume: people": f.Resume.People} {
		if len(list) == 0 {
			return fmt.Errorf("pause: %s: is empty", name)
		}
		for i, person := range list {
			if slices.Contains(list[:i], person) {
				return fmt.Errorf("pause: %s: %q is named twice", name, person)
			}
			if !slices.ContainsFunc(people, func(x personFile) bool { return x.Name == person }) {
				return fmt.Errorf("pause: %s: %.80q is none of the people", name, person)
			}
		}
	}
	if f.Resume.Quorum < 2 || f.Resume.Quorum > len(f.Resume.People) {
		return fmt.Errorf("pause: resume: quorum: is %d, want 2 to the %d people", f.Resume.Quorum, len(f.Resume.People))
	}
	p.pausers, p.resumers, p.resumeQuorum = f.By, f.Resume.People, f.Resume.Quorum
	return nil
}
