package utxo

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"github.com/cofferhq/coffer"
)

const (
	maxDescriptorLength = 8 << 10
	maxKeys             = 20 // of a CHECKMULTISIG
	maxNestedKeys       = 15 // in P2SH
)

// Branches of a descriptor's extended keys (BIP-48).
const (
	BranchReceive = 0
	BranchChange  = 1
)

// Descriptor is a multisig wallet: wsh(sortedmulti(m,KEY,…)) or sh(wsh(sortedmulti(m,KEY,…)))
// (BIP-380, 382, 383, 389). It has one address where all its keys are fixed, at the path "";
// else an address at each path "branch/index". It is not changed once parsed.
type Descriptor struct {
	network   Network
	nested    bool // P2SH-P2WSH
	threshold int
	keys      []Key
	text      string // canonical, with its checksum
	home      coffer.Address
}

// Script is what a descriptor is at one path.
type Script struct {
	Path    string
	Address coffer.Address
	Output  []byte  // the output script
	Redeem  []byte  // of P2SH-P2WSH; else nil
	Witness []byte  // the multisig script
	Keys    []Child // in the order of the descriptor
}

// ParseDescriptor reads a descriptor with its checksum. Keys are compressed public ones: fixed
// in hex with or without an origin, or [fingerprint/48h/coinh/accounth/scripth]xpub/<0;1>/*.
func ParseDescriptor(network Network, text string) (Descriptor, error) {
	d, err := parseDescriptor(network, text)
	if err != nil {
		return Descriptor{}, fmt.Errorf("descriptor: %w", err)
	}
	return d, nil
}

func parseDescriptor(network Network, text string) (Descriptor, error) {
	if network.Params() == nil {
		return Descriptor{}, fmt.Errorf("network %.40q: no such network", network)
	}
	if len(text) > maxDescriptorLength {
		return Descriptor{}, fmt.Errorf("%d characters; want at most %d", len(text), maxDescriptorLength)
	}
	body, err := cutChecksum(text)
	if err != nil {
		return Descriptor{}, err
	}
	d := Descriptor{network: network}
	inner, ok := unwrap(body, "sh(wsh(sortedmulti(", ")))")
	if d.nested = ok; !ok {
		if inner, ok = unwrap(body, "wsh(sortedmulti(", "))"); !ok {
			return Descriptor{}, errors.New("want wsh(sortedmulti(m,KEY,…)) or sh(wsh(sortedmulti(m,KEY,…)))")
		}
	}
	parts := strings.Split(inner, ",")
	most := maxKeys
	if d.nested {
		most = maxNestedKeys
	}
	if len(parts)-1 < 1 || len(parts)-1 > most {
		return Descriptor{}, fmt.Errorf("%d keys; want 1 to %d", len(parts)-1, most)
	}
	threshold, err := parseIndex(parts[0])
	if err != nil || threshold < 1 || int(threshold) > len(parts)-1 {
		return Descriptor{}, fmt.Errorf("threshold %.20q; want 1 to the number of keys, %d", parts[0], len(parts)-1)
	}
	d.threshold = int(threshold)
	for n, part := range parts[1:] {
		key, err := parseKey(network, d.nested, part)
		if err != nil {
			return Descriptor{}, fmt.Errorf("key %d: %w", n+1, err)
		}
		for before, other := range d.keys {
			if bytes.Equal(key.publicKey(), other.publicKey()) {
				return Descriptor{}, fmt.Errorf("key %d is key %d again", n+1, before+1)
			}
		}
		d.keys = append(d.keys, key)
	}
	if d.text, err = d.write(ranged); err != nil {
		return Descriptor{}, err
	}
	home, err := d.At(d.Home())
	d.home = home.Address
	return d, err
}

func unwrap(s, open, end string) (string, bool) {
	s, ok := strings.CutPrefix(s, open)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(s, end)
}

// write writes the descriptor with a suffix behind each extended key.
func (d Descriptor) write(suffix string) (string, error) {
	parts := []string{strconv.Itoa(d.threshold)}
	for _, key := range d.keys {
		if key.Ranged() {
			parts = append(parts, key.text+suffix)
		} else {
			parts = append(parts, key.text)
		}
	}
	body := "wsh(sortedmulti(" + strings.Join(parts, ",") + "))"
	if d.nested {
		body = "sh(" + body + ")"
	}
	return AddChecksum(body)
}

// String returns the canonical text with its checksum: small hex digits, h for hardened steps.
func (d Descriptor) String() string { return d.text }

// Network returns the network of the wallet.
func (d Descriptor) Network() Network { return d.network }

// Nested reports whether the addresses are P2SH-P2WSH and not P2WSH.
func (d Descriptor) Nested() bool { return d.nested }

// Threshold is how many keys have to sign.
func (d Descriptor) Threshold() int { return d.threshold }

// Keys returns the keys in their order.
func (d Descriptor) Keys() []Key { return slices.Clone(d.keys) }

// Ranged reports whether the descriptor has many addresses.
func (d Descriptor) Ranged() bool { return slices.ContainsFunc(d.keys, Key.Ranged) }

