package tron_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// asked is a transaction that tronweb builds; see clienttest/build.mjs.
type asked struct {
	Kind       string   `json:"kind"`
	Owner      string   `json:"owner"`
	To         string   `json:"to"`
	Token      string   `json:"token"`
	Amount     string   `json:"amount"`
	Resource   string   `json:"resource"`
	Permission int32    `json:"permission"`
	FeeLimit   int64    `json:"feeLimit"`
	Header     header   `json:"header"`
	Update     any      `json:"update"`
	Keys       []string `json:"keys"`
	Ours       struct {
		Raw        string   `json:"raw"`
		Signatures []string `json:"signatures"`
	} `json:"ours"`
}

type header struct {
	Bytes      string `json:"ref_block_bytes"`
	Hash       string `json:"ref_block_hash"`
	Expiration int64  `json:"expiration"`
	Timestamp  int64  `json:"timestamp"`
}

type answered struct {
	Raw        string   `json:"raw"`
	ID         string   `json:"id"`
	Signatures []string `json:"signatures"`
	Signers    []string `json:"signers"`
	Same       bool     `json:"same"`
}

// draw is a transaction of a kind with values of a seed, built by us, and what tronweb is asked.
func draw(t *testing.T, kind string, random *rand.Rand) asked {
	t.Helper()
	var to tron.Address
	for n := range to {
		to[n] = byte(random.UintN(256))
	}
	owner, token := keyAddress(1), mustAddress(t, testToken)
	resource := []tronpb.ResourceCode{tronpb.ResourceCode_BANDWIDTH, tronpb.ResourceCode_ENERGY}[random.IntN(2)]
	amount := coffer.NewAmount(1 + random.Uint64()>>(12+random.UintN(50))) // what a number of JavaScript holds
	r := tron.Raw{
		Timestamp: testSecond*1000 + random.Int64N(1_000_000), FeeLimit: 0, Permission: []int32{0, 2, 3}[random.IntN(3)],
	}
	r.Expiration = (r.Timestamp/1000 + 1 + random.Int64N(86_400)) * 1000
	for n := range r.Reference.Hash {
		r.Reference.Hash[n] = byte(random.UintN(256))
	}
	r.Reference.Number = [2]byte{byte(random.UintN(256)), byte(random.UintN(256))}

	q := asked{Kind: kind, Owner: owner.String(), To: to.String(), Token: testToken, Resource: resource.String(), Permission: r.Permission}
	var err error
	switch kind {
	case "token":
		var value [32]byte
		for n := range value[random.IntN(32):] {
			value[31-n] = byte(random.UintN(256))
		}
		if amount, err = coffer.AmountFromBytes(value[:]); err != nil {
			t.Fatal(err)
		}
		r.FeeLimit = 1 + random.Int64N(tron.MaxFeeLimit)
		r.Contract = tron.TransferToken(owner, token, to, amount)
	case "trx":
		r.Contract, err = tron.Transfer(owner, to, amount)
	case "delegate":
		r.Contract, err = tron.Delegate(owner, to, amount, resource)
	case "undelegate":
		r.Contract, err = tron.Undelegate(owner, to, amount, resource)
	case "freeze":
		r.Contract, err = tron.Freeze(owner, amount, resource)
	case "unfreeze":
		r.Contract, err = tron.Unfreeze(owner, amount, resource)
	case "withdraw":
		r.Contract = tron.WithdrawUnfrozen(owner)
	case "cancel":
		r.Contract = tron.CancelUnfreeze(owner)
	case "permissions":
		r.Contract, q.Update = drawPermissions(t, owner, random)
	}
	if err != nil {
		t.Fatal(err)
	}
	raw, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	q.Amount, q.FeeLimit = amount.String(), r.FeeLimit
	q.Header = header{hex.EncodeToString(r.Reference.Number[:]), hex.EncodeToString(r.Reference.Hash[:]), r.Expiration, r.Timestamp}
	q.Ours.Raw = hex.EncodeToString(raw)
	for key := range byte(1 + random.UintN(3)) {
		q.Keys = append(q.Keys, fmt.Sprintf("%x", bytes.Repeat([]byte{key + 1}, 32)))
		q.Ours.Signatures = append(q.Ours.Signatures, hex.EncodeToString(sign(t, key+1, tron.ID(raw)).Bytes))
	}
	return q
}

