package corpus_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/corpus"
	"github.com/cofferhq/coffer/devnet/omnisim"
	"github.com/cofferhq/coffer/utxo"
)

// What the shared chain holds of the Omni Layer.
const (
	omniUSDT   = 31 // is divisible; alice has 1000 units of it
	omniOther  = 32 // has the same name; mallory has 1000 units of it
	omniUnit   = 1_0000_0000
	omniCoin   = 100_000 // satoshi, of each coin that pays for a message
	omniDust   = 546     // satoshi, of a reference
	madeByOmni = `Mined by the program that wrote this file, taken by a real btcd (regtest), and recorded from it as it answers. What
		Omni Core says is recorded from a simulator of it that reads the same blocks (devnet/omnisim): it knows the types of messages
		that are used here, and no others.`
)

// omniWallets are the owners of coins that pay for messages, with how many they have.
var omniWallets = []struct {
	name  string
	coins int
}{{"issuer", 40}, {"alice", 10}, {"mallory", 10}}

// omniBase makes the properties.
func (l *btcLab) omniBase(t *testing.T) {
	t.Helper()
	faucet := coinOf(l.base[2].msg.Transactions[0], 0, btcKeyNamed("faucet"), "")
	fund := wire.NewMsgTx(2)
	fund.AddTxIn(&wire.TxIn{PreviousOutPoint: faucet.at, Sequence: wire.MaxTxInSequenceNum})
	for _, w := range omniWallets {
		for range w.coins {
			fund.AddTxOut(wire.NewTxOut(omniCoin, btcKeyNamed(w.name).p2pkh()))
		}
	}
	signBTC(t, btcWallet{}, fund, []btcCoin{faucet})
	miner := btcKeyNamed("miner").p2wpkh()
	l.extend(t, miner, fund)
	l.fund = fund

	issued := 0
	message := func(from string, coin int, m utxo.OmniMessage, to []byte) *wire.MsgTx {
		c := l.omniCoin(from, coin)
		tx := wire.NewMsgTx(2)
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: c.at, Sequence: wire.MaxTxInSequenceNum})
		tx.AddTxOut(wire.NewTxOut(0, omniScript(t, m)))
		if to != nil {
			tx.AddTxOut(wire.NewTxOut(omniDust, to))
		}
		signBTC(t, btcWallet{}, tx, []btcCoin{c})
		issued++
		return tx
	}
	var creates []*wire.MsgTx
	for property := 3; property < omniUSDT; property++ {
		creates = append(creates, message("issuer", property-3, utxo.OmniCreateManaged{Ecosystem: utxo.OmniMain, PropertyType: utxo.OmniDivisible, Name: fmt.Sprint("Property ", property)}, nil))
	}
	usdt := utxo.OmniCreateManaged{Ecosystem: utxo.OmniMain, PropertyType: utxo.OmniDivisible, Category: "Financial", Name: "TetherUS", URL: "tether.to"}
	creates = append(creates, message("issuer", omniUSDT-3, usdt, nil), message("mallory", 0, usdt, nil))
	l.extend(t, miner, creates...)
	l.extend(t, miner,
		message("issuer", omniUSDT-2, utxo.OmniGrant{Property: omniUSDT, Amount: 1000 * omniUnit}, btcKeyNamed("alice").p2pkh()),
		message("mallory", 1, utxo.OmniGrant{Property: omniOther, Amount: 1000 * omniUnit}, btcKeyNamed("mallory").p2pkh()),
	)
	for range btcBaseInUse { // what cases show holds no message
		l.extend(t, miner)
	}
}

// omniCoin is a coin that pays for a message.
func (l *btcLab) omniCoin(wallet string, n int) btcCoin {
	first := 0
	for _, w := range omniWallets {
		if w.name == wallet {
			break
		}
		first += w.coins
	}
	return coinOf(l.fund, uint32(first+n), btcKeyNamed(wallet), "")
}

func omniScript(t *testing.T, m utxo.OmniMessage) []byte {
	t.Helper()
	payload, err := utxo.EncodeOmni(m)
	btcMust(t, err)
	script, err := utxo.OmniScript(payload)
	btcMust(t, err)
	return script
}

// omniBench is what a case of the Omni Layer is made with.
type omniBench struct {
	*btcBench
	sim *omnisim.Sim
}

func newOmniBench(t *testing.T) *omniBench {
	t.Helper()
	b := &omniBench{btcBench: newCoinBench(t, true)}
	b.c.Nodes = []string{"bitcoin", "omni-a", "omni-b"}
	b.c.Settings["omni"], b.c.Settings["omni nodes"] = fmt.Sprint(omniUSDT), "omni-a omni-b"
	b.c.Made = madeByOmni
	b.c.Assets = append(b.c.Assets, corpus.Asset{ID: b.usdt(), Symbol: "USDT", Decimals: 8, Minimum: coffer.NewAmount(omniUnit), Credit: 1, Unlock: 3})
	client, err := utxo.Dial(t.Context(), utxo.Config{Network: utxo.Regtest, Nodes: []utxo.Node{b.lab.node.Node()}})
	b.must(err)
	t.Cleanup(client.Close)
	b.sim = omnisim.New(client, btcMature)
	b.recorded = b.recordOmni
	return b
}

