package graphql_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/graphql"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/merchant"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
	"github.com/cofferhq/coffer/stream"
	"github.com/cofferhq/coffer/withdrawal"
)

const (
	chain    = coffer.ChainID("eip155:31337")
	deadline = 20 * time.Second // of whatever a test waits for
)

var (
	usdt  = coffer.NewAssetID(chain, coffer.AssetERC20, "0x5FbDB2315678afecb367f032d93F642f64180aa3")
	payee = string(chaintest.Address(1))

	suspicious = "0x70997970c51812dc3a010c7d01b50e0d17dc8888" // the sandbox wants a person to look
	sanctioned = "0x70997970c51812dc3a010c7d01b50e0d17dc9999"
)

// policyFile wants one person above 1000 and two above 5000. The keys are those of the
// private keys 1 and 2.
const policyFile = `
version: 1
name: test
signers: {threshold: 2, count: 3}
people:
  - {name: alice, keys: [{eip712: "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"}]}
  - {name: bob, keys: [{eip712: "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF"}]}
assets:
  - {name: USDT, id: %q, decimals: 6}
rules:
  order_limits:
    - {name: per order, enforced_by: signer, asset: USDT, max: "9000"}
  velocity:
    - {name: per day, enforced_by: signer, asset: USDT, per: asset, max: "75000"}
  approvals:
    - {name: one person, enforced_by: signer, asset: USDT, above: "1000", people: 1}
    - {name: two people, enforced_by: signer, asset: USDT, above: "5000", people: 2}
`

// bench is an API on a database of its own, served on a port of its own, with two
// tenants that have the same things.
type bench struct {
	t           testing.TB
	db          *postgres.DB
	log         *stream.Postgres
	books       *ledger.Ledger
	merchants   *merchant.Store
	deposits    *deposit.Service
	withdrawals *withdrawal.Service
	customers   *withdrawal.CustomerTable
	handler     *graphql.Handler
	fake        *chaintest.Fake
	sequence    uint64 // of block events

	server *httptest.Server
	url    string // of the API

	mu  sync.Mutex
	now time.Time

	acme, rival tenant
}

// tenant is one with a key that may do everything, an account with 10000 USDT, its
// address, a deposit, another that a rule parked and a withdrawal.
type tenant struct {
	name, key, account, address, deposit, parked, withdrawal string

	reviewed, destination, transfer string // made by enrich: a withdrawal in review, an address book entry, a book transfer
}

func newBench(t testing.TB) *bench {
	t.Helper()
	return newBenchWith(t, func(*graphql.Config) {})
}

func newBenchWith(t testing.TB, change func(c *graphql.Config)) *bench {
	t.Helper()
	b := &bench{t: t, db: postgrestest.New(t), fake: chaintest.NewFake(chain), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	b.books = ledger.New(b.db, b.clock)
	b.log = stream.NewPostgres(b.db, b.clock)
	b.merchants = merchant.New(b.db, b.clock, rand.Reader)
	assets := []coffer.Asset{{
		ID: usdt, Symbol: "USDT", Decimals: 6, Credit: 1, Unlock: 2,
		MinDeposit: coffer.NewAmount(1_000_000), MinWithdraw: coffer.NewAmount(5_000_000), WithdrawFee: coffer.NewAmount(1_000_000),
	}}
	rules, err := policy.Parse(fmt.Appendf(nil, policyFile, usdt))
	b.must(err)
	b.deposits, err = deposit.New(deposit.Config{
		DB: b.db, Ledger: b.books, Log: b.log, Clock: b.clock, Assets: assets,
		Chains: []deposit.Chain{{ID: chain, Deriver: deriver{}, ParseAddress: b.fake.ParseAddress}},
		Rules:  []deposit.Rule{{Name: "large", Asset: usdt, Amount: coffer.NewAmount(20_000_000_000)}},
	})
	b.must(err)
	b.customers, err = withdrawal.NewCustomerTable(b.db, withdrawal.CustomerActive, 24*time.Hour, b.clock)
	b.must(err)
	b.withdrawals, err = withdrawal.New(withdrawal.Config{
		Screeners: []withdrawal.Screener{withdrawal.Sandbox{}}, Customers: b.customers,
		DB: b.db, Ledger: b.books, Events: b.log, Policy: rules, Assets: assets, Clock: b.clock,
		Parsers: map[coffer.ChainID]withdrawal.AddressParser{chain: b.fake},
		Account: func(ctx context.Context, tenant, account string) error {
			_, err := b.merchants.Account(ctx, tenant, account)
			return err
		},
		Lookup: func(ctx context.Context, chain coffer.ChainID, address coffer.Address) (withdrawal.Owner, error) {
			o, err := b.deposits.Lookup(ctx, chain, address)
			return withdrawal.Owner{Kind: o.Kind, Tenant: o.Tenant, Account: o.Account}, err
		},
	})
	b.must(err)

	b.sequencer()
	config := graphql.Config{
		Clock:     b.clock,
		Merchants: b.merchants, Deposits: b.deposits, Withdrawals: b.withdrawals, Customers: b.customers, Ledger: b.books, Stream: b.log,
		Assets: assets, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Origins: []string{"wallet.example"},
	}
	change(&config)
	b.handler, err = graphql.New(config)
	b.must(err)
	b.serve()
	b.acme, b.rival = b.tenant("acme", 1), b.tenant("rival", 2)
	b.mine(b.transfer(b.acme, 1001, 20_000_000_000), b.transfer(b.rival, 1002, 20_000_000_000))
	b.fill(&b.acme)
	b.fill(&b.rival)
	return b
}

// sequencer runs what makes events readable until the test ends.
func (b *bench) sequencer() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.log.Run(ctx) }()
	b.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.t.Error(err)
		}
	})
}

