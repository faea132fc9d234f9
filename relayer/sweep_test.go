package relayer_test

import (
	"encoding/json"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
)

// weirdTokens compiles contracts/test/tokens and returns their runtime code by name. They
// have neither constructors nor immutables.
func weirdTokens(t *testing.T) map[string][]byte {
	t.Helper()
	forge, err := filepath.Abs(filepath.Join("..", "contracts", "node_modules", ".bin", "forge"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), forge, "build", filepath.Join("contracts", "test", "tokens"),
		"--out", filepath.Join(dir, "out"), "--cache-path", filepath.Join(dir, "cache"))
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("this test needs forge: run `make setup`: %v\n%s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "out", "*.sol", "*Token.json"))
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string][]byte{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var artifact struct {
			DeployedBytecode struct{ Object string }
		}
		if err := json.Unmarshal(text, &artifact); err != nil {
			t.Fatal(err)
		}
		codes[strings.TrimSuffix(filepath.Base(file), ".json")] = common.FromHex(artifact.DeployedBytecode.Object)
	}
	return codes
}

func word(n int64) []byte { return common.BigToHash(big.NewInt(n)).Bytes() }

// sweepIntent sweeps every asset from forwarders of the wallet.
func (c *chain) sweepIntent(t *testing.T, salts []coffer.Hash, assets ...coffer.AssetID) coffer.Intent {
	t.Helper()
	i := c.intent(t, "0x7377656570")
	i.Purpose = coffer.PurposeSweep
	for _, salt := range salts {
		for _, asset := range assets {
			forwarder := evm.ForwarderAddress(evm.FactoryAddress(c.safe.Address), salt)
			i.Sweeps = append(i.Sweeps, coffer.Sweep{Forwarder: evm.AddressOf(forwarder), Salt: salt, Asset: asset})
		}
	}
	return i
}

