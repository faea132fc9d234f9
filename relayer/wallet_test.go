package relayer_test

import (
	"errors"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
	"github.com/cofferhq/coffer/relayer"
)

func TestWalletPaysThroughItsBundler(t *testing.T) {
	c := newChain(t)
	dial := func(chain uint64) (*relayer.RPC, error) {
		return relayer.DialRPC(t.Context(), c.bundler.serve(t, chain), 31337)
	}
	overRPC, err := dial(31337)
	if err != nil {
		t.Fatal(err)
	}
	defer overRPC.Close()
	if ok, err := overRPC.Supports(t.Context(), c.EntryPoint); err != nil || !ok {
		t.Errorf("supports the EntryPoint: %v, %v", ok, err)
	}
	if ok, err := overRPC.Supports(t.Context(), c.Token); err != nil || ok {
		t.Errorf("supports a token as EntryPoint: %v, %v", ok, err)
	}
	if _, err := dial(1); err == nil || !strings.Contains(err.Error(), "runs chain eip155:1, not eip155:31337") {
		t.Errorf("a bundler of another chain: %v", err)
	}

	for name, sender := range map[string]relayer.UserOpSender{"in process": c.bundler, "over JSON-RPC": overRPC} {
		t.Run(name, func(t *testing.T) {
			c.wallet = c.newWallet(t, sender)
			to := common.Address{byte(len(name))}
			payments := []coffer.Payment{
				{Asset: c.token(), To: evm.AddressOf(to), Amount: coffer.NewAmount(300)},
				{Asset: native, To: evm.AddressOf(to), Amount: coffer.NewAmount(77)},
			}
			i := c.intent(t, "0x0", payments...)

			u := c.build(t, i)
			if err := c.wallet.Simulate(t.Context(), u); err != nil {
				t.Fatal(err)
			}
			effects := c.explain(t, u)
			if !reflect.DeepEqual(effects.Payments, payments) || effects.Slot != i.Slot || !effects.ValidUntil.Equal(i.Expires) || effects.FeeBound.Cmp(i.FeeBound) > 0 {
				t.Errorf("effects %+v of intent %+v", effects, i)
			}
			signed := c.finalize(t, u)
			if err := c.wallet.Broadcast(t.Context(), signed); err != nil {
				t.Fatal(err)
			}

			outcome := c.outcome(t, signed.ID)
			if !outcome.Success || outcome.Slot != i.Slot || outcome.Sender != i.Wallet || outcome.Fee.Cmp(effects.FeeBound) > 0 {
				t.Errorf("outcome %+v, fee bound %s", outcome, effects.FeeBound)
			}
			if balance, err := c.TokenBalance(t.Context(), c.Contracts, to); err != nil || balance.Int64() != 300 {
				t.Errorf("token arrived as %v, %v", balance, err)
			}
			if balance, err := c.Eth().BalanceAt(t.Context(), to, nil); err != nil || balance.Int64() != 77 {
				t.Errorf("native arrived as %v, %v", balance, err)
			}
			if next, err := c.wallet.NextSlot(t.Context(), "0x0"); err != nil || next.Sequence != i.Slot.Sequence+1 {
				t.Errorf("next slot %s, %v", next, err)
			}
			t.Logf("paid %s wei of at most %s", outcome.Fee, effects.FeeBound)
		})
	}
}

func TestBroadcastTwiceIsHarmless(t *testing.T) {
	c := newChain(t)
	rpc, err := relayer.DialRPC(t.Context(), c.bundler.serve(t, 31337), 31337)
	if err != nil {
		t.Fatal(err)
	}
	defer rpc.Close()
	c.wallet = c.newWallet(t, rpc)
	signed := c.finalize(t, c.build(t, c.intent(t, "0x0", c.pays(0x71, 5))))
	for range 3 {
		if err := c.wallet.Broadcast(t.Context(), signed); err != nil {
			t.Error(err)
		}
	}
	if balance, err := c.TokenBalance(t.Context(), c.Contracts, common.Address{0x71}); err != nil || balance.Int64() != 5 {
		t.Errorf("paid %v, %v; want 5", balance, err)
	}
	// An operation in the same slot that the bundler does not have is refused as what it is.
	i := c.intent(t, "0x0", c.pays(0x72, 5))
	i.Slot.Sequence = 0
	late := c.finalize(t, c.build(t, i))
	if err := c.wallet.Broadcast(t.Context(), late); err == nil {
		t.Error("an operation whose slot is used was taken")
	}
	sent := c.bundler.sends
	for name, change := range map[string]func(*coffer.Signed){
		"another id": func(s *coffer.Signed) { s.ID[0]++ },
		"another bytes": func(s *coffer.Signed) {
			s.Bytes = []byte(strings.Replace(string(s.Bytes), `"nonce":"0x0"`, `"nonce":"0x1"`, 1))
		},
		"no bytes": func(s *coffer.Signed) { s.Bytes = nil },
	} {
		bad := signed
		change(&bad)
		if err := c.wallet.Broadcast(t.Context(), bad); err == nil || c.bundler.sends != sent {
			t.Errorf("%s: %v, %d sent", name, err, c.bundler.sends-sent)
		}
	}
}

