package graphql

import (
	"context"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/merchant"
	"github.com/cofferhq/coffer/withdrawal"
)

// Kinds of cursors.
const (
	cursorDestination  = "destination"
	cursorBookTransfer = "book-transfer"
)

// accountArgs are the arguments of lists of an account's things, or of all accounts'.
type accountArgs struct {
	Account *identifier
	First   *int32
	After   *string
}

// AddDestination resolves Mutation.addDestination.
func (r *resolver) AddDestination(ctx context.Context, args struct {
	Input struct {
		Account *identifier
		Chain   chainID
		Address string
		Label   *string
	}
},
) (*destination, error) {
	who, err := principal(ctx, merchant.ScopeWithdraw)
	if err != nil {
		return nil, err
	}
	if err := r.charge(ctx, costMutation); err != nil {
		return nil, err
	}
	entry := withdrawal.NewEntry{
		Tenant: who.Tenant, Account: args.Input.Account.text(), Chain: coffer.ChainID(args.Input.Chain),
		Address: args.Input.Address, Actor: "key:" + who.KeyID,
	}
	if args.Input.Account != nil && entry.Account == "" {
		return nil, coffer.Invalid("account", "is empty")
	}
	if args.Input.Label != nil {
		entry.Label = *args.Input.Label
	}
	e, err := r.config.Withdrawals.AddAddress(ctx, entry)
	if err != nil {
		return nil, err
	}
	return &destination{r, e}, nil
}

// RemoveDestination resolves Mutation.removeDestination.
func (r *resolver) RemoveDestination(ctx context.Context, args struct{ ID identifier }) (identifier, error) {
	who, err := principal(ctx, merchant.ScopeWithdraw)
	if err != nil {
		return "", err
	}
	if err := r.charge(ctx, costMutation); err != nil {
		return "", err
	}
	return args.ID, r.config.Withdrawals.RemoveAddress(ctx, who.Tenant, string(args.ID), "key:"+who.KeyID)
}

// Destinations resolves Query.destinations.
func (r *resolver) Destinations(ctx context.Context, args accountArgs) (destinationConnection, error) {
	who, err := principal(ctx, merchant.ScopeRead)
	if err != nil {
		return destinationConnection{}, err
	}
	return r.destinations(ctx, who.Tenant, args.Account.text(), listArgs{args.First, args.After})
}

// Destinations resolves Account.destinations.
func (a *account) Destinations(ctx context.Context, args listArgs) (destinationConnection, error) {
	return a.r.destinations(ctx, a.a.Tenant, a.a.ID, args)
}

func (r *resolver) destinations(ctx context.Context, tenant, account string, args listArgs) (destinationConnection, error) {
	filter, first, err := r.filter(ctx, cursorDestination, account, args)
	if err != nil {
		return destinationConnection{}, err
	}
	found, err := r.config.Withdrawals.Addresses(ctx, tenant, filter)
	if err != nil {
		return destinationConnection{}, err
	}
	return destinationConnection{r, newConnection(cursorDestination, found, first, func(e withdrawal.BookEntry) string { return e.ID })}, nil
}

// filter checks and charges a page of an account's things.
func (r *resolver) filter(ctx context.Context, cursor, account string, args listArgs) (withdrawal.Filter, int, error) {
	first, err := r.page(ctx, args.First)
	if err != nil {
		return withdrawal.Filter{}, 0, err
	}
	after, err := decodeCursor(cursor, args.After)
	return withdrawal.Filter{Account: account, After: after, First: first + 1}, first, err
}

type destinationConnection struct {
	r *resolver
	c connection[withdrawal.BookEntry]
}

func (c destinationConnection) PageInfo() pageInfo { return c.c.info }

func (c destinationConnection) Edges() []destinationEdge {
	edges := make([]destinationEdge, len(c.c.nodes))
	for i, e := range c.c.nodes {
		edges[i] = destinationEdge{&destination{c.r, e}}
	}
	return edges
}

type destinationEdge struct{ node *destination }

func (e destinationEdge) Cursor() string     { return encodeCursor(cursorDestination, e.node.e.ID) }
func (e destinationEdge) Node() *destination { return e.node }

type destination struct {
	r *resolver
	e withdrawal.BookEntry
}

