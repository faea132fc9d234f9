package main

import "testing"

// Operators' commands that lack what they cannot do without are wrong command lines, and
// touch nothing.
func TestOperatorsCommandsNameWhatTheyNeed(t *testing.T) {
	const usage, failure = 2, 1
	for _, c := range []struct {
		args []string
		want int
	}{
		{[]string{"deposits", "release"}, usage},
		{[]string{"deposits", "release", "--deposit", "dep_1"}, usage},
		{[]string{"deposits", "reject", "--reason", "x"}, usage},
		{[]string{"deposits", "refund", "--deposit", "dep_1", "--reason", "x"}, usage}, // where to is never guessed
		{[]string{"deposits", "audit"}, usage},
		{[]string{"deposits", "reviews", "more"}, usage},
		{[]string{"deposits", "reviews", "--first", "many"}, usage},
		{[]string{"deposits", "delete"}, usage},
		{[]string{"indexer", "resume", "--chain", "eip155:1"}, usage},
		{[]string{"indexer", "resume", "--reason", "x"}, usage},
		{[]string{"indexer", "diverged"}, usage},
		{[]string{"deposits", "reviews", "--config", "/nonexistent/coffer.yaml"}, failure},
		{[]string{"indexer", "diverged", "--chain", "eip155:5", "--config", "../../config/coffer.example.yaml"}, failure},
	} {
		if got := run(c.args); got != c.want {
			t.Errorf("coffer %v ends with %d, want %d", c.args, got, c.want)
		}
	}
}
