package tronsim

import (
	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer/tron/tronpb"
)

// state is the world at a block, or with the pending transactions on top of it. Whoever
// changes it goes through put and remove, or through edit, which calls them.
type state struct {
	accounts    map[Address]*account
	contracts   map[Address]*contract
	storage     map[slotKey]common.Hash
	delegations map[delegationKey]*delegation
	totals      map[string]int64
	journal     []change
	era         uint64 // counts marks: what was copied since the last one may be changed in place
}

type slotKey struct {
	address Address
	slot    common.Hash
}

func newState() *state {
	return &state{
		accounts: map[Address]*account{}, contracts: map[Address]*contract{}, storage: map[slotKey]common.Hash{},
		delegations: map[delegationKey]*delegation{}, totals: map[string]int64{},
	}
}

func accountTable(s *state) map[Address]*account             { return s.accounts }
func contractTable(s *state) map[Address]*contract           { return s.contracts }
func storageTable(s *state) map[slotKey]common.Hash          { return s.storage }
func delegationTable(s *state) map[delegationKey]*delegation { return s.delegations }
func totalTable(s *state) map[string]int64                   { return s.totals }

// What totals counts.
const (
	netWeight    = "net"    // TRX staked for bandwidth, times a million
	energyWeight = "energy" // the same for energy
	burned       = "burned" // sun
	cycle        = "cycle"  // maintenance periods since the beginning
)

func (s *state) addTotal(name string, amount int64) {
	put(s, totalTable, name, s.totals[name]+amount)
}

// resource is what stakes give.
type resource int

const (
	bandwidth resource = iota
	energy
	resources // how many there are
)

func (r resource) weight() string {
	if r == energy {
		return energyWeight
	}
	return netWeight
}

// usage is what an account used of a resource, and how fast it comes back: linearly, in
// window slots after the slot at.
type usage struct {
	amount int64
	at     int64 // slot since genesis
	window int64 // in thousandths of a slot; 0 stands for a day
}

// account is an account. It is copied before it is changed; its slices and maps are replaced.
type account struct {
	era     uint64
	address Address
	kind    tronpb.AccountType
	balance int64 // sun
	created int64 // milliseconds since 1970
	last    int64 // the last operation, the same
	nonce   uint64
	assets  map[string]int64 // TRC-10, by id

	owner   *tronpb.Permission // nil: the default one
	actives []*tronpb.Permission

	free      usage
	used      [resources]usage
	staked    [resources]int64 // sun, not delegated
	delegated [resources]int64 // sun, of our stake to others
	acquired  [resources]int64 // sun, of others' stakes to us
	unfrozen  []unfrozen       // oldest first
}

// unfrozen is stake on its way back.
type unfrozen struct {
	resource resource
	amount   int64
	expires  int64 // milliseconds since 1970
}

// stake is all that gives an account a resource.
func (a *account) stake(r resource) int64 { return a.staked[r] + a.acquired[r] }

// edit gives a copy of an account that may be changed until the next mark; nil if there is
// no such account.
func (s *state) edit(address Address) *account {
	old := s.accounts[address]
	if old == nil || old.era == s.era {
		return old
	}
	a := *old
	a.era = s.era
	put(s, accountTable, address, &a)
	return &a
}

// create makes an account with the default permissions.
func (s *state) create(address Address, kind tronpb.AccountType, now int64) *account {
	a := &account{era: s.era, address: address, kind: kind, created: now}
	put(s, accountTable, address, a)
	return a
}

// burn takes a fee from an account. It must be there.
func (s *state) burn(address Address, fee int64) {
	if fee == 0 {
		return
	}
	s.edit(address).balance -= fee
	s.addTotal(burned, fee)
}

// defaultPermissions are those of an account that never changed them: the key of the
// address alone, as the owner and as the first active.
func defaultOwner(address Address) *tronpb.Permission {
	return &tronpb.Permission{
		Type: tronpb.Permission_Owner, PermissionName: "owner", Threshold: 1,
		Keys: []*tronpb.Key{{Address: Wire(address), Weight: 1}},
	}
}

func defaultActive(address Address) *tronpb.Permission {
	return &tronpb.Permission{
		Type: tronpb.Permission_Active, Id: 2, PermissionName: "active", Threshold: 1,
		Operations: DefaultOperations(),
		Keys:       []*tronpb.Key{{Address: Wire(address), Weight: 1}},
	}
}

// permissions says which permissions an account has; a contract has none.
func (a *account) permissions() (owner *tronpb.Permission, actives []*tronpb.Permission) {
	switch {
	case a.owner != nil:
		return a.owner, a.actives
	case a.kind == tronpb.AccountType_Contract:
		return nil, nil
	default:
		return defaultOwner(a.address), []*tronpb.Permission{defaultActive(a.address)}
	}
}

// permission finds one by its id.
func (a *account) permission(id int32) *tronpb.Permission {
	owner, actives := a.permissions()
	if owner != nil && id == owner.Id {
		return owner
	}
	for _, p := range actives {
		if p.Id == id {
			return p
		}
	}
	return nil
}
