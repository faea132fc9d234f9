// Package config reads how Coffer is to run: defaults, then a YAML file, then the
// environment, then flags. Unknown keys are errors. Secrets stand in files of their own
// or in the environment, never in the configuration file: keys that need one end in
// _file.
package config

import (
	"time"

	"github.com/cofferhq/coffer"
)

// Config is the configuration of `coffer serve`.
type Config struct {
	DataDir    string   `koanf:"data_dir"`    // private database, archives, development keys
	Roles      []string `koanf:"roles"`       // which parts this process runs; "all" for every one
	PolicyFile string   `koanf:"policy_file"` // the rules for withdrawals

	Log      Log      `koanf:"log"`
	HTTP     HTTP     `koanf:"http"`
	Postgres Postgres `koanf:"postgres"`
	Signing  Signing  `koanf:"signing"`
	Chains   []Chain  `koanf:"chains"`

	Withdrawals Withdrawals `koanf:"withdrawals"`
	Stream      Stream      `koanf:"stream"`
}

// Log says how to log.
type Log struct {
	Level  string `koanf:"level"`  // debug, info, warn, error
	Format string `koanf:"format"` // text, json
}

// HTTP is where the API, the metrics and the health checks listen.
type HTTP struct {
	Listen         string   `koanf:"listen"`          // host:port
	AllowedOrigins []string `koanf:"allowed_origins"` // of browsers, for subscriptions; none by default

	// How many API operations a key may start in this process: so many a second for ever,
	// and Burst at once after a pause. 0 a second is no limit.
	RequestsPerSecond uint32 `koanf:"requests_per_second"`
	Burst             uint32 `koanf:"burst"`
}

// Postgres is the database. Without a DSN Coffer runs a private server in DataDir.
type Postgres struct {
	DSN     string `koanf:"dsn"`      // by environment only when it holds a password
	DSNFile string `koanf:"dsn_file"` // a file with the DSN
}

// Signing is how to reach the signers and how many have to agree.
type Signing struct {
	Threshold int      `koanf:"threshold"`
	Signers   []Signer `koanf:"signers"`
	CAFile    string   `koanf:"ca_file"` // PEM; whom both sides trust
	CertFile  string   `koanf:"cert_file"`
	KeyFile   string   `koanf:"key_file"`
}

// Signer is one signer process.
type Signer struct {
	Name    string `koanf:"name"` // as in its certificate
	Address string `koanf:"address"`
}

// Chain is a chain that this process serves: an EVM chain, or one of the Bitcoin family or of
// TRON, which have a section utxo or tron in place of the keys about contracts, executors, gas
// and sweeps.
type Chain struct {
	ID     coffer.ChainID `koanf:"id"`
	RPC    []string       `koanf:"rpc"`
	Native Asset          `koanf:"native"`
	Assets []Asset        `koanf:"assets"` // tokens; of the Bitcoin family the one of utxo.omni

	// WitnessRPC are nodes of another keeper. Nothing is unlocked or refunded while they have
	// another block, do not answer, or their traces do not have a payment by a contract that
	// those of RPC have; none: the word of RPC is enough.
	WitnessRPC []string `koanf:"witness_rpc"`
	Deposits   Deposits `koanf:"deposits"`
	Sweep      Sweep    `koanf:"sweep"`

	UTXO UTXO `koanf:"utxo"`
	TRON TRON `koanf:"tron"`

	EntryPoint       string `koanf:"entry_point"`       // ERC-4337 v0.7
	Module           string `koanf:"module"`            // Safe4337Module 0.3.0
	MultiSend        string `koanf:"multi_send"`        // MultiSendCallOnly
	ForwarderFactory string `koanf:"forwarder_factory"` // makes deposit addresses

	Wallet string `koanf:"wallet"` // the Safe that pays
	Guard  string `koanf:"guard"`  // its guard and module guard; "": none is demanded, and that is logged as an error
	// The signers that hold the bundler's gas keys, by name: one, or several for more bundles
	// at once. Both keys may be used; a name counts once.
	ExecutorSigner  string   `koanf:"executor_signer"`
	ExecutorSigners []string `koanf:"executor_signers"`
	Refill          Refill   `koanf:"refill"`      // of gas money
	BundlerURL      string   `koanf:"bundler_url"` // "" for the embedded bundler
	BundlerRPC      bool     `koanf:"bundler_rpc"` // serve the embedded bundler's JSON-RPC at /bundler/<chain id>

	// NativeTransfers says how the native asset is followed: "traces" (also what contracts
	// pay), "top-level" (what transactions pay; native deposits then are not credited), or
	// "auto" for the better one that the nodes offer.
	NativeTransfers string `koanf:"native_transfers"`

	StartHeight   uint64        `koanf:"start_height"` // first block to read on an empty stream
	PollInterval  time.Duration `koanf:"poll_interval"`
	SilentAfter   time.Duration `koanf:"silent_after"`    // no new block for so long: not ready
	BumpAfter     uint64        `koanf:"bump_after"`      // blocks before a payout's fee is raised
	PayoutFeeCap  string        `koanf:"payout_fee_cap"`  // most native units one payout may cost
	PayoutValid   time.Duration `koanf:"payout_valid"`    // how long signatures can be used
	PayoutMaxLegs int           `koanf:"payout_max_legs"` // orders in one payout
	PayoutMaxGas  uint64        `koanf:"payout_max_gas"`  // that one payout needs, by estimate
	PayoutPath    string        `koanf:"payout_path"`     // "userop", "exec", or "auto" for the cheaper one; "psbt" on UTXO chains, "tron" on TRON
	PayoutLanes   int           `koanf:"payout_lanes"`    // payouts on their way at once
	PayoutBumps   int           `koanf:"payout_bumps"`    // times that a payout's fee is raised, at most
	PayoutRetry   time.Duration `koanf:"payout_retry"`    // what could not be paid waits for so long, doubled each time

	// A destination that nothing was ever paid to gets a payout of its own.
	PayoutNewAlone bool `koanf:"payout_new_alone"`
}

