package graphql_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/merchant"
)

const requestWithdrawal = `mutation($key:String!,$input:WithdrawalInput!){requestWithdrawal(idempotencyKey:$key,input:$input){id state amount fee}}`

// want asks and expects one error.
func (b *bench) want(key, query string, v variables, code, field string) {
	b.t.Helper()
	a := b.ask(key, query, v)
	if a.Status != http.StatusOK || len(a.Errors) != 1 || a.code() != code || a.Errors[0].Extensions.Field != field || a.Errors[0].Message == "" {
		b.t.Errorf("%v: status %d, %+v; want %s %s", v, a.Status, a.Errors, code, field)
	}
}

func TestWithdrawalRequestsThatAreRefusedSayWhy(t *testing.T) {
	b := newBench(t)
	for _, test := range []struct {
		field, value, code string
	}{
		{"destination", "0x123", "INVALID"},
		{"destination", "0x0000000000000000000000000000000000000000", "INVALID"},
		{"destination", "", "INVALID"},
		{"destination", b.acme.address, "INVALID"},
		{"memo", "for you", "INVALID"},
		{"amount", "0", "INVALID"},
		{"amount", "-1", "INVALID"},
		{"amount", "1e3", "INVALID"},
		{"amount", "10.0000001", "INVALID"},
		{"amount", "1" + strings.Repeat("0", 90), "INVALID"},
		{"asset", "eip155:31337/slip44:60", "INVALID"},
		{"asset", "eip155:1/slip44:60", "INVALID"},
		{"account", "acct_of_nobody", "NOT_FOUND"},
		{"account", b.rival.account, "NOT_FOUND"},
	} {
		field := test.field
		if test.value == "eip155:1/slip44:60" {
			field = "chain"
		}
		v := input(b, variables{test.field: test.value})
		v["key"] = "refused"
		b.want(b.acme.key, requestWithdrawal, v, test.code, field)
		b.want(b.acme.key, explain, input(b, variables{test.field: test.value}), test.code, field)
	}
	v := input(b, variables{"amount": "9000"})
	v["key"] = "too much"
	b.want(b.acme.key, requestWithdrawal, v, "INSUFFICIENT", "amount")
	v["key"] = ""
	b.want(b.acme.key, requestWithdrawal, v, "INVALID", "idempotencyKey")

	// A refusal leaves no trace: the key still takes another request, and only once.
	v = input(b)
	v["key"] = "refused"
	var first, again struct {
		RequestWithdrawal struct{ ID, State, Amount, Fee string }
	}
	b.into(b.ask(b.acme.key, requestWithdrawal, v), &first)
	b.into(b.ask(b.acme.key, requestWithdrawal, v), &again)
	if first.RequestWithdrawal.ID == "" || first != again || first.RequestWithdrawal.Amount != "10" || first.RequestWithdrawal.Fee != "1" {
		t.Errorf("got %+v, then %+v", first, again)
	}
	v = input(b, variables{"amount": "11"})
	v["key"] = "refused"
	b.want(b.acme.key, requestWithdrawal, v, "IDEMPOTENCY", "idempotencyKey")
}

func TestScopesHoldForEveryOperation(t *testing.T) {
	b := newBench(t)
	b.enrich(&b.acme)
	ids := b.names(b.acme)
	operations := map[string]merchant.Scope{
		`{viewer{scopes}}`: merchant.ScopeRead, `{assets{id}}`: merchant.ScopeRead, `{eventCursor}`: merchant.ScopeRead,
		`mutation{createAccount(idempotencyKey:"scopes",name:"n"){id}}`: merchant.ScopeWithdraw,
	}
	for name, call := range idCalls {
		scope := merchant.ScopeRead
		if strings.HasPrefix(name, "Mutation.") {
			scope = merchant.ScopeWithdraw
		}
		if name == "Mutation.approveWithdrawal" {
			scope = merchant.ScopeApprove
		}
		if operatorsOnly(name) {
			scope = merchant.ScopeOperator
		}
		if !strings.HasPrefix(name, "Subscription.") {
			operations[ids.Replace(call)] = scope
		}
	}
	for _, scope := range []merchant.Scope{merchant.ScopeRead, merchant.ScopeWithdraw, merchant.ScopeApprove, merchant.ScopeOperator} {
		_, key := b.key("acme", nil, scope)
		for operation, needed := range operations {
			if a := b.ask(key, operation, nil); (a.code() == "FORBIDDEN") != (scope != needed) {
				t.Errorf("%s with a key for %s: %+v, needs %s", operation, scope, a.Errors, needed)
			}
		}
	}

	_, approver := b.key("acme", nil, merchant.ScopeApprove)
	c := b.dial(approver)
	c.subscribe("1", `subscription{withdrawalEvents{id}}`, nil)
	if m := c.next(); m.Type != "error" || !strings.Contains(string(m.Payload), `"FORBIDDEN"`) {
		t.Errorf("a subscription without the scope: %s %s", m.Type, m.Payload)
	}
}

