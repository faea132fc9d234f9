package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/utxo"
)

// The keys and the depths of the stack's Bitcoin chain.
const (
	bitcoinLabel  = "bitcoin" // of the signers' keys
	bitcoinCredit = 1
	bitcoinFinal  = 3

	bitcoinTokenKeys = 1 // the other signers' keys are below sealed seeds
)

// btcChain is the stack's chain of the Bitcoin family: a node on regtest, whose blocks are
// made when somebody asks for one, and a wallet that needs two keys of three.
type btcChain struct {
	node       *devnet.Bitcoin
	chain      coffer.ChainID
	native     coffer.AssetID
	descriptor string
	omni       *omniChain
}

// startBitcoin runs the node.
func (s *stack) startBitcoin(ctx context.Context) (err error) {
	b := &btcChain{chain: utxo.Regtest.Chain(), native: utxo.Regtest.Native()}
	if b.node, err = devnet.StartBitcoin(ctx, devnet.BitcoinConfig{}); err != nil {
		return err
	}
	s.bitcoin = b
	return b.startOmni(ctx)
}

// makeBitcoinWallet makes a wallet of a key of each signer, two of which pay: the first one's
// is in its token, the others' are below seeds that their tokens seal. Addresses are nested,
// because those are the ones that the Omni Layer knows.
func (s *stack) makeBitcoinWallet(ctx context.Context) error {
	keys := make([]string, stackSigners)
	group, groupCtx := errgroup.WithContext(ctx)
	for i := range stackSigners {
		group.Go(func() (err error) {
			keys[i], err = s.makeBitcoinKey(groupCtx, i)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	var err error
	s.bitcoin.descriptor, err = utxo.AddChecksum(fmt.Sprintf("sh(wsh(sortedmulti(%d,%s)))", stackThreshold, strings.Join(keys, ",")))
	return err
}

// makeBitcoinKey makes a signer's key and returns it as a descriptor has it.
func (s *stack) makeBitcoinKey(ctx context.Context, i int) (string, error) {
	if i < bitcoinTokenKeys {
		return s.makeKey(ctx, i, bitcoinLabel, "--public")
	}
	token, name := s.tokens[i], signerName(i)
	return s.command(ctx, []string{token.Env()}, "signer", "seed", "--module", token.Module, "--token", token.Label,
		"--pin-file", s.path("secrets", "pin"), "--dir", s.path(name), "--label", "seal", "--name", name,
		"--file", s.seedFile(i), "--network", string(utxo.Regtest), "--nested")
}

func (s *stack) seedFile(i int) string { return s.path("secrets", signerName(i)+".seed") }

// bitcoinSigner is the chain in a signer's configuration, with a node of its own.
func (s *stack) bitcoinSigner(i int, node object) object {
	b := s.bitcoin
	section := object{
		"chain": string(b.chain), "native": string(b.native),
		"descriptors": []string{b.descriptor}, "max_fee": 1_000_000, "max_fee_rate": 2_000, "nodes": []object{node}, "confirmations": bitcoinFinal, "omni": omniProperty,
	}
	if i < bitcoinTokenKeys {
		section["owner"] = bitcoinLabel
	} else {
		section["seed"] = s.seedFile(i)
	}
	return section
}

// policyAssets are the chain's assets in the policy.
func (b *btcChain) policyAssets() []object {
	return []object{{"name": "BTC", "id": string(b.native), "decimals": 8}, {"name": "USDT-OMNI", "id": string(b.omni.asset), "decimals": 8}}
}

// policyRules are the chain's limits in the development policy, by kind of rule.
func (b *btcChain) policyRules() map[string][]object {
	return map[string][]object{
		"order_limits": {
			{"name": "BTC per order", "enforced_by": "signer", "asset": "BTC", "max": "1"},
			{"name": "USDT-OMNI per order", "enforced_by": "signer", "asset": "USDT-OMNI", "max": stackOrderLimit},
		},
		"velocity": {
			{"name": "BTC per day", "enforced_by": "signer", "asset": "BTC", "per": "asset", "max": "5"},
			{"name": "USDT-OMNI per day", "enforced_by": "signer", "asset": "USDT-OMNI", "per": "asset", "max": stackDailyLimit},
		},
		"fee_limits": {{"name": "BTC for fees", "enforced_by": "signer", "asset": "BTC", "max": "0.01", "daily": "0.1"}},
		"sweeps":     {{"name": "BTC is consolidated, USDT-OMNI swept", "enforced_by": "signer", "fees": "BTC", "assets": []string{"BTC", "USDT-OMNI"}, "consolidate": true, "daily": "0.05"}},
		"screening": {
			{"name": "BTC is screened", "enforced_by": "coordinator", "asset": "BTC"},
			{"name": "USDT-OMNI is screened", "enforced_by": "coordinator", "asset": "USDT-OMNI"},
		},
	}
}

// bitcoinSection is the chain in the server's configuration.
func (s *stack) bitcoinSection() (object, error) {
	node, err := bitcoinNode(s.bitcoin.node.URL, s.path("secrets", "bitcoin"))
	if err != nil {
		return nil, err
	}
	return object{
		"id":            string(s.bitcoin.chain),
		"native":        object{"id": string(s.bitcoin.native), "symbol": "BTC", "decimals": 8, "min_deposit": "0.0001", "min_withdraw": "0.0001", "withdraw_fee": "0.00005", "credit": bitcoinCredit, "unlock": bitcoinFinal},
		"utxo":          object{"descriptor": s.bitcoin.descriptor, "nodes": []object{node}, "confirmations": bitcoinFinal, "fee_fallback": "5", "fee_cap": "300", "omni": s.bitcoin.omni.section()},
		"assets":        []object{s.bitcoin.omni.assetSection()},
		"sweep":         object{"assets": []object{{"asset": string(s.bitcoin.omni.asset), "min": "5"}}, "interval": "1s"},
		"poll_interval": "100ms", "bump_after": 1, "payout_valid": "15m", "payout_fee_cap": "0.001", "payout_retry": "1s", "start_height": 1,
	}, nil
}

// bitcoinNode is a node in the configuration, with its password in a file.
func bitcoinNode(login, passwordFile string) (object, error) {
	scheme, rest, _ := strings.Cut(login, "://")
	who, host, ok := strings.Cut(rest, "@")
	user, password, both := strings.Cut(who, ":")
	if !ok || !both {
		return nil, fmt.Errorf("the node's URL has no user and password")
	}
	if err := os.WriteFile(passwordFile, []byte(password+"\n"), 0o600); err != nil {
		return nil, err
	}
	return object{"url": scheme + "://" + host, "user": user, "password_file": passwordFile}, nil
}
