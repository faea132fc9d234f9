package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/stream"
	"github.com/cofferhq/coffer/withdrawal"
	"github.com/spf13/cobra"
)

// Bounds of what the operators' commands list.
const (
	listedReviews = 50
	maxListed     = 200
)

func withdrawalsCommand() *cobra.Command {
	return group("withdrawals", "What customers ask for, as operators see it: the review queue of all tenants",
		withdrawalsReviewsCommand(), withdrawalsShowCommand(),
		withdrawalsReviewCommand("release", "Let a withdrawal out of review; policy and approvals still decide", (*withdrawal.Service).Release),
		withdrawalsReviewCommand("reject", "End a withdrawal that is in review and give its money back", (*withdrawal.Service).Reject))
}

// operators is the withdrawals of all tenants, without a server's chains.
type operators struct {
	*withdrawal.Service
	assets map[coffer.AssetID]coffer.Asset
	out    io.Writer
	asJSON bool
}

// withOperators opens the withdrawals of a command's configuration. What it cannot know
// without the chains is not asked of it: requests, quotes and screening.
func withOperators(cmd *cobra.Command, run func(ctx context.Context, o operators) error) error {
	c, err := readConfig(cmd)
	if err != nil {
		return err
	}
	asJSON, err := cmd.Flags().GetBool("json")
	if err != nil {
		return err
	}
	return withDatabase(cmd, false, func(ctx context.Context, db *postgres.DB, out io.Writer) error {
		o, err := openOperators(c, db)
		if err != nil {
			return err
		}
		o.out, o.asJSON = out, asJSON
		return run(ctx, o)
	})
}

func openOperators(c config.Config, db *postgres.DB) (operators, error) {
	rules, err := readPolicy(c.PolicyFile)
	if err != nil {
		return operators{}, err
	}
	unknown := coffer.Errorf(coffer.CodeUnavailable, "only the server answers this")
	service, err := withdrawal.New(withdrawal.Config{
		DB: db, Ledger: ledger.New(db, time.Now), Events: stream.NewPostgres(db, time.Now), Policy: rules, Clock: time.Now,
		OrderTTL: c.Withdrawals.OrderTTL, Log: newLogger(c.Log),
		Account: func(context.Context, string, string) error { return unknown },
		Lookup: func(context.Context, coffer.ChainID, coffer.Address) (withdrawal.Owner, error) {
			return withdrawal.Owner{}, unknown
		},
	})
	return operators{Service: service, assets: configuredAssets(c)}, err
}

// configuredAssets are the assets of a configuration.
func configuredAssets(c config.Config) map[coffer.AssetID]coffer.Asset {
	assets := map[coffer.AssetID]coffer.Asset{}
	for _, chain := range c.Chains {
		for _, asset := range append([]config.Asset{chain.Native}, chain.Assets...) {
			assets[asset.ID] = asset.Words()
		}
	}
	return assets
}

func operatorFlags(cmd *cobra.Command) *cobra.Command {
	configFlags(cmd)
	cmd.Flags().Bool("json", false, "print JSON")
	return cmd
}

func withdrawalsReviewsCommand() *cobra.Command {
	var tenant, after string
	var first int
	cmd := &cobra.Command{
		Use:   "reviews",
		Short: "List the withdrawals that wait for a person, of all tenants, oldest first",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if first < 1 || first > maxListed {
				return fmt.Errorf("%w: --first: want 1 to %d", errUsage, maxListed)
			}
			return withOperators(cmd, func(ctx context.Context, o operators) error {
				found, err := o.InReview(ctx, tenant, after, first)
				if err != nil {
					return err
				}
				return o.list(found)
			})
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "only those of a tenant")
	cmd.Flags().StringVar(&after, "after", "", "id of the last withdrawal of the page before")
	cmd.Flags().IntVar(&first, "first", listedReviews, fmt.Sprintf("how many, at most %d", maxListed))
	return operatorFlags(cmd)
}

