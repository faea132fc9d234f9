package tron_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// overHTTP opens another door of a node.
func overHTTP(t *testing.T, sim *tronsim.Sim) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- tronsim.ServeHTTP(ctx, sim, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return "http://" + listener.Addr().String()
}

// Whatever is asked, a node says the same over HTTP as over gRPC.
func TestANodeSaysTheSameOverHTTP(t *testing.T) {
	k := newBank(t).token()
	stranger := keyAddress(7)
	paid, _ := k.signed(k.intent(k.payment(stranger, 30_000_000)))
	k.broadcast(paid)
	k.mine(1)
	if err := k.sim.Stake(tronsim.Address(k.account.Address), tronpb.ResourceCode_ENERGY, 2_000_000_000); err != nil {
		t.Fatal(err)
	}
	coins, _ := k.signed(k.intent(k.trx(stranger, 5_000_000)))
	k.broadcast(coins)
	k.mine(22) // it is solidified
	waiting, _ := k.signed(k.intent(k.trx(stranger, 1_000_000)))
	k.broadcast(waiting)

	web := dial(t, tron.Config{
		Chain: k.account.Chain, Nodes: []tron.Node{{URL: overHTTP(t, k.sim)}}, CallTimeout: nodePatience, Clock: k.clock,
	})
	own := &tronpb.Account{Address: k.account.Address.Bytes()}
	nobody := &tronpb.Account{Address: keyAddress(9).Bytes()}
	height := int64(k.sim.Head().Height)
	head, solid := k.sim.Head().Hash, k.sim.Solid().Hash
	of := func(id coffer.Hash) *tronpb.BytesMessage { return &tronpb.BytesMessage{Value: id[:]} }
	token := bindings.NewTestToken()
	call := func(data []byte) *tronpb.TriggerSmartContract {
		return &tronpb.TriggerSmartContract{OwnerAddress: k.account.Address.Bytes(), ContractAddress: k.address.Bytes(), Data: data}
	}
	for _, q := range []struct {
		method string
		ask    proto.Message
		answer proto.Message
		empty  bool
	}{
		{tronpb.Wallet_GetBlock_FullMethodName, &tronpb.BlockReq{}, &tronpb.BlockExtention{}, false},
		{tronpb.Wallet_GetBlock_FullMethodName, &tronpb.BlockReq{IdOrNum: "0"}, &tronpb.BlockExtention{}, false},
		{tronpb.Wallet_GetBlock_FullMethodName, &tronpb.BlockReq{IdOrNum: fmt.Sprint(height - 22), Detail: true}, &tronpb.BlockExtention{}, false},
		{tronpb.WalletSolidity_GetBlock_FullMethodName, &tronpb.BlockReq{}, &tronpb.BlockExtention{}, false},
		{tronpb.Wallet_GetNowBlock2_FullMethodName, &tronpb.EmptyMessage{}, &tronpb.BlockExtention{}, false},
		{tronpb.Wallet_GetBlockById_FullMethodName, of(head), &tronpb.Block{}, false},
		{tronpb.Wallet_GetBlockById_FullMethodName, of(solid), &tronpb.Block{}, false},
		{tronpb.Wallet_GetBlockById_FullMethodName, of(coffer.Hash{1}), &tronpb.Block{}, true},
		{tronpb.Wallet_GetBlockByLatestNum2_FullMethodName, &tronpb.NumberMessage{Num: 25}, &tronpb.BlockListExtention{}, false},
		{tronpb.Wallet_GetTransactionInfoByBlockNum_FullMethodName, &tronpb.NumberMessage{Num: height - 22}, &tronpb.TransactionInfoList{}, false},
		{tronpb.Wallet_GetTransactionInfoByBlockNum_FullMethodName, &tronpb.NumberMessage{Num: height}, &tronpb.TransactionInfoList{}, true},
		{tronpb.Wallet_GetTransactionInfoById_FullMethodName, of(paid.ID), &tronpb.TransactionInfo{}, false},
		{tronpb.WalletSolidity_GetTransactionInfoById_FullMethodName, of(coins.ID), &tronpb.TransactionInfo{}, false},
		{tronpb.Wallet_GetTransactionInfoById_FullMethodName, of(waiting.ID), &tronpb.TransactionInfo{}, true},
		{tronpb.Wallet_GetTransactionById_FullMethodName, of(paid.ID), &tronpb.Transaction{}, false},
		{tronpb.Wallet_GetTransactionFromPending_FullMethodName, of(waiting.ID), &tronpb.Transaction{}, false},
		{tronpb.Wallet_GetTransactionFromPending_FullMethodName, of(paid.ID), &tronpb.Transaction{}, true},
		{tronpb.Wallet_GetTransactionListFromPending_FullMethodName, &tronpb.EmptyMessage{}, &tronpb.TransactionIdList{}, false},
		{tronpb.Wallet_GetAccount_FullMethodName, own, &tronpb.Account{}, false},
		{tronpb.WalletSolidity_GetAccount_FullMethodName, own, &tronpb.Account{}, false},
		{tronpb.Wallet_GetAccount_FullMethodName, nobody, &tronpb.Account{}, true},
		{tronpb.Wallet_GetAccountResource_FullMethodName, own, &tronpb.AccountResourceMessage{}, false},
		{tronpb.Wallet_TriggerConstantContract_FullMethodName, call(token.PackBalanceOf(common.Address(stranger))), &tronpb.TransactionExtention{}, false},
		{tronpb.WalletSolidity_TriggerConstantContract_FullMethodName, call(token.PackTotalSupply()), &tronpb.TransactionExtention{}, false},
		{tronpb.Wallet_TriggerConstantContract_FullMethodName, call(token.PackAddBlackList(common.Address(stranger))), &tronpb.TransactionExtention{}, false}, // reverts
		{tronpb.Wallet_GetChainParameters_FullMethodName, &tronpb.EmptyMessage{}, &tronpb.ChainParameters{}, false},
		{tronpb.Wallet_GetContractInfo_FullMethodName, &tronpb.BytesMessage{Value: k.address.Bytes()}, &tronpb.SmartContractDataWrapper{}, false},
		{tronpb.Wallet_GetNextMaintenanceTime_FullMethodName, &tronpb.EmptyMessage{}, &tronpb.NumberMessage{}, false},
	} {
		other := q.answer.ProtoReflect().New().Interface()
		if err := k.client.Call(t.Context(), q.method, q.ask, q.answer); err != nil {
			t.Fatalf("%s over gRPC: %v", q.method, err)
		}
		if err := web.Call(t.Context(), q.method, q.ask, other); err != nil {
			t.Errorf("%s over HTTP: %v", q.method, err)
			continue
		}
		if size := proto.Size(q.answer); (size == 0) != q.empty {
			t.Errorf("%s: an answer of %d bytes over gRPC", q.method, size)
		}
		if !proto.Equal(unsaid(q.answer), unsaid(other)) {
			t.Errorf("%s:\n over gRPC %v\n over HTTP %v", q.method, q.answer, other)
		}
	}
	if has, err := web.HasTransaction(t.Context(), coins.ID); err != nil || !has {
		t.Errorf("a solidified transaction: %t, %v", has, err)
	}
}