func (b *bench) serve() {
	b.server = httptest.NewServer(b.handler)
	b.url = b.server.URL
	b.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		defer cancel()
		if err := b.handler.Shutdown(ctx); err != nil {
			b.t.Error(err)
		}
		b.server.Close()
	})
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

// key makes an API key.
func (b *bench) key(tenant string, expires *time.Time, scopes ...merchant.Scope) (id, secret string) {
	b.t.Helper()
	id, s, err := b.merchants.CreateKey(b.t.Context(), merchant.KeyRequest{Tenant: tenant, Name: "test", Scopes: scopes, Expires: expires})
	b.must(err)
	return id, s.Reveal()
}

func (b *bench) tenant(name string, tx uint64) tenant {
	b.t.Helper()
	ctx := b.t.Context()
	n := tenant{name: name}
	b.must(b.merchants.CreateTenant(ctx, name, name))
	_, n.key = b.key(name, nil, merchant.ScopeAdmin)
	account, err := b.merchants.CreateAccount(ctx, name, "one", "One of "+name)
	b.must(err)
	n.account = account.ID
	address, err := b.deposits.IssueAddress(ctx, name, n.account, chain)
	b.must(err)
	n.address = string(address.Address)
	b.mine(b.transfer(n, tx, 10_000_000_000))
	return n
}

// fill finds a tenant's deposit and requests a withdrawal.
func (b *bench) fill(n *tenant) {
	b.t.Helper()
	deposits, err := b.deposits.List(b.t.Context(), n.name, deposit.Filter{})
	b.must(err)
	if len(deposits) != 2 || deposits[0].State != coffer.DepositReview || deposits[1].State != coffer.DepositUnlocked {
		b.t.Fatalf("deposits of %s: %+v", n.name, deposits)
	}
	n.deposit, n.parked = deposits[1].ID, deposits[0].ID
	n.withdrawal = b.request(*n, "first", "2000").ID
	b.settle()
}

// enrich gives a tenant what else it can have.
func (b *bench) enrich(n *tenant) {
	b.t.Helper()
	ctx := b.t.Context()
	e, err := b.withdrawals.AddAddress(ctx, withdrawal.NewEntry{Tenant: n.name, Account: n.account, Chain: chain, Address: payee, Label: "label of " + n.name, Actor: "test"})
	b.must(err)
	n.destination = e.ID
	account, err := b.merchants.CreateAccount(ctx, n.name, "two", "Two of "+n.name)
	b.must(err)
	address, err := b.deposits.IssueAddress(ctx, n.name, account.ID, chain)
	b.must(err)
	b.ordered(*n, "to the other account", string(address.Address), "10")
	n.reviewed = b.ordered(*n, "for review", suspicious, "10").ID
	b.settle()
	received, err := b.withdrawals.Received(ctx, n.name, withdrawal.Filter{First: 1})
	b.must(err)
	n.transfer = received[0].ID
	_, err = b.customers.Set(ctx, n.name, n.account, withdrawal.Standing{State: withdrawal.CustomerActive, Reason: "known to " + n.name, Actor: "test"})
	b.must(err)
}

// transfer is money from outside to a tenant's address.
func (b *bench) transfer(to tenant, tx, amount uint64) coffer.Transfer {
	return coffer.Transfer{Asset: usdt, Tx: chaintest.Tx(tx), Ref: "log:0", From: chaintest.Address(9), To: coffer.Address(to.address), Amount: coffer.NewAmount(amount)}
}

// mine makes a final block and lets deposits see it, as an indexer would.
func (b *bench) mine(transfers ...coffer.Transfer) {
	b.t.Helper()
	block := b.fake.Mine(transfers, nil)
	b.sequence++
	value, err := json.Marshal(coffer.BlockEvent{Chain: chain, Sequence: b.sequence, Epoch: 1, Kind: coffer.BlockConnected, Final: block.Height, Block: block})
	b.must(err)
	records, err := stream.Split(block.Hash.String(), b.sequence, 1, value)
	b.must(err)
	_, err = b.log.Append(b.t.Context(), stream.TopicRaw, string(chain), stream.Any, records)
	b.must(err)
	_, err = b.deposits.Step(b.t.Context(), chain)
	b.must(err)
}

