package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/tron"
)

// Family is a kind of chain: what makes transactions exclude each other on it, who pays fees and
// what a block tells.
type Family string

// The families there are.
const (
	EVM   Family = "evm"   // accounts; user operations in lanes of an EntryPoint (ERC-4337)
	Coins Family = "coins" // outputs that are spent whole (UTXO)
	TRON  Family = "tron"  // accounts; a transaction ends by time alone
)

// Families are all of them.
var Families = []Family{EVM, Coins, TRON}

// blockInterval is how far apart the blocks of a fake chain are.
const blockInterval = 12 * time.Second

// genesis is when every fake chain begins.
var genesis = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// What fees are, in native base units.
const (
	operationFee = 70 // what a user operation or a transaction of TRON takes of the wallet
	bundleFee    = 50 // what the transaction that carries an operation takes of the executor
)

// transaction is one that a wallet of ours builds. Its JSON is its bytes, and what its id and its
// digests are made of.
type transaction struct {
	Slot     coffer.Slot
	Until    time.Time // it lands no later; zero for ever
	Coins    []coffer.Coin
	Payments []coffer.Payment
	Change   string // path
	Rest     coffer.Amount
	Fee      coffer.Amount
	Payout   string // makes two of the same content differ, on chains of coins
}

func (t transaction) bytes() []byte {
	b, err := json.Marshal(t)
	if err != nil {
		panic(err) // plain data always encodes
	}
	return b
}

func decode(b []byte) (t transaction, err error) {
	err = json.Unmarshal(b, &t)
	return t, err
}

func digestOf(b []byte) coffer.Hash { return sha256.Sum256(b) }

// sent is what somebody sent to a chain: it may land as often as the chain reorganises.
type sent struct {
	id       coffer.Hash
	ours     *transaction // nil for a stranger's
	conflict string       // of those with the same one the chain takes one; empty: only itself
	dropped  bool         // by every node, until it is sent again

	// Of strangers.
	fails     bool              // it lands and moves nothing
	varies    bool              // what it moves depends on the block
	transfers []coffer.Transfer // without Tx and Ref
	coins     []coffer.CoinID   // that it spends
}

// chain is a fake chain of one family, with everything that was ever sent to it.
type chain struct {
	*chaintest.Fake
	family Family
	id     coffer.ChainID
	native coffer.AssetID
	token  coffer.AssetID // supported; empty where there are coins
	gold   coffer.AssetID // known to operators, not supported
	fake   coffer.AssetID // calls itself as token does

	hot      coffer.Address // of the wallet
	executor coffer.Address // sends bundles (EVM)

	sent    []*sent
	known   map[coffer.Hash]*sent
	path    map[coffer.Address]string // of change
	paths   [][]coffer.Block          // that were canonical before a reorganisation
	landed  int                       // makes bundles differ
	strange int                       // strangers' transactions so far
	poison  map[coffer.Address]bool   // a payment to it makes its transaction fail

	faults map[string]int // calls that will fail, by name
	dear   bool           // no fee within the bound would do
	rate   uint64         // the fee of a first attempt (coins)
}

func newChain(family Family) *chain {
	c := &chain{family: family, known: map[coffer.Hash]*sent{}, poison: map[coffer.Address]bool{}, path: map[coffer.Address]string{}, faults: map[string]int{}, rate: 20}
	switch family {
	case EVM:
		c.id = "eip155:31337"
		c.native = coffer.NewAssetID(c.id, coffer.AssetNative, "60")
		c.token, c.gold, c.fake = c.contract("usdt"), c.contract("gold"), c.contract("fake usdt")
	case TRON:
		c.id = "tron:0x0000029f"
		c.native = coffer.NewAssetID(c.id, coffer.AssetNative, "195")
		c.token, c.gold, c.fake = c.contract("usdt"), c.contract("gold"), c.contract("fake usdt")
	case Coins:
		c.id = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328"
		c.native = coffer.NewAssetID(c.id, coffer.AssetNative, "1")
	}
	c.Fake = chaintest.NewFake(c.id)
	c.hot, c.executor = c.address("0/0"), c.address("executor")
	return c
}

// contract is a token, as a name stands for it.
func (c *chain) contract(name string) coffer.AssetID {
	sum := sha256.Sum256([]byte(string(c.id) + " " + name))
	if c.family == TRON {
		return tron.TokenAsset(c.id, tron.Address(sum[:20]))
	}
	return coffer.NewAssetID(c.id, coffer.AssetERC20, common.BytesToAddress(sum[:20]).Hex())
}

