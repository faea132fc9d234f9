package utxo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
)

// Source reads the chain. It implements coffer.Source. Blocks are read as bytes: nothing that
// a node decoded is believed.
type Source struct {
	client *Client
	config Config
	omni   *Omni // nil: the Omni Layer is not read
	proven *tails
}

var _ coffer.Source = (*Source)(nil)

// NewSource returns the reading half of a network.
func NewSource(client *Client) *Source {
	return &Source{client: client, config: client.config, proven: &tails{}}
}

// WithOmni returns a source that reports, besides, what moved of one property of the Omni
// Layer, with Ref "omni:31". Blocks with messages that might move it can be read only while
// they are part of the chain of every Omni Core node.
func (s *Source) WithOmni(omni *Omni) *Source {
	return &Source{client: s.client, config: s.config, omni: omni, proven: s.proven}
}

// ID implements coffer.Source.
func (s *Source) ID() coffer.ChainID { return s.config.Network.Chain() }

// ParseAddress implements coffer.Source; see the function of the same name.
func (s *Source) ParseAddress(text string) (coffer.Address, error) {
	return ParseAddress(s.config.Network, text)
}

// Head implements coffer.Source. Final is the block that has Config.Confirmations of them,
// zero while none has: as many headers stand on it, each with its work, and its own coinbase
// names its height. So the height of the head is proven too.
func (s *Source) Head(ctx context.Context) (coffer.Head, error) {
	head, err := s.latest(ctx)
	if err != nil {
		return coffer.Head{}, fmt.Errorf("%s: head: %w", s.config.Network, err)
	}
	return head, nil
}

// latest asks for the head that is not below one that was seen before; where all nodes are
// below it, for the highest.
func (s *Source) latest(ctx context.Context) (coffer.Head, error) {
	var best coffer.Head
	found := false
	take := func(raw json.RawMessage) error {
		info, err := readChainInfo(raw)
		if err == nil {
			err = info.check()
		}
		if err != nil {
			return err
		}
		head := coffer.Head{Latest: coffer.BlockRef{Height: info.blocks, Hash: info.best}}
		if info.blocks >= s.config.Confirmations { // else the genesis block alone could be final
			proven, err := s.prove(ctx, info)
			if err != nil {
				return err
			}
			head.Final = proven.final()
		}
		if !found || info.blocks > best.Latest.Height {
			best, found = head, true
		}
		if !s.client.nodes.isNew(info.blocks) {
			return errOldHead
		}
		return nil
	}
	err := s.client.Ask(ctx, take, "getblockchaininfo")
	if err != nil && found && errors.Is(err, errOldHead) {
		s.client.nodes.agreeOnLower(best.Latest.Height)
		return best, nil
	}
	return best, err
}

// Header implements coffer.Source. The header proves itself; that it is the one at this
// height is the node's word until Block has read it.
func (s *Source) Header(ctx context.Context, height uint64) (coffer.Header, error) {
	hash, err := s.hashAt(ctx, height)
	if err != nil {
		return coffer.Header{}, fmt.Errorf("%s: header %d: %w", s.config.Network, height, err)
	}
	header, err := s.header(ctx, hash)
	if err != nil {
		return coffer.Header{}, fmt.Errorf("%s: header %d: %w", s.config.Network, height, err)
	}
	return headerOf(&header, height), nil
}

func (s *Source) hashAt(ctx context.Context, height uint64) (hash coffer.Hash, err error) {
	if height > maxHeight {
		return coffer.Hash{}, fmt.Errorf("%w: %d is above any block", coffer.ErrNotFound, height)
	}
	take := func(raw json.RawMessage) error {
		hash, err = readHash(raw)
		return err
	}
	err = s.client.Ask(ctx, take, "getblockhash", height)
	return hash, notFound(err)
}

func (s *Source) header(ctx context.Context, hash coffer.Hash) (header wire.BlockHeader, err error) {
	take := func(raw json.RawMessage) error {
		header, err = readRawHeader(s.config.Network, raw, hash)
		return notProven(err)
	}
	err = s.client.Ask(ctx, take, "getblockheader", hexOf(hash), false)
	return header, notFound(err)
}

// Block implements coffer.Source. What it returns is proven by the hash and its work, which is
// no less than what the block before it took; that the block is part of the chain is the
// node's word.
func (s *Source) Block(ctx context.Context, hash coffer.Hash) (coffer.Block, error) {
	content, block, err := s.read(ctx, hash)
	if err != nil {
		return coffer.Block{}, fmt.Errorf("%s: %w", s.config.Network, err)
	}
	block.Transfers, block.Spends = transfersOf(s.config.Network, content)
	if s.omni != nil {
		moved, err := s.omni.transfers(ctx, content, block.Header)
		if err != nil {
			return coffer.Block{}, fmt.Errorf("%s: block %s: %w", s.config.Network, hash, err)
		}
		block.Transfers = append(block.Transfers, moved...)
	}
	return block, nil
}

// read reads a block that proves itself. What it did is not filled in.
func (s *Source) read(ctx context.Context, hash coffer.Hash) (content *wire.MsgBlock, block coffer.Block, err error) {
	take := func(answer json.RawMessage) error {
		raw, err := readHex(answer)
		if err != nil {
			return notProven(err)
		}
		if content, block.Header, err = ReadBlock(s.config.Network, raw); err != nil {
			return notProven(err)
		}
		if block.Hash != hash {
			return fmt.Errorf("%w: the node gave block %s", ErrNotProven, block.Hash)
		}
		block.Raw = raw
		return nil
	}
	if err := s.client.Ask(ctx, take, "getblock", hexOf(hash), 0); err != nil {
		return nil, coffer.Block{}, fmt.Errorf("block %s: %w", hash, notFound(err))
	}
	if block.Height > 0 {
		parent, err := s.header(ctx, block.Parent)
		if err != nil {
			return nil, coffer.Block{}, fmt.Errorf("parent of block %s: %w", hash, err)
		}
		if err := checkTarget(s.config.Network, &parent, &content.Header, block.Height); err != nil {
			return nil, coffer.Block{}, fmt.Errorf("block %s: %w", hash, err)
		}
	}
	return content, block, nil
}
