package withdrawal_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
	"github.com/cofferhq/coffer/stream"
	"github.com/cofferhq/coffer/withdrawal"
)

const (
	chain  = coffer.ChainID("eip155:31337")
	token  = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
	usdt   = coffer.AssetID("eip155:31337/erc20:" + token)
	ether  = coffer.AssetID("eip155:31337/slip44:60")
	btc    = coffer.ChainID("bip122:000000000019d6689c085ae165831e93")
	payee  = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
	house  = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
	own    = "0x90F79bf6EB2c4f870365E785982E1f101E93b906"
	theirs = "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65"
	banned = "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc"
	friend = "0x976EA74026E726554dB657fA54763abd0C3a0aa9"

	tenant  = "acme"
	account = "acct_1"
)

// policyFile lets one person approve above 1000 and two above 5000; a customer may take
// 12000 a day and 9000 at once.
const policyFile = `
version: 1
name: test
signers: {threshold: 2, count: 3}
people:
  - name: alice
    keys:
      - eip712: "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
      - ed25519: "%s"
  - name: bob
    keys: [{eip712: "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF"}]
  - name: carol
    keys: [{eip712: "0x6813Eb9362372EEF6200f3b1dbC3f819671cBA69"}]
assets:
  - {name: USDT, id: "eip155:31337/erc20:0x5FbDB2315678afecb367f032d93F642f64180aa3", decimals: 6}
rules:
  order_limits:
    - {name: per order, enforced_by: signer, asset: USDT, max: "9000"}
  velocity:
    - {name: per account and day, enforced_by: coordinator, asset: USDT, per: account, max: "12000"}
    - {name: per day, enforced_by: signer, asset: USDT, per: asset, max: "75000"}
  block_lists:
    - {name: banned, enforced_by: signer, addresses: ["0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc"]}
  approvals:
    - {name: one person, enforced_by: signer, asset: USDT, above: "1000", people: 1}
    - {name: two people, enforced_by: signer, asset: USDT, above: "5000", people: 2}
`

// bench is a service on a database of its own, with a clock that stands still.
type bench struct {
	*withdrawal.Service
	t      *testing.T
	db     *postgres.DB
	books  *ledger.Ledger
	log    *stream.Postgres
	policy *policy.Policy

	mu     sync.Mutex
	now    time.Time
	owners map[coffer.Address]withdrawal.Owner
	assets []coffer.Asset
	clock  coffer.Clock
}

func newBench(t *testing.T, changes ...func(*withdrawal.Config)) *bench {
	t.Helper()
	b := &bench{
		t: t, db: postgrestest.New(t), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		owners: map[coffer.Address]withdrawal.Owner{
			house:  {Kind: withdrawal.OwnerHouse},
			own:    {Kind: withdrawal.OwnerDeposit, Tenant: tenant, Account: account},
			friend: {Kind: withdrawal.OwnerDeposit, Tenant: tenant, Account: "acct_2"},
			theirs: {Kind: withdrawal.OwnerDeposit, Tenant: "other", Account: "acct_9"},
		},
		assets: []coffer.Asset{
			{ID: usdt, Symbol: "USDT", Decimals: 6, WithdrawFee: coffer.NewAmount(1_000_000), MinWithdraw: coffer.NewAmount(5_000_000)},
			{ID: ether, Symbol: "ETH", Decimals: 18},
		},
	}
	b.clock = func() time.Time {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.now
	}
	b.books = ledger.New(b.db, b.clock)
	b.log = stream.NewPostgres(b.db, b.clock)
	var err error
	if b.policy, err = policy.Parse(fmt.Appendf(nil, policyFile, alicePublicKey())); err != nil {
		t.Fatal(err)
	}
	b.Service = b.service(changes...)
	return b
}

func (b *bench) config() withdrawal.Config {
	return withdrawal.Config{
		DB: b.db, Ledger: b.books, Events: b.log, Policy: b.policy, Assets: b.assets, Clock: b.clock,
		Parsers: map[coffer.ChainID]withdrawal.AddressParser{chain: parser{}},
		Account: func(_ context.Context, t, a string) error {
			if t != tenant || !strings.HasPrefix(a, "acct_") {
				return coffer.Errorf(coffer.CodeNotFound, "no such account")
			}
			return nil
		},
		Lookup: func(_ context.Context, _ coffer.ChainID, a coffer.Address) (withdrawal.Owner, error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.owners[a], nil
		},
	}
}

