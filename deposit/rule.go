package deposit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/depositsql"
)

// Rule parks deposits for a person. A deposit is parked by the first rule that matches;
// who sent it is screened apart, see Screener.
type Rule struct {
	Name  string         // as operators read it in the queue; never shown to customers
	Chain coffer.ChainID // empty for every chain
	Asset coffer.AssetID // empty for every asset, then without Amount

	Amount coffer.Amount // matches deposits of so much or more; zero: does not ask

	// Count matches what comes after so many deposits of an account in one asset within
	// Window, by the time of blocks; zero: does not ask. Dust does not count.
	Count  int
	Window time.Duration
}

// Bounds of rules.
const (
	maxRules  = 1024
	maxWindow = 90 * 24 * time.Hour
)

func (r Rule) check() error {
	switch {
	case r.Name == "" || len(r.Name) > maxNameBytes-len(rulePrefix):
		return errors.New("want a name")
	case r.Amount.IsZero() == (r.Count == 0):
		return errors.New("want either an amount or a count")
	case !r.Amount.IsZero() && r.Asset == "":
		return errors.New("an amount is of one asset")
	case r.Count < 0, r.Count > 0 && (r.Window <= 0 || r.Window > maxWindow):
		return fmt.Errorf("want a count above zero in a window of at most %s", maxWindow)
	}
	return nil
}

func (r Rule) covers(asset coffer.AssetID) bool {
	return (r.Chain == "" || r.Chain == asset.Chain()) && (r.Asset == "" || r.Asset == asset)
}

// rulePrefix tells rules from people among the actors of the audit.
const rulePrefix = "rule:"

// ruleOwnSender is the rule that is always there.
const ruleOwnSender = rulePrefix + "own sender"

// park sets arrivals aside that a rule matches. What stands aside already stays where it is.
func (c *change) park(ctx context.Context, arrived []arrival) error {
	for _, rule := range c.Rules {
		var asked []int
		for i := range arrived {
			if arrived[i].aside == "" && rule.covers(arrived[i].Asset) {
				asked = append(asked, i)
			}
		}
		if rule.Count > 0 && len(asked) > 0 {
			if err := c.parkFrequent(ctx, rule, arrived, asked); err != nil {
				return fmt.Errorf("rule %q: %w", rule.Name, err)
			}
			continue
		}
		for _, i := range asked {
			if arrived[i].Amount.Cmp(rule.Amount) >= 0 {
				arrived[i].park(rule)
			}
		}
	}
	return nil
}

func (a *arrival) park(rule Rule) {
	a.aside, a.reason, a.rule = coffer.DepositReview, reasonReview, rulePrefix+rule.Name
}

// parkFrequent counts what earlier blocks brought, then what this one does, in its order.
func (c *change) parkFrequent(ctx context.Context, rule Rule, arrived []arrival, asked []int) error {
	p := depositsql.FrequentParams{Since: c.event.Block.Time.UTC().Add(-rule.Window), Height: c.height}
	for _, i := range asked {
		p.Places = append(p.Places, int32(i)) // #nosec G115 -- a block event is smaller
		p.Tenants = append(p.Tenants, arrived[i].tenant)
		p.Accounts = append(p.Accounts, arrived[i].account)
		p.Assets = append(p.Assets, string(arrived[i].Asset))
	}
	rows, err := c.q.Frequent(ctx, p)
	if err != nil {
		return err
	}
	before := make(map[int]int64, len(rows))
	for _, row := range rows {
		before[int(row.Place)] = row.Deposits
	}

	type who struct {
		tenant, account string
		asset           coffer.AssetID
	}
	here := map[who]int64{}
	for i := range arrived {
		if arrived[i].aside == coffer.DepositDust {
			continue
		}
		w := who{arrived[i].tenant, arrived[i].account, arrived[i].Asset}
		if arrived[i].aside == "" && rule.covers(w.asset) && before[i]+here[w] >= int64(rule.Count) {
			arrived[i].park(rule)
		}
		here[w]++
	}
	return nil
}
