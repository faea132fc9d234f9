package signer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"go.yaml.in/yaml/v3"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
)

const (
	maxConfigBytes = 256 << 10
	maxNodes       = 4 // of one chain
)

// Config is a signer's configuration file. It holds no secret: the PIN comes from a file
// or the environment.
type Config struct {
	Name   string        `yaml:"name"`   // as in the certificate, unique among signers
	Listen string        `yaml:"listen"` // host:port
	Dir    string        `yaml:"dir"`    // the log and the count of wrong PINs
	TLS    TLSConfig     `yaml:"tls"`
	Token  TokenConfig   `yaml:"token"`
	Policy PolicyConfig  `yaml:"policy"`
	Chains []ChainConfig `yaml:"chains"`

	// MaxValidity is how long a transaction may stay usable after it was signed; an hour
	// unless set.
	MaxValidity time.Duration `yaml:"max_validity"`

	Clock  coffer.Clock        `yaml:"-"` // the system's unless set
	Logger *slog.Logger        `yaml:"-"` // the default one unless set
	Ready  func(addr net.Addr) `yaml:"-"` // called once requests are served
}

// TLSConfig names PEM files and who may call.
type TLSConfig struct {
	CA      string   `yaml:"ca"`
	Cert    string   `yaml:"cert"`
	Key     string   `yaml:"key"`
	Clients []string `yaml:"clients"` // DNS names in the certificates of callers
}

// PolicyConfig names the policy file and pins its SHA-256 (0x and 64 hex digits).
type PolicyConfig struct {
	File string `yaml:"file"`
	Hash string `yaml:"hash"`
}

// ChainConfig is what a signer must know of a chain to read transactions by itself. What is
// of one family of chains is refused on the others.
type ChainConfig struct {
	Chain  coffer.ChainID `yaml:"chain"`
	Native coffer.AssetID `yaml:"native"`
	Owner  string         `yaml:"owner"` // label of the owner key

	// Seed is the file of a sealed seed. On Bitcoin (bip122) every descriptor has one key of this
	// signer: the owner key, or one of an account of the seed; either of the two may be left out.
	// On TRON it has the keys of deposit addresses, see AccountConfig.Deposits; signers that sweep
	// none leave it out.
	Seed string `yaml:"seed"`

	// Of Bitcoin.
	Descriptors []string `yaml:"descriptors"`  // of the wallets this signer has a key of, with their checksums (BIP-380)
	MaxFee      uint64   `yaml:"max_fee"`      // of one transaction, satoshis
	MaxFeeRate  uint64   `yaml:"max_fee_rate"` // sat/vB
	Omni        uint32   `yaml:"omni"`         // property of the Omni Layer that may be sent; 0 for none

	// Nodes are Bitcoin nodes of this signer's own, for what RPC is for on EVM chains. A block
	// is final when it has so many confirmations; 6 unless set.
	Nodes         []NodeConfig `yaml:"nodes"`
	Confirmations uint64       `yaml:"confirmations"`

	// Of EVM chains.
	EntryPoint string          `yaml:"entry_point"`
	Module     string          `yaml:"module"`     // Safe4337Module
	MultiSend  string          `yaml:"multi_send"` // MultiSendCallOnly
	Wallets    []string        `yaml:"wallets"`    // Safes this signer owns
	Executor   *ExecutorConfig `yaml:"executor"`   // where this signer also pays gas

	// RPC are nodes of this signer's own, which all have to agree. With them it sees for
	// itself that a slot ended, and lets an order that was not paid there take another one.
	// Without them an order's slot is for ever.
	RPC []string `yaml:"rpc"`

	// Of TRON, whose rpc are URLs of nodes (tron.ParseURL). The owner key is one of each account's
	// permission. SolidityRPC is where each node of rpc, in that order, tells of solidified blocks,
	// which is another port of java-tron; left out where it is the same.
	Accounts []AccountConfig `yaml:"accounts"`
	// RPCKeyFiles hold the API key of each, "" where one has none: it is sent under TLS only.
	SolidityRPC []string `yaml:"solidity_rpc"`
	RPCKeyFiles []string `yaml:"rpc_key_files"`
}

