package tron

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// Bounds of Balances.
const (
	maxBalanceGap   = 100 // blocks above the one that is asked for: five minutes
	maxBalanceTries = 5   // to ask between two solidified blocks, which are 3 s apart
)

// ErrNoHistory is returned for balances after a block that is too old: a TRON node tells what
// accounts have after its newest solidified block, and after no other.
var ErrNoHistory = errors.New("the node does not know balances of that block any more")

// Balances tells what addresses had after a block that is solidified and not old: what they have
// after the newest solidified block, without what the blocks between moved. TRX that is staked is
// in it, also where its use is lent or it is being taken back: no block moves it to anybody. What
// blocks do not tell (internal transfers where nodes do not keep them, rewards of votes) is not.
// It is safe for concurrent use.
type Balances struct {
	source *Source

	mu   sync.Mutex
	read map[uint64]coffer.Block // at most maxBalanceGap
}

// NewBalances returns the balances of a chain.
func NewBalances(source *Source) *Balances {
	return &Balances{source: source, read: map[uint64]coffer.Block{}}
}

// BalanceOf returns what an address had of an asset after a block, as one node says it.
// coffer.ErrNotFound while the block is not solidified; ErrNoHistory when it is too old.
func (b *Balances) BalanceOf(ctx context.Context, asset coffer.AssetID, address coffer.Address, block coffer.Hash) (coffer.Amount, error) {
	owner, err := CanonicalAddress(address)
	if err != nil {
		return coffer.Amount{}, err
	}
	amount, at, err := b.source.client.solidBalance(ctx, asset, owner)
	if err != nil {
		return coffer.Amount{}, fmt.Errorf("balance of %s in %s: %w", address, asset, err)
	}
	if amount, err = b.back(ctx, asset, address, amount, at, block); err != nil {
		return coffer.Amount{}, fmt.Errorf("balance of %s in %s after block %s: %w", address, asset, block, err)
	}
	return amount, nil
}

// back undoes what the blocks above one moved.
func (b *Balances) back(ctx context.Context, asset coffer.AssetID, address coffer.Address, amount coffer.Amount, at coffer.BlockRef, block coffer.Hash) (coffer.Amount, error) {
	height := heightOf(block)
	switch {
	case height > at.Height:
		return coffer.Amount{}, fmt.Errorf("%w: block %d is the newest that is solidified", coffer.ErrNotFound, at.Height)
	case at.Height-height > maxBalanceGap:
		return coffer.Amount{}, fmt.Errorf("%w: %d is %d blocks below the newest solidified one", ErrNoHistory, height, at.Height-height)
	}
	in, out := coffer.Amount{}, coffer.Amount{}
	for h := at.Height; h > height; h-- {
		content, err := b.block(ctx, h)
		if err != nil {
			return coffer.Amount{}, err
		}
		for _, t := range content.Transfers {
			if t.Asset != asset {
				continue
			}
			if t.To == address {
				in, err = in.Add(t.Amount)
			}
			if err == nil && t.From == address {
				out, err = out.Add(t.Amount)
			}
			if err != nil {
				return coffer.Amount{}, err
			}
		}
		for _, o := range content.Outcomes {
			if asset.IsNative() && o.Sender == address {
				if out, err = out.Add(o.Fee); err != nil {
					return coffer.Amount{}, err
				}
			}
		}
	}
	if header, err := b.source.Header(ctx, height); err != nil || header.Hash != block {
		return coffer.Amount{}, errors.Join(fmt.Errorf("%w: the chain has another block %d", coffer.ErrNotFound, height), err)
	}
	had, err := amount.Add(out)
	if err != nil {
		return coffer.Amount{}, err
	}
	return had.Sub(in)
}

// block reads a solidified block, which stays as it is.
func (b *Balances) block(ctx context.Context, height uint64) (coffer.Block, error) {
	b.mu.Lock()
	known, ok := b.read[height]
	b.mu.Unlock()
	if ok {
		return known, nil
	}
	header, err := b.source.Header(ctx, height)
	if err != nil {
		return coffer.Block{}, err
	}
	block, err := b.source.Block(ctx, header.Hash)
	if err != nil {
		return coffer.Block{}, err
	}
	block.Raw = nil
	b.mu.Lock()
	defer b.mu.Unlock()
	for h := range b.read {
		if len(b.read) >= maxBalanceGap {
			delete(b.read, h)
		}
	}
	b.read[height] = block
	return block, nil
}

// balanceOfSelector is that of TRC-20's balanceOf(address).
var balanceOfSelector = crypto.Keccak256([]byte("balanceOf(address)"))[:4]

