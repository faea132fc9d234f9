package graphql

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/merchant"
	"github.com/cofferhq/coffer/stream"
	"github.com/cofferhq/coffer/withdrawal"
	graphqlgo "github.com/graph-gophers/graphql-go"
)

// Config is what the API stands on.
type Config struct {
	Merchants   *merchant.Store
	Deposits    *deposit.Service
	Withdrawals *withdrawal.Service
	Customers   *withdrawal.CustomerTable // nil where customers' standing is known from elsewhere
	Ledger      *ledger.Ledger
	Stream      stream.Log
	Assets      []coffer.Asset
	Clock       coffer.Clock // needed where there is a Rate
	Rate        RateLimit    // of each API key; the zero value is none
	Log         *slog.Logger // nil is none
	Origins     []string     // hosts whose pages may open WebSockets, as path.Match patterns; the API's own always may
}

// New returns the API, or says what the configuration lacks.
func New(c Config) (*Handler, error) {
	if c.Merchants == nil || c.Deposits == nil || c.Withdrawals == nil || c.Ledger == nil || c.Stream == nil {
		return nil, errors.New("graphql: Merchants, Deposits, Withdrawals, Ledger and Stream are needed")
	}
	if c.Rate.PerSecond > 0 && (c.Rate.Burst == 0 || c.Clock == nil) {
		return nil, errors.New("graphql: a Rate needs a Burst and a Clock")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	root := &resolver{config: c, assets: make(map[coffer.AssetID]coffer.Asset, len(c.Assets))}
	for _, asset := range c.Assets {
		root.assets[asset.ID] = asset
	}

	schema, err := parse(SDL(), root)
	if err != nil {
		return nil, err
	}
	queries, err := parse(queriesOnly(SDL()), root)
	if err != nil {
		return nil, err
	}
	return &Handler{schema: schema, queries: queries, keys: c.Merchants, log: c.Log, sockets: newSockets(c.Origins),
		rates: newRates(c.Rate, c.Clock), known: newPersisted()}, nil
}

func parse(sdl string, root *resolver) (*graphqlgo.Schema, error) {
	panics := panics{root.config.Log}
	schema, err := graphqlgo.ParseSchema(sdl, root,
		graphqlgo.UseStringDescriptions(),
		graphqlgo.MaxDepth(maxDepth),
		graphqlgo.MaxSelections(maxSelections),
		graphqlgo.OverlapValidationLimit(maxOverlapPairs),
		graphqlgo.MaxParallelism(maxParallel),
		graphqlgo.SubscribeResolverTimeout(requestTimeout),
		graphqlgo.Tracer(meter{}),
		graphqlgo.Logger(panics),
		graphqlgo.PanicHandler(panics),
	)
	if err != nil {
		return nil, fmt.Errorf("graphql schema: %w", err)
	}
	return schema, nil
}

// queriesOnly takes mutations and subscriptions out of the schema's roots.
func queriesOnly(sdl string) string {
	sdl = strings.Replace(sdl, "  mutation: Mutation\n", "", 1)
	return strings.Replace(sdl, "  subscription: Subscription\n", "", 1)
}

// resolver is the root of queries, mutations and subscriptions; its methods stand in the
// file of their noun.
type resolver struct {
	config Config
	assets map[coffer.AssetID]coffer.Asset
	budget *budget // of one event; nil where the context has it
}

// Viewer resolves Query.viewer.
func (r *resolver) Viewer(ctx context.Context) (viewer, error) {
	who, err := principal(ctx, merchant.ScopeRead)
	return viewer{who}, err
}

type viewer struct{ who merchant.Principal }

func (v viewer) Tenant() string { return v.who.Tenant }

func (v viewer) Scopes() []string {
	scopes := make([]string, len(v.who.Scopes))
	for i, scope := range v.who.Scopes {
		scopes[i] = string(scope)
	}
	return scopes
}
