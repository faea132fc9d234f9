package tron

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// Source reads the chain. It implements coffer.Source.
type Source struct {
	client *Client
	config Config
}

var _ coffer.Source = (*Source)(nil)

// NewSource returns the reading half of a chain.
func NewSource(client *Client) *Source { return &Source{client: client, config: client.config} }

// ID implements coffer.Source.
func (s *Source) ID() coffer.ChainID { return s.config.Chain }

// ParseAddress implements coffer.Source; see the function of the same name.
func (s *Source) ParseAddress(text string) (coffer.Address, error) { return ParseAddress(text) }

// Head implements coffer.Source. Latest is what the first node that works says. Final is the
// solidified block that Config.Agree nodes have at least.
func (s *Source) Head(ctx context.Context) (coffer.Head, error) {
	nodes := s.client.nodes
	var best coffer.Head
	var final []coffer.BlockRef
	fresh := false
	err := nodes.each(ctx, "head", func(ctx context.Context, e *endpoint) (bool, error) {
		head, err := s.headOf(ctx, e)
		if err != nil {
			return false, err
		}
		final = append(final, head.Final)
		if !fresh {
			if len(final) == 1 || head.Latest.Height > best.Latest.Height {
				best = head
			}
			if fresh = nodes.isNew(head.Latest.Height); !fresh {
				return false, errOldHead
			}
		}
		return len(final) >= s.config.Agree, nil
	})
	switch {
	case len(final) >= s.config.Agree:
	case err == nil:
		return coffer.Head{}, fmt.Errorf("%s: head: %w: %d can be asked, %d are wanted", s.config.Chain, ErrNoNode, len(final), s.config.Agree)
	default:
		return coffer.Head{}, fmt.Errorf("%s: %w", s.config.Chain, err)
	}
	if !fresh {
		nodes.agreeOnLower(best.Latest.Height)
	}
	best.Final = slices.MinFunc(final, func(a, b coffer.BlockRef) int { return cmp.Compare(a.Height, b.Height) })
	return best, nil
}

// headOf asks one node. The solidified block first: it can only grow until the latest is asked
// for.
func (s *Source) headOf(ctx context.Context, e *endpoint) (coffer.Head, error) {
	solid, err := e.header(ctx, tronpb.WalletSolidity_GetBlock_FullMethodName, "")
	if err != nil {
		return coffer.Head{}, fmt.Errorf("solidified block: %w", err)
	}
	latest, err := e.header(ctx, tronpb.Wallet_GetBlock_FullMethodName, "")
	if err != nil {
		return coffer.Head{}, fmt.Errorf("latest block: %w", err)
	}
	if err := s.client.nodes.checkAge(latest.Time); err != nil {
		return coffer.Head{}, err
	}
	if solid.Height > latest.Height {
		return coffer.Head{}, fmt.Errorf("%w: its solidified block %d is above its latest, %d", ErrNotProven, solid.Height, latest.Height)
	}
	return coffer.Head{Latest: latest.BlockRef, Final: solid.BlockRef}, nil
}

// Header implements coffer.Source. The header proves itself; that it is the one at this height
// is the node's word.
func (s *Source) Header(ctx context.Context, height uint64) (coffer.Header, error) {
	if height > maxHeight {
		return coffer.Header{}, fmt.Errorf("%s: header %d: %w: it is above any block", s.config.Chain, height, coffer.ErrNotFound)
	}
	var header provenHeader
	err := s.client.nodes.ask(ctx, question{"header", func(ctx context.Context, e *endpoint) (err error) {
		header, err = e.headerAt(ctx, height)
		return err
	}})
	if err != nil {
		return coffer.Header{}, fmt.Errorf("%s: header %d: %w", s.config.Chain, height, err)
	}
	return header.Header, nil
}

// Block implements coffer.Source. The transactions, and which of them succeeded, are proven by
// the hash. That the block is part of the chain, its logs, fees and what contracts paid are the
// word of Config.Agree nodes, which said the same.
func (s *Source) Block(ctx context.Context, hash coffer.Hash) (coffer.Block, error) {
	if heightOf(hash) > maxHeight {
		return coffer.Block{}, fmt.Errorf("%s: block %s: %w: it is above any block", s.config.Chain, hash, coffer.ErrNotFound)
	}
	var block *content
	err := s.client.nodes.ask(ctx, question{"block", func(ctx context.Context, e *endpoint) (err error) {
		block, err = e.block(ctx, hash)
		return err
	}})
	if err != nil {
		return coffer.Block{}, fmt.Errorf("%s: block %s: %w", s.config.Chain, hash, err)
	}
	said, err := s.agreed(ctx, block)
	if err != nil {
		return coffer.Block{}, fmt.Errorf("%s: block %s: %w", s.config.Chain, hash, err)
	}
	kept, err := json.Marshal(rawBlock{block.raw, said.raw})
	if err != nil {
		return coffer.Block{}, fmt.Errorf("%s: block %s: keep as given: %w", s.config.Chain, hash, err)
	}
	if err := s.watch(block, said.Outcomes); err != nil {
		return coffer.Block{}, fmt.Errorf("%s: block %s: %w", s.config.Chain, hash, err)
	}
	return coffer.Block{Header: block.Header, Transfers: said.Transfers, Outcomes: said.Outcomes, Raw: kept}, nil
}

