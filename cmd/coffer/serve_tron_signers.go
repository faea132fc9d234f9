package main

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/signer"
	"github.com/cofferhq/coffer/tron"
)

// What the server and its signers have to say alike of an account of TRON: its keys, and what its
// deposit addresses are made of.

// checkAccount demands that signing.threshold keys of the signers that answer reach the
// permission's threshold, whichever they are, and that no fewer keys do; and that every key is a
// signer's or one of tron.cold_keys, which may not reach the threshold without a signer.
func (s *server) checkAccount(t *tronParts) error {
	var all, held []uint64 // weights
	var nobody []tron.Address
	for _, key := range t.account.Keys {
		all = append(all, key.Weight)
		name := key.Address.String()
		known := slices.ContainsFunc(s.signers, func(one *signerConn) bool { return holds(one.info, t.chain.id, name) })
		cold := slices.Contains(t.chain.config.TRON.ColdKeys, name)
		switch {
		case known && cold:
			return fmt.Errorf("tron.cold_keys: a signer holds %s", name)
		case known:
			held = append(held, key.Weight)
		case !cold:
			nobody = append(nobody, key.Address)
		}
	}
	for n, name := range t.chain.config.TRON.ColdKeys {
		if !t.hasKey(name) {
			return fmt.Errorf("tron.cold_keys[%d]: %s is not a key of permission %d", n, name, t.account.Permission)
		}
	}
	slices.Sort(all)
	slices.Sort(held)
	want := s.config.Signing.Threshold
	if len(held) < want {
		return fmt.Errorf("signing.threshold is %d; the signers that answer hold %d keys of permission %d", want, len(held), t.account.Permission)
	}
	if away := s.away(); len(nobody) > away {
		return fmt.Errorf("permission %d has %d keys that no signer which answers holds, and %d signers are away: name those that are no signer's in tron.cold_keys; without an owner so far: %s",
			t.account.Permission, len(nobody), away, nobody)
	}
	if least := sum(held[:want]); least < t.account.Threshold {
		return fmt.Errorf("permission %d wants signatures of weight %d; %d of the signers' keys, which signing.threshold asks for, may weigh %d", t.account.Permission, t.account.Threshold, want, least)
	}
	if most := sum(all[len(all)-(want-1):]); most >= t.account.Threshold {
		return fmt.Errorf("permission %d wants signatures of weight %d, which %d keys have: signing.threshold is %d", t.account.Permission, t.account.Threshold, want-1, want)
	}
	if t.leastSigners() == 0 {
		return fmt.Errorf("tron.cold_keys: they reach weight %d of permission %d without a signer, and no log would know what they pay", t.account.Threshold, t.account.Permission)
	}
	return nil
}

// away is how many signers did not answer yet.
func (s *server) away() int {
	answered := 0
	for _, one := range s.signers {
		if one.info.Name != "" {
			answered++
		}
	}
	return len(s.config.Signing.Signers) - answered
}

func (t *tronParts) hasKey(name string) bool {
	return slices.ContainsFunc(t.account.Keys, func(k tron.Key) bool { return k.Address.String() == name })
}

// leastSigners is how many signers at least have signed whatever the wallet pays: with the
// heaviest of their keys beside all cold ones. A transaction of a deposit address pays nobody but
// the wallet, and is not counted.
func (t *tronParts) leastSigners() int {
	var weight uint64
	var others []uint64
	for _, key := range t.account.Keys {
		if slices.Contains(t.chain.config.TRON.ColdKeys, key.Address.String()) {
			weight += key.Weight
		} else {
			others = append(others, key.Weight)
		}
	}
	slices.SortFunc(others, func(a, b uint64) int { return cmp.Compare(b, a) })
	least := 0
	for least < len(others) && weight < t.account.Threshold {
		weight += others[least]
		least++
	}
	return least
}

func (s *server) tronChains() []*tronParts {
	var found []*tronParts
	for _, chain := range s.chains {
		if t, ok := chain.family.(*tronParts); ok {
			found = append(found, t)
		}
	}
	return found
}

// fits refuses a signer with a key that the permission does not have or that is said to be cold,
// and one that takes other addresses for the wallet's deposit addresses: it would refuse what is
// lent to them, or sweep what is not there.
func (t *tronParts) fits(info signer.Info) error {
	for _, key := range info.Keys {
		switch {
		case key.Role != signer.RoleOwner || key.Chain != t.chain.id:
		case !t.hasKey(key.Key):
			return fmt.Errorf("its key %s is not one of permission %d of %s", key.Key, t.account.Permission, t.account.Name())
		case slices.Contains(t.chain.config.TRON.ColdKeys, key.Key):
			return fmt.Errorf("it holds %s, which is one of tron.cold_keys", key.Key)
		}
	}
	ours := t.deposit.String()
	if pinned, known := t.pinned(info); known && pinned.Key != "" && ours != "" && pinned.Key != ours {
		return fmt.Errorf("its deposits of account %s are %s, tron.deposit_key is %s: want the same", t.account.Name(), pinned.Key, ours)
	}
	return nil
}

// pinned is what a signer says of the wallet's deposit addresses; false where it says nothing.
func (t *tronParts) pinned(info signer.Info) (signer.Deposits, bool) {
	at := slices.IndexFunc(info.Deposits, func(d signer.Deposits) bool {
		return d.Chain == t.chain.id && d.Account == t.account.Name()
	})
	if at < 0 {
		return signer.Deposits{}, false
	}
	return info.Deposits[at], true
}

// warn tells of a signer that signs payouts and nothing for deposit addresses.
func (t *tronParts) warn(s *server, info signer.Info) {
	pinned, known := t.pinned(info)
	if t.deposit.String() == "" || !known || pinned.Key != "" {
		return
	}
	s.log.Warn("a signer has no deposits in its configuration: it refuses to lend to deposit addresses",
		"signer", info.Name, "chain", t.chain.id, "account", t.account.Name(), "deposit_key", t.deposit.String())
}

// warnUnheld says as an error that nobody who answers can sweep the deposit addresses that are
// given out: what arrives there stays there.
func (s *server) warnUnheld() {
	for _, t := range s.tronChains() {
		held := slices.ContainsFunc(s.signers, func(one *signerConn) bool {
			pinned, known := t.pinned(one.info)
			return known && pinned.Held && pinned.Key == t.deposit.String()
		})
		if t.deposit.String() != "" && !held {
			s.log.Error("no signer that answers holds the key of the deposit addresses: what arrives there cannot be swept",
				"chain", t.chain.id, "deposit_key", t.deposit.String())
		}
	}
}

func sum(weights []uint64) (total uint64) {
	for _, weight := range weights { // the chain bounds their sum
		total += weight
	}
	return total
}

// holds reports whether a signer has an owner's key.
func holds(info signer.Info, chain coffer.ChainID, key string) bool {
	return slices.Contains(info.Keys, signer.KeyInfo{Role: signer.RoleOwner, Chain: chain, Key: key})
}
