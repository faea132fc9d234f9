package tronsim

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// fingerprint is the same as long as nothing is changed that anybody can see later: blocks, what
// is pending, the state with it, prices.
func (s *Sim) fingerprint() Hash {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := sha256.New()
	say := func(format string, values ...any) { h.Write(fmt.Appendf(nil, format+"\n", values...)) }
	c := s.chain
	say("%v %v %v %d %v", c.head().id, *c.consensus, c.parameters, len(c.blocks), c.prices)
	say("%d %d %d %d", len(c.txs), len(c.pooled), len(s.faults), len(s.saved))
	for _, p := range c.pool {
		say("%v %x", p.id, encode(p.tx))
	}
	byAddress := func(a, b Address) int { return a.Cmp(b) }
	for _, address := range slices.SortedFunc(maps.Keys(c.state.accounts), byAddress) {
		a := *c.state.accounts[address]
		say("%x", encode(a.owner))
		for _, active := range a.actives {
			say("%x", encode(active))
		}
		a.era, a.owner, a.actives = 0, nil, nil
		say("%v", a)
	}
	for _, address := range slices.SortedFunc(maps.Keys(c.state.contracts), byAddress) {
		contract := c.state.contracts[address]
		say("%v %x %x %d", address, encode(contract.made), contract.code, contract.cycle)
	}
	slots := slices.SortedFunc(maps.Keys(c.state.storage), func(a, b slotKey) int {
		return cmp.Or(a.address.Cmp(b.address), a.slot.Cmp(b.slot))
	})
	for _, slot := range slots {
		say("%v %v", slot, c.state.storage[slot])
	}
	say("%d %v", len(c.state.delegations), c.state.totals)
	return Hash(h.Sum(nil))
}

// fuzzed is a node with a token, something pending and something delegated.
func fuzzed(f *testing.F) (s *Sim, token Address, signed *tronpb.Transaction) {
	f.Helper()
	config := Config{Clock: func() time.Time { return start }, Seed: "fuzz", Genesis: start, Funded: map[Address]int64{}}
	key := KeyOf("fuzz", 0)
	owner := AddressOf(key)
	config.Funded[owner], config.Funded[AddressOf(KeyOf("fuzz", 1))] = rich, rich
	s, err := New(config)
	if err != nil {
		f.Fatal(err)
	}
	done := func(err error) {
		f.Helper()
		if err != nil {
			f.Fatal(err)
		}
	}
	done(s.Mine(1))
	signer := Signer{Sim: s, Keys: []Key{key}, Address: owner}
	parsed, err := bindings.TestTokenMetaData.ParseABI()
	done(err)
	arguments, err := parsed.Pack("", owner, bigInt(1_000_000), "Tether USD", "USDT", uint8(6))
	done(err)
	_, token, err = signer.Deploy("USDT", append(common.FromHex(bindings.TestTokenMetaData.Bin), arguments...))
	done(err)
	done(s.Mine(1))
	done(s.Stake(owner, tronpb.ResourceCode_ENERGY, 100*trx))
	_, err = signer.Send(tronpb.Transaction_Contract_DelegateResourceContract, &tronpb.DelegateResourceContract{
		OwnerAddress: Wire(owner), ReceiverAddress: Wire(AddressOf(KeyOf("fuzz", 1))), Resource: tronpb.ResourceCode_ENERGY, Balance: trx,
	}, nil)
	done(err)
	done(s.Mine(1))
	_, err = signer.Transfer(AddressOf(KeyOf("fuzz", 2)), trx)
	done(err)
	signed = s.Build(tronpb.Transaction_Contract_TransferContract, &tronpb.TransferContract{
		OwnerAddress: Wire(owner), ToAddress: Wire(AddressOf(KeyOf("fuzz", 3))), Amount: trx,
	}).Transaction
	done(Sign(signed, key))
	return s, token, signed
}

