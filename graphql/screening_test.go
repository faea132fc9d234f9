package graphql_test

import (
	"strings"
	"testing"

	"github.com/cofferhq/coffer/merchant"
)

const reviewFields = `{id state reason screenings{screener verdict evidence} reviews{action actor reason}}`

type reviewedSeen struct {
	ID, State  string
	Reason     *string
	Screenings []struct{ Screener, Verdict, Evidence string }
	Reviews    []struct{ Action, Actor, Reason string }
}

func TestAnOperatorReleasesAndRejectsWhatIsInReview(t *testing.T) {
	b := newBench(t)
	keyID, key := b.key("acme", nil, merchant.ScopeOperator, merchant.ScopeRead)
	first, second := b.ordered(b.acme, "r1", suspicious, "10").ID, b.ordered(b.acme, "r2", suspicious, "20").ID
	b.settle()
	var queue struct {
		WithdrawalReviews struct{ Edges []struct{ Node reviewedSeen } }
	}
	b.into(b.ask(key, `{withdrawalReviews{edges{node`+reviewFields+`}}}`, nil), &queue)
	edges := queue.WithdrawalReviews.Edges
	if len(edges) != 2 || edges[0].Node.ID != first || edges[1].Node.ID != second || *edges[0].Node.Reason != "held for compliance review" {
		t.Fatalf("queue %+v", edges)
	}
	screenings := edges[0].Node.Screenings
	if len(screenings) != 2 || screenings[0].Screener+screenings[1].Screener != "customersandbox" || screenings[1].Verdict != "REVIEW" {
		t.Errorf("screenings %+v", screenings)
	}

	release := `mutation($k:String!,$id:ID!,$r:String!){done:releaseWithdrawal(idempotencyKey:$k,id:$id,reason:$r)` + reviewFields + `}`
	reject := strings.Replace(release, "releaseWithdrawal", "rejectWithdrawal", 1)
	var done struct{ Done reviewedSeen }
	b.want(key, release, variables{"k": "1", "id": first, "r": ""}, "INVALID", "reason")
	b.want(key, release, variables{"k": "", "id": first, "r": "r"}, "INVALID", "idempotencyKey")
	b.want(key, release, variables{"k": "1", "id": b.rival.withdrawal, "r": "r"}, "NOT_FOUND", "")
	b.want(key, release, variables{"k": "1", "id": b.acme.withdrawal, "r": "r"}, "CONFLICT", "")
	for range 2 {
		b.into(b.ask(key, release, variables{"k": "1", "id": first, "r": "called"}), &done)
		if r := done.Done.Reviews; len(r) != 1 || r[0].Action != "RELEASE" || r[0].Actor != "key:"+keyID || r[0].Reason != "called" {
			t.Errorf("released: %+v", done.Done)
		}
		b.settle()
	}
	if done.Done.State != "APPROVED" {
		t.Errorf("after the release: %s", done.Done.State)
	}
	b.into(b.ask(key, reject, variables{"k": "2", "id": second, "r": "no answer"}), &done)
	if done.Done.State != "REJECTED" {
		t.Errorf("after the rejection: %s", done.Done.State)
	}
	b.want(key, reject, variables{"k": "1", "id": first, "r": "called"}, "IDEMPOTENCY", "idempotencyKey")
}

// What was found is for operators. A customer's front end is told that, not what.
func TestFindingsAreForOperators(t *testing.T) {
	b := newBench(t)
	refused := b.ordered(b.acme, "refused", sanctioned, "10").ID
	b.settle()
	_, reader := b.key("acme", nil, merchant.ScopeRead, merchant.ScopeWithdraw)
	for _, field := range []string{"screenings{verdict}", "reviews{action}", "account{standing{state}}"} {
		a := b.ask(reader, `query($id:ID!){withdrawal(id:$id){state reason `+field+`}}`, variables{"id": refused})
		if a.code() != "FORBIDDEN" || strings.Contains(string(a.Data), "sandbox") || !strings.Contains(string(a.Data), "refused by compliance screening") {
			t.Errorf("%s: %s %+v", field, a.Data, a.Errors)
		}
	}
}

func TestTheStandingOfACustomerIsSetByOperators(t *testing.T) {
	b := newBench(t)
	keyID, key := b.key("acme", nil, merchant.ScopeOperator, merchant.ScopeRead)
	set := `mutation($a:ID!,$s:CustomerState!,$r:String!){setCustomerState(account:$a,state:$s,reason:$r){standing{state reason actor}}}`
	b.want(key, set, variables{"a": b.acme.account, "s": "BLOCKED", "r": ""}, "INVALID", "reason")
	b.want(key, set, variables{"a": b.rival.account, "s": "BLOCKED", "r": "r"}, "NOT_FOUND", "")
	var got struct {
		SetCustomerState struct {
			Standing []struct{ State, Reason, Actor string }
		}
	}
	b.into(b.ask(key, set, variables{"a": b.acme.account, "s": "BLOCKED", "r": "case 9"}), &got)
	if s := got.SetCustomerState.Standing; len(s) != 1 || s[0].State != "BLOCKED" || s[0].Reason != "case 9" || s[0].Actor != "key:"+keyID {
		t.Errorf("standing %+v", s)
	}
	id := b.request(b.acme, "of a blocked customer", "10").ID
	b.settle()
	a := b.ask(key, `query($id:ID!){withdrawal(id:$id){state}}`, variables{"id": id})
	if !strings.Contains(string(a.Data), "REJECTED") {
		t.Errorf("a blocked customer's withdrawal: %s", a.Data)
	}
}
