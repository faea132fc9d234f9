package signer

import (
	"fmt"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/signer/signerpb"
)

// The words of the system, to and from their wire form. What comes from the wire is
// checked for shape here and for meaning by the Server.

func requestToWire(r coffer.SigningRequest) *signerpb.SignRequest {
	w := &signerpb.SignRequest{
		Intent: &signerpb.Intent{
			Id: r.Intent.ID, Chain: string(r.Intent.Chain), Wallet: string(r.Intent.Wallet), Path: r.Intent.Path,
			Slot:    &signerpb.Slot{Kind: r.Intent.Slot.Kind, Lane: r.Intent.Slot.Lane, Sequence: r.Intent.Slot.Sequence},
			Purpose: r.Intent.Purpose, FeeBound: r.Intent.FeeBound.String(), Expires: r.Intent.Expires.Unix(),
		},
		Unsigned: &signerpb.Unsigned{
			Chain: string(r.Unsigned.Chain), Wallet: string(r.Unsigned.Wallet), Path: r.Unsigned.Path,
			Format: r.Unsigned.Format, Attempt: r.Unsigned.Attempt, Bytes: r.Unsigned.Bytes,
		},
	}
	for _, hash := range r.Intent.Orders {
		w.Intent.Orders = append(w.Intent.Orders, hash[:])
	}
	for _, p := range r.Intent.Payments {
		w.Intent.Payments = append(w.Intent.Payments, &signerpb.Payment{
			Asset: string(p.Asset), To: string(p.To), Memo: p.Memo, Amount: p.Amount.String()})
	}
	for _, s := range r.Intent.Sweeps {
		w.Intent.Sweeps = append(w.Intent.Sweeps, &signerpb.Sweep{
			Forwarder: string(s.Forwarder), Salt: s.Salt[:], Asset: string(s.Asset)})
	}
	for _, c := range r.Intent.Coins {
		w.Intent.Coins = append(w.Intent.Coins, &signerpb.Coin{Id: string(c.ID), Address: string(c.Address), Path: c.Path, Amount: c.Amount.String()})
	}
	w.Intent.Change = r.Intent.Change
	for _, d := range r.Intent.Delegations {
		w.Intent.Delegations = append(w.Intent.Delegations, &signerpb.Delegation{
			To: string(d.To), Path: d.Path, Resource: d.Resource, Amount: d.Amount.String(), Back: d.Back})
	}
	for _, o := range r.Orders {
		w.Orders = append(w.Orders, orderToWire(o))
	}
	for _, a := range r.Approvals {
		w.Approvals = append(w.Approvals, &signerpb.Approval{
			Order: a.Order[:], Scheme: a.Scheme, Key: a.Key, Expires: a.Expires.Unix(), Signature: a.Signature})
	}
	return w
}

func orderToWire(o coffer.Order) *signerpb.Order {
	return &signerpb.Order{
		Id: o.ID, Tenant: o.Tenant, Account: o.Account, Asset: string(o.Asset), Destination: string(o.Destination),
		Memo: o.Memo, Amount: o.Amount.String(), FeeCap: o.FeeCap.String(), Expires: o.Expires.Unix()}
}

// reader collects the first thing that is wrong with a message.
type reader struct{ err error }

func (r *reader) hash(field string, b []byte) coffer.Hash {
	if len(b) != len(coffer.Hash{}) {
		r.fail(field, fmt.Errorf("has %d bytes, want 32", len(b)))
		return coffer.Hash{}
	}
	return coffer.Hash(b)
}

func (r *reader) amount(field, text string) coffer.Amount {
	a, err := coffer.ParseAmount(text)
	if err != nil {
		r.fail(field, err)
	}
	return a
}

// seconds refuses times that a hash would not tell apart.
func (r *reader) seconds(field string, n int64) time.Time {
	if n < 0 || n > 253402300799 { // 9999-12-31T23:59:59Z
		r.fail(field, fmt.Errorf("is not between 1970 and 9999"))
	}
	return time.Unix(n, 0).UTC()
}

