package sim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
	"github.com/cofferhq/coffer/stream"
	"github.com/cofferhq/coffer/withdrawal"
)

const policyFile = `
version: 1
name: open
signers: {threshold: 2, count: 3}
assets:
  - {name: BTC, id: "bip122:0f9188f13cb7b2c71f2a335e3a4fc328/slip44:1", decimals: 0}
rules:
  order_limits:
    - {name: a, enforced_by: signer, asset: BTC, max: "1000000"}
  velocity:
    - {name: b, enforced_by: signer, asset: BTC, per: asset, max: "1000000000"}
`

const (
	withdrawFee = 3
	feeBound    = 150
)

var accounts = []string{"ann", "bob"}

// world is deposits, withdrawals and payouts of one Bitcoin-like chain.
type world struct {
	tb              testing.TB
	ctx             context.Context
	db              *postgres.DB
	log             *stream.Postgres
	books           *ledger.Ledger
	net             *network
	wallet          *coinWallet
	signers         []*coinSigner
	lanes           int
	consolidateOver int

	deposits    *deposit.Service
	withdrawals *withdrawal.Service
	payouts     *payout.Manager

	now        time.Time
	violations []string
	requested  []coffer.Withdrawal
	asked      int // withdrawals that were asked for
	users      map[string]coffer.Address
	emitted    []coffer.Block
	sequence   uint64
	paid       int // by strangers

	crashIn int // checkpoints until a crash; zero for none
	passed  map[string]int
}

func newWorld(tb testing.TB, seed uint64, lanes int) *world {
	tb.Helper()
	w := &world{
		tb: tb, ctx: context.Background(), db: postgrestest.New(tb), net: newNetwork(seed), now: genesis, lanes: lanes,
		users: map[string]coffer.Address{}, passed: map[string]int{},
	}
	w.books = ledger.New(w.db, w.clock)
	w.log = stream.NewPostgres(w.db, w.clock)
	w.wallet = &coinWallet{net: w.net, faults: map[string]int{}, rate: 20}
	for i := range 3 {
		w.signers = append(w.signers, &coinSigner{name: "signer" + strconv.Itoa(i), w: w, slots: map[coffer.Hash]coffer.Slot{}})
	}
	w.start()
	if err := w.deposits.RegisterHouseAt(w.ctx, chain, w.wallet.Address(), deposit.HouseHot, "0/0"); err != nil {
		tb.Fatal(err)
	}
	for _, account := range accounts {
		issued, err := w.deposits.IssueAddress(w.ctx, "acme", account, chain)
		if err != nil {
			tb.Fatal(err)
		}
		w.users[account] = issued.Address
	}
	// Fees are ours to pay.
	w.strangerPays(w.wallet.Address(), 20_000)
	return w
}

func (w *world) strangerPays(to coffer.Address, amount uint64) {
	w.paid++
	w.net.pay(strconv.Itoa(w.paid), to, amount)
}

func (w *world) clock() time.Time { return w.now }

func (w *world) violate(format string, args ...any) {
	w.violations = append(w.violations, fmt.Sprintf(format, args...))
}

