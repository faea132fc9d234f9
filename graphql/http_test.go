package graphql_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer/graphql"
	"github.com/cofferhq/coffer/merchant"
)

const own = "application/graphql-response+json"

func TestHTTPRequestsThatAreRefused(t *testing.T) {
	b := newBench(t)
	expires := b.clock().Add(time.Hour)
	_, expired := b.key("acme", &expires, merchant.ScopeRead)
	revokedID, revoked := b.key("acme", nil, merchant.ScopeRead)
	b.must(b.merchants.RevokeKey(t.Context(), "acme", revokedID))
	b.pass(time.Hour)

	const json, good = "application/json", `{"query":"{viewer{tenant}}"}`
	key := b.acme.key
	tests := []struct {
		name, method, path, key, media, body string
		status                               int
		code, text                           string
	}{
		{"no key", "POST", "", "", json, good, 401, "UNAUTHENTICATED", "API key"},
		{"wrong key", "POST", "", "cof_" + strings.Repeat("a", 52), json, good, 401, "UNAUTHENTICATED", "API key"},
		{"expired key", "POST", "", expired, json, good, 401, "UNAUTHENTICATED", "API key"},
		{"revoked key", "POST", "", revoked, json, good, 401, "UNAUTHENTICATED", "API key"},
		{"another method", "PUT", "", key, json, good, 405, "INVALID", "GET or POST"},
		{"a form", "POST", "", key, "application/x-www-form-urlencoded", "query={viewer{tenant}}", 415, "INVALID", "application/json"},
		{"plain text, as a page may send without asking", "POST", "", key, "text/plain", good, 415, "INVALID", "application/json"},
		{"no content type", "POST", "", key, "", good, 415, "INVALID", "application/json"},
		{"half a JSON value", "POST", "", key, json, `{"query":`, 400, "INVALID", "JSON object"},
		{"two JSON values", "POST", "", key, json, good + good, 400, "INVALID", "JSON object"},
		{"text after the JSON value", "POST", "", key, json, good + "x", 400, "INVALID", "JSON object"},
		{"a batch", "POST", "", key, json, "[" + good + "]", 400, "INVALID", "JSON object"},
		{"a query that is no text", "POST", "", key, json, `{"query":1}`, 400, "INVALID", "JSON object"},
		{"variables that are a list", "POST", "", key, json, `{"query":"{viewer{tenant}}","variables":[1]}`, 400, "INVALID", "JSON object"},
		{"no query", "POST", "", key, json, `{}`, 400, "INVALID", "GraphQL document"},
		{"null", "POST", "", key, json, `null`, 400, "INVALID", "GraphQL document"},
		{"no query in the address", "GET", "", key, "", "", 400, "INVALID", "GraphQL document"},
		{"broken variables in the address", "GET", "?query={viewer{tenant}}&variables={", key, "", "", 400, "INVALID", "variables"},
		{"a large body", "POST", "", key, json, `{"query":"` + strings.Repeat(" ", graphql.MaxBodyBytes) + `"}`, 413, "LIMIT", "larger"},
		{"a large body after the JSON value", "POST", "", key, json, good + strings.Repeat(" ", graphql.MaxBodyBytes), 413, "LIMIT", "larger"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			header := http.Header{}
			if test.media != "" {
				header.Set("Content-Type", test.media)
			}
			a := b.send(test.method, strings.ReplaceAll(test.path, "{viewer{tenant}}", "%7Bviewer%7Btenant%7D%7D"), test.key, strings.NewReader(test.body), header)
			if a.Status != test.status || a.code() != test.code || !strings.Contains(a.Errors[0].Message, test.text) || a.Data != nil {
				t.Errorf("status %d, %+v, data %s; want %d, %s and %q", a.Status, a.Errors, a.Data, test.status, test.code, test.text)
			}
			if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("header %v", a.Header)
			}
		})
	}
}

