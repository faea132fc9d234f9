package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/utxo"
)

// Most that `coffer psbt show` finds in order unless it is told otherwise.
const (
	showMaxFee     = 1_000_000 // satoshis
	showMaxFeeRate = 500       // sat/vB
)

// errRefused is the exit of a PSBT that nobody should sign.
var errRefused = errors.New("refused: do not sign it")

func psbtCommand() *cobra.Command {
	return group("psbt", "Bitcoin transactions for people who sign by file (BIP-174)",
		psbtExportCommand(), psbtImportCommand(), psbtShowCommand())
}

// psbtWallet is the wallet that a command is about.
type psbtWallet struct {
	descriptor utxo.Descriptor
	maxFee     uint64 // satoshis
	maxFeeRate uint64 // sat/vB
	omni       uint32 // property that it sends too; 0 for none
}

func (w psbtWallet) explainer() *utxo.Explainer {
	network := w.descriptor.Network()
	return utxo.NewExplainer(utxo.ExplainConfig{
		Chain: network.Chain(), Native: network.Native(), Network: network, Wallets: []utxo.Descriptor{w.descriptor},
		MaxFee: w.maxFee, MaxFeeRate: w.maxFeeRate, Omni: w.omni,
	})
}

func psbtShowCommand() *cobra.Command {
	var network, descriptor string
	w := psbtWallet{}
	cmd := &cobra.Command{
		Use:   "show FILE|-",
		Short: "Show what a PSBT does, for a person to check before signing",
		Long: "Show what a PSBT does, for a person to check before signing. Nothing in the file is believed:\n" +
			"amounts are those of the transactions that the coins come from, change is derived again from\n" +
			"the wallet's descriptor, signatures are verified. With --descriptor it asks nobody. With --config\n" +
			"alone the wallet is the configured one, and the database, where it is reachable, says which\n" +
			"payout it is. It fails where a signer would refuse to sign, and says why.",
		Args: oneArg("FILE, or - for standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var found *payoutFound
			raw, err := readPSBT(cmd.InOrStdin(), args[0])
			if cmd.Flags().Changed("descriptor") || !hasConfig(cmd) {
				if err := needs(cmd, "network", "descriptor"); err != nil {
					return err
				}
				n, err := utxo.ParseNetwork(network)
				if err != nil {
					return fmt.Errorf("%w: --network: %w", errUsage, err)
				}
				if w.descriptor, err = utxo.ParseDescriptor(n, strings.TrimSpace(descriptor)); err != nil {
					return fmt.Errorf("%w: --descriptor: %w", errUsage, err)
				}
			} else if err == nil {
				if found, err = w.fromConfig(cmd, network, raw); err != nil {
					return err
				}
			}
			if err != nil {
				return err
			}
			view, err := w.explainer().View(w.descriptor.Address(), raw)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			showPSBT(sayTo(cmd.OutOrStdout()), w.descriptor, view, found)
			if view.Refused != nil {
				return errRefused
			}
			return nil
		},
	}
	configFlags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&network, "network", "", "mainnet, testnet4, signet or regtest")
	flags.Uint32Var(&w.omni, "omni", 0, "property of the Omni Layer that the wallet sends; 0 for none")
	flags.StringVar(&descriptor, "descriptor", "", "the wallet, with its checksum (BIP-380)")
	flags.Uint64Var(&w.maxFee, "max-fee", showMaxFee, "most of a fee that is in order, in satoshis")
	flags.Uint64Var(&w.maxFeeRate, "max-fee-rate", showMaxFeeRate, "most of a fee rate that is in order, in sat/vB")
	return cmd
}

// oneArg wants exactly one argument.
func oneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("%w: %s wants %s; see `%s --help`", errUsage, cmd.CommandPath(), what, cmd.CommandPath())
		}
		return nil
	}
}

// readPSBT reads a file, or standard input for "-".
func readPSBT(in io.Reader, name string) ([]byte, error) {
	if name != "-" {
		file, err := os.Open(name) // #nosec G304 -- the person who runs this named it
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }() // nothing was written
		in = file
	}
	raw, err := utxo.ReadPSBT(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return raw, nil
}

