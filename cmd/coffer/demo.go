package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/spf13/cobra"
)

// demoTimeout bounds the demo as a whole, stepTimeout each thing it waits for.
const (
	demoTimeout = 10 * time.Minute
	stepTimeout = 90 * time.Second
)

func demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Bring everything up, move money in and out, compare the books with the chain",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			begin := time.Now()
			say := sayTo(cmd.OutOrStdout())
			ctx, cancel := context.WithTimeout(cmd.Context(), demoTimeout)
			defer cancel()
			err := withStack(ctx, say, func(ctx context.Context, s *stack) error { return runDemo(ctx, s, cmd.OutOrStdout()) })
			if err == nil && cmd.Context().Err() != nil {
				err = errors.New("stopped before it was done")
			}
			if err != nil {
				return fmt.Errorf("demo failed: %w", err)
			}
			say("%.0f s", time.Since(begin).Seconds())
			say("demo: ok")
			return nil
		},
	}
}

// demo is the demonstration's state.
type demo struct {
	*stack
	account string
	address common.Address  // Ann's deposit address
	cursor  string          // of the last deposit event seen; "" reads from the beginning
	told    map[string]bool // withdrawal events that were said, by id and sequence
}

func runDemo(ctx context.Context, s *stack, out io.Writer) error {
	d := &demo{stack: s, told: map[string]bool{}}
	second := &demo{stack: s.on(s.chains[1]), told: d.told}
	bitcoin := &btcDemo{stack: s}
	scenes := []scene{
		{"An account and its deposit address", d.open},
		{"A deposit of 250 USDT", d.deposit},
		{"A deposit of 100 USDT that is reorganised away and comes back", d.reorganise},
		{"Bad requests change nothing", d.refuse},
		{"Withdrawals: 25 USDT, 120 USDT with two approvals, 210 USDT which the policy refuses", func(ctx context.Context) error { return d.withdraw(ctx, "204") }}, // 350 - 25 - 120 - two fees of 0.5
		{"The same account on the BSC-like chain, whose USDT has 18 decimals", second.open},
		{"A deposit of 250 USDT there, with six confirmations", func(ctx context.Context) error {
			second.cursor = d.cursor
			return second.deposit(ctx)
		}},
		{"The same withdrawals there", func(ctx context.Context) error {
			if err := second.withdraw(ctx, "104"); err != nil {
				return err
			}
			return d.wantBalance(ctx, "204", "0") // one chain's money is not the other's
		}},
		{"A quote, a change of mind, a payment to another customer, a sanctioned destination", d.offers},
		{"Twenty deposit addresses emptied into the Safe by one transaction", d.sweep},
		{"Stolen owner keys sign attacks on a Safe with a guard, and on one without", d.guard},
		{"One person pauses a chain, two resume it", d.pause},
		{"The base fee rises above what a payout offers", d.stuck},
		{"25 withdrawals in one transaction", d.batches},
		{"A batch with two payments that the token refuses", d.poisoned},
	}
	tron := &tronDemo{stack: s}
	scenes = append(scenes, tron.early()...)
	scenes = append(scenes, bitcoin.scenes()...)
	scenes = append(scenes, omniScenes(s)...)
	scenes = append(scenes, tron.late()...)
	scenes = append(scenes, scene{"The books and the chain", func(ctx context.Context) error { return d.compare(ctx, out) }})
	for _, scene := range scenes {
		s.say("\n== %s", scene.title)
		if err := scene.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", scene.title, err)
		}
	}
	return nil
}

func (d *demo) open(ctx context.Context) error {
	var made struct{ CreateAccount struct{ ID string } }
	if err := d.api.do(ctx, `mutation { createAccount(idempotencyKey: "ann", name: "Ann") { id } }`, nil, &made); err != nil {
		return err
	}
	d.account = made.CreateAccount.ID
	var issued struct{ IssueAddress struct{ Address string } }
	err := d.api.do(ctx, `mutation($a: ID!, $c: ChainID!) { issueAddress(account: $a, chain: $c) { address } }`,
		object{"a": d.account, "c": d.chain}, &issued)
	if err != nil {
		return err
	}
	d.address = common.HexToAddress(issued.IssueAddress.Address)
	d.say("  account %s receives at %s on %s", d.account, d.address, d.chain)
	return nil
}

