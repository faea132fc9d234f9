package tron_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// fakePool is a node whose answers a test sets.
type fakePool struct {
	solid      coffer.Header
	parameters tron.Parameters
	accounts   map[tron.Address]*tronpb.Account
	resources  *tronpb.AccountResourceMessage
	energy     uint64
	reverts    func(to tron.Address) string // why a transfer to somebody reverts
	frozen     []tron.Address
	noList     bool // the token knows no blacklist
	inBlock    bool
	pending    *tronpb.Transaction
	refuses    error
	fails      map[string]error
	sent       [][]byte
}

func (p *fakePool) Solid(context.Context) (coffer.Header, error) { return p.solid, p.fails["Solid"] }

func (p *fakePool) Account(_ context.Context, address tron.Address) (*tronpb.Account, error) {
	if err := p.fails["Account"]; err != nil {
		return nil, err
	}
	if account, ok := p.accounts[address]; ok {
		return account, nil
	}
	return nil, coffer.ErrNotFound
}

func (p *fakePool) Resources(context.Context, tron.Address) (*tronpb.AccountResourceMessage, error) {
	return p.resources, p.fails["Resources"]
}

func (p *fakePool) Parameters(context.Context) (tron.Parameters, error) {
	return p.parameters, p.fails["Parameters"]
}

func (p *fakePool) Constant(_ context.Context, _, _ tron.Address, data []byte) (tron.Constant, error) {
	if err := p.fails["Constant"]; err != nil {
		return tron.Constant{}, err
	}
	who := tron.Address(data[16:36])
	if len(data) == 36 {
		if p.noList {
			return tron.Constant{Reverted: true}, nil
		}
		said := make([]byte, 32)
		if slices.Contains(p.frozen, who) {
			said[31] = 1
		}
		return tron.Constant{Result: said, Energy: 500}, nil
	}
	if p.reverts != nil {
		if why := p.reverts(who); why != "" {
			return tron.Constant{Energy: 300, Reverted: true, Reason: why}, nil
		}
	}
	return tron.Constant{Energy: p.energy}, nil
}

func (p *fakePool) HeadReceipt(context.Context, coffer.Hash) (tron.Receipt, error) {
	if p.inBlock {
		return tron.Receipt{Success: true}, nil
	}
	return tron.Receipt{}, coffer.ErrNotFound
}

func (p *fakePool) Call(_ context.Context, method string, _, answer proto.Message) error {
	if method != tronpb.Wallet_GetTransactionFromPending_FullMethodName {
		return errors.New("no such method here")
	}
	if p.pending != nil {
		proto.Merge(answer, p.pending)
	}
	return nil
}

func (p *fakePool) Broadcast(_ context.Context, signed []byte) error {
	p.sent = append(p.sent, signed)
	return p.refuses
}

// desk is a wallet before a fake node.
type desk struct {
	*tron.Wallet
	pool    *fakePool
	account tron.Account
	now     time.Time
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	a := testAccount(t)
	d := &desk{account: a, now: time.Unix(testSecond, 0)}
	operations, err := tron.Operations(tronpb.Transaction_Contract_TransferContract, tronpb.Transaction_Contract_TriggerSmartContract,
		tronpb.Transaction_Contract_DelegateResourceContract)
	if err != nil {
		t.Fatal(err)
	}
	d.pool = &fakePool{
		solid: coffer.Header{BlockRef: coffer.BlockRef{Hash: coffer.Hash{5: 1, 6: 0xa1, 7: 0xb2, 8: 0x11, 9: 0x22, 10: 0x33, 11: 0x44, 12: 0x55, 13: 0x66, 14: 0x77, 15: 0x88, 31: 9}}},
		parameters: tron.Parameters{EnergyPrice: 100, BandwidthPrice: 1000, CreateAccount: 100_000, NewAccount: 1_000_000, MultiSign: 1_000_000,
			MaxFeeLimit: 15_000_000_000},
		accounts: map[tron.Address]*tronpb.Account{
			a.Address: {Address: a.Address.Bytes(), Balance: 50_000_000, ActivePermission: []*tronpb.Permission{{
				Id: 2, Type: tronpb.Permission_Active, Threshold: 2, Operations: operations,
				Keys: []*tronpb.Key{{Address: keyAddress(2).Bytes(), Weight: 1}, {Address: keyAddress(1).Bytes(), Weight: 1}},
			}}},
			mustAddress(t, testReceiver): {Address: mustAddress(t, testReceiver).Bytes()},
		},
		resources: &tronpb.AccountResourceMessage{FreeNetLimit: 600},
		energy:    64_285,
		fails:     map[string]error{},
	}
	if d.Wallet, err = tron.NewWallet(tron.WalletConfig{Account: a, Pool: d.pool, Clock: func() time.Time { return d.now }}); err != nil {
		t.Fatal(err)
	}
	return d
}

