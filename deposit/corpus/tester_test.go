package corpus_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/corpus"
)

// load reads one case.
func load(t *testing.T, name string) *corpus.Case {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(folder, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := corpus.Read(raw)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// last is the verdict of a case's last step.
func last(c *corpus.Case) *corpus.Expect { return c.Steps[len(c.Steps)-1].Expect }

// A runner that finds nothing wrong with a wrong verdict finds nothing at all.
func TestTheRunnerComplains(t *testing.T) {
	twice := coffer.NewAmount(10_000_000)
	for name, test := range map[string]struct {
		file           string
		alter          func(c *corpus.Case)
		falsely, short int // credits
		word           string
	}{
		"a deposit that is not there": {"evm/002-reverted-transfer", func(c *corpus.Case) {
			paid := load(t, "evm/001-plain-token-deposit")
			last(c).Deposits, last(c).Balances, last(c).House = last(paid).Deposits, last(paid).Balances, last(paid).House
		}, 0, 1, "deposits"},
		"a deposit that nobody expects": {"evm/001-plain-token-deposit", func(c *corpus.Case) {
			last(c).Deposits, last(c).Balances, last(c).House = nil, nil, nil
		}, 1, 0, "deposits"},
		"another amount": {"tron/001-plain-token-deposit", func(c *corpus.Case) { last(c).Balances[0].Available = twice }, 0, 1, "balances"},
		"another state":  {"evm/001-plain-token-deposit", func(c *corpus.Case) { last(c).Deposits[0].State = coffer.DepositCredited }, 0, 0, "deposits"},
		"another place":  {"evm/001-plain-token-deposit", func(c *corpus.Case) { last(c).Deposits[0].Ref = "log:1" }, 0, 0, "deposits"},
		"locked, not free": {"evm/001-plain-token-deposit", func(c *corpus.Case) {
			b := &last(c).Balances[0]
			b.Pending, b.Available = b.Available, b.Pending
		}, 0, 0, "balances"},
		"books of another side":  {"evm/018-dust", func(c *corpus.Case) { last(c).House[0].Side = "credit" }, 0, 0, "house"},
		"books that lack a line": {"evm/018-dust", func(c *corpus.Case) { last(c).House = last(c).House[1:] }, 0, 0, "house"},
		"refused, not followed": {"evm/001-plain-token-deposit", func(c *corpus.Case) {
			last(c).Chain, last(c).Because = corpus.Refused, "not proven"
		}, 0, 0, "chain"},
		"refused for another reason": {"evm/070-forged-amount", func(c *corpus.Case) { c.Steps[0].Expect.Because = "trace" }, 0, 0, "chain"},
		"halted, not followed":       {"evm/060-longer-fork", func(c *corpus.Case) { last(c).Chain, last(c).Because = corpus.Halted, "final block left" }, 0, 0, "chain"},
		"held that is not":           {"evm/084-the-second-node-lags", func(c *corpus.Case) { last(c).Held = true }, 0, 0, "held"},
		"not held that is":           {"evm/083-a-chain-that-nobody-else-has", func(c *corpus.Case) { last(c).Held = false }, 0, 0, "held"},
		"a minimum above the deposit": {"evm/001-plain-token-deposit", func(c *corpus.Case) {
			for i := range c.Assets {
				c.Assets[i].Minimum = twice
			}
		}, 0, 2, "deposits"},
		"a token that is not listed": {"tron/001-plain-token-deposit", func(c *corpus.Case) { c.Assets = c.Assets[:1] }, 0, 2, "deposits"},
		"a fake token that is": {"evm/004-fake-usdt", func(c *corpus.Case) {
			log := c.Blocks[1].Said[receiptAnswer]
			at := bytes.Index(log, []byte(`"logs":[{"address":"`)) + len(`"logs":[{"address":"`)
			address, err := coffer.ParseAssetID(string(c.Chain) + "/erc20:" + checksummed(string(log[at:at+42])))
			if err != nil {
				t.Fatal(err)
			}
			c.Assets[1].ID = address
		}, 2, 0, "deposits"},
		"data that was altered": {"evm/001-plain-token-deposit", func(c *corpus.Case) {
			said := c.Blocks[1].Said
			said[receiptAnswer] = bytes.Replace(said[receiptAnswer], []byte("4c4b40"), []byte("4c4b41"), 1) // five million and one
			c.Steps[0].Expect.Chain, c.Steps[0].Expect.Because = corpus.Refused, "not proven"
			c.Steps[1].Expect.Chain, c.Steps[1].Expect.Because = corpus.Refused, "not proven"
		}, 0, 2, "deposits"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := load(t, test.file)
			test.alter(c)
			score := corpus.Run(t, c)
			if score.FalseCredits != test.falsely || score.MissedCredits != test.short {
				t.Errorf("%d false credits and %d missed, want %d and %d", score.FalseCredits, score.MissedCredits, test.falsely, test.short)
			}
			if !strings.Contains(strings.Join(score.Wrong, "\n"), ": "+test.word) {
				t.Errorf("nothing is said of the %s: %q", test.word, score.Wrong)
			}
		})
	}
}

// A file that is not one is not a case that passes.
func TestFilesThatAreNoCasesAreRefused(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join(folder, "evm", "060-longer-fork.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ from, to, want string }{
		"another format":    {`"coffer.false-deposits/1"`, `"coffer.false-deposits/2"`, "format"},
		"no trick":          {`"trick": "`, `"name": "", "trick": "`, "want name"},
		"an unknown field":  {`"nodes": [`, `"node": 1, "nodes": [`, "unknown field"},
		"an unknown parent": {`"parent": "b1"`, `"parent": "c1"`, "does not stand before it"},
		"a name twice":      {`"name": "b2"`, `"name": "b1"`, "a name of its own"},
		"a gap":             {`"height": 4`, `"height": 5`, "above a parent"},
		"no such head":      {`"head": "b2"`, `"head": "b9"`, "is no block"},
		"no such final":     {`"final": "b3"`, `"final": "b9"`, "is no block"},
		"another verdict":   {`"chain": "follows"`, `"chain": "perhaps"`, "expected chain"},
		"no cause":          {`"chain": "follows"`, `"chain": "refused"`, "cause"},
		"an amount below 0": {`"amount": "5000000"`, `"amount": "-5"`, "number"},
		"cut off":           {"\n}\n", "\n", "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(string(whole), test.from, test.to, 1)
			if text == string(whole) {
				t.Fatalf("%q is not in the file", test.from)
			}
			if _, err := corpus.Read([]byte(text)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want one of %q", err, test.want)
			}
		})
	}
}

// Who made a case says so in code: nothing of these folders was written by hand and forgotten.
func TestEveryCaseHasAMaker(t *testing.T) {
	cases, names, err := corpus.Load(folder)
	if err != nil || len(names) == 0 {
		t.Fatalf("%d cases, %v", len(names), err)
	}
	for _, name := range names {
		family, file, _ := strings.Cut(name, "/")
		if makers[family][file] == nil {
			t.Errorf("%s: nothing makes it", name)
		}
		if c := cases[name]; c.Name == "" || strings.HasSuffix(c.Name, ".") {
			t.Errorf("%s: name %q", name, c.Name)
		}
	}
}
