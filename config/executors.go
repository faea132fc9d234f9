package config

import (
	"fmt"
	"slices"
)

func checkExecutors(key string, c Chain, s Signing, wrong func(key, format string, args ...any)) {
	if c.BundlerURL != "" {
		return
	}
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
