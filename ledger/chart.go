package ledger

import (
	"errors"
	"strings"
)

// Buckets of a user's money: user:<account>:<bucket>.
const (
	BucketAvailable = "available" // can be spent
	BucketPending   = "pending"   // counted, not yet deep enough to be spent
	BucketHeld      = "held"      // set aside for a withdrawal
	BucketReview    = "review"    // parked until a person has looked
)

// Accounts of the house that stand alone.
const (
	TransitWithdrawal   = "transit:withdrawal"
	TransitBundler      = "transit:bundler"
	TransitSweep        = "transit:sweep"
	TransitCoins        = "transit:coins" // zero when deposits and payouts have seen the same blocks
	SuspenseUnknown     = "suspense:unknown"
	SuspenseDust        = "suspense:dust"
	SuspenseMissingMemo = "suspense:missing_memo"
	SuspenseUnsupported = "suspense:unsupported"
	RevenueWithdrawFee  = "revenue:withdraw_fee"
	ExpenseNetworkFee   = "expense:network_fee"
	EquityOpening       = "equity:opening"
	LossIncident        = "loss:incident"
)

// Accounts of the house that go on with an address or an account.
const (
	PrefixCustodyDeposit  = "custody:deposit_addr:"
	PrefixCustodyHot      = "custody:hot:"
	PrefixGasEntryPoint   = "gas:entrypoint:"
	PrefixGasExecutor     = "gas:executor:"
	PrefixReceivableReorg = "receivable:reorg:"
)

// chart is every account there is. A code is exact, or, where it ends with a colon, goes
// on with one name. A code that is not here is a mistake of the caller.
var chart = map[string]bool{
	PrefixCustodyDeposit: true, PrefixCustodyHot: true,
	"custody:vault:": true, "custody:cold:": true, "custody:exchange:": true,
	PrefixGasEntryPoint: true, PrefixGasExecutor: true,
	TransitWithdrawal: true, TransitBundler: true, TransitSweep: true, TransitCoins: true, "transit:rebalance": true,
	PrefixReceivableReorg: true,

	SuspenseUnknown: true, SuspenseDust: true, SuspenseMissingMemo: true, SuspenseUnsupported: true,

	RevenueWithdrawFee: true, "revenue:spread": true,
	ExpenseNetworkFee: true, "expense:exchange_fee": true, "expense:rounding": true,
	EquityOpening: true, LossIncident: true,
}

// maxNameBytes bounds the name inside a code: an address or an account id.
const maxNameBytes = 128

var errUnknownCode = errors.New("not in the chart of accounts")

// User returns the code of a user's bucket.
func User(account, bucket string) string { return "user:" + account + ":" + bucket }

// parseUser splits the code of a user's bucket.
func parseUser(code string) (account, bucket string, ok bool) {
	rest, ok := strings.CutPrefix(code, "user:")
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, ":")
}

// checkCode holds a code to the chart.
func checkCode(code string) error {
	if account, bucket, ok := parseUser(code); ok {
		switch bucket {
		case BucketAvailable, BucketPending, BucketHeld, BucketReview:
			return checkName(account)
		}
		return errUnknownCode
	}
	if chart[code] && !strings.HasSuffix(code, ":") {
		return nil
	}
	colon := strings.LastIndexByte(code, ':')
	if colon < 0 || !chart[code[:colon+1]] {
		return errUnknownCode
	}
	return checkName(code[colon+1:])
}

// checkName accepts printable ASCII without spaces and colons.
func checkName(name string) error {
	if name == "" || len(name) > maxNameBytes {
		return errUnknownCode
	}
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c > '~' || c == ':' {
			return errUnknownCode
		}
	}
	return nil
}
