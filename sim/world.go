package sim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/indexer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
	"github.com/cofferhq/coffer/stream"
	"github.com/cofferhq/coffer/withdrawal"
)

const (
	tenant      = "acme"
	withdrawFee = 3
	minDeposit  = 10
	opening     = 100_000 // what wallets of accounts have of each asset in the beginning
	gasOpening  = 1_000_000
	credit      = 2 // confirmations
	unlock      = 4
	leaseTTL    = 30 * time.Second
	maxReorg    = 200 // blocks

	signersPerChain = 3
)

// customers are the accounts there are.
var customers = []string{"ann", "bob", "cleo"}

// World is some fake chains, a database, processes that do Coffer's work on them, signers and
// customers. It moves only when it is told to: nothing in it waits, and nothing in it looks at
// a clock but its own.
type World struct {
	tb     testing.TB
	ctx    context.Context
	dsn    string
	db     *postgres.DB // for who looks on; it does not die
	books  *ledger.Ledger
	log    *stream.Postgres
	policy *policy.Policy

	chains  []*chain
	signers []*signer
	workers []*worker
	users   map[coffer.ChainID]map[string]coffer.Address

	outside sync.Mutex // what is not a process does one thing at a time

	mu         sync.Mutex
	now        time.Time
	violations []string

	wishes []*wish // of customers for withdrawals
	views  map[coffer.ChainID]*view
	heard  subscriber

	nested bool          // somebody's turn came during somebody else's call
	copied bool          // there is a copy of the database
	spell  int           // blocks that pass at most while nothing happens
	poll   time.Duration // of processes that run by themselves; zero: none does
	logger *slog.Logger
	kept   *complaints
	seen   map[string]int
	told   []string // what happened, for people
}

// worker is a process that may do everything, and the services in it.
type worker struct {
	w       *World
	name    string
	process *Process
	skew    time.Duration // its clock against the world's
	down    int           // turns until it is started again
	again   int           // the point at which who comes after it dies, too; 0: none
	record  bool          // whether its points' names are remembered
	raceAt  int           // calls to the outside until somebody else's turn comes; 0: never
	race    func()
	early   bool // their turns come before the call arrives, not before its answer

	books       *ledger.Ledger
	log         *stream.Postgres
	indexers    map[coffer.ChainID]*indexer.Indexer
	deposits    *deposit.Service
	withdrawals *withdrawal.Service
	payouts     *payout.Manager
	admitted    bool
}

// newWorld makes a world of chains of these families, and so many processes.
func newWorld(tb testing.TB, families []Family, processes int) *World {
	tb.Helper()
	w := &World{
		tb: tb, ctx: context.Background(), dsn: postgrestest.NewDSN(tb), now: genesis,
		users: map[coffer.ChainID]map[string]coffer.Address{}, views: map[coffer.ChainID]*view{}, seen: map[string]int{},
		kept: newComplaints(), heard: subscriber{last: map[string]coffer.Event{}},
	}
	w.logger = slog.New(w.kept)
	db, err := postgres.Open(w.ctx, w.dsn)
	w.must(err)
	w.db = db
	tb.Cleanup(db.Close)
	w.books, w.log = ledger.New(db, w.clock), stream.NewPostgres(db, w.clock)
	for _, family := range families {
		c := newChain(family)
		w.chains = append(w.chains, c)
		w.users[c.id] = map[string]coffer.Address{}
		w.views[c.id] = newView(w, c)
		for n := range signersPerChain {
			w.signers = append(w.signers, newSigner(w, c, n))
		}
	}
	w.policy, err = policy.Parse([]byte(w.policyFile()))
	w.must(err)
	for n := range processes {
		w.workers = append(w.workers, &worker{w: w, name: fmt.Sprintf("process-%d", n+1)})
	}
	tb.Cleanup(w.close)
	for _, k := range w.workers {
		k.start(0)
	}
	if processes > 0 {
		w.open()
	}
	return w
}

func (w *World) must(err error) {
	w.tb.Helper()
	if err != nil {
		w.tb.Fatal(err)
	}
}

func (w *World) close() {
	for _, k := range w.workers {
		if k.process != nil {
			if err := k.process.Close(w.db); err != nil {
				w.tb.Error(err)
			}
			k.process = nil
		}
	}
}

