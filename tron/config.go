package tron

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/cofferhq/coffer"
)

// Defaults of Config.
const (
	DefaultCallTimeout      = 20 * time.Second
	DefaultMaxResponseBytes = 32 << 20 // a block is at most 2 MB, what became of its transactions some times that
	DefaultMaxHeadAge       = 2 * time.Minute
)

// Bounds of Config.
const (
	maxNodes         = 8
	maxAPIKey        = 256
	maxResponseBytes = 256 << 20
)

// Config says which chain it is and which nodes tell about it.
type Config struct {
	Chain coffer.ChainID // "tron:0x2b6653dc"

	// Nodes are asked in this order; the first one that works is used.
	Nodes []Node

	// Agree is how many nodes must say the same of what became of a block's transactions before
	// it is believed: no header commits to that. Zero means two where there are two, else one.
	Agree int

	// InternalTransfers says that the nodes keep what contracts pay in TRX
	// (vm.saveInternalTx). Where it is false those payments are not reported.
	InternalTransfers bool

	// Watch is told of every change of an account's permissions in a block that is read, as
	// often as it is read. Nil: of none.
	Watch func(PermissionUpdate)

	CallTimeout      time.Duration  // of one call, all nodes that are asked together; DefaultCallTimeout when zero
	MaxResponseBytes int            // of one answer; DefaultMaxResponseBytes when zero
	MaxHeadAge       time.Duration  // a node whose head is older is not asked; DefaultMaxHeadAge when zero
	RootCAs          *x509.CertPool // who vouches for nodes at grpcs:// URLs; the system's when nil

	Clock coffer.Clock // judges nodes; time.Now when nil
	Log   *slog.Logger // says which node is used; slog.Default when nil
}

// Node is one server that speaks gRPC (grpc://host:port in plain text, grpcs://host:port under
// TLS) or HTTP (http:// or https://, with what stands before /wallet and /walletsolidity).
type Node struct {
	URL string
	// SolidityURL is where it tells of solidified blocks (protocol.WalletSolidity, or
	// /walletsolidity), which is another port of java-tron. URL when empty.
	SolidityURL string
	APIKey      string // sent as TRON-PRO-API-KEY, under TLS only; "" for none
}

func (c Config) withDefaults() Config {
	if c.Agree == 0 {
		c.Agree = min(2, len(c.Nodes))
	}
	if c.CallTimeout == 0 {
		c.CallTimeout = DefaultCallTimeout
	}
	if c.MaxResponseBytes == 0 {
		c.MaxResponseBytes = DefaultMaxResponseBytes
	}
	if c.MaxHeadAge == 0 {
		c.MaxHeadAge = DefaultMaxHeadAge
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
	if _, err := ChainNumber(c.Chain); err != nil {
		return err
	}
	if len(c.Nodes) == 0 || len(c.Nodes) > maxNodes {
		return fmt.Errorf("%s: %d nodes: want 1 to %d", c.Chain, len(c.Nodes), maxNodes)
	}
	seen := map[string]bool{}
	for _, node := range c.Nodes {
		host, err := node.check()
		if err != nil {
			return fmt.Errorf("%s: %w", c.Chain, err)
		}
		other := host
		if node.SolidityURL != "" {
			other, _, _ = ParseURL(node.SolidityURL)
		}
		if seen[host] || seen[other] {
			return fmt.Errorf("%s: node %s stands twice", c.Chain, host)
		}
		seen[host], seen[other] = true, true
	}
	if c.Agree < 0 || c.Agree > len(c.Nodes) {
		return fmt.Errorf("%s: %d nodes must agree: there are %d", c.Chain, c.Agree, len(c.Nodes))
	}
	if c.CallTimeout < 0 || c.MaxHeadAge < 0 || c.MaxResponseBytes < 0 || c.MaxResponseBytes > maxResponseBytes {
		return fmt.Errorf("%s: want bounds above zero, and answers of at most %d bytes", c.Chain, maxResponseBytes)
	}
	return nil
}

// check returns the host.
func (n Node) check() (string, error) {
	host, secure, err := ParseURL(n.URL)
	if err != nil {
		return "", err
	}
	if n.SolidityURL != "" {
		_, secureToo, err := ParseURL(n.SolidityURL)
		if err != nil {
			return "", fmt.Errorf("node %s: its other URL: %w", host, err)
		}
		secure = secure && secureToo
	}
	if n.APIKey == "" {
		return host, nil
	}
	if !secure {
		return "", fmt.Errorf("node %s: an API key is sent under TLS only: want grpcs:// or https://", host)
	}
	if len(n.APIKey) > maxAPIKey || strings.IndexFunc(n.APIKey, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0 {
		return "", fmt.Errorf("node %s: the API key is not 1 to %d letters, digits and signs", host, maxAPIKey)
	}
	return host, nil
}

// ParseURL reads grpc://host:port, grpcs://host:port, http://host and https://host, the latter two
// with a path where a provider has one; secure says that it is under TLS. The host is the same for
// every way to write it: in small letters, with its port. Errors do not repeat the text, which may
// hold a key.
func ParseURL(text string) (host string, secure bool, err error) {
	u, err := url.Parse(text)
	if err != nil {
		return "", false, errors.New("node URL: cannot be read")
	}
	web := u.Scheme == "http" || u.Scheme == "https"
	bare := (u.Path == "" || u.Path == "/") && u.Port() != ""
	switch {
	case !web && u.Scheme != "grpc" && u.Scheme != "grpcs", !web && !bare, u.Hostname() == "", u.User != nil, u.RawQuery != "", u.Fragment != "":
		return "", false, errors.New("node URL: want grpc://host:port, or grpcs://host:port for TLS, and nothing behind it; or http:// or https://host/path")
	case strings.HasSuffix(strings.TrimSuffix(u.Path, "/"), "/wallet"), strings.HasSuffix(strings.TrimSuffix(u.Path, "/"), "/walletsolidity"):
		return "", false, errors.New("node URL: want what stands before /wallet and /walletsolidity")
	}
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(strings.TrimSuffix(strings.ToLower(u.Hostname()), "."), port), u.Scheme == "grpcs" || u.Scheme == "https", nil
}