func TestNextAttemptBeatsTheFeesOfEveryEarlierOne(t *testing.T) {
	c := newChain(t)
	i := c.intent(t, "0x5", c.pays(0x71, 5), c.pays(0x72, 6))
	var prev []coffer.Attempt
	var before evm.UserOperation
	for number := range uint32(4) {
		u := c.build(t, i, prev...)
		op, _, err := evm.DecodeUnsigned(u)
		if err != nil {
			t.Fatal(err)
		}
		if u.Attempt != number || op.Slot() != i.Slot || !reflect.DeepEqual(c.explain(t, u).Payments, i.Payments) {
			t.Errorf("attempt %d is %d: slot %s", number, u.Attempt, op.Slot())
		}
		for _, fee := range [][2]*big.Int{
			{op.MaxFeePerGas.ToBig(), before.MaxFeePerGas.ToBig()}, {op.MaxPriorityFeePerGas.ToBig(), before.MaxPriorityFeePerGas.ToBig()},
		} {
			if new(big.Int).Mul(fee[0], big.NewInt(8)).Cmp(new(big.Int).Mul(fee[1], big.NewInt(9))) < 0 {
				t.Errorf("attempt %d offers %s after %s", number, fee[0], fee[1])
			}
		}
		if op.CallGasLimit < before.CallGasLimit || op.VerificationGasLimit < before.VerificationGasLimit {
			t.Errorf("attempt %d allows less gas than the one before", number)
		}
		before, prev = op, append(prev, coffer.Attempt{Number: number, Unsigned: u})
	}

	i.FeeBound = c.explain(t, prev[3].Unsigned).FeeBound
	if u, err := c.wallet.Build(t.Context(), i, prev); !errors.Is(err, evm.ErrFeeBudget) {
		t.Errorf("beyond the bound: %+v, %v; want ErrFeeBudget", u, err)
	}
	// Headroom is given up before the payout is.
	least := i
	least.FeeBound = c.explain(t, prev[0].Unsigned).FeeBound
	if least.FeeBound, _ = least.FeeBound.Sub(coffer.NewAmount(1)); c.explain(t, c.build(t, least)).FeeBound.Cmp(least.FeeBound) > 0 {
		t.Error("the fee bound was not kept")
	}
}

func TestBuildWantsAnIntentOfNow(t *testing.T) {
	c := newChain(t)
	for _, in := range []time.Duration{-time.Minute, 30 * time.Second, 25 * time.Hour} {
		i := c.intent(t, "0x0", c.pays(0x71, 5))
		i.Expires = time.Now().Add(in)
		if _, err := c.wallet.Build(t.Context(), i, nil); err == nil || !strings.Contains(err.Error(), "expires in") {
			t.Errorf("an intent that expires in %s: %v", in, err)
		}
	}
	if c.bundler.last.Signature != nil {
		t.Error("the bundler was asked")
	}
	c.build(t, c.intent(t, "0x0", c.pays(0x71, 5)))
	if got := len(c.bundler.last.Signature); got != 12+2*65 {
		t.Errorf("estimated with a signature of %d bytes", got)
	}
}