func (d *destination) ID() identifier      { return identifier(d.e.ID) }
func (d *destination) Chain() chainID      { return chainID(d.e.Chain) }
func (d *destination) Address() string     { return string(d.e.Address) }
func (d *destination) Label() string       { return d.e.Label }
func (d *destination) Resembles() *string  { return optional(string(d.e.Resembles)) }
func (d *destination) AddedBy() string     { return d.e.AddedBy }
func (d *destination) AddedAt() timestamp  { return timestamp{d.e.AddedAt} }
func (d *destination) UsableAt() timestamp { return timestamp{d.e.UsableAt} }

func (d *destination) Account(ctx context.Context) (*account, error) {
	if d.e.Account == "" {
		return nil, nil
	}
	return d.r.account(ctx, d.e.Tenant, d.e.Account)
}

// BookTransfers resolves Query.bookTransfers.
func (r *resolver) BookTransfers(ctx context.Context, args accountArgs) (bookTransferConnection, error) {
	who, err := principal(ctx, merchant.ScopeRead)
	if err != nil {
		return bookTransferConnection{}, err
	}
	return r.bookTransfers(ctx, who.Tenant, args.Account.text(), listArgs{args.First, args.After})
}

// BookTransfers resolves Account.bookTransfers.
func (a *account) BookTransfers(ctx context.Context, args listArgs) (bookTransferConnection, error) {
	return a.r.bookTransfers(ctx, a.a.Tenant, a.a.ID, args)
}

func (r *resolver) bookTransfers(ctx context.Context, tenant, account string, args listArgs) (bookTransferConnection, error) {
	filter, first, err := r.filter(ctx, cursorBookTransfer, account, args)
	if err != nil {
		return bookTransferConnection{}, err
	}
	found, err := r.config.Withdrawals.Received(ctx, tenant, filter)
	if err != nil {
		return bookTransferConnection{}, err
	}
	return bookTransferConnection{r, newConnection(cursorBookTransfer, found, first, func(t coffer.BookTransfer) string { return t.ID })}, nil
}

type bookTransferConnection struct {
	r *resolver
	c connection[coffer.BookTransfer]
}

func (c bookTransferConnection) PageInfo() pageInfo { return c.c.info }

func (c bookTransferConnection) Edges() []bookTransferEdge {
	edges := make([]bookTransferEdge, len(c.c.nodes))
	for i, t := range c.c.nodes {
		edges[i] = bookTransferEdge{&bookTransfer{c.r, t}}
	}
	return edges
}

type bookTransferEdge struct{ node *bookTransfer }

func (e bookTransferEdge) Cursor() string      { return encodeCursor(cursorBookTransfer, e.node.t.ID) }
func (e bookTransferEdge) Node() *bookTransfer { return e.node }

type bookTransfer struct {
	r *resolver
	t coffer.BookTransfer
}

func (t *bookTransfer) ID() identifier  { return identifier(t.t.ID) }
func (t *bookTransfer) Chain() chainID  { return chainID(t.t.Asset.Chain()) }
func (t *bookTransfer) Asset() asset    { return t.r.asset(t.t.Asset) }
func (t *bookTransfer) Amount() decimal { return t.Asset().units(t.t.Amount) }
func (t *bookTransfer) Address() string { return string(t.t.Address) }
func (t *bookTransfer) At() timestamp   { return timestamp{t.t.At} }

func (t *bookTransfer) Account(ctx context.Context) (*account, error) {
	return t.r.account(ctx, t.t.Tenant, t.t.Account)
}

func (t *bookTransfer) Sender(ctx context.Context) (*account, error) {
	if t.t.Sender == "" {
		return nil, nil
	}
	return t.r.account(ctx, t.t.Tenant, t.t.Sender)
}

// BookTransferEvents resolves Subscription.bookTransferEvents.
func (r *resolver) BookTransferEvents(ctx context.Context, args eventArgs) (<-chan *bookTransferEvent, error) {
	return follow(ctx, r, args, coffer.EventBookTransfer, func(e event, t coffer.BookTransfer) *bookTransferEvent {
		return &bookTransferEvent{e, &bookTransfer{r.forEvent(), t}}
	})
}

type bookTransferEvent struct {
	event
	node *bookTransfer
}

// BookTransfer resolves BookTransferEvent.bookTransfer.
func (e *bookTransferEvent) BookTransfer() *bookTransfer { return e.node }