// address is one that a name stands for.
func (c *chain) address(name string) coffer.Address {
	sum := sha256.Sum256([]byte(string(c.id) + " " + name))
	return coffer.Address("0x" + hex.EncodeToString(sum[:20]))
}

// assets are those that customers can have.
func (c *chain) assets() []coffer.AssetID {
	if c.family == Coins {
		return []coffer.AssetID{c.native}
	}
	return []coffer.AssetID{c.token, c.native}
}

// broken says whether a call fails this time.
func (c *chain) broken(call string) bool {
	if c.faults[call] > 0 {
		c.faults[call]--
		return true
	}
	return false
}

func (c *chain) send(s *sent) {
	if before, known := c.known[s.id]; known {
		before.dropped = false
		return
	}
	c.known[s.id] = s
	c.sent = append(c.sent, s)
}

// drop lets every node forget some of what is not in a block, as pools do that are full or begin
// anew, and says how many. Strangers do not send again what was theirs.
func (c *chain) drop(rng *rand.Rand) (dropped int) {
	s := c.stateOf(c.Canonical())
	for _, t := range c.sent {
		if !s.landed[t.id] && !t.dropped && rng.IntN(3) > 0 {
			t.dropped = true
			dropped++
		}
	}
	return dropped
}

// state is what blocks leave behind, as far as it decides about what can land next.
type state struct {
	landed  map[coffer.Hash]bool
	gone    map[string]bool                     // conflicts that were decided
	next    map[string]uint64                   // sequence by lane (EVM)
	unspent map[coffer.CoinID]coffer.Transfer   // coins
	at      map[coffer.Hash]coffer.BlockRef     // where it landed
	spent   map[coffer.CoinID]coffer.Hash       // by which transaction
	outcome map[coffer.Hash]coffer.Outcome      // of ours
	paid    map[coffer.Address][]coffer.Payment // by ours
}

// stateOf reads blocks.
func (c *chain) stateOf(blocks []coffer.Block) *state {
	s := &state{
		landed: map[coffer.Hash]bool{}, gone: map[string]bool{}, next: map[string]uint64{}, unspent: map[coffer.CoinID]coffer.Transfer{},
		at: map[coffer.Hash]coffer.BlockRef{}, spent: map[coffer.CoinID]coffer.Hash{}, outcome: map[coffer.Hash]coffer.Outcome{}, paid: map[coffer.Address][]coffer.Payment{},
	}
	for _, b := range blocks {
		c.read(s, b)
	}
	return s
}

// read adds a block.
func (c *chain) read(s *state, b coffer.Block) {
	land := func(id coffer.Hash, success bool) {
		known, is := c.known[id]
		if !is || s.landed[id] {
			return
		}
		s.landed[id], s.at[id] = true, b.BlockRef
		if known.conflict != "" {
			s.gone[known.conflict] = true
		}
		if known.ours != nil && success {
			for _, p := range known.ours.Payments {
				s.paid[p.To] = append(s.paid[p.To], p)
			}
		}
	}
	for _, o := range b.Outcomes {
		if o.Sender == c.hot && o.Slot.Kind == coffer.SlotEntryPoint {
			s.next[o.Slot.Lane] = o.Slot.Sequence + 1
		}
		if o.Sender == c.hot {
			s.outcome[o.ID] = o
		}
		land(o.ID, o.Success)
	}
	for _, t := range b.Transfers {
		land(t.Tx, true)
		if c.family == Coins {
			var n uint32
			if _, err := fmt.Sscanf(t.Ref, "vout:%d", &n); err != nil {
				panic(err)
			}
			s.unspent[coffer.NewCoinID(t.Tx, n)] = t
		}
	}
	for _, spend := range b.Spends {
		land(spend.Tx, true)
		delete(s.unspent, spend.Coin)
		s.spent[spend.Coin] = spend.Tx
	}
}

// spendable says whether the coins of a transaction are there. Strangers' come from before the
// first block.
func (s *state) spendable(t *sent) bool {
	for _, coin := range t.coins {
		if _, there := s.unspent[coin]; !there {
			return false
		}
	}
	return true
}

// choice says what becomes of a transaction that could be mined.
type choice int

const (
	leave choice = iota
	succeed
	fail
)

func all() choice  { return succeed }
func none() choice { return leave }

// mixed lets most things land, some of them in vain.
func mixed(rng *rand.Rand) func() choice {
	return func() choice {
		switch rng.IntN(8) {
		case 0, 1:
			return leave
		case 2:
			return fail
		}
		return succeed
	}
}

