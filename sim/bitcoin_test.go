package sim_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/indexer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
	"github.com/cofferhq/coffer/stream"
	"github.com/cofferhq/coffer/utxo"
	"github.com/cofferhq/coffer/withdrawal"
)

// account is a signer with the key of an account (BIP-48), in software.
type account struct {
	t         *testing.T
	name      string
	key       *hdkeychain.ExtendedKey
	text      string // in the descriptor
	identity  string
	explainer coffer.Explainer
	away      bool // and does not answer
}

func newAccount(t *testing.T, name string, nested bool) *account {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	key, err := hdkeychain.NewMaster(seed[:], utxo.Regtest.Params())
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.ECPubKey()
	if err != nil {
		t.Fatal(err)
	}
	path := utxo.AccountPath(utxo.Regtest, nested, 0)
	for _, step := range path {
		if key, err = key.Derive(step); err != nil {
			t.Fatal(err)
		}
	}
	neutered, err := key.Neuter()
	if err != nil {
		t.Fatal(err)
	}
	text := utxo.KeyExpression(utxo.FingerprintOf(public.SerializeCompressed()), path, neutered.String())
	return &account{t: t, name: name, key: key, text: text + "/<0;1>/*"}
}

func (a *account) Name() string { return a.name }

// Sign implements coffer.Signer: it signs what it is given.
func (a *account) Sign(_ context.Context, r coffer.SigningRequest) ([]coffer.Signature, error) {
	if a.away {
		return nil, coffer.Errorf(coffer.CodeUnavailable, "%s is away", a.name)
	}
	effects, err := a.explainer.Explain(r.Unsigned)
	if err != nil {
		return nil, err
	}
	var signatures []coffer.Signature
	for n, digest := range effects.Digests {
		branch, index, err := utxo.ParsePath(effects.Coins[n].Path)
		if err != nil {
			return nil, err
		}
		key := a.key
		for _, step := range []uint32{branch, index} {
			if key, err = key.Derive(step); err != nil {
				return nil, err
			}
		}
		private, err := key.ECPrivKey()
		if err != nil {
			return nil, err
		}
		der := ecdsa.Sign(private, digest[:]).Serialize()
		signatures = append(signatures, coffer.Signature{Signer: a.name, Key: a.identity, Digest: digest, Bytes: append(der, byte(txscript.SigHashAll))})
	}
	return signatures, nil
}

// receiver makes the deposit addresses of a descriptor.
type receiver struct{ utxo.Descriptor }

func (r receiver) DepositAddressAt(index uint32) (coffer.AddressProof, error) {
	path := utxo.PathOf(utxo.BranchReceive, index)
	script, err := r.At(path)
	return coffer.AddressProof{Kind: coffer.ProofDescriptor, Address: script.Address, Vault: r.Address(), Descriptor: r.String(), Path: path}, err
}

// bitcoin is a real node with everything that follows it.
type bitcoin struct {
	t           *testing.T
	node        *devnet.Bitcoin
	db          *postgres.DB
	books       *ledger.Ledger
	wallet      *utxo.Wallet
	indexer     *indexer.Indexer
	deposits    *deposit.Service
	withdrawals *withdrawal.Service
	payouts     *payout.Manager
	accounts    []*account
	ahead       time.Duration // of the clock
}

const bitcoinPolicy = `
version: 1
name: open
signers: {threshold: 2, count: 3}
assets:
  - {name: BTC, id: "%s", decimals: 8}
rules:
  order_limits:
    - {name: a, enforced_by: signer, asset: BTC, max: "1000000"}
  velocity:
    - {name: b, enforced_by: signer, asset: BTC, per: asset, max: "1000000000"}
`

func (b *bitcoin) clock() time.Time { return time.Now().Add(b.ahead) }

// newBitcoin has a wallet of the accounts a, b and c. Who is cold is no signer.
func newBitcoin(t *testing.T, cold ...string) *bitcoin {
	t.Helper()
	return makeBitcoin(t, 2, cold, nil)
}

