package graphql_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/merchant"
)

// reviewQueue is what an operator sees.
type reviewQueue struct {
	DepositReviews struct {
		Edges []struct {
			Node struct {
				Decidable bool
				Deposit   struct {
					ID, State string
					Audit     []struct{ Action, Actor, Reason string }
				}
			}
		}
	}
}

const readReviews = `{depositReviews{edges{node{decidable deposit{id state audit{action actor reason}}}}}}`

func TestAnOperatorReleasesWhatARuleParked(t *testing.T) {
	b := newBench(t)
	keyID, key := b.key("acme", nil, merchant.ScopeOperator, merchant.ScopeRead)
	c := b.dial(key)
	c.subscribe("1", `subscription{depositEvents(after:""){deposit{id state reason}}}`, nil)

	var queue reviewQueue
	b.into(b.ask(key, readReviews, nil), &queue)
	if len(queue.DepositReviews.Edges) != 1 {
		t.Fatalf("the queue: %+v", queue)
	}
	parked := queue.DepositReviews.Edges[0].Node
	if !parked.Decidable || parked.Deposit.ID != b.acme.parked || parked.Deposit.State != "REVIEW" ||
		len(parked.Deposit.Audit) != 1 || parked.Deposit.Audit[0].Action != "PARK" || parked.Deposit.Audit[0].Actor != "rule:large" {
		t.Errorf("what a rule parked: %+v", parked)
	}

	release := `mutation($k:String!,$id:ID!,$r:String!){releaseDeposit(idempotencyKey:$k,id:$id,reason:$r){state audit{action actor reason}}}`
	v := variables{"k": "release", "id": b.acme.parked, "r": "the customer showed an invoice"}
	var released struct {
		ReleaseDeposit struct {
			State string
			Audit []struct{ Action, Actor, Reason string }
		}
	}
	b.into(b.ask(key, release, v), &released)
	audit := released.ReleaseDeposit.Audit
	if released.ReleaseDeposit.State != "CREDITED" || len(audit) != 2 || audit[1].Action != "RELEASE" || audit[1].Actor != "key:"+keyID || audit[1].Reason != v["r"] {
		t.Errorf("after the release: %+v", released)
	}
	for told := false; !told; { // what was before comes first
		m := c.next()
		if m.Type != "next" {
			t.Fatalf("instead of the event of the release: %s %s", m.Type, m.Payload)
		}
		told = strings.Contains(string(m.Payload), `"CREDITED"`) && strings.Contains(string(m.Payload), b.acme.parked)
	}

	// It is deep enough, and is unlocked with the next block; the same request still answers.
	b.mine()
	b.into(b.ask(key, release, v), &released)
	if released.ReleaseDeposit.State != "UNLOCKED" || len(released.ReleaseDeposit.Audit) != 2 {
		t.Errorf("the same request again: %+v", released)
	}
	v["r"] = "another reason"
	b.want(key, release, v, "IDEMPOTENCY", "idempotencyKey")
	v["k"] = "release again"
	b.want(key, release, v, "CONFLICT", "")
	var empty reviewQueue
	b.into(b.ask(key, readReviews, nil), &empty)
	if len(empty.DepositReviews.Edges) != 0 {
		t.Errorf("the queue afterwards: %+v", empty)
	}
}

func TestARefundIsOrderedOnceAndOnlyToAnAddressThatIsNamed(t *testing.T) {
	b := newBench(t)
	refund := `mutation($k:String!,$id:ID!,$to:String!,$r:String!){refundDeposit(idempotencyKey:$k,id:$id,destination:$to,reason:$r){id amount destination state payment}}`
	v := variables{"k": "refund", "id": b.acme.parked, "to": "", "r": "sent by mistake"}
	b.want(b.acme.key, refund, v, "INVALID", "destination")
	v["to"] = b.rival.address
	b.want(b.acme.key, refund, v, "INVALID", "destination")
	v["to"] = payee
	v["k"] = ""
	b.want(b.acme.key, refund, v, "INVALID", "idempotencyKey")
	v["k"], v["r"] = "refund", ""
	b.want(b.acme.key, refund, v, "INVALID", "reason")
	if d, err := b.deposits.Get(t.Context(), "acme", b.acme.parked); err != nil || d.State != coffer.DepositReview {
		t.Fatalf("after refusals: %s %v", d.State, err)
	}

	v["r"] = "sent by mistake"
	first, again := b.ask(b.acme.key, refund, v), b.ask(b.acme.key, refund, v)
	if first.code() != "" || string(first.Data) != string(again.Data) || !strings.Contains(string(first.Data), `"ORDERED"`) || !strings.Contains(string(first.Data), `"20000"`) {
		t.Errorf("got %s %+v, then %s", first.Data, first.Errors, again.Data)
	}
	v["to"] = "0x000000000000000000000000000000000000dEaD"
	b.want(b.acme.key, refund, v, "IDEMPOTENCY", "idempotencyKey")

	var got struct {
		Deposit struct {
			State   string
			Refunds []json.RawMessage
			Audit   []struct{ Action string }
		}
	}
	b.into(b.ask(b.acme.key, `query($id:ID!){deposit(id:$id){state refunds{id} audit{action}}}`, variables{"id": b.acme.parked}), &got)
	if d := got.Deposit; d.State != "REJECTED" || len(d.Refunds) != 1 || len(d.Audit) != 3 || d.Audit[2].Action != "REFUND" {
		t.Errorf("the deposit: %+v", d)
	}
}
