package omnisim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/devnet/omnisim"
	"github.com/cofferhq/coffer/utxo"
)

// kit is a chain with a simulator and two wallets. The property is the third.
type kit struct {
	*devnet.Bitcoin
	server        *omnisim.Server
	client        *utxo.Client
	issuer, alice *omnisim.Wallet
}

const property = 3

func newKit(t *testing.T) *kit {
	t.Helper()
	bitcoin, err := devnet.StartBitcoin(t.Context(), devnet.BitcoinConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bitcoin.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v\n%s", err, bitcoin.Logs())
		}
	})
	k := &kit{Bitcoin: bitcoin}
	if k.client, err = utxo.Dial(t.Context(), utxo.Config{Network: utxo.Regtest, Nodes: []utxo.Node{bitcoin.Node()}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.client.Close)
	head, err := utxo.NewSource(k.client).Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if k.server, err = omnisim.Serve(t.Context(), omnisim.New(k.client, head.Latest.Height), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	k.issuer, k.alice = k.wallet(t, "issuer"), k.wallet(t, "alice")
	k.send(t, k.issuer, utxo.OmniCreateManaged{Ecosystem: utxo.OmniMain, PropertyType: utxo.OmniDivisible, Category: "Money", Name: "US dollar"}, "")
	return k
}

func (k *kit) wallet(t *testing.T, name string) *omnisim.Wallet {
	t.Helper()
	w, err := omnisim.NewWallet(k.Bitcoin, name)
	if err == nil {
		err = w.Fund(t.Context(), 20)
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// send sends a message in a block of its own and returns what the simulator says of it.
func (k *kit) send(t *testing.T, from *omnisim.Wallet, m utxo.OmniMessage, to coffer.Address) map[string]any {
	t.Helper()
	payment, err := from.Send(t.Context(), m, to)
	if err == nil {
		_, err = k.Mine(t.Context(), 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	said, ok := k.must(t, "omni_gettransaction", text(payment.ID)).(map[string]any)
	if !ok {
		t.Fatalf("transaction %s is not described", payment.ID)
	}
	return said
}

func text(h coffer.Hash) string { return strings.TrimPrefix(h.String(), "0x") }

// ask calls a method, and returns the code and the words of a refusal.
func (k *kit) ask(t *testing.T, method string, params ...any) (result any, code int, words string) {
	t.Helper()
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"id": 7, "method": method, "params": params})
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(k.server.URL, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		ID     int
		Result any
		Error  *struct {
			Code    int
			Message string
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.ID != 7 {
		t.Fatalf("%s: %+v, %v", method, answer, err)
	}
	if (response.StatusCode == http.StatusOK) != (answer.Error == nil) {
		t.Errorf("%s: status %d with %+v", method, response.StatusCode, answer.Error)
	}
	if answer.Error != nil {
		return nil, answer.Error.Code, answer.Error.Message
	}
	return answer.Result, 0, ""
}

func (k *kit) must(t *testing.T, method string, params ...any) any {
	t.Helper()
	result, code, words := k.ask(t, method, params...)
	if code != 0 {
		t.Fatalf("%s: %s (%d)", method, words, code)
	}
	return result
}

// contains checks some fields of an object.
func contains(t *testing.T, name string, got any, want map[string]any) {
	t.Helper()
	all, ok := got.(map[string]any)
	if !ok {
		t.Errorf("%s: %v", name, got)
		return
	}
	for field, value := range want {
		if !reflect.DeepEqual(all[field], value) {
			t.Errorf("%s: %s is %v, want %v", name, field, all[field], value)
		}
	}
}

func TestSupplyAndBalances(t *testing.T) {
	k := newKit(t)
	granted := k.send(t, k.issuer, utxo.OmniGrant{Property: property, Amount: 1_0000_0000}, k.alice.Address)
	contains(t, "grant", granted, map[string]any{
		"valid": true, "type_int": 55.0, "type": "Grant Property Tokens", "propertyid": 3.0, "divisible": true, "amount": "1.00000000",
		"sendingaddress": string(k.issuer.Address), "referenceaddress": string(k.alice.Address), "confirmations": 1.0, "version": 0.0,
	})
	contains(t, "property", k.must(t, "omni_getproperty", property), map[string]any{
		"propertyid": 3.0, "name": "US dollar", "divisible": true, "issuer": string(k.issuer.Address), "totaltokens": "1.00000000", "managedissuance": true,
	})
	sent := k.send(t, k.alice, utxo.OmniSimpleSend{Property: property, Amount: 2500_0000}, k.issuer.Address)
	contains(t, "send", sent, map[string]any{"valid": true, "type": "Simple Send", "amount": "0.25000000", "positioninblock": 1.0})
	if _, there := sent["invalidreason"]; there {
		t.Error("a valid message has no reason to be invalid")
	}
	contains(t, "balance", k.must(t, "omni_getbalance", k.alice.Address, property), map[string]any{"balance": "0.75000000", "reserved": "0.00000000"})

	poor := k.send(t, k.alice, utxo.OmniSimpleSend{Property: property, Amount: 7500_0001}, k.issuer.Address)
	contains(t, "a send of too much", poor, map[string]any{"valid": false, "invalidreason": "Sender has insufficient balance", "amount": "0.75000001"})
	if ids := k.must(t, "omni_listblocktransactions", poor["block"]); !reflect.DeepEqual(ids, []any{poor["txid"]}) {
		t.Errorf("the block's messages are %v, want %v", ids, poor["txid"])
	}
	all := k.send(t, k.alice, utxo.OmniSendAll{Ecosystem: utxo.OmniMain}, k.issuer.Address)
	contains(t, "send all", all, map[string]any{
		"valid": true, "ecosystem": "main", "subsends": []any{map[string]any{"propertyid": 3.0, "divisible": true, "amount": "0.75000000"}},
	})
	revoked := k.send(t, k.issuer, utxo.OmniRevoke{Property: property, Amount: 1_0000_0000}, "")
	contains(t, "revoke", revoked, map[string]any{"valid": true})
	contains(t, "property", k.must(t, "omni_getproperty", property), map[string]any{"totaltokens": "0.00000000"})
	contains(t, "info", k.must(t, "omni_getinfo"), map[string]any{"totaltransactions": 6.0, "blocktransactions": 1.0, "block": revoked["block"]})
}

func TestInvalidMessages(t *testing.T) {
	k := newKit(t)
	target, err := utxo.OmniTarget(utxo.Regtest, k.alice.Address)
	if err != nil {
		t.Fatal(err)
	}
	create := utxo.OmniCreateManaged{Ecosystem: utxo.OmniMain, PropertyType: utxo.OmniDivisible, Name: "n"}
	badKind, badSystem := create, create
	badKind.PropertyType, badSystem.Ecosystem = 3, 3
	for _, v := range []struct {
		from    *omnisim.Wallet
		message utxo.OmniMessage
		reason  string
	}{
		{k.alice, utxo.OmniGrant{Property: property, Amount: 1}, "Sender is not the issuer of the property"},
		{k.alice, utxo.OmniRevoke{Property: property, Amount: 1}, "Sender is not the issuer of the property"},
		{k.issuer, utxo.OmniRevoke{Property: property, Amount: 1}, "Sender has insufficient balance"},
		{k.issuer, utxo.OmniGrant{Property: 9, Amount: 1}, "Property does not exist"},
		{k.issuer, utxo.OmniSimpleSend{Property: 9, Amount: 1}, "Property does not exist"},
		{k.issuer, utxo.OmniSendAll{Ecosystem: utxo.OmniMain}, "Sender has no tokens to send"},
		{k.issuer, badKind, "Ecosystem, type or name of property are invalid"},
		{k.issuer, badSystem, "Ecosystem, type or name of property are invalid"},
		{k.issuer, utxo.OmniFreeze{Property: property, Target: target}, "Freezing is not enabled, or is already"},
		{k.alice, utxo.OmniFreezing{Property: property, Enable: true}, "Sender is not the issuer of the property"},
		{k.issuer, utxo.OmniUnknown{Type: 25, Body: make([]byte, 24)}, "Transaction type or version not permitted"},
		{k.issuer, utxo.OmniUnknown{Type: 0, Body: make([]byte, 12)}, "Value out of range or zero"}, // a simple send of nothing
	} {
		got := k.send(t, v.from, v.message, k.alice.Address)
		contains(t, v.reason, got, map[string]any{"valid": false, "invalidreason": v.reason})
	}
	if got := k.send(t, k.issuer, utxo.OmniGrant{Property: property, Amount: utxo.MaxOmniAmount}, ""); got["valid"] != true {
		t.Errorf("all there can be: %v", got)
	}
	got := k.send(t, k.issuer, utxo.OmniGrant{Property: property, Amount: 1}, "")
	contains(t, "more than there can be", got, map[string]any{"valid": false, "invalidreason": "Number of tokens is out of range"})
}

// What the simulator knows is what follows from the chain, however it came to be.
func TestReorganisation(t *testing.T) {
	k := newKit(t)
	granted := k.send(t, k.issuer, utxo.OmniGrant{Property: property, Amount: 5}, k.alice.Address)
	sent := k.send(t, k.alice, utxo.OmniSimpleSend{Property: property, Amount: 5}, k.issuer.Address)
	contains(t, "before", k.must(t, "omni_getbalance", k.issuer.Address, property), map[string]any{"balance": "0.00000005"})
	if err := k.Reorg(t.Context(), 2, 3); err != nil {
		t.Fatal(err)
	}
	contains(t, "after", k.must(t, "omni_getbalance", k.issuer.Address, property), map[string]any{"balance": "0.00000000"})
	for _, gone := range []map[string]any{granted, sent} {
		result, code, _ := k.ask(t, "omni_gettransaction", gone["txid"])
		if all, ok := result.(map[string]any); ok && (all["confirmations"] != 0.0 || all["valid"] != nil || all["blockhash"] != nil) || !ok && code != -5 {
			t.Errorf("a message that left its block: %v (%d)", result, code)
		}
	}
	contains(t, "the property is older", k.must(t, "omni_getproperty", property), map[string]any{"totaltokens": "0.00000000"})
}

func TestRefusals(t *testing.T) {
	k := newKit(t)
	payment, err := k.Pay(t.Context(), k.alice.Address, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Mine(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]struct {
		method string
		params []any
		code   int
		words  string
	}{
		"unknown transaction":  {"omni_gettransaction", []any{strings.Repeat("12", 32)}, -5, "No information available about transaction"},
		"no message":           {"omni_gettransaction", []any{text(payment.ID)}, -5, "Not an Omni Layer Protocol transaction"},
		"no transaction":       {"omni_gettransaction", []any{"12"}, -8, "txid must be of length 64 (not 2)"},
		"no parameter":         {"omni_gettransaction", nil, -1, "Parameter 1 is missing"},
		"unknown property":     {"omni_getproperty", []any{77}, -8, "Property identifier does not exist"},
		"negative property":    {"omni_getproperty", []any{-1}, -8, "Parameter 1 cannot be read"},
		"unknown balance":      {"omni_getbalance", []any{k.alice.Address, 77}, -8, "Property identifier does not exist"},
		"no address":           {"omni_getbalance", []any{"x", property}, -5, "Invalid address"},
		"nothing held":         {"omni_getallbalancesforaddress", []any{k.alice.Address}, -5, "Address not found"},
		"a block to come":      {"omni_listblocktransactions", []any{100_000}, -8, "Block height is out of range"},
		"hash of one to come":  {"getblockhash", []any{100_000}, -8, "Block height out of range"},
		"unknown method":       {"omni_send", nil, -32601, "Method not found"},
		"nothing that changes": {"sendrawtransaction", []any{"00"}, -32601, "Method not found"},
	} {
		if result, code, words := k.ask(t, v.method, v.params...); code != v.code || words != v.words {
			t.Errorf("%s: %v, %q (%d), want %q (%d)", name, result, words, code, v.words, v.code)
		}
	}
	k.send(t, k.issuer, utxo.OmniGrant{Property: property, Amount: 5}, k.alice.Address)
	all, _ := k.must(t, "omni_getallbalancesforaddress", k.alice.Address).([]any)
	if len(all) != 1 {
		t.Fatalf("balances: %v", all)
	}
	contains(t, "all balances", all[0], map[string]any{"propertyid": 3.0, "name": "US dollar", "balance": "0.00000005"})
}
