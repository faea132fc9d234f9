package tron_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// change takes a transaction apart, changes it and puts it together again as any protobuf
// library would.
func change[C proto.Message](t *testing.T, u coffer.Unsigned, c C, f func(*tronpb.TransactionRaw, C)) coffer.Unsigned {
	t.Helper()
	m, _ := remarshal(t, u.Bytes)
	parameter := m.Contract[0].Parameter
	if err := proto.Unmarshal(parameter.Value, c); err != nil {
		t.Fatal(err)
	}
	f(m, c)
	var err error
	if len(m.Contract) > 0 && m.Contract[0].Parameter != nil {
		if m.Contract[0].Parameter.Value, err = proto.Marshal(c); err != nil {
			t.Fatal(err)
		}
	}
	if u.Bytes, err = proto.Marshal(m); err != nil {
		t.Fatal(err)
	}
	return u
}

func TestExplainRefuses(t *testing.T) {
	a := testAccount(t)
	u := mustBuild(t, testIntent(a, usdt(5)), a, testTerms(30_000_000))
	type (
		raw  = tronpb.TransactionRaw
		call = tronpb.TriggerSmartContract
	)
	other := keyAddress(3).Bytes()
	for name, c := range map[string]struct {
		change func(*raw, *call)
		says   string
	}{
		"no contract":             {func(r *raw, _ *call) { r.Contract = nil }, "0 contracts"},
		"two contracts":           {func(r *raw, _ *call) { r.Contract = append(r.Contract, r.Contract[0]) }, "2 contracts"},
		"an unknown type":         {func(r *raw, _ *call) { r.Contract[0].Type = 99 }, "contract type 99"},
		"a type that is not read": {func(r *raw, _ *call) { r.Contract[0].Type = tronpb.Transaction_Contract_ClearABIContract }, "contract type 48"},
		"the type of another":     {func(r *raw, _ *call) { r.Contract[0].Type = tronpb.Transaction_Contract_TransferContract }, "a parameter of"},
		"another type URL":        {func(r *raw, _ *call) { r.Contract[0].Parameter.TypeUrl = "x/protocol.TriggerSmartContract" }, "a parameter of"},
		"the type URL of another": {func(r *raw, _ *call) {
			r.Contract[0].Parameter.TypeUrl = "type.googleapis.com/protocol.TransferContract"
		}, "a parameter of"},
		"no parameter":             {func(r *raw, _ *call) { r.Contract[0].Parameter = nil }, "a parameter of"},
		"a provider":               {func(r *raw, _ *call) { r.Contract[0].Provider = []byte{1} }, "provider"},
		"a contract name":          {func(r *raw, _ *call) { r.Contract[0].ContractName = []byte{1} }, "name"},
		"the owner's permission":   {func(r *raw, _ *call) { r.Contract[0].PermissionId = 0 }, "permission 0; that of"},
		"a foreign permission":     {func(r *raw, _ *call) { r.Contract[0].PermissionId = 3 }, "permission 3; that of"},
		"a negative permission":    {func(r *raw, _ *call) { r.Contract[0].PermissionId = -1 }, "negative"},
		"a memo":                   {func(r *raw, _ *call) { r.Data = []byte("hello") }, "memo"},
		"scripts":                  {func(r *raw, _ *call) { r.Scripts = []byte{1} }, "scripts"},
		"auths":                    {func(r *raw, _ *call) { r.Auths = []*tronpb.Authority{{}} }, "auths"},
		"a block number":           {func(r *raw, _ *call) { r.RefBlockNum = 7 }, "ref_block_num"},
		"a longer reference":       {func(r *raw, _ *call) { r.RefBlockBytes = append(r.RefBlockBytes, 0) }, "a reference of"},
		"no reference":             {func(r *raw, _ *call) { r.RefBlockHash = nil }, "a reference of"},
		"no timestamp":             {func(r *raw, _ *call) { r.Timestamp = 0 }, "timestamp 0"},
		"a negative timestamp":     {func(r *raw, _ *call) { r.Timestamp = -1 }, "negative"},
		"a far timestamp":          {func(r *raw, _ *call) { r.Timestamp = 1 << 60 }, "timestamp"},
		"no expiration":            {func(r *raw, _ *call) { r.Expiration = 0 }, "expires before"},
		"an expiration before":     {func(r *raw, _ *call) { r.Expiration = r.Timestamp - 1000 }, "expires before"},
		"too long an expiration":   {func(r *raw, _ *call) { r.Expiration += tron.MaxValidity.Milliseconds() }, "it is valid for"},
		"a far expiration":         {func(r *raw, _ *call) { r.Expiration = 1 << 62 }, "expiration"},
		"half a second":            {func(r *raw, _ *call) { r.Expiration += 500 }, "whole second"},
		"no fee limit":             {func(r *raw, _ *call) { r.FeeLimit = 0 }, "a fee limit of 0"},
		"a negative fee limit":     {func(r *raw, _ *call) { r.FeeLimit = -1 }, "negative"},
		"too high a fee limit":     {func(r *raw, _ *call) { r.FeeLimit = tron.MaxFeeLimit + 1 }, "fee limit"},
		"another owner":            {func(_ *raw, c *call) { c.OwnerAddress = other }, "not of"},
		"an owner of 20 bytes":     {func(_ *raw, c *call) { c.OwnerAddress = c.OwnerAddress[1:] }, "owner"},
		"no owner":                 {func(_ *raw, c *call) { c.OwnerAddress = nil }, "owner"},
		"a contract of 20 bytes":   {func(_ *raw, c *call) { c.ContractAddress = c.ContractAddress[1:] }, "contract"},
		"another prefix":           {func(_ *raw, c *call) { c.ContractAddress[0] = 0xa0 }, "contract"},
		"a call of the wallet":     {func(_ *raw, c *call) { c.ContractAddress = a.Address.Bytes() }, "itself"},
		"a call of nobody":         {func(_ *raw, c *call) { c.ContractAddress = tron.Address{}.Bytes() }, "zero address"},
		"a value":                  {func(_ *raw, c *call) { c.CallValue = 1 }, "with a value"},
		"a negative value":         {func(_ *raw, c *call) { c.CallValue = -1 }, "with a value"},
		"a TRC-10 value":           {func(_ *raw, c *call) { c.CallTokenValue = 1 }, "with a value"},
		"a TRC-10 token":           {func(_ *raw, c *call) { c.TokenId = 1_000_001 }, "with a value"},
		"no calldata":              {func(_ *raw, c *call) { c.Data = nil }, "selector 0x"},
		"half a selector":          {func(_ *raw, c *call) { c.Data = c.Data[:2] }, "selector 0xa905"},
		"approve":                  {func(_ *raw, c *call) { copy(c.Data, []byte{0x09, 0x5e, 0xa7, 0xb3}) }, "selector 0x095ea7b3"},
		"transferFrom":             {func(_ *raw, c *call) { copy(c.Data, []byte{0x23, 0xb8, 0x72, 0xdd}) }, "selector 0x23b872dd"},
		"one word":                 {func(_ *raw, c *call) { c.Data = c.Data[:36] }, "of 36 bytes"},
		"three words":              {func(_ *raw, c *call) { c.Data = append(c.Data, make([]byte, 32)...) }, "of 100 bytes"},
		"a byte more":              {func(_ *raw, c *call) { c.Data = append(c.Data, 0) }, "of 69 bytes"},
		"an address with 41":       {func(_ *raw, c *call) { c.Data[15] = 0x41 }, "not an address of 20 bytes"},
		"dirty padding":            {func(_ *raw, c *call) { c.Data[4] = 1 }, "not an address of 20 bytes"},
		"to the zero address":      {func(_ *raw, c *call) { clear(c.Data[16:36]) }, "to the zero address"},
		"to the wallet":            {func(_ *raw, c *call) { copy(c.Data[16:36], a.Address[:]) }, "to itself"},
		"to the token":             {func(_ *raw, c *call) { copy(c.Data[16:36], c.ContractAddress[1:]) }, "to the token contract"},
		"no amount":                {func(_ *raw, c *call) { clear(c.Data[36:]) }, "of nothing"},
		"a field in the contract":  {func(_ *raw, c *call) { c.ProtoReflect().SetUnknown(field(99)) }, "a field is unknown"},
		"a field beside it":        {func(r *raw, _ *call) { r.Contract[0].ProtoReflect().SetUnknown(field(99)) }, "a field is unknown"},
		"a field in the raw part":  {func(r *raw, _ *call) { r.ProtoReflect().SetUnknown(field(99)) }, "a field is unknown"},
		"a field in the parameter": {func(r *raw, _ *call) { r.Contract[0].Parameter.ProtoReflect().SetUnknown(field(99)) }, "a field is unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := change(t, u, new(call), c.change)
			if _, err := explainer(a).Explain(bad); !errors.Is(err, tron.ErrRefused) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
	if _, err := explainer(a).Explain(change(t, u, new(call), func(*raw, *call) {})); err != nil {
		t.Errorf("unchanged: %v", err)
	}
}

// field is one that nobody knows.
func field(n protowire.Number) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, n, protowire.VarintType), 1)
}

