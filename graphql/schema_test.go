package graphql_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// schema is what introspection says, as far as tests need it.
type schema struct {
	types map[string]schemaType
}

type schemaType struct {
	Name        string
	Kind        string
	Fields      []schemaField
	InputFields []schemaValue
}

type schemaField struct {
	Name string
	Args []schemaValue
	Type typeRef
}

type schemaValue struct {
	Name string
	Type typeRef
}

type typeRef struct {
	Kind   string
	Name   string
	OfType *typeRef
}

// named is the type without lists and non-nulls.
func (r typeRef) named() string {
	for r.OfType != nil {
		r = *r.OfType
	}
	return r.Name
}

const introspection = `{__schema{types{
	name kind inputFields{name type{...ref}} fields{name type{...ref} args{name type{...ref}}}
}}} fragment ref on __Type {kind name ofType{kind name ofType{kind name ofType{kind name}}}}`

func (b *bench) schema() schema {
	b.t.Helper()
	var got struct {
		Schema struct{ Types []schemaType } `json:"__schema"`
	}
	b.into(b.ask(b.acme.key, introspection, nil), &got)
	s := schema{types: map[string]schemaType{}}
	for _, t := range got.Schema.Types {
		if !strings.HasPrefix(t.Name, "__") {
			s.types[t.Name] = t
		}
	}
	return s
}

// takesID reports whether an argument is an ID, a cursor or holds one.
func (s schema) takesID(v schemaValue) bool {
	if v.Type.named() == "ID" || v.Name == "after" {
		return true
	}
	return slices.ContainsFunc(s.types[v.Type.named()].InputFields, s.takesID)
}

// everything selects all fields of a type, and of what they lead to, once on each way.
func (s schema) everything(name string, way ...string) string {
	var fields []string
	for _, f := range s.types[name].Fields {
		to := f.Type.named()
		if slices.Contains(way, to) {
			continue
		}
		text := f.Name
		if f.Name == "approvalDigest" {
			text += `(scheme:EIP712,expires:"2026-03-02T12:00:00Z")`
		}
		if f.Name == "approvalTypedData" {
			text += `(expires:"2026-03-02T12:00:00Z")`
		}
		if s.types[to].Kind == "OBJECT" {
			inner := s.everything(to, append(slices.Clone(way), name)...)
			if inner == "" {
				continue
			}
			text += inner
		}
		fields = append(fields, text)
	}
	if len(fields) == 0 {
		return ""
	}
	return "{" + strings.Join(fields, " ") + "}"
}

