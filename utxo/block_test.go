package utxo

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
)

// mainnetBlocks are blocks that btcd brings along for tests of its own.
var mainnetBlocks = []struct {
	hash                   string
	height                 uint64
	txs, transfers, spends int
}{
	{"0000000000000000001602407ac49862a7bca9d00f7f402db20b7be2f5de59d2", 574_200, 3315, 7136, 5054},
	{"00000000000000000021868c2cefc52a480d173c849412fe81c4e5ab806f94ab", 540_107, 230, 456, 7032},
}

func mainnetBlock(t testing.TB, hash string) []byte {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/btcsuite/btcd/wire/v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "testdata", "block-"+hash+".blk"))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestMainnetBlocksProveThemselves(t *testing.T) {
	for _, test := range mainnetBlocks {
		block, header, err := ReadBlock(Mainnet, mainnetBlock(t, test.hash))
		if err != nil {
			t.Fatal(err)
		}
		if header.Hash.String() != "0x"+test.hash || header.Height != test.height {
			t.Errorf("block %s at %d, want %s at %d", header.Hash, header.Height, test.hash, test.height)
		}
		transfers, spends := transfersOf(Mainnet, block)
		if len(block.Transactions) != test.txs || len(transfers) != test.transfers || len(spends) != test.spends {
			t.Errorf("block %d: %d transactions, %d transfers, %d spends; want %d, %d, %d", header.Height,
				len(block.Transactions), len(transfers), len(spends), test.txs, test.transfers, test.spends)
		}
		if block.Transactions[0].HasWitness() {
			last := block.Transactions[len(block.Transactions)-1]
			last.TxIn[0].Witness = append(last.TxIn[0].Witness, []byte{1})
			if err := checkWitness(block.Transactions); !errors.Is(err, ErrNotProven) {
				t.Errorf("block %d with another witness: %v, want ErrNotProven", header.Height, err)
			}
		}
	}
}

// The first block of every network is a vector of its own.
func TestGenesisBlocksAreRead(t *testing.T) {
	for network, params := range networks {
		var raw bytes.Buffer
		if err := params.GenesisBlock.Serialize(&raw); err != nil {
			t.Fatal(err)
		}
		_, header, err := ReadBlock(network, raw.Bytes())
		if err != nil || header.Height != 0 || header.Hash != HashOf(*params.GenesisHash) || !header.Parent.IsZero() {
			t.Errorf("%s: %+v, %v", network, header, err)
		}
	}
}

