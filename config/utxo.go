package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cofferhq/coffer"
)

// UTXO is what a chain of the Bitcoin family has besides what all chains have. Fee rates are
// in satoshi for a virtual byte ("2.5").
type UTXO struct {
	// Descriptor is the wallet, with its checksum (BIP-380): wsh(sortedmulti(…)) or
	// sh(wsh(sortedmulti(…))) of public keys that the signers hold.
	Descriptor string `koanf:"descriptor"`

	// Threshold is how many keys of the descriptor have to sign; signing.threshold unless it is
	// set. It may be more than there are signers: then cold keys sign every payout.
	Threshold int `koanf:"threshold"`

	// ColdKeys are keys of the descriptor, as they stand in it but without the steps below them,
	// that no signer holds and that sign by file where signers are too few.
	ColdKeys []string `koanf:"cold_keys"`

	Nodes         []Node `koanf:"nodes"`         // in place of rpc
	WitnessNodes  []Node `koanf:"witness_nodes"` // in place of witness_rpc
	Confirmations uint64 `koanf:"confirmations"` // of a block that is final

	FeeBlocks   uint32 `koanf:"fee_blocks"`   // an estimate is for one of so many blocks
	FeeFloor    string `koanf:"fee_floor"`    // the least
	FeeCap      string `koanf:"fee_cap"`      // the most that an estimate can ask for
	FeeFallback string `koanf:"fee_fallback"` // where there is no estimate, or an absurd one
	FeeLongTerm string `koanf:"fee_long_term"`

	// ConsolidateOver is how many coins the wallet may have before they are made fewer while
	// fees are below fee_long_term; 0 for never. The policy has to let signers do it.
	ConsolidateOver int `koanf:"consolidate_over"`

	Omni Omni `koanf:"omni"` // off by default
}

// Node is a server that speaks Bitcoin Core's JSON-RPC. Who may ask it is said by a user and
// a file with the password, or by the cookie file that Bitcoin Core writes when it starts.
type Node struct {
	URL          string `koanf:"url"` // http or https, without user and password
	User         string `koanf:"user"`
	PasswordFile string `koanf:"password_file"`
	CookieFile   string `koanf:"cookie_file"`
	ZMQ          string `koanf:"zmq"` // tcp://host:port where it publishes hashblock; of nodes only
}

// Bounds of a chain of the Bitcoin family.
const (
	maxUTXONodes     = 8
	maxConfirmations = 100 // what a miner earned matures then
	maxFeeBlocks     = 1008
	maxConsolidate   = 20_000
	maxDescriptor    = 8 << 10
	maxColdKeys      = 16
	maxColdKey       = 200 // bytes
	feeRateDecimals  = 3
	maxFeeRate       = 10_000_000 // thousandths of a satoshi
	satoshiDecimals  = 8
	minDust          = 546 // satoshi; less is not relayed to an address of the oldest kind
)

var genesis = regexp.MustCompile(`^[0-9a-f]{32}$`)

// isUTXO reports whether a chain is of the Bitcoin family.
func (c Chain) isUTXO() bool { return c.ID.Namespace() == coffer.NamespaceUTXO }

// utxoDefaults fills what the section of a chain of the Bitcoin family leaves out: blocks
// are ten minutes apart, sometimes an hour and more.
func utxoDefaults(c *Chain) {
	u := &c.UTXO
	setDefault(&u.Confirmations, 6)
	setDefault(&u.FeeBlocks, 6)
	setDefault(&u.FeeFloor, "1")
	setDefault(&u.FeeCap, "300")
	setDefault(&u.FeeFallback, "20")
	setDefault(&u.FeeLongTerm, "10")
	setDefault(&c.PollInterval, 5*time.Second)
	setDefault(&c.SilentAfter, 2*time.Hour)
	setDefault(&c.BumpAfter, 2)
	setDefault(&c.PayoutFeeCap, "0.002")
	setDefault(&c.PayoutValid, 2*time.Hour)
	setDefault(&c.PayoutPath, coffer.PathPSBT)
	setDefault(&c.PayoutMaxLegs, 50)
	setDefault(&c.PayoutLanes, 4)
	setDefault(&c.PayoutBumps, 20)
	setDefault(&c.PayoutRetry, time.Minute)
	setDefault(&c.Native.MinDeposit, "0")
	setDefault(&c.Native.MinWithdraw, "0.00001")
	setDefault(&c.Native.WithdrawFee, "0")
	setDefault(&c.Native.Credit, 2)
	setDefault(&c.Native.Unlock, max(c.Native.Credit, u.Confirmations))
	setDefault(&c.Native.Fee.Percent, "0")
	setDefault(&c.Native.Fee.Least, "0")
	setDefault(&c.Native.Fee.Most, "0")
	setDefault(&c.Native.Fee.NetworkMargin, "0")
	omniDefaults(c)
	depositDefaults(&c.Deposits)
}

