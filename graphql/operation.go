package graphql

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/cofferhq/coffer"
	graphqlgo "github.com/graph-gophers/graphql-go"
)

// operation is one that runs on a WebSocket. The client may use its id again once either
// side has ended it.
type operation struct{ cancel context.CancelFunc }

// subscribe starts a query, a mutation or a subscription.
func (s *socket) subscribe(ctx context.Context, m message) error {
	var req request
	if m.ID == "" || len(m.ID) > maxOperationID || !plain(m.ID) || json.Unmarshal(m.Payload, &req) != nil || req.empty() {
		return closeError{closeBadRequest, "Invalid subscribe message"}
	}

	ctx, cancel := context.WithCancel(ctx)
	op := &operation{cancel}
	s.mu.Lock()
	_, taken := s.operations[m.ID]
	full := len(s.operations) >= maxOperations
	if !taken && !full {
		s.operations[m.ID] = op
	}
	s.mu.Unlock()
	switch {
	case taken:
		cancel()
		return closeError{closeSubscriberTwice, "Subscriber for " + m.ID + " already exists"}
	case full:
		cancel()
		return s.fail(ctx, m.ID, refusal(coffer.Errorf(coffer.CodeLimit, "more than %d operations on one connection", maxOperations)))
	}

	s.running.Go(func() {
		defer s.forget(m.ID, op)
		s.run(ctx, m.ID, op, req)
	})
	return nil
}

// run sends an operation's results until it ends or the client has enough of it.
func (s *socket) run(ctx context.Context, id string, op *operation, req request) {
	end := s.start(&req)
	if end == nil {
		end = s.h.run(ctx, s.h.schema, req)
	}
	switch {
	case says(end, textSubscription):
		end = s.follow(ctx, id, req)
	case end.Data != nil && ctx.Err() == nil:
		_ = s.next(ctx, id, end) // the connection may be gone, here and below
		end = nil
	}
	if ctx.Err() != nil {
		return
	}

	// The id is free before the client knows that the operation ended.
	s.forget(id, op)
	if end != nil {
		_ = s.fail(ctx, id, end)
		return
	}
	_ = s.write(message{ID: id, Type: "complete"})
}

// start takes what an operation costs its key, and completes a request that only names its
// document; or it returns the refusal.
func (s *socket) start(req *request) *graphqlgo.Response {
	if _, ok := s.h.rates.take(s.key); !ok {
		return refusal(s.h.rates.tooMany())
	}
	if err := s.h.known.complete(req); err != nil {
		return refusal(err)
	}
	return nil
}

// follow sends the events of a subscription, and returns what it ended with: nil for a
// good end.
func (s *socket) follow(ctx context.Context, id string, req request) (end *graphqlgo.Response) {
	defer func() {
		if value := recover(); value != nil {
			panics{s.h.log}.LogPanic(ctx, value)
			end = refusal(fmt.Errorf("panic: %v", value))
		}
	}()

	ctx, ending := withEnding(ctx)
	results, err := s.h.schema.Subscribe(ctx, req.Query, req.OperationName, req.Variables)
	if err != nil {
		return refusal(err)
	}
	for result := range results {
		response, ok := result.(*graphqlgo.Response)
		if !ok {
			return refusal(fmt.Errorf("a subscription sent a %T", result))
		}
		if len(response.Data) == 0 && len(response.Errors) > 0 {
			return response
		}
		if ctx.Err() != nil || s.next(ctx, id, response) != nil {
			return nil
		}
	}
	if err := ending.err.Load(); err != nil {
		s.h.log.ErrorContext(ctx, "a subscription broke off", "err", *err)
		return refusal(coffer.Errorf(coffer.CodeUnavailable, "the events cannot be read: subscribe again, after the last one you have"))
	}
	return nil
}

func (s *socket) next(ctx context.Context, id string, response *graphqlgo.Response) error {
	present(ctx, s.h.log, response.Errors)
	payload, err := json.Marshal(response)
	if err != nil {
		return err
	}
	return s.write(message{ID: id, Type: "next", Payload: payload})
}

func (s *socket) fail(ctx context.Context, id string, response *graphqlgo.Response) error {
	present(ctx, s.h.log, response.Errors)
	payload, err := json.Marshal(response.Errors)
	if err != nil {
		return err
	}
	return s.write(message{ID: id, Type: "error", Payload: payload})
}

// end stops the operation that the client has enough of.
func (s *socket) end(id string) {
	s.mu.Lock()
	op := s.operations[id]
	s.mu.Unlock()
	if op != nil {
		s.forget(id, op)
	}
}

// forget stops an operation and frees its id, unless another one has that by now.
func (s *socket) forget(id string, op *operation) {
	op.cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.operations[id] == op {
		delete(s.operations, id)
	}
}
