package config

import (
	"fmt"
	"slices"

	"github.com/cofferhq/coffer"
)

// Refill keeps gas money above a minimum, in native units; empty minimums refill nothing.
// What signers allow their executors to move (refill_cap) bounds it too.
type Refill struct {
	DepositMin     string `koanf:"deposit_min"`     // of the wallet's EntryPoint deposit
	DepositTarget  string `koanf:"deposit_target"`  // what it is filled up to
	ExecutorMin    string `koanf:"executor_min"`    // of what each executor holds
	ExecutorTarget string `koanf:"executor_target"` // what it is filled up to
	AtOnce         string `koanf:"at_once"`         // most that one transaction moves
}

// Wanted reports whether anything is to be refilled.
func (r Refill) Wanted() bool { return r != Refill{} }

func checkRefill(key string, r Refill, decimals uint8, wrong func(key, format string, args ...any)) {
	if !r.Wanted() {
		return
	}
	amounts := map[string]coffer.Amount{}
	fields := []struct{ key, text string }{
		{"deposit_min", r.DepositMin}, {"deposit_target", r.DepositTarget},
		{"executor_min", r.ExecutorMin}, {"executor_target", r.ExecutorTarget}, {"at_once", r.AtOnce},
	}
	for _, field := range fields {
		amount, err := coffer.ParseUnits(field.text, decimals)
		if err != nil {
			wrong(key+".refill."+field.key, "%v", err)
		} else if amount.IsZero() {
			wrong(key+".refill."+field.key, "is zero: leave out the section to refill nothing")
		}
		amounts[field.key] = amount
	}
	for _, what := range []string{"deposit", "executor"} {
		if amounts[what+"_target"].Cmp(amounts[what+"_min"]) < 0 {
			wrong(key+".refill."+what+"_target", "is below %s_min", what)
		}
	}
}

func checkExecutors(key string, c Chain, s Signing, wrong func(key, format string, args ...any)) {
	if c.BundlerURL != "" {
		return
	}
	checkRefill(key, c.Refill, c.Native.Decimals, wrong)
	known := func(name string) bool {
		return slices.ContainsFunc(s.Signers, func(signer Signer) bool { return signer.Name == name })
	}
	if (c.ExecutorSigner != "" || len(c.ExecutorSigners) == 0) && !known(c.ExecutorSigner) {
		wrong(key+".executor_signer", "%q is none of signing.signers", c.ExecutorSigner)
	}
	for i, name := range c.ExecutorSigners {
		if !known(name) {
			wrong(fmt.Sprintf("%s.executor_signers[%d]", key, i), "%q is none of signing.signers", name)
		}
	}
}

// Executors names the signers that hold gas keys, each once.
func (c Chain) Executors() []string {
	var names []string
	for _, name := range append([]string{c.ExecutorSigner}, c.ExecutorSigners...) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