func (b *bench) request(n tenant, key, amount string) coffer.Withdrawal {
	b.t.Helper()
	return b.ordered(n, key, payee, amount)
}

func (b *bench) ordered(n tenant, key, to, amount string) coffer.Withdrawal {
	b.t.Helper()
	w, err := b.withdrawals.Request(b.t.Context(), withdrawal.Request{
		Tenant: n.name, Account: n.account, IdempotencyKey: key, Chain: chain, Asset: usdt, Destination: to, Amount: amount,
	})
	b.must(err)
	return w
}

// settle steps withdrawals until nothing moves.
func (b *bench) settle() {
	b.t.Helper()
	for range 100 {
		moved, err := b.withdrawals.Step(b.t.Context())
		b.must(err)
		if moved == 0 {
			return
		}
	}
	b.t.Fatal("withdrawals never come to rest")
}

// post puts money into an account.
func (b *bench) post(account, id string, amount uint64) {
	b.t.Helper()
	b.must(b.db.Tx(b.t.Context(), func(tx pgx.Tx) error {
		return b.books.Post(b.t.Context(), tx, ledger.Entry{ID: id, Kind: "test", At: b.clock(), Postings: []ledger.Posting{
			ledger.Debit("custody:hot:"+payee, usdt, coffer.NewAmount(amount)),
			ledger.Credit(ledger.User(account, ledger.BucketAvailable), usdt, coffer.NewAmount(amount)),
		}})
	}))
}

// deriver makes addresses as package evm does, of a factory that is nowhere.
type deriver struct{}

var (
	factory      = common.HexToAddress("0xfac7000000000000000000000000000000000001")
	initCodeHash = crypto.Keccak256(common.FromHex("3d603380600a3d3981f336600557005b363d3d373d3d3d363d73"),
		crypto.CreateAddress(factory, 1).Bytes(), common.FromHex("5af43d82803e903d91603157fd5bf3"))
)

func (deriver) DepositAddress(_ context.Context, salt coffer.Hash) (coffer.Address, error) {
	return lower(crypto.CreateAddress2(factory, salt, initCodeHash)), nil
}

func (d deriver) AddressProof(salt coffer.Hash) coffer.AddressProof {
	address, _ := d.DepositAddress(context.Background(), salt)
	return coffer.AddressProof{Kind: coffer.ProofCreate2, Address: address, Factory: lower(factory), Salt: salt,
		InitCodeHash: coffer.Hash(initCodeHash), Vault: vault}
}

const vault = coffer.Address("0x7a17000000000000000000000000000000000001")

// lower is how the fake chain writes addresses.
func lower(a common.Address) coffer.Address { return coffer.Address(strings.ToLower(a.Hex())) }

// problem is an error of an answer.
type problem struct {
	Message    string `json:"message"`
	Path       []any  `json:"path"`
	Extensions struct {
		Code  string `json:"code"`
		Field string `json:"field"`
	} `json:"extensions"`
}

// answer is what the API says to one request.
type answer struct {
	Status int
	Header http.Header
	Data   json.RawMessage `json:"data"`
	Errors []problem       `json:"errors"`
}

// code is the code of the first error, "" without one.
func (a answer) code() string {
	if len(a.Errors) == 0 {
		return ""
	}
	return a.Errors[0].Extensions.Code
}

// into decodes the data of an answer without errors.
func (b *bench) into(a answer, out any) {
	b.t.Helper()
	if len(a.Errors) > 0 || a.Status != http.StatusOK {
		b.t.Fatalf("status %d: %+v", a.Status, a.Errors)
	}
	b.must(json.Unmarshal(a.Data, out))
}

type variables map[string]any

// ask posts an operation.
func (b *bench) ask(key, query string, v variables) answer {
	b.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": v})
	b.must(err)
	return b.send(http.MethodPost, "", key, bytes.NewReader(body), http.Header{"Content-Type": {"application/json"}})
}

// get asks by GET.
func (b *bench) get(key, query string, v variables) answer {
	b.t.Helper()
	values := url.Values{"query": {query}}
	if v != nil {
		text, err := json.Marshal(v)
		b.must(err)
		values.Set("variables", string(text))
	}
	return b.send(http.MethodGet, "?"+values.Encode(), key, nil, http.Header{})
}

func (b *bench) send(method, path, key string, body io.Reader, header http.Header) answer {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), deadline)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, b.url+path, body)
	b.must(err)
	r.Header = header
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	response, err := http.DefaultClient.Do(r)
	b.must(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	b.must(err)
	a := answer{Status: response.StatusCode, Header: response.Header}
	if err := json.Unmarshal(text, &a); err != nil {
		b.t.Fatalf("status %d, no JSON: %.300s", response.StatusCode, text)
	}
	return a
}
