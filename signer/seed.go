package signer

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/utxo"
)

const (
	seedBytes   = 32 // as BIP-32 recommends
	seedVersion = 1
	seedPurpose = "bip32"

	maxSeedFile = 4 << 10
)

// sealedSeed is the file of a BIP-32 seed. A thief of the file has nothing: the key that
// opens it stays in the token. Everything but Nonce and Sealed is authenticated with them, so
// that the file of one signer is not taken for that of another.
type sealedSeed struct {
	Version uint64        `json:"version"`
	Signer  string        `json:"signer"`  // whose it is
	Purpose string        `json:"purpose"` // "bip32"
	Key     string        `json:"key"`     // label of the token's key that sealed it
	Nonce   hexutil.Bytes `json:"nonce"`
	Sealed  hexutil.Bytes `json:"sealed"`
}

// about is what the seal authenticates besides the seed.
func (s sealedSeed) about() []byte {
	return fmt.Appendf(nil, "coffer/sealed-seed %d %q %q %q", s.Version, s.Signer, s.Purpose, s.Key)
}

// readSeedFile reads a sealed seed and checks that it is one of this signer's.
func readSeedFile(path, signer string) (sealedSeed, error) {
	file, err := os.Open(path) //nolint:gosec // the operator names the path
	if err != nil {
		return sealedSeed{}, fmt.Errorf("sealed seed: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxSeedFile+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return sealedSeed{}, fmt.Errorf("sealed seed %s: %w", path, err)
	}
	var s sealedSeed
	if len(text) > maxSeedFile {
		err = fmt.Errorf("more than %d bytes", maxSeedFile)
	} else if err = strictJSON(text, &s); err == nil {
		err = s.check(signer)
	}
	if err != nil {
		return sealedSeed{}, fmt.Errorf("sealed seed %s: %w", path, err)
	}
	return s, nil
}

func (s sealedSeed) check(signer string) error {
	switch {
	case s.Version != seedVersion:
		return fmt.Errorf("version: is %d, want %d", s.Version, seedVersion)
	case s.Signer != signer:
		return fmt.Errorf("signer: it is of %.80q, this is %.80q", s.Signer, signer)
	case s.Purpose != seedPurpose:
		return fmt.Errorf("purpose: is %.80q, want %q", s.Purpose, seedPurpose)
	case s.Key == "" || len(s.Key) > maxTextBytes:
		return errors.New("key: want the label of the sealing key")
	case len(s.Nonce) != sealNonceBytes:
		return fmt.Errorf("nonce: has %d bytes, want %d", len(s.Nonce), sealNonceBytes)
	case len(s.Sealed) != seedBytes+sealTagBits/8:
		return fmt.Errorf("sealed: has %d bytes, want %d", len(s.Sealed), seedBytes+sealTagBits/8)
	}
	return nil
}

// secretSeed is a seed out of its seal. It is never printed.
type secretSeed struct {
	hidden
	bytes []byte
}

func (s secretSeed) forget() { clear(s.bytes) }

// openSeed decrypts a sealed seed. Whoever called it has it forgotten.
func (t *Token) openSeed(ctx context.Context, s sealedSeed) (secretSeed, error) {
	key, err := t.sealKey(ctx, s.Key)
	if err != nil {
		return secretSeed{}, err
	}
	secret, err := key.open(ctx, s.Nonce, s.Sealed, s.about())
	if err != nil {
		return secretSeed{}, err
	}
	if len(secret) != seedBytes {
		clear(secret)
		return secretSeed{}, fmt.Errorf("%w: %d bytes", ErrSealed, len(secret))
	}
	return secretSeed{bytes: secret}, nil
}

// accountKey is the extended private key of a BIP-48 or BIP-44 account, whose children sign. It lives in
// the memory of the signer only, and is never printed.
type accountKey struct {
	hidden
	identity string // as in a descriptor, or in an account's deposits
	extended *hdkeychain.ExtendedKey
}

// account derives the key at a path from the master key.
func (s secretSeed) account(network utxo.Network, path []uint32) (*accountKey, error) {
	key, err := hdkeychain.NewMaster(s.bytes, network.Params())
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err) // one seed in 2^127 has none
	}
	master, err := fingerprintOf(key)
	if err != nil {
		return nil, err
	}
	for _, step := range path {
		child, err := key.Derive(step)
		key.Zero()
		if err != nil {
			return nil, fmt.Errorf("derive: %w", err)
		}
		key = child
	}
	public, err := key.Neuter()
	if err != nil {
		return nil, fmt.Errorf("derive: %w", err)
	}
	return &accountKey{identity: utxo.KeyExpression(master, path, public.String()), extended: key}, nil
}

// master returns the fingerprint that descriptors name the seed by.
func (s secretSeed) master(network utxo.Network) (utxo.Fingerprint, error) {
	key, err := hdkeychain.NewMaster(s.bytes, network.Params())
	if err != nil {
		return utxo.Fingerprint{}, fmt.Errorf("master key: %w", err)
	}
	defer key.Zero()
	return fingerprintOf(key)
}

func fingerprintOf(key *hdkeychain.ExtendedKey) (utxo.Fingerprint, error) {
	public, err := key.ECPubKey()
	if err != nil {
		return utxo.Fingerprint{}, fmt.Errorf("master key: %w", err)
	}
	return utxo.FingerprintOf(public.SerializeCompressed()), nil
}

