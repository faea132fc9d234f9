package graphql

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"

	"github.com/cofferhq/coffer"
	graphqlgo "github.com/graph-gophers/graphql-go"
	gqlerrors "github.com/graph-gophers/graphql-go/errors"
)

// What graphql-go says where it gives neither a rule nor an error to ask for. A test
// holds these texts to the version in use.
const (
	textSubscription = "graphql-ws protocol header is missing"
	textMutation     = "no mutations are offered by the schema"
)

// limitRules are the validation rules of graphql-go that are limits.
var limitRules = []string{"MaxDepthExceeded", "OverlapValidationLimitExceeded"}

// present rewrites errors for users: a coffer.Error keeps its code, field and message;
// anything else that went wrong while resolving becomes INTERNAL, and its cause goes to
// the log. Errors of the query itself are the caller's and keep their text.
func present(ctx context.Context, log *slog.Logger, found []*gqlerrors.QueryError) {
	for _, e := range found {
		var ours *coffer.Error
		switch {
		case errors.As(e.ResolverError, &ours):
			if ours.Code == coffer.CodeInternal {
				log.ErrorContext(ctx, "resolver failed", "path", e.Path, "err", e.ResolverError)
			}
			show(e, ours.Code, ours.Field, ours.Message)
		case isEnd(e.ResolverError), isEnd(e.Err):
			show(e, coffer.CodeUnavailable, "", "the operation took too long")
		case e.ResolverError != nil, len(e.Path) > 0:
			log.ErrorContext(ctx, "resolver failed", "path", e.Path, "err", errors.Join(e, e.ResolverError))
			show(e, coffer.CodeInternal, "", "internal error")
		case slices.Contains(limitRules, e.Rule), errors.Is(e.Err, graphqlgo.ErrTooManySelections):
			show(e, coffer.CodeLimit, "", e.Message)
		case e.Message == textSubscription:
			show(e, coffer.CodeInvalid, "", "subscriptions are served over WebSocket, with the subprotocol "+subprotocol)
		case e.Message == textMutation:
			show(e, coffer.CodeInvalid, "", "mutations are taken by POST only")
		default:
			show(e, coffer.CodeInvalid, "", e.Message)
		}
	}
}

func isEnd(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

func show(e *gqlerrors.QueryError, code coffer.Code, field, message string) {
	e.Message = message
	e.Extensions = map[string]any{"code": string(code)}
	if field != "" {
		e.Message = field + ": " + message
		e.Extensions["field"] = field
	}
}

// refusal is the answer to an operation that was not run.
func refusal(err error) *graphqlgo.Response {
	return &graphqlgo.Response{Errors: []*gqlerrors.QueryError{{Message: err.Error(), ResolverError: err}}}
}

// says reports whether an answer is one error with this text, before it is presented.
func says(response *graphqlgo.Response, text string) bool {
	return len(response.Errors) == 1 && response.Errors[0].Message == text && response.Errors[0].ResolverError == nil
}

// panics turns a panic into an error that users see as INTERNAL.
type panics struct{ log *slog.Logger }

// LogPanic implements the logger of graphql-go.
func (p panics) LogPanic(ctx context.Context, value any) {
	p.log.ErrorContext(ctx, "a resolver panicked", "panic", value, "stack", string(debug.Stack()))
}

// MakePanicError implements the panic handler of graphql-go.
func (panics) MakePanicError(_ context.Context, value any) *gqlerrors.QueryError {
	err := fmt.Errorf("panic: %v", value)
	return &gqlerrors.QueryError{Message: err.Error(), ResolverError: err}
}
