//go:build long

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
)

// tryFaucet asks the faucet of a stack for every asset, and for what it must refuse.
func tryFaucet(t *testing.T, s *stack) {
	t.Helper()
	f, err := s.startFaucet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ask := func(path, body string) (status int, answer map[string]any) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+f.address+path, bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &answer); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return response.StatusCode, answer
	}
	stranger := newAddress()
	wallets := map[string]string{
		"eip155": stranger.Hex(), "bip122": string(s.bitcoin.omni.loser.Address), "tron": tron.Address(stranger).String(),
	}
	for _, asset := range f.assets {
		namespace, _, _ := strings.Cut(string(asset.id), ":")
		status, answer := ask("/pay", `{"asset": "`+string(asset.id)+`", "to": "`+wallets[namespace]+`", "amount": "1.5"}`)
		if id, _ := answer["tx"].(string); status != http.StatusOK || len(id) != len(coffer.Hash{}.String()) {
			t.Errorf("%s: %d %v", asset.id, status, answer)
		}
	}
	if status, answer := ask("/mine", `{"blocks": 2}`); status != http.StatusOK {
		t.Errorf("blocks: %d %v", status, answer)
	}
	for _, c := range s.chains {
		units := c.units(3)
		if err := c.paidExactly(t.Context(), stranger, units.Div(units, common.Big2)); err != nil {
			t.Error(err)
		}
	}
	usdt := string(f.assets[0].id)
	for _, bad := range []struct{ path, body, field string }{
		{"/pay", `{`, "body"}, {"/pay", `{"amounts": "1"}`, "body"}, {"/pay", strings.Repeat(" ", faucetBody) + `{}`, "body"},
		{"/pay", `{"asset": "eip155:1/slip44:60", "to": "x", "amount": "1"}`, "asset"},
		{"/pay", `{"asset": "` + usdt + `", "to": "` + wallets["tron"] + `", "amount": "1"}`, "to"},
		{"/pay", `{"asset": "` + usdt + `", "to": "` + stranger.Hex() + `", "amount": "-1"}`, "amount"},
		{"/pay", `{"asset": "` + usdt + `", "to": "` + stranger.Hex() + `", "amount": "0"}`, "amount"},
		{"/pay", `{"asset": "` + usdt + `", "to": "` + stranger.Hex() + `", "amount": "9223372036854.775808"}`, "amount"},
		{"/mine", `{"blocks": 0}`, "blocks"}, {"/mine", `{"blocks": 101}`, "blocks"}, {"/mine", `{"blocks": 1.5}`, "body"},
	} {
		status, answer := ask(bad.path, bad.body)
		if text, _ := answer["error"].(string); status != http.StatusBadRequest || !strings.HasPrefix(text, "INVALID "+bad.field+": ") {
			t.Errorf("%s %s: %d %v, want a refusal of %s", bad.path, bad.body, status, answer, bad.field)
		}
	}
}
