package tron

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// ErrPermission is returned when the account's permission on the chain is not the one that is
// configured. Somebody changed it, or the configuration is wrong: somebody has to look.
var ErrPermission = errors.New("the account's permission is not the one that is configured")

// Simulate implements coffer.Wallet: would the transaction do, now, what it says? The account,
// or the deposit address that is swept, must have the money and what the fees cost beside its stake, and its keys the permission; a
// call must not revert, nor take more energy than the fee limit pays for; TRX is not sent to
// contracts. Errors: coffer.ErrWouldFail, with ErrPermission in it where that is why.
func (w *Wallet) Simulate(ctx context.Context, u coffer.Unsigned) error {
	if _, err := w.simulate(ctx, u); err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	return nil
}

// simulate looks at what a transaction of the wallet would do now, and would cost.
func (w *Wallet) simulate(ctx context.Context, u coffer.Unsigned) (charge, error) {
	signer, r, err := w.account.explained(u)
	if err != nil {
		return charge{}, err
	}
	if end := time.UnixMilli(r.Expiration); !end.After(w.clock()) {
		return charge{}, fmt.Errorf("%w: it expired at %s", coffer.ErrWouldFail, end.UTC().Format(time.RFC3339))
	}
	bill := charge{signer: signer, raw: r}
	if bill.prices, err = w.pool.Parameters(ctx); err != nil {
		return charge{}, err
	}
	if err := w.checkPrices(bill.prices); err != nil {
		return charge{}, err
	}
	bill.account, err = w.pool.Account(ctx, signer.Address)
	if errors.Is(err, coffer.ErrNotFound) {
		return charge{}, fmt.Errorf("%w: %w", coffer.ErrWouldFail, err)
	}
	if err != nil {
		return charge{}, err
	}
	if err := signer.permitted(bill.account, r.Contract); err != nil {
		return charge{}, fmt.Errorf("%w: %w", coffer.ErrWouldFail, err)
	}
	if err := w.rehearse(ctx, &bill); err != nil {
		return charge{}, err
	}
	if bill.resources, err = w.pool.Resources(ctx, signer.Address); err != nil {
		return charge{}, err
	}
	if burned := bill.burned(); bill.balance() < bill.sent || bill.balance()-bill.sent < burned {
		return charge{}, fmt.Errorf("%w: the account has %d sun; %d are sent and %d burned", coffer.ErrWouldFail, bill.balance(), bill.sent, burned)
	}
	return bill, nil
}

// rehearse asks about what the transaction does: a call and the energy it takes, who is paid.
func (w *Wallet) rehearse(ctx context.Context, bill *charge) (err error) {
	switch c := bill.raw.Contract.(type) {
	case *tronpb.TriggerSmartContract:
		done, err := w.call(ctx, c)
		if err != nil {
			return err
		}
		bill.energy, bill.penalty = done.Energy, done.Penalty
		if most := uint64(bill.raw.FeeLimit) / bill.prices.EnergyPrice; done.Energy > most { // #nosec G115 -- not negative
			return fmt.Errorf("%w: it takes %d energy at %d sun, its fee limit is %d", coffer.ErrWouldFail, done.Energy, bill.prices.EnergyPrice, bill.raw.FeeLimit)
		}
	case *tronpb.TransferContract:
		bill.sent = uint64(c.Amount) // #nosec G115 -- explained
		bill.activates, err = w.receives(ctx, c.ToAddress)
		return err
	case *tronpb.DelegateResourceContract:
		fresh, err := w.receives(ctx, c.ReceiverAddress)
		if err == nil && fresh {
			err = fmt.Errorf("%w: the receiver of a delegation has no account", coffer.ErrWouldFail)
		}
		if err == nil {
			err = w.lendable(ctx, c.Resource, c.Balance, nil)
		}
		return err
	case *tronpb.UnDelegateResourceContract:
		from, err := AddressFromBytes(c.ReceiverAddress)
		if err == nil {
			err = w.lendable(ctx, c.Resource, c.Balance, &from)
		}
		return err
	case *tronpb.AccountCreateContract:
		if bill.activates, err = w.receives(ctx, c.AccountAddress); err == nil && !bill.activates {
			err = fmt.Errorf("%w: the account is there already", coffer.ErrWouldFail)
		}
		return err
	}
	return nil
}

