package utxo_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/utxo"
)

// archive is a node that knows these transactions besides, and counts how often each was
// asked for.
type archive struct {
	client *utxo.Client
	mu     sync.Mutex
	known  map[string]*wire.MsgTx
	asked  map[string]int
}

func newArchive(t *testing.T, c *chain) *archive {
	t.Helper()
	a := &archive{known: map[string]*wire.MsgTx{}, asked: map[string]int{}}
	url := chaintest.Tamper(t, c.URL, func(method string, params []any, answer chaintest.Answer) {
		if method != "getrawtransaction" {
			return
		}
		id, _ := params[0].(string)
		a.mu.Lock()
		defer a.mu.Unlock()
		a.asked[id]++
		if tx := a.known[id]; tx != nil {
			var raw bytes.Buffer
			if err := tx.Serialize(&raw); err != nil {
				t.Error(err)
			}
			answer["result"], answer["error"] = hex.EncodeToString(raw.Bytes()), nil
		}
	})
	a.client, _ = open(t, patient(url))
	return a
}

func (a *archive) add(tx *wire.MsgTx) coffer.Hash {
	a.mu.Lock()
	defer a.mu.Unlock()
	id := utxo.HashOf(tx.TxHash())
	a.known[strings.TrimPrefix(id.String(), "0x")] = tx
	return id
}

// parent pays to scripts; n tells it from others.
func parent(n uint32, scripts ...[]byte) *wire.MsgTx {
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: [32]byte{9}, Index: n}, []byte{1}, nil))
	for _, script := range scripts {
		tx.AddTxOut(wire.NewTxOut(1000, script))
	}
	return tx
}

// spender spends outputs.
func spender(coins ...wire.OutPoint) *wire.MsgTx {
	tx := wire.NewMsgTx(2)
	for _, coin := range coins {
		tx.AddTxIn(wire.NewTxIn(&coin, []byte{1}, nil))
	}
	tx.AddTxOut(wire.NewTxOut(1000, []byte{0x51}))
	return tx
}

// program is a witness script of version 0 for 20 bytes of n.
func program(n byte) []byte { return append([]byte{0, 20}, bytes.Repeat([]byte{n}, 20)...) }

func TestSendersAreTheAddressesOfTheCoinsThatWereSpent(t *testing.T) {
	c := newChain(t)
	a := newArchive(t, c)
	first, second := parent(1, program(1), []byte{0x6a}, program(2)), parent(2, program(3))
	for _, tx := range []*wire.MsgTx{first, second} {
		a.add(tx)
	}
	spends := spender(
		wire.OutPoint{Hash: first.TxHash(), Index: 2}, wire.OutPoint{Hash: second.TxHash(), Index: 0},
		wire.OutPoint{Hash: first.TxHash(), Index: 1}, wire.OutPoint{Hash: first.TxHash(), Index: 0},
	)
	address := func(n byte) coffer.Address {
		text, ok := utxo.AddressOf(utxo.Regtest, program(n))
		if !ok {
			t.Fatal("no address")
		}
		return text
	}
	got, err := a.client.Senders(t.Context(), a.add(spends))
	if want := []coffer.Address{address(2), address(3), "script:6a", address(1)}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	for id, times := range a.asked {
		if times != 1 {
			t.Errorf("%s was asked for %d times", id, times)
		}
	}

	block := c.head(t)
	if got, err := a.client.Senders(t.Context(), block.Transfers[0].Tx); err != nil || len(got) != 0 {
		t.Errorf("a miner's earnings come from %v, %v", got, err)
	}
	absent := spender(wire.OutPoint{Hash: [32]byte{7}, Index: 0})
	if _, err := a.client.Senders(t.Context(), a.add(absent)); !errors.Is(err, coffer.ErrNotFound) {
		t.Errorf("a parent that nobody has: %v", err)
	}
	beyond := spender(wire.OutPoint{Hash: first.TxHash(), Index: 3})
	if _, err := a.client.Senders(t.Context(), a.add(beyond)); err == nil || !strings.Contains(err.Error(), "has no output 3") {
		t.Errorf("an output that is not there: %v", err)
	}
}

func TestTransactionsOfTooManyInputsAreNotLookedUp(t *testing.T) {
	a := newArchive(t, newChain(t))
	many := func(inputs int) coffer.Hash {
		var coins []wire.OutPoint
		for n := range inputs {
			made := parent(uint32(n), program(byte(n%200))) // #nosec G115 -- few
			a.add(made)
			coins = append(coins, wire.OutPoint{Hash: made.TxHash()})
		}
		return a.add(spender(coins...))
	}
	id := many(500)
	_, err := a.client.Senders(t.Context(), id)
	if coffer.ErrorCode(err) != coffer.CodeLimit || !strings.Contains(err.Error(), "spends 500 coins") {
		t.Errorf("500 inputs: %v", err)
	}
	if len(a.asked) != 1 {
		t.Errorf("%d transactions were asked for", len(a.asked))
	}
	senders, err := a.client.Senders(t.Context(), many(utxo.MaxSenderInputs))
	if err != nil || len(senders) != utxo.MaxSenderInputs {
		t.Errorf("%d senders, %v", len(senders), err)
	}
}
