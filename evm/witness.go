package evm

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/cofferhq/coffer"
)

// Witness is a second opinion on a chain: other nodes than those a Client uses, asked for
// nothing but the hash of the canonical block at a height. What a block holds proves itself
// against its hash; that the block is part of the chain is a node's word, and two nodes of
// different keepers are worth more than one. It is safe for concurrent use.
type Witness struct{ source *Source }

// DialWitness connects to the nodes at urls, which must not be on a host that config uses:
// a node cannot be its own witness.
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

// Source returns the witness as a source of its own, for whoever wants to read more.
func (w *Witness) Source() *Source { return w.source }

// Close ends the connections.
func (w *Witness) Close() { w.source.client.Close() }
