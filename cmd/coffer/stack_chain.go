package main

import (
	"context"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/devnet"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/rpc"
	"golang.org/x/sync/errgroup"
)

// devChain is one chain of a stack: a node of its own, with the contracts, a Safe of the
// stack's signers and a factory of deposit addresses.
type devChain struct {
	title    string // for people
	number   uint64 // EIP-155
	coin     string // SLIP-44
	symbol   string // of the native asset
	dollar   string // name of its USDT in the policy
	decimals uint8  // of its USDT
	credit   uint64 // confirmations until a deposit counts
	unlock   uint64
	path     string // of payouts

	// front puts something between the server and the node, and returns its URL. Nil: nothing.
	front func(ctx context.Context, node string) (string, error)

	chain     coffer.ChainID
	anvil     *devnet.Anvil
	rpc       string // what the server asks
	contracts devnet.Contracts
	usdt      coffer.AssetID
	native    coffer.AssetID
	safe      common.Address
	factory   common.Address
}

// devChains are what a development stack runs: one chain as Ethereum is, one as BSC is,
// whose USDT has 18 decimals and whose deposits want six confirmations.
func devChains() []*devChain {
	return []*devChain{
		{title: "Ethereum-like", number: 31337, coin: "60", symbol: "ETH", dollar: "USDT", decimals: 6, credit: 2, unlock: 4, path: coffer.PathUserOp},
		{title: "BSC-like", number: 56, coin: "714", symbol: "BNB", dollar: "USDT-BSC", decimals: 18, credit: 6, unlock: 6, path: config.PathAuto},
	}
}

// on returns the stack with another of its chains in front. The processes are shared.
func (s *stack) on(chain *devChain) *stack {
	other := *s
	other.devChain = chain
	return &other
}

