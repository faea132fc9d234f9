package tronsim

import (
	"encoding/hex"
	"math"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer/tron/tronpb"
)

const (
	maxActives        = 8
	maxKeys           = 5
	maxPermissionName = 32
	firstActive       = 2
)

// What contract types there are, and which of them a new account's active permission may
// do: all but changing the permissions (46).
const (
	availableOperations = "7fff1fc0037efb0f"
	defaultOperations   = "7fff1fc0033efb0f"
)

func operations(begin string) []byte {
	b, err := hex.DecodeString(begin)
	if err != nil {
		panic(err) // a constant of ours
	}
	return append(b, make([]byte, operationBytes-len(b))...)
}

// DefaultOperations is what the active permission of a new account may do.
func DefaultOperations() []byte { return operations(defaultOperations) }

// Operations has the bits of some contract types.
func Operations(kinds ...tronpb.Transaction_Contract_ContractType) []byte {
	bits := make([]byte, operationBytes)
	for _, kind := range kinds {
		bits[kind/8] |= 1 << (kind % 8)
	}
	return bits
}

// updatePermissions replaces all permissions of an account. The chain numbers them.
func (x *execution) updatePermissions(act action, what *tronpb.AccountPermissionUpdateContract, out *outcome) error {
	if what.Owner == nil {
		return invalid("owner permission is missed")
	}
	if what.Witness != nil {
		return invalid("account isn't witness can't set witness permission")
	}
	if len(what.Actives) == 0 {
		return invalid("active permission is missed")
	}
	if len(what.Actives) > maxActives {
		return invalid("active permission is too many")
	}
	if what.Owner.Type != tronpb.Permission_Owner {
		return invalid("owner permission type is error")
	}
	if err := checkPermission(what.Owner); err != nil {
		return err
	}
	for _, p := range what.Actives {
		if p.Type != tronpb.Permission_Active {
			return invalid("active permission type is error")
		}
		if err := checkPermission(p); err != nil {
			return err
		}
	}
	fee := x.chain.parameters.UpdatePermissionFee
	if balance := x.state.accounts[act.owner].balance; balance < fee {
		return cannotExecute("%x insufficient balance, balance: %d, amount: %d", act.ownerWire, balance, fee)
	}

	a := x.state.edit(act.owner)
	a.owner = proto.CloneOf(what.Owner)
	a.owner.Id = 0
	a.actives = nil
	for i, p := range what.Actives {
		p = proto.CloneOf(p)
		p.Id = int32(firstActive + i)
		a.actives = append(a.actives, p)
	}
	x.state.burn(act.owner, fee)
	out.fee = fee
	return nil
}

// checkPermission looks at one permission alone.
func checkPermission(p *tronpb.Permission) error {
	switch {
	case len(p.Keys) > maxKeys:
		return invalid("number of keys in permission should not be greater than %d", maxKeys)
	case len(p.Keys) == 0:
		return invalid("key's count should be greater than 0")
	case p.Threshold <= 0:
		return invalid("permission's threshold should be greater than 0")
	case len(p.PermissionName) > maxPermissionName:
		return invalid("permission's name is too long")
	case p.ParentId != 0:
		return invalid("permission's parent should be owner")
	}
	var sum int64
	seen := map[Address]bool{}
	for _, key := range p.Keys {
		address, err := parseAddress(key.Address)
		switch {
		case err != nil:
			return invalid("key is not a validate address")
		case seen[address]:
			return invalid("address should be distinct in permission %s", p.Type)
		case key.Weight <= 0:
			return invalid("key's weight should be greater than 0")
		case sum > math.MaxInt64-key.Weight:
			return invalid("long overflow")
		}
		seen[address] = true
		sum += key.Weight
	}
	if sum < p.Threshold {
		return invalid("sum of all key's weight should not be less than threshold in permission %s", p.Type)
	}
	if p.Type != tronpb.Permission_Active {
		if len(p.Operations) > 0 {
			return invalid("%s permission needn't operations", p.Type)
		}
		return nil
	}
	if len(p.Operations) != operationBytes {
		return invalid("operations size must 32")
	}
	available := operations(availableOperations)
	for i := range 8 * operationBytes {
		kind := tronpb.Transaction_Contract_ContractType(i)
		if allows(p.Operations, kind) && !allows(available, kind) {
			return invalid("%d isn't a validate ContractType", i)
		}
	}
	return nil
}
