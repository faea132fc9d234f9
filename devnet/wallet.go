package devnet

import (
	"context"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/accounts/abi/bind/v2"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer/bindings"
)

// CreateSafe makes a Safe 1.5.0 of these owners, with the 4337 module enabled and set as
// fallback handler and c.Guard, if there is one, as both its guards; or returns the one that
// is there: owners (in this order), threshold, guard and salt nonce decide the address.
func (a *Anvil) CreateSafe(ctx context.Context, c Contracts, owners []common.Address, threshold int, saltNonce uint64) (common.Address, error) {
	safe := c.SafeAddress(owners, threshold, saltNonce)
	present, err := a.hasCode(ctx, safe)
	if err != nil || present {
		return safe, err
	}
	data := bindings.NewSafeProxyFactory().PackCreateProxyWithNonce(c.Safe, c.safeSetup(owners, threshold), new(big.Int).SetUint64(saltNonce))
	if _, err := a.Send(ctx, Call{To: &c.SafeProxyFactory, Data: data}); err != nil {
		return common.Address{}, fmt.Errorf("create a Safe: %w", err)
	}
	if present, err = a.hasCode(ctx, safe); err != nil {
		return common.Address{}, err
	}
	if !present {
		return common.Address{}, fmt.Errorf("create a Safe: it is not at %s", safe)
	}
	return safe, nil
}

// SafeAddress is where CreateSafe puts a Safe: CREATE2 by the proxy factory with salt
// keccak(keccak(setup call) ++ saltNonce).
func (c Contracts) SafeAddress(owners []common.Address, threshold int, saltNonce uint64) common.Address {
	nonce := common.BigToHash(new(big.Int).SetUint64(saltNonce))
	salt := crypto.Keccak256Hash(crypto.Keccak256(c.safeSetup(owners, threshold)), nonce[:])
	proxy := code(bindings.SafeProxyMetaData.Bin, common.LeftPadBytes(c.Safe[:], 32))
	return crypto.CreateAddress2(c.SafeProxyFactory, salt, crypto.Keccak256(proxy))
}

// safeSetup is the setup call of a new Safe: no payment, the 4337 module as fallback handler,
// and one delegatecall that enables the module. With a guard, that is a batch in which the
// Safe calls itself; MultiSendCallOnly 1.5.0 takes the zero address for it, and its own is
// not known before this call is hashed.
func (c Contracts) safeSetup(owners []common.Address, threshold int) []byte {
	to, data := c.SafeModuleSetup, bindings.NewSafeModuleSetup().PackEnableModules([]common.Address{c.Safe4337Module})
	if c.Guard != (common.Address{}) {
		safe, self := bindings.NewSafe(), common.Address{}
		to, data = c.MultiSendCallOnly, MultiSend(
			Call{To: &self, Data: safe.PackEnableModule(c.Safe4337Module)},
			Call{To: &self, Data: safe.PackSetModuleGuard(c.Guard)},
			Call{To: &self, Data: safe.PackSetGuard(c.Guard)})
	}
	return bindings.NewSafe().PackSetup(owners, big.NewInt(int64(threshold)), to, data,
		c.Safe4337Module, common.Address{}, new(big.Int), common.Address{})
}

// MultiSend is the calldata with which a Safe delegatecalls MultiSendCallOnly to make these
// calls in turn, each packed as operation (0), to, value, length, data.
func MultiSend(calls ...Call) []byte {
	var packed []byte
	for _, call := range calls {
		value := call.Value
		if value == nil {
			value = new(big.Int)
		}
		packed = append(packed, 0)
		packed = append(packed, call.To[:]...)
		packed = append(packed, common.BigToHash(value).Bytes()...)
		packed = append(packed, common.BigToHash(big.NewInt(int64(len(call.Data)))).Bytes()...)
		packed = append(packed, call.Data...)
	}
	return bindings.NewMultiSendCallOnly().PackMultiSend(packed)
}

// Issue makes base units of the test token out of nothing and pays them to an account with
// an ordinary transfer, whose receipt it returns.
func (a *Anvil) Issue(ctx context.Context, c Contracts, to common.Address, amount *big.Int) (*types.Receipt, error) {
	token := bindings.NewTestToken()
	if _, err := a.Send(ctx, Call{To: &c.Token, Data: token.PackIssue(amount)}); err != nil {
		return nil, fmt.Errorf("issue: %w", err)
	}
	receipt, err := a.Send(ctx, Call{To: &c.Token, Data: token.PackTransfer(to, amount)})
	if err != nil {
		return nil, fmt.Errorf("pay what was issued: %w", err)
	}
	return receipt, nil
}

// FundNative pays wei from the faucet with an ordinary transaction.
func (a *Anvil) FundNative(ctx context.Context, to common.Address, wei *big.Int) (*types.Receipt, error) {
	return a.Send(ctx, Call{To: &to, Value: wei})
}

// DepositTo puts wei into the EntryPoint as the gas money of an account.
func (a *Anvil) DepositTo(ctx context.Context, c Contracts, account common.Address, wei *big.Int) (*types.Receipt, error) {
	return a.Send(ctx, Call{To: &c.EntryPoint, Data: bindings.NewEntryPoint().PackDepositTo(account), Value: wei})
}

// TokenBalance returns the base units of the test token that an account holds in the
// latest block.
func (a *Anvil) TokenBalance(ctx context.Context, c Contracts, account common.Address) (*big.Int, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	token := bindings.NewTestToken()
	out, err := token.Instance(a.Eth(), c.Token).CallRaw(callOpts(ctx), token.PackBalanceOf(account))
	if err != nil {
		return nil, fmt.Errorf("token balance of %s: %w", account, err)
	}
	return token.UnpackBalanceOf(out)
}

func callOpts(ctx context.Context) *bind.CallOpts { return &bind.CallOpts{Context: ctx} }

// balanceSlot is where TestToken keeps its balances (contracts/snapshots/TestToken.storage.json).
const balanceSlot = 6

// Refuse makes the test token refuse every payment to an account: its balance becomes
// 2^256-1, so that adding to it reverts. With false the account has nothing.
func (a *Anvil) Refuse(ctx context.Context, c Contracts, account common.Address, refuse bool) error {
	slot := crypto.Keccak256Hash(common.LeftPadBytes(account[:], 32), common.LeftPadBytes([]byte{balanceSlot}, 32))
	var balance common.Hash
	if refuse {
		balance = common.MaxHash
	}
	return a.do(ctx, nil, "anvil_setStorageAt", c.Token, slot, balance)
}
