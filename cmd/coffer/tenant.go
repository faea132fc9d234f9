package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"github.com/cofferhq/coffer/merchant"
	"github.com/cofferhq/coffer/postgres"
	"github.com/spf13/cobra"
)

func tenantCommand() *cobra.Command {
	return group("tenant", "Tenants and their API keys", tenantCreateCommand(), tenantKeyCommand())
}

func tenantCreateCommand() *cobra.Command {
	var id, name string
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make a tenant; doing it again is a no-op",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "id", "name"); err != nil {
				return err
			}
			return withDatabase(cmd, true, func(ctx context.Context, db *postgres.DB, out io.Writer) error {
				if err := merchant.New(db, time.Now, rand.Reader).CreateTenant(ctx, id, name); err != nil {
					return err
				}
				_, err := fmt.Fprintln(out, "tenant", id)
				return err
			})
		},
	}
	configFlags(cmd)
	cmd.Flags().StringVar(&id, "id", "", "1 to 63 characters of a-z, 0-9, _ and -")
	cmd.Flags().StringVar(&name, "name", "", "what people call it")
	return cmd
}

func tenantKeyCommand() *cobra.Command {
	var tenant, name string
	var scopes []string
	var expires time.Duration
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Make an API key and print its secret, once",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "tenant", "name", "scope"); err != nil {
				return err
			}
			return withDatabase(cmd, true, func(ctx context.Context, db *postgres.DB, out io.Writer) error {
				request := merchant.KeyRequest{Tenant: tenant, Name: name}
				for _, scope := range scopes {
					request.Scopes = append(request.Scopes, merchant.Scope(scope))
				}
				if expires > 0 {
					end := time.Now().Add(expires)
					request.Expires = &end
				}
				_, secret, err := merchant.New(db, time.Now, rand.Reader).CreateKey(ctx, request)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(out, secret.Reveal())
				return err
			})
		},
	}
	configFlags(cmd)
	cmd.Flags().StringVar(&tenant, "tenant", "", "the tenant's id")
	cmd.Flags().StringVar(&name, "name", "", "what the key is for")
	cmd.Flags().StringSliceVar(&scopes, "scope", nil, "read, withdraw, approve, operator, admin (repeat or separate by commas)")
	cmd.Flags().DurationVar(&expires, "expires", 0, "how long the key lasts; 0 for no end")
	return cmd
}