// refuseEVM names the keys that mean nothing on a chain of the Bitcoin family.
func refuseEVM(key string, c Chain, wrong func(key, format string, args ...any)) {
	keys := []struct {
		key   string
		given bool
	}{
		{"rpc", len(c.RPC) > 0}, {"witness_rpc", len(c.WitnessRPC) > 0}, {"wallet", c.Wallet != ""}, {"guard", c.Guard != ""},
		{"entry_point", c.EntryPoint != ""}, {"module", c.Module != ""}, {"multi_send", c.MultiSend != ""},
		{"forwarder_factory", c.ForwarderFactory != ""}, {"executor_signer", c.ExecutorSigner != ""},
		{"executor_signers", len(c.ExecutorSigners) > 0}, {"refill", c.Refill.Wanted()}, {"bundler_url", c.BundlerURL != ""},
		{"bundler_rpc", c.BundlerRPC}, {"native_transfers", c.NativeTransfers != ""}, {"payout_max_gas", c.PayoutMaxGas != 0},
		{"sweep", !c.UTXO.Omni.Wanted() && (len(c.Sweep.Assets) > 0 || c.Sweep.Interval != 0 || c.Sweep.MaxAge != 0)},
		{"sweep.max_forwarders", c.Sweep.MaxForwarders != 0}, {"sweep.cost_factor", c.Sweep.CostFactor != 0},
		{"native.payout_gas", c.Native.PayoutGas != 0}, {"native.needs_memo", c.Native.NeedsMemo},
		{"native.fee.network_gas", c.Native.Fee.NetworkGas != 0},
		{"deposits.known_tokens", len(c.Deposits.KnownTokens) > 0},
	}
	for _, k := range keys {
		if k.given {
			wrong(key+"."+k.key, "is for EVM chains; %s is of the Bitcoin family", c.ID)
		}
	}
	if c.Native.Fee.Network {
		wrong(key+".native.fee.network", "is for EVM chains: what a payment of %s costs depends on the coins that it will spend; set withdraw_fee and fee.percent, and payout_fee_cap for its bound", c.ID)
	}
	if c.PayoutPath != coffer.PathPSBT {
		wrong(key+".payout_path", "want %s, which is the only path of a wallet of coins", coffer.PathPSBT)
	}
}

func checkUTXO(key string, c Chain, s Signing, wrong func(key, format string, args ...any)) {
	refuseEVM(key, c, wrong)
	if !genesis.MatchString(c.ID.Reference()) {
		wrong(key+".id", "want %s: and the first 32 hex digits of the genesis block's hash", coffer.NamespaceUTXO)
	}
	checkCoin(key+".native", c.Native, wrong)
	checkOmni(key, c, wrong)
	key += ".utxo"
	u := c.UTXO
	if u.Descriptor == "" || len(u.Descriptor) > maxDescriptor {
		wrong(key+".descriptor", "want the wallet's descriptor with its checksum, wsh(sortedmulti(…))#…")
	}
	checkColdKeys(key+".cold_keys", u, wrong)
	checkThreshold(key+".threshold", u, s, wrong)
	if len(u.Nodes) == 0 {
		wrong(key+".nodes", "want at least one node")
	}
	hosts := checkNodes(key+".nodes", u.Nodes, wrong)
	for i, node := range u.WitnessNodes {
		if node.ZMQ != "" {
			wrong(fmt.Sprintf("%s.witness_nodes[%d].zmq", key, i), "is for nodes that are followed: witnesses are asked")
		}
	}
	for host := range checkNodes(key+".witness_nodes", u.WitnessNodes, wrong) {
		if hosts[host] {
			wrong(key+".witness_nodes", "%s is one of nodes: a node cannot be its own witness", host)
		}
	}
	if u.Confirmations < 1 || u.Confirmations > maxConfirmations {
		wrong(key+".confirmations", "want 1 to %d", maxConfirmations)
	}
	if u.FeeBlocks < 1 || u.FeeBlocks > maxFeeBlocks {
		wrong(key+".fee_blocks", "want 1 to %d", maxFeeBlocks)
	}
	if u.ConsolidateOver < 0 || u.ConsolidateOver > maxConsolidate {
		wrong(key+".consolidate_over", "want 0 to %d", maxConsolidate)
	}
	checkFeeRates(key, u, wrong)
}

// checkThreshold wants no fewer signatures than other chains do: the caps of signers are their
// shares of what so many may sign together.
func checkThreshold(key string, u UTXO, s Signing, wrong func(key, format string, args ...any)) {
	if most := len(s.Signers) + len(u.ColdKeys); u.Threshold != 0 && (u.Threshold < s.Threshold || u.Threshold > most) {
		wrong(key, "want %d (signing.threshold) to %d, the number of signers and cold_keys", s.Threshold, most)
	}
}

func checkColdKeys(key string, u UTXO, wrong func(key, format string, args ...any)) {
	if len(u.ColdKeys) > maxColdKeys {
		wrong(key, "want at most %d", maxColdKeys)
	}
	seen := map[string]bool{}
	for i, cold := range u.ColdKeys {
		at := fmt.Sprintf("%s[%d]", key, i)
		switch {
		case cold == "" || len(cold) > maxColdKey || !strings.Contains(u.Descriptor, cold):
			wrong(at, "want a key as it stands in descriptor, without /<0;1>/*")
		case seen[cold]:
			wrong(at, "stands twice")
		}
		seen[cold] = true
	}
}

func checkCoin(key string, a Asset, wrong func(key, format string, args ...any)) {
	if number := a.ID.Reference(); a.ID.IsNative() && number != "0" && number != "1" {
		wrong(key+".id", "want %s:0 on the main network, %s:1 on others", coffer.AssetNative, coffer.AssetNative)
	}
	if a.Decimals != satoshiDecimals {
		wrong(key+".decimals", "want %d: amounts are counted in satoshi", satoshiDecimals)
	} else if least, err := coffer.ParseUnits(a.MinWithdraw, a.Decimals); err == nil && least.Cmp(coffer.NewAmount(minDust)) < 0 {
		wrong(key+".min_withdraw", "is less than 0.00000546, which nodes do not relay")
	}
}

// isPublisher reports whether an address is one to subscribe at over ZeroMQ.
func isPublisher(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "tcp" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() != "" && u.Port() != "" && (ip == nil || ip.To4() != nil)
}

func checkNodes(key string, list []Node, wrong func(key, format string, args ...any)) map[string]bool {
	if len(list) > maxUTXONodes {
		wrong(key, "want at most %d", maxUTXONodes)
	}
	hosts := map[string]bool{}
	for i, node := range list {
		at := fmt.Sprintf("%s[%d]", key, i)
		u, err := url.Parse(node.URL)
		switch {
		case err != nil || !slices.Contains([]string{"http", "https"}, u.Scheme) || u.Host == "":
			wrong(at+".url", "want an http or https URL")
		case u.User != nil:
			wrong(at+".url", "has a password in it: write user and password_file, or cookie_file")
		case hosts[u.Host]:
			wrong(at+".url", "%s stands twice", u.Host)
		default:
			hosts[u.Host] = true
		}
		if node.ZMQ != "" && !isPublisher(node.ZMQ) {
			wrong(at+".zmq", "want tcp://host:port, the host by name or IPv4 address")
		}
		switch {
		case node.CookieFile != "" && (node.User != "" || node.PasswordFile != ""):
			wrong(at+".cookie_file", "excludes user and password_file")
		case (node.User == "") != (node.PasswordFile == ""):
			wrong(at+".password_file", "user and password_file come together")
		case strings.Contains(node.User, ":"):
			wrong(at+".user", "holds a colon")
		}
	}
	return hosts
}

func checkFeeRates(key string, u UTXO, wrong func(key, format string, args ...any)) {
	read := map[string]uint64{}
	for _, rate := range []struct{ key, text string }{
		{"fee_floor", u.FeeFloor}, {"fee_cap", u.FeeCap}, {"fee_fallback", u.FeeFallback}, {"fee_long_term", u.FeeLongTerm},
	} {
		value, err := FeeRate(rate.text)
		if err != nil {
			wrong(key+"."+rate.key, "%v", err)
			return
		}
		read[rate.key] = value
	}
	if read["fee_cap"] < read["fee_floor"] {
		wrong(key+".fee_cap", "is below fee_floor")
	}
	if read["fee_fallback"] < read["fee_floor"] || read["fee_fallback"] > read["fee_cap"] {
		wrong(key+".fee_fallback", "is not between fee_floor and fee_cap")
	}
	if read["fee_long_term"] > read["fee_cap"] {
		wrong(key+".fee_long_term", "is above fee_cap")
	}
}

// FeeRate reads satoshi for a virtual byte ("2.5") as satoshi for a thousand of them (2500).
func FeeRate(text string) (uint64, error) {
	rate, err := coffer.ParseUnits(text, feeRateDecimals)
	if err != nil {
		return 0, errors.New("want satoshi for a virtual byte, such as 2.5, with at most 3 decimal places")
	}
	if rate.IsZero() || !rate.Int().IsUint64() || rate.Int().Uint64() > maxFeeRate {
		return 0, fmt.Errorf("want more than 0 and at most %d", maxFeeRate/1000)
	}
	return rate.Int().Uint64(), nil
}

// maxPasswordBytes bounds the file with a node's password.
const maxPasswordBytes = 4 << 10

// Login is the URL with user and password in it, as clients take it.
func (n Node) Login() (string, error) {
	if n.PasswordFile == "" {
		return n.URL, nil
	}
	u, err := url.Parse(n.URL)
	if err != nil {
		return "", errors.New("url: cannot be read")
	}
	text, err := os.ReadFile(n.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("password_file: %w", err)
	}
	password := strings.TrimRight(string(text), "\r\n")
	if password == "" || len(password) > maxPasswordBytes || strings.ContainsAny(password, "\r\n") {
		return "", fmt.Errorf("password_file: %s does not hold one line", n.PasswordFile)
	}
	u.User = url.UserPassword(n.User, password)
	return u.String(), nil
}