func (w *World) policyFile() string {
	var assets, limits, velocity strings.Builder
	for _, c := range w.chains {
		for n, id := range c.assets() {
			name := strings.ToUpper(string(c.family)) + strings.Repeat("X", n+1)
			fmt.Fprintf(&assets, "  - {name: %s, id: %q, decimals: 0}\n", name, id)
			fmt.Fprintf(&limits, "    - {name: l%s, enforced_by: signer, asset: %s, max: \"1000000\"}\n", strings.ToLower(name), name)
			fmt.Fprintf(&velocity, "    - {name: v%s, enforced_by: signer, asset: %s, per: asset, max: \"1000000000\"}\n", strings.ToLower(name), name)
		}
	}
	return "version: 1\nname: open\nsigners: {threshold: 2, count: 3}\nassets:\n" + assets.String() +
		"rules:\n  order_limits:\n" + limits.String() + "  velocity:\n" + velocity.String()
}

// open gives customers their addresses, and wallets what they begin with.
func (w *World) open() {
	w.tb.Helper()
	k := w.workers[0]
	for _, c := range w.chains {
		w.must(k.registerHouses(c))
		for _, customer := range customers {
			issued, err := k.deposits.IssueAddress(w.ctx, tenant, customer, c.id)
			w.must(err)
			w.users[c.id][customer] = issued.Address
		}
		if c.family == Coins {
			w.strangerPays(c, c.hot, c.native, 50_000)
			continue
		}
		entry := ledger.Entry{ID: "opening/" + string(c.id), Kind: "opening", At: w.now}
		for _, asset := range c.assets() {
			entry.Postings = append(entry.Postings, ledger.Debit(ledger.PrefixCustodyHot+string(c.hot), asset, coffer.NewAmount(opening)))
			entry.Postings = append(entry.Postings, ledger.Credit(ledger.EquityOpening, asset, coffer.NewAmount(opening)))
		}
		gas := ledger.PrefixGasEntryPoint + string(c.hot)
		if c.family == TRON {
			gas = ledger.PrefixCustodyHot + string(c.hot)
		}
		entry.Postings = append(entry.Postings, ledger.Debit(gas, c.native, coffer.NewAmount(gasOpening)),
			ledger.Credit(ledger.EquityOpening, c.native, coffer.NewAmount(gasOpening)))
		w.must(w.book(entry))
	}
	for _, k := range w.workers {
		k.admit()
	}
	w.fund()
}

// fund gives the customers some money, for good.
func (w *World) fund() {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, c := range w.chains {
		for _, customer := range customers {
			for _, asset := range c.assets() {
				w.strangerPays(c, w.users[c.id][customer], asset, 4000)
			}
		}
		c.mine(1, rng, all)
		c.mine(unlock, rng, none)
		c.moveFinal(0)
	}
	w.follow()
	w.workers[0].index(4, w.chains...)
	w.workers[0].deposit(20, w.chains...)
	w.workers[0].observe(20, w.chains...)
}

func (k *worker) registerHouses(c *chain) error {
	if c.family == Coins {
		return k.deposits.RegisterHouseAt(k.w.ctx, c.id, c.hot, deposit.HouseHot, "0/0")
	}
	err := k.deposits.RegisterHouse(k.w.ctx, c.id, c.hot, deposit.HouseHot)
	if err == nil && c.family == EVM {
		err = k.deposits.RegisterHouse(k.w.ctx, c.id, c.executor, deposit.HouseExecutor)
	}
	return err
}

