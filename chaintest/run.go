package chaintest

import (
	"errors"
	"slices"
	"testing"

	"github.com/cofferhq/coffer"
)

// Harness is a chain family on a real local node of a test's own, as Run needs it. The
// functions fail the test themselves when the node does not do what they ask.
type Harness struct {
	Source coffer.Source
	Asset  coffer.AssetID // what Pay pays

	// NewAddress is one that nothing was ever paid to.
	NewAddress func(t *testing.T) coffer.Address
	// Pay gives the node a payment, which is in no block yet.
	Pay func(t *testing.T, to coffer.Address, amount uint64) Paid
	// Broadcast gives the node a payment again, wherever it is: in its pool, in a block, or in
	// neither.
	Broadcast func(t *testing.T, p Paid)
	// Replace makes a payment that waits impossible, by another one that takes its place.
	Replace func(t *testing.T, p Paid)
	// Mine adds n blocks, with what waits in the first of them.
	Mine func(t *testing.T, n int)
	// Reorg replaces the newest depth blocks by grow empty ones.
	Reorg func(t *testing.T, depth, grow int)

	// Lying is a source whose node tells a lie when it is asked for a block: it has other, which
	// it may give for it. told is how often it has lied.
	Lying func(t *testing.T, lie Lie, block, other coffer.Block) (source coffer.Source, told func() int)
}

// Paid is a payment of the harness's node.
type Paid struct {
	Tx  coffer.Hash
	Raw []byte
}

// Lie is what a node answers instead of the block that it is asked for.
type Lie string

// Lies.
const (
	LieOtherBlock  Lie = "another block"
	LieTransaction Lie = "a tampered transaction"
	LieParent      Lie = "another parent"
	LieTruncated   Lie = "truncated bytes"
)

// maxDepth is how deep Run reorganises a chain: a block that is so far from the tip must not
// be final on it.
const maxDepth = 3

// settled is how many blocks Run mines so that nothing that it takes back is final.
const settled = 10

// Run holds a chain family to what the flows above rely on. The chain changes below; every
// part uses addresses of its own.
func Run(t *testing.T, h Harness) {
	for _, part := range []struct {
		name string
		test func(t *testing.T, h Harness)
	}{
		{"head, headers and blocks agree and link", testChainLinks},
		{"what nobody has is not found", testNotFound},
		{"a block is addressed by its hash", testContentByHash},
		{"a payment has one transfer", testOneTransfer},
		{"reorganisations are undone by an indexer", testReorganisations},
		{"a transfer keeps its identity when included again", testIdentity},
		{"a payment that is broadcast twice is paid once", testDuplicateBroadcast},
		{"payments to others, unconfirmed or replaced are none of ours", testFalseDeposits},
		{"a lying node is refused", testLies},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, h) })
	}
}

func testChainLinks(t *testing.T, h Harness) {
	h.Mine(t, settled)
	head := h.head(t)
	if h.Source.ID() != h.Asset.Chain() {
		t.Errorf("the source is of %s, the asset of %s", h.Source.ID(), h.Asset.Chain())
	}
	if head.Final.Height == 0 || head.Final.Height > head.Latest.Height {
		t.Fatalf("head %+v", head)
	}
	if final := h.header(t, head.Final.Height); final.BlockRef != head.Final {
		t.Errorf("final %+v, header %+v", head.Final, final)
	}
	want := head.Latest.Hash
	for height := head.Latest.Height; height > head.Latest.Height-settled; height-- {
		header := h.header(t, height)
		block := h.block(t, header.Hash)
		if header.Hash != want || block.Header != header || header.Height != height || header.Time.IsZero() || len(block.Raw) == 0 {
			t.Fatalf("block %d: header %+v, block %+v, want hash %s", height, header, block.Header, want)
		}
		want = header.Parent
	}
	address := h.NewAddress(t)
	if again, err := h.Source.ParseAddress(string(address)); err != nil || again != address {
		t.Errorf("address %s is read as %s, %v", address, again, err)
	}
	for _, bad := range []string{"", "x", string(address) + "0", string(address[1:])} {
		if _, err := h.Source.ParseAddress(bad); err == nil {
			t.Errorf("address %q is taken", bad)
		}
	}
}

