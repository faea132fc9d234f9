package sim_test

import (
	"flag"
	"testing"

	"github.com/cofferhq/coffer/sim"
)

var contended = flag.Int("contended", 25, "blocks that TestProcessesSideBySide makes")

// TestProcessesSideBySide lets three processes run freely.
func TestProcessesSideBySide(t *testing.T) {
	report := sim.Stress(t, sim.Families, 3, *contended)
	if report.Failure != nil {
		t.Fatal(report.Failure.Err)
	}
	t.Logf("%s; %v", report, report.Seen)
}
