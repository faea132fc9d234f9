package main

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"math/big"
	"net"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"golang.org/x/sync/errgroup"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// What the stack's chain of TRON is made of.
const (
	tronLabel = "tron" // of the signers' keys

	tronSeedSigner = 0 // has the keys of deposit addresses

	tronCredit   = 2
	tronUnlock   = 3
	tronSolidLag = 4 // blocks
	sun          = 1_000_000

	tronStake  = 5_000_000 * sun // of the account that pays, for energy and for bandwidth: payments by the hundred use no more
	tronStakes = 900_000 * sun   // of all others
	tronFunds  = 20_000 * sun    // of the account that pays
	tronTokens = 10_000 * sun    // the same, USDT
	tronIssued = 900_000 * sun   // USDT
)

// tronChain is the stack's chain of TRON: a simulated node, an account whose active permission
// two of the signers' three keys satisfy, and a token.
type tronChain struct {
	sim    *tronsim.Sim
	doors  []string // URLs, for gRPC and for HTTP: two nodes, as the server sees it, which have to agree
	web    string   // the latter
	chain  coffer.ChainID
	native coffer.AssetID
	usdt   coffer.AssetID
	token  tronsim.Address
	faucet tronsim.Signer
	owner  *ecdsa.PrivateKey // of the account that pays; it stays cold
	keys   []tron.Address    // of the permission
	issuer string            // extended public key of the deposit addresses

	stop func() error

	mu     sync.Mutex
	paused bool
	doomed []coffer.Hash // transactions that the node forgets before each block
	ahead  int           // blocks that were made before their time
}

// account is the account that pays.
func (t *tronChain) account() tron.Address { return tron.AddressOfKey(t.owner.PublicKey) }

// startTRON runs the node, which makes a block each second, and makes the account that pays.
func (s *stack) startTRON(ctx context.Context) error {
	t := &tronChain{}
	keys := make([]*ecdsa.PrivateKey, 2)
	for n := range keys {
		var err error
		if keys[n], err = crypto.GenerateKey(); err != nil {
			return err
		}
	}
	t.owner = keys[1]
	var err error
	t.sim, err = tronsim.New(tronsim.Config{
		Clock: time.Now, Seed: "development", SlotTime: blockTime * time.Second, SolidLag: tronSolidLag, Genesis: time.Now().Add(-time.Minute).Truncate(time.Second),
		Funded: map[tronsim.Address]int64{tronsim.AddressOf(keys[0]): 1_000_000 * sun, tronsim.AddressOf(t.owner): tronFunds},
	})
	if err != nil {
		return err
	}
	t.chain = t.sim.ChainID()
	t.native = tron.Native(t.chain)
	t.faucet = tronsim.Signer{Sim: t.sim, Keys: []tronsim.Key{keys[0]}, Address: tronsim.AddressOf(keys[0])}
	if t.token, err = t.deploy(); err != nil {
		return err
	}
	t.usdt = tron.TokenAsset(t.chain, tron.Address(t.token))
	if _, err := t.send(t.token, t.account(), tronTokens); err != nil {
		return err
	}
	for _, code := range []tronpb.ResourceCode{tronpb.ResourceCode_ENERGY, tronpb.ResourceCode_BANDWIDTH} {
		for of, stake := range map[tronsim.Address]int64{tronsim.Address(t.account()): tronStake, tronsim.AddressOf(tronsim.KeyOf("others", 0)): tronStakes} {
			if err := t.sim.Stake(of, code, stake); err != nil {
				return err
			}
		}
	}
	s.tron = t
	if t.issuer, err = s.makeDepositKey(ctx); err != nil {
		return err
	}
	if err := t.serve(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	return s.makeTRONAccount(ctx)
}

// serve opens the node's doors and makes blocks until it is stopped.
func (t *tronChain) serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	t.stop = func() error {
		cancel()
		if err := group.Wait(); !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	}
	web, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, t.stop())
	}
	t.web = "http://" + web.Addr().String()
	group.Go(func() error { return tronsim.ServeHTTP(ctx, t.sim, web) })
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, t.stop())
	}
	group.Go(func() error { return tronsim.Serve(ctx, t.sim, listener) })
	t.doors = []string{"grpc://" + listener.Addr().String(), t.web}
	group.Go(func() error { return t.produce(ctx) })
	return nil
}