// PathAuto leaves a payout's path to what it costs.
const PathAuto = "auto"

// Asset is an asset that operators support. Amounts are what people say ("0.5").
type Asset struct {
	ID          coffer.AssetID `koanf:"id"`
	Symbol      string         `koanf:"symbol"`
	Decimals    uint8          `koanf:"decimals"`
	MinDeposit  string         `koanf:"min_deposit"`
	MinWithdraw string         `koanf:"min_withdraw"`
	WithdrawFee string         `koanf:"withdraw_fee"` // fixed part of what a withdrawal costs
	Fee         Fee            `koanf:"fee"`          // the other parts
	Credit      uint64         `koanf:"credit"`       // confirmations until a deposit counts
	Unlock      uint64         `koanf:"unlock"`       // confirmations until it can be spent
	NeedsMemo   bool           `koanf:"needs_memo"`   // deposits count only with the memo of their address, or when a person releases them

	PayoutMax            string `koanf:"payout_max"`             // in one payout; "" for no bound
	PayoutMaxDestination string `koanf:"payout_max_destination"` // in one payout to one destination; "" for no bound
	PayoutGas            uint64 `koanf:"payout_gas"`             // that one payment needs, for payout_max_gas
}

// Canonical addresses of the contracts that Coffer builds on.
const (
	EntryPointV07     = "0x0000000071727De22E5E9d8BAf0edAc6f37da032"
	Safe4337Module030 = "0x75cf11467937ce3F2f357CE24ffc3DBF8fD5c226"
)

// Defaults returns the configuration before anything is read.
func Defaults() Config {
	return Config{
		DataDir: defaultDataDir(),
		Roles:   []string{"all"},
		Log:     Log{Level: "info", Format: "text"},
		HTTP:    HTTP{Listen: "127.0.0.1:8080", RequestsPerSecond: 100, Burst: 500},
		Signing: Signing{Threshold: 2},

		Withdrawals: withdrawalDefaults(),
	}
}

// chainDefaults fills what a chain's section leaves out.
func chainDefaults(c *Chain) {
	switch {
	case c.isUTXO():
		utxoDefaults(c)
		return
	case c.isTRON():
		tronDefaults(c)
		return
	}
	setDefault(&c.EntryPoint, EntryPointV07)
	setDefault(&c.Module, Safe4337Module030)
	setDefault(&c.NativeTransfers, "auto")
	setDefault(&c.PollInterval, time.Second)
	setDefault(&c.SilentAfter, time.Minute)
	setDefault(&c.BumpAfter, 3)
	setDefault(&c.PayoutFeeCap, "0.05")
	setDefault(&c.PayoutValid, 15*time.Minute)
	setDefault(&c.PayoutMaxLegs, 50)
	setDefault(&c.PayoutMaxGas, 8_000_000)
	setDefault(&c.PayoutPath, coffer.PathUserOp)
	setDefault(&c.PayoutLanes, 4)
	setDefault(&c.PayoutBumps, 20)
	setDefault(&c.PayoutRetry, time.Minute)
	sweepDefaults(&c.Sweep)
	for i := range c.Assets {
		assetDefaults(&c.Assets[i])
	}
	assetDefaults(&c.Native)
	depositDefaults(&c.Deposits)
}

// assetDefaults are those of Ethereum: 12 confirmations, then what finality adds.
func assetDefaults(a *Asset) {
	setDefault(&a.MinDeposit, "0")
	setDefault(&a.MinWithdraw, "0")
	setDefault(&a.WithdrawFee, "0")
	setDefault(&a.Credit, 12)
	feeDefaults(&a.Fee)
	setDefault(&a.PayoutGas, 80_000)
	if a.Unlock == 0 {
		a.Unlock = a.Credit
	}
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
