package tronsim

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// tronweb, the wallet library that most programs on TRON use, works on the node unchanged.
func TestTronwebUsesTheNode(t *testing.T) {
	key, second, to := KeyOf("test", 0), KeyOf("test", 1), AddressOf(KeyOf("test", 2))
	sim, err := New(Config{
		Clock: time.Now, Seed: "tronweb", SlotTime: 50 * time.Millisecond,
		Funded: map[Address]int64{AddressOf(key): rich, to: trx},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(ctx)
	done := make(chan error, 2)
	go func() { done <- sim.Run(serving) }()
	go func() { done <- ServeHTTP(serving, sim, listener) }()
	defer func() {
		stop()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}()

	question, err := json.Marshal(map[string]any{
		"url": "http://" + listener.Addr().String(), "key": hex.EncodeToString(crypto.FromECDSA(key)),
		"second": hex.EncodeToString(crypto.FromECDSA(second)), "to": Text(to),
		"abi": json.RawMessage(bindings.TestTokenMetaData.ABI), "code": bindings.TestTokenMetaData.Bin,
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, "node", "../../tron/clienttest/node.mjs")
	cmd.Stdin = bytes.NewReader(question)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tronweb (tools/setup installs it): %v\n%s", err, stderr.Bytes())
	}
	var seen struct {
		Balance int64 `json:"balance"`
		Payment struct {
			Result bool           `json:"result"`
			Info   map[string]any `json:"info"`
		} `json:"payment"`
		Paid  int64 `json:"paid"`
		Again struct {
			Result bool   `json:"result"`
			Code   string `json:"code"`
		} `json:"again"`
		Deploy   string `json:"deploy"`
		Transfer struct {
			Receipt struct {
				Result string `json:"result"`
				Energy int64  `json:"energy_usage_total"`
			} `json:"receipt"`
			Logs []struct {
				Address string   `json:"address"`
				Topics  []string `json:"topics"`
			} `json:"logs"`
		} `json:"transfer"`
		Held      string `json:"held"`
		Estimate  int64  `json:"estimate"`
		Stored    string `json:"stored"`
		Resources struct {
			EnergyLimit int64 `json:"EnergyLimit"`
		} `json:"resources"`
		Delegated struct {
			List []map[string]any `json:"delegatedResource"`
		} `json:"delegated"`
		WeightOfOne int64            `json:"weightOfOne"`
		Half        string           `json:"half"`
		Both        map[string]any   `json:"both"`
		Parameters  map[string]int64 `json:"parameters"`
		Nobody      map[string]any   `json:"nobody"`
		Block       bool             `json:"block"`
	}
	if err := json.Unmarshal(out, &seen); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for claim, holds := range map[string]bool{
		"balance":            seen.Balance == rich,
		"payment":            seen.Payment.Result && seen.Payment.Info["id"] != nil && seen.Paid == 6*trx,
		"the same again":     !seen.Again.Result && seen.Again.Code == "DUP_TRANSACTION_ERROR",
		"deployed":           seen.Deploy == "SUCCESS" && seen.Stored == "USDT",
		"token transfer":     seen.Transfer.Receipt.Result == "SUCCESS" && seen.Transfer.Receipt.Energy == 28_555 && seen.Held == "25",
		"log":                len(seen.Transfer.Logs) == 1 && len(seen.Transfer.Logs[0].Address) == 40 && len(seen.Transfer.Logs[0].Topics) == 3,
		"estimate":           seen.Estimate == 13_555,
		"stake":              seen.Resources.EnergyLimit > 9_000,
		"delegation":         len(seen.Delegated.List) == 1,
		"weight of one":      seen.WeightOfOne == 1,
		"half of the weight": seen.Half == "SIGERROR",
		"both":               seen.Both["id"] != nil && seen.Both["fee"] != nil,
		"parameters":         seen.Parameters["getEnergyFee"] == 100 && seen.Parameters["getTransactionFee"] == 1_000,
		"nobody":             len(seen.Nobody) == 0,
		"block":              seen.Block,
	} {
		if !holds {
			t.Errorf("%s: not as it should be", claim)
		}
	}
	if t.Failed() {
		t.Logf("%s", out)
	}
}

func TestHTTPIsJavaTrons(t *testing.T) {
	s := newScene(t, nil)
	id := s.must(s.signer(0).Transfer(AddressOf(KeyOf("test", 1)), trx))
	s.mine(1)
	server := httptest.NewServer(Handler(s.Sim))
	defer server.Close()
	post := func(path, body string) string {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Body.Close() }()
		var b bytes.Buffer
		if _, err := b.ReadFrom(r.Body); err != nil || r.StatusCode != http.StatusOK {
			t.Fatal(r.Status, err)
		}
		return strings.TrimSpace(b.String())
	}
	from := AddressOf(KeyOf("test", 0))
	for name, c := range map[string]struct{ path, body, want string }{
		"unknown account":     {"/wallet/getaccount", `{"address":"41` + strings.Repeat("00", 20) + `"}`, "{}"},
		"account, hex":        {"/wallet/getaccount", `{"address":"` + hex.EncodeToString(Wire(from)) + `"}`, `"balance":9999000000`},
		"account, base58":     {"/wallet/getaccount", `{"address":"` + string(Text(from)) + `","visible":true}`, `"address":"` + string(Text(from)) + `"`},
		"transaction":         {"/wallet/gettransactionbyid", `{"value":"` + hex.EncodeToString(id[:]) + `"}`, `"ret":[{"contractRet":"SUCCESS"}]`},
		"type url":            {"/wallet/gettransactionbyid", `{"value":"` + hex.EncodeToString(id[:]) + `"}`, `"type_url":"type.googleapis.com/protocol.TransferContract"`},
		"not solid":           {"/walletsolidity/gettransactionbyid", `{"value":"` + hex.EncodeToString(id[:]) + `"}`, "{}"},
		"head without detail": {"/wallet/getblock", `{"detail":false}`, `"number":2`},
		"infos":               {"/wallet/gettransactioninfobyblocknum", `{"num":2}`, `[{"id":"` + hex.EncodeToString(id[:]) + `"`},
		"no infos":            {"/wallet/gettransactioninfobyblocknum", `{"num":1}`, `[]`},
		"bad hex":             {"/wallet/getaccount", `{"address":"zz"}`, `{"Error":"class java.lang.Exception : address: want hex"}`},
		"bad checksum":        {"/wallet/getaccount", `{"address":"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6T","visible":true}`, `address: want an address with a right checksum, or hex`},
		"too large":           {"/wallet/createtransaction", `{"amount":9223372036854775808}`, `amount: want a whole number of 64 bits`},
		"bad JSON":            {"/wallet/getaccount", `{`, `{"Error":`},
		"bad number":          {"/wallet/getblockbynum", `{"num":"x"}`, `want a whole number`},
		"refused": {
			"/wallet/createtransaction", `{"owner_address":"` + hex.EncodeToString(Wire(from)) + `","to_address":"` + hex.EncodeToString(Wire(from)) + `","amount":1}`,
			`{"Error":"class org.tron.core.exception.ContractValidateException : Contract validate error : Cannot transfer TRX to yourself."}`,
		},
		"no contract inside": {
			"/wallet/broadcasttransaction", `{"raw_data":{"contract":[{"type":1,"parameter":{"type_url":"type.googleapis.com/protocol.Block","value":{}}}]}}`,
			`is no contract`,
		},
		"broadcast of nothing": {"/wallet/broadcasthex", `{"transaction":""}`, `"code":"CONTRACT_VALIDATE_ERROR"`},
	} {
		got := post(c.path, c.body)
		exact := strings.HasPrefix(c.want, "{}") || c.want == "[]"
		if exact && got != c.want || !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if block := post("/wallet/getblock", `{"detail":false}`); strings.Contains(block, "transactions") {
		t.Errorf("without detail: %s", block)
	}

	// Signed bytes by broadcasthex.
	tx := s.transfer(t)
	sign(t, tx, KeyOf("test", 0))
	sentID := txID(tx)
	if got := post("/wallet/broadcasthex", `{"transaction":"`+hex.EncodeToString(encode(tx))+`"}`); got != `{"result":true,"txid":"`+hex.EncodeToString(sentID[:])+`"}` {
		t.Errorf("broadcast: %s", got)
	}
	s.Inject(Fault{Kind: Refuse, Code: tronpb.Return_SERVER_BUSY, Times: 1})
	if got := post("/wallet/broadcasthex", `{"transaction":"`+hex.EncodeToString(encode(tx))+`"}`); !strings.Contains(got, `"code":"SERVER_BUSY","message":"`+hex.EncodeToString([]byte("Server busy."))+`"`) {
		t.Errorf("busy: %s", got)
	}
}