// NodeConfig is a server that speaks Bitcoin Core's JSON-RPC and keeps all blocks. Who may ask
// it is said by a user and a file with the password, or by the cookie file that Bitcoin Core
// writes.
type NodeConfig struct {
	URL          string `yaml:"url"` // http or https, without user and password
	User         string `yaml:"user"`
	PasswordFile string `yaml:"password_file"`
	CookieFile   string `yaml:"cookie_file"`
}

// ExecutorConfig names an executor key and what it may spend on gas, in wei. Without
// refill caps it moves no money.
type ExecutorConfig struct {
	Key         string        `yaml:"key"` // label
	FeeCap      coffer.Amount `yaml:"fee_cap"`
	DailyFeeCap coffer.Amount `yaml:"daily_fee_cap"`

	RefillCap      coffer.Amount `yaml:"refill_cap"`       // of one deposit for a wallet, or payment to an executor
	DailyRefillCap coffer.Amount `yaml:"daily_refill_cap"` // of all of them in 24 hours
	Executors      []string      `yaml:"executors"`        // whom it may pay: our executors on this chain
}

// LoadConfig reads a configuration file (YAML); unknown keys are errors.
func LoadConfig(path string) (Config, error) {
	file, err := os.Open(path) //nolint:gosec // the operator names the path
	if err != nil {
		return Config{}, fmt.Errorf("signer configuration: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxConfigBytes+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return Config{}, fmt.Errorf("signer configuration: %w", err)
	}
	return ParseConfig(text)
}

// ParseConfig reads what LoadConfig reads from a file, and checks it.
func ParseConfig(text []byte) (Config, error) {
	if len(text) > maxConfigBytes {
		return Config{}, fmt.Errorf("signer configuration: more than %d bytes", maxConfigBytes)
	}
	var c Config
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&c); err != nil {
		return Config{}, fmt.Errorf("signer configuration: %w", err)
	}
	return c, c.Check()
}

// Check says what is wrong with the configuration, without opening anything.
func (c Config) Check() error {
	switch {
	case c.Name == "":
		return errors.New("signer configuration: name is empty")
	case c.Listen == "":
		return errors.New("signer configuration: listen is empty")
	case c.Dir == "":
		return errors.New("signer configuration: dir is empty")
	case c.TLS.CA == "" || c.TLS.Cert == "" || c.TLS.Key == "":
		return errors.New("signer configuration: tls: ca, cert and key are needed")
	case len(c.TLS.Clients) == 0:
		return errors.New("signer configuration: tls: clients names nobody who may call")
	case c.Policy.File == "":
		return errors.New("signer configuration: policy: file is empty")
	case c.MaxValidity < 0:
		return errors.New("signer configuration: max_validity is negative")
	case len(c.Chains) == 0:
		return errors.New("signer configuration: chains is empty")
	}
	if _, err := coffer.ParseHash(c.Policy.Hash); err != nil {
		return fmt.Errorf("signer configuration: policy: %w", err)
	}
	seen, owners := map[coffer.ChainID]bool{}, map[string]bool{}
	for _, chain := range c.Chains {
		owners[chain.Owner] = true
	}
	for _, chain := range c.Chains {
		if seen[chain.Chain] {
			return fmt.Errorf("signer configuration: chain %s is configured twice", chain.Chain)
		}
		seen[chain.Chain] = true
		if err := chain.check(); err != nil {
			return fmt.Errorf("signer configuration: chain %s: %w", chain.Chain, err)
		}
		if err := c.checkOwnFamily(chain); err != nil {
			return err
		}
		if chain.Executor != nil && owners[chain.Executor.Key] {
			return fmt.Errorf("signer configuration: chain %s: executor: key %q owns wallets; what pays gas must not", chain.Chain, chain.Executor.Key)
		}
	}
	return nil
}

// checkOwnFamily wants a key and a seed of TRON to sign nothing else: there a signature is over
// the hash of what others may have made.
func (c Config) checkOwnFamily(chain ChainConfig) error {
	for _, other := range c.Chains {
		if chain.Chain.Namespace() == coffer.NamespaceTRON && other.Chain.Namespace() != coffer.NamespaceTRON && chain.Seed != "" && chain.Seed == other.Seed {
			return fmt.Errorf("signer configuration: chain %s: seed: %q has keys of wallets on %s; want one of its own for TRON", chain.Chain, chain.Seed, other.Chain)
		}
		if chain.Chain.Namespace() == coffer.NamespaceTRON && other.Chain.Namespace() != coffer.NamespaceTRON && chain.Owner == other.Owner {
			return fmt.Errorf("signer configuration: chain %s: owner: key %q owns wallets on %s; want one of its own for TRON", chain.Chain, chain.Owner, other.Chain)
		}
	}
	return nil
}

func (c ChainConfig) check() error {
	if c.Chain.Namespace() != coffer.NamespaceUTXO && c.Chain.Namespace() != coffer.NamespaceTRON {
		if _, err := chainIDOf(c.Chain); err != nil {
			return err
		}
	}
	if id, err := coffer.ParseAssetID(string(c.Native)); err != nil || id.Chain() != c.Chain || !id.IsNative() {
		return fmt.Errorf("native: %q is not this chain's slip44 asset", c.Native)
	}
	if c.Chain.Namespace() == coffer.NamespaceTRON {
		return c.checkTRON()
	}
	if len(c.Accounts)+len(c.SolidityRPC)+len(c.RPCKeyFiles) > 0 {
		return errors.New("accounts, solidity_rpc, rpc_key_files: are of TRON only")
	}
	if c.Chain.Namespace() == coffer.NamespaceUTXO {
		return c.checkUTXO()
	}
	if c.Owner == "" {
		return errors.New("owner: no key label")
	}
	return c.checkEVM()
}

func (c ChainConfig) checkEVM() error {
	if c.Seed != "" || len(c.Descriptors) > 0 || c.MaxFee > 0 || c.MaxFeeRate > 0 || len(c.Nodes) > 0 || c.Omni > 0 || c.Confirmations > 0 {
		return errors.New("seed: is of Bitcoin and TRON; descriptors, max_fee, max_fee_rate, omni, nodes, confirmations: are of Bitcoin only")
	}
	addresses := map[string]string{"entry_point": c.EntryPoint, "module": c.Module, "multi_send": c.MultiSend}
	for i, wallet := range c.Wallets {
		addresses[fmt.Sprintf("wallets[%d]", i)] = wallet
	}
	if c.Executor != nil {
		for i, executor := range c.Executor.Executors {
			addresses[fmt.Sprintf("executor.executors[%d]", i)] = executor
		}
	}
	for field, text := range addresses {
		if _, err := parseAddress(text); err != nil {
			return fmt.Errorf("%s: %w", field, err)
		}
	}
	if len(c.RPC) > maxNodes {
		return fmt.Errorf("rpc: %d nodes, at most %d", len(c.RPC), maxNodes)
	}
	for i, node := range c.RPC {
		if slices.Contains(c.RPC[:i], node) {
			return fmt.Errorf("rpc[%d]: the same node twice is no second opinion", i)
		}
	}
	if x := c.Executor; x != nil && (x.Key == "" || x.FeeCap.IsZero() || x.DailyFeeCap.Cmp(x.FeeCap) < 0) {
		return errors.New("executor: want a key label, a fee_cap above zero and a daily_fee_cap not below it")
	}
	if x := c.Executor; x != nil && x.DailyRefillCap.Cmp(x.RefillCap) < 0 {
		return errors.New("executor: daily_refill_cap is below refill_cap")
	}
	return nil
}

// parseAddress wants the EIP-55 form and not the zero address.
func parseAddress(text string) (common.Address, error) {
	address := common.HexToAddress(text)
	if !common.IsHexAddress(text) || address.Hex() != text || address == (common.Address{}) {
		return common.Address{}, fmt.Errorf("%.80q is not an address with its EIP-55 checksum", text)
	}
	return address, nil
}

func (c Config) makeDir() error {
	if c.Dir == "" {
		return errors.New("signer configuration: dir is empty")
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return fmt.Errorf("signer configuration: dir: %w", err)
	}
	return nil
}

func (c Config) logPath() string { return filepath.Join(c.Dir, "log.jsonl") }

// pinnedPolicy reads the policy file and refuses any other than the pinned one.
func (c Config) pinnedPolicy() (*policy.Policy, error) {
	text, err := os.ReadFile(c.Policy.File)
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	p, err := policy.Parse(text)
	if err != nil {
		return nil, err
	}
	if want := strings.ToLower(c.Policy.Hash); p.Hash().String() != want {
		return nil, fmt.Errorf("policy: %s has hash %s, pinned is %s", c.Policy.File, p.Hash(), want)
	}
	return p, nil
}
