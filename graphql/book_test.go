package graphql_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer/merchant"
)

const addDestination = `mutation($i:DestinationInput!){addDestination(input:$i){id account{id} chain address label resembles addedBy addedAt usableAt}}`

type destinationSeen struct {
	ID, Chain, Address, Label, AddedBy, AddedAt, UsableAt string
	Account                                               *struct{ ID string }
	Resembles                                             *string
}

func (b *bench) addDestination(key string, input variables) destinationSeen {
	b.t.Helper()
	var got struct{ AddDestination destinationSeen }
	b.into(b.ask(key, addDestination, variables{"i": input}), &got)
	return got.AddDestination
}

func TestADestinationCountsAfterADelayAndCanBeRemoved(t *testing.T) {
	b := newBench(t)
	keyID, key := b.key("acme", nil, merchant.ScopeWithdraw, merchant.ScopeRead)
	input := variables{"account": b.acme.account, "chain": string(chain), "address": payee, "label": "her wallet"}
	added := b.addDestination(key, input)
	if added.Account.ID != b.acme.account || added.Address != payee || added.Label != "her wallet" || added.AddedBy != "key:"+keyID || added.Resembles != nil {
		t.Errorf("added %+v", added)
	}
	if want := b.clock().Add(24 * time.Hour).Format(time.RFC3339); added.UsableAt != want {
		t.Errorf("usable at %s, want %s", added.UsableAt, want)
	}
	b.pass(time.Hour)
	if again := b.addDestination(key, input); again.ID != added.ID || again.UsableAt != added.UsableAt {
		t.Errorf("added again: %+v", again)
	}
	everybody := b.addDestination(key, variables{"chain": string(chain), "address": payee})
	if everybody.Account != nil || everybody.ID == added.ID {
		t.Errorf("for every account: %+v", everybody)
	}

	count := func() int {
		t.Helper()
		var got struct {
			Account struct {
				Destinations struct {
					Edges []struct{ Node destinationSeen }
				}
			}
		}
		b.into(b.ask(key, `query($a:ID!){account(id:$a){destinations{edges{node{id account{id}}}}}}`, variables{"a": b.acme.account}), &got)
		return len(got.Account.Destinations.Edges)
	}
	if n := count(); n != 2 {
		t.Errorf("%d entries, want the account's own and the one for all", n)
	}
	remove := `mutation($id:ID!){removeDestination(id:$id)}`
	for range 2 {
		if a := b.ask(key, remove, variables{"id": added.ID}); a.code() != "" || !strings.Contains(string(a.Data), added.ID) {
			t.Errorf("removed: %s %+v", a.Data, a.Errors)
		}
	}
	if n := count(); n != 1 {
		t.Errorf("%d entries after one was removed", n)
	}
}

// Whoever plants an address that looks like a known one is seen through.
func TestADestinationSaysWhatItLooksLike(t *testing.T) {
	b := newBench(t)
	known := "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
	b.addDestination(b.acme.key, variables{"account": b.acme.account, "chain": string(chain), "address": known})
	other := b.addDestination(b.acme.key, variables{"account": b.acme.account, "chain": string(chain), "address": known[:6] + strings.Repeat("ab", 16) + known[38:]})
	if other.Resembles == nil || *other.Resembles != known {
		t.Errorf("looks like %v, want %s", other.Resembles, known)
	}
}

func TestBadDestinationsAreRefusedByField(t *testing.T) {
	b := newBench(t)
	good := variables{"account": b.acme.account, "chain": string(chain), "address": payee, "label": "l"}
	for _, test := range []struct{ field, value, code string }{
		{"address", "0x123", "INVALID"},
		{"address", "", "INVALID"},
		{"address", b.acme.address, "INVALID"}, // one's own
		{"chain", "eip155:99", "INVALID"},
		{"account", "acct_of_nobody", "NOT_FOUND"},
		{"account", b.rival.account, "NOT_FOUND"},
		{"account", "", "INVALID"},
		{"label", strings.Repeat("x", 201), "INVALID"},
	} {
		bad := variables{"account": good["account"], "chain": good["chain"], "address": good["address"], "label": good["label"]}
		bad[test.field] = test.value
		b.want(b.acme.key, addDestination, variables{"i": bad}, test.code, test.field)
	}
	b.want(b.acme.key, `mutation($id:ID!){removeDestination(id:$id)}`, variables{"id": "ab_no"}, "NOT_FOUND", "")
	if a := b.ask(b.acme.key, `{destinations{edges{node{id}}}}`, nil); !strings.Contains(string(a.Data), `"edges":[]`) {
		t.Errorf("refusals left %s", a.Data)
	}
}

// A payment to another customer's address is settled by the books, costs nothing, and the
// other side hears of it. Who sent it is told inside one tenant only.
func TestABookTransferIsSettledAtOnceAndTold(t *testing.T) {
	b := newBench(t)
	c := b.dial(b.rival.key)
	c.subscribe("1", `subscription{bookTransferEvents(after:""){sequence bookTransfer{id amount account{id} sender{id} asset{symbol} address}}}`, nil)
	v := input(b, variables{"destination": b.rival.address})
	v["key"] = "inside"
	var made struct{ RequestWithdrawal struct{ ID, Fee string } }
	b.into(b.ask(b.acme.key, requestWithdrawal, v), &made)
	b.settle()

	var sent struct {
		Withdrawal struct {
			State, Fee string
			Internal   bool
			Tx, Payout *string
			Revocation *struct {
				Reason   string
				StoredAt *string
			}
		}
	}
	b.into(b.ask(b.acme.key, `query($id:ID!){withdrawal(id:$id){state fee internal tx payout revocation{reason storedAt}}}`, variables{"id": made.RequestWithdrawal.ID}), &sent)
	if w := sent.Withdrawal; w.State != "SETTLED" || w.Fee != "0" || !w.Internal || w.Tx != nil || w.Payout != nil || w.Revocation == nil || w.Revocation.StoredAt != nil {
		t.Errorf("the sender sees %+v", w)
	}

	var received struct {
		Account struct {
			Balances      []struct{ Available string }
			BookTransfers struct {
				Edges []struct {
					Node struct {
						ID, Amount string
						Sender     *struct{ ID string }
					}
				}
			}
		}
	}
	b.into(b.ask(b.rival.key, `query($a:ID!){account(id:$a){balances{available} bookTransfers{edges{node{id amount sender{id}}}}}}`, variables{"a": b.rival.account}), &received)
	transfers := received.Account.BookTransfers.Edges
	if len(transfers) != 1 || transfers[0].Node.Amount != "10" || transfers[0].Node.Sender != nil || received.Account.Balances[0].Available != "8009" {
		t.Errorf("the receiver sees %+v", received)
	}
	if m := c.next(); m.Type != "next" || !strings.Contains(string(m.Payload), transfers[0].Node.ID) || !strings.Contains(string(m.Payload), `"sender":null`) {
		t.Errorf("the receiver hears %s %s", m.Type, m.Payload)
	}
}
