package tronsim

import (
	"context"
	"encoding/hex"
	"errors"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer/tron/tronpb"
)

// both is what the two services have in common.
type both interface {
	GetAccount(context.Context, *tronpb.Account) (*tronpb.Account, error)
	GetTransactionById(context.Context, *tronpb.BytesMessage) (*tronpb.Transaction, error)
	GetTransactionInfoById(context.Context, *tronpb.BytesMessage) (*tronpb.TransactionInfo, error)
	GetTransactionInfoByBlockNum(context.Context, *tronpb.NumberMessage) (*tronpb.TransactionInfoList, error)
	GetTransactionCountByBlockNum(context.Context, *tronpb.NumberMessage) (*tronpb.NumberMessage, error)
	GetNowBlock2(context.Context, *tronpb.EmptyMessage) (*tronpb.BlockExtention, error)
	GetBlockByNum2(context.Context, *tronpb.NumberMessage) (*tronpb.BlockExtention, error)
	GetBlock(context.Context, *tronpb.BlockReq) (*tronpb.BlockExtention, error)
	GetDelegatedResourceV2(context.Context, *tronpb.DelegatedResourceMessage) (*tronpb.DelegatedResourceList, error)
	GetDelegatedResourceAccountIndexV2(context.Context, *tronpb.BytesMessage) (*tronpb.DelegatedResourceAccountIndex, error)
	GetCanDelegatedMaxSize(context.Context, *tronpb.CanDelegatedMaxSizeRequestMessage) (*tronpb.CanDelegatedMaxSizeResponseMessage, error)
	GetAvailableUnfreezeCount(context.Context, *tronpb.GetAvailableUnfreezeCountRequestMessage) (*tronpb.GetAvailableUnfreezeCountResponseMessage, error)
	GetCanWithdrawUnfreezeAmount(context.Context, *tronpb.CanWithdrawUnfreezeAmountRequestMessage) (*tronpb.CanWithdrawUnfreezeAmountResponseMessage, error)
	GetEnergyPrices(context.Context, *tronpb.EmptyMessage) (*tronpb.PricesResponseMessage, error)
	GetBandwidthPrices(context.Context, *tronpb.EmptyMessage) (*tronpb.PricesResponseMessage, error)
	ListWitnesses(context.Context, *tronpb.EmptyMessage) (*tronpb.WitnessList, error)
	TriggerConstantContract(context.Context, *tronpb.TriggerSmartContract) (*tronpb.TransactionExtention, error)
	EstimateEnergy(context.Context, *tronpb.TriggerSmartContract) (*tronpb.EstimateEnergyMessage, error)
}

func asBlock(p printer, b *tronpb.BlockExtention) any { return p.block(b) }

func asBlocks(p printer, list *tronpb.BlockListExtention) any {
	var blocks []object
	for _, b := range list.Block {
		blocks = append(blocks, p.block(b))
	}
	if blocks == nil {
		return object{}
	}
	return object{{"block", blocks}}
}

func asInfos(p printer, list *tronpb.TransactionInfoList) any {
	infos := []object{}
	for _, info := range list.TransactionInfo {
		infos = append(infos, p.message(info))
	}
	return infos
}

func asExtended(p printer, e *tronpb.TransactionExtention) any { return p.extended(e) }

func shared(s both) map[string]route {
	constant := via("TriggerConstantContract", fresh[tronpb.TriggerSmartContract], s.TriggerConstantContract, asExtended)
	estimate := via("EstimateEnergy", fresh[tronpb.TriggerSmartContract], s.EstimateEnergy, nil)
	constant.fill, estimate.fill = selected, selected
	return map[string]route{
		"getaccount":                    via("GetAccount", fresh[tronpb.Account], s.GetAccount, nil),
		"gettransactionbyid":            via("GetTransactionById", fresh[tronpb.BytesMessage], s.GetTransactionById, nil),
		"gettransactioninfobyid":        via("GetTransactionInfoById", fresh[tronpb.BytesMessage], s.GetTransactionInfoById, nil),
		"gettransactioninfobyblocknum":  via("GetTransactionInfoByBlockNum", fresh[tronpb.NumberMessage], s.GetTransactionInfoByBlockNum, asInfos),
		"gettransactioncountbyblocknum": via("GetTransactionCountByBlockNum", fresh[tronpb.NumberMessage], s.GetTransactionCountByBlockNum, asCount),
		"getnowblock":                   via("GetNowBlock2", fresh[tronpb.EmptyMessage], s.GetNowBlock2, asBlock),
		"getblockbynum":                 via("GetBlockByNum2", fresh[tronpb.NumberMessage], s.GetBlockByNum2, asBlock),
		"getblock":                      via("GetBlock", fresh[tronpb.BlockReq], s.GetBlock, asBlock),
		"getdelegatedresourcev2":        via("GetDelegatedResourceV2", fresh[tronpb.DelegatedResourceMessage], s.GetDelegatedResourceV2, nil),
		"getdelegatedresourceaccountindexv2": via("GetDelegatedResourceAccountIndexV2", fresh[tronpb.BytesMessage],
			s.GetDelegatedResourceAccountIndexV2, nil),
		"getcandelegatedmaxsize":       via("GetCanDelegatedMaxSize", fresh[tronpb.CanDelegatedMaxSizeRequestMessage], s.GetCanDelegatedMaxSize, nil),
		"getavailableunfreezecount":    via("GetAvailableUnfreezeCount", fresh[tronpb.GetAvailableUnfreezeCountRequestMessage], s.GetAvailableUnfreezeCount, nil),
		"getcanwithdrawunfreezeamount": via("GetCanWithdrawUnfreezeAmount", fresh[tronpb.CanWithdrawUnfreezeAmountRequestMessage], s.GetCanWithdrawUnfreezeAmount, nil),
		"getenergyprices":              via("GetEnergyPrices", fresh[tronpb.EmptyMessage], s.GetEnergyPrices, nil),
		"getbandwidthprices":           via("GetBandwidthPrices", fresh[tronpb.EmptyMessage], s.GetBandwidthPrices, nil),
		"listwitnesses":                via("ListWitnesses", fresh[tronpb.EmptyMessage], s.ListWitnesses, nil),
		"triggerconstantcontract":      constant,
		"estimateenergy":               estimate,
	}
}

