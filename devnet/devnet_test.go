package devnet_test

import (
	"context"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
)

func start(t *testing.T, config devnet.Config) *devnet.Anvil {
	t.Helper()
	a, err := devnet.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v\n%s", err, a.Logs())
		}
	})
	return a
}

func deploy(t *testing.T, a *devnet.Anvil) devnet.Contracts {
	t.Helper()
	c, err := a.Deploy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func height(t *testing.T, a *devnet.Anvil, tag rpc.BlockNumber) uint64 {
	t.Helper()
	header, err := a.Eth().HeaderByNumber(t.Context(), big.NewInt(tag.Int64()))
	if err != nil {
		t.Fatal(err)
	}
	return header.Number.Uint64()
}

// The addresses are those of the public chains: EntryPoint, module and setup as published
// in safe-modules-deployments, the Safe 1.5.0 set as in safe-deployments.
func TestContractsAreAtTheirCanonicalAddresses(t *testing.T) {
	for _, chain := range []uint64{31337, 56} {
		a := start(t, devnet.Config{ChainID: chain})
		got := deploy(t, a)
		got.Guard, got.Token = common.Address{}, common.Address{} // ours, on no public chain
		want := devnet.Contracts{
			EntryPoint:        common.HexToAddress("0x0000000071727De22E5E9d8BAf0edAc6f37da032"),
			Safe:              common.HexToAddress("0xEdd160fEBBD92E350D4D398fb636302fccd67C7e"),
			SafeProxyFactory:  common.HexToAddress("0x14F2982D601c9458F93bd70B218933A6f8165e7b"),
			MultiSendCallOnly: common.HexToAddress("0xA83c336B20401Af773B6219BA5027174338D1836"),
			Safe4337Module:    common.HexToAddress("0x75cf11467937ce3F2f357CE24ffc3DBF8fD5c226"),
			SafeModuleSetup:   common.HexToAddress("0x2dd68b007B46fBe91B9A7c3EDa5A7a1063cB5b47"),
		}
		if got != want {
			t.Errorf("chain %d:\n got %v\nwant %v", chain, got, want)
		}
	}
}

func TestDeployTwiceSendsNothingTheSecondTime(t *testing.T) {
	a := start(t, devnet.Config{})
	first := deploy(t, a)
	before := height(t, a, rpc.LatestBlockNumber)
	if second := deploy(t, a); second != first {
		t.Errorf("second deployment at other addresses: %v, %v", second, first)
	}
	if after := height(t, a, rpc.LatestBlockNumber); after != before {
		t.Errorf("second deployment made %d blocks", after-before)
	}
}

func TestSafeHasItsOwnersThresholdModuleHandlerAndGuards(t *testing.T) {
	a := start(t, devnet.Config{})
	c := deploy(t, a)
	owners := []common.Address{{0x11}, {0x22}, {0x33}}
	address, err := a.CreateSafe(t.Context(), c, owners, 2, 7)
	if err != nil {
		t.Fatal(err)
	}
	again, err := a.CreateSafe(t.Context(), c, owners, 2, 7)
	if err != nil || again != address {
		t.Errorf("second call: %s, %v; want the same %s", again, err, address)
	}

	binding := bindings.NewSafe()
	safe := binding.Instance(a.Eth(), address)
	call := func(data []byte) []byte {
		out, err := safe.CallRaw(nil, data)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if got, err := binding.UnpackVERSION(call(binding.PackVERSION())); err != nil || got != "1.5.0" {
		t.Errorf("version %q, %v", got, err)
	}
	if got, err := binding.UnpackGetThreshold(call(binding.PackGetThreshold())); err != nil || got.Int64() != 2 {
		t.Errorf("threshold %v, %v", got, err)
	}
	got, err := binding.UnpackGetOwners(call(binding.PackGetOwners()))
	if err != nil || len(got) != 3 || got[0] != owners[0] || got[1] != owners[1] || got[2] != owners[2] {
		t.Errorf("owners %v, %v", got, err)
	}
	if got, err := binding.UnpackIsModuleEnabled(call(binding.PackIsModuleEnabled(c.Safe4337Module))); err != nil || !got {
		t.Errorf("module enabled: %v, %v", got, err)
	}
	for name, want := range map[string]common.Address{
		"fallback_manager.handler.address":    c.Safe4337Module,
		"guard_manager.guard.address":         c.Guard,
		"module_manager.module_guard.address": c.Guard,
	} {
		value, err := a.Eth().StorageAt(t.Context(), address, crypto.Keccak256Hash([]byte(name)), nil)
		if err != nil || common.BytesToAddress(value) != want {
			t.Errorf("%s is %x, %v; want %s", name, value, err, want)
		}
	}
}

func TestSafeWithoutAGuardIsAnother(t *testing.T) {
	a := start(t, devnet.Config{})
	c := deploy(t, a)
	owners := []common.Address{{0x11}}
	guarded, err := a.CreateSafe(t.Context(), c, owners, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	c.Guard = common.Address{}
	bare, err := a.CreateSafe(t.Context(), c, owners, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if bare == guarded {
		t.Errorf("both are %s", bare)
	}
	value, err := a.Eth().StorageAt(t.Context(), bare, crypto.Keccak256Hash([]byte("guard_manager.guard.address")), nil)
	if err != nil || common.BytesToAddress(value) != (common.Address{}) {
		t.Errorf("guard %x, %v; want none", value, err)
	}
}

// The same owners get the same vault, factory and deposit addresses on both chains, so that
// what was paid on the wrong chain can be had by deploying there too.
func TestForwarderPaysItsVaultFromTheSameAddressOnEveryChain(t *testing.T) {
	var first common.Address
	for _, chain := range []uint64{31337, 56} {
		a := start(t, devnet.Config{ChainID: chain})
		forwarder := forwarderPaysItsVault(t, a)
		if first == (common.Address{}) {
			first = forwarder
		}
		if forwarder != first {
			t.Errorf("deposit address %s on chain %d, %s on the other", forwarder, chain, first)
		}
	}
}

func forwarderPaysItsVault(t *testing.T, a *devnet.Anvil) common.Address {
	t.Helper()
	c := deploy(t, a)
	vault, err := a.CreateSafe(t.Context(), c, []common.Address{{0x11}}, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	factory, err := a.DeployForwarderFactory(t.Context(), vault)
	if err != nil {
		t.Fatal(err)
	}
	binding := bindings.NewForwarderFactory()
	salt := [32]byte{1, 2, 3}
	out, err := binding.Instance(a.Eth(), factory).CallRaw(nil, binding.PackAddressOf(salt))
	if err != nil {
		t.Fatal(err)
	}
	forwarder, err := binding.UnpackAddressOf(out)
	if err != nil {
		t.Fatal(err)
	}
	if want := evm.ForwarderAddress(factory, salt); forwarder != want {
		t.Errorf("the factory says %s, evm %s", forwarder, want)
	}

	amount, wei := big.NewInt(12_345_678), big.NewInt(1e15)
	if _, err := a.Issue(t.Context(), c, forwarder, amount); err != nil {
		t.Fatal(err)
	}
	if _, err := a.FundNative(t.Context(), forwarder, wei); err != nil {
		t.Fatal(err)
	}
	flush := binding.PackFlushMany([][32]byte{salt}, []common.Address{c.Token, {}}, big.NewInt(150_000))
	if _, err := a.Send(t.Context(), devnet.Call{To: &factory, Data: flush}); err != nil {
		t.Fatal(err)
	}

	if got, err := a.TokenBalance(t.Context(), c, vault); err != nil || got.Cmp(amount) != 0 {
		t.Errorf("vault holds %v, %v; want %v", got, err, amount)
	}
	if got, err := a.Eth().BalanceAt(t.Context(), vault, nil); err != nil || got.Cmp(wei) != 0 {
		t.Errorf("vault holds %v wei, %v; want %v", got, err, wei)
	}
	return forwarder
}

func TestReorgDropsTransactionsAndKeepsTheHeight(t *testing.T) {
	a := start(t, devnet.Config{})
	receipt, err := a.FundNative(t.Context(), common.Address{0x42}, big.NewInt(1))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Mine(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	before := height(t, a, rpc.LatestBlockNumber)
	if err := a.Reorg(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if after := height(t, a, rpc.LatestBlockNumber); after != before {
		t.Errorf("height %d after, %d before", after, before)
	}
	if _, err := a.Eth().TransactionReceipt(t.Context(), receipt.TxHash); err == nil {
		t.Error("the transaction is still there")
	}
	block, err := a.Eth().HeaderByNumber(t.Context(), receipt.BlockNumber)
	if err != nil || block.Hash() == receipt.BlockHash {
		t.Errorf("block %d is the same after the reorganisation (%v)", receipt.BlockNumber, err)
	}
}

func TestBlocksBecomeFinal(t *testing.T) {
	a := start(t, devnet.Config{})
	if err := a.Mine(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	if latest, final := height(t, a, rpc.LatestBlockNumber), height(t, a, rpc.FinalizedBlockNumber); latest != 10 || final != 6 {
		t.Errorf("latest %d, final %d; want 10 and 6", latest, final)
	}
}

func TestWithoutAutomineOnlyMineMakesBlocks(t *testing.T) {
	a := start(t, devnet.Config{})
	if err := a.SetAutomine(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	to := common.Address{0x42}
	sent := make(chan error, 1)
	go func() {
		_, err := a.Send(t.Context(), devnet.Call{To: &to, Value: big.NewInt(1)})
		sent <- err
	}()
	pending := func() uint64 {
		var status struct{ Pending string }
		if err := a.RPC().CallContext(t.Context(), &status, "txpool_status"); err != nil {
			t.Fatal(err)
		}
		n, _ := new(big.Int).SetString(strings.TrimPrefix(status.Pending, "0x"), 16)
		return n.Uint64()
	}
	for deadline := time.Now().Add(10 * time.Second); pending() == 0; {
		if time.Now().After(deadline) {
			t.Fatal("the transaction is not in the pool")
		}
	}
	if got := height(t, a, rpc.LatestBlockNumber); got != 0 {
		t.Fatalf("height %d before Mine", got)
	}
	if err := a.Mine(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

func TestStartSaysWhatIsMissing(t *testing.T) {
	_, err := devnet.Start(t.Context(), devnet.Config{Binary: filepath.Join(t.TempDir(), "anvil")})
	if err == nil {
		t.Fatal("started a binary that does not exist")
	}
	_, err = devnet.Start(t.Context(), devnet.Config{Binary: "/bin/false"})
	if err == nil || !strings.Contains(err.Error(), "ended") {
		t.Errorf("a binary that ends at once: %v", err)
	}
}

func TestTheTokenHasTheDecimalsOfItsChain(t *testing.T) {
	a := start(t, devnet.Config{ChainID: 56, TokenDecimals: 18})
	contracts, err := a.Deploy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	data := bindings.NewTestToken().PackDecimals()
	out, err := a.Eth().CallContract(t.Context(), ethereum.CallMsg{To: &contracts.Token, Data: data}, nil)
	if err != nil || new(big.Int).SetBytes(out).Int64() != 18 {
		t.Errorf("decimals %x, %v; want 18", out, err)
	}
}