// makeBitcoin is newBitcoin of another threshold, with a token where omni makes one: addresses are
// nested then.
func makeBitcoin(t *testing.T, threshold int, cold []string, omni func(node *devnet.Bitcoin, client *utxo.Client) *utxo.Omni) *bitcoin {
	t.Helper()
	node, err := devnet.StartBitcoin(t.Context(), devnet.BitcoinConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := node.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v\n%s", err, node.Logs())
		}
	})
	client, err := utxo.Dial(t.Context(), utxo.Config{Network: utxo.Regtest, Nodes: []utxo.Node{node.Node()}, Confirmations: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	source, native, id := utxo.NewSource(client), utxo.Regtest.Native(), utxo.Regtest.Chain()

	var parts []string
	var accounts []*account
	for _, name := range []string{"a", "b", "c"} {
		accounts = append(accounts, newAccount(t, name, omni != nil))
		parts = append(parts, accounts[len(accounts)-1].text)
	}
	script := fmt.Sprintf("wsh(sortedmulti(%d,%s))", threshold, strings.Join(parts, ","))
	asset := coffer.Asset{ID: native, Symbol: "BTC", Decimals: 8, MinDeposit: coffer.NewAmount(1000), Credit: 1, Unlock: 3, WithdrawFee: coffer.NewAmount(500)}
	assets := []coffer.Asset{asset}
	var token *utxo.Omni
	var tokens []coffer.AssetID
	var property uint32
	if omni != nil {
		script, property, token = "sh("+script+")", omniProperty, omni(node, client)
		source, tokens = source.WithOmni(token), []coffer.AssetID{token.Asset()}
		assets = append(assets, coffer.Asset{ID: token.Asset(), Symbol: "USDT", Decimals: 8, MinDeposit: coffer.NewAmount(1000), Credit: 1, Unlock: 3, WithdrawFee: coffer.NewAmount(500)})
	}
	text, err := utxo.AddChecksum(script)
	if err != nil {
		t.Fatal(err)
	}
	descriptor, err := utxo.ParseDescriptor(utxo.Regtest, text)
	if err != nil {
		t.Fatal(err)
	}
	explainer := utxo.NewExplainer(utxo.ExplainConfig{
		Chain: id, Native: native, Network: utxo.Regtest, Wallets: []utxo.Descriptor{descriptor}, MaxFeeRate: 1000, MaxFee: 1_000_000, Omni: property,
	})
	var signers []coffer.Signer
	var coldKeys []string
	for n, a := range accounts {
		a.explainer, a.identity = explainer, descriptor.Keys()[n].String()
		if slices.Contains(cold, a.name) {
			coldKeys = append(coldKeys, a.identity)
			continue
		}
		signers = append(signers, a)
	}

	b := &bitcoin{t: t, node: node, db: postgrestest.New(t), accounts: accounts}
	b.books = ledger.New(b.db, b.clock)
	log := stream.NewPostgres(b.db, b.clock)
	if b.wallet, err = utxo.NewWallet(utxo.WalletConfig{Descriptor: descriptor, Pool: client, Fees: utxo.DefaultFees(), Clock: b.clock, Omni: token}); err != nil {
		t.Fatal(err)
	}
	if b.indexer, err = indexer.New(indexer.Config{Source: source, Log: log, DB: b.db, Clock: b.clock, Holder: "test"}); err != nil {
		t.Fatal(err)
	}
	b.deposits, err = deposit.New(deposit.Config{
		DB: b.db, Ledger: b.books, Log: log, Clock: b.clock, Assets: assets,
		Chains: []deposit.Chain{{ID: id, Indexed: receiver{descriptor}, Coins: native, ParseAddress: source.ParseAddress}},
	})
	if err != nil {
		t.Fatal(err)
	}
	text = fmt.Sprintf(bitcoinPolicy, native)
	if omni != nil {
		text = fmt.Sprintf(omniPolicy, native, token.Asset())
	}
	rules, err := policy.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	b.withdrawals, err = withdrawal.New(withdrawal.Config{
		DB: b.db, Ledger: b.books, Events: log, Policy: rules, Assets: assets, Clock: b.clock,
		Parsers: map[coffer.ChainID]withdrawal.AddressParser{id: source},
		Account: func(context.Context, string, string) error { return nil },
		Lookup: func(ctx context.Context, chain coffer.ChainID, address coffer.Address) (withdrawal.Owner, error) {
			owner, err := b.deposits.Lookup(ctx, chain, address)
			return withdrawal.Owner{Kind: owner.Kind, Tenant: owner.Tenant, Account: owner.Account}, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.payouts, err = payout.New(payout.Config{
		DB: b.db, Ledger: b.books, Withdrawals: b.withdrawals, Events: log, Clock: b.clock,
		Chains: map[coffer.ChainID]payout.Chain{id: {
			Native: native, Wallet: b.wallet, Coins: b.deposits, Tokens: tokens, Explainer: explainer, Signers: signers, Threshold: threshold, Cold: coldKeys,
			FeeBound: coffer.NewAmount(100_000), Limits: payout.Limits{MaxOrders: 100, BumpAfter: 2, Rebroadcast: time.Second},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.deposits.RegisterHouseAt(t.Context(), id, b.wallet.Address(), deposit.HouseHot, descriptor.Home()); err != nil {
		t.Fatal(err)
	}
	return b
}

// mine mines blocks of what the pool holds, and lets everybody read them.
func (b *bitcoin) mine(n int) {
	b.t.Helper()
	if _, err := b.node.Mine(b.t.Context(), n); err != nil {
		b.t.Fatal(err)
	}
	b.follow()
}

func (b *bitcoin) follow() {
	b.t.Helper()
	ctx := b.t.Context()
	id := utxo.Regtest.Chain()
	for moved := true; moved; {
		var err error
		if moved, err = b.indexer.Step(ctx); err != nil {
			b.t.Fatal(err)
		}
	}
	for moved := true; moved; {
		var err error
		if moved, err = b.deposits.Step(ctx, id); err != nil {
			b.t.Fatal(err)
		}
	}
	for n := 1; n > 0; {
		var err error
		if n, err = b.payouts.Observe(ctx, id); err != nil {
			b.t.Fatal(err)
		}
	}
}

// pay approves, plans and steps until nothing is due.
func (b *bitcoin) pay() {
	b.t.Helper()
	ctx := b.t.Context()
	for range 3 {
		if _, err := b.withdrawals.Step(ctx); err != nil {
			b.t.Fatal(err)
		}
	}
	if _, err := b.payouts.Plan(ctx, utxo.Regtest.Chain()); err != nil {
		b.t.Fatal(err)
	}
	for range 30 {
		if moved, err := b.payouts.Step(ctx); err != nil {
			b.t.Fatal(err)
		} else if !moved {
			return
		}
	}
}

func (b *bitcoin) house(code string) string {
	b.t.Helper()
	net, err := b.books.House(b.t.Context(), code, utxo.Regtest.Native())
	if err != nil {
		b.t.Fatal(err)
	}
	return fmt.Sprint(net.Side, " ", net.Amount)
}

func (b *bitcoin) payoutOf(id string) payout.Payout {
	b.t.Helper()
	w, err := b.withdrawals.Get(b.t.Context(), "acme", id)
	if err != nil {
		b.t.Fatal(err)
	}
	p, err := b.payouts.Get(b.t.Context(), w.Payout)
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

// TestBitcoinFromADepositToAFinalPayout takes a deposit on a real node to a batch that two of
// three keys sign, with a higher fee for what is stuck and a reorganisation that takes the
// batch back.
func TestBitcoinFromADepositToAFinalPayout(t *testing.T) {
	b := newBitcoin(t)
	ctx, id, native := t.Context(), utxo.Regtest.Chain(), utxo.Regtest.Native()
	b.follow()
	ann, err := b.deposits.IssueAddress(ctx, "acme", "ann", id)
	if err != nil {
		t.Fatal(err)
	}
	if ann.Proof == nil || ann.Proof.Path != "0/1" {
		t.Errorf("proof %+v", ann.Proof)
	}
	for _, to := range []coffer.Address{ann.Address, b.wallet.Address()} { // ours pays the fees
		if _, err := b.node.Pay(ctx, to, 10_000_000); err != nil {
			t.Fatal(err)
		}
	}
	b.mine(1)
	if balance, err := b.books.BalanceOf(ctx, "ann", native); err != nil || balance.Pending != coffer.NewAmount(10_000_000) {
		t.Fatalf("ann has %+v, %v", balance, err)
	}
	b.mine(2)
	if balance, err := b.books.BalanceOf(ctx, "ann", native); err != nil || balance.Available != coffer.NewAmount(10_000_000) {
		t.Fatalf("ann has %+v, %v", balance, err)
	}

	var ids []string
	for n := range 12 {
		w, err := b.withdrawals.Request(ctx, withdrawal.Request{
			Tenant: "acme", Account: "ann", IdempotencyKey: fmt.Sprint(n), Chain: id, Asset: native,
			Destination: string(b.node.Faucet()), Amount: fmt.Sprintf("0.00%d", 100+n),
		})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, w.ID)
	}
	b.pay()
	p := b.payoutOf(ids[0])
	if p.State != coffer.PayoutBroadcast || len(p.Intent.Payments) != 12 {
		t.Fatalf("payout of %d payments is %s: %s", len(p.Intent.Payments), p.State, p.Note)
	}

	// Two blocks without it: it gets a higher fee.
	for range 2 {
		if _, err := b.node.MineWith(ctx); err != nil {
			t.Fatal(err)
		}
	}
	b.follow()
	b.ahead += 5 * time.Minute
	b.pay()
	if p = b.payoutOf(ids[0]); len(p.Attempts) != 2 || p.State != coffer.PayoutBroadcast {
		t.Fatalf("%d attempts, %s: %s", len(p.Attempts), p.State, p.Note)
	}
	b.mine(1)
	if p = b.payoutOf(ids[0]); p.State != coffer.PayoutIncluded || p.Inclusion.Attempt != 1 {
		t.Fatalf("payout is %s in %+v", p.State, p.Inclusion)
	}
	if got := b.house(ledger.TransitCoins); got != "debit 0" {
		t.Errorf("transit:coins is %s", got)
	}

	// The block leaves the chain; the transaction lands again.
	if err := b.node.Reorg(ctx, 1, 2); err != nil {
		t.Fatal(err)
	}
	b.follow()
	if p = b.payoutOf(ids[0]); p.State != coffer.PayoutBroadcast {
		t.Fatalf("payout is %s after the reorganisation", p.State)
	}
	b.pay()
	b.mine(4)
	for _, w := range ids {
		if got, err := b.withdrawals.Get(ctx, "acme", w); err != nil || got.State != coffer.WithdrawalSettled {
			t.Errorf("withdrawal is %s, %v", got.State, err)
		}
	}
	for code, want := range map[string]string{ledger.TransitCoins: "debit 0", ledger.TransitWithdrawal: "debit 0"} {
		if got := b.house(code); got != want {
			t.Errorf("%s is %s", code, got)
		}
	}
	b.checkCoins(p)
}

// checkCoins asks the node about each coin that there is.
func (b *bitcoin) checkCoins(p payout.Payout) {
	b.t.Helper()
	var coins []coffer.Coin
	err := b.db.Tx(b.t.Context(), func(tx pgx.Tx) (err error) {
		coins, err = b.deposits.Coins(b.t.Context(), tx, utxo.Regtest.Chain())
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	change := false
	for _, c := range coins {
		address, err := b.wallet.AddressAt(c.Path)
		if err != nil || address != c.Address {
			b.t.Errorf("coin %+v is at %s, %v", c, address, err)
		}
		change = change || c.Path == p.Intent.Change
	}
	if !change {
		b.t.Errorf("the change at %s is not among %v", p.Intent.Change, coins)
	}
}
