package graphql_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/cofferhq/coffer/graphql"
)

// named is a request that names its document, and has it or not.
func named(document string, send bool, v variables) map[string]any {
	sum := sha256.Sum256([]byte(document))
	r := map[string]any{"variables": v, "extensions": map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": hex.EncodeToString(sum[:])}}}
	if send {
		r["query"] = document
	}
	return r
}

func (b *bench) postJSON(body map[string]any) answer {
	b.t.Helper()
	text, err := json.Marshal(body)
	b.must(err)
	return b.send(http.MethodPost, "", b.acme.key, bytes.NewReader(text), http.Header{"Content-Type": {"application/json"}})
}

// As clients of automatic persisted queries do: name the document, send it when it is not
// known, and name it from then on, by POST, by GET and over the socket.
func TestADocumentIsSentOnceAndNamedFromThenOn(t *testing.T) {
	b := newBench(t)
	document := `query($id:ID!){account(id:$id){name}}`
	v := variables{"id": b.acme.account}
	unknown := b.postJSON(named(document, false, v))
	if unknown.Status != http.StatusOK || unknown.code() != "PERSISTED_QUERY_NOT_FOUND" || unknown.Errors[0].Message != "PersistedQueryNotFound" {
		t.Errorf("an unknown document: status %d %+v", unknown.Status, unknown.Errors)
	}
	for _, send := range []bool{true, false, false} {
		if a := b.postJSON(named(document, send, v)); a.code() != "" || !strings.Contains(string(a.Data), "One of acme") {
			t.Errorf("sent %v: %s %+v", send, a.Data, a.Errors)
		}
	}

	request := named(document, false, nil)
	extensions, err := json.Marshal(request["extensions"])
	b.must(err)
	ids, err := json.Marshal(v)
	b.must(err)
	byGet := b.send(http.MethodGet, "?"+url.Values{"extensions": {string(extensions)}, "variables": {string(ids)}}.Encode(), b.acme.key, nil, http.Header{})
	if byGet.code() != "" || !strings.Contains(string(byGet.Data), "One of acme") {
		t.Errorf("by GET: %s %+v", byGet.Data, byGet.Errors)
	}

	c := b.dial(b.acme.key)
	for id, known := range map[string]string{"1": document, "2": `{viewer{tenant}}`} {
		payload, err := json.Marshal(named(known, false, v))
		b.must(err)
		c.send(`{"id":"` + id + `","type":"subscribe","payload":` + string(payload) + `}`)
		m := c.next()
		want, says := "next", "One of acme"
		if id == "2" {
			want, says = "error", "PERSISTED_QUERY_NOT_FOUND"
		}
		if m.Type != want || !strings.Contains(string(m.Payload), says) {
			t.Errorf("over the socket: %s %s, want %s with %s", m.Type, m.Payload, want, says)
		}
		if want == "next" {
			c.next() // complete
		}
	}
}

func TestADocumentCannotBePutUnderAnothersName(t *testing.T) {
	b := newBench(t)
	liar := named(`{viewer{tenant}}`, false, nil)
	liar["query"] = `{viewer{scopes}}`
	if a := b.postJSON(liar); a.code() != "INVALID" || a.Status != http.StatusBadRequest || a.Errors[0].Extensions.Field != "extensions.persistedQuery.sha256Hash" {
		t.Errorf("another document: %d %+v", a.Status, a.Errors)
	}
	if a := b.postJSON(named(`{viewer{tenant}}`, false, nil)); a.code() != "PERSISTED_QUERY_NOT_FOUND" {
		t.Errorf("it was remembered: %s %+v", a.Data, a.Errors)
	}
	for name, spoil := range map[string]map[string]any{
		"version":   {"version": 2, "sha256Hash": strings.Repeat("0", 64)},
		"short":     {"version": 1, "sha256Hash": "00"},
		"no digits": {"version": 1, "sha256Hash": strings.Repeat("x", 64)},
		"capitals":  {"version": 1, "sha256Hash": strings.Repeat("A", 64)},
	} {
		a := b.postJSON(map[string]any{"extensions": map[string]any{"persistedQuery": spoil}})
		if a.code() != "INVALID" || !strings.HasPrefix(a.Errors[0].Extensions.Field, "extensions.persistedQuery.") {
			t.Errorf("%s: %+v", name, a.Errors)
		}
	}
	// A mutation that is only named is no query, whatever it is asked by.
	mutation := `mutation{createAccount(idempotencyKey:"apq",name:"n"){id}}`
	if a := b.postJSON(named(mutation, true, nil)); a.code() != "" {
		t.Fatalf("%+v", a.Errors)
	}
	extensions, err := json.Marshal(named(mutation, false, nil)["extensions"])
	b.must(err)
	if a := b.send(http.MethodGet, "?"+url.Values{"extensions": {string(extensions)}}.Encode(), b.acme.key, nil, http.Header{}); a.Status != http.StatusMethodNotAllowed {
		t.Errorf("a mutation by GET: %d %+v", a.Status, a.Errors)
	}
}

// A key above its rate is told to wait, over HTTP and over the socket, and no other key is.
func TestAKeyAboveItsRateIsToldToWait(t *testing.T) {
	b := newBenchWith(t, func(c *graphql.Config) { c.Rate = graphql.RateLimit{PerSecond: 1, Burst: 3} })
	c := b.dial(b.acme.key)
	for range 3 {
		if a := b.ask(b.acme.key, `{viewer{tenant}}`, nil); a.code() != "" {
			t.Fatalf("within the burst: %+v", a.Errors)
		}
	}
	a := b.ask(b.acme.key, `{viewer{tenant}}`, nil)
	if a.Status != http.StatusTooManyRequests || a.code() != "LIMIT" || a.Header.Get("Retry-After") != "1" {
		t.Errorf("above the rate: %d %+v, retry after %q", a.Status, a.Errors, a.Header.Get("Retry-After"))
	}
	c.subscribe("1", `{viewer{tenant}}`, nil)
	if m := c.next(); m.Type != "error" || !strings.Contains(string(m.Payload), `"LIMIT"`) {
		t.Errorf("over the socket: %s %s", m.Type, m.Payload)
	}
	if a := b.ask(b.rival.key, `{viewer{tenant}}`, nil); a.code() != "" {
		t.Errorf("another key: %+v", a.Errors)
	}
	b.pass(1e9)
	if a := b.ask(b.acme.key, `{viewer{tenant}}`, nil); a.code() != "" {
		t.Errorf("a second later: %+v", a.Errors)
	}
}
