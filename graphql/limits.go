package graphql

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/cofferhq/coffer"
	gqlerrors "github.com/graph-gophers/graphql-go/errors"
	"github.com/graph-gophers/graphql-go/introspection"
	"github.com/graph-gophers/graphql-go/trace/tracer"
)

// Limits of a request.
const (
	maxBodyBytes    = 256 << 10
	maxQueryBytes   = 32 << 10
	maxDepth        = 15 // what the introspection of common clients needs
	maxSelections   = 2_000
	maxOverlapPairs = 20_000 // pairs of fields with one name that validation compares
	maxParallel     = 10
	defaultPage     = 20
	maxPage         = 100
	requestTimeout  = 15 * time.Second

	maxObjects   = 5_000  // objects one operation, or one event of a subscription, may return
	maxFields    = 50_000 // fields one operation may resolve
	costMutation = 100    // objects a mutation counts for
	costExplain  = 25
)

// Limits of WebSockets.
const (
	maxConnections    = 1_000 // of this process
	maxOfTenant       = 250   // of them, so that no tenant can keep the others out
	maxOperations     = 50    // of one connection
	maxOperationID    = 64    // bytes
	maxMessageBytes   = 64 << 10
	initTimeout       = 10 * time.Second
	writeTimeout      = 10 * time.Second
	pingInterval      = 20 * time.Second
	pongTimeout       = 10 * time.Second
	subscriptionBatch = 100
)

// budget is what one operation may still take.
type budget struct {
	objects atomic.Int64
	fields  atomic.Int64
	stop    context.CancelFunc // ends an operation that took too many fields
}

type budgetKey struct{}

// withBudget gives an operation its share of work. The context ends when that is used up.
func withBudget(ctx context.Context) (context.Context, *budget) {
	ctx, stop := context.WithCancel(ctx)
	b := &budget{stop: stop}
	b.objects.Store(maxObjects)
	b.fields.Store(maxFields)
	return context.WithValue(ctx, budgetKey{}, b), b
}

// forEvent returns the resolver that one event of a subscription is resolved with: a
// subscription may live for months, so each event has a share of its own.
func (r *resolver) forEvent() *resolver {
	event := *r
	event.budget = new(budget)
	event.budget.objects.Store(maxObjects)
	return &event
}

// charge takes what a list or an object costs from the operation's budget, before it is
// read, so that nested lists cannot multiply without end.
func (r *resolver) charge(ctx context.Context, objects int) error {
	b := r.budget
	if b == nil {
		b, _ = ctx.Value(budgetKey{}).(*budget)
	}
	if b == nil {
		return errors.New("a resolver ran without a budget")
	}
	if b.objects.Add(-int64(objects)) < 0 {
		return coffer.Errorf(coffer.CodeLimit, "the operation could return more than %d objects: ask for smaller pages", maxObjects)
	}
	return nil
}

// page checks and charges a page size.
func (r *resolver) page(ctx context.Context, given *int32) (int, error) {
	first := int32(defaultPage)
	if given != nil {
		first = *given
	}
	if first < 1 || first > maxPage {
		return 0, coffer.Invalid("first", "want 1 to %d", maxPage)
	}
	return int(first), r.charge(ctx, int(first))
}

// meter counts the fields that an operation resolves. Lists of ours are charged for, but
// those of introspection are not, and nest as deep as a query may.
type meter struct{}

var _ tracer.Tracer = meter{}

// TraceQuery implements tracer.Tracer.
func (meter) TraceQuery(ctx context.Context, _, _ string, _ map[string]any, _ map[string]*introspection.Type) (context.Context, tracer.QueryFinishFunc) {
	return ctx, func([]*gqlerrors.QueryError) {}
}

// TraceField implements tracer.Tracer.
func (meter) TraceField(ctx context.Context, _, _, _ string, _ bool, _ map[string]any) (context.Context, tracer.FieldFinishFunc) {
	if b, ok := ctx.Value(budgetKey{}).(*budget); ok && b.fields.Add(-1) < 0 {
		b.stop()
	}
	return ctx, func(*gqlerrors.QueryError) {}
}