// solidBalance asks one node what an address has, and after which solidified block.
func (c *Client) solidBalance(ctx context.Context, asset coffer.AssetID, owner Address) (amount coffer.Amount, at coffer.BlockRef, err error) {
	var token Address
	if asset != Native(c.config.Chain) {
		if token, err = TokenOf(c.config.Chain, asset); err != nil {
			return coffer.Amount{}, coffer.BlockRef{}, err
		}
	}
	err = c.nodes.ask(ctx, question{"balance", func(ctx context.Context, e *endpoint) error {
		for range maxBalanceTries {
			before, err := e.header(ctx, tronpb.WalletSolidity_GetBlock_FullMethodName, "")
			if err != nil {
				return err
			}
			if asset.IsNative() {
				amount, err = e.solidTRX(ctx, owner)
			} else {
				amount, err = e.solidToken(ctx, token, owner)
			}
			if err != nil {
				return err
			}
			after, err := e.header(ctx, tronpb.WalletSolidity_GetBlock_FullMethodName, "")
			if err != nil {
				return err
			}
			if at = after.BlockRef; before.Hash == after.Hash {
				return nil
			}
		}
		return errors.New("blocks come faster than the node answers")
	}})
	return amount, at, err
}

// solidTRX is zero where there is no account.
func (e *endpoint) solidTRX(ctx context.Context, owner Address) (coffer.Amount, error) {
	var account tronpb.Account
	if err := e.ask(ctx, tronpb.WalletSolidity_GetAccount_FullMethodName, &tronpb.Account{Address: owner.Bytes()}, &account); err != nil {
		return coffer.Amount{}, err
	}
	if account.GetBalance() < 0 || (len(account.GetAddress()) > 0 && string(account.GetAddress()) != string(owner.Bytes())) {
		return coffer.Amount{}, fmt.Errorf("%w: account %x with %d sun", ErrNotProven, account.GetAddress(), account.GetBalance())
	}
	return stakeOf(&account).Add(coffer.NewAmount(uint64(account.GetBalance()))) // #nosec G115 -- not negative
}

// maxStake is more sun than there is, and less than adding to it could overflow.
const maxStake = 1 << 62

// stakeOf is what an account has staked (Stake 2.0), for itself or for others, and is taking back.
func stakeOf(account *tronpb.Account) coffer.Amount {
	sum := uint64(0)
	add := func(amount int64) { sum = min(sum+count(amount), maxStake) }
	for _, frozen := range account.GetFrozenV2() {
		add(frozen.GetAmount())
	}
	for _, thawing := range account.GetUnfrozenV2() {
		add(thawing.GetUnfreezeAmount())
	}
	add(account.GetDelegatedFrozenV2BalanceForBandwidth())
	add(account.GetAccountResource().GetDelegatedFrozenV2BalanceForEnergy())
	return coffer.NewAmount(sum)
}

func (e *endpoint) solidToken(ctx context.Context, token, owner Address) (coffer.Amount, error) {
	call := &tronpb.TriggerSmartContract{
		OwnerAddress: owner.Bytes(), ContractAddress: token.Bytes(),
		Data: append(append(append([]byte{}, balanceOfSelector...), make([]byte, 12)...), owner[:]...),
	}
	var answer tronpb.TransactionExtention
	if err := e.ask(ctx, tronpb.WalletSolidity_TriggerConstantContract_FullMethodName, call, &answer); err != nil {
		return coffer.Amount{}, err
	}
	results := answer.GetConstantResult()
	if !answer.GetResult().GetResult() || len(results) != 1 || len(results[0]) != 32 {
		return coffer.Amount{}, fmt.Errorf("token %s does not tell its balances: %s %q", token, answer.GetResult().GetCode(), readable(answer.GetResult().GetMessage(), maxReason))
	}
	return coffer.AmountFromBytes(results[0])
}

// Decimals asks a token for its decimals, in a node's head.
func (c *Client) Decimals(ctx context.Context, token Address) (uint8, error) {
	called, err := c.Constant(ctx, token, token, crypto.Keccak256([]byte("decimals()"))[:4])
	if err != nil {
		return 0, err
	}
	if called.Reverted || len(called.Result) != 32 {
		return 0, fmt.Errorf("there is no token at %s: asked for its decimals, it answers %d bytes", token, len(called.Result))
	}
	for _, b := range called.Result[:31] {
		if b != 0 {
			return 0, fmt.Errorf("token %s: %w: more than 255 decimals", token, ErrNotProven)
		}
	}
	return called.Result[31], nil
}