// unsaid takes away what HTTP does not write: the ids of a block's transactions, which are
// derived, and of a simulated transaction.
func unsaid(m proto.Message) proto.Message {
	m = proto.Clone(m)
	clean := func(e *tronpb.TransactionExtention) {
		e.Txid = nil
		if e.Transaction != nil {
			e.Result = nil
		}
	}
	switch m := m.(type) {
	case *tronpb.BlockExtention:
		for _, e := range m.GetTransactions() {
			clean(e)
		}
	case *tronpb.BlockListExtention:
		for _, b := range m.GetBlock() {
			for _, e := range b.GetTransactions() {
				clean(e)
			}
		}
	case *tronpb.TransactionExtention:
		m.Txid = nil
	}
	return m
}

// What reads blocks passes the suite of all chains over HTTP, with a node behind a stranger who
// alters what it says, and beside one that speaks gRPC.
func TestTRONIsAChainOverHTTP(t *testing.T) {
	s := newSimulated(t)
	web := overHTTP(t, s.Sim)
	chaintest.Run(t, chaintest.Harness{
		Source:     tron.NewSource(dial(t, s.config(web, "grpc://"+s.host))),
		Asset:      tron.Native(s.ChainID()),
		NewAddress: newReceiver,
		Pay:        s.pay,
		Broadcast:  s.broadcast,
		Replace: func(t *testing.T, p chaintest.Paid) {
			t.Helper()
			s.SetBalance(s.payers[p.Tx], 0)
		},
		Mine:  s.mine,
		Reorg: s.reorg,
		Lying: func(t *testing.T, lie chaintest.Lie, block, other coffer.Block) (coffer.Source, func() int) {
			t.Helper()
			var lies atomic.Int64
			url := alteredHTTP(t, web, func(path string, request, answer []byte) []byte {
				if path != "/wallet/getblockbyid" || !bytes.Contains(request, []byte(block.Hash.String()[2:])) {
					return answer
				}
				lies.Add(1)
				return lieInJSON(t, web, lie, answer, other)
			})
			return tron.NewSource(dial(t, s.config(url))), func() int { return int(lies.Load()) }
		},
	})
}

