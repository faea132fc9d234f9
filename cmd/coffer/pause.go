package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/signer"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/spf13/cobra"
)

// Bounds of statements made here.
const (
	statementLife     = time.Hour
	maxStatementBytes = 64 << 10
)

// commandCommands pause and resume the signers.
func commandCommands() []*cobra.Command {
	return []*cobra.Command{pauseCommand(), resumeCommand(), pausedCommand(), resetCommand(), statementCommand(), sendCommand()}
}

// statementFlags are those of every command that makes a statement.
type statementFlags struct {
	reason, write string
	keys          []string
}

func (f *statementFlags) add(cmd *cobra.Command) {
	configFlags(cmd)
	cmd.Flags().StringVar(&f.reason, "reason", "", "why, for those who read it later")
	cmd.Flags().StringArrayVar(&f.keys, "key", nil, "file with a person's key: 64 hex digits (secp256k1), or ed25519: and 64 hex digits (repeat for several)")
	cmd.Flags().StringVar(&f.write, "write", "", "write the statement to this file for others to sign, and send nothing")
}

// run makes the statement, signs it and gives it to the signers, or writes it to a file.
func (f *statementFlags) run(cmd *cobra.Command, st policy.Statement) error {
	c := policy.Command{Statement: st}
	if err := f.sign(&c); err != nil {
		return err
	}
	if f.write != "" {
		return writeStatement(f.write, c)
	}
	return deliver(cmd, c)
}

// sign completes a statement and signs it with the keys that were named.
func (f *statementFlags) sign(c *policy.Command) error {
	st := &c.Statement
	st.Reason, st.Made = f.reason, time.Now().UTC().Truncate(time.Second)
	st.Expires = st.Made.Add(statementLife)
	if err := st.Check(); err != nil {
		return err
	}
	for _, file := range f.keys {
		if err := signStatement(c, file); err != nil {
			return err
		}
	}
	return nil
}

func pauseCommand() *cobra.Command {
	var f statementFlags
	var chain, asset, tenant string
	cmd := &cobra.Command{
		Use:   "pause",
		Short: "Pause everything, a chain, an asset or a tenant; any one person may",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "reason"); err != nil {
				return err
			}
			st := policy.Statement{Action: policy.ActionPause, Scope: policy.ScopeAll}
			for scope, subject := range map[string]string{policy.ScopeChain: chain, policy.ScopeAsset: asset, policy.ScopeTenant: tenant} {
				if subject == "" {
					continue
				}
				if st.Subject != "" {
					return fmt.Errorf("%w: %s wants one of --chain, --asset and --tenant", errUsage, cmd.CommandPath())
				}
				st.Scope, st.Subject = scope, subject
			}
			return f.run(cmd, st)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&chain, "chain", "", "only this chain (CAIP-2)")
	cmd.Flags().StringVar(&asset, "asset", "", "only this asset (CAIP-19)")
	cmd.Flags().StringVar(&tenant, "tenant", "", "only this tenant")
	return cmd
}

func resumeCommand() *cobra.Command {
	var f statementFlags
	var of string
	cmd := &cobra.Command{
		Use:   "resume",
		Short: "End a pause; takes the quorum that the policy names",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "reason", "pause"); err != nil {
				return err
			}
			hash, err := coffer.ParseHash(of)
			if err != nil {
				return fmt.Errorf("%w: --pause: %w", errUsage, err)
			}
			pauses, err := askPauses(cmd)
			if err != nil {
				return err
			}
			for _, p := range pauses {
				if st := p.Statement; st.Hash() == hash {
					return f.run(cmd, policy.Statement{Action: policy.ActionResume, Scope: st.Scope, Subject: st.Subject, Of: hash})
				}
			}
			return fmt.Errorf("no signer that answers is under the pause %s", hash)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&of, "pause", "", "hash of the pause, as `coffer signer paused` shows it")
	return cmd
}

