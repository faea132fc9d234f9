package tron_test

import (
	"context"
	"errors"
	"math/big"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

const nodePatience = 60 * time.Second

// bank is a wallet before a node that runs the chain. The account of key 1 was given a
// permission to pay, for keys 1 and 2 together.
type bank struct {
	*tron.Wallet
	t       *testing.T
	sim     *tronsim.Sim
	client  *tron.Client
	account tron.Account
	now     time.Time
	millis  atomic.Int64 // of now, for who asks beside the test
}

// clock is what nodes and clients ask.
func (b *bank) clock() time.Time { return time.UnixMilli(b.millis.Load()) }

func (b *bank) setTime(t time.Time) {
	b.now = t
	b.millis.Store(t.UnixMilli())
}

// servers open a node's doors, by the scheme of their URLs.
var servers = map[string]func(context.Context, *tronsim.Sim, net.Listener) error{"grpc": tronsim.Serve, "http": tronsim.ServeHTTP}

const bankFunds = 10_000_000_000 // sun

func newBank(t *testing.T) *bank { return newBankOver(t, "grpc") }

// newBankOver is newBank, whose node speaks gRPC or HTTP.
func newBankOver(t *testing.T, scheme string) *bank {
	t.Helper()
	b := &bank{t: t}
	b.setTime(time.Unix(testSecond, 0))
	var err error
	b.sim, err = tronsim.New(tronsim.Config{
		Clock: b.clock, Genesis: b.now, Seed: t.Name(),
		Funded: map[tronsim.Address]int64{tronsim.Address(keyAddress(1)): bankFunds, tronsim.Address(keyAddress(2)): bankFunds},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.sim.Mine(30); err != nil {
		t.Fatal(err)
	}
	b.setTime(b.now.Add(90 * time.Second))
	b.client = b.dial(scheme)
	b.mine(1)
	b.account = testAccount(t)
	b.account.Chain = b.sim.ChainID()
	b.permit()
	if b.Wallet, err = tron.NewWallet(tron.WalletConfig{Account: b.account, Pool: b.client, Clock: b.clock}); err != nil {
		t.Fatal(err)
	}
	return b
}

// mine makes blocks and sets the clock to the time of the last.
func (b *bank) mine(blocks int) {
	b.t.Helper()
	if err := b.sim.Mine(blocks); err != nil {
		b.t.Fatal(err)
	}
	var head tronpb.BlockExtention
	if err := b.client.Call(b.t.Context(), tronpb.Wallet_GetNowBlock2_FullMethodName, &tronpb.EmptyMessage{}, &head); err != nil {
		b.t.Fatal(err)
	}
	b.setTime(time.UnixMilli(head.GetBlockHeader().GetRawData().GetTimestamp()))
}

func (b *bank) dial(scheme string) *tron.Client {
	b.t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(b.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- servers[scheme](ctx, b.sim, listener) }()
	b.t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			b.t.Error(err)
		}
	})
	client, err := tron.Dial(b.t.Context(), tron.Config{
		Chain: b.sim.ChainID(), Nodes: []tron.Node{{URL: scheme + "://" + listener.Addr().String()}},
		CallTimeout: nodePatience, Clock: b.clock,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(client.Close)
	return client
}

// permit gives the account its permission to pay, under the owner's key.
func (b *bank) permit() {
	b.t.Helper()
	pays := tron.Permission{Name: "pay", Threshold: b.account.Threshold, Keys: b.account.Keys, Operations: []tronpb.Transaction_Contract_ContractType{
		tronpb.Transaction_Contract_TransferContract, tronpb.Transaction_Contract_TriggerSmartContract,
		tronpb.Transaction_Contract_DelegateResourceContract, tronpb.Transaction_Contract_UnDelegateResourceContract,
		tronpb.Transaction_Contract_AccountCreateContract,
	}}
	owner := tron.Permission{Name: "owner", Threshold: 1, Keys: []tron.Key{{Address: keyAddress(1), Weight: 1}}}
	update, err := tron.UpdatePermissions(b.account.Address, owner, []tron.Permission{pays})
	if err != nil {
		b.t.Fatal(err)
	}
	b.send(update, 1)
}

// send has keys sign something under the owner's permission, and puts it into a block.
func (b *bank) send(contract proto.Message, keys ...byte) {
	b.t.Helper()
	r := tron.Raw{Reference: tron.ReferenceTo(b.sim.Solid().Hash), Timestamp: b.now.UnixMilli(), Expiration: b.now.Add(time.Minute).UnixMilli(), Contract: contract}
	raw, err := r.Encode()
	if err != nil {
		b.t.Fatal(err)
	}
	tx := &tronpb.Transaction{RawData: new(tronpb.TransactionRaw)}
	if err := proto.Unmarshal(raw, tx.RawData); err != nil {
		b.t.Fatal(err)
	}
	for _, key := range keys {
		tx.Signature = append(tx.Signature, sign(b.t, key, tron.ID(raw)).Bytes)
	}
	if said := b.sim.Broadcast(tx); !said.Result {
		b.t.Fatalf("%s: %s", said.Code, said.Message)
	}
	b.mine(1)
}

// intent does something in a slot of now.
func (b *bank) intent(payments ...coffer.Payment) coffer.Intent {
	b.t.Helper()
	slot, err := b.NextSlot(b.t.Context(), "0x0")
	if err != nil {
		b.t.Fatal(err)
	}
	i := coffer.Intent{
		ID: "po_1", Chain: b.account.Chain, Wallet: b.Address(), Path: coffer.PathTRON, Purpose: coffer.PurposeOrders, Slot: slot,
		Payments: payments, FeeBound: coffer.NewAmount(40_000_000), Expires: b.now.Add(10 * time.Minute),
	}
	return i
}

func (b *bank) trx(to tron.Address, sun uint64) coffer.Payment {
	return coffer.Payment{Asset: tron.Native(b.account.Chain), To: tron.AddressOf(to), Amount: coffer.NewAmount(sun)}
}

// signed builds, simulates, signs and finalizes.
func (b *bank) signed(i coffer.Intent) (coffer.Signed, coffer.Effects) {
	b.t.Helper()
	u, err := b.Build(b.t.Context(), i, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	effects, err := tron.NewExplainer(tron.ExplainConfig{Chain: b.account.Chain, Wallets: []tron.Account{b.account}}).Explain(u)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.Simulate(b.t.Context(), u); err != nil {
		b.t.Fatal(err)
	}
	s, err := b.Finalize(u, []coffer.Signature{sign(b.t, 2, effects.Digests[0]), sign(b.t, 1, effects.Digests[0])})
	if err != nil {
		b.t.Fatal(err)
	}
	return s, effects
}

func (b *bank) broadcast(s coffer.Signed) {
	b.t.Helper()
	if err := b.Broadcast(b.t.Context(), s); err != nil {
		b.t.Fatal(err)
	}
}

// landed wants a transaction in a block, and within what its effects said it may burn.
func (b *bank) landed(s coffer.Signed, e coffer.Effects) tron.Receipt {
	b.t.Helper()
	receipt, err := b.client.HeadReceipt(b.t.Context(), s.ID)
	if err != nil {
		b.t.Fatal(err)
	}
	if !receipt.Success || coffer.NewAmount(receipt.Fee).Cmp(e.FeeBound) > 0 {
		b.t.Fatalf("%+v; the fee bound was %s", receipt, e.FeeBound)
	}
	return receipt
}

func TestAWalletPaysOnANode(t *testing.T) {
	for scheme := range servers {
		t.Run(scheme, func(t *testing.T) { paysOnANode(t, newBankOver(t, scheme)) })
	}
}

func paysOnANode(t *testing.T, b *bank) {
	t.Helper()
	to := keyAddress(7)
	s, effects := b.signed(b.intent(b.trx(to, 5_000_000)))
	b.broadcast(s)
	b.broadcast(s) // known already
	b.mine(1)
	b.broadcast(s) // in a block already
	receipt := b.landed(s, effects)
	// A new account, two signatures, and bandwidth that is not free for what makes an account.
	if receipt.Fee != 1_000_000+100_000+1_000_000 {
		t.Errorf("%d sun were burned", receipt.Fee)
	}
	if got := b.sim.Balance(tronsim.Address(to)); got != 5_000_000 {
		t.Errorf("the receiver has %d sun", got)
	}

	// The block is undone. The same bytes land again, once.
	if err := b.sim.Reorg(tronsim.Reorganisation{Undo: 1, Make: 1, Forget: []coffer.Hash{s.ID}}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.client.HeadReceipt(t.Context(), s.ID); !errors.Is(err, coffer.ErrNotFound) {
		t.Fatalf("after the reorganisation: %v", err)
	}
	b.broadcast(s)
	b.mine(25)
	b.landed(s, effects)
	if got := b.sim.Balance(tronsim.Address(to)); got != 5_000_000 {
		t.Errorf("the receiver has %d sun", got)
	}
}

func TestWhatIsNotSentInTimeNeverLands(t *testing.T) {
	b := newBank(t)
	to := keyAddress(7)
	i := b.intent(b.trx(to, 5_000_000))
	i.Expires = b.now.Add(30 * time.Second)
	s, _ := b.signed(i)
	b.mine(11)
	err := b.Broadcast(t.Context(), s)
	if tron.Classify(err) != tron.Rebuild {
		t.Errorf("%v; want class %s", err, tron.Rebuild)
	}
	u, err := b.Build(t.Context(), b.intent(b.trx(to, 5_000_000)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if again := tron.ID(u.Bytes); again == s.ID {
		t.Error("the next slot has the same transaction")
	}
	b.mine(1)
	if got := b.sim.Balance(tronsim.Address(to)); got != 0 {
		t.Errorf("the receiver has %d sun", got)
	}
}

func TestAWalletDelegatesOnANode(t *testing.T) {
	b := newBank(t)
	to := keyAddress(2)
	b.account.Receivers = []tron.Address{to}
	var err error
	if b.Wallet, err = tron.NewWallet(tron.WalletConfig{Account: b.account, Pool: b.client, Clock: b.clock}); err != nil {
		t.Fatal(err)
	}
	if err := b.sim.Stake(tronsim.Address(b.account.Address), tronpb.ResourceCode_ENERGY, 2_000_000_000); err != nil {
		t.Fatal(err)
	}
	limit := func() int64 {
		r, err := b.client.Resources(t.Context(), to)
		if err != nil {
			t.Fatal(err)
		}
		return r.GetEnergyLimit()
	}
	for _, back := range []bool{false, true} {
		i := b.intent()
		i.Purpose = coffer.PurposeDelegate
		i.Delegations = []coffer.Delegation{{To: tron.AddressOf(to), Resource: coffer.ResourceEnergy, Amount: coffer.NewAmount(1_500_000_000), Back: back}}
		s, effects := b.signed(i)
		b.broadcast(s)
		b.mine(1)
		b.landed(s, effects)
		if got := limit(); (got == 0) != back {
			t.Errorf("back %t: the receiver has %d energy", back, got)
		}
	}
}

// Whoever changes the permission on the chain stops the wallet before it asks anybody to sign.
func TestAWalletSeesThatItsPermissionChanged(t *testing.T) {
	b := newBank(t)
	u, err := b.Build(t.Context(), b.intent(b.trx(keyAddress(7), 5_000_000)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Simulate(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	b.account.Keys = []tron.Key{b.account.Keys[0], {Address: keyAddress(3), Weight: 1}}
	b.permit()
	if err := b.Simulate(t.Context(), u); !errors.Is(err, tron.ErrPermission) || !errors.Is(err, coffer.ErrWouldFail) {
		t.Errorf("%v, want %v", err, tron.ErrPermission)
	}
}

// bankToken is a token like Tether that key 2 issued, of which the wallet has a thousand.
type bankToken struct {
	*bank
	address tron.Address
}

func (b *bank) token() *bankToken {
	b.t.Helper()
	issuer := keyAddress(2)
	code := append(common.FromHex(bindings.TestTokenMetaData.Bin),
		bindings.NewTestToken().PackConstructor(common.Address(issuer), big.NewInt(1_000_000_000_000), "Tether USD", "USDT", 6)...)
	id, err := b.issuer().Send(tronpb.Transaction_Contract_CreateSmartContract, &tronpb.CreateSmartContract{
		OwnerAddress: issuer.Bytes(),
		NewContract: &tronpb.SmartContract{
			OriginAddress: issuer.Bytes(), Bytecode: code, Name: "USDT", ConsumeUserResourcePercent: 100, OriginEnergyLimit: 10_000_000,
		},
	}, func(raw *tronpb.TransactionRaw) { raw.FeeLimit = 1_000_000_000 })
	if err != nil {
		b.t.Fatal(err)
	}
	b.mine(1)
	k := &bankToken{bank: b, address: tron.Address(tronsim.ContractAddress(id, tronsim.Address(issuer)))}
	k.order(bindings.NewTestToken().PackTransfer(common.Address(b.account.Address), big.NewInt(1_000_000_000)))
	return k
}

func (b *bank) issuer() tronsim.Signer {
	return tronsim.Signer{Sim: b.sim, Keys: []tronsim.Key{testKey(2)}, Address: tronsim.Address(keyAddress(2))}
}

// order has the issuer call the token.
func (k *bankToken) order(data []byte) {
	k.t.Helper()
	id, err := k.issuer().Send(tronpb.Transaction_Contract_TriggerSmartContract, &tronpb.TriggerSmartContract{
		OwnerAddress: keyAddress(2).Bytes(), ContractAddress: k.address.Bytes(), Data: data,
	}, nil)
	if err != nil {
		k.t.Fatal(err)
	}
	k.mine(1)
	if receipt, err := k.client.HeadReceipt(k.t.Context(), id); err != nil || !receipt.Success {
		k.t.Fatalf("%+v, %v", receipt, err)
	}
}

func (k *bankToken) payment(to tron.Address, amount uint64) coffer.Payment {
	return coffer.Payment{Asset: tron.TokenAsset(k.account.Chain, k.address), To: tron.AddressOf(to), Amount: coffer.NewAmount(amount)}
}

func (k *bankToken) balance(of tron.Address) uint64 {
	k.t.Helper()
	said, err := k.client.Constant(k.t.Context(), of, k.address, bindings.NewTestToken().PackBalanceOf(common.Address(of)))
	if err != nil {
		k.t.Fatal(err)
	}
	return new(big.Int).SetBytes(said.Result).Uint64()
}

func TestAWalletPaysTokensOnANode(t *testing.T) {
	for scheme := range servers {
		t.Run(scheme, func(t *testing.T) { paysTokensOnANode(t, newBankOver(t, scheme).token()) })
	}
}

func paysTokensOnANode(t *testing.T, k *bankToken) {
	t.Helper()
	to := keyAddress(7)
	var spent []uint64
	for n := range uint64(2) {
		s, effects := k.signed(k.intent(k.payment(to, 30_000_000)))
		r, err := tron.DecodeSigned(s)
		if err != nil {
			t.Fatal(err)
		}
		k.broadcast(s)
		k.mine(1)
		receipt := k.landed(s, effects)
		if got := k.balance(to); got != 30_000_000*(n+1) {
			t.Errorf("the receiver has %d", got)
		}
		// The fee limit is what it took at 100 sun, and a fifth more.
		if want := (receipt.Energy*100*120 + 99) / 100; uint64(r.RawData.FeeLimit) != want {
			t.Errorf("a fee limit of %d for %d energy", r.RawData.FeeLimit, receipt.Energy)
		}
		// The account stakes nothing, and its free bandwidth went for the permission.
		if want := receipt.Energy*100 + 1_000_000 + tron.Bandwidth(proto.Size(r.RawData), 2)*1000; receipt.Fee != want {
			t.Errorf("%d sun were burned, want %d", receipt.Fee, want)
		}
		spent = append(spent, receipt.Energy)
		k.mine(1) // another second, another slot
	}
	if spent[0] != spent[1]+15_000 {
		t.Errorf("the first payment took %d energy, the second %d: a first balance costs 15000", spent[0], spent[1])
	}
}

// What a token does to one receiver is that payment's fault, what it does to all is not.
func TestTokensThatRefuseOnANode(t *testing.T) {
	k := newBank(t).token()
	to, token := keyAddress(7), bindings.NewTestToken()
	for _, c := range []struct {
		name     string
		freeze   []byte
		thaw     []byte
		ownFault bool
	}{
		{"a frozen receiver", token.PackAddBlackList(common.Address(to)), token.PackRemoveBlackList(common.Address(to)), true},
		{"a frozen wallet", token.PackAddBlackList(common.Address(k.account.Address)), token.PackRemoveBlackList(common.Address(k.account.Address)), false},
		{"a paused token", token.PackPause(), token.PackUnpause(), false},
	} {
		i := k.intent(k.payment(to, 5_000_000))
		u, err := k.Build(t.Context(), i, nil)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		k.order(c.freeze)
		if err := k.Simulate(t.Context(), u); !errors.Is(err, coffer.ErrWouldFail) {
			t.Errorf("%s: simulated: %v", c.name, err)
		}
		if _, err := k.Build(t.Context(), i, nil); !errors.Is(err, coffer.ErrWouldFail) {
			t.Errorf("%s: built: %v", c.name, err)
		}
		legs, err := k.SimulateLegs(t.Context(), i)
		if err != nil || (legs[0] != nil) != c.ownFault {
			t.Errorf("%s: the payment's fault: %v, %v; want %t", c.name, legs, err, c.ownFault)
		}
		k.order(c.thaw)
		if err := k.Simulate(t.Context(), u); err != nil {
			t.Errorf("%s, later: %v", c.name, err)
		}
	}
	i := k.intent(k.payment(to, 2_000_000_000)) // twice what there is
	if _, err := k.Build(t.Context(), i, nil); !errors.Is(err, coffer.ErrWouldFail) {
		t.Errorf("more than there is: %v", err)
	}
	if legs, err := k.SimulateLegs(t.Context(), i); err != nil || legs[0] != nil {
		t.Errorf("more than there is, the payment's fault: %v, %v", legs, err)
	}
}
