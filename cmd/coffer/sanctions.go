package main

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/withdrawal"
	"github.com/spf13/cobra"
)

// defaultListLife is how long a list lasts unless its maker says otherwise.
const defaultListLife = 48 * time.Hour

func sanctionsCommand() *cobra.Command {
	return group("sanctions", "Signed lists of addresses that are never paid",
		sanctionsKeyCommand(), sanctionsSignCommand(), sanctionsVerifyCommand())
}

func sanctionsKeyCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Make an issuer's Ed25519 key (PKCS #8, PEM) and print its public half for withdrawals.sanctions.keys",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "out"); err != nil {
				return err
			}
			public, private, err := ed25519.GenerateKey(rand.Reader)
			if err != nil {
				return err
			}
			text, err := x509.MarshalPKCS8PrivateKey(private)
			if err != nil {
				return err
			}
			file, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- the operator's own file
			if err != nil {
				return err
			}
			err = pem.Encode(file, &pem.Block{Type: "PRIVATE KEY", Bytes: text})
			if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "0x"+hex.EncodeToString(public))
			return err
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "the file to write; one that exists is left alone")
	return cmd
}

func sanctionsSignCommand() *cobra.Command {
	var key, name, in, out string
	var life time.Duration
	cmd := &cobra.Command{
		Use:   "sign",
		Short: "Make a signed list of a file with an address and its evidence in each line",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "key", "name", "in", "out"); err != nil {
				return err
			}
			private, err := readIssuerKey(key)
			if err != nil {
				return err
			}
			entries, err := readEntries(in)
			if err != nil {
				return err
			}
			now := time.Now().UTC().Truncate(time.Second)
			list, err := policy.MakeSanctions(name, now, now.Add(life), entries, private)
			if err != nil {
				return err
			}
			return replaceFile(out, list)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&key, "key", "", "the issuer's key (Ed25519, PKCS #8, PEM)")
	flags.StringVar(&name, "name", "", "what the list is called, for example \"OFAC SDN\"")
	flags.StringVar(&in, "in", "", "the addresses; empty lines and lines that begin with # are left out")
	flags.StringVar(&out, "out", "", "the list to write, in one step")
	flags.DurationVar(&life, "life", defaultListLife, "how long the list lasts")
	return cmd
}

// listShown is what verify says.
type listShown struct {
	Name       string    `json:"name"`
	Hash       string    `json:"hash"`
	Addresses  int       `json:"addresses"`
	Issued     time.Time `json:"issued"`
	ValidUntil time.Time `json:"validUntil"`
}

func sanctionsVerifyCommand() *cobra.Command {
	var file string
	var keys []string
	var maxAge time.Duration
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check a list's signature and age, as the server does",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "file", "key"); err != nil {
				return err
			}
			pinned, err := publicKeys(keys)
			if err != nil {
				return err
			}
			text, err := withdrawal.SanctionsFile(file)()
			if err != nil {
				return err
			}
			list, err := policy.ParseSanctions(text, pinned)
			if err != nil {
				return err
			}
			if _, _, err := list.Check("", time.Now(), maxAge); err != nil {
				return err
			}
			shown := listShown{list.Name(), list.Hash().String(), list.Len(), list.Issued(), list.ValidUntil(maxAge)}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(shown)
			}
			sayTo(cmd.OutOrStdout())("list ok: %s, %d addresses, issued %s, good until %s, %s",
				shown.Name, shown.Addresses, shown.Issued.Format(time.RFC3339), shown.ValidUntil.Format(time.RFC3339), shown.Hash)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&file, "file", "", "the list")
	flags.StringSliceVar(&keys, "key", nil, "public keys of who may sign it: 0x and 64 hex digits (repeat or separate by commas)")
	flags.DurationVar(&maxAge, "max-age", defaultListLife, "an older list is out of date")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func readIssuerKey(path string) (ed25519.PrivateKey, error) {
	text, err := os.ReadFile(path) // #nosec G304 -- the operator's own file
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("key: %s is no PEM file", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("key: %s holds no PKCS #8 key: %w", path, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("key: %s holds a %T, want Ed25519", path, parsed)
	}
	return key, nil
}

// readEntries reads lines of an address, a space and the evidence.
func readEntries(path string) ([]policy.SanctionsEntry, error) {
	text, err := withdrawal.SanctionsFile(path)() // has the same bound
	if err != nil {
		return nil, err
	}
	var entries []policy.SanctionsEntry
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		address, evidence, _ := strings.Cut(line, " ")
		entries = append(entries, policy.SanctionsEntry{Address: address, Evidence: strings.TrimSpace(evidence)})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return entries, nil
}

// replaceFile writes a file in one step: who reads it sees the old one or the new one.
func replaceFile(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = io.Copy(file, bytes.NewReader(content))
	err = errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}
