package chaintest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
)

const chain = coffer.ChainID("eip155:31337")

func TestReorganisationsOfEveryShapeLeaveOneLinkedChain(t *testing.T) {
	tests := []struct {
		name   string
		depth  int
		mined  int
		height uint64
	}{
		{"longer", 2, 3, 6},
		{"same height", 2, 2, 5},
		{"shorter", 3, 1, 3},
		{"cut", 2, 0, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			fake := chaintest.NewFake(chain)
			old := fake.MineEmpty(5)

			fake.Reorg(test.depth, make([]chaintest.Content, test.mined)...)

			if got := fake.Tip().Height; got != test.height {
				t.Errorf("height = %d, want %d", got, test.height)
			}
			checkLinked(t, fake)

			fake.Switch(old.Hash)
			if fake.Tip().Hash != old.Hash {
				t.Error("switching back did not restore the old tip")
			}
			checkLinked(t, fake)
		})
	}
}

func checkLinked(t *testing.T, fake *chaintest.Fake) {
	t.Helper()
	var parent coffer.Hash
	for height, block := range fake.Canonical() {
		if block.Height != uint64(height) || block.Parent != parent {
			t.Fatalf("block %d does not follow its parent", height)
		}
		header, err := fake.Header(context.Background(), block.Height)
		if err != nil || header.Hash != block.Hash {
			t.Fatalf("header %d = %v, %v", height, header.Hash, err)
		}
		parent = block.Hash
	}
}

func TestBlocksOfEqualContentHaveDifferentHashes(t *testing.T) {
	fake := chaintest.NewFake(chain)
	first := fake.MineEmpty(1)
	second := fake.Reorg(1, chaintest.Content{})[0]
	if first.Hash == second.Hash {
		t.Error("a reorganised block kept its hash")
	}
}

func TestFinalFollowsTheTipAndNeverGoesBack(t *testing.T) {
	fake := chaintest.NewFake(chain)
	fake.FinalFollows(2)
	fake.MineEmpty(5)
	checkFinal(t, fake, 3)
	fake.Reorg(2)
	checkFinal(t, fake, 3)
	fake.SetFinal(0)
	checkFinal(t, fake, 0)
}

func checkFinal(t *testing.T, fake *chaintest.Fake, want uint64) {
	t.Helper()
	head, err := fake.Head(context.Background())
	if err != nil || head.Final.Height != want {
		t.Errorf("final = %d, %v; want %d", head.Final.Height, err, want)
	}
}

func TestFaults(t *testing.T) {
	fake := chaintest.NewFake(chain)
	tip := fake.MineEmpty(4)
	ctx := context.Background()

	fake.Lag(2)
	if head, err := fake.Head(ctx); err != nil || head.Latest.Height != 2 {
		t.Errorf("lagging head = %d, %v; want 2", head.Latest.Height, err)
	}
	if _, err := fake.Header(ctx, 4); !errors.Is(err, coffer.ErrNotFound) {
		t.Errorf("header above a lagging head: %v, want ErrNotFound", err)
	}
	fake.Lag(0)

	fake.WrongBlock(1)
	if block, err := fake.Block(ctx, tip.Hash); err != nil || block.Hash == tip.Hash {
		t.Errorf("wrong block: got the right one, %v", err)
	}

	fake.Fail(chaintest.CallHead, 1)
	if _, err := fake.Head(ctx); !errors.Is(err, chaintest.ErrNode) {
		t.Errorf("failing head: %v, want ErrNode", err)
	}

	fake.Hang(chaintest.CallBlock, 1)
	soon, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	if _, err := fake.Block(soon, tip.Hash); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("hanging block: %v, want a deadline", err)
	}

	if block, err := fake.Block(ctx, tip.Hash); err != nil || block.Hash != tip.Hash {
		t.Errorf("after the faults: %v, %v; want the tip", block.Hash, err)
	}
}

func TestParseAddress(t *testing.T) {
	fake := chaintest.NewFake(chain)
	want := chaintest.Address(1)
	if got, err := fake.ParseAddress(string(want)); err != nil || got != want {
		t.Errorf("ParseAddress(%s) = %s, %v", want, got, err)
	}
	for _, bad := range []string{"", "0x", "0x12", string(want) + "0", "0xzz" + string(want[4:])} {
		if _, err := fake.ParseAddress(bad); err == nil {
			t.Errorf("ParseAddress(%q) accepted", bad)
		}
	}
}
