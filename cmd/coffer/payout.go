package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/postgres"
	"github.com/spf13/cobra"
)

func payoutCommand() *cobra.Command {
	return group("payout", "Payouts that wait for a person", payoutListCommand(), payoutShowCommand(), payoutClearCommand())
}

// withDesk gives a command the desk of the configured database.
func withDesk(cmd *cobra.Command, run func(ctx context.Context, desk *payout.Desk, out io.Writer) error) error {
	return withDatabase(cmd, false, func(ctx context.Context, db *postgres.DB, out io.Writer) error {
		return run(ctx, payout.NewDesk(db, time.Now), out)
	})
}

func payoutListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the payouts that wait for a person, newest first",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withDesk(cmd, func(ctx context.Context, desk *payout.Desk, out io.Writer) error {
				waiting, err := desk.Waiting(ctx)
				if err != nil {
					return err
				}
				say := sayTo(out)
				if len(waiting) == 0 {
					say("no payout waits for a person")
				}
				for _, p := range waiting {
					say("%s\t%s\t%s\t%s", p.ID, p.Intent.Chain, p.State, whyWaiting(p))
				}
				return nil
			})
		},
	}
	configFlags(cmd)
	return cmd
}

// whyWaiting is one line about a payout that waits for a person.
func whyWaiting(p payout.Payout) string {
	switch {
	case p.Alarm != "":
		return "alarm: " + p.Alarm
	case p.Parked != "":
		return "parked: " + p.Parked
	}
	return "waits for nobody"
}

func payoutShowCommand() *cobra.Command {
	var id string
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show one payout: what it pays, its attempts, and what people did about it",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "id"); err != nil {
				return err
			}
			return withDesk(cmd, func(ctx context.Context, desk *payout.Desk, out io.Writer) error {
				p, err := desk.Payout(ctx, id)
				if err != nil {
					return err
				}
				history, err := desk.History(ctx, id)
				if err != nil {
					return err
				}
				showPayout(sayTo(out), p, history)
				return nil
			})
		},
	}
	configFlags(cmd)
	cmd.Flags().StringVar(&id, "id", "", "the payout's id, as `coffer payout list` shows it")
	return cmd
}

func showPayout(say func(format string, args ...any), p payout.Payout, history []payout.Action) {
	say("payout   %s", p.ID)
	say("chain    %s", p.Intent.Chain)
	say("wallet   %s", p.Intent.Wallet)
	say("slot     %s, path %s, purpose %s", p.Intent.Slot, p.Intent.Path, p.Intent.Purpose)
	say("state    %s, since %s", p.State, p.UpdatedAt.Format(time.RFC3339))
	say("waiting  %s", whyWaiting(p))
	if p.Reason != "" {
		say("reason   %s", p.Reason)
	}
	if p.Note != "" {
		say("note     %s", p.Note)
	}
	say("fees     at most %s base units of the native asset; the intent expires %s", p.Intent.FeeBound, p.Intent.Expires.Format(time.RFC3339))
	for n, payment := range p.Intent.Payments {
		of := ""
		if n < len(p.Withdrawals) {
			of = " for " + p.Withdrawals[n]
		}
		say("payment  %d: %s base units of %s to %s%s", n, payment.Amount, payment.Asset, payment.To, of)
	}
	for _, a := range p.Attempts {
		signed := "not signed"
		if a.Signed != nil {
			signed = "id " + a.Signed.ID.String()
		}
		say("attempt  %d: built %s, %s", a.Number, a.At.Format(time.RFC3339), signed)
		sayCost(say, "planned", a.Planned)
		sayCost(say, "cost", a.Cost)
	}
	if p.Inclusion != nil {
		say("landed   attempt %d in tx %s, block %d, success %t", p.Inclusion.Attempt, p.Inclusion.Tx, p.Inclusion.Block.Height, p.Inclusion.Success)
	}
	for _, a := range history {
		say("person   %s %s: %s (%s)", a.At.Format(time.RFC3339), a.Actor, a.Action, a.Note)
	}
}

// sayCost is one line about what an attempt was to cost, or did, in base units of the native asset.
func sayCost(say func(format string, args ...any), what string, c *coffer.Cost) {
	if c == nil {
		return
	}
	usage := func(u coffer.Usage) string {
		text := ""
		for _, part := range []struct {
			name  string
			units uint64
		}{{"staked", u.Staked}, {"delegated", u.Delegated}, {"free", u.Free}, {"by the contract's maker", u.Contract}, {"burned", u.Burned}} {
			if part.units > 0 {
				text += fmt.Sprintf("%d %s, ", part.units, part.name)
			}
		}
		return text + u.Fee.String() + " paid"
	}
	say("%-8s burns %s: energy %s (penalty %d); bandwidth %s; signatures %s, account %s, other %s",
		what, c.Burned, usage(c.Energy), c.Penalty, usage(c.Bandwidth), c.Signatures, c.Activation, c.Other)
}

func payoutClearCommand() *cobra.Command {
	var c payout.Clearance
	cmd := &cobra.Command{
		Use:   "clear",
		Short: "Let a payout go on that waits for a person",
		Long: "Let a payout go on that waits for a person. What was parked is tried again at once. After an\n" +
			"alarm it ends as the chain says, at finality; where the block holds no Transfer for some\n" +
			"payments, say what became of their money. Who cleared it and why is kept.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if err := needs(cmd, "id", "reason"); err != nil {
				return err
			}
			if c.Actor, err = actorOr(c.Actor); err != nil {
				return err
			}
			return withDesk(cmd, func(ctx context.Context, desk *payout.Desk, out io.Writer) error {
				p, err := desk.Clear(ctx, c)
				if err != nil {
					return err
				}
				sayTo(out)("%s goes on: it is %s", p.ID, p.State)
				return nil
			})
		},
	}
	configFlags(cmd)
	cmd.Flags().StringVar(&c.Payout, "id", "", "the payout's id, as `coffer payout list` shows it")
	cmd.Flags().StringVar(&c.Why, "reason", "", "what you found out")
	cmd.Flags().StringVar(&c.Unproven, "unproven", "", "what became of payments without a Transfer: paid or unpaid")
	cmd.Flags().StringVar(&c.Actor, "actor", "", "who says so; the user who runs this")
	return cmd
}