func (r *reader) order(field string, o *signerpb.Order) coffer.Order {
	return coffer.Order{
		ID: o.GetId(), Tenant: o.GetTenant(), Account: o.GetAccount(), Asset: coffer.AssetID(o.GetAsset()),
		Destination: coffer.Address(o.GetDestination()), Memo: o.GetMemo(), Amount: r.amount(field+".amount", o.GetAmount()),
		FeeCap: r.amount(field+".feeCap", o.GetFeeCap()), Expires: r.seconds(field+".expires", o.GetExpires())}
}

func (r *reader) command(w *signerpb.Command) policy.Command {
	st := w.GetStatement()
	c := policy.Command{Statement: policy.Statement{
		Action: st.GetAction(), Scope: st.GetScope(), Subject: st.GetSubject(), Of: r.hash("statement.of", st.GetOf()),
		Reason: st.GetReason(), Made: r.seconds("statement.made", st.GetMade()), Expires: r.seconds("statement.expires", st.GetExpires()),
	}}
	for _, sig := range w.GetSignatures() {
		c.Signatures = append(c.Signatures, policy.StatementSignature{Scheme: sig.GetScheme(), Key: sig.GetKey(), Signature: sig.GetSignature()})
	}
	return c
}

func commandToWire(c policy.Command) *signerpb.Command {
	st := c.Statement
	w := &signerpb.Command{Statement: &signerpb.Statement{
		Action: st.Action, Scope: st.Scope, Subject: st.Subject, Of: st.Of[:], Reason: st.Reason, Made: st.Made.Unix(), Expires: st.Expires.Unix()}}
	for _, sig := range c.Signatures {
		w.Signatures = append(w.Signatures, &signerpb.StatementSignature{Scheme: sig.Scheme, Key: sig.Key, Signature: sig.Signature})
	}
	return w
}

func (r *reader) fail(field string, err error) {
	if r.err == nil {
		r.err = coffer.Invalid(field, "%s", err)
	}
}

func requestFromWire(w *signerpb.SignRequest) (coffer.SigningRequest, error) {
	if len(w.GetOrders()) > maxOrders || len(w.GetIntent().GetOrders()) > maxOrders ||
		len(w.GetIntent().GetPayments()) > maxOrders || len(w.GetApprovals()) > maxApprovals ||
		len(w.GetIntent().GetSweeps()) > maxSweeps || len(w.GetIntent().GetDelegations()) > maxDelegations {
		return coffer.SigningRequest{}, coffer.Errorf(coffer.CodeLimit, "at most %d orders, %d approvals, %d sweeps and %d delegations",
			maxOrders, maxApprovals, maxSweeps, maxDelegations)
	}

	var rd reader
	i, u := w.GetIntent(), w.GetUnsigned()
	r := coffer.SigningRequest{
		Intent: coffer.Intent{
			ID: i.GetId(), Chain: coffer.ChainID(i.GetChain()), Wallet: coffer.Address(i.GetWallet()), Path: i.GetPath(),
			Slot:    coffer.Slot{Kind: i.GetSlot().GetKind(), Lane: i.GetSlot().GetLane(), Sequence: i.GetSlot().GetSequence()},
			Purpose: i.GetPurpose(), FeeBound: rd.amount("intent.feeBound", i.GetFeeBound()), Expires: rd.seconds("intent.expires", i.GetExpires()),
		},
		Unsigned: coffer.Unsigned{
			Chain: coffer.ChainID(u.GetChain()), Wallet: coffer.Address(u.GetWallet()), Path: u.GetPath(),
			Format: u.GetFormat(), Attempt: u.GetAttempt(), Bytes: u.GetBytes(),
		},
	}
	for _, hash := range i.GetOrders() {
		r.Intent.Orders = append(r.Intent.Orders, rd.hash("intent.orders", hash))
	}
	for _, p := range i.GetPayments() {
		r.Intent.Payments = append(r.Intent.Payments, coffer.Payment{
			Asset: coffer.AssetID(p.GetAsset()), To: coffer.Address(p.GetTo()), Memo: p.GetMemo(),
			Amount: rd.amount("intent.payments", p.GetAmount())})
	}
	for _, s := range i.GetSweeps() {
		r.Intent.Sweeps = append(r.Intent.Sweeps, coffer.Sweep{
			Forwarder: coffer.Address(s.GetForwarder()), Salt: rd.hash("intent.sweeps", s.GetSalt()), Asset: coffer.AssetID(s.GetAsset())})
	}
	for _, c := range i.GetCoins() {
		r.Intent.Coins = append(r.Intent.Coins, coffer.Coin{
			ID: coffer.CoinID(c.GetId()), Address: coffer.Address(c.GetAddress()), Path: c.GetPath(), Amount: rd.amount("intent.coins", c.GetAmount())})
	}
	r.Intent.Change = i.GetChange()
	for _, d := range i.GetDelegations() {
		r.Intent.Delegations = append(r.Intent.Delegations, coffer.Delegation{
			To: coffer.Address(d.GetTo()), Path: d.GetPath(), Resource: d.GetResource(),
			Amount: rd.amount("intent.delegations", d.GetAmount()), Back: d.GetBack()})
	}
	for _, o := range w.GetOrders() {
		r.Orders = append(r.Orders, rd.order("orders", o))
	}
	for _, a := range w.GetApprovals() {
		r.Approvals = append(r.Approvals, coffer.Approval{
			Order: rd.hash("approvals.order", a.GetOrder()), Scheme: a.GetScheme(), Key: a.GetKey(),
			Expires: rd.seconds("approvals.expires", a.GetExpires()), Signature: a.GetSignature()})
	}
	return r, rd.err
}

