package evm

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/cofferhq/coffer"
)

// Witness is a second opinion on a chain: other nodes than those a Client uses, asked for the
// hash of the canonical block at a height, and for what contracts paid in a block. All else that a
// block holds proves itself against its hash; that the block is part of the chain, and its traces,
// are a node's word, and two nodes of different keepers are worth more than one. It is safe
// for concurrent use.
type Witness struct{ source *Source }

// DialWitness connects to the nodes at urls, which must not be on a host that config uses:
// a node cannot be its own witness. It finds out whether they can trace.
func DialWitness(ctx context.Context, config Config, urls ...string) (*Witness, error) {
	used := map[string]bool{}
	for _, text := range config.URLs {
		if u, err := url.Parse(text); err == nil {
			used[u.Host] = true
		}
	}
	for _, text := range urls {
		u, err := parseURL(text)
		if err != nil {
			return nil, fmt.Errorf("witness of %s: %w", config.Chain, err)
		}
		if used[u.Host] {
			return nil, fmt.Errorf("witness of %s: %s is one of the nodes it is to check", config.Chain, u.Host)
		}
	}
	config.URLs = urls
	client, err := Dial(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	if config.NativeTransfers, err = FindTraces(ctx, client); err != nil {
		client.Close()
		return nil, fmt.Errorf("witness: %w", err)
	}
	return &Witness{NewSource(client, config)}, nil
}

// ErrDisagree is returned when the witness has another block at a height.
var ErrDisagree = errors.New("the nodes disagree")

// Confirm returns nil when the witness has the same block at its height, ErrDisagree when it
// has another one, and ErrNotFound while it has none: it may be behind. Any other error says
// nothing about the block.
func (w *Witness) Confirm(ctx context.Context, block coffer.BlockRef) error {
	header, err := w.source.Header(ctx, block.Height)
	if err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	if header.Hash != block.Hash {
		return fmt.Errorf("%w: %s has block %s at height %d, the witness has %s", ErrDisagree, w.source.ID(), block.Hash, block.Height, header.Hash)
	}
	return nil
}

// Traces reports whether the witness's nodes can trace. Where they cannot, what contracts paid in native
// coins is the word of the nodes that tell of the chain.
func (w *Witness) Traces() bool { return w.source.config.NativeTransfers == NativeTraced }

// Header is the witness's canonical header at a height, coffer.ErrNotFound above its head.
func (w *Witness) Header(ctx context.Context, height uint64) (coffer.Header, error) {
	return w.source.Header(ctx, height)
}

// Corroborate reports whether the witness says of a block that it made these transfers. It is asked
// about payments by contracts alone, which no header commits to: the others are proven by the
// block's hash. A witness that cannot trace says nothing against them, see Traces. coffer.ErrNotFound:
// it does not have the block.
func (w *Witness) Corroborate(ctx context.Context, block coffer.Hash, transfers []coffer.Transfer) (bool, error) {
	asked := unproven(transfers)
	if len(asked) == 0 || !w.Traces() {
		return true, nil
	}
	return w.find(ctx, block, asked)
}

// Recall reports whether the witness found these transfers in a block that may still leave the chain, as far
// as the block's hash does not prove them. It never says yes without having looked, nor where it can only ask for
// the traces of transactions, which near the head may be those of another block.
func (w *Witness) Recall(ctx context.Context, block coffer.Hash, transfers []coffer.Transfer) (bool, error) {
	asked := unproven(transfers)
	if len(asked) == 0 {
		return true, nil
	}
	if !w.Traces() {
		return false, nil
	}
	found, err := w.find(ctx, block, asked)
	return found && tracings[w.source.tracing.Load()].ofBlock, err
}

// unproven are the transfers that no header commits to.
func unproven(transfers []coffer.Transfer) []coffer.Transfer {
	return slices.DeleteFunc(slices.Clone(transfers), func(t coffer.Transfer) bool {
		return !strings.HasPrefix(t.Ref, traceRefs) || t.Ref == topLevelRef
	})
}

// find reports whether all of some transfers are in the witness's traces of a block.
func (w *Witness) find(ctx context.Context, block coffer.Hash, asked []coffer.Transfer) (bool, error) {
	said, err := w.source.Block(ctx, block)
	if err != nil {
		return false, fmt.Errorf("witness: %w", err)
	}
	for _, transfer := range asked {
		transfer.Memo, transfer.Maturity = "", 0 // not of this family
		if !slices.Contains(said.Transfers, transfer) {
			return false, nil
		}
	}
	return true, nil
}

// Source returns the witness as a source of its own, for whoever wants to read more.
func (w *Witness) Source() *Source { return w.source }

// Close ends the connections.
func (w *Witness) Close() { w.source.client.Close() }
