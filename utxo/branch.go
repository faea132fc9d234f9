package utxo

// branch is a depth-first search for coins, the largest first, whose effective values lie
// between least and most.
type branch struct {
	pool      []candidate
	remaining []uint64 // effective values of the pool from an index on
	least     uint64
	most      uint64
	waste     int64 // of each input; negative while fees are low

	taken     []int
	sum       uint64
	best      []int // nil where nothing was found
	bestWaste int64
}

// run tries at most branchTries nodes of the tree.
func (b *branch) run() {
	next := 0
	for range branchTries {
		switch {
		case b.sum > b.most || b.sum+b.remaining[next] < b.least || len(b.taken) > MaxInputs || b.hopeless():
			// too much, or never enough
		case b.sum >= b.least:
			b.keep()
		case next < len(b.pool):
			if b.sameAsLeftOut(next) {
				next++
				continue
			}
			b.taken, b.sum = append(b.taken, next), b.sum+b.pool[next].effective
			next++
			continue
		}
		// back to the last coin taken, which is left out now
		if len(b.taken) == 0 {
			return
		}
		last := b.taken[len(b.taken)-1]
		b.taken, b.sum = b.taken[:len(b.taken)-1], b.sum-b.pool[last].effective
		next = last + 1
	}
}

// keep notes what is taken if it wastes less than the best so far.
func (b *branch) keep() {
	if waste := b.wasted(); b.best == nil || waste < b.bestWaste {
		b.best, b.bestWaste = append([]int{}, b.taken...), waste
	}
}

func (b *branch) wasted() int64 {
	return int64(b.sum-b.least) + int64(len(b.taken))*b.waste // #nosec G115 -- amounts below 2^51
}

// hopeless reports that taking more cannot waste less than the best: inputs only add to it.
func (b *branch) hopeless() bool {
	return b.best != nil && b.waste > 0 && int64(len(b.taken))*b.waste > b.bestWaste
}

// sameAsLeftOut reports that the coin before has the same value and was left out: taking this
// one instead gives the same sums again.
func (b *branch) sameAsLeftOut(n int) bool {
	if n == 0 || b.pool[n].effective != b.pool[n-1].effective {
		return false
	}
	return len(b.taken) == 0 || b.taken[len(b.taken)-1] != n-1
}
