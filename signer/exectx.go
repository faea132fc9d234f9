package signer

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/cofferhq/coffer/evm"
)

// checkExec wants execTransaction without refund. What it costs is bounded like any
// transaction of the executor.
func checkExec(data []byte, value *big.Int) error {
	if value.Sign() != 0 {
		return errors.New("carries value to a wallet")
	}
	if err := evm.CheckExec(data); err != nil {
		return fmt.Errorf("calls a wallet: %w", err)
	}
	return nil
}
