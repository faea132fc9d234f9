package evm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/rpc"

	"github.com/cofferhq/coffer"
)

// codeMethodNotFound is JSON-RPC 2.0's code for a method that a server does not have.
const codeMethodNotFound = -32601

// maxErrorBytes bounds what a server may say together with an HTTP error.
const maxErrorBytes = 1 << 10

// ErrResponseTooLarge is returned when an answer is larger than its bound.
var ErrResponseTooLarge = errors.New("the answer is larger than allowed")

// DialRPC makes a JSON-RPC client for an http or https URL. Every call ends after timeout
// at the latest, an answer longer than maxBytes is ErrResponseTooLarge, redirects are not
// followed, and errors name the host only: the rest of a URL is often a key. Nothing is
// sent yet.
func DialRPC(ctx context.Context, text string, timeout time.Duration, maxBytes int64) (*rpc.Client, error) {
	u, err := parseURL(text)
	if err != nil {
		return nil, err
	}
	bounded := &http.Client{
		Timeout:   timeout,
		Transport: boundedTransport{url: u, maxBytes: maxBytes, next: http.DefaultTransport},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
	client, err := rpc.DialOptions(ctx, u.Scheme+"://"+u.Host, rpc.WithHTTPClient(bounded))
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", u.Host, err)
	}
	return client, nil
}

// boundedTransport knows the whole URL, so that whoever reports an error does not, and cuts
// answers that are too long.
type boundedTransport struct {
	url      *url.URL
	maxBytes int64
	next     http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t boundedTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	whole := request.Clone(request.Context())
	whole.URL = t.url
	whole.Host = t.url.Host
	if user := t.url.User; user != nil {
		password, _ := user.Password()
		whole.SetBasicAuth(user.Username(), password)
	}
	response, err := t.next.RoundTrip(whole)
	if err != nil {
		return nil, err
	}
	maxBytes := t.maxBytes
	if response.StatusCode != http.StatusOK {
		maxBytes = min(maxBytes, maxErrorBytes) // it becomes part of an error's text
	}
	if response.ContentLength > maxBytes {
		_ = response.Body.Close()
		return nil, ErrResponseTooLarge
	}
	response.Body = &boundedBody{ReadCloser: response.Body, left: maxBytes}
	return response, nil
}

// boundedBody fails, rather than ends, when there is more than allowed.
type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, ErrResponseTooLarge
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, ErrResponseTooLarge
	}
	return n, err
}

// errorCode returns the JSON-RPC code of a node's error, 0 when there is none.
func errorCode(err error) int {
	var coded rpc.Error
	if errors.As(err, &coded) {
		return coded.ErrorCode()
	}
	return 0
}

// unknownBlockTexts are how nodes say that they do not have a block; the codes differ and
// are used for other things too. From go-ethereum 1.17, Erigon, Nethermind, Reth, anvil.
var unknownBlockTexts = []string{
	"unknown block",
	"header not found",
	"block not found",
	"header for hash not found",
	"finalized block not found",
	"safe block not found",
	"resource not found", // EIP-1474, code -32001
}

// notFound turns a node's way of saying "no such block" into coffer.ErrNotFound.
func notFound(err error) error {
	if err == nil || errorCode(err) == 0 {
		return err
	}
	text := strings.ToLower(err.Error())
	for _, known := range unknownBlockTexts {
		if strings.Contains(text, known) {
			return fmt.Errorf("%w (%w)", coffer.ErrNotFound, err)
		}
	}
	return err
}
