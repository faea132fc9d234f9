package corpus_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"slices"
	"testing"

	btcaddress "github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer/utxo"
)

// btcKey is a key that everybody knows.
type btcKey struct{ private *btcec.PrivateKey }

func btcKeyNamed(name string) btcKey {
	seed := sha256.Sum256([]byte("false deposits: " + name))
	private, _ := btcec.PrivKeyFromBytes(seed[:])
	return btcKey{private}
}

func (k btcKey) public() []byte { return k.private.PubKey().SerializeCompressed() }
func (k btcKey) hash() []byte   { return btcaddress.Hash160(k.public()) }

func (k btcKey) p2wpkh() []byte { return append([]byte{txscript.OP_0, 20}, k.hash()...) }
func (k btcKey) p2pkh() []byte  { return btcP2PKH(k.hash()) }

func btcP2PKH(hash []byte) []byte {
	return slices.Concat([]byte{txscript.OP_DUP, txscript.OP_HASH160, 20}, hash, []byte{txscript.OP_EQUALVERIFY, txscript.OP_CHECKSIG})
}

func btcP2SH(script []byte) []byte {
	return slices.Concat([]byte{txscript.OP_HASH160, 20}, btcaddress.Hash160(script), []byte{txscript.OP_EQUAL})
}

// btcWallet is a wallet of which everybody knows the keys: 2 of 3, P2WSH or nested in P2SH.
type btcWallet struct {
	utxo.Descriptor
	accounts []*hdkeychain.ExtendedKey
}

func newBTCWallet(t *testing.T, nested bool) btcWallet {
	t.Helper()
	var w btcWallet
	text := "wsh(sortedmulti(2"
	for _, name := range []string{"first", "second", "third"} {
		seed := sha256.Sum256([]byte("false deposits: wallet: " + name))
		key, err := hdkeychain.NewMaster(seed[:], &chaincfg.RegressionNetParams)
		btcMust(t, err)
		public, err := key.ECPubKey()
		btcMust(t, err)
		master := utxo.FingerprintOf(public.SerializeCompressed())
		path := utxo.AccountPath(utxo.Regtest, nested, 0)
		for _, step := range path {
			key, err = key.Derive(step)
			btcMust(t, err)
		}
		neutered, err := key.Neuter()
		btcMust(t, err)
		w.accounts = append(w.accounts, key)
		text += "," + utxo.KeyExpression(master, path, neutered.String()) + "/<0;1>/*"
	}
	text += "))"
	if nested {
		text = "sh(" + text + ")"
	}
	text, err := utxo.AddChecksum(text)
	btcMust(t, err)
	w.Descriptor, err = utxo.ParseDescriptor(utxo.Regtest, text)
	btcMust(t, err)
	return w
}

func btcMust(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// at is the wallet's script at a path.
func (w btcWallet) at(t *testing.T, path string) utxo.Script {
	t.Helper()
	script, err := w.At(path)
	btcMust(t, err)
	return script
}

// keysAt are the private keys at a path, in the order of the script.
func (w btcWallet) keysAt(t *testing.T, path string) []btcKey {
	t.Helper()
	branch, index, err := utxo.ParsePath(path)
	btcMust(t, err)
	var keys []btcKey
	for _, account := range w.accounts {
		key := account
		for _, step := range []uint32{branch, index} {
			key, err = key.Derive(step)
			btcMust(t, err)
		}
		private, err := key.ECPrivKey()
		btcMust(t, err)
		keys = append(keys, btcKey{private})
	}
	slices.SortFunc(keys, func(a, b btcKey) int { return bytes.Compare(a.public(), b.public()) })
	return keys
}

// btcCoin is an output that can be spent: by a key, or by the wallet at a path.
type btcCoin struct {
	at     wire.OutPoint
	value  int64
	script []byte
	key    btcKey
	path   string
}

// coinOf is an output of a transaction.
func coinOf(tx *wire.MsgTx, output uint32, key btcKey, path string) btcCoin {
	out := tx.TxOut[output]
	return btcCoin{at: wire.OutPoint{Hash: tx.TxHash(), Index: output}, value: out.Value, script: out.PkScript, key: key, path: path}
}

// signBTC signs every input. Signatures are the same each time (RFC 6979).
func signBTC(t *testing.T, w btcWallet, tx *wire.MsgTx, coins []btcCoin) {
	t.Helper()
	previous := txscript.NewMultiPrevOutFetcher(nil)
	for _, coin := range coins {
		previous.AddPrevOut(coin.at, wire.NewTxOut(coin.value, coin.script))
	}
	hashes := txscript.NewTxSigHashes(tx, previous)
	for i, coin := range coins {
		var err error
		switch in := tx.TxIn[i]; {
		case coin.path != "":
			script := w.at(t, coin.path)
			in.Witness = wire.TxWitness{nil}
			for _, key := range w.keysAt(t, coin.path)[:2] {
				signature, err := txscript.RawTxInWitnessSignature(tx, hashes, i, coin.value, script.Witness, txscript.SigHashAll, key.private)
				btcMust(t, err)
				in.Witness = append(in.Witness, signature)
			}
			in.Witness = append(in.Witness, script.Witness)
			if len(script.Redeem) > 0 {
				in.SignatureScript = append([]byte{byte(len(script.Redeem))}, script.Redeem...)
			}
		case txscript.IsPayToWitnessPubKeyHash(coin.script):
			in.Witness, err = txscript.WitnessSignature(tx, hashes, i, coin.value, coin.script, txscript.SigHashAll, coin.key.private, true)
		default:
			in.SignatureScript, err = txscript.SignatureScript(tx, i, coin.script, txscript.SigHashAll, coin.key.private, true)
		}
		btcMust(t, err)
	}
}

// negated is a signature in DER with the group's order less S in the place of S.
func negated(t *testing.T, der []byte) []byte {
	t.Helper()
	var numbers struct{ R, S *big.Int }
	_, err := asn1.Unmarshal(der, &numbers)
	btcMust(t, err)
	numbers.S.Sub(btcec.S256().N, numbers.S)
	again, err := asn1.Marshal(numbers)
	btcMust(t, err)
	return again
}

func hexBytes(raw []byte) string { return hex.EncodeToString(raw) }