func (b *omniBench) usdt() coffer.AssetID { return utxo.OmniAsset(utxo.Regtest, omniUSDT) }

// askSim asks the simulator.
func (b *omniBench) askSim(method string, params ...any) (json.RawMessage, error) {
	b.t.Helper()
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"id": 1, "method": method, "params": params})
	b.must(err)
	request := httptest.NewRequestWithContext(b.t.Context(), http.MethodPost, "/", bytes.NewReader(body))
	answer := httptest.NewRecorder()
	b.sim.ServeHTTP(answer, request)
	var said struct {
		Result json.RawMessage `json:"result"`
		Error  *struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	b.must(json.Unmarshal(answer.Body.Bytes(), &said))
	if said.Error != nil {
		return nil, fmt.Errorf("%s: %s", method, said.Error.Message)
	}
	return said.Result, nil
}

// recordOmni adds what Omni Core says of a block, and what its messages' coins are outputs of.
func (b *omniBench) recordOmni(m *btcMined, said corpus.Answers) {
	b.t.Helper()
	if m.height < len(b.lab.base)-1 {
		said["omni_listblocktransactions"] = json.RawMessage("[]")
		return
	}
	gone := b.lab.show(b.t, m)
	var listed []string
	for method, param := range map[string][]any{"omni_getinfo": nil, "omni_listblocktransactions": {m.height}} {
		answer, err := b.askSim(method, param...)
		b.must(err)
		said[method] = answer
		if param != nil {
			b.must(json.Unmarshal(answer, &listed))
		}
	}
	for _, id := range listed {
		answer, err := b.askSim("omni_gettransaction", id)
		b.must(err)
		said["omni_gettransaction "+id] = answer
	}
	for _, tx := range m.msg.Transactions[1:] {
		if _, ok := utxo.OmniPayload(tx); ok {
			of := tx.TxIn[0].PreviousOutPoint.Hash.String()
			answer, err := b.ask("getrawtransaction", of, 0)
			b.must(err)
			said["getrawtransaction "+of] = answer
		}
	}
	b.lab.reconsider(b.t, gone)
}

// said is what the simulator said of a message in a block, to be altered.
func (b *omniBench) said(block string, tx *wire.MsgTx) map[string]any {
	b.t.Helper()
	for _, at := range b.c.Blocks {
		if at.Name == block {
			var said map[string]any
			b.must(json.Unmarshal(at.Said["omni_gettransaction "+tx.TxHash().String()], &said))
			return said
		}
	}
	b.t.Fatalf("there is no block %q", block)
	return nil
}

// addressOfScript is the address of an output script that has one.
func (b *omniBench) addressOfScript(script []byte) coffer.Address {
	b.t.Helper()
	at, ok := utxo.AddressOf(utxo.Regtest, script)
	if !ok {
		b.t.Fatalf("script %x has no address", script)
	}
	return at
}

// simple is a simple send's output.
func (b *omniBench) simple(property uint32, amount uint64) *wire.TxOut {
	return wire.NewTxOut(0, omniScript(b.t, utxo.OmniSimpleSend{Property: property, Amount: amount}))
}

// from is a transaction of the next coin of a wallet of messages; what is left is the miner's.
func (b *omniBench) from(wallet string, outs ...*wire.TxOut) *wire.MsgTx {
	b.t.Helper()
	n := b.coins[wallet]
	b.coins[wallet]++
	coin := b.lab.omniCoin(wallet, omniFirst[wallet]+n)
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(&wire.TxIn{PreviousOutPoint: coin.at, Sequence: wire.MaxTxInSequenceNum - 2})
	tx.TxOut = outs
	signBTC(b.t, b.wallet, tx, []btcCoin{coin})
	return tx
}

// omniFirst is the first coin of each wallet that the shared chain leaves.
var omniFirst = map[string]int{"issuer": omniUSDT - 1, "mallory": 2}

// change is what goes back to a wallet of messages.
func (b *omniBench) change(wallet string) *wire.TxOut {
	return wire.NewTxOut(omniCoin/2, btcKeyNamed(wallet).p2pkh())
}

// marker is the output of 546 satoshi that names somebody.
func marker(script []byte) *wire.TxOut { return wire.NewTxOut(omniDust, script) }

// moved is a deposit of the token that is unlocked in the end.
func (b *omniBench) moved(account string, tx *wire.MsgTx, amount uint64) corpus.Deposit {
	return corpus.Deposit{
		Account: account, Asset: b.usdt(), Tx: utxo.HashOf(tx.TxHash()), Ref: fmt.Sprint("omni:", omniUSDT),
		Amount: coffer.NewAmount(amount), State: coffer.DepositUnlocked,
	}
}

// crumb is the deposit of bitcoin that a message's reference makes besides: it is dust.
func (b *omniBench) crumb(account string, tx *wire.MsgTx, output int) corpus.Deposit {
	return btcIn(b.paid(account, tx, output), coffer.DepositDust)
}
