package payout_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
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
  - {name: USDT, id: "eip155:31337/erc20:0x5FbDB2315678afecb367f032d93F642f64180aa3", decimals: 0}
  - {name: USDC, id: "eip155:31337/erc20:0x70997970C51812dc3A010C7d01b50e0d17dc79C8", decimals: 0}
  - {name: ETH, id: "eip155:31337/slip44:60", decimals: 0}
rules:
  order_limits:
    - {name: a, enforced_by: signer, asset: USDT, max: "1000000"}
    - {name: b, enforced_by: signer, asset: USDC, max: "1000000"}
    - {name: c, enforced_by: signer, asset: ETH, max: "1000000"}
  velocity:
    - {name: d, enforced_by: signer, asset: USDT, per: asset, max: "1000000000"}
    - {name: e, enforced_by: signer, asset: USDC, per: asset, max: "1000000000"}
    - {name: f, enforced_by: signer, asset: ETH, per: asset, max: "1000000000"}
`

const (
	account = "acct_1"
	funds   = 1_000_000

	gasFunds = 1_000_000
)

var assets = []coffer.AssetID{usdt, usdc, ether}

// world is a payout manager with everything it needs: a real database, a fake chain with
// an indexer of a few lines, a fake wallet and three fake signers.
type world struct {
	tb      testing.TB
	ctx     context.Context
	db      *postgres.DB
	log     *stream.Postgres
	books   *ledger.Ledger
	net     *network
	wallet  *fakeWallet
	signers []*fakeSigner
	limits  payout.Limits
	risk    payout.Risk
	paused  coffer.AssetID
	paths   []string
	costs   payout.Costs
	cold    []string // keys that sign by file

	withdrawals *withdrawal.Service
	m           *payout.Manager

	mu         sync.Mutex
	now        time.Time
	violations []string

	requested []coffer.Withdrawal
	emitted   []coffer.Block
	sequence  uint64
	last      []byte // the last event, to be delivered again

	crashIn int // checkpoints until a crash; zero for none
	passed  []string
}

func newWorld(tb testing.TB, seed uint64, lanes int) *world {
	tb.Helper()
	w := &world{tb: tb, ctx: context.Background(), db: postgrestest.New(tb), net: newNetwork(seed), now: genesis}
	w.limits = payout.Limits{
		MaxOrders: 4, Lanes: lanes, IntentTTL: 3 * time.Minute, SignTimeout: 10 * time.Second, CallTimeout: 10 * time.Second,
		Backoff: time.Second, MaxBackoff: 8 * time.Second, Rebroadcast: 5 * time.Second, BumpAfter: 2, MaxAttempts: 4,
	}
	w.books = ledger.New(w.db, w.clock)
	w.log = stream.NewPostgres(w.db, w.clock)
	w.wallet = &fakeWallet{net: w.net, clock: w.clock, faults: map[string]int{}, refuses: map[coffer.Address]bool{}}
	for i := range 3 {
		w.signers = append(w.signers, &fakeSigner{name: "signer" + strconv.Itoa(i), w: w, signed: map[coffer.Hash]memory{}, slots: map[coffer.Slot][]coffer.Hash{}, alone: map[coffer.Slot]coffer.Hash{}})
	}
	w.start()
	for _, asset := range assets {
		w.book("fund/"+string(asset), ledger.Debit(ledger.PrefixCustodyHot+string(hot), asset, coffer.NewAmount(funds)),
			ledger.Credit(ledger.User(account, ledger.BucketAvailable), asset, coffer.NewAmount(funds)))
	}
	w.book("gas", ledger.Debit(ledger.PrefixGasEntryPoint+string(hot), ether, coffer.NewAmount(gasFunds)),
		ledger.Credit(ledger.EquityOpening, ether, coffer.NewAmount(gasFunds)))
	return w
}

func (w *world) book(id string, postings ...ledger.Posting) {
	w.tb.Helper()
	err := w.db.Tx(w.ctx, func(tx pgx.Tx) error {
		return w.books.Post(w.ctx, tx, ledger.Entry{ID: id, Kind: "test.fund", At: w.now, Postings: postings})
	})
	if err != nil {
		w.tb.Fatal(err)
	}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) later(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) violate(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.violations = append(w.violations, fmt.Sprintf(format, args...))
}

// start makes the services as a process does that begins: from the database alone.
func (w *world) start() {
	w.tb.Helper()
	rules, err := policy.Parse([]byte(policyFile))
	if err != nil {
		w.tb.Fatal(err)
	}
	var listed []coffer.Asset
	for _, id := range assets {
		listed = append(listed, coffer.Asset{ID: id, Symbol: string(id), WithdrawFee: coffer.NewAmount(3)})
	}
	w.withdrawals, err = withdrawal.New(withdrawal.Config{
		DB: w.db, Ledger: w.books, Events: w.log, Policy: rules, Assets: listed, Clock: w.clock,
		Parsers: map[coffer.ChainID]withdrawal.AddressParser{chain: w.net},
		Account: func(context.Context, string, string) error { return nil },
		Lookup: func(context.Context, coffer.ChainID, coffer.Address) (withdrawal.Owner, error) {
			return withdrawal.Owner{}, nil
		},
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	w.m, err = payout.New(w.config(w.limits))
	if err != nil {
		w.tb.Fatal(err)
	}
	if err := w.m.Resume(w.ctx); err != nil {
		w.tb.Fatal(err)
	}
}

func (w *world) config(limits payout.Limits) payout.Config {
	var signers []coffer.Signer
	for _, s := range w.signers {
		signers = append(signers, s)
	}
	return payout.Config{
		DB: w.db, Ledger: w.books, Withdrawals: w.withdrawals, Events: w.log, Clock: w.clock, Checkpoint: w.checkpoint,
		Paused: func(_ coffer.ChainID, orders ...coffer.Order) string {
			if slices.ContainsFunc(orders, func(o coffer.Order) bool { return o.Asset == w.paused }) {
				return "paused: " + string(w.paused)
			}
			return ""
		},
		Chains: map[coffer.ChainID]payout.Chain{chain: {
			Native: ether, Wallet: w.wallet, Explainer: w.wallet, Signers: signers, Threshold: 2,
			Executors: []coffer.Address{executor}, FeeBound: coffer.NewAmount(150), Limits: limits, Risk: w.risk,
			Paths: w.paths, Costs: w.costs, Cold: w.cold,
		}},
	}
}

// crash is what a checkpoint panics with.
type crash struct{ at string }

func (w *world) checkpoint(name string) {
	w.mu.Lock()
	w.passed = append(w.passed, name)
	crashes := w.crashIn == 1
	if w.crashIn > 0 {
		w.crashIn--
	}
	if crashes {
		w.passed = append(w.passed, "crash")
	}
	w.mu.Unlock()
	if crashes {
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
	if err := work(); err != nil {
		w.tb.Fatal(err)
	}
}

// request asks for a withdrawal to an address nobody else gets.
func (w *world) request(asset coffer.AssetID, amount uint64) coffer.Withdrawal {
	w.tb.Helper()
	n := len(w.requested) + 1
	got, err := w.withdrawals.Request(w.ctx, withdrawal.Request{
		Tenant: "acme", Account: account, IdempotencyKey: strconv.Itoa(n), Chain: chain, Asset: asset,
		Destination: fmt.Sprintf("0x%040x", 0xd00000+n), Amount: strconv.FormatUint(amount, 10),
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	w.requested = append(w.requested, got)
	return got
}

func (w *world) approveAll() {
	w.tb.Helper()
	for range 3 {
		if _, err := w.withdrawals.Step(w.ctx); err != nil {
			w.tb.Fatal(err)
		}
	}
}

func (w *world) plan() {
	w.tb.Helper()
	w.try(func() error {
		_, err := w.m.Plan(w.ctx, chain)
		if errors.Is(err, errFake) {
			return nil // the node did not answer; planned later
		}
		return err
	})
}

// step takes up to n steps.
func (w *world) step(n int) {
	w.tb.Helper()
	for range n {
		moved := false
		w.try(func() (err error) {
			moved, err = w.m.Step(w.ctx)
			return err
		})
		if !moved {
			return
		}
	}
}

// mine puts blocks on the chain and lets the clock follow.
func (w *world) mine(n int, pick func() choice) {
	base := w.net.Canonical()
	for _, c := range w.net.contents(base, n, pick) {
		w.net.Mine(c.Transfers, c.Outcomes)
	}
	w.follow()
}

// reorg replaces the newest blocks.
func (w *world) reorg(depth, mined int, pick func() choice) {
	base := w.net.Canonical()
	base = base[:len(base)-depth]
	w.net.Reorg(depth, w.net.contents(base, mined, pick)...)
	w.follow()
}

func (w *world) follow() {
	tip := w.net.Tip().Time
	w.mu.Lock()
	if w.now.Before(tip) {
		w.now = tip
	}
	w.mu.Unlock()
	w.emit()
}

func all() choice  { return succeed }
func none() choice { return leave }

// emit is the indexer: it says what left the chain and what joined it.
func (w *world) emit() {
	w.tb.Helper()
	canonical := w.net.Canonical()
	for len(w.emitted) > 0 {
		tip := w.emitted[len(w.emitted)-1]
		if tip.Height < uint64(len(canonical)) && canonical[tip.Height].Hash == tip.Hash {
			break
		}
		w.emitted = w.emitted[:len(w.emitted)-1]
		w.append(coffer.BlockDisconnected, tip)
	}
	for _, b := range canonical[len(w.emitted):] {
		w.emitted = append(w.emitted, b)
		w.append(coffer.BlockConnected, b)
	}
}

func (w *world) append(kind string, b coffer.Block) {
	w.tb.Helper()
	head, err := w.net.Head(w.ctx)
	if err != nil {
		w.tb.Fatal(err)
	}
	w.sequence++
	w.last, err = json.Marshal(coffer.BlockEvent{Chain: chain, Sequence: w.sequence, Epoch: 1, Kind: kind, Final: head.Final.Height, Block: b})
	if err != nil {
		w.tb.Fatal(err)
	}
	w.deliver(w.last)
}

func (w *world) deliver(event []byte) {
	w.tb.Helper()
	records, err := stream.Split("block", w.sequence, 1, event)
	if err != nil {
		w.tb.Fatal(err)
	}
	if _, err := w.log.Append(w.ctx, stream.TopicRaw, string(chain), stream.Any, records); err != nil {
		w.tb.Fatal(err)
	}
}

// observe applies everything the indexer said.
func (w *world) observe() {
	w.tb.Helper()
	for done := false; !done; {
		w.try(func() error {
			n, err := w.m.Observe(w.ctx, chain)
			done = n == 0
			return err
		})
	}
}

// dead says whether nothing signed for an order in a slot can land any more: a final block
// holds something in the slot that did not pay the order, or its validity ended before the
// final block and nothing took the slot.
func (w *world) dead(before memory) bool {
	head, err := w.net.Head(w.ctx)
	if err != nil {
		return false
	}
	safes := uint64(0)
	for _, b := range w.net.Canonical() {
		for _, o := range b.Outcomes {
			slot := o.Slot
			if o.Sender == hot && slot.Kind == coffer.SlotSafe { // which block tells no nonce
				slot.Sequence = safes
				safes++
			}
			if o.Sender == hot && slot == before.slot {
				return b.Height <= head.Final.Height && (!o.Success || !slices.Contains(w.net.pool[o.ID].Payments, before.payment))
			}
		}
	}
	return !before.validUntil.IsZero() && genesis.Add(time.Duration(head.Final.Height)*12*time.Second).After(before.validUntil)
}

func (w *world) state(id string) coffer.Withdrawal {
	w.tb.Helper()
	got, err := w.withdrawals.Get(w.ctx, "acme", id)
	if err != nil {
		w.tb.Fatal(err)
	}
	return got
}

func (w *world) payoutOf(id string) payout.Payout {
	w.tb.Helper()
	wd := w.state(id)
	p, err := w.m.Get(w.ctx, wd.Payout)
	if err != nil {
		w.tb.Fatal(err)
	}
	return p
}

// net is what an account of the house holds: positive on the debit side.
func (w *world) house(code string, asset coffer.AssetID) int64 {
	w.tb.Helper()
	got, err := w.books.House(w.ctx, code, asset)
	if err != nil {
		w.tb.Fatal(err)
	}
	n := int64(got.Amount.Int().Uint64())
	if got.Side == ledger.SideCredit {
		return -n
	}
	return n
}

// checkBooks compares the books with the chain that was observed.
func (w *world) checkBooks() {
	w.tb.Helper()
	paid := map[coffer.AssetID]int64{}
	for to, payments := range w.net.paid() {
		if len(payments) > 1 {
			w.tb.Errorf("%s was paid %d times", to, len(payments))
		}
		for _, p := range payments {
			paid[p.Asset] += int64(p.Amount.Int().Uint64())
		}
	}
	if w.net.single {
		w.checkSingle(paid)
		return
	}
	for _, asset := range assets {
		if got, want := w.house(ledger.PrefixCustodyHot+string(hot), asset), funds-paid[asset]; got != want {
			w.tb.Errorf("the books say that the wallet holds %d of %s, the chain says %d", got, asset, want)
		}
	}
	ops, execs := int64(0), int64(0)
	for _, b := range w.net.Canonical() {
		for _, o := range b.Outcomes {
			switch {
			case o.Sender == hot && o.Slot.Kind == coffer.SlotSafe:
				execs++
			case o.Sender == hot:
				ops++
			}
		}
	}
	for code, want := range map[string]int64{
		ledger.PrefixGasEntryPoint + string(hot):    gasFunds - 70*ops,
		ledger.PrefixGasExecutor + string(executor): executorFunds(w.paths) + 20*ops - 50*execs,
		ledger.ExpenseNetworkFee:                    50 * (ops + execs),
		ledger.TransitBundler:                       0,
	} {
		if got := w.house(code, ether); got != want {
			w.tb.Errorf("%s is %d after %d operations and %d calls, want %d", code, got, ops, execs, want)
		}
	}
	w.checkViolations()
}

// checkSingle is checkBooks where the wallet pays its fees itself.
func (w *world) checkSingle(paid map[coffer.AssetID]int64) {
	w.tb.Helper()
	var fees int64
	for _, b := range w.net.Canonical() {
		fees += 70 * int64(len(b.Outcomes))
	}
	for _, asset := range assets {
		want := funds - paid[asset]
		if asset == ether {
			want += gasFunds - fees
		}
		if got := w.house(ledger.PrefixCustodyHot+string(hot), asset); got != want {
			w.tb.Errorf("the books say that the wallet holds %d of %s, the chain says %d", got, asset, want)
		}
	}
	if got := w.house(ledger.ExpenseNetworkFee, ether); got != fees {
		w.tb.Errorf("the books say that fees were %d, the chain says %d", got, fees)
	}
	w.checkViolations()
}

func (w *world) checkViolations() {
	w.tb.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range w.violations {
		w.tb.Errorf("violation: %s", v)
	}
}
