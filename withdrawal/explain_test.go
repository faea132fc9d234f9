package withdrawal_test

import (
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/stream"
	"github.com/cofferhq/coffer/withdrawal"
)

func TestExplainCountsWhatWasSpentAndWritesNothing(t *testing.T) {
	b := newBench(t)
	b.fund(account, usdt, 100_000_000_000)
	explain := func(amount, verdict string, approvals uint32) policy.Decision {
		t.Helper()
		d, err := b.Explain(t.Context(), good("", amount))
		if err != nil {
			t.Fatal(err)
		}
		if d.Verdict != verdict || d.Approvals != approvals {
			t.Errorf("%s USDT: %s with %d approvals, want %s with %d\n%s", amount, d.Verdict, d.Approvals, verdict, approvals, d.Explain())
		}
		return d
	}

	explain("500", policy.VerdictAllow, 0)
	explain("2000", policy.VerdictApprovals, 1)
	explain("6000", policy.VerdictApprovals, 2)
	explain("9000.000001", policy.VerdictReject, 2)

	tail, err := b.log.Tail(t.Context(), stream.TopicEvents, stream.PartitionAll)
	if err != nil || tail != 0 {
		t.Errorf("explaining wrote %d events (%v)", tail, err)
	}
	if list, err := b.List(t.Context(), tenant, withdrawal.Filter{First: 10}); err != nil || len(list) != 0 {
		t.Errorf("explaining made withdrawals %v (%v)", list, err)
	}
	b.balance(account, 100_000_000_000, 0)

	// 12000 a day for one account: 8000 leave 4000.
	b.request("first", "8000")
	b.settleDown()
	explain("4000", policy.VerdictApprovals, 1)
	if d := explain("4000.000001", policy.VerdictReject, 1); d.Reason() == "" {
		t.Error("no reason for a refusal")
	}
}

func TestExplainRefusesWhatARequestIsRefusedFor(t *testing.T) {
	b := newBench(t)
	stranger := good("", "10")
	stranger.Tenant = "other"
	if _, err := b.Explain(t.Context(), stranger); coffer.ErrorCode(err) != coffer.CodeNotFound {
		t.Errorf("another tenant's account: %v, want %s", err, coffer.CodeNotFound)
	}
	toUs := good("", "10")
	toUs.Destination = house
	if _, err := b.Explain(t.Context(), toUs); coffer.ErrorCode(err) != coffer.CodeInvalid {
		t.Errorf("a house address: %v, want %s", err, coffer.CodeInvalid)
	}
	if _, err := b.Explain(t.Context(), good("", "0")); coffer.ErrorCode(err) != coffer.CodeInvalid {
		t.Errorf("nothing at all: %v, want %s", err, coffer.CodeInvalid)
	}
}
