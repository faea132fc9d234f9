package relayer_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
	"github.com/cofferhq/coffer/relayer"
)

const (
	chainID = coffer.ChainID("eip155:31337")
	native  = coffer.AssetID("eip155:31337/slip44:60")
)

// chain is an anvil with a funded 2-of-3 Safe, its wallet and a bundler of the test's own.
type chain struct {
	*devnet.Anvil
	devnet.Contracts
	client  *evm.Client
	source  *evm.Source
	owners  []*ecdsa.PrivateKey
	safe    evm.Safe
	bundler *miniBundler
	wallet  *relayer.Wallet
}

func newChain(t *testing.T) *chain {
	t.Helper()
	ctx := t.Context()
	a, err := devnet.Start(ctx, devnet.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v\n%s", err, a.Logs())
		}
	})
	c := &chain{Anvil: a}
	if c.Contracts, err = a.Deploy(ctx); err != nil {
		t.Fatal(err)
	}
	var owners []common.Address
	for range 3 {
		key, err := crypto.GenerateKey()
		if err != nil {
			t.Fatal(err)
		}
		c.owners = append(c.owners, key)
		owners = append(owners, crypto.PubkeyToAddress(key.PublicKey))
	}
	address, err := a.CreateSafe(ctx, c.Contracts, owners, 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	config := evm.Config{
		Chain: chainID, Native: native, URLs: []string{a.URL},
		EntryPoint: c.EntryPoint, Module: c.Safe4337Module, MultiSend: c.MultiSendCallOnly,
	}
	if c.client, err = evm.Dial(ctx, config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.client.Close)
	c.source = evm.NewSource(c.client, config)
	if c.safe, err = evm.ReadSafe(ctx, c.client, address); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Issue(ctx, c.Contracts, address, big.NewInt(1_000_000)); err != nil {
		t.Fatal(err)
	}
	if _, err := a.FundNative(ctx, address, big.NewInt(1e15)); err != nil {
		t.Fatal(err)
	}
	if _, err := a.DepositTo(ctx, c.Contracts, address, big.NewInt(1e18)); err != nil {
		t.Fatal(err)
	}
	c.bundler = &miniBundler{anvil: a, contracts: c.Contracts, pool: map[coffer.Hash]bool{}}
	c.wallet = c.newWallet(t, c.bundler)
	return c
}