func resetCommand() *cobra.Command {
	var f statementFlags
	var name string
	cmd := &cobra.Command{
		Use:   "reset",
		Short: "Let a signer whose log was cut or restored sign again; takes the quorum",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "reason", "signer"); err != nil {
				return err
			}
			var head coffer.Hash
			err := eachSigner(cmd, func(ctx context.Context, client *signer.Client) error {
				if client.Name() != name {
					return nil
				}
				info, err := client.Info(ctx)
				if err == nil && info.Cut == "" {
					err = errors.New("does not want to be reset")
				}
				head = info.Head
				return err
			})
			if err != nil {
				return err
			}
			if head.IsZero() {
				return fmt.Errorf("no signer is called %q", name)
			}
			return f.run(cmd, policy.Statement{Action: policy.ActionReset, Scope: policy.ScopeAll, Subject: name, Of: head})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&name, "signer", "", "the signer's name")
	return cmd
}

func pausedCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "paused",
		Short: "Show the pauses that are in force",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			pauses, err := askPauses(cmd)
			for hash, p := range pauses {
				st := p.Statement
				sayTo(cmd.OutOrStdout())("%s %s since %s at %d signers: %s", hash, st, st.Made.Format(time.RFC3339), p.signers, st.Reason)
			}
			if err == nil && len(pauses) == 0 {
				sayTo(cmd.OutOrStdout())("nothing is paused")
			}
			return err
		},
	}
	configFlags(cmd)
	return cmd
}

// statementCommand shows a statement, or adds a signature to it.
func statementCommand() *cobra.Command {
	var keys, signatures []string
	cmd := &cobra.Command{
		Use:   "statement FILE",
		Short: "Show a statement as wallets sign it (EIP-712), or add signatures to its file",
		Args:  oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := readStatement(args[0])
			if err != nil {
				return err
			}
			for _, file := range keys {
				if err := signStatement(&c, file); err != nil {
					return err
				}
			}
			for _, text := range signatures {
				sig, err := parseSignature(text)
				if err != nil {
					return fmt.Errorf("%w: --signature: %w", errUsage, err)
				}
				c.Signatures = append(c.Signatures, sig)
			}
			if len(keys)+len(signatures) > 0 {
				return writeStatement(args[0], c)
			}
			text, err := c.Statement.TypedData()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), string(text))
			return err
		},
	}
	cmd.Flags().StringArrayVar(&keys, "key", nil, "file with a person's key")
	cmd.Flags().StringArrayVar(&signatures, "signature", nil, "ADDRESS=0xSIGNATURE from a wallet")
	return cmd
}

func sendCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "send FILE",
		Short: "Give a signed statement to all signers; doing it again is a no-op",
		Args:  oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := readStatement(args[0])
			if err != nil {
				return err
			}
			return deliver(cmd, c)
		},
	}
	configFlags(cmd)
	return cmd
}

func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%w: %s wants one file, got %q", errUsage, cmd.CommandPath(), args)
	}
	return nil
}

// eachSigner does something with every signer of a command's configuration, and returns
// what went wrong with which.
func eachSigner(cmd *cobra.Command, do func(ctx context.Context, client *signer.Client) error) error {
	c, err := readConfig(cmd)
	if err != nil {
		return err
	}
	var failures []error
	for _, one := range c.Signing.Signers {
		if err := withSigner(cmd.Context(), c.Signing, one, do); err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", one.Name, err))
		}
	}
	return errors.Join(failures...)
}

func withSigner(ctx context.Context, s config.Signing, one config.Signer, do func(ctx context.Context, client *signer.Client) error) error {
	client, err := signer.Dial(ctx, signerClient(s, one))
	if err != nil {
		return err
	}
	return errors.Join(do(ctx, client), client.Close())
}

// deliver gives a statement to all signers, and fails unless every one of them took it:
// those who were away have to be told again.
func deliver(cmd *cobra.Command, c policy.Command) error {
	say := sayTo(cmd.OutOrStdout())
	err := eachSigner(cmd, func(ctx context.Context, client *signer.Client) error {
		if c.Statement.Action == policy.ActionReset && client.Name() != c.Statement.Subject {
			return nil
		}
		changed, err := client.Command(ctx, c)
		switch {
		case err != nil:
			return err
		case changed:
			say("%s: %s", client.Name(), c.Statement)
		default:
			say("%s: %s, as before", client.Name(), c.Statement)
		}
		return nil
	})
	if err == nil && c.Statement.Action == policy.ActionPause {
		say("pause %s", c.Statement.Hash())
	}
	return err
}

