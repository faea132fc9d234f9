package merchant_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/merchant"
	"github.com/cofferhq/coffer/postgres/postgrestest"
)

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func newStore(t *testing.T) (*merchant.Store, *clock) {
	t.Helper()
	c := &clock{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	store := merchant.New(postgrestest.New(t), c.Now, rand.Reader)
	for _, tenant := range []string{"acme", "other"} {
		if err := store.CreateTenant(context.Background(), tenant, strings.ToUpper(tenant)); err != nil {
			t.Fatal(err)
		}
	}
	return store, c
}

func wantCode(t *testing.T, what string, err error, code coffer.Code) {
	t.Helper()
	if err == nil || coffer.ErrorCode(err) != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func TestKeyWorksUntilItExpiresOrIsRevoked(t *testing.T) {
	ctx := context.Background()
	store, c := newStore(t)
	expires := c.now.Add(time.Hour)
	_, secret, err := store.CreateKey(ctx, merchant.KeyRequest{Tenant: "acme", Name: "k", Scopes: []merchant.Scope{merchant.ScopeRead}, Expires: &expires})
	if err != nil {
		t.Fatal(err)
	}
	id, forever, err := store.CreateKey(ctx, merchant.KeyRequest{Tenant: "acme", Name: "k2", Scopes: []merchant.Scope{merchant.ScopeAdmin}})
	if err != nil {
		t.Fatal(err)
	}

	p, err := store.Authenticate(ctx, secret.Reveal())
	if err != nil || p.Tenant != "acme" || !p.Can(merchant.ScopeRead) || p.Can(merchant.ScopeWithdraw) {
		t.Fatalf("principal %+v, %v", p, err)
	}
	if p, err := store.Authenticate(ctx, forever.Reveal()); err != nil || !p.Can(merchant.ScopeWithdraw) {
		t.Fatalf("admin principal %+v, %v", p, err)
	}
	for _, bad := range []string{"", "cof_", secret.Reveal() + "a", strings.ToUpper(secret.Reveal()), strings.Repeat("cof_", 1000)} {
		_, err := store.Authenticate(ctx, bad)
		wantCode(t, fmt.Sprintf("secret %.20q", bad), err, coffer.CodeUnauthenticated)
	}

	c.now = expires
	_, err = store.Authenticate(ctx, secret.Reveal())
	wantCode(t, "expired", err, coffer.CodeUnauthenticated)

	wantCode(t, "revoke by another tenant", store.RevokeKey(ctx, "other", id), coffer.CodeNotFound)
	if _, err := store.Authenticate(ctx, forever.Reveal()); err != nil {
		t.Fatal(err)
	}
	if err := store.RevokeKey(ctx, "acme", id); err != nil {
		t.Fatal(err)
	}
	_, err = store.Authenticate(ctx, forever.Reveal())
	wantCode(t, "revoked", err, coffer.CodeUnauthenticated)
}

func TestSecretDoesNotPrint(t *testing.T) {
	store, _ := newStore(t)
	_, secret, err := store.CreateKey(context.Background(), merchant.KeyRequest{Tenant: "acme", Name: "k", Scopes: []merchant.Scope{merchant.ScopeRead}})
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{fmt.Sprint(secret), fmt.Sprintf("%+v %#v %q", secret, secret, secret)} {
		if strings.Contains(printed, secret.Reveal()[4:]) {
			t.Errorf("secret printed: %s", printed)
		}
	}
}

func TestBadKeyRequestsNameTheField(t *testing.T) {
	store, _ := newStore(t)
	cases := map[string]merchant.KeyRequest{
		"name":   {Tenant: "acme", Scopes: []merchant.Scope{merchant.ScopeRead}},
		"scopes": {Tenant: "acme", Name: "k", Scopes: []merchant.Scope{"root"}},
	}
	for field, r := range cases {
		_, _, err := store.CreateKey(context.Background(), r)
		wantCode(t, field, err, coffer.CodeInvalid)
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%v does not name %s", err, field)
		}
	}
	_, _, err := store.CreateKey(context.Background(), merchant.KeyRequest{Tenant: "nobody", Name: "k", Scopes: []merchant.Scope{merchant.ScopeRead}})
	wantCode(t, "unknown tenant", err, coffer.CodeNotFound)
}

func TestAccountIsMadeOnceAndSeenByItsTenantOnly(t *testing.T) {
	ctx := context.Background()
	store, _ := newStore(t)
	first, err := store.CreateAccount(ctx, "acme", "customer-1", "Ann")
	if err != nil {
		t.Fatal(err)
	}
	again, err := store.CreateAccount(ctx, "acme", "customer-1", "Ann")
	if err != nil || again.ID != first.ID {
		t.Fatalf("again %+v, %v", again, err)
	}
	_, err = store.CreateAccount(ctx, "acme", "customer-1", "Bob")
	wantCode(t, "same key, other name", err, coffer.CodeIdempotency)
	elsewhere, err := store.CreateAccount(ctx, "other", "customer-1", "Ann")
	if err != nil || elsewhere.ID == first.ID {
		t.Fatalf("another tenant's account %+v, %v", elsewhere, err)
	}

	_, err = store.Account(ctx, "other", first.ID)
	wantCode(t, "foreign account", err, coffer.CodeNotFound)
	list, err := store.Accounts(ctx, "acme", "", 100)
	if err != nil || len(list) != 1 || list[0].ID != first.ID {
		t.Fatalf("accounts %+v, %v", list, err)
	}
	_, err = store.Accounts(ctx, "acme", "", 201)
	wantCode(t, "page too large", err, coffer.CodeInvalid)
}