// FuzzHTTP sends whatever to the node's HTTP. It must answer JSON and change nothing, but for a
// transaction that it says it took.
func FuzzHTTP(f *testing.F) {
	s, token, signed := fuzzed(f)
	handler := Handler(s)
	before, err := s.Snapshot()
	if err != nil {
		f.Fatal(err)
	}
	untouched := s.fingerprint()

	owner, other := Text(AddressOf(KeyOf("fuzz", 0))), Text(AddressOf(KeyOf("fuzz", 1)))
	write := func(v any) []byte {
		b, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		return b
	}
	whole := write(printer{}.transaction(signed))
	wire, err := proto.Marshal(signed)
	if err != nil {
		f.Fatal(err)
	}
	ask := func(path string, body []byte) {
		f.Add(true, path, "", body)
		f.Add(false, path, "visible=true", []byte(nil))
	}
	for _, path := range []string{
		"/wallet/getnowblock", "/walletsolidity/getnowblock", "/wallet/getchainparameters", "/wallet/listwitnesses", "/wallet/getnodeinfo",
		"/wallet/gettransactionlistfrompending", "/wallet/getenergyprices", "/wallet/getnextmaintenancetime", "/", "/wallet/", "/walletsolidity/../wallet/getblock",
	} {
		ask(path, []byte("{}"))
	}
	for _, path := range []string{"/wallet/getaccount", "/walletsolidity/getaccount", "/wallet/getaccountresource", "/wallet/getaccountnet"} {
		ask(path, write(map[string]any{"address": owner, "visible": true}))
		ask(path, write(map[string]any{"address": hex.EncodeToString(Wire(AddressOf(KeyOf("fuzz", 0))))}))
		ask(path, write(map[string]any{"address": "0xdAC17F958D2ee523a2206206994597C13D831ec7"}))
	}
	for _, id := range []string{"1", "-1", "18446744073709551616", "", hex.EncodeToString(bytesOf(Hash{1}))} {
		ask("/wallet/getblock", write(map[string]any{"id_or_num": id, "detail": true}))
		ask("/wallet/getblockbynum", write(map[string]any{"num": id}))
		ask("/wallet/getblockbyid", write(map[string]any{"value": id}))
		ask("/wallet/getblockbylimitnext", write(map[string]any{"startNum": 0, "endNum": id}))
		ask("/wallet/gettransactioninfobyblocknum", write(map[string]any{"num": json.Number("1")}))
	}
	ask("/wallet/createtransaction", write(map[string]any{"owner_address": owner, "to_address": other, "amount": 5, "visible": true, "Permission_id": 2, "extra_data": "00"}))
	ask("/wallet/delegateresource", write(map[string]any{"owner_address": owner, "receiver_address": other, "balance": trx, "resource": "ENERGY", "lock": true, "visible": true}))
	ask("/wallet/accountpermissionupdate", write(map[string]any{
		"owner_address": owner, "visible": true,
		"owner":   map[string]any{"type": 0, "permission_name": "owner", "threshold": 1, "keys": []any{map[string]any{"address": owner, "weight": 1}}},
		"actives": []any{map[string]any{"type": 2, "permission_name": "pay", "threshold": 1, "operations": "7fff1fc0033e3b000000000000000000000000000000000000000000000000", "keys": []any{}}},
	}))
	for _, path := range []string{"/wallet/triggerconstantcontract", "/wallet/triggersmartcontract", "/wallet/estimateenergy"} {
		ask(path, write(map[string]any{
			"owner_address": owner, "contract_address": Text(token), "visible": true, "fee_limit": 5, "call_value": 0,
			"function_selector": "transfer(address,uint256)", "parameter": hex.EncodeToString(make([]byte, 64)),
		}))
		ask(path, write(map[string]any{"owner_address": owner, "visible": true, "data": "5b600056"}))
	}
	for _, path := range []string{"/wallet/broadcasttransaction", "/wallet/getsignweight", "/wallet/getapprovedlist"} {
		ask(path, whole)
		ask(path, bytes.Replace(whole, []byte("protocol.TransferContract"), []byte("google.protobuf.DoubleValue"), 1))
		ask(path, []byte(`{"raw_data":{"contract":[{}]}}`))
		ask(path, []byte(`{"raw_data":{"contract":[{"type":1,"parameter":{"type_url":"type.googleapis.com/google.protobuf.DoubleValue","value":{"value":1}}}]}}`))
		ask(path, []byte(`{"raw_data":{"contract":[{"type":1,"parameter":{"type_url":"type.googleapis.com/protocol.Block","value":{"transactions":[{}]}}}]}}`))
		ask(path, []byte(`null`))
	}
	ask("/wallet/broadcasthex", write(map[string]any{"transaction": hex.EncodeToString(wire)}))
	ask("/wallet/broadcasthex", write(map[string]any{"transaction": hex.EncodeToString(wire[:len(wire)-1])}))
	ask("/wallet/broadcasthex", []byte("<html>"))
	ask("/wallet/broadcasttransaction", bytes.Repeat([]byte(`{"raw_data":`), 100))

	f.Fuzz(func(t *testing.T, post bool, path, query string, body []byte) {
		request := (&http.Request{
			Method: http.MethodGet, URL: &url.URL{Path: path, RawQuery: query}, Host: "node", Body: io.NopCloser(bytes.NewReader(body)),
		}).WithContext(t.Context())
		if post {
			request.Method = http.MethodPost
		}
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		if recorder.Code == http.StatusOK && !json.Valid(recorder.Body.Bytes()) {
			t.Errorf("%s answers %q", path, recorder.Body)
		}
		if s.fingerprint() == untouched {
			return
		}
		var said struct {
			Result bool `json:"result"`
		}
		if err := json.Unmarshal(recorder.Body.Bytes(), &said); err != nil || !said.Result {
			t.Errorf("%s changed something and says %s", path, recorder.Body)
		}
		if err := s.Restore(before); err != nil {
			t.Fatal(err)
		}
		if before, err = s.Snapshot(); err != nil {
			t.Fatal(err)
		}
		untouched = s.fingerprint()
	})
}
