package tronsim

import (
	"context"
	"slices"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofferhq/coffer/tron/tronpb"
)

// FaultKind is what a node does wrong.
type FaultKind int

const (
	// Refuse answers a broadcast with Fault.Code, whatever the transaction is.
	Refuse FaultKind = iota + 1
	// Swallow answers a broadcast with success and drops the transaction.
	Swallow
	// Lag answers as if the last Fault.Blocks blocks did not exist yet. Accounts and
	// constant calls are answered from the solidified block if that is higher.
	Lag
	// OtherBlock answers GetBlockByNum2, GetBlockById and GetBlock with the block before the
	// one that was asked for.
	OtherBlock
	// EmptyInfos answers GetTransactionInfoByBlockNum with nothing.
	EmptyInfos
	// Hang answers nothing until the caller gives up or the fault is lifted.
	Hang
	// Unavailable answers with the gRPC status UNAVAILABLE.
	Unavailable
)

const broadcastMethod = "BroadcastTransaction"

// Fault is something that the node does wrong until it is lifted or has happened so often.
type Fault struct {
	Kind   FaultKind
	Method string // the last part of the RPC's name; empty for all
	Times  int    // 0: until it is lifted
	Blocks int64  // of Lag
	Code   tronpb.ReturnResponseCode
}

// fault is one that was injected.
type fault struct {
	Fault
	once   sync.Once
	lifted chan struct{}
}

func (f *fault) refusal() error {
	text := "Server busy."
	switch f.Code {
	case tronpb.Return_NO_CONNECTION:
		text = "No connection."
	case tronpb.Return_NOT_ENOUGH_EFFECTIVE_CONNECTION:
		text = "The number of effective connections is too few."
	case tronpb.Return_BLOCK_UNSOLIDIFIED:
		text = "Block unsolidified."
	case tronpb.Return_SERVER_BUSY:
	default:
		text = f.Code.String()
	}
	return &refusal{f.Code, text}
}

// Inject makes the node do something wrong. The function lifts the fault.
func (s *Sim) Inject(f Fault) (lift func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	injected := &fault{Fault: f, lifted: make(chan struct{})}
	s.faults = append(s.faults, injected)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.lift(injected)
	}
}

func (s *Sim) lift(f *fault) {
	s.faults = slices.DeleteFunc(s.faults, func(g *fault) bool { return g == f })
	f.once.Do(func() { close(f.lifted) })
}

// fires finds a fault that happens now, and counts it. The lock is held.
func (s *Sim) fires(kind FaultKind, method string) *fault {
	for _, f := range s.faults {
		if f.Kind != kind || f.Method != "" && f.Method != method {
			continue
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				s.faults = slices.DeleteFunc(s.faults, func(g *fault) bool { return g == f })
			}
		}
		return f
	}
	return nil
}

// obstruct is what happens to a call before it is answered.
func (s *Sim) obstruct(ctx context.Context, method string) error {
	s.mu.Lock()
	hang, gone := s.fires(Hang, method), s.fires(Unavailable, method)
	s.mu.Unlock()
	if hang != nil {
		select {
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		case <-hang.lifted:
		}
	}
	if gone != nil {
		return status.Error(codes.Unavailable, "the node is not there")
	}
	return nil
}
