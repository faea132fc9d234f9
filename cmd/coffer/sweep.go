package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/evm"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/treasury"
	"github.com/ethereum/go-ethereum/common"
	"github.com/spf13/cobra"
)

// sweepCommand looks at sweeps and asks for them. The server's treasury role makes them.
func sweepCommand() *cobra.Command {
	var now, dryRun bool
	var only, release string
	cmd := &cobra.Command{
		Use:   "sweep --now | --dry-run | --release ADDRESS --chain ID",
		Short: "Empty deposit addresses now, whatever that is worth; or say what would be done; or end a quarantine",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(cmd)
			if err != nil {
				return err
			}
			work, err := sweepWork(now, dryRun, coffer.Address(release))
			if err != nil {
				return err
			}
			chains, err := sweptChains(c, coffer.ChainID(only))
			if err != nil {
				return err
			}
			if release != "" && only == "" {
				return errors.New("--release wants --chain")
			}
			return withDatabase(cmd, false, func(ctx context.Context, db *postgres.DB, out io.Writer) error {
				for _, chain := range chains {
					if err := work(ctx, c, chain, db, out); err != nil {
						return fmt.Errorf("chain %s: %w", chain.ID, err)
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&now, "now", false, "ask the server to sweep, without waiting until it is worth its cost")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be swept now, and what is put off")
	cmd.Flags().StringVar(&release, "release", "", "let this address be swept that was put off or in quarantine")
	cmd.Flags().StringVar(&only, "chain", "", "only this chain")
	configFlags(cmd)
	return cmd
}

// sweepOf does one of the things the command can do, for one chain.
type sweepOf func(ctx context.Context, c config.Config, chain config.Chain, db *postgres.DB, out io.Writer) error

func sweepWork(now, dryRun bool, release coffer.Address) (sweepOf, error) {
	switch {
	case now && !dryRun && release == "":
		return requestSweep, nil
	case dryRun && !now && release == "":
		return showSweep, nil
	case release != "" && !now && !dryRun:
		return releaseSweep(release), nil
	}
	return nil, errors.New("say one of --now, --dry-run and --release: without being asked the server sweeps when that is worth its cost")
}

func sweptChains(c config.Config, only coffer.ChainID) ([]config.Chain, error) {
	var chains []config.Chain
	for _, chain := range c.Chains {
		if len(chain.Sweep.Assets) > 0 && (only == "" || only == chain.ID) {
			chains = append(chains, chain)
		}
	}
	if len(chains) == 0 {
		return nil, errors.New("no chain with a sweep section is meant")
	}
	return chains, nil
}

func requestSweep(ctx context.Context, _ config.Config, chain config.Chain, db *postgres.DB, out io.Writer) error {
	if err := treasury.RequestSweep(ctx, db.Pool(), chain.ID, time.Now().UTC().Truncate(time.Microsecond)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "sweep of %s requested\n", chain.ID)
	return err
}

func releaseSweep(text coffer.Address) sweepOf {
	return func(ctx context.Context, _ config.Config, chain config.Chain, db *postgres.DB, out io.Writer) error {
		address, err := parserOf(chain.ID)(string(text))
		if err != nil {
			return coffer.Invalid("release", "%.80q is not an address", text)
		}
		n, err := payout.NewDesk(db, time.Now).ReleaseSweeps(ctx, chain.ID, address)
		if err == nil && n == 0 {
			err = coffer.Errorf(coffer.CodeNotFound, "%s is neither put off nor in quarantine", address)
		}
		if err == nil {
			_, err = fmt.Fprintf(out, "%s can be swept again, of %d assets\n", address, n)
		}
		return err
	}
}

// showSweep says what the server would do if it looked now.
func showSweep(ctx context.Context, c config.Config, chain config.Chain, db *postgres.DB, out io.Writer) error {
	deposits, err := offlineDeposits(c, db)
	if err != nil {
		return err
	}
	one := tokenSweepChain(chain, deposits)
	if chain.ID.Namespace() == coffer.NamespaceEVM {
		client, err := evm.Dial(ctx, evm.Config{Chain: chain.ID, Native: chain.Native.ID, URLs: chain.RPC, EntryPoint: common.HexToAddress(chain.EntryPoint)})
		if err != nil {
			return err
		}
		defer client.Close()
		one = sweepChain(chain, client, deposits)
	}
	if chain.ID.Namespace() == coffer.NamespaceTRON {
		var end func()
		if one, end, err = offlineTRONSweeps(ctx, chain, deposits); err != nil {
			return err
		}
		defer end()
	}
	desk := payout.NewDesk(db, time.Now)
	sweeper, err := treasury.NewSweeper(treasury.SweepConfig{
		DB: db, Payouts: desk, Salts: salts{deposits}, Chains: []treasury.SweepChain{one}, Clock: time.Now,
	})
	if err != nil {
		return err
	}
	plan, err := sweeper.Plan(ctx, chain.ID, false)
	if err != nil {
		return err
	}
	live, deferred, err := desk.Sweeping(ctx, chain.ID)
	if err != nil {
		return err
	}

	if _, err := fmt.Fprintf(out, "%s: %d addresses to sweep, %d legs: %s; %d legs on their way\n",
		chain.ID, plan.Forwarders, len(plan.Legs), plan.Reason, len(live)); err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, leg := range plan.Legs {
		symbol, decimals := nameOf(chain, leg.Asset)
		if _, err := fmt.Fprintf(table, "sweep\t%s\t%s %s\n", leg.Forwarder, leg.Expected.Units(decimals), symbol); err != nil {
			return err
		}
	}
	for _, d := range slices.Concat(plan.Give, plan.Back) {
		if _, err := fmt.Fprintln(table, delegationLine(d)); err != nil {
			return err
		}
	}
	for _, e := range plan.Exposure {
		if _, err := fmt.Fprintln(table, exposureLine(chain, e)); err != nil {
			return err
		}
	}
	for _, stuck := range plan.Stuck {
		symbol, _ := nameOf(chain, stuck.Asset)
		if _, err := fmt.Fprintf(table, "stuck\t%s\t%s: %s\n", stuck.Forwarder, symbol, stuck.Reason); err != nil {
			return err
		}
	}
	for _, d := range deferred {
		what := "put off"
		if d.Quarantined {
			what = "quarantine"
		}
		symbol, _ := nameOf(chain, d.Asset)
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s until %s: %s\n", what, d.Forwarder, symbol, d.Until.Format(time.RFC3339), d.Reason); err != nil {
			return err
		}
	}
	return table.Flush()
}

// delegationLine says what a deposit address is given next, or what is taken back from it.
func delegationLine(d coffer.Delegation) string {
	switch {
	case d.Resource == coffer.ResourceAccount:
		return fmt.Sprintf("make\t%s\tits account", d.To)
	case d.Back:
		return fmt.Sprintf("take back\t%s\t%s of %s TRX of stake", d.To, d.Resource, d.Amount.Units(sunDecimals))
	}
	return fmt.Sprintf("lend\t%s\t%s of %s TRX of stake", d.To, d.Resource, d.Amount.Units(sunDecimals))
}

const sunDecimals = 6

// exposureLine says what waits at deposit addresses whose keys one signer has.
func exposureLine(chain config.Chain, e treasury.Exposure) string {
	symbol, decimals := nameOf(chain, e.Asset)
	line := fmt.Sprintf("exposed\tall deposit addresses\t%s %s", e.Waiting.Units(decimals), symbol)
	switch {
	case e.Over:
		return line + fmt.Sprintf(", MORE than the cap of %s", e.Cap.Units(decimals))
	case !e.Cap.IsZero():
		return line + fmt.Sprintf(", the cap is %s", e.Cap.Units(decimals))
	}
	return line
}
