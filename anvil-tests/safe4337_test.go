package anviltests

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/binary"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/accounts/abi/bind/v2"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
)

// What Coffer stands on: Safe4337Module 0.3.0, written for Safe 1.4.1, validates and
// executes user operations of a Safe 1.5.0 through EntryPoint v0.7. The hashing here is
// written from EIP-712 and the module's struct, apart from the product's own.

const (
	call         uint8 = 0
	delegateCall uint8 = 1
)

func TestModuleExecutesAUserOperationOfTwoOwners(t *testing.T) {
	c := newChain(t)
	to, executor := common.Address{0x77}, c.Faucet()
	if _, err := c.Issue(t.Context(), c.Contracts, c.wallet, big.NewInt(1000)); err != nil {
		t.Fatal(err)
	}
	op := c.operation(t, 0, c.Token, bindings.NewTestToken().PackTransfer(to, big.NewInt(300)), call)
	c.sign(t, &op, c.owners[0], c.owners[2])

	receipt := c.handle(t, executor, op)

	event := c.operationEvent(t, receipt)
	if !event.Success || event.Sender != c.wallet {
		t.Errorf("operation of %s, success %v", event.Sender, event.Success)
	}
	if got := c.tokenBalance(t, to); got != 300 {
		t.Errorf("recipient holds %d, want 300", got)
	}
	if got := c.tokenBalance(t, c.wallet); got != 700 {
		t.Errorf("wallet holds %d, want 700", got)
	}
	t.Logf("gas used by handleOps: %d", receipt.GasUsed)
}

func TestModuleExecutesABatchOfTwoOwners(t *testing.T) {
	c := newChain(t)
	if _, err := c.Issue(t.Context(), c.Contracts, c.wallet, big.NewInt(1000)); err != nil {
		t.Fatal(err)
	}
	var calls []devnet.Call
	recipients := []common.Address{{0x71}, {0x72}, {0x73}}
	for _, to := range recipients {
		calls = append(calls, devnet.Call{To: &c.Token, Data: bindings.NewTestToken().PackTransfer(to, big.NewInt(100))})
	}
	op := c.operation(t, 1, c.MultiSendCallOnly, devnet.MultiSend(calls...), delegateCall)
	c.sign(t, &op, c.owners[1], c.owners[2])

	receipt := c.handle(t, c.Faucet(), op)

	if event := c.operationEvent(t, receipt); !event.Success {
		t.Error("the operation failed")
	}
	for _, to := range recipients {
		if got := c.tokenBalance(t, to); got != 100 {
			t.Errorf("%s holds %d, want 100", to, got)
		}
	}
}

func TestModuleRefusesAnythingButTwoOwnersSignatures(t *testing.T) {
	c := newChain(t)
	if _, err := c.Issue(t.Context(), c.Contracts, c.wallet, big.NewInt(1000)); err != nil {
		t.Fatal(err)
	}
	stranger := newKey(t)
	op := c.operation(t, 0, c.Token, bindings.NewTestToken().PackTransfer(common.Address{0x77}, big.NewInt(300)), call)
	cases := map[string]func(*bindings.PackedUserOperation){
		"one owner":              func(o *bindings.PackedUserOperation) { c.sign(t, o, c.owners[0]) },
		"one owner twice":        func(o *bindings.PackedUserOperation) { c.sign(t, o, c.owners[0], c.owners[0]) },
		"an owner, a stranger":   func(o *bindings.PackedUserOperation) { c.sign(t, o, c.owners[0], stranger) },
		"no signature":           func(o *bindings.PackedUserOperation) { o.Signature = make([]byte, 12) },
		"another call than this": func(o *bindings.PackedUserOperation) { c.sign(t, o, c.owners[0], c.owners[1]); o.CallData[99]++ },
		"another gas price": func(o *bindings.PackedUserOperation) {
			c.sign(t, o, c.owners[0], c.owners[1])
			o.GasFees[31]++
		},
	}
	for name, tamper := range cases {
		t.Run(name, func(t *testing.T) {
			bad := op
			bad.CallData = bytes.Clone(op.CallData)
			tamper(&bad)
			err := c.simulate(t, c.Faucet(), bad)
			if err == nil || !strings.HasPrefix(failedOp(t, err), "AA24") {
				t.Errorf("got %v, want AA24", err)
			}
		})
	}
	c.sign(t, &op, c.owners[0], c.owners[1])
	if err := c.simulate(t, c.Faucet(), op); err != nil {
		t.Errorf("the same operation, well signed: %v", err)
	}
}

