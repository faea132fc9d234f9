//go:build long

package main

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"go.yaml.in/yaml/v3"
)

// watched is a stack whose deposits are looked at: rules, a second node, tokens of every
// kind, and a sender nobody wants money from.
type watched struct {
	*demo
	t *testing.T

	second  *secondNode
	memo    common.Address // a token whose deposits need a memo
	known   common.Address // one that we know and do not support
	unknown common.Address // one that nobody named
	young   common.Address // one that the last block applied before the server knew it does not have
	thief   *ecdsa.PrivateKey
	late    common.Address // the address of an account that has not asked for it yet
	bob     string         // that account
}

// TestDepositsThatNeedAPerson takes deposits through everything that does not go by
// itself: people, second nodes, late addresses, a reorganisation of final blocks. In the end
// the books equal the chain.
func TestDepositsThatNeedAPerson(t *testing.T) {
	w := newWatched(t)
	for _, scene := range []struct {
		title string
		run   func(ctx context.Context) error
	}{
		{"a rule parks a deposit and an operator releases it over the API", w.releases},
		{"the house's operator rejects one", w.rejects},
		{"one goes back to where its owner says, through a crash", w.refunds},
		{"a refund that policy refuses comes back to the queue", w.refundRefused},
		{"dust, tokens we do not support, tokens nobody knows, a missing memo", w.aside},
		{"money of a sender nobody wants money from", w.blocked},
		{"a second node that lies, and one that is silent", w.secondNodeScene},
		{"an address that was paid before it was given out", w.backfills},
		{"a reorganisation of final blocks", w.resumes},
	} {
		begin := time.Now()
		if err := scene.run(t.Context()); err != nil {
			t.Fatalf("%s: %v", scene.title, err)
		}
		t.Logf("%s (%.1f s)", scene.title, time.Since(begin).Seconds())
	}
	var out strings.Builder
	if err := w.compare(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	t.Log(out.String())
	hot, ann := "custody:hot:"+w.safe.Hex(), "custody:deposit_addr:"+w.address.Hex()
	for _, line := range []string{hot + " MEMO 5 5 equal", ann + " MEMO 12 12 equal", hot + " YOUNG 5 5 equal", hot + " " + string(w.asset(w.known)) + " 5000000 5000000 equal", ann + " " + string(w.asset(w.known)) + " 10000000 10000000 equal"} {
		if !strings.Contains(strings.Join(strings.Fields(out.String()), " "), line) {
			t.Errorf("the books lack what there was of a token that was added: %s", line)
		}
	}
}

func newWatched(t *testing.T) *watched {
	t.Helper()
	s := newTestStack(t)
	thief, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	w := &watched{demo: &demo{stack: s, told: map[string]bool{}}, t: t, thief: thief}
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(w.open(ctx))
	for _, token := range []*common.Address{&w.memo, &w.known, &w.unknown, &w.young} {
		if token == &w.young { // is made when the server has stopped
			must(w.finality(ctx))
			must(s.server.stop())
		}
		data := append(common.FromHex(bindings.TestTokenMetaData.Bin), bindings.NewTestToken().PackConstructor(s.anvil.Faucet(), w.units(1000), "Other", "OTHER", 6)...)
		receipt, err := s.anvil.Send(ctx, devnet.Call{Data: data})
		must(err)
		*token = receipt.ContractAddress
		// The Safe and Ann have some before anybody tells the server of it.
		_, err = w.payToken(ctx, *token, 3_000_000)
		must(err)
		_, err = s.anvil.Send(ctx, devnet.Call{To: token, Data: bindings.NewTestToken().PackTransfer(s.safe, w.units(5))})
		must(err)
	}
	must(s.anvil.SetBalance(ctx, crypto.PubkeyToAddress(thief.PublicKey), ether(1)))
	_, err = w.pay(ctx, crypto.PubkeyToAddress(thief.PublicKey), w.units(50))
	must(err)
	w.second = newSecondNode(t, s)
	must(w.configure())
	must(s.startServer(ctx))
	return w
}

// configure gives the server what a stack does not have by itself.
func (w *watched) configure() error {
	text, err := os.ReadFile(w.configFile())
	if err != nil {
		return err
	}
	var file object
	if err := yaml.Unmarshal(text, &file); err != nil {
		return err
	}
	chains, _ := file["chains"].([]any)
	chain, _ := chains[0].(object)
	assets, _ := chain["assets"].([]any)
	chain["assets"] = append(assets, object{
		"id": string(w.asset(w.memo)), "symbol": "MEMO", "decimals": 6, "credit": w.credit, "unlock": w.unlock, "needs_memo": true,
	}, object{"id": string(w.asset(w.young)), "symbol": "YOUNG", "decimals": 6, "credit": w.credit, "unlock": w.unlock})
	chain["witness_rpc"] = []string{w.second.server.URL}
	chain["silent_after"] = "4s"
	chain["deposits"] = object{
		"rules":           []object{{"name": "large", "asset": string(w.usdt), "amount": "60"}},
		"blocked_senders": []string{crypto.PubkeyToAddress(w.thief.PublicKey).Hex()},
		"known_tokens":    []string{string(w.asset(w.known))},
	}
	return writeYAML(w.configFile(), file)
}

func (w *watched) asset(token common.Address) coffer.AssetID { return evm.TokenAsset(w.chain, token) }

// payToken pays base units of a token to Ann.
func (w *watched) payToken(ctx context.Context, token common.Address, amount int64) (common.Hash, error) {
	receipt, err := w.anvil.Send(ctx, devnet.Call{To: &token, Data: bindings.NewTestToken().PackTransfer(w.address, big.NewInt(amount))})
	if err != nil {
		return common.Hash{}, err
	}
	return receipt.TxHash, nil
}

// steal pays Ann USDT that the thief has.
func (w *watched) steal(ctx context.Context, amount int64) (common.Hash, error) {
	tx, err := types.SignNewTx(w.thief, types.LatestSignerForChainID(new(big.Int).SetUint64(w.number)), &types.LegacyTx{
		To: &w.contracts.Token, Data: bindings.NewTestToken().PackTransfer(w.address, big.NewInt(amount)), Gas: 200_000, GasPrice: big.NewInt(20e9),
	})
	if err != nil {
		return common.Hash{}, err
	}
	return tx.Hash(), w.anvil.Eth().SendTransaction(ctx, tx)
}

// arrive pays Ann USDT and waits until the deposit is in a state. It returns its id.
func (w *watched) arrive(ctx context.Context, usdt int64, state string) (string, error) {
	tx, err := w.pay(ctx, w.address, w.units(usdt))
	if err != nil {
		return "", err
	}
	return w.find(ctx, tx, state)
}

// find waits until the deposit of a transaction is in a state, and returns its id.
func (w *watched) find(ctx context.Context, tx common.Hash, state string) (string, error) {
	if err := w.watch(ctx, tx, state); err != nil {
		return "", err
	}
	return w.idOf(ctx, tx)
}

// idOf is the id of the deposit of a transaction.
func (w *watched) idOf(ctx context.Context, tx common.Hash) (string, error) {
	var list struct {
		Deposits struct {
			Edges []struct{ Node struct{ ID, Tx string } }
		}
	}
	if err := w.api.do(ctx, `query($a: ID!) { deposits(account: $a, first: 100) { edges { node { id tx } } } }`, object{"a": w.account}, &list); err != nil {
		return "", err
	}
	for _, e := range list.Deposits.Edges {
		if e.Node.Tx == tx.Hex() {
			return e.Node.ID, nil
		}
	}
	return "", fmt.Errorf("no deposit of %s", tx)
}

// depositSaid is a deposit as an operator reads it.
type depositSaid struct {
	ID, State, Reason string
	Decidable         bool
	Audit             []struct{ Action, Actor, Reason string }
	Refunds           []struct{ State, Reason, Payment string }
}

// operator runs a command of the house's operators and reads the JSON it prints.
func (w *watched) operator(ctx context.Context, out any, args ...string) error {
	text, err := w.command(ctx, nil, append(args, "--config", w.configFile())...)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal([]byte(text), out)
}

// until asks again until done says so.
func (w *watched) until(ctx context.Context, what string, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	if err := until(ctx, 200*time.Millisecond, done); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// decidable waits until a deposit in the queue may be decided on.
func (w *watched) decidable(ctx context.Context, id string) error {
	return w.until(ctx, "a deposit that can be decided on", func() (bool, error) {
		var queue []depositSaid
		err := w.operator(ctx, &queue, "deposits", "reviews", "--json")
		for _, d := range queue {
			if d.ID == id && d.Decidable {
				return true, err
			}
		}
		return false, err
	})
}

func (w *watched) audited(ctx context.Context, id, state string, actions ...string) (depositSaid, error) {
	var d depositSaid
	if err := w.operator(ctx, &d, "deposits", "audit", "--json", "--deposit", id); err != nil {
		return d, err
	}
	var got []string
	for _, a := range d.Audit {
		got = append(got, a.Action)
	}
	if d.State != state || fmt.Sprint(got) != fmt.Sprint(actions) {
		return d, fmt.Errorf("the deposit is %s (%s) after %v, want %s after %v", d.State, d.Reason, got, state, actions)
	}
	return d, nil
}

// releases is the thread: a rule, the queue, a decision, an event.
func (w *watched) releases(ctx context.Context) error {
	id, err := w.arrive(ctx, 70, "REVIEW")
	if err != nil {
		return err
	}
	if err := w.wantBalance(ctx, "0", "0"); err != nil {
		return err
	}
	var queue struct {
		DepositReviews struct {
			Edges []struct {
				Node struct {
					Decidable bool
					Deposit   struct{ ID string }
				}
			}
		}
	}
	err = w.until(ctx, "the queue of the API", func() (bool, error) {
		err := w.api.do(ctx, `{ depositReviews { edges { node { decidable deposit { id } } } } }`, nil, &queue)
		return err == nil && len(queue.DepositReviews.Edges) == 1 && queue.DepositReviews.Edges[0].Node.Decidable, err
	})
	if err != nil {
		return err
	}
	if got := queue.DepositReviews.Edges[0].Node.Deposit.ID; got != id {
		return fmt.Errorf("the queue has %s, not %s", got, id)
	}
	var released struct{ ReleaseDeposit struct{ Tx string } }
	err = w.api.do(ctx, `mutation($id: ID!) { releaseDeposit(idempotencyKey: "r70", id: $id, reason: "known customer") { tx } }`, object{"id": id}, &released)
	if err != nil {
		return err
	}
	if err := w.watch(ctx, common.HexToHash(released.ReleaseDeposit.Tx), "UNLOCKED"); err != nil {
		return err
	}
	d, err := w.audited(ctx, id, "unlocked", "park", "release")
	if err != nil {
		return err
	}
	if d.Audit[0].Actor != "rule:large" || !strings.HasPrefix(d.Audit[1].Actor, "key:") {
		return fmt.Errorf("who did it: %+v", d.Audit)
	}
	return w.wantBalance(ctx, "70", "0")
}

func (w *watched) rejects(ctx context.Context) error {
	id, err := w.arrive(ctx, 61, "REVIEW")
	if err != nil {
		return err
	}
	if err := w.decidable(ctx, id); err != nil {
		return err
	}
	if err := w.operator(ctx, nil, "deposits", "reject", "--deposit", id, "--actor", "", "--reason", ""); err == nil {
		return errors.New("rejected without a reason")
	}
	if err := w.operator(ctx, nil, "deposits", "reject", "--deposit", "dep_none", "--reason", "x"); err == nil || !strings.Contains(err.Error(), "no deposit") {
		return fmt.Errorf("rejected what is not there: %w", err)
	}
	var d depositSaid
	if err := w.operator(ctx, &d, "deposits", "reject", "--json", "--deposit", id, "--actor", "olga", "--reason", "no answer"); err != nil {
		return err
	}
	if _, err := w.audited(ctx, id, "rejected", "park", "reject"); err != nil {
		return err
	}
	return w.wantBalance(ctx, "70", "0")
}

// refunds kills the server between the order for the payment and the note of it.
func (w *watched) refunds(ctx context.Context) error {
	id, err := w.arrive(ctx, 80, "REVIEW")
	if err != nil {
		return err
	}
	if err := w.decidable(ctx, id); err != nil {
		return err
	}
	armed := w.path("armed-refund")
	if err := w.server.stop(); err != nil {
		return err
	}
	if err := w.startServer(ctx, killArmed+"="+armed); err != nil {
		return err
	}
	if err := os.WriteFile(armed, []byte("deposit.refund_asked"), 0o600); err != nil {
		return err
	}
	to := newAddress()
	for _, bad := range []string{w.safe.Hex(), w.address.Hex(), "0x1"} {
		if err := w.operator(ctx, nil, "deposits", "refund", "--deposit", id, "--reason", "x", "--to", bad); err == nil {
			return fmt.Errorf("a refund to %s was ordered", bad)
		}
	}
	order := []string{"deposits", "refund", "--json", "--deposit", id, "--actor", "olga", "--reason", "sent by mistake", "--to", to.Hex(), "--key", "refund-80"}
	if err := w.operator(ctx, nil, order...); err != nil {
		return err
	}
	select {
	case <-w.server.done:
	case <-time.After(stepTimeout):
		return errors.New("the server did not ask for the payment")
	}
	if err := w.startServer(ctx); err != nil {
		return err
	}
	if err := w.operator(ctx, nil, order...); err != nil {
		return fmt.Errorf("the same order again: %w", err)
	}
	err = w.until(ctx, "the refund", func() (bool, error) {
		var d depositSaid
		err := w.operator(ctx, &d, "deposits", "audit", "--json", "--deposit", id)
		return d.State == "refunded", err
	})
	if err != nil {
		return err
	}
	d, err := w.audited(ctx, id, "refunded", "park", "reject", "refund", "refund_paid")
	if err != nil {
		return err
	}
	if len(d.Refunds) != 1 || d.Refunds[0].State != "paid" {
		return fmt.Errorf("the refunds: %+v", d.Refunds)
	}
	paid := new(big.Int).Sub(w.units(80), new(big.Int).Div(w.units(1), big.NewInt(2))) // the fee of a withdrawal is 0.5
	if err := w.paidExactly(ctx, to, paid); err != nil {
		return err
	}

	// The withdrawal that paid is there for who looks for it, with no customer of ours.
	var payment struct {
		Withdrawal struct {
			State   string
			Account struct{ ID, Name string }
		}
	}
	if err := w.api.do(ctx, `query($id: ID!) { withdrawal(id: $id) { state account { id name } } }`, object{"id": d.Refunds[0].Payment}, &payment); err != nil {
		return err
	}
	if payment.Withdrawal.State != "SETTLED" || payment.Withdrawal.Account.ID == w.account {
		return fmt.Errorf("the payment: %+v", payment)
	}
	return w.wantBalance(ctx, "70", "0")
}

// refundRefused asks for more than policy pays at once; then it goes another way.
func (w *watched) refundRefused(ctx context.Context) error {
	id, err := w.arrive(ctx, 300, "REVIEW")
	if err != nil {
		return err
	}
	if err := w.decidable(ctx, id); err != nil {
		return err
	}
	if err := w.operator(ctx, nil, "deposits", "refund", "--deposit", id, "--actor", "olga", "--reason", "x", "--to", newAddress().Hex()); err != nil {
		return err
	}
	return w.until(ctx, "the refund that fails", func() (bool, error) {
		var d depositSaid
		if err := w.operator(ctx, &d, "deposits", "audit", "--json", "--deposit", id); err != nil {
			return false, err
		}
		if len(d.Refunds) != 1 || d.Refunds[0].State != "failed" {
			return false, nil
		}
		if d.State != "rejected" || !strings.Contains(d.Refunds[0].Reason, "policy") {
			return false, fmt.Errorf("the deposit: %+v", d)
		}
		return true, nil
	})
}

func (w *watched) aside(ctx context.Context) error {
	dust, err := w.payToken(ctx, w.contracts.Token, 500_000)
	if err != nil {
		return err
	}
	if err := w.watch(ctx, dust, "DUST"); err != nil {
		return err
	}
	known, err := w.payToken(ctx, w.known, 7_000_000)
	if err != nil {
		return err
	}
	if err := w.watch(ctx, known, "UNSUPPORTED"); err != nil {
		return err
	}
	if _, err := w.payToken(ctx, w.unknown, 7_000_000); err != nil {
		return err
	}
	memo, err := w.payToken(ctx, w.memo, 9_000_000)
	if err != nil {
		return err
	}
	id, err := w.find(ctx, memo, "MISSING_MEMO")
	if err != nil {
		return err
	}
	if err := w.decidable(ctx, id); err != nil {
		return err
	}
	if err := w.operator(ctx, nil, "deposits", "release", "--deposit", id, "--actor", "olga", "--reason", "the sender named the account"); err != nil {
		return err
	}
	if err := w.watch(ctx, memo, "UNLOCKED"); err != nil {
		return err
	}
	var list struct {
		Deposits struct {
			Edges []struct{ Node struct{ AssetID string } }
		}
	}
	if err := w.api.do(ctx, `{ deposits(first: 100) { edges { node { assetId } } } }`, nil, &list); err != nil {
		return err
	}
	for _, e := range list.Deposits.Edges {
		if e.Node.AssetID == string(w.asset(w.unknown)) {
			return errors.New("a token that nobody named made a deposit")
		}
	}
	return w.wantBalance(ctx, "70", "0")
}

func (w *watched) blocked(ctx context.Context) error {
	tx, err := w.steal(ctx, 20_000_000)
	if err != nil {
		return err
	}
	id, err := w.find(ctx, tx, "REVIEW")
	if err != nil {
		return err
	}
	var queue []struct {
		ID        string
		Screening struct{ Passed bool }
		Audit     []struct{ Actor string }
	}
	if err := w.operator(ctx, &queue, "deposits", "reviews", "--json"); err != nil {
		return err
	}
	if len(queue) != 1 || queue[0].ID != id || queue[0].Screening.Passed || queue[0].Audit[0].Actor != "rule:screening blocked sender" {
		return fmt.Errorf("the queue: %+v", queue)
	}
	return w.wantBalance(ctx, "70", "0")
}

// backfills pays Bob where his address will be, and lets him ask for it afterwards.
func (w *watched) backfills(ctx context.Context) error {
	var made struct{ CreateAccount struct{ ID string } }
	if err := w.api.do(ctx, `mutation { createAccount(idempotencyKey: "bob", name: "Bob") { id } }`, nil, &made); err != nil {
		return err
	}
	w.bob = made.CreateAccount.ID
	cfg := evm.Config{
		Chain: w.chain, Native: w.native, URLs: []string{w.anvil.URL}, EntryPoint: w.contracts.EntryPoint,
		Module: w.contracts.Safe4337Module, MultiSend: w.contracts.MultiSendCallOnly, ForwarderFactory: w.factory,
	}
	client, err := evm.Dial(ctx, cfg)
	if err != nil {
		return err
	}
	defer client.Close()
	forwarders, err := evm.NewForwarders(ctx, client, w.factory, w.safe)
	if err != nil {
		return err
	}
	address, err := forwarders.DepositAddress(ctx, coffer.RequestHash("deposit-address", stackTenant, w.bob))
	if err != nil {
		return err
	}
	w.late = common.HexToAddress(string(address))
	tx, err := w.pay(ctx, w.late, w.units(12))
	if err != nil {
		return err
	}
	// A later deposit of Ann's shows that the block is applied.
	if _, err := w.arrive(ctx, 3, "CREDITED"); err != nil {
		return err
	}
	var issued struct{ IssueAddress struct{ Address string } }
	if err := w.api.do(ctx, `mutation($a: ID!, $c: ChainID!) { issueAddress(account: $a, chain: $c) { address } }`, object{"a": w.bob, "c": w.chain}, &issued); err != nil {
		return err
	}
	if issued.IssueAddress.Address != w.late.Hex() {
		return fmt.Errorf("the address is %s, not %s", issued.IssueAddress.Address, w.late)
	}
	bob := &demo{stack: w.stack, account: w.bob, told: w.told}
	if err := bob.watch(ctx, tx, "UNLOCKED"); err != nil {
		return err
	}
	return bob.wantBalance(ctx, "12", "0")
}

// resumes replaces blocks that were final. The chain halts until a person lets it go on.
func (w *watched) resumes(ctx context.Context) error {
	tx, err := w.pay(ctx, w.address, w.units(30))
	if err != nil {
		return err
	}
	if err := w.watch(ctx, tx, "UNLOCKED"); err != nil {
		return err
	}
	if err := w.finality(ctx); err != nil {
		return err
	}
	var raw hexutil.Bytes
	if err := w.anvil.RPC().CallContext(ctx, &raw, "eth_getRawTransactionByHash", tx); err != nil {
		return err
	}
	receipt, err := w.anvil.Receipt(ctx, tx)
	if err != nil {
		return err
	}
	head, err := w.anvil.Eth().BlockNumber(ctx)
	if err != nil {
		return err
	}
	if err := w.anvil.Reorg(ctx, head-receipt.BlockNumber.Uint64()+1); err != nil {
		return err
	}
	if err := w.until(ctx, "a chain that halts", func() (bool, error) { return w.notReady("node " + string(w.chain)) }); err != nil {
		return err
	}
	said, err := w.command(ctx, nil, "indexer", "diverged", "--chain", string(w.chain), "--config", w.configFile())
	if err != nil {
		return err
	}
	want := fmt.Sprintf("parted at height %d; ", receipt.BlockNumber)
	if !strings.Contains(said, want) {
		return fmt.Errorf("diverged says %q, want %q", said, want)
	}
	resume := []string{"indexer", "resume", "--chain", string(w.chain), "--config", w.configFile(), "--actor", "olga"}
	if _, err := w.command(ctx, nil, resume...); err == nil {
		return errors.New("resumed without a reason")
	}
	if _, err := w.command(ctx, nil, append(resume, "--reason", "x", "--theirs", common.Hash{1}.Hex())...); err == nil {
		return errors.New("resumed to a block that the node does not have")
	}
	if _, err := w.command(ctx, nil, append(resume, "--reason", "the network follows this fork")...); err != nil {
		return err
	}
	if err := w.watch(ctx, tx, "REVERSED"); err != nil {
		return err
	}
	var again common.Hash
	if err := w.anvil.RPC().CallContext(ctx, &again, "eth_sendRawTransaction", raw); err != nil {
		return fmt.Errorf("send the transaction again: %w", err)
	}
	if err := w.watch(ctx, tx, "UNLOCKED"); err != nil {
		return err
	}
	if err := w.until(ctx, "a server that is ready again", func() (bool, error) {
		failing, err := w.notReady("")
		return !failing, err
	}); err != nil {
		return err
	}
	return w.wantBalance(ctx, "113", "0")
}