// asCount writes a count even where it is 0.
func asCount(_ printer, n *tronpb.NumberMessage) any { return object{{"count", n.Num}} }

func headOnly(w *wallet) map[string]route {
	trigger := via("TriggerContract", fresh[tronpb.TriggerSmartContract], w.TriggerContract, asExtended)
	trigger.fill = selected
	routes := map[string]route{
		"getaccountresource":            via("GetAccountResource", fresh[tronpb.Account], w.GetAccountResource, nil),
		"getaccountnet":                 via("GetAccountNet", fresh[tronpb.Account], w.GetAccountNet, nil),
		"getblockbyid":                  via("GetBlockById", fresh[tronpb.BytesMessage], w.blockByID, asBlock),
		"getblockbylimitnext":           via("GetBlockByLimitNext2", fresh[tronpb.BlockLimit], w.GetBlockByLimitNext2, asBlocks),
		"getblockbylatestnum":           via("GetBlockByLatestNum2", fresh[tronpb.NumberMessage], w.GetBlockByLatestNum2, asBlocks),
		"getcontract":                   via("GetContract", fresh[tronpb.BytesMessage], w.GetContract, nil),
		"getcontractinfo":               via("GetContractInfo", fresh[tronpb.BytesMessage], w.GetContractInfo, nil),
		"getchainparameters":            via("GetChainParameters", fresh[tronpb.EmptyMessage], w.GetChainParameters, nil),
		"getmemofee":                    via("GetMemoFee", fresh[tronpb.EmptyMessage], w.GetMemoFee, nil),
		"getnodeinfo":                   via("GetNodeInfo", fresh[tronpb.EmptyMessage], w.GetNodeInfo, nil),
		"getsignweight":                 via("GetTransactionSignWeight", fresh[tronpb.Transaction], w.GetTransactionSignWeight, nil),
		"getapprovedlist":               via("GetTransactionApprovedList", fresh[tronpb.Transaction], w.GetTransactionApprovedList, nil),
		"getpendingsize":                via("GetPendingSize", fresh[tronpb.EmptyMessage], w.GetPendingSize, func(_ printer, n *tronpb.NumberMessage) any { return object{{"pendingSize", n.Num}} }),
		"gettransactionfrompending":     via("GetTransactionFromPending", fresh[tronpb.BytesMessage], w.GetTransactionFromPending, nil),
		"gettransactionlistfrompending": via("GetTransactionListFromPending", fresh[tronpb.EmptyMessage], w.GetTransactionListFromPending, nil),
		"getnextmaintenancetime":        via("GetNextMaintenanceTime", fresh[tronpb.EmptyMessage], w.GetNextMaintenanceTime, nil),

		"createtransaction":       via("CreateTransaction2", fresh[tronpb.TransferContract], w.CreateTransaction2, asTransaction),
		"createaccount":           via("CreateAccount2", fresh[tronpb.AccountCreateContract], w.CreateAccount2, asTransaction),
		"transferasset":           via("TransferAsset2", fresh[tronpb.TransferAssetContract], w.TransferAsset2, asTransaction),
		"accountpermissionupdate": via("AccountPermissionUpdate", fresh[tronpb.AccountPermissionUpdateContract], w.AccountPermissionUpdate, asTransaction),
		"freezebalancev2":         via("FreezeBalanceV2", fresh[tronpb.FreezeBalanceV2Contract], w.FreezeBalanceV2, asTransaction),
		"unfreezebalancev2":       via("UnfreezeBalanceV2", fresh[tronpb.UnfreezeBalanceV2Contract], w.UnfreezeBalanceV2, asTransaction),
		"withdrawexpireunfreeze":  via("WithdrawExpireUnfreeze", fresh[tronpb.WithdrawExpireUnfreezeContract], w.WithdrawExpireUnfreeze, asTransaction),
		"cancelallunfreezev2":     via("CancelAllUnfreezeV2", fresh[tronpb.CancelAllUnfreezeV2Contract], w.CancelAllUnfreezeV2, asTransaction),
		"delegateresource":        via("DelegateResource", fresh[tronpb.DelegateResourceContract], w.DelegateResource, asTransaction),
		"undelegateresource":      via("UnDelegateResource", fresh[tronpb.UnDelegateResourceContract], w.UnDelegateResource, asTransaction),
		"triggersmartcontract":    trigger,
	}
	for name, r := range routes {
		switch name {
		case "createtransaction", "createaccount", "transferasset", "accountpermissionupdate", "freezebalancev2", "unfreezebalancev2",
			"withdrawexpireunfreeze", "cancelallunfreezev2", "delegateresource", "undelegateresource", "triggersmartcontract":
			routes[name] = r.built()
		}
	}
	broadcast := via("BroadcastTransaction", fresh[tronpb.Transaction], w.BroadcastTransaction, nil)
	broadcast.reply = broadcastReply(w, func(in proto.Message, _ map[string]any) (*tronpb.Transaction, error) {
		tx, ok := in.(*tronpb.Transaction)
		if !ok || tx.RawData == nil {
			return nil, errors.New("no raw_data")
		}
		return tx, nil
	})
	broadcast.write = writeBroadcast
	routes["broadcasttransaction"] = broadcast

	direct := broadcast
	direct.ask = func() proto.Message { return new(tronpb.EmptyMessage) }
	direct.reply = broadcastReply(w, func(_ proto.Message, given map[string]any) (*tronpb.Transaction, error) {
		text, _ := given["transaction"].(string)
		b, err := hex.DecodeString(text)
		if err != nil {
			return nil, errors.New("transaction: want hex")
		}
		tx := new(tronpb.Transaction)
		return tx, proto.Unmarshal(b, tx)
	})
	routes["broadcasthex"] = direct
	return routes
}

