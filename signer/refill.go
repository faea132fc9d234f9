package signer

import (
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
)

// depositTo is the selector of EntryPoint v0.7's depositTo(address account) (ERC-4337).
var depositTo = crypto.Keccak256([]byte("depositTo(address)"))[:4]

// refill says which gas money an executor may move: into the EntryPoint for a wallet of
// ours, and to another executor of ours. Money moved so stays ours, but out of reach of
// payouts, so it is capped too.
type refill struct {
	cap       coffer.Amount // of one transaction, native base units
	dailyCap  coffer.Amount // of all nonces in 24 hours
	wallets   []common.Address
	executors []common.Address
}

func newRefill(c ChainConfig) (refill, error) {
	r := refill{cap: c.Executor.RefillCap, dailyCap: c.Executor.DailyRefillCap}
	for _, list := range []struct {
		texts []string
		into  *[]common.Address
	}{{c.Wallets, &r.wallets}, {c.Executor.Executors, &r.executors}} {
		for _, text := range list.texts {
			address, err := parseAddress(text)
			if err != nil {
				return refill{}, err
			}
			*list.into = append(*list.into, address)
		}
	}
	return r, nil
}

// checkDeposit wants depositTo for a pinned wallet, in its canonical encoding.
func (r refill) checkDeposit(data []byte, value *big.Int) error {
	if len(data) != 4+32 || [4]byte(data[:4]) != [4]byte(depositTo) {
		return errors.New("carries value to the EntryPoint and does not call depositTo")
	}
	account := new(big.Int).SetBytes(data[4:])
	if !slices.ContainsFunc(r.wallets, func(wallet common.Address) bool { return wallet.Big().Cmp(account) == 0 }) {
		return fmt.Errorf("deposits for %#x, which is no wallet of ours", account)
	}
	return r.checkValue(value)
}

// checkPayment wants a plain payment.
func (r refill) checkPayment(data []byte, value *big.Int) error {
	if len(data) != 0 {
		return errors.New("pays an executor with data")
	}
	return r.checkValue(value)
}

func (r refill) checkValue(value *big.Int) error {
	if value.Sign() <= 0 || value.Cmp(r.cap.Int().ToBig()) > 0 {
		return fmt.Errorf("moves %s base units, at most %s are moved at once", value, r.cap)
	}
	return nil
}
