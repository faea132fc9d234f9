package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/cofferhq/coffer/signer"
	"github.com/ethereum/go-ethereum/crypto"
	"go.yaml.in/yaml/v3"
)

// The development policy, in USDT of each chain: one order at most 200, two people above 100.
const (
	stackOrderLimit    = "200"
	stackDailyLimit    = "2000"
	stackApprovalAbove = "100"
)

// object is a YAML mapping.
type object = map[string]any

// writeFiles writes the policy, the certificates and the signers' configurations. The
// server's own follows when the signers have said where they listen.
func (s *stack) writeFiles(ctx context.Context) error {
	if err := s.writeSanctions(ctx); err != nil {
		return err
	}
	if err := writeYAML(s.path("policy.yaml"), s.policyFile()); err != nil {
		return err
	}
	rules, err := readPolicy(s.path("policy.yaml"))
	if err != nil {
		return err
	}

	names := []string{serverName}
	for i := range stackSigners {
		names = append(names, signerName(i))
	}
	if err := signer.NewPKI(s.path("tls"), names...); err != nil {
		return err
	}
	node, err := bitcoinNode(s.bitcoin.node.URL, s.path("secrets", "bitcoin"))
	if err != nil {
		return err
	}
	for i := range stackSigners {
		if err := writeYAML(s.path(signerName(i)+".yaml"), s.signerFile(i, rules.Hash().String(), node)); err != nil {
			return err
		}
	}
	return nil
}

// pauseRules let any of the approvers pause, and two of them resume.
func (s *stack) pauseRules() object {
	names := make([]string, len(s.approvers))
	for i := range s.approvers {
		names[i] = fmt.Sprintf("person-%d", i+1)
	}
	return object{"by": names, "resume": object{"people": names, "quorum": 2}}
}

func (s *stack) policyFile() object {
	people := make([]object, len(s.approvers))
	for i, key := range s.approvers {
		address := crypto.PubkeyToAddress(key.PublicKey).Hex()
		people[i] = object{"name": fmt.Sprintf("person-%d", i+1), "keys": []object{{"eip712": address}}}
	}
	var assets []object
	rules := object{
		"block_lists": []object{
			{"name": "sanctioned", "enforced_by": "signer", "addresses": []string{"0x8589427373D6D84E98730D7795D8f6f8731FDA16"}},
		},
		"look_alikes": []object{{"name": "a person looks at look-alikes", "enforced_by": "coordinator", "action": "review"}},
	}
	add := func(kinds map[string][]object) {
		for kind, list := range kinds {
			others, _ := rules[kind].([]object)
			rules[kind] = append(others, list...)
		}
	}
	for _, chain := range s.chains {
		assets = append(assets, chain.policyAssets()...)
		add(chain.policyRules())
		add(chain.destinationRules())
	}
	assets = append(assets, s.bitcoin.policyAssets()...)
	add(s.bitcoin.policyRules())
	if s.tron != nil {
		assets = append(assets, s.tron.policyAssets()...)
		add(s.tron.policyRules())
	}
	return object{
		"version": 1,
		"name":    "development",
		"signers": object{"threshold": stackThreshold, "count": stackSigners},
		"people":  people,
		"pause":   s.pauseRules(),
		"assets":  assets,
		"rules":   rules,
	}
}

func (s *stack) signerFile(i int, policyHash string, bitcoin object) object {
	name := signerName(i)
	chains := make([]object, len(s.chains))
	for n, chain := range s.chains {
		chains[n] = chain.signerSection()
		if i < stackExecutors {
			chains[n]["executor"] = s.executorSection()
		}
	}
	chains = append(chains, s.bitcoinSigner(i, bitcoin))
	if s.tron != nil {
		chains = append(chains, s.tronSigner(i))
	}
	return object{
		"name": name, "listen": "127.0.0.1:0", "dir": s.path(name),
		"tls":    object{"ca": s.path("tls", "ca.crt"), "cert": s.path("tls", name+".crt"), "key": s.path("tls", name+".key"), "clients": []string{serverName}},
		"token":  object{"module": s.tokens[i].Module, "label": s.tokens[i].Label, "pin_file": s.path("secrets", "pin")},
		"policy": object{"file": s.path("policy.yaml"), "hash": policyHash},
		"chains": chains,
	}
}

// executorSection lets a signer's gas key spend and move gas money.
func (s *stack) executorSection() object {
	executors := make([]string, len(s.executors))
	for i, executor := range s.executors {
		executors[i] = executor.Hex()
	}
	return object{
		"key": "executor", "fee_cap": ether(1).String(), "daily_fee_cap": ether(5).String(),
		"refill_cap": ether(5).String(), "daily_refill_cap": ether(20).String(), "executors": executors,
	}
}

func (s *stack) writeServerConfig() error {
	signers := make([]object, len(s.signers))
	for i, p := range s.signers {
		signers[i] = object{"name": p.name, "address": p.address}
	}
	chains := make([]object, len(s.chains))
	for i, chain := range s.chains {
		chains[i] = chain.serverSection()
	}
	bitcoin, err := s.bitcoinSection()
	if err != nil {
		return err
	}
	chains = append(chains, bitcoin)
	if s.tron != nil {
		chains = append(chains, s.tron.serverSection())
	}
	return writeYAML(s.configFile(), object{
		"data_dir":    s.path("data"),
		"policy_file": s.path("policy.yaml"),
		"http":        object{"listen": "127.0.0.1:0"},
		"signing": object{
			"threshold": stackThreshold, "signers": signers,
			"ca_file": s.path("tls", "ca.crt"), "cert_file": s.path("tls", serverName+".crt"), "key_file": s.path("tls", serverName+".key"),
		},
		"chains":      chains,
		"withdrawals": s.withdrawalsSection(),
	})
}

func writeYAML(path string, value any) error {
	text, err := yaml.Marshal(value)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// replaceIn replaces a text in a file, where it holds it.
func replaceIn(path, old, new string) error {
	text, err := os.ReadFile(path) // #nosec G304 -- a file of the stack
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(strings.Replace(string(text), old, new, 1)), 0o600) // #nosec G703 -- the same
}
