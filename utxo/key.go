package utxo

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
)

const (
	hardened  = hdkeychain.HardenedKeyStart
	ranged    = "/<0;1>/*" // BIP-389: branch 0 receives, branch 1 is change
	keyLength = 33         // of a compressed public key

	maxOriginSteps = 10
)

// Fingerprint is the first four bytes of the HASH160 of a master public key (BIP-32).
type Fingerprint [4]byte

// String returns 8 hex digits.
func (f Fingerprint) String() string { return hex.EncodeToString(f[:]) }

// uint32 is the form that the PSBT library has.
func (f Fingerprint) uint32() uint32 { return binary.LittleEndian.Uint32(f[:]) }

// FingerprintOf returns the fingerprint of a compressed public key.
func FingerprintOf(public []byte) Fingerprint { return Fingerprint(address.Hash160(public)[:4]) }

// Key is one key expression of a descriptor: a public key that stays, which an HSM holds, or
// an extended one, whose children at branch and index sign.
type Key struct {
	text     string
	origin   bool
	master   Fingerprint
	path     []uint32                   // from the master key
	public   []byte                     // nil where it is extended
	extended *hdkeychain.ExtendedKey    // nil where it is not
	branches [2]*hdkeychain.ExtendedKey // its children 0 and 1
}

// String is the key's identity, what a signature of it or of its children says it is by:
// "[d34db33f/48h/0h/0h/2h]xpub…", or 66 hex digits. An extended key is without its "/<0;1>/*".
func (k Key) String() string { return k.text }

// Ranged reports whether the children of the key sign.
func (k Key) Ranged() bool { return k.extended != nil }

// Master returns the fingerprint of the master key and the path from it to this key.
func (k Key) Master() (Fingerprint, []uint32) { return k.master, k.path }

// AccountPath is where BIP-48 has the extended key of an account of a multisig wallet:
// m/48h/coinh/accounth/2h of a P2WSH, 1h at the end of a P2SH-P2WSH.
func AccountPath(network Network, nested bool, account uint32) []uint32 {
	coin, script := uint32(1), uint32(2)
	if network == Mainnet {
		coin = 0
	}
	if nested {
		script = 1
	}
	return []uint32{48 + hardened, coin + hardened, account + hardened, script + hardened}
}

// KeyExpression writes a key's identity: an extended public key, or a fixed one in hex, and
// where it is below a master key. A fixed key may have no path.
func KeyExpression(master Fingerprint, path []uint32, key string) string {
	return "[" + master.String() + pathText(path) + "]" + key
}

func pathText(path []uint32) string {
	var b strings.Builder
	for _, step := range path {
		b.WriteString("/" + strconv.FormatUint(uint64(step&^hardened), 10))
		if step >= hardened {
			b.WriteString("h")
		}
	}
	return b.String()
}

// Errors about keys never hold the key's text: it could be a private one.
var (
	errKeySyntax       = errors.New("want an extended public key with its origin, or 66 hex digits (BIP-380)")
	errKeyPrivate      = errors.New("a private key; descriptors here hold public ones")
	errKeyUncompressed = errors.New("an uncompressed key; segregated witness wants compressed ones (BIP-143)")
	errKeyPoint        = errors.New("not a point of secp256k1")
	errKeyNetwork      = errors.New("an extended key of another network")
	errOrigin          = errors.New("want an origin [fingerprint/48h/…] of 8 hex digits and steps like 48h (BIP-380)")
)

// parseKey reads a key expression.
func parseKey(network Network, nested bool, text string) (Key, error) {
	k := Key{}
	rest := text
	if strings.HasPrefix(text, "[") {
		origin, after, ok := strings.Cut(text[1:], "]")
		if !ok {
			return Key{}, errOrigin
		}
		if err := k.parseOrigin(origin); err != nil {
			return Key{}, err
		}
		rest = after
	}
	var err error
	if body, ok := strings.CutSuffix(rest, ranged); ok {
		err = k.parseExtended(network, nested, body)
	} else {
		err = k.parseFixed(rest)
	}
	return k, err
}

func (k *Key) parseOrigin(text string) error {
	steps := strings.Split(text, "/")
	master, err := hex.DecodeString(steps[0])
	if err != nil || len(master) != len(k.master) || len(steps)-1 > maxOriginSteps {
		return errOrigin
	}
	k.origin, k.master = true, Fingerprint(master)
	for _, step := range steps[1:] {
		index, err := parseStep(step)
		if err != nil {
			return errOrigin
		}
		k.path = append(k.path, index)
	}
	return nil
}

