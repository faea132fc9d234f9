package withdrawal

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Endings that a sandbox reacts to, of addresses and of customers' names.
const (
	sandboxHit    = "9999"
	sandboxReview = "8888"
	sandboxTTL    = time.Hour
)

// Sandbox screens by the last characters of the destination, for demos and tests: an
// address that ends in 9999 is a hit, one that ends in 8888 is for review.
type Sandbox struct{}

// Name implements Screener.
func (Sandbox) Name() string { return "sandbox" }

// Screen implements Screener.
func (Sandbox) Screen(_ context.Context, s Subject) (Finding, error) {
	f := Finding{Verdict: ScreeningClear, Evidence: "sandbox", TTL: sandboxTTL}
	switch {
	case strings.HasSuffix(string(s.Address), sandboxHit):
		f.Verdict = ScreeningHit
	case strings.HasSuffix(string(s.Address), sandboxReview):
		f.Verdict = ScreeningReview
	}
	return f, nil
}

// SandboxCustomers knows customers by the last characters of their account's name, for
// demos and tests: 9999 is blocked, 8888 is limited, everybody else is active.
type SandboxCustomers struct {
	// NameOf is the name that the tenant gave an account.
	NameOf func(ctx context.Context, tenant, account string) (string, error)
}

// Status implements Customers.
func (c SandboxCustomers) Status(ctx context.Context, tenant, account string) (Status, error) {
	name, err := c.NameOf(ctx, tenant, account)
	if err != nil {
		return Status{}, fmt.Errorf("name of account %s: %w", account, err)
	}
	status := Status{State: CustomerActive, Reason: "sandbox", TTL: sandboxTTL}
	switch {
	case strings.HasSuffix(name, sandboxHit):
		status.State = CustomerBlocked
	case strings.HasSuffix(name, sandboxReview):
		status.State = CustomerLimited
	}
	return status, nil
}
