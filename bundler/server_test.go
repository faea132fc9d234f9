package bundler_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/bundler"
	"github.com/cofferhq/coffer/evm"
)

func TestOperationOverJSONRPC(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	server := httptest.NewServer(b.Handler())
	t.Cleanup(server.Close)
	client, err := rpc.DialContext(t.Context(), server.URL)
	check(t, err)
	t.Cleanup(client.Close)
	ask := func(result any, method string, args ...any) {
		t.Helper()
		check(t, client.CallContext(t.Context(), result, method, args...))
	}

	var chain hexutil.Uint64
	ask(&chain, "eth_chainId")
	var entryPoints []common.Address
	ask(&entryPoints, "eth_supportedEntryPoints")
	if chain != 31337 || len(entryPoints) != 1 || entryPoints[0] != w.EntryPoint {
		t.Errorf("chain %d, EntryPoints %s", chain, entryPoints)
	}

	op := w.payment(nonce(0, 0), recipient, 300)
	partial := fieldsOf(t, op)
	for _, gas := range []string{"callGasLimit", "verificationGasLimit", "preVerificationGas", "maxFeePerGas", "maxPriorityFeePerGas"} {
		delete(partial, gas)
	}
	var gas evm.Gas
	ask(&gas, "eth_estimateUserOperationGas", partial, w.EntryPoint, map[string]any{})
	op = w.signed(withEstimate(op, gas), w.owners[0], w.owners[1])

	var hash coffer.Hash
	ask(&hash, "eth_sendUserOperation", userOperation(op), w.EntryPoint)
	var receipt, found map[string]any
	ask(&receipt, "eth_getUserOperationReceipt", hash)
	ask(&found, "eth_getUserOperationByHash", hash)
	if receipt != nil || found == nil || found["blockHash"] != nil {
		t.Errorf("before inclusion: receipt %v, operation %v", receipt, found)
	}

	w.settle(b)

	ask(&receipt, "eth_getUserOperationReceipt", hash)
	ask(&found, "eth_getUserOperationByHash", hash)
	if receipt["success"] != true || receipt["userOpHash"] != hash.String() || receipt["nonce"] != "0x0" || receipt["receipt"] == nil {
		t.Errorf("receipt %v", receipt)
	}
	inner, _ := receipt["receipt"].(map[string]any)
	operation, _ := found["userOperation"].(map[string]any)
	if found["transactionHash"] != inner["transactionHash"] || found["blockHash"] != inner["blockHash"] || operation["signature"] != hexutil.Encode(op.Signature) {
		t.Errorf("operation %v", found)
	}
	found = nil
	ask(&found, "eth_getUserOperationByHash", coffer.Hash{1})
	if found != nil {
		t.Errorf("unknown operation: %v", found)
	}
}