// regtestBlock has two payments from and to P2WPKH, which btcd accepted.
func regtestBlock(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "regtest-block.hex"))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func decode(t testing.TB, raw []byte) *wire.MsgBlock {
	t.Helper()
	var block wire.MsgBlock
	if err := block.Deserialize(bytes.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	return &block
}

func encode(t testing.TB, block *wire.MsgBlock) []byte {
	t.Helper()
	var raw bytes.Buffer
	if err := block.Serialize(&raw); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}

// Every bit of a block is held by its hash: with any of them changed it is refused, or is
// another block.
func TestNoBitOfABlockCanBeChanged(t *testing.T) {
	raw := regtestBlock(t)
	_, header, err := ReadBlock(Regtest, raw)
	if err != nil {
		t.Fatal(err)
	}
	for at := range raw {
		for bit := range 8 {
			changed := slices.Clone(raw)
			changed[at] ^= 1 << bit
			if _, got, err := ReadBlock(Regtest, changed); err == nil && got.Hash == header.Hash {
				t.Fatalf("bit %d of byte %d is changed, and the block is the same", bit, at)
			}
		}
	}
}

func TestTruncatedAndPaddedBlocksAreRefused(t *testing.T) {
	raw := regtestBlock(t)
	for size := range raw {
		if _, _, err := ReadBlock(Regtest, raw[:size]); err == nil {
			t.Fatalf("%d of %d bytes are taken for the block", size, len(raw))
		}
	}
	if _, _, err := ReadBlock(Regtest, append(slices.Clone(raw), 0)); !errors.Is(err, errTrailing) {
		t.Errorf("a byte too many: %v", err)
	}
	if _, _, err := ReadBlock(Regtest, make([]byte, maxBlockBytes+1)); err == nil {
		t.Error("a block above the limit is read")
	}
}

// A count may promise more than memory has: it is compared with what follows before anything
// is made room for.
func TestCountsDoNotAllocate(t *testing.T) {
	raw := regtestBlock(t)
	for name, count := range map[string][]byte{
		"2^16": {0xfd, 0xff, 0xff}, "2^32": {0xfe, 0xff, 0xff, 0xff, 0xff},
		"2^64": {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, "cut off": {0xff, 0xff},
	} {
		header := raw[:headerBytes]
		tx := []byte{2, 0, 0, 0}
		input := slices.Concat(make([]byte, 36), []byte{0}, make([]byte, 4))
		for place, prefix := range map[string][]byte{
			"transactions": header,
			"inputs":       slices.Concat(header, []byte{1}, tx),
			"script":       slices.Concat(header, []byte{1}, tx, []byte{1}, make([]byte, 36)),
			"outputs":      slices.Concat(header, []byte{1}, tx, []byte{1}, input),
			"witness":      slices.Concat(header, []byte{1}, tx, []byte{0, 1, 1}, input, []byte{0}),
			"element":      slices.Concat(header, []byte{1}, tx, []byte{0, 1, 1}, input, []byte{0, 1}),
		} {
			err := scanBlock(slices.Concat(prefix, count))
			if !errors.Is(err, errCount) && !errors.Is(err, errTruncated) {
				t.Errorf("%s of %s: %v", name, place, err)
			}
		}
	}
}

// Lists of transactions with a repeated end have the root of the list without
// (CVE-2012-2459).
func TestRepeatedTransactionsAreRefused(t *testing.T) {
	block := decode(t, regtestBlock(t))
	if len(block.Transactions) != 3 {
		t.Fatalf("%d transactions, want an odd number above one", len(block.Transactions))
	}
	block.Transactions = append(block.Transactions, block.Transactions[2])
	_, _, err := ReadBlock(Regtest, encode(t, block))
	if !errors.Is(err, ErrNotProven) || !strings.Contains(err.Error(), "repeated") {
		t.Errorf("%v, want that transactions are repeated", err)
	}
}

func TestMerkleRoots(t *testing.T) {
	leaf := func(n byte) chainhash.Hash { return chainhash.Hash{n} }
	list := func(ns ...byte) (l []chainhash.Hash) {
		for _, n := range ns {
			l = append(l, leaf(n))
		}
		return l
	}
	for _, test := range []struct {
		a, b []chainhash.Hash
	}{
		{list(1, 2, 3), list(1, 2, 3, 3)},
		{list(1, 2, 3, 4, 5, 6), list(1, 2, 3, 4, 5, 6, 5, 6)},
		{list(1, 2, 3, 4, 5), list(1, 2, 3, 4, 5, 5)},
		{list(1, 2, 3, 4, 5), list(1, 2, 3, 4, 5, 5, 5, 5)},
	} {
		rootA, ambiguousA := merkleRoot(test.a)
		rootB, ambiguousB := merkleRoot(test.b)
		if rootA != rootB || ambiguousA || !ambiguousB {
			t.Errorf("%d leaves: %s %v; %d leaves: %s %v", len(test.a), rootA, ambiguousA, len(test.b), rootB, ambiguousB)
		}
	}
	if root, ambiguous := merkleRoot(list(7)); root != leaf(7) || ambiguous {
		t.Errorf("one leaf: %s %v", root, ambiguous)
	}
}

// commit makes the coinbase commit to the witnesses that there are.
func commit(block *wire.MsgBlock) {
	leaves := make([]chainhash.Hash, len(block.Transactions))
	for i, tx := range block.Transactions[1:] {
		leaves[i+1] = tx.WitnessHash()
	}
	root, _ := merkleRoot(leaves)
	coinbase := block.Transactions[0]
	for _, out := range coinbase.TxOut {
		if bytes.HasPrefix(out.PkScript, commitmentPrefix) {
			copy(out.PkScript[len(commitmentPrefix):], chainhash.DoubleHashB(append(root[:], coinbase.TxIn[0].Witness[0]...)))
		}
	}
}

// remake sums up a block that a test changed and works for it.
func remake(t testing.TB, block *wire.MsgBlock) []byte {
	t.Helper()
	var ids []chainhash.Hash
	for _, tx := range block.Transactions {
		ids = append(ids, tx.TxHash())
	}
	block.Header.MerkleRoot, _ = merkleRoot(ids)
	for block.Header.Nonce = 0; checkWork(Regtest, &block.Header) != nil; block.Header.Nonce++ {
	}
	return encode(t, block)
}

// What a miner could make who does the work, and honest nodes refuse.
func TestBlocksAgainstTheRulesAreRefused(t *testing.T) {
	push := func(script ...byte) func(*wire.MsgBlock) {
		return func(b *wire.MsgBlock) { b.Transactions[0].TxIn[0].SignatureScript = script }
	}
	for name, change := range map[string]func(b *wire.MsgBlock){
		"no coinbase": func(b *wire.MsgBlock) { b.Transactions = b.Transactions[1:] },
		"two coinbases": func(b *wire.MsgBlock) {
			second := b.Transactions[0].Copy()
			second.TxIn[0].SignatureScript = []byte{1, 2, 3}
			b.Transactions = append(b.Transactions, second)
			commit(b)
		},
		"a negative amount":  func(b *wire.MsgBlock) { b.Transactions[1].TxOut[0].Value = -1; commit(b) },
		"more than there is": func(b *wire.MsgBlock) { b.Transactions[1].TxOut[0].Value = maxSatoshi + 1; commit(b) },
		"a sum above all":    func(b *wire.MsgBlock) { b.Transactions[1].TxOut[0].Value = maxSatoshi; commit(b) },
		"no outputs":         func(b *wire.MsgBlock) { b.Transactions[1].TxOut = nil; commit(b) },
		"too heavy": func(b *wire.MsgBlock) {
			b.Transactions[1].TxOut[0].PkScript = make([]byte, maxBlockWeight/witnessScale)
			commit(b)
		},
		"another witness":       func(b *wire.MsgBlock) { b.Transactions[1].TxIn[0].Witness[0][5] ^= 1 },
		"no witness":            func(b *wire.MsgBlock) { b.Transactions[1].TxIn[0].Witness = nil },
		"no reserved value":     func(b *wire.MsgBlock) { b.Transactions[0].TxIn[0].Witness = nil },
		"a short one":           func(b *wire.MsgBlock) { b.Transactions[0].TxIn[0].Witness[0] = []byte{0} },
		"no commitment":         func(b *wire.MsgBlock) { b.Transactions[0].TxOut = b.Transactions[0].TxOut[:1] },
		"another commitment":    func(b *wire.MsgBlock) { b.Transactions[0].TxOut[1].PkScript[9] ^= 1 },
		"no height":             push(),
		"height zero":           push(0),
		"a negative height":     push(1, 0x81),
		"a padded height":       push(2, 0x11, 0x00),
		"a height cut off":      push(3, 0x11),
		"a height of six bytes": push(6, 1, 1, 1, 1, 1, 1),
		"a height above all":    push(5, 0xff, 0xff, 0xff, 0xff, 0x7f),
		"a small height padded": push(1, 0x10),
		"version one":           func(b *wire.MsgBlock) { b.Header.Version = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			block := decode(t, regtestBlock(t))
			change(block)
			if _, _, err := ReadBlock(Regtest, remake(t, block)); !errors.Is(err, ErrNotProven) {
				t.Errorf("%v, want ErrNotProven", err)
			}
		})
	}
	block := decode(t, regtestBlock(t))
	block.Transactions[1].TxOut[0].Value++ // who commits to it may say it
	block.Transactions[1].TxOut[0].PkScript = make([]byte, maxBlockWeight/witnessScale-2000)
	commit(block)
	if _, _, err := ReadBlock(Regtest, remake(t, block)); err != nil {
		t.Errorf("within the rules: %v", err)
	}
	for _, network := range []Network{Mainnet, Testnet4, Signet} {
		if _, _, err := ReadBlock(network, regtestBlock(t)); !errors.Is(err, ErrNotProven) {
			t.Errorf("a block of regtest on %s: %v, want ErrNotProven", network, err)
		}
	}
}

func TestBlocksWithoutHeightsAreRefused(t *testing.T) {
	// Block 170 of mainnet has the first payment ever; its coinbase names no height.
	block := decode(t, regtestBlock(t))
	if _, err := heightOf(Mainnet, block); !errors.Is(err, ErrNotProven) {
		t.Errorf("a height of mainnet below %d: %v, want ErrNotProven", firstWithHeight(Mainnet), err)
	}
	for height := range []int{1, 15, 16, 17, 127, 128, 255, 256, 32767, 32768, 8388607, 8388608, 16777216} {
		if height == 0 {
			continue
		}
		script := scriptNumber(t, height)
		if got, ok := pushedNumber(script); !ok || got != uint64(height) {
			t.Errorf("height %d in %x is read as %d, %v", height, script, got, ok)
		}
	}
}

// scriptNumber pushes a number as BIP-34 says: the least digits, and none that looks negative.
func scriptNumber(t *testing.T, n int) []byte {
	t.Helper()
	if n <= 16 {
		return []byte{0x50 + byte(n)}
	}
	digits := binary.LittleEndian.AppendUint64(nil, uint64(n))
	for len(digits) > 1 && digits[len(digits)-1] == 0 && digits[len(digits)-2]&0x80 == 0 {
		digits = digits[:len(digits)-1]
	}
	return append([]byte{byte(len(digits))}, digits...)
}

func TestTargets(t *testing.T) {
	number := func(digits string) *big.Int {
		n, ok := new(big.Int).SetString(digits, 16)
		if !ok {
			t.Fatalf("%q is no number", digits)
		}
		return n
	}
	for bits, want := range map[uint32]string{
		0x1d00ffff: "ffff" + strings.Repeat("00", 26),  // the first block of mainnet
		0x1b0404cb: "404cb" + strings.Repeat("00", 24), // developer.bitcoin.org's example
		0x207fffff: "7fffff" + strings.Repeat("00", 29),
		0x01120000: "12",
		0x02123400: "1234",
		0x03123456: "123456",
		0x04123456: "12345600",
	} {
		if got, ok := targetOf(bits); !ok || got.Cmp(number(want)) != 0 {
			t.Errorf("%08x is %x, %v; want %s", bits, got, ok, want)
		}
	}
	for _, bits := range []uint32{0, 0x1d000000, 0x1d800001, 0x04923456, 0x00123456, 0x01003456, 0xff123456, 0x23000001, 0x22000100} {
		if got, ok := targetOf(bits); ok {
			t.Errorf("%08x is %x, want none", bits, got)
		}
	}
	for _, bits := range []uint32{0, 0x2100ffff, 0x20800000, 0x20ffffff, 0xff7fffff} {
		header := decode(t, regtestBlock(t)).Header
		header.Bits = bits
		if err := checkWork(Regtest, &header); !errors.Is(err, ErrNotProven) {
			t.Errorf("target %08x: %v, want ErrNotProven", bits, err)
		}
	}
	header := decode(t, regtestBlock(t)).Header
	header.Bits = 0x1d00ffff // as hard as mainnet's first
	if err := checkWork(Regtest, &header); !errors.Is(err, ErrNotProven) {
		t.Errorf("work that was not done: %v, want ErrNotProven", err)
	}
}

func TestATargetFollowsItsParents(t *testing.T) {
	for _, test := range []struct {
		network       Network
		height        uint64
		parent, child uint32
		want          bool
	}{
		{Mainnet, 900_001, 0x17023a04, 0x17023a04, true},
		{Mainnet, 900_001, 0x17023a04, 0x17023a05, false},
		{Mainnet, 900_001, 0x17023a04, 0x17023a03, false}, // harder, but not the rule
		{Mainnet, 900_001, 0x17023a04, 0x1d00ffff, false}, // mainnet's easiest
		{Mainnet, 901_152, 0x17023a04, 0x17023a05, true},  // 2016 * 447
		{Mainnet, 901_152, 0x17023a04, 0x1600ffff, true},
		{Mainnet, 901_152, 0x17023a04, 0x1708e810, true}, // four times as easy
		{Mainnet, 901_152, 0x17023a04, 0x1708e811, false},
		{Mainnet, 901_152, 0x17023a04, 0x1d00ffff, false},
		{Signet, 2015, 0x1e0377ae, 0x1e0377af, false},
		{Regtest, 2016, 0x207fffff, 0x207fffff, true},
		{Regtest, 2016, 0x207fffff, 0x2000ffff, false},
		{Testnet4, 5, 0x1c7fffff, 0x1d00ffff, true}, // after twenty minutes without a block
	} {
		parent, child := wire.BlockHeader{Bits: test.parent}, wire.BlockHeader{Bits: test.child}
		if err := checkTarget(test.network, &parent, &child, test.height); (err == nil) != test.want {
			t.Errorf("%s %d: %08x after %08x: %v", test.network, test.height, test.child, test.parent, err)
		}
	}
}

func TestHeadersProveThemselves(t *testing.T) {
	raw := regtestBlock(t)[:headerBytes]
	block := decode(t, regtestBlock(t))
	want := HashOf(block.BlockHash())
	answer := func(raw []byte) []byte { return fmt.Appendf(nil, "%q", hex.EncodeToString(raw)) }
	if header, err := readRawHeader(Regtest, answer(raw), want); err != nil || HashOf(header.BlockHash()) != want {
		t.Errorf("%s, %v", header.BlockHash(), err)
	}
	for name, text := range map[string][]byte{
		"short": answer(raw[:79]), "long": answer(append(slices.Clone(raw), 0)), "changed": answer(append([]byte{1}, raw[1:]...)),
		"empty": []byte(`""`), "number": []byte(`7`), "object": []byte(`{}`), "null": []byte(`null`), "not hex": []byte(`"xyz"`), "odd": []byte(`"000"`),
	} {
		if _, err := readRawHeader(Regtest, text, want); err == nil {
			t.Errorf("%s: taken for the header", name)
		}
	}
	if _, err := readRawHeader(Regtest, answer(raw), coffer.Hash{1}); !errors.Is(err, ErrNotProven) {
		t.Errorf("another block's: %v, want ErrNotProven", err)
	}
}

func FuzzBlock(f *testing.F) {
	f.Add(regtestBlock(f))
	f.Add(regtestBlock(f)[:headerBytes+1])
	f.Add(bytes.Repeat([]byte{0xff}, 100))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if tx, err := readTx(raw); err == nil {
			var again bytes.Buffer
			if err := tx.Serialize(&again); err != nil || !bytes.Equal(again.Bytes(), raw) {
				t.Errorf("a transaction is written as %x, %v; was %x", again.Bytes(), err, raw)
			}
		}
		block, header, err := ReadBlock(Regtest, raw)
		if err != nil {
			return
		}
		if !bytes.Equal(encode(t, block), raw) {
			t.Errorf("a block is written as %x; was %x", encode(t, block), raw)
		}
		transfers, spends := transfersOf(Regtest, block)
		if header.Height > maxHeight || len(transfers)*minOutputBytes > len(raw) || len(spends)*minInputBytes > len(raw) {
			t.Errorf("height %d, %d transfers and %d spends of %d bytes", header.Height, len(transfers), len(spends), len(raw))
		}
	})
}

