package tronsim

import (
	"github.com/ethereum/go-ethereum/common"
	gethstate "github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/stateless"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/types/bal"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/params"
	"github.com/holiman/uint256"

	"github.com/cofferhq/coffer/tron/tronpb"
)

// vmState shows the state to go-ethereum's virtual machine during one transaction.
type vmState struct {
	*state
	transaction Hash
	now         int64

	logs      []*types.Log
	transient map[slotKey]common.Hash
	written   map[slotKey]bool // slots that were set in this transaction, to zero as well
	made      map[Address]bool
	dead      map[Address]bool
	snapshots []vmSnapshot
}

type vmSnapshot struct {
	mark, logs int
	transient  map[slotKey]common.Hash
	dead       map[Address]bool
}

var _ vm.StateDB = (*vmState)(nil)

func newVMState(s *state, transaction Hash, now int64) *vmState {
	return &vmState{
		state: s, transaction: transaction, now: now,
		transient: map[slotKey]common.Hash{}, written: map[slotKey]bool{}, made: map[Address]bool{}, dead: map[Address]bool{},
	}
}

func (s *vmState) ensure(a Address) *account {
	if known := s.edit(a); known != nil {
		return known
	}
	return s.create(a, tronpb.AccountType_Normal, s.now)
}

func (s *vmState) CreateAccount(a common.Address) { s.ensure(a) }

// CreateContract is called for contracts that contracts make.
func (s *vmState) CreateContract(a common.Address) {
	s.ensure(a).kind = tronpb.AccountType_Contract
	s.made[a] = true
}

func (s *vmState) SubBalance(a common.Address, amount *uint256.Int, _ tracing.BalanceChangeReason) uint256.Int {
	before := *s.GetBalance(a)
	if !amount.IsZero() {
		s.ensure(a).balance -= sunOf(amount)
	}
	return before
}

func (s *vmState) AddBalance(a common.Address, amount *uint256.Int, _ tracing.BalanceChangeReason) uint256.Int {
	before := *s.GetBalance(a)
	if !amount.IsZero() {
		s.ensure(a).balance += sunOf(amount)
	}
	return before
}

func (s *vmState) GetBalance(a common.Address) *uint256.Int {
	known := s.accounts[a]
	if known == nil || known.balance < 0 {
		return new(uint256.Int)
	}
	return uint256.NewInt(uint64(known.balance))
}

func (s *vmState) GetNonce(a common.Address) uint64 {
	if known := s.accounts[a]; known != nil {
		return known.nonce
	}
	return 0
}

func (s *vmState) SetNonce(a common.Address, nonce uint64, _ tracing.NonceChangeReason) {
	s.ensure(a).nonce = nonce
}

func (s *vmState) GetCodeHash(a common.Address) common.Hash {
	if c := s.contracts[a]; c != nil {
		return c.hash
	}
	if s.accounts[a] != nil {
		return types.EmptyCodeHash
	}
	return common.Hash{}
}

func (s *vmState) GetCode(a common.Address) []byte {
	if c := s.contracts[a]; c != nil {
		return c.code
	}
	return nil
}

func (s *vmState) GetCodeSize(a common.Address) int { return len(s.GetCode(a)) }

// SetCode is called for contracts that contracts make: their makers pay for nothing.
func (s *vmState) SetCode(a common.Address, code []byte, _ tracing.CodeChangeReason) []byte {
	before := s.GetCode(a)
	made := &tronpb.SmartContract{ContractAddress: Wire(a), ConsumeUserResourcePercent: 100, TrxHash: s.transaction[:]}
	if c := s.contracts[a]; c != nil {
		made = c.made
	}
	put(s.state, contractTable, a, &contract{made: made, code: code, hash: codeHash(code), cycle: s.totals[cycle]})
	return before
}

func (s *vmState) AddRefund(uint64)  {}
func (s *vmState) SubRefund(uint64)  {}
func (s *vmState) GetRefund() uint64 { return 0 }