// intent pays in the slot of now, until ten minutes from now.
func (d *desk) intent(p coffer.Payment) coffer.Intent {
	i := testIntent(d.account, p)
	i.Expires = d.now.Add(10 * time.Minute)
	return i
}

func (d *desk) build(t *testing.T, i coffer.Intent) coffer.Unsigned {
	t.Helper()
	u, err := d.Build(t.Context(), i, nil)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestWalletsThatCannotBe(t *testing.T) {
	good := tron.WalletConfig{Account: testAccount(t), Pool: &fakePool{}, Clock: time.Now}
	for name, change := range map[string]func(*tron.WalletConfig){
		"no pool":                  func(c *tron.WalletConfig) { c.Pool = nil },
		"no clock":                 func(c *tron.WalletConfig) { c.Clock = nil },
		"no account":               func(c *tron.WalletConfig) { c.Account = tron.Account{} },
		"a short validity":         func(c *tron.WalletConfig) { c.Validity = time.Second },
		"a validity of a day":      func(c *tron.WalletConfig) { c.Validity = 24 * time.Hour },
		"a margin of a thousand":   func(c *tron.WalletConfig) { c.Fees.MarginPercent = 1000 },
		"a fee limit of a fortune": func(c *tron.WalletConfig) { c.Fees.MaxFeeLimit = tron.MaxFeeLimit + 1 },
	} {
		c := good
		change(&c)
		if _, err := tron.NewWallet(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := tron.NewWallet(good); err != nil {
		t.Error(err)
	}
}

func TestNextSlotIsNow(t *testing.T) {
	d := newDesk(t)
	d.now = d.now.Add(7*time.Second + 900*time.Millisecond)
	slot, err := d.NextSlot(t.Context(), "0x1f")
	if want := (coffer.Slot{Kind: coffer.SlotTimestamp, Lane: "0x1f", Sequence: testSecond + 7}); err != nil || slot != want {
		t.Errorf("%s, %v; want %s", slot, err, want)
	}
	for _, lane := range []string{"", "7", "0x3e8", "0x07"} {
		if slot, err := d.NextSlot(t.Context(), lane); err == nil {
			t.Errorf("lane %q: %s", lane, slot)
		}
	}
	d.now = time.Time{}
	if slot, err := d.NextSlot(t.Context(), "0x0"); err == nil {
		t.Errorf("before 1970: %s", slot)
	}
}

func TestAWalletBuildsOneTransaction(t *testing.T) {
	d := newDesk(t)
	i := d.intent(usdt(5))
	u := d.build(t, i)
	r, err := tron.DecodeRaw(u.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	// 64 285 energy at 100 sun and a fifth more.
	if r.Reference != testReference || r.Timestamp != testSecond*1000 || r.Expiration != i.Expires.UnixMilli() || r.FeeLimit != 7_714_200 || r.Permission != 2 {
		t.Errorf("built %+v", r)
	}
	if again := d.build(t, i); tron.ID(again.Bytes) != tron.ID(u.Bytes) {
		t.Error("built again it is another transaction")
	}
	if err := d.Simulate(t.Context(), u); err != nil {
		t.Error(err)
	}
	if _, err := d.Build(t.Context(), i, []coffer.Attempt{{Unsigned: u}}); err == nil {
		t.Error("a second attempt was built in one slot")
	}

	for name, c := range map[string]struct {
		expires time.Duration
		want    time.Duration
	}{
		"the intent's":  {5 * time.Minute, 5 * time.Minute},
		"the wallet's":  {5 * time.Hour, tron.DefaultValidity},
		"a second left": {time.Second, time.Second},
	} {
		i.Expires = d.now.Add(c.expires)
		r, err := tron.DecodeRaw(d.build(t, i).Bytes)
		if err != nil || r.Expiration != d.now.Add(c.want).UnixMilli() {
			t.Errorf("%s: expires at %d, %v", name, r.Expiration, err)
		}
	}
	for _, gone := range []time.Duration{0, -time.Hour} {
		i.Expires = d.now.Add(gone)
		if _, err := d.Build(t.Context(), i, nil); err == nil || errors.Is(err, coffer.ErrWouldFail) {
			t.Errorf("an intent that ended: %v", err)
		}
	}
}

func TestBuildKeepsToTheBudget(t *testing.T) {
	for name, change := range map[string]func(*desk, *coffer.Intent){
		"a small bound":           func(_ *desk, i *coffer.Intent) { i.FeeBound = coffer.NewAmount(7_714_200) }, // but not bandwidth
		"a dear call":             func(d *desk, _ *coffer.Intent) { d.pool.energy = 900_000 },
		"dear energy":             func(d *desk, _ *coffer.Intent) { d.pool.parameters.EnergyPrice = 100_000 },
		"more than numbers hold":  func(d *desk, _ *coffer.Intent) { d.pool.energy = math.MaxUint64 },
		"more with the margin":    func(d *desk, _ *coffer.Intent) { d.pool.energy = math.MaxUint64 / 100 },
		"the chain's own maximum": func(d *desk, _ *coffer.Intent) { d.pool.parameters.MaxFeeLimit = 7_000_000 },
	} {
		d := newDesk(t)
		i := d.intent(usdt(5))
		change(d, &i)
		if u, err := d.Build(t.Context(), i, nil); !errors.Is(err, coffer.ErrFeeBudget) {
			t.Errorf("%s: %x, %v", name, u.Bytes, err)
		}
	}
	d := newDesk(t)
	d.pool.energy = 1 // 100 sun and a fifth: no fraction is lost
	d.pool.parameters.EnergyPrice = 1
	if r, err := tron.DecodeRaw(d.build(t, d.intent(usdt(5))).Bytes); err != nil || r.FeeLimit != 2 {
		t.Errorf("a fee limit of %d, %v; want 2", r.FeeLimit, err)
	}
	d.pool.parameters.MultiSign++
	if _, err := d.Build(t.Context(), d.intent(usdt(5)), nil); !errors.Is(err, tron.ErrPrices) {
		t.Errorf("prices above the configured ones: %v", err)
	}
}

func TestWhatWouldFail(t *testing.T) {
	receiver := mustAddress(t, testReceiver)
	for name, c := range map[string]struct {
		change func(*desk)
		pays   coffer.Payment
		legs   bool // it is the payment's fault
		says   string
	}{
		"a call that reverts": {func(d *desk) { d.pool.reverts = func(tron.Address) string { return "paused" } }, usdt(5), false, "paused"},
		"a receiver the token refuses": {func(d *desk) {
			d.pool.reverts = func(to tron.Address) string {
				if to == receiver {
					return "not you"
				}
				return ""
			}
		}, usdt(5), true, "not you"},
		"a frozen receiver": {func(d *desk) { d.pool.frozen = []tron.Address{receiver} }, usdt(5), true, "blacklist"},
		"a frozen wallet":   {func(d *desk) { d.pool.frozen = []tron.Address{d.account.Address} }, usdt(5), false, "blacklist"},
		"TRX to a contract": {func(d *desk) { d.pool.accounts[receiver].Type = tronpb.AccountType_Contract }, trx(5), true, "is a contract"},
		"an expired one":    {func(d *desk) { d.now = d.now.Add(time.Hour) }, usdt(5), false, "expired"},
		"no TRX for energy": {func(d *desk) { d.pool.accounts[d.account.Address].Balance = 7_428_499 }, usdt(5), false, "7428500 burned"},
		"no TRX":            {func(d *desk) { d.pool.accounts[d.account.Address].Balance = 2_100_004 }, trx(1_100_005), false, "1000000 burned"},
		"no TRX for a new account": {func(d *desk) {
			delete(d.pool.accounts, receiver)
			d.pool.accounts[d.account.Address].Balance = 2_100_004
		}, trx(5), false, "2100000 burned"},
		"no account":            {func(d *desk) { delete(d.pool.accounts, d.account.Address) }, usdt(5), false, "not found"},
		"more energy than then": {func(d *desk) { d.pool.energy = 77_143 }, usdt(5), false, "fee limit"},
		"another threshold":     {func(d *desk) { d.permission().Threshold = 1 }, usdt(5), false, "permission"},
		"another key":           {func(d *desk) { d.permission().Keys[0].Address = keyAddress(3).Bytes() }, usdt(5), false, "permission"},
		"another weight":        {func(d *desk) { d.permission().Keys[0].Weight = 2 }, usdt(5), false, "permission"},
		"a key more": {func(d *desk) {
			d.permission().Keys = append(d.permission().Keys, &tronpb.Key{Address: keyAddress(3).Bytes(), Weight: 1})
		}, usdt(5), false, "permission"},
		"a key that is none":     {func(d *desk) { d.permission().Keys[0].Address = []byte{1} }, usdt(5), false, "permission"},
		"no such permission":     {func(d *desk) { d.permission().Id = 3 }, usdt(5), false, "no permission 2"},
		"no operations":          {func(d *desk) { d.permission().Operations = nil }, usdt(5), false, "may not sign"},
		"not this operation":     {func(d *desk) { d.permission().Operations = make([]byte, 32) }, usdt(5), false, "may not sign"},
		"a negative balance":     {func(d *desk) { d.pool.accounts[d.account.Address].Balance = -1 }, trx(5), false, "has 0 sun"},
		"a negative threshold":   {func(d *desk) { d.permission().Threshold = -2 }, usdt(5), false, "permission"},
		"a permission of nobody": {func(d *desk) { d.pool.accounts[d.account.Address].ActivePermission = nil }, usdt(5), false, "no permission 2"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			i := d.intent(c.pays)
			u := d.build(t, i)
			if err := d.Simulate(t.Context(), u); err != nil {
				t.Fatalf("before: %v", err)
			}
			c.change(d)
			if err := d.Simulate(t.Context(), u); !errors.Is(err, coffer.ErrWouldFail) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
			legs, err := d.SimulateLegs(t.Context(), i)
			if err != nil || len(legs) != 1 || (legs[0] != nil) != c.legs {
				t.Errorf("the payment's fault: %v, %v; want %t", legs, err, c.legs)
			}
		})
	}
}

func (d *desk) permission() *tronpb.Permission {
	return d.pool.accounts[d.account.Address].ActivePermission[0]
}

// What stake covers is not burned.
func TestStakePays(t *testing.T) {
	d := newDesk(t)
	u := d.build(t, d.intent(usdt(5)))
	d.pool.accounts[d.account.Address].Balance = 1_000_000 // the second signature
	d.pool.resources = &tronpb.AccountResourceMessage{EnergyLimit: 70_000, EnergyUsed: 5_715, FreeNetLimit: 600, NetLimit: 414}
	if err := d.Simulate(t.Context(), u); err != nil {
		t.Error(err)
	}
	d.pool.resources.EnergyUsed++
	if err := d.Simulate(t.Context(), u); !errors.Is(err, coffer.ErrWouldFail) || !strings.Contains(err.Error(), "1000100 burned") {
		t.Errorf("one energy too few: %v", err)
	}
	d.pool.resources.EnergyUsed--
	d.pool.resources.FreeNetUsed, d.pool.resources.NetUsed = 200, 1 // neither is enough alone
	if err := d.Simulate(t.Context(), u); !errors.Is(err, coffer.ErrWouldFail) || !strings.Contains(err.Error(), "burned") {
		t.Errorf("one byte too few: %v", err)
	}
}

// A token without a blacklist freezes nobody; an owner's permission that was never changed is the
// account's own key's.
func TestOldTokensAndOldAccounts(t *testing.T) {
	d := newDesk(t)
	d.pool.noList = true
	d.pool.frozen = []tron.Address{mustAddress(t, testReceiver)}
	if err := d.Simulate(t.Context(), d.build(t, d.intent(usdt(5)))); err != nil {
		t.Error(err)
	}
	a := single(t)
	w, err := tron.NewWallet(tron.WalletConfig{Account: a, Pool: d.pool, Clock: func() time.Time { return d.now }})
	if err != nil {
		t.Fatal(err)
	}
	u, err := w.Build(t.Context(), d.intent(usdt(5)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Simulate(t.Context(), u); err != nil {
		t.Error(err)
	}
}

// What a node does not answer is no reason to say that a payment would fail.
func TestSilentNodesFailNothing(t *testing.T) {
	silent := errors.New("connection lost")
	for _, call := range []string{"Parameters", "Solid", "Constant", "Account", "Resources"} {
		d := newDesk(t)
		i := d.intent(usdt(5))
		u := d.build(t, i)
		d.pool.fails[call] = silent
		_, built := d.Build(t.Context(), i, nil)
		simulated := d.Simulate(t.Context(), u)
		_, legs := d.SimulateLegs(t.Context(), i)
		asked := 0
		for _, err := range []error{built, simulated, legs} {
			if errors.Is(err, coffer.ErrWouldFail) || errors.Is(err, coffer.ErrFeeBudget) || err != nil && !errors.Is(err, silent) {
				t.Errorf("%s: %v", call, err)
			}
			if err != nil {
				asked++
			}
		}
		if asked == 0 {
			t.Errorf("%s was never asked", call)
		}
	}
}

func TestBroadcast(t *testing.T) {
	d := newDesk(t)
	u := d.build(t, d.intent(usdt(5)))
	id := tron.ID(u.Bytes)
	signatures := []coffer.Signature{sign(t, 1, id), sign(t, 2, id)}
	if err := d.VerifySignatures(u, signatures[:1]); err != nil {
		t.Error(err)
	}
	if err := d.VerifySignatures(u, []coffer.Signature{sign(t, 3, id)}); !errors.Is(err, tron.ErrSignature) {
		t.Errorf("a stranger's signature: %v", err)
	}
	signed, err := d.Finalize(u, signatures)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := tron.DecodeSigned(signed)
	if err != nil {
		t.Fatal(err)
	}
	other := proto.CloneOf(tx)
	other.RawData.Timestamp++
	says := func(code tronpb.ReturnResponseCode) error { return &tron.BroadcastError{Code: code} }
	for name, c := range map[string]struct {
		refuses error
		inBlock bool
		pending *tronpb.Transaction
		want    tron.Class
		ok      bool
	}{
		"taken":                     {nil, false, nil, "", true},
		"known, in a block":         {says(tronpb.Return_DUP_TRANSACTION_ERROR), true, nil, "", true},
		"known, waiting":            {says(tronpb.Return_DUP_TRANSACTION_ERROR), false, tx, "", true},
		"known, but not to be seen": {says(tronpb.Return_DUP_TRANSACTION_ERROR), false, nil, tron.Verify, false},
		"known, another one shown":  {says(tronpb.Return_DUP_TRANSACTION_ERROR), false, other, tron.Verify, false},
		"its block is unknown":      {says(tronpb.Return_TAPOS_ERROR), true, nil, tron.Rebuild, false},
		"expired":                   {says(tronpb.Return_TRANSACTION_EXPIRATION_ERROR), false, nil, tron.Rebuild, false},
		"busy":                      {says(tronpb.Return_SERVER_BUSY), false, nil, tron.Retry, false},
		"poor":                      {says(tronpb.Return_BANDWITH_ERROR), false, nil, tron.Resources, false}, //nolint:misspell // spelled so
		"badly signed":              {says(tronpb.Return_SIGERROR), false, nil, tron.Never, false},
		"lost":                      {tron.ErrUnknownOutcome, false, nil, "", false},
	} {
		d.pool.refuses, d.pool.inBlock, d.pool.pending, d.pool.sent = c.refuses, c.inBlock, c.pending, nil
		err := d.Broadcast(t.Context(), signed)
		if (err == nil) != c.ok || !c.ok && tron.Classify(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
		if len(d.pool.sent) != 1 || string(d.pool.sent[0]) != string(signed.Bytes) {
			t.Errorf("%s: other bytes were sent: %x", name, d.pool.sent)
		}
	}
	d.pool.sent = nil
	if err := d.Broadcast(t.Context(), coffer.Signed{ID: coffer.Hash{1}, Bytes: signed.Bytes}); err == nil || len(d.pool.sent) > 0 {
		t.Errorf("another id: %v, sent %x", err, d.pool.sent)
	}
}
