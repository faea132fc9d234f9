package deposit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/depositsql"
)

// Bounds of List.
const (
	DefaultPage = 50
	MaxPage     = 200
)

// Filter narrows a list. Empty fields do not.
type Filter struct {
	Account string
	State   coffer.DepositState
	After   string // id of the last deposit of the page before
	First   int    // at most MaxPage; zero is DefaultPage
}

// Progress is how far the block events of a chain are applied.
type Progress struct {
	Sequence uint64          // of the last event applied; zero before the first
	Tip      coffer.BlockRef // newest block that counts
	Final    uint64          // highest final height heard of
	At       time.Time       // when the last event was applied
}

// Progress returns how far the block events of a chain are applied.
func (s *Service) Progress(ctx context.Context, chain coffer.ChainID) (Progress, error) {
	row, err := s.sql.Cursor(ctx, string(chain))
	if errors.Is(err, pgx.ErrNoRows) || err == nil && row.Sequence == 0 {
		return Progress{}, nil
	}
	if err != nil {
		return Progress{}, fmt.Errorf("deposit cursor of %s: %w", chain, err)
	}
	return progressOf(row), nil
}

// Get returns a deposit of a tenant, or CodeNotFound.
func (s *Service) Get(ctx context.Context, tenant, id string) (coffer.Deposit, error) {
	row, err := s.sql.Deposit(ctx, depositsql.DepositParams{Tenant: tenant, ID: id})
	if errors.Is(err, pgx.ErrNoRows) {
		return coffer.Deposit{}, notFound(id)
	}
	if err != nil {
		return coffer.Deposit{}, fmt.Errorf("deposit %s: %w", id, err)
	}
	return depositOf(row.Deposit, row.Tip), nil
}

// List returns deposits of a tenant, newest first.
func (s *Service) List(ctx context.Context, tenant string, f Filter) ([]coffer.Deposit, error) {
	if f.First == 0 {
		f.First = DefaultPage
	}
	if f.First < 1 || f.First > MaxPage {
		return nil, coffer.Invalid("first", "want 1 to %d", MaxPage)
	}
	if f.State != "" && !coffer.DepositMoves.Known(f.State) {
		return nil, coffer.Invalid("state", "no state %.40q", f.State)
	}

	before := int64(math.MaxInt64)
	if f.After != "" {
		position, err := s.sql.PositionOf(ctx, depositsql.PositionOfParams{Tenant: tenant, ID: f.After})
		if errors.Is(err, pgx.ErrNoRows) {
			return nil, coffer.Invalid("after", "no deposit %.80q", f.After)
		}
		if err != nil {
			return nil, fmt.Errorf("list deposits: %w", err)
		}
		before = position
	}

	rows, err := s.sql.Deposits(ctx, depositsql.DepositsParams{
		Tenant: tenant, Before: before, Account: f.Account, State: string(f.State), First: int32(f.First), // #nosec G115 -- at most MaxPage
	})
	if err != nil {
		return nil, fmt.Errorf("list deposits: %w", err)
	}
	deposits := make([]coffer.Deposit, len(rows))
	for i, row := range rows {
		deposits[i] = depositOf(row.Deposit, row.Tip)
	}
	return deposits, nil
}

func notFound(id string) error {
	return coffer.Errorf(coffer.CodeNotFound, "no deposit %.80q", id)
}

// TenantOf says whose a deposit is, or CodeNotFound: for the house's own operators, who see
// all tenants.
func (s *Service) TenantOf(ctx context.Context, id string) (string, error) {
	tenant, err := s.sql.TenantOf(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", notFound(id)
	}
	if err != nil {
		return "", fmt.Errorf("tenant of %s: %w", id, err)
	}
	return tenant, nil
}

// LockProgress is Progress, and keeps block events of the chain from being applied until tx
// ends.
func (s *Service) LockProgress(ctx context.Context, tx pgx.Tx, chain coffer.ChainID) (Progress, error) {
	row, err := depositsql.New(tx).LockCursor(ctx, string(chain))
	if errors.Is(err, pgx.ErrNoRows) {
		return Progress{}, nil
	}
	if err != nil {
		return Progress{}, fmt.Errorf("lock the cursor of %s: %w", chain, err)
	}
	return progressOf(row), nil
}

func progressOf(row depositsql.DepositCursor) Progress {
	p := Progress{Sequence: uint64(row.Sequence), Final: uint64(row.Final), At: row.UpdatedAt.UTC()} // #nosec G115 -- not negative in the table
	if row.Height != nil && row.Hash != nil {
		p.Tip = coffer.BlockRef{Height: uint64(*row.Height), Hash: *row.Hash} // #nosec G115 -- not negative in the table
	}
	return p
}

// AddressPage returns addresses of accounts on a chain in order, MaxPage at most, after one.
func (s *Service) AddressPage(ctx context.Context, chain coffer.ChainID, after coffer.Address) ([]coffer.Address, error) {
	rows, err := s.sql.AddressPage(ctx, depositsql.AddressPageParams{Chain: string(chain), After: string(after), First: MaxPage})
	if err != nil {
		return nil, fmt.Errorf("addresses of %s: %w", chain, err)
	}
	page := make([]coffer.Address, len(rows))
	for i, row := range rows {
		page[i] = coffer.Address(row)
	}
	return page, nil
}

// Unknown reports whether a token was paid to an account's address while nobody had named it.
func (s *Service) Unknown(ctx context.Context, asset coffer.AssetID) (bool, error) {
	seen, err := s.sql.UnknownSeen(ctx, depositsql.UnknownSeenParams{Chain: string(asset.Chain()), Asset: string(asset)})
	if err != nil {
		return false, fmt.Errorf("was %s seen: %w", asset, err)
	}
	return seen, nil
}

// Needed is the first record of a chain on tx.raw that is still to be read here; zero before
// anything was.
func (s *Service) Needed(ctx context.Context, chain coffer.ChainID) (int64, error) {
	offset, err := s.sql.Needed(ctx, string(chain))
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("records that deposits of %s need: %w", chain, err)
	}
	return offset, nil
}