// withdrawalShown is a withdrawal as operators see it.
type withdrawalShown struct {
	ID          string         `json:"id"`
	Tenant      string         `json:"tenant"`
	Account     string         `json:"account"`
	Asset       coffer.AssetID `json:"asset"`
	Amount      string         `json:"amount"` // in units of the asset
	Fee         string         `json:"fee"`
	Destination coffer.Address `json:"destination"`
	Internal    bool           `json:"internal"`
	State       string         `json:"state"`
	Reason      string         `json:"reason"`
	OrderHash   string         `json:"orderHash"`
	Approvals   int            `json:"approvals"`
	Required    uint32         `json:"approvalsRequired"`
	Payout      string         `json:"payout,omitempty"`
	CreatedAt   time.Time      `json:"createdAt"`

	Screenings []screeningShown `json:"screenings,omitempty"`
	Reviews    []reviewShown    `json:"reviews,omitempty"`
	Revocation *revocationShown `json:"revocation,omitempty"`
}

type screeningShown struct {
	Screener   string    `json:"screener"`
	Verdict    string    `json:"verdict"`
	Evidence   string    `json:"evidence"`
	At         time.Time `json:"at"`
	ValidUntil time.Time `json:"validUntil"`
}

type reviewShown struct {
	Action string    `json:"action"`
	Actor  string    `json:"actor"`
	Note   string    `json:"note"`
	At     time.Time `json:"at"`
}

type revocationShown struct {
	Reason    string     `json:"reason"`
	CreatedAt time.Time  `json:"createdAt"`
	Tries     int        `json:"tries"`
	Delivered *time.Time `json:"deliveredAt"` // null until enough signers stored it
}

func (o operators) shown(w coffer.Withdrawal) withdrawalShown {
	units := func(a coffer.Amount) string {
		if asset, known := o.assets[w.Asset]; known {
			return a.Units(asset.Decimals) + " " + asset.Symbol
		}
		return a.String() + " base units"
	}
	return withdrawalShown{
		ID: w.ID, Tenant: w.Tenant, Account: w.Account, Asset: w.Asset, Amount: units(w.Amount), Fee: units(w.Fee), Destination: w.Destination,
		Internal: w.Internal, State: string(w.State), Reason: w.Reason, OrderHash: w.OrderHash.String(),
		Approvals: len(w.Approvals), Required: w.ApprovalsRequired, Payout: w.Payout, CreatedAt: w.CreatedAt,
	}
}

func (o operators) list(found []coffer.Withdrawal) error {
	shown := make([]withdrawalShown, len(found))
	for i, w := range found {
		shown[i] = o.shown(w)
	}
	if o.asJSON {
		return json.NewEncoder(o.out).Encode(shown)
	}
	if len(shown) == 0 {
		sayTo(o.out)("nothing waits for a person")
		return nil
	}
	table := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "id\ttenant\taccount\tamount\tdestination\tsince\twhy") // errors come with Flush
	for _, w := range shown {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", w.ID, w.Tenant, w.Account, w.Amount, w.Destination, w.CreatedAt.Format(time.RFC3339), w.Reason)
	}
	return table.Flush()
}

func withdrawalsShowCommand() *cobra.Command {
	return operatorFlags(&cobra.Command{
		Use:   "show ID",
		Short: "Show a withdrawal: its screenings, what people did with it, and its revocation",
		Args:  oneWithdrawal,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withOperators(cmd, func(ctx context.Context, o operators) error {
				shown, err := o.look(ctx, args[0])
				if err != nil {
					return err
				}
				return o.show(shown)
			})
		},
	})
}

// oneWithdrawal demands the id of one.
func oneWithdrawal(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%w: %s wants the id of one withdrawal, got %q", errUsage, cmd.CommandPath(), args)
	}
	return nil
}

func (o operators) find(ctx context.Context, id string) (coffer.Withdrawal, error) {
	found, err := o.ByIDs(ctx, []string{id})
	if err != nil {
		return coffer.Withdrawal{}, err
	}
	return found[0], nil
}