func testNotFound(t *testing.T, h Harness) {
	head := h.head(t)
	for _, height := range []uint64{head.Latest.Height + 1, head.Latest.Height + 1000} {
		if _, err := h.Source.Header(t.Context(), height); !errors.Is(err, coffer.ErrNotFound) {
			t.Errorf("header %d of %d: %v, want ErrNotFound", height, head.Latest.Height, err)
		}
	}
	if _, err := h.Source.Block(t.Context(), coffer.Hash{1}); !errors.Is(err, coffer.ErrNotFound) {
		t.Errorf("unknown block: %v, want ErrNotFound", err)
	}
}

func testContentByHash(t *testing.T, h Harness) {
	h.Mine(t, settled)
	to := h.NewAddress(t)
	h.Pay(t, to, 100_000)
	h.Mine(t, 1)
	old := h.tip(t)
	if again := h.block(t, old.Hash); !sameBlock(again, old) {
		t.Errorf("the block is %+v, and %+v when asked again", old, again)
	}
	h.Reorg(t, 1, 2)
	if now := h.header(t, old.Height); now.Hash == old.Hash || now.Parent != old.Parent {
		t.Errorf("header %+v after the reorganisation, %+v before", now, old.Header)
	}
	again, err := h.Source.Block(t.Context(), old.Hash)
	if !errors.Is(err, coffer.ErrNotFound) && (err != nil || !sameBlock(again, old)) {
		t.Errorf("the abandoned block is %+v, %v; want %+v, or ErrNotFound", again, err, old)
	}
}

func testOneTransfer(t *testing.T, h Harness) {
	to := h.NewAddress(t)
	paid := h.Pay(t, to, 123_456)
	h.Mine(t, 1)
	found := transfersTo(h.tip(t), to)
	if len(found) != 1 {
		t.Fatalf("%d transfers, want one: %+v", len(found), found)
	}
	got := found[0]
	if got.Asset != h.Asset || got.Tx != paid.Tx || got.Ref == "" || got.Amount != coffer.NewAmount(123_456) || got.Maturity != 0 {
		t.Errorf("transfer %+v, want 123456 of %s by %s", got, h.Asset, paid.Tx)
	}
}

func testIdentity(t *testing.T, h Harness) {
	h.Mine(t, settled)
	to := h.NewAddress(t)
	first := h.Pay(t, h.NewAddress(t), 100_000) // may stand before it in the block
	paid := h.Pay(t, to, 200_000)
	h.Mine(t, 1)
	before := transfersTo(h.tip(t), to)

	start := h.head(t).Latest.Height
	h.Reorg(t, 1, 2)
	if found := h.since(t, start, to); len(found) != 0 {
		t.Fatalf("after the reorganisation: %+v", found)
	}
	h.Broadcast(t, first)
	h.Broadcast(t, paid)
	h.Mine(t, 1)
	after := h.since(t, start, to)
	if len(before) != 1 || !slices.Equal(before, after) {
		t.Errorf("transfers %+v, and %+v when included again", before, after)
	}
}

func testDuplicateBroadcast(t *testing.T, h Harness) {
	start := h.head(t).Latest.Height
	to := h.NewAddress(t)
	paid := h.Pay(t, to, 300_000)
	h.Broadcast(t, paid)
	h.Mine(t, 1)
	h.Broadcast(t, paid)
	h.Mine(t, 2)
	if found := h.since(t, start, to); len(found) != 1 {
		t.Errorf("%d transfers, want one: %+v", len(found), found)
	}
}

func testFalseDeposits(t *testing.T, h Harness) {
	h.Mine(t, 1)
	start := h.head(t).Latest.Height
	ours, others, never := h.NewAddress(t), h.NewAddress(t), h.NewAddress(t)
	h.Pay(t, others, 100_000)
	h.Mine(t, 1)
	unconfirmed := h.Pay(t, ours, 200_000)
	replaced := h.Pay(t, never, 300_000)
	if found := h.since(t, start, ours); len(found) != 0 {
		t.Errorf("unconfirmed, and to somebody else: %+v", found)
	}
	if found := h.since(t, start, others); len(found) != 1 {
		t.Errorf("to somebody else: %+v", found)
	}
	h.Replace(t, replaced)
	h.Mine(t, 2)
	if found := h.since(t, start, never); len(found) != 0 {
		t.Errorf("replaced: %+v", found)
	}
	if found := h.since(t, start, ours); len(found) != 1 || found[0].Tx != unconfirmed.Tx {
		t.Errorf("in a block: %+v, want one by %s", found, unconfirmed.Tx)
	}
}

