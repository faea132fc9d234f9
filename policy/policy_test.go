package policy_test

import (
	"crypto/sha256"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
)

const usdt = coffer.AssetID("eip155:1/erc20:0xdAC17F958D2ee523a2206206994597C13D831ec7")

var now = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func example(t testing.TB) ([]byte, *policy.Policy) {
	t.Helper()
	text, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return text, p
}

func order(units string) coffer.Order {
	amount, err := coffer.ParseUnits(units, 6)
	if err != nil {
		panic(err)
	}
	return coffer.Order{
		ID: "wd_1", Tenant: "tn_1", Account: "acc_1", Asset: usdt,
		Destination: "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
		Amount:      amount, FeeCap: coffer.NewAmount(1_000_000), Expires: now.Add(time.Hour),
	}
}

func amount(t testing.TB, units string) coffer.Amount {
	t.Helper()
	n, err := coffer.ParseUnits(units, 6)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestExampleParsesAndItsHashIsTheFiles(t *testing.T) {
	text, p := example(t)
	if p.Hash() != sha256.Sum256(text) {
		t.Errorf("hash %s is not the SHA-256 of the file", p.Hash())
	}
	other, err := policy.Parse(append(text, "# a comment\n"...))
	if err != nil {
		t.Fatal(err)
	}
	if other.Hash() == p.Hash() {
		t.Error("a changed comment did not change the hash")
	}
}

func TestEvaluate(t *testing.T) {
	_, p := example(t)
	spent := func(units string) *coffer.Amount { n := amount(t, units); return &n }

	blocked := order("1")
	blocked.Destination = "0x8589427373d6d84e98730d7795d8f6f8731fda16" // another spelling
	expired := order("1")
	expired.Expires = now
	unlisted := order("1")
	unlisted.Asset = "eip155:1/slip44:60"
	foreign := order("1")
	foreign.Asset = "eip155:56/erc20:0xdAC17F958D2ee523a2206206994597C13D831ec7"

	tests := []struct {
		name    string
		facts   policy.Facts
		verdict string
		people  uint32
		says    string
	}{
		{"small", policy.Facts{Order: order("1000")}, policy.VerdictAllow, 0, "within 10000 USDT"},
		{"one person", policy.Facts{Order: order("1000.000001")}, policy.VerdictApprovals, 1, "needs 1 people, has 0"},
		{"one person approved", policy.Facts{Order: order("5000"), Approvers: []string{"bob"}}, policy.VerdictAllow, 1, "has 1"},
		{"two people", policy.Facts{Order: order("5000.000001"), Approvers: []string{"bob"}}, policy.VerdictApprovals, 2, "needs 2 people, has 1"},
		{"one person counted twice", policy.Facts{Order: order("6000"), Approvers: []string{"bob", "bob"}}, policy.VerdictApprovals, 2, "has 1"},
		{"two people approved", policy.Facts{Order: order("10000"), Approvers: []string{"bob", "carol"}}, policy.VerdictAllow, 2, "has 2"},
		{"above the limit", policy.Facts{Order: order("10000.000001"), Approvers: []string{"alice", "bob", "carol"}}, policy.VerdictReject, 2, "more than 10000 USDT in one order"},
		{"account at its cap", policy.Facts{Order: order("1000"), Spent24h: amount(t, "19000")}, policy.VerdictAllow, 0, "20000 USDT in 24 hours is within"},
		{"account above its cap", policy.Facts{Order: order("1000"), Spent24h: amount(t, "19000.000001")}, policy.VerdictReject, 0, "more than 20000 USDT per account"},
		{"coordinator's rule is not the signer's", policy.Facts{Order: order("1000"), Spent24h: amount(t, "19001"), AssetSpent24h: spent("0"), Enforcer: policy.EnforcerSigner}, policy.VerdictAllow, 0, "within 50000 USDT per asset"},
		{"signer at its share", policy.Facts{Order: order("1000"), AssetSpent24h: spent("49000"), Enforcer: policy.EnforcerSigner}, policy.VerdictAllow, 0, "within 50000 USDT per asset"},
		{"signer above its share", policy.Facts{Order: order("1000"), AssetSpent24h: spent("49000.000001"), Enforcer: policy.EnforcerSigner}, policy.VerdictReject, 0, "more than 50000 USDT per asset"},
		{"signer that does not know", policy.Facts{Order: order("1"), Enforcer: policy.EnforcerSigner}, policy.VerdictReject, 0, "not known"},
		{"coordinator that does not know", policy.Facts{Order: order("1")}, policy.VerdictAllow, 0, "counted by the signers"},
		{"blocked", policy.Facts{Order: blocked}, policy.VerdictReject, 0, "is blocked"},
		{"expired", policy.Facts{Order: expired}, policy.VerdictReject, 0, "expired at 2026-05-04T12:00:00Z"},
		{"zero", policy.Facts{Order: order("0")}, policy.VerdictReject, 0, "amount is zero"},
		{"no limit rule", policy.Facts{Order: unlisted}, policy.VerdictReject, 0, "no order limit names eip155:1/slip44:60"},
		{"same token, other chain", policy.Facts{Order: foreign}, policy.VerdictReject, 0, "no order limit names eip155:56"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.facts.Now = now
			d := p.Evaluate(test.facts)
			if d.Verdict != test.verdict || d.Approvals != test.people || !strings.Contains(d.Explain(), test.says) {
				t.Errorf("want %s, %d people, %q; got\n%s", test.verdict, test.people, test.says, d.Explain())
			}
			if (d.Reason() == "") != (d.Verdict == policy.VerdictAllow) {
				t.Errorf("verdict %s with reason %q", d.Verdict, d.Reason())
			}
		})
	}
}

