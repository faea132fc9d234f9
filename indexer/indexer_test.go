package indexer_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/indexer"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
	"github.com/cofferhq/coffer/stream"
)

// bench is a fake chain, a real log, and an indexer between them.
type bench struct {
	t    tester
	id   coffer.ChainID
	fake *chaintest.Fake
	db   *postgres.DB
	log  *stream.Postgres
	now  time.Time
	ix   *indexer.Indexer
}

func newBench(t testing.TB, change func(*indexer.Config)) *bench {
	t.Helper()
	return newBenchOn(t, postgrestest.New(t), "eip155:31337", change)
}

func newBenchOn(t tester, db *postgres.DB, id coffer.ChainID, change func(*indexer.Config)) *bench {
	t.Helper()
	b := &bench{t: t, id: id, fake: chaintest.NewFake(id), db: db, now: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}
	b.log = stream.NewPostgres(b.db, b.clock)
	b.ix = b.start("one", change)
	return b
}

// tester is what tests and properties have in common.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func (b *bench) clock() time.Time { return b.now }

// start makes an indexer that knows nothing, as after a restart.
func (b *bench) start(holder string, change func(*indexer.Config)) *indexer.Indexer {
	b.t.Helper()
	c := indexer.Config{Source: b.fake, Log: b.log, DB: b.db, Clock: b.clock, Holder: holder, CallTimeout: time.Minute}
	if change != nil {
		change(&c)
	}
	ix, err := indexer.New(c)
	if err != nil {
		b.t.Fatal(err)
	}
	return ix
}

// settle steps until nothing is left to say.
func (b *bench) settle() {
	b.t.Helper()
	for range 1000 {
		moved, err := b.ix.Step(context.Background())
		if err != nil {
			b.t.Fatalf("step: %v", err)
		}
		if !moved {
			return
		}
	}
	b.t.Fatal("the indexer never settles")
}

func (b *bench) events() []coffer.BlockEvent {
	b.t.Helper()
	var events []coffer.BlockEvent
	var parts stream.Assembler
	for from := int64(0); ; {
		records, err := b.log.Read(context.Background(), stream.TopicRaw, string(b.id), from, stream.MaxRead)
		if err != nil {
			b.t.Fatal(err)
		}
		if len(records) == 0 {
			return events
		}
		for _, r := range records {
			whole, complete, err := parts.Add(r)
			if err != nil {
				b.t.Fatal(err)
			}
			if !complete {
				continue
			}
			var e coffer.BlockEvent
			if err := json.Unmarshal(whole.Value, &e); err != nil {
				b.t.Fatal(err)
			}
			if whole.Key != e.Block.Hash.String() {
				b.t.Fatalf("event %d has key %s", e.Sequence, whole.Key)
			}
			events = append(events, e)
		}
		from += int64(len(records))
	}
}

// replayed checks the laws of the stream and returns the chain it leaves.
func (b *bench) replayed() []coffer.Block {
	b.t.Helper()
	var blocks []coffer.Block
	var last coffer.BlockEvent
	for _, e := range b.events() {
		if e.Sequence != last.Sequence+1 || e.Epoch < last.Epoch || e.Final < last.Final || e.Chain != b.id {
			b.t.Fatalf("event %d of epoch %d, final %d, follows %d of epoch %d, final %d", e.Sequence, e.Epoch, e.Final, last.Sequence, last.Epoch, last.Final)
		}
		last = e
		switch e.Kind {
		case coffer.BlockConnected:
			if n := len(blocks); n > 0 && (e.Block.Parent != blocks[n-1].Hash || e.Block.Height != blocks[n-1].Height+1) {
				b.t.Fatalf("event %d connects %s, which does not follow the tip", e.Sequence, e.Block.Hash)
			}
			blocks = append(blocks, e.Block)
		case coffer.BlockDisconnected:
			n := len(blocks) - 1
			if n < 0 || e.Block.Hash != blocks[n].Hash {
				b.t.Fatalf("event %d disconnects %s, which is not the tip", e.Sequence, e.Block.Hash)
			}
			if e.Final > 0 && e.Block.Height <= e.Final {
				b.t.Fatalf("event %d disconnects height %d, and %d is final", e.Sequence, e.Block.Height, e.Final)
			}
			if len(e.Block.Transfers) != len(blocks[n].Transfers) {
				b.t.Fatalf("event %d does not repeat the block's transfers", e.Sequence)
			}
			blocks = blocks[:n]
		default:
			b.t.Fatalf("event of kind %q", e.Kind)
		}
	}
	return blocks
}

