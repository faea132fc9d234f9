package tronsim

import (
	"context"

	"github.com/cofferhq/coffer/tron/tronpb"
)

func (w *walletSolidity) GetAccount(_ context.Context, in *tronpb.Account) (*tronpb.Account, error) {
	return w.account(in)
}

func (w *walletSolidity) GetTransactionById(_ context.Context, in *tronpb.BytesMessage) (*tronpb.Transaction, error) {
	return w.transaction(in)
}

func (w *walletSolidity) GetTransactionInfoById(_ context.Context, in *tronpb.BytesMessage) (*tronpb.TransactionInfo, error) {
	return w.transactionInfo(in)
}

func (w *walletSolidity) GetTransactionInfoByBlockNum(_ context.Context, in *tronpb.NumberMessage) (*tronpb.TransactionInfoList, error) {
	return w.infosOf(in)
}

func (w *walletSolidity) GetTransactionCountByBlockNum(_ context.Context, in *tronpb.NumberMessage) (*tronpb.NumberMessage, error) {
	return w.count(in)
}

func (w *walletSolidity) GetNowBlock2(_ context.Context, _ *tronpb.EmptyMessage) (*tronpb.BlockExtention, error) {
	return w.nowBlock()
}

func (w *walletSolidity) GetBlockByNum2(_ context.Context, in *tronpb.NumberMessage) (*tronpb.BlockExtention, error) {
	return w.blockByNumber(in)
}

func (w *walletSolidity) GetBlock(_ context.Context, in *tronpb.BlockReq) (*tronpb.BlockExtention, error) {
	return w.blockByAny(in)
}

func (w *walletSolidity) GetDelegatedResourceV2(_ context.Context, in *tronpb.DelegatedResourceMessage) (*tronpb.DelegatedResourceList, error) {
	return w.delegated(in)
}

func (w *walletSolidity) GetDelegatedResourceAccountIndexV2(_ context.Context, in *tronpb.BytesMessage) (*tronpb.DelegatedResourceAccountIndex, error) {
	return w.partners(in)
}

func (w *walletSolidity) GetCanDelegatedMaxSize(_ context.Context, in *tronpb.CanDelegatedMaxSizeRequestMessage) (*tronpb.CanDelegatedMaxSizeResponseMessage, error) {
	return w.canDelegate(in)
}

func (w *walletSolidity) GetAvailableUnfreezeCount(_ context.Context, in *tronpb.GetAvailableUnfreezeCountRequestMessage) (*tronpb.GetAvailableUnfreezeCountResponseMessage, error) {
	return w.unfreezeCount(in)
}

func (w *walletSolidity) GetCanWithdrawUnfreezeAmount(_ context.Context, in *tronpb.CanWithdrawUnfreezeAmountRequestMessage) (*tronpb.CanWithdrawUnfreezeAmountResponseMessage, error) {
	return w.withdrawable(in)
}

func (w *walletSolidity) GetEnergyPrices(_ context.Context, _ *tronpb.EmptyMessage) (*tronpb.PricesResponseMessage, error) {
	return w.energyPrices()
}

func (w *walletSolidity) GetBandwidthPrices(_ context.Context, _ *tronpb.EmptyMessage) (*tronpb.PricesResponseMessage, error) {
	return w.bandwidthPrices()
}

func (w *walletSolidity) ListWitnesses(_ context.Context, _ *tronpb.EmptyMessage) (*tronpb.WitnessList, error) {
	return w.witnesses()
}

func (w *walletSolidity) TriggerConstantContract(_ context.Context, in *tronpb.TriggerSmartContract) (*tronpb.TransactionExtention, error) {
	return w.constant(in)
}

func (w *walletSolidity) EstimateEnergy(_ context.Context, in *tronpb.TriggerSmartContract) (*tronpb.EstimateEnergyMessage, error) {
	return w.estimate(in)
}
