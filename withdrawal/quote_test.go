package withdrawal_test

import (
	"context"
	"errors"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holiman/uint256"
	"pgregory.net/rapid"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/withdrawal"
)

func TestFeeOfAnAmount(t *testing.T) {
	n := coffer.NewAmount
	tests := []struct {
		name                  string
		rule                  withdrawal.FeeRule
		amount, network, want uint64
	}{
		{"nothing", withdrawal.FeeRule{}, 10, 7, 0},
		{"fixed", withdrawal.FeeRule{Fixed: n(5)}, 10, 7, 5},
		{"a percent", withdrawal.FeeRule{PerMillion: 10_000}, 500, 0, 5},
		{"a percent rounds up", withdrawal.FeeRule{PerMillion: 10_000}, 501, 0, 6},
		{"a millionth of one is one", withdrawal.FeeRule{PerMillion: 1}, 1, 0, 1},
		{"all of it", withdrawal.FeeRule{PerMillion: 1_000_000}, 501, 0, 501},
		{"the network's cost", withdrawal.FeeRule{Network: true}, 10, 7, 7},
		{"all three", withdrawal.FeeRule{Fixed: n(5), PerMillion: 500_000, Network: true}, 11, 7, 18},
		{"at least", withdrawal.FeeRule{Fixed: n(5), Least: n(9)}, 10, 0, 9},
		{"at most", withdrawal.FeeRule{Fixed: n(5), Network: true, Most: n(9)}, 10, 7, 9},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.rule.Of(n(test.amount), n(test.network))
			if err != nil || got != n(test.want) {
				t.Errorf("fee = %s, %v; want %d", got, err, test.want)
			}
		})
	}
	most := coffer.AmountFromInt(new(uint256.Int).SetAllOne())
	if _, err := (withdrawal.FeeRule{Fixed: n(1), PerMillion: 1_000_000}).Of(most, n(0)); !errors.Is(err, coffer.ErrAmountRange) {
		t.Errorf("a fee above all amounts: %v", err)
	}
}

// The fee is never less than the exact one, never a whole unit more, and never falls when
// the amount rises.
func TestFeesRoundUpAndRiseWithTheAmount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) *uint256.Int {
			return new(uint256.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 1, 31).Draw(t, name))
		}
		rule := withdrawal.FeeRule{Fixed: coffer.NewAmount(rapid.Uint64().Draw(t, "fixed")), PerMillion: rapid.Uint32Range(0, 1_000_000).Draw(t, "ppm")}
		a, more := draw("amount"), draw("more")

		fee, err := rule.Of(coffer.AmountFromInt(a), coffer.Amount{})
		if err != nil {
			t.Fatal(err)
		}
		exact := new(big.Rat).SetFrac(new(big.Int).Mul(a.ToBig(), big.NewInt(int64(rule.PerMillion))), big.NewInt(1_000_000))
		exact.Add(exact, new(big.Rat).SetInt(rule.Fixed.Int().ToBig()))
		over := new(big.Rat).Sub(new(big.Rat).SetInt(fee.Int().ToBig()), exact)
		if over.Sign() < 0 || over.Cmp(big.NewRat(1, 1)) >= 0 {
			t.Fatalf("fee %s of %s, exactly %s", fee, a.Dec(), exact.FloatString(6))
		}
		larger, err := rule.Of(coffer.AmountFromInt(new(uint256.Int).Add(a, more)), coffer.Amount{})
		if err != nil || larger.Cmp(fee) < 0 {
			t.Fatalf("a larger amount costs %s (%v), less than %s", larger, err, fee)
		}
	})
}

