package tron

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/bits"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// Bounds and defaults of Fees.
const (
	defaultMargin   = 20 // percent: a maintenance period raises the energy factor by so much at most
	maxMargin       = 400
	defaultFeeLimit = 100_000_000 // sun: three times the dearest transfer of USDT at the prices of 2026
)

// Fees are how a wallet sets the fee limit of calls. What a call does not use is not paid, but
// one that runs out of energy burns all of it and pays nobody.
type Fees struct {
	MarginPercent uint64 // above what the call takes now; 20 when zero
	MaxFeeLimit   uint64 // sun; 100 TRX when zero
	MaxBurned     uint64 // sun that a transaction of the wallet may burn, as planned; as much as its intent allows when zero
}

func (f Fees) withDefaults() (Fees, error) {
	if f.MarginPercent == 0 {
		f.MarginPercent = defaultMargin
	}
	if f.MaxFeeLimit == 0 {
		f.MaxFeeLimit = defaultFeeLimit
	}
	if f.MarginPercent > maxMargin || f.MaxFeeLimit > MaxFeeLimit {
		return Fees{}, fmt.Errorf("fees: a margin of %d percent and a fee limit of %d sun; at most %d and %d",
			f.MarginPercent, f.MaxFeeLimit, uint64(maxMargin), uint64(MaxFeeLimit))
	}
	return f, nil
}

// limit is the fee limit of a call that takes so much energy, rounded up. It bounds the price of
// all energy, staked and delegated energy too. Error: coffer.ErrFeeBudget.
func (f Fees) limit(energy uint64, p Parameters) (uint64, error) {
	most := min(f.MaxFeeLimit, p.MaxFeeLimit)
	over, cost := bits.Mul64(energy, p.EnergyPrice)
	if over == 0 {
		over, cost = bits.Mul64(cost, 100+f.MarginPercent)
	}
	if cost = cost/100 + min(1, cost%100); over != 0 || cost > most {
		return 0, fmt.Errorf("%w: a call takes %d energy at %d sun; the fee limit is at most %d sun", coffer.ErrFeeBudget, energy, p.EnergyPrice, most)
	}
	return max(cost, 1), nil
}

// ErrPrices is returned when the chain burns more than the account's configuration allows: what a
// transaction costs would no longer be bounded. It is a coffer.ErrFeeBudget: payouts wait, and
// people are told.
var ErrPrices = fmt.Errorf("%w: the chain's prices are above those that are configured", coffer.ErrFeeBudget)

func (w *Wallet) checkPrices(p Parameters) error { return w.account.Prices.check(p) }

func (most Prices) check(p Parameters) error {
	if p.BandwidthPrice > most.Byte || p.MultiSign > most.Signatures || p.NewAccount+p.CreateAccount > most.NewAccount {
		return fmt.Errorf("%w: %d, %d and %d sun; at most %d, %d and %d", ErrPrices, p.BandwidthPrice, p.MultiSign, p.NewAccount+p.CreateAccount,
			most.Byte, most.Signatures, most.NewAccount)
	}
	return nil
}

// try makes a call that nobody signs and returns the energy it takes. Error: coffer.ErrWouldFail.
func (w *Wallet) try(ctx context.Context, call *tronpb.TriggerSmartContract) (uint64, error) {
	done, err := w.call(ctx, call)
	return done.Energy, err
}

// call is try, and says all that the call did.
func (w *Wallet) call(ctx context.Context, call *tronpb.TriggerSmartContract) (Constant, error) {
	from, err := AddressFromBytes(call.OwnerAddress)
	if err != nil {
		return Constant{}, err
	}
	token, err := AddressFromBytes(call.ContractAddress)
	if err != nil {
		return Constant{}, err
	}
	done, err := w.pool.Constant(ctx, from, token, call.Data)
	if err != nil {
		return Constant{}, err
	}
	if done.Reverted {
		return Constant{}, fmt.Errorf("%w: a call of %s reverts: %q", coffer.ErrWouldFail, token, done.Reason)
	}
	if len(call.Data) == 4+2*32 {
		for _, party := range []Address{from, Address(call.Data[16:36])} {
			if listed, err := w.blacklisted(ctx, token, party); err != nil {
				return Constant{}, err
			} else if listed {
				return Constant{}, fmt.Errorf("%w: %s is on the blacklist of %s", coffer.ErrWouldFail, party, token)
			}
		}
	}
	return done, nil
}

