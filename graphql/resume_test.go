package graphql_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/stream"
)

// seen is what a subscription to withdrawals says of an event.
type seen struct {
	ID, Cursor, Sequence string
	Withdrawal           struct{ ID, State string }
}

// nextEvent is the next event of a subscription to withdrawals.
func (c client) nextEvent() seen {
	c.t.Helper()
	m := c.next()
	var payload struct {
		Data   struct{ WithdrawalEvents seen }
		Errors []problem
	}
	c.must(json.Unmarshal(m.Payload, &payload))
	if m.Type != "next" || len(payload.Errors) > 0 {
		c.t.Fatalf("got %s %s", m.Type, m.Payload)
	}
	return payload.Data.WithdrawalEvents
}

// append writes events of withdrawals into the log, as their package does.
func (b *bench) append(n tenant, ids ...string) {
	b.t.Helper()
	b.must(b.db.Tx(b.t.Context(), func(tx pgx.Tx) error {
		var records []stream.Record
		for _, id := range ids {
			body, err := json.Marshal(coffer.Withdrawal{Order: coffer.Order{ID: id, Tenant: n.name, Account: n.account, Asset: usdt}, State: coffer.WithdrawalRequested})
			b.must(err)
			value, err := json.Marshal(coffer.Event{
				ID: "ev_" + id, Type: coffer.EventWithdrawal, State: "requested", Tenant: n.name, Account: n.account,
				Resource: id, Sequence: 1, At: b.clock(), Body: body,
			})
			b.must(err)
			records = append(records, stream.Record{Key: id, Value: value})
		}
		return b.log.AppendTx(b.t.Context(), tx, stream.TopicEvents, stream.PartitionAll, records)
	}))
}