func (o operators) look(ctx context.Context, id string) (withdrawalShown, error) {
	w, err := o.find(ctx, id)
	if err != nil {
		return withdrawalShown{}, err
	}
	shown := o.shown(w)
	screenings, err := o.Screenings(ctx, id)
	if err != nil {
		return shown, err
	}
	for _, s := range screenings {
		shown.Screenings = append(shown.Screenings, screeningShown(s))
	}
	reviews, err := o.Reviews(ctx, id)
	if err != nil {
		return shown, err
	}
	for _, r := range reviews {
		shown.Reviews = append(shown.Reviews, reviewShown{r.Action, r.Actor, r.Note, r.At})
	}
	revocation, err := o.Revocation(ctx, id)
	if err != nil || revocation == nil {
		return shown, err
	}
	shown.Revocation = &revocationShown{Reason: revocation.Reason, CreatedAt: revocation.CreatedAt, Tries: revocation.Tries}
	if !revocation.Delivered.IsZero() {
		shown.Revocation.Delivered = &revocation.Delivered
	}
	return shown, nil
}

func (o operators) show(w withdrawalShown) error {
	if o.asJSON {
		return json.NewEncoder(o.out).Encode(w)
	}
	table := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(table, format+"\n", args...) } // errors come with Flush
	line("withdrawal\t%s", w.ID)
	line("tenant\t%s", w.Tenant)
	line("account\t%s", w.Account)
	line("state\t%s\t%s", w.State, w.Reason)
	line("amount\t%s\tfee %s", w.Amount, w.Fee)
	line("asset\t%s", w.Asset)
	line("destination\t%s\tinternal: %v", w.Destination, w.Internal)
	line("order\t%s", w.OrderHash)
	line("approvals\t%d of %d", w.Approvals, w.Required)
	line("created\t%s", w.CreatedAt.Format(time.RFC3339))
	for _, s := range w.Screenings {
		line("screening\t%s\t%s: %s, good until %s\t%s", s.At.Format(time.RFC3339), s.Screener, s.Verdict, s.ValidUntil.Format(time.RFC3339), s.Evidence)
	}
	for _, r := range w.Reviews {
		line("review\t%s\t%s by %s\t%s", r.At.Format(time.RFC3339), r.Action, r.Actor, r.Note)
	}
	if r := w.Revocation; r != nil {
		state := fmt.Sprintf("the signers have not stored it, %d tries failed", r.Tries)
		if r.Delivered != nil {
			state = "stored by the signers at " + r.Delivered.Format(time.RFC3339)
		}
		line("revocation\t%s\t%s\t%s", r.CreatedAt.Format(time.RFC3339), r.Reason, state)
	}
	return table.Flush()
}

// withdrawalsReviewCommand ends a review one way or the other.
func withdrawalsReviewCommand(action, short string, decide func(*withdrawal.Service, context.Context, withdrawal.Decision) (coffer.Withdrawal, error)) *cobra.Command {
	var actor, note string
	cmd := &cobra.Command{
		Use:   action + " ID",
		Short: short,
		Args:  oneWithdrawal,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := needs(cmd, "actor", "note"); err != nil {
				return err
			}
			return withOperators(cmd, func(ctx context.Context, o operators) error {
				w, err := o.find(ctx, args[0])
				if err != nil {
					return err
				}
				if w, err = decide(o.Service, ctx, withdrawal.Decision{Tenant: w.Tenant, Withdrawal: w.ID, Actor: actor, Note: note}); err != nil {
					return err
				}
				if o.asJSON {
					return json.NewEncoder(o.out).Encode(o.shown(w))
				}
				sayTo(o.out)("withdrawal %s is %s", w.ID, w.State)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&actor, "actor", "", "who decides, for the record")
	cmd.Flags().StringVar(&note, "note", "", "why, for the record")
	return operatorFlags(cmd)
}
