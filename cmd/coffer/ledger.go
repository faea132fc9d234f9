package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/postgres"
	"github.com/spf13/cobra"
)

func ledgerCommand() *cobra.Command {
	verify := &cobra.Command{
		Use:   "verify",
		Short: "Recompute the books: sums, balances and the hash chain; name the first difference",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withDatabase(cmd, false, func(ctx context.Context, db *postgres.DB, out io.Writer) error {
				return verifyLedger(ctx, ledger.New(db, time.Now), out)
			})
		},
	}
	configFlags(verify)
	return group("ledger", "The books", verify)
}

func verifyLedger(ctx context.Context, books *ledger.Ledger, out io.Writer) error {
	report, err := books.Verify(ctx)
	if err != nil {
		return err
	}
	if report.Difference != "" {
		return fmt.Errorf("the books do not verify: %s", report.Difference)
	}
	_, err = fmt.Fprintf(out, "ledger ok: %d entries, %d postings, %d seals, %d entries not sealed yet, head %s\n",
		report.Entries, report.Postings, report.Seals, report.Unsealed, report.Head)
	return err
}
