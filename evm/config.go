// Package evm is one EVM chain: it reads blocks that prove themselves, and it builds,
// explains and finalizes what a Safe sends through ERC-4337.
//
// The reading half is Source. A block is believed only as far as it proves itself: the
// header must hash to the block's hash, transactions and receipts to the header's roots;
// blooms, senders and gas prices are recomputed. Transfers are the ERC-20 Transfer logs of
// successful transactions, of any contract, and top-level native payments; native payments
// made by contracts are read from the node's traces where the configuration says so, and
// are the node's word alone (NativeTransfers).
//
// The sending half is pure: BuildUserOp makes a user operation (ERC-4337, EntryPoint v0.7)
// of an intent, BuildSafeTx a Safe transaction; Explainer reads both back without trusting
// who built them, Finalize puts the owners' signatures on. Of a user operation owners sign
// the SafeOp of Safe4337Module 0.3.0 (EIP-712), which covers every field but the signature;
// of a Safe transaction the SafeTx, which has no end of validity. The half that talks to
// bundlers and executors is the relayer package's.
//
// The nodes of a chain are Nodes: several servers behind one JSON-RPC client, which judges
// them and goes to another one when one fails. What their errors mean is Classify's alone.
//
// Invariants: Explain(Build(i)) says what i says; what Explain cannot fully read it refuses;
// a call of a wallet is a token transfer, a native payment, several of them through the
// pinned MultiSendCallOnly, a flush of its own forwarders, or nothing sent to CancelTarget,
// and nothing else.
package evm

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
)

// Defaults of Config.
const (
	DefaultCallTimeout      = 20 * time.Second
	DefaultMaxResponseBytes = 128 << 20 // a full block with its receipts is some 10 MB
)

// Config says which chain it is, where its contracts are and which nodes tell about it.
type Config struct {
	Chain  coffer.ChainID // CAIP-2, "eip155:<decimal chain id>"
	Native coffer.AssetID // what pays fees, "<chain>/slip44:<coin type>"

	EntryPoint       common.Address // ERC-4337 v0.7
	Module           common.Address // Safe4337Module 0.3.0 of that EntryPoint
	MultiSend        common.Address // MultiSendCallOnly
	ForwarderFactory common.Address // makes deposit addresses; zero where none are issued

	// Wallets are the Safes whose executed transactions are outcomes, besides user operations.
	Wallets []common.Address

	// NativeTransfers says which native transfers are read; NativeTopLevel when empty. Ask
	// FindTraces what the nodes can do.
	NativeTransfers NativeTransfers

	URLs []string // http or https JSON-RPC endpoints; the first one that works is used

	CallTimeout      time.Duration // of one JSON-RPC call; DefaultCallTimeout when zero
	MaxResponseBytes int64         // of one answer; DefaultMaxResponseBytes when zero
	MaxLag           time.Duration // of a node behind the others; DefaultMaxLag when zero

	Clock coffer.Clock // judges nodes; time.Now when nil
	Log   *slog.Logger // says which node is used; slog.Default when nil
}

func (c Config) withDefaults() Config {
	if c.NativeTransfers == "" {
		c.NativeTransfers = NativeTopLevel
	}
	if c.CallTimeout == 0 {
		c.CallTimeout = DefaultCallTimeout
	}
	if c.MaxResponseBytes == 0 {
		c.MaxResponseBytes = DefaultMaxResponseBytes
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

// Check reports the first thing wrong with the configuration.
func (c Config) Check() error {
	if _, err := ChainNumber(c.Chain); err != nil {
		return err
	}
	if c.Native.Chain() != c.Chain || !c.Native.IsNative() {
		return fmt.Errorf("native asset %q: want %s/slip44:<coin type>", c.Native, c.Chain)
	}
	switch c.NativeTransfers {
	case "", NativeTraced, NativeTopLevel, NativeUnseen:
	default:
		return fmt.Errorf("chain %s: native transfers %q: want %s, %s or %s", c.Chain, c.NativeTransfers, NativeTraced, NativeTopLevel, NativeUnseen)
	}
	if len(c.URLs) == 0 {
		return fmt.Errorf("chain %s: no node URL", c.Chain)
	}
	for _, text := range c.URLs {
		if _, err := parseURL(text); err != nil {
			return fmt.Errorf("chain %s: %w", c.Chain, err)
		}
	}
	return nil
}

// parseURL accepts http and https. Errors do not repeat the text, which may hold a key.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("node URL: cannot be read")
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, errors.New("node URL: want http://host or https://host")
	}
	return u, nil
}

// ChainNumber returns the number of an eip155 chain (EIP-155), which is never zero.
func ChainNumber(chain coffer.ChainID) (uint64, error) {
	if chain.Namespace() != coffer.NamespaceEVM {
		return 0, fmt.Errorf("chain %.80q: want eip155:<decimal chain id>", chain)
	}
	n, err := strconv.ParseUint(chain.Reference(), 10, 64)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != chain.Reference() {
		return 0, fmt.Errorf("chain %.80q: want eip155:<decimal chain id>", chain)
	}
	return n, nil
}
