package coffer_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/cofferhq/coffer"

// mayImport is the import rule: main → edges → flows → books and chains → words. A
// package that is not a key does not exist for us; a new one is a design decision, made
// here with its reason. "." is the root package, which everybody may import and which
// imports nobody. Tests may import what stands in forTests besides.
var mayImport = map[string][]string{
	".": {},

	// Books and chains. A chain knows the words and its contracts' bindings, nothing else.
	"bindings":         {},
	"postgres":         {},
	"stream":           {"postgres", "stream/streamsql"},
	"stream/streamsql": {},
	"ledger":           {"postgres", "ledger/ledgersql"},
	"ledger/ledgersql": {},
	"evm":              {"bindings"},
	"utxo":             {},
	"tron":             {"tron/tronpb"},
	"tron/tronpb":      {},
	// The sending half of EVM composes evm with whoever sends user operations.
	"relayer": {"evm", "bindings"},

	// Policy is pure: the signer links it, so it knows only the words.
	"policy": {},

	// Flows know chains, wallets and signers only through the root's interfaces.
	"indexer":                  {"stream", "postgres"},
	"merchant":                 {"postgres", "merchant/merchantsql"},
	"merchant/merchantsql":     {},
	"deposit":                  {"postgres", "stream", "ledger", "deposit/depositsql"},
	"deposit/depositsql":       {},
	"withdrawal":               {"postgres", "stream", "ledger", "policy", "withdrawal/withdrawalsql"},
	"withdrawal/withdrawalsql": {},
	// A payout pays withdrawals: it takes approved orders and reports what became of them.
	"payout":           {"postgres", "stream", "ledger", "withdrawal", "payout/payoutsql"},
	"payout/payoutsql": {},
	// A sweep is a payout: treasury says which addresses are due, payout puts it on the chain.
	"treasury": {"postgres", "ledger", "payout"},

	// Edges.
	"bundler":            {"postgres", "evm", "bindings", "bundler/bundlersql"},
	"bundler/bundlersql": {},
	"signer":             {"policy", "evm", "utxo", "tron", "signer/signerpb"},
	"signer/signerpb":    {},
	"graphql":            {"postgres", "stream", "merchant", "deposit", "withdrawal", "ledger", "policy"},
	"devnet":             {"bindings", "evm", "utxo"},
	"devnet/omnisim":     {"utxo", "devnet"}, // reads the transactions as utxo writes them
	"devnet/tronsim":     {"tron/tronpb"},
	"config":             {},

	// The one binary wires everything by hand.
	"cmd/coffer": {"*"},
}

// forTests lists what any test may import besides its package's own rule: helpers; policy,
// because whoever tests with real withdrawals needs a policy for them; and the messages of
// TRON, of which forged transactions are made.
var forTests = []string{"policy", "postgres/postgrestest", "stream/streamtest", "chaintest", "devnet", "devnet/omnisim", "devnet/tronsim", "bindings", "tron/tronpb"}

// testPackages hold tests or things for tests only, and may import anything below main: the corpus
// runs whole chains of parts, from a node's answer to the books.
var testPackages = []string{"postgres/postgrestest", "stream/streamtest", "anvil-tests", "bench", "sim", "chaintest", "deposit/corpus"}

func TestImportRule(t *testing.T) {
	seen := map[string]bool{}
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if skipDir(name) {
				return fs.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(name, ".go") {
			seen[path.Dir(name)] = true
			checkFile(t, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !seen["."] {
		t.Fatal("the walk found no Go files: the rule was not checked")
	}
}

func skipDir(name string) bool {
	base := path.Base(name)
	return name != "." && (strings.HasPrefix(base, ".") || base == "node_modules" || base == "testdata" || name == "web")
}

func checkFile(t *testing.T, name string) {
	pkg := path.Dir(name)
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}

	isTest := strings.HasSuffix(name, "_test.go")
	allowed, known := mayImport[pkg]
	switch {
	case slices.Contains(testPackages, pkg):
		allowed = []string{"*"}
	case !known:
		t.Errorf("%s: package %q is not in the table of architecture_test.go", name, pkg)
		return
	}

	for _, spec := range file.Imports {
		target, ours := ourPackage(strings.Trim(spec.Path.Value, `"`))
		if !ours || target == "." || target == pkg || slices.Contains(allowed, target) {
			continue
		}
		if isTest && slices.Contains(forTests, target) {
			continue
		}
		if strings.HasPrefix(target, "cmd/") {
			t.Errorf("%s: imports %s: nobody imports cmd", name, target)
			continue
		}
		if !slices.Contains(allowed, "*") {
			t.Errorf("%s: package %q may not import %q", name, pkg, target)
		}
	}

	if pkg == "." && !isTest {
		checkWords(t, name, file.Imports)
	}
}

// ourPackage reports whether an import path is ours and its folder.
func ourPackage(importPath string) (string, bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

// checkWords holds the root package to the standard library and uint256.
func checkWords(t *testing.T, name string, imports []*ast.ImportSpec) {
	for _, spec := range imports {
		importPath := strings.Trim(spec.Path.Value, `"`)
		first, _, _ := strings.Cut(importPath, "/")
		if strings.Contains(first, ".") && importPath != "github.com/holiman/uint256" {
			t.Errorf("%s: the root package may not import %s", name, importPath)
		}
	}
}
