package policy

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cofferhq/coffer"
)

// MaxSanctionsBytes bounds the file of a sanctions list.
const MaxSanctionsBytes = 32 << 20

// Bounds of a sanctions list.
const (
	maxSanctioned = 1 << 20
	maxEvidence   = 200 // bytes beside an address
	clockSkew     = 5 * time.Minute
)

// sanctionsTag separates sanctions lists from everything else an Ed25519 key may sign.
const sanctionsTag = "coffer/sanctions/ed25519/v1"

// Sanctions is a signed list of addresses that must not be paid. It is immutable and safe
// for concurrent use. The file is lines of text, in this order, each ended by a newline:
//
//	coffer sanctions 1
//	name OFAC SDN
//	issued 2026-03-01T00:00:00Z
//	expires 2026-03-03T00:00:00Z
//	address 0x8589427373D6D84E98730D7795D8f6f8731FDA16 SDN 20155
//	signature 0x<128 hex digits>
//
// with any number of address lines: the address, a space, and the evidence. An address
// counts on every chain. The signature is by plain Ed25519 (RFC 8032) over
// [SanctionsMessage] of all that stands before its line.
type Sanctions struct {
	name            string
	hash            coffer.Hash
	issued, expires time.Time
	evidence        map[string]string // folded address → evidence
}

// SanctionsMessage is what is signed: the tag, a zero byte, and the SHA-256 of the lines.
func SanctionsMessage(lines []byte) []byte {
	sum := sha256.Sum256(lines)
	return append(append([]byte(sanctionsTag), 0), sum[:]...)
}

// ParseSanctions reads a list that one of the keys signed. The signature is checked first:
// nothing of an unsigned file is looked at. Errors name the line.
func ParseSanctions(b []byte, keys []ed25519.PublicKey) (*Sanctions, error) {
	if len(b) > MaxSanctionsBytes {
		return nil, fmt.Errorf("sanctions: the file has %d bytes, at most %d are read", len(b), MaxSanctionsBytes)
	}
	lines, err := signedLines(b, keys)
	if err != nil {
		return nil, fmt.Errorf("sanctions: %w", err)
	}
	s := &Sanctions{hash: sha256.Sum256(b), evidence: map[string]string{}}
	if err := s.parse(string(lines)); err != nil {
		return nil, fmt.Errorf("sanctions: %w", err)
	}
	return s, nil
}

// signedLines is what stands before the signature, if one of the keys made it.
func signedLines(b []byte, keys []ed25519.PublicKey) ([]byte, error) {
	body, ended := bytes.CutSuffix(b, []byte("\n"))
	if !ended {
		return nil, errors.New("the file does not end with a newline")
	}
	at := bytes.LastIndexByte(body, '\n') + 1
	digits, ok := bytes.CutPrefix(body[at:], []byte("signature 0x"))
	signature, err := hex.DecodeString(string(digits))
	if !ok || err != nil || len(signature) != ed25519.SignatureSize {
		return nil, errors.New("the last line is not a signature")
	}
	message := SanctionsMessage(b[:at])
	for _, key := range keys {
		if len(key) == ed25519.PublicKeySize && ed25519.Verify(key, message, signature) {
			return b[:at], nil
		}
	}
	return nil, errors.New("the signature is by none of the pinned keys")
}

func (s *Sanctions) parse(text string) error {
	text, ended := strings.CutSuffix(text, "\n")
	if !ended {
		return errors.New("there is nothing before the signature")
	}
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		if err := s.line(number, line); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
	if number < 4 {
		return errors.New("want a heading, a name, and when it was issued and expires")
	}
	if !s.issued.Before(s.expires) {
		return errors.New("it expires before it was issued")
	}
	return nil
}

func (s *Sanctions) line(number int, line string) (err error) {
	if !utf8.ValidString(line) || strings.ContainsFunc(line, unicode.IsControl) {
		return errors.New("has control characters or is not UTF-8")
	}
	switch number {
	case 1:
		if line != "coffer sanctions 1" {
			return errors.New(`want "coffer sanctions 1"`)
		}
	case 2:
		s.name, err = field(line, "name ")
	case 3:
		s.issued, err = timeField(line, "issued ")
	case 4:
		s.expires, err = timeField(line, "expires ")
	default:
		return s.address(line)
	}
	return err
}

func (s *Sanctions) address(line string) error {
	text, err := field(line, "address ")
	if err != nil {
		return err
	}
	address, evidence, _ := strings.Cut(text, " ")
	if err := checkBlocked(address); err != nil {
		return fmt.Errorf("%.90q %w", address, err)
	}
	if len(s.evidence) == maxSanctioned {
		return fmt.Errorf("more than %d addresses", maxSanctioned)
	}
	if folded := foldAddress(address); s.evidence[folded] == "" {
		s.evidence[folded] = s.name + ": " + evidence
	}
	return nil
}

func field(line, prefix string) (string, error) {
	text, ok := strings.CutPrefix(line, prefix)
	if !ok || text == "" || len(text) > maxEvidence+100 {
		return "", fmt.Errorf("want %q and 1 to %d bytes", prefix, maxEvidence+100)
	}
	return text, nil
}

func timeField(line, prefix string) (time.Time, error) {
	text, err := field(line, prefix)
	if err != nil {
		return time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%.40q is not a time (RFC 3339)", text)
	}
	return at.UTC(), nil
}

// Check says what the list has against an address. A list that is not valid now is an
// error, never an answer: not yet issued, expired, or issued more than maxAge ago.
func (s *Sanctions) Check(address coffer.Address, now time.Time, maxAge time.Duration) (evidence string, listed bool, err error) {
	switch until := s.ValidUntil(maxAge); {
	case s.issued.After(now.Add(clockSkew)):
		return "", false, fmt.Errorf("sanctions: %s was issued at %s, which is to come", s.name, rfc3339(s.issued))
	case !now.Before(until):
		return "", false, fmt.Errorf("sanctions: %s of %s is out of date since %s", s.name, rfc3339(s.issued), rfc3339(until))
	}
	evidence, listed = s.evidence[foldAddress(string(address))]
	return evidence, listed, nil
}

// ValidUntil is when the list stops to answer.
func (s *Sanctions) ValidUntil(maxAge time.Duration) time.Time {
	if aged := s.issued.Add(maxAge); aged.Before(s.expires) {
		return aged
	}
	return s.expires
}

// Issued is when the list was made.
func (s *Sanctions) Issued() time.Time { return s.issued }

// Len is how many addresses the list names.
func (s *Sanctions) Len() int { return len(s.evidence) }

// Hash is the SHA-256 of the file.
func (s *Sanctions) Hash() coffer.Hash { return s.hash }

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }
