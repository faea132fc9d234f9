package coffer

import "slices"

// Moves is a table of states and where each may go. A state that is not a key is
// unknown; a state with no moves is an end.
type Moves[S ~string] map[S][]S

// Allowed reports whether from may become to.
func (m Moves[S]) Allowed(from, to S) bool { return slices.Contains(m[from], to) }

// Known reports whether s is a state of the table.
func (m Moves[S]) Known(s S) bool {
	_, ok := m[s]
	return ok
}

// End reports whether nothing follows s.
func (m Moves[S]) End(s S) bool { return m.Known(s) && len(m[s]) == 0 }