// start makes the services as a process does that begins: from the database alone.
func (w *world) start() {
	w.tb.Helper()
	rules, err := policy.Parse([]byte(policyFile))
	if err != nil {
		w.tb.Fatal(err)
	}
	asset := coffer.Asset{ID: btc, Symbol: "BTC", MinDeposit: coffer.NewAmount(10), Credit: 1, Unlock: 2, WithdrawFee: coffer.NewAmount(withdrawFee)}
	w.deposits, err = deposit.New(deposit.Config{
		DB: w.db, Ledger: w.books, Log: w.log, Clock: w.clock, Checkpoint: w.checkpoint, Assets: []coffer.Asset{asset},
		Chains: []deposit.Chain{{ID: chain, Indexed: w.wallet, Coins: btc, ParseAddress: w.net.ParseAddress}},
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	w.withdrawals, err = withdrawal.New(withdrawal.Config{
		DB: w.db, Ledger: w.books, Events: w.log, Policy: rules, Assets: []coffer.Asset{asset}, Clock: w.clock,
		Parsers: map[coffer.ChainID]withdrawal.AddressParser{chain: w.net},
		Account: func(context.Context, string, string) error { return nil },
		Lookup: func(ctx context.Context, chain coffer.ChainID, address coffer.Address) (withdrawal.Owner, error) {
			owner, err := w.deposits.Lookup(ctx, chain, address)
			return withdrawal.Owner{Kind: owner.Kind, Tenant: owner.Tenant, Account: owner.Account}, err
		},
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	var signers []coffer.Signer
	for _, s := range w.signers {
		signers = append(signers, s)
	}
	w.payouts, err = payout.New(payout.Config{
		DB: w.db, Ledger: w.books, Withdrawals: w.withdrawals, Events: w.log, Clock: w.clock, Checkpoint: w.checkpoint,
		Chains: map[coffer.ChainID]payout.Chain{chain: {
			Native: btc, Wallet: w.wallet, Coins: w.deposits, Explainer: w.wallet, Signers: signers, Threshold: 2, FeeBound: coffer.NewAmount(feeBound),
			Limits: payout.Limits{
				MaxOrders: 4, Lanes: w.lanes, IntentTTL: 3 * time.Minute, CallTimeout: 10 * time.Second, SignTimeout: 10 * time.Second,
				Backoff: time.Second, MaxBackoff: 8 * time.Second, Rebroadcast: 5 * time.Second, BumpAfter: 2, MaxAttempts: 6,
				ConsolidateOver: w.consolidateOver,
			},
		}},
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	if err := w.payouts.Resume(w.ctx); err != nil {
		w.tb.Fatal(err)
	}
}

// crash is what a checkpoint panics with.
type crash struct{ at string }

func (w *world) checkpoint(name string) {
	w.passed[name]++
	if w.crashIn--; w.crashIn == 0 {
		w.passed["crash"]++
		panic(crash{name})
	}
}

// try runs one piece of work, and starts again where it crashed.
func (w *world) try(work func() error) {
	w.tb.Helper()
	defer func() {
		switch r := recover().(type) {
		case nil:
		case crash:
			w.start()
		default:
			panic(r)
		}
	}()
	if err := work(); err != nil && !errors.Is(err, errFake) {
		w.tb.Fatal(err)
	}
}

// request asks for a withdrawal of what the account has, to an address nobody else gets.
func (w *world) request(account string, amount uint64) {
	w.tb.Helper()
	w.asked++ // a restored database has lost some of them
	n := w.asked
	got, err := w.withdrawals.Request(w.ctx, withdrawal.Request{
		Tenant: "acme", Account: account, IdempotencyKey: strconv.Itoa(n), Chain: chain, Asset: btc,
		Destination: fmt.Sprintf("0x%040x", 0xd00000+n), Amount: strconv.FormatUint(amount, 10),
	})
	if coffer.ErrorCode(err) == coffer.CodeInsufficient {
		return
	}
	if err != nil {
		w.tb.Fatal(err)
	}
	w.requested = append(w.requested, got)
}

func (w *world) approveAll() {
	w.tb.Helper()
	for range 3 {
		if _, err := w.withdrawals.Step(w.ctx); err != nil {
			w.tb.Fatal(err)
		}
	}
}

// review lets everything go on that waits for a person.
func (w *world) review() {
	w.tb.Helper()
	waiting, err := w.withdrawals.InReview(w.ctx, "", "", 100)
	if err != nil {
		w.tb.Fatal(err)
	}
	for _, wd := range waiting {
		if _, err := w.withdrawals.Release(w.ctx, withdrawal.Decision{Tenant: "acme", Withdrawal: wd.ID, Actor: "olga"}); err != nil {
			w.tb.Fatal(err)
		}
	}
}

func (w *world) plan() {
	w.tb.Helper()
	w.try(func() error {
		_, err := w.payouts.Plan(w.ctx, chain)
		return err
	})
}

// step takes up to n steps.
func (w *world) step(n int) {
	w.tb.Helper()
	for range n {
		moved := false
		w.try(func() (err error) {
			moved, err = w.payouts.Step(w.ctx)
			return err
		})
		if !moved {
			return
		}
	}
}

func (w *world) mine(n int, pick func() bool) {
	for _, c := range w.net.contents(w.net.Canonical(), n, pick) {
		w.net.MineContent(c)
	}
	w.follow()
}

func (w *world) reorg(depth, mined int, pick func() bool) {
	base := w.net.Canonical()
	base = base[:len(base)-depth]
	w.net.Reorg(depth, w.net.contents(base, mined, pick)...)
	w.follow()
}

func all() bool  { return true }
func none() bool { return false }

// follow lets the clock and the indexer follow the chain.
func (w *world) follow() {
	w.tb.Helper()
	if tip := w.net.Tip().Time; w.now.Before(tip) {
		w.now = tip
	}
	canonical := w.net.Canonical()
	for len(w.emitted) > 0 {
		tip := w.emitted[len(w.emitted)-1]
		if tip.Height < uint64(len(canonical)) && canonical[tip.Height].Hash == tip.Hash {
			break
		}
		w.emitted = w.emitted[:len(w.emitted)-1]
		w.say(coffer.BlockDisconnected, tip)
	}
	for _, b := range canonical[len(w.emitted):] {
		w.emitted = append(w.emitted, b)
		w.say(coffer.BlockConnected, b)
	}
}

func (w *world) say(kind string, b coffer.Block) {
	w.tb.Helper()
	w.sequence++
	event, err := json.Marshal(coffer.BlockEvent{Chain: chain, Sequence: w.sequence, Epoch: 1, Kind: kind, Final: w.net.Final(), Block: b})
	if err != nil {
		w.tb.Fatal(err)
	}
	records, err := stream.Split("block", w.sequence, 1, event)
	if err != nil {
		w.tb.Fatal(err)
	}
	if _, err := w.log.Append(w.ctx, stream.TopicRaw, string(chain), stream.Any, records); err != nil {
		w.tb.Fatal(err)
	}
}

func (w *world) observeDeposits() {
	w.tb.Helper()
	for more := true; more; {
		w.try(func() (err error) {
			more, err = w.deposits.Step(w.ctx, chain)
			return err
		})
	}
	for more := true; more; {
		w.try(func() (err error) {
			more, err = w.deposits.Backfill(w.ctx, chain)
			return err
		})
	}
}

func (w *world) observePayouts() {
	w.tb.Helper()
	for more := true; more; {
		w.try(func() error {
			n, err := w.payouts.Observe(w.ctx, chain)
			more = n > 0
			return err
		})
	}
}

// dead says whether what was signed in a slot can never pay: a final block gave its anchor to
// something that does not.
func (w *world) dead(slot coffer.Slot, payment coffer.Payment) bool {
	for _, b := range w.net.Canonical() {
		for _, s := range b.Spends {
			if string(s.Coin) == slot.Lane {
				return b.Height <= w.net.Final() && !slices.Contains(w.net.known[s.Tx].Payments, payment)
			}
		}
	}
	return false
}

func (w *world) state(id string) coffer.Withdrawal {
	w.tb.Helper()
	got, err := w.withdrawals.Get(w.ctx, "acme", id)
	if err != nil {
		w.tb.Fatal(err)
	}
	return got
}

// house is what an account of the house holds: positive on the debit side.
func (w *world) house(code string) int64 {
	w.tb.Helper()
	got, err := w.books.House(w.ctx, code, btc)
	if err != nil {
		w.tb.Fatal(err)
	}
	n := int64(number(got.Amount))
	if got.Side == ledger.SideCredit {
		return -n
	}
	return n
}

// ours are the addresses that the database knows.
func (w *world) ours() map[coffer.Address]string {
	w.tb.Helper()
	rows, err := w.db.Pool().Query(w.ctx, "select address, kind from deposit_address")
	if err != nil {
		w.tb.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ Address, Kind string }])
	if err != nil {
		w.tb.Fatal(err)
	}
	ours := map[coffer.Address]string{}
	for _, a := range all {
		ours[coffer.Address(a.Address)] = a.Kind
	}
	return ours
}

// check compares coins and books with the chain that both have observed.
func (w *world) check() {
	w.tb.Helper()
	w.checkCoins()
	ours := w.ours()
	stolen := int64(0)
	paid := map[coffer.Payment]int{}
	_, landed := ledgerOf(w.net.Canonical())
	for id := range landed {
		t := w.net.known[id]
		if _, theft := w.net.thefts[id]; theft {
			for _, c := range t.Coins {
				if _, mine := ours[c.Address]; mine {
					stolen += int64(number(c.Amount))
				}
			}
		} else if _, others := w.net.onward[t.Coins[0].ID]; !others && t.Coins[0].Address != stranger {
			for _, p := range t.Payments {
				paid[p]++
			}
		}
	}
	for p, times := range paid {
		if times > 1 {
			w.tb.Errorf("%s was paid %d times", p.To, times)
		}
	}
	if got := w.house(ledger.TransitCoins); got != stolen {
		w.tb.Errorf("transit:coins is %d, and %d was stolen", got, stolen)
	}
	twice := w.strings("select coin from payout_coins where state = 'reserved' group by coin having count(*) > 1")
	if len(twice) > 0 {
		w.tb.Errorf("coins are set aside twice: %v", twice)
	}
	for _, v := range w.violations {
		w.tb.Errorf("violation: %s", v)
	}
}

// checkCoins holds the coins table to the chain's unspent outputs at our addresses, and the
// books to their sums.
func (w *world) checkCoins() {
	w.tb.Helper()
	ours := w.ours()
	unspent, _ := ledgerOf(w.net.Canonical())
	var want []string
	held := map[coffer.Address]int64{}
	for id, t := range unspent {
		if _, mine := ours[t.To]; mine {
			want = append(want, fmt.Sprintf("%s %s", id, t.Amount))
			held[t.To] += int64(number(t.Amount))
		}
	}
	got := w.strings("select encode(tx, 'hex') || ':' || output || ' ' || amount from deposit_coin where spent_by is null")
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.tb.Errorf("coins are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for address, kind := range ours {
		prefix := ledger.PrefixCustodyHot
		if kind == "deposit" {
			prefix = ledger.PrefixCustodyDeposit
		}
		if got := w.house(prefix + string(address)); got != held[address] {
			w.tb.Errorf("%s%s is %d, the chain says %d", prefix, address, got, held[address])
		}
	}
}

func (w *world) strings(sql string) []string {
	w.tb.Helper()
	rows, err := w.db.Pool().Query(w.ctx, sql)
	if err != nil {
		w.tb.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		w.tb.Fatal(err)
	}
	return all
}
