package withdrawal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cofferhq/coffer"
)

// Verdicts of a screening.
const (
	ScreeningClear  = "clear"  // nothing is known against it
	ScreeningReview = "review" // a person has to look
	ScreeningHit    = "hit"    // must not be paid, whoever looks
)

// Bounds of screening. A finding that says it holds for less than minTTL is taken for
// minTTL, so that a payout can be planned on it.
const (
	minTTL        = time.Minute
	maxTTL        = 24 * time.Hour
	maxEvidence   = 1000 // bytes of what a screener says
	maxScreeners  = 16
	maxFailures   = 3                // withdrawals of one Step that screeners may leave waiting
	screeningWait = 15 * time.Second // before a screener that failed is asked again
)

// Subject is what is screened: one payment, and who makes it.
type Subject struct {
	Tenant, Account string
	Asset           coffer.AssetID
	Address         coffer.Address // the destination
	Amount          coffer.Amount
}

// Finding is what a screener says. Evidence is for operators, never for customers: a
// reference to look up, or what was found. TTL is how long the finding holds.
type Finding struct {
	Verdict  string
	Evidence string
	TTL      time.Duration
}

// Screener says whether a payment may be made. An error, an unknown verdict and silence
// mean that it may not be made yet: the withdrawal waits and is asked about again.
type Screener interface {
	Name() string
	Screen(ctx context.Context, s Subject) (Finding, error)
}

// States of a customer.
const (
	CustomerActive  = "active"
	CustomerLimited = "limited" // withdrawals go through review
	CustomerBlocked = "blocked" // withdrawals are refused, and so are book transfers to them
)

// Status is what is known of a customer, and how long that holds.
type Status struct {
	State  string
	Reason string // for operators
	TTL    time.Duration
}

// Customers says where a customer stands (know your customer).
type Customers interface {
	Status(ctx context.Context, tenant, account string) (Status, error)
}

// finding is a screener's finding, checked.
type finding struct {
	screener string
	Finding
}

func (c Config) checkScreeners() error {
	if len(c.Screeners) > maxScreeners {
		return fmt.Errorf("withdrawal: at most %d screeners", maxScreeners)
	}
	for _, s := range c.Screeners {
		if s == nil || s.Name() == "" || len(s.Name()) > 100 {
			return errors.New("withdrawal: a screener has a name of 1 to 100 bytes")
		}
	}
	return nil
}

// gated reports whether anybody screens withdrawals here.
func (s *Service) gated() bool { return len(s.Screeners) > 0 || s.Customers != nil }

// ask has a withdrawal looked at by everybody who screens. It calls outside, so it is
// never called inside a transaction.
func (s *Service) ask(ctx context.Context, r record) ([]finding, error) {
	var findings []finding
	for _, screener := range s.Screeners {
		f, err := s.screenOnce(ctx, screener, Subject{r.Tenant, r.Account, r.Asset, r.Destination, r.Amount})
		if err != nil {
			return nil, fmt.Errorf("screener %s: %w", screener.Name(), err)
		}
		findings = append(findings, finding{screener.Name(), f})
	}
	if s.Customers == nil {
		return findings, nil
	}
	if refunds(r.Withdrawal) {
		return append(findings, finding{"customer", Finding{Verdict: ScreeningClear, Evidence: "a refund: no customer asks", TTL: maxTTL}}), nil
	}

	sender, err := s.statusOnce(ctx, r.Tenant, r.Account)
	if err != nil {
		return nil, fmt.Errorf("customer status: %w", err)
	}
	findings = append(findings, finding{"customer", sender})
	if r.to.inside() {
		receiver, err := s.statusOnce(ctx, r.to.tenant, r.to.account)
		if err != nil {
			return nil, fmt.Errorf("customer status of the receiver: %w", err)
		}
		findings = append(findings, finding{"receiving customer", receiver})
	}
	return findings, nil
}

func (s *Service) screenOnce(ctx context.Context, screener Screener, subject Subject) (Finding, error) {
	call, cancel := context.WithTimeout(ctx, s.CallTimeout)
	defer cancel()
	f, err := screener.Screen(call, subject)
	if err != nil {
		return Finding{}, err
	}
	return f.checked()
}

func (s *Service) statusOnce(ctx context.Context, tenant, account string) (Finding, error) {
	call, cancel := context.WithTimeout(ctx, s.CallTimeout)
	defer cancel()
	status, err := s.Customers.Status(call, tenant, account)
	if err != nil {
		return Finding{}, err
	}
	f := Finding{Evidence: strings.TrimSpace(status.State + " " + status.Reason), TTL: status.TTL}
	switch status.State {
	case CustomerActive:
		f.Verdict = ScreeningClear
	case CustomerLimited:
		f.Verdict = ScreeningReview
	case CustomerBlocked:
		f.Verdict = ScreeningHit
	default:
		return Finding{}, fmt.Errorf("the state %.40q is unknown", status.State)
	}
	return f.checked()
}

// checked holds a finding to what can be stored and acted on.
func (f Finding) checked() (Finding, error) {
	switch f.Verdict {
	case ScreeningClear, ScreeningReview, ScreeningHit:
	default:
		return Finding{}, fmt.Errorf("the verdict %.40q is unknown", f.Verdict)
	}
	if f.TTL < 0 {
		return Finding{}, errors.New("the finding has expired already")
	}
	f.TTL = min(max(f.TTL, minTTL), maxTTL)
	f.Evidence = clip(strings.ReplaceAll(strings.ToValidUTF8(f.Evidence, "?"), "\x00", "?"), maxEvidence)
	return f, nil
}

// clip shortens text to so many bytes, on a rune's border.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// worst is the verdict of all findings together.
func worst(findings []finding) string {
	verdict := ScreeningClear
	for _, f := range findings {
		switch {
		case f.Verdict == ScreeningHit:
			return ScreeningHit
		case f.Verdict == ScreeningReview:
			verdict = ScreeningReview
		}
	}
	return verdict
}