// rawBlock is what the archive keeps: a node's two answers, a protocol.Block and a
// protocol.TransactionInfoList.
type rawBlock struct {
	Block []byte `json:"block"`
	Infos []byte `json:"infos,omitempty"`
}

// block asks one server for a block.
func (e *endpoint) block(ctx context.Context, hash coffer.Hash) (*content, error) {
	request, err := proto.Marshal(&tronpb.BytesMessage{Value: hash[:]})
	if err != nil {
		return nil, err
	}
	raw, _, err := e.call(ctx, tronpb.Wallet_GetBlockById_FullMethodName, request)
	if err == nil && len(raw) > 0 {
		return readBlock(raw, hash)
	}
	if err != nil && !maybeMissing(err) {
		return nil, err
	}
	return nil, e.missing(ctx, hash, err)
}

// has is coffer.ErrNotFound when a block is not part of the server's chain.
func (e *endpoint) has(ctx context.Context, hash coffer.Hash) error {
	header, err := e.headerAt(ctx, heightOf(hash))
	if err == nil && header.Hash != hash {
		return fmt.Errorf("%w: block %d is %s", coffer.ErrNotFound, header.Height, header.Hash)
	}
	return err
}

// missing says why a server gave nothing on a block: it never had it, or the chain has left it,
// which is coffer.ErrNotFound; or it should have had it.
func (e *endpoint) missing(ctx context.Context, hash coffer.Hash, refused error) error {
	if err := e.has(ctx, hash); err != nil {
		return err
	}
	if refused != nil {
		return refused
	}
	return errors.New("the node has the block's header and gives nothing more of it")
}

// agreed asks one server after the other what became of a block's transactions, until enough
// of them said the same.
func (s *Source) agreed(ctx context.Context, block *content) (reading, error) {
	votes := map[coffer.Hash]int{}
	var said reading
	agreed, answered := false, 0
	err := s.client.nodes.each(ctx, "what became of the transactions", func(ctx context.Context, e *endpoint) (bool, error) {
		one, err := e.infos(ctx, s.config, block)
		if err != nil {
			return false, err
		}
		sum, err := one.sum()
		if err != nil {
			return false, err
		}
		answered++
		if votes[sum]++; votes[sum] >= s.config.Agree {
			said, agreed = one, true
			return true, nil
		}
		return false, nil
	})
	if len(votes) > 1 { // also when two of three agree: somebody has to look at the third
		s.config.Log.Error("nodes disagree on what became of a block's transactions", "chain", s.config.Chain, "block", block.Hash, "height", block.Height)
	}
	switch {
	case agreed:
		return said, nil
	case len(votes) > 1:
		return reading{}, fmt.Errorf("%w on what became of the transactions, in %d ways", ErrDisagree, len(votes))
	case answered > 0 && err == nil:
		return reading{}, fmt.Errorf("%w: %d can be asked what became of the transactions, %d must say the same", ErrNoNode, answered, s.config.Agree)
	}
	return reading{}, err
}

// infos asks one server, which must have the block in its chain. What it says of other
// transactions may be of another block, when it has left this one or does not have it yet.
func (e *endpoint) infos(ctx context.Context, config Config, block *content) (reading, error) {
	if len(block.txs) == 0 {
		return reading{}, e.has(ctx, block.Hash)
	}
	request, err := proto.Marshal(&tronpb.NumberMessage{Num: int64(block.Height)}) // #nosec G115 -- at most maxHeight
	if err != nil {
		return reading{}, err
	}
	raw, _, err := e.call(ctx, tronpb.Wallet_GetTransactionInfoByBlockNum_FullMethodName, request)
	if err != nil && !maybeMissing(err) {
		return reading{}, err
	}
	var said reading
	if err == nil && len(raw) > 0 {
		if said, err = block.read(config, raw); err == nil {
			return said, e.has(ctx, block.Hash)
		}
	}
	return reading{}, e.missing(ctx, block.Hash, err)
}

// watch tells of changed permissions.
func (s *Source) watch(block *content, outcomes []coffer.Outcome) error {
	if s.config.Watch == nil {
		return nil
	}
	failed := map[coffer.Hash]bool{}
	for _, outcome := range outcomes {
		failed[outcome.Tx] = !outcome.Success
	}
	for _, tx := range block.txs {
		if tx.kind != tronpb.Transaction_Contract_AccountPermissionUpdateContract || !tx.hasOwner || failed[tx.id] {
			continue
		}
		update, err := permissionUpdate(block.Header, s.config.Chain, tx)
		if err != nil {
			return err
		}
		s.config.Watch(update)
	}
	return nil
}