func TestFailedInnerCallShowsOnlyInTheOperationsEvent(t *testing.T) {
	c := newChain(t)
	op := c.operation(t, 0, c.Token, bindings.NewTestToken().PackTransfer(common.Address{0x77}, big.NewInt(1)), call)
	c.sign(t, &op, c.owners[0], c.owners[1])

	receipt := c.handle(t, c.Faucet(), op)

	if receipt.Status != types.ReceiptStatusSuccessful {
		t.Error("the bundle reverted")
	}
	if event := c.operationEvent(t, receipt); event.Success {
		t.Error("a transfer of what the wallet does not hold succeeded")
	}
}

// operation is an unsigned user operation of the wallet in a lane (EntryPoint key), valid
// at any time.
func (c *chain) operation(t *testing.T, lane int64, to common.Address, data []byte, operation uint8) bindings.PackedUserOperation {
	t.Helper()
	entryPoint := bindings.NewEntryPoint()
	nonce, err := bind.Call(entryPoint.Instance(c.Eth(), c.EntryPoint), &bind.CallOpts{Context: t.Context()},
		entryPoint.PackGetNonce(c.wallet, big.NewInt(lane)), entryPoint.UnpackGetNonce)
	if err != nil {
		t.Fatal(err)
	}
	return bindings.PackedUserOperation{
		Sender:             c.wallet,
		Nonce:              nonce,
		CallData:           bindings.NewSafe4337Module().PackExecuteUserOp(to, new(big.Int), data, operation),
		AccountGasLimits:   halves(200_000, 300_000), // verification, call
		PreVerificationGas: big.NewInt(60_000),
		GasFees:            halves(1e9, 10e9), // priority, max
	}
}

// sign sets the signature: validAfter (6 bytes), validUntil (6), owners' signatures.
func (c *chain) sign(t *testing.T, op *bindings.PackedUserOperation, keys ...*ecdsa.PrivateKey) {
	t.Helper()
	const validAfter, validUntil = 0, 1 << 40
	digest := c.safeOpHash(*op, validAfter, validUntil)
	validity := binary.BigEndian.AppendUint64(nil, validAfter<<16)[:6]
	validity = append(validity, binary.BigEndian.AppendUint64(nil, validUntil<<16)[:6]...)
	signatures, err := devnet.Owners(keys).Sign(digest)
	if err != nil {
		t.Fatal(err)
	}
	op.Signature = append(validity, signatures...)

	module := bindings.NewSafe4337Module()
	onChain, err := bind.Call(module.Instance(c.Eth(), c.Safe4337Module), &bind.CallOpts{Context: t.Context()},
		module.PackGetOperationHash(*op), module.UnpackGetOperationHash)
	if err != nil {
		t.Fatal(err)
	}
	if onChain != digest {
		t.Fatalf("SafeOp hash %s, the module says %x", digest, onChain)
	}
}

