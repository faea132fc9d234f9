package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/ethereum/go-ethereum/common"
)

// Roles are the parts a process can run.
var Roles = []string{"all", "api", "indexer", "deposits", "withdrawals", "payouts", "treasury", "bundler", "ledger", "stream"}

// Bounds of values.
const (
	maxDecimals    = 36
	minPoll        = 10 * time.Millisecond
	minPayoutValid = 75 * time.Second // what is built has to be good for another minute, the rest is for signing
	maxDuration    = 24 * time.Hour
	maxRate        = 100_000
	minPayoutGas   = 1_000_000
	maxPayoutGas   = 15_000_000 // EIP-7825 ends a transaction at 16,777,216
	minPaymentGas  = 10_000
	maxPaymentGas  = 500_000
)

var hexAddress = regexp.MustCompile(`^0x[0-9a-fA-F]{40}$`)

// Read loads the configuration of `coffer serve`, fills defaults and checks it.
func Read(s Sources) (Config, error) {
	c := Defaults()
	if err := Load(&c, s); err != nil {
		return Config{}, err
	}
	for i := range c.Chains {
		chainDefaults(&c.Chains[i])
	}
	return c, c.Check()
}

// Check names every key that breaks a rule.
func (c Config) Check() error {
	var found []error
	wrong := func(key, format string, args ...any) {
		found = append(found, fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...)))
	}

	if c.DataDir == "" {
		wrong("data_dir", "want a directory")
	}
	if len(c.Roles) == 0 {
		wrong("roles", "want at least one of %s", strings.Join(Roles, ", "))
	}
	for _, role := range c.Roles {
		if !slices.Contains(Roles, role) {
			wrong("roles", "%q is none of %s", role, strings.Join(Roles, ", "))
		}
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.Log.Level) {
		wrong("log.level", "%q is none of debug, info, warn, error", c.Log.Level)
	}
	if !slices.Contains([]string{"text", "json"}, c.Log.Format) {
		wrong("log.format", "%q is none of text, json", c.Log.Format)
	}
	if err := checkHostPort(c.HTTP.Listen); err != nil {
		wrong("http.listen", "%v", err)
	}
	checkRate(c.HTTP, wrong)
	if c.Postgres.DSN != "" && c.Postgres.DSNFile != "" {
		wrong("postgres", "dsn and dsn_file exclude each other")
	}
	if c.PolicyFile == "" {
		wrong("policy_file", "want the file with the rules for withdrawals")
	}
	checkSigning(c.Signing, wrong)
	checkStream(c.Stream, wrong)
	checkWithdrawals(c.Withdrawals, wrong)

	if len(c.Chains) == 0 {
		wrong("chains", "want at least one")
	}
	seen := map[coffer.ChainID]bool{}
	for i, chain := range c.Chains {
		key := fmt.Sprintf("chains[%d]", i)
		if seen[chain.ID] {
			wrong(key+".id", "%s stands twice", chain.ID)
		}
		seen[chain.ID] = true
		checkChain(key, chain, c.Signing, wrong)
	}
	return errors.Join(found...)
}

func checkSigning(s Signing, wrong func(key, format string, args ...any)) {
	if s.Threshold < 1 || s.Threshold > len(s.Signers) {
		wrong("signing.threshold", "want 1 to the number of signers, %d", len(s.Signers))
	}
	names := map[string]bool{}
	for i, signer := range s.Signers {
		key := fmt.Sprintf("signing.signers[%d]", i)
		if signer.Name == "" || names[signer.Name] {
			wrong(key+".name", "want a name of its own")
		}
		names[signer.Name] = true
		if err := checkHostPort(signer.Address); err != nil {
			wrong(key+".address", "%v", err)
		}
	}
	files := []struct{ key, path string }{{"ca_file", s.CAFile}, {"cert_file", s.CertFile}, {"key_file", s.KeyFile}}
	for _, file := range files {
		if file.path == "" {
			wrong("signing."+file.key, "want a PEM file")
		}
	}
}