// pauseSeen is a pause and how many signers are under it.
type pauseSeen struct {
	policy.Command
	signers int
}

// askPauses asks every signer. What those said who answer is returned with the error about
// those who do not.
func askPauses(cmd *cobra.Command) (map[coffer.Hash]pauseSeen, error) {
	found := map[coffer.Hash]pauseSeen{}
	err := eachSigner(cmd, func(ctx context.Context, client *signer.Client) error {
		info, err := client.Info(ctx)
		for _, p := range info.Pauses {
			hash := p.Command.Statement.Hash()
			found[hash] = pauseSeen{p.Command, found[hash].signers + 1}
		}
		return err
	})
	if len(found) > 0 && cmd.Name() != "paused" {
		err = nil // who is away is told again
	}
	return found, err
}

// signStatement adds a signature by the key in a file.
func signStatement(c *policy.Command, file string) error {
	text, err := readBounded(file, 256)
	if err != nil {
		return err
	}
	secret := strings.TrimSpace(string(text))
	if digits, ok := strings.CutPrefix(secret, "ed25519:"); ok {
		seed, err := hex.DecodeString(digits)
		if err != nil || len(seed) != ed25519.SeedSize {
			return fmt.Errorf("%s: want ed25519: and 64 hex digits", file)
		}
		key := ed25519.NewKeyFromSeed(seed)
		message, err := c.Statement.Digest(coffer.SchemeEd25519)
		if err != nil {
			return err
		}
		c.Signatures = append(c.Signatures, policy.StatementSignature{
			Scheme: coffer.SchemeEd25519, Key: hexutil.Encode(key[ed25519.SeedSize:]), Signature: ed25519.Sign(key, message)})
		return nil
	}
	key, err := crypto.HexToECDSA(strings.TrimPrefix(secret, "0x"))
	if err != nil {
		return fmt.Errorf("%s: want a key of 64 hex digits", file)
	}
	digest, err := c.Statement.Digest(coffer.SchemeEIP712)
	if err != nil {
		return err
	}
	signature, err := crypto.Sign(digest, key)
	if err != nil {
		return err
	}
	signature[64] += 27
	c.Signatures = append(c.Signatures, policy.StatementSignature{
		Scheme: coffer.SchemeEIP712, Key: crypto.PubkeyToAddress(key.PublicKey).Hex(), Signature: signature})
	return nil
}

// parseSignature reads what a wallet gave: ADDRESS=0x and 130 hex digits.
func parseSignature(text string) (policy.StatementSignature, error) {
	key, value, ok := strings.Cut(text, "=")
	signature, err := hexutil.Decode(value)
	if !ok || err != nil || len(signature) != 65 {
		return policy.StatementSignature{}, errors.New("want ADDRESS=0x and 130 hex digits")
	}
	return policy.StatementSignature{Scheme: coffer.SchemeEIP712, Key: key, Signature: signature}, nil
}

func writeStatement(file string, c policy.Command) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o600)
}

func readStatement(file string) (policy.Command, error) {
	text, err := readBounded(file, maxStatementBytes)
	if err != nil {
		return policy.Command{}, err
	}
	var c policy.Command
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return c, fmt.Errorf("statement %s: %w", file, err)
	}
	if err := c.Statement.Check(); err != nil {
		return c, fmt.Errorf("statement %s: %w", file, err)
	}
	return c, nil
}

// readBounded reads a file of at most so many bytes.
func readBounded(path string, most int64) ([]byte, error) {
	file, err := os.Open(path) // #nosec G304 -- the operator's own file
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	if int64(len(text)) > most {
		return nil, fmt.Errorf("%s has more than %d bytes", path, most)
	}
	return text, nil
}