func TestOperationsThatAreRefused(t *testing.T) {
	b := newBench(t)
	_, reader := b.key("acme", nil, merchant.ScopeRead)
	deep := func(n int) string {
		return "{" + strings.Repeat("accounts{edges{node{withdrawals{edges{node{account{", n) + "id" + strings.Repeat("}}}}}}}", n) + "}"
	}
	tests := []struct {
		name, query string
		v           variables
		code, text  string
		ran         bool // the operation ran, and the field answered
	}{
		{name: "syntax", query: "{", code: "INVALID", text: "syntax"},
		{name: "unknown field", query: "{nothing}", code: "INVALID", text: "nothing"},
		{name: "unknown operation", query: "query a{viewer{tenant}} query b{viewer{tenant}}", code: "INVALID", text: "operation"},
		{name: "subscription", query: "subscription{depositEvents{id}}", code: "INVALID", text: "graphql-transport-ws"},
		{name: "long query", query: "{viewer{tenant}}" + strings.Repeat(" ", graphql.MaxQueryBytes), code: "LIMIT", text: "longer"},
		{name: "deep query", query: deep(3), code: "LIMIT", text: "depth"},
		{name: "many selections", query: many("viewer{tenant scopes}", graphql.MaxSelections/3+1), code: "LIMIT", text: "selections"},
		{name: "many pairs to compare", query: "{" + strings.Repeat("viewer{tenant}", 500) + "}", code: "LIMIT", text: ""},
		{name: "many objects", query: "{accounts(first:100){edges{node{deposits(first:100){edges{node{id}}}}}}}", code: "", ran: true},
		{name: "many objects side by side", query: many("accounts(first:100){edges{node{id}}}", graphql.MaxObjects/100+1), code: "LIMIT", text: "objects", ran: true},
		{name: "many mutations", query: "mutation" + many(`cancelWithdrawal(id:"x"){id}`, graphql.MaxObjects/100+1), code: "NOT_FOUND", text: "", ran: true},
		{name: "introspection of introspection", query: many("__schema{types{fields{type{ofType{fields{type{ofType{fields{args{type{name}}}}}}}}}}}", 100), code: "LIMIT", text: "fields"},
		{name: "page of nothing", query: "{accounts(first:0){edges{cursor}}}", code: "INVALID", text: "first: want 1 to 100", ran: true},
		{name: "page too large", query: "{accounts(first:101){edges{cursor}}}", code: "INVALID", text: "first: want 1 to 100", ran: true},
		{name: "cursor of another list", query: `query($a:String){deposits(after:$a){edges{cursor}}}`, v: variables{"a": "YWNjb3VudDphY2N0XzE"}, code: "INVALID", text: "cursor", ran: true},
		{name: "cursor with a zero byte", query: `query($a:String){deposits(after:$a){edges{cursor}}}`, v: variables{"a": "ZGVwb3NpdDoA"}, code: "INVALID", text: "cursor", ran: true},
		{name: "id with a zero byte", query: `query($a:ID!){account(id:$a){id}}`, v: variables{"a": "a\x00"}, code: "INVALID", text: "ID"},
		{name: "long id", query: `query($a:ID!){account(id:$a){id}}`, v: variables{"a": strings.Repeat("a", 201)}, code: "INVALID", text: "ID"},
		{name: "amount that is a number", query: explain, v: input(b, variables{"amount": 12.5}), code: "INVALID", text: "Decimal"},
		{name: "asset that is none", query: explain, v: input(b, variables{"asset": "USDT"}), code: "INVALID", text: "CAIP-19"},
		{name: "input that is a text", query: explain, v: variables{"input": "x"}, code: "INVALID", text: ""},
		{name: "input without a field", query: explain, v: variables{"input": variables{"amount": "1"}}, code: "INVALID", text: ""},
		{name: "mutation with a reader's key", query: `mutation{createAccount(idempotencyKey:"k",name:"n"){id}}`, code: "FORBIDDEN", text: "withdraw", ran: true},
		{name: "idempotency key with a zero byte", query: `mutation($k:String!){createAccount(idempotencyKey:$k,name:"n"){id}}`, v: variables{"k": "\x00"}, code: "INVALID", text: "idempotencyKey", ran: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			key := b.acme.key
			if strings.Contains(test.name, "reader") {
				key = reader
			}
			body, err := json.Marshal(map[string]any{"query": test.query, "variables": test.v})
			b.must(err)
			a := b.send(http.MethodPost, "", key, strings.NewReader(string(body)), http.Header{"Content-Type": {"application/json"}, "Accept": {own}})
			want := http.StatusOK
			if !test.ran {
				want = http.StatusBadRequest
			}
			if a.Status != want || (a.Data != nil) != test.ran {
				t.Errorf("status %d, data %.100s; want %d", a.Status, a.Data, want)
			}
			if a.code() != test.code || (test.text != "" && !strings.Contains(fmt.Sprint(a.Errors), test.text)) {
				t.Errorf("%.500s; want %s and %q", fmt.Sprint(a.Errors), test.code, test.text)
			}
		})
	}
}

