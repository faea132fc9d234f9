package tronsim

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/cofferhq/coffer/tron/tronpb"
)

// defaultExpiration is how long a transaction is valid that the node built.
const defaultExpiration = time.Minute

// Build makes an unsigned transaction of a contract as a node does: it refers to the
// solidified block and is valid for a minute. Contracts that are not executed by the
// virtual machine are validated first.
func (s *Sim) Build(kind tronpb.Transaction_Contract_ContractType, what proto.Message) *tronpb.TransactionExtention {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx := &tronpb.Transaction{RawData: s.rawData(&tronpb.Transaction_Contract{Type: kind, Parameter: pack(what)})}
	if err := s.validate(tx); err != nil {
		return &tronpb.TransactionExtention{Result: answer(err)}
	}
	return extendedTransaction(tx)
}

// Complete fills what a transaction with a contract lacks, and validates it.
func (s *Sim) Complete(given *tronpb.Transaction) *tronpb.TransactionExtention {
	if len(given.GetRawData().GetContract()) == 0 {
		return &tronpb.TransactionExtention{Result: answer(invalid("No contract!"))}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	contract := proto.CloneOf(given.RawData.Contract[0])
	tx := &tronpb.Transaction{RawData: s.rawData(contract)}
	tx.RawData.Data, tx.RawData.FeeLimit = given.RawData.Data, given.RawData.FeeLimit
	if err := s.validate(tx); err != nil {
		return &tronpb.TransactionExtention{Result: answer(err)}
	}
	return extendedTransaction(tx)
}

// pack puts a message into a contract's parameter.
func pack(what proto.Message) *anypb.Any {
	return &anypb.Any{TypeUrl: "type.googleapis.com/" + string(what.ProtoReflect().Descriptor().FullName()), Value: encode(what)}
}

func extendedTransaction(tx *tronpb.Transaction) *tronpb.TransactionExtention {
	id := txID(tx)
	return &tronpb.TransactionExtention{Transaction: tx, Txid: id[:], Result: answer(nil)}
}

func (s *Sim) rawData(contract *tronpb.Transaction_Contract) *tronpb.TransactionRaw {
	c := s.chain
	solid := c.at(c.consensus.solid)
	return &tronpb.TransactionRaw{
		RefBlockBytes: bytesOf(solid.id)[6:8], RefBlockHash: bytesOf(solid.id)[8:16],
		Timestamp: s.clock().UnixMilli(), Expiration: c.head().time + defaultExpiration.Milliseconds(),
		Contract: []*tronpb.Transaction_Contract{contract},
	}
}

// validate tries what a transaction does and undoes it. Calls of contracts are not tried:
// that is what constant calls are for.
func (s *Sim) validate(tx *tronpb.Transaction) error {
	act, err := readAction(tx)
	if err != nil {
		return invalid("%s", err)
	}
	switch act.what.(type) {
	case *tronpb.CreateSmartContract, *tronpb.TriggerSmartContract:
		return nil
	}
	x := s.pending()
	if x.state.accounts[act.owner] == nil {
		return invalid("account [%s] does not exist", Text(act.owner))
	}
	mark := x.state.mark()
	defer x.state.undo(mark)
	return x.act(&pooled{tx: tx}, act, new(outcome))
}
