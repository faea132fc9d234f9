package signer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/utxo"
)

// Bounds of a Bitcoin chain's configuration.
const (
	maxDescriptors   = 8
	maxConfirmations = 100 // as many as money of miners needs to be spent
)

func (c ChainConfig) checkUTXO() error {
	switch {
	case c.EntryPoint != "" || c.Module != "" || c.MultiSend != "" || len(c.Wallets) > 0 || c.Executor != nil:
		return errors.New("entry_point, module, multi_send, wallets, executor: are of EVM chains only")
	case c.Owner == "" && c.Seed == "":
		return errors.New("owner, seed: want a key label, or the file of a sealed seed, or both")
	case len(c.RPC) > 0:
		return errors.New("rpc: is of EVM chains only; Bitcoin has nodes")
	case len(c.Nodes) > maxNodes:
		return fmt.Errorf("nodes: %d, at most %d", len(c.Nodes), maxNodes)
	case len(c.Nodes) == 0 && c.Confirmations > 0:
		return errors.New("confirmations: say nothing without nodes")
	case c.Confirmations > maxConfirmations:
		return fmt.Errorf("confirmations: %d, at most %d", c.Confirmations, maxConfirmations)
	case c.MaxFee == 0 || c.MaxFeeRate == 0:
		return errors.New("max_fee, max_fee_rate: want bounds above zero")
	case len(c.Descriptors) == 0 || len(c.Descriptors) > maxDescriptors:
		return fmt.Errorf("descriptors: want 1 to %d", maxDescriptors)
	}
	for n, node := range c.Nodes {
		if err := node.check(); err != nil {
			return fmt.Errorf("nodes[%d]: %w", n, err)
		}
		if slices.ContainsFunc(c.Nodes[:n], func(other NodeConfig) bool { return other.URL == node.URL }) {
			return fmt.Errorf("nodes[%d]: the same node twice is no second opinion", n)
		}
	}
	wallets, err := c.descriptors()
	if err != nil || c.Omni == 0 {
		return err
	}
	if c.Omni < utxo.OmniFirst {
		return fmt.Errorf("omni: want a property from %d on, such as 31", utxo.OmniFirst)
	}
	if n := slices.IndexFunc(wallets, func(w utxo.Descriptor) bool { return !w.Nested() }); n >= 0 {
		return fmt.Errorf("omni: the Omni Layer does not know native segregated witness, which descriptors[%d] is: want sh(wsh(…))", n)
	}
	return nil
}

// limits are what others may know of the bounds; nil but on Bitcoin.
func (c ChainConfig) limits() *Limits {
	if c.Chain.Namespace() != coffer.NamespaceUTXO {
		return nil
	}
	l := &Limits{Chain: c.Chain, MaxFee: c.MaxFee, MaxFeeRate: c.MaxFeeRate}
	if len(c.Nodes) > 0 {
		l.Confirmations = cmp.Or(c.Confirmations, utxo.DefaultConfirmations)
	}
	return l
}

// descriptors reads the pinned wallets.
func (c ChainConfig) descriptors() ([]utxo.Descriptor, error) {
	network, err := utxo.NetworkOf(c.Chain)
	if err != nil {
		return nil, err
	}
	if c.Native != network.Native() {
		return nil, fmt.Errorf("native: %q is not %s", c.Native, network.Native())
	}
	var wallets []utxo.Descriptor
	for n, text := range c.Descriptors {
		wallet, err := utxo.ParseDescriptor(network, text)
		if err != nil {
			return nil, fmt.Errorf("descriptors[%d]: %w", n, err)
		}
		if slices.ContainsFunc(wallets, func(w utxo.Descriptor) bool { return w.Address() == wallet.Address() }) {
			return nil, fmt.Errorf("descriptors[%d]: the same wallet twice", n)
		}
		wallets = append(wallets, wallet)
	}
	return wallets, nil
}

// explainPSBT makes the reader of a Bitcoin chain's transactions.
func explainPSBT(c ChainConfig) (coffer.Explainer, error) {
	network, err := utxo.NetworkOf(c.Chain)
	if err != nil {
		return nil, err
	}
	wallets, err := c.descriptors()
	if err != nil {
		return nil, err
	}
	return utxo.NewExplainer(utxo.ExplainConfig{
		Chain: c.Chain, Native: c.Native, Network: network, Wallets: wallets, MaxFee: c.MaxFee, MaxFeeRate: c.MaxFeeRate, Omni: c.Omni,
	}), nil
}

// checkCoins wants a transaction that spends what the intent set aside, the anchor first,
// and gives the rest back where the intent says. A cancellation may leave out coins in the
// middle that somebody else spent meanwhile: its intent does not name them.
func checkCoins(r coffer.SigningRequest, e coffer.Effects) error {
	i := r.Intent
	if i.Path != coffer.PathPSBT {
		if len(i.Coins)+len(e.Coins) > 0 || i.Change+e.Change != "" {
			return coffer.Invalid("intent.coins", "are of path %s only", coffer.PathPSBT)
		}
		return nil
	}
	seen := map[coffer.CoinID]bool{}
	for _, coin := range i.Coins {
		if seen[coin.ID] {
			return coffer.Invalid("intent.coins", "coin %.80q twice", coin.ID)
		}
		seen[coin.ID] = true
	}
	switch {
	case len(e.Coins) == 0 || len(e.Coins) > len(i.Coins) || !slices.Equal(e.Coins, i.Coins[:len(e.Coins)]):
		return coffer.Invalid("unsigned.coins", "the transaction spends other coins than the first of the intent's")
	case i.Slot != coffer.Slot{Kind: coffer.SlotCoin, Lane: string(i.Coins[0].ID)}:
		return coffer.Invalid("intent.slot", "is %s, not the first coin", i.Slot)
	case e.Change != "" && e.Change != i.Change:
		return coffer.Invalid("unsigned.change", "the rest goes to %.40q, the intent says %.40q", e.Change, i.Change)
	}
	return nil
}
