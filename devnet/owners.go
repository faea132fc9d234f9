package devnet

import (
	"context"
	"crypto/ecdsa"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/accounts/abi/bind/v2"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer/bindings"
)

// Owners are throw-away keys of a Safe, to show what enough of them can sign, and what a
// Safe then refuses.
type Owners []*ecdsa.PrivateKey

// How a Safe makes a call.
const (
	OperationCall         uint8 = 0
	OperationDelegateCall uint8 = 1
)

// NewOwners makes keys.
func NewOwners(count int) (Owners, error) {
	owners := make(Owners, count)
	for i := range owners {
		var err error
		if owners[i], err = crypto.GenerateKey(); err != nil {
			return nil, err
		}
	}
	return owners, nil
}

// Addresses are the owners', in their order.
func (o Owners) Addresses() []common.Address {
	addresses := make([]common.Address, len(o))
	for i, key := range o {
		addresses[i] = crypto.PubkeyToAddress(key.PublicKey)
	}
	return addresses
}

// Sign returns the 65-byte signatures of a digest in the order of the owners' addresses, as
// Safe's checkSignatures wants them.
func (o Owners) Sign(digest common.Hash) ([]byte, error) {
	sorted := slices.SortedFunc(slices.Values(o), func(a, b *ecdsa.PrivateKey) int {
		return crypto.PubkeyToAddress(a.PublicKey).Cmp(crypto.PubkeyToAddress(b.PublicKey))
	})
	var joined []byte
	for _, key := range sorted {
		signature, err := crypto.Sign(digest[:], key)
		if err != nil {
			return nil, err
		}
		signature[64] += 27
		joined = append(joined, signature...)
	}
	return joined, nil
}

// SafeExecution is the calldata of execTransaction for the Safe's next nonce, without
// refund, signed by these owners. The Safe says what there is to sign.
func (a *Anvil) SafeExecution(ctx context.Context, safe common.Address, call Call, operation uint8, owners Owners) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	zero, binding := new(big.Int), bindings.NewSafe()
	instance := binding.Instance(a.Eth(), safe)
	nonce, err := bind.Call(instance, callOpts(ctx), binding.PackNonce(), binding.UnpackNonce)
	if err != nil {
		return nil, fmt.Errorf("nonce of Safe %s: %w", safe, err)
	}
	value := zero
	if call.Value != nil {
		value = call.Value
	}
	digest, err := bind.Call(instance, callOpts(ctx), binding.PackGetTransactionHash(*call.To, value, call.Data, operation,
		zero, zero, zero, common.Address{}, common.Address{}, nonce), binding.UnpackGetTransactionHash)
	if err != nil {
		return nil, fmt.Errorf("transaction hash of Safe %s: %w", safe, err)
	}
	signatures, err := owners.Sign(digest)
	if err != nil {
		return nil, err
	}
	return binding.PackExecTransaction(*call.To, value, call.Data, operation, zero, zero, zero, common.Address{}, common.Address{}, signatures), nil
}

// SafeOperation is the Safe's next user operation in lane 0, valid at any time, signed by
// these owners. The module says what there is to sign.
func (a *Anvil) SafeOperation(ctx context.Context, c Contracts, safe common.Address, call Call, operation uint8, owners Owners) (bindings.PackedUserOperation, error) {
	const verificationGas, callGas, preVerificationGas = 300_000, 5_000_000, 100_000
	const gwei = 1_000_000_000
	const validity = "\x00\x00\x00\x00\x00\x00" + "\xff\xff\xff\xff\xff\xff" // validAfter, validUntil
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	entryPoint, module := bindings.NewEntryPoint(), bindings.NewSafe4337Module()
	nonce, err := bind.Call(entryPoint.Instance(a.Eth(), c.EntryPoint), callOpts(ctx), entryPoint.PackGetNonce(safe, new(big.Int)), entryPoint.UnpackGetNonce)
	if err != nil {
		return bindings.PackedUserOperation{}, fmt.Errorf("nonce of %s: %w", safe, err)
	}
	value := call.Value
	if value == nil {
		value = new(big.Int)
	}
	op := bindings.PackedUserOperation{
		Sender: safe, Nonce: nonce, CallData: module.PackExecuteUserOp(*call.To, value, call.Data, operation),
		AccountGasLimits: pair(verificationGas, callGas), PreVerificationGas: big.NewInt(preVerificationGas),
		GasFees: pair(gwei, 10*gwei), Signature: []byte(validity),
	}
	digest, err := bind.Call(module.Instance(a.Eth(), c.Safe4337Module), callOpts(ctx), module.PackGetOperationHash(op), module.UnpackGetOperationHash)
	if err != nil {
		return bindings.PackedUserOperation{}, fmt.Errorf("operation hash of %s: %w", safe, err)
	}
	signatures, err := owners.Sign(digest)
	op.Signature = append(op.Signature, signatures...)
	return op, err
}

// pair packs two numbers as the EntryPoint does gas limits and fees: 16 bytes each.
func pair(high, low uint64) (packed [32]byte) {
	binary.BigEndian.PutUint64(packed[8:16], high)
	binary.BigEndian.PutUint64(packed[24:32], low)
	return packed
}
