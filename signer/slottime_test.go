package signer

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
)

// timeWorld is a chain as two nodes of a signer show it, and a slot in which one transaction was
// signed that is valid until a block's time.
type timeWorld struct {
	t        *testing.T
	fakes    []*chaintest.Fake
	observer *timeObserver
	view     slotView
	id       coffer.Hash
}

const (
	signedAt = 40 // height
	validTo  = 60
)

func newTimeWorld(t *testing.T) *timeWorld {
	t.Helper()
	w := &timeWorld{t: t, id: coffer.Hash{7}}
	for range 2 {
		fake := chaintest.NewFake("tron:0x2b6653dc")
		fake.FinalFollows(2)
		w.fakes = append(w.fakes, fake)
	}
	w.observer = &timeObserver{
		sources: func(context.Context) ([]coffer.Source, error) {
			return []coffer.Source{w.fakes[0], w.fakes[1]}, nil
		},
		closing: func() {}, blocks: blockReader{proveStart: true, scans: map[slotKey]scan{}},
	}
	w.view = slotView{
		key: slotKey{"tron:0x2b6653dc", "TWallet", coffer.Slot{Kind: coffer.SlotTimestamp, Lane: "0x0", Sequence: uint64(w.at(signedAt).Unix())}},
		ids: []coffer.Hash{w.id}, since: w.at(signedAt), until: w.at(validTo),
	}
	return w
}

// at is the time of a block.
func (w *timeWorld) at(height int) time.Time {
	genesis := w.fakes[0].Canonical()[0].Time
	second := chaintest.NewFake("tron:0x1").MineEmpty(1)
	return genesis.Add(time.Duration(height) * second.Time.Sub(genesis))
}

// mine makes blocks up to a height, and one there with outcomes, the same at all nodes.
func (w *timeWorld) mine(height int, outcomes ...coffer.Outcome) {
	for _, fake := range w.fakes {
		fake.MineEmpty(height - len(fake.Canonical()))
		fake.Mine(nil, outcomes)
	}
}

func (w *timeWorld) end(now time.Time) (slotRecord, error) {
	w.t.Helper()
	return w.observer.end(w.t.Context(), w.view, now)
}

func (w *timeWorld) outcome(success bool) coffer.Outcome {
	return coffer.Outcome{ID: w.id, Tx: w.id, Sender: "TWallet", Slot: w.view.key.slot, Success: success}
}

func TestASlotOfATimeEndsByWhatItsBlocksHold(t *testing.T) {
	for name, v := range map[string]struct {
		height  int // of the block with the transaction; 0 for none
		success bool
		tip     int
		now     int
		want    string
		err     error
	}{
		"paid":                              {height: 50, success: true, tip: 70, now: 70, want: endPaid},
		"paid before it expired":            {height: 45, success: true, tip: 50, now: 50, want: endPaid},
		"failed":                            {height: 50, tip: 70, now: 70, want: endFailed},
		"before this signer signed":         {height: 30, success: true, tip: 70, now: 70, want: endPaid},
		"in the last block that takes it":   {height: validTo, success: true, tip: 70, now: 70, want: endPaid},
		"never":                             {tip: 70, now: 70, want: endExpired},
		"never, at the first final moment":  {tip: validTo + 3, now: 70, want: endExpired},
		"may land still":                    {tip: validTo - 5, now: 70, err: errAlive},
		"the final block is of its end":     {tip: validTo + 2, now: 70, err: errAlive},
		"valid by the signer's own clock":   {tip: 70, now: validTo, err: errAlive},
		"seen in a block that is not final": {height: 59, success: true, tip: 60, now: 70, err: errAlive},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTimeWorld(t)
			if v.height > 0 {
				w.mine(v.height, w.outcome(v.success))
			}
			w.mine(v.tip)
			ended, err := w.end(w.at(v.now))
			if v.err != nil {
				if !errors.Is(err, v.err) {
					t.Fatalf("%+v, %v", ended, err)
				}
				return
			}
			if err != nil || ended.End != v.want || ended.Slot != w.view.key.slot || ended.Final.Height != uint64(v.tip-2) {
				t.Fatalf("%+v, %v", ended, err)
			}
			if v.height > 0 && (ended.By != w.id || ended.Block.Height != uint64(v.height)) {
				t.Errorf("%+v", ended)
			}
		})
	}
}

func TestNodesOfASignerHaveToAgreeOnASlot(t *testing.T) {
	w := newTimeWorld(t)
	w.mine(50, w.outcome(true))
	w.mine(70)
	w.fakes[1].Reorg(25)
	w.fakes[1].MineEmpty(30)
	if ended, err := w.end(w.at(90)); !errors.Is(err, errChainsDiffer) || errors.Is(err, errAlive) {
		t.Errorf("another chain: %+v, %v", ended, err)
	}

	w = newTimeWorld(t)
	w.mine(70)
	w.fakes[1].Fail("block", 1)
	w.fakes[1].Fail("header", 1)
	w.fakes[1].Fail("head", 1)
	if ended, err := w.end(w.at(90)); err == nil || errors.Is(err, errAlive) {
		t.Errorf("a node that is away: %+v, %v", ended, err)
	}

	w = newTimeWorld(t)
	w.mine(70)
	w.view.unnamed = true
	if ended, err := w.end(w.at(90)); !errors.Is(err, errAlive) {
		t.Errorf("an id that was not kept: %+v, %v", ended, err)
	}
}

