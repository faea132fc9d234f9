package signer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/evm"
)

// How a slot ended, as this signer's own nodes show it in a final block.
const (
	endFailed  = "failed"  // consumed by an operation that paid nothing, because it reverted
	endOther   = "other"   // consumed by an operation that this signer never signed
	endExpired = "expired" // not consumed, and nothing signed in it is valid any more
	endPaid    = "paid"    // consumed by what this signer signed for its orders

	endCancelled = "cancelled" // consumed by a cancellation, which pays nothing
)

// Bounds of looking at the chain.
const (
	nodeCallTime = 5 * time.Second
	maxAhead     = 15 * time.Minute // of a final block's time before our clock
	searchSlack  = time.Hour        // others may have signed before us, and clocks differ
	maxEnds      = 16               // slots looked at for one request; the next request goes on
)

// slotView is what a signer has to know of a slot to tell how it ended.
type slotView struct {
	key      slotKey
	since    time.Time // it was first signed in
	until    time.Time // the last moment anything signed in it is valid; zero: for ever
	ids      []coffer.Hash
	cancels  []coffer.Hash // ids of cancellations
	unnamed  bool          // something was signed whose id was not kept
	native   coffer.AssetID
	payments []orderRecord
}

// bound says what stands in the way, up to the slot's name.
func (v slotView) bound() string {
	if len(v.payments) == 0 {
		return "what pays nobody is bound to"
	}
	return fmt.Sprintf("order %s is bound to", v.payments[0].ID)
}

// observer is a signer's own sight of a chain: its nodes, which all have to say the same.
type observer interface {
	// end tells how a slot ended. Only final blocks count. errAlive when it has not ended; any
	// other error says nothing about the slot.
	end(ctx context.Context, v slotView, now time.Time) (slotRecord, error)
	close()
}

func newObserver(c ChainConfig, clock coffer.Clock, logger *slog.Logger) (observer, error) {
	if c.Chain.Namespace() == coffer.NamespaceUTXO {
		return newCoinObserver(c, clock, logger)
	}
	if c.Chain.Namespace() == coffer.NamespaceTRON {
		return newTimeObserver(c, clock, logger)
	}
	return newEVMObserver(c, clock, logger)
}

// evmObserver is a signer's own sight of an EVM chain.
type evmObserver struct {
	configs []evm.Config // of one node each

	mu      sync.Mutex
	clients []*evm.Client // nil until it is first needed
}

func newEVMObserver(c ChainConfig, clock coffer.Clock, logger *slog.Logger) (*evmObserver, error) {
	entryPoint, err := parseAddress(c.EntryPoint)
	if err != nil {
		return nil, err
	}
	var wallets []common.Address
	for _, text := range c.Wallets {
		wallet, err := parseAddress(text)
		if err != nil {
			return nil, err
		}
		wallets = append(wallets, wallet)
	}
	o := &evmObserver{clients: make([]*evm.Client, len(c.RPC))}
	for _, url := range c.RPC {
		config := evm.Config{
			Chain: c.Chain, Native: c.Native, EntryPoint: entryPoint, Wallets: wallets, NativeTransfers: evm.NativeTopLevel,
			URLs: []string{url}, CallTimeout: nodeCallTime, Clock: clock, Log: logger,
		}
		if err := config.Check(); err != nil {
			return nil, err
		}
		o.configs = append(o.configs, config)
	}
	return o, nil
}

// nodes connects to every node, those that were away before included.
func (o *evmObserver) nodes(ctx context.Context) ([]*evm.Client, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, config := range o.configs {
		if o.clients[i] != nil {
			continue
		}
		client, err := evm.Dial(ctx, config)
		if err != nil {
			return nil, err
		}
		o.clients[i] = client
	}
	return slices.Clone(o.clients), nil
}

func (o *evmObserver) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, client := range o.clients {
		if client != nil {
			client.Close()
		}
	}
}

// errAlive is returned for a slot in which something may still land.
var errAlive = errors.New("it may still be used")

