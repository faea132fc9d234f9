package sim_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/indexer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
	"github.com/cofferhq/coffer/stream"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
	"github.com/cofferhq/coffer/withdrawal"
)

const (
	tronSolid  = 6 // blocks that a solidified one is below the head
	trxUnits   = 1_000_000
	usdtUnits  = 1_000_000
	tronSecond = 1_800_000_000
)

const tronPolicy = `
version: 1
name: open
signers: {threshold: 2, count: 3}
assets:
  - {name: TRX, id: "%s", decimals: 6}
  - {name: USDT, id: "%s", decimals: 6}
rules:
  order_limits:
    - {name: a, enforced_by: signer, asset: TRX, max: "1000000"}
    - {name: b, enforced_by: signer, asset: USDT, max: "1000000"}
  velocity:
    - {name: c, enforced_by: signer, asset: TRX, per: asset, max: "1000000000"}
    - {name: d, enforced_by: signer, asset: USDT, per: asset, max: "1000000000"}
`

// tronKey is a signer with one key of the permission, in software.
type tronKey struct {
	name      string
	key       tronsim.Key
	explainer coffer.Explainer
	deposits  *hdkeychain.ExtendedKey // the private half of the deposit key; nil where another one has it
	away      bool
	records   []payout.LogRecord
}

func (k *tronKey) Name() string { return k.name }

// Sign implements coffer.Signer: it signs what it is given.
func (k *tronKey) Sign(_ context.Context, r coffer.SigningRequest) ([]coffer.Signature, error) {
	if k.away {
		return nil, errAway
	}
	effects, err := k.explainer.Explain(r.Unsigned)
	if err != nil {
		return nil, err
	}
	key := k.key
	if len(effects.Sweeps) > 0 {
		if key, err = k.depositKey(effects.Sweeps[0]); err != nil {
			return nil, err
		}
	}
	k.record(r, effects)
	var signatures []coffer.Signature
	for _, digest := range effects.Digests {
		signature, err := crypto.Sign(digest[:], key)
		if err != nil {
			return nil, err
		}
		signature[64] += 27
		signatures = append(signatures, coffer.Signature{Signer: k.name, Key: tron.AddressOfKey(key.PublicKey).String(), Digest: digest, Bytes: signature})
	}
	return signatures, nil
}

// depositKey is the key of the address that is swept.
func (k *tronKey) depositKey(s coffer.Sweep) (tronsim.Key, error) {
	if k.deposits == nil {
		return nil, coffer.Invalid("intent.sweeps", "another signer has that key")
	}
	index, err := tron.IndexOf(s.Salt)
	key := k.deposits
	for _, step := range []uint32{tron.DepositBranch, index} {
		if err == nil {
			key, err = key.Derive(step)
		}
	}
	if err != nil {
		return nil, err
	}
	private, err := key.ECPrivKey()
	if err != nil {
		return nil, err
	}
	return private.ToECDSA(), nil
}

// tronWorld is a TRON node to develop with, and everything that follows it.
type tronWorld struct {
	t           *testing.T
	sim         *tronsim.Sim
	id          coffer.ChainID
	usdt        coffer.AssetID
	token, fake tronsim.Address // fake is a token that says it is USDT
	abi         *abi.ABI
	faucet      tronsim.Signer
	hot         tron.Account
	signers     []*tronKey
	wallet      *tron.Wallet
	client      *tron.Client
	db          *postgres.DB
	books       *ledger.Ledger
	balances    *tron.Balances
	indexer     *indexer.Indexer
	deposits    *deposit.Service
	withdrawals *withdrawal.Service
	payouts     *payout.Manager
	told        []tron.PermissionUpdate
	at          func(checkpoint string) // of payouts; nil for nobody
	began       coffer.BlockRef         // the last block that is not followed
	opening     int64                   // what the account had before the first block that is followed, sun
}

// clock is the time of the newest block.
func (w *tronWorld) clock() time.Time {
	return time.Unix(tronSecond, 0).Add(time.Duration(w.sim.Head().Height) * 3 * time.Second) // #nosec G115 -- small
}

