package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/user"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/stream"
	"github.com/spf13/cobra"
)

// depositsCommand is for the house's own operators: it works on the database, of all
// tenants.
func depositsCommand() *cobra.Command {
	return group("deposits", "Deposits that wait for a person",
		depositReviewsCommand(), depositAuditCommand(),
		decisionCommand("release", "Credit a deposit that waits", func(ctx context.Context, s *deposit.Service, d deposit.Decision, _ string) error {
			_, err := s.Release(ctx, d)
			return err
		}),
		decisionCommand("reject", "Keep the money of a deposit in review in suspense", func(ctx context.Context, s *deposit.Service, d deposit.Decision, _ string) error {
			_, err := s.Reject(ctx, d)
			return err
		}),
		decisionCommand("refund", "Send a deposit's money to an address that is named", func(ctx context.Context, s *deposit.Service, d deposit.Decision, to string) error {
			_, err := s.Refund(ctx, d, coffer.Address(to))
			return err
		}),
		depositHeldCommand(),
	)
}

// withDeposits gives a command the deposits of the configured chains, without a node.
func withDeposits(cmd *cobra.Command, run func(ctx context.Context, s *deposit.Service, p printer) error) error {
	c, err := readConfig(cmd)
	if err != nil {
		return err
	}
	asJSON, err := cmd.Flags().GetBool("json")
	if err != nil {
		return err
	}
	return withDatabase(cmd, false, func(ctx context.Context, db *postgres.DB, out io.Writer) error {
		s, err := offlineDeposits(c, db)
		if err != nil {
			return err
		}
		return run(ctx, s, printer{out: out, json: asJSON, chains: c.Chains})
	})
}

// offlineDeposits can do what needs no block.
func offlineDeposits(c config.Config, db *postgres.DB) (*deposit.Service, error) {
	d := deposit.Config{DB: db, Ledger: ledger.New(db, time.Now), Log: stream.NewPostgres(db, time.Now), Clock: time.Now}
	for _, chain := range c.Chains {
		d.Chains = append(d.Chains, deposit.Chain{ID: chain.ID, ParseAddress: parserOf(chain.ID)})
	}
	return deposit.New(d)
}

func depositFlags(cmd *cobra.Command) {
	configFlags(cmd)
	cmd.Flags().Bool("json", false, "print JSON")
}

func depositReviewsCommand() *cobra.Command {
	var f deposit.ReviewFilter
	var chain string
	cmd := &cobra.Command{
		Use:   "reviews",
		Short: "List what waits for a person, oldest first",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.Chain = coffer.ChainID(chain)
			return withDeposits(cmd, func(ctx context.Context, s *deposit.Service, p printer) error {
				reviews, err := s.Reviews(ctx, f)
				if err != nil {
					return err
				}
				return p.reviews(reviews)
			})
		},
	}
	depositFlags(cmd)
	cmd.Flags().StringVar(&f.Tenant, "tenant", "", "of this tenant only")
	cmd.Flags().StringVar(&chain, "chain", "", "on this chain only")
	cmd.Flags().StringVar(&f.After, "after", "", "id of the last deposit of the page before")
	cmd.Flags().IntVar(&f.First, "first", deposit.DefaultPage, fmt.Sprintf("how many, at most %d", deposit.MaxPage))
	return cmd
}

func depositAuditCommand() *cobra.Command {
	var id string
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Say who did what to a deposit, and what became of its refunds",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "deposit"); err != nil {
				return err
			}
			return withDeposits(cmd, func(ctx context.Context, s *deposit.Service, p printer) error {
				return p.deposit(ctx, s, id)
			})
		},
	}
	depositFlags(cmd)
	cmd.Flags().StringVar(&id, "deposit", "", "the deposit's id")
	return cmd
}

