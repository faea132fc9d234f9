// Package corpus is the false-deposit corpus of deposit/testdata/corpus: its format, and what
// runs a case through the real code. A [Case] is a trick: what the nodes of a chain say, step by
// step, in their own words, and what a custodian has to make of it. The format is documented in
// deposit/testdata/corpus/README.md, for indexers other than ours too.
//
//	raw answers ─▶ a server in this process ─▶ evm.Source, tron.Source, … ─▶ indexer
//	                                                                           │
//	   verdict ◀─ deposits and books, from a real Postgres ◀─ deposit ◀─ stream.Postgres
//
// [Run] does that and returns a [Score]. A chain family is a [Family]: what answers in place of
// a node, and how a source is made that asks it. To add one, implement it in a file of its own
// and name it in families.
//
// Cases are written by the tests of this package with -corpus.write. What a local node can be
// made to do is recorded from it; without the flag the same is done again and compared.
package corpus
