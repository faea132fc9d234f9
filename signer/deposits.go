package signer

import (
	"context"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/utxo"
)

// depositNetwork gives extended keys their version bytes, which say nothing on TRON: xpub.
const depositNetwork = utxo.Mainnet

// depositKeyPath is m/44'/195'/account' (BIP-44, SLIP-44): below it are the keys of deposit
// addresses.
func depositKeyPath(account uint32) []uint32 {
	const hard = hdkeychain.HardenedKeyStart
	return []uint32{hard + 44, hard + 195, hard + account}
}

// errNoDepositKey is what a signer says of a sweep whose key another signer has.
var errNoDepositKey = errors.New("this signer has no key of the wallet's deposit addresses")

// openDepositKeys derives, for each account whose deposit addresses are made of this signer's
// seed, the key that its configuration pins. What is left in memory are those keys, not the seed.
func openDepositKeys(ctx context.Context, signer, path string, accounts []tron.Account, token *Token) (map[coffer.Address]*accountKey, error) {
	sealed, err := readSeedFile(path, signer)
	if err != nil {
		return nil, err
	}
	seed, err := token.openSeed(ctx, sealed)
	if err != nil {
		return nil, fmt.Errorf("sealed seed %s: %w", path, err)
	}
	defer seed.forget()
	own, err := seed.master(depositNetwork)
	if err != nil {
		return nil, err
	}
	keys := map[coffer.Address]*accountKey{}
	for n, account := range accounts {
		if account.Deposits.String() == "" {
			continue
		}
		master, steps := account.Deposits.Origin()
		if utxo.Fingerprint(master) != own {
			continue // another signer's
		}
		key, err := seed.depositKey(steps)
		if err != nil {
			return nil, fmt.Errorf("accounts[%d]: deposits: %w", n, err)
		}
		if key.identity != account.Deposits.String() {
			return nil, fmt.Errorf("accounts[%d]: deposits: the key is not what the seed has there", n)
		}
		keys[account.Name()] = key
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("sealed seed %s: no account has deposit addresses of it", path)
	}
	return keys, nil
}

// depositKey derives the key at m/44'/195'/account', and at no other path: what is elsewhere
// below the seed is not for TRON.
func (s secretSeed) depositKey(steps []uint32) (*accountKey, error) {
	const hard = hdkeychain.HardenedKeyStart
	if len(steps) != 3 || steps[0] != hard+44 || steps[1] != hard+195 || steps[2] < hard {
		return nil, errors.New("want a key at m/44h/195h/ and the number of an account, hardened")
	}
	return s.account(depositNetwork, steps)
}

// recoverable signs with the child at these steps, when that is the key of an address:
// r ‖ s ‖ v, v 27 or 28, the nonce after RFC 6979.
func (k *accountKey) recoverable(steps []uint32, of tron.Address, digest coffer.Hash) ([]byte, error) {
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
	if at := tron.Address(crypto.PubkeyToAddress(*private.PubKey().ToECDSA())); at != of {
		return nil, fmt.Errorf("the key there is that of %s, not of %s", at, of)
	}
	compact := ecdsa.SignCompact(private, digest[:], false) // v ‖ r ‖ s
	return append(compact[1:], compact[0]), nil
}

// signSweep signs what empties a deposit address, with the key of that address.
func (o accountOwner) signSweep(e coffer.Effects) ([]coffer.Signature, error) {
	key := o.deposits[e.Wallet]
	if key == nil || len(e.Sweeps) != 1 || len(e.Digests) != 1 {
		return nil, errNoDepositKey
	}
	index, err := tron.IndexOf(e.Sweeps[0].Salt)
	if err != nil {
		return nil, err
	}
	from, err := tron.CanonicalAddress(e.Sweeps[0].Forwarder)
	if err != nil {
		return nil, err
	}
	signature, err := key.recoverable([]uint32{tron.DepositBranch, index}, from, e.Digests[0])
	if err != nil {
		return nil, err
	}
	return []coffer.Signature{{Key: from.String(), Digest: e.Digests[0], Bytes: signature}}, nil
}

// holds refuses, before anything is written down, what this signer has no key for.
func (o accountOwner) holds(e coffer.Effects) error {
	if len(e.Sweeps) > 0 && o.deposits[e.Wallet] == nil {
		return coffer.Invalid("intent.sweeps", "%s", errNoDepositKey)
	}
	return nil
}

// pinned is what this signer knows of the deposit addresses of its accounts.
func (o accountOwner) pinned() []Deposits {
	all := make([]Deposits, len(o.accounts))
	for n, account := range o.accounts {
		all[n] = Deposits{account.Chain, account.Name(), account.Deposits.String(), o.deposits[account.Name()] != nil}
	}
	return all
}