func TestFeeRulesThatCannotBeAreRefused(t *testing.T) {
	b := newBench(t)
	for name, fees := range map[string]map[coffer.AssetID]withdrawal.FeeRule{
		"more than the amount":     {usdt: {PerMillion: 1_000_001}},
		"an empty range":           {usdt: {Least: coffer.NewAmount(2), Most: coffer.NewAmount(1)}},
		"nobody knows the network": {usdt: {Network: true}},
		"an unknown asset":         {"eip155:1/slip44:60": {}},
	} {
		c := b.config()
		c.Fees = fees
		if _, err := withdrawal.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// costly is a configuration whose network cost is *cost, or unknown when it is zero.
func costly(cost *uint64) func(*withdrawal.Config) {
	return func(c *withdrawal.Config) {
		c.Fees = map[coffer.AssetID]withdrawal.FeeRule{usdt: {Network: true, PerMillion: 1000}}
		c.NetworkCost = func(context.Context, coffer.AssetID) (coffer.Amount, error) {
			if *cost == 0 {
				return coffer.Amount{}, errors.New("no node answers")
			}
			return coffer.NewAmount(*cost), nil
		}
	}
}

func TestAQuoteFixesTheFeeUntilItExpires(t *testing.T) {
	cost := uint64(2_000_000)
	b := newBench(t, costly(&cost))
	b.fund(account, usdt, rich)

	quote, err := b.Quote(t.Context(), good("", "100"))
	if err != nil || quote.Fee != coffer.NewAmount(2_100_000) || !quote.Expires.Equal(b.now.Add(withdrawal.DefaultQuoteTTL)) {
		t.Fatalf("quote = %+v, %v", quote, err)
	}
	b.balance(account, rich, 0)

	cost = 9_000_000
	b.later(withdrawal.DefaultQuoteTTL - time.Microsecond)
	r := good("k1", "100")
	r.Quote = quote.ID
	w, err := b.Request(t.Context(), r)
	if err != nil || w.Fee != quote.Fee || w.FeeCap != quote.Fee {
		t.Fatalf("with the quote: fee %s, %v; want %s", w.Fee, err, quote.Fee)
	}
	if w, err := b.Request(t.Context(), good("k2", "100")); err != nil || w.Fee != coffer.NewAmount(9_100_000) {
		t.Errorf("without a quote: fee %s, %v", w.Fee, err)
	}

	// The requester's retry finds its withdrawal although the quote is used and over.
	b.later(time.Hour)
	cost = 0
	if again, err := b.Request(t.Context(), r); err != nil || again.ID != w.ID {
		t.Errorf("retry = %s, %v; want %s", again.ID, err, w.ID)
	}
	if _, err := b.Request(t.Context(), good("k1", "100")); coffer.ErrorCode(err) != coffer.CodeIdempotency {
		t.Errorf("the same key without the quote: %v, want IDEMPOTENCY", err)
	}
	if _, err := b.Quote(t.Context(), good("", "100")); coffer.ErrorCode(err) != coffer.CodeUnavailable {
		t.Errorf("a quote without a node: %v, want UNAVAILABLE", err)
	}
}

func TestAQuoteThatDoesNotFitIsRefused(t *testing.T) {
	cost := uint64(2_000_000)
	b := newBench(t, costly(&cost))
	b.fund(account, usdt, rich)
	quote, err := b.Quote(t.Context(), good("", "100"))
	if err != nil {
		t.Fatal(err)
	}
	used, err := b.Quote(t.Context(), good("", "100"))
	if err != nil {
		t.Fatal(err)
	}
	first := good("first", "100")
	first.Quote = used.ID
	if _, err := b.Request(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	_, err = b.db.Pool().Exec(t.Context(), `insert into withdrawal_quotes (id, tenant, account, asset, destination, amount, fee, expires, created_at)
		select 'qt_foreign', 'other', account, asset, destination, amount, fee, expires, created_at from withdrawal_quotes where id = $1`, quote.ID)
	if err != nil {
		t.Fatal(err)
	}

	tests := []struct {
		name   string
		change func(*withdrawal.Request)
		code   coffer.Code
		says   string
	}{
		{"unknown", func(r *withdrawal.Request) { r.Quote = "qt_0" }, coffer.CodeNotFound, "no such quote"},
		{"another tenant's", func(r *withdrawal.Request) { r.Quote = "qt_foreign" }, coffer.CodeNotFound, "no such quote"},
		{"used", func(r *withdrawal.Request) { r.Quote = used.ID }, coffer.CodeInvalid, "was used"},
		{"another amount", func(r *withdrawal.Request) { r.Amount = "100.000001" }, coffer.CodeInvalid, "another account"},
		{"another destination", func(r *withdrawal.Request) { r.Destination = banned }, coffer.CodeInvalid, "another account"},
		{"another account", func(r *withdrawal.Request) { r.Account = "acct_2" }, coffer.CodeInvalid, "another account"},
		{"too long", func(r *withdrawal.Request) { r.Quote = strings.Repeat("q", 201) }, coffer.CodeInvalid, "longer"},
		{"a control character", func(r *withdrawal.Request) { r.Quote = "qt\x00" }, coffer.CodeInvalid, "control"},
		{"expired", func(r *withdrawal.Request) { b.later(withdrawal.DefaultQuoteTTL) }, coffer.CodeInvalid, "expired at"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := good("bad", "100")
			r.Quote = quote.ID
			test.change(&r)
			_, err := b.Request(t.Context(), r)
			var e *coffer.Error
			if !errors.As(err, &e) || e.Code != test.code || e.Field != "quote" || !strings.Contains(e.Message, test.says) {
				t.Errorf("error = %v, want %s quote saying %q", err, test.code, test.says)
			}
		})
	}
	if ws, err := b.List(t.Context(), tenant, withdrawal.Filter{First: 10}); err != nil || len(ws) != 1 {
		t.Errorf("%d withdrawals, %v; want the first one only", len(ws), err)
	}
	if _, err := b.db.Pool().Exec(t.Context(), "update withdrawal_quotes set fee = 0 where id = $1", quote.ID); err == nil {
		t.Error("SQL changed a quote")
	}
}

func TestRequestsRacingForOneQuoteUseItOnce(t *testing.T) {
	cost := uint64(2_000_000)
	b := newBench(t, costly(&cost))
	b.fund(account, usdt, rich)
	quote, err := b.Quote(t.Context(), good("", "100"))
	if err != nil {
		t.Fatal(err)
	}
	const racers = 8
	errs := make([]error, racers)
	var group sync.WaitGroup
	for i := range racers {
		group.Go(func() {
			r := good("k"+string(rune('a'+i)), "100")
			r.Quote = quote.ID
			_, errs[i] = b.Request(context.Background(), r)
		})
	}
	group.Wait()

	accepted := 0
	for _, err := range errs {
		if err == nil {
			accepted++
		} else if coffer.ErrorCode(err) != coffer.CodeInvalid {
			t.Errorf("a loser got %v, want INVALID", err)
		}
	}
	if accepted != 1 {
		t.Errorf("%d requests used the quote, want 1", accepted)
	}
	b.balance(account, rich-102_100_000, 102_100_000)
}

func TestOldQuotesAreDeletedAndUsedOnesStay(t *testing.T) {
	cost := uint64(2_000_000)
	b := newBench(t, costly(&cost))
	b.fund(account, usdt, rich)
	var used withdrawal.Quote
	for range 2 {
		var err error
		if used, err = b.Quote(t.Context(), good("", "100")); err != nil {
			t.Fatal(err)
		}
	}
	r := good("k", "100")
	r.Quote = used.ID
	if _, err := b.Request(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		wait time.Duration
		left int
	}{{withdrawal.DefaultQuoteTTL, 2}, {25 * time.Hour, 1}} {
		b.later(step.wait)
		if err := b.PurgeQuotes(t.Context()); err != nil {
			t.Fatal(err)
		}
		var left int
		if err := b.db.Pool().QueryRow(t.Context(), "select count(*) from withdrawal_quotes").Scan(&left); err != nil || left != step.left {
			t.Errorf("%d quotes are left, %v; want %d", left, err, step.left)
		}
	}
}
