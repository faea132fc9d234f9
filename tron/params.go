package tron

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// Bounds of what is believed of prices. The chain's own proposals stay far below.
const (
	maxParameters   = 1_000
	maxUnitPrice    = 1_000_000          // sun for a unit of energy or a byte
	maxFee          = 10_000_000_000     // sun for an action: 10,000 TRX
	maxFeeLimit     = 1_000_000_000_000  // sun: 1,000,000 TRX
	maxEnergyFactor = 1_000_000          // in 1/10000: a hundred times
	maxMaintenance  = 7 * 24 * time.Hour // until the next one
	factorUnit      = 10_000             // of dynamic energy
	freeFactor      = uint64(factorUnit) // costs what its operations cost
)

// Parameters are what witnesses decided about fees, in sun. They change when a maintenance
// period ends, some of them without a new transaction.
type Parameters struct {
	EnergyPrice      uint64 // for a unit of energy that is not staked
	BandwidthPrice   uint64 // for a byte that is neither staked nor free
	CreateAccount    uint64 // bandwidth of a transaction that activates an account
	NewAccount       uint64 // besides, for the account
	MultiSign        uint64 // for more than one signature
	Memo             uint64 // for a memo
	PermissionUpdate uint64
	MaxFeeLimit      uint64 // of a contract call
}

// Parameters asks for what transactions cost now. A price that is missing, or beyond what any
// chain had, is an error: a fee would be computed of it.
func (c *Client) Parameters(ctx context.Context) (Parameters, error) {
	var read Parameters
	err := c.nodes.ask(ctx, question{"chain parameters", func(ctx context.Context, e *endpoint) error {
		var answer tronpb.ChainParameters
		err := e.ask(ctx, tronpb.Wallet_GetChainParameters_FullMethodName, &tronpb.EmptyMessage{}, &answer)
		if err != nil {
			return err
		}
		read, err = readParameters(answer.GetChainParameter())
		return notProven(err)
	}})
	if err != nil {
		return Parameters{}, fmt.Errorf("%s: %w", c.config.Chain, err)
	}
	return read, nil
}

func readParameters(list []*tronpb.ChainParameters_ChainParameter) (Parameters, error) {
	if len(list) > maxParameters {
		return Parameters{}, fmt.Errorf("more than %d chain parameters", maxParameters)
	}
	said := map[string]int64{}
	for _, p := range list {
		if _, twice := said[p.GetKey()]; twice {
			return Parameters{}, fmt.Errorf("chain parameter %.60q stands twice", p.GetKey())
		}
		said[p.GetKey()] = p.GetValue()
	}
	var read Parameters
	for _, field := range []struct {
		key         string
		into        *uint64
		least, most int64
	}{
		{"getEnergyFee", &read.EnergyPrice, 1, maxUnitPrice},
		{"getTransactionFee", &read.BandwidthPrice, 1, maxUnitPrice},
		{"getCreateAccountFee", &read.CreateAccount, 0, maxFee},
		{"getCreateNewAccountFeeInSystemContract", &read.NewAccount, 0, maxFee},
		{"getMultiSignFee", &read.MultiSign, 0, maxFee},
		{"getMemoFee", &read.Memo, 0, maxFee},
		{"getUpdateAccountPermissionFee", &read.PermissionUpdate, 0, maxFee},
		{"getMaxFeeLimit", &read.MaxFeeLimit, 1, maxFeeLimit},
	} {
		value, there := said[field.key]
		if !there || value < field.least || value > field.most {
			return Parameters{}, fmt.Errorf("chain parameter %s is %d: want %d to %d", field.key, value, field.least, field.most)
		}
		*field.into = uint64(value) // #nosec G115 -- not negative
	}
	return read, nil
}

// EnergyFactor is how much energy a contract costs in place of 10,000: dynamic energy makes
// popular contracts dearer, up to 44,000 on mainnet. coffer.ErrNotFound: no such contract.
func (c *Client) EnergyFactor(ctx context.Context, contract Address) (uint64, error) {
	var info tronpb.SmartContractDataWrapper
	if err := c.Call(ctx, tronpb.Wallet_GetContractInfo_FullMethodName, &tronpb.BytesMessage{Value: contract.Bytes()}, &info); err != nil {
		return 0, fmt.Errorf("contract %s: %w", contract, err)
	}
	if len(info.GetSmartContract().GetContractAddress()) == 0 {
		return 0, fmt.Errorf("contract %s: %w", contract, coffer.ErrNotFound)
	}
	factor := info.GetContractState().GetEnergyFactor()
	if factor < 0 || factor > maxEnergyFactor {
		return 0, fmt.Errorf("contract %s: %w: an energy factor of %d", contract, ErrNotProven, factor)
	}
	return freeFactor + uint64(factor), nil
}

// Maintenance is when the current period ends: prices, factors and witnesses change then.
func (c *Client) Maintenance(ctx context.Context) (time.Time, error) {
	var at tronpb.NumberMessage
	if err := c.Call(ctx, tronpb.Wallet_GetNextMaintenanceTime_FullMethodName, &tronpb.EmptyMessage{}, &at); err != nil {
		return time.Time{}, fmt.Errorf("%s: next maintenance: %w", c.config.Chain, err)
	}
	if at.GetNum() <= 0 || at.GetNum() > maxTime {
		return time.Time{}, fmt.Errorf("%s: next maintenance: %w", c.config.Chain, errors.New("the node gave no time"))
	}
	when := time.UnixMilli(at.GetNum()).UTC()
	if when.Sub(c.config.Clock()) > maxMaintenance {
		return time.Time{}, fmt.Errorf("%s: next maintenance: %w: it is at %s", c.config.Chain, ErrNotProven, when)
	}
	return when, nil
}
