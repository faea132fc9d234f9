package graphql_test

import (
	"testing"
	"time"
)

const quoteWithdrawal = `mutation($input:WithdrawalInput!){quoteWithdrawal(input:$input){id amount fee total expires account{id} asset{symbol} destination}}`

const requestQuoted = `mutation($key:String!,$input:WithdrawalInput!,$quote:ID){requestWithdrawal(idempotencyKey:$key,input:$input,quote:$quote){id amount fee}}`

type quoted struct {
	ID, Amount, Fee, Total, Expires string
	Account                         struct{ ID string }
	Destination                     string
}

func (b *bench) quote(v variables) quoted {
	b.t.Helper()
	var got struct{ QuoteWithdrawal quoted }
	b.into(b.ask(b.acme.key, quoteWithdrawal, v), &got)
	return got.QuoteWithdrawal
}

func TestAQuoteSaysTheFeeAndIsUsedOnce(t *testing.T) {
	b := newBench(t)
	q := b.quote(input(b))
	if q.Amount != "10" || q.Fee != "1" || q.Total != "11" || q.Account.ID != b.acme.account || q.Destination != payee {
		t.Fatalf("quote %+v", q)
	}
	if want := b.clock().Add(2 * time.Minute).Format(time.RFC3339); q.Expires != want {
		t.Errorf("expires %s, want %s", q.Expires, want)
	}

	v := input(b)
	v["key"], v["quote"] = "quoted", q.ID
	var first, again struct {
		RequestWithdrawal struct{ ID, Amount, Fee string }
	}
	b.into(b.ask(b.acme.key, requestQuoted, v), &first)
	b.into(b.ask(b.acme.key, requestQuoted, v), &again)
	if first != again || first.RequestWithdrawal.Fee != "1" || first.RequestWithdrawal.ID == "" {
		t.Errorf("got %+v, then %+v", first, again)
	}
	v["key"] = "another"
	b.want(b.acme.key, requestQuoted, v, "INVALID", "quote")
}

func TestQuotesThatDoNotHoldAreRefused(t *testing.T) {
	b := newBench(t)
	q := b.quote(input(b))
	request := func(key, quote string, v variables) variables {
		v["key"], v["quote"] = key, quote
		return v
	}
	b.want(b.acme.key, requestQuoted, request("k1", "", input(b)), "INVALID", "quote")
	b.want(b.acme.key, requestQuoted, request("k2", "qt_no", input(b)), "NOT_FOUND", "quote")
	b.want(b.acme.key, requestQuoted, request("k3", q.ID, input(b, variables{"amount": "11"})), "INVALID", "quote")
	b.want(b.rival.key, requestQuoted, request("k4", q.ID, input(b, variables{"account": b.rival.account})), "NOT_FOUND", "quote")
	b.want(b.acme.key, quoteWithdrawal, input(b, variables{"amount": "0"}), "INVALID", "amount")
	b.pass(2 * time.Minute)
	b.want(b.acme.key, requestQuoted, request("k5", q.ID, input(b)), "INVALID", "quote")
}