// isBlackListed is the selector of isBlackListed(address), which USDT and its like have.
var isBlackListed = []byte{0xe4, 0x7d, 0x60, 0x60}

// blacklisted reports whether a token has frozen an address. A token that cannot say has no list.
func (w *Wallet) blacklisted(ctx context.Context, token, address Address) (bool, error) {
	said, ok, err := w.ask(ctx, token, isBlackListed, address)
	if err != nil {
		return false, fmt.Errorf("blacklist of %s: %w", token, err)
	}
	return ok && said != [32]byte{}, nil
}

// balanceOf is the selector of balanceOf(address).
var balanceOf = []byte{0x70, 0xa0, 0x82, 0x31}

// ask asks a token something about an address. A token that does not answer with one word says
// nothing.
func (w *Wallet) ask(ctx context.Context, token Address, selector []byte, about Address) (word [32]byte, ok bool, err error) {
	data := append(bytes.Clone(selector), make([]byte, 12)...)
	said, err := w.pool.Constant(ctx, w.account.Address, token, append(data, about[:]...))
	if err != nil || said.Reverted || len(said.Result) != len(word) {
		return word, false, err
	}
	return [32]byte(said.Result), true, nil
}

// holds is what a sweep can move: all tokens of a deposit address, or its TRX but for what moving
// it can burn. Error: coffer.ErrWouldFail where that is nothing.
func (w *Wallet) holds(ctx context.Context, s coffer.Sweep, p Parameters) (coffer.Amount, error) {
	from, err := CanonicalAddress(s.Forwarder)
	if err != nil {
		return coffer.Amount{}, err
	}
	var held coffer.Amount
	if s.Asset == Native(w.account.Chain) {
		if held, err = w.spare(ctx, from, p); err != nil {
			return coffer.Amount{}, err
		}
	} else {
		token, err := TokenOf(w.account.Chain, s.Asset)
		if err != nil {
			return coffer.Amount{}, err
		}
		word, ok, err := w.ask(ctx, token, balanceOf, from)
		if err != nil {
			return coffer.Amount{}, fmt.Errorf("balance of %s: %w", from, err)
		}
		if !ok {
			return coffer.Amount{}, fmt.Errorf("%w: token %s does not tell the balance of %s", coffer.ErrWouldFail, token, from)
		}
		if held, err = coffer.AmountFromBytes(word[:]); err != nil {
			return coffer.Amount{}, err
		}
	}
	if held.IsZero() {
		return coffer.Amount{}, fmt.Errorf("%w: %s holds nothing of %s to sweep", coffer.ErrWouldFail, from, s.Asset)
	}
	return held, nil
}

// sweepBytes is more than the raw bytes of a transfer of TRX ever have.
const sweepBytes = 160

// spare is the TRX of an address but for the bandwidth of one transfer, zero where it has no
// account.
func (w *Wallet) spare(ctx context.Context, from Address, p Parameters) (coffer.Amount, error) {
	account, err := w.pool.Account(ctx, from)
	if errors.Is(err, coffer.ErrNotFound) {
		return coffer.Amount{}, nil
	}
	if err != nil {
		return coffer.Amount{}, err
	}
	balance, cost := uint64(max(account.GetBalance(), 0)), Bandwidth(sweepBytes, 1)*p.BandwidthPrice // #nosec G115 -- not negative
	return coffer.NewAmount(balance - min(balance, cost)), nil
}

func left(limit, used int64) uint64 { return uint64(max(limit-used, 0)) } // #nosec G115 -- not negative