// raw signs with the child at these steps: r ‖ s, the nonce after RFC 6979.
func (k *accountKey) raw(_ context.Context, steps []uint32, digest coffer.Hash) ([]byte, error) {
	key, err := k.child(steps)
	if err != nil {
		return nil, err
	}
	defer key.Zero()
	private, err := key.ECPrivKey()
	if err != nil {
		return nil, fmt.Errorf("derive: %w", err)
	}
	defer private.Zero()
	signature := ecdsa.Sign(private, digest[:])
	r, s := signature.R(), signature.S()
	first, second := r.Bytes(), s.Bytes()
	return append(first[:], second[:]...), nil
}

// child derives the key at these steps, which the caller zeroes.
func (k *accountKey) child(steps []uint32) (*hdkeychain.ExtendedKey, error) {
	key := k.extended
	for n, step := range steps {
		child, err := key.Derive(step)
		if n > 0 {
			key.Zero() // the account's own stays
		}
		if err != nil {
			return nil, fmt.Errorf("derive: %w", err)
		}
		key = child
	}
	if key == k.extended {
		return nil, errors.New("an account key does not sign, its children do")
	}
	return key, nil
}

// SeedConfig says which seed of which signer, and which account of it.
type SeedConfig struct {
	Signer  string // its name, as in its configuration
	Label   string // of the token's key that seals
	File    string // where the sealed seed is
	TRON    bool   // for deposit addresses of TRON: Network and Nested say nothing
	Network utxo.Network
	Nested  bool   // for sh(wsh(…)) descriptors, not for wsh(…)
	Account uint32 // BIP-48, of TRON BIP-44

	// Shares are files that SplitSeed wrote: the seed is put together from them instead of drawn,
	// and File may not be there.
	Shares []string
}

// CreateSeed makes a BIP-32 seed that the token of cfg seals into a file, unless the file is
// there, and returns its extended public key as a descriptor wants it: with its origin and the
// end /<0;1>/*; of TRON, as tron.ParseDepositKey reads it. The sealing key is made where the token has none. Only Token and Dir of cfg
// are read.
func CreateSeed(ctx context.Context, cfg Config, s SeedConfig) (expression string, err error) {
	switch {
	case s.Signer == "" || len(s.Signer) > maxTextBytes:
		return "", fmt.Errorf("signer name: want 1 to %d bytes", maxTextBytes)
	case s.Label == "" || len(s.Label) > maxTextBytes:
		return "", fmt.Errorf("key label: want 1 to %d bytes", maxTextBytes)
	case s.Account >= hdkeychain.HardenedKeyStart:
		return "", fmt.Errorf("account: want less than %d", hdkeychain.HardenedKeyStart)
	}
	network, path, branches := depositNetwork, depositKeyPath(s.Account), ""
	if !s.TRON {
		if network, err = utxo.ParseNetwork(string(s.Network)); err != nil {
			return "", err
		}
		path, branches = utxo.AccountPath(network, s.Nested, s.Account), "/<0;1>/*"
	}
	if err := cfg.makeDir(); err != nil {
		return "", err
	}
	token, err := openToken(cfg.Token, cfg.Dir)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, token.Close()) }()

	if _, err := os.Stat(s.File); err == nil && len(s.Shares) > 0 {
		return "", fmt.Errorf("sealed seed %s: is there already, and shares are not put over it", s.File)
	} else if errors.Is(err, fs.ErrNotExist) {
		if err := token.createSeed(ctx, s, rand.Reader); err != nil {
			return "", fmt.Errorf("sealed seed %s: %w", s.File, err)
		}
	}
	sealed, err := readSeedFile(s.File, s.Signer)
	if err != nil {
		return "", err
	}
	if sealed.Key != s.Label {
		return "", fmt.Errorf("sealed seed %s: key %q sealed it, not %q", s.File, sealed.Key, s.Label)
	}
	seed, err := token.openSeed(ctx, sealed)
	if err != nil {
		return "", fmt.Errorf("sealed seed %s: %w", s.File, err)
	}
	defer seed.forget()
	account, err := seed.account(network, path)
	if err != nil {
		return "", err
	}
	defer account.extended.Zero()
	return account.identity + branches, nil
}

// seed draws a seed, or puts it together.
func (s SeedConfig) seed(random io.Reader) (secretSeed, error) {
	if len(s.Shares) > 0 {
		return joinShares(s.Shares)
	}
	seed := secretSeed{bytes: make([]byte, seedBytes)}
	if _, err := io.ReadFull(random, seed.bytes); err != nil {
		return secretSeed{}, fmt.Errorf("draw a seed: %w", err)
	}
	return seed, nil
}

func (t *Token) createSeed(ctx context.Context, s SeedConfig, random io.Reader) error {
	seed, err := s.seed(random)
	if err != nil {
		return err
	}
	defer seed.forget()
	key, err := t.sealKey(ctx, s.Label)
	if errors.Is(err, ErrKey) {
		if err := t.generateSealKey(s.Label); err != nil {
			return err
		}
		key, err = t.sealKey(ctx, s.Label)
	}
	if err != nil {
		return err
	}
	sealed := sealedSeed{Version: seedVersion, Signer: s.Signer, Purpose: seedPurpose, Key: s.Label}
	if sealed.Nonce, sealed.Sealed, err = key.seal(ctx, random, seed.bytes, sealed.about()); err != nil {
		return err
	}
	return writeNew(s.File, sealed)
}