// Home is the path of the address that names the wallet: "0/0", or "" where it has only one.
func (d Descriptor) Home() string {
	if !d.Ranged() {
		return ""
	}
	return PathOf(BranchReceive, 0)
}

// Address names the wallet: it is the address at Home.
func (d Descriptor) Address() coffer.Address { return d.home }

// Export is a descriptor as other software reads it.
type Export struct {
	Multipath string // BIP-389: Sparrow, Nunchuk, Bitcoin Core from 29 on
	Receive   string // one descriptor each for Bitcoin Core's importdescriptors
	Change    string // internal; empty where the wallet has one address only
}

// Export returns the descriptor in the forms that other software imports to watch it.
func (d Descriptor) Export() (Export, error) {
	if !d.Ranged() {
		return Export{Multipath: d.text, Receive: d.text}, nil
	}
	receive, err := d.write("/0/*")
	if err != nil {
		return Export{}, err
	}
	change, err := d.write("/1/*")
	return Export{Multipath: d.text, Receive: receive, Change: change}, err
}

// PathOf writes a path "branch/index".
func PathOf(branch, index uint32) string {
	return strconv.FormatUint(uint64(branch), 10) + "/" + strconv.FormatUint(uint64(index), 10)
}

// ParsePath reads what PathOf writes; the branch is 0 or 1.
func ParsePath(path string) (branch, index uint32, err error) {
	before, after, ok := strings.Cut(path, "/")
	if ok && (before == "0" || before == "1") {
		if index, err = parseIndex(after); err == nil {
			return uint32(before[0] - '0'), index, nil
		}
	}
	return 0, 0, fmt.Errorf("path %.40q: want branch and index, 0/17", path)
}

// At returns the script at a path: "branch/index", or "" of a descriptor with one address.
func (d Descriptor) At(path string) (Script, error) {
	var branch, index uint32
	if path != "" || d.Ranged() {
		var err error
		if branch, index, err = ParsePath(path); err != nil {
			return Script{}, err
		}
		if !d.Ranged() {
			return Script{}, fmt.Errorf("path %.40q: the wallet has one address only", path)
		}
	}
	s := Script{Path: path}
	for _, key := range d.keys {
		child, err := key.at(branch, index)
		if err != nil {
			return Script{}, err
		}
		s.Keys = append(s.Keys, child)
	}
	var err error
	if s.Witness, err = multisigScript(d.threshold, s.Keys); err != nil {
		return Script{}, err
	}
	program := sha256.Sum256(s.Witness)
	s.Output = witnessScript(0, program[:])
	if d.nested {
		s.Redeem = s.Output
		s.Output = p2shScript(address.Hash160(s.Redeem))
	}
	s.Address, _ = AddressOf(d.network, s.Output)
	return s, nil
}

// multisigScript is m KEY… n CHECKMULTISIG with the keys in the order of BIP-67.
func multisigScript(threshold int, keys []Child) ([]byte, error) {
	b := txscript.NewScriptBuilder().AddInt64(int64(threshold))
	for _, public := range sortedKeys(keys) {
		b.AddData(public)
	}
	return b.AddInt64(int64(len(keys))).AddOp(txscript.OP_CHECKMULTISIG).Script()
}

func sortedKeys(keys []Child) [][]byte {
	var sorted [][]byte
	for _, key := range keys {
		sorted = append(sorted, key.Public)
	}
	slices.SortFunc(sorted, bytes.Compare)
	return sorted
}

// AddressProof returns what the address at a path is made of.
func (d Descriptor) AddressProof(path string) (coffer.AddressProof, error) {
	script, err := d.At(path)
	if err != nil {
		return coffer.AddressProof{}, err
	}
	return coffer.AddressProof{
		Kind: coffer.ProofDescriptor, Address: script.Address, Vault: d.Address(), Descriptor: d.text, Path: path,
	}, nil
}

// VerifyDepositAddress checks, without asking anybody, that an address is a deposit address of
// a wallet whose descriptor the caller knows: at a path "0/n", n from 1. It is the check that
// clients make of an answer of the API, in Go: nothing in the proof is believed.
func VerifyDepositAddress(address coffer.Address, p coffer.AddressProof, wallet Descriptor) error {
	branch, index, err := ParsePath(p.Path)
	switch {
	case p.Kind != coffer.ProofDescriptor:
		return fmt.Errorf("a proof of kind %.40q, not %s", p.Kind, coffer.ProofDescriptor)
	case p.Descriptor != wallet.text || p.Vault != wallet.Address():
		return errors.New("a proof for another descriptor than the wallet's")
	case err != nil:
		return err
	case branch != BranchReceive || index == 0:
		return fmt.Errorf("path %.40q is not one of a deposit address", p.Path)
	}
	script, err := wallet.At(p.Path)
	if err != nil {
		return err
	}
	if script.Address != address || p.Address != address {
		return fmt.Errorf("%.100q is not the address at %s, %s", address, p.Path, script.Address)
	}
	return nil
}
