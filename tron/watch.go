package tron

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// PermissionUpdate is a change of who may move an account's money. Whoever holds the owner
// permission of an account can make it, so that one of ours which was not ordered is theft
// about to happen.
type PermissionUpdate struct {
	Chain   coffer.ChainID
	Block   coffer.BlockRef
	Tx      coffer.Hash
	Account coffer.Address
	Owners  []coffer.Address // the keys of the owner permission from now on
}

// permissionUpdate reads one, of a transaction that succeeded.
func permissionUpdate(header coffer.Header, chain coffer.ChainID, tx *provenTx) (PermissionUpdate, error) {
	var update tronpb.AccountPermissionUpdateContract
	if err := proto.Unmarshal(tx.parameter, &update); err != nil {
		return PermissionUpdate{}, fmt.Errorf("permission update: %w", err)
	}
	said := PermissionUpdate{Chain: chain, Block: header.BlockRef, Tx: tx.id, Account: AddressOf(tx.owner)}
	for _, key := range update.GetOwner().GetKeys() {
		address, err := AddressFromBytes(key.GetAddress())
		if err != nil {
			return PermissionUpdate{}, fmt.Errorf("permission update: %w", err)
		}
		said.Owners = append(said.Owners, AddressOf(address))
	}
	return said, nil
}