func infoToWire(i Info) *signerpb.InfoResponse {
	w := &signerpb.InfoResponse{Name: i.Name, Sequence: i.Sequence, Head: i.Head[:], Policy: i.Policy[:], Cut: i.Cut}
	for _, p := range i.Pauses {
		w.Pauses = append(w.Pauses, commandToWire(p.Command))
	}
	for _, k := range i.Keys {
		w.Keys = append(w.Keys, &signerpb.Key{Role: k.Role, Chain: string(k.Chain), Address: k.Key})
	}
	for _, l := range i.Limits {
		w.Limits = append(w.Limits, &signerpb.Limits{Chain: string(l.Chain), MaxFee: l.MaxFee, MaxFeeRate: l.MaxFeeRate, Confirmations: l.Confirmations})
	}
	for _, d := range i.Deposits {
		w.Deposits = append(w.Deposits, &signerpb.Deposits{Chain: string(d.Chain), Account: string(d.Account), Key: d.Key, Held: d.Held})
	}
	return w
}

func infoFromWire(w *signerpb.InfoResponse) (Info, error) {
	var rd reader
	info := Info{Name: w.GetName(), Sequence: w.GetSequence(), Head: rd.hash("head", w.GetHead()), Policy: rd.hash("policy", w.GetPolicy()), Cut: w.GetCut()}
	for _, p := range w.GetPauses() {
		info.Pauses = append(info.Pauses, Pause{Command: rd.command(p)})
	}
	for _, k := range w.GetKeys() {
		if len(k.GetAddress()) > maxTextBytes {
			rd.fail("keys", fmt.Errorf("a name of %d bytes", len(k.GetAddress())))
		}
		info.Keys = append(info.Keys, KeyInfo{k.GetRole(), coffer.ChainID(k.GetChain()), k.GetAddress()})
	}
	for _, l := range w.GetLimits() {
		info.Limits = append(info.Limits, Limits{coffer.ChainID(l.GetChain()), l.GetMaxFee(), l.GetMaxFeeRate(), l.GetConfirmations()})
	}
	for _, d := range w.GetDeposits() {
		if len(d.GetKey()) > maxTextBytes {
			rd.fail("deposits", fmt.Errorf("a key of %d bytes", len(d.GetKey())))
		}
		info.Deposits = append(info.Deposits, Deposits{coffer.ChainID(d.GetChain()), coffer.Address(d.GetAccount()), d.GetKey(), d.GetHeld()})
	}
	return info, rd.err
}
