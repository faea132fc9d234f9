package deposit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/depositsql"
)

// Deriver makes deposit addresses of one chain. The same salt gives the same address for
// ever. It refuses while the code that the address depends on is not on the chain.
type Deriver interface {
	DepositAddress(ctx context.Context, salt coffer.Hash) (coffer.Address, error)
}

// Prover is what a Deriver may be too: it says what an address is made of. It asks nobody.
type Prover interface {
	AddressProof(salt coffer.Hash) coffer.AddressProof
}

// Address is where an account receives on one chain, every asset of it.
type Address struct {
	ID        string
	Tenant    string
	Account   string
	Chain     coffer.ChainID
	Address   coffer.Address
	Memo      string               // deposits of assets that need one must carry it; empty where none does
	Proof     *coffer.AddressProof // nil where the chain's addresses have none
	CreatedAt time.Time
}

// kindDeposit is the kind of an account's address.
const kindDeposit = "deposit"

// Kinds of house addresses. Money at the first ones is ours: transfers to them are booked,
// and a deposit that comes from them is looked at. At the others it would be lost: they are
// registered so that nobody is allowed to send there.
const (
	HouseHot      = "hot"      // a custody wallet that pays
	HouseVault    = "vault"    // a custody wallet that receives sweeps
	HouseCold     = "cold"     // a custody wallet kept offline
	HouseChange   = "change"   // change of a custody wallet (UTXO)
	HouseExecutor = "executor" // pays for gas; its native money is booked as gas

	HouseToken      = "token"      // a token contract
	HouseEntryPoint = "entrypoint" // the ERC-4337 EntryPoint
	HouseModule     = "module"     // a module or guard of our wallets
	HouseFactory    = "factory"    // makes deposit addresses
	HouseContract   = "contract"   // any other contract we call
)

var custodyKinds = map[string]bool{HouseHot: true, HouseVault: true, HouseCold: true, HouseChange: true, HouseExecutor: true}

var otherKinds = map[string]bool{HouseToken: true, HouseEntryPoint: true, HouseModule: true, HouseFactory: true, HouseContract: true}

// Owner says whose an address is. Kind is empty when it is not ours, OwnerDeposit for an
// account's address, OwnerHouse for a house address, whose own kind is House.
type Owner struct {
	Kind    string
	House   string
	Tenant  string
	Account string
}

// Kinds of Owner.
const (
	OwnerDeposit = "deposit"
	OwnerHouse   = "house"
)

const maxNameBytes = 128 // of tenants and accounts; as in the ledger

// IssueAddress returns the address of an account on a chain, making it the first time. It
// trusts the caller that the account is the tenant's. CodeInvalid: the chain is not served
// or gives out no addresses; CodeConflict: the address is a house address.
func (s *Service) IssueAddress(ctx context.Context, tenant, account string, chain coffer.ChainID) (Address, error) {
	served, err := s.chain(chain)
	if err != nil {
		return Address{}, err
	}
	if served.Deriver == nil && served.Indexed == nil {
		return Address{}, coffer.Invalid("chain", "chain %s gives out no deposit addresses", chain)
	}
	if err := errors.Join(checkName("tenant", tenant), checkName("account", account)); err != nil {
		return Address{}, err
	}
	if issued, err := s.addressOf(ctx, tenant, account, chain); !errors.Is(err, pgx.ErrNoRows) {
		return issued, err
	}

	if served.Indexed != nil {
		return s.issueIndexed(ctx, tenant, account, served)
	}
	salt := saltOf(tenant, account)
	address, err := served.Deriver.DepositAddress(ctx, salt)
	if err != nil {
		return Address{}, &coffer.Error{Code: coffer.CodeUnavailable, Message: "no deposit address can be given out on this chain now", Cause: err}
	}
	if address, err = canonical(served, address); err != nil {
		return Address{}, fmt.Errorf("derived address: %w", err)
	}
	_, err = s.learn(ctx, chain, address, func(q *depositsql.Queries, after int64) (int64, error) {
		return q.AddAddress(ctx, depositsql.AddAddressParams{
			Chain: string(chain), Address: string(address), ID: coffer.DeriveID("addr", tenant, account, string(chain)),
			Tenant: tenant, Account: account, Salt: salt[:], KnownAfter: after, At: s.now(),
		})
	})
	if err != nil {
		return Address{}, fmt.Errorf("add address: %w", err)
	}
	s.Checkpoint(CheckpointAddress)
	return s.justIssued(ctx, tenant, account, chain, address)
}

func (s *Service) justIssued(ctx context.Context, tenant, account string, chain coffer.ChainID, address coffer.Address) (Address, error) {
	issued, err := s.addressOf(ctx, tenant, account, chain)
	if errors.Is(err, pgx.ErrNoRows) {
		return Address{}, coffer.Errorf(coffer.CodeConflict, "address %s has another owner", address)
	}
	return issued, err
}