func (w *World) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *World) later(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// follow lets the clock follow the chains.
func (w *World) follow() {
	for _, c := range w.chains {
		if behind := c.Tip().Time.Sub(w.clock()); behind > 0 {
			w.later(behind)
		}
	}
}

// violate remembers what no part may ever ask of another.
func (w *World) violate(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.violations = append(w.violations, fmt.Sprintf(format, args...))
}

// tell writes a line of the trace.
func (w *World) tell(format string, args ...any) {
	w.told = append(w.told, fmt.Sprintf(format, args...))
}

func (k *worker) clock() time.Time { return k.w.clock().Add(k.skew) }

// start makes the services as a process does that begins: from the database alone. It dies at its
// n-th point; 0 lets it live.
func (k *worker) start(n int) {
	w := k.w
	w.tb.Helper()
	process, err := NewProcess(w.ctx, w.dsn)
	w.must(err)
	k.process, k.down, k.again, k.raceAt, k.admitted = process, 0, 0, 0, false
	process.Arm(n)
	process.Batches(func() func() {
		if k.raceAt == 0 || w.nested {
			return nil
		}
		if k.raceAt--; k.raceAt > 0 {
			return nil
		}
		return k.meet
	})
	if k.record {
		process.Record()
	}
	db := process.DB()
	k.books, k.log = ledger.New(db, k.clock), stream.NewPostgres(db, k.clock)
	k.indexers = map[coffer.ChainID]*indexer.Indexer{}
	var assets []coffer.Asset
	var known []coffer.AssetID
	deposits := deposit.Config{DB: db, Ledger: k.books, Log: k.log, Clock: k.clock, Poll: w.poll, Logger: w.logger}
	withdrawals := withdrawal.Config{
		DB: db, Ledger: k.books, Events: k.log, Policy: w.policy, Clock: k.clock, Poll: w.poll, Log: w.logger, Parsers: map[coffer.ChainID]withdrawal.AddressParser{},
		Account: func(context.Context, string, string) error { return nil },
		Lookup: func(ctx context.Context, chain coffer.ChainID, address coffer.Address) (withdrawal.Owner, error) {
			owner, err := k.deposits.Lookup(ctx, chain, address)
			return withdrawal.Owner{Kind: owner.Kind, Tenant: owner.Tenant, Account: owner.Account}, err
		},
	}
	payouts := payout.Config{DB: db, Ledger: k.books, Events: k.log, Clock: k.clock, Log: w.logger, Chains: map[coffer.ChainID]payout.Chain{}}
	for _, c := range w.chains {
		k.indexers[c.id], err = indexer.New(indexer.Config{
			Source: &source{c, k.call}, Log: k.log, DB: db, Clock: k.clock, Logger: w.logger, Holder: k.name, MaxReorg: maxReorg, BlocksPerStep: 16, LeaseTTL: leaseTTL, Poll: w.poll,
		})
		w.must(err)
		for _, id := range c.assets() {
			assets = append(assets, coffer.Asset{ID: id, Symbol: "X", MinDeposit: coffer.NewAmount(minDeposit), Credit: credit, Unlock: unlock, WithdrawFee: coffer.NewAmount(withdrawFee)})
		}
		if c.gold != "" {
			known = append(known, c.gold)
		}
		withdrawals.Parsers[c.id] = c.Fake
		one, pays := k.wire(c)
		deposits.Chains = append(deposits.Chains, one)
		payouts.Chains[c.id] = pays
	}
	deposits.Assets, deposits.Known, withdrawals.Assets = assets, known, assets
	k.deposits, err = deposit.New(deposits)
	w.must(err)
	for id, c := range payouts.Chains {
		if c.Coins != nil {
			c.Coins = k.deposits
			payouts.Chains[id] = c
		}
	}
	k.withdrawals, err = withdrawal.New(withdrawals)
	w.must(err)
	payouts.Withdrawals = k.withdrawals
	k.payouts, err = payout.New(payouts)
	w.must(err)
	k.do("resume", k.payouts.Resume)
}

// wire says how deposits arrive on a chain, and payouts leave.
func (k *worker) wire(c *chain) (deposit.Chain, payout.Chain) {
	in := deposit.Chain{ID: c.id, ParseAddress: c.ParseAddress}
	out := payout.Chain{
		Native: c.native, Threshold: threshold, FeeBound: coffer.NewAmount(feeBound),
		Limits: payout.Limits{
			MaxOrders: 4, Lanes: 2, IntentTTL: 3 * time.Minute, SignTimeout: 10 * time.Second, CallTimeout: 10 * time.Second,
			Backoff: time.Second, MaxBackoff: 8 * time.Second, Rebroadcast: 5 * time.Second, BumpAfter: 2, MaxAttempts: 6, Poll: k.w.poll,
		},
	}
	for _, s := range k.w.signers {
		if s.c == c {
			out.Signers = append(out.Signers, heard{s, k.process})
		}
	}
	base := wallet{c, k.call, k.clock}
	if c.family == Coins {
		wallet := &coins{base}
		in.Indexed, in.Coins = wallet, c.native
		out.Wallet, out.Explainer, out.Coins, out.Limits.ConsolidateOver = wallet, wallet, (*deposit.Service)(nil), 8
		return in, out
	}
	wallet := &accounts{base}
	in.Deriver = deriver{c}
	out.Wallet, out.Explainer = wallet, wallet
	if c.family == TRON {
		out.Paths, out.Limits.MaxOrders = []string{coffer.PathTRON}, 1
	} else {
		out.Executors = []coffer.Address{c.executor}
	}
	return in, out
}

// deriver makes addresses out of salts.
type deriver struct{ c *chain }

// DepositAddress implements deposit.Deriver.
func (d deriver) DepositAddress(_ context.Context, salt coffer.Hash) (coffer.Address, error) {
	return d.c.address(salt.String()), nil
}

// source is a node of a chain as a process sees it.
type source struct {
	c    *chain
	call caller
}

// ID implements coffer.Source.
func (s *source) ID() coffer.ChainID { return s.c.id }

// ParseAddress implements coffer.Source.
func (s *source) ParseAddress(text string) (coffer.Address, error) { return s.c.ParseAddress(text) }

// Head implements coffer.Source.
func (s *source) Head(ctx context.Context) (h coffer.Head, err error) {
	err = s.call("node.head", func() error {
		h, err = s.c.Head(ctx)
		return err
	})
	return h, err
}

// Header implements coffer.Source.
func (s *source) Header(ctx context.Context, height uint64) (h coffer.Header, err error) {
	err = s.call("node.header", func() error {
		h, err = s.c.Header(ctx, height)
		return err
	})
	return h, err
}

// Block implements coffer.Source.
func (s *source) Block(ctx context.Context, hash coffer.Hash) (b coffer.Block, err error) {
	err = s.call("node.block", func() error {
		b, err = s.c.Block(ctx, hash)
		return err
	})
	return b, err
}

// call is a call of a process to the outside. Somebody else's turn may come before the answer
// arrives.
func (k *worker) call(name string, call func() error) error {
	return k.process.Call(name, func() error {
		races := false
		if k.raceAt > 0 && !k.w.nested {
			k.raceAt--
			races = k.raceAt == 0
		}
		if races && k.early {
			k.meet()
		}
		k.w.outside.Lock()
		err := call()
		k.w.outside.Unlock()
		if races && !k.early {
			k.meet()
		}
		return err
	})
}

// meet lets others take their turns while a call of this process is on its way.
func (k *worker) meet() {
	k.w.nested = true
	k.race()
	k.w.nested = false
}

// do is a turn of a process. What it meets of what the simulation breaks is no error.
func (k *worker) do(what string, turn func(ctx context.Context) error) {
	w := k.w
	w.tb.Helper()
	if k.process == nil || k.process.Died() != "" {
		return
	}
	err := turn(k.process.Context())
	if at := k.process.Died(); at != "" {
		w.seen["deaths"]++
		w.seen[diedAt+at]++
		w.tell("      %s died at %q while it did %s", k.name, at, what)
		return
	}
	switch {
	case err == nil, errors.Is(err, errNode), errors.Is(err, chaintest.ErrNode), errors.Is(err, coffer.ErrNotFound):
	case what == "index" && (strings.Contains(err.Error(), "the node answers with") || errors.Is(err, stream.ErrTail)):
	case what == "index" && errors.Is(err, indexer.ErrHalted):
		w.seen["halted"]++
	default:
		w.violate("%s does %s: %v", k.name, what, err)
	}
}

// rise starts processes again that have died, if their time has come; now: until they are up, also
// where the one that comes after dies while it begins.
func (w *World) rise(now bool) {
	for _, k := range w.workers {
		if k.process == nil || k.process.Died() == "" {
			continue
		}
		if k.down--; k.down > 0 && !now {
			continue
		}
		for up := false; !up; up = !now || k.process.Died() == "" {
			w.must(k.process.Close(w.db))
			k.start(k.again)
			k.admit()
			w.tell("      %s is up again", k.name)
		}
	}
}

// admit reads the signers' logs, without which payouts must not run.
func (k *worker) admit() {
	var logs []payout.SignerLog
	for _, s := range k.w.signers {
		logs = append(logs, heard{s, k.process})
	}
	k.do("admit", func(ctx context.Context) error {
		err := k.payouts.Admit(ctx, logs, threshold, func(string, error) {})
		k.admitted = err == nil
		return err
	})
}

// index lets the indexers of a process take steps, on one chain or all.
func (k *worker) index(steps int, chains ...*chain) {
	for _, c := range chains {
		for range steps {
			moved := false
			k.do("index", func(ctx context.Context) (err error) {
				moved, err = k.indexers[c.id].Step(ctx)
				return err
			})
			if !moved {
				break
			}
		}
	}
}

// deposit applies up to so many block events.
func (k *worker) deposit(steps int, chains ...*chain) {
	for _, c := range chains {
		for range steps {
			moved := false
			k.do("deposits", func(ctx context.Context) (err error) {
				moved, err = k.deposits.Step(ctx, c.id)
				return err
			})
			if !moved {
				break
			}
		}
		k.do("backfill", func(ctx context.Context) error {
			_, err := k.deposits.Backfill(ctx, c.id)
			return err
		})
	}
}

// observe applies block events to payouts.
func (k *worker) observe(steps int, chains ...*chain) {
	for _, c := range chains {
		for range steps {
			n := 0
			k.do("observe", func(ctx context.Context) (err error) {
				n, err = k.payouts.Observe(ctx, c.id)
				return err
			})
			if n == 0 {
				break
			}
		}
	}
}

// approve leads withdrawals on.
func (k *worker) approve() {
	k.do("withdrawals", func(ctx context.Context) error {
		_, err := k.withdrawals.Step(ctx)
		return err
	})
}

// plan plans payouts.
func (k *worker) plan(chains ...*chain) {
	if !k.admitted {
		k.admit()
	}
	if !k.admitted {
		return // a signer knows more than the database
	}
	for _, c := range chains {
		k.do("plan", func(ctx context.Context) error {
			_, err := k.payouts.Plan(ctx, c.id)
			return err
		})
	}
}

// pay takes up to so many steps of payouts.
func (k *worker) pay(steps int) {
	if !k.admitted {
		return
	}
	for range steps {
		moved := false
		k.do("pay", func(ctx context.Context) (err error) {
			moved, err = k.payouts.Step(ctx)
			return err
		})
		if !moved {
			return
		}
	}
}

// sequence moves events to where subscribers read them, and seals the books.
func (k *worker) sequence() {
	k.do("sequence", func(ctx context.Context) error {
		_, err := k.log.Sequence(ctx)
		return err
	})
}

// round is everything once.
func (k *worker) round(steps int) {
	k.index(steps, k.w.chains...)
	k.deposit(4*steps, k.w.chains...)
	k.observe(4*steps, k.w.chains...)
	k.approve()
	k.plan(k.w.chains...)
	k.pay(4 * steps)
	k.sequence()
}

// strangerPays is a payment by somebody we do not know.
func (w *World) strangerPays(c *chain, to coffer.Address, asset coffer.AssetID, amount uint64) *sent {
	c.strange++
	name := fmt.Sprintf("stranger %d", c.strange)
	t := &sent{id: coffer.RequestHash(string(c.id), name), conflict: name, transfers: []coffer.Transfer{{Asset: asset, From: c.address("somebody"), To: to, Amount: coffer.NewAmount(amount)}}}
	if c.family == Coins {
		t.transfers[0].From = ""
	}
	c.send(t)
	return t
}

// anyWorker is one that lives, or the first.
func (w *World) anyWorker(rng *rand.Rand) *worker {
	living := slices.DeleteFunc(slices.Clone(w.workers), func(k *worker) bool { return k.process.Died() != "" })
	if len(living) == 0 {
		w.rise(true)
		return w.workers[0]
	}
	return living[rng.IntN(len(living))]
}
