package corpus_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"maps"
	"math/big"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/deposit/corpus"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
)

const (
	evmChain    = coffer.ChainID("eip155:31337")
	evmNative   = coffer.AssetID("eip155:31337/slip44:60")
	evmGenesis  = 1_767_312_000 // 2026-01-02
	evmSlot     = 12
	evmGas      = 1_000_000
	evmFeeCap   = 20_000_000_000
	madeByAnvil = "Recorded from anvil 1.7.1, which was made to do it; see evm_make_test.go of package deposit/corpus."
)

// evmBench is an anvil that a case is made with: its time, senders and addresses are fixed, so
// that it makes the same blocks every time.
type evmBench struct {
	bench
	node      *devnet.Anvil
	usdt      common.Address
	time      int64
	nonces    map[common.Address]uint64
	snapshots map[string]string
	noncesAt  map[string]map[common.Address]uint64
}

func newEVMBench(t *testing.T) *evmBench {
	t.Helper()
	node, err := devnet.Start(t.Context(), devnet.Config{Genesis: time.Unix(evmGenesis, 0)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := node.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	b := &evmBench{
		bench: newBench(t, evmChain, map[string]string{"native": "traces"}), node: node, time: evmGenesis,
		nonces: map[common.Address]uint64{}, snapshots: map[string]string{}, noncesAt: map[string]map[common.Address]uint64{},
	}
	b.c.Made = madeByAnvil
	if err := node.SetAutomine(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	b.c.Assets = []corpus.Asset{{ID: evmNative, Symbol: "ETH", Decimals: 18, Minimum: coffer.NewAmount(1_000_000_000_000_000), Credit: 1, Unlock: 3}}
	b.usdt = b.token("bank", "Tether USD", "USDT", 6)
	b.support(b.usdt, "USDT", 6)
	return b
}

// token deploys a token that behaves as Tether's does, of which its maker holds a lot.
func (b *evmBench) token(maker, name, symbol string, decimals uint8) common.Address {
	b.t.Helper()
	key := b.key(maker)
	arguments := bindings.NewTestToken().PackConstructor(address(key), ether(1_000_000), name, symbol, decimals)
	at := crypto.CreateAddress(address(key), b.nonces[address(key)])
	b.sign(key, &types.DynamicFeeTx{Data: append(hexutil.MustDecode(bindings.TestTokenMetaData.Bin), arguments...), Gas: 5 * evmGas})
	b.produce()
	return at
}

// support makes a token one that is supported, from one unit on.
func (b *evmBench) support(token common.Address, symbol string, decimals uint8) coffer.AssetID {
	id := evm.TokenAsset(evmChain, token)
	one := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil)
	b.c.Assets = append(b.c.Assets, corpus.Asset{ID: id, Symbol: symbol, Decimals: decimals, Minimum: coffer.NewAmount(one.Uint64()), Credit: 1, Unlock: 3})
	return id
}

// house makes an address one of the custodian's own.
func (b *evmBench) house(at common.Address, kind string) {
	b.c.House = append(b.c.House, corpus.House{Address: evm.AddressOf(at), Kind: kind})
}

// unlocked is a deposit that may be spent in the end.
func (b *evmBench) unlocked(account string, asset coffer.AssetID, tx common.Hash, ref string, amount *big.Int) corpus.Deposit {
	b.t.Helper()
	n, err := coffer.AmountFromBytes(amount.Bytes())
	b.must(err)
	return corpus.Deposit{Account: account, Asset: asset, Tx: coffer.Hash(tx), Ref: ref, Amount: n, State: coffer.DepositUnlocked}
}

func (b *evmBench) usdtID() coffer.AssetID { return evm.TokenAsset(evmChain, b.usdt) }

// begin mines the first block that is read. What was made ready by decree is in its state.
func (b *evmBench) begin() { b.mine("a0", "") }

// key is that of a sender, who has ether.
func (b *evmBench) key(name string) *ecdsa.PrivateKey {
	b.t.Helper()
	key, err := crypto.ToECDSA(crypto.Keccak256([]byte("sender " + name)))
	if err != nil {
		b.t.Fatal(err)
	}
	if _, known := b.nonces[address(key)]; !known {
		b.nonces[address(key)] = 0
		b.must(b.node.SetBalance(b.t.Context(), address(key), ether(1000)))
	}
	return key
}

func address(key *ecdsa.PrivateKey) common.Address { return crypto.PubkeyToAddress(key.PublicKey) }

// named is an address that nobody has a key of.
func named(name string) common.Address {
	return common.BytesToAddress(crypto.Keccak256([]byte("address " + name))[12:])
}

// user is the watched address of an account.
func (b *evmBench) user(account string) common.Address {
	to := named("deposit of " + account)
	b.watch(account, evm.AddressOf(to))
	return to
}

// contract puts code at an address.
func (b *evmBench) contract(name string, code []byte) common.Address {
	b.t.Helper()
	at := named("contract " + name)
	b.must(b.node.SetCode(b.t.Context(), at, code))
	return at
}

// call sends a transaction with data.
func (b *evmBench) call(from string, to common.Address, wei *big.Int, data []byte) common.Hash {
	b.t.Helper()
	return b.sign(b.key(from), &types.DynamicFeeTx{To: &to, Value: wei, Data: data})
}

// sign signs a transaction, fills in what it lacks and gives it to the node.
func (b *evmBench) sign(key *ecdsa.PrivateKey, tx *types.DynamicFeeTx) common.Hash {
	b.t.Helper()
	tx.ChainID, tx.Nonce = big.NewInt(31337), b.nonces[address(key)]
	tx.GasFeeCap, tx.GasTipCap = big.NewInt(evmFeeCap), big.NewInt(1_000_000_000)
	if tx.Gas == 0 {
		tx.Gas = evmGas
	}
	return b.signed(key, tx)
}

func (b *evmBench) signed(key *ecdsa.PrivateKey, inner types.TxData) common.Hash {
	b.t.Helper()
	tx, err := types.SignNewTx(key, types.LatestSignerForChainID(big.NewInt(31337)), inner)
	b.must(err)
	raw, err := tx.MarshalBinary()
	b.must(err)
	var hash common.Hash
	b.must(b.node.RPC().CallContext(b.t.Context(), &hash, "eth_sendRawTransaction", hexutil.Bytes(raw)))
	if hash != tx.Hash() {
		b.t.Fatalf("the node calls transaction %s %s", tx.Hash(), hash)
	}
	b.nonces[address(key)]++
	return hash
}

// produce mines what was sent in a block of its own time.
func (b *evmBench) produce() {
	b.t.Helper()
	b.time += evmSlot
	b.must(b.node.SetNextBlockTime(b.t.Context(), time.Unix(b.time, 0)))
	b.must(b.node.Mine(b.t.Context(), 1))
}

// mine mines what was sent and records the block under a name.
func (b *evmBench) mine(name, parent string) {
	b.t.Helper()
	b.produce()
	b.record(name, parent)
}

// chain mines empty blocks until the last name, above the block before them.
func (b *evmBench) chain(parent string, names ...string) {
	b.t.Helper()
	for _, name := range names {
		b.mine(name, parent)
		parent = name
	}
}

// record asks for the newest block as an indexer does.
func (b *evmBench) record(name, parent string) {
	b.t.Helper()
	ctx := b.t.Context()
	head, err := b.node.Eth().HeaderByNumber(ctx, nil)
	b.must(err)
	block := corpus.Block{Name: name, Parent: parent, Height: head.Number.Uint64(), Hash: coffer.Hash(head.Hash()), Said: corpus.Answers{}}
	for method, params := range map[string][]any{
		"eth_getBlockByHash":     {head.Hash(), true},
		"eth_getBlockReceipts":   {head.Hash()},
		"debug_traceBlockByHash": {head.Hash(), map[string]string{"tracer": "callTracer"}},
	} {
		var raw json.RawMessage
		b.must(b.node.RPC().CallContext(ctx, &raw, method, params...))
		block.Said[method] = raw
	}
	b.c.Blocks = append(b.c.Blocks, block)
	var snapshot string
	snapshot, err = b.node.Snapshot(ctx)
	b.must(err)
	b.snapshots[name], b.noncesAt[name] = snapshot, maps.Clone(b.nonces)
}

// rewind goes back to a block, to make another one above it. Where the node was is forgotten.
func (b *evmBench) rewind(name string) {
	b.t.Helper()
	b.must(b.node.Revert(b.t.Context(), b.snapshots[name]))
	snapshot, err := b.node.Snapshot(b.t.Context())
	b.must(err)
	b.snapshots[name], b.nonces = snapshot, maps.Clone(b.noncesAt[name])
}

// again gives the node a transaction of a block that left its chain.
func (b *evmBench) again(block string, place int) {
	b.t.Helper()
	var answer struct {
		Transactions []*types.Transaction `json:"transactions"`
	}
	b.must(json.Unmarshal(b.at(block).Said["eth_getBlockByHash"], &answer))
	tx := answer.Transactions[place]
	raw, err := tx.MarshalBinary()
	b.must(err)
	b.must(b.node.RPC().CallContext(b.t.Context(), nil, "eth_sendRawTransaction", hexutil.Bytes(raw)))
	sender, err := types.Sender(types.LatestSignerForChainID(tx.ChainId()), tx)
	b.must(err)
	b.nonces[sender]++
}

// transfer is the calldata of an ERC-20 transfer.
func transfer(to common.Address, amount *big.Int) []byte {
	return bindings.NewTestToken().PackTransfer(to, amount)
}

func units(n int64) *big.Int { return big.NewInt(n) }

func ether(n int64) *big.Int {
	return new(big.Int).Mul(big.NewInt(n), big.NewInt(1_000_000_000_000_000_000))
}

// checksummed is an address as assets write it.
func checksummed(hex string) string { return common.HexToAddress(hex).Hex() }
