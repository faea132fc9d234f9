package utxo

import (
	"context"
	"errors"
	"fmt"

	"github.com/cofferhq/coffer"
)

// maxOmniLater bounds the blocks that are read again to know what was held after an earlier one.
const maxOmniLater = 2_000

// OmniHeld returns what addresses had of the property after a block of the chain. Servers tell
// only what there is now: what later blocks moved is taken back. ErrOmniNotReady when a block
// came meanwhile, or a server has not read the newest: try again.
func (s *Source) OmniHeld(ctx context.Context, addresses []coffer.Address, after coffer.BlockRef) (map[coffer.Address]coffer.Amount, error) {
	if s.omni == nil {
		return nil, errors.New("the source does not read the Omni Layer")
	}
	head, err := s.Head(ctx)
	if err != nil {
		return nil, err
	}
	held, err := s.omni.balances(ctx, addresses, head.Latest)
	if err != nil {
		return nil, fmt.Errorf("omni: %w", err)
	}
	if head.Latest.Height < after.Height || head.Latest.Height-after.Height > maxOmniLater {
		return nil, fmt.Errorf("block %d is above the newest, %d, or more than %d below", after.Height, head.Latest.Height, maxOmniLater)
	}
	next := head.Latest.Hash
	for height := head.Latest.Height; height > after.Height; height-- {
		block, err := s.Block(ctx, next)
		if err != nil {
			return nil, err
		}
		for _, t := range block.Transfers {
			if err := takeBack(held, t, s.omni.asset); err != nil {
				return nil, err
			}
		}
		next = block.Parent
	}
	if next != after.Hash {
		return nil, fmt.Errorf("block %s is not part of the chain: %w", after.Hash, coffer.ErrNotFound)
	}
	return held, nil
}

// takeBack undoes a transfer of an asset in what addresses hold.
func takeBack(held map[coffer.Address]coffer.Amount, t coffer.Transfer, asset coffer.AssetID) (err error) {
	if t.Asset != asset || t.From == t.To {
		return nil
	}
	if has, known := held[t.From]; known {
		if held[t.From], err = has.Add(t.Amount); err != nil {
			return err
		}
	}
	if has, known := held[t.To]; known {
		if held[t.To], err = has.Sub(t.Amount); err != nil {
			return fmt.Errorf("%s has %s, and got %s in %s: %w", t.To, has, t.Amount, t.Tx, err)
		}
	}
	return nil
}

// balances asks every server what addresses have after the newest block.
func (o *Omni) balances(ctx context.Context, addresses []coffer.Address, newest coffer.BlockRef) (map[coffer.Address]coffer.Amount, error) {
	decimals, err := o.Decimals(ctx)
	if err != nil {
		return nil, err
	}
	held := map[coffer.Address]coffer.Amount{}
	for n, node := range o.nodes {
		if err := omniReady(ctx, node, newest); err != nil {
			return nil, err
		}
		for _, address := range addresses {
			balance, _, err := o.balanceOf(ctx, node, address, decimals)
			if err != nil {
				return nil, err
			}
			if n > 0 && held[address] != balance {
				return nil, fmt.Errorf("%w about what %s has", ErrOmniDisagree, address)
			}
			held[address] = balance
		}
		if err := omniAt(ctx, node, newest); err != nil {
			return nil, err
		}
	}
	return held, nil
}

// omniAt checks that a block is the newest that a server has read.
func omniAt(ctx context.Context, node *Client, at coffer.BlockRef) error {
	var info struct {
		Block *int64 `json:"block"`
	}
	if err := node.Call(ctx, &info, "omni_getinfo"); err != nil {
		return err
	}
	if info.Block == nil || *info.Block < 0 || uint64(*info.Block) != at.Height {
		return fmt.Errorf("%w: it is not at block %d any more", ErrOmniNotReady, at.Height)
	}
	return omniHas(ctx, node, at)
}
