package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/utxo"
)

// Depths of the stack's Bitcoin chain.
const (
	bitcoinCredit = 1
	bitcoinFinal  = 3
)

// btcChain is the stack's chain of the Bitcoin family: a node on regtest, whose blocks are
// made when somebody asks for one, and a wallet that needs two keys of three.
type btcChain struct {
	node       *devnet.Bitcoin
	chain      coffer.ChainID
	native     coffer.AssetID
	descriptor string
}

// startBitcoin runs the node.
func (s *stack) startBitcoin(ctx context.Context) (err error) {
	b := &btcChain{chain: utxo.Regtest.Chain(), native: utxo.Regtest.Native()}
	if b.node, err = devnet.StartBitcoin(ctx, devnet.BitcoinConfig{}); err != nil {
		return err
	}
	s.bitcoin = b
	return nil
}

// makeBitcoinWallet makes the wallet's keys.
func (s *stack) makeBitcoinWallet(context.Context) error {
	keys := make([]string, stackSigners)
	for i := range keys {
		seed := make([]byte, hdkeychain.RecommendedSeedLen)
		if _, err := rand.Read(seed); err != nil {
			return err
		}
		key, err := hdkeychain.NewMaster(seed, utxo.Regtest.Params())
		if err != nil {
			return err
		}
		public, err := key.ECPubKey()
		if err != nil {
			return err
		}
		path := utxo.AccountPath(utxo.Regtest, false, 0)
		for _, step := range path {
			if key, err = key.Derive(step); err != nil {
				return err
			}
		}
		if key, err = key.Neuter(); err != nil {
			return err
		}
		keys[i] = utxo.KeyExpression(utxo.FingerprintOf(public.SerializeCompressed()), path, key.String()) + "/<0;1>/*"
	}
	text, err := utxo.AddChecksum(fmt.Sprintf("wsh(sortedmulti(%d,%s))", stackThreshold, strings.Join(keys, ",")))
	s.bitcoin.descriptor = text
	return err
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
		"utxo":          object{"descriptor": s.bitcoin.descriptor, "nodes": []object{node}, "confirmations": bitcoinFinal, "fee_fallback": "5"},
		"poll_interval": "100ms", "bump_after": 1, "payout_retry": "1s", "start_height": 1,
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