// depositSeen is a deposit as the subscription tells it.
type depositSeen struct {
	DepositEvents struct {
		Cursor  string
		Deposit struct {
			State  string
			Amount string
			Tx     string
		}
	}
}

const depositEvents = `subscription($a: ID!, $after: String) { depositEvents(account: $a, after: $after) {
	cursor deposit { state amount tx } } }`

// watch follows the deposits until tx is in the wanted state.
func (d *demo) watch(ctx context.Context, tx common.Hash, want string) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	err := d.api.subscribe(ctx, depositEvents, object{"a": d.account, "after": d.cursor}, func(data json.RawMessage) error {
		var seen depositSeen
		if err := json.Unmarshal(data, &seen); err != nil {
			return err
		}
		e := seen.DepositEvents
		d.cursor = e.Cursor
		d.say("  deposit of %s USDT: %s", e.Deposit.Amount, e.Deposit.State)
		if e.Deposit.State == want && e.Deposit.Tx == tx.Hex() {
			return errEnough
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("wait for %s: %w", want, err)
	}
	return nil
}

func (d *demo) deposit(ctx context.Context) error {
	tx, err := d.pay(ctx, d.address, d.units(250))
	if err != nil {
		return err
	}
	if err := d.watch(ctx, tx, "UNLOCKED"); err != nil {
		return err
	}
	return d.wantBalance(ctx, "250", "0")
}

// balances reads Ann's USDT.
func (d *demo) balances(ctx context.Context) (available, held string, err error) {
	var read struct {
		Account struct {
			Balances []struct {
				Asset           struct{ ID string }
				Available, Held string
			}
		}
	}
	err = d.api.do(ctx, `query($a: ID!) { account(id: $a) { balances { asset { id } available held } } }`, object{"a": d.account}, &read)
	if err != nil {
		return "", "", err
	}
	for _, b := range read.Account.Balances {
		if b.Asset.ID == string(d.usdt) {
			return b.Available, b.Held, nil
		}
	}
	return "0", "0", nil
}

func (d *demo) wantBalance(ctx context.Context, available, held string) error {
	gotAvailable, gotHeld, err := d.balances(ctx)
	if err != nil {
		return err
	}
	if gotAvailable != available || gotHeld != held {
		return fmt.Errorf("balance: %s available and %s held, want %s and %s", gotAvailable, gotHeld, available, held)
	}
	d.say("  Ann has %s USDT available, %s held", available, held)
	return nil
}

// reorganise lets a deposit be credited, replaces its blocks by others without it, and
// sends the same transaction again.
func (d *demo) reorganise(ctx context.Context) error {
	tx, err := d.pay(ctx, d.address, d.units(100))
	if err != nil {
		return err
	}
	if err := d.watch(ctx, tx, "CREDITED"); err != nil {
		return err
	}

	var raw hexutil.Bytes
	if err := d.anvil.RPC().CallContext(ctx, &raw, "eth_getRawTransactionByHash", tx); err != nil {
		return fmt.Errorf("read the transaction: %w", err)
	}
	receipt, err := d.anvil.Receipt(ctx, tx)
	if err != nil {
		return err
	}
	head, err := d.anvil.Eth().BlockNumber(ctx)
	if err != nil {
		return err
	}
	depth := head - receipt.BlockNumber.Uint64() + 1
	if err := d.anvil.Reorg(ctx, depth); err != nil {
		return err
	}
	d.say("  the node replaced its last %d blocks", depth)
	if err := d.watch(ctx, tx, "REVERSED"); err != nil {
		return err
	}
	if err := d.wantBalance(ctx, "250", "0"); err != nil {
		return err
	}

	var again common.Hash
	if err := d.anvil.RPC().CallContext(ctx, &again, "eth_sendRawTransaction", raw); err != nil {
		return fmt.Errorf("send the transaction again: %w", err)
	}
	if err := d.watch(ctx, tx, "UNLOCKED"); err != nil {
		return err
	}
	return d.wantBalance(ctx, "350", "0")
}

// refuse sends what must be refused, and checks the error and that nothing changed.
func (d *demo) refuse(ctx context.Context) error {
	good := "0x00000000000000000000000000000000DeaDBeef"
	cases := []struct {
		what, asset, to, amount string
		code, field             string
	}{
		{"a wrong checksum", string(d.usdt), "0x00000000000000000000000000000000dEaDBeef", "1", "INVALID", "destination"},
		{"the zero address", string(d.usdt), common.Address{}.Hex(), "1", "INVALID", "destination"},
		{"the token contract", string(d.usdt), d.contracts.Token.Hex(), "1", "INVALID", "destination"},
		{"our own Safe", string(d.usdt), d.safe.Hex(), "1", "INVALID", "destination"},
		{"zero", string(d.usdt), good, "0", "INVALID", "amount"},
		{"a negative amount", string(d.usdt), good, "-1", "INVALID", "amount"},
		{"a decimal too many", string(d.usdt), good, d.tooFine(), "INVALID", "amount"},
		{"an exponent", string(d.usdt), good, "1e30", "INVALID", "amount"},
		{"too large a number", string(d.usdt), good, strings.Repeat("9", 78), "INVALID", "amount"},
		{"more than Ann has", string(d.usdt), good, "1000000", "INSUFFICIENT", ""},
		{"an unknown token", string(coffer.NewAssetID(d.chain, coffer.AssetERC20, good)), good, "1", "INVALID", "asset"},
		{"an unknown chain", "eip155:999/slip44:60", good, "1", "INVALID", "chain"},
	}
	for i, c := range cases {
		_, err := d.request(ctx, fmt.Sprintf("bad-%d", i), c.asset, c.to, c.amount)
		var refused *apiError
		if !errors.As(err, &refused) {
			return fmt.Errorf("%s: got %w, want a refusal", c.what, errors.Join(err, errors.New("no API error")))
		}
		if refused.Extensions.Code != c.code || (c.field != "" && refused.Extensions.Field != c.field) {
			return fmt.Errorf("%s: got %w, want %s %s", c.what, refused, c.code, c.field)
		}
		d.say("  %-22s %v", c.what+":", refused)
	}
	return d.wantBalance(ctx, "350", "0")
}

// withdrawalSeen is a withdrawal as the API tells it.
type withdrawalSeen struct {
	ID                string
	State             string
	Reason            *string
	ApprovalsRequired int
	Amount            string
	Tx                *string
}

const withdrawalFields = `{ id state reason approvalsRequired amount tx }`

func (d *demo) request(ctx context.Context, key, asset, to, amount string) (withdrawalSeen, error) {
	var made struct{ RequestWithdrawal withdrawalSeen }
	err := d.api.do(ctx, `mutation($k: String!, $i: WithdrawalInput!) { requestWithdrawal(idempotencyKey: $k, input: $i) `+withdrawalFields+` }`,
		object{"k": key, "i": object{"account": d.account, "asset": asset, "destination": to, "amount": amount}}, &made)
	return made.RequestWithdrawal, err
}

// await follows withdrawals until each is in the state it is wanted in.
func (d *demo) await(ctx context.Context, want map[string]string) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	reached := map[string]bool{}
	err := d.api.subscribe(ctx, `subscription($a: ID!) { withdrawalEvents(account: $a, after: "") { sequence withdrawal `+withdrawalFields+` } }`,
		object{"a": d.account}, func(data json.RawMessage) error {
			var seen struct {
				WithdrawalEvents struct {
					Sequence   string
					Withdrawal withdrawalSeen
				}
			}
			if err := json.Unmarshal(data, &seen); err != nil {
				return err
			}
			w := seen.WithdrawalEvents.Withdrawal
			state, ours := want[w.ID]
			if !ours {
				return nil
			}
			reason := ""
			if w.Reason != nil && *w.Reason != "" {
				reason = " (" + *w.Reason + ")"
			}
			if event := w.ID + "/" + seen.WithdrawalEvents.Sequence; !d.told[event] {
				d.told[event] = true
				d.say("  withdrawal of %s USDT: %s%s", w.Amount, w.State, reason)
			}
			if w.State == state {
				reached[w.ID] = true
			}
			if len(reached) == len(want) {
				return errEnough
			}
			return nil
		})
	if err != nil {
		return fmt.Errorf("wait for withdrawals: %w", err)
	}
	return nil
}