func TestMalformedOperationIsAnsweredWithItsField(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	good := fieldsOf(t, w.ready(b, w.payment(nonce(0, 0), recipient, 300)))
	cases := []struct {
		field string
		value any // deleted when nil
	}{
		{"sender", nil}, {"sender", "0x12"}, {"sender", 5}, {"sender", "somebody"},
		{"nonce", nil}, {"nonce", "12"}, {"nonce", 12}, {"nonce", "0x"}, {"nonce", "0x01"}, {"nonce", "-0x1"},
		{"nonce", "0x1" + strings.Repeat("0", 64)}, {"nonce", json.RawMessage("null")},
		{"callData", nil}, {"callData", "0x123"}, {"callData", "0xzz"}, {"callData", []int{1}}, {"callData", "0x"},
		{"callGasLimit", nil}, {"callGasLimit", "0x10000000000000000"}, {"callGasLimit", "0x0"}, {"callGasLimit", 1e30},
		{"verificationGasLimit", nil}, {"verificationGasLimit", ""}, {"verificationGasLimit", "0xffffffffffffffff"},
		{"preVerificationGas", nil}, {"preVerificationGas", "0x1"}, {"preVerificationGas", true},
		{"maxFeePerGas", nil}, {"maxFeePerGas", "0xgg"}, {"maxFeePerGas", []string{}},
		{"maxPriorityFeePerGas", nil}, {"maxPriorityFeePerGas", "0xffffffffffffffff"},
		{"signature", nil}, {"signature", "0x0"}, {"signature", "0x" + strings.Repeat("00", 5000)},
		{"initCode", "0x"}, {"paymasterAndData", "0x"}, {"Sender", "0x"}, {"eip7702Auth", map[string]any{}},
		{"factoryData", "0x1g"}, {"paymaster", "0x1"}, {"paymasterPostOpGasLimit", "1"},
	}
	for _, c := range cases {
		bad := maps.Clone(good)
		if c.value == nil {
			delete(bad, c.field)
		} else {
			bad[c.field] = c.value
		}
		text := fmt.Sprintf("%.40v", c.value)
		answer := post(t, b, request("eth_sendUserOperation", bad, w.EntryPoint))
		if answer.Error == nil || answer.Error.Code != bundler.CodeInvalid || !strings.HasPrefix(answer.Error.Message, c.field+": ") {
			t.Errorf("%s %s: %+v", c.field, text, answer.Error)
		}
	}
	for name, params := range map[string]string{
		"no parameters":         `[]`,
		"no entry point":        `[{}]`,
		"a list as operation":   `[[],"` + w.EntryPoint.Hex() + `"]`,
		"a null operation":      `[null,"` + w.EntryPoint.Hex() + `"]`,
		"a field twice":         `[{"sender":"0x","sender":"0x"},"` + w.EntryPoint.Hex() + `"]`,
		"entry point no text":   `[` + encode(t, good) + `,5]`,
		"short entry point":     `[` + encode(t, good) + `,"0x12"]`,
		"unknown entry point":   `[` + encode(t, good) + `,"` + recipient.Hex() + `"]`,
		"something in addition": `[` + encode(t, good) + `,"` + w.EntryPoint.Hex() + `",1]`,
	} {
		answer := post(t, b, `{"jsonrpc":"2.0","id":1,"method":"eth_sendUserOperation","params":`+params+`}`)
		if answer.Error == nil || answer.Error.Code != bundler.CodeInvalid {
			t.Errorf("%s: %+v", name, answer)
		}
	}
	if n := w.count("select count(*) from bundler_operations"); n != 0 {
		t.Errorf("%d malformed operations were stored", n)
	}
	if answer := post(t, b, request("eth_sendUserOperation", good, w.EntryPoint)); answer.Error != nil {
		t.Errorf("the good one: %+v", answer.Error)
	}
}

