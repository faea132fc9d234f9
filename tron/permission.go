package tron

import (
	"errors"
	"fmt"

	"github.com/cofferhq/coffer/tron/tronpb"
)

const (
	maxActives        = 8
	maxPermissionName = 32 // bytes
	operationsBytes   = 32
)

// Permission is who may sign for an account. The chain numbers them: the owner's is 0, active
// ones have 2 and on, in their order.
type Permission struct {
	Name       string
	Threshold  uint64
	Keys       []Key
	Operations []tronpb.Transaction_Contract_ContractType // of active ones: what they may sign
}

// Operations is the bit set of an active permission: contract type n is bit n%8 of byte n/8.
func Operations(types ...tronpb.Transaction_Contract_ContractType) ([]byte, error) {
	operations := make([]byte, operationsBytes)
	for _, n := range types {
		if n < 0 || int(n) >= 8*operationsBytes {
			return nil, fmt.Errorf("contract type %d has no bit", n)
		}
		operations[n/8] |= 1 << (n % 8)
	}
	return operations, nil
}

// UpdatePermissions replaces all permissions of an account. Whoever has the owner's can do
// everything: no wallet pays under it, and no explainer reads this as an effect.
func UpdatePermissions(account Address, owner Permission, actives []Permission) (*tronpb.AccountPermissionUpdateContract, error) {
	if len(actives) == 0 || len(actives) > maxActives {
		return nil, fmt.Errorf("%d active permissions; want 1 to %d", len(actives), maxActives)
	}
	if len(owner.Operations) > 0 {
		return nil, errors.New("the owner's permission is for everything, and has no operations")
	}
	update := &tronpb.AccountPermissionUpdateContract{OwnerAddress: account.Bytes()}
	var err error
	if update.Owner, err = owner.message(); err != nil {
		return nil, fmt.Errorf("owner: %w", err)
	}
	for n, active := range actives {
		message, err := active.message()
		if err == nil && len(active.Operations) == 0 {
			err = errors.New("it may sign nothing")
		}
		if err != nil {
			return nil, fmt.Errorf("active permission %d: %w", n, err)
		}
		message.Type = tronpb.Permission_Active
		if message.Operations, err = Operations(active.Operations...); err != nil {
			return nil, fmt.Errorf("active permission %d: %w", n, err)
		}
		update.Actives = append(update.Actives, message)
	}
	return update, nil
}

func (p Permission) message() (*tronpb.Permission, error) {
	if len(p.Name) > maxPermissionName {
		return nil, fmt.Errorf("a name of %d bytes; at most %d", len(p.Name), maxPermissionName)
	}
	if err := checkKeys(p.Keys, p.Threshold); err != nil {
		return nil, err
	}
	message := &tronpb.Permission{PermissionName: p.Name, Threshold: int64(p.Threshold)} // #nosec G115 -- checkKeys
	for _, key := range p.Keys {
		message.Keys = append(message.Keys, &tronpb.Key{Address: key.Address.Bytes(), Weight: int64(key.Weight)}) // #nosec G115 -- checkKeys
	}
	return message, nil
}
