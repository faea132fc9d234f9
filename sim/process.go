package sim

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cofferhq/coffer/postgres"
)

// ErrDied is what a dead process gets of every call.
var ErrDied = errors.New("this process is dead")

// Process is a process of the simulation: what it does to the world it does through its own
// connections to the database and through Call, and it can die at each such point. A point
// is before a message to the world leaves, or after the answer is there and before anybody has
// read it: the lost answer of a commit is such a point.
//
// Death is not a panic: the code goes on, but nothing that it does reaches anything. To the
// world that is what SIGKILL is.
type Process struct {
	name   string
	db     *postgres.DB
	ctx    context.Context
	cancel context.CancelFunc

	mu     sync.Mutex
	points int
	dieAt  int // 0: never
	dead   bool
	at     string // the point where it died
	record bool
	names  []string
	conns  map[*mortal]bool
	texts  map[string]string // of prepared statements, by name
	begins func() func()     // told of each batch; what it returns comes before the next point
	pause  func()            // comes before the next point, where the process waits for nobody

	// Calls that are made at once, to so many at most. Their points have numbers by who is called,
	// not by who is called first, which is nobody's choice.
	batch, batchEnd int
	late            string // where the process died in a batch: it stops at its next point
}

// processes counts those there were: PostgreSQL knows each by a name of its own.
var processes atomic.Int64

// NewProcess connects to a database. It dies with ctx, too.
func NewProcess(ctx context.Context, dsn string) (*Process, error) {
	p := &Process{conns: map[*mortal]bool{}, texts: map[string]string{}, name: fmt.Sprintf("process %d", processes.Add(1))}
	p.ctx, p.cancel = context.WithCancel(ctx)
	db, err := postgres.Open(p.ctx, fmt.Sprintf("%s application_name='%s'", dsn, p.name), postgres.WithDialer(p.dial))
	if err != nil {
		p.cancel()
		return nil, err
	}
	p.db = db
	return p, nil
}

// DB is the process's own pool of connections.
func (p *Process) DB() *postgres.DB { return p.db }

// Context ends when the process dies.
func (p *Process) Context() context.Context { return p.ctx }

// Arm lets the process die at its n-th point from now; 0 lets it live.
func (p *Process) Arm(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dieAt = 0
	if n > 0 {
		p.dieAt = p.points + n
	}
}

// Record begins to remember the names of points.
func (p *Process) Record() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.record = true
}

// Points is how many points the process has passed.
func (p *Process) Points() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.points
}

// Names are the names of the points since Record.
func (p *Process) Names() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.names...)
}

// Died names the point where the process died, and is empty while it lives.
func (p *Process) Died() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at
}

// Call is a call to the world outside the database, between two points.
func (p *Process) Call(name string, call func() error) error {
	if err := p.point(name + " before"); err != nil {
		return err
	}
	result := call()
	if err := p.point(name + " after"); err != nil {
		return err
	}
	return result
}

// Beside is one of the calls that a process makes at once to others, of which there are so many:
// the n-th of them. The process dies before the call of one, of which and of those behind it
// nothing is heard or done, or after it. It stops at its next point, where all are back.
func (p *Process) Beside(name string, n, of int, call func() error) error {
	p.mu.Lock()
	if p.dead {
		p.mu.Unlock()
		return ErrDied
	}
	if p.points != p.batchEnd || p.batchEnd == 0 {
		p.batch, p.batchEnd = p.points, p.points+2*of
		p.points = p.batchEnd
		if p.begins != nil {
			p.pause = p.begins()
		}
		if p.record {
			for range of {
				p.names = append(p.names, name+" before", name+" after")
			}
		}
	}
	before := p.batch + 1 + 2*n
	dies := p.dieAt > p.batch && p.dieAt <= before+1
	alone := p.dieAt == before+1
	if dies && (alone || p.late == "") {
		p.late = name + " before"
		if alone {
			p.late = name + " after"
		}
	}
	p.mu.Unlock()
	if dies && !alone {
		return ErrDied
	}
	if err := call(); err != nil || !dies {
		return err
	}
	return ErrDied
}

// Batches lets somebody be told when calls begin that are made at once, and say what happens before
// they are back.
func (p *Process) Batches(begins func() func()) { p.begins = begins }

