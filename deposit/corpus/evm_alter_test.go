package corpus_test

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/ethereum/go-ethereum/core/types"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/corpus"
)

// at is a block of the case.
func (b *bench) at(name string) *corpus.Block {
	b.t.Helper()
	i := slices.IndexFunc(b.c.Blocks, func(block corpus.Block) bool { return block.Name == name })
	if i < 0 {
		b.t.Fatalf("there is no block %s", name)
	}
	return &b.c.Blocks[i]
}

// set writes a field.
func (b *bench) set(fields map[string]json.RawMessage, name string, value any) {
	b.t.Helper()
	raw, err := json.Marshal(value)
	b.must(err)
	fields[name] = raw
}

// lie has a node say something else of a block than it said.
func (b *bench) lie(node, block, answer string, alter func(answer any) any) {
	b.t.Helper()
	at := b.at(block)
	decoder := json.NewDecoder(bytes.NewReader(at.Said[answer]))
	decoder.UseNumber()
	var said any
	b.must(decoder.Decode(&said))
	raw, err := json.Marshal(alter(said))
	b.must(err)
	if bytes.Equal(raw, at.Said[answer]) {
		b.t.Fatalf("the lie about %s of %s is the truth", answer, block)
	}
	if at.Instead == nil {
		at.Instead = map[string]corpus.Answers{}
	}
	if at.Instead[node] == nil {
		at.Instead[node] = corpus.Answers{}
	}
	at.Instead[node][answer] = raw
}

// object and list read what an answer holds.
func (b *bench) object(v any) map[string]any {
	b.t.Helper()
	object, ok := v.(map[string]any)
	if !ok {
		b.t.Fatalf("%T is no object", v)
	}
	return object
}

func (b *bench) list(v any) []any {
	b.t.Helper()
	list, ok := v.([]any)
	if !ok {
		b.t.Fatalf("%T is no list", v)
	}
	return list
}

// reseal alters a block's header or body as if it had been made that way: it gets the hash that
// follows, and so do the blocks above it. Answers name it by that hash.
func (b *evmBench) reseal(name string, alter func(block map[string]json.RawMessage)) {
	b.t.Helper()
	block := b.at(name)
	var fields map[string]json.RawMessage
	b.must(json.Unmarshal(block.Said["eth_getBlockByHash"], &fields))
	alter(fields)
	raw, err := json.Marshal(fields)
	b.must(err)
	var header types.Header
	b.must(json.Unmarshal(raw, &header))
	block.Said["eth_getBlockByHash"] = raw
	old, hash := []byte(block.Hash.String()), coffer.Hash(header.Hash())
	block.Hash = hash
	for i := range b.c.Blocks {
		for answer, text := range b.c.Blocks[i].Said {
			b.c.Blocks[i].Said[answer] = bytes.ReplaceAll(text, old, []byte(hash.String()))
		}
	}
	for i := range b.c.Blocks {
		if b.c.Blocks[i].Parent == name {
			b.reseal(b.c.Blocks[i].Name, func(map[string]json.RawMessage) {})
		}
	}
}
