package tronsim

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer/tron/tronpb"
)

// Signer has a key and sends what it signs.
type Signer struct {
	Sim     *Sim
	Keys    []Key
	Address Address // the owner of what is sent
}

// Transfer sends TRX.
func (g Signer) Transfer(to Address, sun int64) (Hash, error) {
	return g.Send(tronpb.Transaction_Contract_TransferContract,
		&tronpb.TransferContract{OwnerAddress: Wire(g.Address), ToAddress: Wire(to), Amount: sun}, nil)
}

// Send builds, signs and broadcasts one contract. edit may change the transaction before
// it is signed. What the node refuses is an error.
func (g Signer) Send(kind tronpb.Transaction_Contract_ContractType, what proto.Message, edit func(raw *tronpb.TransactionRaw)) (Hash, error) {
	built := g.Sim.Build(kind, what)
	if !built.Result.Result {
		return Hash{}, &refusal{built.Result.Code, string(built.Result.Message)}
	}
	tx := built.Transaction
	tx.RawData.FeeLimit = defaultFeeLimit
	tx.RawData.Timestamp = g.Sim.unique()
	if edit != nil {
		edit(tx.RawData)
	}
	if err := Sign(tx, g.Keys...); err != nil {
		return Hash{}, err
	}
	if r := g.Sim.Broadcast(tx); !r.Result {
		return Hash{}, &refusal{r.Code, string(r.Message)}
	}
	return txID(tx), nil
}

// Deploy makes a contract of code with its constructor's arguments behind it. Callers pay
// all energy themselves. The contract is at the address once the transaction is mined.
func (g Signer) Deploy(name string, code []byte) (Hash, Address, error) {
	id, err := g.Send(tronpb.Transaction_Contract_CreateSmartContract, &tronpb.CreateSmartContract{
		OwnerAddress: Wire(g.Address),
		NewContract: &tronpb.SmartContract{
			OriginAddress: Wire(g.Address), Bytecode: code, Name: name, ConsumeUserResourcePercent: 100, OriginEnergyLimit: 10_000_000,
		},
	}, func(raw *tronpb.TransactionRaw) { raw.FeeLimit = deployFeeLimit })
	return id, ContractAddress(id, g.Address), err
}

// Call calls a contract. Whether it worked is in TransactionInfo.
func (g Signer) Call(contract Address, data []byte, sun, feeLimit int64) (Hash, error) {
	return g.Send(tronpb.Transaction_Contract_TriggerSmartContract, &tronpb.TriggerSmartContract{
		OwnerAddress: Wire(g.Address), ContractAddress: Wire(contract), CallValue: sun, Data: data,
	}, func(raw *tronpb.TransactionRaw) { raw.FeeLimit = feeLimit })
}

// Constant calls a contract without a transaction and gives what it returned.
func (s *Sim) Constant(caller, contract Address, data []byte) ([]byte, error) {
	var ext *tronpb.TransactionExtention
	s.look(false, "", func(v view) {
		ext = v.constant(&tronpb.TriggerSmartContract{OwnerAddress: Wire(caller), ContractAddress: Wire(contract), Data: data})
	})
	if !ext.Result.Result || len(ext.Result.Message) > 0 {
		return slices.Concat(ext.ConstantResult...), fmt.Errorf("call of %s: %s", Text(contract), ext.Result.Message)
	}
	return slices.Concat(ext.ConstantResult...), nil
}

// Info is what became of a transaction; its id is empty until it is mined.
func (s *Sim) Info(id Hash) *tronpb.TransactionInfo {
	var info *tronpb.TransactionInfo
	s.look(false, "", func(v view) { info = v.transactionInfo(id[:]) })
	return info
}

// What a Signer lets a call and a new contract cost, in sun.
const (
	defaultFeeLimit = 100 * trx
	deployFeeLimit  = 5_000 * trx
)

// unique gives timestamps that no two transactions of Signers share.
func (s *Sim) unique() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stamp = max(s.stamp+1, s.clock().UnixMilli())
	return s.stamp
}