// checkFollowed compares what the stream leaves with the node's chain.
func (b *bench) checkFollowed() {
	b.t.Helper()
	got, want := b.replayed(), b.fake.Canonical()
	if len(got) != len(want) {
		b.t.Fatalf("the stream leaves %d blocks, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i].Hash != want[i].Hash || len(got[i].Transfers) != len(want[i].Transfers) {
			b.t.Fatalf("block %d is %s, want %s", i, got[i].Hash, want[i].Hash)
		}
	}
}

func (b *bench) kinds() string {
	var kinds []string
	for _, e := range b.events() {
		kinds = append(kinds, e.Kind[:1])
	}
	return strings.Join(kinds, "")
}

func someTransfers(n int) []coffer.Transfer {
	const chain = coffer.ChainID("eip155:31337")
	var transfers []coffer.Transfer
	for i := range n {
		transfers = append(transfers, coffer.Transfer{
			Asset: coffer.NewAssetID(chain, coffer.AssetERC20, string(chaintest.Address(1))),
			Tx:    chaintest.Tx(uint64(i)), Ref: "log:0", From: chaintest.Address(2), To: chaintest.Address(3), Amount: coffer.NewAmount(1),
		})
	}
	return transfers
}

func TestReorganisationsOfEveryShapeAreUndone(t *testing.T) {
	tests := []struct {
		name  string
		depth int
		mined int
		then  string // kinds of the events after five connected blocks and genesis
	}{
		{"longer", 2, 3, "ddccc"},
		{"same height", 2, 2, "ddcc"},
		{"shorter", 3, 1, "dddc"},
		{"cut, which looks like lag", 2, 0, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, nil)
			b.fake.MineEmpty(4)
			old := b.fake.Mine(someTransfers(2), nil)
			b.settle()

			b.fake.Reorg(test.depth, make([]chaintest.Content, test.mined)...)
			b.settle()

			if got := b.kinds(); got != "cccccc"+test.then {
				t.Errorf("events %s, want cccccc%s", got, test.then)
			}
			if test.mined > 0 {
				b.checkFollowed()
			}

			b.fake.Switch(old.Hash)
			b.settle()
			b.checkFollowed()
		})
	}
}

func TestACutIsUndoneWhenTheChainGrowsAgain(t *testing.T) {
	b := newBench(t, nil)
	b.fake.MineEmpty(5)
	b.settle()
	b.fake.Reorg(3)
	b.settle()
	b.fake.MineEmpty(1)
	b.settle()
	b.checkFollowed()
}

func TestALaggingNodeIsWaitedFor(t *testing.T) {
	b := newBench(t, nil)
	b.fake.MineEmpty(5)
	b.settle()
	before := len(b.events())

	b.fake.Lag(3)
	b.settle()
	b.fake.Lag(100)
	b.settle()

	if got := len(b.events()); got != before {
		t.Errorf("%d events about a node that lags", got-before)
	}
	b.fake.Lag(0)
	b.fake.MineEmpty(1)
	b.settle()
	b.checkFollowed()
}

func TestNothingBelowTheStartIsSaid(t *testing.T) {
	b := newBench(t, func(c *indexer.Config) { c.Start = 3 })
	b.fake.MineEmpty(2)
	b.settle()
	if n := len(b.events()); n != 0 {
		t.Fatalf("%d events below the start", n)
	}
	b.fake.MineEmpty(3)
	b.settle()
	blocks := b.replayed()
	if len(blocks) != 3 || blocks[0].Height != 3 {
		t.Errorf("%d blocks from height %d, want 3 from 3", len(blocks), blocks[0].Height)
	}
}

func TestAStepIsBounded(t *testing.T) {
	b := newBench(t, func(c *indexer.Config) { c.BlocksPerStep = 3 })
	b.fake.MineEmpty(9)
	for want := 3; want <= 9; want += 3 {
		if moved, err := b.ix.Step(t.Context()); err != nil || !moved {
			t.Fatalf("step: %v, %v", moved, err)
		}
		if got := len(b.events()); got != want {
			t.Fatalf("%d events, want %d", got, want)
		}
	}
	b.settle()

	// A deep fork is left in several steps, and may turn back halfway.
	old := b.fake.Tip()
	b.fake.Reorg(7, make([]chaintest.Content, 8)...)
	if _, err := b.ix.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.fake.Switch(old.Hash)
	b.settle()
	b.checkFollowed()
}