// decisionCommand decides about one deposit and prints it.
func decisionCommand(use, short string, decide func(ctx context.Context, s *deposit.Service, d deposit.Decision, to string) error) *cobra.Command {
	var d deposit.Decision
	var to string
	needed := []string{"deposit", "reason"}
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, needed...); err != nil {
				return err
			}
			return withDeposits(cmd, func(ctx context.Context, s *deposit.Service, p printer) (err error) {
				if d.Actor, err = actorOr(d.Actor); err != nil {
					return err
				}
				if d.Tenant, err = s.TenantOf(ctx, d.Deposit); err != nil {
					return err
				}
				if err := decide(ctx, s, d, to); err != nil {
					return err
				}
				return p.deposit(ctx, s, d.Deposit)
			})
		},
	}
	depositFlags(cmd)
	cmd.Flags().StringVar(&d.Deposit, "deposit", "", "the deposit's id")
	cmd.Flags().StringVar(&d.Reason, "reason", "", "why; the tenant sees it")
	cmd.Flags().StringVar(&d.Actor, "actor", "", "who decides; the user who runs this")
	cmd.Flags().StringVar(&d.Key, "key", "", "idempotency key, for scripts")
	if use == "refund" {
		cmd.Flags().StringVar(&to, "to", "", "where the money goes: an address outside, never guessed from the sender")
		needed = append(needed, "to")
	}
	return cmd
}

// actorOr is who the audit names: what was given, or the user who runs the program.
func actorOr(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	who, err := user.Current()
	if err != nil {
		return "", fmt.Errorf("who are you? name yourself with --actor: %w", err)
	}
	return who.Username, nil
}

// depositHeldCommand prints what keeps deposits of a chain from being unlocked or whole.
func depositHeldCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "held",
		Short: "List blocks that a second node disputes or says nothing of, and addresses whose history is not filled in",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withDeposits(cmd, func(ctx context.Context, s *deposit.Service, p printer) error {
				var all []heldView
				for _, chain := range p.chains {
					disputed, err := s.Disagreements(ctx, chain.ID)
					if err != nil {
						return err
					}
					for _, d := range disputed {
						all = append(all, heldView{chain.ID, "disputed block", fmt.Sprintf("height %d: %s, theirs %s", d.Block.Height, d.Block.Hash, d.Theirs), d.At})
					}
					if len(chain.WitnessRPC)+len(chain.UTXO.WitnessNodes) > 0 {
						unheard, err := s.Unheard(ctx, chain.ID)
						if err != nil {
							return err
						}
						for _, u := range unheard {
							all = append(all, heldView{chain.ID, "no word of the second node", fmt.Sprintf("height %d: %s", u.Block.Height, u.Block.Hash), u.Since})
						}
					}
					histories, err := s.Histories(ctx, chain.ID)
					if err != nil {
						return err
					}
					for _, h := range histories {
						all = append(all, heldView{chain.ID, "history " + h.State, strings.TrimSpace(string(h.Address) + " " + h.Reason), h.Since})
					}
				}
				return p.held(all)
			})
		},
	}
	depositFlags(cmd)
	return cmd
}

// printer prints for people, or JSON for programs.
type printer struct {
	out    io.Writer
	json   bool
	chains []config.Chain
}

// Views are what the commands print as JSON.
type (
	depositView struct {
		coffer.Deposit
		Decidable bool           `json:"decidable"`
		Screening *screeningView `json:"screening,omitempty"`
		Audit     []actView      `json:"audit"`
		Refunds   []refundView   `json:"refunds,omitempty"`
		Units     string         `json:"units"` // the amount as people say it
		Symbol    string         `json:"symbol"`
	}
	screeningView struct {
		Passed   bool      `json:"passed"`
		Score    int       `json:"score"`
		Category string    `json:"category"`
		Evidence string    `json:"evidence"`
		At       time.Time `json:"at"`
	}
	actView struct {
		Action string    `json:"action"`
		Actor  string    `json:"actor"`
		Reason string    `json:"reason"`
		At     time.Time `json:"at"`
	}
	refundView struct {
		ID          string         `json:"id"`
		Destination coffer.Address `json:"destination"`
		Amount      coffer.Amount  `json:"amount"`
		State       string         `json:"state"`
		Reason      string         `json:"reason,omitempty"`
		Payment     string         `json:"payment,omitempty"`
	}
	heldView struct {
		Chain coffer.ChainID `json:"chain"`
		What  string         `json:"what"`
		Text  string         `json:"text"`
		Since time.Time      `json:"since"`
	}
)

