package signer

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/utxo"
)

// psbtOwner has one key of each Bitcoin wallet: one that stays in the token, or an account of
// a sealed seed.
type psbtOwner struct {
	wallets []utxo.Descriptor
	keys    map[coffer.Address]walletKey
}

// walletKey is what a descriptor calls a key of ours, and what signs for it.
type walletKey struct {
	identity string
	signer   coinSigner
}

// coinSigner signs with a key, or with its child at these steps: r ‖ s.
type coinSigner interface {
	raw(ctx context.Context, steps []uint32, digest coffer.Hash) ([]byte, error)
}

// fixedKey is a key that has no children.
type fixedKey struct{ *Key }

func (k fixedKey) raw(ctx context.Context, steps []uint32, digest coffer.Hash) ([]byte, error) {
	if len(steps) > 0 {
		return nil, fmt.Errorf("key %q has no children", k.label)
	}
	return k.Key.raw(ctx, digest)
}

// openPSBTOwner opens the keys that the configuration names, and finds them in the descriptors.
func openPSBTOwner(ctx context.Context, signer string, c ChainConfig, token *Token) (_ psbtOwner, err error) {
	owner := psbtOwner{keys: map[coffer.Address]walletKey{}}
	if owner.wallets, err = c.descriptors(); err != nil {
		return psbtOwner{}, err
	}
	if c.Owner != "" {
		if err := owner.addFixed(ctx, c.Owner, token); err != nil {
			return psbtOwner{}, err
		}
	}
	if c.Seed != "" {
		if err := owner.addSeed(ctx, signer, c.Seed, token); err != nil {
			return psbtOwner{}, err
		}
	}
	for n, wallet := range owner.wallets {
		if owner.keys[wallet.Address()].signer == nil {
			return psbtOwner{}, fmt.Errorf("descriptors[%d]: none of the wallet's keys is this signer's", n)
		}
	}
	return owner, nil
}

func (o psbtOwner) addFixed(ctx context.Context, label string, token *Token) error {
	key, err := token.key(ctx, label)
	if err != nil {
		return err
	}
	public := hex.EncodeToString(crypto.CompressPubkey(key.public))
	used := false
	for n, wallet := range o.wallets {
		for _, k := range wallet.Keys() {
			if k.Ranged() || !strings.HasSuffix(k.String(), public) {
				continue
			}
			if err := o.add(wallet, k, fixedKey{key}); err != nil {
				return fmt.Errorf("descriptors[%d]: %w", n, err)
			}
			used = true
		}
	}
	if !used {
		return fmt.Errorf("key %q, %s, is in no descriptor", label, public)
	}
	return nil
}

// addSeed derives the accounts of the seed that descriptors name. What is left in memory are
// those, not the seed.
func (o psbtOwner) addSeed(ctx context.Context, signer, path string, token *Token) error {
	sealed, err := readSeedFile(path, signer)
	if err != nil {
		return err
	}
	seed, err := token.openSeed(ctx, sealed)
	if err != nil {
		return fmt.Errorf("sealed seed %s: %w", path, err)
	}
	defer seed.forget()
	used := false
	for n, wallet := range o.wallets {
		fingerprint, err := seed.master(wallet.Network())
		if err != nil {
			return err
		}
		for _, k := range wallet.Keys() {
			master, steps := k.Master()
			if !k.Ranged() || master != fingerprint {
				continue
			}
			account, err := seed.account(wallet.Network(), steps)
			if err != nil {
				return err
			}
			if account.identity != k.String() {
				return fmt.Errorf("descriptors[%d]: key %s is not what the seed has there", n, k)
			}
			if err := o.add(wallet, k, account); err != nil {
				return fmt.Errorf("descriptors[%d]: %w", n, err)
			}
			used = true
		}
	}
	if !used {
		return fmt.Errorf("sealed seed %s: no descriptor has a key of it", path)
	}
	return nil
}

// add refuses a second key in one wallet: a signer is one of those who have to agree.
func (o psbtOwner) add(wallet utxo.Descriptor, k utxo.Key, by coinSigner) error {
	if o.keys[wallet.Address()].signer != nil {
		return errors.New("two of the wallet's keys are this signer's, which would count for two")
	}
	o.keys[wallet.Address()] = walletKey{k.String(), by}
	return nil
}

func (o psbtOwner) names() []string {
	var names []string
	for _, wallet := range o.wallets {
		names = append(names, o.keys[wallet.Address()].identity)
	}
	return names
}

// sign makes a signature for each coin: DER with a low s, and SIGHASH_ALL.
func (o psbtOwner) sign(ctx context.Context, e coffer.Effects) ([]coffer.Signature, error) {
	for _, wallet := range o.wallets {
		if wallet.Address() != e.Wallet {
			continue
		}
		key := o.keys[e.Wallet]
		due, err := wallet.SignaturesDue(e, key.identity)
		if err != nil {
			return nil, err
		}
		signatures := make([]coffer.Signature, 0, len(due))
		for _, d := range due {
			raw, err := key.signer.raw(ctx, d.Steps, d.Digest)
			if err != nil {
				return nil, err
			}
			encoded, err := utxo.EncodeSignature(d.Public, d.Digest, raw)
			if err != nil {
				return nil, err
			}
			signatures = append(signatures, coffer.Signature{Key: key.identity, Digest: d.Digest, Bytes: encoded})
		}
		return signatures, nil
	}
	return nil, fmt.Errorf("no key of wallet %.100q", e.Wallet)
}