// withdraw ends with what is left.
func (d *demo) withdraw(ctx context.Context, left string) error {
	refused, err := d.request(ctx, "w-210 "+string(d.chain), string(d.usdt), newAddress().Hex(), "210")
	if err != nil {
		return err
	}
	if err := d.await(ctx, map[string]string{refused.ID: "REJECTED"}); err != nil {
		return err
	}

	small, large := newAddress(), newAddress()
	first, err := d.request(ctx, "w-25 "+string(d.chain), string(d.usdt), small.Hex(), "25")
	if err != nil {
		return err
	}
	second, err := d.request(ctx, "w-120 "+string(d.chain), string(d.usdt), large.Hex(), "120")
	if err != nil {
		return err
	}
	again, err := d.request(ctx, "w-25 "+string(d.chain), string(d.usdt), small.Hex(), "25")
	if err != nil {
		return err
	}
	if again.ID != first.ID {
		return fmt.Errorf("the same request again made %s, not %s", again.ID, first.ID)
	}
	if err := d.await(ctx, map[string]string{second.ID: "AWAITING_APPROVAL"}); err != nil {
		return err
	}
	for i := range d.approvers {
		if err := d.approve(ctx, second.ID, i); err != nil {
			return err
		}
	}
	if err := d.await(ctx, map[string]string{first.ID: "SETTLED", second.ID: "SETTLED"}); err != nil {
		return err
	}

	if err := d.paidExactly(ctx, small, d.units(25)); err != nil {
		return err
	}
	if err := d.paidExactly(ctx, large, d.units(120)); err != nil {
		return err
	}
	return d.wantBalance(ctx, left, "0")
}