// What the coordinator says of a rule reaches the tenant who asks; what all tenants
// together had paid is none of it.
func TestCoordinatorDoesNotTellWhatOthersSpent(t *testing.T) {
	_, p := example(t)
	for _, others := range []string{"41234.5", "74999"} {
		spent := amount(t, others)
		d := p.Evaluate(policy.Facts{Order: order("900"), Now: now, AssetSpent24h: &spent, Enforcer: policy.EnforcerCoordinator})
		total, err := spent.Add(amount(t, "900"))
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{others, total.Units(6)} {
			if strings.Contains(d.Explain(), secret) {
				t.Errorf("the sum %s stands in %s", secret, d.Explain())
			}
		}
	}
}

// More spent, more asked or fewer approvers never turns a refusal into permission.
func TestEvaluateIsMonotone(t *testing.T) {
	_, p := example(t)
	rank := map[string]int{policy.VerdictReject: 0, policy.VerdictApprovals: 1, policy.VerdictAllow: 2}
	people := []string{"alice", "bob", "carol"}
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) uint64 { return rapid.Uint64Range(1, 60_000_000_000).Draw(t, name) }
		a, more := draw("amount"), draw("more")
		spent, spentMore := draw("spent"), draw("spentMore")
		have := rapid.IntRange(0, 3).Draw(t, "have")
		fewer := rapid.IntRange(0, have).Draw(t, "fewer")

		evaluate := func(amount, spent uint64, have int) int {
			o := order("1")
			o.Amount = coffer.NewAmount(amount)
			total := coffer.NewAmount(spent)
			return rank[p.Evaluate(policy.Facts{Order: o, Now: now, Spent24h: total, AssetSpent24h: &total, Approvers: people[:have]}).Verdict]
		}
		if evaluate(a+more, spent+spentMore, fewer) > evaluate(a, spent, have) {
			t.Fatal("a larger order passed where a smaller one did not")
		}
	})
}

