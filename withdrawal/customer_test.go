package withdrawal_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/withdrawal"
)

// withTable makes a bench whose customers stand in a table; who is not in it is active.
func withTable(t *testing.T) (*bench, *withdrawal.CustomerTable) {
	t.Helper()
	b := newBench(t)
	table, err := withdrawal.NewCustomerTable(b.db, withdrawal.CustomerActive, time.Hour, b.clock)
	if err != nil {
		t.Fatal(err)
	}
	b.Service = b.service(func(c *withdrawal.Config) { c.Customers = table })
	b.fund(account, usdt, rich)
	return b, table
}

func TestTheStandingOfACustomerDecidesAtOnce(t *testing.T) {
	b, table := withTable(t)
	set := func(state string) {
		t.Helper()
		if _, err := table.Set(t.Context(), tenant, account, withdrawal.Standing{State: state, Reason: "case 9", Actor: "olga"}); err != nil {
			t.Fatal(err)
		}
	}
	request := func(key string) string {
		t.Helper()
		w, err := b.Request(t.Context(), to(payee, key, "10"))
		if err != nil {
			t.Fatal(err)
		}
		b.settleDown()
		return w.ID
	}

	approved := request("while nobody said anything")
	b.state(approved, coffer.WithdrawalApproved)
	set(withdrawal.CustomerBlocked)
	b.settleDown()
	b.state(approved, coffer.WithdrawalRejected) // although its findings held for an hour
	b.state(request("blocked"), coffer.WithdrawalRejected)
	set(withdrawal.CustomerLimited)
	b.state(request("limited"), coffer.WithdrawalReview)
	set(withdrawal.CustomerActive)
	b.state(request("active"), coffer.WithdrawalApproved)

	history, err := table.History(t.Context(), tenant, account, 10)
	if err != nil || len(history) != 3 || history[0].State != withdrawal.CustomerActive || history[2].State != withdrawal.CustomerBlocked || history[2].Actor != "olga" {
		t.Errorf("history %+v %v", history, err)
	}
}

func TestABadStandingIsRefusedAndChangesNothing(t *testing.T) {
	b, table := withTable(t)
	good := withdrawal.Standing{State: withdrawal.CustomerBlocked, Reason: "case 9", Actor: "olga"}
	for field, spoil := range map[string]func(s *withdrawal.Standing){
		"state":  func(s *withdrawal.Standing) { s.State = "nice" },
		"reason": func(s *withdrawal.Standing) { s.Reason = "" },
		"actor":  func(s *withdrawal.Standing) { s.Actor = "a\x00b" },
	} {
		bad := good
		spoil(&bad)
		_, err := table.Set(t.Context(), tenant, account, bad)
		if coffer.ErrorCode(err) != coffer.CodeInvalid || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	if history, err := table.History(t.Context(), tenant, account, 10); err != nil || len(history) != 0 {
		t.Errorf("history %+v %v", history, err)
	}
	if _, err := withdrawal.NewCustomerTable(b.db, "nice", time.Hour, b.clock); err == nil {
		t.Error("a table with an unknown state for strangers passed")
	}
}

// What a service answers about a customer, and what is made of it.
func TestACallbackIsBelievedOnlyWhenItAnswersAsAgreed(t *testing.T) {
	tests := map[string]struct {
		status int
		answer string
		want   withdrawal.Status // zero for an error
	}{
		"active":          {200, `{"state":"active","reason":"ok"}`, withdrawal.Status{State: "active", Reason: "ok", TTL: time.Hour}},
		"for a while":     {200, `{"state":"limited","ttlSeconds":60}`, withdrawal.Status{State: "limited", TTL: time.Minute}},
		"for too long":    {200, `{"state":"active","ttlSeconds":9999999999999}`, withdrawal.Status{State: "active", TTL: time.Hour}},
		"in the past":     {200, `{"state":"active","ttlSeconds":-1}`, withdrawal.Status{}},
		"another status":  {202, `{"state":"active"}`, withdrawal.Status{}},
		"an error":        {500, `{"state":"active"}`, withdrawal.Status{}},
		"a redirect":      {307, `{"state":"active"}`, withdrawal.Status{}},
		"no JSON":         {200, `active`, withdrawal.Status{}},
		"too long a text": {200, `{"state":"active","reason":"` + strings.Repeat("x", 20_000) + `"}`, withdrawal.Status{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				var asked struct{ Tenant, Account string }
				if err != nil || json.Unmarshal(body, &asked) != nil || asked.Tenant != tenant || asked.Account != account {
					t.Errorf("asked %s %v", body, err)
				}
				if r.Method != http.MethodPost || r.Header.Get("Authorization") != "Bearer secret" {
					t.Errorf("asked by %s with %q", r.Method, r.Header.Get("Authorization"))
				}
				w.Header().Set("Location", "http://127.0.0.1:1/")
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.answer)
			}))
			defer server.Close()
			callback, err := withdrawal.NewCustomerCallback(server.URL, "secret", time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			got, err := callback.Status(t.Context(), tenant, account)
			if got != test.want || (err == nil) != (test.want.State != "") {
				t.Errorf("got %+v %v, want %+v", got, err, test.want)
			}
		})
	}
}

// A service that says what nobody knows leaves withdrawals waiting.
func TestAnUnknownStateOfACustomerPaysNothing(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"state":"excellent"}`)
	}))
	defer server.Close()
	callback, err := withdrawal.NewCustomerCallback(server.URL, "", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, func(c *withdrawal.Config) { c.Customers = callback })
	b.fund(account, usdt, rich)
	w, err := b.Request(t.Context(), to(payee, "k", "10"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Step(t.Context()); err == nil || !strings.Contains(err.Error(), "excellent") {
		t.Errorf("step says %v", err)
	}
	b.state(w.ID, coffer.WithdrawalRequested)
}

// A refund is no customer's: what is thought of customers, or not known of them, does not
// hold it up. Its destination is screened as any other.
func TestARefundAsksForNoCustomersStanding(t *testing.T) {
	for name, customers := range map[string]withdrawal.Customers{
		"who are all blocked":  blockedTable(t),
		"who are not answered": withdrawal.SandboxCustomers{NameOf: func(context.Context, string, string) (string, error) { return "", errors.New("no such account") }},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, func(c *withdrawal.Config) { c.Customers = customers })
			b.fund(refundAccount, usdt, 4_000_000)
			w, err := b.Refund(t.Context(), goodRefund(4_000_000))
			if err != nil {
				t.Fatal(err)
			}
			b.settleDown()
			b.state(w.ID, coffer.WithdrawalApproved)
		})
	}
}

func blockedTable(t *testing.T) withdrawal.Customers {
	t.Helper()
	b := newBench(t)
	table, err := withdrawal.NewCustomerTable(b.db, withdrawal.CustomerBlocked, time.Hour, b.clock)
	if err != nil {
		t.Fatal(err)
	}
	return table
}
