package main

import (
	"fmt"
	"log/slog"
	"net"
	"os"

	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/signer"
	"github.com/spf13/cobra"
)

// readyPrefix begins the one line that a server writes to standard output once it answers;
// the rest of the line is its address.
const readyPrefix = "ready "

func signerCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "signer",
		Short: "Run a signer: a process of its own that holds keys and checks everything by itself",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "config"); err != nil {
				return err
			}
			c, err := signer.LoadConfig(file)
			if err != nil {
				return err
			}
			c.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
			c.Ready = func(addr net.Addr) { sayTo(cmd.OutOrStdout())(readyPrefix+"%s", addr) }
			return exitQuietly(cmd.Context(), signer.Run(cmd.Context(), c))
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "the signer's configuration file (YAML)")
	cmd.AddCommand(signerKeyCommand(), signerSeedCommand(), signerSharesCommand(), signerPKICommand())
	cmd.AddCommand(commandCommands()...)
	return cmd
}

func signerKeyCommand() *cobra.Command {
	var c signer.Config
	var label string
	var public bool
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Make a secp256k1 key in a PKCS#11 token, unless it is there, and print its address",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "module", "token", "dir", "label"); err != nil {
				return err
			}
			if public {
				key, err := signer.CreatePublicKey(cmd.Context(), c, label)
				if err == nil {
					_, err = fmt.Fprintln(cmd.OutOrStdout(), key)
				}
				return err
			}
			address, err := signer.CreateKey(cmd.Context(), c, label)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), address)
			return err
		},
	}
	tokenFlags(cmd, &c)
	cmd.Flags().StringVar(&label, "label", "", "label of the key")
	cmd.Flags().BoolVar(&public, "public", false, "print the public key in hex, as a Bitcoin descriptor names it")
	return cmd
}

// tokenFlags say which token it is and how it is opened.
func tokenFlags(cmd *cobra.Command, c *signer.Config) {
	flags := cmd.Flags()
	flags.StringVar(&c.Token.Module, "module", "", "path of the PKCS#11 library")
	flags.StringVar(&c.Token.Label, "token", "", "label of the token")
	flags.StringVar(&c.Token.PINFile, "pin-file", "", "file with the PIN")
	flags.StringVar(&c.Token.PINEnv, "pin-env", "", "environment variable with the PIN")
	flags.StringVar(&c.Dir, "dir", "", "the signer's directory, which counts wrong PINs")
}

func signerPKICommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "pki NAME…",
		Short: "Make certificates for development; production has an authority of its own",
		Args: func(cmd *cobra.Command, names []string) error {
			if len(names) == 0 {
				return fmt.Errorf("%w: %s wants the names of the signers and of who calls them", errUsage, cmd.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, names []string) error {
			return signer.NewPKI(dir, names...)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "tls", "where to write them")
	return cmd
}

func policyCommand() *cobra.Command {
	return group("policy", "The rules for withdrawals", &cobra.Command{
		Use:   "check FILE",
		Short: "Read a policy and print the hash that signers pin",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("%w: %s wants one file, got %q", errUsage, cmd.CommandPath(), args)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := readPolicy(args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", p.Hash(), p.Name())
			return err
		},
	})
}

func readPolicy(file string) (*policy.Policy, error) {
	text, err := os.ReadFile(file) // #nosec G304 -- the operator's own file
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	p, err := policy.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", file, err)
	}
	return p, nil
}

// signerClient is how the server of a configuration reaches one of its signers.
func signerClient(s config.Signing, one config.Signer) signer.ClientConfig {
	return signer.ClientConfig{Name: one.Name, Address: one.Address, CA: s.CAFile, Cert: s.CertFile, Key: s.KeyFile}
}