// showPSBT prints a view. Everything in it that others chose is printed as hex digits or as an
// address: nothing can make lines of its own.
func showPSBT(say func(format string, args ...any), d utxo.Descriptor, v utxo.View, found *payoutFound) {
	text := d.String()
	kind := "P2WSH"
	if d.Nested() {
		kind = "P2SH-P2WSH"
	}
	say("network     %s (%s)", d.Network(), d.Network().Chain())
	say("wallet      %s, %d of %d keys, %s, descriptor checksum %s", d.Address(), d.Threshold(), len(d.Keys()), kind, text[strings.LastIndexByte(text, '#')+1:])
	say("transaction %s", bareHex(v.ID))
	found.show(say)
	for n, in := range v.Inputs {
		say("")
		say("input %d", n)
		say("  coin      %s", in.Coin)
		say("  amount    %s, %s", bitcoinText(in.Amount), provenText(in))
		say("  address   %s", orNone(in.Address))
		if in.Ours {
			say("  path      %s", pathText(in.Path))
		} else {
			say("  path      NOT A COIN OF THIS WALLET")
		}
		for _, s := range in.Signed {
			say("  signed    %s", signatureText(s))
		}
	}
	for n, out := range v.Outputs {
		say("")
		say("output %d", n)
		say("  amount    %s", bitcoinText(out.Amount))
		say("  to        %s", outputText(out))
		if !out.Change {
			found.showOrder(say, v, n)
		}
	}
	showOmni(say, v)
	say("")
	showFee(say, v)
	showSigners(say, d, v)
	for _, what := range v.Differs {
		say("differs     %s: not as Coffer writes it; what is signed is the same", what)
	}
	if v.Refused == nil {
		say("check       ok: a signer of this wallet would read it as above")
		return
	}
	for line := range strings.Lines(v.Refused.Error()) {
		say("REFUSED     %s", strings.TrimSpace(line))
	}
}

func showFee(say func(format string, args ...any), v utxo.View) {
	if !v.FeeKnown {
		say("fee         UNKNOWN: not every coin is proven, or they do not cover the outputs")
		return
	}
	if v.Size == 0 {
		say("fee         %s", bitcoinText(v.Fee))
		return
	}
	thousandths := v.Fee * 1000 / v.Size
	say("fee         %s, %d.%03d sat/vB (at most %d vB when it is signed)", bitcoinText(v.Fee), thousandths/1000, thousandths%1000, v.Size)
}

// showSigners tells which keys signed every input.
func showSigners(say func(format string, args ...any), d utxo.Descriptor, v utxo.View) {
	signed := 0
	for _, key := range d.Keys() {
		inputs := 0
		for _, in := range v.Inputs {
			for _, s := range in.Signed {
				if s.Key == key.String() && s.Err == nil {
					inputs++
					break
				}
			}
		}
		state := "not signed"
		switch {
		case inputs == len(v.Inputs):
			signed++
			state = "signed"
		case inputs > 0:
			state = fmt.Sprintf("signed %d of %d inputs", inputs, len(v.Inputs))
		}
		say("key         %s: %s", key, state)
	}
	say("signatures  %d of %d", signed, d.Threshold())
}

func provenText(in utxo.ViewInput) string {
	if in.Proven {
		return "proven by the transaction it is an output of"
	}
	return "NOT PROVEN: the transaction it is an output of is missing or another one"
}

func signatureText(s utxo.ViewSignature) string {
	switch {
	case s.Err != nil:
		return fmt.Sprintf("BAD, by %s: %v", hex.EncodeToString(s.Public), s.Err)
	default:
		return "by " + s.Key
	}
}

func outputText(out utxo.ViewOutput) string {
	to := string(out.Address)
	switch {
	case to != "":
	case len(out.Script) > 0 && out.Script[0] == 0x6a:
		to = "OP_RETURN " + hex.EncodeToString(out.Script[1:])
	default:
		to = "script " + hex.EncodeToString(out.Script)
	}
	switch {
	case out.Change:
		return fmt.Sprintf("%s, change of this wallet, path %s", to, pathText(out.Path))
	case out.Claimed:
		return to + ", WHICH IS SAID TO BE CHANGE AND IS NOT"
	}
	return to + ", payment"
}

func pathText(path string) string {
	if path == "" {
		return "none (the wallet has one address)"
	}
	return path
}

func orNone(address coffer.Address) string {
	if address == "" {
		return "none"
	}
	return string(address)
}

func bitcoinText(satoshi uint64) string {
	if satoshi > utxo.MaxMoney {
		return fmt.Sprintf("%d sat, MORE THAN THERE CAN BE", satoshi)
	}
	return fmt.Sprintf("%s BTC (%d sat)", coffer.NewAmount(satoshi).Units(8), satoshi)
}

func bareHex(h coffer.Hash) string { return strings.TrimPrefix(h.String(), "0x") }
