package deposit_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
	"github.com/cofferhq/coffer/stream"
)

// TestADepositIsCreditedOnceIfAndOnlyIfItIsCanonical drives the service through histories
// of any shape: blocks with every kind of transfer, decisions of people, reorganisations, transactions included
// again with the same or other content, redelivery, a competitor, money spent in between,
// and crashes at any write to the database. After every step deposits, books and events
// are what a model says about exactly the events that are applied.
func TestADepositIsCreditedOnceIfAndOnlyIfItIsCanonical(t *testing.T) {
	dsn := postgrestest.NewDSN(t)
	db, broken, fuse := open(t, dsn), (*postgres.DB)(nil), &fuse{}
	broken = open(t, dsn, postgres.WithDialer(fuse.dial))

	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		w := newWorld(t, db, broken, fuse, run)
		for range rapid.IntRange(5, 25).Draw(t, "actions") {
			w.act(t)
		}

		w.fuse.mend()
		w.restart()
		w.tell()
		w.h.settle()
		w.check()
		if got, want := len(w.chain()), len(w.h.fake.Canonical()); got != want {
			t.Fatalf("%d blocks are applied, want %d", got, want)
		}
		for _, account := range w.accounts {
			w.checkEvents(account)
		}
	})
}

func open(t testing.TB, dsn string, opts ...postgres.Option) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), dsn, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// fuse cuts a connection to the database at the n-th write from now.
type fuse struct{ left atomic.Int64 }

func (f *fuse) blow(n int) { f.left.Store(int64(n)) }
func (f *fuse) mend()      { f.left.Store(0) }

func (f *fuse) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return fused{conn, f}, nil
}

type fused struct {
	net.Conn
	fuse *fuse
}

var errFuse = errors.New("the connection is cut")

func (c fused) Write(b []byte) (int, error) {
	if c.fuse.left.Load() > 0 && c.fuse.left.Add(-1) == 0 {
		_ = c.Close()
		return 0, errFuse
	}
	return c.Conn.Write(b)
}

// world is a harness, and everything it was told.
type world struct {
	h        *harness
	broken   *postgres.DB
	fuse     *fuse
	accounts []string
	other    *deposit.Service
	paths    [][]coffer.Block
	told     []coffer.BlockEvent
	spent    bool
	holds    int
	cancel   string // checkpoint at which the process dies
	die      context.CancelFunc
	rules    func(*deposit.Config)
	decided  []decided
}

// decided is a person's decision, after so many events.
type decided struct {
	after  int
	place  string
	state  coffer.DepositState
	refund bool
}

func newWorld(t *rapid.T, db, broken *postgres.DB, fuse *fuse, run int) *world {
	w := &world{broken: broken, fuse: fuse, accounts: []string{fmt.Sprintf("ann%d", run), fmt.Sprintf("bob%d", run)}}
	fuse.mend()
	w.h = newHarnessOn(t, db, coffer.ChainID(fmt.Sprintf("eip155:%d", run)), nil)
	w.rules = func(c *deposit.Config) {
		c.Rules = []deposit.Rule{{Name: "large", Asset: w.h.usdt(), Amount: coffer.NewAmount(parked)}}
	}
	w.h.fake.FinalFollows(6)
	for _, account := range w.accounts {
		w.h.user(account)
	}
	w.restart()
	w.other = w.h.start(db, w.rules)
	w.paths = [][]coffer.Block{w.h.fake.Canonical()}
	return w
}

// restart makes a service that knows nothing, on connections that may break.
func (w *world) restart() {
	w.h.s = w.h.start(w.broken, func(c *deposit.Config) {
		w.rules(c)
		c.Checkpoint = func(name string) {
			if w.die != nil && name == w.cancel {
				w.die()
			}
		}
	})
}

func (w *world) act(t *rapid.T) {
	switch rapid.SampledFrom([]string{"mine", "mine", "mine", "reorg", "reorg", "back", "step", "step", "step", "crash", "crash", "other", "redeliver", "spend", "decide", "decide"}).Draw(t, "action") {
	case "mine":
		w.h.fake.Mine(w.content(t).Transfers, nil)
		w.paths = append(w.paths, w.h.fake.Canonical())
	case "reorg":
		depth := rapid.IntRange(0, w.deepest()).Draw(t, "depth")
		w.h.fake.Reorg(depth)
		for range rapid.IntRange(0, 5).Draw(t, "mined") {
			w.h.fake.Mine(w.content(t).Transfers, nil)
		}
		w.paths = append(w.paths, w.h.fake.Canonical())
	case "back":
		path := w.paths[rapid.IntRange(0, len(w.paths)-1).Draw(t, "path")]
		now, final := w.h.fake.Canonical(), w.h.fake.Final()
		if uint64(len(path)) > final && path[final].Hash == now[final].Hash {
			w.h.fake.Switch(path[len(path)-1].Hash)
		}
	case "step":
		w.tell()
		w.step(w.h.s)
	case "other":
		w.tell()
		w.step(w.other)
	case "crash":
		w.tell()
		w.crash(t)
	case "redeliver":
		w.redeliver(t)
	case "spend":
		w.spend(t)
	case "decide":
		w.decide(t)
	}
}

