package stream

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// wakeChannel is the channel of LISTEN and NOTIFY; the payload is a wakeName. A lost
// notification costs time (listeningPoll), never a record.
const wakeChannel = "coffer_stream"

// wakeName is unambiguous because a topic has no slash.
func wakeName(topic, partition string) string { return topic + "/" + partition }

// waiters are the goroutines of this process that wait for a partition to grow.
type waiters struct {
	listening atomic.Bool // notifications of other connections reach us

	mu     sync.Mutex
	byName map[string]map[chan struct{}]struct{}
}

// join returns a channel that gets a value after every growth, and how to leave.
func (w *waiters) join(name string) (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byName == nil {
		w.byName = make(map[string]map[chan struct{}]struct{})
	}
	if w.byName[name] == nil {
		w.byName[name] = make(map[chan struct{}]struct{})
	}
	w.byName[name][ch] = struct{}{}
	return ch, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.byName[name], ch)
		if len(w.byName[name]) == 0 {
			delete(w.byName, name)
		}
	}
}

func (w *waiters) wake(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ch := range w.byName[name] {
		poke(ch)
	}
}

func (w *waiters) wakeAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, waiting := range w.byName {
		for ch := range waiting {
			poke(ch)
		}
	}
}

// poke leaves a value in a channel of capacity 1, unless there is one.
func poke(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// listen wakes this process's waiters when another connection says that a partition grew.
// It uses a connection outside the pool, for as long as ctx lives.
func (p *Postgres) listen(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, p.db.Pool().Config().ConnConfig)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		_ = conn.Close(stop)
	}()

	if _, err := conn.Exec(ctx, "listen "+wakeChannel); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	p.wake.listening.Store(true)
	defer func() {
		p.wake.listening.Store(false)
		p.wake.wakeAll() // to look at once, and more often from now on
	}()
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		p.wake.wake(n.Payload)
	}
}
