package deposit

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/depositsql"
)

// Indexed makes the deposit addresses of a chain whose wallet is a descriptor, in place of a
// Deriver: one for each index, counted from 1, the same for ever. It asks nobody. The proof
// holds the address and where it is below the descriptor.
type Indexed interface {
	DepositAddressAt(index uint32) (coffer.AddressProof, error)
}

// maxIndex is the last index that BIP-32 has without hardening.
const maxIndex = 1<<31 - 1

// issueIndexed gives an account the address at the next index of the chain's descriptor. An
// index that was counted is gone, whatever became of it.
func (s *Service) issueIndexed(ctx context.Context, tenant, account string, chain Chain) (Address, error) {
	var address coffer.Address
	_, err := s.learnWith(ctx, chain.ID, func(q *depositsql.Queries, after int64) (coffer.Address, int64, error) {
		address = ""
		if err := q.EnsureIndex(ctx, string(chain.ID)); err != nil {
			return "", 0, err
		}
		last, err := q.LockIndex(ctx, string(chain.ID))
		if err != nil {
			return "", 0, err
		}
		_, err = q.AddressOf(ctx, depositsql.AddressOfParams{Tenant: tenant, Account: account, Chain: string(chain.ID)})
		if !errors.Is(err, pgx.ErrNoRows) {
			return "", 0, err // somebody else was first
		}
		if last >= maxIndex {
			return "", 0, coffer.Errorf(coffer.CodeLimit, "the descriptor of %s has no address left", chain.ID)
		}
		if err := q.MoveIndex(ctx, depositsql.MoveIndexParams{Chain: string(chain.ID), Last: last + 1}); err != nil {
			return "", 0, err
		}
		proof, err := chain.Indexed.DepositAddressAt(uint32(last + 1)) // #nosec G115 -- bounded above
		if err != nil {
			return "", 0, fmt.Errorf("address at index %d: %w", last+1, err)
		}
		if address, err = canonical(chain, proof.Address); err != nil {
			return "", 0, fmt.Errorf("derived address: %w", err)
		}
		salt := saltOf(tenant, account)
		added, err := q.AddAddress(ctx, depositsql.AddAddressParams{
			Chain: string(chain.ID), Address: string(address), ID: coffer.DeriveID("addr", tenant, account, string(chain.ID)),
			Tenant: tenant, Account: account, Salt: salt[:], Path: &proof.Path, KnownAfter: after, At: s.now(),
		})
		return address, added, err
	})
	if err != nil {
		return Address{}, fmt.Errorf("add address: %w", err)
	}
	s.Checkpoint(CheckpointAddress)
	return s.justIssued(ctx, tenant, account, chain.ID, address)
}

// maxSkip bounds how many indexes are left out at once: wallets that watch the descriptor look
// ahead so far only.
const maxSkip = 1_000_000

// SkipIndexes leaves so many indexes of a chain's descriptor out and returns the last one
// that counts as given out: a database that was restored does not know which were given out
// since it was saved. It does so once for each reason.
func (s *Service) SkipIndexes(ctx context.Context, chain coffer.ChainID, count uint32, reason string) (uint32, error) {
	c, err := s.chain(chain)
	switch {
	case err != nil:
		return 0, err
	case c.Indexed == nil:
		return 0, coffer.Invalid("chain", "the addresses of %s are not counted", chain)
	case count < 1 || count > maxSkip:
		return 0, coffer.Invalid("count", "is %d, want 1 to %d", count, maxSkip)
	case reason == "" || len(reason) > maxSkipReason:
		return 0, coffer.Invalid("reason", "want 1 to %d bytes", maxSkipReason)
	}
	var last int64
	err = s.DB.Tx(ctx, func(tx pgx.Tx) error {
		q := depositsql.New(tx)
		if err := q.EnsureIndex(ctx, string(chain)); err != nil {
			return err
		}
		if last, err = q.LockIndex(ctx, string(chain)); err != nil {
			return err
		}
		done, err := q.InsertIndexSkip(ctx, depositsql.InsertIndexSkipParams{Chain: string(chain), Reason: reason, Skipped: int64(count), At: s.now()})
		if err != nil || done == 0 {
			return err
		}
		last = min(last+int64(count), maxIndex)
		return q.MoveIndex(ctx, depositsql.MoveIndexParams{Chain: string(chain), Last: last})
	})
	if err != nil {
		return 0, fmt.Errorf("leave indexes of %s out: %w", chain, err)
	}
	return uint32(last), nil // #nosec G115 -- at most maxIndex
}

// maxSkipReason bounds a reason, in bytes.
const maxSkipReason = 200

// proofAt is the proof of the address that has a path, "0/17".
func proofAt(indexed Indexed, path string) (coffer.AddressProof, bool) {
	index, err := strconv.ParseUint(path[strings.LastIndexByte(path, '/')+1:], 10, 31)
	if err != nil {
		return coffer.AddressProof{}, false
	}
	proof, err := indexed.DepositAddressAt(uint32(index))
	return proof, err == nil && proof.Path == path
}
