package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/treasury"
	"github.com/spf13/cobra"
)

// sweepCommand asks for a sweep. The server's treasury role makes it.
func sweepCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sweep --now",
		Short: "Empty all deposit addresses now, whatever that is worth; the server's treasury role does it",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(cmd)
			if err != nil {
				return err
			}
			now, err := cmd.Flags().GetBool("now")
			if err != nil {
				return err
			}
			if !now {
				return errors.New("say --now: without it addresses are emptied when that is worth its cost, by the server itself")
			}
			only, err := cmd.Flags().GetString("chain")
			if err != nil {
				return err
			}
			return withDatabase(cmd, false, func(ctx context.Context, db *postgres.DB, out io.Writer) error {
				return requestSweeps(ctx, c, coffer.ChainID(only), db, out)
			})
		},
	}
	cmd.Flags().Bool("now", false, "do not wait until it is worth its cost")
	cmd.Flags().String("chain", "", "only this chain")
	configFlags(cmd)
	return cmd
}

func requestSweeps(ctx context.Context, c config.Config, only coffer.ChainID, db *postgres.DB, out io.Writer) error {
	requested := 0
	for _, chain := range c.Chains {
		if len(chain.Sweep.Assets) == 0 || only != "" && only != chain.ID {
			continue
		}
		if err := treasury.RequestSweep(ctx, db.Pool(), chain.ID, time.Now().UTC().Truncate(time.Microsecond)); err != nil {
			return err
		}
		requested++
		if _, err := fmt.Fprintf(out, "sweep of %s requested\n", chain.ID); err != nil {
			return err
		}
	}
	if requested == 0 {
		return errors.New("no chain with a sweep section is meant")
	}
	return nil
}
