package utxo_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/utxo"
)

func TestEveryBlockLinksToItsParent(t *testing.T) {
	c := newChain(t)
	head, err := c.source.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var parent coffer.Hash
	for height := range head.Latest.Height + 1 {
		header, err := c.source.Header(t.Context(), height)
		if err != nil {
			t.Fatal(err)
		}
		block, err := c.source.Block(t.Context(), header.Hash)
		if err != nil {
			t.Fatal(err)
		}
		if block.Header != header || block.Height != height || block.Parent != parent || len(block.Raw) == 0 {
			t.Fatalf("block %d is %+v, its header %+v, its parent %s", height, block.Header, header, parent)
		}
		parent = block.Hash
	}
	if parent != head.Latest.Hash {
		t.Errorf("the head is %s, the last block %s", head.Latest.Hash, parent)
	}
	if want := head.Latest.Height - (utxo.DefaultConfirmations - 1); head.Final.Height != want {
		t.Errorf("final height %d, want %d", head.Final.Height, want)
	}
	for _, height := range []uint64{head.Latest.Height + 1, math.MaxInt32, math.MaxInt32 + 1, math.MaxUint64} {
		if _, err := c.source.Header(t.Context(), height); !errors.Is(err, coffer.ErrNotFound) {
			t.Errorf("header %d: %v, want ErrNotFound", height, err)
		}
	}
	if _, err := c.source.Block(t.Context(), coffer.Hash{1}); !errors.Is(err, coffer.ErrNotFound) {
		t.Errorf("unknown block: %v, want ErrNotFound", err)
	}
}

func TestOutputsAreTransfersAndInputsSpends(t *testing.T) {
	c := newChain(t)
	payment, err := c.PayMany(t.Context(), []devnet.BitcoinOutput{{To: strange, Satoshi: 700}, {To: c.Faucet(), Satoshi: 800_000}, {To: strange, Satoshi: 900_000_000}})
	if err != nil {
		t.Fatal(err)
	}
	c.mine(t, 1)
	block := c.head(t)

	var tx wire.MsgTx
	if err := tx.Deserialize(bytes.NewReader(payment.Raw)); err != nil {
		t.Fatal(err)
	}

	native, id := utxo.Regtest.Native(), payment.ID
	transfer := func(ref string, to coffer.Address, satoshi int64) coffer.Transfer {
		return coffer.Transfer{Asset: native, Tx: id, Ref: ref, To: to, Amount: coffer.NewAmount(uint64(satoshi))}
	}
	want := []coffer.Transfer{
		transfer("vout:0", strange, 700), transfer("vout:1", c.Faucet(), 800_000), transfer("vout:2", strange, 900_000_000),
		transfer("vout:3", c.Faucet(), tx.TxOut[3].Value),
	}
	reward := block.Transfers[0]
	if reward.Ref != "vout:0" || reward.To != c.Faucet() || reward.Maturity != 100 || reward.Amount != coffer.NewAmount(50_0000_0000) || reward.Tx == id {
		t.Errorf("what the miner earned: %+v", reward)
	}
	if got := block.Transfers[1:]; !slices.Equal(got, want) {
		t.Errorf("transfers %+v, want %+v", got, want)
	}
	spent := tx.TxIn[0].PreviousOutPoint
	wantSpends := []coffer.Spend{{Tx: id, Ref: "vin:0", Coin: coffer.NewCoinID(utxo.HashOf(spent.Hash), spent.Index)}}
	if !slices.Equal(block.Spends, wantSpends) {
		t.Errorf("spends %+v, want %+v", block.Spends, wantSpends)
	}
	if len(block.Outcomes) != 0 || len(block.GasDeposits) != 0 {
		t.Errorf("%d outcomes, %d gas deposits; want none", len(block.Outcomes), len(block.GasDeposits))
	}

	read, err := c.client.RawTransaction(t.Context(), id)
	if err != nil || read.TxHash() != tx.TxHash() {
		t.Errorf("transaction %v, %v", read, err)
	}
	if _, err := c.client.RawTransaction(t.Context(), coffer.Hash{1}); !errors.Is(err, coffer.ErrNotFound) {
		t.Errorf("unknown transaction: %v, want ErrNotFound", err)
	}
}

func TestBlocksOfAnAbandonedForkStayReadable(t *testing.T) {
	c := newChain(t)
	if _, err := c.Pay(t.Context(), strange, 1_000_000); err != nil {
		t.Fatal(err)
	}
	c.mine(t, 1)
	old := c.head(t)
	if err := c.Reorg(t.Context(), 1, 2); err != nil {
		t.Fatal(err)
	}
	fork := c.head(t)
	if fork.Height != old.Height+1 || fork.Parent == old.Hash || len(fork.Spends) != 0 {
		t.Errorf("the new head is %+v after %+v", fork.Header, old.Header)
	}
	again, err := c.source.Block(t.Context(), old.Hash)
	if err != nil || !slices.Equal(again.Transfers, old.Transfers) || again.Header != old.Header {
		t.Errorf("the abandoned block: %+v, %v", again.Header, err)
	}
}

// A block of ten thousand payments is more than a record of the stream holds: it travels in
// parts, and arrives whole.
func TestAHugeBlockPassesTheStream(t *testing.T) {
	const txs, outputs = 4, 2500
	c := newChain(t)
	many := make([]devnet.BitcoinOutput, outputs)
	for i := range many {
		many[i] = devnet.BitcoinOutput{To: strange, Satoshi: 1000 + int64(i)}
	}
	for range txs {
		if _, err := c.PayMany(t.Context(), many); err != nil {
			t.Fatal(err)
		}
	}
	c.mine(t, 1)
	block := c.head(t)
	if want := txs*(outputs+1) + 1; len(block.Transfers) != want {
		t.Fatalf("%d transfers, want %d", len(block.Transfers), want)
	}
	said := chaintest.Said(t, c.source, block.Height-1)
	last := said[len(said)-1]
	if last.Header != block.Header || !slices.Equal(last.Transfers, block.Transfers) || !slices.Equal(last.Spends, block.Spends) {
		t.Errorf("block %+v with %d transfers became %+v with %d", block.Header, len(block.Transfers), last.Header, len(last.Transfers))
	}
	encoded, err := json.Marshal(block)
	if err != nil {
		t.Fatal(err)
	}
	if len(encoded) < recordBytes {
		t.Errorf("the event has %d bytes, want more than a record of the stream holds", len(encoded))
	}
	t.Logf("%d transfers, %d bytes of block, %d bytes of event", len(block.Transfers), len(block.Raw), len(encoded))
}

// recordBytes is the most that one record of the stream holds.
const recordBytes = 1 << 20
