package main

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/signer"
	"github.com/cofferhq/coffer/utxo"
)

// limited is a server of one Bitcoin chain, and what it logs.
func limited(t *testing.T) (*server, *bytes.Buffer) {
	t.Helper()
	text, err := utxo.AddChecksum("wsh(sortedmulti(2,0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798," +
		"02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5,02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9))")
	if err != nil {
		t.Fatal(err)
	}
	descriptor, err := utxo.ParseDescriptor(utxo.Regtest, text)
	if err != nil {
		t.Fatal(err)
	}
	chain := &chainParts{
		id: utxo.Regtest.Chain(), native: coffer.Asset{ID: utxo.Regtest.Native(), Symbol: "BTC", Decimals: 8},
		config: config.Chain{PayoutFeeCap: "0.001", UTXO: config.UTXO{
			Confirmations: 6, FeeFloor: "1", FeeCap: "300", FeeFallback: "20", FeeLongTerm: "10"}},
	}
	chain.family = &utxoParts{chain: chain, descriptor: descriptor}
	said := &bytes.Buffer{}
	s := &server{log: slog.New(slog.NewTextHandler(said, nil)), chains: []*chainParts{chain}}
	if err := s.compareSigners(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, said
}

// The smallest payment of this wallet has 189 vB at most, the smallest cancellation 158: of
// 100000 and 200000 satoshis, 530 and 1266 sat/vB.
func TestLimitsOfSignersAreCompared(t *testing.T) {
	enough := signer.Limits{Chain: utxo.Regtest.Chain(), MaxFee: 200_000, MaxFeeRate: 1266, Confirmations: 6}
	with := func(edit func(*signer.Limits)) []signer.Limits {
		l := enough
		edit(&l)
		return []signer.Limits{l}
	}
	for name, c := range map[string]struct {
		limits []signer.Limits
		says   string
		warns  []string
	}{
		"enough":                 {[]signer.Limits{enough}, "", nil},
		"more than enough":       {with(func(l *signer.Limits) { l.MaxFee, l.MaxFeeRate, l.Confirmations = 1<<63, 1<<63, 1 }), "", nil},
		"no nodes of its own":    {with(func(l *signer.Limits) { l.Confirmations = 0 }), "", nil},
		"none of the chain":      {nil, "", nil},
		"another chain":          {with(func(l *signer.Limits) { l.Chain, l.MaxFee = utxo.Mainnet.Chain(), 1 }), "", nil},
		"deeper finality":        {with(func(l *signer.Limits) { l.Confirmations = 7 }), "its confirmations are 7, utxo.confirmations is 6", nil},
		"a fee below the cap":    {with(func(l *signer.Limits) { l.MaxFee = 99_999 }), "its max_fee is 99999 satoshis, payout_fee_cap is 0.001 BTC (100000 satoshis)", nil},
		"a rate below estimates": {with(func(l *signer.Limits) { l.MaxFeeRate = 299 }), "its max_fee_rate is 299 sat/vB, utxo.fee_cap is 300 sat/vB", nil},
		"a rate that payments reach": {with(func(l *signer.Limits) { l.MaxFeeRate = 300 }), "",
			[]string{"max_fee_rate=300", "payment_rate=530", "cancellation_rate=1266", "payout_fee_cap=0.001"}},
		"a rate that cancellations reach": {with(func(l *signer.Limits) { l.MaxFeeRate = 1265 }), "", []string{"max_fee_rate=1265", "cancellation_rate=1266"}},
		"a fee that cancellations reach":  {with(func(l *signer.Limits) { l.MaxFee = 199_999 }), "", []string{"max_fee=199999", "cancellation_fee=200000"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, said := limited(t)
			err := s.compare(signer.Info{Name: "signer-1", Limits: c.limits})
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
			if warned := strings.Contains(said.String(), "level=WARN"); warned != (len(c.warns) > 0) {
				t.Errorf("logged %q", said)
			}
			for _, want := range c.warns {
				if !strings.Contains(said.String(), want) {
					t.Errorf("%q is not in %q", want, said)
				}
			}
		})
	}
}

// A signer that was away at the start is asked once its limits were read and fit, and not
// while they do not.
func TestASignerIsAskedWhileItsLimitsFit(t *testing.T) {
	s, said := limited(t)
	s.watch.logs = map[string]error{"signer-1": nil}
	refusal := func(when, says string) {
		t.Helper()
		err := s.trusted("signer-1")
		if (err == nil) != (says == "") || err != nil && (coffer.ErrorCode(err) != coffer.CodeUnavailable || !strings.Contains(err.Error(), says)) {
			t.Errorf("%s: %v, want %q", when, err, says)
		}
	}
	compare := func(confirmations uint64) error {
		return s.compare(signer.Info{Name: "signer-1", Limits: []signer.Limits{
			{Chain: utxo.Regtest.Chain(), MaxFee: 200_000, MaxFeeRate: 1266, Confirmations: confirmations}}})
	}
	refusal("nothing was heard of it", "were not read yet")
	for range 2 { // it is asked every second, and said once
		if err := compare(7); err == nil {
			t.Error("deeper finality fits")
		}
	}
	refusal("its limits do not fit", "contradict the configuration")
	if err := errors.Join(compare(6), compare(6)); err != nil {
		t.Error(err)
	}
	refusal("its limits fit", "")
	if text := said.String(); strings.Count(text, "level=ERROR") != 1 || strings.Count(text, "fit the configuration again") != 1 {
		t.Errorf("logged %q", text)
	}
}
