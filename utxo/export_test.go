package utxo

import (
	"testing"

	"github.com/cofferhq/coffer"
)

// SigningWallet is a wallet with its private keys, for tests against nodes.
type SigningWallet = testWallet

// SigningWallets are 2-of-3 wallets of each shape on regtest.
func SigningWallets(t testing.TB) map[string]SigningWallet { return testWallets(t) }

// Sign signs every input with these keys.
func (w testWallet) Sign(t testing.TB, u coffer.Unsigned, keys ...int) (all []coffer.Signature) {
	t.Helper()
	for _, key := range keys {
		all = append(all, w.sign(t, key, u)...)
	}
	return all
}

// Explainer reads what the wallet signs.
func (w testWallet) Explainer() *Explainer { return w.explainer() }

// Destinations are addresses of each standard script.
func Destinations(network Network) []coffer.Address { return destinations(network) }

// VSize is the size of a signed transaction.
func VSize(t testing.TB, raw []byte) uint64 {
	t.Helper()
	return vsize(decodeTx(t, raw))
}

// AccountKey is the extended private key of one of the wallet's accounts.
func (w testWallet) AccountKey(key int) string { return w.keys[key].account.String() }
