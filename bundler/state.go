package bundler

import "github.com/cofferhq/coffer"

// States of an operation (see the package comment).
const (
	statePooled   = "pooled"
	stateBundled  = "bundled"
	stateIncluded = "included"
	stateFinal    = "final"
	stateReplaced = "replaced"
	stateDropped  = "dropped"
)

// moves is the one table of an operation's moves; a trigger in SQL checks the same.
var moves = coffer.Moves[string]{
	statePooled:   {stateBundled, stateIncluded, stateReplaced, stateDropped},
	stateBundled:  {statePooled, stateIncluded, stateReplaced, stateDropped},
	stateIncluded: {statePooled, stateBundled, stateReplaced, stateDropped, stateFinal},
	stateFinal:    {},
	stateReplaced: {statePooled, stateIncluded},
	stateDropped:  {statePooled, stateIncluded},
}

// States of a bundle.
const (
	bundleLive  = "live"
	bundleMined = "mined"
	bundleFinal = "final"
	bundleLost  = "lost"
)
