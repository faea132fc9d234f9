package withdrawal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// maxStatusBytes bounds what a service may answer.
const maxStatusBytes = 16 << 10

// CustomerCallback asks an HTTP service where customers stand: POST of
// {"tenant":"…","account":"…"} is to be answered with status 200 and
// {"state":"active|limited|blocked","reason":"…","ttlSeconds":300}. Anything else is no
// answer, and nothing is paid until there is one. Redirects are not followed.
type CustomerCallback struct {
	url    string
	secret string // "" for none; sent as Authorization: Bearer
	ttl    time.Duration
	client *http.Client
}

// NewCustomerCallback asks the service at a URL. ttl is the longest that an answer holds.
func NewCustomerCallback(url, secret string, ttl time.Duration) (*CustomerCallback, error) {
	if url == "" || ttl <= 0 {
		return nil, errors.New("withdrawal: a customer callback needs a URL and a time to live")
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &CustomerCallback{url: url, secret: secret, ttl: ttl, client: client}, nil
}

// Status implements Customers.
func (c *CustomerCallback) Status(ctx context.Context, tenant, account string) (Status, error) {
	question, err := json.Marshal(map[string]string{"tenant": tenant, "account": account})
	if err != nil {
		return Status{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(question))
	if err != nil {
		return Status{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	if c.secret != "" {
		request.Header.Set("Authorization", "Bearer "+c.secret)
	}
	response, err := c.client.Do(request)
	if err != nil {
		return Status{}, fmt.Errorf("ask for a customer: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxStatusBytes+1))
	switch {
	case err != nil:
		return Status{}, fmt.Errorf("read what is said of a customer: %w", err)
	case response.StatusCode != http.StatusOK:
		return Status{}, fmt.Errorf("asked for a customer, the service answers %s", response.Status)
	case len(text) > maxStatusBytes:
		return Status{}, fmt.Errorf("asked for a customer, the service answers more than %d bytes", maxStatusBytes)
	}

	var said struct {
		State      string `json:"state"`
		Reason     string `json:"reason"`
		TTLSeconds *int64 `json:"ttlSeconds"`
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return Status{}, fmt.Errorf("asked for a customer, the service does not answer JSON as agreed: %w", err)
	}
	status := Status{State: said.State, Reason: said.Reason, TTL: c.ttl}
	if said.TTLSeconds != nil {
		most := int64(c.ttl / time.Second)
		if *said.TTLSeconds < 0 {
			return Status{}, errors.New("asked for a customer, the service answers with ttlSeconds below zero")
		}
		status.TTL = time.Duration(min(*said.TTLSeconds, most)) * time.Second
	}
	return status, nil
}