// produce makes a block each second, unless it is paused.
func (t *tronChain) produce(ctx context.Context) error {
	ticker := time.NewTicker(blockTime * time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		if err := t.tick(); err != nil {
			return err
		}
	}
}

func (t *tronChain) tick() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.paused {
		return nil
	}
	if t.ahead > 0 {
		t.ahead--
		return nil
	}
	for _, id := range t.doomed {
		t.sim.Forget(id)
	}
	return t.sim.Mine(1)
}

// pauseBlocks stops the making of blocks, or goes on with it.
func (t *tronChain) pauseBlocks(paused bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.paused = paused
}

// doom makes the node forget a transaction before each block.
func (t *tronChain) doom(id coffer.Hash) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.doomed = append(t.doomed, id)
}

// deploy makes a token that calls itself USDT; the faucet has all of it.
func (t *tronChain) deploy() (tronsim.Address, error) {
	abi, err := bindings.TestTokenMetaData.ParseABI()
	if err != nil {
		return tronsim.Address{}, err
	}
	arguments, err := abi.Pack("", t.faucet.Address, big.NewInt(tronIssued), "Tether USD", "USDT", uint8(6))
	if err != nil {
		return tronsim.Address{}, err
	}
	_, address, err := t.faucet.Deploy("USDT", append(common.FromHex(bindings.TestTokenMetaData.Bin), arguments...))
	if err != nil {
		return tronsim.Address{}, err
	}
	return address, t.sim.Mine(1)
}

// send moves tokens of the faucet's.
func (t *tronChain) send(token tronsim.Address, to tron.Address, amount int64) (coffer.Hash, error) {
	abi, err := bindings.TestTokenMetaData.ParseABI()
	if err != nil {
		return coffer.Hash{}, err
	}
	data, err := abi.Pack("transfer", common.Address(to), big.NewInt(amount))
	if err != nil {
		return coffer.Hash{}, err
	}
	id, err := t.faucet.Call(token, data, 0, 100*sun)
	return id, err
}

// makeDepositKey makes the seed of the deposit addresses, which the token of the signer that empties
// them seals, and returns its public key.
func (s *stack) makeDepositKey(ctx context.Context) (string, error) {
	token, name := s.tokens[tronSeedSigner], signerName(tronSeedSigner)
	return s.command(ctx, []string{token.Env()}, "signer", "seed", "--tron", "--module", token.Module, "--token", token.Label,
		"--pin-file", s.path("secrets", "pin"), "--dir", s.path(name), "--label", "tron-seal", "--name", name, "--file", s.tronSeedFile())
}

func (s *stack) tronSeedFile() string { return s.path("secrets", "tron.seed") }