// eachChain does something for all chains at once.
func (s *stack) eachChain(ctx context.Context, do func(ctx context.Context, c *devChain) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, c := range s.chains {
		group.Go(func() error {
			if err := do(ctx, c); err != nil {
				return fmt.Errorf("%s: %w", c.title, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// start runs the chain's node and deploys the contracts.
func (c *devChain) start(ctx context.Context, statePath string) (err error) {
	c.anvil, err = devnet.Start(ctx, devnet.Config{ChainID: c.number, TokenDecimals: c.decimals})
	if err != nil {
		return err
	}
	c.rpc = c.anvil.URL
	if c.front != nil {
		if c.rpc, err = c.front(ctx, c.anvil.URL); err != nil {
			return err
		}
	}
	if c.contracts, err = c.anvil.Deploy(ctx); err != nil {
		return err
	}
	c.chain = coffer.ChainID(coffer.NamespaceEVM + ":" + strconv.FormatUint(c.number, 10))
	c.usdt = coffer.NewAssetID(c.chain, coffer.AssetERC20, c.contracts.Token.Hex())
	c.native = coffer.NewAssetID(c.chain, coffer.AssetNative, c.coin)
	return nil
}

// fund makes the Safe and gives it what it pays with, gives the executors their gas, and
// waits until all of that is final. From then on the node makes a block each second.
func (c *devChain) fund(ctx context.Context, owners, executors []common.Address) (err error) {
	if c.safe, err = c.anvil.CreateSafe(ctx, c.contracts, owners, stackThreshold, 0); err != nil {
		return err
	}
	if c.factory, err = c.anvil.DeployForwarderFactory(ctx, c.safe); err != nil {
		return err
	}
	if _, err := c.anvil.Issue(ctx, c.contracts, c.safe, c.units(5_000)); err != nil {
		return err
	}
	if _, err := c.anvil.Issue(ctx, c.contracts, c.anvil.Faucet(), c.units(100_000)); err != nil {
		return err
	}
	if _, err := c.anvil.DepositTo(ctx, c.contracts, c.safe, ether(1)); err != nil {
		return err
	}
	for i, executor := range executors {
		// The first one is rich: it fills up the others and the Safe's deposit.
		if _, err := c.anvil.FundNative(ctx, executor, ether(int64(10/(1+9*i)))); err != nil {
			return err
		}
	}
	if err := c.anvil.Mine(ctx, finalityBlocks); err != nil {
		return err
	}
	if err := c.anvil.SetAutomine(ctx, false); err != nil {
		return err
	}
	return c.anvil.RPC().CallContext(ctx, nil, "evm_setIntervalMining", blockTime)
}

// finality waits until the block that is the latest now is final.
func (c *devChain) finality(ctx context.Context) error {
	const poll = 100 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	latest, err := c.anvil.Eth().BlockNumber(ctx)
	if err != nil {
		return err
	}
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		final, err := c.anvil.Eth().HeaderByNumber(ctx, big.NewInt(int64(rpc.FinalizedBlockNumber)))
		if err != nil {
			return err
		}
		if final.Number.Uint64() >= latest {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("block %d is not final: %w", latest, ctx.Err())
		case <-ticker.C:
		}
	}
}

// units are whole USDT of the chain in base units.
func (c *devChain) units(n int64) *big.Int {
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(c.decimals)), nil)
	return unit.Mul(unit, big.NewInt(n))
}

// tooFine is an amount of USDT with a decimal place too many.
func (c *devChain) tooFine() string { return "1." + strings.Repeat("0", int(c.decimals)) + "1" }

// pay sends USDT from a customer's own wallet, and returns the transaction.
func (c *devChain) pay(ctx context.Context, to common.Address, amount *big.Int) (common.Hash, error) {
	token := bindings.NewTestToken()
	receipt, err := c.anvil.Send(ctx, devnet.Call{To: &c.contracts.Token, Data: token.PackTransfer(to, amount)})
	if err != nil {
		return common.Hash{}, err
	}
	return receipt.TxHash, nil
}

// paidExactly checks a destination's balance on the chain.
func (c *devChain) paidExactly(ctx context.Context, to common.Address, amount *big.Int) error {
	balance, err := c.anvil.TokenBalance(ctx, c.contracts, to)
	if err != nil {
		return err
	}
	if balance.Cmp(amount) != 0 {
		return fmt.Errorf("%s has %s base units, want %s", to, balance, amount)
	}
	return nil
}

// policyRules are the chain's limits in the development policy, by kind of rule.
func (c *devChain) policyRules() map[string][]object {
	return map[string][]object{
		"order_limits": {
			{"name": c.dollar + " per order", "enforced_by": "signer", "asset": c.dollar, "max": stackOrderLimit},
			{"name": c.symbol + " per order", "enforced_by": "signer", "asset": c.symbol, "max": "1"},
		},
		"velocity": {
			{"name": c.dollar + " per account and day", "enforced_by": "coordinator", "asset": c.dollar, "per": "account", "max": stackDailyLimit},
			{"name": c.dollar + " per day", "enforced_by": "signer", "asset": c.dollar, "per": "asset", "max": stackDailyLimit},
			{"name": c.symbol + " per day", "enforced_by": "signer", "asset": c.symbol, "per": "asset", "max": "5"},
		},
		"approvals": {
			{"name": "two people above " + stackApprovalAbove + " " + c.dollar, "enforced_by": "signer", "asset": c.dollar, "above": stackApprovalAbove, "people": 2},
		},
		"fee_limits": {
			{"name": c.symbol + " for fees", "enforced_by": "signer", "asset": c.symbol, "max": "0.1", "daily": "20"},
		},
		"sweeps": {
			{"name": "sweeps of " + c.title, "enforced_by": "signer", "fees": c.symbol, "assets": []string{c.dollar, c.symbol}, "daily": "2"},
		},
	}
}

// policyAssets are the chain's assets in the policy.
func (c *devChain) policyAssets() []object {
	return []object{
		{"name": c.dollar, "id": string(c.usdt), "decimals": c.decimals},
		{"name": c.symbol, "id": string(c.native), "decimals": 18},
	}
}

// signerSection is the chain in a signer's configuration.
func (c *devChain) signerSection() object {
	return object{
		"chain": string(c.chain), "native": string(c.native), "owner": "owner",
		"entry_point": c.contracts.EntryPoint.Hex(), "module": c.contracts.Safe4337Module.Hex(),
		"multi_send": c.contracts.MultiSendCallOnly.Hex(), "wallets": []string{c.safe.Hex()}, "rpc": []string{c.anvil.URL},
	}
}

// executorSigners names the signers that hold a gas key.
func executorSigners() []string {
	names := make([]string, stackExecutors)
	for i := range names {
		names[i] = signerName(i)
	}
	return names
}

// serverSection is the chain in the server's configuration.
func (c *devChain) serverSection() object {
	return object{
		"id": string(c.chain), "rpc": []string{c.rpc},
		"native": object{"id": string(c.native), "symbol": c.symbol, "decimals": 18, "credit": c.credit, "unlock": c.unlock, "withdraw_fee": "0.0005"},
		"assets": []object{{
			"id": string(c.usdt), "symbol": "USDT", "decimals": c.decimals, "min_deposit": "1", "min_withdraw": "1", "withdraw_fee": "0.5",
			"credit": c.credit, "unlock": c.unlock,
		}},
		"entry_point": c.contracts.EntryPoint.Hex(), "module": c.contracts.Safe4337Module.Hex(),
		"multi_send": c.contracts.MultiSendCallOnly.Hex(), "forwarder_factory": c.factory.Hex(),
		"wallet": c.safe.Hex(), "guard": c.contracts.Guard.Hex(), "payout_path": c.path, "executor_signers": executorSigners(),
		"refill":           object{"deposit_min": "1.5", "deposit_target": "2", "executor_min": "2", "executor_target": "4", "at_once": "5"},
		"bundler_rpc":      true,
		"native_transfers": "traces",
		"sweep": object{
			"assets":   []object{{"asset": string(c.usdt), "min": "5", "native_price": "3000"}, {"asset": string(c.native), "min": "0.01"}},
			"interval": "1h", // or when asked for
		},
		"poll_interval": "100ms", "silent_after": "30s", "payout_retry": "1s",
	}
}
