package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/stream"
	"github.com/spf13/cobra"
)

func restoreCommand() *cobra.Command {
	return group("restore", "After the database was restored from a copy, or a signer's log was lost",
		restoreStatusCommand(), restoreImportCommand(), restoreAddressesCommand(), restoreResumeCommand(), restoreLogCommand())
}

func restoreStatusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say whether payouts are halted, and why",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withDatabase(cmd, false, func(ctx context.Context, db *postgres.DB, out io.Writer) error {
				halt, err := payout.Halted(ctx, db)
				if err != nil {
					return err
				}
				if halt == nil {
					_, err = fmt.Fprintln(out, "payouts are not halted")
					return err
				}
				_, err = fmt.Fprintf(out, "halted %s since %s: %s; %d records of signers are not imported\n",
					halt.Hash, halt.Since.Format(time.RFC3339), halt.Reason, halt.Missing)
				return err
			})
		},
	}
	configFlags(cmd)
	return cmd
}

func restoreImportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Make payouts and withdrawals again that signers know and the database does not",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withParts(cmd, func(ctx context.Context, s *server) error {
				s.admit(ctx)
				if err := s.skipAddresses(ctx, sayTo(cmd.OutOrStdout())); err != nil {
					return err
				}
				done, err := s.payouts.Import(ctx, readLine)
				sayTo(cmd.OutOrStdout())("imported %d payouts with %d orders, %d attempts", done.Payouts, done.Orders, done.Attempts)
				return err
			})
		},
	}
	configFlags(cmd)
	return cmd
}

// skippedAddresses is how many deposit addresses an import leaves out on each chain that
// counts them.
const skippedAddresses = 1000

// skipAddresses leaves deposit addresses out that may have been given out since the copy was
// made, once for each halt.
func (s *server) skipAddresses(ctx context.Context, say func(format string, args ...any)) error {
	halt, err := payout.Halted(ctx, s.db)
	if err != nil || halt == nil {
		return err
	}
	for _, chain := range s.deposits.Chains {
		if chain.Indexed == nil {
			continue
		}
		last, err := s.deposits.SkipIndexes(ctx, chain.ID, skippedAddresses, "payouts halted by "+halt.Hash.String())
		if err != nil {
			return err
		}
		say("the next deposit address of %s is number %d", chain.ID, last+1)
	}
	return nil
}

func restoreAddressesCommand() *cobra.Command {
	var chain, reason string
	var count uint32
	cmd := &cobra.Command{
		Use:   "skip-addresses",
		Short: "Leave deposit addresses out that were given out after the copy was made, on a chain that counts them",
		Long: "Leave deposit addresses out that may have been given out after the copy was made. The copy would give them\n" +
			"out again, to somebody else. Said again with the same reason it does nothing.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "chain", "reason"); err != nil {
				return err
			}
			return withParts(cmd, func(ctx context.Context, s *server) error {
				last, err := s.deposits.SkipIndexes(ctx, coffer.ChainID(chain), count, reason)
				if err != nil {
					return err
				}
				sayTo(cmd.OutOrStdout())("the next deposit address of %s is number %d", chain, last+1)
				return nil
			})
		},
	}
	configFlags(cmd)
	cmd.Flags().StringVar(&chain, "chain", "", "CAIP-2, such as bip122:000000000019d6689c085ae165831e93")
	cmd.Flags().Uint32Var(&count, "count", skippedAddresses, "how many")
	cmd.Flags().StringVar(&reason, "reason", "", "which restore this is for")
	return cmd
}

func restoreResumeCommand() *cobra.Command {
	var f statementFlags
	var file string
	cmd := &cobra.Command{
		Use:   "resume",
		Short: "Let payouts go on after the import; takes the quorum that the policy names",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" {
				if err := needs(cmd, "reason"); err != nil {
					return err
				}
			}
			return withParts(cmd, func(ctx context.Context, s *server) error { return resumePayouts(ctx, cmd, s, f, file) })
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&file, "statement", "", "a statement that was written with --write and signed by the others")
	return cmd
}

func resumePayouts(ctx context.Context, cmd *cobra.Command, s *server, f statementFlags, file string) error {
	halt, err := payout.Halted(ctx, s.db)
	if err != nil {
		return err
	}
	if halt == nil {
		return errors.New("payouts are not halted")
	}
	c := policy.Command{Statement: policy.Statement{Action: policy.ActionImport, Scope: policy.ScopeAll, Of: halt.Hash}}
	if file != "" {
		if c, err = readStatement(file); err != nil {
			return err
		}
	} else if err := f.sign(&c); err != nil {
		return err
	}
	if f.write != "" {
		return writeStatement(f.write, c)
	}
	if c.Statement.Action != policy.ActionImport || c.Statement.Of != halt.Hash {
		return coffer.Invalid("of", "the statement is not about this halt, %s", halt.Hash)
	}
	people, err := s.policy.Authorize(c, time.Now())
	if err != nil {
		return err
	}
	if err := s.payouts.Unhalt(ctx, halt.Hash, c, people); err != nil {
		return err
	}
	sayTo(cmd.OutOrStdout())("payouts go on, by %v", people)
	return nil
}

func restoreLogCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "log",
		Short: "Print the database's copy of a signer's log, which can take the place of a lost one",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "signer"); err != nil {
				return err
			}
			return withDatabase(cmd, false, func(ctx context.Context, db *postgres.DB, out io.Writer) error {
				return payout.SignerLines(ctx, db, name, func(line []byte) error {
					_, err := fmt.Fprintf(out, "%s\n", line)
					return err
				})
			})
		},
	}
	configFlags(cmd)
	cmd.Flags().StringVar(&name, "signer", "", "the signer's name")
	return cmd
}

// withParts wires what the server is made of, on the database of a command's
// configuration, without running any of it.
func withParts(cmd *cobra.Command, run func(ctx context.Context, s *server) error) error {
	c, err := readConfig(cmd)
	if err != nil {
		return err
	}
	return withDatabase(cmd, true, func(ctx context.Context, db *postgres.DB, _ io.Writer) error {
		s := &server{config: c, log: newLogger(c.Log), db: db, metrics: newMetrics(), ready: &ready{}}
		s.stream = stream.NewPostgres(db, time.Now)
		s.ledger = ledger.New(db, time.Now)
		defer s.close()
		for _, wire := range []func(ctx context.Context) error{s.wirePolicy, s.wireSigners, s.wireChains, s.wireFlows} {
			if err := wire(ctx); err != nil {
				return err
			}
		}
		return run(ctx, s)
	})
}
