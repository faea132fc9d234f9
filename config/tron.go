package config

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/btcsuite/btcd/address/v2/base58"

	"github.com/cofferhq/coffer"
)

// TRON is what a chain of TRON has besides what all chains have. Amounts are in TRX.
type TRON struct {
	Account    string `koanf:"account"`    // the wallet, T…
	Permission int32  `koanf:"permission"` // under which it pays: an active one, 2 and on

	// DepositKey makes deposit addresses: an extended public key with its origin (BIP-32),
	// "[d34db33f/44h/195h/0h]xpub…", whose children 0/1, 0/2 and on they are of. None are given
	// out without it.
	DepositKey string `koanf:"deposit_key"`

	// ColdKeys are keys of the permission, T…, that no signer holds. They are counted where a
	// revoked order has to be told to so many signers that the others cannot pay it.
	ColdKeys []string `koanf:"cold_keys"`

	Nodes []TRONNode `koanf:"nodes"` // in place of rpc

	// Agree is how many nodes must say the same of every block, and of what is solidified,
	// before it is believed; 0 for two where there are two. It takes the place of witness_rpc.
	Agree int `koanf:"agree"`

	// MaxBurn is the most TRX that a transaction of the wallet may be planned to burn; without it as
	// much as payout_fee_cap. What would burn more waits for stake.
	MaxBurn string `koanf:"max_burn"`

	// InternalTransfers says that all nodes keep what contracts pay in TRX (vm.saveInternalTx).
	// Where they do not, deposits of TRX are not credited.
	InternalTransfers bool `koanf:"internal_transfers"`
}

// TRONNode is a server that speaks gRPC as java-tron does.
type TRONNode struct {
	URL         string `koanf:"url"`          // grpc://host:port or http://host/path; grpcs:// and https:// for TLS
	SolidityURL string `koanf:"solidity_url"` // where it tells of solidified blocks, on a port of its own with java-tron; url when empty
	APIKeyFile  string `koanf:"api_key_file"` // sent as TRON-PRO-API-KEY, under TLS only
}

// Bounds of a chain of TRON.
const (
	maxTRONNodes  = 8
	maxDepositKey = 300 // bytes
	maxAPIKey     = 256 // bytes
	sunDecimals   = 6
	tronCoin      = "195" // SLIP-44
	tronAddress   = 20
	tronPrefix    = 0x41
	maxPermission = 9 // eight active ones
	maxTRONKeys   = 5 // of a permission
	tronCredit    = 20
	tronSweeps    = 20               // addresses that are being emptied
	minTRONSilent = 10 * time.Second // a maintenance period leaves out two of the blocks that come every 3 s
)

var (
	tronChain  = regexp.MustCompile(`^0x[0-9a-f]{8}$`)
	depositKey = regexp.MustCompile(`^\[[0-9a-f]{8}(/[0-9]{1,10}h?)+\][1-9A-HJ-NP-Za-km-z]{100,120}$`)
)

// isTRON reports whether a chain is one of TRON.
func (c Chain) isTRON() bool { return c.ID.Namespace() == coffer.NamespaceTRON }

// tronDefaults fills what the section of a chain of TRON leaves out: blocks are three seconds
// apart, and solidified after about nineteen.
func tronDefaults(c *Chain) {
	t := &c.TRON
	setDefault(&t.Permission, 2)
	setDefault(&t.Agree, min(2, max(1, len(t.Nodes))))
	setDefault(&c.PollInterval, time.Second)
	setDefault(&c.SilentAfter, time.Minute)
	setDefault(&c.BumpAfter, 20)
	setDefault(&c.PayoutFeeCap, "50")
	setDefault(&c.PayoutValid, 15*time.Minute)
	setDefault(&c.PayoutPath, coffer.PathTRON)
	setDefault(&c.PayoutMaxLegs, 1)
	setDefault(&c.PayoutLanes, 16)
	setDefault(&c.PayoutBumps, 1)
	setDefault(&c.PayoutRetry, time.Minute)
	for i := range c.Assets {
		tronAssetDefaults(&c.Assets[i])
	}
	tronAssetDefaults(&c.Native)
	setDefault(&c.Sweep.MaxForwarders, tronSweeps)
	sweepDefaults(&c.Sweep)
	depositDefaults(&c.Deposits)
}

func tronAssetDefaults(a *Asset) {
	setDefault(&a.MinDeposit, "0")
	setDefault(&a.MinWithdraw, "0")
	setDefault(&a.WithdrawFee, "0")
	setDefault(&a.Credit, tronCredit)
	setDefault(&a.Unlock, a.Credit)
	setDefault(&a.Fee.Percent, "0")
	setDefault(&a.Fee.Least, "0")
	setDefault(&a.Fee.Most, "0")
	setDefault(&a.Fee.NetworkMargin, "0")
}

