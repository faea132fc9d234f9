package withdrawal_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/withdrawal"
)

func TestABadRequestNamesTheFieldAndChangesNothing(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, 100_000_000)
	tests := []struct {
		name   string
		change func(*withdrawal.Request)
		code   coffer.Code
		field  string
		says   string
	}{
		{"no key", func(r *withdrawal.Request) { r.IdempotencyKey = "" }, coffer.CodeInvalid, "idempotencyKey", "missing"},
		{"a long key", func(r *withdrawal.Request) { r.IdempotencyKey = strings.Repeat("k", 256) }, coffer.CodeInvalid, "idempotencyKey", "255"},
		{"a key with a zero byte", func(r *withdrawal.Request) { r.IdempotencyKey = "a\x00" }, coffer.CodeInvalid, "idempotencyKey", "control"},
		{"another tenant's account", func(r *withdrawal.Request) { r.Account = "theirs" }, coffer.CodeNotFound, "account", "no such"},
		{"an unknown chain", func(r *withdrawal.Request) { r.Chain = btc }, coffer.CodeInvalid, "chain", "not a chain"},
		{"an unknown asset", func(r *withdrawal.Request) { r.Asset = "eip155:31337/erc20:0x1" }, coffer.CodeInvalid, "asset", "not an asset"},
		{"no destination", func(r *withdrawal.Request) { r.Destination = "" }, coffer.CodeInvalid, "destination", "missing"},
		{"no address", func(r *withdrawal.Request) { r.Destination = "0x12" }, coffer.CodeInvalid, "destination", "40 hex"},
		{"a wrong checksum", func(r *withdrawal.Request) { r.Destination = strings.Replace(payee, "C5", "c5", 1) }, coffer.CodeInvalid, "destination", "checksum"},
		{"the zero address", func(r *withdrawal.Request) { r.Destination = "0x0000000000000000000000000000000000000000" }, coffer.CodeInvalid, "destination", "zero address"},
		{"the token contract", func(r *withdrawal.Request) { r.Destination = token }, coffer.CodeInvalid, "destination", "token contract"},
		{"the token contract in lower case", func(r *withdrawal.Request) { r.Destination = strings.ToLower(token) }, coffer.CodeInvalid, "destination", "token contract"},
		{"a house address", func(r *withdrawal.Request) { r.Destination = house }, coffer.CodeInvalid, "destination", "custody itself"},
		{"the account's own address", func(r *withdrawal.Request) { r.Destination = own }, coffer.CodeInvalid, "destination", "own deposit"},
		{"a memo", func(r *withdrawal.Request) { r.Memo = "42" }, coffer.CodeInvalid, "memo", "no memos"},
		{"no amount", func(r *withdrawal.Request) { r.Amount = "" }, coffer.CodeInvalid, "amount", "missing"},
		{"a word", func(r *withdrawal.Request) { r.Amount = "ten" }, coffer.CodeInvalid, "amount", "decimal number"},
		{"an exponent", func(r *withdrawal.Request) { r.Amount = "1e3" }, coffer.CodeInvalid, "amount", "decimal number"},
		{"a negative amount", func(r *withdrawal.Request) { r.Amount = "-10" }, coffer.CodeInvalid, "amount", "decimal number"},
		{"zero", func(r *withdrawal.Request) { r.Amount = "0.000000" }, coffer.CodeInvalid, "amount", "more than zero"},
		{"too precise", func(r *withdrawal.Request) { r.Amount = "10.0000001" }, coffer.CodeInvalid, "amount", "6 decimal places"},
		{"too large for the chain", func(r *withdrawal.Request) { r.Amount = strings.Repeat("9", 78) }, coffer.CodeInvalid, "amount", "too large"},
		{"too large with the fee", func(r *withdrawal.Request) {
			r.Amount = "115792089237316195423570985008687907853269984665640564039457584007913129.639935"
		}, coffer.CodeInvalid, "amount", "too large"},
		{"below the minimum", func(r *withdrawal.Request) { r.Amount = "4.999999" }, coffer.CodeInvalid, "amount", "minimum of 5 USDT"},
		{"more than available", func(r *withdrawal.Request) { r.Amount = "100.000001" }, coffer.CodeInsufficient, "", ""},
		{"available without the fee", func(r *withdrawal.Request) { r.Amount = "100" }, coffer.CodeInsufficient, "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := good("bad", "10")
			test.change(&r)

			_, err := b.Request(t.Context(), r)

			var e *coffer.Error
			if !errors.As(err, &e) {
				t.Fatalf("error = %v, want a coffer.Error", err)
			}
			if e.Code != test.code || (test.field != "" && e.Field != test.field) || !strings.Contains(e.Message, test.says) {
				t.Errorf("error = %v, want %s %s saying %q", err, test.code, test.field, test.says)
			}
			var rows int
			if err := b.db.Pool().QueryRow(t.Context(), `select (select count(*) from withdrawal) + (select count(*) from withdrawal_requests) + (select count(*) from stream_outbox)`).Scan(&rows); err != nil {
				t.Fatal(err)
			}
			if rows != 0 {
				t.Errorf("%d rows were left behind", rows)
			}
			b.balance(account, 100_000_000, 0)
		})
	}

	// The key was not used up by any of them.
	b.request("bad", "10")
}

