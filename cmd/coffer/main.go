// Command coffer is the custody and payments backend: one binary whose commands run the
// server, a signer, or a whole system on development chains.
//
// It wires the parts by hand and holds no rules of its own. Exit status: 0 when the
// command did what it says, 1 when not, 2 for a wrong command line.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	os.Exit(run(os.Args[1:]))
}

// errUsage marks errors of the command line itself.
var errUsage = errors.New("usage")

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, "coffer:", err)
	if errors.Is(err, errUsage) {
		return 2
	}
	return 1
}

func newRoot() *cobra.Command {
	root := group("coffer", "Multi-chain custody and payments backend")
	root.SilenceUsage, root.SilenceErrors = true, true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return fmt.Errorf("%w: %w", errUsage, err)
	})
	root.AddCommand(
		versionCommand(),
		configCommand(),
		migrateCommand(),
		serveCommand(),
		signerCommand(),
		policyCommand(),
		payoutCommand(),
		psbtCommand(),
		ledgerCommand(),
		treasuryCommand(), descriptorsCommand(),
		restoreCommand(),
		indexerCommand(),
		depositsCommand(),
		tenantCommand(),
		customerCommand(),
		withdrawalsCommand(),
		sanctionsCommand(),
		devCommand(),
		tronsimCommand(),
		demoCommand(),
	)
	return root
}

// sayTo writes lines for a person. When the person has gone, there is nobody to tell.
func sayTo(out io.Writer) func(format string, args ...any) {
	return func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
}

// group is a command that only holds others. Alone it shows its help; a command that it
// does not hold is a usage error.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	parent := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			hint := "see `" + cmd.CommandPath() + " --help`"
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				hint = "did you mean " + strings.Join(near, " or ") + "?"
			}
			return fmt.Errorf("%w: %s has no command %q; %s", errUsage, cmd.CommandPath(), args[0], hint)
		},
	}
	parent.AddCommand(commands...)
	return parent
}

// needs refuses a command line without a flag that the command cannot do without.
func needs(cmd *cobra.Command, flags ...string) error {
	for _, name := range flags {
		if !cmd.Flags().Changed(name) {
			return fmt.Errorf("%w: %s needs --%s; see `%s --help`", errUsage, cmd.CommandPath(), name, cmd.CommandPath())
		}
	}
	return nil
}

// noArgs refuses arguments as a usage error.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%w: %s takes no arguments, got %q", errUsage, cmd.CommandPath(), args)
	}
	return nil
}
