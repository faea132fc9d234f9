package signer

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/hashicorp/vault/shamir"

	"github.com/cofferhq/coffer/utxo"
)

const (
	shareVersion = 1
	sharePurpose = "bip32-share"

	maxShares     = 16
	maxShareFile  = 4 << 10
	shareSetBytes = 16
	shareBytes    = seedBytes + 1 // and the point at which it was taken
)

// Errors of shares that do not make a seed.
var (
	ErrShare  = errors.New("it is not a share as it was written")
	ErrShares = errors.New("these shares do not make a seed")
)

// seedShare is one of the files that a seed can be put together from: so many of them make it,
// fewer say nothing of it (Shamir's secret sharing over GF(2^8)). It is not encrypted: who has
// enough of them has the seed.
type seedShare struct {
	Version   uint64        `json:"version"`
	Purpose   string        `json:"purpose"`   // "bip32-share"
	Set       hexutil.Bytes `json:"set"`       // drawn for each splitting
	Master    hexutil.Bytes `json:"master"`    // fingerprint of the seed, as its keys begin with
	Threshold int           `json:"threshold"` // shares that make the seed
	Count     int           `json:"count"`     // shares that there are
	Number    int           `json:"number"`    // of this one, from 1
	Share     hexutil.Bytes `json:"share"`
	Seed      hexutil.Bytes `json:"seed"`   // SHA-256 of set and seed
	Digest    hexutil.Bytes `json:"digest"` // SHA-256 of all the above
}

// digest covers every field but itself.
func (s seedShare) digest() []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "coffer/seed-share %d %q %x %x %d %d %d %x %x",
		s.Version, s.Purpose, []byte(s.Set), []byte(s.Master), s.Threshold, s.Count, s.Number, []byte(s.Share), []byte(s.Seed)))
	return sum[:]
}

// commitment tells a seed that was put together from another one. A seed has 256 bits of chance,
// so its hash says nothing of it.
func commitment(set, seed []byte) []byte {
	h := sha256.New()
	h.Write([]byte("coffer/seed-of-shares"))
	h.Write(set)
	h.Write(seed)
	return h.Sum(nil)
}

func (s seedShare) check() error {
	switch {
	case s.Version != shareVersion:
		return fmt.Errorf("version: is %d, want %d", s.Version, shareVersion)
	case s.Purpose != sharePurpose:
		return fmt.Errorf("purpose: is %.80q, want %q", s.Purpose, sharePurpose)
	case len(s.Set) != shareSetBytes || len(s.Master) != len(utxo.Fingerprint{}) || len(s.Share) != shareBytes || len(s.Seed) != sha256.Size:
		return fmt.Errorf("set, master, share, seed: want %d, %d, %d and %d bytes", shareSetBytes, len(utxo.Fingerprint{}), shareBytes, sha256.Size)
	case subtle.ConstantTimeCompare(s.digest(), s.Digest) != 1:
		return fmt.Errorf("digest: %w", ErrShare)
	}
	return checkShares(s.Threshold, s.Count, s.Number)
}

func checkShares(threshold, count, number int) error {
	switch {
	case count < 2 || count > maxShares:
		return fmt.Errorf("count: want 2 to %d", maxShares)
	case threshold < 2 || threshold > count:
		return fmt.Errorf("threshold: want 2 to %d, the count", count)
	case number < 1 || number > count:
		return fmt.Errorf("number: want 1 to %d", count)
	}
	return nil
}