func TestAReorganisationThatNoChainMayMakeHaltsIt(t *testing.T) {
	tests := []struct {
		name   string
		change func(*indexer.Config)
		final  uint64
		depth  int
		says   string
	}{
		{"below final", nil, 4, 3, "was said to be final"},
		{"deeper than allowed", func(c *indexer.Config) { c.MaxReorg = 3 }, 0, 4, "more than 3 blocks"},
		{"below the first block", func(c *indexer.Config) { c.Start = 2 }, 0, 5, "below height 2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, test.change)
			b.fake.MineEmpty(6)
			b.fake.SetFinal(test.final)
			b.settle()
			before := len(b.events())

			b.fake.Reorg(test.depth, make([]chaintest.Content, test.depth+1)...)
			_, err := b.ix.Step(t.Context())
			if !errors.Is(err, indexer.ErrHalted) || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("step: %v, want ErrHalted that says %q", err, test.says)
			}
			if !errors.Is(b.ix.Status().Halted, indexer.ErrHalted) {
				t.Error("the status does not say so")
			}
			if err := b.ix.Run(t.Context()); !errors.Is(err, indexer.ErrHalted) {
				t.Errorf("run: %v, want ErrHalted", err)
			}
			b.ix = b.start("one", test.change)
			if _, err := b.ix.Step(t.Context()); !errors.Is(err, indexer.ErrHalted) {
				t.Errorf("step after a restart: %v, want ErrHalted", err)
			}
			if got := len(b.events()); got != before {
				t.Errorf("%d events of a halted chain", got-before)
			}
		})
	}
}

func TestTheDeepestAllowedReorganisationIsUndone(t *testing.T) {
	b := newBench(t, func(c *indexer.Config) { c.MaxReorg = 3 })
	b.fake.MineEmpty(12) // more than is kept in memory
	b.settle()
	for range 3 {
		b.fake.Reorg(3, make([]chaintest.Content, 3)...)
		b.settle()
	}
	b.checkFollowed()
}

func TestAWrongBlockIsRefused(t *testing.T) {
	b := newBench(t, nil)
	b.fake.MineEmpty(2)
	b.settle()
	before := len(b.events())
	b.fake.MineEmpty(1)

	b.fake.WrongBlock(1)
	if _, err := b.ix.Step(t.Context()); err == nil || !strings.Contains(err.Error(), "the node answers with block") {
		t.Fatalf("step: %v, want a refusal", err)
	}
	if got := len(b.events()); got != before {
		t.Errorf("%d events of a wrong block", got-before)
	}
	b.settle()
	b.checkFollowed()
}

func TestASilentNodeCostsADeadlineOnly(t *testing.T) {
	b := newBench(t, func(c *indexer.Config) { c.CallTimeout = time.Millisecond })
	b.fake.MineEmpty(2)
	for _, call := range []string{chaintest.CallHead, chaintest.CallHeader, chaintest.CallBlock} {
		b.fake.Hang(call, 1)
		if _, err := b.ix.Step(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("hanging %s: %v, want a deadline", call, err)
		}
	}
	b.ix = b.start("one", nil)
	b.settle()
	b.checkFollowed()
}

func TestWhatWasReadBeforeAnErrorIsSaid(t *testing.T) {
	b := newBench(t, nil)
	b.fake.MineEmpty(3)
	calls := 0
	b.fake.Before(func(call string) {
		if call == chaintest.CallBlock {
			if calls++; calls == 3 {
				b.fake.Fail(chaintest.CallHeader, 1)
			}
		}
	})
	moved, err := b.ix.Step(t.Context())
	if !moved || !errors.Is(err, chaintest.ErrNode) {
		t.Fatalf("step: %v, %v; want progress and the node's error", moved, err)
	}
	if got := b.kinds(); got != "ccc" {
		t.Errorf("events %s, want ccc", got)
	}
}

func TestAChainThatMovesWhileItIsReadStaysLinked(t *testing.T) {
	b := newBench(t, nil)
	b.fake.MineEmpty(3)
	calls := 0
	b.fake.Before(func(call string) {
		if call == chaintest.CallBlock {
			if calls++; calls == 2 {
				b.fake.Reorg(2, make([]chaintest.Content, 3)...)
			}
		}
	})
	b.settle()
	b.checkFollowed()
}

func TestARestartGoesOnWhereTheStreamEnds(t *testing.T) {
	b := newBench(t, nil)
	b.fake.MineEmpty(4)
	b.settle()
	b.fake.Reorg(2, make([]chaintest.Content, 1)...)
	b.settle()

	b.ix = b.start("one", nil)
	b.settle()
	b.checkFollowed()
	b.fake.Reorg(2, make([]chaintest.Content, 3)...)
	b.ix = b.start("one", nil)
	b.settle()
	b.checkFollowed()
}