// learn adds an address between two block events: what comes after counts by itself, what
// came before is filled in, see Backfill.
func (s *Service) learn(ctx context.Context, chain coffer.ChainID, address coffer.Address, add func(q *depositsql.Queries, after int64) (int64, error)) (added int64, err error) {
	return s.learnWith(ctx, chain, func(q *depositsql.Queries, after int64) (coffer.Address, int64, error) {
		added, err := add(q, after)
		return address, added, err
	})
}

// learnWith is learn for an address that is known only when it is added.
func (s *Service) learnWith(ctx context.Context, chain coffer.ChainID, add func(q *depositsql.Queries, after int64) (coffer.Address, int64, error)) (added int64, err error) {
	if err := s.sql.EnsureCursor(ctx, depositsql.EnsureCursorParams{Chain: string(chain), UpdatedAt: s.now()}); err != nil {
		return 0, err
	}
	err = s.DB.Tx(ctx, func(tx pgx.Tx) error {
		q := depositsql.New(tx)
		after, err := q.ShareCursor(ctx, string(chain))
		if err != nil {
			return err
		}
		var address coffer.Address
		if address, added, err = add(q, after); err != nil || added == 0 || after == 0 {
			return err
		}
		return q.AddBackfill(ctx, depositsql.AddBackfillParams{Chain: string(chain), Address: string(address), At: s.now()})
	})
	return added, err
}

// addressOf returns an address given out before, or pgx.ErrNoRows.
func (s *Service) addressOf(ctx context.Context, tenant, account string, chain coffer.ChainID) (Address, error) {
	row, err := s.sql.AddressOf(ctx, depositsql.AddressOfParams{Tenant: tenant, Account: account, Chain: string(chain)})
	if err != nil {
		return Address{}, fmt.Errorf("address of %s on %s: %w", account, chain, err)
	}
	return s.issued(depositsql.AddressesOfRow(row)), nil
}

func (s *Service) issued(row depositsql.AddressesOfRow) Address {
	a := Address{ID: row.ID, Tenant: row.Tenant, Account: row.Account, Chain: coffer.ChainID(row.Chain), Address: coffer.Address(row.Address), CreatedAt: row.CreatedAt.UTC()}
	if indexed := s.chains[a.Chain].Indexed; indexed != nil && row.Path != nil {
		if proof, ok := proofAt(indexed, *row.Path); ok && proof.Address == a.Address {
			a.Proof = &proof // another one is of a descriptor we had before
		}
	}
	if prover, proves := s.chains[a.Chain].Deriver.(Prover); proves {
		if proof := prover.AddressProof(saltOf(a.Tenant, a.Account)); proof.Address == a.Address {
			a.Proof = &proof // another one is of a factory we had before
		}
	}
	for id, asset := range s.assets {
		if asset.NeedsMemo && id.Chain() == a.Chain {
			a.Memo = MemoOf(a.Tenant, a.Account)
		}
	}
	return a
}

// saltOf is what an account's addresses are derived from, the same on every chain.
func saltOf(tenant, account string) coffer.Hash {
	return coffer.DepositSalt(tenant, account)
}

// MemoOf is the memo of an account: ten digits, the first of which is not zero, so that
// nothing is lost where a form takes it for a number.
func MemoOf(tenant, account string) string {
	salt := saltOf(tenant, account)
	const least, count = 1_000_000_000, 9_000_000_000
	return strconv.FormatUint(least+binary.BigEndian.Uint64(salt[:8])%count, 10)
}

// Addresses returns what was given out to an account, by chain.
func (s *Service) Addresses(ctx context.Context, tenant, account string) ([]Address, error) {
	rows, err := s.sql.AddressesOf(ctx, depositsql.AddressesOfParams{Tenant: tenant, Account: account})
	if err != nil {
		return nil, fmt.Errorf("addresses of %s: %w", account, err)
	}
	addresses := make([]Address, len(rows))
	for i, row := range rows {
		addresses[i] = s.issued(row)
	}
	return addresses, nil
}

// RegisterHouse makes an address known as ours, of one of the Kinds of house addresses.
// Again with the same kind it does nothing. CodeConflict: it is known as something else.
// What blocks said about it before is filled in from the stream; money that was there before
// the stream begins is not booked.
func (s *Service) RegisterHouse(ctx context.Context, chain coffer.ChainID, address coffer.Address, kind string) error {
	return s.registerHouse(ctx, chain, address, kind, nil)
}

