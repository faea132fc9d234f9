package main

import (
	"context"
	"fmt"
	"math"
	"net"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/cofferhq/coffer/devnet/tronsim"
)

// maxTronAccounts is how many accounts the development node gives TRX to.
const maxTronAccounts = 10_000

// tronsimCommand is the TRON node to develop with, alone.
func tronsimCommand() *cobra.Command {
	var (
		listen    string
		listenWeb string
		slot      time.Duration
		seed      string
		accounts  int
		balance   int64
		producers int
		lag       int64
	)
	cmd := &cobra.Command{
		Use:   "tronsim",
		Short: "A TRON node to develop with, in memory, until Ctrl-C: no real money, no peers",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if accounts < 0 || accounts > maxTronAccounts {
				return fmt.Errorf("%w: --accounts %d: want 0 to %d", errUsage, accounts, maxTronAccounts)
			}
			const sun = 1_000_000
			if balance < 0 || balance > math.MaxInt64/sun/maxTronAccounts {
				return fmt.Errorf("%w: --balance %d: want 0 to %d TRX", errUsage, balance, int64(math.MaxInt64/sun/maxTronAccounts))
			}
			if slot <= 0 {
				return fmt.Errorf("%w: --block-time %s: want more than 0", errUsage, slot)
			}
			if producers <= 0 {
				return fmt.Errorf("%w: --producers %d: want more than 0", errUsage, producers)
			}
			funded := map[tronsim.Address]int64{}
			for i := range accounts {
				funded[tronsim.AddressOf(tronsim.KeyOf(seed, i))] = balance * sun
			}
			sim, err := tronsim.New(tronsim.Config{
				Clock: time.Now, Seed: seed, SlotTime: slot, Producers: producers, SolidLag: lag, Funded: funded,
			})
			if err != nil {
				return fmt.Errorf("%w: %w", errUsage, err)
			}
			ctx := cmd.Context()
			listener, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
			if err != nil {
				return err
			}

			web, err := new(net.ListenConfig).Listen(ctx, "tcp", listenWeb)
			if err != nil {
				_ = listener.Close()
				return err
			}

			say := sayTo(cmd.OutOrStdout())
			say("TRON node for development at %s (gRPC: protocol.Wallet and protocol.WalletSolidity)", listener.Addr())
			say("  HTTP    http://%s (/wallet and /walletsolidity)", web.Addr())
			say("  chain   %s", sim.ChainID())
			for i := range accounts {
				key := tronsim.KeyOf(seed, i)
				say("  %s  %d TRX  key %x", tronsim.Text(tronsim.AddressOf(key)), balance, crypto.FromECDSA(key))
			}
			say("The keys are made of --seed: everybody has them.")
			return runTronsim(ctx, sim, listener, web)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&listen, "listen", "127.0.0.1:50051", "address of the gRPC services")
	flags.StringVar(&listenWeb, "http", "127.0.0.1:8090", "address of HTTP")
	flags.DurationVar(&slot, "block-time", 3*time.Second, "time between blocks")
	flags.StringVar(&seed, "seed", "coffer", "names the chain and the keys of its accounts")
	flags.IntVar(&accounts, "accounts", 10, "how many accounts have TRX")
	flags.Int64Var(&balance, "balance", 1_000_000, "what each of them has, in TRX")
	flags.IntVar(&producers, "producers", 27, "how many producers take turns; 70 % of them solidify a block")
	flags.Int64Var(&lag, "solid-lag", 0, "how far the solidified block is below the head; 0 for what the producers make it")
	return cmd
}

func runTronsim(ctx context.Context, sim *tronsim.Sim, listener, web net.Listener) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return sim.Run(ctx) })
	group.Go(func() error { return tronsim.Serve(ctx, sim, listener) })
	group.Go(func() error { return tronsim.ServeHTTP(ctx, sim, web) })
	return group.Wait()
}
