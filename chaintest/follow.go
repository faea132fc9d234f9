package chaintest

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/indexer"
	"github.com/cofferhq/coffer/postgres/postgrestest"
	"github.com/cofferhq/coffer/stream"
)

// follower is a real indexer of a source, and the stream that it writes.
type follower struct {
	t       *testing.T
	id      coffer.ChainID
	log     *stream.Postgres
	indexer *indexer.Indexer
}

// maxSteps bounds how long a follower takes to have nothing more to say.
const maxSteps = 1000

func newFollower(t *testing.T, source coffer.Source, start uint64) *follower {
	t.Helper()
	db := postgrestest.New(t)
	clock := func() time.Time { return genesisTime }
	f := &follower{t: t, id: source.ID(), log: stream.NewPostgres(db, clock)}
	var err error
	f.indexer, err = indexer.New(indexer.Config{
		Source: source, Log: f.log, DB: db, Clock: clock, Holder: "chaintest", Start: start, CallTimeout: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Said is what a real indexer makes of a source from a height on: the blocks of its stream, as
// a consumer reads them.
func Said(t *testing.T, source coffer.Source, start uint64) []coffer.Block {
	t.Helper()
	f := newFollower(t, source, start)
	f.settle()
	return f.chain()
}

// settle steps until nothing is left to say.
func (f *follower) settle() {
	f.t.Helper()
	for range maxSteps {
		moved, err := f.indexer.Step(f.t.Context())
		if err != nil {
			f.t.Fatalf("step: %v", err)
		}
		if !moved {
			return
		}
	}
	f.t.Fatal("the indexer never settles")
}

// events are all that was said.
func (f *follower) events() []coffer.BlockEvent {
	f.t.Helper()
	var events []coffer.BlockEvent
	var parts stream.Assembler
	for from := int64(0); ; {
		records, err := f.log.Read(context.Background(), stream.TopicRaw, string(f.id), from, stream.MaxRead)
		if err != nil {
			f.t.Fatal(err)
		}
		if len(records) == 0 {
			return events
		}
		for _, record := range records {
			whole, complete, err := parts.Add(record)
			if err != nil {
				f.t.Fatal(err)
			}
			if !complete {
				continue
			}
			var event coffer.BlockEvent
			if err := json.Unmarshal(whole.Value, &event); err != nil {
				f.t.Fatal(err)
			}
			events = append(events, event)
		}
		from += int64(len(records))
	}
}

// chain replays the events: what they leave is one linked chain at every point.
func (f *follower) chain() []coffer.Block {
	f.t.Helper()
	var chain []coffer.Block
	for i, event := range f.events() {
		top := len(chain) - 1
		switch {
		case event.Sequence != uint64(i)+1 || event.Chain != f.id:
			f.t.Fatalf("event %d of %s has sequence %d", i+1, event.Chain, event.Sequence)
		case event.Kind == coffer.BlockConnected && top >= 0 && (event.Block.Parent != chain[top].Hash || event.Block.Height != chain[top].Height+1):
			f.t.Fatalf("event %d connects %s, which does not follow the tip", event.Sequence, event.Block.Hash)
		case event.Kind == coffer.BlockConnected:
			chain = append(chain, event.Block)
		case top < 0 || event.Block.Hash != chain[top].Hash || !sameBlock(event.Block, chain[top]):
			f.t.Fatalf("event %d disconnects %s, which is not the tip", event.Sequence, event.Block.Hash)
		default:
			chain = chain[:top]
		}
	}
	return chain
}

// kinds spells the events from a place on, c for connected, d for disconnected.
func (f *follower) kinds(from int) string {
	f.t.Helper()
	kinds := ""
	for _, event := range f.events()[from:] {
		kinds += event.Kind[:1]
	}
	return kinds
}

func testReorganisations(t *testing.T, h Harness) {
	h.Mine(t, settled)
	f := newFollower(t, h.Source, h.head(t).Latest.Height)
	for _, test := range []struct {
		name        string
		depth, grow int
		events      string
	}{
		{"longer", 2, 3, "ddccc"},
		{"same height", 2, 2, "ddcc"},
		{"shorter", maxDepth, 1, "dddc"},
		{"cut, which looks like lag until it grows", 1, 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			h.Mine(t, settled)
			to := h.NewAddress(t)
			h.Pay(t, to, 100_000)
			h.Mine(t, 1)
			f.settle()
			if paid := f.chain(); len(transfersTo(paid[len(paid)-1], to)) != 1 {
				t.Fatal("the payment is not in the newest block that was said")
			}
			before := len(f.events())
			top := h.head(t).Latest.Height

			h.Reorg(t, test.depth, test.grow)
			f.settle()

			if got := f.kinds(before); got != test.events {
				t.Errorf("events %q, want %q", got, test.events)
			}
			h.Reorg(t, 0, 2) // empty, so that what comes back comes back when asked to
			f.settle()
			chain := f.chain()
			for _, block := range chain {
				if found := transfersTo(block, to); len(found) != 0 {
					t.Errorf("block %d still has %+v", block.Height, found)
				}
			}
			lost, gained := uint64(test.depth), uint64(test.grow)+2 // #nosec G115 -- single digits
			if want := h.head(t).Latest; chain[len(chain)-1].BlockRef != want || want.Height != top-lost+gained {
				t.Errorf("the stream leaves %+v, the node %+v", chain[len(chain)-1].BlockRef, want)
			}
		})
	}
}