// alteredHTTP stands between a client and a node.
func alteredHTTP(t *testing.T, node string, alter func(path string, request, answer []byte) []byte) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request, err := io.ReadAll(r.Body)
		if err == nil {
			var answer []byte
			if answer, err = post(r.Context(), node+r.URL.Path, request); err == nil {
				_, err = w.Write(alter(r.URL.Path, request, answer))
			}
		}
		if err != nil && r.Context().Err() == nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func post(ctx context.Context, url string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	return io.ReadAll(response.Body)
}

// lieInJSON is lieAbout over HTTP.
func lieInJSON(t *testing.T, web string, lie chaintest.Lie, answer []byte, other coffer.Block) []byte {
	t.Helper()
	switch lie {
	case chaintest.LieOtherBlock:
		text, err := post(t.Context(), web+"/wallet/getblockbyid", []byte(`{"value":"`+other.Hash.String()[2:]+`"}`))
		if err != nil {
			t.Error(err)
		}
		return text
	case chaintest.LieTransaction:
		mark := []byte(`"raw_data_hex":"`)
		at := bytes.Index(answer, mark) + len(mark) + 60
		answer[at] = map[bool]byte{true: '1', false: '0'}[answer[at] == '0']
		return answer
	case chaintest.LieParent:
		mark := []byte(`"parentHash":"`)
		at := bytes.Index(answer, mark) + len(mark)
		copy(answer[at:at+64], other.Parent.String()[2:])
		return answer
	case chaintest.LieTruncated:
		return answer[:len(answer)/2]
	}
	return answer
}

// stranger answers every question about blocks as a node does, and one with what it is told.
func stranger(t *testing.T, path string, status int, answer string) *tron.Client {
	t.Helper()
	s := newSimulated(t)
	node := overHTTP(t, s.Sim)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path {
			w.Header().Set("Location", node+path)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, answer)
			return
		}
		request, err := io.ReadAll(r.Body)
		if err == nil {
			var text []byte
			if text, err = post(r.Context(), node+r.URL.Path, request); err == nil {
				_, err = w.Write(text)
			}
		}
		if err != nil && r.Context().Err() == nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	config := quiet(s.config(server.URL))
	config.MaxResponseBytes = 1 << 16
	return dial(t, config)
}

