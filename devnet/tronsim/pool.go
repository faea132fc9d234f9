package tronsim

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer/tron/tronpb"
)

// pooled is a transaction that waits for a block.
type pooled struct {
	id   Hash
	tx   *tronpb.Transaction // without results; not changed
	size int

	signers []Address // of the first signatures, as far as they were asked for
}

// signer is who made the i-th signature, asked for in their order. It is remembered, for it
// takes half the time of a transaction, and each is executed twice at least.
func (p *pooled) signer(i int) (Address, error) {
	if i < len(p.signers) {
		return p.signers[i], nil
	}
	signer, err := recoverAddress(p.id, p.tx.Signature[i])
	if err == nil {
		p.signers = append(p.signers, signer)
	}
	return signer, err
}

// Broadcast takes a transaction as a node does: it is checked, executed once on the pending
// state, and waits for the next block. Success says only that this node took it.
func (s *Sim) Broadcast(tx *tronpb.Transaction) *tronpb.Return {
	s.mu.Lock()
	defer s.mu.Unlock()
	return answer(s.broadcast(tx))
}

func (s *Sim) broadcast(given *tronpb.Transaction) error {
	c := s.chain
	if f := s.fires(Refuse, broadcastMethod); f != nil {
		return f.refusal()
	}
	if s.maxUnsolid > 0 && c.head().number-c.consensus.solid >= s.maxUnsolid {
		return errUnsolid
	}
	if len(c.pool) >= maxPending {
		return errBusy
	}
	tx, ok := proto.Clone(given).(*tronpb.Transaction)
	if !ok || tx.RawData == nil || len(tx.RawData.Contract) == 0 {
		return invalid("No contract!")
	}
	tx.Ret = nil
	if tx.RawData.Expiration < s.nextSlot(c) {
		return errExpired
	}

	p := &pooled{id: txID(tx), tx: tx, size: proto.Size(tx)}
	if s.fires(Swallow, broadcastMethod) != nil {
		return nil
	}
	if err := s.pending().take(p); err != nil {
		return err
	}
	c.pool = append(c.pool, p)
	c.pooled[p.id] = p
	return nil
}

// pending executes what the next block may hold.
func (s *Sim) pending() *execution {
	c := s.chain
	head := c.head()
	return &execution{
		sim: s, chain: c, state: c.state, number: head.number + 1, time: head.time, head: head.time, pending: true,
		producer: AddressOf(s.producers[0]),
	}
}

// refill executes the pool again on a new head. What became invalid is forgotten.
func (s *Sim) refill() {
	c := s.chain
	c.state.undo(0)
	pool := c.pool
	c.pool, c.pooled = nil, map[Hash]*pooled{}
	for _, p := range pool {
		if s.pending().take(p) == nil {
			c.pool = append(c.pool, p)
			c.pooled[p.id] = p
		}
	}
}

// Forget drops a transaction from the pool, as a node that restarts does. It reports
// whether it was there.
func (s *Sim) Forget(id Hash) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chain
	if c.pooled[id] == nil {
		return false
	}
	delete(c.pooled, id)
	var rest []*pooled
	for _, p := range c.pool {
		if p.id != id {
			rest = append(rest, p)
		}
	}
	c.pool = rest
	s.refill()
	return true
}

// action is what a transaction does, read.
type action struct {
	kind       tronpb.Transaction_Contract_ContractType
	permission int32
	owner      Address
	ownerWire  []byte
	what       proto.Message
}

// owned is what the messages of all contracts have in common.
type owned interface {
	proto.Message
	GetOwnerAddress() []byte
}

// newContract gives an empty message of what is understood here.
func newContract(kind tronpb.Transaction_Contract_ContractType) owned {
	switch kind {
	case tronpb.Transaction_Contract_AccountCreateContract:
		return new(tronpb.AccountCreateContract)
	case tronpb.Transaction_Contract_TransferContract:
		return new(tronpb.TransferContract)
	case tronpb.Transaction_Contract_TransferAssetContract:
		return new(tronpb.TransferAssetContract)
	case tronpb.Transaction_Contract_CreateSmartContract:
		return new(tronpb.CreateSmartContract)
	case tronpb.Transaction_Contract_TriggerSmartContract:
		return new(tronpb.TriggerSmartContract)
	case tronpb.Transaction_Contract_AccountPermissionUpdateContract:
		return new(tronpb.AccountPermissionUpdateContract)
	case tronpb.Transaction_Contract_FreezeBalanceV2Contract:
		return new(tronpb.FreezeBalanceV2Contract)
	case tronpb.Transaction_Contract_UnfreezeBalanceV2Contract:
		return new(tronpb.UnfreezeBalanceV2Contract)
	case tronpb.Transaction_Contract_WithdrawExpireUnfreezeContract:
		return new(tronpb.WithdrawExpireUnfreezeContract)
	case tronpb.Transaction_Contract_DelegateResourceContract:
		return new(tronpb.DelegateResourceContract)
	case tronpb.Transaction_Contract_UnDelegateResourceContract:
		return new(tronpb.UnDelegateResourceContract)
	case tronpb.Transaction_Contract_CancelAllUnfreezeV2Contract:
		return new(tronpb.CancelAllUnfreezeV2Contract)
	default:
		return nil
	}
}

// readAction reads the first contract of a transaction.
func readAction(tx *tronpb.Transaction) (action, error) {
	contract := tx.RawData.Contract[0]
	a := action{kind: contract.Type, permission: contract.PermissionId}
	message := newContract(contract.Type)
	if message == nil {
		return a, fmt.Errorf("contract type %s is not modelled", contract.Type)
	}
	if contract.Parameter == nil || contract.Parameter.MessageName() != message.ProtoReflect().Descriptor().FullName() {
		return a, fmt.Errorf("contract type error, expected type [%s]", contract.Type)
	}
	if err := contract.Parameter.UnmarshalTo(message); err != nil {
		return a, fmt.Errorf("contract cannot be read: %w", err)
	}
	a.what, a.ownerWire = message, message.GetOwnerAddress()
	owner, err := parseAddress(a.ownerWire)
	if err != nil {
		return a, nodeError("Invalid ownerAddress")
	}
	a.owner = owner
	return a, nil
}