// refuseOthers names the keys that mean nothing on a chain of TRON.
func (c Chain) refuseOthers(key string, wrong func(key, format string, args ...any)) {
	keys := []struct {
		key   string
		given bool
	}{
		{"rpc", len(c.RPC) > 0}, {"witness_rpc", len(c.WitnessRPC) > 0}, {"wallet", c.Wallet != ""}, {"guard", c.Guard != ""},
		{"entry_point", c.EntryPoint != ""}, {"module", c.Module != ""}, {"multi_send", c.MultiSend != ""},
		{"forwarder_factory", c.ForwarderFactory != ""}, {"executor_signer", c.ExecutorSigner != ""},
		{"executor_signers", len(c.ExecutorSigners) > 0}, {"refill", c.Refill.Wanted()}, {"bundler_url", c.BundlerURL != ""},
		{"bundler_rpc", c.BundlerRPC}, {"native_transfers", c.NativeTransfers != ""}, {"payout_max_gas", c.PayoutMaxGas != 0},
		{"payout_new_alone", c.PayoutNewAlone},
	}
	for _, k := range keys {
		if k.given {
			wrong(key+"."+k.key, "is not for TRON; %s has a section tron", c.ID)
		}
	}
	for i, a := range append([]Asset{c.Native}, c.Assets...) {
		at := key + ".native"
		if i > 0 {
			at = fmt.Sprintf("%s.assets[%d]", key, i-1)
		}
		for _, k := range []struct {
			key   string
			given bool
		}{
			{"payout_gas", a.PayoutGas != 0}, {"needs_memo", a.NeedsMemo}, {"fee.network", a.Fee.Network}, {"fee.network_gas", a.Fee.NetworkGas != 0},
		} {
			if k.given {
				wrong(at+"."+k.key, "is not for TRON")
			}
		}
	}
	if c.PayoutPath != coffer.PathTRON {
		wrong(key+".payout_path", "want %s, which is the only path of a TRON account", coffer.PathTRON)
	}
	if c.PayoutMaxLegs != 1 {
		wrong(key+".payout_max_legs", "want 1: a transaction of TRON pays once")
	}
}

func checkTRON(key string, c Chain, wrong func(key, format string, args ...any)) {
	c.refuseOthers(key, wrong)
	if !tronChain.MatchString(c.ID.Reference()) {
		wrong(key+".id", "want %s:0x and the last 8 hex digits of the first block's id", coffer.NamespaceTRON)
	}
	if c.SilentAfter < minTRONSilent {
		wrong(key+".silent_after", "is below %s, for which blocks fail to come when a period ends", minTRONSilent)
	}
	if number := c.Native.ID.Reference(); c.Native.ID.IsNative() && number != tronCoin {
		wrong(key+".native.id", "want %s:%s", coffer.AssetNative, tronCoin)
	}
	if c.Native.Decimals != sunDecimals {
		wrong(key+".native.decimals", "want %d: amounts are counted in sun", sunDecimals)
	}
	seen := map[coffer.AssetID]bool{}
	for i, asset := range c.Assets {
		at := fmt.Sprintf("%s.assets[%d]", key, i)
		if seen[asset.ID] {
			wrong(at+".id", "%s stands twice", asset.ID)
		}
		seen[asset.ID] = true
		checkAsset(at, c.ID, asset, wrong)
		if asset.ID.Namespace() != coffer.AssetTRC20 || !isTRONAddress(asset.ID.Reference()) {
			wrong(at+".id", "want %s/%s: and the token's address, T…", c.ID, coffer.AssetTRC20)
		}
	}
	for i, sender := range c.Deposits.BlockedSenders {
		if !isTRONAddress(sender) {
			wrong(fmt.Sprintf("%s.deposits.blocked_senders[%d]", key, i), "want an address, T…, with its checksum")
		}
	}
	if text := c.TRON.MaxBurn; text != "" {
		if most, err := coffer.ParseUnits(text, sunDecimals); err != nil {
			wrong(key+".tron.max_burn", "%v", err)
		} else if feeCap, err := coffer.ParseUnits(c.PayoutFeeCap, sunDecimals); most.IsZero() || err == nil && most.Cmp(feeCap) > 0 || !most.Int().IsUint64() {
			wrong(key+".tron.max_burn", "want more than 0, and at most payout_fee_cap, %s", c.PayoutFeeCap)
		}
	}
	checkTRONSection(key+".tron", c.TRON, wrong)
	checkTRONSweep(key, c, wrong)
}

// checkTRONSweep checks sweeps of addresses that are accounts of their own. A sweep of TRX leaves
// what it could burn.
func checkTRONSweep(key string, c Chain, wrong func(key, format string, args ...any)) {
	checkSweep(key, c, wrong)
	if len(c.Sweep.Assets) > 0 && c.TRON.DepositKey == "" {
		wrong(key+".sweep.assets", "without tron.deposit_key there are no deposit addresses")
	}
	for i, a := range c.Sweep.Assets {
		if least, err := coffer.ParseUnits(a.Min, sunDecimals); a.Asset == c.Native.ID && err == nil && least.Cmp(coffer.NewAmount(minTRXSweep)) < 0 {
			wrong(fmt.Sprintf("%s.sweep.assets[%d].min", key, i), "want at least 1 TRX: a sweep leaves a part of that where it is")
		}
	}
}