// safeOpHash is the EIP-712 digest that owners sign; the domain is (chainId, module).
func (c *chain) safeOpHash(op bindings.PackedUserOperation, validAfter, validUntil uint64) common.Hash {
	word := func(b []byte) []byte { return common.LeftPadBytes(b, 32) }
	number := func(n uint64) []byte { return word(new(big.Int).SetUint64(n).Bytes()) }
	domain := crypto.Keccak256(
		crypto.Keccak256([]byte("EIP712Domain(uint256 chainId,address verifyingContract)")),
		number(c.ChainID), word(c.Safe4337Module[:]))
	safeOp := crypto.Keccak256(
		crypto.Keccak256([]byte("SafeOp(address safe,uint256 nonce,bytes initCode,bytes callData,uint128 verificationGasLimit,"+
			"uint128 callGasLimit,uint256 preVerificationGas,uint128 maxPriorityFeePerGas,uint128 maxFeePerGas,"+
			"bytes paymasterAndData,uint48 validAfter,uint48 validUntil,address entryPoint)")),
		word(op.Sender[:]), word(op.Nonce.Bytes()), crypto.Keccak256(op.InitCode), crypto.Keccak256(op.CallData),
		word(op.AccountGasLimits[:16]), word(op.AccountGasLimits[16:]), word(op.PreVerificationGas.Bytes()),
		word(op.GasFees[:16]), word(op.GasFees[16:]), crypto.Keccak256(op.PaymasterAndData),
		number(validAfter), number(validUntil), word(c.EntryPoint[:]))
	return crypto.Keccak256Hash([]byte{0x19, 0x01}, domain, safeOp)
}

func (c *chain) handle(t *testing.T, beneficiary common.Address, op bindings.PackedUserOperation) *types.Receipt {
	t.Helper()
	receipt, err := c.Send(t.Context(), devnet.Call{To: &c.EntryPoint, Data: handleOps(beneficiary, op)})
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

func (c *chain) simulate(t *testing.T, beneficiary common.Address, op bindings.PackedUserOperation) error {
	t.Helper()
	_, err := c.Eth().CallContract(t.Context(), ethereum.CallMsg{From: c.Faucet(), To: &c.EntryPoint, Data: handleOps(beneficiary, op)}, nil)
	return err
}

func handleOps(beneficiary common.Address, op bindings.PackedUserOperation) []byte {
	return bindings.NewEntryPoint().PackHandleOps([]bindings.PackedUserOperation{op}, beneficiary)
}

// operationEvent returns the only UserOperationEvent of a receipt.
func (c *chain) operationEvent(t testing.TB, receipt *types.Receipt) *bindings.EntryPointUserOperationEvent {
	t.Helper()
	entryPoint := bindings.NewEntryPoint()
	var found []*bindings.EntryPointUserOperationEvent
	for _, log := range receipt.Logs {
		if log.Address != c.EntryPoint {
			continue
		}
		if event, err := entryPoint.UnpackUserOperationEventEvent(log); err == nil {
			found = append(found, event)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d UserOperationEvents, want one", len(found))
	}
	return found[0]
}

// failedOp returns the reason of the EntryPoint's FailedOp, read from the error's data.
func failedOp(t *testing.T, err error) string {
	t.Helper()
	var withData rpc.DataError
	if !errors.As(err, &withData) {
		t.Fatalf("%v: no data", err)
	}
	text, ok := withData.ErrorData().(string)
	if !ok {
		t.Fatalf("%v: data is %T", err, withData.ErrorData())
	}
	data, decodeErr := hexutil.Decode(text)
	if decodeErr != nil || len(data) < 4 {
		t.Fatalf("%v: data %q", err, text)
	}
	unpacked, unpackErr := bindings.NewEntryPoint().UnpackFailedOpError(data[4:])
	if unpackErr != nil {
		t.Fatalf("%v: data %q: %v", err, text, unpackErr)
	}
	return unpacked.Reason
}

// halves packs two numbers as the EntryPoint packs gas limits and fees: 16 bytes each.
func halves(high, low uint64) (packed [32]byte) {
	binary.BigEndian.PutUint64(packed[8:16], high)
	binary.BigEndian.PutUint64(packed[24:32], low)
	return packed
}
