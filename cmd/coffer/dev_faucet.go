package main

import (
	"context"
	"encoding/json"
	"math"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/evm"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/utxo"
)

// Bounds of the faucet.
const (
	faucetBody    = 4 << 10 // bytes of a request
	faucetTimeout = 30 * time.Second
	faucetBlocks  = 100 // made at once
)

// faucet gives away the test money of a stack's chains, and makes Bitcoin's blocks. It is for
// whoever develops against `coffer dev`, and listens on this machine only.
type faucet struct {
	address string // host and port
	assets  []faucetAsset
	mine    func(ctx context.Context, blocks int) error
	miner   coffer.ChainID // whose blocks are made when asked for
}

// faucetAsset is an asset that the faucet gives away.
type faucetAsset struct {
	id       coffer.AssetID
	symbol   string
	decimals uint8
	address  func(text string) (coffer.Address, error)
	pay      func(ctx context.Context, to coffer.Address, amount coffer.Amount) (coffer.Hash, error)
}

// startFaucet listens until ctx ends.
func (s *stack) startFaucet(ctx context.Context) (*faucet, error) {
	f := &faucet{assets: s.faucetAssets(), miner: s.bitcoin.chain, mine: func(ctx context.Context, blocks int) error {
		_, err := s.bitcoin.node.Mine(ctx, blocks)
		return err
	}}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f.address = listener.Addr().String()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /pay", answering(f.payHandler))
	mux.HandleFunc("POST /mine", answering(f.mineHandler))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: headerTimeout, ReadTimeout: faucetTimeout, WriteTimeout: 2 * faucetTimeout}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(listener) }() // ends with ctx
	return f, nil
}

// faucetAssets are the stack's assets.
func (s *stack) faucetAssets() []faucetAsset {
	var assets []faucetAsset
	for _, c := range s.chains {
		assets = append(assets,
			faucetAsset{c.usdt, "USDT", c.decimals, evm.ParseAddress, func(ctx context.Context, to coffer.Address, amount coffer.Amount) (coffer.Hash, error) {
				tx, err := c.pay(ctx, common.HexToAddress(string(to)), amount.Int().ToBig())
				return coffer.Hash(tx), err
			}},
			faucetAsset{c.native, c.symbol, 18, evm.ParseAddress, func(ctx context.Context, to coffer.Address, amount coffer.Amount) (coffer.Hash, error) {
				account := common.HexToAddress(string(to))
				receipt, err := c.anvil.Send(ctx, devnet.Call{To: &account, Value: amount.Int().ToBig()})
				if err != nil {
					return coffer.Hash{}, err
				}
				return coffer.Hash(receipt.TxHash), nil
			}})
	}
	regtest := func(text string) (coffer.Address, error) { return utxo.ParseAddress(utxo.Regtest, text) }
	assets = append(assets,
		faucetAsset{s.bitcoin.native, "BTC", 8, regtest, func(ctx context.Context, to coffer.Address, amount coffer.Amount) (coffer.Hash, error) {
			payment, err := s.bitcoin.node.Pay(ctx, to, int64(amount.Int().Uint64())) //nolint:gosec // payHandler's bound
			return payment.ID, err
		}},
		faucetAsset{s.bitcoin.omni.asset, "USDT", 8, regtest, func(ctx context.Context, to coffer.Address, amount coffer.Amount) (coffer.Hash, error) {
			payment, err := s.bitcoin.omni.holder.Send(ctx, utxo.OmniSimpleSend{Property: omniProperty, Amount: amount.Int().Uint64()}, to)
			return payment.ID, err
		}})
	if s.tron == nil {
		return assets
	}
	return append(assets,
		faucetAsset{s.tron.usdt, "USDT", 6, tron.ParseAddress, s.tron.paying(func(to tron.Address, amount int64) (coffer.Hash, error) {
			return s.tron.send(s.tron.token, to, amount)
		})},
		faucetAsset{s.tron.native, "TRX", 6, tron.ParseAddress, s.tron.paying(func(to tron.Address, amount int64) (coffer.Hash, error) {
			id, err := s.tron.faucet.Transfer(tronsim.Address(to), amount)
			return id, err
		})})
}

