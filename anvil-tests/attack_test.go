package anviltests

import (
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/accounts/abi/bind/v2"
	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
)

// attack is something that enough owners signed and that would make the Safe somebody
// else's. done reports whether it did.
type attack struct {
	name      string
	call      func(safe common.Address) devnet.Call
	operation uint8
	done      func(t *testing.T, safe common.Address) bool
}

// TestWhatMakesTheSafeAnothersIsRefused tries each attack three times: on a Safe without a
// guard, where it must work, or it proves nothing; then on a guarded one by execTransaction
// and by user operation, where the chain must refuse it and nothing may have changed.
func TestWhatMakesTheSafeAnothersIsRefused(t *testing.T) {
	c := newChain(t)
	for salt, a := range c.attacks(t) {
		t.Run(a.name, func(t *testing.T) {
			none := c.Contracts
			none.Guard = common.Address{}
			bare, err := c.CreateSafe(t.Context(), none, c.owners.Addresses(), 2, uint64(salt)) // #nosec G115 -- an index
			if err != nil {
				t.Fatal(err)
			}
			try := a.call(bare)
			c.execute(t, bare, *try.To, try.Data, a.operation)
			if !a.done(t, bare) {
				t.Fatal("the attack does not work at all")
			}

			try = a.call(c.wallet)
			data := c.executeError(t, c.wallet, *try.To, try.Data, a.operation)
			if refused, err := bindings.NewGuard().UnpackError(data); err != nil {
				t.Errorf("execTransaction ends with %x, which is no refusal of the guard: %v %v", data, refused, err)
			}
			op := c.signedOperation(t, *try.To, try.Data, a.operation)
			if event := c.operationEvent(t, c.handle(t, c.Faucet(), op)); event.Success {
				t.Error("the user operation succeeded")
			}
			if a.done(t, c.wallet) {
				t.Error("the guarded Safe is another's")
			}
		})
	}
}

func (c *chain) attacks(t *testing.T) []attack {
	t.Helper()
	safe, thief := bindings.NewSafe(), common.Address{0xba, 0xd1}
	target := common.Address{0xba, 0xd0}
	if err := c.SetCode(t.Context(), target, slotZero); err != nil {
		t.Fatal(err)
	}
	lax := c.laxGuard(t)
	self := func(data []byte) func(common.Address) devnet.Call {
		return func(wallet common.Address) devnet.Call { return devnet.Call{To: &wallet, Data: data} }
	}
	batched := func(data []byte) func(common.Address) devnet.Call {
		return func(wallet common.Address) devnet.Call {
			return devnet.Call{To: &c.MultiSendCallOnly, Data: devnet.MultiSend(devnet.Call{To: &wallet, Data: data})}
		}
	}
	slotIs := func(slot common.Hash, want common.Address) func(*testing.T, common.Address) bool {
		return func(t *testing.T, wallet common.Address) bool { return c.slot(t, wallet, slot) == want }
	}
	isOwner := func(t *testing.T, wallet common.Address) bool {
		owners, err := bind.Call(safe.Instance(c.Eth(), wallet), nil, safe.PackGetOwners(), safe.UnpackGetOwners)
		if err != nil {
			t.Fatal(err)
		}
		return slices.Contains(owners, thief)
	}
	hasModule := func(t *testing.T, wallet common.Address) bool {
		enabled, err := bind.Call(safe.Instance(c.Eth(), wallet), nil, safe.PackIsModuleEnabled(thief), safe.UnpackIsModuleEnabled)
		if err != nil {
			t.Fatal(err)
		}
		return enabled
	}
	threshold := func(t *testing.T, wallet common.Address) bool {
		got, err := bind.Call(safe.Instance(c.Eth(), wallet), nil, safe.PackGetThreshold(), safe.UnpackGetThreshold)
		if err != nil {
			t.Fatal(err)
		}
		return got.Int64() == 1
	}
	first := c.owners.Addresses()[0]
	return []attack{
		{"the Bybit payload", func(common.Address) devnet.Call {
			return devnet.Call{To: &target, Data: bindings.NewTestToken().PackTransfer(thief, new(big.Int))}
		}, delegateCall, slotIs(common.Hash{}, thief)},
		{"the token as fallback handler", self(safe.PackSetFallbackHandler(c.Token)), call, c.drained(thief)},
		{"the token as fallback handler, in a batch", batched(safe.PackSetFallbackHandler(c.Token)), delegateCall, c.drained(thief)},
		{"a module", self(safe.PackEnableModule(thief)), call, hasModule},
		{"a module through MultiSendCallOnly", batched(safe.PackEnableModule(thief)), delegateCall, hasModule},
		{"a module through MultiSendCallOnly and the zero address", func(common.Address) devnet.Call {
			return devnet.Call{To: &c.MultiSendCallOnly, Data: devnet.MultiSend(devnet.Call{To: &common.Address{}, Data: safe.PackEnableModule(thief)})}
		}, delegateCall, hasModule},
		{"another owner", self(safe.PackAddOwnerWithThreshold(thief, common.Big1)), call, isOwner},
		{"another owner for one of three", self(safe.PackSwapOwner(common.Address{19: 1}, first, thief)), call, isOwner},
		{"another owner, in a batch", batched(safe.PackAddOwnerWithThreshold(thief, common.Big1)), delegateCall, isOwner},
		{"a threshold of one", self(safe.PackChangeThreshold(common.Big1)), call, threshold},
		{"a guard of the thief's", self(safe.PackSetGuard(lax)), call, slotIs(guardSlot, lax)},
		{"a module guard of the thief's", self(safe.PackSetModuleGuard(lax)), call, slotIs(moduleGuardSlot, lax)},
	}
}

