package utxo

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/cofferhq/coffer"
)

// Defaults of Config.
const (
	DefaultConfirmations    = 6
	DefaultCallTimeout      = 20 * time.Second
	DefaultMaxResponseBytes = 32 << 20  // a block in hex is at most 8 MB
	DefaultMaxLag           = time.Hour // blocks come irregularly, and their times are their miners'
)

// Config says which network it is and which nodes tell about it.
type Config struct {
	Network Network

	// Nodes are servers that speak Bitcoin Core's JSON-RPC; the first one that works is used.
	// They must keep all blocks, and getrawtransaction must know every transaction (-txindex).
	Nodes []Node

	// Confirmations is how many a block has when it is final: 1 is the newest block.
	// DefaultConfirmations when zero.
	Confirmations uint64

	CallTimeout      time.Duration // of one JSON-RPC call; DefaultCallTimeout when zero
	MaxResponseBytes int64         // of one answer; DefaultMaxResponseBytes when zero
	MaxLag           time.Duration // of a node's head behind the others'; DefaultMaxLag when zero

	Clock coffer.Clock // judges nodes; time.Now when nil
	Log   *slog.Logger // says which node is used; slog.Default when nil
}

// Node is one server. Who may ask it is said by user and password in the URL, or by the
// cookie file that Bitcoin Core writes anew each time it starts.
type Node struct {
	URL        string // http or https, "http://user:password@127.0.0.1:8332"
	CookieFile string
}

func (c Config) withDefaults() Config {
	if c.Confirmations == 0 {
		c.Confirmations = DefaultConfirmations
	}
	if c.CallTimeout == 0 {
		c.CallTimeout = DefaultCallTimeout
	}
	if c.MaxResponseBytes == 0 {
		c.MaxResponseBytes = DefaultMaxResponseBytes
	}
	if c.MaxLag == 0 {
		c.MaxLag = DefaultMaxLag
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

// Check reports the first thing wrong with the configuration.
func (c Config) Check() error {
	if _, err := ParseNetwork(string(c.Network)); err != nil {
		return err
	}
	if len(c.Nodes) == 0 {
		return fmt.Errorf("%s: no node", c.Network)
	}
	for _, node := range c.Nodes {
		if err := node.check(); err != nil {
			return fmt.Errorf("%s: %w", c.Network, err)
		}
	}
	if c.Confirmations > coinbaseMaturity {
		return fmt.Errorf("%s: %d confirmations until a block is final: want at most %d", c.Network, c.Confirmations, coinbaseMaturity)
	}
	if c.CallTimeout < 0 || c.MaxResponseBytes < 0 || c.MaxLag < 0 {
		return fmt.Errorf("%s: want bounds above zero", c.Network)
	}
	return nil
}

func (n Node) check() error {
	u, err := parseURL(n.URL)
	if err != nil {
		return err
	}
	if u.User != nil && n.CookieFile != "" {
		return fmt.Errorf("node %s: want a cookie file, or a user and a password in the URL, not both", u.Host)
	}
	return nil
}

// parseURL accepts http and https. Errors do not repeat the text, which may hold a password.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("node URL: cannot be read")
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, errors.New("node URL: want http://host:port or https://host:port")
	}
	return u, nil
}
