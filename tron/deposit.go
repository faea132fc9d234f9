package tron

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
)

const (
	// DepositBranch is the step above the index of a deposit address: those that receive.
	DepositBranch = 0

	maxIndex   = hdkeychain.HardenedKeyStart - 1
	maxKeyText = 300
	maxSteps   = 10
	pathPrefix = "0/"
)

// Errors of ParseDepositKey. They never hold the text, which could be a private key.
var (
	ErrDepositKey        = errors.New("want an extended public key with its origin, [d34db33f/44h/195h/0h]xpub… (BIP-32)")
	ErrDepositKeyPrivate = errors.New("it is a private key: want the extended public one")
)

// DepositKey is the public half of what deposit addresses are made of: the children 0/1, 0/2
// and on of an extended key. Who holds the private half can move what arrives there.
type DepositKey struct {
	text   string
	master [4]byte
	steps  []uint32
	branch *hdkeychain.ExtendedKey
}

// ParseDepositKey reads "[fingerprint/44h/195h/0h]xpub…", checksum checked.
func ParseDepositKey(text string) (DepositKey, error) {
	if len(text) > maxKeyText {
		return DepositKey{}, ErrDepositKey
	}
	origin, body, ok := strings.Cut(text, "]")
	steps := strings.Split(strings.TrimPrefix(origin, "["), "/")
	if !ok || !strings.HasPrefix(origin, "[") || len(steps) < 2 || len(steps)-1 > maxSteps {
		return DepositKey{}, ErrDepositKey
	}
	master, err := hex.DecodeString(steps[0])
	if err != nil || len(master) != 4 || steps[0] != strings.ToLower(steps[0]) {
		return DepositKey{}, ErrDepositKey
	}
	var path []uint32
	for _, step := range steps[1:] {
		digits, hardened := strings.CutSuffix(step, "h")
		n, err := strconv.ParseUint(digits, 10, 31)
		if err != nil || strconv.FormatUint(n, 10) != digits {
			return DepositKey{}, ErrDepositKey
		}
		if hardened {
			n += hdkeychain.HardenedKeyStart
		}
		path = append(path, uint32(n)) // #nosec G115 -- below 2^32
	}
	key, err := hdkeychain.NewKeyFromString(body)
	if err != nil {
		return DepositKey{}, ErrDepositKey
	}
	if key.IsPrivate() {
		return DepositKey{}, ErrDepositKeyPrivate
	}
	if int(key.Depth()) != len(steps)-1 {
		return DepositKey{}, fmt.Errorf("the key is %d steps below its master, its origin names %d", key.Depth(), len(steps)-1)
	}
	branch, err := key.Derive(DepositBranch)
	if err != nil {
		return DepositKey{}, fmt.Errorf("branch %d: %w", DepositBranch, err)
	}
	return DepositKey{text: text, master: [4]byte(master), steps: path, branch: branch}, nil
}

// String is the text that it was read from.
func (k DepositKey) String() string { return k.text }

// Origin is the fingerprint of the seed that the key is of, and the key's path below it, where
// hardened steps are from 2^31 on (BIP-32).
func (k DepositKey) Origin() (master [4]byte, path []uint32) { return k.master, slices.Clone(k.steps) }

// Address is the address of a child, "0/7", which the next caller gets for the same path.
func (k DepositKey) Address(path string) (Address, error) {
	digits, ok := strings.CutPrefix(path, pathPrefix)
	index, err := strconv.ParseUint(digits, 10, 32)
	if !ok || err != nil || index > maxIndex || strconv.FormatUint(index, 10) != digits {
		return Address{}, fmt.Errorf("path %.40q: want 0/ and a number below 2^31", path)
	}
	child, err := k.branch.Derive(uint32(index))
	if err != nil {
		return Address{}, fmt.Errorf("path %s: %w", path, err)
	}
	public, err := child.ECPubKey()
	if err != nil {
		return Address{}, fmt.Errorf("path %s: %w", path, err)
	}
	return Address(crypto.PubkeyToAddress(*public.ToECDSA())), nil
}

// DepositAddressAt is the deposit address of an index, with what it is made of.
func (k DepositKey) DepositAddressAt(index uint32) (coffer.AddressProof, error) {
	path := pathPrefix + strconv.FormatUint(uint64(index), 10)
	address, err := k.Address(path)
	if err != nil {
		return coffer.AddressProof{}, err
	}
	return coffer.AddressProof{Kind: coffer.ProofKey, Address: AddressOf(address), Descriptor: k.text, Path: path}, nil
}
