package tronsim

import (
	"context"

	"github.com/cofferhq/coffer/tron/tronpb"
)

func (w *wallet) CreateAccount2(_ context.Context, in *tronpb.AccountCreateContract) (*tronpb.TransactionExtention, error) {
	return w.sim.Build(tronpb.Transaction_Contract_AccountCreateContract, in), nil
}

func (w *wallet) CreateTransaction2(_ context.Context, in *tronpb.TransferContract) (*tronpb.TransactionExtention, error) {
	return w.sim.Build(tronpb.Transaction_Contract_TransferContract, in), nil
}

func (w *wallet) TransferAsset2(_ context.Context, in *tronpb.TransferAssetContract) (*tronpb.TransactionExtention, error) {
	return w.sim.Build(tronpb.Transaction_Contract_TransferAssetContract, in), nil
}

func (w *wallet) AccountPermissionUpdate(_ context.Context, in *tronpb.AccountPermissionUpdateContract) (*tronpb.TransactionExtention, error) {
	return w.sim.Build(tronpb.Transaction_Contract_AccountPermissionUpdateContract, in), nil
}

func (w *wallet) FreezeBalanceV2(_ context.Context, in *tronpb.FreezeBalanceV2Contract) (*tronpb.TransactionExtention, error) {
	return w.sim.Build(tronpb.Transaction_Contract_FreezeBalanceV2Contract, in), nil
}

func (w *wallet) UnfreezeBalanceV2(_ context.Context, in *tronpb.UnfreezeBalanceV2Contract) (*tronpb.TransactionExtention, error) {
	return w.sim.Build(tronpb.Transaction_Contract_UnfreezeBalanceV2Contract, in), nil
}

func (w *wallet) WithdrawExpireUnfreeze(_ context.Context, in *tronpb.WithdrawExpireUnfreezeContract) (*tronpb.TransactionExtention, error) {
	return w.sim.Build(tronpb.Transaction_Contract_WithdrawExpireUnfreezeContract, in), nil
}

func (w *wallet) CancelAllUnfreezeV2(_ context.Context, in *tronpb.CancelAllUnfreezeV2Contract) (*tronpb.TransactionExtention, error) {
	return w.sim.Build(tronpb.Transaction_Contract_CancelAllUnfreezeV2Contract, in), nil
}

func (w *wallet) DelegateResource(_ context.Context, in *tronpb.DelegateResourceContract) (*tronpb.TransactionExtention, error) {
	return w.sim.Build(tronpb.Transaction_Contract_DelegateResourceContract, in), nil
}

func (w *wallet) UnDelegateResource(_ context.Context, in *tronpb.UnDelegateResourceContract) (*tronpb.TransactionExtention, error) {
	return w.sim.Build(tronpb.Transaction_Contract_UnDelegateResourceContract, in), nil
}

func (w *wallet) DeployContract(_ context.Context, in *tronpb.CreateSmartContract) (*tronpb.TransactionExtention, error) {
	return w.sim.Build(tronpb.Transaction_Contract_CreateSmartContract, in), nil
}

func (w *wallet) TriggerContract(_ context.Context, in *tronpb.TriggerSmartContract) (*tronpb.TransactionExtention, error) {
	return w.sim.Build(tronpb.Transaction_Contract_TriggerSmartContract, in), nil
}

func (w *wallet) CreateCommonTransaction(_ context.Context, in *tronpb.Transaction) (*tronpb.TransactionExtention, error) {
	return w.sim.Complete(in), nil
}