func (b *bench) service(changes ...func(*withdrawal.Config)) *withdrawal.Service {
	b.t.Helper()
	c := b.config()
	for _, change := range changes {
		change(&c)
	}
	s, err := withdrawal.New(c)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// parser reads EIP-55 addresses, and refuses a wrong checksum.
type parser struct{}

func (parser) ParseAddress(s string) (coffer.Address, error) {
	if !common.IsHexAddress(s) || !strings.HasPrefix(s, "0x") {
		return "", fmt.Errorf("want 0x and 40 hex digits")
	}
	canonical := common.HexToAddress(s).Hex()
	if s != canonical && s != strings.ToLower(s) {
		return "", fmt.Errorf("the EIP-55 checksum does not match")
	}
	return coffer.Address(canonical), nil
}

func (b *bench) fund(account string, asset coffer.AssetID, amount uint64) {
	b.t.Helper()
	err := b.db.Tx(b.t.Context(), func(tx pgx.Tx) error {
		return b.books.Post(b.t.Context(), tx, ledger.Entry{
			ID: "fund/" + account + "/" + string(asset), Kind: "test.fund", At: b.now,
			Postings: []ledger.Posting{
				ledger.Debit("custody:hot:0x1", asset, coffer.NewAmount(amount)),
				ledger.Credit(ledger.User(account, ledger.BucketAvailable), asset, coffer.NewAmount(amount)),
			},
		})
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func good(key, amount string) withdrawal.Request {
	return withdrawal.Request{Tenant: tenant, Account: account, IdempotencyKey: key, Chain: chain, Asset: usdt, Destination: payee, Amount: amount}
}

func (b *bench) request(key, amount string) coffer.Withdrawal {
	b.t.Helper()
	w, err := b.Request(b.t.Context(), good(key, amount))
	if err != nil {
		b.t.Fatalf("request %s: %v", amount, err)
	}
	return w
}

// settleDown steps until nothing moves.
func (b *bench) settleDown() {
	b.t.Helper()
	for range 100 {
		moved, err := b.Step(b.t.Context())
		if err != nil {
			b.t.Fatal(err)
		}
		if moved == 0 {
			return
		}
	}
	b.t.Fatal("withdrawals never come to rest")
}

func (b *bench) state(id string, want coffer.WithdrawalState) coffer.Withdrawal {
	b.t.Helper()
	w, err := b.Get(b.t.Context(), tenant, id)
	if err != nil {
		b.t.Fatal(err)
	}
	if w.State != want {
		b.t.Fatalf("withdrawal is %s (%s), want %s", w.State, w.Reason, want)
	}
	return w
}

func (b *bench) balance(account string, available, held uint64) {
	b.t.Helper()
	got, err := b.books.BalanceOf(b.t.Context(), account, usdt)
	if err != nil {
		b.t.Fatal(err)
	}
	if got.Available != coffer.NewAmount(available) || got.Held != coffer.NewAmount(held) {
		b.t.Errorf("balance of %s: available %s held %s, want %d and %d", account, got.Available, got.Held, available, held)
	}
}

// events returns the states a withdrawal's events name, and checks their sequence.
func (b *bench) events(id string) []string {
	b.t.Helper()
	var states []string
	for _, e := range b.allEvents() {
		if e.Resource != id {
			continue
		}
		var w coffer.Withdrawal
		if err := json.Unmarshal(e.Body, &w); err != nil {
			b.t.Fatal(err)
		}
		states = append(states, e.State)
		if e.Sequence != uint64(len(states)) || w.Sequence != e.Sequence || string(w.State) != e.State || e.Tenant != tenant {
			b.t.Errorf("event %d of %s: sequence %d, body %d %s", len(states), id, e.Sequence, w.Sequence, w.State)
		}
	}
	return states
}

func (b *bench) allEvents() []coffer.Event {
	b.t.Helper()
	for {
		n, err := b.log.Sequence(b.t.Context())
		if err != nil {
			b.t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	tail, err := b.log.Tail(b.t.Context(), stream.TopicEvents, stream.PartitionAll)
	if err != nil {
		b.t.Fatal(err)
	}
	var events []coffer.Event
	for at := int64(0); at < tail; {
		records, err := b.log.Read(b.t.Context(), stream.TopicEvents, stream.PartitionAll, at, 100)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, r := range records {
			at = r.Offset + 1
			var e coffer.Event
			if err := json.Unmarshal(r.Value, &e); err != nil {
				b.t.Fatal(err)
			}
			events = append(events, e)
		}
	}
	return events
}

// Keys 1 to 3 are alice's, bob's and carol's.
func approve(t *testing.T, o coffer.Order, person byte, expires time.Time) coffer.Approval {
	t.Helper()
	key := personKey(t, person)
	digest, err := policy.ApprovalDigest(o, coffer.SchemeEIP712, expires)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := crypto.Sign(digest, key)
	if err != nil {
		t.Fatal(err)
	}
	sig[64] += 27
	return coffer.Approval{Order: o.Hash(), Scheme: coffer.SchemeEIP712, Key: crypto.PubkeyToAddress(key.PublicKey).Hex(), Expires: expires, Signature: sig}
}

func personKey(t *testing.T, person byte) *ecdsa.PrivateKey {
	t.Helper()
	key, err := crypto.ToECDSA(common.LeftPadBytes([]byte{person}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func aliceSecond() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) }

func alicePublicKey() string {
	return "0x" + common.Bytes2Hex(aliceSecond()[ed25519.SeedSize:])
}

func (b *bench) later(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

func (b *bench) inTx(fn func(tx pgx.Tx) error) {
	b.t.Helper()
	if err := b.db.Tx(b.t.Context(), fn); err != nil {
		b.t.Fatal(err)
	}
}