const explain = `query($input: WithdrawalInput!){explainWithdrawal(input:$input){verdict}}`

// input is a good WithdrawalInput of acme with some fields changed.
func input(b *bench, changes ...variables) variables {
	v := variables{"account": b.acme.account, "asset": string(usdt), "destination": payee, "amount": "10"}
	for _, change := range changes {
		maps.Copy(v, change)
	}
	return variables{"input": v}
}

// many selects the same field under many names.
func many(field string, n int) string {
	var q strings.Builder
	q.WriteByte('{')
	for i := range n {
		fmt.Fprintf(&q, "a%d:%s ", i, field)
	}
	q.WriteByte('}')
	return q.String()
}

func TestGETAnswersQueriesOnly(t *testing.T) {
	b := newBench(t)
	a := b.get(b.acme.key, `query($id:ID!){account(id:$id){name}}`, variables{"id": b.acme.account})
	var got struct{ Account struct{ Name string } }
	if b.into(a, &got); got.Account.Name != "One of acme" {
		t.Errorf("account %+v", got)
	}

	a = b.get(b.acme.key, `mutation{createAccount(idempotencyKey:"by-get",name:"n"){id}}`, nil)
	if a.Status != http.StatusMethodNotAllowed || a.code() != "INVALID" || a.Header.Get("Allow") != "POST" {
		t.Errorf("a mutation by GET: %d %+v", a.Status, a.Errors)
	}
	accounts, err := b.merchants.Accounts(t.Context(), "acme", "", 10)
	if b.must(err); len(accounts) != 1 {
		t.Errorf("a mutation by GET made accounts: %v", accounts)
	}
	if a = b.get(b.acme.key, `subscription{depositEvents{id}}`, nil); a.code() != "INVALID" || a.Data != nil {
		t.Errorf("a subscription by GET: %+v %s", a.Errors, a.Data)
	}
}

func TestTheMediaTypeIsTheOneAskedFor(t *testing.T) {
	b := newBench(t)
	for accept, want := range map[string]struct {
		media  string
		status int
	}{
		"":                      {"application/json; charset=utf-8", 200},
		"*/*":                   {"application/json; charset=utf-8", 200},
		own:                     {own + "; charset=utf-8", 400},
		own + ", application/*": {own + "; charset=utf-8", 400},
	} {
		header := http.Header{"Content-Type": {"application/json; charset=utf-8"}, "Accept": {accept}}
		if a := b.send(http.MethodPost, "", b.acme.key, strings.NewReader(`{"query":"{viewer{tenant}}"}`), header); a.Status != 200 || a.Header.Get("Content-Type") != want.media {
			t.Errorf("accept %q: %d %s", accept, a.Status, a.Header.Get("Content-Type"))
		}
		if a := b.send(http.MethodPost, "", b.acme.key, strings.NewReader(`{"query":"{nothing}"}`), header); a.Status != want.status || a.code() != "INVALID" {
			t.Errorf("accept %q: a query that cannot run is %d, want %d", accept, a.Status, want.status)
		}
	}
}
