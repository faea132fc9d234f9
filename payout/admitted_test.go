package payout_test

import (
	"context"
	"errors"
	"testing"

	"github.com/cofferhq/coffer/payout"
)

func (w *world) wantAdmitted(when string, want bool) {
	w.tb.Helper()
	if got, err := payout.Admitted(w.ctx, w.db); err != nil || got != want {
		w.tb.Errorf("%s: admitted %v, %v; want %v", when, got, err, want)
	}
}

func (w *world) noteAdmitted(meanwhile func()) {
	w.tb.Helper()
	err := w.m.NoteAdmitted(w.ctx, func(context.Context) error {
		err := w.admit()
		meanwhile()
		return err
	})
	if err != nil {
		w.tb.Fatal(err)
	}
}

// That the logs were read counts in this run of the server and in this copy of the rows.
func TestThatTheLogsWereReadDoesNotComeBackWithACopy(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.wantAdmitted("at first", false)
	failed := errors.New("two of three signers are away")
	if err := w.m.NoteAdmitted(w.ctx, func(context.Context) error { return failed }); !errors.Is(err, failed) {
		t.Errorf("noted: %v", err)
	}
	w.wantAdmitted("after a reading that failed", false)
	empty := w.backup()
	w.noteAdmitted(func() {})
	w.wantAdmitted("after a reading", true)
	copied := w.backup()
	w.start() // another process
	w.wantAdmitted("in another process", true)
	w.noteAdmitted(func() {})
	w.wantAdmitted("read again", true)

	w.restore(copied)
	w.wantAdmitted("in a copy that was put back", false)
	w.noteAdmitted(func() {})
	w.wantAdmitted("after its reading", true)
	w.restore(empty)
	w.wantAdmitted("in a copy from before the first reading", false)

	w.noteAdmitted(func() {})
	w.noteAdmitted(func() { w.restore(copied) })
	w.wantAdmitted("in a copy that was put back while the logs were read", false)
	w.noteAdmitted(func() {})
	w.exec("update payout_admitted set server_start = server_start - interval '1 second', noted = pg_current_xact_id()")
	w.wantAdmitted("noted in an earlier run of the server", false)
	w.noteAdmitted(func() {})
	w.wantAdmitted("at last", true)
}
