package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/cofferhq/coffer"
)

// Roles are the parts a process can run.
var Roles = []string{"all", "api", "indexer", "deposits", "withdrawals", "payouts", "bundler", "ledger", "stream"}

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
	if _, _, err := net.SplitHostPort(c.HTTP.Listen); err != nil {
		wrong("http.listen", "want host:port: %v", err)
	}
	if c.Postgres.DSN != "" && c.Postgres.DSNFile != "" {
		wrong("postgres", "dsn and dsn_file exclude each other")
	}
	if c.PolicyFile == "" {
		wrong("policy_file", "want the file with the rules for withdrawals")
	}
	checkSigning(c.Signing, wrong)

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
		if _, _, err := net.SplitHostPort(signer.Address); err != nil {
			wrong(key+".address", "want host:port: %v", err)
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
	} else if c.ID.Namespace() != coffer.NamespaceEVM {
		wrong(key+".id", "namespace %s is not served; want %s", c.ID.Namespace(), coffer.NamespaceEVM)
	}
	if len(c.RPC) == 0 {
		wrong(key+".rpc", "want at least one URL")
	}
	for _, text := range c.RPC {
		if u, err := url.Parse(text); err != nil || !slices.Contains([]string{"http", "https"}, u.Scheme) {
			wrong(key+".rpc", "want http or https URLs")
		}
	}
	contracts := []struct{ key, address string }{
		{"entry_point", c.EntryPoint}, {"module", c.Module}, {"multi_send", c.MultiSend},
		{"forwarder_factory", c.ForwarderFactory}, {"wallet", c.Wallet},
	}
	for _, contract := range contracts {
		if !hexAddress.MatchString(contract.address) {
			wrong(key+"."+contract.key, "want an address: 0x and 40 hex digits")
		}
	}
	if !slices.ContainsFunc(s.Signers, func(signer Signer) bool { return signer.Name == c.ExecutorSigner }) && c.BundlerURL == "" {
		wrong(key+".executor_signer", "%q is none of signing.signers", c.ExecutorSigner)
	}
	if c.PayoutMaxLegs < 1 || c.PayoutMaxLegs > 500 {
		wrong(key+".payout_max_legs", "want 1 to 500")
	}
	if _, err := coffer.ParseUnits(c.PayoutFeeCap, c.Native.Decimals); err != nil {
		wrong(key+".payout_fee_cap", "%v", err)
	}
	checkAsset(key+".native", c.ID, c.Native, wrong)
	if !c.Native.ID.IsNative() {
		wrong(key+".native.id", "want an asset of namespace %s", coffer.AssetNative)
	}
	for i, asset := range c.Assets {
		checkAsset(fmt.Sprintf("%s.assets[%d]", key, i), c.ID, asset, wrong)
	}
}

func checkAsset(key string, chain coffer.ChainID, a Asset, wrong func(key, format string, args ...any)) {
	if _, err := coffer.ParseAssetID(string(a.ID)); err != nil {
		wrong(key+".id", "%v", err)
	} else if a.ID.Chain() != chain {
		wrong(key+".id", "is an asset of %s, not of %s", a.ID.Chain(), chain)
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
	if a.Unlock < a.Credit {
		wrong(key+".unlock", "comes before credit")
	}
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
		ID: a.ID, Symbol: a.Symbol, Decimals: a.Decimals, Credit: a.Credit, Unlock: a.Unlock,
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
