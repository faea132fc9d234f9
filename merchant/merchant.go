// Package merchant keeps tenants, their API keys and their accounts.
//
// A tenant is a wallet operator or a merchant; nothing is visible across tenants, so
// every read takes the tenant and a foreign id is not found rather than forbidden. An API
// key is a secret of 256 random bits of which only the SHA-256 is kept; it carries scopes
// and may expire or be revoked.
package merchant

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/merchant/merchantsql"
	"github.com/cofferhq/coffer/postgres"
	"github.com/jackc/pgx/v5"
)

// Scope is what an API key may do.
type Scope string

// Scopes of API keys. Admin includes the others.
const (
	ScopeRead     Scope = "read"
	ScopeWithdraw Scope = "withdraw"
	ScopeApprove  Scope = "approve"
	ScopeOperator Scope = "operator" // decides about what waits for a person
	ScopeAdmin    Scope = "admin"
)

// Limits on what callers may send.
const (
	maxNameRunes = 200
	maxKeyBytes  = 255
	maxPage      = 200
	secretPrefix = "cof_"
	secretBytes  = 32
)

var tenantPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// Principal is who a request comes from.
type Principal struct {
	Tenant string
	KeyID  string
	Scopes []Scope
}

// Can reports whether the principal holds the scope.
func (p Principal) Can(s Scope) bool {
	return slices.Contains(p.Scopes, s) || slices.Contains(p.Scopes, ScopeAdmin)
}

// Account is a customer of a tenant.
type Account struct {
	ID        string
	Tenant    string
	Name      string
	CreatedAt time.Time
}

// Store keeps tenants, keys and accounts in Postgres.
type Store struct {
	sql   *merchantsql.Queries
	clock coffer.Clock
	rand  io.Reader
}

// New returns a Store. Randomness must be cryptographic: secrets are made of it.
func New(db *postgres.DB, clock coffer.Clock, rand io.Reader) *Store {
	return &Store{sql: merchantsql.New(db.Pool()), clock: clock, rand: rand}
}

// CreateTenant makes a tenant; doing it again is a no-op.
func (s *Store) CreateTenant(ctx context.Context, id, name string) error {
	if !tenantPattern.MatchString(id) {
		return coffer.Invalid("tenant", "want 1 to 63 characters of a-z, 0-9, _ and -")
	}
	if err := checkName(name); err != nil {
		return err
	}
	_, err := s.sql.InsertTenant(ctx, merchantsql.InsertTenantParams{ID: id, Name: name, CreatedAt: s.clock()})
	if err != nil {
		return fmt.Errorf("create tenant %s: %w", id, err)
	}
	return nil
}

// KeyRequest says what a new API key may do and until when (nil: no end).
type KeyRequest struct {
	Tenant  string
	Name    string
	Scopes  []Scope
	Expires *time.Time
}

// Secret is an API key's secret. It prints as [redacted]; Reveal gives the text, once,
// to whoever asked for the key.
type Secret struct{ text string }

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return s.text }

// String hides the secret.
func (Secret) String() string { return "[redacted]" }

// GoString hides the secret.
func (Secret) GoString() string { return "[redacted]" }

// CreateKey makes an API key and returns its id and its secret, which is never shown again.
func (s *Store) CreateKey(ctx context.Context, r KeyRequest) (id string, secret Secret, err error) {
	if err := checkName(r.Name); err != nil {
		return "", Secret{}, err
	}
	if len(r.Scopes) == 0 {
		return "", Secret{}, coffer.Invalid("scopes", "want at least one of read, withdraw, approve, operator, admin")
	}
	scopes := make([]string, len(r.Scopes))
	for i, scope := range r.Scopes {
		if !slices.Contains([]Scope{ScopeRead, ScopeWithdraw, ScopeApprove, ScopeOperator, ScopeAdmin}, scope) {
			return "", Secret{}, coffer.Invalid("scopes", "%.40q is none of read, withdraw, approve, operator, admin", scope)
		}
		scopes[i] = string(scope)
	}
	if _, err := s.sql.Tenant(ctx, r.Tenant); errors.Is(err, pgx.ErrNoRows) {
		return "", Secret{}, coffer.Errorf(coffer.CodeNotFound, "no such tenant")
	} else if err != nil {
		return "", Secret{}, fmt.Errorf("read tenant: %w", err)
	}

	raw := make([]byte, secretBytes)
	if _, err := io.ReadFull(s.rand, raw); err != nil {
		return "", Secret{}, fmt.Errorf("draw an API key: %w", err)
	}
	secret = Secret{secretPrefix + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw))}
	hash := sha256.Sum256([]byte(secret.text))
	id = coffer.DeriveID("key", string(hash[:]))
	err = s.sql.InsertKey(ctx, merchantsql.InsertKeyParams{
		ID: id, Tenant: r.Tenant, SecretHash: hash[:], Name: r.Name, Scopes: scopes, CreatedAt: s.clock(), ExpiresAt: r.Expires,
	})
	if err != nil {
		return "", Secret{}, fmt.Errorf("store API key: %w", err)
	}
	return id, secret, nil
}

// RevokeKey ends a key at once. Doing it again is a no-op.
func (s *Store) RevokeKey(ctx context.Context, tenant, id string) error {
	rows, err := s.sql.RevokeKey(ctx, merchantsql.RevokeKeyParams{Tenant: tenant, ID: id, At: s.clock()})
	if err != nil {
		return fmt.Errorf("revoke API key: %w", err)
	}
	if rows == 0 {
		return coffer.Errorf(coffer.CodeNotFound, "no such API key")
	}
	return nil
}

// Authenticate returns who a secret belongs to, or a CodeUnauthenticated error that does
// not say which check failed.
func (s *Store) Authenticate(ctx context.Context, secret string) (Principal, error) {
	refused := coffer.Errorf(coffer.CodeUnauthenticated, "the API key is unknown, expired or revoked")
	if !strings.HasPrefix(secret, secretPrefix) || len(secret) > 128 {
		return Principal{}, refused
	}
	hash := sha256.Sum256([]byte(secret))
	key, err := s.sql.KeyBySecret(ctx, hash[:])
	if errors.Is(err, pgx.ErrNoRows) {
		return Principal{}, refused
	}
	if err != nil {
		return Principal{}, fmt.Errorf("read API key: %w", err)
	}
	if key.RevokedAt != nil || (key.ExpiresAt != nil && !s.clock().Before(*key.ExpiresAt)) {
		return Principal{}, refused
	}
	p := Principal{Tenant: key.Tenant, KeyID: key.ID}
	for _, scope := range key.Scopes {
		p.Scopes = append(p.Scopes, Scope(scope))
	}
	return p, nil
}

func checkName(name string) error {
	if name == "" || !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxNameRunes || strings.ContainsRune(name, 0) {
		return coffer.Invalid("name", "want 1 to %d characters of UTF-8", maxNameRunes)
	}
	return nil
}
