package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// crashPoint is a checkpoint at which the server is killed, and what customers and operators
// do so that it is passed.
type crashPoint struct {
	name   string
	errand killErrand
}

// killErrand is what a round of the kill matrix adds to a deposit and a withdrawal on each
// chain.
type killErrand string

const (
	justPay        killErrand = ""
	newAccount     killErrand = "another account's address"
	askPeople      killErrand = "a withdrawal that people approve"
	changeMind     killErrand = "a withdrawal that is cancelled"
	askOperator    killErrand = "a withdrawal that an operator releases"
	releaseDeposit killErrand = "a deposit that an operator releases"
	refundDeposit  killErrand = "a deposit that is sent back"
	loseBlocks     killErrand = "a reorganisation while the server runs"
	emptyBlocks    killErrand = "blocks that take no payment of ours"
	stopToken      killErrand = "a token that refuses to move for a while"
	badPayment     killErrand = "a payment that the token refuses"
	payInside      killErrand = "a payment to another account here"
	sweepUp        killErrand = "a sweep of deposit addresses"
	noBlocks       killErrand = "no blocks until the time of a payment is over"
	forgetPayment  killErrand = "a payment that the node forgets until its time is over"
	dearCalls      killErrand = "a payment whose call runs out of energy"
)

// killPoints are where the server is killed: every checkpoint there is.
var killPoints = []crashPoint{
	{"indexer.before_said", justPay}, {"indexer.said", justPay},
	{"indexer.before_undone", loseBlocks}, {"indexer.undone", loseBlocks},
	{"stream.sequencing", justPay}, {"stream.sequenced", justPay},
	{"ledger.sealing", justPay}, {"ledger.sealed", justPay},

	{"deposit.before_commit", justPay}, {"deposit.applied", justPay},
	{"deposit.receiving", justPay}, {"deposit.crediting", justPay}, {"deposit.unlocking", justPay},
	{"deposit.leaving", loseBlocks},
	{"deposit.address_issued", newAccount}, {"deposit.found", newAccount}, {"deposit.backfilled", newAccount},
	{"deposit.agreed", justPay}, {"deposit.screened", justPay},
	{"deposit.decided", releaseDeposit},
	{"deposit.refund_asked", refundDeposit}, {"withdrawal.refund_requested", refundDeposit},
	{"deposit.refunding", refundDeposit}, {"deposit.refunded", refundDeposit},

	{"withdrawal.requesting", justPay}, {"withdrawal.requested", justPay},
	{"withdrawal.stepping", justPay}, {"withdrawal.stepped", justPay},
	{"withdrawal.approving", askPeople}, {"withdrawal.approved", askPeople},
	{"withdrawal.cancelling", changeMind}, {"withdrawal.cancelled", changeMind},
	{"withdrawal.revoking", changeMind}, {"withdrawal.revoked", changeMind},
	{"withdrawal.reviewed", askOperator}, {"withdrawal.before_booked", payInside},

	{"payout.before_plan", justPay}, {"payout.planned", justPay}, {"payout.claimed", justPay},
	{"payout.storing", justPay},
	{"payout.before_built", justPay}, {"payout.built", justPay},
	{"payout.before_signing", justPay}, {"payout.signing", justPay},
	{"payout.before_signature", justPay}, {"payout.signature", justPay},
	{"payout.before_signed", justPay}, {"payout.signed", justPay},
	{"payout.before_broadcast", justPay}, {"payout.after_broadcast", justPay}, {"payout.broadcast", justPay},
	{"payout.before_bump", emptyBlocks}, {"payout.bumped", emptyBlocks},
	{"payout.before_observed", justPay}, {"payout.observing", justPay}, {"payout.observed", justPay},
	{"payout.including", justPay}, {"payout.ending", justPay},
	{"payout.reopening", loseBlocks}, {"payout.followed", justPay}, {"payout.left_out", badPayment},
	{"sweep.before_plan", sweepUp}, {"sweep.planning", sweepUp}, {"sweep.planned", sweepUp}, {"sweep.ending", sweepUp},

	{"bundler.accepted", justPay}, {"bundler.before_stored", justPay}, {"bundler.stored", justPay},
	{"bundler.before_broadcast", justPay}, {"bundler.after_broadcast", justPay}, {"bundler.sent", justPay},
	{"bundler.including", justPay}, {"bundler.included", justPay}, {"bundler.final", justPay},
	{"bundler.undone", loseBlocks},

	{"payout.cancelled", stopToken},
}

