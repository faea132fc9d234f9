package payout

import (
	"context"
	"fmt"

	"github.com/cofferhq/coffer/payout/payoutsql"
	"github.com/cofferhq/coffer/postgres"
)

// That the signers' logs hold nothing which this database lacks is noted in the database,
// for processes that do not read them. The note names the run of the database server and the
// transaction that wrote it. So it does not count in a copy that was put back: the server
// was started since or is another one, or the rows were written again. It does not count
// after any other restart of the server either, until the logs were read again.

// Admitted reports whether the signers' logs were read, and the database lacked nothing,
// since it was started or put back.
func Admitted(ctx context.Context, db *postgres.DB) (bool, error) {
	yes, err := payoutsql.New(db.Pool()).IsAdmitted(ctx)
	if err != nil {
		return false, fmt.Errorf("read whether the signers' logs were read: %w", err)
	}
	return yes, nil
}

// NoteAdmitted runs admit, which reads the signers' logs, and notes that it found nothing
// wrong: in the database that was there before, not in a copy put back meanwhile.
func (m *Manager) NoteAdmitted(ctx context.Context, admit func(ctx context.Context) error) error {
	which, err := m.sql.WhichCopy(ctx)
	if err != nil {
		return fmt.Errorf("read which copy of the database this is: %w", err)
	}
	if err := admit(ctx); err != nil {
		return err
	}
	if _, err := m.sql.SetAdmitted(ctx, payoutsql.SetAdmittedParams{At: m.now(), Copy: which}); err != nil {
		return fmt.Errorf("note that the signers' logs were read: %w", err)
	}
	return nil
}