func testLies(t *testing.T, h Harness) {
	h.Mine(t, settled)
	start := h.head(t).Latest.Height
	h.Pay(t, h.NewAddress(t), 100_000)
	h.Mine(t, 1)
	other := h.tip(t)
	h.Pay(t, h.NewAddress(t), 100_000)
	h.Mine(t, 1)
	block := h.tip(t)
	for _, lie := range []Lie{LieOtherBlock, LieTransaction, LieParent, LieTruncated} {
		t.Run(string(lie), func(t *testing.T) {
			source, told := h.Lying(t, lie, block, other)
			if got, err := source.Block(t.Context(), block.Hash); err == nil || errors.Is(err, coffer.ErrNotFound) || told() == 0 {
				t.Errorf("block %+v, %v, after %d lies; want that it is refused", got.Header, err, told())
			}
			// Nothing of it reaches the stream.
			f := newFollower(t, source, start)
			for range 3 {
				_, _ = f.indexer.Step(t.Context())
			}
			for _, said := range f.chain() {
				if said.Height >= block.Height {
					t.Errorf("the indexer said block %d", said.Height)
				}
			}
		})
	}
	if again := h.block(t, block.Hash); !sameBlock(again, block) {
		t.Errorf("from the honest node: %+v, want %+v", again, block)
	}
}

func (h Harness) head(t *testing.T) coffer.Head { t.Helper(); return headOf(t, h.Source) }

func (h Harness) header(t *testing.T, height uint64) coffer.Header {
	t.Helper()
	return headerAt(t, h.Source, height)
}

func (h Harness) block(t *testing.T, hash coffer.Hash) coffer.Block {
	t.Helper()
	return blockOf(t, h.Source, hash)
}

func (h Harness) tip(t *testing.T) coffer.Block {
	t.Helper()
	return h.block(t, h.head(t).Latest.Hash)
}

func (h Harness) since(t *testing.T, height uint64, to coffer.Address) []coffer.Transfer {
	t.Helper()
	return transfersSince(t, h.Source, height, to)
}

func headOf(t *testing.T, source coffer.Source) coffer.Head {
	t.Helper()
	head, err := source.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return head
}

func headerAt(t *testing.T, source coffer.Source, height uint64) coffer.Header {
	t.Helper()
	header, err := source.Header(t.Context(), height)
	if err != nil {
		t.Fatal(err)
	}
	return header
}

func blockOf(t *testing.T, source coffer.Source, hash coffer.Hash) coffer.Block {
	t.Helper()
	block, err := source.Block(t.Context(), hash)
	if err != nil {
		t.Fatal(err)
	}
	return block
}

// transfersSince are the transfers to an address in the canonical blocks from a height on.
func transfersSince(t *testing.T, source coffer.Source, height uint64, to coffer.Address) []coffer.Transfer {
	t.Helper()
	var found []coffer.Transfer
	for ; height <= headOf(t, source).Latest.Height; height++ {
		found = append(found, transfersTo(blockOf(t, source, headerAt(t, source, height).Hash), to)...)
	}
	return found
}

func transfersTo(block coffer.Block, to coffer.Address) []coffer.Transfer {
	var found []coffer.Transfer
	for _, transfer := range block.Transfers {
		if transfer.To == to {
			found = append(found, transfer)
		}
	}
	return found
}

// sameBlock compares all but the raw bytes, in which nodes may say more than the block.
func sameBlock(a, b coffer.Block) bool {
	return a.Header == b.Header && slices.Equal(a.Transfers, b.Transfers) && slices.Equal(a.Outcomes, b.Outcomes) &&
		slices.Equal(a.GasDeposits, b.GasDeposits) && slices.Equal(a.Spends, b.Spends)
}