// idCalls has a call for every root field that takes an id. The placeholders are the
// tenant's account, deposit and withdrawal, and cursors of its lists.
var idCalls = map[string]string{
	"Query.account":                   `{account(id:"$account"){id}}`,
	"Query.accounts":                  `{accounts(after:"$accountCursor"){edges{node{id}}}}`,
	"Query.deposit":                   `{deposit(id:"$deposit"){id}}`,
	"Query.deposits":                  `{deposits(account:"$account"){edges{node{id}}}}`,
	"Query.deposits after":            `{deposits(after:"$depositCursor"){edges{node{id}}}}`,
	"Query.depositReviews after":      `{depositReviews(after:"$reviewCursor"){edges{node{deposit{id}}}}}`,
	"Query.depositReviews":            `{depositReviews{edges{node{deposit{id}}}}}`,
	"Mutation.releaseDeposit":         `mutation{releaseDeposit(idempotencyKey:"walk-release",id:"$parked",reason:"walk"){id}}`,
	"Mutation.rejectDeposit":          `mutation{rejectDeposit(idempotencyKey:"walk-reject",id:"$parked",reason:"walk"){id}}`,
	"Mutation.refundDeposit":          `mutation{refundDeposit(idempotencyKey:"walk-refund",id:"$parked",destination:"$payee",reason:"walk"){id}}`,
	"Query.withdrawal":                `{withdrawal(id:"$withdrawal"){id}}`,
	"Query.withdrawals":               `{withdrawals(account:"$account"){edges{node{id}}}}`,
	"Query.withdrawals after":         `{withdrawals(after:"$withdrawalCursor"){edges{node{id}}}}`,
	"Query.explainWithdrawal":         `{explainWithdrawal(input:{account:"$account",asset:"` + string(usdt) + `",destination:"$payee",amount:"10"}){verdict}}`,
	"Mutation.issueAddress":           `mutation{issueAddress(account:"$account",chain:"eip155:31337"){address}}`,
	"Mutation.requestWithdrawal":      `mutation{requestWithdrawal(idempotencyKey:"walk",input:{account:"$account",asset:"` + string(usdt) + `",destination:"$payee",amount:"10"}){id}}`,
	"Query.withdrawalReviews after":   `{withdrawalReviews(after:"$reviewedCursor"){edges{node{id}}}}`,
	"Query.withdrawalReviews":         `{withdrawalReviews{edges{node{id}}}}`,
	"Query.destinations":              `{destinations(account:"$account"){edges{node{id}}}}`,
	"Query.destinations after":        `{destinations(after:"$destinationCursor"){edges{node{id}}}}`,
	"Query.bookTransfers":             `{bookTransfers(account:"$account"){edges{node{id}}}}`,
	"Query.bookTransfers after":       `{bookTransfers(after:"$transferCursor"){edges{node{id}}}}`,
	"Mutation.releaseWithdrawal":      `mutation{releaseWithdrawal(idempotencyKey:"walk-free",id:"$reviewed",reason:"walk"){id}}`,
	"Mutation.rejectWithdrawal":       `mutation{rejectWithdrawal(idempotencyKey:"walk-refuse",id:"$reviewed",reason:"walk"){id}}`,
	"Mutation.setCustomerState":       `mutation{setCustomerState(account:"$account",state:ACTIVE,reason:"walk"){id}}`,
	"Mutation.addDestination":         `mutation{addDestination(input:{account:"$account",chain:"eip155:31337",address:"$payee"}){id}}`,
	"Mutation.removeDestination":      `mutation{removeDestination(id:"$destination")}`,
	"Subscription.bookTransferEvents": `subscription{bookTransferEvents(account:"$account"){id}}`,
	"Mutation.quoteWithdrawal":        `mutation{quoteWithdrawal(input:{account:"$account",asset:"` + string(usdt) + `",destination:"$payee",amount:"10"}){id}}`,
	"Mutation.approveWithdrawal":      `mutation{approveWithdrawal(id:"$withdrawal",input:{scheme:EIP712,key:"0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf",expires:"2026-03-02T12:00:00Z",signature:"0x00"}){id}}`,
	"Mutation.cancelWithdrawal":       `mutation{cancelWithdrawal(id:"$withdrawal"){id}}`,
	"Subscription.depositEvents":      `subscription{depositEvents(account:"$account"){id}}`,
	"Subscription.withdrawalEvents":   `subscription{withdrawalEvents(account:"$account"){id}}`,
}

func TestNothingIsVisibleAcrossTenants(t *testing.T) {
	b := newBench(t)
	s := b.schema()
	for _, root := range []string{"Query", "Mutation", "Subscription"} {
		for _, f := range s.types[root].Fields {
			_, known := idCalls[root+"."+f.Name]
			if takes := slices.ContainsFunc(f.Args, s.takesID); takes != known {
				t.Errorf("%s.%s takes an id: %v; this test has a call for it: %v", root, f.Name, takes, known)
			}
		}
	}

	b.enrich(&b.acme)
	ids := b.names(b.acme)
	for name, call := range idCalls {
		t.Run(name, func(t *testing.T) {
			call := ids.Replace(call)
			if root, _, _ := strings.Cut(name, "."); root == "Subscription" {
				c := b.dial(b.rival.key)
				c.subscribe("1", call, nil)
				if m := c.next(); m.Type != "error" || !strings.Contains(string(m.Payload), `"NOT_FOUND"`) {
					t.Errorf("a stranger gets %s %s", m.Type, m.Payload)
				}
				return
			}

			stranger := b.ask(b.rival.key, call, nil)
			text := string(stranger.Data)
			switch {
			case stranger.code() == "NOT_FOUND", stranger.code() == "INVALID" && strings.Contains(name, "after"):
			case stranger.code() == "" && !b.mentions(text, b.acme):
			default:
				t.Errorf("a stranger gets %s %+v", text, stranger.Errors)
			}
			// The same call is good for the owner, or refused for another reason.
			if owner := b.ask(b.acme.key, call, nil); owner.code() == "NOT_FOUND" || owner.Data == nil {
				t.Errorf("the owner gets %s %+v", owner.Data, owner.Errors)
			}
		})
	}
}