func readShare(path string) (seedShare, error) {
	file, err := os.Open(path) //nolint:gosec // the operator names the path
	if err != nil {
		return seedShare{}, fmt.Errorf("share: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxShareFile+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return seedShare{}, fmt.Errorf("share %s: %w", path, err)
	}
	var s seedShare
	if len(text) > maxShareFile {
		err = fmt.Errorf("more than %d bytes", maxShareFile)
	} else if err = strictJSON(text, &s); err == nil {
		err = s.check()
	}
	if err != nil {
		return seedShare{}, fmt.Errorf("share %s: %w", path, err)
	}
	return s, nil
}

// SplitConfig says how a seed is split.
type SplitConfig struct {
	Signer    string // whose sealed seed it is
	File      string // the sealed seed
	Threshold int    // shares that make the seed, 2 and more
	Count     int    // shares to make, at most 16
	Dir       string // where their files go
}

// SplitSeed opens a sealed seed with the token of cfg and writes shares of it, share-1.json and on,
// none of which may be there. It returns their paths. Shares of two splittings do not fit together.
func SplitSeed(ctx context.Context, cfg Config, s SplitConfig) (paths []string, err error) {
	if err := checkShares(s.Threshold, s.Count, 1); err != nil {
		return nil, err
	}
	sealed, err := readSeedFile(s.File, s.Signer)
	if err != nil {
		return nil, err
	}
	for n := range s.Count {
		path := filepath.Join(s.Dir, "share-"+strconv.Itoa(n+1)+".json")
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("share %s: is there already, or cannot be (%w)", path, errors.Join(err, os.ErrExist))
		}
		paths = append(paths, path)
	}
	if err := cfg.makeDir(); err != nil {
		return nil, err
	}
	token, err := openToken(cfg.Token, cfg.Dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, token.Close()) }()
	seed, err := token.openSeed(ctx, sealed)
	if err != nil {
		return nil, fmt.Errorf("sealed seed %s: %w", s.File, err)
	}
	defer seed.forget()
	shares, err := seed.split(s.Threshold, s.Count, rand.Reader)
	if err != nil {
		return nil, err
	}
	for n, share := range shares {
		err := writeNew(paths[n], share)
		clear(share.Share)
		if err != nil {
			return nil, fmt.Errorf("share %s: %w", paths[n], err)
		}
	}
	return paths, nil
}

func (s secretSeed) split(threshold, count int, random io.Reader) ([]seedShare, error) {
	master, err := s.master(depositNetwork)
	if err != nil {
		return nil, err
	}
	set := make([]byte, shareSetBytes)
	if _, err := io.ReadFull(random, set); err != nil {
		return nil, fmt.Errorf("draw a name for the shares: %w", err)
	}
	parts, err := shamir.Split(s.bytes, count, threshold)
	if err != nil {
		return nil, fmt.Errorf("split the seed: %w", err)
	}
	shares := make([]seedShare, count)
	for n, part := range parts {
		shares[n] = seedShare{
			Version: shareVersion, Purpose: sharePurpose, Set: set, Master: master[:], Threshold: threshold, Count: count, Number: n + 1,
			Share: part, Seed: commitment(set, s.bytes),
		}
		shares[n].Digest = shares[n].digest()
	}
	return shares, nil
}

// joinShares puts a seed together. Whoever called it has it forgotten.
func joinShares(paths []string) (secretSeed, error) {
	if len(paths) > maxShares {
		return secretSeed{}, fmt.Errorf("%w: %d, at most %d", ErrShares, len(paths), maxShares)
	}
	var first seedShare
	var parts [][]byte
	defer func() {
		for _, part := range parts {
			clear(part)
		}
	}()
	seen := map[int]string{}
	for n, path := range paths {
		share, err := readShare(path)
		if err != nil {
			return secretSeed{}, err
		}
		parts = append(parts, share.Share)
		if n == 0 {
			first = share
		}
		switch before, twice := seen[share.Number]; {
		case string(share.Set) != string(first.Set) || share.Threshold != first.Threshold || string(share.Seed) != string(first.Seed):
			return secretSeed{}, fmt.Errorf("%w: %s is of another splitting than %s", ErrShares, path, paths[0])
		case twice:
			return secretSeed{}, fmt.Errorf("%w: %s is share %d, and so is %s", ErrShares, path, share.Number, before)
		}
		seen[share.Number] = path
	}
	if len(parts) < max(first.Threshold, 1) {
		return secretSeed{}, fmt.Errorf("%w: %d of %d that are needed", ErrShares, len(parts), first.Threshold)
	}
	bytes, err := shamir.Combine(parts)
	if err != nil {
		return secretSeed{}, fmt.Errorf("%w: %w", ErrShares, err)
	}
	seed := secretSeed{bytes: bytes}
	master, err := seed.master(depositNetwork)
	if err != nil || len(bytes) != seedBytes || string(master[:]) != string(first.Master) ||
		subtle.ConstantTimeCompare(commitment(first.Set, bytes), first.Seed) != 1 {
		seed.forget()
		return secretSeed{}, fmt.Errorf("%w: what they make is not what was split", ErrShares)
	}
	return seed, nil
}

// writeNew writes a file for its owner alone, whole or not at all, and never over another one.
func writeNew(path string, content any) (err error) {
	text, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		return err
	}
	draft, err := os.CreateTemp(filepath.Dir(path), ".seed-*")
	if err != nil {
		return err
	}
	_, err = draft.Write(append(text, '\n'))
	err = errors.Join(err, draft.Sync(), draft.Close())
	if err == nil {
		err = os.Link(draft.Name(), path) // fails where there is one
	}
	return errors.Join(err, os.Remove(draft.Name()), syncDir(filepath.Dir(path)))
}
