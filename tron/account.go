package tron

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// MaxKeys bounds the keys of a permission, as the chain does.
const MaxKeys = 5

// Key is one that may sign under a permission.
type Key struct {
	Address Address
	Weight  uint64
}

// Prices are what a chain burns of an account's TRX where stake does not pay, in sun. They are
// parameters of the chain that its witnesses vote on.
type Prices struct {
	Byte       uint64 // of bandwidth (getTransactionFee)
	Signatures uint64 // more than one signature (getMultiSignFee)
	NewAccount uint64 // a transfer of TRX that makes its receiver's account (getCreateNewAccountFeeInSystemContract and getCreateAccountFee)
}

// MainnetPrices are those of mainnet in 2026.
var MainnetPrices = Prices{Byte: 1000, Signatures: 1_000_000, NewAccount: 1_100_000}

// maxPrice keeps sums of prices in their type.
const maxPrice = 1_000_000_000_000

// Account is a custody wallet: a TRON account and the permission under which it pays. It is
// plain data.
type Account struct {
	Chain      coffer.ChainID
	Address    Address
	Permission int32 // the owner's is 0, active ones begin with 2
	Threshold  uint64
	Keys       []Key
	Prices     Prices     // the most the chain may burn
	Receivers  []Address  // to whom the account may delegate
	Deposits   DepositKey // of the addresses that it empties, and may delegate to; zero for none
}

// Name returns the account's address as intents name it.
func (a Account) Name() coffer.Address { return AddressOf(a.Address) }

// Check refuses an account that no chain would have.
func (a Account) Check() error {
	switch {
	case a.Address.IsZero():
		return errors.New("the account is the zero address")
	case a.Permission < 0 || a.Permission == witnessPermission:
		return fmt.Errorf("permission %d: want 0 for the owner's, or an active one, 2 and on", a.Permission)
	case max(a.Prices.Byte, a.Prices.Signatures, a.Prices.NewAccount) > maxPrice:
		return fmt.Errorf("a price above %d sun", uint64(maxPrice))
	case slices.Contains(a.Receivers, a.Address) || slices.Contains(a.Receivers, Address{}):
		return errors.New("a receiver of delegations is the account itself or the zero address")
	}
	if _, err := ChainNumber(a.Chain); err != nil {
		return err
	}
	return checkKeys(a.Keys, a.Threshold)
}

// checkKeys refuses keys and a threshold that no permission can have.
func checkKeys(keys []Key, threshold uint64) error {
	if len(keys) == 0 || len(keys) > MaxKeys {
		return fmt.Errorf("%d keys; want 1 to %d", len(keys), MaxKeys)
	}
	var sum uint64
	for n, key := range keys {
		switch {
		case key.Address.IsZero():
			return errors.New("a key is the zero address")
		case slices.ContainsFunc(keys[:n], func(k Key) bool { return k.Address == key.Address }):
			return fmt.Errorf("key %s twice", key.Address)
		case key.Weight == 0 || key.Weight > math.MaxInt64-sum:
			return fmt.Errorf("key %s has weight %d", key.Address, key.Weight)
		}
		sum += key.Weight
	}
	if threshold == 0 || threshold > sum {
		return fmt.Errorf("threshold %d; the keys weigh %d", threshold, sum)
	}
	return nil
}

// witnessPermission is the id of the permission that makes blocks.
const witnessPermission = 1

// explainer reads what this account alone would send.
func (a Account) explainer() *Explainer {
	return NewExplainer(ExplainConfig{Chain: a.Chain, Wallets: []Account{a}})
}

// maxSignatures is how many signatures a transaction of the account can have: surplus ones are
// left out, so those of the lightest keys that reach the threshold.
func (a Account) maxSignatures() uint64 {
	weights := make([]uint64, len(a.Keys))
	for n, key := range a.Keys {
		weights[n] = key.Weight
	}
	slices.Sort(weights)
	var n, sum uint64
	for ; sum < a.Threshold; n++ {
		sum += weights[n]
	}
	return n
}

// resultBytes are counted besides what is sent, for what a block writes of the result
// (java-tron's MAX_RESULT_SIZE_IN_TX).
const resultBytes = 64

// Bandwidth is how many bytes of bandwidth a transaction uses whose raw part has so many bytes,
// with so many signatures.
func Bandwidth(raw int, signatures uint64) uint64 {
	signature := protowire.SizeTag(signatureField) + protowire.SizeBytes(signatureLength)
	size := protowire.SizeTag(rawField) + protowire.SizeBytes(raw)
	return uint64(size) + signatures*uint64(signature) + resultBytes // #nosec G115 -- sizes
}

// maxFee is the most that a transaction can burn.
func (a Account) maxFee(r Raw, encoded []byte) coffer.Amount {
	signatures := a.maxSignatures()
	fee := uint64(r.FeeLimit) + Bandwidth(len(encoded), signatures)*a.Prices.Byte // #nosec G115 -- not negative, at most MaxFeeLimit
	if signatures > 1 {
		fee += a.Prices.Signatures
	}
	if makesAccount(r.Contract) {
		fee += a.Prices.NewAccount
	}
	return coffer.NewAmount(fee)
}

// receives reports whether the account may delegate to an address.
func (a Account) receives(to Address) bool { return slices.Contains(a.Receivers, to) }

// makesAccount reports whether what a transaction does can make an account. A transfer of tokens
// makes none.
func makesAccount(contract proto.Message) bool {
	switch contract.(type) {
	case *tronpb.TransferContract, *tronpb.AccountCreateContract:
		return true
	}
	return false
}