func TestResumingLosesAndRepeatsNothing(t *testing.T) {
	b := newBench(t)
	var want, got []string
	cursor := b.cursor()
	write := func(n int) {
		for range n {
			id := fmt.Sprintf("wd_%03d", len(want))
			want = append(want, id)
			b.append(b.acme, id)
			b.append(b.rival, "foreign_"+id) // never seen
		}
	}

	// The client reads some, is cut off with events on their way, and events are written
	// while it is away. The last round reads what is left.
	for round := range 6 {
		c := b.dial(b.acme.key)
		c.subscribe("1", watchWithdrawals, variables{"after": cursor})
		write(7)
		read := []int{3, 0, 5, 1, 8, -1}[round]
		if read < 0 {
			read = len(want) - len(got)
		}
		for range read {
			e := c.nextEvent()
			got, cursor = append(got, e.Withdrawal.ID), e.Cursor
		}
		b.must(c.conn.CloseNow())
		if round < 5 {
			write(60) // more than one read of the log, with the other tenant's
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %d events %v\nwant %d", len(got), got, len(want))
	}
}

func TestASubscriptionWithoutCursorBeginsNow(t *testing.T) {
	b := newBench(t)
	c := b.dial(b.acme.key)
	c.subscribe("ready", watchWithdrawals, variables{"after": b.cursor()})
	c.subscribe("1", watchWithdrawals, nil)
	// Its begin is not visible from outside: write until it has one.
	for i := range 5_000 {
		b.append(b.acme, fmt.Sprintf("wd_%03d", i))
		if m := c.next(); m.ID == "1" {
			if strings.Contains(string(m.Payload), b.acme.withdrawal) {
				t.Errorf("got an event of before: %s", m.Payload)
			}
			return
		}
	}
	t.Error("it never begins")
}

func TestEventsOfARealWithdrawalComeInOrder(t *testing.T) {
	b := newBench(t)
	c := b.dial(b.acme.key)
	c.subscribe("1", watchWithdrawals, variables{"after": b.cursor()})
	w := b.request(b.acme, "watched", "10")
	b.settle()
	for i, state := range []string{"REQUESTED", "SCREENED", "APPROVED"} {
		if e := c.nextEvent(); e.Withdrawal.ID != w.ID || e.Withdrawal.State != state || e.Sequence != fmt.Sprint(i+1) {
			t.Errorf("event %d is %+v, want %s", i, e, state)
		}
	}
}

func TestDepositEventsShowTheirAccountOnly(t *testing.T) {
	b := newBench(t)
	second, err := b.merchants.CreateAccount(t.Context(), "acme", "two", "Two of acme")
	b.must(err)
	address, err := b.deposits.IssueAddress(t.Context(), "acme", second.ID, chain)
	b.must(err)
	other := tenant{name: "acme", account: second.ID, address: string(address.Address)}

	c := b.dial(b.acme.key)
	c.subscribe("1", `subscription($account:ID,$after:String){depositEvents(account:$account,after:$after){deposit{state amount account{id} asset{symbol} tx}}}`,
		variables{"account": second.ID, "after": b.cursor()})
	b.mine(b.transfer(b.acme, 11, 3_000_000), b.transfer(other, 12, 2_500_000), b.transfer(b.rival, 13, 4_000_000))
	b.mine()
	for _, state := range []string{"OBSERVED", "CREDITED", "UNLOCKED"} {
		m := c.next()
		if text := string(m.Payload); !strings.Contains(text, `"`+state+`"`) || !strings.Contains(text, `"2.5"`) || !strings.Contains(text, second.ID) {
			t.Errorf("got %s %s, want %s", m.Type, text, state)
		}
	}
}

func TestCursorsThatAreRefused(t *testing.T) {
	b := newBench(t)
	c := b.dial(b.acme.key)
	b.append(b.acme, "wd_1")
	for i, cursor := range []string{"x", "ZXZlbnQ6eA", "ZXZlbnQ6LTI", "ZXZlbnQ6OTk5OTk5", "ZGVwb3NpdDox"} { // event:x, event:-2, event:999999, deposit:1
		c.subscribe(fmt.Sprint(i), watchWithdrawals, variables{"after": cursor})
		if m := c.next(); m.Type != "error" || !strings.Contains(string(m.Payload), `"after"`) || !strings.Contains(string(m.Payload), `"INVALID"`) {
			t.Errorf("cursor %s: %s %s", cursor, m.Type, m.Payload)
		}
	}
}

func TestACursorWhoseEventsAreGoneIsRefused(t *testing.T) {
	b := newBench(t)
	old := b.cursor()
	b.append(b.acme, "wd_1", "wd_2", "wd_3")
	b.eventually("the events are in the log", func() bool { return b.cursor() != old })
	tail, err := b.log.Tail(t.Context(), stream.TopicEvents, stream.PartitionAll)
	b.must(err)
	_, err = b.log.Trim(t.Context(), stream.TopicEvents, stream.PartitionAll, tail-1)
	b.must(err)

	c := b.dial(b.acme.key)
	c.subscribe("1", watchWithdrawals, variables{"after": old})
	if m := c.next(); m.Type != "error" || !strings.Contains(string(m.Payload), `"CONFLICT"`) {
		t.Errorf("got %s %s", m.Type, m.Payload)
	}
}

func TestALogThatCannotBeReadIsNoGoodEnd(t *testing.T) {
	b := newBench(t)
	c := b.dial(b.acme.key)
	c.subscribe("1", watchWithdrawals, variables{"after": b.cursor()})
	b.must(b.db.Tx(t.Context(), func(tx pgx.Tx) error {
		return b.log.AppendTx(t.Context(), tx, stream.TopicEvents, stream.PartitionAll, []stream.Record{{Key: "x", Value: []byte(`{"type":`)}})
	}))
	if m := c.next(); m.Type != "error" || !strings.Contains(string(m.Payload), `"UNAVAILABLE"`) || strings.Contains(string(m.Payload), "JSON") {
		t.Errorf("got %s %s", m.Type, m.Payload)
	}
}

// An event has a share of work of its own: a subscription does not run dry.
func TestEventsDoNotUseUpOneBudget(t *testing.T) {
	b := newBench(t)
	c := b.dial(b.acme.key)
	c.subscribe("1", `subscription($after:String){withdrawalEvents(after:$after){withdrawal{account{`+
		strings.Trim(many("withdrawals(first:100){edges{cursor}}", 30), "{}")+`}}}}`, variables{"after": b.cursor()})
	for i := range 5 {
		b.append(b.acme, fmt.Sprintf("wd_%d", i))
		if m := c.next(); m.Type != "next" || strings.Contains(string(m.Payload), `"errors"`) {
			t.Fatalf("event %d: %s %.300s", i, m.Type, m.Payload)
		}
	}
}
