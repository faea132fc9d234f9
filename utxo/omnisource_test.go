package utxo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/devnet/omnisim"
	"github.com/cofferhq/coffer/utxo"
)

const (
	// vault is a P2SH address, as a nested descriptor has; elsewhere is another.
	vault     = coffer.Address("2N2PJEucf6QY2kNFuJ4chQEBoyZWszRQE16")
	elsewhere = coffer.Address("2MvMhrRzhzPDeU9QvbpTmybKSBGjUmC6TTu")

	token = 3 // the first property that anybody makes
)

// omniChain is a chain with a divisible property, of which alice holds 100 units.
type omniChain struct {
	*chain
	sim           *omnisim.Sim
	issuer, alice *omnisim.Wallet
}

func newOmniChain(t *testing.T) *omniChain {
	t.Helper()
	c := &omniChain{chain: newChain(t)}
	tip, err := c.source.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client, _ := dial(t, c.Node())
	c.sim = omnisim.New(client, tip.Latest.Height)
	c.issuer, c.alice = c.wallet(t, "issuer"), c.wallet(t, "alice")
	c.send(t, c.issuer, utxo.OmniCreateManaged{Ecosystem: utxo.OmniMain, PropertyType: utxo.OmniDivisible, Name: "US dollar"}, "")
	c.send(t, c.issuer, utxo.OmniGrant{Property: token, Amount: 100_0000_0000}, c.alice.Address)
	return c
}

