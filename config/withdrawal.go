package config

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cofferhq/coffer"
)

// Withdrawals says how long offers hold and who looks at withdrawals before they are paid.
type Withdrawals struct {
	QuoteTTL        time.Duration `koanf:"quote_ttl"`        // how long a quote holds
	OrderTTL        time.Duration `koanf:"order_ttl"`        // how long an order can be paid
	ActivationDelay time.Duration `koanf:"activation_delay"` // before a new entry of the address book counts; 0 for none

	// Sandbox screens destinations by their last characters, for development: 9999 is
	// refused, 8888 is for review.
	Sandbox   bool      `koanf:"sandbox"`
	Sanctions Sanctions `koanf:"sanctions"`
	Customers Customers `koanf:"customers"`
}

// Sanctions is a signed list of addresses that are never paid. Without a file there is none.
type Sanctions struct {
	File   string        `koanf:"file"`    // read again when it changes
	Keys   []string      `koanf:"keys"`    // Ed25519 public keys of who may sign it: 0x and 64 hex digits
	MaxAge time.Duration `koanf:"max_age"` // an older list answers nothing, and nothing is paid
}

// Customers says where a customer's standing is known from.
type Customers struct {
	Source     string        `koanf:"source"`      // one of CustomerSources
	Unknown    string        `koanf:"unknown"`     // table: the state of customers that nobody set
	URL        string        `koanf:"url"`         // callback: asked by POST
	SecretFile string        `koanf:"secret_file"` // callback: a file with the token it wants
	TTL        time.Duration `koanf:"ttl"`         // how long an answer holds
}

// Sources of customers' standing.
const (
	CustomersNone     = "none"
	CustomersTable    = "table"    // what operators set by API or command line
	CustomersCallback = "callback" // an HTTP service
	CustomersSandbox  = "sandbox"  // by the last characters of the account's name: 9999 blocked, 8888 limited
)

// CustomerSources are the values of withdrawals.customers.source.
var CustomerSources = []string{CustomersNone, CustomersTable, CustomersCallback, CustomersSandbox}

// Fee is what a withdrawal of an asset costs besides its withdraw_fee. Percentages are
// what people say ("0.25"), amounts in units of the asset.
type Fee struct {
	Percent string `koanf:"percent"` // of the amount, at most 4 decimal places
	Network bool   `koanf:"network"` // also what the network takes for one payment now; EVM chains only
	Least   string `koanf:"least"`   // of the whole fee
	Most    string `koanf:"most"`    // of the whole fee, 0 for no bound; what it cuts off is ours to pay

	// What the network takes: the gas of one payment at the next block's price, raised by
	// the margin, and for tokens converted at the price of one native coin in this asset.
	// Elsewhere nobody can say it when a customer asks: what a payment of Bitcoin costs depends
	// on the coins that it will spend and on who else is paid with it. Customers pay
	// withdraw_fee and percent there, and payout_fee_cap bounds what a payout costs.
	NetworkMargin string `koanf:"network_margin"`
	NetworkGas    uint64 `koanf:"network_gas"`
	NativePrice   string `koanf:"native_price"`
}

// percentDecimals are the decimal places of a percentage: 1 % is 10000 millionths.
const percentDecimals = 4

// Bounds of withdrawals' values.
const (
	minQuoteTTL   = time.Second
	minOrderTTL   = time.Hour
	maxOrderTTL   = 31 * 24 * time.Hour
	maxActivation = 31 * 24 * time.Hour
	minMaxAge     = time.Minute
	minStatusTTL  = time.Minute
	maxNetworkGas = 10_000_000
	maxMargin     = 1_000 // percent
)

func withdrawalDefaults() Withdrawals {
	return Withdrawals{
		QuoteTTL: 2 * time.Minute, OrderTTL: 72 * time.Hour, ActivationDelay: 24 * time.Hour,
		Sanctions: Sanctions{MaxAge: 48 * time.Hour},
		Customers: Customers{Source: CustomersNone, Unknown: "limited", TTL: 5 * time.Minute},
	}
}

// feeDefaults are those of one USDT payment that is alone in its transaction.
func feeDefaults(f *Fee) {
	setDefault(&f.Percent, "0")
	setDefault(&f.Least, "0")
	setDefault(&f.Most, "0")
	setDefault(&f.NetworkMargin, "20")
	setDefault(&f.NetworkGas, 120_000)
}