// makeTRONAccount makes a key in each signer's token and gives the account a permission that two
// of them satisfy. The account's owner key signs that, and nothing after it.
func (s *stack) makeTRONAccount(ctx context.Context) error {
	t := s.tron
	t.keys = make([]tron.Address, stackSigners)
	group, ctx := errgroup.WithContext(ctx)
	for i := range stackSigners {
		group.Go(func() error {
			address, err := s.makeAddress(ctx, i, tronLabel)
			t.keys[i] = tron.Address(address)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	active := tron.Permission{Name: "pay", Threshold: stackThreshold, Operations: []tronpb.Transaction_Contract_ContractType{
		tronpb.Transaction_Contract_TransferContract, tronpb.Transaction_Contract_TriggerSmartContract,
		tronpb.Transaction_Contract_AccountCreateContract, tronpb.Transaction_Contract_DelegateResourceContract, tronpb.Transaction_Contract_UnDelegateResourceContract,
	}}
	for _, key := range t.keys {
		active.Keys = append(active.Keys, tron.Key{Address: key, Weight: 1})
	}
	owner := tron.Permission{Name: "owner", Threshold: 1, Keys: []tron.Key{{Address: t.account(), Weight: 1}}}
	update, err := tron.UpdatePermissions(t.account(), owner, []tron.Permission{active})
	if err != nil {
		return err
	}
	cold := tronsim.Signer{Sim: t.sim, Keys: []tronsim.Key{t.owner}, Address: tronsim.AddressOf(t.owner)}
	if _, err := cold.Send(tronpb.Transaction_Contract_AccountPermissionUpdateContract, update, nil); err != nil {
		return err
	}
	return t.sim.Mine(tronSolidLag + 1)
}

// tronSigner is the chain in a signer's configuration, with a node of its own.
func (s *stack) tronSigner(i int) object {
	t := s.tron
	keys := make([]object, len(t.keys))
	for n, key := range t.keys {
		keys[n] = object{"address": key.String(), "weight": 1}
	}
	section := object{
		"chain": string(t.chain), "native": string(t.native), "owner": tronLabel, "rpc": []string{t.doors[0]},
		"accounts": []object{{"address": t.account().String(), "permission": 2, "threshold": stackThreshold, "keys": keys, "deposits": t.issuer}},
	}
	if i == tronSeedSigner {
		section["seed"] = s.tronSeedFile()
	}
	return section
}

// policyAssets are the chain's assets in the policy.
func (t *tronChain) policyAssets() []object {
	return []object{{"name": "TRX", "id": string(t.native), "decimals": 6}, {"name": "USDT-TRON", "id": string(t.usdt), "decimals": 6}}
}

// policyRules are the chain's limits in the development policy, by kind of rule.
func (t *tronChain) policyRules() map[string][]object {
	return map[string][]object{
		"order_limits": {
			{"name": "TRX per order", "enforced_by": "signer", "asset": "TRX", "max": "1000"},
			{"name": "USDT-TRON per order", "enforced_by": "signer", "asset": "USDT-TRON", "max": stackOrderLimit},
		},
		"velocity": {
			{"name": "TRX per day", "enforced_by": "signer", "asset": "TRX", "per": "asset", "max": "5000"},
			{"name": "USDT-TRON per day", "enforced_by": "signer", "asset": "USDT-TRON", "per": "asset", "max": stackDailyLimit},
		},
		"fee_limits":  {{"name": "TRX for fees", "enforced_by": "signer", "asset": "TRX", "max": "50", "daily": "20000"}},
		"sweeps":      {{"name": "USDT-TRON and TRX are swept", "enforced_by": "signer", "fees": "TRX", "assets": []string{"USDT-TRON", "TRX"}, "daily": "1000"}},
		"delegations": {{"name": "stake for deposit addresses", "enforced_by": "signer", "asset": "TRX", "max": "10000", "daily": 500}},
		"screening": {
			{"name": "TRX is screened", "enforced_by": "coordinator", "asset": "TRX"},
			{"name": "USDT-TRON is screened", "enforced_by": "coordinator", "asset": "USDT-TRON"},
		},
	}
}

// serverSection is the chain in the server's configuration.
func (t *tronChain) serverSection() object {
	nodes := make([]object, len(t.doors))
	for n, door := range t.doors {
		nodes[n] = object{"url": door}
	}
	return object{
		"id":     string(t.chain),
		"native": object{"id": string(t.native), "symbol": "TRX", "decimals": 6, "min_deposit": "1", "min_withdraw": "1", "withdraw_fee": "1", "credit": tronCredit, "unlock": tronUnlock},
		"assets": []object{{"id": string(t.usdt), "symbol": "USDT", "decimals": 6, "min_deposit": "1", "min_withdraw": "1", "withdraw_fee": "1", "credit": tronCredit, "unlock": tronUnlock}},
		"tron":   object{"account": t.account().String(), "permission": 2, "deposit_key": t.issuer, "nodes": nodes, "internal_transfers": true},
		"sweep": object{
			"assets":   []object{{"asset": string(t.usdt), "min": "1000", "native_price": "0.3", "exposure_cap": "100000"}, {"asset": string(t.native), "min": "1000"}},
			"interval": "5s",
		},
		"poll_interval": "100ms", "payout_valid": "75s", "payout_fee_cap": "50", "payout_retry": "1s",
	}
}

// inPool lists the transactions that wait at the node.
func (t *tronChain) inPool(ctx context.Context) ([]coffer.Hash, error) {
	client, err := tron.Dial(ctx, tron.Config{Chain: t.chain, Nodes: []tron.Node{{URL: t.doors[0]}}})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var list tronpb.TransactionIdList
	if err := client.Call(ctx, tronpb.Wallet_GetTransactionListFromPending_FullMethodName, &tronpb.EmptyMessage{}, &list); err != nil {
		return nil, err
	}
	var ids []coffer.Hash
	for _, text := range list.GetTxId() {
		id, err := coffer.ParseHash("0x" + text)
		if err != nil {
			return nil, fmt.Errorf("the node's pool: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, nil
}
