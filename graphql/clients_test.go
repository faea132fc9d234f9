package graphql_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// The JavaScript clients that people use work with the API: graphql-request, graphql-ws
// and urql, each in its own way. The tests stand in clienttest/clients.test.mjs.
func TestClientsThatPeopleUse(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatalf("this test needs Node: run `make setup`: %v", err)
	}
	if _, err := os.Stat(filepath.Join("clienttest", "node_modules", "graphql-ws")); err != nil {
		t.Fatalf("this test needs npm packages: run `make setup`: %v", err)
	}

	b := newBench(t)
	b.enrich(&b.acme)
	input, err := json.Marshal(input(b)["input"])
	b.must(err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "--test", "--test-reporter=tap", "clients.test.mjs")
	cmd.Dir = "clienttest"
	cmd.Env = append(os.Environ(), "COFFER_URL="+b.url, "COFFER_KEY="+b.acme.key, "COFFER_ACCOUNT="+b.acme.account, "COFFER_INPUT="+string(input),
		"COFFER_TRANSFER="+b.acme.transfer, "COFFER_REVIEWED="+b.acme.reviewed, "COFFER_TENANT="+b.acme.name, "COFFER_FACTORY="+factory.Hex(), "COFFER_VAULT="+string(vault))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	// No test of theirs was left out.
	source, err := os.ReadFile(filepath.Join("clienttest", "clients.test.mjs"))
	b.must(err)
	want := len(regexp.MustCompile(`(?m)^test\(`).FindAll(source, -1))
	passed := regexp.MustCompile(`(?m)^# pass (\d+)$`).FindSubmatch(out)
	if passed == nil || string(passed[1]) != strconv.Itoa(want) {
		t.Errorf("want %d tests passed:\n%s", want, out)
	}
}