// choosy is a chain that does not pay less than 7 USDT to anybody.
type choosy struct{ parser }

func (choosy) CheckPayment(_ coffer.Address, asset coffer.AssetID, amount coffer.Amount) error {
	if asset == usdt && amount.Cmp(coffer.NewAmount(7_000_000)) < 0 {
		return coffer.Invalid("amount", "is dust")
	}
	return nil
}

func TestAChainMayRefuseToPayAnAmount(t *testing.T) {
	b := newBench(t, func(c *withdrawal.Config) {
		c.Parsers = map[coffer.ChainID]withdrawal.AddressParser{chain: choosy{}}
	})
	b.fund(account, usdt, 100_000_000)
	_, err := b.Request(t.Context(), good("k1", "6.999999"))
	var e *coffer.Error
	if !errors.As(err, &e) || e.Code != coffer.CodeInvalid || e.Field != "amount" {
		t.Errorf("a payment that the chain refuses: %v", err)
	}
	b.balance(account, 100_000_000, 0)
	b.request("k1", "7")

	inside := good("k2", "5") // nothing is sent to the chain
	inside.Destination = friend
	if _, err := b.Request(t.Context(), inside); err != nil {
		t.Errorf("a book transfer: %v", err)
	}
}

func TestARequestHoldsAmountAndFeeAndSaysSo(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, 100_000_000)

	w := b.request("k1", "12.50")

	if w.State != coffer.WithdrawalRequested || w.Amount != coffer.NewAmount(12_500_000) || w.Fee != coffer.NewAmount(1_000_000) || w.OrderHash != w.Order.Hash() {
		t.Errorf("withdrawal = %+v", w)
	}
	if stored := b.state(w.ID, coffer.WithdrawalRequested); stored.OrderHash != w.OrderHash || stored.CreatedAt != w.CreatedAt || stored.Expires != w.Expires {
		t.Errorf("stored %+v, returned %+v", stored, w)
	}
	b.balance(account, 86_500_000, 13_500_000)
	if got := b.events(w.ID); len(got) != 1 || got[0] != "requested" {
		t.Errorf("events = %v", got)
	}
}

func TestARetryReturnsTheSameWithdrawalWhateverHappenedSince(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, 100_000_000)
	first := b.request("k1", "50")
	b.settleDown()

	b.owners[payee] = withdrawal.Owner{Kind: withdrawal.OwnerHouse} // would be refused today
	again, err := b.Request(t.Context(), good("k1", "50"))

	if err != nil || again.ID != first.ID || again.State != coffer.WithdrawalApproved {
		t.Errorf("retry = %s %s, %v; want %s approved", again.ID, again.State, err, first.ID)
	}
	b.balance(account, 49_000_000, 51_000_000)
}

func TestAKeyIsBoundToItsRequest(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, 100_000_000)
	b.fund("acct_2", usdt, 100_000_000)
	b.request("k1", "50")
	for name, change := range map[string]func(*withdrawal.Request){
		"amount":      func(r *withdrawal.Request) { r.Amount = "51" },
		"destination": func(r *withdrawal.Request) { r.Destination = banned },
		"account":     func(r *withdrawal.Request) { r.Account = "acct_2" },
		"asset":       func(r *withdrawal.Request) { r.Asset = ether },
		"memo":        func(r *withdrawal.Request) { r.Memo = "1" },
	} {
		r := good("k1", "50")
		change(&r)
		if _, err := b.Request(t.Context(), r); coffer.ErrorCode(err) != coffer.CodeIdempotency {
			t.Errorf("another %s under the same key: %v, want IDEMPOTENCY", name, err)
		}
	}
	b.balance(account, 49_000_000, 51_000_000)
	b.balance("acct_2", 100_000_000, 0)
}

func TestRequestsRacingForOneBalanceTakeItOnce(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, 101_000_000)
	const racers = 8

	errs := make([]error, racers)
	var group sync.WaitGroup
	for i := range racers {
		group.Go(func() {
			_, errs[i] = b.Request(t.Context(), good("k"+string(rune('a'+i)), "60"))
		})
	}
	group.Wait()

	accepted := 0
	for _, err := range errs {
		switch {
		case err == nil:
			accepted++
		case coffer.ErrorCode(err) != coffer.CodeInsufficient:
			t.Errorf("a loser got %v, want INSUFFICIENT", err)
		}
	}
	if accepted != 1 {
		t.Errorf("%d requests were accepted, want 1", accepted)
	}
	b.balance(account, 40_000_000, 61_000_000)
}

func TestRacingRetriesOfOneRequestMakeOneWithdrawal(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, 101_000_000)
	const racers = 8

	ids := make([]string, racers)
	var group sync.WaitGroup
	for i := range racers {
		group.Go(func() {
			w, err := b.Request(t.Context(), good("same", "20"))
			if err != nil {
				t.Errorf("racer %d: %v", i, err)
			}
			ids[i] = w.ID
		})
	}
	group.Wait()

	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("ids differ: %v", ids)
		}
	}
	b.balance(account, 80_000_000, 21_000_000)
}
