package tronsim

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer/tron/tronpb"
)

const rich = 10_000 * trx

var start = time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)

// scene is a node whose clock stands still, and accounts with keys and 10,000 TRX each.
type scene struct {
	*Sim
	t   *testing.T
	now time.Time
}

func newScene(t *testing.T, edit func(c *Config)) *scene {
	t.Helper()
	s := &scene{t: t, now: start}
	config := Config{Clock: func() time.Time { return s.now }, Seed: "test", Genesis: start, Funded: map[Address]int64{}}
	for i := range 5 {
		config.Funded[AddressOf(KeyOf("test", i))] = rich
	}
	if edit != nil {
		edit(&config)
	}
	sim, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	s.Sim = sim
	s.mine(1)
	return s
}

func (s *scene) mine(blocks int) {
	s.t.Helper()
	if err := s.Mine(blocks); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) signer(i int) Signer {
	key := KeyOf("test", i)
	return Signer{Sim: s.Sim, Keys: []Key{key}, Address: AddressOf(key)}
}

func (s *scene) must(id Hash, err error) Hash {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

func (s *scene) info(id Hash) *tronpb.TransactionInfo { return s.Info(id) }

func (s *scene) blockAt(number int64) *tronpb.BlockExtention {
	var b *tronpb.BlockExtention
	s.look(false, "", func(v view) { b = extended(v.block(number), true) })
	return b
}

func (s *scene) account(address Address) *tronpb.Account {
	var a *tronpb.Account
	s.look(false, "", func(v view) { a = v.account(Wire(address)) })
	return a
}

func codeOf(t *testing.T, err error) tronpb.ReturnResponseCode {
	t.Helper()
	if err == nil {
		return tronpb.Return_SUCCESS
	}
	var r *refusal
	if !errors.As(err, &r) {
		t.Fatalf("want a refusal of the node, got %v", err)
	}
	return r.code
}

func TestBlocksProveThemselves(t *testing.T) {
	s := newScene(t, nil)
	for i := range 3 {
		s.must(s.signer(0).Transfer(AddressOf(KeyOf("test", i+1)), int64(i+1)))
	}
	s.mine(2)

	parent := s.blockAt(1)
	for n := int64(2); n <= 3; n++ {
		b := s.blockAt(n)
		raw := b.BlockHeader.RawData
		sum := sha256.Sum256(encode(raw))
		if binary.BigEndian.Uint64(b.Blockid) != uint64(n) || string(b.Blockid[8:]) != string(sum[8:]) {
			t.Errorf("block %d: id %x does not follow from the header", n, b.Blockid)
		}
		if string(raw.ParentHash) != string(parent.Blockid) {
			t.Errorf("block %d: parent %x, want %x", n, raw.ParentHash, parent.Blockid)
		}
		if got := raw.Timestamp - parent.BlockHeader.RawData.Timestamp; got != 3_000 {
			t.Errorf("block %d: %d ms after its parent", n, got)
		}
		signature := append([]byte(nil), b.BlockHeader.WitnessSignature...)
		signature[64] -= 27
		key, err := crypto.SigToPub(sum[:], signature)
		if err != nil {
			t.Fatal(err)
		}
		if string(Wire(crypto.PubkeyToAddress(*key))) != string(raw.WitnessAddress) {
			t.Errorf("block %d: not signed by its producer", n)
		}
		parent = b
	}

	// Three leaves: the third goes up alone.
	b := s.blockAt(2)
	if len(b.Transactions) != 3 {
		t.Fatalf("%d transactions in block 2", len(b.Transactions))
	}
	var leaves []Hash
	for _, e := range b.Transactions {
		bytes, err := proto.Marshal(e.Transaction)
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, sha256.Sum256(bytes))
	}
	pair := sha256.Sum256(append(leaves[0][:], leaves[1][:]...))
	root := sha256.Sum256(append(pair[:], leaves[2][:]...))
	if string(b.BlockHeader.RawData.TxTrieRoot) != string(root[:]) {
		t.Error("the root does not commit to the transactions")
	}
	if empty := s.blockAt(3).BlockHeader.RawData.TxTrieRoot; string(empty) != string(make([]byte, 32)) {
		t.Errorf("root of no transactions: %x", empty)
	}
}

func TestNineteenProducersSolidify(t *testing.T) {
	s := newScene(t, nil)
	for s.Head().Height < 60 {
		s.mine(1)
		head, solid := s.Head().Height, s.Solid().Height
		want := uint64(0)
		if head >= 19 {
			want = head - 18 // the block and 18 above it, by 19 different producers
		}
		if solid != want {
			t.Fatalf("head %d: solid %d, want %d", head, solid, want)
		}
	}
	short := newScene(t, func(c *Config) { c.SolidLag = 2 })
	short.mine(9)
	if head, solid := short.Head().Height, short.Solid().Height; head != 10 || solid != 8 {
		t.Errorf("lag of 2: head %d, solid %d", head, solid)
	}
}

func TestSlotsAreSkippedAtMaintenance(t *testing.T) {
	s := newScene(t, func(c *Config) {
		p := Mainnet()
		p.MaintenanceInterval = 30 * time.Second
		c.Parameters = &p
	})
	s.mine(20)
	last := s.blockAt(0).BlockHeader.RawData.Timestamp
	gaps := map[int64]int64{}
	for n := int64(1); n <= 21; n++ {
		at := s.blockAt(n).BlockHeader.RawData.Timestamp
		if gap := at - last; gap != 3_000 {
			gaps[n] = gap
		}
		last = at
	}
	// Block 10 is at 30 s and ends the period; so is the one at 60 s: 39 s is block 11.
	if len(gaps) != 2 || gaps[11] != 9_000 || gaps[19] != 9_000 {
		t.Errorf("gaps %v, want 9 s before blocks 11 and 19", gaps)
	}
}
