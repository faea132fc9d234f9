package sim_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
	"github.com/cofferhq/coffer/withdrawal"
)

// call sends a call of a token with a method of ERC-20.
func (w *tronWorld) call(token tronsim.Address, feeLimit int64, method string, arguments ...any) coffer.Hash {
	w.t.Helper()
	data, err := w.abi.Pack(method, arguments...)
	w.must(err)
	id, err := w.faucet.Call(token, data, 0, feeLimit)
	w.must(err)
	return id
}

// rows counts what is kept of deposits, withdrawals and the books.
func (w *tronWorld) rows() (n int) {
	w.t.Helper()
	err := w.db.Pool().QueryRow(w.t.Context(), `
		select (select count(*) from deposit) + (select count(*) from ledger_entry)
		     + (select count(*) from withdrawal) + (select count(*) from withdrawal_requests)`).Scan(&n)
	w.must(err)
	return n
}

// TestWhatOnlyLooksLikeADepositOnTRON pays an address in all the ways that people are deceived
// with. None of it is a deposit, nor in the books.
func TestWhatOnlyLooksLikeADepositOnTRON(t *testing.T) {
	w := newTRON(t)
	ann, err := w.deposits.IssueAddress(t.Context(), "acme", "ann", w.id)
	w.must(err)
	at, err := tron.CanonicalAddress(ann.Address)
	w.must(err)
	to, poisoner := common.Address(at), tronsim.AddressOf(tronsim.KeyOf("poisoner", 0))
	tokens := func(n int64) *big.Int { return big.NewInt(n * usdtUnits) }

	// A token of the chain's own (TRC-10), whatever it calls itself.
	const named = "1000001"
	w.sim.SetAsset(w.faucet.Address, named, 500*usdtUnits)
	trc10, err := w.faucet.Send(tronpb.Transaction_Contract_TransferAssetContract, &tronpb.TransferAssetContract{
		OwnerAddress: tronsim.Wire(w.faucet.Address), ToAddress: tronsim.Wire(to), AssetName: []byte(named), Amount: 500 * usdtUnits,
	}, nil)
	w.must(err)
	succeed := map[string]coffer.Hash{
		"a TRC-10 token":                        trc10,
		"a token that says it is USDT":          w.send(w.fake, ann.Address, 500*usdtUnits),
		"a transfer of nothing":                 w.send(w.token, ann.Address, 0),
		"a transfer of nothing of a look-alike": w.send(w.fake, ann.Address, 0),
		// Anybody may move nothing from anybody: wallets then show an address that looks known.
		"nothing that somebody moved from it":      w.call(w.token, 100*trxUnits, "transferFrom", to, poisoner, tokens(0)),
		"nothing that somebody moved to it":        w.call(w.token, 100*trxUnits, "transferFrom", poisoner, to, tokens(0)),
		"that it lets somebody else move its USDT": w.call(w.token, 100*trxUnits, "approve", to, tokens(5)),
	}
	fail := map[tronpb.Transaction_ResultContractResult]coffer.Hash{
		tronpb.Transaction_Result_REVERT:        w.call(w.token, 100*trxUnits, "transfer", to, tokens(2_000_000)), // more than there is
		tronpb.Transaction_Result_OUT_OF_ENERGY: w.call(w.token, trxUnits, "transfer", to, tokens(100)),
	}
	before := w.rows()
	w.mine(tronSolid + 5)

	for name, id := range succeed {
		if info := w.sim.Info(id); info.GetBlockNumber() == 0 || info.GetResult() == tronpb.TransactionInfo_FAILED {
			t.Errorf("%s is not in a block, or failed: %v", name, info)
		}
	}
	for want, id := range fail {
		if info := w.sim.Info(id); info.GetReceipt().GetResult() != want {
			t.Errorf("want %s, got %v", want, info)
		}
	}
	if after := w.rows(); after != before {
		t.Errorf("%d rows more", after-before)
	}
	w.wantBalance("ann", w.usdt, 0, 0)
	w.wantBalance("ann", tron.Native(w.id), 0, 0)

	w.send(w.token, ann.Address, 100*usdtUnits)
	w.mine(2)
	w.wantBalance("ann", w.usdt, 0, 100*usdtUnits)
}

