package postgrestest_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
)

func TestEveryTestGetsItsOwnMigratedDatabase(t *testing.T) {
	for i := range 4 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			db := postgrestest.New(t)
			version, err := postgres.Version(t.Context(), db)
			if err != nil || version == 0 {
				t.Fatalf("version %d, error %v: want a migrated database", version, err)
			}
			// A second test that saw this table would fail to make it.
			if _, err := db.Pool().Exec(t.Context(), "create table mine (n int)"); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestOfAKilledProcess is the process that the next test kills.
func TestOfAKilledProcess(t *testing.T) {
	if os.Getenv("COFFER_TEST_KILLED") == "" {
		t.Log("runs as a child of TestKilledTestProcessLeavesNothing")
		return
	}
	db := postgrestest.New(t)
	fmt.Println("started")
	// A client at work keeps the server busy until we are killed.
	_, err := db.Pool().Exec(t.Context(), "set statement_timeout = 0; select pg_sleep(600)")
	t.Errorf("not killed: %v", err)
}

func TestKilledTestProcessLeavesNothing(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run", "^TestOfAKilledProcess$") // #nosec G204 -- this test
	cmd.Env = append(os.Environ(), "COFFER_TEST_KILLED=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	if line, err := bufio.NewReader(io.LimitReader(out, 4096)).ReadString('\n'); err != nil || line != "started\n" {
		t.Fatalf("the child says %q, error %v", line, err)
	}

	pattern := filepath.Join(postgrestest.ScratchDirs()[0], fmt.Sprintf("coffer-pgtest-%d-*", cmd.Process.Pid))
	dirs, err := filepath.Glob(pattern)
	if err != nil || len(dirs) != 1 {
		t.Fatalf("%d directories %s, error %v: want 1", len(dirs), pattern, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // "signal: killed"

	// The directory goes last, after the server has ended.
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for {
		if _, err := os.Stat(dirs[0]); errors.Is(err, os.ErrNotExist) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s is left", dirs[0])
		}
	}
}

// BenchmarkNew measures what a database costs a test.
func BenchmarkNew(b *testing.B) {
	postgrestest.NewDSN(b)
	for b.Loop() {
		postgrestest.NewDSN(b)
	}
}
