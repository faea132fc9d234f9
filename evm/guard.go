package evm

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
)

// guardedVersion is the Safe whose module transactions pass a guard; in 1.4.1 none do.
const guardedVersion = "1.5.0"

// Where a Safe 1.5.0 keeps its two guards: keccak256("guard_manager.guard.address") and
// keccak256("module_manager.module_guard.address").
var (
	guardSlot       = common.HexToHash("0x4a204f620c8c5ccdca3fd54d003badd85ba500436a431f0cbda4f558c93c34c8")
	moduleGuardSlot = common.HexToHash("0xb104e0b93118902c651344349b610029d694cfdec91c589c91ebafbcd0289947")
)

// GuardAddress is where the guard with this MultiSendCallOnly and these times is on every
// chain: its address commits to its code and to all three.
func GuardAddress(multiSend common.Address, delaySeconds, windowSeconds uint64) common.Address {
	creation := append(common.FromHex(bindings.GuardMetaData.Bin),
		bindings.NewGuard().PackConstructor(multiSend, delaySeconds, windowSeconds)...)
	return crypto.CreateAddress2(create2Deployer, common.Hash{}, crypto.Keccak256(creation))
}

// CheckGuard demands that the wallet is a Safe 1.5.0 which has the guard as guard of its
// transactions and of its modules, and that the guard is our contract with the pinned
// MultiSendCallOnly. With one half alone, user operations or execTransaction would be free.
func CheckGuard(ctx context.Context, client *Client, wallet, guard common.Address) error {
	if err := checkGuardCode(ctx, client, guard); err != nil {
		return fmt.Errorf("guard %s of %s: %w", guard, client.config.Chain, err)
	}
	safe := bindings.NewSafe()
	out, err := client.call(ctx, wallet, safe.PackVERSION(), coffer.Hash{})
	if err != nil {
		return fmt.Errorf("wallet %s: version: %w", wallet, err)
	}
	version, err := safe.UnpackVERSION(out)
	if err != nil || version != guardedVersion {
		return fmt.Errorf("wallet %s is a Safe %q; only %s has guards for its modules", wallet, version, guardedVersion)
	}
	for _, half := range []struct {
		name string
		slot common.Hash
	}{{"guard", guardSlot}, {"module guard", moduleGuardSlot}} {
		value, err := client.Eth().StorageAt(ctx, wallet, half.slot, nil)
		if err != nil {
			return fmt.Errorf("wallet %s: %s: %w", wallet, half.name, err)
		}
		if got := common.BytesToAddress(value); got != guard {
			return fmt.Errorf("wallet %s: its %s is %s, not %s", wallet, half.name, got, guard)
		}
	}
	return nil
}

// checkGuardCode asks the guard what it was made with, and proves the answer by its address.
func checkGuardCode(ctx context.Context, client *Client, guard common.Address) error {
	code, err := client.Eth().CodeAt(ctx, guard, nil)
	if err != nil {
		return err
	}
	if len(code) == 0 {
		return errors.New("there is no contract")
	}
	binding := bindings.NewGuard()
	seconds := func(question []byte, unpack func([]byte) (uint64, error)) (uint64, error) {
		out, err := client.call(ctx, guard, question, coffer.Hash{})
		if err != nil {
			return 0, err
		}
		return unpack(out)
	}
	delay, err := seconds(binding.PackDelay(), binding.UnpackDelay)
	if err != nil {
		return fmt.Errorf("delay: %w", err)
	}
	window, err := seconds(binding.PackWindow(), binding.UnpackWindow)
	if err != nil {
		return fmt.Errorf("window: %w", err)
	}
	multiSend := client.config.MultiSend
	if GuardAddress(multiSend, delay, window) != guard {
		return fmt.Errorf("it is not our guard with the MultiSendCallOnly %s", multiSend)
	}
	return nil
}
