package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/merchant"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/withdrawal"
	"github.com/spf13/cobra"
)

// shownStandings is how much of a customer's history is shown.
const shownStandings = 50

func customerCommand() *cobra.Command {
	return group("customer", "Where customers stand (withdrawals.customers.source: table)", customerSetCommand(), customerShowCommand())
}

// customerFlags name an account of a tenant.
func customerFlags(cmd *cobra.Command, tenant, account *string) {
	configFlags(cmd)
	cmd.Flags().StringVar(tenant, "tenant", "", "the tenant's id")
	cmd.Flags().StringVar(account, "account", "", "the account's id")
}

// withCustomers opens the table for an account that exists.
func withCustomers(cmd *cobra.Command, tenant, account string, run func(ctx context.Context, table *withdrawal.CustomerTable, out io.Writer) error) error {
	c, err := readConfig(cmd)
	if err != nil {
		return err
	}
	if source := c.Withdrawals.Customers.Source; source != config.CustomersTable {
		return fmt.Errorf("withdrawals.customers.source is %s: nobody would ask the table", source)
	}
	return withDatabase(cmd, false, func(ctx context.Context, db *postgres.DB, out io.Writer) error {
		if _, err := merchant.New(db, time.Now, rand.Reader).Account(ctx, tenant, account); err != nil {
			return err
		}
		settings := c.Withdrawals.Customers
		table, err := withdrawal.NewCustomerTable(db, settings.Unknown, settings.TTL, time.Now)
		if err != nil {
			return err
		}
		return run(ctx, table, out)
	})
}

func customerSetCommand() *cobra.Command {
	var tenant, account string
	var standing withdrawal.Standing
	cmd := &cobra.Command{
		Use:   "set-status",
		Short: "Set where a customer stands: active, limited (withdrawals are reviewed) or blocked (refused)",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "tenant", "account", "state", "reason", "actor"); err != nil {
				return err
			}
			return withCustomers(cmd, tenant, account, func(ctx context.Context, table *withdrawal.CustomerTable, out io.Writer) error {
				set, err := table.Set(ctx, tenant, account, standing)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(out, "account %s is %s\n", account, set.State)
				return err
			})
		},
	}
	customerFlags(cmd, &tenant, &account)
	cmd.Flags().StringVar(&standing.State, "state", "", "active, limited or blocked")
	cmd.Flags().StringVar(&standing.Reason, "reason", "", "why, for the record")
	cmd.Flags().StringVar(&standing.Actor, "actor", "", "who says so, for the record")
	return cmd
}

func customerShowCommand() *cobra.Command {
	var tenant, account string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show where a customer stands, and stood before",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "tenant", "account"); err != nil {
				return err
			}
			return withCustomers(cmd, tenant, account, func(ctx context.Context, table *withdrawal.CustomerTable, out io.Writer) error {
				now, err := table.Status(ctx, tenant, account)
				if err != nil {
					return err
				}
				history, err := table.History(ctx, tenant, account, shownStandings)
				if err != nil {
					return err
				}
				return showStanding(out, asJSON, account, now, history)
			})
		},
	}
	customerFlags(cmd, &tenant, &account)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// standingShown is one row of a customer's history.
type standingShown struct {
	State  string    `json:"state"`
	Reason string    `json:"reason"`
	Actor  string    `json:"actor"`
	At     time.Time `json:"at"`
}

func showStanding(out io.Writer, asJSON bool, account string, now withdrawal.Status, history []withdrawal.Standing) error {
	shown := make([]standingShown, len(history))
	for i, h := range history {
		shown[i] = standingShown(h)
	}
	if asJSON {
		return json.NewEncoder(out).Encode(map[string]any{"account": account, "state": now.State, "history": shown})
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "account %s is %s\n", account, now.State) // errors come with Flush
	for _, h := range shown {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", h.At.Format(time.RFC3339), h.State, h.Actor, h.Reason)
	}
	return table.Flush()
}
