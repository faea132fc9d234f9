package corpus_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/cofferhq/coffer/deposit/corpus"
)

const folder = "../testdata/corpus"

var write = flag.Bool("corpus.write", false, "write the cases that are made here instead of comparing them")

// makers are all makers, by folder.
var makers = map[string]map[string]maker{
	"btc":  btcMakers,
	"evm":  evmMakers(),
	"omni": omniMakers,
	"tron": tronMakers(),
}

// Every case, through the real code: nobody gets what was not paid, and everybody what was.
func TestCorpus(t *testing.T) {
	cases, names, err := corpus.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	scores := make([]corpus.Score, len(names))
	t.Run("cases", func(t *testing.T) {
		for i, name := range names {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				scores[i] = corpus.Run(t, cases[name])
				for _, wrong := range scores[i].Wrong {
					t.Error(wrong)
				}
				t.Logf("%s: %d verdicts, %d deposits, %d false credits, %d missed credits",
					cases[name].Name, scores[i].Steps, scores[i].Deposits, scores[i].FalseCredits, scores[i].MissedCredits)
			})
		}
	})
	var sum corpus.Score
	for _, s := range scores {
		sum.Steps += s.Steps
		sum.FalseCredits += s.FalseCredits
		sum.MissedCredits += s.MissedCredits
	}
	t.Logf("%d cases, %d verdicts: %d false credits, %d missed credits", len(names), sum.Steps, sum.FalseCredits, sum.MissedCredits)
	if sum.FalseCredits+sum.MissedCredits > 0 {
		t.Fail()
	}
}

// slow are cases that take a node many seconds to make: anvil reads the whole setup of the KZG
// ceremony for its first blob.
var slow = map[string]bool{"evm/056-blob-transaction": true}

// What is committed is what local nodes do today, to the last byte. With -corpus.write it is written
// instead.
func TestCasesAreMadeAgain(t *testing.T) {
	t.Cleanup(func() { btcShared.stop(t) })
	for family, list := range makers {
		for name, make := range list {
			if slow[family+"/"+name] && !long && !*write {
				continue
			}
			t.Run(family+"/"+name, func(t *testing.T) {
				t.Parallel()
				made, err := make(t).Encode()
				if err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(folder, family, name+".json")
				if *write {
					if err := os.WriteFile(path, made, 0o644); err != nil {
						t.Fatal(err)
					}
					return
				}
				committed, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(made, committed) {
					t.Errorf("%s is not what is made here: see what differs with go test ./deposit/corpus -run MadeAgain -corpus.write && git diff", path)
				}
			})
		}
	}
}
