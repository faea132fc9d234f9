package deposit_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
)

// pruned is a second node that can say what a block paid only for a while.
type pruned struct {
	*corroborating
	forgot map[coffer.Hash]bool
	asked  []coffer.Hash
}

var errPruned = errors.New("required historical state unavailable")

func (p *pruned) Corroborate(ctx context.Context, block coffer.Hash, transfers []coffer.Transfer) (bool, error) {
	p.asked = append(p.asked, block)
	if p.forgot[block] {
		return false, errPruned
	}
	return p.corroborating.Corroborate(ctx, block, transfers)
}

func prunedHarness(t *testing.T) (*harness, *pruned) {
	h := newHarness(t, nil)
	node := &pruned{&corroborating{Fake: h.fake}, map[coffer.Hash]bool{}, nil}
	h.s = h.start(h.db, func(c *deposit.Config) {
		c.Assets[1].Credit, c.Assets[1].Unlock = 2, 200
		c.Chains[0].Second = node
	})
	return h, node
}

// Nodes keep traces of some hundred blocks, and more may pass until a deposit is final.
func TestASecondNodeIsAskedBeforeItForgets(t *testing.T) {
	h, node := prunedHarness(t)
	block := h.mine(transfer(h.eth(), 1, "trace:1", h.user("ann"), 7))
	h.check(false) // there is nothing to unlock
	h.check(false)
	if !slices.Equal(node.asked, []coffer.Hash{block.Hash}) {
		t.Fatalf("asked about %v, want %s once", node.asked, block.Hash)
	}
	node.forgot[block.Hash] = true
	h.empty(205)
	h.wantBalance("ann", h.eth(), 0, 7)
	h.check(true) // that the block is part of the chain is asked now
	h.wantBalance("ann", h.eth(), 7, 0)
	if len(node.asked) != 1 {
		t.Errorf("asked %d times", len(node.asked))
	}
}

// What was found in a block says nothing of the block that takes its place.
func TestWhatWasFoundEarlyIsOfItsBlock(t *testing.T) {
	h, node := prunedHarness(t)
	paid := transfer(h.eth(), 1, "trace:1", h.user("ann"), 7)
	h.mine(paid)
	h.check(false)
	node.lacks = h.user("ann")
	h.reorg(1, []coffer.Transfer{paid}, nil)
	h.settle()
	h.check(false)
	h.empty(205)
	h.check(true)
	h.wantBalance("ann", h.eth(), 0, 7)
	if all, err := h.s.Disagreements(t.Context(), h.chain); err != nil || len(all) != 1 {
		t.Errorf("disagreements: %v, %v", all, err)
	}
}

// Early answers never say no: a node that is behind, on another branch or wrong is asked again.
func TestAnEarlyDenialHoldsNothing(t *testing.T) {
	h, node := prunedHarness(t)
	block := h.mine(transfer(h.eth(), 1, "trace:1", h.user("ann"), 7))
	node.denies = true
	h.check(false)
	node.denies, node.err = false, coffer.ErrNotFound
	h.check(false)
	node.err = context.DeadlineExceeded
	if _, err := h.s.Check(t.Context(), h.chain); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a silent node: %v", err)
	}
	if all, err := h.s.Disagreements(t.Context(), h.chain); err != nil || len(all) != 0 {
		t.Errorf("disagreements: %v, %v", all, err)
	}
	h.empty(205)
	node.err = errPruned
	if moved, err := h.s.Check(t.Context(), h.chain); moved || !errors.Is(err, errPruned) {
		t.Errorf("a node that forgot: %v, %v", moved, err)
	}
	unheard, err := h.s.Unheard(t.Context(), h.chain)
	if err != nil || len(unheard) != 1 || unheard[0].Block != block.BlockRef || unheard[0].Since.IsZero() {
		t.Errorf("unheard: %v, %v", unheard, err)
	}
	node.err = nil // another node
	h.check(true)
	h.wantBalance("ann", h.eth(), 7, 0)
	if unheard, err := h.s.Unheard(t.Context(), h.chain); err != nil || len(unheard) != 0 {
		t.Errorf("unheard: %v, %v", unheard, err)
	}
}

// More blocks than one call asks about are asked about in calls that follow at once.
func TestManyBlocksAreAskedAboutEarly(t *testing.T) {
	h, node := prunedHarness(t)
	for i := range 40 {
		block := h.mine(transfer(h.eth(), uint64(i+1), "trace:1", h.user("ann"), 7))
		node.forgot[block.Hash] = i < 20
	}
	calls := 0
	for ; calls < 10; calls++ {
		if moved, err := h.s.Check(t.Context(), h.chain); !moved && err == nil {
			break
		}
	}
	known := map[coffer.Hash]bool{}
	for _, hash := range node.asked {
		known[hash] = true
	}
	if len(known) != 40 {
		t.Errorf("%d blocks asked about in %d calls, want 40", len(known), calls)
	}
}