// end tells how a slot ended. Only final blocks count, and every node has to have the same
// ones. errAlive when it has not ended; any other error says nothing about the slot.
func (o *evmObserver) end(ctx context.Context, v slotView, now time.Time) (slotRecord, error) {
	nodes, err := o.nodes(ctx)
	if err != nil {
		return slotRecord{}, err
	}
	final, err := lowestFinal(ctx, nodes)
	if err != nil {
		return slotRecord{}, err
	}
	consumed := 0
	for _, node := range nodes {
		next, err := node.SequenceAt(ctx, v.key.wallet, v.key.slot, final.Hash)
		if err != nil {
			return slotRecord{}, err
		}
		if next > v.key.slot.Sequence {
			consumed++
		}
	}
	ended := slotRecord{Chain: v.key.chain, Wallet: v.key.wallet, Slot: v.key.slot, Final: final.BlockRef}
	switch consumed {
	case 0:
		ended.End, ended.Time = endExpired, final.Time.UTC()
		return ended, expired(v, final, now)
	case len(nodes):
		return o.consumer(ctx, nodes, v, final, ended)
	}
	return slotRecord{}, fmt.Errorf("%w about slot %s after block %s", evm.ErrDisagree, v.key.slot, final.Hash)
}

// lowestFinal is the highest block that every node calls final.
func lowestFinal(ctx context.Context, nodes []*evm.Client) (coffer.Header, error) {
	var lowest coffer.BlockRef
	for i, node := range nodes {
		head, err := evm.NewSource(node, node.Config()).Head(ctx)
		if err != nil {
			return coffer.Header{}, err
		}
		if head.Final.Hash.IsZero() {
			return coffer.Header{}, errors.New("a node has no final block")
		}
		if i == 0 || head.Final.Height < lowest.Height {
			lowest = head.Final
		}
	}
	return confirm(ctx, nodes, lowest)
}

// confirm returns the header of a block that every node has at that height.
func confirm(ctx context.Context, nodes []*evm.Client, block coffer.BlockRef) (coffer.Header, error) {
	var header coffer.Header
	for _, node := range nodes {
		var err error
		if header, err = evm.NewSource(node, node.Config()).Header(ctx, block.Height); err != nil {
			return coffer.Header{}, err
		}
		if header.Hash != block.Hash {
			return coffer.Header{}, fmt.Errorf("%w: blocks %s and %s at height %d", evm.ErrDisagree, block.Hash, header.Hash, block.Height)
		}
	}
	return header, nil
}

// expired holds a slot that is not consumed to the end of everything signed in it, by the
// chain's time and by our own. The EntryPoint takes an operation at validUntil itself.
func expired(v slotView, final coffer.Header, now time.Time) error {
	switch {
	case v.until.IsZero():
		return fmt.Errorf("%w: what was signed in it has no end of validity", errAlive)
	case !final.Time.After(v.until):
		return fmt.Errorf("%w: it is valid until %s, the final block is of %s", errAlive, rfc3339(v.until), rfc3339(final.Time))
	case !now.After(v.until):
		return fmt.Errorf("%w: it is valid until %s, which is not over by this signer's clock", errAlive, rfc3339(v.until))
	case final.Time.After(now.Add(maxAhead)):
		return fmt.Errorf("the final block is of %s, far ahead of this signer's clock", rfc3339(final.Time))
	}
	return nil
}