func checkChain(key string, c Chain, s Signing, wrong func(key, format string, args ...any)) {
	if _, err := coffer.ParseChainID(string(c.ID)); err != nil {
		wrong(key+".id", "%v", err)
	} else if c.ID.Namespace() != coffer.NamespaceEVM && !c.isUTXO() && !c.isTRON() {
		wrong(key+".id", "namespace %s is not served; want %s, %s or %s", c.ID.Namespace(), coffer.NamespaceEVM, coffer.NamespaceUTXO, coffer.NamespaceTRON)
	}
	if feeCap, err := coffer.ParseUnits(c.PayoutFeeCap, c.Native.Decimals); err != nil {
		wrong(key+".payout_fee_cap", "%v", err)
	} else if feeCap.IsZero() {
		wrong(key+".payout_fee_cap", "is zero: nothing could be paid")
	}
	durations := []struct {
		key        string
		value, min time.Duration
	}{
		{"poll_interval", c.PollInterval, minPoll}, {"silent_after", c.SilentAfter, c.PollInterval}, {"payout_valid", c.PayoutValid, minPayoutValid},
		{"payout_retry", c.PayoutRetry, minPoll},
	}
	for _, d := range durations {
		if d.value < d.min || d.value > maxDuration {
			wrong(key+"."+d.key, "%s is not between %s and %s", d.value, d.min, maxDuration)
		}
	}
	checkAsset(key+".native", c.ID, c.Native, wrong)
	if !c.Native.ID.IsNative() {
		wrong(key+".native.id", "want an asset of namespace %s", coffer.AssetNative)
	}
	checkBatches(key, c, wrong)
	checkDeposits(key, c, wrong)
	if !c.isTRON() && !reflect.DeepEqual(c.TRON, TRON{}) {
		wrong(key+".tron", "is for chains of TRON (%s)", coffer.NamespaceTRON)
	}
	if !c.isUTXO() && !reflect.DeepEqual(c.UTXO, UTXO{}) {
		wrong(key+".utxo", "is for chains of the Bitcoin family (%s)", coffer.NamespaceUTXO)
	}
	switch {
	case c.isUTXO():
		checkUTXO(key, c, s, wrong)
	case c.isTRON():
		checkTRON(key, c, wrong)
	default:
		checkEVM(key, c, s, wrong)
	}
}

func checkEVM(key string, c Chain, s Signing, wrong func(key, format string, args ...any)) {
	if len(c.RPC) == 0 {
		wrong(key+".rpc", "want at least one URL")
	}
	for _, text := range c.RPC {
		if u, err := url.Parse(text); err != nil || !slices.Contains([]string{"http", "https"}, u.Scheme) || u.Host == "" {
			wrong(key+".rpc", "want http or https URLs")
		}
	}
	checkWitness(key+".witness_rpc", c, wrong)
	if !slices.Contains([]string{"auto", "traces", "top-level"}, c.NativeTransfers) {
		wrong(key+".native_transfers", "%q is none of auto, traces, top-level", c.NativeTransfers)
	}
	contracts := []struct{ key, address string }{
		{"entry_point", c.EntryPoint}, {"module", c.Module}, {"multi_send", c.MultiSend},
		{"forwarder_factory", c.ForwarderFactory}, {"wallet", c.Wallet},
	}
	for _, contract := range contracts {
		if err := checkAddress(contract.address); err != nil {
			wrong(key+"."+contract.key, "%v", err)
		}
	}
	if c.Guard != "" {
		if err := checkAddress(c.Guard); err != nil {
			wrong(key+".guard", "%v", err)
		}
	}
	checkExecutors(key, c, s, wrong)
	checkPayouts(key, c, wrong)
	seen := map[coffer.AssetID]bool{c.Native.ID: true}
	for i, asset := range c.Assets {
		key := fmt.Sprintf("%s.assets[%d]", key, i)
		if seen[asset.ID] {
			wrong(key+".id", "%s stands twice", asset.ID)
		}
		seen[asset.ID] = true
		checkAsset(key, c.ID, asset, wrong)
		checkToken(key, asset, wrong)
	}
	checkEVMSenders(key+".deposits", c.Deposits, wrong)
	checkSweep(key, c, wrong)
}

// checkBatches checks how payments are put together.
func checkBatches(key string, c Chain, wrong func(key, format string, args ...any)) {
	counts := []struct {
		key         string
		value, most int
	}{{"payout_max_legs", c.PayoutMaxLegs, 100}, {"payout_lanes", c.PayoutLanes, 64}, {"payout_bumps", c.PayoutBumps, 99}}
	for _, count := range counts {
		if count.value < 1 || count.value > count.most {
			wrong(key+"."+count.key, "want 1 to %d", count.most)
		}
	}
	for i, asset := range append([]Asset{c.Native}, c.Assets...) {
		name := key + ".native"
		if i > 0 {
			name = fmt.Sprintf("%s.assets[%d]", key, i-1)
		}
		bounds := []struct{ key, text string }{{"payout_max", asset.PayoutMax}, {"payout_max_destination", asset.PayoutMaxDestination}}
		for _, bound := range bounds {
			if bound.text == "" {
				continue
			}
			if amount, err := coffer.ParseUnits(bound.text, asset.Decimals); err != nil {
				wrong(name+"."+bound.key, "%v", err)
			} else if amount.IsZero() {
				wrong(name+"."+bound.key, "is zero: write nothing for no bound")
			}
		}
	}
}

// checkPayouts checks which way payments go, and what they may take of a block.
func checkPayouts(key string, c Chain, wrong func(key, format string, args ...any)) {
	switch c.PayoutPath {
	case coffer.PathUserOp:
	case coffer.PathExec, PathAuto:
		if c.BundlerURL != "" {
			wrong(key+".payout_path", "%s wants executors of our own, which only the embedded bundler has: leave bundler_url out", c.PayoutPath)
		}
	default:
		wrong(key+".payout_path", "want %s, %s or %s", coffer.PathUserOp, coffer.PathExec, PathAuto)
	}
	if c.PayoutMaxGas < minPayoutGas || c.PayoutMaxGas > maxPayoutGas {
		wrong(key+".payout_max_gas", "want %d to %d", minPayoutGas, maxPayoutGas)
	}
	if c.Native.PayoutGas < minPaymentGas || c.Native.PayoutGas > maxPaymentGas {
		wrong(key+".native.payout_gas", "want %d to %d", minPaymentGas, maxPaymentGas)
	}
	for i, asset := range c.Assets {
		if asset.PayoutGas < minPaymentGas || asset.PayoutGas > maxPaymentGas {
			wrong(fmt.Sprintf("%s.assets[%d].payout_gas", key, i), "want %d to %d", minPaymentGas, maxPaymentGas)
		}
	}
}