// Where a Safe 1.5.0 keeps its guards: keccak256 of "guard_manager.guard.address" and of
// "module_manager.module_guard.address".
var (
	guardSlot       = common.HexToHash("0x4a204f620c8c5ccdca3fd54d003badd85ba500436a431f0cbda4f558c93c34c8")
	moduleGuardSlot = common.HexToHash("0xb104e0b93118902c651344349b610029d694cfdec91c589c91ebafbcd0289947")
)

// laxGuard is a guard that lets a Safe delegatecall something else.
func (c *chain) laxGuard(t *testing.T) common.Address {
	t.Helper()
	contracts := c.Contracts
	contracts.MultiSendCallOnly = common.Address{0xba, 0xd0}
	guard, err := c.DeployGuard(t.Context(), contracts, devnet.GuardDelay, devnet.GuardWindow)
	if err != nil {
		t.Fatal(err)
	}
	return guard
}

// drained gives the Safe money and has a stranger call transfer on it, which a token as
// fallback handler takes for the Safe's own call.
func (c *chain) drained(thief common.Address) func(*testing.T, common.Address) bool {
	return func(t *testing.T, wallet common.Address) bool {
		t.Helper()
		if _, err := c.Issue(t.Context(), c.Contracts, wallet, big.NewInt(100)); err != nil {
			t.Fatal(err)
		}
		before := c.tokenBalance(t, thief)
		theft := bindings.NewTestToken().PackTransfer(thief, big.NewInt(100))
		if _, err := c.Eth().CallContract(t.Context(), ethereum.CallMsg{From: thief, To: &wallet, Data: theft}, nil); err != nil {
			return false
		}
		if _, err := c.Send(t.Context(), devnet.Call{To: &wallet, Data: theft}); err != nil {
			t.Fatal(err)
		}
		return c.tokenBalance(t, thief) == before+100
	}
}

func (c *chain) slot(t *testing.T, contract common.Address, slot common.Hash) common.Address {
	t.Helper()
	value, err := c.Eth().StorageAt(t.Context(), contract, slot, nil)
	if err != nil {
		t.Fatal(err)
	}
	return common.BytesToAddress(value)
}