// TestABadRequestOnTRONNamesTheFieldAndChangesNothing asks for withdrawals that the chain cannot
// pay, or that would be lost.
func TestABadRequestOnTRONNamesTheFieldAndChangesNothing(t *testing.T) {
	w := newTRON(t)
	ann, err := w.deposits.IssueAddress(t.Context(), "acme", "ann", w.id)
	w.must(err)
	w.send(w.token, ann.Address, 100*usdtUnits)
	w.mine(tronSolid + 5)
	w.wantBalance("ann", w.usdt, 100*usdtUnits, 0)

	good := string(tron.AddressOf(tron.AddressOfKey(tronsim.KeyOf("stranger", 0).PublicKey)))
	parsed, err := tron.CanonicalAddress(coffer.Address(good))
	w.must(err)
	digits := common.Bytes2Hex(parsed.Bytes())
	token := string(tron.AddressOf(tron.Address(w.token)))
	before := w.rows()
	for name, c := range map[string]struct {
		change      func(r *withdrawal.Request)
		field, says string
	}{
		"an EVM address":        {func(r *withdrawal.Request) { r.Destination = "0xdAC17F958D2ee523a2206206994597C13D831ec7" }, "destination", "EVM"},
		"its digits alone":      {func(r *withdrawal.Request) { r.Destination = digits[2:] }, "destination", "EVM"},
		"both forms":            {func(r *withdrawal.Request) { r.Destination = "41" + good }, "destination", "base58check"},
		"half of each":          {func(r *withdrawal.Request) { r.Destination = good[:17] + digits[21:] }, "destination", "base58check"},
		"hex with 0x":           {func(r *withdrawal.Request) { r.Destination = "0x" + digits }, "destination", "base58check"},
		"a wrong checksum":      {func(r *withdrawal.Request) { r.Destination = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6T" }, "destination", "checksum"},
		"a Bitcoin address":     {func(r *withdrawal.Request) { r.Destination = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2" }, "destination", "another chain"},
		"the zero address":      {func(r *withdrawal.Request) { r.Destination = "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb" }, "destination", "nobody"},
		"the token contract":    {func(r *withdrawal.Request) { r.Destination = token }, "destination", "token contract"},
		"the token in hex":      {func(r *withdrawal.Request) { r.Destination = common.Bytes2Hex(tronsim.Wire(w.token)) }, "destination", "token contract"},
		"our own account":       {func(r *withdrawal.Request) { r.Destination = string(w.hot.Name()) }, "destination", "custody itself"},
		"the customer's own":    {func(r *withdrawal.Request) { r.Destination = string(ann.Address) }, "destination", "own deposit"},
		"a memo":                {func(r *withdrawal.Request) { r.Memo = "7" }, "memo", "no memos"},
		"a token it is not":     {func(r *withdrawal.Request) { r.Asset = tron.TokenAsset(w.id, tron.Address(w.fake)) }, "asset", "not an asset"},
		"a TRC-10 token":        {func(r *withdrawal.Request) { r.Asset = coffer.NewAssetID(w.id, "trc10", "1000001") }, "asset", "not an asset"},
		"TRX above int64":       {func(r *withdrawal.Request) { r.Asset, r.Amount = tron.Native(w.id), "9223372036854.775808" }, "amount", "2^63-1 sun"},
		"more than a token has": {func(r *withdrawal.Request) { r.Amount = strings.Repeat("9", 78) }, "amount", "too large"},
		"half of a unit":        {func(r *withdrawal.Request) { r.Amount = "1.0000005" }, "amount", "6 decimal places"},
	} {
		r := withdrawal.Request{Tenant: "acme", Account: "ann", IdempotencyKey: "bad", Chain: w.id, Asset: w.usdt, Destination: good, Amount: "40"}
		c.change(&r)
		made, err := w.withdrawals.Request(t.Context(), r)
		var e *coffer.Error
		if !errors.As(err, &e) || e.Code != coffer.CodeInvalid || e.Field != c.field || !strings.Contains(e.Message, c.says) {
			t.Errorf("%s: %+v, %v; want %s saying %q", name, made, err, c.field, c.says)
		}
		if after := w.rows(); after != before {
			t.Fatalf("%s: %d rows more", name, after-before)
		}
	}
	w.wantBalance("ann", w.usdt, 100*usdtUnits, 0)

	// Hex digits are an address all the same; no key was used up.
	asked, err := w.withdrawals.Request(t.Context(), withdrawal.Request{
		Tenant: "acme", Account: "ann", IdempotencyKey: "bad", Chain: w.id, Asset: w.usdt, Destination: digits, Amount: "40",
	})
	if err != nil || asked.Order.Destination != coffer.Address(good) {
		t.Errorf("%+v, %v", asked.Order, err)
	}
}
