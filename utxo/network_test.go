package utxo

import (
	"testing"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"

	"github.com/cofferhq/coffer"
)

func TestNetworksHaveTheirNames(t *testing.T) {
	for _, c := range []struct {
		network       Network
		chain, native string
	}{
		{Mainnet, "bip122:000000000019d6689c085ae165831e93", "bip122:000000000019d6689c085ae165831e93/slip44:0"},
		{Testnet4, "bip122:00000000da84f2bafbbc53dee25a72ae", "bip122:00000000da84f2bafbbc53dee25a72ae/slip44:1"},
		{Signet, "bip122:00000008819873e925422c1ff0f99f7c", "bip122:00000008819873e925422c1ff0f99f7c/slip44:1"},
		{Regtest, "bip122:0f9188f13cb7b2c71f2a335e3a4fc328", "bip122:0f9188f13cb7b2c71f2a335e3a4fc328/slip44:1"},
	} {
		if got := string(c.network.Chain()); got != c.chain {
			t.Errorf("%s: chain %s, want %s", c.network, got, c.chain)
		}
		if got := string(c.network.Native()); got != c.native {
			t.Errorf("%s: native %s, want %s", c.network, got, c.native)
		}
		if back, err := NetworkOf(coffer.ChainID(c.chain)); err != nil || back != c.network {
			t.Errorf("%s: network %q, %v", c.chain, back, err)
		}
		if back, err := ParseNetwork(string(c.network)); err != nil || back != c.network {
			t.Errorf("%s: read as %q, %v", c.network, back, err)
		}
		if _, err := coffer.ParseAssetID(c.native); err != nil {
			t.Error(err)
		}
	}
	if _, err := ParseNetwork("testnet3"); err == nil {
		t.Error("testnet3 is a network")
	}
	if _, err := NetworkOf("eip155:1"); err == nil {
		t.Error("eip155:1 is Bitcoin")
	}
}

func TestHashesAreWrittenAsPeopleDo(t *testing.T) {
	const genesis = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
	hash := HashOf(*chaincfg.MainNetParams.GenesisHash)
	if hash.String() != "0x"+genesis {
		t.Errorf("genesis %s", hash)
	}
	if back := ChainHash(hash); back != *chaincfg.MainNetParams.GenesisHash {
		t.Errorf("back %s", back)
	}
	if read, err := chainhash.NewHashFromStr(genesis); err != nil || HashOf(*read) != hash {
		t.Errorf("read %s, %v", read, err)
	}
}
