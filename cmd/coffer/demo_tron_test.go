//go:build long

package main

import (
	"context"
	"regexp"
	"testing"
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
	tryFaucet(t, s)
	if err := s.server.stop(); err != nil {
		t.Fatal(err)
	}
	text, err := s.command(context.WithoutCancel(t.Context()), nil, "treasury", "compare", "--config", s.configFile())
	t.Log(text)
	if err != nil {
		t.Error(err)
	}
	for _, want := range []string{`custody:hot:T\S+ +USDT +9950 +9950 +equal`, "custody:deposit_addr:" + string(d.address) + ` +USDT +100 +100 +equal`, `custody:hot:T\S+ +TRX +19\d+\.\d+ +19\d+\.\d+ +equal`} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("%q is not in the comparison", want)
		}
	}
}
