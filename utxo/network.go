package utxo

import (
	"fmt"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"

	"github.com/cofferhq/coffer"
)

// Network is one chain of the Bitcoin family.
type Network string

// Networks.
const (
	Mainnet  Network = "mainnet"
	Testnet4 Network = "testnet4" // BIP-94
	Signet   Network = "signet"   // BIP-325, the default one
	Regtest  Network = "regtest"
)

var networks = map[Network]*chaincfg.Params{
	Mainnet:  &chaincfg.MainNetParams,
	Testnet4: &chaincfg.TestNet4Params,
	Signet:   &chaincfg.SigNetParams,
	Regtest:  &chaincfg.RegressionNetParams,
}

// ParseNetwork reads the name of a network.
func ParseNetwork(name string) (Network, error) {
	if _, ok := networks[Network(name)]; !ok {
		return "", fmt.Errorf("network %.40q: want mainnet, testnet4, signet or regtest", name)
	}
	return Network(name), nil
}

// NetworkOf returns the network of a chain.
func NetworkOf(chain coffer.ChainID) (Network, error) {
	for network := range networks {
		if network.Chain() == chain {
			return network, nil
		}
	}
	return "", fmt.Errorf("chain %.80q is not one of Bitcoin's", chain)
}

// Params returns the network's consensus and address parameters. A network that
// ParseNetwork did not return has none.
func (n Network) Params() *chaincfg.Params { return networks[n] }

// Chain returns the CAIP-2 name: bip122 and the first 32 digits of the genesis block's hash.
func (n Network) Chain() coffer.ChainID {
	return coffer.ChainID(coffer.NamespaceUTXO + ":" + n.Params().GenesisHash.String()[:32])
}

// Native returns the CAIP-19 name of the coin (SLIP-44): 0 on mainnet, 1 on all others.
func (n Network) Native() coffer.AssetID {
	return coffer.NewAssetID(n.Chain(), coffer.AssetNative, n.coinType())
}

func (n Network) coinType() string {
	if n == Mainnet {
		return "0"
	}
	return "1"
}

// HashOf returns the hash of a block or a transaction as people write it, which is the
// reverse of what SHA-256 gives.
func HashOf(h chainhash.Hash) coffer.Hash { return reversed(h) }

// ChainHash undoes HashOf.
func ChainHash(h coffer.Hash) chainhash.Hash { return reversed(h) }

func reversed(h [32]byte) (r [32]byte) {
	for n, b := range h {
		r[len(r)-1-n] = b
	}
	return r
}
