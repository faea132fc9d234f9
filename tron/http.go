package tron

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/cofferhq/coffer/tron/tronpb"
)

// Bounds of HTTP.
const (
	maxHeaderBytes = 64 << 10
	idleTimeout    = 90 * time.Second
	idleConns      = 8
)

// httpWire asks a server over HTTP, as java-tron's /wallet and /walletsolidity are: a request is
// the message in JSON, and so is the answer. What comes out is the message on the wire that gRPC
// would have given, so that everything that is proven of it is proven here too.
type httpWire struct {
	base   string // URL without a slash at its end
	key    string
	client *http.Client
	most   int
}

func newHTTP(base, key string, config Config) *httpWire {
	transport := &http.Transport{
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: config.RootCAs},
		MaxIdleConnsPerHost:    idleConns,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		ForceAttemptHTTP2:      true,
	}
	return &httpWire{
		base: strings.TrimSuffix(base, "/"), key: key, most: config.MaxResponseBytes,
		// Who redirects sends an API key and a transaction to somebody whom nobody configured.
		client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
}

func (w *httpWire) close() { w.client.CloseIdleConnections() }

// call implements wire.
func (w *httpWire) call(ctx context.Context, method string, request []byte) ([]byte, error) {
	described, err := methodOf(method)
	if err != nil {
		return nil, err
	}
	path, body, err := httpRequest(described, request)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	text, err := w.post(ctx, path, body)
	if err != nil {
		return nil, err
	}
	answer, err := readJSON(text, described.Output())
	var refused *callError
	if err != nil && !errors.As(err, &refused) {
		err = notProven(err)
	}
	return answer, err
}

// post sends a body and returns that of a good answer.
func (w *httpWire) post(ctx context.Context, path string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the node's URL is none")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	if w.key != "" {
		request.Header.Set(apiKeyHeader, w.key)
	}
	response, err := w.client.Do(request)
	if err != nil {
		return nil, connectionError(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, int64(w.most)+1))
	switch {
	case err != nil:
		return nil, connectionError(ctx, err)
	case len(text) > w.most:
		return nil, ErrResponseTooLarge
	case response.StatusCode != http.StatusOK:
		return nil, &callError{"HTTP", codeOf(response.StatusCode), fmt.Sprintf("status %d: %s", response.StatusCode, readable(text, maxMessage))}
	}
	return text, nil
}

// connectionError is an error of the connection, without the URL, whose path may hold a key.
func connectionError(ctx context.Context, err error) error {
	code := codes.Unavailable
	if ctx.Err() != nil {
		code = codes.DeadlineExceeded
	}
	var unwrapped interface{ Unwrap() error }
	if errors.As(err, &unwrapped) && unwrapped.Unwrap() != nil {
		err = unwrapped.Unwrap() // of *url.Error
	}
	return &callError{"HTTP", code, readable([]byte(err.Error()), maxMessage)}
}

// codeOf is the status of gRPC that says the same as a status of HTTP.
func codeOf(status int) codes.Code {
	switch status {
	case http.StatusUnauthorized:
		return codes.Unauthenticated
	case http.StatusForbidden:
		return codes.PermissionDenied
	case http.StatusTooManyRequests:
		return codes.ResourceExhausted
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return codes.Unimplemented
	}
	return codes.Unavailable
}

// methodOf finds a method by its full name, "/protocol.Wallet/GetAccount".
func methodOf(full string) (protoreflect.MethodDescriptor, error) {
	service, name, ok := strings.Cut(strings.TrimPrefix(full, "/"), "/")
	if ok {
		services := tronpb.File_tron_tronpb_api_proto.Services()
		if of := services.ByName(protoreflect.FullName(service).Name()); of != nil && string(of.FullName()) == service {
			if method := of.Methods().ByName(protoreflect.Name(name)); method != nil {
				return method, nil
			}
		}
	}
	return nil, fmt.Errorf("there is no method %s", full)
}

// httpRequest returns the path and the body of a call. Paths are the names of methods in small
// letters; a 2 at their end tells apart what gRPC had before. A transaction that is to be
// broadcast goes as it is: of its JSON the node would make other bytes.
func httpRequest(method protoreflect.MethodDescriptor, request []byte) (path string, body []byte, err error) {
	path = "/wallet/"
	if method.Parent().Name() == "WalletSolidity" {
		path = "/walletsolidity/"
	}
	if method.FullName() == "protocol.Wallet.BroadcastTransaction" {
		body, err = json.Marshal(map[string]string{"transaction": hex.EncodeToString(request)})
		return path + "broadcasthex", body, err
	}
	kind, err := protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName())
	if err != nil {
		return "", nil, err
	}
	message := kind.New()
	if err := proto.Unmarshal(request, message.Interface()); err != nil {
		return "", nil, err
	}
	name := strings.ToLower(string(method.Name()))
	if !strings.HasSuffix(name, "v2") {
		name = strings.TrimSuffix(name, "2")
	}
	body, err = json.Marshal(asJSON(message))
	return path + name, body, err
}