func (p printer) view(d coffer.Deposit, audit []deposit.Act) depositView {
	v := depositView{Deposit: d, Audit: []actView{}, Symbol: string(d.Asset), Units: d.Amount.String()}
	for _, chain := range p.chains {
		if symbol, decimals := nameOf(chain, d.Asset); chain.ID == d.Chain && symbol != string(d.Asset) {
			v.Symbol, v.Units = symbol, d.Amount.Units(decimals)
		}
	}
	for _, a := range audit {
		v.Audit = append(v.Audit, actView{a.Action, a.Actor, a.Reason, a.At})
	}
	return v
}

func (p printer) reviews(reviews []deposit.Review) error {
	views := make([]depositView, len(reviews))
	for i, r := range reviews {
		views[i] = p.view(r.Deposit, r.Audit)
		views[i].Decidable = r.Decidable
		if s := r.Screening; s != nil {
			views[i].Screening = &screeningView{s.Pass, s.Score, s.Category, s.Evidence, s.At}
		}
	}
	if p.json {
		return p.encode(views)
	}
	return p.table("deposit\ttenant\taccount\tamount\tstate\tsince\tby\tdecidable", len(views), func(i int) string {
		v, by := views[i], ""
		if n := len(v.Audit); n > 0 {
			by = v.Audit[n-1].Actor
		}
		return fmt.Sprintf("%s\t%s\t%s\t%s %s\t%s\t%s\t%s\t%v", v.ID, v.Tenant, v.Account, v.Units, v.Symbol, v.State, v.CreatedAt.Format(time.RFC3339), by, v.Decidable)
	})
}

// deposit prints one deposit with its audit and refunds.
func (p printer) deposit(ctx context.Context, s *deposit.Service, id string) error {
	tenant, err := s.TenantOf(ctx, id)
	if err != nil {
		return err
	}
	d, err := s.Get(ctx, tenant, id)
	if err != nil {
		return err
	}
	audit, auditErr := s.Audit(ctx, tenant, id)
	refunds, err := s.Refunds(ctx, tenant, id)
	if err = errors.Join(auditErr, err); err != nil {
		return err
	}
	v := p.view(d, audit)
	for _, r := range refunds {
		v.Refunds = append(v.Refunds, refundView{r.ID, r.Destination, r.Amount, r.State, r.Reason, r.Payment})
	}
	if p.json {
		return p.encode(v)
	}
	text := fmt.Sprintf("%s of %s: %s %s from %s, %s", v.ID, v.Tenant, v.Units, v.Symbol, v.From, v.State)
	if v.Reason != "" {
		text += " (" + v.Reason + ")"
	}
	for _, a := range v.Audit {
		text += fmt.Sprintf("\n%s  %-13s %s: %s", a.At.Format(time.RFC3339), a.Action, a.Actor, a.Reason)
	}
	for _, r := range v.Refunds {
		text += strings.TrimRight(fmt.Sprintf("\nrefund %s to %s: %s %s", r.ID, r.Destination, r.State, r.Reason), " ")
	}
	_, err = fmt.Fprintln(p.out, text)
	return err
}

func (p printer) held(all []heldView) error {
	if p.json {
		return p.encode(all)
	}
	return p.table("chain\twhat\tsince\t", len(all), func(i int) string {
		return fmt.Sprintf("%s\t%s\t%s\t%s", all[i].Chain, all[i].What, all[i].Since.Format(time.RFC3339), all[i].Text)
	})
}

func (p printer) encode(value any) error {
	encoder := json.NewEncoder(p.out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

func (p printer) table(head string, rows int, row func(i int) string) error {
	table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	if _, err := fmt.Fprintln(table, head); err != nil {
		return err
	}
	for i := range rows {
		if _, err := fmt.Fprintln(table, row(i)); err != nil {
			return err
		}
	}
	return table.Flush()
}