// Hostile tokens keep their own money where it is, and nothing else: in the same operation
// the good ones and the native coin of every address arrive.
func TestHostileTokensStopNoSweep(t *testing.T) {
	c := newChain(t)
	ctx := t.Context()
	if _, err := c.DeployForwarderFactory(ctx, c.safe.Address); err != nil {
		t.Fatal(err)
	}
	codes := weirdTokens(t)
	tokens := map[string]common.Address{}
	assets := []coffer.AssetID{c.token(), native}
	place := func(name string) common.Address {
		at := common.BytesToAddress(crypto.Keccak256([]byte(name))[:20])
		if len(codes[name]) == 0 {
			t.Fatalf("%s was not compiled", name)
		}
		if err := c.SetCode(ctx, at, codes[name]); err != nil {
			t.Fatal(err)
		}
		tokens[name] = at
		assets = append(assets, evm.TokenAsset(chainID, at))
		return at
	}

	salts := []coffer.Hash{{1}, {2}}
	forwarders := make([]common.Address, len(salts))
	for n, salt := range salts {
		forwarders[n] = evm.ForwarderAddress(evm.FactoryAddress(c.safe.Address), salt)
		if _, err := c.Issue(ctx, c.Contracts, forwarders[n], big.NewInt(500)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.FundNative(ctx, forwarders[n], big.NewInt(700)); err != nil {
			t.Fatal(err)
		}
	}
	// What of 1000 at each address a flush leaves there.
	left := map[string]int64{
		"PlainToken": 0, "FeeToken": 0, "ReentrantToken": 0, // move
		"FalseToken": 1000, "LyingToken": 1000, "BurningToken": 1000, "LimitToken": 1000, "FeeOnTopToken": 1000, // do not
	}
	for name := range left {
		at := place(name)
		for _, forwarder := range forwarders {
			data := append(append(methodID("mint(address,uint256)"), common.LeftPadBytes(forwarder[:], 32)...), word(1000)...)
			if _, err := c.Send(ctx, devnet.Call{To: &at, Data: data}); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	for _, name := range []string{"BombToken", "ShortToken", "NoBalanceToken", "BurningBalanceToken", "BalanceBombToken"} {
		place(name) // has no balances: it only makes trouble
	}
	// The reentrant one flushes the honest token of the second address in its transfer.
	flush := bindings.NewForwarder().PackFlush(c.Token)
	reentrant := tokens["ReentrantToken"]
	arm := append(append(append(methodID("arm(address,bytes)"), common.LeftPadBytes(forwarders[1][:], 32)...), word(64)...), word(int64(len(flush)))...)
	arm = append(arm, common.RightPadBytes(flush, 64)...)
	if _, err := c.Send(ctx, devnet.Call{To: &reentrant, Data: arm}); err != nil {
		t.Fatal(err)
	}

	i := c.sweepIntent(t, salts, assets...)
	u := c.build(t, i)
	if got := c.explain(t, u).Sweeps; len(got) != len(i.Sweeps) {
		t.Fatalf("%d sweeps are read, want %d", len(got), len(i.Sweeps))
	}
	if err := c.wallet.Simulate(ctx, u); err != nil {
		t.Fatal(err)
	}
	signed := c.finalize(t, u)
	if err := c.wallet.Broadcast(ctx, signed); err != nil {
		t.Fatal(err)
	}
	o := c.outcome(t, signed.ID)
	if !o.Success {
		t.Fatalf("the operation failed: %s", o.Reason)
	}

	balance := func(token, of common.Address) int64 {
		data := append(methodID("balanceOf(address)"), common.LeftPadBytes(of[:], 32)...)
		out, err := c.client.Eth().CallContract(ctx, ethereum.CallMsg{To: &token, Data: data}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return new(big.Int).SetBytes(out).Int64()
	}
	for n, forwarder := range forwarders {
		if got := balance(c.Token, forwarder); got != 0 {
			t.Errorf("address %d still has %d of the honest token", n, got)
		}
		if got, err := c.client.Eth().BalanceAt(ctx, forwarder, nil); err != nil || got.Sign() != 0 {
			t.Errorf("address %d still has %v wei, %v", n, got, err)
		}
		for name, want := range left {
			if got := balance(tokens[name], forwarder); got != want {
				t.Errorf("address %d has %d of %s left, want %d", n, got, name, want)
			}
		}
	}

	// The block tells of each honest flush as a transfer into the wallet, which is what
	// proves a leg.
	head, err := c.source.Head(ctx)
	if err != nil {
		t.Fatal(err)
	}
	block, err := c.source.Block(ctx, head.Latest.Hash)
	if err != nil {
		t.Fatal(err)
	}
	arrived := 0
	for _, transfer := range block.Transfers {
		if transfer.Tx == o.Tx && transfer.To == c.wallet.Address() && transfer.Asset == c.token() && transfer.Amount == coffer.NewAmount(500) {
			arrived++
		}
	}
	if arrived != len(forwarders) {
		t.Errorf("%d flushes of the honest token are in the block, want %d", arrived, len(forwarders))
	}
}

// A sweep that would move nothing is not sent.
func TestASweepOfNothingIsNotSent(t *testing.T) {
	c := newChain(t)
	if _, err := c.DeployForwarderFactory(t.Context(), c.safe.Address); err != nil {
		t.Fatal(err)
	}
	u := c.build(t, c.sweepIntent(t, []coffer.Hash{{1}}, c.token(), native))
	if err := c.wallet.Simulate(t.Context(), u); err == nil || !strings.Contains(err.Error(), "nothing") {
		t.Errorf("simulated: %v", err)
	}
}

// What a sweep needs grows with its addresses as the sweeper estimates, and stays below what
// bundlers take.
func TestGasOfSweeps(t *testing.T) {
	c := newChain(t)
	if _, err := c.DeployForwarderFactory(t.Context(), c.safe.Address); err != nil {
		t.Fatal(err)
	}
	used := map[int]uint64{}
	next := byte(0)
	for _, n := range []int{1, 20} {
		var salts []coffer.Hash
		for range n {
			next++
			salts = append(salts, coffer.Hash{next})
			if _, err := c.Issue(t.Context(), c.Contracts, evm.ForwarderAddress(evm.FactoryAddress(c.safe.Address), coffer.Hash{next}), big.NewInt(5)); err != nil {
				t.Fatal(err)
			}
		}
		u := c.build(t, c.sweepIntent(t, salts, c.token()))
		op, _, err := evm.DecodeUnsigned(u)
		if err != nil {
			t.Fatal(err)
		}
		signed := c.finalize(t, u)
		if err := c.wallet.Broadcast(t.Context(), signed); err != nil {
			t.Fatal(err)
		}
		o := c.outcome(t, signed.ID)
		receipt, err := c.Receipt(t.Context(), common.Hash(o.Tx))
		if err != nil || !o.Success {
			t.Fatal(o.Reason, err)
		}
		used[n] = receipt.GasUsed
		t.Logf("a sweep of %d new addresses: %d gas used, call gas limit %d", n, receipt.GasUsed, op.CallGasLimit)
	}
	each := (used[20] - used[1]) / 19
	if each > 65_000 || used[1] > 200_000+65_000 {
		t.Errorf("an address costs %d gas, the first %d; the sweeper reckons with 65000, and 200000 for the operation", each, used[1])
	}
	if most := used[1] + uint64(evm.MaxSweeps-1)*each; most > 10_000_000 {
		t.Errorf("%d addresses would need %d gas, more than bundlers take", evm.MaxSweeps, most)
	}
}

func methodID(signature string) []byte { return crypto.Keccak256([]byte(signature))[:4] }