// receives looks at who gets TRX or a delegation: new, if it has no account yet. Contracts get
// neither.
func (w *Wallet) receives(ctx context.Context, to []byte) (fresh bool, err error) {
	address, err := AddressFromBytes(to)
	if err != nil {
		return false, err
	}
	account, err := w.pool.Account(ctx, address)
	switch {
	case errors.Is(err, coffer.ErrNotFound):
		return true, nil
	case err != nil:
		return false, err
	case account.GetType() == tronpb.AccountType_Contract:
		return false, fmt.Errorf("%w: %s is a contract", coffer.ErrWouldFail, address)
	}
	return false, nil
}

// permitted holds an account of the chain to what the wallet knows of it: the permission has
// the same keys and threshold, and may sign the contract.
func (a Account) permitted(have *tronpb.Account, contract proto.Message) error {
	permission := have.GetOwnerPermission()
	if a.Permission != 0 {
		permission = nil
		for _, active := range have.GetActivePermission() {
			if active.GetId() == a.Permission {
				permission = active
			}
		}
	}
	if permission == nil {
		if a.Permission == 0 && len(a.Keys) == 1 && a.Keys[0].Address == a.Address {
			return nil // the owner's was never changed: its own key signs
		}
		return fmt.Errorf("%w: the account has no permission %d", ErrPermission, a.Permission)
	}
	if uint64(permission.GetThreshold()) != a.Threshold || len(permission.GetKeys()) != len(a.Keys) { // #nosec G115 -- compared
		return fmt.Errorf("%w: threshold %d of %d keys", ErrPermission, permission.GetThreshold(), len(permission.GetKeys()))
	}
	weights := map[Address]uint64{}
	for _, key := range permission.GetKeys() {
		address, err := AddressFromBytes(key.GetAddress())
		if err != nil {
			return fmt.Errorf("%w: %w", ErrPermission, err)
		}
		weights[address] = uint64(key.GetWeight()) // #nosec G115 -- compared
	}
	for _, key := range a.Keys {
		if weights[key.Address] != key.Weight {
			return fmt.Errorf("%w: key %s weighs %d, not %d", ErrPermission, key.Address, weights[key.Address], key.Weight)
		}
	}
	number := numbers[contract.ProtoReflect().Descriptor().FullName()]
	if a.Permission != 0 && (len(permission.GetOperations()) != operationsBytes || permission.GetOperations()[number/8]>>(number%8)&1 == 0) {
		return fmt.Errorf("%w: permission %d may not sign %s", ErrPermission, a.Permission, number)
	}
	return nil
}

// SimulateLegs says whether the payment of an intent would fail now for its own sake: its
// receiver is a contract that takes no TRX, or is frozen by the token, or a call to it reverts
// that would not to another address. What the wallet lacks is no payment's fault.
func (w *Wallet) SimulateLegs(ctx context.Context, i coffer.Intent) ([]error, error) {
	legs := make([]error, len(i.Payments))
	for n, p := range i.Payments {
		why, err := w.blame(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("simulate payment %d: %w", n, err)
		}
		legs[n] = why
	}
	return legs, nil
}

// blame returns why a payment would fail for its own sake, or nil.
func (w *Wallet) blame(ctx context.Context, p coffer.Payment) (why, err error) {
	contract, why := paymentOf(w.account, p)
	if why != nil {
		return why, nil // it cannot even be written
	}
	call, isCall := contract.(*tronpb.TriggerSmartContract)
	if !isCall {
		to, err := CanonicalAddress(p.To)
		if err == nil {
			_, err = w.receives(ctx, to.Bytes())
		}
		return ifWouldFail(err)
	}
	_, failed := w.try(ctx, call)
	if why, err = ifWouldFail(failed); why == nil {
		return nil, err
	}
	elsewhere := proto.CloneOf(call)
	copy(elsewhere.Data[16:36], nobody[:])
	_, failed = w.try(ctx, elsewhere)
	if also, err := ifWouldFail(failed); also != nil || err != nil {
		return nil, err // it is the wallet's, or the token's, fault
	}
	return why, nil
}

// ifWouldFail tells what would fail from what could not be found out.
func ifWouldFail(failed error) (why, err error) {
	if errors.Is(failed, coffer.ErrWouldFail) {
		return failed, nil
	}
	return nil, failed
}

// nobody is an address that nobody has the key of.
var nobody = Address{18: 0xde, 19: 0xad}
