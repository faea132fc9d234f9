package tronsim

import (
	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer/tron/tronpb"
)

const (
	maxTransactionSize = 500 * 1024
	resultSize         = 64 // bytes that every transaction is charged for its result
)

// execution runs transactions of one block, or pending ones, on a state.
type execution struct {
	sim      *Sim
	chain    *chain
	state    *state
	number   int64
	time     int64 // of the block; for pending ones, of the head
	head     int64 // time of the head that it builds on
	producer Address
	pending  bool
}

// outcome is what became of a transaction.
type outcome struct {
	fee     int64 // of the contract itself
	receipt tronpb.ResourceReceipt
	extra   int64 // multi-signature and memo fee
	result  tronpb.Transaction_ResultContractResult
	address []byte // of the contract that was made or called
	data    []byte // what it returned
	failure string // why the virtual machine gave up
	logs    []*tronpb.TransactionInfo_Log
	inner   []*tronpb.InternalTransaction

	unfreeze  int64
	withdrawn int64
	cancelled map[string]int64
}

// slot is the slot of the head, by which resources come back.
func (x *execution) slot() int64 { return x.sim.slot(x.chain, x.head) }

// take checks a transaction and executes it on the pending state.
func (x *execution) take(p *pooled) error {
	_, err := x.run(p)
	return err
}

// inBlock executes a transaction in a block and writes down what became of it.
func (x *execution) inBlock(p *pooled) (*tronpb.Transaction, *tronpb.TransactionInfo, error) {
	out, err := x.run(p)
	if err != nil {
		return nil, nil, err
	}
	ret := &tronpb.Transaction_Result{
		ContractRet: out.result, Fee: out.fee,
		UnfreezeAmount: out.unfreeze, WithdrawExpireAmount: out.withdrawn, CancelUnfreezeV2Amount: out.cancelled,
	}
	tx := &tronpb.Transaction{RawData: p.tx.RawData, Signature: p.tx.Signature, Ret: []*tronpb.Transaction_Result{ret}}
	return tx, x.info(p.id, out), nil
}

func (x *execution) info(id Hash, out *outcome) *tronpb.TransactionInfo {
	info := &tronpb.TransactionInfo{
		Id: id[:], BlockNumber: x.number, BlockTimeStamp: x.time,
		Fee:            out.fee + out.receipt.EnergyFee + out.receipt.NetFee + out.extra,
		ContractResult: [][]byte{out.data}, ContractAddress: out.address,
		Receipt: proto.CloneOf(&out.receipt), Log: out.logs,
		UnfreezeAmount: out.unfreeze, WithdrawExpireAmount: out.withdrawn, CancelUnfreezeV2Amount: out.cancelled,
	}
	if out.failure != "" {
		info.Result, info.ResMessage = tronpb.TransactionInfo_FAILED, []byte(out.failure)
	}
	if !x.sim.noInternal {
		info.InternalTransactions = out.inner
	}
	return info
}

// run does what java-tron does with a transaction, in its order. A refused one changes
// nothing.
func (x *execution) run(p *pooled) (out *outcome, err error) {
	mark := x.state.mark()
	defer func() {
		if err != nil {
			x.state.undo(mark)
		}
	}()

	act, problem := readAction(p.tx)
	if err := x.checkSignatures(p, act); err != nil {
		return nil, err
	}
	if len(p.tx.RawData.Contract) != 1 {
		return nil, invalid("act size should be exactly 1, this is extend feature")
	}
	if err := x.checkCommon(p); err != nil {
		return nil, err
	}
	if problem != nil {
		return nil, invalid("%s", problem.Error())
	}

	out = &outcome{result: tronpb.Transaction_Result_SUCCESS}
	if err := x.payBandwidth(p, act, out); err != nil {
		return nil, err
	}
	if err := x.payExtras(p, act, out); err != nil {
		return nil, err
	}
	if err := x.act(p, act, out); err != nil {
		return nil, err
	}
	if a := x.state.edit(act.owner); a != nil {
		a.last = x.time
	}
	return out, nil
}

// checkCommon looks at what a transaction refers to, its size, its time, and whether it is
// known.
func (x *execution) checkCommon(p *pooled) error {
	raw := p.tx.RawData
	if !x.refersTo(raw) {
		return errTapos
	}
	if p.size > maxTransactionSize {
		return errTooBig
	}
	head := x.head
	if raw.Expiration <= head || raw.Expiration > head+x.chain.parameters.MaxExpiration.Milliseconds() {
		return errExpired
	}
	if !x.pending && raw.Expiration < x.time {
		return errExpired
	}
	_, mined := x.chain.txs[p.id]
	if _, waits := x.chain.pooled[p.id]; mined || x.pending && waits {
		return errDuplicate
	}
	return nil
}

// refersTo reports whether the block that a transaction names is on this chain (TAPOS).
func (x *execution) refersTo(raw *tronpb.TransactionRaw) bool {
	if len(raw.RefBlockBytes) != 2 || len(raw.RefBlockHash) != 8 {
		return false
	}
	key := uint16(raw.RefBlockBytes[0])<<8 | uint16(raw.RefBlockBytes[1])
	known, ok := x.chain.tapos[key]
	return ok && known == [8]byte(raw.RefBlockHash)
}

// payExtras takes the fees for several signatures and for a memo.
func (x *execution) payExtras(p *pooled, act action, out *outcome) error {
	var fee int64
	if len(p.tx.Signature) > 1 {
		fee += x.chain.parameters.MultiSignFee
	}
	if len(p.tx.RawData.Data) > 0 {
		fee += x.chain.parameters.MemoFee
	}
	if x.state.accounts[act.owner].balance < fee {
		return errResources
	}
	x.state.burn(act.owner, fee)
	out.extra = fee
	return nil
}

// act validates a contract and executes it.
func (x *execution) act(p *pooled, act action, out *outcome) error {
	switch what := act.what.(type) {
	case *tronpb.TransferContract:
		return x.transfer(act, what, out)
	case *tronpb.TransferAssetContract:
		return x.transferAsset(act, what, out)
	case *tronpb.AccountCreateContract:
		return x.createAccount(act, what, out)
	case *tronpb.AccountPermissionUpdateContract:
		return x.updatePermissions(act, what, out)
	case *tronpb.FreezeBalanceV2Contract:
		return x.freeze(act, what)
	case *tronpb.UnfreezeBalanceV2Contract:
		return x.unfreeze(act, what, out)
	case *tronpb.WithdrawExpireUnfreezeContract:
		return x.withdrawExpired(act, out)
	case *tronpb.CancelAllUnfreezeV2Contract:
		return x.cancelUnfreezes(act, out)
	case *tronpb.DelegateResourceContract:
		return x.delegate(act, what)
	case *tronpb.UnDelegateResourceContract:
		return x.undelegate(act, what)
	case *tronpb.CreateSmartContract:
		return x.deploy(p, act, what, out)
	case *tronpb.TriggerSmartContract:
		return x.trigger(p, act, what, out)
	default:
		return invalid("contract type %s is not modelled", act.kind)
	}
}