// elsewhere are checkpoints that no server here comes to, and what tries them.
var elsewhere = map[string]string{
	"payout.before_file": "package payout, TestACrashWhileImportingAFileStoresItOnce",
	"payout.filing":      "package payout, TestACrashWhileImportingAFileStoresItOnce",
	"payout.file":        "package payout, TestACrashWhileImportingAFileStoresItOnce",
	"payout.imported":    "coffer restore import, which is run again by TestAnOldDatabaseUnderLiveSigners",
	// Sweeps of accounts that pay for themselves.
	"errand.before_plan": "TestKilledAnywhereOnTRON",
	"errand.planning":    "TestKilledAnywhereOnTRON",
	"errand.planned":     "TestKilledAnywhereOnTRON",
	"payout.expiring":    "TestKilledAnywhereOnTRON",
	"payout.again":       "TestKilledAnywhereOnTRON",
	// What is signed for a Safe's nonce is cancelled when its time has passed: too late to wait for.
	"payout.before_cancelling": "TestSafeTransactionsOnTheStack",
	"payout.cancelling":        "TestSafeTransactionsOnTheStack",
}

// coinPoints are where the server is killed on a chain whose money is coins.
var coinPoints = []crashPoint{
	{"indexer.before_said", justPay}, {"indexer.said", justPay},
	{"indexer.before_undone", loseBlocks}, {"indexer.undone", loseBlocks},

	{"deposit.before_commit", justPay}, {"deposit.applied", justPay},
	{"deposit.receiving", justPay}, {"deposit.crediting", justPay}, {"deposit.unlocking", justPay},
	{"deposit.leaving", loseBlocks},
	{"deposit.address_issued", newAccount}, {"deposit.found", newAccount}, {"deposit.backfilled", newAccount},
	{"deposit.agreed", justPay}, {"deposit.screened", justPay},
	{"deposit.decided", releaseDeposit},
	{"deposit.refund_asked", refundDeposit}, {"deposit.refunding", refundDeposit}, {"deposit.refunded", refundDeposit},

	{"payout.before_plan", justPay}, {"payout.planned", justPay}, {"payout.claimed", justPay},
	{"payout.storing", justPay},
	{"payout.before_built", justPay}, {"payout.built", justPay},
	{"payout.before_signing", justPay}, {"payout.signing", justPay},
	{"payout.before_signature", justPay}, {"payout.signature", justPay},
	{"payout.before_signed", justPay}, {"payout.signed", justPay},
	{"payout.before_broadcast", justPay}, {"payout.after_broadcast", justPay}, {"payout.broadcast", justPay},
	{"payout.before_bump", emptyBlocks}, {"payout.bumped", emptyBlocks},
	{"payout.before_observed", justPay}, {"payout.observing", justPay}, {"payout.observed", justPay},
	{"payout.including", justPay}, {"payout.ending", justPay},
	{"payout.reopening", loseBlocks}, {"payout.followed", justPay},

	{"payout.before_cancelling", noBlocks}, {"payout.cancelling", noBlocks},
}

// coinFamilies are the parts that do something else on a chain whose money is coins.
var coinFamilies = regexp.MustCompile(`^(indexer|deposit|payout)\.`)

// coinElsewhere are checkpoints of coinFamilies that no payment of coins comes to here.
var coinElsewhere = map[string]string{
	"payout.before_file": "package payout, TestACrashWhileImportingAFileStoresItOnce",
	"payout.filing":      "package payout, TestACrashWhileImportingAFileStoresItOnce",
	"payout.file":        "package payout, TestACrashWhileImportingAFileStoresItOnce",
	"payout.imported":    "package sim, histories of restores on coin chains",
	"payout.left_out":    "no node says of one payment of coins that it would fail",
	"payout.expiring":    "coins that were signed for are cancelled: nothing expires",
	"payout.again":       "nothing of coins runs out of energy",
	"payout.cancelled":   "what nobody was asked to sign is given up as on any chain: TestKilledAnywhereCreditsAndPaysOnce",
}

// tronPoints are where the server is killed on a chain of TRON.
var tronPoints = []crashPoint{
	{"indexer.before_said", justPay}, {"indexer.said", justPay},
	{"indexer.before_undone", loseBlocks}, {"indexer.undone", loseBlocks},

	{"deposit.before_commit", justPay}, {"deposit.applied", justPay},
	{"deposit.receiving", justPay}, {"deposit.crediting", justPay}, {"deposit.unlocking", justPay},
	{"deposit.leaving", loseBlocks},
	{"deposit.address_issued", newAccount}, {"deposit.found", newAccount}, {"deposit.backfilled", newAccount},
	{"deposit.screened", justPay}, {"deposit.decided", releaseDeposit},
	{"deposit.refund_asked", refundDeposit}, {"deposit.refunding", refundDeposit}, {"deposit.refunded", refundDeposit},

	{"payout.before_plan", justPay}, {"payout.planned", justPay}, {"payout.claimed", justPay},
	{"payout.storing", justPay},
	{"payout.before_built", justPay}, {"payout.built", justPay},
	{"payout.before_signing", justPay}, {"payout.signing", justPay},
	{"payout.before_signature", justPay}, {"payout.signature", justPay},
	{"payout.before_signed", justPay}, {"payout.signed", justPay},
	{"payout.before_broadcast", justPay}, {"payout.after_broadcast", justPay}, {"payout.broadcast", justPay},
	{"payout.before_observed", justPay}, {"payout.observing", justPay}, {"payout.observed", justPay},
	{"payout.including", justPay}, {"payout.ending", justPay},
	{"payout.reopening", loseBlocks}, {"payout.followed", justPay},
	{"payout.again", dearCalls}, {"payout.expiring", forgetPayment},

	{"errand.before_plan", sweepUp}, {"errand.planning", sweepUp}, {"errand.planned", sweepUp}, {"sweep.ending", sweepUp},
}