// BenchmarkBlock is what the source does with a block of a node: it proves it, and says what it
// pays to whom.
func BenchmarkBlock(b *testing.B) {
	for _, c := range []struct {
		name    string
		network Network
		raw     []byte
	}{
		{"574200", Mainnet, mainnetBlock(b, mainnetBlocks[0].hash)},
		{"540107", Mainnet, mainnetBlock(b, mainnetBlocks[1].hash)},
		{"4000", Regtest, fullBlock(b, 4000)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.raw)))
			b.ReportAllocs()
			for b.Loop() {
				block, _, err := ReadBlock(c.network, c.raw)
				if err != nil {
					b.Fatal(err)
				}
				transfersOf(c.network, block)
			}
		})
	}
}

// fullBlock makes a block of so many transactions on regtest, as heavy as one on mainnet, out of
// those of a real one.
func fullBlock(t testing.TB, transactions int) []byte {
	t.Helper()
	const heaviest = 3_990_000
	real := decode(t, mainnetBlock(t, mainnetBlocks[0].hash))
	txs := real.Transactions[1:]
	weight := func(tx *wire.MsgTx) int { return 3*tx.SerializeSizeStripped() + tx.SerializeSize() }
	slices.SortStableFunc(txs, func(a, b *wire.MsgTx) int { return weight(a) - weight(b) })
	var block *wire.MsgBlock
	for first := len(txs); first > 0; first -= 10 { // so many real ones, and the small ones again
		block = &wire.MsgBlock{Header: real.Header, Transactions: []*wire.MsgTx{real.Transactions[0]}}
		total := 0
		for n := range transactions - 1 {
			tx := txs[n%first]
			if n >= first {
				tx = tx.Copy()
				tx.LockTime ^= uint32(n)
			}
			block.Transactions = append(block.Transactions, tx)
			total += weight(tx)
		}
		if total <= heaviest {
			break
		}
	}
	commit(block)
	block.Header.Bits = Regtest.Params().PowLimitBits
	return remake(t, block)
}
