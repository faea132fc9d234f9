package sim

import (
	"context"
	"log/slog"
	"strings"
	"sync"
)

// never are what no process may log: a database that broke a lock or refused a row, and what
// payouts say of themselves that cannot be.
var never = []string{
	"deadlock", "lock timeout", "conflicts in a row", "SQLSTATE 22", "SQLSTATE 23", "SQLSTATE 40", "SQLSTATE 42", "SQLSTATE 55",
	"no step leads on", "is not the intent", "SQL and Go differ",
}

// complaints is where processes log. What is tried again and succeeds then would be seen nowhere
// else.
type complaints struct {
	with string // what each record of this logger says besides
	gathered
}

// gathered is shared by the loggers made of one.
type gathered struct {
	mu   *sync.Mutex
	kept *[]string
}

func newComplaints() *complaints { return &complaints{gathered: gathered{&sync.Mutex{}, &[]string{}}} }

// take are those there were since the last time.
func (c *complaints) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := *c.kept
	*c.kept = nil
	return taken
}

// Handle implements slog.Handler.
func (c *complaints) Handle(_ context.Context, r slog.Record) error {
	text := r.Message + c.with
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	for _, bad := range never {
		if strings.Contains(text, bad) {
			c.mu.Lock()
			*c.kept = append(*c.kept, text)
			c.mu.Unlock()
		}
	}
	return nil
}

// Enabled implements slog.Handler.
func (c *complaints) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs implements slog.Handler.
func (c *complaints) WithAttrs(attrs []slog.Attr) slog.Handler {
	more := *c
	for _, a := range attrs {
		more.with += " " + a.String()
	}
	return &more
}

// WithGroup implements slog.Handler.
func (c *complaints) WithGroup(string) slog.Handler { return c }