// point passes a point, or dies there.
func (p *Process) point(name string) error {
	p.mu.Lock()
	if pause := p.pause; pause != nil && !p.dead {
		p.pause = nil
		p.mu.Unlock()
		pause()
		p.mu.Lock()
	}
	defer p.mu.Unlock()
	if p.dead {
		return ErrDied
	}
	p.points++
	if p.record {
		p.names = append(p.names, name)
	}
	if p.dieAt > 0 && p.points >= p.dieAt || p.late != "" {
		if p.late != "" {
			name = p.late
		}
		p.dead, p.at = true, name
		p.cancel()
		for c := range p.conns {
			_ = c.Conn.Close() // nobody hears what it says
		}
		return fmt.Errorf("%w since %s", ErrDied, name)
	}
	return nil
}

// Kill lets the process die here, wherever that is.
func (p *Process) Kill() {
	p.mu.Lock()
	p.dieAt = p.points + 1
	p.mu.Unlock()
	_ = p.point("killed")
}

// goneTimeout is how long the server may take to notice that a process has ended.
const goneTimeout = 30 * time.Second

// Close ends a process, dead or alive, and waits until the server, asked through another's
// connection, is rid of it: what it had begun must not hold locks against its successor.
func (p *Process) Close(other *postgres.DB) error {
	p.cancel()
	p.db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), goneTimeout)
	defer cancel()
	for {
		var left int
		err := other.Pool().QueryRow(ctx, "select count(*) from pg_stat_activity where application_name = $1", p.name).Scan(&left)
		if err != nil {
			return fmt.Errorf("wait for the end of %s: %w", p.name, err)
		}
		if left == 0 {
			return nil
		}
	}
}

func (p *Process) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	p.mu.Lock()
	dead := p.dead
	p.mu.Unlock()
	if dead {
		return nil, ErrDied
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c := &mortal{Conn: conn, p: p}
	p.mu.Lock()
	p.conns[c] = true
	p.mu.Unlock()
	return c, nil
}

// mortal is a connection to the database. Each message of ours and the answer to it are a point
// before and a point after.
type mortal struct {
	net.Conn
	p *Process

	asked string // what the server was asked last and has not answered
}

// Write implements net.Conn.
func (c *mortal) Write(b []byte) (int, error) {
	name := c.p.nameOf(b)
	if name != "" {
		if err := c.p.point(name + " before"); err != nil {
			return 0, err
		}
	} else if c.p.Died() != "" {
		return 0, ErrDied
	}
	c.asked = name
	return c.Conn.Write(b)
}

// Read implements net.Conn. The first bytes of an answer to what was asked come when the
// server has done it.
func (c *mortal) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil || c.asked == "" {
		return n, err
	}
	name := c.asked
	c.asked = ""
	if err := c.p.point(name + " after"); err != nil {
		return 0, err
	}
	return n, nil
}

// Close implements net.Conn.
func (c *mortal) Close() error {
	c.p.mu.Lock()
	delete(c.p.conns, c)
	c.p.mu.Unlock()
	return c.Conn.Close()
}

// nameOf names what messages to PostgreSQL do; empty for what does nothing by itself (a login, a
// goodbye, the preparation of a statement).
func (p *Process) nameOf(messages []byte) string {
	for len(messages) > 5 && messages[0] != 0 {
		size := 1 + int(binary.BigEndian.Uint32(messages[1:5]))
		if size < 5 || size > len(messages) {
			return ""
		}
		body := messages[5:size]
		switch messages[0] {
		case 'Q': // a simple query: text
			if bytes.HasPrefix(body, []byte("-- ping\x00")) { // the pool's, after a second without work: of the real clock
				return ""
			}
			return "sql " + firstWords(body)
		case 'P': // parse: name, text
			name, text, _ := bytes.Cut(body, []byte{0})
			p.mu.Lock()
			p.texts[string(name)] = firstWords(text)
			p.mu.Unlock()
		case 'B': // bind: portal, statement
			_, rest, _ := bytes.Cut(body, []byte{0})
			statement, _, _ := bytes.Cut(rest, []byte{0})
			p.mu.Lock()
			defer p.mu.Unlock()
			return "sql " + p.texts[string(statement)]
		}
		messages = messages[size:]
	}
	return ""
}

// firstWords are the first words of a statement.
func firstWords(text []byte) string {
	text, _, _ = bytes.Cut(text, []byte{0})
	words := bytes.Fields(text[:min(len(text), 120)])
	if len(words) > 2 && string(words[0]) == "--" && string(words[1]) == "name:" { // sqlc's
		return string(words[2])
	}
	return string(bytes.Join(words[:min(4, len(words))], []byte(" ")))
}
