package signer

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/cofferhq/coffer"
)

// child is a signer in a process of its own.
type child struct {
	cmd    *exec.Cmd
	client *Client
}

// spawn starts the fixture's signer as a process, on the real clock.
func (f *fixture) spawn() *child {
	f.t.Helper()
	text, err := yaml.Marshal(f.cfg)
	f.must(err)
	path := filepath.Join(f.t.TempDir(), "signer.yaml")
	f.must(os.WriteFile(path, text, 0o600))

	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "COFFER_TEST_SIGNER="+path)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	f.must(err)
	f.must(cmd.Start())
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		f.t.Fatalf("the signer did not start: %v: %v", err, cmd.Wait())
	}
	f.clock.now = time.Now()
	return &child{cmd, f.dial(address[:len(address)-1], "coordinator")}
}

func (c *child) end(t *testing.T, sig syscall.Signal) error {
	t.Helper()
	if err := c.client.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	return c.cmd.Wait()
}

// Three signer processes at once, each with its own token, log and key, sign the same
// payout.
func TestThreeSignerProcesses(t *testing.T) {
	keys := map[string]bool{}
	var children []*child
	for _, token := range []string{"one", "two", "three"} {
		f := newFixture(t, token)
		c := f.spawn()
		f.client = c.client
		keys[f.signs(f.request(0, f.order("wd_1", "6000"))).Key] = true
		children = append(children, c)
	}
	for i, c := range children {
		if err := c.end(t, syscall.SIGTERM); err != nil {
			t.Errorf("signer %d did not stop cleanly: %v", i, err)
		}
	}
	if len(keys) != 3 {
		t.Errorf("three signers have %d keys", len(keys))
	}
}

// Three processes, each with a token and a log of its own, sign for a wallet of a kind: one
// whose keys stay in the tokens, one of derived keys below seeds that the tokens seal, and one
// of both. Whichever two are asked, the node takes the transaction.
func TestThreeBitcoinSignerProcesses(t *testing.T) {
	for name, seeded := range map[string][]int{"keys in tokens": nil, "sealed seeds": seeds(0, 1, 2), "both": seeds(2)} {
		t.Run(name, func(t *testing.T) {
			pairs := [][2]int{{0, 1}, {1, 2}, {2, 0}}
			w := newStoppedField(t, seeded, len(pairs))
			var children []*child
			for n, f := range w.signers {
				c := f.spawn()
				f.client = c.client
				children = append(children, c)
				if info := f.info(); info.Keys[0].Chain != bitcoin || info.Keys[0].Key != w.wallet.Keys()[n].String() {
					t.Errorf("process %d says that it has %v", n, info.Keys)
				}
			}
			var paid []coffer.Hash
			for n, pair := range pairs {
				order := w.order(fmt.Sprintf("wd_%d", n), 40_000_000)
				r := w.payout(fmt.Sprintf("po_%d", n), n, order)
				signed := w.signed(r, pair[0], pair[1])
				w.must(w.node.Broadcast(t.Context(), signed.Bytes))
				paid = append(paid, signed.ID)
				w.signers[pair[0]].refuses(w.payout("po_9", (n+1)%len(pairs), order), coffer.CodeConflict, "is bound to slot")
			}
			w.mine(1)
			for _, id := range paid {
				if coin, err := w.pool.Unspent(t.Context(), coffer.NewCoinID(id, 0)); err != nil || coin.Confirmations != 1 {
					t.Errorf("%s is not in the block: %v", id, err)
				}
			}
			for i, c := range children {
				if err := c.end(t, syscall.SIGTERM); err != nil {
					t.Errorf("signer %d did not stop cleanly: %v", i, err)
				}
			}
		})
	}
}

// Whatever moment the process dies at, the log verifies, and every signature that left is
// in it: the order cannot be paid in another slot.
func TestKilledSignerForgetsNoSignature(t *testing.T) {
	f := newFixture(t, "three")
	signed := map[uint64]coffer.Order{} // by slot
	next := uint64(0)
	for round := range 4 {
		c := f.spawn()
		f.client = c.client
		for slot, o := range signed {
			f.refuses(f.request(slot+1_000_000, o), coffer.CodeConflict, "bound to slot")
			break // one is enough in each round; all are checked at the end
		}

		stop := time.AfterFunc(time.Duration(20+35*round)*time.Millisecond, func() { _ = c.cmd.Process.Kill() })
		for {
			o := f.order(fmt.Sprintf("wd_%d", next), "1")
			if _, err := f.client.Sign(t.Context(), f.request(next, o)); err != nil {
				break
			}
			signed[next] = o
			next++
		}
		stop.Stop()
		if err := c.end(t, syscall.SIGKILL); err == nil {
			t.Fatal("the signer was not killed")
		}
		next++ // the one under way may be bound
	}
	if len(signed) == 0 {
		t.Fatal("nothing was signed before the kills: nothing was tested")
	}

	text, err := os.ReadFile(f.logFile())
	f.must(err)
	for _, o := range signed {
		if !bytes.Contains(text, []byte(`"id":"`+o.ID+`","hash":"`+o.Hash().String()+`"`)) {
			t.Errorf("%s was signed and is not in the log", o.ID)
		}
	}
	c := f.spawn()
	if info, err := c.client.Info(t.Context()); err != nil || info.Sequence < uint64(len(signed))+1 {
		t.Errorf("after %d signatures the log has %d records: %v", len(signed), info.Sequence, err)
	}
	if err := c.end(t, syscall.SIGTERM); err != nil {
		t.Error(err)
	}
}
