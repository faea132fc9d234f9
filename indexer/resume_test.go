package indexer_test

import (
	"errors"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/indexer"
)

func TestAPersonLetsAReorganisationBelowFinalPass(t *testing.T) {
	tests := []struct {
		name   string
		change func(*indexer.Config)
		final  uint64
	}{
		{"below final", nil, 8},
		{"below final, two blocks at a time", func(c *indexer.Config) { c.BlocksPerStep = 2 }, 8},
		{"deeper than any", func(c *indexer.Config) { c.MaxReorg = 2 }, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, test.change)
			b.fake.MineEmpty(10)
			b.fake.SetFinal(test.final)
			b.settle()
			if _, parted, err := b.ix.Diverged(t.Context()); err != nil || parted {
				t.Fatalf("diverged: %v, %v", parted, err)
			}
			old := b.fake.Canonical()
			b.fake.Reorg(6)
			b.fake.MineEmpty(9)
			said := len(b.events())
			if _, err := b.ix.Step(t.Context()); !errors.Is(err, indexer.ErrHalted) {
				t.Fatalf("step: %v, want a halt", err)
			}

			watcher := b.start("a person", test.change)
			d, parted, err := watcher.Diverged(t.Context())
			if err != nil || !parted || d.Height != 5 || d.Ours != old[5].Hash || d.Theirs != b.fake.Canonical()[5].Hash || d.Tip != old[10].BlockRef || d.Final != test.final {
				t.Fatalf("divergence: %+v, %v, %v", d, parted, err)
			}
			other := d
			other.Theirs = old[5].Hash
			for name, refused := range map[string]struct {
				d             indexer.Divergence
				actor, reason string
				want          coffer.Code
			}{
				"nobody":             {d, "", "checked", coffer.CodeInvalid},
				"no reason":          {d, "olga", "", coffer.CodeInvalid},
				"another divergence": {other, "olga", "checked", coffer.CodeConflict},
			} {
				if err := watcher.Resume(t.Context(), refused.d, refused.actor, refused.reason); coffer.ErrorCode(err) != refused.want {
					t.Errorf("%s: %v", name, err)
				}
			}
			b.ix = b.start("one", test.change)
			if _, err := b.ix.Step(t.Context()); !errors.Is(err, indexer.ErrHalted) {
				t.Fatalf("step before anybody looked: %v, want a halt", err)
			}
			if resumed, err := b.ix.Resumed(t.Context()); err != nil || resumed {
				t.Fatalf("resumed before anybody looked: %v, %v", resumed, err)
			}

			for range 2 {
				if err := watcher.Resume(t.Context(), d, "olga", "the other client had a bug; the exchange follows the node's chain"); err != nil {
					t.Fatal(err)
				}
			}
			if resumed, err := b.ix.Resumed(t.Context()); err != nil || !resumed || b.ix.Status().Halted != nil {
				t.Fatalf("resumed: %v, %v", resumed, err)
			}
			b.settle()
			events := b.events()
			if got, want := events[len(events)-1].Block.Hash, b.fake.Tip().Hash; got != want || len(events) != said+6+9 {
				t.Errorf("%d events end in %s, want %d and %s", len(events), got, said+15, want)
			}
			if err := watcher.Resume(t.Context(), d, "olga", "again"); coffer.ErrorCode(err) != coffer.CodeConflict {
				t.Errorf("resume of what has passed: %v", err)
			}

			// It was for that one: the next halts again, also when it leads back.
			b.ix = b.start("one", test.change)
			b.settle()
			b.fake.Switch(old[10].Hash)
			b.fake.MineEmpty(9)
			if _, err := b.ix.Step(t.Context()); !errors.Is(err, indexer.ErrHalted) {
				t.Fatalf("the way back: %v, want a halt", err)
			}
		})
	}
}

func TestALetPassIsNeverRewritten(t *testing.T) {
	b := newBench(t, nil)
	b.fake.MineEmpty(5)
	b.fake.SetFinal(4)
	b.settle()
	b.fake.Reorg(3, make([]chaintest.Content, 4)...)
	d, _, err := b.ix.Diverged(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.ix.Resume(t.Context(), d, "olga", "checked"); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"update indexer_resume set actor = 'nobody'", "update indexer_resume set height = 0", "delete from indexer_resume"} {
		if _, err := b.db.Pool().Exec(t.Context(), sql); err == nil {
			t.Errorf("accepted: %s", sql)
		}
	}
}
