package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/utxo"
)

// descriptorsCommand prints what other software needs to watch the wallets of coins. There is
// no secret in it, but whoever has it sees every address.
func descriptorsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "descriptors",
		Short: "Print the Bitcoin wallets' descriptors, as other software imports them to watch",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(cmd)
			if err != nil {
				return err
			}
			say, any := sayTo(cmd.OutOrStdout()), false
			for _, chain := range c.Chains {
				if chain.ID.Namespace() != coffer.NamespaceUTXO {
					continue
				}
				any = true
				network, err := utxo.NetworkOf(chain.ID)
				if err != nil {
					return err
				}
				wallet, err := utxo.ParseDescriptor(network, chain.UTXO.Descriptor)
				if err != nil {
					return fmt.Errorf("chain %s: utxo.descriptor: %w", chain.ID, err)
				}
				export, err := wallet.Export()
				if err != nil {
					return fmt.Errorf("chain %s: utxo.descriptor: %w", chain.ID, err)
				}
				say("%s (%s), wallet %s", chain.ID, network, wallet.Address())
				say("multipath  %s", export.Multipath)
				say("receive    %s", export.Receive)
				if export.Change != "" {
					say("change     %s", export.Change)
				}
			}
			if !any {
				return coffer.Errorf(coffer.CodeNotFound, "no chain of the Bitcoin family is configured")
			}
			return nil
		},
	}
	configFlags(cmd)
	return cmd
}
