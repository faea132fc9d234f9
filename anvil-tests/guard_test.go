package anviltests

import (
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/accounts/abi/bind/v2"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
)

// What the guard lets through and what it stops, on a real node. The attacks one by one are
// forge's (contracts/test/Guard.attacks.t.sol).

// slotZero does to whoever delegatecalls it what the payload of 21 February 2025 (Bybit)
// did: the first argument of what looks like a token transfer becomes its code.
//
//	PUSH1 4  CALLDATALOAD  PUSH0  SSTORE  STOP
var slotZero = hexutil.MustDecode("0x6004355f5500")

func TestPaymentsPassTheGuard(t *testing.T) {
	c := newChain(t)
	if _, err := c.Issue(t.Context(), c.Contracts, c.wallet, big.NewInt(1000)); err != nil {
		t.Fatal(err)
	}
	pay := func(to common.Address) devnet.Call {
		return devnet.Call{To: &c.Token, Data: bindings.NewTestToken().PackTransfer(to, big.NewInt(100))}
	}
	single, batch := pay(common.Address{0x71}), devnet.MultiSend(pay(common.Address{0x72}), pay(common.Address{0x73}))

	receipt := c.execute(t, c.wallet, c.Token, single.Data, call)
	t.Logf("gas of execTransaction: %d", receipt.GasUsed)
	c.execute(t, c.wallet, c.MultiSendCallOnly, batch, delegateCall)
	operations := []func() bindings.PackedUserOperation{
		func() bindings.PackedUserOperation { return c.signedOperation(t, c.Token, single.Data, call) },
		func() bindings.PackedUserOperation {
			return c.signedOperation(t, c.MultiSendCallOnly, batch, delegateCall)
		},
	}
	for _, operation := range operations {
		if event := c.operationEvent(t, c.handle(t, c.Faucet(), operation())); !event.Success {
			t.Error("a user operation that pays failed")
		}
	}
	for _, to := range []common.Address{{0x71}, {0x72}, {0x73}} {
		if got := c.tokenBalance(t, to); got != 200 {
			t.Errorf("%s holds %d, want 200", to, got)
		}
	}
}

func TestSafeChangesOnlyAfterItsDelay(t *testing.T) {
	c := newChain(t)
	guard, newOwner := bindings.NewGuard(), common.Address{0x0e}
	change := bindings.NewSafe().PackAddOwnerWithThreshold(newOwner, big.NewInt(2))
	announced := c.execute(t, c.wallet, c.Guard, guard.PackAnnounce(change), call)
	header, err := c.Eth().HeaderByHash(t.Context(), announced.BlockHash)
	if err != nil {
		t.Fatal(err)
	}
	notBefore := time.Unix(int64(header.Time), 0).Add(devnet.GuardDelay) // #nosec G115 -- a block's time

	data := c.executeError(t, c.wallet, c.wallet, change, call)
	refused, err := guard.UnpackError(data)
	if err != nil {
		t.Fatal(err)
	}
	if e, ok := refused.(*bindings.GuardTooEarly); !ok || e.NotBefore.Int64() != notBefore.Unix() {
		t.Errorf("too early: %T %v", refused, refused)
	}

	if err := c.SetNextBlockTime(t.Context(), notBefore); err != nil {
		t.Fatal(err)
	}
	if err := c.Mine(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	c.execute(t, c.wallet, c.wallet, change, call)
	safe := bindings.NewSafe()
	owners, err := bind.Call(safe.Instance(c.Eth(), c.wallet), nil, safe.PackGetOwners(), safe.UnpackGetOwners)
	if err != nil || !slices.Contains(owners, newOwner) {
		t.Errorf("owners %v, %v; want %s among them", owners, err, newOwner)
	}
}

// Owners of a Safe that exists put the guard on with one transaction; from then on it holds.
func TestOwnersOfASafeThatExistsSetBothGuards(t *testing.T) {
	c := newChain(t)
	safe, bare := bindings.NewSafe(), c.newSafe(t, common.Address{})
	ceremony := devnet.MultiSend(
		devnet.Call{To: &bare, Data: safe.PackSetModuleGuard(c.Guard)},
		devnet.Call{To: &bare, Data: safe.PackSetGuard(c.Guard)})
	c.execute(t, bare, c.MultiSendCallOnly, ceremony, delegateCall)

	takeOff := safe.PackSetGuard(common.Address{})
	for name, try := range map[string]struct {
		to        common.Address
		data      []byte
		operation uint8
	}{
		"a call":                       {bare, takeOff, call},
		"a batch":                      {c.MultiSendCallOnly, devnet.MultiSend(devnet.Call{To: &bare, Data: takeOff}), delegateCall},
		"a batch and the zero address": {c.MultiSendCallOnly, devnet.MultiSend(devnet.Call{To: &common.Address{}, Data: takeOff}), delegateCall},
	} {
		data := c.executeError(t, bare, try.to, try.data, try.operation)
		if refused, err := bindings.NewGuard().UnpackError(data); err != nil {
			t.Errorf("%s: data %x, %v %v", name, data, refused, err)
		}
	}
	c.execute(t, bare, c.Faucet(), nil, call)
}

// signedOperation is a user operation of the wallet that two owners signed.
func (c *chain) signedOperation(t *testing.T, to common.Address, data []byte, operation uint8) bindings.PackedUserOperation {
	t.Helper()
	op := c.operation(t, 0, to, data, operation)
	c.sign(t, &op, c.owners[0], c.owners[1])
	return op
}

// execute has two owners sign and the faucet send a Safe transaction without refund.
func (c *chain) execute(t *testing.T, safe, to common.Address, data []byte, operation uint8) *types.Receipt {
	t.Helper()
	receipt, err := c.Send(t.Context(), devnet.Call{To: &safe, Data: c.execution(t, safe, to, data, operation)})
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

// executeError does the same for a transaction that must fail, even when it is sent without
// asking first. It returns the error's data.
func (c *chain) executeError(t *testing.T, safe, to common.Address, data []byte, operation uint8) []byte {
	t.Helper()
	execution := c.execution(t, safe, to, data, operation)
	hash, err := c.Submit(t.Context(), devnet.Call{To: &safe, Data: execution, Gas: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	if receipt, err := c.Receipt(t.Context(), hash); receipt == nil || receipt.Status != types.ReceiptStatusFailed {
		t.Fatalf("a transaction that must fail: %v", err)
	}

	args := map[string]any{"from": c.Faucet(), "to": safe, "data": hexutil.Bytes(execution)}
	err = c.RPC().CallContext(t.Context(), new(hexutil.Bytes), "eth_call", args, "latest")
	var withData rpc.DataError
	if !errors.As(err, &withData) {
		t.Fatalf("eth_call: %v; want an error with data", err)
	}
	text, _ := withData.ErrorData().(string)
	reason, decodeErr := hexutil.Decode(text)
	if decodeErr != nil {
		t.Fatalf("eth_call: %v: data %q", err, text)
	}
	return reason
}

// execution is the calldata of a Safe transaction, signed by two owners for the next nonce.
func (c *chain) execution(t *testing.T, safe, to common.Address, data []byte, operation uint8) []byte {
	t.Helper()
	execution, err := c.SafeExecution(t.Context(), safe, devnet.Call{To: &to, Data: data}, operation, c.owners[:2])
	if err != nil {
		t.Fatal(err)
	}
	return execution
}