// parked is the amount of USDT that a person has to look at.
const parked = 2*usdtMin + 5

// decide says a word on a deposit in review, and says it again when the answer was lost.
func (w *world) decide(t *rapid.T) {
	reviews, err := w.other.Reviews(context.Background(), deposit.ReviewFilter{Chain: w.h.chain})
	if err != nil {
		t.Fatal(err)
	}
	if len(reviews) == 0 {
		return
	}
	r := reviews[rapid.IntRange(0, len(reviews)-1).Draw(t, "review")]
	word := rapid.SampledFrom([]string{"release", "reject", "refund"}).Draw(t, "word")
	say := func(ctx context.Context, s *deposit.Service) error {
		by := decision(r.Deposit.Tenant, r.Deposit.ID, "looked at")
		switch word {
		case "release":
			_, err := s.Release(ctx, by)
			return err
		case "reject":
			_, err := s.Reject(ctx, by)
			return err
		}
		_, err := s.Refund(ctx, by, chaintest.Address(77))
		return err
	}

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	switch rapid.SampledFrom([]string{"no", "write", "before commit"}).Draw(t, "crash at") {
	case "write":
		w.fuse.blow(rapid.IntRange(1, 60).Draw(t, "writes"))
	case "before commit":
		w.cancel, w.die = deposit.CheckpointBeforeCommit, cancel
	}
	err = say(ctx, w.h.s)
	w.die = nil
	w.fuse.mend()
	if !r.Decidable {
		if err == nil {
			t.Fatalf("%s of a deposit that is not deep enough", word)
		}
		w.restart()
		w.check()
		return
	}
	if err != nil {
		w.restart()
		if err := say(context.Background(), w.h.s); err != nil {
			t.Fatalf("%s again: %v", word, err)
		}
	}
	state := coffer.DepositRejected
	if word == "release" {
		state = coffer.DepositCredited
	}
	w.decided = append(w.decided, decided{len(w.applied()), r.Deposit.Tx.String() + r.Deposit.Ref, state, word == "refund"})
	w.check()
}

// deepest is how many blocks a fork may take back without touching what is final.
func (w *world) deepest() int {
	return int(w.h.fake.Tip().Height - w.h.fake.Final()) // #nosec G115 -- small
}

// tell emits what is new and remembers it.
func (w *world) tell() {
	canonical, said := w.h.fake.Canonical(), w.h.said
	common := 0
	for common < min(len(canonical), len(said)) && canonical[common].Hash == said[common].Hash {
		common++
	}
	for i := len(said) - 1; i >= common; i-- {
		w.told = append(w.told, coffer.BlockEvent{Kind: coffer.BlockDisconnected, Block: said[i]})
	}
	for _, b := range canonical[common:] {
		w.told = append(w.told, coffer.BlockEvent{Kind: coffer.BlockConnected, Final: w.h.fake.Final(), Block: b})
	}
	w.h.emit()
}

func (w *world) step(s *deposit.Service) {
	if _, err := s.Step(context.Background(), w.h.chain); err != nil {
		w.h.t.Fatalf("step: %v", err)
	}
	w.check()
}

// crash steps until something breaks, and starts anew.
func (w *world) crash(t *rapid.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	switch rapid.SampledFrom([]string{"write", "before commit", "after commit"}).Draw(t, "crash at") {
	case "write":
		w.fuse.blow(rapid.IntRange(1, 80).Draw(t, "writes"))
	case "before commit":
		w.cancel, w.die = deposit.CheckpointBeforeCommit, cancel
	case "after commit":
		w.cancel, w.die = deposit.CheckpointApplied, cancel
	}
	if _, err := w.h.s.Step(ctx, w.h.chain); errors.Is(err, deposit.ErrBroken) {
		t.Fatalf("step: %v", err)
	}
	w.die = nil
	w.fuse.mend()
	w.restart()
	w.check()
}

