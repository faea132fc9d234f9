package evm

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/accounts/abi/bind/v2"
	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
)

// MaxOwners bounds the owners of a Safe; each signature costs validation gas.
const MaxOwners = 32

// Safe is a custody wallet: a Safe whose owners sign SafeOps for its Safe4337Module. It is
// plain data; ReadSafe makes it from the chain.
type Safe struct {
	Chain      coffer.ChainID
	Native     coffer.AssetID
	EntryPoint common.Address
	Module     common.Address
	MultiSend  common.Address

	Address   common.Address
	Owners    []common.Address
	Threshold int
}

// fallbackHandlerSlot is keccak256("fallback_manager.handler.address").
var fallbackHandlerSlot = common.HexToHash("0x6c9a6c4a39284e37ed1cf53d337577d14212a4870fb976a4366c693b939918d5")

// ReadSafe reads a wallet and checks that it can send user operations: it is a Safe, the
// pinned module is enabled and its fallback handler, the module serves the pinned
// EntryPoint, and MultiSendCallOnly is there.
func ReadSafe(ctx context.Context, client *Client, address common.Address) (Safe, error) {
	config := client.config
	safe := Safe{
		Chain:      config.Chain,
		Native:     config.Native,
		EntryPoint: config.EntryPoint,
		Module:     config.Module,
		MultiSend:  config.MultiSend,
		Address:    address,
	}
	wrap := func(err error) (Safe, error) {
		return Safe{}, fmt.Errorf("wallet %s of %s: %w", address, config.Chain, err)
	}

	for _, contract := range []common.Address{address, config.Module, config.EntryPoint, config.MultiSend} {
		code, err := client.Eth().CodeAt(ctx, contract, nil)
		if err != nil {
			return wrap(err)
		}
		if len(code) == 0 {
			return wrap(fmt.Errorf("there is no contract at %s", contract))
		}
	}
	binding, module := bindings.NewSafe(), bindings.NewSafe4337Module()
	contract := binding.Instance(client.Eth(), address)
	opts := &bind.CallOpts{Context: ctx}

	var err error
	if safe.Owners, err = bind.Call(contract, opts, binding.PackGetOwners(), binding.UnpackGetOwners); err != nil {
		return wrap(fmt.Errorf("owners: %w", err))
	}
	threshold, err := bind.Call(contract, opts, binding.PackGetThreshold(), binding.UnpackGetThreshold)
	if err != nil {
		return wrap(fmt.Errorf("threshold: %w", err))
	}
	if !threshold.IsInt64() || threshold.Int64() > MaxOwners {
		return wrap(fmt.Errorf("threshold is %s; at most %d", threshold, MaxOwners))
	}
	safe.Threshold = int(threshold.Int64())
	enabled, err := bind.Call(contract, opts, binding.PackIsModuleEnabled(config.Module), binding.UnpackIsModuleEnabled)
	if err != nil {
		return wrap(fmt.Errorf("modules: %w", err))
	}
	if !enabled {
		return wrap(fmt.Errorf("module %s is not enabled", config.Module))
	}
	handler, err := client.Eth().StorageAt(ctx, address, fallbackHandlerSlot, nil)
	if err != nil {
		return wrap(fmt.Errorf("fallback handler: %w", err))
	}
	if got := common.BytesToAddress(handler); got != config.Module {
		return wrap(fmt.Errorf("fallback handler is %s, not the module %s", got, config.Module))
	}
	served, err := bind.Call(module.Instance(client.Eth(), config.Module), opts,
		module.PackSUPPORTEDENTRYPOINT(), module.UnpackSUPPORTEDENTRYPOINT)
	if err != nil {
		return wrap(fmt.Errorf("module: %w", err))
	}
	if served != config.EntryPoint {
		return wrap(fmt.Errorf("module %s serves EntryPoint %s, not %s", config.Module, served, config.EntryPoint))
	}
	if err := safe.check(); err != nil {
		return wrap(err)
	}
	return safe, nil
}

func (s Safe) check() error {
	if len(s.Owners) == 0 || len(s.Owners) > MaxOwners {
		return fmt.Errorf("%d owners; want 1 to %d", len(s.Owners), MaxOwners)
	}
	if s.Threshold < 1 || s.Threshold > len(s.Owners) {
		return fmt.Errorf("threshold %d of %d owners", s.Threshold, len(s.Owners))
	}
	if slices.Contains(s.Owners, common.Address{}) {
		return errors.New("an owner is the zero address")
	}
	return nil
}

// Name returns the wallet's address as intents name it.
func (s Safe) Name() coffer.Address { return AddressOf(s.Address) }

// explainer reads what this wallet alone would send.
func (s Safe) explainer() *Explainer {
	return NewExplainer(ExplainConfig{
		Chain: s.Chain, Native: s.Native, EntryPoint: s.EntryPoint, Module: s.Module, MultiSend: s.MultiSend,
		Wallets: []common.Address{s.Address},
	})
}
