package corpus

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cofferhq/coffer"
)

// Format is what a file of this package's version says of itself.
const Format = "coffer.false-deposits/1"

// maxCaseBytes bounds a file.
const maxCaseBytes = 4 << 20

// Case is one trick.
type Case struct {
	Format string   `json:"format"`
	Name   string   `json:"name"`
	Trick  string   `json:"trick"`  // a paragraph: what happens and who falls for it
	Source []string `json:"source"` // where it is known from
	Made   string   `json:"made"`   // how the answers were made

	Chain    coffer.ChainID    `json:"chain"`              // CAIP-2
	Nodes    []string          `json:"nodes"`              // names of those that are asked, in this order
	Settings map[string]string `json:"settings,omitempty"` // of the chain family
	Accounts []Account         `json:"accounts"`
	House    []House           `json:"house,omitempty"`
	Assets   []Asset           `json:"assets"`
	Known    []coffer.AssetID  `json:"known,omitempty"` // known and not supported

	Blocks []Block `json:"blocks"` // parents first; the first one is the first that is read
	Steps  []Step  `json:"steps"`
	Why    string  `json:"why"` // the verdict is right
}

// Account is one that an address is watched for.
type Account struct {
	Account string         `json:"account"`
	Tenant  string         `json:"tenant"`
	Address coffer.Address `json:"address"`
	Memo    string         `json:"memo,omitempty"` // that counts, where an asset needs one
}

// House is an address of the custodian's own: see the kinds of package deposit.
type House struct {
	Address coffer.Address `json:"address"`
	Kind    string         `json:"kind"`
}

// Asset is one that is supported. Credit and Unlock count the block itself.
type Asset struct {
	ID        coffer.AssetID `json:"id"`
	Symbol    string         `json:"symbol"`
	Decimals  uint8          `json:"decimals"`
	Minimum   coffer.Amount  `json:"minimum"`
	Credit    uint64         `json:"credit"` // confirmations until it is counted
	Unlock    uint64         `json:"unlock"` // and until it may be spent, never before its block is final
	NeedsMemo bool           `json:"needsMemo,omitempty"`
}

// Block is what nodes say of a block. Name, Parent, Height and Hash say where they say it: a
// node may give anything as an answer.
type Block struct {
	Name   string      `json:"name"`
	Parent string      `json:"parent,omitempty"` // name; empty where it is not among them
	Height uint64      `json:"height"`
	Hash   coffer.Hash `json:"hash"`

	Said    Answers            `json:"said"`              // by answer's name, which the chain family defines
	Instead map[string]Answers `json:"instead,omitempty"` // what a node says otherwise, by its name
}

// Answers are results of a node, as it gave them.
type Answers map[string]json.RawMessage

// Step is a moment: where the nodes stand, and what must be true when they were listened to.
type Step struct {
	Note  string               `json:"note"`
	Head  string               `json:"head"`            // name of every node's head
	Final string               `json:"final,omitempty"` // name of the last final block; empty: none
	Nodes map[string]Viewpoint `json:"nodes,omitempty"` // of nodes that stand elsewhere

	// Truth names nodes of which Instead holds no more from this step on.
	Truth []string `json:"truth,omitempty"`

	Expect *Expect `json:"expect,omitempty"`
}

// Viewpoint is where one node stands.
type Viewpoint struct {
	Head  string `json:"head"`
	Final string `json:"final,omitempty"`
}

// Expect is a verdict. It is complete: what is not in it must not be.
type Expect struct {
	// Chain says what the reader does at the head that the nodes show: "follows" it, has
	// "refused" to believe them, has "halted", or "waits" without a word (a head that moved back looks
	// like a node that lags).
	Chain string `json:"chain"`
	// Because is the kind of a refusal: see causes.
	Because string `json:"because,omitempty"`

	Deposits []Deposit `json:"deposits"`
	Balances []Balance `json:"balances"`
	House    []Line    `json:"house"` // house accounts of the books that are not zero
	Held     bool      `json:"held,omitempty"`
}

// What a reader does.
const (
	Follows = "follows"
	Refused = "refused"
	Halted  = "halted"
	Waits   = "waits"
)

// Deposit is one that somebody has, whatever became of it.
type Deposit struct {
	Account string              `json:"account"`
	Asset   coffer.AssetID      `json:"asset"`
	Tx      coffer.Hash         `json:"tx"`
	Ref     string              `json:"ref"`
	Amount  coffer.Amount       `json:"amount"`
	State   coffer.DepositState `json:"state"`
}

// Balance is what the books say that an account has.
type Balance struct {
	Account   string         `json:"account"`
	Asset     coffer.AssetID `json:"asset"`
	Available coffer.Amount  `json:"available"`
	Pending   coffer.Amount  `json:"pending"`
	Review    coffer.Amount  `json:"review"`
}

// Line is the net of a house account of the books: Side is debit or credit.
type Line struct {
	Code   string         `json:"code"`
	Asset  coffer.AssetID `json:"asset"`
	Side   string         `json:"side"`
	Amount coffer.Amount  `json:"amount"`
}

