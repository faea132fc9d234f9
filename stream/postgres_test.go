package stream_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
	"github.com/cofferhq/coffer/stream"
	"github.com/cofferhq/coffer/stream/streamtest"
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func clock() time.Time { return at("2026-03-01T12:00:00Z") }

func TestPostgresKeepsTheContract(t *testing.T) {
	streamtest.Run(t, func(t *testing.T) stream.Log {
		return stream.NewPostgres(postgrestest.New(t), clock)
	})
}

// The same suite in a process that runs the sequencer and the listener.
func TestPostgresKeepsTheContractWhileItRuns(t *testing.T) {
	streamtest.Run(t, func(t *testing.T) stream.Log {
		log := stream.NewPostgres(postgrestest.New(t), clock)
		run(t, log)
		return log
	})
}

func run(t *testing.T, log *stream.Postgres) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- log.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
}

// Steps are messages: the connection breaks instead of sending one.
func TestPostgresAppendSurvivesACutBeforeAnyRequest(t *testing.T) {
	happened, absent := streamtest.RunCuts(t, func(t *testing.T) (stream.Log, func(int)) {
		f := &fault{}
		return stream.NewPostgres(postgrestest.New(t, postgres.WithDialer(f.dial)), clock), f.beforeWrite
	})
	if happened != 0 || absent < 5 {
		t.Errorf("%d happened and %d did not: want none, and at least begin, lock, insert, tail and commit", happened, absent)
	}
}

// The request is sent, and done by the server, and the connection breaks before the answer.
func TestPostgresAppendSurvivesACutBeforeAnyAnswer(t *testing.T) {
	happened, absent := streamtest.RunCuts(t, func(t *testing.T) (stream.Log, func(int)) {
		f := &fault{}
		return stream.NewPostgres(postgrestest.New(t, postgres.WithDialer(f.dial)), clock), f.beforeRead
	})
	if happened == 0 || absent == 0 {
		t.Errorf("%d happened and %d did not: want some of each", happened, absent)
	}
}

var errCut = errors.New("cut off")

// fault breaks one connection at a chosen moment. A reader asks the socket for bytes ahead
// of time, so a read is cut after it has its bytes: the server did the work.
type fault struct {
	mu     sync.Mutex
	writes int // left until the cut; negative: no cut
	reads  int
	armed  bool
}

func (f *fault) beforeWrite(n int) { f.arm(n, -1) }
func (f *fault) beforeRead(n int)  { f.arm(-1, n) }

func (f *fault) arm(writes, reads int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes, f.reads, f.armed = writes, reads, writes >= 0 || reads >= 0
}

// spend counts one operation down and reports whether it is the one to cut.
func (f *fault) spend(left *int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.armed || *left < 0 {
		return false
	}
	*left--
	if *left >= 0 {
		return false
	}
	f.armed = false
	return true
}

func (f *fault) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &faultyConn{Conn: conn, fault: f}, nil
}

type faultyConn struct {
	net.Conn
	fault *fault
}

func (c *faultyConn) Write(b []byte) (int, error) {
	if c.fault.spend(&c.fault.writes) {
		return 0, errors.Join(errCut, c.Close())
	}
	return c.Conn.Write(b)
}

func (c *faultyConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && c.fault.spend(&c.fault.reads) {
		return 0, errors.Join(errCut, c.Close())
	}
	return n, err
}