func TestARestartOnATrimmedStreamGoesOn(t *testing.T) {
	few := func(c *indexer.Config) { c.MaxReorg = 4 }
	b := newBench(t, few)
	b.fake.MineEmpty(29)
	b.settle()
	if _, err := b.log.Trim(t.Context(), stream.TopicRaw, string(b.id), 15); err != nil {
		t.Fatal(err)
	}
	b.ix = b.start("one", few)
	b.fake.Reorg(4, make([]chaintest.Content, 5)...)
	b.settle()
	if tip, want := b.ix.Status().Tip, b.fake.Tip().BlockRef; tip != want {
		t.Errorf("tip %v, want %v", tip, want)
	}
}

func TestALargeBlockTravelsInParts(t *testing.T) {
	b := newBench(t, nil)
	b.fake.Mine(someTransfers(5000), nil)
	b.settle()
	tail, err := b.log.Tail(t.Context(), stream.TopicRaw, string(b.id))
	if err != nil || tail < 3 {
		t.Fatalf("%d records, %v; want a block in parts", tail, err)
	}
	b.fake.Reorg(1, chaintest.Content{})
	b.ix = b.start("one", nil)
	b.settle()
	b.checkFollowed()
}

// forgetful is a log whose next appends happen and are not confirmed.
type forgetful struct {
	stream.Log
	lose int
}

var errLost = errors.New("the answer is lost")

func (l *forgetful) Append(ctx context.Context, topic, partition string, tail int64, records []stream.Record) (int64, error) {
	tail, err := l.Log.Append(ctx, topic, partition, tail, records)
	if err == nil && l.lose > 0 {
		l.lose--
		return 0, errLost
	}
	return tail, err
}

func TestAnAppendWhoseAnswerIsLostIsNotSaidTwice(t *testing.T) {
	b := newBench(t, nil)
	b.ix = b.start("one", func(c *indexer.Config) { c.Log = &forgetful{c.Log, 2} })
	for range 2 {
		b.fake.MineEmpty(2)
		if _, err := b.ix.Step(t.Context()); !errors.Is(err, errLost) {
			t.Fatalf("step: %v, want the lost answer", err)
		}
	}
	b.fake.Reorg(1, chaintest.Content{}, chaintest.Content{})
	b.settle()
	b.checkFollowed()
}

func TestOnlyTheHolderOfTheLeaseWrites(t *testing.T) {
	b := newBench(t, nil)
	other := b.start("two", nil)
	b.fake.MineEmpty(2)
	b.settle()

	b.fake.MineEmpty(1)
	if moved, err := other.Step(t.Context()); moved || err != nil {
		t.Fatalf("step without the lease: %v, %v", moved, err)
	}

	// The first one sleeps through its lease; the second takes over; the first wakes in
	// the belief that it still holds it, and meets the tail.
	b.now = b.now.Add(time.Minute)
	if moved, err := other.Step(t.Context()); !moved || err != nil {
		t.Fatalf("step after the lease expired: %v, %v", moved, err)
	}
	b.now = b.now.Add(-time.Minute)
	b.fake.MineEmpty(1)
	if _, err := b.ix.Step(t.Context()); !errors.Is(err, stream.ErrTail) {
		t.Fatalf("step of the one that slept: %v, want ErrTail", err)
	}
	b.replayed()
	b.ix = other
	b.settle()
	b.checkFollowed()
}

func TestFinalTravelsWithEvents(t *testing.T) {
	b := newBench(t, nil)
	b.fake.FinalFollows(2)
	b.fake.MineEmpty(5)
	b.settle()
	b.fake.MineEmpty(1)
	b.settle()
	events := b.events()
	if got := events[len(events)-1].Final; got != 4 {
		t.Errorf("final %d, want 4", got)
	}
	if got := b.ix.Status().Final; got != 4 {
		t.Errorf("status says final %d, want 4", got)
	}
}

func TestBlocksLeaveUnderTheFinalHeightOfTheirOwnFork(t *testing.T) {
	b := newBench(t, nil)
	b.fake.MineEmpty(6)
	b.settle()
	b.fake.Reorg(4, make([]chaintest.Content, 6)...)
	b.fake.SetFinal(5)
	b.settle()
	b.checkFollowed()
	if got := b.ix.Status().Final; got != 5 {
		t.Errorf("final %d, want 5", got)
	}
}

func TestRunFollowsAndLetsGo(t *testing.T) {
	b := newBench(t, func(c *indexer.Config) { c.Poll = time.Millisecond })
	b.fake.MineEmpty(3)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.ix.Run(ctx) }()

	wait, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	if err := b.log.Wait(wait, stream.TopicRaw, string(b.id), 3); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatalf("run: %v", err)
	}
	b.ix = b.start("two", nil)
	b.settle() // at once: the lease was given back
	b.checkFollowed()
}
