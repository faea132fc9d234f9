package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rpc"
	"golang.org/x/sync/errgroup"
)

// attackGas is what a thief pays for; it is more than any of his transactions needs.
const attackGas = 2_000_000

// The thief's contracts, with the code that makes them in front:
//
//	slotZero    PUSH1 4 CALLDATALOAD PUSH0 SSTORE STOP
//	thiefsCode  calls the address in the first word with the calldata behind it
//
// Delegatecalled with what looks like a token transfer, slotZero makes the "recipient" the
// code of the wallet: the payload of 21 February 2025 (Bybit).
var (
	slotZero   = hexutil.MustDecode("0x656004355f55005f526006601af3")
	thiefsCode = hexutil.MustDecode("0x60138060095f395ff3" + "602036038060205f375f5f825f5f5f355af100")
)

// attacked is a Safe of its own with 100 USDT, whose owners' keys are stolen.
type attacked struct {
	safe   common.Address
	owners devnet.Owners
}

// guard lets a thief sign with enough stolen keys of two Safes, one with our guard and one
// without.
func (d *demo) guard(ctx context.Context) error {
	owners, err := devnet.NewOwners(stackSigners)
	if err != nil {
		return err
	}
	stolen := owners[:stackThreshold]
	guarded, bare := attacked{owners: stolen}, attacked{owners: stolen}
	unguarded := d.contracts
	unguarded.Guard = common.Address{}
	var target, code common.Address
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() (err error) { guarded.safe, err = d.fundedSafe(groupCtx, d.contracts, owners); return err })
	group.Go(func() (err error) { bare.safe, err = d.fundedSafe(groupCtx, unguarded, owners); return err })
	group.Go(func() (err error) { target, err = d.thiefsContract(groupCtx, slotZero); return err })
	group.Go(func() (err error) { code, err = d.thiefsContract(groupCtx, thiefsCode); return err })
	if err := group.Wait(); err != nil {
		return err
	}
	payload := devnet.Call{To: &target, Data: bindings.NewTestToken().PackTransfer(code, common.Big0)}

	if err := d.takeAll(ctx, bare, payload); err != nil {
		return fmt.Errorf("the Safe without a guard: %w", err)
	}
	d.say("  a Safe without a guard: its code was replaced by one transaction of %d stolen keys, 100 USDT are gone", len(stolen))
	if err := d.attack(ctx, guarded, payload, code); err != nil {
		return fmt.Errorf("the guarded Safe: %w", err)
	}
	return d.operate(ctx, guarded, payload)
}

func (d *demo) fundedSafe(ctx context.Context, contracts devnet.Contracts, owners devnet.Owners) (common.Address, error) {
	safe, err := d.anvil.CreateSafe(ctx, contracts, owners.Addresses(), stackThreshold, 0)
	if err != nil {
		return safe, err
	}
	if _, err := d.pay(ctx, safe, d.units(100)); err != nil {
		return safe, err
	}
	_, err = d.anvil.DepositTo(ctx, contracts, safe, ether(1))
	return safe, err
}

func (d *demo) thiefsContract(ctx context.Context, code []byte) (common.Address, error) {
	receipt, err := d.anvil.Send(ctx, devnet.Call{Data: code})
	if err != nil {
		return common.Address{}, err
	}
	return receipt.ContractAddress, nil
}

// takeAll is the theft as it goes where nothing stops it.
func (d *demo) takeAll(ctx context.Context, victim attacked, payload devnet.Call) error {
	data, err := d.anvil.SafeExecution(ctx, victim.safe, payload, devnet.OperationDelegateCall, victim.owners)
	if err != nil {
		return err
	}
	if _, err := d.anvil.Send(ctx, devnet.Call{To: &victim.safe, Data: data}); err != nil {
		return err
	}
	thief := newAddress()
	order := append(common.LeftPadBytes(d.contracts.Token[:], 32), bindings.NewTestToken().PackTransfer(thief, d.units(100))...)
	if _, err := d.anvil.Send(ctx, devnet.Call{To: &victim.safe, Data: order, Gas: attackGas}); err != nil {
		return err
	}
	return d.paidExactly(ctx, thief, d.units(100))
}

