package corpus_test

import (
	"encoding/json"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto/kzg4844"
	"github.com/ethereum/go-ethereum/trie"
	"github.com/holiman/uint256"

	"github.com/cofferhq/coffer/deposit/corpus"
)

// evmTypes are about types of transactions (EIP-2718).
var evmTypes = map[string]maker{
	"055-old-types": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		b.begin()
		key := b.key("customer")
		price := big.NewInt(evmFeeCap)
		oldest := b.signed(key, &types.LegacyTx{Nonce: 0, GasPrice: price, Gas: evmGas, To: &ann, Value: ether(1)})
		list := b.signed(key, &types.AccessListTx{ChainID: big.NewInt(31337), Nonce: 1, GasPrice: price, Gas: evmGas, To: &ann, Value: ether(2), AccessList: types.AccessList{{Address: b.usdt}}})
		b.chain("a0", "a1", "a2", "a3")
		b.usual(b.unlocked("ann", evmNative, oldest, "trace:0", ether(1)), b.unlocked("ann", evmNative, list, "trace:0", ether(2)))
		return b.finish(corpus.Case{
			Name: "Transactions of the old types", Trick: `A transaction from before types, and one with an access list (EIP-2930).`, Source: []string{"control; EIP-2718, EIP-2930"},
			Why: "Both pay.",
		})
	},
	"056-blob-transaction": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		b.begin()
		// A blob of zeros: its commitment and all of its proofs are the point at infinity.
		infinity := [48]byte{0: 0xc0}
		proofs := make([]kzg4844.Proof, kzg4844.CellProofsPerBlob)
		for i := range proofs {
			proofs[i] = infinity
		}
		sidecar := types.NewBlobTxSidecar(types.BlobSidecarVersion1, []kzg4844.Blob{{}}, []kzg4844.Commitment{infinity}, proofs)
		tx := b.signed(b.key("customer"), &types.BlobTx{
			ChainID: uint256.NewInt(31337), GasTipCap: uint256.NewInt(1_000_000_000), GasFeeCap: uint256.NewInt(evmFeeCap), Gas: evmGas, To: ann,
			Value: uint256.MustFromBig(ether(3)), BlobFeeCap: uint256.NewInt(evmFeeCap), BlobHashes: sidecar.BlobHashes(), Sidecar: sidecar,
		})
		b.chain("a0", "a1", "a2", "a3")
		b.reseal("a1", func(block map[string]json.RawMessage) {
			var txs []map[string]json.RawMessage
			b.must(json.Unmarshal(block["transactions"], &txs))
			for _, field := range []string{"blobs", "commitments", "cellProofs"} {
				delete(txs[0], field)
			}
			b.set(block, "transactions", txs)
			var read types.Transactions
			b.must(json.Unmarshal(block["transactions"], &read))
			b.set(block, "transactionsRoot", types.DeriveSha(read, trie.NewStackTrie(nil)))
		})
		b.usual(b.unlocked("ann", evmNative, tx, "trace:0", ether(3)))
		return b.finish(corpus.Case{
			Made: madeByAnvil + ` anvil 1.7.1 hashes a blob transaction with its blobs into the block's root, which no other node does: the blobs
				were taken out, and the root and the hashes of the block and of those above it made again.`,
			Name: "A transaction with a blob",
			Trick: `A blob transaction (EIP-4844, type 3) may pay like any other. Readers that do not know the type skip it, or stop at the block; its fee has
				a part of its own, for the blob.`,
			Source: []string{"EIP-4844"}, Why: "It succeeded and has a value of three ether.",
		})
	},
	"057-set-code-transaction": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		wallet := b.contract("wallet code", code(pays(ann, ether(3))))
		key := b.key("customer")
		b.begin()
		chain := uint256.NewInt(31337)
		auth, err := types.SignSetCode(key, types.SetCodeAuthorization{ChainID: *chain, Address: wallet, Nonce: 1})
		b.must(err)
		tx := b.signed(key, &types.SetCodeTx{
			ChainID: chain, GasTipCap: uint256.NewInt(1_000_000_000), GasFeeCap: uint256.NewInt(evmFeeCap), Gas: evmGas, To: address(key),
			Value: uint256.NewInt(0), AuthList: []types.SetCodeAuthorization{auth},
		})
		b.chain("a0", "a1", "a2", "a3")
		b.usual(b.unlocked("ann", evmNative, tx, "trace:1", ether(3)))
		return b.finish(corpus.Case{
			Name: "An account that got code in the same transaction",
			Trick: `A customer's own account delegates to a wallet's code (EIP-7702, type 4) and calls itself: the code pays three ether to the deposit
				address. The transaction is from the customer to the customer, without a value.`,
			Source: []string{"EIP-7702"}, Why: "The trace has a CALL with three ether from the customer's account.",
		})
	},
	"058-unknown-type": func(t *testing.T) *corpus.Case {
		b := newEVMBench(t)
		ann := b.user("ann")
		b.begin()
		tx := b.call("customer", ann, ether(3), nil)
		b.chain("a0", "a1", "a2", "a3")
		b.lie("node", "a1", "eth_getBlockByHash", func(answer any) any {
			b.object(b.list(b.object(answer)["transactions"])[0])["type"] = "0x7e"
			return answer
		})
		d := b.unlocked("ann", evmNative, tx, "trace:0", ether(3))
		refused := b.expect(nil)
		refused.Chain, refused.Because = corpus.Refused, "unknown type"
		b.step("a block with a transaction of a type that nobody knows yet", "a3", "a1", refused)
		b.c.Steps = append(b.c.Steps, corpus.Step{Note: "the same block as it is", Head: "a3", Final: "a1", Truth: []string{"node"}, Expect: b.expect([]corpus.Deposit{d})})
		return b.finish(corpus.Case{
			Name: "A transaction of a type that is not known",
			Trick: `After a fork, or on another chain, a block has a transaction of a new type. Who skips it may lose a deposit, and counts logs
				and gas wrongly behind it.`,
			Source: []string{"deposit transactions of layer-2 chains (type 0x7e); every fork that adds a type"},
			Why:    "What cannot be read is not skipped: the reader stays in front of the block and says which type it is.",
			Made:   madeByAnvil + " The node says another type of the transaction, until it tells the truth.",
		})
	},
}
