package tron

import (
	"context"
	"errors"
	"fmt"
	"math/bits"

	"google.golang.org/protobuf/proto"

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
// transaction costs would no longer be bounded.
var ErrPrices = errors.New("the chain's prices are above those that are configured")

func (w *Wallet) checkPrices(p Parameters) error {
	most := w.account.Prices
	if p.BandwidthPrice > most.Byte || p.MultiSign > most.Signatures || p.NewAccount+p.CreateAccount > most.NewAccount {
		return fmt.Errorf("%w: %d, %d and %d sun; at most %d, %d and %d", ErrPrices, p.BandwidthPrice, p.MultiSign, p.NewAccount+p.CreateAccount,
			most.Byte, most.Signatures, most.NewAccount)
	}
	return nil
}

// try makes a call that nobody signs and returns the energy it takes. Error: coffer.ErrWouldFail.
func (w *Wallet) try(ctx context.Context, call *tronpb.TriggerSmartContract) (uint64, error) {
	token, err := AddressFromBytes(call.ContractAddress)
	if err != nil {
		return 0, err
	}
	done, err := w.pool.Constant(ctx, w.account.Address, token, call.Data)
	if err != nil {
		return 0, err
	}
	if done.Reverted {
		return 0, fmt.Errorf("%w: a call of %s reverts: %q", coffer.ErrWouldFail, token, done.Reason)
	}
	if len(call.Data) == 4+2*32 {
		for _, party := range []Address{w.account.Address, Address(call.Data[16:36])} {
			if listed, err := w.blacklisted(ctx, token, party); err != nil {
				return 0, err
			} else if listed {
				return 0, fmt.Errorf("%w: %s is on the blacklist of %s", coffer.ErrWouldFail, party, token)
			}
		}
	}
	return done.Energy, nil
}

// isBlackListed is the selector of isBlackListed(address), which USDT and its like have.
var isBlackListed = []byte{0xe4, 0x7d, 0x60, 0x60}

// blacklisted reports whether a token has frozen an address. A token that cannot say has no list.
func (w *Wallet) blacklisted(ctx context.Context, token, address Address) (bool, error) {
	data := append(append([]byte{}, isBlackListed...), make([]byte, 12)...)
	said, err := w.pool.Constant(ctx, w.account.Address, token, append(data, address[:]...))
	if err != nil {
		return false, fmt.Errorf("blacklist of %s: %w", token, err)
	}
	if said.Reverted || len(said.Result) != 32 {
		return false, nil
	}
	for _, b := range said.Result {
		if b != 0 {
			return true, nil
		}
	}
	return false, nil
}

// burns is what a transaction costs the account as things are, in sun: what stake and free
// bandwidth do not cover. The chain lets bandwidth be paid wholly one way or the other.
func (w *Wallet) burns(contract proto.Message, encoded int, energy uint64, newAccount bool, r *tronpb.AccountResourceMessage, p Parameters) uint64 {
	var burned uint64
	bandwidth := Bandwidth(encoded, w.account.maxSignatures())
	staked, free := left(r.GetNetLimit(), r.GetNetUsed()), left(r.GetFreeNetLimit(), r.GetFreeNetUsed())
	_, transfer := contract.(*tronpb.TransferContract)
	switch {
	case transfer && newAccount: // free bandwidth makes no accounts
		burned += p.NewAccount
		if staked < bandwidth {
			burned += p.CreateAccount
		}
	case staked < bandwidth && free < bandwidth:
		burned += bandwidth * p.BandwidthPrice
	}
	if w.account.maxSignatures() > 1 {
		burned += p.MultiSign
	}
	if have := left(r.GetEnergyLimit(), r.GetEnergyUsed()); have < energy {
		burned += (energy - have) * p.EnergyPrice
	}
	return burned
}

func left(limit, used int64) uint64 { return uint64(max(limit-used, 0)) } // #nosec G115 -- not negative
