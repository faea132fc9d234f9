package policy_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
)

var numberSign = regexp.MustCompile(`(?m)^  #([a-z_]+:$|  )`)

// withDestinations is the example with its rules about destinations switched on.
func withDestinations(t *testing.T) (string, *policy.Policy) {
	t.Helper()
	text, _ := example(t)
	on := numberSign.ReplaceAllString(string(text), "  $1")
	p, err := policy.Parse([]byte(on))
	if err != nil {
		t.Fatal(err)
	}
	if p.LongestDelay() != 24*time.Hour {
		t.Fatalf("the longest delay is %s: are the rules on?", p.LongestDelay())
	}
	return on, p
}

func TestEvaluateWhereMoneyGoes(t *testing.T) {
	_, strict := withDestinations(t)
	_, plain := example(t)
	const other = coffer.Address("0x90F700000000000000000000000000000000b906")
	unknown := &policy.Destination{}
	paid := &policy.Destination{Paid: true}
	inBook := &policy.Destination{InBook: true, UsableAt: now}
	early := &policy.Destination{InBook: true, UsableAt: now.Add(time.Second)}
	people := []string{"alice", "bob"}

	tests := []struct {
		name    string
		policy  *policy.Policy
		facts   policy.Facts
		verdict string
		reason  string
	}{
		{"small to a stranger", strict, policy.Facts{Order: order("1000"), Requested: now, Destination: unknown, Screened: true}, policy.VerdictAllow, ""},
		{"first time above the amount", strict, policy.Facts{Order: order("2000.000001"), Requested: now, Destination: unknown, Screened: true, Approvers: people}, policy.VerdictWait, "waits until 2026-05-05T12:00:00Z"},
		{"people are missing too", strict, policy.Facts{Order: order("2000.000001"), Requested: now, Destination: unknown, Screened: true}, policy.VerdictApprovals, "needs 1 people"},
		{"waited nearly long enough", strict, policy.Facts{Order: order("3000"), Requested: now.Add(1 - 24*time.Hour), Destination: unknown, Screened: true, Approvers: people}, policy.VerdictWait, "waits until"},
		{"waited long enough", strict, policy.Facts{Order: order("3000"), Requested: now.Add(-24 * time.Hour), Destination: unknown, Screened: true, Approvers: people}, policy.VerdictAllow, ""},
		{"paid before", strict, policy.Facts{Order: order("3000"), Requested: now, Destination: paid, Screened: true, Approvers: people}, policy.VerdictAllow, ""},
		{"in the book", strict, policy.Facts{Order: order("3000"), Requested: now, Destination: inBook, Screened: true, Approvers: people}, policy.VerdictAllow, ""},
		{"in the book, too early", strict, policy.Facts{Order: order("3000"), Requested: now, Destination: early, Screened: true, Approvers: people}, policy.VerdictWait, "waits until"},
		{"much, to the book", strict, policy.Facts{Order: order("8000.000001"), Requested: now, Destination: inBook, Screened: true, Approvers: people}, policy.VerdictAllow, ""},
		{"much, paid before but not in the book", strict, policy.Facts{Order: order("8000.000001"), Requested: now, Destination: paid, Screened: true, Approvers: people}, policy.VerdictReject, "must be in the address book"},
		{"much, too early", strict, policy.Facts{Order: order("8000.000001"), Requested: now, Destination: early, Screened: true}, policy.VerdictReject, "becomes usable at 2026-05-04T12:00:01Z"},
		{"nothing is known", strict, policy.Facts{Order: order("1000"), Requested: now, Screened: true}, policy.VerdictReject, "not known"},
		{"nobody screened", strict, policy.Facts{Order: order("1000"), Requested: now, Destination: paid}, policy.VerdictReject, "nobody has screened"},
		{"a look-alike refused", strict, policy.Facts{Order: order("1"), Requested: now, Destination: &policy.Destination{Resembles: other}, Screened: true, Released: true}, policy.VerdictReject, "looks like " + string(other)},
		{"a look-alike without a rule", plain, policy.Facts{Order: order("1"), Destination: &policy.Destination{Resembles: other}}, policy.VerdictReview, "looks like " + string(other)},
		{"a look-alike that needs people too", plain, policy.Facts{Order: order("6000"), Destination: &policy.Destination{Resembles: other}}, policy.VerdictReview, "looks like " + string(other)},
		{"a look-alike that was released", plain, policy.Facts{Order: order("1"), Destination: &policy.Destination{Resembles: other}, Released: true}, policy.VerdictAllow, ""},
		{"signers know nothing of it", strict, policy.Facts{Order: order("1000"), AssetSpent24h: &coffer.Amount{}, Enforcer: policy.EnforcerSigner}, policy.VerdictAllow, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.facts.Now = now
			d := test.policy.Evaluate(test.facts)
			if d.Verdict != test.verdict || !strings.Contains(d.Reason(), test.reason) || (d.Reason() == "") != (test.reason == "") {
				t.Errorf("want %s because %q; got %q and\n%s", test.verdict, test.reason, d.Reason(), d.Explain())
			}
			if d.Verdict == policy.VerdictWait && !d.NotBefore.After(now) {
				t.Errorf("waits until %s", d.NotBefore)
			}
		})
	}
}

