package tronsim

import (
	"maps"
	"math"

	"github.com/cofferhq/coffer/tron/tronpb"
)

// transfer moves TRX, and makes the account of the recipient where there is none.
func (x *execution) transfer(act action, what *tronpb.TransferContract, out *outcome) error {
	to, err := parseAddress(what.ToAddress)
	if err != nil {
		return invalid("Invalid toAddress!")
	}
	if to == act.owner {
		return invalid("Cannot transfer TRX to yourself.")
	}
	if what.Amount <= 0 {
		return invalid("Amount must be greater than 0.")
	}
	recipient := x.state.accounts[to]
	if recipient != nil && recipient.kind == tronpb.AccountType_Contract {
		return invalid("Cannot transfer TRX to a smartContract.")
	}
	var fee int64
	if recipient == nil {
		fee = x.chain.parameters.CreateAccountSystemFee
	}
	if what.Amount > math.MaxInt64-fee || x.state.accounts[act.owner].balance < what.Amount+fee {
		return invalid("Validate TransferContract error, balance is not sufficient.")
	}
	if recipient != nil && recipient.balance > math.MaxInt64-what.Amount {
		return invalid("long overflow")
	}

	if recipient == nil {
		x.state.create(to, tronpb.AccountType_Normal, x.head)
	}
	x.state.burn(act.owner, fee)
	x.state.edit(act.owner).balance -= what.Amount
	x.state.edit(to).balance += what.Amount
	out.fee = fee
	return nil
}

// transferAsset moves a TRC-10 token.
func (x *execution) transferAsset(act action, what *tronpb.TransferAssetContract, out *outcome) error {
	to, err := parseAddress(what.ToAddress)
	if err != nil {
		return invalid("Invalid toAddress")
	}
	if what.Amount <= 0 {
		return invalid("Amount must be greater than 0.")
	}
	if to == act.owner {
		return invalid("Cannot transfer asset to yourself.")
	}
	id := string(what.AssetName)
	owner, recipient := x.state.accounts[act.owner], x.state.accounts[to]
	if owner.assets[id] <= 0 {
		return invalid("assetBalance must be greater than 0.")
	}
	if what.Amount > owner.assets[id] {
		return invalid("assetBalance is not sufficient.")
	}
	var fee int64
	switch {
	case recipient == nil:
		fee = x.chain.parameters.CreateAccountSystemFee
		if owner.balance < fee {
			return invalid("Validate TransferAssetActuator error, insufficient fee.")
		}
	case recipient.kind == tronpb.AccountType_Contract:
		return invalid("Cannot transfer asset to smartContract.")
	case recipient.assets[id] > math.MaxInt64-what.Amount:
		return invalid("long overflow")
	}

	if recipient == nil {
		x.state.create(to, tronpb.AccountType_Normal, x.head)
	}
	x.state.burn(act.owner, fee)
	x.addAsset(act.owner, id, -what.Amount)
	x.addAsset(to, id, what.Amount)
	out.fee = fee
	return nil
}

func (x *execution) addAsset(address Address, id string, amount int64) {
	a := x.state.edit(address)
	assets := maps.Clone(a.assets)
	if assets == nil {
		assets = map[string]int64{}
	}
	assets[id] += amount
	a.assets = assets
}

// createAccount makes an account and gives it nothing.
func (x *execution) createAccount(act action, what *tronpb.AccountCreateContract, out *outcome) error {
	address, err := parseAddress(what.AccountAddress)
	if err != nil {
		return invalid("Invalid account address")
	}
	fee := x.chain.parameters.CreateAccountSystemFee
	if x.state.accounts[act.owner].balance < fee {
		return invalid("Validate CreateAccountActuator error, insufficient fee.")
	}
	if x.state.accounts[address] != nil {
		return invalid("Account has existed")
	}
	x.state.create(address, tronpb.AccountType_Normal, x.head)
	x.state.burn(act.owner, fee)
	out.fee = fee
	return nil
}
