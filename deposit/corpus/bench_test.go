package corpus_test

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/corpus"
	"github.com/cofferhq/coffer/ledger"
)

// bench is what a case of any chain is made with.
type bench struct {
	t *testing.T
	c *corpus.Case
}

func newBench(t *testing.T, chain coffer.ChainID, settings map[string]string) bench {
	return bench{t, &corpus.Case{Format: corpus.Format, Chain: chain, Nodes: []string{"node"}, Settings: settings, House: []corpus.House{}}}
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// watch makes an address one of an account, once.
func (b *bench) watch(account string, at coffer.Address) {
	for _, a := range b.c.Accounts {
		if a.Account == account {
			return
		}
	}
	b.c.Accounts = append(b.c.Accounts, corpus.Account{Account: account, Tenant: "t-" + account, Address: at})
}

// addressOf is the watched address of an account.
func (b *bench) addressOf(account string) coffer.Address {
	b.t.Helper()
	for _, a := range b.c.Accounts {
		if a.Account == account {
			return a.Address
		}
	}
	b.t.Fatalf("nobody is called %s", account)
	return ""
}

// step goes on to a head; final is empty while nothing is final.
func (b *bench) step(note, head, final string, expect *corpus.Expect) {
	b.c.Steps = append(b.c.Steps, corpus.Step{Note: note, Head: head, Final: final, Expect: expect})
}

// expect is the verdict of a chain that is followed, with these deposits and nothing else: the
// balances and the books are what follows from them. lines are what the books hold besides.
func (b *bench) expect(deposits []corpus.Deposit, lines ...corpus.Line) *corpus.Expect {
	b.t.Helper()
	e := &corpus.Expect{Chain: corpus.Follows, Deposits: notNil(deposits)}
	balances := map[string]*corpus.Balance{}
	books := map[string]*corpus.Line{}
	add := func(line corpus.Line) {
		key := line.Code + " " + string(line.Asset) + " " + line.Side
		if books[key] == nil {
			books[key] = &corpus.Line{Code: line.Code, Asset: line.Asset, Side: line.Side}
		}
		books[key].Amount = b.sum(books[key].Amount, line.Amount)
	}
	for _, d := range deposits {
		suspense := map[coffer.DepositState]string{
			coffer.DepositDust: ledger.SuspenseDust, coffer.DepositUnsupported: ledger.SuspenseUnsupported, coffer.DepositMissingMemo: ledger.SuspenseMissingMemo,
		}[d.State]
		balance := &corpus.Balance{}
		if suspense == "" {
			key := d.Account + " " + string(d.Asset)
			if balances[key] == nil {
				balances[key] = &corpus.Balance{Account: d.Account, Asset: d.Asset}
			}
			balance = balances[key]
		}
		switch d.State {
		case coffer.DepositUnlocked:
			balance.Available = b.sum(balance.Available, d.Amount)
		case coffer.DepositCredited:
			balance.Pending = b.sum(balance.Pending, d.Amount)
		case coffer.DepositReview:
			balance.Review = b.sum(balance.Review, d.Amount)
		case coffer.DepositDust, coffer.DepositUnsupported, coffer.DepositMissingMemo:
			add(corpus.Line{Code: suspense, Asset: d.Asset, Side: "credit", Amount: d.Amount})
		default: // nothing is booked
			continue
		}
		add(corpus.Line{Code: ledger.PrefixCustodyDeposit + string(b.addressOf(d.Account)), Asset: d.Asset, Side: "debit", Amount: d.Amount})
	}
	for _, line := range lines {
		add(line)
	}
	e.Balances, e.House = []corpus.Balance{}, []corpus.Line{}
	for _, key := range slices.Sorted(maps.Keys(balances)) {
		if b := *balances[key]; b != (corpus.Balance{Account: b.Account, Asset: b.Asset}) {
			e.Balances = append(e.Balances, b)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(books)) {
		e.House = append(e.House, *books[key])
	}
	return e
}

func (b *bench) sum(x, y coffer.Amount) coffer.Amount {
	b.t.Helper()
	sum, err := x.Add(y)
	b.must(err)
	return sum
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// in is the same deposits in other states: each that is unlocked in the end.
func in(state coffer.DepositState, deposits []corpus.Deposit) []corpus.Deposit {
	moved := slices.Clone(deposits)
	for i := range moved {
		if moved[i].State == coffer.DepositUnlocked {
			moved[i].State = state
		}
	}
	return moved
}

// usual are the steps of a trick in block a1: in the newest block, and when it is final and
// three deep. The deposits are as they are in the end.
func (b *bench) usual(deposits ...corpus.Deposit) {
	b.t.Helper()
	b.step("the block is the newest one", "a1", "", b.expect(in(coffer.DepositCredited, deposits)))
	b.step("the block is final", "a3", "a1", b.expect(deposits))
}

// text joins lines that are wrapped in the source.
func text(lines string) string { return strings.Join(strings.Fields(lines), " ") }

// finish fills in what people read.
func (b *bench) finish(c corpus.Case) *corpus.Case {
	b.t.Helper()
	b.c.Name, b.c.Trick, b.c.Source, b.c.Why = c.Name, text(c.Trick), c.Source, text(c.Why)
	b.c.Made = text(cmp.Or(c.Made, b.c.Made))
	if err := b.c.Check(); err != nil {
		b.t.Fatal(err)
	}
	return b.c
}
