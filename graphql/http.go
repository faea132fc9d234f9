package graphql

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/merchant"
	graphqlgo "github.com/graph-gophers/graphql-go"
)

// request is a GraphQL request, however it came.
type request struct {
	Query         string         `json:"query"`
	OperationName string         `json:"operationName"`
	Variables     map[string]any `json:"variables"`
	Extensions    extensions     `json:"extensions"`
}

// empty reports whether a request has no document and names none.
func (r request) empty() bool { return r.Query == "" && r.Extensions.PersistedQuery == nil }

// Handler serves GraphQL over HTTP (GET for queries, POST for queries and mutations) and,
// where the client asks for it, over WebSocket.
type Handler struct {
	schema  *graphqlgo.Schema
	queries *graphqlgo.Schema // the same without mutations and subscriptions, for GET
	keys    *merchant.Store
	log     *slog.Logger
	sockets *sockets
	rates   *rates
	known   persisted
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		h.serveSocket(w, r)
		return
	}

	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	who, err := h.keys.Authenticate(ctx, bearer(r.Header.Get("Authorization")))
	if err != nil {
		status := http.StatusUnauthorized
		if coffer.ErrorCode(err) != coffer.CodeUnauthenticated {
			h.log.ErrorContext(ctx, "authenticate", "err", err)
			status, err = http.StatusServiceUnavailable, coffer.Errorf(coffer.CodeUnavailable, "try again later")
		}
		w.Header().Set("WWW-Authenticate", "Bearer")
		h.refuse(w, r, status, err)
		return
	}

	if wait, ok := h.rates.take(who.KeyID); !ok {
		retryAfter(w, wait)
		h.refuse(w, r, http.StatusTooManyRequests, h.rates.tooMany())
		return
	}
	req, status, err := readRequest(w, r)
	if err != nil {
		h.refuse(w, r, status, err)
		return
	}
	if err := h.known.complete(&req); err != nil {
		status := http.StatusBadRequest
		if coffer.ErrorCode(err) == codeNotPersisted {
			status = http.StatusOK // an answer of the protocol, and no mistake
		}
		h.refuse(w, r, status, err)
		return
	}
	schema := h.schema
	if r.Method == http.MethodGet {
		schema = h.queries
	}
	response := h.run(withPrincipal(ctx, who), schema, req)
	status = http.StatusOK
	switch {
	case says(response, textMutation):
		w.Header().Set("Allow", http.MethodPost)
		status = http.StatusMethodNotAllowed
	case response.Data == nil && ownMedia(r):
		// By the GraphQL-over-HTTP specification a request that could not run at all is a
		// 400 in its own media type, and a 200 in application/json.
		status = http.StatusBadRequest
	}
	present(ctx, h.log, response.Errors)
	write(w, r, status, response)
}

// run runs a query or a mutation; for a subscription the answer says textSubscription.
// The errors are yet to be presented. There is no data if the operation did not run.
func (h *Handler) run(ctx context.Context, schema *graphqlgo.Schema, req request) (response *graphqlgo.Response) {
	if len(req.Query) > maxQueryBytes {
		return refusal(coffer.Errorf(coffer.CodeLimit, "the query is longer than %d bytes", maxQueryBytes))
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	ctx, budget := withBudget(ctx)
	defer budget.stop()
	defer func() {
		if value := recover(); value != nil {
			panics{h.log}.LogPanic(ctx, value)
			response = refusal(fmt.Errorf("panic: %v", value))
		}
	}()

	response = schema.Exec(ctx, req.Query, req.OperationName, req.Variables)
	if budget.fields.Load() < 0 {
		return refusal(coffer.Errorf(coffer.CodeLimit, "the operation resolves more than %d fields", maxFields))
	}
	if len(response.Errors) > 0 && !ran(response) {
		response.Data = nil
	}
	return response
}

// ran reports whether an answer is that of an operation that ran: graphql-go answers
// null or {} where arguments could not be read or the query was too large.
func ran(response *graphqlgo.Response) bool {
	if data := string(response.Data); data != "null" && data != "{}" {
		return data != ""
	}
	for _, e := range response.Errors {
		if len(e.Path) > 0 || e.ResolverError != nil {
			return true
		}
	}
	return false
}

// readRequest reads GET and POST. Its errors are the client's.
func readRequest(w http.ResponseWriter, r *http.Request) (request, int, error) {
	var req request
	var err error
	switch r.Method {
	case http.MethodGet:
		req, err = fromURL(r)
	case http.MethodPost:
		media, _, mediaErr := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if mediaErr != nil || media != "application/json" {
			return req, http.StatusUnsupportedMediaType, coffer.Errorf(coffer.CodeInvalid, "want Content-Type application/json")
		}
		req, err = fromBody(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	default:
		w.Header().Set("Allow", "GET, POST")
		return req, http.StatusMethodNotAllowed, coffer.Errorf(coffer.CodeInvalid, "want GET or POST")
	}

	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return req, http.StatusRequestEntityTooLarge, coffer.Errorf(coffer.CodeLimit, "the body is larger than %d bytes", maxBodyBytes)
	case err != nil:
		return req, http.StatusBadRequest, err
	case req.empty():
		return req, http.StatusBadRequest, coffer.Invalid("query", "want a GraphQL document")
	}
	return req, http.StatusOK, nil
}

func fromURL(r *http.Request) (request, error) {
	values := r.URL.Query()
	req := request{Query: values.Get("query"), OperationName: values.Get("operationName")}
	if text := values.Get("variables"); text != "" {
		if err := decodeOne(strings.NewReader(text), &req.Variables); err != nil {
			return req, &coffer.Error{Code: coffer.CodeInvalid, Field: "variables", Message: "want a JSON object", Cause: err}
		}
	}
	if text := values.Get("extensions"); text != "" {
		if err := decodeOne(strings.NewReader(text), &req.Extensions); err != nil {
			return req, &coffer.Error{Code: coffer.CodeInvalid, Field: "extensions", Message: "want a JSON object", Cause: err}
		}
	}
	return req, nil
}

func fromBody(body io.Reader) (request, error) {
	var req request
	if err := decodeOne(body, &req); err != nil {
		return req, &coffer.Error{Code: coffer.CodeInvalid, Message: "want one JSON object with query, operationName, variables", Cause: err}
	}
	return req, nil
}

// decodeOne reads exactly one JSON value.
func decodeOne(r io.Reader, into any) error {
	decoder := json.NewDecoder(r)
	if err := decoder.Decode(into); err != nil {
		return err
	}
	switch _, err := decoder.Token(); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return errors.New("more than one JSON value")
}

func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	response := refusal(err)
	present(r.Context(), h.log, response.Errors)
	write(w, r, status, response)
}

func ownMedia(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "application/graphql-response+json")
}

func write(w http.ResponseWriter, r *http.Request, status int, response *graphqlgo.Response) {
	var body bytes.Buffer
	if err := json.NewEncoder(&body).Encode(response); err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	media := "application/json; charset=utf-8"
	if ownMedia(r) {
		media = "application/graphql-response+json; charset=utf-8"
	}
	w.Header().Set("Content-Type", media)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the client may have gone
}