func (c *chain) newWallet(t *testing.T, sender relayer.UserOpSender) *relayer.Wallet {
	t.Helper()
	wallet, err := relayer.NewWallet(relayer.Config{Client: c.client, Safe: c.safe, Sender: sender, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return wallet
}

func (c *chain) token() coffer.AssetID { return evm.TokenAsset(chainID, c.Token) }

func (c *chain) pays(to byte, n uint64) coffer.Payment {
	return coffer.Payment{Asset: c.token(), To: evm.AddressOf(common.Address{to}), Amount: coffer.NewAmount(n)}
}

// intent takes the next slot of a lane.
func (c *chain) intent(t *testing.T, lane string, payments ...coffer.Payment) coffer.Intent {
	t.Helper()
	slot, err := c.wallet.NextSlot(t.Context(), lane)
	if err != nil {
		t.Fatal(err)
	}
	return coffer.Intent{
		ID: "po_1", Chain: chainID, Wallet: c.wallet.Address(), Path: coffer.PathUserOp, Slot: slot,
		Purpose: coffer.PurposeOrders, Payments: payments, FeeBound: coffer.NewAmount(1e17),
		Expires: time.Now().Add(15 * time.Minute).Truncate(time.Second),
	}
}

func (c *chain) build(t *testing.T, i coffer.Intent, prev ...coffer.Attempt) coffer.Unsigned {
	t.Helper()
	u, err := c.wallet.Build(t.Context(), i, prev)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (c *chain) explain(t *testing.T, u coffer.Unsigned) coffer.Effects {
	t.Helper()
	effects, err := evm.NewExplainer(evm.ExplainConfig{
		Chain: chainID, Native: native, EntryPoint: c.EntryPoint, Module: c.Safe4337Module, MultiSend: c.MultiSendCallOnly,
		Wallets: []common.Address{c.safe.Address},
	}).Explain(u)
	if err != nil {
		t.Fatal(err)
	}
	return effects
}

// finalize signs as two owners would.
func (c *chain) finalize(t *testing.T, u coffer.Unsigned) coffer.Signed {
	t.Helper()
	digest := c.explain(t, u).Digests[0]
	var signatures []coffer.Signature
	for _, key := range c.owners[:2] {
		b, err := crypto.Sign(digest[:], key)
		if err != nil {
			t.Fatal(err)
		}
		b[64] += 27
		signatures = append(signatures, coffer.Signature{Key: crypto.PubkeyToAddress(key.PublicKey).Hex(), Digest: digest, Bytes: b})
	}
	signed, err := c.wallet.Finalize(u, signatures)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// outcome finds an operation in the latest block.
func (c *chain) outcome(t *testing.T, id coffer.Hash) coffer.Outcome {
	t.Helper()
	head, err := c.source.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	block, err := c.source.Block(t.Context(), head.Latest.Hash)
	if err != nil {
		t.Fatal(err)
	}
	for _, outcome := range block.Outcomes {
		if outcome.ID == id {
			return outcome
		}
	}
	t.Fatalf("operation %s is not in block %d", id, block.Height)
	return coffer.Outcome{}
}

// miniBundler measures operations on the node, and bundles each at once.
type miniBundler struct {
	anvil     *devnet.Anvil
	contracts devnet.Contracts

	mu    sync.Mutex
	pool  map[coffer.Hash]bool
	sends int
	last  evm.UserOperation // that was estimated

	reverts bool // estimates say that the call reverts
}

// revertError is what bundlers say of a call that reverts (ERC-7769).
type revertError struct{}

func (revertError) Error() string  { return "execution reverted" }
func (revertError) ErrorCode() int { return -32521 }

var errKnown = errors.New("userop: seen that one")

func (b *miniBundler) EstimateUserOperationGas(ctx context.Context, op evm.UserOperation, entryPoint common.Address) (evm.Gas, error) {
	b.mu.Lock()
	b.last = op
	b.mu.Unlock()
	if b.reverts {
		return evm.Gas{}, revertError{}
	}
	call, err := b.anvil.Eth().EstimateGas(ctx, ethereum.CallMsg{From: entryPoint, To: &op.Sender, Data: op.CallData})
	if err != nil {
		return evm.Gas{}, fmt.Errorf("the call reverts: %w", err)
	}
	return evm.Gas{Verification: 90_000, Call: call, PreVerification: 70_000}, nil
}

func (b *miniBundler) SendUserOperation(ctx context.Context, op evm.UserOperation, entryPoint common.Address) (coffer.Hash, error) {
	hash := op.Hash(entryPoint, b.anvil.ChainID)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sends++
	if b.pool[hash] {
		return coffer.Hash{}, errKnown
	}
	data := bindings.NewEntryPoint().PackHandleOps([]bindings.PackedUserOperation{op.Pack()}, b.anvil.Faucet())
	if _, err := b.anvil.Send(ctx, devnet.Call{To: &b.contracts.EntryPoint, Data: data}); err != nil {
		return coffer.Hash{}, err
	}
	b.pool[hash] = true
	return hash, nil
}

// serve answers JSON-RPC as bundlers do.
func (b *miniBundler) serve(t *testing.T, chain uint64) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var call struct {
			ID     json.RawMessage   `json:"id"`
			Method string            `json:"method"`
			Params []json.RawMessage `json:"params"`
		}
		if err := json.NewDecoder(r.Body).Decode(&call); err != nil {
			t.Error(err)
			return
		}
		answer := map[string]any{"jsonrpc": "2.0", "id": call.ID}
		result, err := b.answer(r.Context(), chain, call.Method, call.Params)
		if err != nil {
			answer["error"] = map[string]any{"code": -32500, "message": err.Error()}
		} else {
			answer["result"] = result
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func (b *miniBundler) answer(ctx context.Context, chain uint64, method string, params []json.RawMessage) (any, error) {
	switch method {
	case "eth_chainId":
		return fmt.Sprintf("0x%x", chain), nil
	case "eth_supportedEntryPoints":
		return []common.Address{b.contracts.EntryPoint}, nil
	case "eth_getUserOperationByHash":
		var hash coffer.Hash
		if err := json.Unmarshal(params[0], &hash); err != nil {
			return nil, err
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.pool[hash] {
			return map[string]any{"entryPoint": b.contracts.EntryPoint}, nil
		}
		return nil, nil
	}
	var op evm.UserOperation
	var entryPoint common.Address
	if len(params) != 2 {
		return nil, fmt.Errorf("%s with %d parameters", method, len(params))
	}
	if err := errors.Join(json.Unmarshal(params[0], &op), json.Unmarshal(params[1], &entryPoint)); err != nil {
		return nil, err
	}
	switch method {
	case "eth_estimateUserOperationGas":
		return b.EstimateUserOperationGas(ctx, op, entryPoint)
	case "eth_sendUserOperation":
		return b.SendUserOperation(ctx, op, entryPoint)
	}
	return nil, fmt.Errorf("no method %s", method)
}
