package evm_test

import (
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
)

func TestOnlyAWalletWithBothGuardsPasses(t *testing.T) {
	c := newChain(t)
	if err := evm.CheckGuard(t.Context(), c.client, c.wallet, c.Guard); err != nil {
		t.Errorf("a guarded Safe: %v", err)
	}
	if got := evm.GuardAddress(c.MultiSendCallOnly, uint64(devnet.GuardDelay.Seconds()), uint64(devnet.GuardWindow.Seconds())); got != c.Guard {
		t.Errorf("the guard is at %s, computed %s", c.Guard, got)
	}

	strict, err := c.DeployGuard(t.Context(), c.Contracts, 2*devnet.GuardDelay, devnet.GuardWindow)
	if err != nil {
		t.Fatal(err)
	}
	foreign := c.Contracts
	foreign.MultiSendCallOnly = c.Token // a guard that would let another contract be delegatecalled
	lax, err := c.DeployGuard(t.Context(), foreign, devnet.GuardDelay, devnet.GuardWindow)
	if err != nil {
		t.Fatal(err)
	}
	none, module := c.Contracts, bindings.NewSafe()
	none.Guard = common.Address{}
	owner := crypto.PubkeyToAddress(c.owners[0].PublicKey)
	bare, err := c.CreateSafe(t.Context(), none, []common.Address{owner}, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	half := halfGuarded(t, c, module.PackSetGuard(c.Guard))
	otherHalf := halfGuarded(t, c, module.PackSetModuleGuard(c.Guard))

	for name, try := range map[string]struct {
		wallet, guard common.Address
		says          string
	}{
		"no guard":                     {bare, c.Guard, "its guard is 0x0000000000000000000000000000000000000000"},
		"no guard for modules":         {half, c.Guard, "its module guard is 0x0000000000000000000000000000000000000000"},
		"none for transactions":        {otherHalf, c.Guard, "its guard is 0x0000000000000000000000000000000000000000"},
		"another guard":                {c.wallet, strict, "its guard is " + c.Guard.Hex()},
		"a guard of another MultiSend": {c.wallet, lax, "is not our guard with the MultiSendCallOnly"},
		"another contract":             {c.wallet, c.Token, "guard " + c.Token.Hex()},
		"no contract":                  {c.wallet, owner, "there is no contract"},
		"no Safe":                      {c.Token, c.Guard, "version"},
	} {
		err := evm.CheckGuard(t.Context(), c.client, try.wallet, try.guard)
		if err == nil || !strings.Contains(err.Error(), try.says) {
			t.Errorf("%s: %v; want %q", name, err, try.says)
		}
	}
}

// halfGuarded is a Safe that calls itself with one change when it is made.
func halfGuarded(t *testing.T, c *chain, change []byte) common.Address {
	t.Helper()
	owner := crypto.PubkeyToAddress(c.owners[0].PublicKey)
	setup := bindings.NewSafe().PackSetup([]common.Address{owner}, common.Big1, c.MultiSendCallOnly,
		devnet.MultiSend(devnet.Call{To: &common.Address{}, Data: change}), c.Safe4337Module, common.Address{}, common.Big0, common.Address{})
	receipt, err := c.Send(t.Context(), devnet.Call{To: &c.SafeProxyFactory, Data: bindings.NewSafeProxyFactory().PackCreateProxyWithNonce(c.Contracts.Safe, setup, common.Big0)})
	if err != nil {
		t.Fatal(err)
	}
	for _, log := range receipt.Logs {
		if event, err := bindings.NewSafeProxyFactory().UnpackProxyCreationEvent(log); err == nil {
			return event.Proxy
		}
	}
	t.Fatal("no Safe was made")
	return common.Address{}
}