func TestServerRefusesMalformedRequests(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	chainID := `{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}`
	for body, code := range map[string]int{
		``:     bundler.CodeParse,
		`{`:    bundler.CodeParse,
		`[1,`:  bundler.CodeParse,
		`null`: bundler.CodeRequest,
		`"x"`:  bundler.CodeRequest,
		`[]`:   bundler.CodeRequest,
		`{"jsonrpc":"1.0","id":1,"method":"eth_chainId"}`:                                     bundler.CodeRequest,
		`{"jsonrpc":"2.0","method":"eth_chainId"}`:                                            bundler.CodeRequest,
		`{"jsonrpc":"2.0","id":{},"method":"eth_chainId"}`:                                    bundler.CodeRequest,
		`{"jsonrpc":"2.0","id":"` + strings.Repeat("x", 200) + `","method":"eth_chainId"}`:    bundler.CodeRequest,
		`{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":{}}`:                         bundler.CodeRequest,
		`{"jsonrpc":"2.0","id":1,"method":"eth_chainId","more":1}`:                            bundler.CodeRequest,
		`{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[1]}`:                        bundler.CodeInvalid,
		`{"jsonrpc":"2.0","id":1,"method":"debug_bundler_clearState","params":[]}`:            bundler.CodeMethod,
		`{"jsonrpc":"2.0","id":1,"method":"eth_getUserOperationReceipt","params":["0x1"]}`:    bundler.CodeInvalid,
		`{"jsonrpc":"2.0","id":1,"method":"eth_getUserOperationByHash","params":[]}`:          bundler.CodeInvalid,
		`{"jsonrpc":"2.0","id":1,"method":"eth_estimateUserOperationGas","params":[{},"",1]}`: bundler.CodeInvalid,
		`[` + strings.TrimSuffix(strings.Repeat(chainID+",", 33), ",") + `]`:                  bundler.CodeRequest,
	} {
		answer := post(t, b, body)
		if answer.Error == nil || answer.Error.Code != code {
			t.Errorf("%.80s: %+v, want code %d", body, answer, code)
		}
	}

	var batch []answer
	check(t, json.Unmarshal(postRaw(t, b, `[`+chainID+`,1,`+chainID+`]`), &batch))
	if len(batch) != 3 || batch[0].Error != nil || batch[1].Error == nil || string(batch[2].Result) != `"0x7a69"` {
		t.Errorf("batch: %+v", batch)
	}

	for _, c := range []struct {
		method string
		body   string
		status int
	}{
		{http.MethodGet, "", http.StatusMethodNotAllowed},
		{http.MethodPost, `"` + strings.Repeat("x", 1<<20) + `"`, http.StatusRequestEntityTooLarge},
	} {
		recorder := httptest.NewRecorder()
		b.Handler().ServeHTTP(recorder, httptest.NewRequest(c.method, "/", strings.NewReader(c.body)))
		if recorder.Code != c.status {
			t.Errorf("%s of %d bytes: status %d, want %d", c.method, len(c.body), recorder.Code, c.status)
		}
	}
}

func TestBadSignatureIsRefusedAlikeInProcessAndOverJSONRPC(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	op := w.signed(w.ready(b, w.payment(nonce(0, 0), recipient, 300)), w.owners[0], newKey(t).private)
	server := httptest.NewServer(b.Handler())
	t.Cleanup(server.Close)
	client, err := rpc.DialContext(t.Context(), server.URL)
	check(t, err)
	t.Cleanup(client.Close)

	_, inProcess := b.SendUserOperation(t.Context(), userOperation(op), w.EntryPoint)
	remote := client.CallContext(t.Context(), nil, "eth_sendUserOperation", userOperation(op), w.EntryPoint)
	for _, err := range []error{inProcess, remote} {
		var coded rpc.Error
		if !errors.As(err, &coded) || coded.ErrorCode() != bundler.CodeSignature || err.Error() != "AA24 signature error" {
			t.Errorf("got %v", err)
		}
	}
}

type answer struct {
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

func post(t *testing.T, b *bundler.Bundler, body string) (a answer) {
	t.Helper()
	check(t, json.Unmarshal(postRaw(t, b, body), &a))
	return a
}

func postRaw(t *testing.T, b *bundler.Bundler, body string) []byte {
	t.Helper()
	recorder := httptest.NewRecorder()
	b.Handler().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body)))
	answer, err := io.ReadAll(recorder.Body)
	check(t, err)
	if recorder.Code != http.StatusOK {
		t.Fatalf("status %d: %s", recorder.Code, answer)
	}
	return answer
}

func request(method string, params ...any) string {
	var body bytes.Buffer
	_ = json.NewEncoder(&body).Encode(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	return body.String()
}

// fieldsOf is an operation as JSON fields.
func fieldsOf(t *testing.T, op bindings.PackedUserOperation) (fields map[string]any) {
	t.Helper()
	text, err := json.Marshal(userOperation(op))
	check(t, err)
	check(t, json.Unmarshal(text, &fields))
	return fields
}

func encode(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	check(t, err)
	return string(text)
}