// redeliver appends records that were there before.
func (w *world) redeliver(t *rapid.T) {
	ctx := context.Background()
	tail, err := w.h.log.Tail(ctx, stream.TopicRaw, string(w.h.chain))
	if err != nil || tail == 0 {
		return
	}
	// Only what is applied can come again: a consumer that has not seen a record yet finds
	// it in its place first.
	for range 5 {
		if _, err := w.h.s.Step(ctx, w.h.chain); err != nil {
			t.Fatalf("step: %v", err)
		}
	}
	from := rapid.Int64Range(0, tail-1).Draw(t, "from")
	records, err := w.h.log.Read(ctx, stream.TopicRaw, string(w.h.chain), from, rapid.IntRange(1, 5).Draw(t, "records"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if _, err := w.h.log.Append(ctx, stream.TopicRaw, string(w.h.chain), stream.Any, []stream.Record{r.Record}); err != nil {
			t.Fatal(err)
		}
	}
}

// spend holds some of what an account has.
func (w *world) spend(t *rapid.T) {
	account := rapid.SampledFrom(w.accounts).Draw(t, "spender")
	b, err := w.h.ledger.BalanceOf(context.Background(), account, w.h.eth())
	if err != nil {
		t.Fatal(err)
	}
	if b.Frozen || b.Available.IsZero() {
		return
	}
	amount := rapid.Uint64Range(1, b.Available.Int().Uint64()).Draw(t, "spent")
	w.holds++
	err = w.h.db.Tx(context.Background(), func(tx pgx.Tx) error {
		return w.h.ledger.Hold(context.Background(), tx, ledger.Hold{
			ID: fmt.Sprintf("wd_%s_%d", account, w.holds), Account: account, Asset: w.h.eth(), Amount: coffer.NewAmount(amount), Expires: w.h.now.Add(time.Hour),
		}, w.h.now)
	})
	if err != nil {
		t.Fatalf("hold: %v", err)
	}
	w.spent = true
}

// content makes a block of transactions that are not in the canonical chain.
func (w *world) content(t *rapid.T) chaintest.Content {
	in := map[coffer.Hash]bool{}
	for _, b := range w.h.fake.Canonical() {
		for _, t := range b.Transfers {
			in[t.Tx] = true
		}
	}
	var c chaintest.Content
	for range rapid.IntRange(0, 3).Draw(t, "transactions") {
		tx := chaintest.Tx(rapid.Uint64Range(0, 9).Draw(t, "tx"))
		if in[tx] {
			continue
		}
		in[tx] = true
		for i := range rapid.IntRange(1, 3).Draw(t, "transfers") {
			c.Transfers = append(c.Transfers, w.transfer(t, tx, fmt.Sprintf("log:%d", i)))
		}
	}
	return c
}

func (w *world) transfer(t *rapid.T, tx coffer.Hash, ref string) coffer.Transfer {
	h := w.h
	ann, bob := h.users[w.accounts[0]], h.users[w.accounts[1]]
	return coffer.Transfer{
		Tx: tx, Ref: ref,
		Asset:  rapid.SampledFrom([]coffer.AssetID{h.usdt(), h.usdt(), h.eth(), h.eth(), h.gold(), h.token(666)}).Draw(t, "asset"),
		From:   rapid.SampledFrom([]coffer.Address{stranger, stranger, stranger, ann, hot, executor}).Draw(t, "from"),
		To:     rapid.SampledFrom([]coffer.Address{ann, ann, bob, hot, executor, contract, stranger}).Draw(t, "to"),
		Amount: coffer.NewAmount(rapid.Uint64Range(0, 3*usdtMin).Draw(t, "amount")),
	}
}

// live is a deposit as the model has it.
type live struct {
	account string
	asset   coffer.AssetID
	amount  uint64
	height  uint64
	state   coffer.DepositState
	refund  bool // is on its way, and not in suspense
}

// books are the model's house accounts and reviews, by account and asset.
type books map[[2]string]int64

func (b books) move(debit, credit string, asset coffer.AssetID, amount uint64) {
	b[[2]string{debit, string(asset)}] += int64(amount)  // #nosec G115 -- small
	b[[2]string{credit, string(asset)}] -= int64(amount) // #nosec G115 -- small
}

// applied returns the events up to the cursor.
func (w *world) applied() []coffer.BlockEvent {
	return w.told[:w.h.count("select coalesce((select sequence from deposit_cursor where chain = $1), 0)", string(w.h.chain))]
}

// chain returns the blocks that the applied events leave.
func (w *world) chain() []coffer.Block {
	var blocks []coffer.Block
	for _, e := range w.applied() {
		if e.Kind == coffer.BlockConnected {
			blocks = append(blocks, e.Block)
		} else {
			blocks = blocks[:len(blocks)-1]
		}
	}
	return blocks
}

// model says what the applied events mean: live deposits by transaction and ref, and the
// books.
func (w *world) model() (map[string]live, books) {
	deposits, b, final := map[string]live{}, books{}, uint64(0)
	for i, e := range w.applied() {
		for _, said := range w.decided {
			if said.after == i {
				deposits[said.place] = said.on(deposits[said.place])
			}
		}
		final = max(final, e.Final)
		if e.Kind == coffer.BlockDisconnected {
			maps.DeleteFunc(deposits, func(_ string, d live) bool { return d.height == e.Block.Height })
			continue
		}
		for _, t := range e.Block.Transfers {
			if d, ok := w.arrived(t); ok {
				d.height = e.Block.Height
				deposits[t.Tx.String()+t.Ref] = d
			}
		}
		for place, d := range deposits {
			deposits[place] = w.deepen(d, e.Block.Height, final)
		}
	}
	for _, said := range w.decided {
		if said.after == len(w.applied()) {
			deposits[said.place] = said.on(deposits[said.place])
		}
	}

	for _, block := range w.chain() {
		for _, t := range block.Transfers {
			w.bookTransfer(b, t, deposits[t.Tx.String()+t.Ref])
		}
	}
	return deposits, b
}

func (said decided) on(d live) live {
	d.state, d.refund = said.state, said.refund
	return d
}

func (w *world) depths(asset coffer.AssetID) (credit, unlock uint64) {
	if asset == w.h.usdt() {
		return 2, 4
	}
	return 1, 1
}

// arrived reports whether a transfer is a deposit, and as what it begins.
func (w *world) arrived(t coffer.Transfer) (live, bool) {
	for account, address := range w.h.users {
		if t.To != address || t.Amount.IsZero() || t.Asset == w.h.token(666) {
			continue
		}
		d := live{account: account, asset: t.Asset, amount: t.Amount.Int().Uint64(), state: coffer.DepositObserved}
		switch {
		case t.Asset == w.h.gold():
			d.state = coffer.DepositUnsupported
		case t.From != stranger:
			d.state = coffer.DepositReview
		case t.Asset == w.h.usdt() && d.amount < usdtMin:
			d.state = coffer.DepositDust
		case t.Asset == w.h.usdt() && d.amount >= parked:
			d.state = coffer.DepositReview
		}
		return d, true
	}
	return live{}, false
}

// deepen moves a deposit by what a tip and a final height allow.
func (w *world) deepen(d live, tip, final uint64) live {
	credit, unlock := w.depths(d.asset)
	confirmations := tip - d.height + 1
	if d.state == coffer.DepositObserved || d.state == coffer.DepositConfirming {
		if confirmations >= credit {
			d.state = coffer.DepositCredited
		} else if confirmations > 1 {
			d.state = coffer.DepositConfirming
		}
	}
	if d.state == coffer.DepositCredited && confirmations >= unlock && d.height <= final {
		d.state = coffer.DepositUnlocked
	}
	return d
}

func (w *world) bookTransfer(b books, t coffer.Transfer, d live) {
	if t.Amount.IsZero() || t.Asset == w.h.token(666) {
		return
	}
	amount := t.Amount.Int().Uint64()
	deposited := ledger.PrefixCustodyDeposit + string(t.To)
	switch d.state {
	case coffer.DepositUnsupported:
		b.move(deposited, ledger.SuspenseUnsupported, t.Asset, amount)
	case coffer.DepositDust:
		b.move(deposited, ledger.SuspenseDust, t.Asset, amount)
	case coffer.DepositReview:
		b.move(deposited, ledger.User(d.account, ledger.BucketReview), t.Asset, amount)
	case coffer.DepositRejected:
		to := ledger.SuspenseUnknown
		if d.refund {
			to = "refund"
		}
		b.move(deposited, to, t.Asset, amount)
	case coffer.DepositCredited, coffer.DepositUnlocked:
		b.move(deposited, "user:"+d.account, t.Asset, amount)
	}

	if t.From == executor && t.To != executor {
		from, to := ledger.PrefixCustodyHot+string(executor), ledger.SuspenseUnknown
		if t.Asset == w.h.eth() {
			from = ledger.PrefixGasExecutor + string(executor)
		}
		if t.To == hot {
			to = ledger.PrefixCustodyHot + string(hot)
		}
		b.move(to, from, t.Asset, amount)
	}
	if t.From != stranger && t.From != hot && t.From != executor && t.From != t.To && t.To != hot && t.To != executor {
		b.move(ledger.SuspenseUnknown, ledger.PrefixCustodyDeposit+string(t.From), t.Asset, amount)
	}
	if (t.To == hot || t.To == executor) && t.From != hot && t.From != executor {
		to, from := ledger.PrefixCustodyHot+string(t.To), ledger.SuspenseUnknown
		if t.To == executor && t.Asset == w.h.eth() {
			to = ledger.PrefixGasExecutor + string(t.To)
		}
		if t.From != stranger {
			from = ledger.PrefixCustodyDeposit + string(t.From)
		}
		b.move(to, from, t.Asset, amount)
	}
}

// check compares the database with the model.
func (w *world) check() {
	h := w.h
	h.t.Helper()
	deposits, b := w.model()

	rows, err := h.db.Pool().Query(context.Background(), `
		select '0x' || encode(tx, 'hex') || ref, account, asset, amount::bigint, height, state
		from deposit where chain = $1 and state not in ('orphaned', 'reversed')`, string(h.chain))
	if err != nil {
		h.t.Fatal(err)
	}
	got := map[string]live{}
	var place string
	var d live
	_, err = pgx.ForEachRow(rows, []any{&place, &d.account, &d.asset, &d.amount, &d.height, &d.state}, func() error {
		if _, twice := got[place]; twice {
			return fmt.Errorf("two live deposits at %s", place)
		}
		got[place] = d
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	for place, d := range deposits {
		d.refund = false // is not in the rows
		deposits[place] = d
	}
	if !maps.Equal(got, deposits) {
		h.t.Fatalf("live deposits are\n%v\nwant\n%v", got, deposits)
	}

	codes := []string{ledger.SuspenseUnknown, ledger.SuspenseDust, ledger.SuspenseUnsupported,
		ledger.PrefixCustodyHot + string(hot), ledger.PrefixCustodyHot + string(executor), ledger.PrefixGasExecutor + string(executor)}
	for _, account := range w.accounts {
		codes = append(codes, ledger.PrefixCustodyDeposit+string(h.users[account]), ledger.User(account, ledger.BucketReview))
	}
	for _, asset := range []coffer.AssetID{h.usdt(), h.eth(), h.gold()} {
		for _, code := range codes {
			if got, want := h.house(code, asset), b[[2]string{code, string(asset)}]; got != want {
				h.t.Fatalf("%s is %d in %s, want %d", code, got, asset, want)
			}
		}
		for _, account := range w.accounts {
			w.checkUser(account, asset, -b[[2]string{"user:" + account, string(asset)}], deposits)
		}
	}
}

// checkUser compares what an account has, and what it owes, with its canonical deposits.
func (w *world) checkUser(account string, asset coffer.AssetID, want int64, deposits map[string]live) {
	w.h.t.Helper()
	b, err := w.h.ledger.BalanceOf(context.Background(), account, asset)
	if err != nil {
		w.h.t.Fatal(err)
	}
	has := int64(b.Available.Int().Uint64() + b.Pending.Int().Uint64() + b.Held.Int().Uint64()) // #nosec G115 -- small
	owes := w.h.house(ledger.PrefixReceivableReorg+account, asset)
	if has-owes != want {
		w.h.t.Fatalf("%s has %d and owes %d of %s, want %d", account, has, owes, asset, want)
	}
	if w.spent {
		return
	}
	var pending uint64
	for _, d := range deposits {
		if d.account == account && d.asset == asset && d.state == coffer.DepositCredited {
			pending += d.amount
		}
	}
	if owes != 0 || b.Pending != coffer.NewAmount(pending) {
		w.h.t.Fatalf("%s owes %d and has %s pending of %s, want 0 and %d", account, owes, b.Pending, asset, pending)
	}
}

// checkEvents walks an account's events by the table of moves to the states of its rows.
func (w *world) checkEvents(account string) {
	w.h.t.Helper()
	last := map[string]coffer.DepositState{}
	for _, e := range w.h.events(account) {
		state := coffer.DepositState(e.State)
		if from, seen := last[e.Resource]; seen && from != state && !coffer.DepositMoves.Allowed(from, state) || !seen && state != coffer.DepositObserved {
			w.h.t.Fatalf("event %d of %s goes from %q to %s", e.Sequence, e.Resource, last[e.Resource], state)
		}
		last[e.Resource] = state
	}
	for _, d := range w.h.deposits(account) {
		if last[d.ID] != d.State {
			w.h.t.Fatalf("%s is %s, its last event said %q", d.ID, d.State, last[d.ID])
		}
		delete(last, d.ID)
	}
	if len(last) > 0 {
		w.h.t.Fatalf("events of deposits that are not there: %v", last)
	}
}