const minTRXSweep = 1_000_000 // sun

func checkTRONSection(key string, t TRON, wrong func(key, format string, args ...any)) {
	if !isTRONAddress(t.Account) {
		wrong(key+".account", "want the wallet's address, T…, with its checksum")
	}
	if t.Permission < 2 || t.Permission > maxPermission {
		wrong(key+".permission", "want the number of an active permission, 2 to %d: the owner's key can take the account away", maxPermission)
	}
	if t.DepositKey != "" && (len(t.DepositKey) > maxDepositKey || !depositKey.MatchString(t.DepositKey) || strings.Contains(t.DepositKey, "prv")) {
		wrong(key+".deposit_key", "want an extended public key with its origin, [d34db33f/44h/195h/0h]xpub…")
	}
	if len(t.ColdKeys) >= maxTRONKeys {
		wrong(key+".cold_keys", "want less than %d, which is as many keys as a permission has", maxTRONKeys)
	}
	for i, cold := range t.ColdKeys {
		at := fmt.Sprintf("%s.cold_keys[%d]", key, i)
		switch {
		case !isTRONAddress(cold):
			wrong(at, "want the address of a key of the permission, T…, with its checksum")
		case slices.Contains(t.ColdKeys[:i], cold):
			wrong(at, "%s stands twice", cold)
		}
	}
	if len(t.Nodes) == 0 || len(t.Nodes) > maxTRONNodes {
		wrong(key+".nodes", "want 1 to %d nodes", maxTRONNodes)
	}
	if t.Agree < 1 || t.Agree > max(1, len(t.Nodes)) {
		wrong(key+".agree", "want 1 to the number of nodes, %d", len(t.Nodes))
	}
	seen := map[string]int{} // by host, the node
	for i, node := range t.Nodes {
		at := fmt.Sprintf("%s.nodes[%d]", key, i)
		host, secure := nodeURL(node.URL)
		switch {
		case host == "":
			wrong(at+".url", nodeURLRule)
		case seen[host] > 0:
			wrong(at+".url", "%s stands twice: a node cannot agree with itself", host)
		default:
			seen[host] = i + 1
		}
		if node.SolidityURL != "" {
			other, secureToo := nodeURL(node.SolidityURL)
			switch {
			case other == "":
				wrong(at+".solidity_url", nodeURLRule)
			case seen[other] > 0 && seen[other] != i+1:
				wrong(at+".solidity_url", "%s stands twice: a node cannot agree with itself", other)
			default:
				seen[other] = i + 1
			}
			secure = secure && secureToo
		}
		if node.APIKeyFile != "" && !secure {
			wrong(at+".api_key_file", "is sent under TLS only: want grpcs:// or https:// URLs")
		}
	}
}

const nodeURLRule = "want grpc://host:port or http://host, grpcs:// or https:// for TLS; a path for the latter alone, up to where /wallet begins"

// nodeURL returns the host of a node with its port, in one form for all ways to write it, "" when
// it is none, and whether it is under TLS.
func nodeURL(text string) (host string, secure bool) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", false
	}
	path := strings.TrimSuffix(u.Path, "/")
	switch u.Scheme {
	case "grpc", "grpcs":
		if u.Port() == "" || path != "" {
			return "", false
		}
	case "http", "https":
		if strings.HasSuffix(path, "/wallet") || strings.HasSuffix(path, "/walletsolidity") {
			return "", false
		}
	default:
		return "", false
	}
	port := u.Port()
	if secure = u.Scheme == "grpcs" || u.Scheme == "https"; port == "" && secure {
		port = "443"
	} else if port == "" {
		port = "80"
	}
	return net.JoinHostPort(strings.TrimSuffix(strings.ToLower(u.Hostname()), "."), port), secure
}

// isTRONAddress reports whether a text is an address in its one canonical form.
func isTRONAddress(text string) bool {
	payload, version, err := base58.CheckDecode(text)
	return err == nil && version == tronPrefix && len(payload) == tronAddress && base58.CheckEncode(payload, version) == text
}

// APIKey reads the node's key; "" when it has none.
func (n TRONNode) APIKey() (string, error) {
	if n.APIKeyFile == "" {
		return "", nil
	}
	text, err := os.ReadFile(n.APIKeyFile)
	if err != nil {
		return "", fmt.Errorf("api_key_file: %w", err)
	}
	key := strings.TrimRight(string(text), "\r\n")
	if key == "" || len(key) > maxAPIKey || strings.ContainsAny(key, " \t\r\n") {
		return "", fmt.Errorf("api_key_file: %s does not hold one key", n.APIKeyFile)
	}
	return key, nil
}
