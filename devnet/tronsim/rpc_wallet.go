package tronsim

import (
	"context"
	"encoding/hex"
	"fmt"
	"github.com/cofferhq/coffer/tron/tronpb"
)

func (w *wallet) GetAccount(_ context.Context, in *tronpb.Account) (*tronpb.Account, error) {
	return w.account(in)
}

func (w *wallet) GetTransactionById(_ context.Context, in *tronpb.BytesMessage) (*tronpb.Transaction, error) {
	return w.transaction(in)
}

func (w *wallet) GetTransactionInfoById(_ context.Context, in *tronpb.BytesMessage) (*tronpb.TransactionInfo, error) {
	return w.transactionInfo(in)
}

func (w *wallet) GetTransactionInfoByBlockNum(_ context.Context, in *tronpb.NumberMessage) (*tronpb.TransactionInfoList, error) {
	return w.infosOf(in)
}

func (w *wallet) GetTransactionCountByBlockNum(_ context.Context, in *tronpb.NumberMessage) (*tronpb.NumberMessage, error) {
	return w.count(in)
}

func (w *wallet) GetNowBlock2(_ context.Context, _ *tronpb.EmptyMessage) (*tronpb.BlockExtention, error) {
	return w.nowBlock()
}

func (w *wallet) GetBlockByNum2(_ context.Context, in *tronpb.NumberMessage) (*tronpb.BlockExtention, error) {
	return w.blockByNumber(in)
}

func (w *wallet) GetBlock(_ context.Context, in *tronpb.BlockReq) (*tronpb.BlockExtention, error) {
	return w.blockByAny(in)
}

func (w *wallet) GetDelegatedResourceV2(_ context.Context, in *tronpb.DelegatedResourceMessage) (*tronpb.DelegatedResourceList, error) {
	return w.delegated(in)
}

func (w *wallet) GetDelegatedResourceAccountIndexV2(_ context.Context, in *tronpb.BytesMessage) (*tronpb.DelegatedResourceAccountIndex, error) {
	return w.partners(in)
}

func (w *wallet) GetCanDelegatedMaxSize(_ context.Context, in *tronpb.CanDelegatedMaxSizeRequestMessage) (*tronpb.CanDelegatedMaxSizeResponseMessage, error) {
	return w.canDelegate(in)
}

func (w *wallet) GetAvailableUnfreezeCount(_ context.Context, in *tronpb.GetAvailableUnfreezeCountRequestMessage) (*tronpb.GetAvailableUnfreezeCountResponseMessage, error) {
	return w.unfreezeCount(in)
}

func (w *wallet) GetCanWithdrawUnfreezeAmount(_ context.Context, in *tronpb.CanWithdrawUnfreezeAmountRequestMessage) (*tronpb.CanWithdrawUnfreezeAmountResponseMessage, error) {
	return w.withdrawable(in)
}

func (w *wallet) GetEnergyPrices(_ context.Context, _ *tronpb.EmptyMessage) (*tronpb.PricesResponseMessage, error) {
	return w.energyPrices()
}

func (w *wallet) GetBandwidthPrices(_ context.Context, _ *tronpb.EmptyMessage) (*tronpb.PricesResponseMessage, error) {
	return w.bandwidthPrices()
}

func (w *wallet) ListWitnesses(_ context.Context, _ *tronpb.EmptyMessage) (*tronpb.WitnessList, error) {
	return w.witnesses()
}

func (w *wallet) GetAccountResource(_ context.Context, in *tronpb.Account) (*tronpb.AccountResourceMessage, error) {
	return ask(w.rpc, "GetAccountResource", func(v view) *tronpb.AccountResourceMessage { return v.accountResource(in.Address) })
}

func (w *wallet) GetAccountNet(_ context.Context, in *tronpb.Account) (*tronpb.AccountNetMessage, error) {
	return ask(w.rpc, "GetAccountNet", func(v view) *tronpb.AccountNetMessage { return v.accountNet(in.Address) })
}

func (w *wallet) BroadcastTransaction(_ context.Context, in *tronpb.Transaction) (*tronpb.Return, error) {
	return w.sim.Broadcast(in), nil
}

func (w *wallet) GetTransactionSignWeight(_ context.Context, in *tronpb.Transaction) (*tronpb.TransactionSignWeight, error) {
	return w.sim.SignWeight(in), nil
}

func (w *wallet) GetTransactionApprovedList(_ context.Context, in *tronpb.Transaction) (*tronpb.TransactionApprovedList, error) {
	return w.sim.ApprovedList(in), nil
}

func (w *wallet) GetBlockById(_ context.Context, in *tronpb.BytesMessage) (*tronpb.Block, error) {
	return ask(w.rpc, "GetBlockById", func(v view) *tronpb.Block {
		b := v.chain.byID(in.Value)
		if b == nil || b.number > v.top {
			return new(tronpb.Block)
		}
		return v.other(b, "GetBlockById").read()
	})
}

