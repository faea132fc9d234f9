package main

import (
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/postgres/postgrestest"
)

// A process that serves the API opens withdrawals when another one has read the signers'
// logs, and closes them again with the next run of the database server or a halt.
func TestAProcessThatDoesNotPayWaitsForTheReadingOfTheSignersLogs(t *testing.T) {
	s := &server{config: config.Config{Roles: []string{"api"}}, db: postgrestest.New(t)}
	exec := func(statement string) {
		t.Helper()
		if _, err := s.db.Pool().Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	wait := func() <-chan error {
		closed := make(chan error, 1)
		go func() { closed <- s.closed(t.Context()) }()
		return closed
	}
	closedNow := func(when string) {
		t.Helper()
		before := time.Now()
		if err := s.closed(t.Context()); coffer.ErrorCode(err) != coffer.CodeUnavailable || time.Since(before) < admitWait {
			t.Errorf("%s: %v after %s", when, err, time.Since(before))
		}
	}
	const note = `insert into payout_admitted (server_start, noted, at) values (pg_postmaster_start_time(), pg_current_xact_id(), 'epoch')
		on conflict (singleton) do update set server_start = excluded.server_start, noted = excluded.noted`

	closedNow("nobody read")
	waiting := wait()
	exec(note)
	if err := <-waiting; err != nil {
		t.Errorf("read while a request waits: %v", err)
	}
	if err := s.closed(t.Context()); err != nil {
		t.Errorf("after the reading: %v", err)
	}
	exec("update payout_admitted set server_start = server_start - interval '1 second'")
	closedNow("the note is of an earlier run")

	exec(note)
	exec("insert into payout_halt (hash, reason, since) values (sha256('h'), 'a restore', 'epoch')")
	if err := s.closed(t.Context()); coffer.ErrorCode(err) != coffer.CodeUnavailable {
		t.Errorf("during a restore: %v", err)
	}
}
