package graphql

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/merchant"
	"github.com/cofferhq/coffer/stream"
)

const cursorEvent = "event"

// eventArgs are the arguments of subscriptions.
type eventArgs struct {
	Account *identifier
	After   *string
}

// DepositEvents resolves Subscription.depositEvents.
func (r *resolver) DepositEvents(ctx context.Context, args eventArgs) (<-chan *depositEvent, error) {
	return follow(ctx, r, args, coffer.EventDeposit, func(e event, d coffer.Deposit) *depositEvent {
		return &depositEvent{e, &depositNode{r.forEvent(), d}}
	})
}

// WithdrawalEvents resolves Subscription.withdrawalEvents.
func (r *resolver) WithdrawalEvents(ctx context.Context, args eventArgs) (<-chan *withdrawalEvent, error) {
	return follow(ctx, r, args, coffer.EventWithdrawal, func(e event, w coffer.Withdrawal) *withdrawalEvent {
		return &withdrawalEvent{e, &withdrawalNode{r.forEvent(), w}}
	})
}

// EventCursor resolves Query.eventCursor.
func (r *resolver) EventCursor(ctx context.Context) (string, error) {
	if _, err := principal(ctx, merchant.ScopeRead); err != nil {
		return "", err
	}
	tail, err := r.config.Stream.Tail(ctx, stream.TopicEvents, stream.PartitionAll)
	return eventCursor(tail - 1), err
}

// eventCursor points at the event with an offset; -1 is before the first.
func eventCursor(offset int64) string {
	return encodeCursor(cursorEvent, strconv.FormatInt(offset, 10))
}

// follow reads the event log from the cursor on and sends what is the tenant's and of the
// kind. The log is what makes a subscription resumable: a client that was away asks for
// what came after the last event it has, and a slow one only delays itself.
func follow[Body, Out any](ctx context.Context, r *resolver, args eventArgs, kind string, wrap func(event, Body) Out) (<-chan Out, error) {
	who, err := principal(ctx, merchant.ScopeRead)
	if err != nil {
		return nil, err
	}
	f := filter{kind: kind, tenant: who.Tenant, account: args.Account.text()}
	if f.account != "" {
		if _, err := r.config.Merchants.Account(ctx, f.tenant, f.account); err != nil {
			return nil, err
		}
	}
	next, err := r.startOfEvents(ctx, args.After)
	if err != nil {
		return nil, err
	}

	out := make(chan Out)
	go func() {
		defer close(out)
		for ctx.Err() == nil {
			records, err := r.readEvents(ctx, next)
			if err != nil {
				breakOff(ctx, err)
				return
			}
			for _, record := range records {
				next = record.Offset + 1
				e, body, err := read[Body](record, f)
				if err != nil {
					breakOff(ctx, err)
					return
				}
				if body == nil {
					continue
				}
				select {
				case out <- wrap(e, *body):
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out, nil
}

// startOfEvents is the offset after the cursor, the first one after "", or the end of the
// log without a cursor. It refuses a cursor whose next event is not kept any more: the client would miss some.
func (r *resolver) startOfEvents(ctx context.Context, after *string) (int64, error) {
	text, err := decodeCursor(cursorEvent, after)
	if err != nil {
		return 0, err
	}
	tail, err := r.config.Stream.Tail(ctx, stream.TopicEvents, stream.PartitionAll)
	if err != nil || after == nil {
		return tail, err
	}
	if text == "" {
		text = "-1" // before the first event
	}
	offset, err := strconv.ParseInt(text, 10, 64)
	if err != nil || offset < -1 || offset >= tail {
		return 0, coffer.Invalid("after", "want the cursor of an event")
	}
	if offset+1 == tail {
		return tail, nil
	}
	_, err = r.config.Stream.Read(ctx, stream.TopicEvents, stream.PartitionAll, offset+1, 1)
	if errors.Is(err, stream.ErrTrimmed) {
		return 0, &coffer.Error{Code: coffer.CodeConflict, Field: "after", Message: "the events that follow are not kept any more", Cause: err}
	}
	return offset + 1, err
}

func (r *resolver) readEvents(ctx context.Context, from int64) ([]stream.Stored, error) {
	if err := r.config.Stream.Wait(ctx, stream.TopicEvents, stream.PartitionAll, from); err != nil {
		return nil, fmt.Errorf("wait for event %d: %w", from, err)
	}
	records, err := r.config.Stream.Read(ctx, stream.TopicEvents, stream.PartitionAll, from, subscriptionBatch)
	if err != nil {
		return nil, fmt.Errorf("read events from %d: %w", from, err)
	}
	return records, nil
}

// filter says which events a subscription is for. An empty account is all of the tenant's.
type filter struct{ kind, tenant, account string }

// read returns the event and its body, which is nil when the filter leaves it out.
func read[Body any](record stream.Stored, f filter) (event, *Body, error) {
	e := event{offset: record.Offset}
	if err := json.Unmarshal(record.Value, &e.e); err != nil {
		return e, nil, fmt.Errorf("decode event %d: %w", record.Offset, err)
	}
	if e.e.Type != f.kind || e.e.Tenant != f.tenant || (f.account != "" && e.e.Account != f.account) {
		return e, nil, nil
	}
	body := new(Body)
	if err := json.Unmarshal(e.e.Body, body); err != nil {
		return e, nil, fmt.Errorf("decode the body of event %d: %w", record.Offset, err)
	}
	return e, body, nil
}

// ending is why a subscription ended by itself. graphql-go knows only that its channel
// was closed, which a client would take for a good end.
type ending struct{ err atomic.Pointer[error] }

type endingKey struct{}

func withEnding(ctx context.Context) (context.Context, *ending) {
	e := new(ending)
	return context.WithValue(ctx, endingKey{}, e), e
}

// breakOff notes why the events of a subscription end. The client can go on from its
// cursor.
func breakOff(ctx context.Context, err error) {
	if e, ok := ctx.Value(endingKey{}).(*ending); ok && ctx.Err() == nil {
		e.err.Store(&err)
	}
}

type event struct {
	e      coffer.Event
	offset int64
}

func (e event) ID() identifier   { return identifier(e.e.ID) }
func (e event) Cursor() string   { return eventCursor(e.offset) }
func (e event) Sequence() string { return strconv.FormatUint(e.e.Sequence, 10) }
func (e event) At() timestamp    { return timestamp{e.e.At} }

type depositEvent struct {
	event
	node *depositNode
}

// Deposit resolves DepositEvent.deposit.
func (e *depositEvent) Deposit() *depositNode { return e.node }

type withdrawalEvent struct {
	event
	node *withdrawalNode
}

// Withdrawal resolves WithdrawalEvent.withdrawal.
func (e *withdrawalEvent) Withdrawal() *withdrawalNode { return e.node }
