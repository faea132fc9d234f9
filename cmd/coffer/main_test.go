package main

import (
	"context"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// The test binary is also the program, so that what the tests start and kill is what
// people run, with fault points that the program itself does not have.
const (
	asProgram = "TEST_AS_COFFER=1"
	killPoint = "TEST_KILL_AT" // name of the checkpoint at which the process kills itself
	killArmed = "TEST_KILL_ARMED"
)

func TestMain(m *testing.M) {
	if os.Getenv("TEST_AS_COFFER") != "" {
		checkpoint = killAt(os.Getenv(killPoint), os.Getenv(killArmed))
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// killAt ends the process as a power cut would, at a checkpoint, once the file armed exists.
func killAt(point, armed string) func(name string) {
	if point == "" {
		return nil
	}
	return func(name string) {
		if name != point {
			return
		}
		if _, err := os.Stat(armed); err != nil {
			return
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // until the kernel has done it
	}
}

// testProgram runs this test binary as the program.
func testProgram(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram)
	return cmd
}

// newTestStack brings a stack up that goes down with the test.
func newTestStack(t testing.TB, change ...func(*stack)) *stack {
	t.Helper()
	s, err := newStack(testProgram, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range change {
		c(s)
	}
	t.Cleanup(func() {
		if t.Failed() {
			s.logs(t.Logf)
		}
		if err := s.down(); err != nil {
			t.Error(err)
		}
	})
	if err := s.up(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}
