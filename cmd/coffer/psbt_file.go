package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/signer"
	"github.com/cofferhq/coffer/utxo"
)

var _ payout.FileFormat = utxo.Exchange{}

// askPausesTimeout bounds how long each signer is asked whether people paused it.
const askPausesTimeout = 5 * time.Second

func psbtExportCommand() *cobra.Command {
	var out, actor string
	cmd := &cobra.Command{
		Use:   "export PAYOUT",
		Short: "Write the PSBT of a payout for somebody who signs by file",
		Long: "Write the PSBT of a payout that is being signed, with the signatures that it has, for somebody\n" +
			"whose key no signer holds. One signer at least has to have signed it before. Who took it is\n" +
			"kept. `coffer psbt import` takes what comes back.",
		Args: oneArg("PAYOUT, as `coffer payout list` shows it"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withFiles(cmd, &actor, func(ctx context.Context, desk *payout.Desk, c config.Config) error {
				p, err := desk.Payout(ctx, args[0])
				if errors.Is(err, coffer.ErrNotFound) {
					return coffer.Errorf(coffer.CodeNotFound, "no such payout")
				}
				if err != nil {
					return err
				}
				chain, d, err := walletOf(c, p.Intent.Chain)
				if err != nil {
					return err
				}
				if err := unpaused(ctx, cmd.ErrOrStderr(), c, p); err != nil {
					return err
				}
				export := func() ([]byte, error) {
					file, _, err := desk.Export(ctx, byFile(chain, d), p.ID, actor)
					return file, err
				}
				if out != "" {
					return writeNew(out, export)
				}
				file, err := export()
				if err == nil {
					sayTo(cmd.OutOrStdout())("%s", base64.StdEncoding.EncodeToString(file))
				}
				return err
			})
		},
	}
	configFlags(cmd)
	cmd.Flags().StringVar(&out, "out", "", "the file to write, which must not be there yet; base64 on standard output when it is not given")
	cmd.Flags().StringVar(&actor, "actor", "", "who takes it; the user who runs this")
	return cmd
}

func psbtImportCommand() *cobra.Command {
	var network, actor string
	cmd := &cobra.Command{
		Use:   "import FILE|-",
		Short: "Take the signatures out of a PSBT that somebody signed",
		Long: "Take the signatures out of a PSBT that `coffer psbt export` wrote and somebody signed with a key\n" +
			"of utxo.cold_keys. Each is verified against what the payout has to be; nothing else is taken\n" +
			"from the file. The payout goes on at once. Doing it again changes nothing.",
		Args: oneArg("FILE, or - for standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := readPSBT(cmd.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			return withFiles(cmd, &actor, func(ctx context.Context, desk *payout.Desk, c config.Config) error {
				id, err := theNetwork(c, network)
				if err != nil {
					return err
				}
				chain, d, err := walletOf(c, id)
				if err != nil {
					return err
				}
				done, err := desk.Import(ctx, byFile(chain, d), file, actor)
				if err != nil {
					return fmt.Errorf("%s: %w", args[0], err)
				}
				say := sayTo(cmd.OutOrStdout())
				for _, key := range done.Stored {
					say("new    signatures of %s", key)
				}
				for _, key := range done.Known {
					say("known  signatures of %s", key)
				}
				say("payout %s, attempt %d, is %s with %d of %d signatures", done.Payout, done.Attempt, done.State, len(done.Stored)+len(done.Known), d.Threshold())
				return nil
			})
		},
	}
	configFlags(cmd)
	cmd.Flags().StringVar(&network, "network", "", "mainnet, testnet4, signet or regtest, where several are configured")
	cmd.Flags().StringVar(&actor, "actor", "", "who says so; the user who runs this")
	return cmd
}