func TestWhatIsNoAnswerOverHTTP(t *testing.T) {
	const path = "/wallet/getaccount"
	who := keyAddress(1)
	address := fmt.Sprintf(`"address":"%x"`, who.Bytes())
	for name, c := range map[string]struct {
		status int
		answer string
		is     error
		class  tron.Class
		says   string
	}{
		"nothing":               {200, "", tron.ErrNotProven, "", "not JSON"},
		"nobody":                {200, "{}\n", coffer.ErrNotFound, tron.NotFound, ""},
		"a page":                {200, "<html><body>Bad gateway</body></html>", tron.ErrNotProven, "", "not JSON"},
		"a page of a proxy":     {502, "<html>Bad gateway</html>", nil, "", "status 502: <html>"},
		"a key is missing":      {401, `{"Success":false,"Error":"no key"}`, nil, tron.Unauthorized, "status 401"},
		"too many questions":    {429, `{"Success":false,"Error":"slow down"}`, nil, tron.Busy, "slow down"},
		"another place":         {307, "", nil, "", "status 307"},
		"no such path":          {404, "not found", nil, tron.UnknownMethod, "status 404"},
		"an exception":          {200, `{"Error":"class java.lang.NullPointerException : null"}`, nil, "", "NullPointerException"},
		"half of it":            {200, `{` + address + `,"balance":12`, tron.ErrNotProven, "", ""},
		"something behind":      {200, `{` + address + `}{}`, tron.ErrNotProven, "", "follows"},
		"a list":                {200, `[{` + address + `}]`, tron.ErrNotProven, "", "a list"},
		"a text":                {200, `"` + address[11:], tron.ErrNotProven, "", "not JSON"},
		"a field twice":         {200, `{` + address + `,"balance":1,"balance":2}`, tron.ErrNotProven, "", "balance: stands twice"},
		"too large a number":    {200, `{` + address + `,"balance":9223372036854775808}`, tron.ErrNotProven, "", "balance: want a whole number of 64 bits"},
		"a fraction":            {200, `{` + address + `,"balance":1.5}`, tron.ErrNotProven, "", "balance: want a whole number"},
		"an exponent":           {200, `{` + address + `,"balance":1e3}`, tron.ErrNotProven, "", "balance: want a whole number"},
		"a negative balance":    {200, `{` + address + `,"balance":-1}`, tron.ErrNotProven, "", "a balance of -1"},
		"half a byte":           {200, `{"address":"410"}`, tron.ErrNotProven, "", "address: want hex"},
		"an address of another": {200, `{"address":"` + strings.Repeat("41", 21) + `"}`, tron.ErrNotProven, "", "another one"},
		"a short address":       {200, `{"address":"4101"}`, tron.ErrNotProven, "", "another one"},
		"base58":                {200, `{"address":"` + who.String() + `"}`, tron.ErrNotProven, "", "address: want hex"},
		"a list for a number":   {200, `{` + address + `,"balance":[1]}`, tron.ErrNotProven, "", "balance: a list"},
		"an object for a list":  {200, `{` + address + `,"frozenV2":{}}`, tron.ErrNotProven, "", "frozenV2: want a list"},
		"depth":                 {200, `{` + address + `,"x":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`, tron.ErrNotProven, "", "deep"},
		"size":                  {200, `{` + address + `,"x":"` + strings.Repeat("x", 1<<16) + `"}`, tron.ErrResponseTooLarge, "", ""},
		"an unknown permission": {200, `{` + address + `,"owner_permission":{"type":"Boss"}}`, tron.ErrNotProven, "", "owner_permission: type: want"},
	} {
		t.Run(name, func(t *testing.T) {
			account, err := stranger(t, path, c.status, c.answer).Account(t.Context(), who)
			if err == nil || (c.is != nil && !errors.Is(err, c.is)) || (c.is == nil && errors.Is(err, tron.ErrNotProven)) ||
				tron.Classify(err) != c.class || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, %v (class %q); want %v, class %q, %q", account, err, tron.Classify(err), c.is, c.class, c.says)
			}
		})
	}
	good := `{"visible":false,` + address + `,"unknown":{"deep":[1,"2",null,{"x":true}]},"balance":9007199254740993,"owner_permission":null,` +
		`"active_permission":[{"type":"Active","id":2}],"assetV2":[{"key":"1000001","value":"7"}]}`
	account, err := stranger(t, path, 200, good).Account(t.Context(), who)
	if err != nil || account.GetBalance() != 9007199254740993 || account.GetActivePermission()[0].GetType() != tronpb.Permission_Active {
		t.Errorf("%v, %v", account, err)
	}
}

