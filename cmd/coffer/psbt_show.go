package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/utxo"
)

// findTimeout bounds how long the database is asked which payout a file is of.
const findTimeout = 5 * time.Second

// payoutFound is what the database says of a file.
type payoutFound struct {
	payout  payout.Payout
	attempt int   // -1: the file is of none
	err     error // why there is no payout
}

// hasConfig reports whether a command was told of a configuration.
func hasConfig(cmd *cobra.Command) bool {
	flag := cmd.Flags().Lookup("config")
	return flag != nil && flag.Value.String() != ""
}

// fromConfig takes the configured wallet of a network, and returns what the database says of a
// file.
func (w *psbtWallet) fromConfig(cmd *cobra.Command, network string, file []byte) (*payoutFound, error) {
	c, err := readConfig(cmd)
	if err != nil {
		return nil, err
	}
	id, err := theNetwork(c, network)
	if err != nil {
		return nil, err
	}
	chain, d, err := walletOf(c, id)
	if err != nil {
		return nil, err
	}
	if w.descriptor = d; !cmd.Flags().Changed("omni") {
		w.omni = chain.UTXO.Omni.Property
	}
	found := &payoutFound{}
	ctx, cancel := context.WithTimeout(cmd.Context(), findTimeout)
	defer cancel()
	found.payout, found.attempt, found.err = findPayout(ctx, c, byFile(chain, d), file)
	return found, nil
}

// findPayout asks a database that is up; it starts none.
func findPayout(ctx context.Context, c config.Config, w payout.ByFile, file []byte) (payout.Payout, int, error) {
	db := &database{}
	dsn, err := c.Postgres.Source()
	switch {
	case err != nil:
	case dsn == "":
		db, err = joinDatabase(ctx, c)
	default:
		db.DB, err = postgres.Open(ctx, dsn)
	}
	if err != nil {
		return payout.Payout{}, -1, fmt.Errorf("the database is not reachable: %w", err)
	}
	defer db.close()
	if err := postgres.CheckVersion(ctx, db.DB); err != nil {
		return payout.Payout{}, -1, err
	}
	return payout.NewDesk(db.DB, time.Now).Find(ctx, w, file)
}

// show says which payout it is.
func (f *payoutFound) show(say func(format string, args ...any)) {
	switch {
	case f == nil:
	case coffer.ErrorCode(f.err) == coffer.CodeNotFound:
		say("payout      NONE: %v", f.err)
	case f.err != nil:
		say("payout      not known: %v", f.err)
	case f.attempt < 0:
		say("payout      %s is %s, and this is NONE OF ITS ATTEMPTS", f.payout.ID, f.payout.State)
	case f.attempt < len(f.payout.Attempts)-1:
		say("payout      %s is %s; attempt %d, IN WHOSE PLACE ATTEMPT %d IS", f.payout.ID, f.payout.State, f.attempt, len(f.payout.Attempts)-1)
	case f.payout.Attempts[f.attempt].Cancels:
		say("payout      %s is %s; attempt %d, the newest: it pays nothing and ends the payout", f.payout.ID, f.payout.State, f.attempt)
	default:
		say("payout      %s is %s; attempt %d, the newest", f.payout.ID, f.payout.State, f.attempt)
	}
}

// showOrder says which withdrawal an output pays, where it is a payment of the payout.
func (f *payoutFound) showOrder(say func(format string, args ...any), v utxo.View, output int) {
	if f == nil || f.err != nil || f.attempt < 0 {
		return
	}
	at := 0 // payments stand in the intent's order
	for _, out := range v.Outputs[:output] {
		if !out.Change {
			at++
		}
	}
	out, payments := v.Outputs[output], f.payout.Intent.Payments
	if v.Omni != nil || v.OmniErr != nil { // of which the last output is the one that gets something
		if send, ok := v.Omni.(utxo.OmniSimpleSend); ok && output == len(v.Outputs)-1 && len(payments) == 1 && len(f.payout.Withdrawals) == 1 &&
			payments[0].To == out.Address && payments[0].Amount == coffer.NewAmount(send.Amount) {
			say("  order     %s", f.payout.Withdrawals[0])
		}
		return
	}
	if at < len(payments) && at < len(f.payout.Withdrawals) && payments[at].To == out.Address && payments[at].Amount == coffer.NewAmount(out.Amount) {
		say("  order     %s", f.payout.Withdrawals[at])
		return
	}
	say("  order     NONE of this payout's")
}

// showOmni says what a message of the Omni Layer would do. What it says is text of ours: names in
// messages are left out.
func showOmni(say func(format string, args ...any), v utxo.View) {
	switch m := v.Omni.(type) {
	case nil:
		if v.OmniErr != nil {
			say("")
			say("omni        NOT A MESSAGE: %v", v.OmniErr)
		}
		return
	case utxo.OmniSimpleSend:
		say("")
		say("omni        simple send of %d base units of property %d", m.Amount, m.Property)
	case utxo.OmniSendAll:
		say("")
		say("omni        SEND ALL that the sender has in ecosystem %d", m.Ecosystem)
	default:
		say("")
		say("omni        A MESSAGE OF TYPE %d", utxo.OmniTypeOf(m))
	}
	var to []string
	for _, out := range v.Outputs {
		if out.Address != "" && !out.Change {
			to = append(to, string(out.Address))
		}
	}
	from := coffer.Address("")
	if len(v.Inputs) > 0 {
		from = v.Inputs[0].Address
	}
	say("  from      %s, the first input's", orNone(from))
	say("  to        %s", orNone(coffer.Address(strings.Join(to, ", "))))
}