// newAddress is the address of somebody's wallet that has never been used.
func newAddress() common.Address {
	key, err := crypto.GenerateKey()
	if err != nil {
		panic(err) // no randomness
	}
	return crypto.PubkeyToAddress(key.PublicKey)
}

// approve signs a withdrawal as one of the people that the policy names.
func (d *demo) approve(ctx context.Context, id string, person int) error {
	expires := time.Now().Add(time.Hour).UTC().Truncate(time.Second).Format(time.RFC3339)
	var read struct {
		Withdrawal struct{ ApprovalDigest string }
	}
	err := d.api.do(ctx, `query($id: ID!, $e: Time!) { withdrawal(id: $id) { approvalDigest(scheme: EIP712, expires: $e) } }`,
		object{"id": id, "e": expires}, &read)
	if err != nil {
		return err
	}
	digest, err := hexutil.Decode(read.Withdrawal.ApprovalDigest)
	if err != nil {
		return err
	}
	key := d.approvers[person]
	signature, err := crypto.Sign(digest, key)
	if err != nil {
		return err
	}
	signature[64] += 27 // as wallets do
	input := object{
		"scheme": "EIP712", "key": crypto.PubkeyToAddress(key.PublicKey).Hex(), "expires": expires,
		"signature": "0x" + hex.EncodeToString(signature),
	}
	var approved struct{ ApproveWithdrawal withdrawalSeen }
	err = d.api.do(ctx, `mutation($id: ID!, $i: ApprovalInput!) { approveWithdrawal(id: $id, input: $i) `+withdrawalFields+` }`,
		object{"id": id, "i": input}, &approved)
	if err != nil {
		return err
	}
	d.say("  person-%d approved: %s", person+1, approved.ApproveWithdrawal.State)
	return nil
}

// compare waits until what was done is final, stops the server, as an operator would, and
// asks the books.
func (d *demo) compare(ctx context.Context, out io.Writer) error {
	if err := d.eachChain(ctx, func(ctx context.Context, c *devChain) error { return c.finality(ctx) }); err != nil {
		return err
	}
	if err := d.server.stop(); err != nil {
		return err
	}
	for _, args := range [][]string{{"treasury", "compare"}, {"ledger", "verify"}} {
		text, err := d.command(ctx, nil, append(args, "--config", d.configFile())...)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, text); err != nil {
			return err
		}
	}
	return nil
}