// Load reads the cases below a folder, in the order of their file names. The key is the path
// without ".json": "evm/001-reverted".
func Load(folder string) (map[string]*Case, []string, error) {
	cases := map[string]*Case{}
	var names []string
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		text, err := os.ReadFile(filepath.Join(folder, path)) // #nosec G304 -- below the folder
		if err != nil {
			return err
		}
		c, err := Read(text)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		name := strings.TrimSuffix(path, ".json")
		cases[name] = c
		names = append(names, name)
		return nil
	})
	slices.Sort(names)
	return cases, names, err
}

// Read reads a case and checks that it is whole.
func Read(text []byte) (*Case, error) {
	if len(text) > maxCaseBytes {
		return nil, fmt.Errorf("%d bytes; at most %d are read", len(text), maxCaseBytes)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var c Case
	if err := decoder.Decode(&c); err != nil {
		return nil, err
	}
	return &c, c.Check()
}

// Check reports the first thing that makes a case no case.
func (c *Case) Check() error {
	switch {
	case c.Format != Format:
		return fmt.Errorf("format %.40q: want %s", c.Format, Format)
	case c.Name == "", c.Trick == "", c.Why == "", c.Made == "", len(c.Source) == 0:
		return errors.New("want name, trick, source, made and why")
	case len(c.Nodes) == 0, len(c.Accounts) == 0, len(c.Assets) == 0, len(c.Blocks) == 0, len(c.Steps) == 0:
		return errors.New("want nodes, accounts, assets, blocks and steps")
	case c.Steps[len(c.Steps)-1].Expect == nil:
		return errors.New("the last step has no verdict")
	}
	blocks := map[string]Block{}
	for i, b := range c.Blocks {
		parent, known := blocks[b.Parent]
		_, twice := blocks[b.Name]
		switch {
		case b.Name == "" || twice:
			return fmt.Errorf("block %d: want a name of its own", i)
		case b.Parent != "" && !known:
			return fmt.Errorf("block %s: its parent %q does not stand before it", b.Name, b.Parent)
		case b.Parent != "" && b.Height != parent.Height+1:
			return fmt.Errorf("block %s: height %d above a parent of %d", b.Name, b.Height, parent.Height)
		}
		for node := range b.Instead {
			if !slices.Contains(c.Nodes, node) {
				return fmt.Errorf("block %s: there is no node %q", b.Name, node)
			}
		}
		blocks[b.Name] = b
	}
	for i, s := range c.Steps {
		if err := c.checkStep(s, blocks); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	}
	return nil
}

func (c *Case) checkStep(s Step, blocks map[string]Block) error {
	views := []Viewpoint{{s.Head, s.Final}}
	for node, view := range s.Nodes {
		if !slices.Contains(c.Nodes, node) {
			return fmt.Errorf("there is no node %q", node)
		}
		views = append(views, view)
	}
	for _, view := range views {
		if _, ok := blocks[view.Head]; !ok {
			return fmt.Errorf("head %q is no block", view.Head)
		}
		if _, ok := blocks[view.Final]; !ok && view.Final != "" {
			return fmt.Errorf("final %q is no block", view.Final)
		}
	}
	if e := s.Expect; e != nil {
		if !slices.Contains([]string{Follows, Refused, Halted, Waits}, e.Chain) {
			return fmt.Errorf("expected chain %.20q: want %s, %s, %s or %s", e.Chain, Follows, Refused, Halted, Waits)
		}
		if (e.Chain == Follows || e.Chain == Waits) != (e.Because == "") {
			return errors.New("want a cause where the chain is not followed, and only there")
		}
	}
	return nil
}

// Encode writes a case: what people wrote indented, a node's answer on one line.
func (c *Case) Encode() ([]byte, error) {
	compact := map[string][]byte{}
	copied := *c
	copied.Blocks = slices.Clone(c.Blocks)
	hide := func(answers Answers) (Answers, error) {
		if answers == nil {
			return nil, nil
		}
		hidden := Answers{}
		for name, answer := range answers {
			var line bytes.Buffer
			if err := json.Compact(&line, answer); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			mark := fmt.Sprintf(`"answer %d"`, len(compact))
			compact[mark] = line.Bytes()
			hidden[name] = json.RawMessage(mark)
		}
		return hidden, nil
	}
	for i := range copied.Blocks {
		b := &copied.Blocks[i]
		var err error
		if b.Said, err = hide(b.Said); err != nil {
			return nil, fmt.Errorf("block %s: %w", b.Name, err)
		}
		instead := map[string]Answers{}
		for node, answers := range b.Instead {
			if instead[node], err = hide(answers); err != nil {
				return nil, fmt.Errorf("block %s: %w", b.Name, err)
			}
		}
		b.Instead = instead
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(copied); err != nil {
		return nil, err
	}
	out := text.Bytes()
	for mark, line := range compact {
		out = bytes.Replace(out, []byte(mark), line, 1)
	}
	return out, nil
}