// built lets a request say what the transaction has beside its contract: Permission_id,
// fee_limit and extra_data.
func (r route) built() route {
	reply := r.reply
	r.reply = func(ctx context.Context, in proto.Message, given map[string]any) (proto.Message, error) {
		out, err := reply(ctx, in, given)
		e, ok := out.(*tronpb.TransactionExtention)
		if err != nil || !ok || e.Transaction == nil {
			return out, err
		}
		raw := e.Transaction.RawData
		for name, set := range map[string]func(int64){
			"Permission_id": func(n int64) { raw.Contract[0].PermissionId = int32(n) }, //nolint:gosec // an unknown id is refused later
			"fee_limit":     func(n int64) { raw.FeeLimit = n },
		} {
			if given[name] == nil {
				continue
			}
			n, err := number(given[name])
			if err != nil {
				return nil, err
			}
			set(n)
		}
		if memo, ok := given["extra_data"].(string); ok {
			if raw.Data, err = hex.DecodeString(memo); err != nil {
				return nil, errors.New("extra_data: want hex")
			}
		}
		id := txID(e.Transaction)
		e.Txid = id[:]
		return e, nil
	}
	return r
}

// sent is the answer to a broadcast with the transaction's id.
type sent struct {
	*tronpb.Return
	id Hash
}

func broadcastReply(w *wallet, read func(in proto.Message, given map[string]any) (*tronpb.Transaction, error)) func(context.Context, proto.Message, map[string]any) (proto.Message, error) {
	return func(_ context.Context, in proto.Message, given map[string]any) (proto.Message, error) {
		tx, err := read(in, given)
		if err != nil {
			return nil, err
		}
		return sent{w.sim.Broadcast(tx), txID(tx)}, nil
	}
}

func writeBroadcast(p printer, out proto.Message) any {
	s, ok := out.(sent)
	if !ok {
		return object{}
	}
	return append(p.fields(s.ProtoReflect()), member{"txid", hex.EncodeToString(s.id[:])})
}

// blockByID is GetBlockById in the form that HTTP writes.
func (w *wallet) blockByID(_ context.Context, in *tronpb.BytesMessage) (*tronpb.BlockExtention, error) {
	return ask(w.rpc, "GetBlockById", func(v view) *tronpb.BlockExtention {
		b := v.chain.byID(in.Value)
		if b == nil || b.number > v.top {
			return new(tronpb.BlockExtention)
		}
		return extended(v.other(b, "GetBlockById"), true)
	})
}