// withFiles gives a command the desk of the configured database, and who is there.
func withFiles(cmd *cobra.Command, actor *string, run func(ctx context.Context, desk *payout.Desk, c config.Config) error) (err error) {
	if *actor, err = actorOr(*actor); err != nil {
		return err
	}
	c, err := readConfig(cmd)
	if err != nil {
		return err
	}
	return withDatabase(cmd, false, func(ctx context.Context, db *postgres.DB, _ io.Writer) error {
		return run(ctx, payout.NewDesk(db, time.Now), c)
	})
}

// walletOf is the wallet of a configured chain of the Bitcoin family.
func walletOf(c config.Config, id coffer.ChainID) (config.Chain, utxo.Descriptor, error) {
	for _, chain := range c.Chains {
		if chain.ID != id || id.Namespace() != coffer.NamespaceUTXO {
			continue
		}
		network, err := utxo.NetworkOf(id)
		if err != nil {
			return config.Chain{}, utxo.Descriptor{}, err
		}
		d, err := utxo.ParseDescriptor(network, chain.UTXO.Descriptor)
		if err == nil {
			err = checkColdKeys(d, chain.UTXO.ColdKeys)
		}
		if err != nil {
			return config.Chain{}, utxo.Descriptor{}, fmt.Errorf("chain %s: utxo.descriptor: %w", id, err)
		}
		return chain, d, nil
	}
	return config.Chain{}, utxo.Descriptor{}, coffer.Errorf(coffer.CodeNotFound, "%s is not a chain of the Bitcoin family that is configured", id)
}

// theNetwork is the chain of a network, or the one that is configured.
func theNetwork(c config.Config, name string) (coffer.ChainID, error) {
	if name != "" {
		network, err := utxo.ParseNetwork(name)
		if err != nil {
			return "", fmt.Errorf("%w: --network: %w", errUsage, err)
		}
		return network.Chain(), nil
	}
	var found []coffer.ChainID
	for _, chain := range c.Chains {
		if chain.ID.Namespace() == coffer.NamespaceUTXO {
			found = append(found, chain.ID)
		}
	}
	switch len(found) {
	case 0:
		return "", coffer.Errorf(coffer.CodeNotFound, "no chain of the Bitcoin family is configured")
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%w: several networks are configured: say which with --network", errUsage)
}

func byFile(chain config.Chain, d utxo.Descriptor) payout.ByFile {
	return payout.ByFile{Chain: chain.ID, Wallet: d.Address(), Cold: chain.UTXO.ColdKeys, Format: utxo.Exchange{Descriptor: d}}
}

// unpaused refuses a payout that people paused: who signs by file asks no signer. Signers that
// do not answer cannot say, which is told.
func unpaused(ctx context.Context, warn io.Writer, c config.Config, p payout.Payout) error {
	for _, one := range c.Signing.Signers {
		call, cancel := context.WithTimeout(ctx, askPausesTimeout)
		var pauses []signer.Pause
		err := withSigner(call, c.Signing, one, func(ctx context.Context, client *signer.Client) error {
			info, err := client.Info(ctx)
			pauses = info.Pauses
			return err
		})
		cancel()
		if err != nil {
			sayTo(warn)("signer %s does not say whether people paused it: %v", one.Name, err)
		}
		for _, pause := range pauses {
			if st := pause.Command.Statement; covers(st, p) {
				return coffer.Errorf(coffer.CodeConflict, "paused: %s (%s)", st, st.Reason)
			}
		}
	}
	return nil
}

// covers reports whether a pause holds a payout back. Whose orders it pays is not looked up: a
// pause of a tenant holds all back.
func covers(st policy.Statement, p payout.Payout) bool {
	if st.CoversChain(p.Intent.Chain) || st.Scope == policy.ScopeTenant {
		return true
	}
	for _, payment := range p.Intent.Payments {
		if st.Covers(coffer.Order{Asset: payment.Asset}) {
			return true
		}
	}
	return false
}

// writeNew writes a file that is not there yet. That is made sure before there is something
// to write.
func writeNew(name string, content func() ([]byte, error)) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- the person who runs this named it
	if err != nil {
		return err
	}
	text, err := content()
	if err == nil {
		_, err = file.Write(text)
	}
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}