// contents makes blocks on top of a base, of what was sent and can land.
func (c *chain) contents(base []coffer.Block, count int, rng *rand.Rand, pick func() choice) []chaintest.Content {
	made := make([]chaintest.Content, count)
	if len(c.sent) == 0 || count == 0 {
		return made
	}
	s := c.stateOf(base)
	for i := range made {
		at := genesis.Add(time.Duration(len(base)+i) * blockInterval)
		for _, n := range rng.Perm(len(c.sent)) {
			t := c.sent[n]
			if t.dropped || s.landed[t.id] || t.conflict != "" && s.gone[t.conflict] || !s.spendable(t) || !c.lands(s, t, at) {
				continue
			}
			how := pick()
			if how == leave {
				continue
			}
			was := made[i]
			c.include(&made[i], t, how == succeed, rng)
			c.read(s, coffer.Block{
				Outcomes: made[i].Outcomes[len(was.Outcomes):], Transfers: made[i].Transfers[len(was.Transfers):], Spends: made[i].Spends[len(was.Spends):],
			})
			s.landed[t.id] = true
			if t.conflict != "" {
				s.gone[t.conflict] = true
			}
		}
	}
	return made
}

// lands says whether it is the turn of a transaction of ours, in a block of a time.
func (c *chain) lands(s *state, t *sent, at time.Time) bool {
	switch {
	case t.ours == nil || c.family == Coins:
		return true
	case c.family == TRON: // the parent's time counts
		return at.Add(-blockInterval).Before(t.ours.Until)
	default:
		return t.ours.Slot.Sequence == s.next[t.ours.Slot.Lane] && !at.After(t.ours.Until)
	}
}

// include puts a transaction into a block.
func (c *chain) include(b *chaintest.Content, t *sent, success bool, rng *rand.Rand) {
	switch {
	case t.ours == nil:
		c.includeStranger(b, t, rng)
	case c.family == Coins:
		c.includeCoins(b, t)
	case c.family == TRON:
		c.includeTRON(b, t, success, rng)
	default:
		c.includeOperation(b, t, success)
	}
}

func (c *chain) includeStranger(b *chaintest.Content, t *sent, rng *rand.Rand) {
	for n, coin := range t.coins {
		b.Spends = append(b.Spends, coffer.Spend{Tx: t.id, Ref: fmt.Sprintf("vin:%d", n), Coin: coin})
	}
	if c.family == Coins && len(t.coins) == 0 { // from before the first block
		b.Spends = append(b.Spends, coffer.Spend{Tx: t.id, Ref: "vin:0", Coin: coffer.NewCoinID(coffer.RequestHash("old", t.conflict), 0)})
	}
	if t.fails {
		b.Outcomes = append(b.Outcomes, coffer.Outcome{ID: t.id, Tx: t.id, Sender: c.address("somebody"), Reason: "REVERT"})
		return
	}
	for n, m := range t.transfers {
		m.Tx, m.Ref = t.id, c.ref(m.Asset, n)
		if t.varies {
			m.Amount = coffer.NewAmount(1 + rng.Uint64N(2*number(m.Amount)))
		}
		b.Transfers = append(b.Transfers, m)
	}
}

func (c *chain) ref(asset coffer.AssetID, n int) string {
	switch {
	case c.family == Coins:
		return fmt.Sprintf("vout:%d", n)
	case asset == c.native:
		return fmt.Sprintf("trace:%d", n)
	}
	return fmt.Sprintf("log:%d", n)
}

// includeCoins tells of a transaction of ours as blocks of coins do. Change comes last.
func (c *chain) includeCoins(b *chaintest.Content, t *sent) {
	for n, coin := range t.ours.Coins {
		b.Spends = append(b.Spends, coffer.Spend{Tx: t.id, Ref: fmt.Sprintf("vin:%d", n), Coin: coin.ID})
	}
	outputs := slices.Clone(t.ours.Payments)
	if !t.ours.Rest.IsZero() {
		outputs = append(outputs, coffer.Payment{Asset: c.native, To: c.address(t.ours.Change), Amount: t.ours.Rest})
	}
	for n, p := range outputs {
		b.Transfers = append(b.Transfers, coffer.Transfer{Asset: c.native, Tx: t.id, Ref: fmt.Sprintf("vout:%d", n), To: p.To, Amount: p.Amount})
	}
}

