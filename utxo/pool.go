package utxo

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"

	"github.com/cofferhq/coffer"
)

// maxSpenders bounds the coins that one call asks for.
const maxSpenders = 500

// ErrNoEstimate is returned while a node cannot estimate fees.
var ErrNoEstimate = errors.New("no estimate")

// EstimateFee returns the fee rate at which one node expects a transaction to be in one of so
// many blocks, or ErrNoEstimate.
func (c *Client) EstimateFee(ctx context.Context, blocks uint32) (FeeRate, error) {
	var smart struct {
		FeeRate json.Number `json:"feerate"` // BTC per 1000 vbytes
		Errors  []string    `json:"errors"`
	}
	err := c.Call(ctx, &smart, "estimatesmartfee", blocks)
	if Classify(err) == UnknownMethod { // btcd
		err = c.Call(ctx, &smart.FeeRate, "estimatefee", blocks)
	}
	if err != nil {
		return 0, fmt.Errorf("estimate fee: %w", err)
	}
	rate, err := bitcoins(smart.FeeRate)
	if err != nil || rate == 0 {
		return 0, fmt.Errorf("estimate fee: %w: %.40q %.200q", ErrNoEstimate, smart.FeeRate, smart.Errors)
	}
	return FeeRate(rate), nil
}

// decimal is what nodes write for amounts of bitcoin. The bound on the exponent is one on the
// work of reading it.
var decimal = regexp.MustCompile(`^[0-9]{1,20}(\.[0-9]{1,40})?([eE][-+]?[0-9]{1,2})?$`)

// bitcoins reads an amount of bitcoin in satoshis, exactly; parts of one are cut off.
func bitcoins(text json.Number) (uint64, error) {
	if !decimal.MatchString(text.String()) {
		return 0, fmt.Errorf("%.60q is no amount of bitcoin", text)
	}
	amount, ok := new(big.Rat).SetString(text.String())
	if !ok {
		return 0, fmt.Errorf("%.60q is no amount of bitcoin", text)
	}
	amount.Mul(amount, big.NewRat(100_000_000, 1))
	whole := new(big.Int).Quo(amount.Num(), amount.Denom())
	if !whole.IsUint64() || whole.Uint64() > MaxMoney {
		return 0, fmt.Errorf("%.60q bitcoin are more than there are", text)
	}
	return whole.Uint64(), nil
}

// Unspent is an output of a block that no block spends.
type Unspent struct {
	Script        []byte
	Amount        uint64 // satoshis
	Confirmations uint64
	Coinbase      bool
}

// Unspent returns what one node says of an output: coffer.ErrNotFound where it is spent in the
// chain, or is not in it. What waits in the pool does not count.
func (c *Client) Unspent(ctx context.Context, coin coffer.CoinID) (Unspent, error) {
	tx, place, err := coin.Parts()
	if err != nil {
		return Unspent{}, err
	}
	var out *struct {
		Confirmations uint64      `json:"confirmations"`
		Value         json.Number `json:"value"`
		Coinbase      bool        `json:"coinbase"`
		Script        struct {
			Hex string `json:"hex"`
		} `json:"scriptPubKey"`
	}
	if err := c.Call(ctx, &out, "gettxout", hexOf(tx), place, false); err != nil {
		return Unspent{}, fmt.Errorf("coin %s: %w", coin, notFound(err))
	}
	if out == nil {
		return Unspent{}, fmt.Errorf("coin %s: %w", coin, coffer.ErrNotFound)
	}
	amount, err := bitcoins(out.Value)
	if err != nil {
		return Unspent{}, fmt.Errorf("coin %s: %w", coin, err)
	}
	script, err := hex.DecodeString(out.Script.Hex)
	if err != nil {
		return Unspent{}, fmt.Errorf("coin %s: script: %w", coin, err)
	}
	return Unspent{Script: script, Amount: amount, Confirmations: out.Confirmations, Coinbase: out.Coinbase}, nil
}

// TestMempoolAccept asks one node whether its pool would take a transaction. Errors are for
// Classify, UnknownMethod among them.
func (c *Client) TestMempoolAccept(ctx context.Context, raw []byte) error {
	var results []struct {
		Allowed bool   `json:"allowed"`
		Reason  string `json:"reject-reason"`
	}
	if err := c.Call(ctx, &results, "testmempoolaccept", []string{hex.EncodeToString(raw)}); err != nil {
		return fmt.Errorf("test: %w", err)
	}
	if len(results) != 1 {
		return fmt.Errorf("test: the node answered for %d transactions, not for one", len(results))
	}
	if !results[0].Allowed {
		return fmt.Errorf("test: %w", &refusal{Code: codeRejected, Message: results[0].Reason})
	}
	return nil
}

// PoolSpenders returns which of these outputs a transaction in one node's pool spends, and
// which it is.
func (c *Client) PoolSpenders(ctx context.Context, coins []coffer.CoinID) (map[coffer.CoinID]coffer.Hash, error) {
	spenders := map[coffer.CoinID]coffer.Hash{}
	for len(coins) > 0 {
		part := coins[:min(len(coins), maxSpenders)]
		coins = coins[len(part):]
		if err := c.poolSpenders(ctx, part, spenders); err != nil {
			return nil, fmt.Errorf("spenders: %w", err)
		}
	}
	return spenders, nil
}

func (c *Client) poolSpenders(ctx context.Context, coins []coffer.CoinID, spenders map[coffer.CoinID]coffer.Hash) error {
	type outpoint struct {
		Tx    string `json:"txid"`
		Place uint32 `json:"vout"`
	}
	asked := make([]outpoint, len(coins))
	for n, coin := range coins {
		tx, place, err := coin.Parts()
		if err != nil {
			return err
		}
		asked[n] = outpoint{hexOf(tx), place}
	}
	var results []struct {
		outpoint
		Spender string `json:"spendingtxid"`
	}
	if err := c.Call(ctx, &results, "gettxspendingprevout", asked); err != nil {
		return err
	}
	if len(results) != len(asked) {
		return fmt.Errorf("the node answered for %d outputs, not for %d", len(results), len(asked))
	}
	for n, result := range results {
		if result.outpoint != asked[n] {
			return fmt.Errorf("the node answered for another output than %s", coins[n])
		}
		if result.Spender == "" {
			continue
		}
		spender, err := parseHash(result.Spender)
		if err != nil {
			return fmt.Errorf("spender of %s: %w", coins[n], err)
		}
		spenders[coins[n]] = spender
	}
	return nil
}
