package evm

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
)

// MaxSweeps bounds the legs of one sweep: forwarders times assets. One that is deployed
// first costs some 61 000 gas (contracts/snapshots/gas.json), so that as many stay below
// what bundlers take in one operation, 10 million.
const MaxSweeps = 100

// SweepGasPerLeg is what one flush may use, in gas: a token that wants more is left where
// it is. A flush of an ordinary token uses about 48 000.
const SweepGasPerLeg = 150_000

var flushManyABI = bindings.NewForwarderFactory().GetABI().Methods["flushMany"]

// encodeSweeps makes the call of a wallet to flushMany of its own factory. The
// sweeps are every forwarder with every asset, the assets of one forwarder together.
func encodeSweeps(safe Safe, sweeps []coffer.Sweep) (call, error) {
	salts, tokens, err := sweepLists(safe, sweeps)
	if err != nil {
		return call{}, err
	}
	data := bindings.NewForwarderFactory().PackFlushMany(salts, tokens, big.NewInt(SweepGasPerLeg))
	c := call{to: FactoryAddress(safe.Address), data: data}
	// What the explainer would refuse is not built.
	read, err := safe.explainer().flush(safe.Address, c)
	if err != nil {
		return call{}, err
	}
	for n := range read {
		if read[n] != sweeps[n] {
			return call{}, fmt.Errorf("sweep %d is of %s from %s; the factory would flush %s from %s", n,
				sweeps[n].Asset, sweeps[n].Forwarder, read[n].Asset, read[n].Forwarder)
		}
	}
	return c, nil
}

// sweepLists turns legs into the two lists whose product they have to be.
func sweepLists(safe Safe, sweeps []coffer.Sweep) (salts [][32]byte, tokens []common.Address, err error) {
	if len(sweeps) == 0 || len(sweeps) > MaxSweeps {
		return nil, nil, fmt.Errorf("%d sweeps; want 1 to %d", len(sweeps), MaxSweeps)
	}
	for _, s := range sweeps {
		if s.Salt != sweeps[0].Salt {
			break
		}
		token, err := sweptToken(safe, s.Asset)
		if err != nil {
			return nil, nil, err
		}
		tokens = append(tokens, token)
	}
	if len(sweeps)%len(tokens) != 0 {
		return nil, nil, fmt.Errorf("%d sweeps are not every forwarder with each of %d assets", len(sweeps), len(tokens))
	}
	for n, s := range sweeps {
		switch {
		case n%len(tokens) == 0:
			salts = append(salts, s.Salt)
		case s.Salt != sweeps[n-1].Salt:
			return nil, nil, errors.New("the assets of a forwarder are not together")
		}
		if s.Asset != sweeps[n%len(tokens)].Asset {
			return nil, nil, fmt.Errorf("sweep %d is of %s; want %s, as for the first forwarder", n, s.Asset, sweeps[n%len(tokens)].Asset)
		}
	}
	return salts, tokens, nil
}

// sweptToken is how the factory names an asset: the zero address is the native coin.
func sweptToken(safe Safe, asset coffer.AssetID) (common.Address, error) {
	if asset == safe.Native {
		return common.Address{}, nil
	}
	token, err := tokenOf(safe.Chain, asset)
	if err == nil && token == (common.Address{}) {
		err = errors.New("the token is the zero address")
	}
	return token, err
}

// isFlush reports whether a call wants to be a sweep; flush reads it.
func isFlush(c call) bool { return bytes.HasPrefix(c.data, flushManyABI.ID) }

// flush reads a call of flushMany(salts, tokens, gasPerLeg) as the sweeps it makes. The
// factory must be the wallet's own: its address commits to its code and to its vault, so
// that whatever is flushed can only go to the wallet, and nothing has to be pinned.
func (e *Explainer) flush(wallet common.Address, c call) ([]coffer.Sweep, error) {
	factory := FactoryAddress(wallet)
	if c.to != factory {
		return nil, refuse("flushMany of %s, which is not the forwarder factory of wallet %s, %s", c.to, wallet, factory)
	}
	if !c.value.IsZero() {
		return nil, refuse("flushMany with a value")
	}
	values, err := decodeCanonically(flushManyABI, c.data)
	if err != nil {
		return nil, err
	}
	salts, ok1 := values[0].([][32]byte)
	tokens, ok2 := values[1].([]common.Address)
	gasPerLeg, ok3 := values[2].(*big.Int)
	switch {
	case !ok1 || !ok2 || !ok3:
		return nil, refuse("calldata of other types than %s", flushManyABI.Sig)
	case gasPerLeg.Cmp(big.NewInt(SweepGasPerLeg)) != 0:
		return nil, refuse("flushMany with %s gas for each leg, not %d", gasPerLeg, SweepGasPerLeg)
	case len(salts) == 0 || len(tokens) == 0 || len(salts) > MaxSweeps || len(tokens) > MaxSweeps || len(salts)*len(tokens) > MaxSweeps:
		return nil, refuse("flushMany of %d forwarders and %d tokens; want 1 to %d legs", len(salts), len(tokens), MaxSweeps)
	}

	assets := make([]coffer.AssetID, len(tokens))
	seen := map[common.Address]bool{}
	for n, token := range tokens {
		switch {
		case seen[token]:
			return nil, refuse("flushMany of token %s twice", token)
		case e.wallets[token] || token == factory || token == e.config.EntryPoint || token == e.config.Module || token == e.config.MultiSend:
			return nil, refuse("flushMany of %s, which is no token", token)
		}
		seen[token] = true
		assets[n] = e.config.Native
		if token != (common.Address{}) {
			assets[n] = TokenAsset(e.config.Chain, token)
		}
	}
	return sweepsOf(factory, salts, assets)
}

// sweepsOf is every forwarder with every asset.
func sweepsOf(factory common.Address, salts [][32]byte, assets []coffer.AssetID) ([]coffer.Sweep, error) {
	initCodeHash := forwarderCodeHash(factory)
	seen := map[[32]byte]bool{}
	sweeps := make([]coffer.Sweep, 0, len(salts)*len(assets))
	for _, salt := range salts {
		if seen[salt] {
			return nil, refuse("flushMany of salt 0x%x twice", salt)
		}
		seen[salt] = true
		forwarder := AddressOf(crypto.CreateAddress2(factory, salt, initCodeHash))
		for _, asset := range assets {
			sweeps = append(sweeps, coffer.Sweep{Forwarder: forwarder, Salt: salt, Asset: asset})
		}
	}
	return sweeps, nil
}