// paying is a payment of the faucet's by pay, with an address as others have it.
func (t *tronChain) paying(pay func(to tron.Address, amount int64) (coffer.Hash, error)) func(context.Context, coffer.Address, coffer.Amount) (coffer.Hash, error) {
	return func(_ context.Context, to coffer.Address, amount coffer.Amount) (coffer.Hash, error) {
		account, err := tron.CanonicalAddress(to)
		if err != nil {
			return coffer.Hash{}, err
		}
		return pay(account, int64(amount.Int().Uint64())) //nolint:gosec // payHandler's bound
	}
}

// payHandler gives money away: {"asset", "to", "amount"}, the amount in units with decimals.
func (f *faucet) payHandler(ctx context.Context, body *json.Decoder) (any, error) {
	var asked struct {
		Asset  coffer.AssetID `json:"asset"`
		To     string         `json:"to"`
		Amount string         `json:"amount"`
	}
	if err := body.Decode(&asked); err != nil {
		return nil, coffer.Invalid("body", `want {"asset", "to", "amount"}: %v`, err)
	}
	at := slices.IndexFunc(f.assets, func(one faucetAsset) bool { return one.id == asked.Asset })
	if at < 0 {
		ids := make([]string, len(f.assets))
		for i, one := range f.assets {
			ids[i] = string(one.id)
		}
		return nil, coffer.Invalid("asset", "%q is none of %s", asked.Asset, strings.Join(ids, ", "))
	}
	asset := f.assets[at]
	to, err := asset.address(asked.To)
	if err != nil {
		return nil, coffer.Invalid("to", "%v", err)
	}
	amount, err := coffer.ParseUnits(asked.Amount, asset.decimals)
	if err != nil {
		return nil, coffer.Invalid("amount", "%v", err)
	}
	if bound := coffer.NewAmount(math.MaxInt64); amount.IsZero() || asset.decimals < 18 && amount.Cmp(bound) > 0 {
		return nil, coffer.Invalid("amount", "%s is not above zero and at most %s", asked.Amount, bound.Units(asset.decimals))
	}
	tx, err := asset.pay(ctx, to, amount)
	if err != nil {
		return nil, err
	}
	return object{"tx": tx.String()}, nil
}

// mineHandler makes blocks: {"blocks"}.
func (f *faucet) mineHandler(ctx context.Context, body *json.Decoder) (any, error) {
	var asked struct {
		Blocks int `json:"blocks"`
	}
	if err := body.Decode(&asked); err != nil {
		return nil, coffer.Invalid("body", `want {"blocks"}: %v`, err)
	}
	if asked.Blocks < 1 || asked.Blocks > faucetBlocks {
		return nil, coffer.Invalid("blocks", "%d is not in 1 to %d", asked.Blocks, faucetBlocks)
	}
	if err := f.mine(ctx, asked.Blocks); err != nil {
		return nil, err
	}
	return object{"chain": f.miner, "blocks": asked.Blocks}, nil
}

// answering is a handler that reads JSON and answers with JSON: {"error"} where it fails.
func answering(handle func(ctx context.Context, body *json.Decoder) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), faucetTimeout)
		defer cancel()
		body := json.NewDecoder(http.MaxBytesReader(w, r.Body, faucetBody))
		body.DisallowUnknownFields()
		answer, err := handle(ctx, body)
		status := http.StatusOK
		switch {
		case err != nil && coffer.ErrorCode(err) == coffer.CodeInvalid:
			status = http.StatusBadRequest
		case err != nil:
			status = http.StatusBadGateway
		}
		if err != nil {
			answer = object{"error": err.Error()}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer) // the client may have gone
	}
}

// tell says how to use it.
func (f *faucet) tell(say func(format string, args ...any)) {
	say("  faucet     http://%s gives test money away:", f.address)
	say(`    curl -s http://%s/pay -d '{"asset": "%s", "to": "…", "amount": "12.5"}'`, f.address, f.assets[0].id)
	for _, asset := range f.assets {
		say("      %-5s %s", asset.symbol, asset.id)
	}
	say(`    curl -s http://%s/mine -d '{"blocks": 1}' makes blocks of Bitcoin; the other chains make one each second`, f.address)
}