func (w *wallet) GetBlockByLimitNext2(_ context.Context, in *tronpb.BlockLimit) (*tronpb.BlockListExtention, error) {
	return ask(w.rpc, "GetBlockByLimitNext2", func(v view) *tronpb.BlockListExtention { return v.page(in.StartNum, in.EndNum) })
}

func (w *wallet) GetBlockByLatestNum2(_ context.Context, in *tronpb.NumberMessage) (*tronpb.BlockListExtention, error) {
	return ask(w.rpc, "GetBlockByLatestNum2", func(v view) *tronpb.BlockListExtention {
		if in.Num <= 0 || in.Num >= maxBlockPage {
			return new(tronpb.BlockListExtention)
		}
		return v.page(max(0, v.top-in.Num+1), v.top+1)
	})
}

func (w *wallet) GetChainParameters(context.Context, *tronpb.EmptyMessage) (*tronpb.ChainParameters, error) {
	return ask(w.rpc, "GetChainParameters", func(v view) *tronpb.ChainParameters {
		m := new(tronpb.ChainParameters)
		for _, p := range v.chain.parameters.list() {
			m.ChainParameter = append(m.ChainParameter, &tronpb.ChainParameters_ChainParameter{Key: p.Key, Value: p.Value})
		}
		return m
	})
}

func (w *wallet) GetMemoFee(context.Context, *tronpb.EmptyMessage) (*tronpb.PricesResponseMessage, error) {
	return ask(w.rpc, "GetMemoFee", func(v view) *tronpb.PricesResponseMessage {
		return v.priceList(func(p price) int64 { return p.memo })
	})
}

func (w *wallet) GetNextMaintenanceTime(context.Context, *tronpb.EmptyMessage) (*tronpb.NumberMessage, error) {
	return ask(w.rpc, "GetNextMaintenanceTime", func(v view) *tronpb.NumberMessage {
		return &tronpb.NumberMessage{Num: v.chain.consensus.nextMaintenance}
	})
}

func (w *wallet) GetNodeInfo(context.Context, *tronpb.EmptyMessage) (*tronpb.NodeInfo, error) {
	return ask(w.rpc, "GetNodeInfo", func(v view) *tronpb.NodeInfo {
		name := func(b *block) string { return fmt.Sprintf("Num:%d,ID:%x", b.number, b.id[:]) }
		return &tronpb.NodeInfo{
			Block: name(v.block(v.top)), SolidityBlock: name(v.chain.at(min(v.top, v.chain.consensus.solid))),
			ConfigNodeInfo: &tronpb.NodeInfo_ConfigNodeInfo{CodeVersion: "tronsim", SupportConstant: true},
		}
	})
}

func (w *wallet) GetPendingSize(context.Context, *tronpb.EmptyMessage) (*tronpb.NumberMessage, error) {
	return ask(w.rpc, "GetPendingSize", func(v view) *tronpb.NumberMessage {
		return &tronpb.NumberMessage{Num: int64(len(v.chain.pool))}
	})
}

func (w *wallet) GetTransactionFromPending(_ context.Context, in *tronpb.BytesMessage) (*tronpb.Transaction, error) {
	return ask(w.rpc, "GetTransactionFromPending", func(v view) *tronpb.Transaction {
		if len(in.Value) == len(Hash{}) {
			if p := v.chain.pooled[Hash(in.Value)]; p != nil {
				return p.tx
			}
		}
		return new(tronpb.Transaction)
	})
}

func (w *wallet) GetTransactionListFromPending(context.Context, *tronpb.EmptyMessage) (*tronpb.TransactionIdList, error) {
	return ask(w.rpc, "GetTransactionListFromPending", func(v view) *tronpb.TransactionIdList {
		list := new(tronpb.TransactionIdList)
		for _, p := range v.chain.pool {
			list.TxId = append(list.TxId, hex.EncodeToString(p.id[:]))
		}
		return list
	})
}

func (w *wallet) TriggerConstantContract(_ context.Context, in *tronpb.TriggerSmartContract) (*tronpb.TransactionExtention, error) {
	return w.constant(in)
}

func (w *wallet) EstimateEnergy(_ context.Context, in *tronpb.TriggerSmartContract) (*tronpb.EstimateEnergyMessage, error) {
	return w.estimate(in)
}

func (w *wallet) GetContract(_ context.Context, in *tronpb.BytesMessage) (*tronpb.SmartContract, error) {
	return ask(w.rpc, "GetContract", func(v view) *tronpb.SmartContract { return v.contractOf(in.Value) })
}

func (w *wallet) GetContractInfo(_ context.Context, in *tronpb.BytesMessage) (*tronpb.SmartContractDataWrapper, error) {
	return ask(w.rpc, "GetContractInfo", func(v view) *tronpb.SmartContractDataWrapper { return v.contractInfo(in.Value) })
}