func operatorsOnly(name string) bool {
	return slices.ContainsFunc([]string{"Query.depositReviews", "Mutation.releaseDeposit", "Mutation.rejectDeposit", "Mutation.refundDeposit",
		"Query.withdrawalReviews", "Mutation.releaseWithdrawal", "Mutation.rejectWithdrawal", "Mutation.setCustomerState"},
		func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

func TestPeopleApproveOverTheAPI(t *testing.T) {
	b := newBench(t)
	expires := b.clock().Add(24 * time.Hour).Format(time.RFC3339)
	approve := func(person byte, id string) answer {
		t.Helper()
		var got struct {
			Withdrawal struct{ Digest, Data string }
		}
		b.into(b.ask(b.acme.key, `query($id:ID!,$e:Time!){withdrawal(id:$id){digest:approvalDigest(scheme:EIP712,expires:$e) data:approvalTypedData(expires:$e)}}`,
			variables{"id": id, "e": expires}), &got)
		if !strings.Contains(got.Withdrawal.Data, id) {
			t.Errorf("typed data without the order: %s", got.Withdrawal.Data)
		}
		key, err := crypto.ToECDSA(common.LeftPadBytes([]byte{person}, 32))
		b.must(err)
		signature, err := crypto.Sign(common.FromHex(got.Withdrawal.Digest), key)
		b.must(err)
		signature[64] += 27
		return b.ask(b.acme.key, `mutation($id:ID!,$a:ApprovalInput!){approveWithdrawal(id:$id,input:$a){state approvalsRequired approvals{scheme key}}}`, variables{"id": id, "a": variables{
			"scheme": "EIP712", "key": crypto.PubkeyToAddress(key.PublicKey).Hex(), "expires": expires, "signature": "0x" + common.Bytes2Hex(signature),
		}})
	}

	b.post(b.acme.account, "more", 10_000_000_000)
	id := b.request(b.acme, "large", "6000").ID
	b.settle()
	type state struct {
		ApproveWithdrawal struct {
			State             string
			ApprovalsRequired int
			Approvals         []struct{ Key string }
		}
	}
	var after state
	b.into(approve(1, id), &after)
	if w := after.ApproveWithdrawal; w.State != "AWAITING_APPROVAL" || w.ApprovalsRequired != 2 || len(w.Approvals) != 1 {
		t.Errorf("after one approval: %+v", w)
	}
	if a := approve(3, id); a.code() != "INVALID" || a.Errors[0].Extensions.Field != "signature" {
		t.Errorf("a key of nobody: %+v", a.Errors)
	}
	after = state{}
	b.into(approve(2, id), &after)
	if w := after.ApproveWithdrawal; w.State != "APPROVED" || len(w.Approvals) != 2 {
		t.Errorf("after two approvals: %+v", w)
	}

	b.into(b.ask(b.acme.key, `mutation($id:ID!){cancelWithdrawal(id:$id){state}}`, variables{"id": id}), new(any))
	if w, err := b.withdrawals.Get(t.Context(), "acme", id); err != nil || w.State != coffer.WithdrawalCancelled {
		t.Errorf("after cancelling: %s %v", w.State, err)
	}
	if a := approve(1, id); a.code() != "" && a.code() != "CONFLICT" {
		t.Errorf("approving what is cancelled: %+v", a.Errors)
	}
}

func TestPagesHoldEveryObjectOnce(t *testing.T) {
	b := newBench(t)
	for i := range 6 {
		b.request(b.acme, fmt.Sprint("page ", i), "10")
		b.mine(b.transfer(b.acme, uint64(100+i), 2_000_000))
		_, err := b.merchants.CreateAccount(t.Context(), "acme", fmt.Sprint("page ", i), "n")
		b.must(err)
	}
	for _, list := range []string{"accounts", "deposits", "withdrawals"} {
		var all []string
		var after *string
		for pages := 1; ; pages++ {
			a := b.ask(b.acme.key, `query($after:String){list:`+list+`(first:3,after:$after){edges{cursor node{id}} pageInfo{hasNextPage endCursor}}}`, variables{"after": after})
			var got struct {
				List struct {
					Edges []struct {
						Cursor string
						Node   struct{ ID string }
					}
					PageInfo struct {
						HasNextPage bool
						EndCursor   *string
					}
				}
			}
			b.into(a, &got)
			for _, e := range got.List.Edges {
				all = append(all, e.Node.ID)
			}
			after = got.List.PageInfo.EndCursor
			if *after != got.List.Edges[len(got.List.Edges)-1].Cursor {
				t.Errorf("%s: the end cursor is not the last edge's", list)
			}
			if !got.List.PageInfo.HasNextPage {
				if pages != 3 {
					t.Errorf("%s: %d pages, want 3", list, pages)
				}
				break
			}
		}
		want := 7
		if list == "deposits" {
			want = 8 // one is parked
		}
		slices.Sort(all)
		if len(all) != want || len(slices.Compact(all)) != want {
			t.Errorf("%s: %v, want %d different ones", list, all, want)
		}
	}
	// The largest page is a page.
	b.into(b.ask(b.acme.key, `{accounts(first:100){edges{cursor}} deposits(first:100){edges{cursor}} withdrawals(first:100,state:REQUESTED){edges{cursor}}}`, nil), new(any))
}