func (w *tronWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func newTRON(t *testing.T) *tronWorld {
	t.Helper()
	w := &tronWorld{t: t}
	faucet, hot := tronsim.KeyOf("faucet", 0), tronsim.KeyOf("hot", 0)
	var err error
	w.sim, err = tronsim.New(tronsim.Config{
		Clock: func() time.Time { return time.Unix(tronSecond, 0) }, Seed: t.Name(), SolidLag: tronSolid, Genesis: time.Unix(tronSecond-60, 0),
		Funded: map[tronsim.Address]int64{tronsim.AddressOf(faucet): 1_000_000 * trxUnits, tronsim.AddressOf(hot): 10_000 * trxUnits},
	})
	w.must(err)
	w.id, w.faucet = w.sim.ChainID(), tronsim.Signer{Sim: w.sim, Keys: []tronsim.Key{faucet}, Address: tronsim.AddressOf(faucet)}
	w.abi, err = bindings.TestTokenMetaData.ParseABI()
	w.must(err)
	w.token, w.fake = w.deploy(), w.deploy()
	w.usdt = tron.TokenAsset(w.id, tron.Address(w.token))
	w.guard(hot)

	client := w.dial()
	w.client = client
	source := tron.NewSource(client)
	w.balances = tron.NewBalances(source)
	w.hot, err = tron.ReadAccount(t.Context(), client, tron.Address(tronsim.AddressOf(hot)), 2)
	w.must(err)
	private, public := depositKey(t)
	w.hot.Deposits = public
	w.wallet, err = tron.NewWallet(tron.WalletConfig{Account: w.hot, Pool: client, Clock: w.clock})
	w.must(err)
	explainer := tron.NewExplainer(tron.ExplainConfig{Chain: w.id, Wallets: []tron.Account{w.hot}})
	var signers []coffer.Signer
	for n := range 3 {
		one := &tronKey{name: string(rune('a' + n)), key: tronsim.KeyOf("signer", n), explainer: explainer}
		if n == 1 {
			one.deposits = private
		}
		signers = append(signers, one)
		w.signers = append(w.signers, one)
	}

	w.db = postgrestest.New(t)
	w.books = ledger.New(w.db, w.clock)
	log := stream.NewPostgres(w.db, w.clock)
	assets := []coffer.Asset{
		{ID: tron.Native(w.id), Symbol: "TRX", Decimals: 6, Credit: 2, Unlock: 4},
		{ID: w.usdt, Symbol: "USDT", Decimals: 6, MinDeposit: coffer.NewAmount(usdtUnits), Credit: 2, Unlock: 4, WithdrawFee: coffer.NewAmount(usdtUnits)},
	}
	w.indexer, err = indexer.New(indexer.Config{Source: source, Log: log, DB: w.db, Clock: w.clock, Holder: "test", Start: w.sim.Head().Height + 1})
	w.must(err)
	w.deposits, err = deposit.New(deposit.Config{
		DB: w.db, Ledger: w.books, Log: log, Clock: w.clock, Assets: assets,
		Chains: []deposit.Chain{{ID: w.id, Indexed: public, ParseAddress: source.ParseAddress}},
	})
	w.must(err)
	rules, err := policy.Parse(fmt.Appendf(nil, tronPolicy, tron.Native(w.id), w.usdt))
	w.must(err)
	w.withdrawals, err = withdrawal.New(withdrawal.Config{
		DB: w.db, Ledger: w.books, Events: log, Policy: rules, Assets: assets, Clock: w.clock,
		Parsers: map[coffer.ChainID]withdrawal.AddressParser{w.id: source},
		Account: func(context.Context, string, string) error { return nil },
		Lookup: func(ctx context.Context, chain coffer.ChainID, address coffer.Address) (withdrawal.Owner, error) {
			owner, err := w.deposits.Lookup(ctx, chain, address)
			return withdrawal.Owner{Kind: owner.Kind, Tenant: owner.Tenant, Account: owner.Account}, err
		},
	})
	w.must(err)
	w.payouts, err = payout.New(payout.Config{
		DB: w.db, Ledger: w.books, Withdrawals: w.withdrawals, Events: log, Clock: w.clock,
		Checkpoint: func(name string) {
			if w.at != nil {
				w.at(name)
			}
		},
		Chains: map[coffer.ChainID]payout.Chain{w.id: {
			Native: tron.Native(w.id), Wallet: w.wallet, Explainer: explainer, Signers: signers, Threshold: 2, Paths: []string{coffer.PathTRON},
			FeeBound: coffer.NewAmount(50 * trxUnits), Limits: payout.Limits{MaxOrders: 1, IntentTTL: 10 * time.Minute, Rebroadcast: time.Second},
		}},
	})
	w.must(err)
	w.must(w.deposits.RegisterHouse(t.Context(), w.id, w.hot.Name(), deposit.HouseHot))
	w.must(w.deposits.RegisterHouse(t.Context(), w.id, tron.AddressOf(tron.Address(w.token)), deposit.HouseToken))
	w.began = w.sim.Head()
	w.opening = w.sim.Balance(tronsim.Address(w.hot.Address))
	w.mine(1)
	return w
}

// dial connects to two nodes that have to agree, here two doors of one.
func (w *tronWorld) dial() *tron.Client {
	w.t.Helper()
	config := tron.Config{Chain: w.id, Clock: w.clock, InternalTransfers: true, Watch: func(u tron.PermissionUpdate) { w.told = append(w.told, u) }}
	for range 2 {
		listener, err := (&net.ListenConfig{}).Listen(w.t.Context(), "tcp", "127.0.0.1:0")
		w.must(err)
		done := make(chan error, 1)
		go func() { done <- tronsim.Serve(w.t.Context(), w.sim, listener) }()
		w.t.Cleanup(func() {
			if err := <-done; err != nil {
				w.t.Error(err)
			}
		})
		config.Nodes = append(config.Nodes, tron.Node{URL: "grpc://" + listener.Addr().String()})
	}
	client, err := tron.Dial(w.t.Context(), config)
	w.must(err)
	w.t.Cleanup(client.Close)
	return client
}

// depositKey is what deposit addresses are made of, with its private half.
func depositKey(t *testing.T) (*hdkeychain.ExtendedKey, tron.DepositKey) {
	t.Helper()
	seed := sha256.Sum256([]byte(t.Name()))
	key, err := hdkeychain.NewMaster(seed[:], &chaincfg.MainNetParams)
	for _, step := range []uint32{44, 195, 0} {
		if err == nil {
			key, err = key.Derive(hdkeychain.HardenedKeyStart + step)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.Neuter()
	if err != nil {
		t.Fatal(err)
	}
	read, err := tron.ParseDepositKey("[00000000/44h/195h/0h]" + public.String())
	if err != nil {
		t.Fatal(err)
	}
	return key, read
}

// deploy makes a token that calls itself USDT; the faucet has all of it.
func (w *tronWorld) deploy() tronsim.Address {
	w.t.Helper()
	arguments, err := w.abi.Pack("", w.faucet.Address, big.NewInt(1_000_000*usdtUnits), "Tether USD", "USDT", uint8(6))
	w.must(err)
	_, address, err := w.faucet.Deploy("USDT", append(common.FromHex(bindings.TestTokenMetaData.Bin), arguments...))
	w.must(err)
	w.must(w.sim.Mine(1))
	return address
}

// guard gives an account an active permission of two of three signers' keys.
func (w *tronWorld) guard(owner tronsim.Key) {
	w.t.Helper()
	active := tron.Permission{Name: "pay", Threshold: 2, Operations: []tronpb.Transaction_Contract_ContractType{
		tronpb.Transaction_Contract_TransferContract, tronpb.Transaction_Contract_TriggerSmartContract,
		tronpb.Transaction_Contract_AccountCreateContract, tronpb.Transaction_Contract_DelegateResourceContract, tronpb.Transaction_Contract_UnDelegateResourceContract,
	}}
	for n := range 3 {
		active.Keys = append(active.Keys, tron.Key{Address: tron.AddressOfKey(tronsim.KeyOf("signer", n).PublicKey), Weight: 1})
	}
	address := tron.AddressOfKey(owner.PublicKey)
	update, err := tron.UpdatePermissions(address, tron.Permission{Name: "owner", Threshold: 1, Keys: []tron.Key{{Address: address, Weight: 1}}}, []tron.Permission{active})
	w.must(err)
	_, err = tronsim.Signer{Sim: w.sim, Keys: []tronsim.Key{owner}, Address: tronsim.AddressOf(owner)}.Send(tronpb.Transaction_Contract_AccountPermissionUpdateContract, update, nil)
	w.must(err)
	w.must(w.sim.Mine(1))
}

// send moves tokens, from whoever the contract was given to; the pool has it then.
func (w *tronWorld) send(token tronsim.Address, to coffer.Address, amount int64) coffer.Hash {
	w.t.Helper()
	receiver, err := tron.CanonicalAddress(to)
	w.must(err)
	data, err := w.abi.Pack("transfer", common.Address(receiver), big.NewInt(amount))
	w.must(err)
	id, err := w.faucet.Call(token, data, 0, 100*trxUnits)
	w.must(err)
	return id
}

func (w *tronWorld) mine(n int) {
	w.t.Helper()
	w.must(w.sim.Mine(n))
	w.follow()
}

func (w *tronWorld) follow() {
	w.t.Helper()
	ctx := w.t.Context()
	for _, step := range []func() (bool, error){
		func() (bool, error) { return w.indexer.Step(ctx) },
		func() (bool, error) { return w.deposits.Step(ctx, w.id) },
		func() (bool, error) { n, err := w.payouts.Observe(ctx, w.id); return n > 0, err },
	} {
		for moved := true; moved; {
			var err error
			moved, err = step()
			w.must(err)
		}
	}
}

func (w *tronWorld) wantBalance(account string, asset coffer.AssetID, available, pending uint64) {
	w.t.Helper()
	got, err := w.books.BalanceOf(w.t.Context(), account, asset)
	if err != nil || got.Available != coffer.NewAmount(available) || got.Pending != coffer.NewAmount(pending) {
		w.t.Fatalf("%s has %+v of %s, %v; want %d available, %d pending", account, got, asset, err, available, pending)
	}
}

// wantHot holds the books of the account to what the chain has.
func (w *tronWorld) wantHot(asset coffer.AssetID, want uint64) {
	w.t.Helper()
	net, err := w.books.House(w.t.Context(), ledger.PrefixCustodyHot+string(w.hot.Name()), asset)
	if err != nil || net != (ledger.Net{Side: ledger.SideDebit, Amount: coffer.NewAmount(want)}) {
		w.t.Errorf("the books have %+v of %s at the account, %v; the chain %d", net, asset, err, want)
	}
}

// pay approves, plans and steps until nothing is due.
func (w *tronWorld) pay() {
	w.t.Helper()
	ctx := w.t.Context()
	for range 3 {
		_, err := w.withdrawals.Step(ctx)
		w.must(err)
	}
	_, err := w.payouts.Plan(ctx, w.id)
	w.must(err)
	for range 30 {
		moved, err := w.payouts.Step(ctx)
		w.must(err)
		if !moved {
			return
		}
	}
}

// TestTRONFromADepositToAFinalPayout takes deposits of a token and of TRX on a TRON node to a
// payout that two of three keys of the account's permission sign.
func TestTRONFromADepositToAFinalPayout(t *testing.T) {
	w := newTRON(t)
	ctx := t.Context()
	ann, err := w.deposits.IssueAddress(ctx, "acme", "ann", w.id)
	w.must(err)
	if ann.Proof == nil || ann.Proof.Path != "0/1" || ann.Proof.Kind != coffer.ProofKey {
		t.Errorf("proof %+v", ann.Proof)
	}

	// What counts, and what only looks like it.
	w.send(w.token, ann.Address, 100*usdtUnits)
	w.send(w.fake, ann.Address, 500*usdtUnits)
	w.send(w.token, ann.Address, 0)
	w.send(w.token, ann.Address, usdtUnits/2) // dust
	receiver, err := tron.CanonicalAddress(ann.Address)
	w.must(err)
	_, err = w.faucet.Transfer(tronsim.Address(receiver), 7*trxUnits)
	w.must(err)
	data, err := w.abi.Pack("transfer", common.Address(receiver), big.NewInt(2_000_000*usdtUnits)) // more than there is
	w.must(err)
	_, err = w.faucet.Call(w.token, data, 0, 100*trxUnits)
	w.must(err)
	w.send(w.token, w.hot.Name(), 1_000*usdtUnits) // ours pays with it, and fees with this:
	_, err = w.faucet.Transfer(tronsim.Address(w.hot.Address), 1_000*trxUnits)
	w.must(err)
	w.mine(1)
	w.wantBalance("ann", w.usdt, 0, 0)
	w.mine(1)
	w.wantBalance("ann", w.usdt, 0, 100*usdtUnits)
	w.wantBalance("ann", tron.Native(w.id), 0, 7*trxUnits)

	// The blocks leave the chain with what they held, and it lands again.
	w.must(w.sim.Reorg(tronsim.Reorganisation{Undo: 2, Make: 3}))
	w.follow()
	w.wantBalance("ann", w.usdt, 0, 100*usdtUnits)
	w.mine(1) // four confirmations, and no solidified block yet
	w.wantBalance("ann", w.usdt, 0, 100*usdtUnits)
	w.mine(tronSolid)
	w.wantBalance("ann", w.usdt, 100*usdtUnits, 0)
	w.wantBalance("ann", tron.Native(w.id), 7*trxUnits, 0)

	// Books and chain agree on what is at ann's address, some blocks ago.
	head := w.sim.Solid()
	w.send(w.token, ann.Address, 3*usdtUnits)
	w.mine(tronSolid + 1)
	for asset, want := range map[coffer.AssetID]uint64{w.usdt: 100*usdtUnits + usdtUnits/2, tron.Native(w.id): 7 * trxUnits} {
		if had, err := w.balances.BalanceOf(ctx, asset, ann.Address, head.Hash); err != nil || had != coffer.NewAmount(want) {
			t.Errorf("after block %d the address had %s of %s, %v; want %d", head.Height, had, asset, err, want)
		}
	}
	if had, err := w.balances.BalanceOf(ctx, w.usdt, ann.Address, w.sim.Head().Hash); !errors.Is(err, coffer.ErrNotFound) {
		t.Errorf("after the head: %s, %v; it is not solidified", had, err)
	}

	destination := tron.AddressOf(tron.AddressOfKey(tronsim.KeyOf("stranger", 0).PublicKey))
	asked, err := w.withdrawals.Request(ctx, withdrawal.Request{
		Tenant: "acme", Account: "ann", IdempotencyKey: "1", Chain: w.id, Asset: w.usdt, Destination: string(destination), Amount: "40",
	})
	w.must(err)
	w.pay()
	w.mine(1)
	w.pay()
	w.mine(tronSolid + 4)
	settled, err := w.withdrawals.Get(ctx, "acme", asked.ID)
	w.must(err)
	if settled.State != coffer.WithdrawalSettled {
		p, err := w.payouts.Get(ctx, settled.Payout)
		t.Fatalf("withdrawal is %s: %s, payout %s: %s, %v", settled.State, settled.Reason, p.State, p.Note, err)
	}
	if had, err := w.balances.BalanceOf(ctx, w.usdt, destination, w.sim.Solid().Hash); err != nil || had != coffer.NewAmount(40*usdtUnits) {
		t.Errorf("the destination has %s, %v", had, err)
	}
	w.wantHot(w.usdt, 960*usdtUnits)
	w.wantHot(tron.Native(w.id), uint64(w.sim.Balance(tronsim.Address(w.hot.Address))-w.opening)) // #nosec G115 -- it got 1000 and paid fees
	if len(w.told) != 0 {
		t.Errorf("told of permissions: %+v", w.told)
	}

	// Somebody with the owner's key changes who may pay.
	w.guard(tronsim.KeyOf("hot", 0))
	w.follow()
	if len(w.told) != 1 || w.told[0].Account != w.hot.Name() {
		t.Errorf("told of permissions: %+v", w.told)
	}
}
