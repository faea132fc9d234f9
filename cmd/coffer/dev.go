package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

func devCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "dev",
		Short: "Everything up on development chains until Ctrl-C",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			say := sayTo(cmd.OutOrStdout())
			return withStack(cmd.Context(), say, func(ctx context.Context, s *stack) error {
				base := "http://" + s.server.address
				tap, err := s.startFaucet(ctx)
				if err != nil {
					return err
				}
				say("\nCoffer is up. Ctrl-C stops it and removes what it made.")
				say("  GraphQL    %s/graphql", base)
				say("  GraphiQL   %s/graphiql/", base)
				say("  metrics    %s/metrics, /healthz, /readyz", base)
				say("  API key    %s", s.api.key)
				for _, c := range s.chains {
					say("  %s", c.title)
					say("    node     %s (chain %s)", c.anvil.URL, c.chain)
					say("    bundler  %s/bundler/%s (ERC-4337 JSON-RPC, for the Safe's operations)", base, c.chain)
					say("    USDT     %s (%d decimals)", c.usdt, c.decimals)
					say("    Safe     %s", c.safe)
				}
				say("  Bitcoin (regtest); its blocks are made when somebody asks for one")
				say("    node     %s (chain %s)", s.bitcoin.node.URL, s.bitcoin.chain)
				say("    wallet   %s", s.bitcoin.descriptor)
				say("  TRON (tronsim); it makes a block each second")
				say("    node     %s (gRPC), %s (HTTP, for tronweb) (chain %s)", s.tron.doors[0], s.tron.web, s.tron.chain)
				say("    USDT     %s (6 decimals)", s.tron.usdt)
				say("    account  %s", s.tron.account())
				tap.tell(say)
				say("  operators  coffer withdrawals reviews --config %s", s.configFile())
				say("  logs       %s", s.path("logs"))
				say("\n  curl -s %s/graphql -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' \\", base, s.api.key)
				say(`    -d '{"query":"mutation { createAccount(idempotencyKey: \"1\", name: \"Ann\") { id } }"}'`)
				select {
				case <-ctx.Done():
					return nil
				case <-s.server.done:
					return fmt.Errorf("coffer ended:\n%s", s.server.tail())
				}
			})
		},
	}
}

// withStack runs something on a stack of its own. When it fails the logs stay.
func withStack(ctx context.Context, say func(format string, args ...any), run func(ctx context.Context, s *stack) error) error {
	s, err := newStack(selfCommand, say)
	if err != nil {
		return err
	}
	s.withTRON = true
	if err = s.up(ctx); err == nil {
		err = run(ctx, s)
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		err = nil // asked to stop: whatever broke off did so for that
	}
	if err != nil {
		s.logs(say)
		return errors.Join(err, s.halt())
	}
	return s.down()
}