func TestParseRefusesRulesAboutDestinations(t *testing.T) {
	text, _ := withDestinations(t)
	tests := []struct{ name, old, new, says string }{
		{"enforced by signers", "enforced_by: coordinator\n      asset: USDT\n      above: \"8000\"", "enforced_by: signer\n      asset: USDT\n      above: \"8000\"", "no evidence"},
		{"unknown action", "action: reject", "action: shrug", "review or reject"},
		{"no delay", "delay: 24h", "delay: 0s", "is not a time"},
		{"a delay without a unit", "delay: 24h", "delay: 24", "is not a time"},
		{"a delay of months", "delay: 24h", "delay: 721h", "is not a time"},
		{"unknown asset", "asset: USDT\n      above: \"8000\"", "asset: USDC\n      above: \"8000\"", "not in assets"},
		{"too precise", `above: "8000"`, `above: "0.0000001"`, "decimal places"},
		{"name twice", "name: no look-alikes", "name: usdt is screened", "used twice"},
		{"unknown key", "action: reject", "action: reject\n      colour: red", "colour"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(text, test.old) {
				t.Fatalf("the example does not hold %q", test.old)
			}
			if _, err := policy.Parse([]byte(strings.Replace(text, test.old, test.new, 1))); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("want an error with %q, got %v", test.says, err)
			}
		})
	}
}

func TestLooksLike(t *testing.T) {
	tests := []struct {
		name string
		a, b coffer.Address
		want bool
	}{
		{"itself", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", false},
		{"itself in another spelling", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "0x70997970c51812dc3a010c7d01b50e0d17dc79c8", false},
		{"four and four", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "0x7099000000000000000000000000000000000079c8", true},
		{"three and four", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "0x709a00000000000000000000000000000000000079c8", false},
		{"four and three", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "0x70990000000000000000000000000000000000a9c8", false},
		{"0x is not counted", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "0x70aa7970C51812dc3A010C7d01b50e0d17dc79C8", false},
		{"TRON", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "Tr7nH1111111111111111111111111Lj6t", true},
		{"TRON, T is not counted", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "TR7NxqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", false},
		{"bech32", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "bc1qw508zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz8f3t4", true},
		{"bech32, bc1q is not counted", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "bc1qw50zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz8f3t4", false},
		{"nothing", "", "", false},
		{"short", "0x1234", "0x12345", false},
	}
	for _, test := range tests {
		if got := policy.LooksLike(test.a, test.b); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestLooksLikeIsMutualAndNeverOfItself(t *testing.T) {
	hexDigits := rapid.StringMatching(`0x[0-9a-fA-F]{40}`)
	anything := rapid.String()
	rapid.Check(t, func(t *rapid.T) {
		a := coffer.Address(rapid.OneOf(hexDigits, anything).Draw(t, "a"))
		b := coffer.Address(rapid.OneOf(hexDigits, anything).Draw(t, "b"))
		if policy.LooksLike(a, a) || policy.LooksLike(a, b) != policy.LooksLike(b, a) {
			t.Fatalf("%q and %q", a, b)
		}
		// A twin that keeps the ends and changes the middle.
		if middle := rapid.StringMatching(`[0-9a-f]{32}`).Draw(t, "middle"); strings.HasPrefix(string(a), "0x") && len(a) == 42 {
			twin := a[:6] + coffer.Address(middle) + a[38:]
			if policy.LooksLike(a, twin) != !strings.EqualFold(string(a), string(twin)) {
				t.Fatalf("%q and its twin %q", a, twin)
			}
		}
	})
}