func TestExplainRefusesOtherTransfers(t *testing.T) {
	a := testAccount(t)
	u := mustBuild(t, testIntent(a, trx(5)), a, testTerms(0))
	type transfer = tronpb.TransferContract
	for name, c := range map[string]struct {
		change func(*tronpb.TransactionRaw, *transfer)
		says   string
	}{
		"nothing":         {func(_ *tronpb.TransactionRaw, c *transfer) { c.Amount = 0 }, "a payment of 0 sun"},
		"less":            {func(_ *tronpb.TransactionRaw, c *transfer) { c.Amount = -5 }, "a payment of -5 sun"},
		"to the wallet":   {func(_ *tronpb.TransactionRaw, c *transfer) { c.ToAddress = c.OwnerAddress }, "itself"},
		"to nobody":       {func(_ *tronpb.TransactionRaw, c *transfer) { c.ToAddress = tron.Address{}.Bytes() }, "zero address"},
		"to 20 bytes":     {func(_ *tronpb.TransactionRaw, c *transfer) { c.ToAddress = c.ToAddress[1:] }, "want 0x41"},
		"from another":    {func(_ *tronpb.TransactionRaw, c *transfer) { c.OwnerAddress = keyAddress(3).Bytes() }, "not of"},
		"with fee limit":  {func(r *tronpb.TransactionRaw, _ *transfer) { r.FeeLimit = 1 }, "no contract is called"},
		"owner's to sign": {func(r *tronpb.TransactionRaw, _ *transfer) { r.Contract[0].PermissionId = 0 }, "permission 0"},
	} {
		bad := change(t, u, new(transfer), c.change)
		if _, err := explainer(a).Explain(bad); !errors.Is(err, tron.ErrRefused) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

func TestExplainRefusesOtherDelegations(t *testing.T) {
	a := testAccount(t)
	type delegation = tronpb.DelegateResourceContract
	u := mustBuild(t, testDelegation(a, false), a, testTerms(0))
	for name, c := range map[string]struct {
		change func(*delegation)
		says   string
	}{
		"locked":          {func(c *delegation) { c.Lock = true }, "locked"},
		"a lock period":   {func(c *delegation) { c.LockPeriod = 86_400 }, "locked"},
		"to somebody":     {func(c *delegation) { c.ReceiverAddress = keyAddress(3).Bytes() }, "not on the wallet's list"},
		"of votes":        {func(c *delegation) { c.Resource = tronpb.ResourceCode_TRON_POWER }, "resource"},
		"of what is not":  {func(c *delegation) { c.Resource = 77 }, "resource 77"},
		"less than 1 TRX": {func(c *delegation) { c.Balance = 999_999 }, "999999 sun"},
		"negative":        {func(c *delegation) { c.Balance = -1 }, "-1 sun"},
		"of another":      {func(c *delegation) { c.OwnerAddress = keyAddress(3).Bytes() }, "not of"},
	} {
		bad := change(t, u, new(delegation), func(_ *tronpb.TransactionRaw, d *delegation) { c.change(d) })
		if _, err := explainer(a).Explain(bad); !errors.Is(err, tron.ErrRefused) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

// Whatever is not on the list of effects is refused, however well it is written.
func TestExplainRefusesOtherContracts(t *testing.T) {
	a := testAccount(t)
	owner, trx1000 := a.Address, coffer.NewAmount(1_000_000_000)
	freeze, err := tron.Freeze(owner, trx1000, tronpb.ResourceCode_ENERGY)
	if err != nil {
		t.Fatal(err)
	}
	unfreeze, err := tron.Unfreeze(owner, trx1000, tronpb.ResourceCode_BANDWIDTH)
	if err != nil {
		t.Fatal(err)
	}
	both := []tron.Key{{Address: keyAddress(3), Weight: 1}}
	update, err := tron.UpdatePermissions(owner, tron.Permission{Threshold: 1, Keys: both}, []tron.Permission{
		{Threshold: 1, Keys: both, Operations: []tronpb.Transaction_Contract_ContractType{1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []proto.Message{
		freeze, unfreeze, tron.WithdrawUnfrozen(owner), tron.CancelUnfreeze(owner), update,
		&tronpb.TransferAssetContract{AssetName: []byte("1000959"), OwnerAddress: owner.Bytes(), ToAddress: keyAddress(3).Bytes(), Amount: 1},
		&tronpb.VoteWitnessContract{OwnerAddress: owner.Bytes()},
		&tronpb.WithdrawBalanceContract{OwnerAddress: owner.Bytes()},
		&tronpb.CreateSmartContract{OwnerAddress: owner.Bytes()},
	} {
		name := string(c.ProtoReflect().Descriptor().Name())
		r := tron.Raw{Reference: testReference, Timestamp: testSecond * 1000, Expiration: (testSecond + 60) * 1000, Permission: 2, Contract: c}
		encoded, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tron.DecodeRaw(encoded); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		u := coffer.Unsigned{Chain: a.Chain, Wallet: a.Name(), Path: coffer.PathTRON, Format: tron.FormatRaw, Bytes: encoded}
		if _, err := explainer(a).Explain(u); !errors.Is(err, tron.ErrRefused) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, c := range []proto.Message{nil, &tronpb.Block{}, &anypb.Any{}} {
		if b, err := (tron.Raw{Contract: c}).Encode(); err == nil {
			t.Errorf("%T was encoded: %x", c, b)
		}
	}
}

func TestExplainRefusesOtherEncodings(t *testing.T) {
	a := testAccount(t)
	good := mustBuild(t, testIntent(a, usdt(5)), a, testTerms(30_000_000))
	fields := splitFields(t, good.Bytes)
	long := protowire.AppendTag(nil, 18, protowire.VarintType) // the fee limit in a byte more than it needs
	long = append(long, 0x80, 0x87, 0xa7, 0x8e, 0x00)
	for name, b := range map[string][]byte{
		"empty":                {},
		"half of it":           good.Bytes[:len(good.Bytes)/2],
		"a truncated varint":   append(bytes.Clone(good.Bytes), 0x80),
		"a truncated length":   good.Bytes[:len(good.Bytes)-1],
		"an endless varint":    append(bytes.Clone(good.Bytes), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
		"above int64":          append(protowire.AppendTag(join(fields[:len(fields)-1]), 18, protowire.VarintType), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02),
		"a long varint":        append(join(fields[:len(fields)-1]), long...),
		"the fee limit twice":  append(bytes.Clone(good.Bytes), fields[len(fields)-1]...),
		"another order":        join(append([][]byte{fields[len(fields)-1]}, fields[:len(fields)-1]...)),
		"a zero that is said":  append(bytes.Clone(good.Bytes), 0x98, 0x01, 0x00),
		"an end group":         append(bytes.Clone(good.Bytes), 0x0c),
		"field zero":           append(bytes.Clone(good.Bytes), 0x00, 0x00),
		"two of them":          append(bytes.Clone(good.Bytes), good.Bytes...),
		"a whole transaction":  protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), good.Bytes),
		"a string of no UTF-8": bytes.Replace(good.Bytes, []byte("protocol."), []byte("\xffrotocol."), 1),
		"too much":             append(bytes.Clone(good.Bytes), make([]byte, tron.MaxRaw)...),
	} {
		u := good
		u.Bytes = b
		if effects, err := explainer(a).Explain(u); !errors.Is(err, tron.ErrRefused) {
			t.Errorf("%s: %+v, %v", name, effects, err)
		}
		if _, err := tron.DecodeRaw(b); !errors.Is(err, tron.ErrRaw) {
			t.Errorf("%s: decoded, %v", name, err)
		}
	}
	for name, bad := range map[string]func(*coffer.Unsigned){
		"another chain":   func(u *coffer.Unsigned) { u.Chain = tron.Nile },
		"another wallet":  func(u *coffer.Unsigned) { u.Wallet = testToken },
		"another path":    func(u *coffer.Unsigned) { u.Path = coffer.PathPSBT },
		"another format":  func(u *coffer.Unsigned) { u.Format = "psbt" },
		"a wallet in hex": func(u *coffer.Unsigned) { u.Wallet = coffer.Address(hexOf(t, string(u.Wallet))) },
	} {
		u := good
		bad(&u)
		if _, err := explainer(a).Explain(u); !errors.Is(err, tron.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func join(fields [][]byte) (b []byte) {
	for _, f := range fields {
		b = append(b, f...)
	}
	return b
}

func splitFields(t *testing.T, b []byte) (fields [][]byte) {
	t.Helper()
	for len(b) > 0 {
		_, _, n := protowire.ConsumeField(b)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		fields, b = append(fields, b[:n]), b[n:]
	}
	return fields
}

// A token of which a wallet is the contract would let who has that wallet's word pay anything.
func TestExplainRefusesATokenThatIsAWallet(t *testing.T) {
	a, b := testAccount(t), testAccount(t)
	b.Address = mustAddress(t, testToken)
	u := mustBuild(t, testIntent(a, usdt(5)), a, testTerms(30_000_000))
	if _, err := explainer(a, b).Explain(u); !errors.Is(err, tron.ErrRefused) || !strings.Contains(err.Error(), "wallet of ours") {
		t.Errorf("%v", err)
	}
}

// FuzzExplain: what is explained is written as this package writes it, and every change of a
// byte is refused or has other effects.
func FuzzExplain(f *testing.F) {
	for _, v := range readVectors(f).Tronweb.Vectors {
		f.Add([]byte(v.RawHex))
	}
	for _, v := range readVectors(f).Public {
		f.Add([]byte(v.Raw))
	}
	_, deposits := newSeed(f)
	wallets := []tron.Account{testAccount(f), single(f)}
	wallets[0].Deposits = deposits
	from := depositAddress(f, deposits, 7)
	f.Add(mustBuild(f, sweepIntent(wallets[0], from, 7, usdt(1).Asset), wallets[0], sweepTerms(30_000_000, 5)).Bytes)
	f.Add(mustBuild(f, sweepIntent(wallets[0], from, 7, trx(1).Asset), wallets[0], sweepTerms(0, 5)).Bytes)
	for _, u := range []coffer.Unsigned{
		mustBuild(f, testIntent(wallets[0], usdt(5)), wallets[0], testTerms(30_000_000)), mustBuild(f, testIntent(wallets[0], trx(5)), wallets[0], testTerms(0)),
		mustBuild(f, testDelegation(wallets[0], false), wallets[0], testTerms(0)), mustBuild(f, testDelegation(wallets[0], true), wallets[0], testTerms(0)),
	} {
		f.Add(u.Bytes)
		f.Add(u.Bytes[:len(u.Bytes)-1])           // cut
		f.Add(append(u.Bytes, u.Bytes...))        // twice
		f.Add(append(bytes.Clone(u.Bytes), 0x80)) // a number without an end
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for n, a := range append(wallets, wallets...) {
			u := coffer.Unsigned{Chain: a.Chain, Wallet: a.Name(), Path: coffer.PathTRON, Format: tron.FormatRaw, Bytes: b}
			raw := b
			if n >= len(wallets) {
				u.Format, raw = tron.FormatDeposit, b[min(4, len(b)):]
			}
			effects, err := explainer(a).Explain(u)
			if err != nil {
				if !errors.Is(err, tron.ErrRefused) {
					t.Fatal(err)
				}
				continue
			}
			r, err := tron.DecodeRaw(raw)
			if err != nil {
				t.Fatalf("explained but not decoded: %v", err)
			}
			terms := tron.Terms{Reference: r.Reference, Expiration: effects.ValidUntil, FeeLimit: uint64(r.FeeLimit)}
			i := testIntent(a, coffer.Payment{})
			i.Slot, i.Payments, i.Delegations, i.Expires, i.FeeBound = effects.Slot, effects.Payments, effects.Delegations, effects.ValidUntil, effects.FeeBound
			switch i.Sweeps = effects.Sweeps; {
			case len(i.Delegations) > 0:
				i.Purpose, i.Orders = coffer.PurposeDelegate, nil
			case len(i.Sweeps) > 0:
				i.Purpose, i.Orders = coffer.PurposeSweep, nil
				terms.Sweep = amountOf(t, r.Contract)
			}
			again := mustBuild(t, i, a, terms)
			if string(again.Bytes) != string(b) {
				t.Errorf("what %x does is built as %x", b, again.Bytes)
			}
		}
	})
}

// amountOf is what a transfer moves.
func amountOf(t *testing.T, c proto.Message) coffer.Amount {
	t.Helper()
	switch c := c.(type) {
	case *tronpb.TransferContract:
		return coffer.NewAmount(uint64(c.Amount))
	case *tronpb.TriggerSmartContract:
		amount, err := coffer.AmountFromBytes(c.Data[36:])
		if err != nil {
			t.Fatal(err)
		}
		return amount
	}
	t.Fatalf("a sweep by %T", c)
	return coffer.Amount{}
}