// includeOperation puts an operation into a bundle of its own.
func (c *chain) includeOperation(b *chaintest.Content, t *sent, success bool) {
	c.landed++
	for _, p := range t.ours.Payments {
		success = success && !c.poison[p.To]
	}
	tx := coffer.RequestHash("bundle", t.id.String(), fmt.Sprint(c.landed))
	o := coffer.Outcome{ID: t.id, Tx: tx, Sender: c.hot, Slot: t.ours.Slot, Success: success, Fee: coffer.NewAmount(operationFee), FirstLog: 2, EndLog: 3}
	if !success {
		o.Reason = "execution reverted"
	}
	for n, p := range t.ours.Payments {
		if success && !p.Asset.IsNative() {
			b.Transfers = append(b.Transfers, coffer.Transfer{Asset: p.Asset, Tx: tx, Ref: fmt.Sprintf("log:%d", 2+n), From: c.hot, To: p.To, Amount: p.Amount})
		}
		o.EndLog++
	}
	b.Outcomes = append(b.Outcomes, o,
		coffer.Outcome{ID: tx, Tx: tx, Sender: c.executor, Slot: coffer.Slot{Kind: coffer.SlotNonce, Sequence: uint64(c.landed)}, Success: true, Fee: coffer.NewAmount(bundleFee)})
}

// includeTRON puts a transaction of the account into a block. Its energy may not suffice.
func (c *chain) includeTRON(b *chaintest.Content, t *sent, success bool, rng *rand.Rand) {
	energy := success || rng.IntN(4) == 0
	success = success && !slices.ContainsFunc(t.ours.Payments, func(p coffer.Payment) bool { return c.poison[p.To] })
	o := coffer.Outcome{ID: t.id, Tx: t.id, Sender: c.hot, Slot: t.ours.Slot, Success: success, Fee: coffer.NewAmount(operationFee), EndLog: 1}
	switch {
	case !energy:
		o.Reason = coffer.ReasonOutOfEnergy
	case !success:
		o.Reason = "REVERT"
	default:
		for n, p := range t.ours.Payments {
			if !p.Asset.IsNative() {
				b.Transfers = append(b.Transfers, coffer.Transfer{Asset: p.Asset, Tx: t.id, Ref: fmt.Sprintf("log:%d", n), From: c.hot, To: p.To, Amount: p.Amount})
			}
		}
	}
	b.Outcomes = append(b.Outcomes, o)
}

// mine puts blocks on the tip.
func (c *chain) mine(n int, rng *rand.Rand, pick func() choice) {
	for _, content := range c.contents(c.Canonical(), n, rng, pick) {
		c.MineContent(content)
	}
}

// reorganise takes blocks off and mines others instead, never below what is final.
func (c *chain) reorganise(depth, mined int, rng *rand.Rand, pick func() choice) {
	base := c.Canonical()
	c.paths = append(c.paths, base)
	base = base[:len(base)-depth]
	c.Reorg(depth, c.contents(base, mined, rng, pick)...)
}

// deepest is how many blocks may leave without touching what is final.
func (c *chain) deepest() int { return int(c.Tip().Height - c.Final()) }

// back returns to a path that was left, if that shares what is final; or reports false.
func (c *chain) back(rng *rand.Rand) bool {
	now, final := c.Canonical(), c.Final()
	fit := slices.DeleteFunc(slices.Clone(c.paths), func(p []coffer.Block) bool {
		return uint64(len(p)) <= final || p[final].Hash != now[final].Hash
	})
	c.paths = fit
	if len(fit) == 0 {
		return false
	}
	c.paths = append(c.paths[max(0, len(fit)-8):], now)
	path := fit[rng.IntN(len(fit))]
	c.Switch(path[len(path)-1].Hash)
	return true
}

// moveFinal makes blocks final up to so many below the tip.
func (c *chain) moveFinal(behind uint64) {
	if tip := c.Tip().Height; tip > behind && tip-behind > c.Final() {
		c.SetFinal(tip - behind)
	}
}

// healNode ends what is wrong with the node that indexers follow.
func (c *chain) healNode() {
	c.Lag(0)
	c.WrongBlock(0)
	for _, call := range []string{chaintest.CallHead, chaintest.CallHeader, chaintest.CallBlock} {
		c.Fail(call, 0)
	}
}

// heal ends every fault.
func (c *chain) heal() {
	c.healNode()
	clear(c.faults)
	c.dear, c.rate = false, 20
	maps.DeleteFunc(c.poison, func(coffer.Address, bool) bool { return true })
}

func number(a coffer.Amount) uint64 { return a.Int().Uint64() }