func checkAsset(key string, chain coffer.ChainID, a Asset, wrong func(key, format string, args ...any)) {
	if _, err := coffer.ParseAssetID(string(a.ID)); err != nil {
		wrong(key+".id", "%v", err)
	} else if a.ID.Chain() != chain {
		wrong(key+".id", "is an asset of %s, not of %s", a.ID.Chain(), chain)
	}
	if a.Decimals > maxDecimals {
		wrong(key+".decimals", "want at most %d", maxDecimals)
	}
	if a.Symbol == "" {
		wrong(key+".symbol", "want a name for people")
	}
	amounts := []struct{ key, text string }{{"min_deposit", a.MinDeposit}, {"min_withdraw", a.MinWithdraw}, {"withdraw_fee", a.WithdrawFee}}
	for _, amount := range amounts {
		if _, err := coffer.ParseUnits(amount.text, a.Decimals); err != nil {
			wrong(key+"."+amount.key, "%v", err)
		}
	}
	checkFee(key+".fee", a, wrong)
	if a.Unlock < a.Credit {
		wrong(key+".unlock", "comes before credit")
	}
}

// checkToken wants the one spelling by which blocks name the token: money in any other
// would never be recognised.
func checkToken(key string, a Asset, wrong func(key, format string, args ...any)) {
	token := a.ID.Reference()
	switch {
	case a.ID.Namespace() != coffer.AssetERC20:
		wrong(key+".id", "want an asset of namespace %s", coffer.AssetERC20)
	case checkAddress(token) != nil:
		wrong(key+".id", "%v", checkAddress(token))
	case common.HexToAddress(token).Hex() != token:
		wrong(key+".id", "write the token with its checksum: %s", common.HexToAddress(token).Hex())
	}
}

// checkAddress accepts addresses without a checksum, but none with a wrong one.
func checkAddress(text string) error {
	if !hexAddress.MatchString(text) {
		return errors.New("want an address: 0x and 40 hex digits")
	}
	address, digits := common.HexToAddress(text), text[2:]
	if address == (common.Address{}) {
		return errors.New("is the zero address")
	}
	mixed := digits != strings.ToLower(digits) && digits != strings.ToUpper(digits)
	if mixed && address.Hex() != text {
		return errors.New("the capital letters are not this address's checksum (EIP-55)")
	}
	return nil
}

func checkRate(h HTTP, wrong func(key, format string, args ...any)) {
	if h.RequestsPerSecond > maxRate {
		wrong("http.requests_per_second", "want at most %d", maxRate)
	}
	if h.RequestsPerSecond > 0 && (h.Burst < h.RequestsPerSecond || h.Burst > 10*maxRate) {
		wrong("http.burst", "want requests_per_second to %d", 10*maxRate)
	}
}

func checkHostPort(text string) error {
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return fmt.Errorf("want host:port: %w", err)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("port %q is not between 0 and 65535", port)
	}
	return nil
}

// Words returns the asset as the rest of the system knows it. The configuration has been
// checked.
func (a Asset) Words() coffer.Asset {
	parse := func(text string) coffer.Amount {
		amount, err := coffer.ParseUnits(text, a.Decimals)
		if err != nil {
			panic(fmt.Sprintf("asset %s was not checked: %v", a.ID, err))
		}
		return amount
	}
	return coffer.Asset{
		ID: a.ID, Symbol: a.Symbol, Decimals: a.Decimals, Credit: a.Credit, Unlock: a.Unlock, NeedsMemo: a.NeedsMemo,
		MinDeposit: parse(a.MinDeposit), MinWithdraw: parse(a.MinWithdraw), WithdrawFee: parse(a.WithdrawFee),
	}
}

// Has reports whether the process runs a role.
func (c Config) Has(role string) bool {
	return slices.Contains(c.Roles, "all") || slices.Contains(c.Roles, role)
}

// Source returns the DSN of the database to use, or "" for a private one.
func (p Postgres) Source() (string, error) {
	if p.DSNFile == "" {
		return p.DSN, nil
	}
	text, err := os.ReadFile(p.DSNFile)
	if err != nil {
		return "", fmt.Errorf("postgres.dsn_file: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// defaultDataDir is where packages keep state: /var/lib for root, because the private
// database never runs as root and must be able to reach it; the user's own otherwise.
func defaultDataDir() string {
	if os.Geteuid() == 0 {
		return "/var/lib/coffer"
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "/var/lib/coffer"
	}
	return filepath.Join(home, ".local", "share", "coffer")
}