func TestSimulateRefusesWhatWouldNotPay(t *testing.T) {
	c := newChain(t)
	token := bindings.NewTestToken()
	do := func(to common.Address, data []byte) {
		t.Helper()
		if _, err := c.Send(t.Context(), devnet.Call{To: &to, Data: data}); err != nil {
			t.Fatal(err)
		}
	}
	// A token that says nothing: its code is STOP.
	silent := common.Address{0x51}
	if err := c.SetCode(t.Context(), silent, []byte{0x00}); err != nil {
		t.Fatal(err)
	}
	quiet := coffer.Payment{Asset: evm.TokenAsset(chainID, silent), To: evm.AddressOf(common.Address{0x71}), Amount: coffer.NewAmount(5)}
	rich := coffer.Payment{Asset: native, To: evm.AddressOf(common.Address{0x71}), Amount: coffer.NewAmount(5e15)}

	// Built while it could have been paid.
	fine := c.build(t, c.intent(t, "0x0", c.pays(0x71, 1000), c.pays(0x71, 1000)))
	one := c.build(t, c.intent(t, "0x0", c.pays(0x72, 1_000_000)))
	silently := c.build(t, c.intent(t, "0x0", c.pays(0x72, 5), quiet))
	if err := c.wallet.Simulate(t.Context(), fine); err != nil {
		t.Fatal(err)
	}
	refused := func(name string, u coffer.Unsigned, want string) {
		t.Helper()
		err := c.wallet.Simulate(t.Context(), u)
		if !errors.Is(err, relayer.ErrWouldFail) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", name, err, want)
		}
	}
	refused("a token that says nothing", silently, "would not say Transfer of 5")
	if u, err := c.wallet.Build(t.Context(), c.intent(t, "0x0", rich), nil); err == nil {
		t.Errorf("more native than there is was built: %+v", u)
	}

	contract := coffer.Payment{Asset: native, To: evm.AddressOf(silent), Amount: coffer.NewAmount(5)}
	refused("a contract's coins in a batch", c.build(t, c.intent(t, "0x0", c.pays(0x71, 5), contract)), "must travel alone")
	if err := c.wallet.Simulate(t.Context(), c.build(t, c.intent(t, "0x0", contract))); err != nil {
		t.Errorf("a contract's coins alone: %v", err)
	}

	do(c.Token, token.PackSetParams(big.NewInt(10), big.NewInt(5)))
	refused("less arrives than is sent", fine, "would not say Transfer of 1000")
	do(c.Token, token.PackSetParams(new(big.Int), new(big.Int)))

	do(c.Token, token.PackPause())
	refused("paused", fine, selector("Paused()"))
	do(c.Token, token.PackUnpause())

	do(c.Token, token.PackAddBlackList(c.safe.Address))
	refused("black-listed", one, selector("BlackListed(address)"))
	do(c.Token, token.PackRemoveBlackList(c.safe.Address))

	signed := c.finalize(t, fine)
	if err := c.wallet.Broadcast(t.Context(), signed); err != nil {
		t.Fatal(err)
	}
	refused("more than is left", one, selector("InsufficientBalance(address,uint256,uint256)"))

	poor := c.build(t, c.intent(t, "0x0", c.pays(0x71, 5)))
	// Nobody else can take the deposit, so the EntryPoint says for a while that it is empty.
	if err := c.SetCode(t.Context(), c.EntryPoint, common.FromHex("0x5f5f5260205ff3")); err != nil {
		t.Fatal(err)
	}
	refused("no gas money", poor, "0 wei of gas money")
}

// selector is how the reason of a custom error begins.
func selector(signature string) string {
	return "would fail: 0x" + common.Bytes2Hex(crypto.Keccak256([]byte(signature))[:4])
}

func TestTwoEqualPaymentsNeedTwoTransfers(t *testing.T) {
	c := newChain(t)
	// A token that says Transfer(wallet, 0x71…, 5) on its first call only: SLOAD(0) guards LOG3.
	topic := func(b []byte) string { return common.Bytes2Hex(common.LeftPadBytes(b, 32)) }
	transfer := "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
	to := common.Address{0x71}
	code := "5f54" + "60" + "76" + "57" + // if SLOAD(0) goto end
		"60015f55" + "60055f52" + // SSTORE(0, 1); MSTORE(0, 5)
		"7f" + topic(to[:]) + "7f" + topic(c.safe.Address[:]) + "7f" + transfer + "60205fa3" + // LOG3(0, 32, …)
		"5b00"
	at := len(common.FromHex(code)) - 2
	code = strings.Replace(code, "6076", "60"+common.Bytes2Hex([]byte{byte(at)}), 1)
	once := common.Address{0x52}
	if err := c.SetCode(t.Context(), once, common.FromHex(code)); err != nil {
		t.Fatal(err)
	}
	payment := coffer.Payment{Asset: evm.TokenAsset(chainID, once), To: evm.AddressOf(to), Amount: coffer.NewAmount(5)}
	if err := c.wallet.Simulate(t.Context(), c.build(t, c.intent(t, "0x0", payment))); err != nil {
		t.Errorf("one payment: %v", err)
	}
	err := c.wallet.Simulate(t.Context(), c.build(t, c.intent(t, "0x0", payment, payment)))
	if !errors.Is(err, relayer.ErrWouldFail) || !strings.Contains(err.Error(), "payment 1") {
		t.Errorf("two payments, one Transfer: %v", err)
	}
}

func TestNewWalletSaysWhatIsMissing(t *testing.T) {
	c := newChain(t)
	good := relayer.Config{Client: c.client, Safe: c.safe, Sender: c.bundler, Clock: time.Now}
	for name, change := range map[string]func(*relayer.Config){
		"client":     func(x *relayer.Config) { x.Client = nil },
		"sender":     func(x *relayer.Config) { x.Sender = nil },
		"clock":      func(x *relayer.Config) { x.Clock = nil },
		"Safe":       func(x *relayer.Config) { x.Safe = evm.Safe{} },
		"other Safe": func(x *relayer.Config) { x.Safe.Chain = "eip155:1" },
	} {
		bad := good
		change(&bad)
		if _, err := relayer.NewWallet(bad); err == nil {
			t.Errorf("without %s: no error", name)
		}
	}
}