// parseStep reads a step of a path: a number below 2^31, with h or ' where it is hardened.
func parseStep(text string) (uint32, error) {
	digits := strings.TrimRight(text, "h'")
	if len(text)-len(digits) > 1 {
		return 0, errOrigin
	}
	index, err := parseIndex(digits)
	if err == nil && digits != text {
		index += hardened
	}
	return index, err
}

// parseIndex reads a number below 2^31 without sign and leading zeros.
func parseIndex(text string) (uint32, error) {
	index, err := strconv.ParseUint(text, 10, 31)
	if err != nil || strconv.FormatUint(index, 10) != text {
		return 0, errOrigin
	}
	return uint32(index), nil // #nosec G115 -- below 2^31
}

func (k *Key) parseFixed(text string) error {
	switch {
	case strings.HasPrefix(text, "xpub") || strings.HasPrefix(text, "tpub"):
		return errors.New("an extended key without /<0;1>/* (BIP-389)")
	case strings.HasPrefix(text, "xprv") || strings.HasPrefix(text, "tprv"):
		return errKeyPrivate
	case len(text) == 130:
		return errKeyUncompressed
	case len(text) != 2*keyLength:
		if len(text) == 51 || len(text) == 52 {
			return errKeyPrivate // as long as the wallet import format
		}
		return errKeySyntax
	}
	public, err := hex.DecodeString(text)
	if err != nil {
		return errKeySyntax
	}
	if _, err := btcec.ParsePubKey(public); err != nil {
		return errKeyPoint
	}
	k.public, k.text = public, strings.ToLower(text)
	if k.origin {
		k.text = KeyExpression(k.master, k.path, k.text)
	} else {
		k.master = FingerprintOf(public)
	}
	return nil
}

// parseExtended reads an extended public key. It must be where BIP-48 has it, and say the
// same of itself: its depth and its number are those of the origin's last step.
func (k *Key) parseExtended(network Network, nested bool, text string) error {
	extended, err := hdkeychain.NewKeyFromString(text)
	if err != nil || extended.String() != text {
		return errKeySyntax
	}
	if extended.IsPrivate() {
		return errKeyPrivate
	}
	params := network.Params()
	if !bytes.Equal(extended.Version(), params.HDPublicKeyID[:]) {
		return errKeyNetwork
	}
	if !k.origin {
		return errOrigin
	}
	want := AccountPath(network, nested, 0)
	if len(k.path) != len(want) || k.path[0] != want[0] || k.path[1] != want[1] || k.path[2] < hardened || k.path[3] != want[3] {
		return fmt.Errorf("an origin at %q, where BIP-48 has m%s of each account", "m"+pathText(k.path), pathText(want))
	}
	if int(extended.Depth()) != len(k.path) || extended.ChildIndex() != k.path[len(k.path)-1] {
		return errors.New("an extended key that is not where its origin says: depth and number differ")
	}
	for branch := range k.branches {
		if k.branches[branch], err = extended.Derive(uint32(branch)); err != nil { // #nosec G115 -- 0 and 1
			return fmt.Errorf("branch %d: %w", branch, err)
		}
	}
	k.extended, k.text = extended, KeyExpression(k.master, k.path, text)
	return nil
}

// Child is a public key that signs: a key of the descriptor, or its child at a path.
type Child struct {
	Key    string // identity of the descriptor's key
	Public []byte // 33 bytes
	Master Fingerprint
	Path   []uint32 // from the master key
}

// at returns the key that signs at branch and index.
func (k Key) at(branch, index uint32) (Child, error) {
	if k.extended == nil {
		return Child{Key: k.text, Public: k.public, Master: k.master, Path: k.path}, nil
	}
	child, err := k.branches[branch].Derive(index)
	if err != nil {
		return Child{}, fmt.Errorf("key %s: %w", k.text, err)
	}
	public, err := child.ECPubKey()
	if err != nil {
		return Child{}, fmt.Errorf("key %s: %w", k.text, err)
	}
	path := append(append([]uint32{}, k.path...), branch, index)
	return Child{Key: k.text, Public: public.SerializeCompressed(), Master: k.master, Path: path}, nil
}

// publicKey is what makes two key expressions the same key.
func (k Key) publicKey() []byte {
	if k.extended == nil {
		return k.public
	}
	public, err := k.extended.ECPubKey()
	if err != nil {
		panic(err) // it was parsed
	}
	return public.SerializeCompressed()
}
