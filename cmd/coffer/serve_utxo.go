package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/signer"
	"github.com/cofferhq/coffer/treasury"
	"github.com/cofferhq/coffer/utxo"
)

// utxoParts is what the server has for a chain of the Bitcoin family besides.
type utxoParts struct {
	chain      *chainParts
	client     *utxo.Client
	descriptor utxo.Descriptor
	omni       *utxo.Omni // nil: no token of the Omni Layer
}

// utxoConfig is what the client of a configured chain is made with, and some of its nodes.
func utxoConfig(c config.Chain, nodes []config.Node) (utxo.Config, error) {
	network, err := utxo.NetworkOf(c.ID)
	if err != nil {
		return utxo.Config{}, err
	}
	cfg := utxo.Config{Network: network, Confirmations: c.UTXO.Confirmations}
	for i, node := range nodes {
		login, err := node.Login()
		if err != nil {
			return utxo.Config{}, fmt.Errorf("node %d: %w", i+1, err)
		}
		cfg.Nodes = append(cfg.Nodes, utxo.Node{URL: login, CookieFile: node.CookieFile})
	}
	return cfg, nil
}

// announcements says when a node of the chain announced a block; never where none is configured
// to. They end with ctx.
func (s *server) announcements(ctx context.Context, chain *chainParts) <-chan struct{} {
	var publishers []string
	for _, node := range chain.config.UTXO.Nodes {
		if node.ZMQ != "" {
			publishers = append(publishers, node.ZMQ)
		}
	}
	if len(publishers) == 0 {
		return nil
	}
	return utxo.Notify(ctx, publishers, s.log.With("chain", chain.id))
}

// wireUTXO connects to the chain's nodes. One of another network and one that keeps only the
// newest blocks are reasons not to start, and so is a wallet whose keys or threshold are not
// the signers'.
func (s *server) wireUTXO(ctx context.Context, chain *chainParts) error {
	cfg, err := utxoConfig(chain.config, chain.config.UTXO.Nodes)
	if err != nil {
		return err
	}
	if chain.native.ID != cfg.Network.Native() {
		return fmt.Errorf("native.id: the coin of %s is %s", cfg.Network, cfg.Network.Native())
	}
	parts := &utxoParts{chain: chain}
	if parts.descriptor, err = utxo.ParseDescriptor(cfg.Network, chain.config.UTXO.Descriptor); err != nil {
		return fmt.Errorf("utxo.descriptor: %w", err)
	}
	if err := s.checkPolicy(chain); err != nil {
		return err
	}
	if parts.client, err = utxo.Dial(ctx, cfg); err != nil {
		return err
	}
	chain.family, chain.source = parts, utxo.NewSource(parts.client)
	if err := s.checkDescriptor(chain, parts.descriptor); err != nil {
		parts.client.Close()
		return fmt.Errorf("utxo.descriptor: %w", err)
	}
	if err := checkIndex(ctx, parts.client); err != nil {
		parts.client.Close()
		return err
	}
	if err := parts.wireOmni(ctx); err != nil {
		parts.close()
		return err
	}
	if chain.wallet, err = utxo.NewWallet(utxo.WalletConfig{
		Descriptor: parts.descriptor, Pool: parts.client, Fees: feesOf(chain.config.UTXO), Clock: time.Now, Omni: parts.omni, Log: s.log,
	}); err != nil {
		parts.client.Close()
		return err
	}
	chain.explainer = utxo.NewExplainer(utxo.ExplainConfig{
		Chain: chain.id, Native: chain.native.ID, Network: cfg.Network, Wallets: []utxo.Descriptor{parts.descriptor},
		MaxFee:     cancelFactor * configured(chain.config.PayoutFeeCap, chain.native.Decimals).Int().Uint64(),
		MaxFeeRate: maxExplainedRate,
		Omni:       chain.config.UTXO.Omni.Property,
	})
	return nil
}

// What the server's own reading of a transaction lets pass. A cancellation has to pay more
// than what it takes the place of; what may be paid at all is for the signers to say.
const (
	cancelFactor     = 2
	maxExplainedRate = 10_000 // sat/vB
)

// feesOf is what the configuration says about fees, which has been checked.
func feesOf(u config.UTXO) utxo.Fees {
	rate := func(text string) utxo.FeeRate {
		value, err := config.FeeRate(text)
		if err != nil {
			panic(fmt.Sprintf("the fee rate %q was not checked: %v", text, err))
		}
		return utxo.FeeRate(value)
	}
	return utxo.Fees{
		Blocks: u.FeeBlocks, Floor: rate(u.FeeFloor), Cap: rate(u.FeeCap), Fallback: rate(u.FeeFallback), LongTerm: rate(u.FeeLongTerm),
	}
}

// checkDescriptor demands that as many keys have to sign as the configuration says, and that
// the signers which answer hold enough of them, with the keys that sign by file, of which no
// signer holds one. A wallet may have more keys than there are signers: people may keep some.
func (s *server) checkDescriptor(chain *chainParts, d utxo.Descriptor) error {
	signing, cold := s.config.Signing, chain.config.UTXO.ColdKeys
	if own := chain.config.UTXO.Threshold; own != 0 && d.Threshold() != own {
		return fmt.Errorf("the wallet wants %d signatures, utxo.threshold is %d", d.Threshold(), own)
	} else if own == 0 && d.Threshold() != signing.Threshold {
		return fmt.Errorf("the wallet wants %d signatures, signing.threshold is %d; utxo.threshold is for a wallet that wants another number", d.Threshold(), signing.Threshold)
	}
	if n := len(d.Keys()); n < len(signing.Signers)+len(cold) {
		return fmt.Errorf("the wallet has %d keys, and there are %d signers and %d cold keys", n, len(signing.Signers), len(cold))
	}
	if err := checkColdKeys(d, cold); err != nil {
		return err
	}
	held := map[string]bool{}
	for _, one := range s.signers {
		for _, key := range one.info.Keys {
			for _, of := range d.Keys() {
				if key.Role == signer.RoleOwner && key.Chain == chain.id && (of.String() == key.Key || strings.HasSuffix(of.String(), "]"+key.Key)) {
					held[of.String()] = true
				}
			}
		}
	}
	for _, key := range cold {
		if held[key] {
			return fmt.Errorf("cold_keys: a signer holds %s", key)
		}
	}
	if len(held) < 1 || len(held)+len(cold) < d.Threshold() {
		return fmt.Errorf("the wallet wants %d signatures; the signers that answer hold %d keys of it, and %d sign by file", d.Threshold(), len(held), len(cold))
	}
	return nil
}