func (c *omniChain) wallet(t *testing.T, name string) *omnisim.Wallet {
	t.Helper()
	w, err := omnisim.NewWallet(c.Bitcoin, name)
	if err == nil {
		err = w.Fund(t.Context(), 12)
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// send sends a message in a block of its own.
func (c *omniChain) send(t *testing.T, from *omnisim.Wallet, m utxo.OmniMessage, to coffer.Address) devnet.BitcoinPayment {
	t.Helper()
	payment, err := from.Send(t.Context(), m, to)
	if err != nil {
		t.Fatal(err)
	}
	c.mine(t, 1)
	return payment
}

// serve answers as an Omni Core node.
func serve(t *testing.T, handler http.Handler) utxo.Node {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return utxo.Node{URL: server.URL}
}

// reading is a source that reads the property, as these nodes tell it.
func (c *omniChain) reading(t *testing.T, property uint32, nodes ...utxo.Node) (*utxo.Omni, *utxo.Source) {
	t.Helper()
	omni, err := utxo.DialOmni(t.Context(), c.client, utxo.OmniConfig{Property: property, Nodes: nodes, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(omni.Close)
	return omni, c.source.WithOmni(omni)
}

// tip reads the newest block, and returns what moved of properties in it.
func (c *omniChain) tip(t *testing.T, source *utxo.Source) ([]coffer.Transfer, error) {
	t.Helper()
	head, err := source.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return movedIn(t.Context(), source, head.Latest.Hash)
}

// movedIn is what moved of properties in a block, without what moved nothing.
func movedIn(ctx context.Context, source coffer.Source, hash coffer.Hash) ([]coffer.Transfer, error) {
	block, err := source.Block(ctx, hash)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(block.Transfers, func(t coffer.Transfer) bool { return t.Asset.IsNative() || t.Amount.IsZero() }), nil
}

func transferOf(tx coffer.Hash, from, to coffer.Address, amount uint64) []coffer.Transfer {
	return []coffer.Transfer{{
		Asset: coffer.AssetID(string(utxo.Regtest.Chain()) + "/omni:3"), Tx: tx, Ref: "omni:3",
		From: from, To: to, Amount: coffer.NewAmount(amount),
	}}
}

func (c *omniChain) expect(t *testing.T, name string, source *utxo.Source, want []coffer.Transfer) {
	t.Helper()
	if got, err := c.tip(t, source); err != nil || !slices.Equal(got, want) {
		t.Errorf("%s: %+v (%v), want %+v", name, got, err, want)
	}
}

func TestOmniTransfers(t *testing.T) {
	c := newOmniChain(t)
	node := serve(t, c.sim)
	omni, source := c.reading(t, token, node)
	if decimals, err := omni.Decimals(t.Context()); err != nil || decimals != 8 {
		t.Errorf("%d decimal places, %v", decimals, err)
	}
	c.expect(t, "a grant", source, nil)

	sent := c.send(t, c.alice, utxo.OmniSimpleSend{Property: token, Amount: 25_0000_0001}, vault)
	want := transferOf(sent.ID, c.alice.Address, vault, 25_0000_0001)
	c.expect(t, "a send", source, want)
	c.expect(t, "a send, without the Omni Layer", c.source, nil)
	_, other := c.reading(t, 4, node)
	c.expect(t, "a send, where another property counts", other, nil)
	if block := c.head(t); block.Transfers[len(block.Transfers)-1].To != vault || len(block.Spends) != 1 {
		t.Errorf("the coin of the reference is a transfer too: %+v", block.Transfers)
	}

	c.send(t, c.alice, utxo.OmniSimpleSend{Property: token, Amount: 75_0000_0000}, vault)
	c.expect(t, "one unit more than the sender has", source, nil)
	c.send(t, c.issuer, utxo.OmniSimpleSend{Property: token, Amount: 1}, vault)
	c.expect(t, "a sender who has nothing", source, nil)
	c.send(t, c.alice, utxo.OmniSimpleSend{Property: 4, Amount: 1}, vault)
	c.expect(t, "another property", source, nil)
	c.send(t, c.alice, utxo.OmniUnknown{Type: 3, Body: []byte{0, 0, 0, token, 0, 0, 0, 0, 0, 0, 0, 1}}, vault)
	c.expect(t, "a type that is not read", source, nil)

	segwit := c.send(t, c.alice, utxo.OmniSimpleSend{Property: token, Amount: 1}, strange)
	c.expect(t, "a native segwit reference is none", source, transferOf(segwit.ID, c.alice.Address, c.alice.Address, 1))

	all := c.send(t, c.alice, utxo.OmniSendAll{Ecosystem: utxo.OmniMain}, vault)
	c.expect(t, "send all", source, transferOf(all.ID, c.alice.Address, vault, 74_9999_9999))
	c.send(t, c.alice, utxo.OmniSendAll{Ecosystem: utxo.OmniMain}, vault)
	c.expect(t, "send all of nothing", source, nil)
}

// The last P2PKH or P2SH output that is not the sender's change is the reference.
func TestOmniOrderOfOutputs(t *testing.T) {
	c := newOmniChain(t)
	_, source := c.reading(t, token, serve(t, c.sim))
	script, err := utxo.ScriptOf(utxo.Regtest, elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	outputs := func() []*wire.TxOut {
		outs, err := c.alice.Outputs(utxo.OmniSimpleSend{Property: token, Amount: 7}, vault)
		if err != nil {
			t.Fatal(err)
		}
		return outs
	}
	last := wire.NewTxOut(600, script)
	for name, v := range map[string]struct {
		outputs []*wire.TxOut
		to      coffer.Address
	}{
		"reference before change":    {[]*wire.TxOut{outputs()[2], outputs()[0], outputs()[1]}, vault},
		"an output after it":         {append(outputs(), last), elsewhere},
		"the reference is not last":  {[]*wire.TxOut{outputs()[0], outputs()[2], last}, elsewhere},
		"change is the only address": {outputs()[:2], c.alice.Address},
	} {
		payment, err := c.alice.Sign(v.outputs)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.MineWith(t.Context(), payment.Raw); err != nil {
			t.Fatal(err)
		}
		c.expect(t, name, source, transferOf(payment.ID, c.alice.Address, v.to, 7))
	}
}

func TestOmniFrozenSender(t *testing.T) {
	c := newOmniChain(t)
	_, source := c.reading(t, token, serve(t, c.sim))
	target, err := utxo.OmniTarget(utxo.Regtest, c.alice.Address)
	if err != nil {
		t.Fatal(err)
	}
	c.send(t, c.issuer, utxo.OmniFreezing{Property: token, Enable: true}, "")
	c.send(t, c.issuer, utxo.OmniFreeze{Property: token, Target: target}, "")
	c.expect(t, "a freeze moves nothing", source, nil)
	c.send(t, c.alice, utxo.OmniSimpleSend{Property: token, Amount: 5}, vault)
	c.expect(t, "a frozen sender", source, nil)
	c.send(t, c.issuer, utxo.OmniFreeze{Property: token, Target: target, Thaw: true}, "")
	sent := c.send(t, c.alice, utxo.OmniSimpleSend{Property: token, Amount: 5}, vault)
	c.expect(t, "a thawed sender", source, transferOf(sent.ID, c.alice.Address, vault, 5))
}

// What a message is worth depends on the blocks before it: the same transaction is valid on one
// fork and not on another.
func TestOmniReorganisation(t *testing.T) {
	c := newOmniChain(t)
	_, source := c.reading(t, token, serve(t, c.sim))
	bob := c.wallet(t, "bob")
	c.send(t, c.alice, utxo.OmniSimpleSend{Property: token, Amount: 60_0000_0000}, bob.Address)
	sent := c.send(t, bob, utxo.OmniSimpleSend{Property: token, Amount: 60_0000_0000}, vault)
	want := transferOf(sent.ID, bob.Address, vault, 60_0000_0000)
	c.expect(t, "before", source, want)
	old := c.head(t)

	if err := c.Reorg(t.Context(), 2, 3); err != nil {
		t.Fatal(err)
	}
	if _, err := movedIn(t.Context(), source, old.Hash); !errors.Is(err, utxo.ErrOmniNotReady) {
		t.Errorf("a block that left: %v, want ErrOmniNotReady", err)
	}
	if _, err := c.MineWith(t.Context(), sent.Raw); err != nil {
		t.Fatal(err)
	}
	c.expect(t, "the send without what paid for it", source, nil)

	// The node goes back to the first fork when the second one is declared invalid.
	if err := c.Reorg(t.Context(), int(c.head(t).Height-old.Height)+2, 0); err != nil {
		t.Fatal(err)
	}
	if head := c.head(t); head.Hash != old.Hash {
		t.Fatalf("the head is %d %s, want %s again", head.Height, head.Hash, old.Hash)
	}
	c.expect(t, "the block that came back", source, want)
}

func TestOmniNodeBehind(t *testing.T) {
	c := newOmniChain(t)
	_, source := c.reading(t, token, serve(t, c.sim))
	before := c.head(t).Height
	c.sim.HoldAt(before)
	sent := c.send(t, c.alice, utxo.OmniSimpleSend{Property: token, Amount: 9}, vault)
	for range 5 { // more often than a broken node is asked
		if got, err := c.tip(t, source); !errors.Is(err, utxo.ErrOmniNotReady) {
			t.Fatalf("a node that has not read the block: %+v, %v, want ErrOmniNotReady", got, err)
		}
	}
	if block, err := c.source.Block(t.Context(), c.head(t).Hash); err != nil || len(block.Transfers) == 0 {
		t.Errorf("the block without the Omni Layer: %v", err)
	}
	c.sim.Release()
	c.expect(t, "when it has caught up", source, transferOf(sent.ID, c.alice.Address, vault, 9))

	c.sim.HoldAt(before)
	c.mine(t, 1)
	c.expect(t, "a block without messages needs no Omni Core", source, nil)
}

// liar changes what an Omni Core node answers to one method.
type liar struct {
	http.Handler
	method string
	change func(result map[string]any)
}

func (l liar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var request struct {
		Method string `json:"method"`
	}
	_ = json.Unmarshal(body, &request)
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	l.Handler.ServeHTTP(answer, r)
	text := answer.Body.Bytes()
	if request.Method == l.method {
		var said map[string]any
		_ = json.Unmarshal(text, &said)
		if result, ok := said["result"].(map[string]any); ok {
			l.change(result)
		}
		text, _ = json.Marshal(said)
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(text)
}

func TestOmniNodeThatLies(t *testing.T) {
	c := newOmniChain(t)
	c.send(t, c.alice, utxo.OmniSimpleSend{Property: token, Amount: 50_0000_0000}, vault)
	set := func(name string, value any) func(map[string]any) {
		return func(result map[string]any) { result[name] = value }
	}
	for name, v := range map[string]struct {
		change func(map[string]any)
		err    error // nil: the block is read, without the transfer
	}{
		"more than was sent":         {set("amount", "5000.00000000"), nil},
		"an amount in whole units":   {set("divisible", false), nil},
		"a number instead of text":   {set("amount", 50.0), errAny},
		"an amount that is none":     {set("amount", "5e1"), nil},
		"a negative amount":          {set("amount", "-50.00000000"), nil},
		"another property":           {set("propertyid", 4), nil},
		"another recipient":          {set("referenceaddress", elsewhere), nil},
		"another sender":             {set("sendingaddress", elsewhere), nil},
		"another type":               {set("type_int", 55), nil},
		"another version":            {set("version", 1), nil},
		"invalid":                    {set("valid", false), nil},
		"not whether it is valid":    {func(r map[string]any) { delete(r, "valid") }, utxo.ErrOmniNotReady},
		"valid as a text":            {set("valid", "true"), errAny},
		"in another block":           {set("blockhash", "00"+string(bytes.Repeat([]byte("1"), 62))), utxo.ErrOmniNotReady},
		"in no block":                {func(r map[string]any) { delete(r, "blockhash") }, utxo.ErrOmniNotReady},
		"another transaction's word": {set("txid", string(bytes.Repeat([]byte("1"), 64))), errAny},
	} {
		_, source := c.reading(t, token, serve(t, liar{c.sim, "omni_gettransaction", v.change}))
		got, err := c.tip(t, source)
		if len(got) > 0 || (err == nil) != (v.err == nil) || errors.Is(v.err, utxo.ErrOmniNotReady) && !errors.Is(err, v.err) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	_, source := c.reading(t, token, serve(t, liar{c.sim, "omni_getinfo", set("block", 3)}))
	if got, err := c.tip(t, source); !errors.Is(err, utxo.ErrOmniNotReady) {
		t.Errorf("a node that is behind by its own word: %+v, %v", got, err)
	}
	if _, err := utxo.DialOmni(t.Context(), c.client, utxo.OmniConfig{Property: token}); err == nil {
		t.Error("no node is enough")
	}
	for property := range uint32(3) { // what class A moves
		if _, err := utxo.DialOmni(t.Context(), c.client, utxo.OmniConfig{Property: property, Nodes: []utxo.Node{serve(t, c.sim)}}); err == nil {
			t.Errorf("property %d is handled", property)
		}
	}
}

var errAny = errors.New("any error")

func TestOmniNodesMustAgree(t *testing.T) {
	c := newOmniChain(t)
	honest := serve(t, c.sim)
	sent := c.send(t, c.issuer, utxo.OmniSimpleSend{Property: token, Amount: 1}, vault)
	believer := serve(t, liar{c.sim, "omni_gettransaction", func(r map[string]any) { r["valid"] = true }})
	for name, nodes := range map[string][]utxo.Node{"liar first": {believer, honest}, "liar last": {honest, believer}} {
		_, source := c.reading(t, token, nodes...)
		if got, err := c.tip(t, source); !errors.Is(err, utxo.ErrOmniDisagree) {
			t.Errorf("%s: %+v, %v, want ErrOmniDisagree", name, got, err)
		}
	}
	_, source := c.reading(t, token, believer)
	c.expect(t, "one node alone is believed", source, transferOf(sent.ID, c.issuer.Address, vault, 1))
	_, source = c.reading(t, token, honest, serve(t, c.sim))
	c.expect(t, "two that agree", source, nil)
}

// That a message moved nothing is told where it is certain, and only there.
func TestOmniMessagesThatMoveNothing(t *testing.T) {
	c := newOmniChain(t)
	sent := c.send(t, c.issuer, utxo.OmniSimpleSend{Property: token, Amount: 1}, vault)
	nothing := []coffer.Transfer{{Asset: utxo.OmniAsset(utxo.Regtest, token), Tx: sent.ID, Ref: "omni:3"}}
	told := func(source *utxo.Source) []coffer.Transfer {
		t.Helper()
		block, err := source.Block(t.Context(), c.head(t).Hash)
		if err != nil {
			t.Fatal(err)
		}
		return slices.DeleteFunc(block.Transfers, func(t coffer.Transfer) bool { return t.Asset.IsNative() })
	}
	_, source := c.reading(t, token, serve(t, c.sim))
	if got := told(source); !slices.Equal(got, nothing) {
		t.Errorf("of what its sender does not have: %+v", got)
	}
	_, source = c.reading(t, token, serve(t, liar{c.sim, "omni_gettransaction", func(r map[string]any) { r["valid"], r["amount"] = true, "7.00000000" }}))
	if got := told(source); len(got) != 0 {
		t.Errorf("where the server and the bytes differ: %+v", got)
	}
	sent = c.send(t, c.alice, utxo.OmniSimpleSend{Property: token, Amount: 1}, vault)
	_, source = c.reading(t, token, serve(t, c.sim))
	if got, want := told(source), transferOf(sent.ID, c.alice.Address, vault, 1); !slices.Equal(got, want) {
		t.Errorf("of what moves: %+v", got)
	}
}

func TestOmniDecimals(t *testing.T) {
	c := newOmniChain(t)
	omni, _ := c.reading(t, 9, serve(t, c.sim))
	if decimals, err := omni.Decimals(t.Context()); !errors.Is(err, coffer.ErrNotFound) {
		t.Errorf("a property that does not exist: %d, %v", decimals, err)
	}
	c.send(t, c.issuer, utxo.OmniCreateManaged{Ecosystem: utxo.OmniMain, PropertyType: utxo.OmniIndivisible, Name: "Tickets"}, "")
	c.send(t, c.issuer, utxo.OmniGrant{Property: 4, Amount: 12}, c.alice.Address)
	omni, source := c.reading(t, 4, serve(t, c.sim))
	if decimals, err := omni.Decimals(t.Context()); err != nil || decimals != 0 {
		t.Errorf("tickets: %d, %v", decimals, err)
	}
	sent := c.send(t, c.alice, utxo.OmniSimpleSend{Property: 4, Amount: 12}, vault)
	want := transferOf(sent.ID, c.alice.Address, vault, 12)
	want[0].Asset, want[0].Ref = omni.Asset(), "omni:4"
	c.expect(t, "tickets", source, want)
}

// What addresses had after a block is what they have now without what came later.
func TestOmniHeld(t *testing.T) {
	c := newOmniChain(t)
	_, source := c.reading(t, token, serve(t, c.sim))
	alice := c.alice.Address
	c.send(t, c.alice, utxo.OmniSimpleSend{Property: token, Amount: 30_0000_0000}, vault)
	then := c.head(t).BlockRef
	c.send(t, c.alice, utxo.OmniSimpleSend{Property: token, Amount: 5_0000_0000}, vault)
	c.send(t, c.alice, utxo.OmniSimpleSend{Property: token, Amount: 99_0000_0000}, vault) // more than there is
	c.send(t, c.alice, utxo.OmniSimpleSend{Property: token, Amount: 1_0000_0000}, elsewhere)
	now := c.head(t).BlockRef
	for _, want := range []struct {
		at                   coffer.BlockRef
		alice, vault, nobody uint64
	}{{then, 70_0000_0000, 30_0000_0000, 0}, {now, 64_0000_0000, 35_0000_0000, 1_0000_0000}} {
		held, err := source.OmniHeld(t.Context(), []coffer.Address{alice, vault, elsewhere}, want.at)
		if err != nil {
			t.Fatal(err)
		}
		for address, amount := range map[coffer.Address]uint64{alice: want.alice, vault: want.vault, elsewhere: want.nobody} {
			if held[address] != coffer.NewAmount(amount) {
				t.Errorf("after block %d: %s has %s, want %d", want.at.Height, address, held[address], amount)
			}
		}
	}
	if held, err := source.OmniHeld(t.Context(), []coffer.Address{vault}, coffer.BlockRef{Height: then.Height, Hash: now.Hash}); !errors.Is(err, coffer.ErrNotFound) {
		t.Errorf("after a block that is not there: %v, %v", held, err)
	}
	c.sim.HoldAt(then.Height)
	if held, err := source.OmniHeld(t.Context(), []coffer.Address{vault}, then); !errors.Is(err, utxo.ErrOmniNotReady) {
		t.Errorf("of a server that is behind: %v, %v", held, err)
	}
	c.sim.Release()
	_, other := c.reading(t, token, serve(t, c.sim), serve(t, liar{c.sim, "omni_getbalance", func(r map[string]any) { r["balance"] = "36.00000000" }}))
	if held, err := other.OmniHeld(t.Context(), []coffer.Address{vault}, now); !errors.Is(err, utxo.ErrOmniDisagree) {
		t.Errorf("of servers that disagree: %v, %v", held, err)
	}
	if _, err := c.source.OmniHeld(t.Context(), nil, now); err == nil {
		t.Error("of a source without the Omni Layer")
	}
}
