package utxo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cofferhq/coffer"
)

// OmniFirst is the first property that can be handled. Those of the first sale, 1 and 2, can
// be moved without a payload (class A): who chooses three recipients of one bitcoin payout
// could choose them so that it sends our tokens.
const OmniFirst = 3

// maxOmniNodes bounds the servers that all have to agree.
const maxOmniNodes = 4

// ErrOmniNotReady is returned for a block that a server has not read, or not this one.
var ErrOmniNotReady = errors.New("the Omni Core node has not read this block")

// ErrOmniDisagree is returned where servers say different things about one transaction.
var ErrOmniDisagree = errors.New("the Omni Core nodes disagree")

// OmniConfig says which property of the Omni Layer counts, and who tells which messages are
// valid. It is off by default. USDT is property 31 of mainnet: its issuer has not issued or
// redeemed it since 2025 and calls it no longer supported, though it can still be moved.
type OmniConfig struct {
	Property uint32

	// Nodes are Omni Core servers. Every one of them must say the same of a transaction before
	// it counts, so one that is down or behind holds up the blocks with messages in them.
	Nodes []Node

	CallTimeout      time.Duration // of one JSON-RPC call; DefaultCallTimeout when zero
	MaxResponseBytes int64         // of one answer; DefaultMaxResponseBytes when zero

	Clock coffer.Clock // judges nodes; time.Now when nil
	Log   *slog.Logger // slog.Default when nil
}

// Omni asks Omni Core servers about one property. It is safe for concurrent use.
type Omni struct {
	bitcoin  *Client
	property uint32
	asset    coffer.AssetID
	nodes    []*Client
	log      *slog.Logger
}

// DialOmni looks at every server, which must be of the network of bitcoin. bitcoin tells which
// outputs a message's transaction spends.
func DialOmni(ctx context.Context, bitcoin *Client, config OmniConfig) (*Omni, error) {
	if config.Property < OmniFirst {
		return nil, fmt.Errorf("omni: property %d; want one above %d, such as 31", config.Property, OmniFirst-1)
	}
	if n := len(config.Nodes); n < 1 || n > maxOmniNodes {
		return nil, fmt.Errorf("omni: %d nodes; want 1 to %d", n, maxOmniNodes)
	}
	o := &Omni{bitcoin: bitcoin, property: config.Property, asset: OmniAsset(bitcoin.Network(), config.Property), log: config.Log}
	if o.log == nil {
		o.log = slog.Default()
	}
	for _, node := range config.Nodes {
		client, err := Dial(ctx, Config{
			Network: bitcoin.Network(), Nodes: []Node{node}, CallTimeout: config.CallTimeout,
			MaxResponseBytes: config.MaxResponseBytes, Clock: config.Clock, Log: config.Log,
		})
		if err != nil {
			o.Close()
			return nil, fmt.Errorf("omni: %w", err)
		}
		o.nodes = append(o.nodes, client)
	}
	return o, nil
}

// Close ends what runs in the background. The Bitcoin client stays open.
func (o *Omni) Close() {
	for _, node := range o.nodes {
		node.Close()
	}
}

// Asset is the CAIP-19 name of the property.
func (o *Omni) Asset() coffer.AssetID { return o.asset }

// OmniAsset is the CAIP-19 name of a property.
func OmniAsset(network Network, property uint32) coffer.AssetID {
	return coffer.NewAssetID(network.Chain(), coffer.AssetOmni, fmt.Sprint(property))
}

// omniDecimals is how many decimal places a divisible property has.
const omniDecimals = 8

// Decimals asks how many decimal places the property has: 8 or none. Error: ErrNotFound for a
// property that does not exist.
func (o *Omni) Decimals(ctx context.Context) (uint8, error) {
	var found uint8
	for n, node := range o.nodes {
		var said struct {
			ID        *uint32 `json:"propertyid"`
			Divisible *bool   `json:"divisible"`
		}
		err := node.Call(ctx, &said, "omni_getproperty", o.property)
		var refused *refusal
		switch {
		case errors.As(err, &refused) && (refused.Code == codeParameter || refused.Code == codeNotFound):
			return 0, fmt.Errorf("property %d: %w (%w)", o.property, coffer.ErrNotFound, err)
		case err != nil:
			return 0, fmt.Errorf("property %d: %w", o.property, err)
		case said.ID == nil || *said.ID != o.property || said.Divisible == nil:
			return 0, fmt.Errorf("property %d: %w: the answer is not about it", o.property, ErrNotProven)
		}
		decimals := omniPlaces(*said.Divisible)
		if n > 0 && decimals != found {
			return 0, fmt.Errorf("property %d: %w about its decimal places", o.property, ErrOmniDisagree)
		}
		found = decimals
	}
	return found, nil
}

func omniPlaces(divisible bool) uint8 {
	if divisible {
		return omniDecimals
	}
	return 0
}

// omniReady checks that a server has read this very block.
func omniReady(ctx context.Context, node *Client, at coffer.BlockRef) error {
	var info struct {
		Block *int64 `json:"block"`
	}
	if err := node.Call(ctx, &info, "omni_getinfo"); err != nil {
		return err
	}
	if info.Block == nil || *info.Block < 0 || uint64(*info.Block) < at.Height {
		return fmt.Errorf("%w: it is at an earlier one than %d", ErrOmniNotReady, at.Height)
	}
	return omniHas(ctx, node, at)
}

// omniHas checks that a block is part of a server's chain.
func omniHas(ctx context.Context, node *Client, at coffer.BlockRef) error {
	var text string
	if err := node.Call(ctx, &text, "getblockhash", at.Height); err != nil {
		if Classify(err) == NotFound {
			return fmt.Errorf("%w: it has none at height %d", ErrOmniNotReady, at.Height)
		}
		return err
	}
	hash, err := parseHash(text)
	if err != nil {
		return err
	}
	if hash != at.Hash {
		return fmt.Errorf("%w: it has block %s at height %d", ErrOmniNotReady, hash, at.Height)
	}
	return nil
}
