// Package graphql is the API that wallets, merchants and operators use: GraphQL over HTTP
// and subscriptions over WebSocket (graphql-transport-ws).
//
// The schema stands in schema/*.graphql, one file per noun; resolvers stand in a file of
// the same noun. Every request carries an API key, every resolver asks for what belongs
// to the key's tenant only, and every list, body, depth, cost and connection has a bound
// (limits.go), and each key a rate (rate.go). Errors show a code and our words
// (errors.go); causes go to the log.
package graphql

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/merchant"
)

//go:embed schema/*.graphql
var schemaFiles embed.FS

// SDL is the whole schema.
func SDL() string {
	names, err := fs.Glob(schemaFiles, "schema/*.graphql")
	if err != nil || len(names) == 0 {
		panic("the schema is not embedded")
	}
	slices.Sort(names)
	var sdl strings.Builder
	for _, name := range names {
		text, err := schemaFiles.ReadFile(name)
		if err != nil {
			panic(err)
		}
		sdl.Write(text)
		sdl.WriteByte('\n')
	}
	return sdl.String()
}

type principalKey struct{}

func withPrincipal(ctx context.Context, p merchant.Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// principal returns who asks, if the scope allows it.
func principal(ctx context.Context, scope merchant.Scope) (merchant.Principal, error) {
	p, ok := ctx.Value(principalKey{}).(merchant.Principal)
	if !ok {
		return merchant.Principal{}, errors.New("a resolver ran without a principal")
	}
	if !p.Can(scope) {
		return merchant.Principal{}, coffer.Errorf(coffer.CodeForbidden, "the API key lacks the scope %q", scope)
	}
	return p, nil
}

// bearer returns the token of an Authorization header, "" if there is none.
func bearer(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
