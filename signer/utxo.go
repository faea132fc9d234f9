package signer

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/utxo"
)

const maxDescriptors = 8 // of one chain

func (c ChainConfig) checkUTXO() error {
	switch {
	case c.EntryPoint != "" || c.Module != "" || c.MultiSend != "" || len(c.Wallets) > 0 || c.Executor != nil:
		return errors.New("entry_point, module, multi_send, wallets, executor: are of EVM chains only")
	case len(c.RPC) > 0:
		return errors.New("rpc: this signer cannot watch Bitcoin; an order's slot is for ever there")
	case c.MaxFee == 0 || c.MaxFeeRate == 0:
		return errors.New("max_fee, max_fee_rate: want bounds above zero")
	case len(c.Descriptors) == 0 || len(c.Descriptors) > maxDescriptors:
		return fmt.Errorf("descriptors: want 1 to %d", maxDescriptors)
	}
	_, err := c.descriptors()
	return err
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
		Chain: c.Chain, Native: c.Native, Network: network, Wallets: wallets, MaxFee: c.MaxFee, MaxFeeRate: c.MaxFeeRate,
	}), nil
}

// psbtOwner is a key that stays the same, one of those of each wallet.
type psbtOwner struct {
	key   *Key
	names map[coffer.Address]string // what the wallets' descriptors call it
}

// newPSBTOwner finds the key in every descriptor.
func newPSBTOwner(c ChainConfig, key *Key) (psbtOwner, error) {
	wallets, err := c.descriptors()
	if err != nil {
		return psbtOwner{}, err
	}
	public := hex.EncodeToString(crypto.CompressPubkey(key.public))
	owner := psbtOwner{key, map[coffer.Address]string{}}
	for n, wallet := range wallets {
		for _, k := range wallet.Keys() {
			if !k.Ranged() && strings.HasSuffix(k.String(), public) {
				owner.names[wallet.Address()] = k.String()
			}
		}
		if owner.names[wallet.Address()] == "" {
			return psbtOwner{}, fmt.Errorf("descriptors[%d]: key %q, %s, is none of the wallet's", n, key.label, public)
		}
	}
	return owner, nil
}

func (o psbtOwner) name(wallet coffer.Address) string { return o.names[wallet] }

func (o psbtOwner) public() string { return hex.EncodeToString(crypto.CompressPubkey(o.key.public)) }

// sign returns the DER form with a low s (BIP-146), and SIGHASH_ALL.
func (o psbtOwner) sign(ctx context.Context, digest coffer.Hash) ([]byte, error) {
	raw, err := o.key.raw(ctx, digest)
	if err != nil {
		return nil, err
	}
	return derSignature(raw, digest, crypto.CompressPubkey(o.key.public))
}

// derSignature turns r ‖ s into the form that Bitcoin takes, and verifies it.
func derSignature(raw []byte, digest coffer.Hash, public []byte) ([]byte, error) {
	var r, s btcec.ModNScalar
	if len(raw) != 64 || r.SetByteSlice(raw[:32]) || s.SetByteSlice(raw[32:]) || r.IsZero() || s.IsZero() {
		return nil, fmt.Errorf("the token returned %d bytes that are no signature", len(raw))
	}
	if s.IsOverHalfOrder() {
		s.Negate()
	}
	signature := ecdsa.NewSignature(&r, &s)
	key, err := btcec.ParsePubKey(public)
	if err != nil {
		return nil, fmt.Errorf("read the public key: %w", err)
	}
	if !signature.Verify(digest[:], key) {
		return nil, errors.New("the token returned a signature that is not by this key over this digest")
	}
	return append(bytes.Clone(signature.Serialize()), byte(txscript.SigHashAll)), nil
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
