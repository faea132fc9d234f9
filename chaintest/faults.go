package chaintest

import (
	"context"
	"errors"
	"sync"
)

// Calls of a Source, as faults name them.
const (
	CallHead   = "head"
	CallHeader = "header"
	CallBlock  = "block"
)

// ErrNode is what a failing fake node says.
var ErrNode = errors.New("fake node: connection refused")

// faults is what is wrong with a node. Its mutex is its own, so that a hook may change
// the chain in the middle of a call.
type faults struct {
	mu    sync.Mutex
	lag   int
	wrong int
	fail  map[string]int
	hang  map[string]int
	hook  func(call string)
}

// Lag makes the node answer as it was n blocks ago, until Lag(0).
func (f *Fake) Lag(n int) {
	f.faults.mu.Lock()
	defer f.faults.mu.Unlock()
	f.faults.lag = n
}

// WrongBlock makes the next n answers to Block another block than the one asked for.
func (f *Fake) WrongBlock(n int) {
	f.faults.mu.Lock()
	defer f.faults.mu.Unlock()
	f.faults.wrong = n
}

// Fail makes the next n calls of one kind fail with ErrNode.
func (f *Fake) Fail(call string, n int) {
	f.faults.mu.Lock()
	defer f.faults.mu.Unlock()
	if f.faults.fail == nil {
		f.faults.fail = map[string]int{}
	}
	f.faults.fail[call] = n
}

// Hang makes the next n calls of one kind wait until their context ends.
func (f *Fake) Hang(call string, n int) {
	f.faults.mu.Lock()
	defer f.faults.mu.Unlock()
	if f.faults.hang == nil {
		f.faults.hang = map[string]int{}
	}
	f.faults.hang[call] = n
}

// Before calls hook ahead of every answer, so that a test can change the chain between
// two questions of one step. A nil hook removes it.
func (f *Fake) Before(hook func(call string)) {
	f.faults.mu.Lock()
	defer f.faults.mu.Unlock()
	f.faults.hook = hook
}

// before applies what is wrong with a call.
func (f *faults) before(ctx context.Context, call string) error {
	f.mu.Lock()
	hook, fail, hang := f.hook, take(f.fail, call), take(f.hang, call)
	f.mu.Unlock()

	if hook != nil {
		hook(call)
	}
	if hang {
		<-ctx.Done()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if fail {
		return ErrNode
	}
	return nil
}

func (f *faults) takeWrong() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.wrong == 0 {
		return false
	}
	f.wrong--
	return true
}

func (f *faults) lagging() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lag
}

func take(left map[string]int, call string) bool {
	if left[call] == 0 {
		return false
	}
	left[call]--
	return true
}
