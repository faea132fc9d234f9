//go:build long

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/cofferhq/coffer/tron"
)

// TestTRON runs the demonstration's scenes of the chain of TRON alone, and asks
// the faucet of development for every asset.
func TestTRON(t *testing.T) {
	s := newTestStack(t, func(s *stack) { s.withTRON = true })
	d := &tronDemo{stack: s}
	for _, scene := range append(d.early(), d.late()...) {
		if err := scene.run(t.Context()); err != nil {
			t.Fatalf("%s: %v", scene.title, err)
		}
	}
	askTRONBadly(t, d)
	tryFaucet(t, s)
	shown, err := get(t.Context(), "http://"+s.server.address+"/metrics")
	for _, want := range []string{`coffer_payout_spent_total\{chain="tron:\w+",resource="energy",source="(burned|stake)"\} [1-9]`,
		`coffer_payout_spent_total\{chain="tron:\w+",resource="fee",source="other"\} [1-9]`, `coffer_tron_price_sun\{chain="tron:\w+",of="energy"\} 100\n`} {
		if !regexp.MustCompile(want).MatchString(shown) {
			t.Errorf("%q is not in the metrics, %v", want, err)
		}
	}
	if err := s.server.stop(); err != nil {
		t.Fatal(err)
	}
	text, err := s.command(context.WithoutCancel(t.Context()), nil, "treasury", "compare", "--config", s.configFile())
	t.Log(text)
	if err != nil {
		t.Error(err)
	}
	for _, want := range []string{`custody:hot:T\S+ +USDT +10050 +10050 +equal`, "custody:deposit_addr:" + string(d.address) + ` +USDT +0 +0 +equal`, `custody:hot:T\S+ +TRX +10019\d{3}(\.\d+)? +10019\d{3}(\.\d+)? +equal`} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("%q is not in the comparison", want)
		}
	}
}

// askTRONBadly asks the API for what cannot be paid: each answer names the field and the rule, and
// nothing is held for it.
func askTRONBadly(t *testing.T, d *tronDemo) {
	t.Helper()
	ctx := t.Context()
	balances := func() (text json.RawMessage) {
		t.Helper()
		if err := d.api.do(ctx, `query($a: ID!) { account(id: $a) { balances { asset { id } available held } } }`, object{"a": d.account}, &text); err != nil {
			t.Fatal(err)
		}
		return text
	}
	before, good := balances(), tron.Address(newAddress()).String()
	for name, c := range map[string]struct{ asset, to, amount, field, says string }{
		"an EVM address":     {string(d.tron.usdt), "0xdAC17F958D2ee523a2206206994597C13D831ec7", "5", "destination", "EVM"},
		"a wrong checksum":   {string(d.tron.usdt), "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6T", "5", "destination", "checksum"},
		"hex and base58":     {string(d.tron.usdt), "41" + good, "5", "destination", "base58check"},
		"the zero address":   {string(d.tron.usdt), "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb", "5", "destination", "nobody"},
		"the token contract": {string(d.tron.usdt), tron.Address(d.tron.token).String(), "5", "destination", "token contract"},
		"above int64":        {string(tron.Native(d.tron.chain)), good, "9223372036854.775808", "amount", "2^63-1"},
		"a TRC-10 token":     {string(d.tron.chain) + "/trc10:1002000", good, "5", "asset", "not an asset"},
	} {
		err := d.api.do(ctx, `mutation($i: WithdrawalInput!) { requestWithdrawal(idempotencyKey: "bad", input: $i) { id } }`,
			object{"i": object{"account": d.account, "asset": c.asset, "destination": c.to, "amount": c.amount}}, nil)
		var refused *apiError
		if !errors.As(err, &refused) || refused.Extensions.Code != "INVALID" || !strings.HasSuffix(refused.Extensions.Field, c.field) || !strings.Contains(refused.Message, c.says) {
			t.Errorf("%s: %v, want %s saying %q", name, err, c.field, c.says)
		}
	}
	if after := balances(); !bytes.Equal(after, before) {
		t.Errorf("balances were %s, are %s", before, after)
	}
}
