package graphql

import (
	"net/http"
	"time"
)

// Limits that tests aim at.
const (
	MaxBodyBytes     = maxBodyBytes
	MaxQueryBytes    = maxQueryBytes
	MaxDepth         = maxDepth
	MaxSelections    = maxSelections
	MaxObjects       = maxObjects
	MaxFields        = maxFields
	MaxOperations    = maxOperations
	MaxMessageBytes  = maxMessageBytes
	MaxConnections   = maxConnections
	TextSubscription = textSubscription
	TextMutation     = textMutation
)

// Hurry shortens what a WebSocket waits for, so that tests need not. Zero leaves it.
func (h *Handler) Hurry(initTimeout, pingInterval, pongTimeout time.Duration) {
	for limit, hurried := range map[*time.Duration]time.Duration{
		&h.sockets.initTimeout: initTimeout, &h.sockets.pingInterval: pingInterval, &h.sockets.pongTimeout: pongTimeout,
	} {
		if hurried > 0 {
			*limit = hurried
		}
	}
}

// OpenSockets is how many connections there are.
func (h *Handler) OpenSockets() int { return maxConnections - len(h.sockets.free) }

// GraphiQLWithoutFiles is the page in a binary that was built without its files.
func GraphiQLWithoutFiles() http.Handler { return graphiql{} }
