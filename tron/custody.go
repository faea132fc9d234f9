package tron

import (
	"context"
	"fmt"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// ReadAccount reads from a node's head what an account of the chain is under a permission: its
// keys, their weights and the threshold. Signers have pinned the same, and do not ask.
func ReadAccount(ctx context.Context, client *Client, address Address, permission int32) (Account, error) {
	have, err := client.Account(ctx, address)
	if err != nil {
		return Account{}, err
	}
	var found *tronpb.Permission
	for _, active := range have.GetActivePermission() {
		if active.GetId() == permission {
			found = active
		}
	}
	if found == nil {
		return Account{}, fmt.Errorf("account %s: %w: it has no active permission %d", address, coffer.ErrNotFound, permission)
	}
	account := Account{Chain: client.Chain(), Address: address, Permission: permission, Threshold: uint64(max(0, found.GetThreshold())), Prices: MainnetPrices} // #nosec G115 -- not negative
	for _, key := range found.GetKeys() {
		holder, err := AddressFromBytes(key.GetAddress())
		if err != nil {
			return Account{}, fmt.Errorf("account %s: permission %d: %w", address, permission, err)
		}
		account.Keys = append(account.Keys, Key{Address: holder, Weight: uint64(max(0, key.GetWeight()))}) // #nosec G115 -- not negative
	}
	if err := account.Check(); err != nil {
		return Account{}, fmt.Errorf("account %s: permission %d: %w", address, permission, err)
	}
	return account, nil
}