func TestEvaluateFee(t *testing.T) {
	_, p := example(t)
	const eth = coffer.AssetID("eip155:1/slip44:60")
	wei := func(s string) coffer.Amount {
		n, err := coffer.ParseUnits(s, 18)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	tests := []struct {
		name         string
		asset        coffer.AssetID
		bound, spent string
		verdict      string
	}{
		{"within", eth, "0.05", "1.95", policy.VerdictAllow},
		{"one payout", eth, "0.050000000000000001", "0", policy.VerdictReject},
		{"a day, the signer's share", eth, "0.05", "1.950000000000000001", policy.VerdictReject},
		{"no limit", "eip155:56/slip44:714", "0.01", "0", policy.VerdictReject},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := p.EvaluateFee(test.asset, wei(test.bound), wei(test.spent), policy.EnforcerSigner)
			if d.Verdict != test.verdict {
				t.Errorf("want %s, got %s", test.verdict, d.Explain())
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	text, _ := example(t)
	tests := []struct{ name, old, new, says string }{
		{"unknown key", "name: example\n", "name: example\ncolour: red\n", "colour"},
		{"repeated key", "name: example\n", "name: example\nname: again\n", "already defined"},
		{"unknown rule kind", "  block_lists:", "  allow_lists:", "allow_lists"},
		{"version", "version: 1", "version: 2", "want 1"},
		{"threshold above count", "threshold: 2", "threshold: 4", "threshold <= count"},
		{"groups without a common signer", "count: 3", "count: 4", "want more than half"},
		{"blocked address too short", "0x8589427373D6D84E98730D7795D8f6f8731FDA16", "0x8589427373D6D84E98730D7795D8f6f8731FDA1", "want 0x and 40 hex digits"},
		{"blocked address without 0x", "0x8589427373D6D84E98730D7795D8f6f8731FDA16", "8589427373D6D84E98730D7795D8f6f8731FDA16", "want 0x and 40 hex digits"},
		{"blocked address misspelt", "0x8589427373D6D84E98730D7795D8f6f8731FDA16", "0x8589427373D6D84E98730D7795D8f6f8731FDA17", "EIP-55 checksum"},
		{"blocked name", "0x8589427373D6D84E98730D7795D8f6f8731FDA16", "vitalik.eth", "is not an address"},
		{"two documents", "    - name: ether for fees", "---\n    - name: x", "more than one document"},
		{"no enforcer", "      enforced_by: signer\n      asset: USDT\n      max: \"10000\"", "      asset: USDT\n      max: \"10000\"", "enforced_by"},
		{"unknown asset", "asset: USDT\n      max: \"10000\"", "asset: USDC\n      max: \"10000\"", `"USDC" is not in assets`},
		{"too precise", `max: "10000"`, `max: "10000.0000001"`, "more decimal places"},
		{"exponent", `max: "10000"`, `max: 1e4`, "plain decimal"},
		{"negative", `max: "10000"`, `max: "-1"`, "plain decimal"},
		{"zero limit", `max: "10000"`, `max: "0"`, "is zero"},
		{"token without checksum", "0xdAC17F958D2ee523a2206206994597C13D831ec7", "0xdac17f958d2ee523a2206206994597c13d831ec7", "EIP-55"},
		{"key without checksum", "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF", "0x2b5ad5c4795c026514f8317c7a215e218dccd6cf", "EIP-55"},
		{"key of two people", "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF", "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf", `already belongs to "alice"`},
		{"person twice", "name: bob", "name: alice", "used twice"},
		{"quorum nobody can reach", "people: 2", "people: 4", "the file names 3"},
		{"quorum of nobody", "people: 2", "people: 0", "is 0"},
		{"limit only advised", "enforced_by: signer\n      asset: USDT\n      max: \"10000\"", "enforced_by: coordinator\n      asset: USDT\n      max: \"10000\"", "none is enforced by signers"},
		{"no cap held by signers", "enforced_by: signer\n      asset: USDT\n      per: asset", "enforced_by: coordinator\n      asset: USDT\n      per: asset", "no velocity rule per asset"},
		{"order above the share", `max: "10000"`, `max: "50001"`, "one signer's share"},
		{"fee in a token", "asset: ETH", "asset: USDT", "does not pay fees"},
		{"rule name twice", "name: usdt per day", "name: usdt per order", "used twice"},
		{"velocity scope", "per: account", "per: person", "want account or asset"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(string(text), test.old) {
				t.Fatalf("the example does not hold %q: nothing was changed", test.old)
			}
			_, err := policy.Parse([]byte(strings.Replace(string(text), test.old, test.new, 1)))
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("want an error with %q, got %v", test.says, err)
			}
		})
	}
	if _, err := policy.Parse(make([]byte, 256<<10+1)); err == nil {
		t.Error("a file above the bound was read")
	}
}

func TestPolicySaysWhatItsNumbersMean(t *testing.T) {
	_, p := example(t)
	if m, n := p.Signers(); m != 2 || n != 3 {
		t.Errorf("signers %d of %d, want 2 of 3", m, n)
	}
	if decimals, known := p.Decimals(usdt); decimals != 6 || !known {
		t.Errorf("decimals of USDT %d %v, want 6", decimals, known)
	}
	if _, known := p.Decimals("eip155:56/slip44:714"); known {
		t.Error("an asset the file does not name has decimals")
	}
}

func FuzzParse(f *testing.F) {
	text, err := os.ReadFile("example.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := policy.Parse(b); err == nil && p.Hash() != sha256.Sum256(b) {
			t.Error("a parsed policy has another hash than its bytes")
		}
	})
}
