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
	"os"
	"os/signal"
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
	root := &cobra.Command{
		Use:           "coffer",
		Short:         "Multi-chain custody and payments backend",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
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
		ledgerCommand(),
		treasuryCommand(),
		tenantCommand(),
		devCommand(),
		demoCommand(),
	)
	return root
}

// noArgs refuses arguments as a usage error.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%w: %s takes no arguments, got %q", errUsage, cmd.CommandPath(), args)
	}
	return nil
}
