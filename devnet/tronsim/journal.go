package tronsim

import "maps"

// change is one entry of a table with what stood there before. Swapping it twice changes
// nothing: a list swapped from its end undoes, swapped from its beginning it does again.
type change interface {
	swap(s *state)
	copy() change
}

// cell is the change of one key of a table. Values are never changed in place.
type cell[K comparable, V any] struct {
	table func(*state) map[K]V
	key   K
	value V
	there bool
}

func (c *cell[K, V]) swap(s *state) {
	table := c.table(s)
	value, there := table[c.key]
	if c.there {
		table[c.key] = c.value
	} else {
		delete(table, c.key)
	}
	c.value, c.there = value, there
}

func (c *cell[K, V]) copy() change {
	d := *c
	return &d
}

// put sets a key and remembers what stood there.
func put[K comparable, V any](s *state, table func(*state) map[K]V, key K, value V) {
	c := &cell[K, V]{table: table, key: key, value: value, there: true}
	c.swap(s)
	s.journal = append(s.journal, c)
}

// remove deletes a key and remembers what stood there.
func remove[K comparable, V any](s *state, table func(*state) map[K]V, key K) {
	if _, there := table(s)[key]; !there {
		return
	}
	c := &cell[K, V]{table: table, key: key}
	c.swap(s)
	s.journal = append(s.journal, c)
}

// mark is a place in the journal to come back to.
func (s *state) mark() int {
	s.era++
	return len(s.journal)
}

// undo takes back every change since a mark.
func (s *state) undo(mark int) {
	for i := len(s.journal) - 1; i >= mark; i-- {
		s.journal[i].swap(s)
		s.journal[i] = nil
	}
	s.journal = s.journal[:mark]
}

// take cuts the journal of a block off, to be kept with it.
func (s *state) take() []change {
	s.era++
	journal := append([]change(nil), s.journal...)
	s.journal = s.journal[:0]
	return journal
}

// back undoes the journal of a block and is undone by forth.
func (s *state) back(journal []change) {
	for i := len(journal) - 1; i >= 0; i-- {
		journal[i].swap(s)
	}
}

func (s *state) forth(journal []change) {
	for _, c := range journal {
		c.swap(s)
	}
}

// clone copies the tables of a state without pending changes. The values are shared:
// nobody changes them in place.
func (s *state) clone() *state {
	s.era++
	return &state{
		era:      s.era,
		accounts: maps.Clone(s.accounts), contracts: maps.Clone(s.contracts), storage: maps.Clone(s.storage),
		delegations: maps.Clone(s.delegations), totals: maps.Clone(s.totals),
	}
}