// tronFamilies are the parts that do something else on a chain of TRON.
var tronFamilies = regexp.MustCompile(`^(indexer|deposit|payout|sweep|errand)\.`)

// tronElsewhere are checkpoints of tronFamilies that no payment on TRON comes to here.
var tronElsewhere = map[string]string{
	"payout.before_file":       "package payout, TestACrashWhileImportingAFileStoresItOnce",
	"payout.filing":            "package payout, TestACrashWhileImportingAFileStoresItOnce",
	"payout.file":              "package payout, TestACrashWhileImportingAFileStoresItOnce",
	"payout.imported":          "package sim, histories of restores on TRON",
	"payout.left_out":          "as on any chain: TestKilledAnywhereCreditsAndPaysOnce",
	"payout.cancelled":         "as on any chain: TestKilledAnywhereCreditsAndPaysOnce",
	"payout.before_bump":       "what is signed has its price",
	"payout.bumped":            "what is signed has its price",
	"payout.before_cancelling": "nothing signed excludes anything else: it expires",
	"payout.cancelling":        "nothing signed excludes anything else: it expires",
	"sweep.before_plan":        "a sweep of one address is an errand",
	"sweep.planning":           "a sweep of one address is an errand",
	"sweep.planned":            "a sweep of one address is an errand",
	"deposit.agreed":           "no second node is asked: those that there are have to agree about each block",
}

// TestEveryCheckpointIsInTheKillMatrix reads the source: a checkpoint that nobody is killed
// at proves nothing, and one that is gone would never be passed.
func TestEveryCheckpointIsInTheKillMatrix(t *testing.T) {
	const least = 40
	have := checkpointsOf(t, filepath.Join("..", ".."))
	if len(have) < least {
		t.Errorf("%d checkpoints, want at least %d", len(have), least)
	}
	wantKilledAt(t, have, killPoints, elsewhere)
	maps.DeleteFunc(have, func(name, _ string) bool { return !tronFamilies.MatchString(name) })
	wantKilledAt(t, have, tronPoints, tronElsewhere)
	maps.DeleteFunc(have, func(name, _ string) bool { return !coinFamilies.MatchString(name) })
	wantKilledAt(t, have, coinPoints, coinElsewhere)
}

// wantKilledAt wants each checkpoint among some points or among those that are tried elsewhere.
func wantKilledAt(t *testing.T, have map[string]string, points []crashPoint, elsewhere map[string]string) {
	t.Helper()
	want := map[string]bool{}
	for _, point := range points {
		if want[point.name] {
			t.Errorf("%s stands twice", point.name)
		}
		want[point.name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if !want[name] && elsewhere[name] == "" {
			t.Errorf("%s: nobody is killed at the checkpoint %s", have[name], name)
		}
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(elsewhere))) {
		if have[name] == "" {
			t.Errorf("there is no checkpoint %s", name)
		}
	}
}

// checkpointsOf finds the names of checkpoints below a directory, each with a place where it
// is reported: string literals and constants given to a function named checkpoint,
// Checkpoint or reached.
func checkpointsOf(t *testing.T, root string) map[string]string {
	t.Helper()
	files := token.NewFileSet()
	byPackage := map[string][]*ast.File{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "contracts" || d.Name() == "bindings" || strings.HasPrefix(d.Name(), ".") && path != root):
			return fs.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		byPackage[filepath.Dir(path)] = append(byPackage[filepath.Dir(path)], file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	found := map[string]string{}
	for _, parsed := range byPackage {
		names := constants(parsed)
		for _, file := range parsed {
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) == 0 || !slices.Contains([]string{"checkpoint", "Checkpoint", "reached"}, calledName(call)) {
					return true
				}
				if name := textOf(call.Args[0], names); name != "" {
					found[name] = files.Position(call.Pos()).String()
				}
				return true
			})
		}
	}
	return found
}

// constants are a package's string constants by name.
func constants(parsed []*ast.File) map[string]string {
	names := map[string]string{}
	for _, file := range parsed {
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok {
				for i, value := range spec.Values {
					if text := textOf(value, nil); text != "" {
						names[spec.Names[i].Name] = text
					}
				}
			}
			return true
		})
	}
	return names
}

func calledName(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

func textOf(expr ast.Expr, names map[string]string) string {
	switch e := expr.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return text
		}
	case *ast.Ident:
		return names[e.Name]
	}
	return ""
}
