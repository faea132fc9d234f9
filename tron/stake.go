package tron

import (
	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// Stake of TRX gives energy or bandwidth, to the account or to whom it delegates
// (Stake 2.0). Amounts are sun.

// Freeze stakes TRX for a resource.
func Freeze(owner Address, amount coffer.Amount, resource tronpb.ResourceCode) (*tronpb.FreezeBalanceV2Contract, error) {
	value, err := sun(amount)
	if err != nil {
		return nil, err
	}
	return &tronpb.FreezeBalanceV2Contract{OwnerAddress: owner.Bytes(), FrozenBalance: value, Resource: resource}, nil
}

// Unfreeze begins to take stake back; WithdrawUnfrozen ends it 14 days later.
func Unfreeze(owner Address, amount coffer.Amount, resource tronpb.ResourceCode) (*tronpb.UnfreezeBalanceV2Contract, error) {
	value, err := sun(amount)
	if err != nil {
		return nil, err
	}
	return &tronpb.UnfreezeBalanceV2Contract{OwnerAddress: owner.Bytes(), UnfreezeBalance: value, Resource: resource}, nil
}

// WithdrawUnfrozen takes back all stake whose time has come.
func WithdrawUnfrozen(owner Address) *tronpb.WithdrawExpireUnfreezeContract {
	return &tronpb.WithdrawExpireUnfreezeContract{OwnerAddress: owner.Bytes()}
}

// CancelUnfreeze stakes again whatever is being taken back.
func CancelUnfreeze(owner Address) *tronpb.CancelAllUnfreezeV2Contract {
	return &tronpb.CancelAllUnfreezeV2Contract{OwnerAddress: owner.Bytes()}
}

// Delegate lends what so much stake gives of a resource to an account, until it is taken back.
func Delegate(owner, to Address, amount coffer.Amount, resource tronpb.ResourceCode) (*tronpb.DelegateResourceContract, error) {
	value, err := sun(amount)
	if err != nil {
		return nil, err
	}
	return &tronpb.DelegateResourceContract{OwnerAddress: owner.Bytes(), ReceiverAddress: to.Bytes(), Balance: value, Resource: resource}, nil
}

// Undelegate takes a delegation, or a part of it, back.
func Undelegate(owner, from Address, amount coffer.Amount, resource tronpb.ResourceCode) (*tronpb.UnDelegateResourceContract, error) {
	value, err := sun(amount)
	if err != nil {
		return nil, err
	}
	return &tronpb.UnDelegateResourceContract{OwnerAddress: owner.Bytes(), ReceiverAddress: from.Bytes(), Balance: value, Resource: resource}, nil
}