// drawPermissions gives the account to some keys, and permissions to pay to others.
func drawPermissions(t *testing.T, owner tron.Address, random *rand.Rand) (proto.Message, any) {
	t.Helper()
	type object = map[string]any
	some := func(name string) (p tron.Permission, js object) {
		p.Name = name
		var keys []object
		var sum uint64
		for n := range byte(1 + random.UintN(tron.MaxKeys)) {
			key := tron.Key{Address: keyAddress(n + 1), Weight: 1 + random.Uint64N(1000)}
			sum += key.Weight
			p.Keys, keys = append(p.Keys, key), append(keys, object{"address": key.Address.String(), "weight": key.Weight})
		}
		p.Threshold = 1 + random.Uint64N(sum)
		return p, object{"permission_name": name, "threshold": p.Threshold, "keys": keys}
	}
	main, js := some("owner")
	js["type"] = 0
	var actives []tron.Permission
	var list []object
	for n := range 1 + random.IntN(3) {
		active, js := some(fmt.Sprintf("active %d", n))
		for n := range tronpb.Transaction_Contract_ContractType(60) {
			if random.IntN(3) == 0 || n == 1 {
				active.Operations = append(active.Operations, n)
			}
		}
		operations, err := tron.Operations(active.Operations...)
		if err != nil {
			t.Fatal(err)
		}
		js["type"], js["operations"] = 2, hex.EncodeToString(operations)
		actives, list = append(actives, active), append(list, js)
	}
	update, err := tron.UpdatePermissions(owner, main, actives)
	if err != nil {
		t.Fatal(err)
	}
	return update, object{"owner": js, "actives": list}
}

// Another implementation builds the same bytes of every kind, signs them alike, and takes ours.
func TestTronwebBuildsTheSame(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var questions []asked
	for _, kind := range []string{"token", "trx", "delegate", "undelegate", "freeze", "unfreeze", "withdraw", "cancel", "permissions"} {
		for range 12 {
			questions = append(questions, draw(t, kind, random))
		}
	}
	answers := tronweb(t, questions)
	if len(answers) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(answers), len(questions))
	}
	for n, q := range questions {
		a := answers[n]
		raw, err := hex.DecodeString(q.Ours.Raw)
		if err != nil {
			t.Fatal(err)
		}
		id := tron.ID(raw)
		if a.Raw != q.Ours.Raw || "0x"+a.ID != id.String() || !a.Same {
			t.Errorf("%s %d: tronweb builds %s\n%s, we\n%s; it takes ours: %t", q.Kind, n, a.ID, a.Raw, q.Ours.Raw, a.Same)
			continue
		}
		for k, s := range q.Ours.Signatures {
			if a.Signatures[k] != s {
				t.Errorf("%s %d: tronweb signs %s, we %s", q.Kind, n, a.Signatures[k], s)
			}
			if want := keyAddress(byte(k + 1)).String(); a.Signers[k] != want {
				t.Errorf("%s %d: tronweb says that %s signed, not %s", q.Kind, n, a.Signers[k], want)
			}
		}
	}
}

// tronweb runs clienttest/build.mjs.
func tronweb(t *testing.T, questions []asked) []answered {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatalf("this test needs Node: run `make setup`: %v", err)
	}
	if _, err := os.Stat(filepath.Join("clienttest", "node_modules", "tronweb")); err != nil {
		t.Fatalf("this test needs npm packages: run `make setup`: %v", err)
	}
	text, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "build.mjs")
	cmd.Dir, cmd.Stdin = "clienttest", bytes.NewReader(text)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var answers []answered
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return answers
}