// checkColdKeys demands keys of the wallet.
func checkColdKeys(d utxo.Descriptor, cold []string) error {
	for _, key := range cold {
		if !slices.ContainsFunc(d.Keys(), func(k utxo.Key) bool { return k.String() == key }) {
			return fmt.Errorf("cold_keys: %s is not a key of the wallet; want one as the descriptor has it, without /<0;1>/*", key)
		}
	}
	return nil
}

// checkIndex demands nodes that know every transaction (-txindex): senders of deposits and
// what coins come from are looked up there.
func checkIndex(ctx context.Context, client *utxo.Client) error {
	var hash string
	if err := client.Call(ctx, &hash, "getblockhash", 1); err != nil {
		return fmt.Errorf("read the first block: %w", err)
	}
	var block struct {
		Tx []string `json:"tx"`
	}
	if err := client.Call(ctx, &block, "getblock", hash, 1); err != nil {
		return fmt.Errorf("read the first block: %w", err)
	}
	if len(block.Tx) == 0 {
		return errors.New("the first block has no transaction")
	}
	id, err := coffer.ParseHash("0x" + block.Tx[0])
	if err != nil {
		return fmt.Errorf("read the first block: %w", err)
	}
	if _, err := client.RawTransaction(ctx, id); err != nil {
		return fmt.Errorf("its nodes do not give the chain's first transaction: run them with -txindex: %w", err)
	}
	return nil
}

// deposits implements family.
func (u *utxoParts) deposits(_ *server, d *deposit.Chain) (credited []coffer.Asset, known []coffer.AssetID) {
	if u.descriptor.Ranged() {
		d.Indexed = u
	}
	d.Coins, d.Senders = u.chain.native.ID, u.client.Senders
	return u.chain.assets, nil
}

// DepositAddressAt implements deposit.Indexed.
func (u *utxoParts) DepositAddressAt(index uint32) (coffer.AddressProof, error) {
	return u.descriptor.AddressProof(utxo.PathOf(utxo.BranchReceive, index))
}

// payouts implements family.
func (u *utxoParts) payouts(s *server, p *payout.Chain) {
	p.Coins, p.Paths, p.Cold = s.deposits, []string{coffer.PathPSBT}, u.chain.config.UTXO.ColdKeys
	p.Threshold = u.descriptor.Threshold()
	p.Limits.MaxGas = maxBatchWeight
	p.Limits.ConsolidateOver = u.chain.config.UTXO.ConsolidateOver
	if u.omni != nil {
		p.Tokens = []coffer.AssetID{u.omni.Asset()}
	}
}

// maxBatchWeight lets payout_max_legs alone bound a batch.
const maxBatchWeight = 1 << 40

// home is the account of the address that names the wallet.
func (u *utxoParts) home() treasury.Place {
	return treasury.Place{Account: ledger.PrefixCustodyHot + string(u.descriptor.Address()), Asset: u.chain.native.ID}
}

// custody implements family. Addresses for change follow when there is something at them.
func (u *utxoParts) custody() []treasury.Place { return []treasury.Place{u.home()} }

// held implements family: the books of a wallet of coins begin before its first coin, with the
// block that start_height names, and read all that it ever had.
func (u *utxoParts) held(context.Context, treasury.Place, coffer.Hash) (coffer.Amount, error) {
	return coffer.Amount{}, nil
}

// houses implements family. The books of a chain are of one wallet.
func (u *utxoParts) houses(ctx context.Context, s *server, begun bool) error {
	if begun {
		missing, err := treasury.Missing(ctx, s.db.Pool(), u.custody())
		if err != nil {
			return err
		}
		if len(missing) > 0 {
			return fmt.Errorf("utxo.descriptor: the books of %s are of another wallet than %s", u.chain.id, u.descriptor.Address())
		}
	}
	if !begun && u.chain.config.StartHeight == 0 {
		s.log.Warn("the books begin empty, at the last final block: what this wallet was paid before is not seen. If it was, stop, "+
			"and set start_height to a block before its first payment", "chain", u.chain.id, "wallet", u.descriptor.Address())
	}
	return s.deposits.RegisterHouseAt(ctx, u.chain.id, u.descriptor.Address(), deposit.HouseHot, u.descriptor.Home())
}

func (u *utxoParts) adopted(context.Context, pgx.Tx, *server) error { return nil }

func (u *utxoParts) witness(ctx context.Context) (deposit.Headers, func(), error) {
	cfg, err := utxoConfig(u.chain.config, u.chain.config.UTXO.WitnessNodes)
	if err != nil {
		return nil, nil, err
	}
	client, err := utxo.Dial(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	return utxo.NewSource(client), client.Close, nil
}

func (u *utxoParts) close() {
	if u.omni != nil {
		u.omni.Close()
	}
	u.client.Close()
}
