package evm

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
)

// ExecCall is one execTransaction for an executor to send: a transaction without value to
// Safe with calldata Data. Anybody may send it; the owners' signatures are in Data.
type ExecCall struct {
	// ID is the safeTxHash, what block events call the outcome by.
	ID   coffer.Hash
	Safe common.Address
	// Nonce is the Safe's, which is in ID: of all calls with one Safe and Nonce at most one
	// ever succeeds.
	Nonce uint64
	Data  []byte
	// GasLimit is of the whole transaction, intrinsic gas included.
	GasLimit uint64
	// FeeBound is the most all transactions for this Safe and Nonce may cost the executor,
	// any one of which may land, in native base units: GasLimit times the highest fee.
	FeeBound coffer.Amount
}

// execABI is the method of a Safe that its owners' signatures allow anybody to call.
var execABI = safeABI.Methods["execTransaction"]

// CheckExec wants calldata to be execTransaction without a refund, in its canonical
// encoding. What the call does is the owners' affair, who signed it.
func CheckExec(data []byte) error {
	if len(data) < 4 || !bytes.Equal(data[:4], execABI.ID) {
		return errors.New("is not execTransaction")
	}
	values, err := execABI.Inputs.Unpack(data[4:])
	if err != nil {
		return fmt.Errorf("execTransaction cannot be read: %w", err)
	}
	again, err := execABI.Inputs.Pack(values...)
	if err != nil || !bytes.Equal(again, data[4:]) {
		return errors.New("execTransaction in another than the canonical encoding")
	}
	// to, value, data, operation, then what pays refunds, then the signatures.
	for n, name := range map[int]string{4: "safeTxGas", 5: "baseGas", 6: "gasPrice"} {
		if number, ok := values[n].(*big.Int); !ok || number.Sign() != 0 {
			return fmt.Errorf("execTransaction with a %s", name)
		}
	}
	for n, name := range map[int]string{7: "gasToken", 8: "refundReceiver"} {
		if address, ok := values[n].(common.Address); !ok || address != (common.Address{}) {
			return fmt.Errorf("execTransaction with a %s", name)
		}
	}
	return nil
}