// attack has the stolen keys sign everything that would make the Safe the thief's. All of it
// goes into blocks as it is, and reverts there.
func (d *demo) attack(ctx context.Context, victim attacked, payload devnet.Call, code common.Address) error {
	safe, self := bindings.NewSafe(), victim.safe
	change := func(data []byte) devnet.Call { return devnet.Call{To: &self, Data: data} }
	batch := func(data []byte) devnet.Call {
		return devnet.Call{To: &d.contracts.MultiSendCallOnly, Data: devnet.MultiSend(devnet.Call{To: &self, Data: data})}
	}
	attempts := []struct {
		what      string
		call      devnet.Call
		operation uint8
	}{
		{"replace the Safe's code by a delegatecall", payload, devnet.OperationDelegateCall},
		{"set another fallback handler", change(safe.PackSetFallbackHandler(d.contracts.Token)), devnet.OperationCall},
		{"enable a module in a batch", batch(safe.PackEnableModule(code)), devnet.OperationDelegateCall},
		{"become an owner", change(safe.PackAddOwnerWithThreshold(newAddress(), common.Big1)), devnet.OperationCall},
		{"take the guard off", change(safe.PackSetGuard(common.Address{})), devnet.OperationCall},
	}
	group, groupCtx := errgroup.WithContext(ctx)
	reasons := make([]string, len(attempts))
	for i, a := range attempts {
		group.Go(func() (err error) {
			data, err := d.anvil.SafeExecution(groupCtx, victim.safe, a.call, a.operation, victim.owners)
			if err != nil {
				return err
			}
			if reasons[i], err = d.refusedByGuard(groupCtx, victim.safe, data); err != nil {
				return fmt.Errorf("%s: %w", a.what, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i, a := range attempts {
		d.say("  the guarded Safe, %-42s refused on the chain (%s)", a.what+":", reasons[i])
	}
	return d.paidExactly(ctx, victim.safe, d.units(100))
}

// refusedByGuard puts a transaction into a block without asking first, and returns why the
// guard made it revert.
func (d *demo) refusedByGuard(ctx context.Context, safe common.Address, data []byte) (string, error) {
	hash, err := d.anvil.Submit(ctx, devnet.Call{To: &safe, Data: data, Gas: attackGas})
	if err != nil {
		return "", err
	}
	receipt, err := d.anvil.Receipt(ctx, hash)
	if receipt == nil {
		return "", err
	}
	if receipt.Status != types.ReceiptStatusFailed {
		return "", errors.New("the chain let it pass")
	}
	message := object{"from": d.anvil.Faucet(), "to": safe, "data": hexutil.Bytes(data)}
	return guardReason(d.anvil.RPC().CallContext(ctx, new(hexutil.Bytes), "eth_call", message, "latest"))
}

// operate does the same as a user operation, which fails inside of a bundle that succeeds,
// and then pays with the same keys: the guard stops no payment, that is the signers' work.
func (d *demo) operate(ctx context.Context, victim attacked, payload devnet.Call) error {
	success, err := d.sendOperation(ctx, victim, payload, devnet.OperationDelegateCall)
	if err != nil {
		return err
	}
	if success {
		return errors.New("the chain let the user operation pass")
	}
	if err := d.paidExactly(ctx, victim.safe, d.units(100)); err != nil {
		return err
	}
	d.say("  the guarded Safe, %-42s refused on the chain; its 100 USDT have not moved", "the same delegatecall by user operation:")

	payee := newAddress()
	payment := devnet.Call{To: &d.contracts.Token, Data: bindings.NewTestToken().PackTransfer(payee, d.units(1))}
	if success, err = d.sendOperation(ctx, victim, payment, devnet.OperationCall); err != nil {
		return err
	}
	if !success {
		return errors.New("the guard refused a payment")
	}
	d.say("  a payment that the owners sign passes the guard: payments are checked by signers, against orders")
	return d.paidExactly(ctx, payee, d.units(1))
}

// sendOperation puts a signed user operation into a bundle of the faucet's and returns
// whether it succeeded.
func (d *demo) sendOperation(ctx context.Context, victim attacked, call devnet.Call, operation uint8) (bool, error) {
	op, err := d.anvil.SafeOperation(ctx, d.contracts, victim.safe, call, operation, victim.owners)
	if err != nil {
		return false, err
	}
	entryPoint := bindings.NewEntryPoint()
	bundle := entryPoint.PackHandleOps([]bindings.PackedUserOperation{op}, d.anvil.Faucet())
	receipt, err := d.anvil.Send(ctx, devnet.Call{To: &d.contracts.EntryPoint, Data: bundle})
	if err != nil {
		return false, err
	}
	for _, log := range receipt.Logs {
		if event, err := entryPoint.UnpackUserOperationEventEvent(log); err == nil && event.Sender == victim.safe {
			return event.Success, nil
		}
	}
	return false, errors.New("the bundle says nothing of the user operation")
}

// guardReason is the name of the guard's error that a call ended with.
func guardReason(err error) (string, error) {
	var carrier rpc.DataError
	if !errors.As(err, &carrier) {
		return "", fmt.Errorf("got %w, want an error with data", errors.Join(err, errors.New("no error data")))
	}
	text, _ := carrier.ErrorData().(string)
	data, decodeErr := hexutil.Decode(text)
	if decodeErr != nil || len(data) < 4 {
		return "", fmt.Errorf("error data %.80q", text)
	}
	reason, unpackErr := bindings.NewGuard().UnpackError(data)
	if unpackErr != nil {
		return "", fmt.Errorf("it is not the guard's refusal: %w", err)
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", reason), "*bindings.Guard"), nil
}