// A node that says of the same block that a transaction failed is not believed.
func TestNodesOfASignerHaveToAgreeOnAnOutcome(t *testing.T) {
	w := newTimeWorld(t)
	w.mine(50, w.outcome(true))
	w.mine(70)
	real := w.observer.sources
	w.observer.sources = func(ctx context.Context) ([]coffer.Source, error) {
		sources, err := real(ctx)
		sources[1] = liar{sources[1]}
		return sources, err
	}
	if ended, err := w.end(w.at(90)); !errors.Is(err, errChainsDiffer) {
		t.Errorf("%+v, %v", ended, err)
	}
}

// liar says that every transaction failed.
type liar struct{ coffer.Source }

func (l liar) Block(ctx context.Context, hash coffer.Hash) (coffer.Block, error) {
	block, err := l.Source.Block(ctx, hash)
	for n := range block.Outcomes {
		block.Outcomes[n].Success = false
	}
	return block, err
}

// More blocks than are read for one request are read by several.
func TestManyBlocksOfASlotAreReadByAndBy(t *testing.T) {
	w := newTimeWorld(t)
	w.view.until = w.at(signedAt + 2*maxScanBlocks + 10)
	w.mine(signedAt + 2*maxScanBlocks + 50)
	now := w.at(signedAt + 2*maxScanBlocks + 50)
	for range 2 {
		if ended, err := w.end(now); err == nil || errors.Is(err, errAlive) || !strings.Contains(err.Error(), "ask again") {
			t.Fatalf("%+v, %v", ended, err)
		}
	}
	if ended, err := w.end(now); err != nil || ended.End != endExpired {
		t.Errorf("%+v, %v", ended, err)
	}
	if len(w.observer.blocks.scans) != 0 {
		t.Error("how far it read is still remembered")
	}
}

// Accounts of one chain have slots of the same time. What was read for one says nothing of another.
func TestAccountsDoNotShareWhatWasReadOfASlot(t *testing.T) {
	w := newTimeWorld(t)
	other := w.view
	other.key.wallet, other.ids = "TAnother", []coffer.Hash{{9}}
	other.until = w.at(validTo + 30)
	w.mine(50, w.outcome(true))
	w.mine(70)
	if ended, err := w.observer.end(t.Context(), other, w.at(75)); !errors.Is(err, errAlive) {
		t.Fatalf("%+v, %v", ended, err)
	}
	if ended, err := w.end(w.at(75)); err != nil || ended.End != endPaid || ended.Block.Height != 50 {
		t.Errorf("%+v, %v, want it paid in block 50", ended, err)
	}
}

// What others signed while this signer was away, by clocks that were ahead, is seen all the same.
func TestBlocksWellBeforeASlotsTimeAreRead(t *testing.T) {
	w := newTimeWorld(t)
	w.view.key.slot.Sequence += 600 // the clocks of those who planned it were ten minutes ahead
	w.mine(5, w.outcome(true))
	w.mine(70)
	if ended, err := w.end(w.at(75)); err != nil || ended.End != endPaid || ended.Block.Height != 5 {
		t.Errorf("%+v, %v, want it paid in block 5", ended, err)
	}
}

func TestSlotsOfATimeAreAboutNow(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for name, v := range map[string]struct {
		ahead time.Duration
		want  string
	}{
		"now": {0, ""}, "a little ahead": {slotSkew, ""}, "too far ahead": {slotSkew + time.Second, "more than"},
		"an hour old": {-time.Hour, ""}, "older": {-time.Hour - time.Second, "ago"}, "no time at all": {1 << 62, "9999"},
	} {
		slot := coffer.Slot{Kind: coffer.SlotTimestamp, Lane: "0x0", Sequence: uint64(now.Add(v.ahead).Unix())}
		if v.ahead == 1<<62 {
			slot.Sequence = 1 << 62
		}
		err := checkSlotTime(slot, time.Hour, now)
		if v.want == "" && err != nil || v.want != "" && (err == nil || !strings.Contains(err.Error(), v.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := checkSlotTime(coffer.Slot{Kind: coffer.SlotSafe, Sequence: 1}, time.Hour, now); err != nil {
		t.Errorf("a Safe's nonce is no time: %v", err)
	}
}

// Where to begin reading is one node's word. One that makes it begin behind what landed proves
// nothing dead.
func TestANodeThatLiesAboutTimesEndsNoSlot(t *testing.T) {
	w := newTimeWorld(t)
	w.mine(50, w.outcome(true))
	w.mine(70)
	real := w.observer.sources
	w.observer.sources = func(ctx context.Context) ([]coffer.Source, error) {
		sources, err := real(ctx)
		sources[0] = ager{sources[0]}
		return sources, err
	}
	if ended, err := w.end(w.at(90)); !errors.Is(err, errChainsDiffer) {
		t.Errorf("%+v, %v; the transaction is in block 50", ended, err)
	}
}

// ager says of headers up to the slot's end that they are old.
type ager struct{ coffer.Source }

func (a ager) Header(ctx context.Context, height uint64) (coffer.Header, error) {
	header, err := a.Source.Header(ctx, height)
	if height < validTo {
		header.Time = time.Unix(0, 0)
	}
	return header, err
}
