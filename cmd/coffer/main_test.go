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
	killArmed = "TEST_KILL_ARMED" // file that names the checkpoint at which the process kills itself
)

func TestMain(m *testing.M) {
	if os.Getenv("TEST_AS_COFFER") != "" {
		checkpoint = killAt(os.Getenv(killArmed))
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// killAt ends the process as a power cut would, at the checkpoint whose name is in the file
// armed, once that exists.
func killAt(armed string) func(name string) {
	if armed == "" {
		return nil
	}
	return func(name string) {
		if point, err := os.ReadFile(armed); err != nil || string(point) != name {
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