func TestBroadcastsOverHTTPThatNobodyKnowsTheEndOf(t *testing.T) {
	const path = "/wallet/broadcasthex"
	for name, c := range map[string]struct {
		status int
		answer string
		class  tron.Class
		taken  bool
		lost   bool
	}{
		"taken":        {200, `{"result":true,"code":"SUCCESS","txid":"00"}`, "", true, false},
		"known":        {200, `{"code":"DUP_TRANSACTION_ERROR","message":"dup transaction"}`, tron.Verify, false, false},
		"busy":         {200, `{"code":"SERVER_BUSY","message":"5365727665722062757379"}`, tron.Retry, false, false},
		"expired":      {200, `{"code":"TRANSACTION_EXPIRATION_ERROR"}`, tron.Rebuild, false, false},
		"an exception": {200, `{"Error":"class java.lang.Exception : x"}`, "", false, true},
		"a page":       {200, `<html>`, "", false, true},
		"a proxy":      {502, `<html>`, "", false, true},
		"too often":    {429, `{}`, tron.Busy, false, false},
		"nothing":      {200, ``, "", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			err := stranger(t, path, c.status, c.answer).Broadcast(t.Context(), []byte{10, 2, 8, 1})
			if (err == nil) != c.taken || errors.Is(err, tron.ErrUnknownOutcome) != c.lost || tron.Classify(err) != c.class {
				t.Errorf("%v, class %q; want taken %t, unknown %t, class %q", err, tron.Classify(err), c.taken, c.lost, c.class)
			}
		})
	}
}

// The key goes to whom it was given for, under TLS, and to nobody to whom that one sends us.
func TestAPIKeysOverHTTP(t *testing.T) {
	s := newSimulated(t)
	node := overHTTP(t, s.Sim)
	var asked []string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("TRON-PRO-API-KEY"))
		request, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		answer, err := post(r.Context(), node+strings.TrimPrefix(r.URL.Path, "/v1/abc"), request)
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(answer)
	}))
	t.Cleanup(server.Close)
	config := s.config(server.URL + "/v1/abc/")
	config.Nodes[0].APIKey = "secret"
	config.RootCAs = x509.NewCertPool()
	config.RootCAs.AddCert(server.Certificate())
	dial(t, config)
	if len(asked) == 0 || slices.ContainsFunc(asked, func(key string) bool { return key != "secret" }) {
		t.Errorf("keys %q", asked)
	}
	config.Nodes[0].URL = node
	if _, err := tron.Dial(t.Context(), config); err == nil || !strings.Contains(err.Error(), "under TLS only") {
		t.Errorf("a key in plain text: %v", err)
	}
	config.RootCAs, config.Nodes[0].URL = nil, server.URL+"/v1/abc"
	if _, err := tron.Dial(t.Context(), quiet(config)); err == nil || strings.Contains(err.Error(), "abc") {
		t.Errorf("a certificate of nobody: %v", err)
	}
}

func TestURLsOfNodes(t *testing.T) {
	for text, want := range map[string]string{
		"https://api.example.org":                 "api.example.org:443 true",
		"https://API.Example.org.:443/key":        "api.example.org:443 true",
		"http://api.example.org":                  "api.example.org:80 false",
		"https://api.example.org:8090/key/":       "api.example.org:8090 true",
		"http://127.0.0.1:8090":                   "127.0.0.1:8090 false",
		"grpc://127.0.0.1:50051":                  "127.0.0.1:50051 false",
		"https://api.example.org/wallet":          "",
		"https://api.example.org/walletsolidity/": "",
		"https://user:pw@api.example.org":         "",
		"https://api.example.org?key=abc":         "",
		"https://api.example.org#x":               "",
		"https://":                                "",
		"ftp://api.example.org":                   "",
		"api.example.org":                         "",
		"grpc://127.0.0.1:50051/wallet":           "",
		"grpc://127.0.0.1":                        "",
	} {
		host, secure, err := tron.ParseURL(text)
		got := fmt.Sprint(host, " ", secure)
		if err != nil {
			got = ""
		}
		if got != want || (err != nil && strings.Contains(err.Error(), "abc")) {
			t.Errorf("%s: %q, %v; want %q", text, got, err, want)
		}
	}
}
