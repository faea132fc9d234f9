package deposit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
)

// pruned is a second node that can say what a block paid only for a while.
type pruned struct {
	*corroborating
	forgot   map[coffer.Hash]bool
	recalled []coffer.Hash
}

var errPruned = errors.New("required historical state unavailable")

func (p *pruned) Corroborate(ctx context.Context, block coffer.Hash, transfers []coffer.Transfer) (bool, error) {
	if p.forgot[block] {
		return false, errPruned
	}
	return p.corroborating.Corroborate(ctx, block, transfers)
}

func (p *pruned) Recall(ctx context.Context, block coffer.Hash, transfers []coffer.Transfer) (bool, error) {
	p.recalled = append(p.recalled, block)
	return p.Corroborate(ctx, block, transfers)
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

// early asks as often as there is more to ask.
func (h *harness) early() {
	h.t.Helper()
	for calls := 0; ; calls++ {
		if more, err := h.s.AskEarly(context.Background(), h.chain); err != nil {
			h.t.Fatal(err)
		} else if !more {
			return
		}
		if calls > 100 {
			h.t.Fatal("there is always more to ask")
		}
	}
}

// Nodes keep traces of some hundred blocks, and more may pass until a deposit is final.
func TestASecondNodeIsAskedBeforeItForgets(t *testing.T) {
	h, node := prunedHarness(t)
	block := h.mine(transfer(h.eth(), 1, "trace:1", h.user("ann"), 7))
	h.early()
	h.early()
	if !slices.Equal(node.recalled, []coffer.Hash{block.Hash}) {
		t.Fatalf("asked about %v, want %s once", node.recalled, block.Hash)
	}
	node.forgot[block.Hash] = true
	h.check(false)
	h.empty(205)
	h.wantBalance("ann", h.eth(), 0, 7)
	h.check(true) // that the block is part of the chain is asked now
	h.wantBalance("ann", h.eth(), 7, 0)
}

// What was found in a block says nothing of the block that takes its place.
func TestWhatWasFoundEarlyIsOfItsBlock(t *testing.T) {
	h, node := prunedHarness(t)
	paid := transfer(h.eth(), 1, "trace:1", h.user("ann"), 7)
	h.mine(paid)
	h.early()
	node.lacks = h.user("ann")
	h.reorg(1, []coffer.Transfer{paid}, nil)
	h.early()
	h.empty(205)
	h.check(true)
	h.wantBalance("ann", h.eth(), 0, 7)
	if all, err := h.s.Disagreements(t.Context(), h.chain); err != nil || len(all) != 1 {
		t.Errorf("disagreements: %v, %v", all, err)
	}
}

// Early answers never say no, and are asked for again later and later.
func TestAnEarlyDenialHoldsNothing(t *testing.T) {
	h, node := prunedHarness(t)
	block := h.mine(transfer(h.eth(), 1, "trace:1", h.user("ann"), 7))
	node.denies = true
	h.early()
	h.early()
	if len(node.recalled) != 1 {
		t.Errorf("asked %d times at once", len(node.recalled))
	}
	h.now = h.now.Add(11 * time.Second)
	node.denies, node.err = false, coffer.ErrNotFound
	h.early() // being behind is no error
	h.now = h.now.Add(11 * time.Second)
	h.early()
	if len(node.recalled) != 2 {
		t.Errorf("asked %d times, want 2: the second wait is longer", len(node.recalled))
	}
	h.now = h.now.Add(time.Hour)
	node.err = errPruned
	if _, err := h.s.AskEarly(t.Context(), h.chain); !errors.Is(err, errPruned) {
		t.Errorf("a node that forgot: %v", err)
	}
	if all, err := h.s.Disagreements(t.Context(), h.chain); err != nil || len(all) != 0 {
		t.Errorf("disagreements: %v, %v", all, err)
	}

	unheard := func(want ...coffer.BlockRef) {
		t.Helper()
		all, err := h.s.Unheard(t.Context(), h.chain)
		var got []coffer.BlockRef
		for _, u := range all {
			if got = append(got, u.Block); u.Since.IsZero() {
				t.Error("no time")
			}
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("unheard: %v, %v; want %v", all, err, want)
		}
	}
	unheard()
	h.empty(205)
	if moved, err := h.s.Check(t.Context(), h.chain); moved || !errors.Is(err, errPruned) {
		t.Errorf("a node that forgot: %v, %v", moved, err)
	}
	unheard(block.BlockRef)
	node.err, node.denies = nil, true
	h.check(true)
	unheard() // it is disputed
	node.denies = false
	h.check(true)
	h.wantBalance("ann", h.eth(), 7, 0)
	unheard()
}

// One payment that the node does not find does not keep it from finding the others of the block.
func TestWhatABlockLacksDoesNotHideTheRest(t *testing.T) {
	h, node := prunedHarness(t)
	node.lacks = h.user("bob")
	block := h.mine(transfer(h.eth(), 1, "trace:1", h.user("ann"), 7), transfer(h.eth(), 1, "trace:2", h.user("bob"), 8))
	h.early()
	node.lacks = ""
	h.now = h.now.Add(time.Hour)
	node.asked = nil
	h.early()
	if len(node.asked) != 1 || len(node.asked[0]) != 1 || node.asked[0][0].To != h.user("bob") {
		t.Errorf("asked about %v, want bob's alone", node.asked)
	}
	node.forgot[block.Hash] = true
	h.empty(205)
	h.check(true)
	h.wantBalance("ann", h.eth(), 7, 0)
	h.wantBalance("bob", h.eth(), 8, 0)
}

// The newest are asked about first, and those without an answer keep nobody from a turn.
func TestTheNewestAreAskedAboutFirst(t *testing.T) {
	h, node := prunedHarness(t)
	var hashes []coffer.Hash
	for i := range 40 {
		block := h.mine(transfer(h.eth(), uint64(i+1), "trace:1", h.user(fmt.Sprint("u", i)), 7))
		hashes = append(hashes, block.Hash)
		node.forgot[block.Hash] = i >= 20
	}
	for calls := range 10 {
		if more, err := h.s.AskEarly(t.Context(), h.chain); !more {
			break
		} else if calls == 0 && !errors.Is(err, errPruned) {
			t.Errorf("the newest: %v", err)
		}
	}
	slices.Reverse(hashes)
	if !slices.Equal(node.recalled, hashes) {
		t.Errorf("asked about %d blocks, want the 40 once, the newest first", len(node.recalled))
	}
}
