package main

import (
	"errors"
	"fmt"

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
				return errors.New("--network, --nested: are of Bitcoin, not for --tron")
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
	flags.BoolVar(&s.TRON, "tron", false, "print the key of deposit addresses of TRON, m/44h/195h/account")
	return cmd
}