func checkWithdrawals(w Withdrawals, wrong func(key, format string, args ...any)) {
	durations := []struct {
		key             string
		value, min, max time.Duration
	}{
		{"quote_ttl", w.QuoteTTL, minQuoteTTL, maxDuration},
		{"order_ttl", w.OrderTTL, minOrderTTL, maxOrderTTL},
		{"activation_delay", w.ActivationDelay, 0, maxActivation},
		{"sanctions.max_age", w.Sanctions.MaxAge, minMaxAge, maxOrderTTL},
		{"customers.ttl", w.Customers.TTL, minStatusTTL, maxDuration},
	}
	for _, d := range durations {
		if d.value < d.min || d.value > d.max {
			wrong("withdrawals."+d.key, "%s is not between %s and %s", d.value, d.min, d.max)
		}
	}

	if (w.Sanctions.File == "") != (len(w.Sanctions.Keys) == 0) {
		wrong("withdrawals.sanctions", "file and keys come together: a list that nobody signed is not used")
	}
	for i, key := range w.Sanctions.Keys {
		if _, err := Ed25519Key(key); err != nil {
			wrong(fmt.Sprintf("withdrawals.sanctions.keys[%d]", i), "%v", err)
		}
	}
	checkCustomers(w.Customers, wrong)
}

func checkCustomers(c Customers, wrong func(key, format string, args ...any)) {
	const key = "withdrawals.customers."
	if !slices.Contains(CustomerSources, c.Source) {
		wrong(key+"source", "%q is none of %s", c.Source, strings.Join(CustomerSources, ", "))
	}
	if !slices.Contains([]string{"active", "limited", "blocked"}, c.Unknown) {
		wrong(key+"unknown", "%q is none of active, limited, blocked", c.Unknown)
	}
	if c.Source != CustomersCallback {
		if c.URL != "" {
			wrong(key+"url", "is only asked when source is %s", CustomersCallback)
		}
		if c.SecretFile != "" {
			wrong(key+"secret_file", "is only used when source is %s", CustomersCallback)
		}
		return
	}
	if u, err := url.Parse(c.URL); err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname()))) {
		wrong(key+"url", "want an https URL without user and password; http only on this machine")
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// Ed25519Key reads a public key: 0x and 64 hex digits.
func Ed25519Key(text string) ([]byte, error) {
	digits, ok := strings.CutPrefix(text, "0x")
	key, err := hex.DecodeString(digits)
	if !ok || err != nil || len(key) != 32 {
		return nil, errors.New("want an Ed25519 public key: 0x and 64 hex digits")
	}
	return key, nil
}

func checkFee(key string, a Asset, wrong func(key, format string, args ...any)) {
	f := a.Fee
	if percent, err := PerMillion(f.Percent); err != nil {
		wrong(key+".percent", "%v", err)
	} else if percent > 100*10_000 {
		wrong(key+".percent", "is more than 100")
	}
	if margin, err := PerMillion(f.NetworkMargin); err != nil {
		wrong(key+".network_margin", "%v", err)
	} else if margin > maxMargin*10_000 {
		wrong(key+".network_margin", "is more than %d", maxMargin)
	}
	amounts := []struct{ key, text string }{{"least", f.Least}, {"most", f.Most}}
	if f.Network && !a.ID.IsNative() {
		amounts = append(amounts, struct{ key, text string }{"native_price", f.NativePrice})
	} else if f.NativePrice != "" {
		wrong(key+".native_price", "is only used for the network's cost in a token")
	}
	read := map[string]coffer.Amount{}
	for _, amount := range amounts {
		var err error
		if read[amount.key], err = coffer.ParseUnits(amount.text, a.Decimals); err != nil {
			wrong(key+"."+amount.key, "%v", err)
		}
	}
	if most := read["most"]; !most.IsZero() && most.Cmp(read["least"]) < 0 {
		wrong(key+".most", "is less than least")
	}
	if price, asked := read["native_price"]; asked && price.IsZero() {
		wrong(key+".native_price", "want what one native coin costs in units of this asset")
	}
	if f.NetworkGas > maxNetworkGas {
		wrong(key+".network_gas", "want at most %d", maxNetworkGas)
	}
}

// PerMillion reads a percentage ("0.25") as millionths (2500).
func PerMillion(percent string) (uint32, error) {
	n, err := coffer.ParseUnits(percent, percentDecimals)
	if errors.Is(err, coffer.ErrAmountPrecision) {
		return 0, fmt.Errorf("a percentage has at most %d decimal places", percentDecimals)
	}
	if err != nil {
		return 0, errors.New("want a percentage such as 0.25")
	}
	if !n.Int().IsUint64() || n.Int().Uint64() > 1<<31 {
		return 0, errors.New("is too large a percentage")
	}
	return uint32(n.Int().Uint64()), nil // #nosec G115 -- bounded above
}
