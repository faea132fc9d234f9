package tronsim

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofferhq/coffer/tron/tronpb"
)

// ask puts a question to a view.
func ask[T any](r rpc, method string, question func(v view) T) (answer T, err error) {
	r.sim.look(r.solid, method, func(v view) { answer = question(v) })
	return answer, nil
}

func (r rpc) account(in *tronpb.Account) (*tronpb.Account, error) {
	return ask(r, "GetAccount", func(v view) *tronpb.Account { return v.account(in.Address) })
}

func (r rpc) transaction(in *tronpb.BytesMessage) (*tronpb.Transaction, error) {
	return ask(r, "GetTransactionById", func(v view) *tronpb.Transaction { return v.transaction(in.Value) })
}

func (r rpc) transactionInfo(in *tronpb.BytesMessage) (*tronpb.TransactionInfo, error) {
	return ask(r, "GetTransactionInfoById", func(v view) *tronpb.TransactionInfo { return v.transactionInfo(in.Value) })
}

func (r rpc) infosOf(in *tronpb.NumberMessage) (*tronpb.TransactionInfoList, error) {
	const method = "GetTransactionInfoByBlockNum"
	return ask(r, method, func(v view) *tronpb.TransactionInfoList {
		list := new(tronpb.TransactionInfoList)
		b := v.block(in.Num)
		if v.sim.fires(EmptyInfos, method) == nil && b != nil {
			list.TransactionInfo = b.readInfos()
		}
		return list
	})
}

func (r rpc) count(in *tronpb.NumberMessage) (*tronpb.NumberMessage, error) {
	return ask(r, "GetTransactionCountByBlockNum", func(v view) *tronpb.NumberMessage {
		if b := v.block(in.Num); b != nil {
			return &tronpb.NumberMessage{Num: int64(len(b.ids))}
		}
		return new(tronpb.NumberMessage)
	})
}

func (r rpc) nowBlock() (*tronpb.BlockExtention, error) {
	return ask(r, "GetNowBlock2", func(v view) *tronpb.BlockExtention { return extended(v.block(v.top), true) })
}

func (r rpc) blockByNumber(in *tronpb.NumberMessage) (*tronpb.BlockExtention, error) {
	const method = "GetBlockByNum2"
	return ask(r, method, func(v view) *tronpb.BlockExtention {
		return extended(v.other(v.block(in.Num), method), true)
	})
}

func (r rpc) blockByAny(in *tronpb.BlockReq) (*tronpb.BlockExtention, error) {
	type found struct {
		block *tronpb.BlockExtention
		err   error
	}
	f, err := ask(r, "GetBlock", func(v view) found {
		b, err := v.find(in.IdOrNum)
		if err != nil {
			return found{nil, status.Error(codes.InvalidArgument, err.Error())}
		}
		return found{extended(v.other(b, "GetBlock"), in.Detail), nil}
	})
	if err != nil {
		return nil, err
	}
	return f.block, f.err
}

func (r rpc) delegated(in *tronpb.DelegatedResourceMessage) (*tronpb.DelegatedResourceList, error) {
	from, err := parseAddress(in.FromAddress)
	if err != nil {
		return new(tronpb.DelegatedResourceList), nil //nolint:nilerr // an address that is none has nothing
	}
	to, err := parseAddress(in.ToAddress)
	if err != nil {
		return new(tronpb.DelegatedResourceList), nil //nolint:nilerr // an address that is none has nothing
	}
	return ask(r, "GetDelegatedResourceV2", func(v view) *tronpb.DelegatedResourceList { return v.delegated(from, to) })
}

func (r rpc) partners(in *tronpb.BytesMessage) (*tronpb.DelegatedResourceAccountIndex, error) {
	address, err := parseAddress(in.Value)
	if err != nil {
		return new(tronpb.DelegatedResourceAccountIndex), nil //nolint:nilerr // an address that is none has nobody
	}
	return ask(r, "GetDelegatedResourceAccountIndexV2", func(v view) *tronpb.DelegatedResourceAccountIndex { return v.partners(address) })
}

func (r rpc) canDelegate(in *tronpb.CanDelegatedMaxSizeRequestMessage) (*tronpb.CanDelegatedMaxSizeResponseMessage, error) {
	return ask(r, "GetCanDelegatedMaxSize", func(v view) *tronpb.CanDelegatedMaxSizeResponseMessage {
		m := new(tronpb.CanDelegatedMaxSizeResponseMessage)
		which, err := resourceOf(tronpb.ResourceCode(in.Type))
		if a := v.known(in.OwnerAddress); a != nil && err == nil {
			m.MaxSize = v.spare(a, which)
		}
		return m
	})
}

func (r rpc) unfreezeCount(in *tronpb.GetAvailableUnfreezeCountRequestMessage) (*tronpb.GetAvailableUnfreezeCountResponseMessage, error) {
	return ask(r, "GetAvailableUnfreezeCount", func(v view) *tronpb.GetAvailableUnfreezeCountResponseMessage {
		m := new(tronpb.GetAvailableUnfreezeCountResponseMessage)
		if a := v.known(in.OwnerAddress); a != nil {
			m.Count = int64(maxUnfreezing - a.unfreezing(v.head))
		}
		return m
	})
}

func (r rpc) withdrawable(in *tronpb.CanWithdrawUnfreezeAmountRequestMessage) (*tronpb.CanWithdrawUnfreezeAmountResponseMessage, error) {
	return ask(r, "GetCanWithdrawUnfreezeAmount", func(v view) *tronpb.CanWithdrawUnfreezeAmountResponseMessage {
		m := new(tronpb.CanWithdrawUnfreezeAmountResponseMessage)
		at := in.Timestamp
		if at == 0 {
			at = v.head
		}
		if a := v.known(in.OwnerAddress); a != nil {
			m.Amount = a.expired(at)
		}
		return m
	})
}

func (r rpc) energyPrices() (*tronpb.PricesResponseMessage, error) {
	return ask(r, "GetEnergyPrices", func(v view) *tronpb.PricesResponseMessage {
		return v.priceList(func(p price) int64 { return p.energy })
	})
}

func (r rpc) bandwidthPrices() (*tronpb.PricesResponseMessage, error) {
	return ask(r, "GetBandwidthPrices", func(v view) *tronpb.PricesResponseMessage {
		return v.priceList(func(p price) int64 { return p.bandwidth })
	})
}

func (r rpc) witnesses() (*tronpb.WitnessList, error) {
	return ask(r, "ListWitnesses", func(v view) *tronpb.WitnessList {
		list := new(tronpb.WitnessList)
		for i, key := range v.sim.producers {
			list.Witnesses = append(list.Witnesses, &tronpb.Witness{
				Address: Wire(AddressOf(key)), LatestBlockNum: v.chain.consensus.latest[i],
				TotalProduced: v.chain.consensus.produced[i], IsJobs: true,
			})
		}
		return list
	})
}

func (r rpc) constant(in *tronpb.TriggerSmartContract) (*tronpb.TransactionExtention, error) {
	return ask(r, "TriggerConstantContract", func(v view) *tronpb.TransactionExtention { return v.constant(in) })
}

func (r rpc) estimate(in *tronpb.TriggerSmartContract) (*tronpb.EstimateEnergyMessage, error) {
	return ask(r, "EstimateEnergy", func(v view) *tronpb.EstimateEnergyMessage { return v.estimate(in) })
}

// known finds an account by the bytes of a message.
func (v view) known(wire []byte) *account {
	address, err := parseAddress(wire)
	if err != nil {
		return nil
	}
	return v.state.accounts[address]
}