// RegisterHouseAt is RegisterHouse for an address of the chain's own wallet, which is a
// descriptor: path says where the address is below it, so that coins there can be spent.
// CodeConflict too: the address is known at another path.
func (s *Service) RegisterHouseAt(ctx context.Context, chain coffer.ChainID, address coffer.Address, kind, path string) error {
	return s.registerHouse(ctx, chain, address, kind, &path)
}

func (s *Service) registerHouse(ctx context.Context, chain coffer.ChainID, address coffer.Address, kind string, path *string) error {
	served, err := s.chain(chain)
	if err != nil {
		return err
	}
	if !custodyKinds[kind] && !otherKinds[kind] {
		all := slices.Concat(slices.Sorted(maps.Keys(custodyKinds)), slices.Sorted(maps.Keys(otherKinds)))
		return coffer.Invalid("kind", "house address of kind %.40q: want one of %s", kind, strings.Join(all, ", "))
	}
	if address, err = canonical(served, address); err != nil {
		return err
	}
	added, err := s.learn(ctx, chain, address, func(q *depositsql.Queries, after int64) (int64, error) {
		return q.AddHouse(ctx, depositsql.AddHouseParams{Chain: string(chain), Address: string(address), Kind: kind, Path: path, KnownAfter: after, At: s.now()})
	})
	if err != nil {
		return fmt.Errorf("register %s: %w", address, err)
	}
	if added == 1 {
		return nil
	}
	row, err := s.sql.Owner(ctx, depositsql.OwnerParams{Chain: string(chain), Address: string(address)})
	if err != nil {
		return fmt.Errorf("register %s: %w", address, err)
	}
	if row.Kind != kind {
		return coffer.Errorf(coffer.CodeConflict, "address %s is known as %s, not as %s", address, row.Kind, kind)
	}
	if path == nil || row.Path != nil && *row.Path == *path {
		return nil
	}
	if row.Path != nil {
		return coffer.Errorf(coffer.CodeConflict, "address %s is known at path %q, not %q", address, *row.Path, *path)
	}
	if _, err := s.sql.SetPath(ctx, depositsql.SetPathParams{Chain: string(chain), Address: string(address), Path: *path}); err != nil {
		return fmt.Errorf("register %s: %w", address, err)
	}
	return nil
}

// AdoptHouse registers a custody address whose balance at the last block applied is booked in
// the same transaction (see LockProgress): its past is in that balance, and is not filled in.
// It reports whether the address is new.
func (s *Service) AdoptHouse(ctx context.Context, tx pgx.Tx, chain coffer.ChainID, address coffer.Address, kind string) (bool, error) {
	served, err := s.chain(chain)
	if err != nil {
		return false, err
	}
	if !custodyKinds[kind] {
		return false, coffer.Invalid("kind", "nothing is booked at addresses of kind %.40q", kind)
	}
	if address, err = canonical(served, address); err != nil {
		return false, err
	}
	q := depositsql.New(tx)
	cursor, err := q.LockCursor(ctx, string(chain))
	if err != nil {
		return false, fmt.Errorf("adopt %s: %w", address, err)
	}
	added, err := q.AddHouse(ctx, depositsql.AddHouseParams{Chain: string(chain), Address: string(address), Kind: kind, KnownAfter: cursor.Sequence, At: s.now()})
	if err != nil {
		return false, fmt.Errorf("adopt %s: %w", address, err)
	}
	return added == 1, nil
}

// Lookup says whose an address is. The address is in canonical form.
func (s *Service) Lookup(ctx context.Context, chain coffer.ChainID, address coffer.Address) (Owner, error) {
	row, err := s.sql.Owner(ctx, depositsql.OwnerParams{Chain: string(chain), Address: string(address)})
	if errors.Is(err, pgx.ErrNoRows) {
		return Owner{}, nil
	}
	if err != nil {
		return Owner{}, fmt.Errorf("owner of %s: %w", address, err)
	}
	if row.Kind == kindDeposit {
		return Owner{Kind: OwnerDeposit, Tenant: row.Tenant, Account: row.Account}, nil
	}
	return Owner{Kind: OwnerHouse, House: row.Kind}, nil
}

// canonical makes sure that an address is as the chain's blocks will write it.
func canonical(chain Chain, address coffer.Address) (coffer.Address, error) {
	if chain.ParseAddress == nil {
		return address, nil
	}
	parsed, err := chain.ParseAddress(string(address))
	if err != nil {
		return "", &coffer.Error{Code: coffer.CodeInvalid, Field: "address", Message: "want an address of " + string(chain.ID), Cause: err}
	}
	return parsed, nil
}

func checkName(field, name string) error {
	if name == "" || len(name) > maxNameBytes {
		return coffer.Invalid(field, "want 1 to %d bytes", maxNameBytes)
	}
	return nil
}
