package main

import (
	"fmt"
	"strings"

	"github.com/cofferhq/coffer/signer"
	"github.com/cofferhq/coffer/utxo"
	"github.com/spf13/cobra"
)

func signerSeedCommand() *cobra.Command {
	var c signer.Config
	var s signer.SeedConfig
	var network string
	cmd := &cobra.Command{
		Use:   "seed",
		Short: "Make a BIP-32 seed that a key in the token seals, unless the file is there, and print its public key for a descriptor, or for deposit addresses of TRON",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "module", "token", "dir", "label", "name", "file"); err != nil {
				return err
			}
			if s.TRON && (network != "" || s.Nested) {
				return fmt.Errorf("%w: --network, --nested: are of Bitcoin, not for --tron", errUsage)
			}
			if !s.TRON {
				if err := needs(cmd, "network"); err != nil {
					return err
				}
			}
			s.Network = utxo.Network(network)
			expression, err := signer.CreateSeed(cmd.Context(), c, s)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), expression)
			return err
		},
	}
	tokenFlags(cmd, &c)
	flags := cmd.Flags()
	flags.StringVar(&s.Label, "label", "", "label of the token's AES key that seals, made where there is none")
	flags.StringVar(&s.Signer, "name", "", "the signer's name, as in its configuration")
	flags.StringVar(&s.File, "file", "", "the sealed seed")
	flags.StringVar(&network, "network", "", "mainnet, testnet4, signet or regtest")
	flags.BoolVar(&s.Nested, "nested", false, "for a wallet sh(wsh(…)), not wsh(…)")
	flags.Uint32Var(&s.Account, "account", 0, "number of the account (BIP-48, with --tron BIP-44)")
	flags.StringArrayVar(&s.Shares, "share", nil, "a file of `coffer signer shares`; given for each of so many as make the seed, which is put together instead of drawn")
	flags.BoolVar(&s.TRON, "tron", false, "print the key of deposit addresses of TRON, m/44h/195h/account")
	return cmd
}

func signerSharesCommand() *cobra.Command {
	var c signer.Config
	var s signer.SplitConfig
	cmd := &cobra.Command{
		Use:   "shares",
		Short: "Split a sealed seed into shares, some of which make it again, for another signer or a new token",
		Long: "Split a sealed seed into shares (Shamir). Fewer than --threshold of them say nothing of the seed;\n" +
			"so many make it, with nothing else. They are not encrypted: give each to another keeper, at another\n" +
			"place, and leave none on this machine. `coffer signer seed --share … --share …` seals what they make.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "module", "token", "dir", "name", "file", "threshold", "count", "out"); err != nil {
				return err
			}
			paths, err := signer.SplitSeed(cmd.Context(), c, s)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), strings.Join(paths, "\n"))
			return err
		},
	}
	tokenFlags(cmd, &c)
	flags := cmd.Flags()
	flags.StringVar(&s.Signer, "name", "", "the signer's name, as in its configuration")
	flags.StringVar(&s.File, "file", "", "the sealed seed")
	flags.IntVar(&s.Threshold, "threshold", 0, "shares that make the seed, 2 and more")
	flags.IntVar(&s.Count, "count", 0, "shares to make, at most 16")
	flags.StringVar(&s.Dir, "out", "", "folder that the shares are written to")
	return cmd
}