// names fills a tenant's ids into a call.
func (b *bench) names(n tenant) *strings.Replacer {
	b.t.Helper()
	var got struct {
		Accounts, Deposits, DepositReviews, Withdrawals struct{ Edges []struct{ Cursor string } }
		WithdrawalReviews, Destinations, BookTransfers  struct{ Edges []struct{ Cursor string } }
	}
	b.into(b.ask(n.key, `{accounts{edges{cursor}} deposits{edges{cursor}} depositReviews{edges{cursor}} withdrawals{edges{cursor}}
		withdrawalReviews{edges{cursor}} destinations{edges{cursor}} bookTransfers{edges{cursor}}}`, nil), &got)
	return strings.NewReplacer(
		"$accountCursor", got.Accounts.Edges[0].Cursor, "$depositCursor", got.Deposits.Edges[0].Cursor,
		"$reviewedCursor", got.WithdrawalReviews.Edges[0].Cursor, "$destinationCursor", got.Destinations.Edges[0].Cursor,
		"$transferCursor", got.BookTransfers.Edges[0].Cursor, "$reviewed", n.reviewed, "$destination", n.destination,
		"$reviewCursor", got.DepositReviews.Edges[0].Cursor, "$parked", n.parked,
		"$withdrawalCursor", got.Withdrawals.Edges[0].Cursor,
		"$account", n.account, "$deposit", n.deposit, "$withdrawal", n.withdrawal, "$payee", payee,
	)
}

// mentions reports whether text names anything of a tenant's.
func (b *bench) mentions(text string, n tenant) bool {
	for _, secret := range []string{n.account, n.address, n.deposit, n.parked, n.withdrawal, "One of " + n.name, `"` + n.name + `"`, n.reviewed, n.destination, n.transfer} {
		if secret != "" && strings.Contains(text, secret) {
			return true
		}
	}
	return false
}

// The whole schema, every field of every type, shows a tenant what is its own, and
// nothing of another.
func TestEveryFieldAnswersWithOneTenantsThings(t *testing.T) {
	b := newBench(t)
	s := b.schema()
	for name, of := range s.types {
		if of.Kind == "OBJECT" && !slices.Contains([]string{"Query", "Mutation", "Subscription"}, name) && len(of.Fields) == 0 {
			t.Errorf("type %s has no fields", name)
		}
	}

	b.enrich(&b.acme)
	b.enrich(&b.rival)
	for _, mine := range []tenant{b.acme, b.rival} {
		other := b.rival
		if mine == b.rival {
			other = b.acme
		}
		var everything []string
		for _, f := range s.types["Query"].Fields {
			args := ""
			switch f.Name {
			case "account", "deposit", "withdrawal":
				args = fmt.Sprintf(`(id:%q)`, map[string]string{"account": mine.account, "deposit": mine.deposit, "withdrawal": mine.withdrawal}[f.Name])
			case "explainWithdrawal":
				args = fmt.Sprintf(`(input:{account:%q,asset:%q,destination:%q,amount:"10"})`, mine.account, usdt, payee)
			}
			everything = append(everything, f.Name+args+s.everything(f.Type.named(), "Query"))
		}
		text := ""
		for _, query := range everything {
			a := b.ask(mine.key, "{"+query+"}", nil)
			if len(a.Errors) > 0 {
				t.Errorf("{%s}: %+v", query, a.Errors)
			}
			text += string(a.Data)
		}
		if b.mentions(text, other) {
			t.Errorf("%s sees something of %s: %s", mine.name, other.name, text)
		}
		for _, own := range []string{mine.account, mine.address, mine.deposit, mine.parked, mine.withdrawal, mine.name, mine.reviewed, mine.destination, mine.transfer, "known to " + mine.name} {
			if !strings.Contains(text, own) {
				t.Errorf("%s does not see its own %s", mine.name, own)
			}
		}
	}
}