// consumer tells what consumed a slot: what every node shows, in the same block. Which
// transaction had a Safe's nonce is a node's word about its state, which no block proves. An
// operation that this signer did not sign may be a variant that its peers signed: then its
// payments are in the receipt, and it counts as alive.
func (o *evmObserver) consumer(ctx context.Context, nodes []*evm.Client, v slotView, final coffer.Header, ended slotRecord) (slotRecord, error) {
	var block coffer.Block
	var outcome coffer.Outcome
	for i, node := range nodes {
		in, found, err := evm.NewSource(node, node.Config()).Consumer(ctx, v.key.wallet, v.key.slot, final.Height, v.since.Add(-searchSlack))
		if err != nil {
			return slotRecord{}, err
		}
		if i > 0 && (in.BlockRef != block.BlockRef || found.ID != outcome.ID || found.Tx != outcome.Tx || found.Success != outcome.Success) {
			return slotRecord{}, fmt.Errorf("%w: slot %s was consumed by %s in block %s, or by %s in block %s",
				evm.ErrDisagree, v.key.slot, outcome.ID, block.Hash, found.ID, in.Hash)
		}
		block, outcome = in, found
	}
	if block.Height > final.Height {
		return slotRecord{}, fmt.Errorf("%w: block %d is above the final block", errAlive, block.Height)
	}
	if _, err := confirm(ctx, nodes, block.BlockRef); err != nil {
		return slotRecord{}, err
	}

	ended.Block, ended.Time, ended.By = block.BlockRef, block.Time.UTC(), outcome.ID
	switch known := slices.Contains(v.ids, outcome.ID); {
	case slices.Contains(v.cancels, outcome.ID):
		ended.End = endCancelled
	case !outcome.Success:
		ended.End = endFailed
	case known:
		ended.End = endPaid
	case v.unnamed:
		return slotRecord{}, fmt.Errorf("%w: operation %s succeeded, and this signer did not keep what it signed", errAlive, outcome.ID)
	default:
		ended.End = endOther
		if err := paysNone(v, block, outcome); err != nil {
			return slotRecord{}, err
		}
	}
	return ended, nil
}

// paysNone refuses an operation of others that may have paid one of the slot's orders: any
// transfer of the amount counts. Native payments leave no trace that proves itself, so with
// one among the orders nothing is known.
func paysNone(v slotView, block coffer.Block, outcome coffer.Outcome) error {
	for _, o := range v.payments {
		if o.Asset == v.native {
			return fmt.Errorf("%w: operation %s, which this signer did not sign, may have paid order %s", errAlive, outcome.ID, o.ID)
		}
		for _, t := range block.Transfers {
			if t.Tx == outcome.Tx && t.From == v.key.wallet && t.Asset == o.Asset && t.Amount == o.Amount {
				return fmt.Errorf("%w: operation %s, which this signer did not sign, paid what order %s asks for", errAlive, outcome.ID, o.ID)
			}
		}
	}
	return nil
}

// bury looks after the slots that stand in the way of a request: those that its orders are
// bound to, and its own when that was given to other orders. What this signer's own nodes
// prove to have ended is recorded, so that a request with more of them than maxEnds is signed
// when it was asked for often enough. What has not ended is refused with its reason.
func (s *Server) bury(ctx context.Context, r coffer.SigningRequest, chain servedChain) error {
	if chain.observer == nil {
		return nil
	}
	s.mu.Lock()
	views := s.state.inTheWay(r, chain.native)
	now := s.state.now(s.clock())
	s.mu.Unlock()

	for _, v := range views[:min(len(views), maxEnds)] {
		ended, err := chain.observer.end(ctx, v, now)
		switch {
		case errors.Is(err, errAlive):
			return coffer.Errorf(coffer.CodeConflict, "%s slot %s of %s on %s: %s", v.bound(), v.key.slot, v.key.wallet, v.key.chain, err)
		case err != nil:
			return &coffer.Error{Code: coffer.CodeUnavailable, Cause: err,
				Message: fmt.Sprintf("%s slot %s, and this signer cannot see how that ended: %s", v.bound(), v.key.slot, err)}
		}
		if err := s.recordEnd(v, ended); err != nil {
			return err
		}
	}
	if left := len(views) - maxEnds; left > 0 {
		return coffer.Errorf(coffer.CodeUnavailable, "%d slots that the orders were bound to have ended, %d are to be looked at yet; ask again", maxEnds, left)
	}
	return nil
}

// recordEnd writes down how a slot ended, unless more was signed in it meanwhile.
func (s *Server) recordEnd(v slotView, ended slotRecord) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	slot, taken := s.state.slots[v.key]
	if !taken || slot.end != "" {
		return nil // somebody else's request came first
	}
	if ended.End == endExpired && slot.until.After(v.until) {
		return coffer.Errorf(coffer.CodeConflict, "slot %s was signed again meanwhile", v.key.slot)
	}
	return s.append(s.state.now(s.clock()), record{Kind: kindSlot, Slot: &ended})
}
