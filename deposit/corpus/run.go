package corpus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/indexer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
	"github.com/cofferhq/coffer/stream"
)

// Bounds of a step.
const (
	maxMoves    = 1000
	maxAttempts = 3                // at a chain that is to be refused
	patience    = 20 * time.Second // with one that is not: who was caught lying is looked at again in the background
	retryPause  = 5 * time.Millisecond
)

// Score is how a case ended.
type Score struct {
	Steps, Deposits int
	FalseCredits    int      // an account has more than the verdict says
	MissedCredits   int      // or less
	Wrong           []string // what is not as the verdict says, in words
}

// Run runs a case through the real code. Problems of the case are in the score; what keeps it
// from running fails the test.
func Run(t testing.TB, c *Case) Score {
	t.Helper()
	r := newRunner(t, c)
	var score Score
	for i, step := range c.Steps {
		r.world.advance(i)
		state, err := r.settle(t.Context(), step.Expect)
		if err != nil {
			t.Fatalf("step %d (%s): %v", i, step.Note, err)
		}
		if step.Expect == nil {
			if state.err != nil {
				score.Wrong = append(score.Wrong, fmt.Sprintf("step %d (%s): %v", i, step.Note, state.err))
			}
			continue
		}
		score.Steps++
		got, err := r.verdict(t.Context())
		if err != nil {
			t.Fatalf("step %d (%s): %v", i, step.Note, err)
		}
		got.Chain, got.Because = state.chain, ""
		if state.err != nil {
			got.Because = state.err.Error()
			if isCause(state.err, step.Expect.Because) {
				got.Because = step.Expect.Because
			}
		}
		score.compare(fmt.Sprintf("step %d (%s)", i, step.Note), *step.Expect, got)
		score.Deposits = len(step.Expect.Deposits)
	}
	return score
}

// runner is the product around one case.
type runner struct {
	c        *Case
	world    *World
	db       *postgres.DB
	ledger   *ledger.Ledger
	indexer  *indexer.Indexer
	deposits *deposit.Service
}

func newRunner(t testing.TB, c *Case) *runner {
	t.Helper()
	start, err := c.family()
	if err != nil {
		t.Fatal(err)
	}
	r := &runner{c: c, world: NewWorld(c), db: postgrestest.New(t)}
	r.world.advance(0)
	reader := start(t, r.world, c)
	log := stream.NewPostgres(r.db, r.world.Now)
	r.ledger = ledger.New(r.db, r.world.Now)
	r.indexer, err = indexer.New(indexer.Config{
		Source: reader.Source, Log: log, DB: r.db, Clock: r.world.Now, Logger: quiet, Holder: "corpus", Start: c.Blocks[0].Height,
	})
	if err != nil {
		t.Fatal(err)
	}
	chain := deposit.Chain{ID: c.Chain, Deriver: deriver{c}, ParseAddress: reader.Source.ParseAddress}
	if reader.Deposits != nil {
		reader.Deposits(&chain)
	}
	config := deposit.Config{
		DB: r.db, Ledger: r.ledger, Log: log, Clock: r.world.Now, Logger: quiet, Chains: []deposit.Chain{chain}, Known: c.Known,
	}
	for _, a := range c.Assets {
		config.Assets = append(config.Assets, coffer.Asset{
			ID: a.ID, Symbol: a.Symbol, Decimals: a.Decimals, MinDeposit: a.Minimum, Credit: a.Credit, Unlock: a.Unlock, NeedsMemo: a.NeedsMemo,
		})
	}
	if r.deposits, err = deposit.New(config); err != nil {
		t.Fatal(err)
	}
	for _, a := range c.Accounts {
		issued, err := r.deposits.IssueAddress(t.Context(), a.Tenant, a.Account, c.Chain)
		if err != nil || issued.Address != a.Address || (a.Memo != "" && issued.Memo != a.Memo) {
			t.Fatalf("address of %s: %s with memo %q, %v; the case says %s and %q", a.Account, issued.Address, issued.Memo, err, a.Address, a.Memo)
		}
	}
	for _, h := range c.House {
		if err := r.deposits.RegisterHouse(t.Context(), c.Chain, h.Address, h.Kind); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// quiet keeps a hundred cases from filling the output with what nodes did wrong on purpose.
var quiet = slog.New(slog.DiscardHandler)

// deriver gives the accounts of a case the addresses that the case says.
type deriver struct{ c *Case }

func (d deriver) DepositAddress(_ context.Context, salt coffer.Hash) (coffer.Address, error) {
	for _, a := range d.c.Accounts {
		if coffer.DepositSalt(a.Tenant, a.Account) == salt {
			return a.Address, nil
		}
	}
	return "", fmt.Errorf("no account has salt %s", salt)
}

// state is what the reader does at a head.
type state struct {
	chain string
	err   error
}

// settle has the indexer listen until it has nothing more to say or was refused too often, and
// deposits apply all of it.
func (r *runner) settle(ctx context.Context, want *Expect) (state, error) {
	attempts := maxAttempts
	if want == nil || want.Chain != Refused {
		attempts = int(patience / retryPause)
	}
	listened := r.listen(ctx, attempts)
	for range maxMoves {
		moved, err := r.deposits.Step(ctx, r.c.Chain)
		if errors.Is(err, deposit.ErrBroken) {
			return state{Halted, err}, nil
		}
		if err != nil {
			return state{}, err
		}
		if moved {
			continue
		}
		if moved, err = r.deposits.Check(ctx, r.c.Chain); err != nil {
			return state{}, err
		}
		if !moved {
			return listened, nil
		}
	}
	return state{}, errors.New("deposits never settle")
}

func (r *runner) listen(ctx context.Context, most int) state {
	var refused error
	attempts := 0
	retry := time.NewTicker(retryPause)
	defer retry.Stop()
	for range maxMoves + most {
		r.world.tick()
		moved, err := r.indexer.Step(ctx)
		switch {
		case errors.Is(err, indexer.ErrHalted):
			return state{Halted, err}
		case err != nil:
			if attempts++; attempts <= maxAttempts { // later ones may say no more than that nobody is left to ask
				refused = errors.Join(refused, err)
			}
			if attempts == most {
				return state{Refused, refused}
			}
			select {
			case <-ctx.Done():
				return state{Refused, ctx.Err()}
			case <-retry.C:
			}
		case moved:
			refused, attempts = nil, 0
		case r.indexer.Status().Tip.Hash == r.world.Head(r.c.Nodes[0]).Hash:
			return state{chain: Follows}
		default:
			return state{chain: Waits}
		}
	}
	return state{Refused, errors.New("the indexer never settles")}
}
