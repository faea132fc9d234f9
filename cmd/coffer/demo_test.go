//go:build long

package main

import (
	"bytes"
	"context"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// TestDemo runs what `make demo` runs, and reads what it says.
func TestDemo(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), demoTimeout+endTimeout)
	defer cancel()
	cmd := testProgram(ctx, "demo")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it has processes to end
	cmd.WaitDelay = endTimeout
	said := runQuietly(t, cmd)

	golden, never := readGolden(t, "testdata/demo.txt")
	lines := strings.Split(strings.TrimRight(said, "\n"), "\n")
	next, scene := 0, ""
	for _, want := range golden {
		if strings.HasPrefix(want.text, "== ") {
			scene = want.text
		}
		from := next
		for next < len(lines) && !want.MatchString(lines[next]) {
			next++
		}
		if next == len(lines) {
			t.Fatalf("%s: nothing that it says from %q on is\n%s\nIt says:\n%s", scene, lines[min(from, len(lines)-1)], want.text, said)
		}
		next++
	}
	if next != len(lines) {
		t.Errorf("it goes on after its end: %q", lines[next:])
	}
	for _, line := range lines {
		for _, not := range never {
			if not.MatchString(line) {
				t.Errorf("it says %q, which is %q", line, not.text)
			}
		}
	}
}

// runQuietly runs a program to its end and returns what it said.
func runQuietly(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, &out, &problems)
	}
	return out.String()
}

// expected is a line as a golden file has it.
type expected struct {
	*regexp.Regexp
	text string
}

// readGolden reads regular expressions of lines: those that come in this order, and those that
// never come.
func readGolden(t *testing.T, file string) (ordered, never []expected) {
	t.Helper()
	for line := range strings.Lines(string(readFile(t, file))) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		text, not := strings.CutPrefix(line, "!")
		whole, err := regexp.Compile("^(?:" + text + ")$")
		switch {
		case err != nil:
			t.Fatalf("%s: %v", file, err)
		case not:
			never = append(never, expected{whole, text})
		default:
			ordered = append(ordered, expected{whole, text})
		}
	}
	return ordered, never
}
