package utxo

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
)

// testKey is a key of a wallet with its private half.
type testKey struct {
	text    string // as in the descriptor, with its suffix
	private *btcec.PrivateKey
	account *hdkeychain.ExtendedKey // nil where the key is fixed
}

// child is the private key that signs at a path.
func (k testKey) child(t testing.TB, path string) *btcec.PrivateKey {
	t.Helper()
	if k.account == nil {
		return k.private
	}
	branch, index, err := ParsePath(path)
	if err != nil {
		t.Fatal(err)
	}
	key := k.account
	for _, step := range []uint32{branch, index} {
		if key, err = key.Derive(step); err != nil {
			t.Fatal(err)
		}
	}
	private, err := key.ECPrivKey()
	if err != nil {
		t.Fatal(err)
	}
	return private
}

func seedOf(label string) []byte { sum := sha256.Sum256([]byte(label)); return sum[:] }

func fixedKey(label string) testKey {
	private, public := btcec.PrivKeyFromBytes(seedOf(label))
	return testKey{text: hex.EncodeToString(public.SerializeCompressed()), private: private}
}

// accountKey derives the BIP-48 account of a seed.
func accountKey(t testing.TB, network Network, nested bool, label string) testKey {
	t.Helper()
	key, err := hdkeychain.NewMaster(seedOf(label), network.Params())
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.ECPubKey()
	if err != nil {
		t.Fatal(err)
	}
	master := FingerprintOf(public.SerializeCompressed())
	path := AccountPath(network, nested, 0)
	for _, step := range path {
		if key, err = key.Derive(step); err != nil {
			t.Fatal(err)
		}
	}
	neutered, err := key.Neuter()
	if err != nil {
		t.Fatal(err)
	}
	return testKey{text: KeyExpression(master, path, neutered.String()) + "/<0;1>/*", account: key}
}

// testWallet is a wallet with all its private keys.
type testWallet struct {
	Descriptor
	keys []testKey
}

func walletOf(t testing.TB, network Network, nested bool, threshold int, keys ...testKey) testWallet {
	t.Helper()
	parts := []string{fmt.Sprint(threshold)}
	for _, key := range keys {
		parts = append(parts, key.text)
	}
	text := "wsh(sortedmulti(" + strings.Join(parts, ",") + "))"
	if nested {
		text = "sh(" + text + ")"
	}
	text, err := AddChecksum(text)
	if err != nil {
		t.Fatal(err)
	}
	d, err := ParseDescriptor(network, text)
	if err != nil {
		t.Fatal(err)
	}
	return testWallet{d, keys}
}

// testWallets are 2-of-3 wallets of each shape on regtest.
func testWallets(t testing.TB) map[string]testWallet {
	t.Helper()
	wallets := map[string]testWallet{}
	for _, nested := range []bool{false, true} {
		name := map[bool]string{false: "P2WSH", true: "P2SH-P2WSH"}[nested]
		key := func(label string) testKey { return accountKey(t, Regtest, nested, label) }
		wallets[name] = walletOf(t, Regtest, nested, 2, key("a"), key("b"), key("c"))
		wallets[name+" fixed"] = walletOf(t, Regtest, nested, 2, fixedKey("x"), fixedKey("y"), fixedKey("z"))
		wallets[name+" mixed"] = walletOf(t, Regtest, nested, 2, fixedKey("x"), key("b"), key("c"))
	}
	return wallets
}

// sign signs every input with one key.
func (w testWallet) sign(t testing.TB, key int, u coffer.Unsigned) []coffer.Signature {
	t.Helper()
	r, err := read(w.Descriptor, u)
	if err != nil {
		t.Fatal(err)
	}
	var signatures []coffer.Signature
	for n, digest := range r.digests {
		signature := ecdsa.Sign(w.keys[key].child(t, r.coins[n].Path), digest[:])
		signatures = append(signatures, coffer.Signature{
			Signer: fmt.Sprint("signer ", key), Key: w.Keys()[key].String(), Digest: digest,
			Bytes: append(signature.Serialize(), byte(txscript.SigHashAll)),
		})
	}
	return signatures
}

func (w testWallet) explainer() *Explainer {
	return NewExplainer(ExplainConfig{
		Chain: w.Network().Chain(), Native: w.Network().Native(), Network: w.Network(),
		Wallets: []Descriptor{w.Descriptor}, MaxFeeRate: 1000, MaxFee: 10_000_000,
	})
}

// home is a path the wallet has: n of branch 0, or the only one.
func (w testWallet) home(n uint32) string {
	if !w.Ranged() {
		return ""
	}
	return PathOf(BranchReceive, n)
}

func (w testWallet) changePath(n uint32) string {
	if !w.Ranged() {
		return ""
	}
	return PathOf(BranchChange, n)
}

// fund makes a transaction for each amount that pays it to the wallet, as its second output.
func (w testWallet) fund(t testing.TB, amounts ...int64) ([]coffer.Coin, map[coffer.Hash]*wire.MsgTx) {
	t.Helper()
	previous := map[coffer.Hash]*wire.MsgTx{}
	var coins []coffer.Coin
	for n, amount := range amounts {
		script, err := w.At(w.home(uint32(n + 1)))
		if err != nil {
			t.Fatal(err)
		}
		tx := wire.NewMsgTx(2)
		// a witness, which the transaction's id does not commit to
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: uint32(n)}, Sequence: 1, Witness: wire.TxWitness{{1}, bytes.Repeat([]byte{2}, 70)}})
		tx.AddTxOut(wire.NewTxOut(1000, p2pkhScript(make([]byte, 20))))
		tx.AddTxOut(wire.NewTxOut(amount, script.Output))
		hash := HashOf(tx.TxHash())
		previous[hash] = tx
		coins = append(coins, coffer.Coin{ID: coffer.NewCoinID(hash, 1), Address: script.Address, Path: script.Path, Amount: amountOf(amount)})
	}
	return coins, previous
}

// destinations are addresses of each standard script.
func destinations(network Network) []coffer.Address {
	hash, program := bytes.Repeat([]byte{0x5a}, 20), bytes.Repeat([]byte{0xa5}, 32)
	var all []coffer.Address
	for _, script := range [][]byte{p2pkhScript(hash), p2shScript(hash), witnessScript(0, hash), witnessScript(0, program), witnessScript(1, program)} {
		address, ok := AddressOf(network, script)
		if !ok {
			panic("no address")
		}
		all = append(all, address)
	}
	return all
}

// intent pays amounts to destinations of each kind in turn.
func (w testWallet) intent(coins []coffer.Coin, amounts ...int64) coffer.Intent {
	i := coffer.Intent{
		ID: "payout-1", Chain: w.Network().Chain(), Wallet: w.Address(), Path: coffer.PathPSBT,
		Slot: coffer.Slot{Kind: coffer.SlotCoin, Lane: string(coins[0].ID)}, Purpose: coffer.PurposeRefill,
		Coins: coins, Change: w.changePath(7), FeeBound: coffer.NewAmount(1_000_000), Expires: time.Unix(1_800_000_000, 0).UTC(),
	}
	to := destinations(w.Network())
	for n, amount := range amounts {
		i.Payments = append(i.Payments, coffer.Payment{Asset: w.Network().Native(), To: to[n%len(to)], Amount: amountOf(amount)})
	}
	return i
}

func encodeExtendedText(text string) []byte {
	key, err := hdkeychain.NewKeyFromString(text)
	if err != nil {
		panic(err)
	}
	return encodeExtended(key)
}