func (s *vmState) GetState(a common.Address, slot common.Hash) common.Hash {
	return s.storage[slotKey{a, slot}]
}

// GetStateAndCommittedState is asked for what gas costs, which nobody here pays.
func (s *vmState) GetStateAndCommittedState(a common.Address, slot common.Hash) (common.Hash, common.Hash) {
	value := s.GetState(a, slot)
	return value, value
}

func (s *vmState) SetState(a common.Address, slot, value common.Hash) common.Hash {
	key := slotKey{a, slot}
	before := s.storage[key]
	s.written[key] = true
	switch {
	case before == value:
	case value == common.Hash{}:
		remove(s.state, storageTable, key)
	default:
		put(s.state, storageTable, key, value)
	}
	return before
}

func (s *vmState) GetTransientState(a common.Address, slot common.Hash) common.Hash {
	return s.transient[slotKey{a, slot}]
}

func (s *vmState) SetTransientState(a common.Address, slot, value common.Hash) {
	s.transient[slotKey{a, slot}] = value
}

func (s *vmState) SelfDestruct(a common.Address)           { s.dead[a] = true }
func (s *vmState) HasSelfDestructed(a common.Address) bool { return s.dead[a] }
func (s *vmState) Exist(a common.Address) bool             { return s.accounts[a] != nil || s.contracts[a] != nil }
func (s *vmState) Touch(common.Address)                    {}
func (s *vmState) IsNewContract(a common.Address) bool     { return s.made[a] }

func (s *vmState) Empty(a common.Address) bool {
	known := s.accounts[a]
	return known == nil || known.balance == 0 && known.nonce == 0 && s.contracts[a] == nil
}

// Access lists change what gas costs, not what happens.
func (s *vmState) AddressInAccessList(common.Address) bool { return true }
func (s *vmState) SlotInAccessList(common.Address, common.Hash) (bool, bool) {
	return true, true
}
func (s *vmState) AddAddressToAccessList(common.Address)           {}
func (s *vmState) AddSlotToAccessList(common.Address, common.Hash) {}

func (s *vmState) Prepare(params.Rules, common.Address, common.Address, *common.Address, []common.Address, types.AccessList) {
}

func (s *vmState) Snapshot() int {
	shot := vmSnapshot{mark: s.mark(), logs: len(s.logs)}
	if len(s.transient) > 0 {
		shot.transient = cloneMap(s.transient)
	}
	if len(s.dead) > 0 {
		shot.dead = cloneMap(s.dead)
	}
	s.snapshots = append(s.snapshots, shot)
	return len(s.snapshots) - 1
}

func (s *vmState) RevertToSnapshot(id int) {
	shot := s.snapshots[id]
	s.snapshots = s.snapshots[:id]
	s.undo(shot.mark)
	s.logs = s.logs[:shot.logs]
	s.transient, s.dead = cloneMap(shot.transient), cloneMap(shot.dead)
}

// cloneMap is maps.Clone that gives an empty map for nil.
func cloneMap[K comparable, V any](m map[K]V) map[K]V {
	d := make(map[K]V, len(m))
	for k, v := range m {
		d[k] = v
	}
	return d
}

func (s *vmState) AddLog(log *types.Log)                                  { s.logs = append(s.logs, log) }
func (s *vmState) AddPreimage(common.Hash, []byte)                        {}
func (s *vmState) Witness() *stateless.Witness                            { return nil }
func (s *vmState) AccessEvents() *gethstate.AccessEvents                  { return nil }
func (s *vmState) SetTxContext(common.Hash, int, uint32)                  {}
func (s *vmState) Finalise(params.Rules) *bal.ConstructionBlockAccessList { return nil }

// bury takes away the contracts that destroyed themselves in the transaction that made them.
func (s *vmState) bury() {
	for a := range s.dead {
		remove(s.state, contractTable, a)
		remove(s.state, accountTable, a)
		for key := range s.written {
			if key.address == a {
				remove(s.state, storageTable, key)
			}
		}
	}
}
