package main

import (
	"context"
	"fmt"
	"os"

	"github.com/cofferhq/coffer/signer"
	"github.com/ethereum/go-ethereum/crypto"
	"go.yaml.in/yaml/v3"
)

// The development policy, in USDT: one order at most 200, two people above 100.
const (
	stackOrderLimit    = "200"
	stackDailyLimit    = "2000"
	stackApprovalAbove = "100"
)

// object is a YAML mapping.
type object = map[string]any

// writeFiles writes the policy, the certificates and the signers' configurations. The
// server's own follows when the signers have said where they listen.
func (s *stack) writeFiles(context.Context) error {
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
	for i := range stackSigners {
		if err := writeYAML(s.path(signerName(i)+".yaml"), s.signerFile(i, rules.Hash().String())); err != nil {
			return err
		}
	}
	return nil
}

func (s *stack) policyFile() object {
	people := make([]object, len(s.approvers))
	for i, key := range s.approvers {
		address := crypto.PubkeyToAddress(key.PublicKey).Hex()
		people[i] = object{"name": fmt.Sprintf("person-%d", i+1), "keys": []object{{"eip712": address}}}
	}
	return object{
		"version": 1,
		"name":    "development",
		"signers": object{"threshold": stackThreshold, "count": stackSigners},
		"people":  people,
		"assets": []object{
			{"name": "USDT", "id": string(s.usdt), "decimals": 6},
			{"name": "ETH", "id": string(s.native), "decimals": 18},
		},
		"rules": object{
			"order_limits": []object{
				{"name": "usdt per order", "enforced_by": "signer", "asset": "USDT", "max": stackOrderLimit},
				{"name": "ether per order", "enforced_by": "signer", "asset": "ETH", "max": "1"},
			},
			"velocity": []object{
				{"name": "usdt per account and day", "enforced_by": "coordinator", "asset": "USDT", "per": "account", "max": stackDailyLimit},
				{"name": "usdt per day", "enforced_by": "signer", "asset": "USDT", "per": "asset", "max": stackDailyLimit},
				{"name": "ether per day", "enforced_by": "signer", "asset": "ETH", "per": "asset", "max": "5"},
			},
			"block_lists": []object{
				{"name": "sanctioned", "enforced_by": "signer", "addresses": []string{"0x8589427373D6D84E98730D7795D8f6f8731FDA16"}},
			},
			"approvals": []object{
				{"name": "two people above " + stackApprovalAbove, "enforced_by": "signer", "asset": "USDT", "above": stackApprovalAbove, "people": 2},
			},
			"fee_limits": []object{
				{"name": "ether for fees", "enforced_by": "signer", "asset": "ETH", "max": "0.1", "daily": "5"},
			},
		},
	}
}

func (s *stack) signerFile(i int, policyHash string) object {
	name := signerName(i)
	chain := object{
		"chain": string(s.chain), "native": string(s.native), "owner": "owner",
		"entry_point": s.contracts.EntryPoint.Hex(), "module": s.contracts.Safe4337Module.Hex(),
		"multi_send": s.contracts.MultiSendCallOnly.Hex(), "wallets": []string{s.safe.Hex()},
	}
	if i == 0 {
		chain["executor"] = object{"key": "executor", "fee_cap": ether(1).String(), "daily_fee_cap": ether(5).String()}
	}
	return object{
		"name": name, "listen": "127.0.0.1:0", "dir": s.path(name),
		"tls":    object{"ca": s.path("tls", "ca.crt"), "cert": s.path("tls", name+".crt"), "key": s.path("tls", name+".key"), "clients": []string{serverName}},
		"token":  object{"module": s.tokens[i].Module, "label": s.tokens[i].Label, "pin_file": s.path("secrets", "pin")},
		"policy": object{"file": s.path("policy.yaml"), "hash": policyHash},
		"chains": []object{chain},
	}
}

func (s *stack) writeServerConfig() error {
	signers := make([]object, len(s.signers))
	for i, p := range s.signers {
		signers[i] = object{"name": p.name, "address": p.address}
	}
	return writeYAML(s.configFile(), object{
		"data_dir":    s.path("data"),
		"policy_file": s.path("policy.yaml"),
		"http":        object{"listen": "127.0.0.1:0"},
		"signing": object{
			"threshold": stackThreshold, "signers": signers,
			"ca_file": s.path("tls", "ca.crt"), "cert_file": s.path("tls", serverName+".crt"), "key_file": s.path("tls", serverName+".key"),
		},
		"chains": []object{{
			"id": string(s.chain), "rpc": []string{s.anvil.URL},
			"native": object{"id": string(s.native), "symbol": "ETH", "decimals": 18, "credit": 2, "unlock": 4, "withdraw_fee": "0.0005"},
			"assets": []object{{
				"id": string(s.usdt), "symbol": "USDT", "decimals": 6, "min_deposit": "1", "min_withdraw": "1", "withdraw_fee": "0.5",
				"credit": 2, "unlock": 4,
			}},
			"entry_point": s.contracts.EntryPoint.Hex(), "module": s.contracts.Safe4337Module.Hex(),
			"multi_send": s.contracts.MultiSendCallOnly.Hex(), "forwarder_factory": s.factory.Hex(),
			"wallet": s.safe.Hex(), "executor_signer": signerName(0), "bundler_rpc": true,
			"poll_interval": "100ms", "silent_after": "30s",
		}},
	})
}

func writeYAML(path string, value any) error {
	text, err := yaml.Marshal(value)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}
