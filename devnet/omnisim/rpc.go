package omnisim

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/utxo"
)

// object is a JSON object.
type object = map[string]any

// call answers one method.
func (s *Sim) call(ctx context.Context, method string, params []json.RawMessage) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if answer, known := s.methods()[method]; known {
		if err := s.follow(ctx); err != nil {
			return nil, err
		}
		return answer(ctx, params)
	}
	return s.bitcoin(ctx, method, params)
}

type answerer func(context.Context, []json.RawMessage) (any, error)

func (s *Sim) methods() map[string]answerer {
	return map[string]answerer{
		"omni_getinfo":                  s.getInfo,
		"omni_gettransaction":           s.getTransaction,
		"omni_listblocktransactions":    s.listBlockTransactions,
		"omni_getproperty":              s.getProperty,
		"omni_getbalance":               s.getBalance,
		"omni_getallbalancesforaddress": s.getAllBalances,
		"getblockcount":                 s.getBlockCount,
		"getblockhash":                  s.getBlockHash,
		"getblockchaininfo":             s.getBlockchainInfo,
	}
}

// argument reads a parameter that must be there.
func argument(params []json.RawMessage, n int, into any) error {
	if n >= len(params) {
		return refused(codeMisc, "Parameter %d is missing", n+1)
	}
	if err := json.Unmarshal(params[n], into); err != nil {
		return refused(codeParameter, "Parameter %d cannot be read", n+1)
	}
	return nil
}

// last is the newest block that was read, with the height before the first where none was.
func (s *Sim) last() block {
	if n := len(s.blocks); n > 0 {
		return s.blocks[n-1]
	}
	var none block
	if s.from > 0 {
		none.ref.Height = s.from - 1
	}
	return none
}

func (s *Sim) getInfo(context.Context, []json.RawMessage) (any, error) {
	last := s.last()
	info := object{
		"omnicoreversion": "omnisim", "mastercoreversion": "omnisim",
		"block": last.ref.Height, "blocktransactions": len(last.records), "totaltransactions": len(s.byID), "alerts": []any{},
	}
	if len(s.blocks) > 0 {
		info["blocktime"] = last.time.Unix()
	}
	return info, nil
}

func (s *Sim) getTransaction(ctx context.Context, params []json.RawMessage) (any, error) {
	var text string
	if err := argument(params, 0, &text); err != nil {
		return nil, err
	}
	id, err := coffer.ParseHash("0x" + text)
	if err != nil {
		return nil, refused(codeParameter, "txid must be of length 64 (not %d)", len(text))
	}
	if r := s.byID[id]; r != nil {
		return s.described(r), nil
	}
	tx, err := s.client.RawTransaction(ctx, id)
	if errors.Is(err, coffer.ErrNotFound) {
		return nil, refused(codeNotFound, "No information available about transaction")
	}
	if err != nil {
		return nil, err
	}
	r, err := s.message(ctx, tx)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, refused(codeNotFound, "Not an Omni Layer Protocol transaction")
	}
	return s.described(r), nil
}

// described is a message as omni_gettransaction shows it. What waits in the pool, or is in a
// block that was not read, has no confirmations, and neither validity nor block.
func (s *Sim) described(r *record) object {
	kind, name := nameOf(r.tx.Message)
	all := object{
		"txid": digits(r.id), "sendingaddress": r.tx.Sender, "ismine": false,
		"version": 0, "type_int": kind, "type": name, "confirmations": 0,
	}
	s.describe(all, r)
	if r.at.Hash == (coffer.Hash{}) {
		return all
	}
	all["valid"] = r.err == nil
	if r.err != nil {
		all["invalidreason"] = r.err.Error()
	}
	all["blockhash"], all["blocktime"], all["block"] = digits(r.at.Hash), r.time.Unix(), r.at.Height
	all["positioninblock"] = r.place
	all["confirmations"] = s.last().ref.Height - r.at.Height + 1
	return all
}

// describe adds what depends on the type.
func (s *Sim) describe(all object, r *record) {
	switch m := r.tx.Message.(type) {
	case utxo.OmniSimpleSend:
		all["referenceaddress"] = r.tx.Reference
		s.amount(all, m.Property, m.Amount)
	case utxo.OmniGrant:
		all["referenceaddress"] = r.tx.Reference
		s.amount(all, m.Property, m.Amount)
	case utxo.OmniRevoke:
		s.amount(all, m.Property, m.Amount)
	case utxo.OmniSendAll:
		all["referenceaddress"], all["ecosystem"] = r.tx.Reference, ecosystem(m.Ecosystem)
		var subsends []object
		for _, sent := range r.effect.sent {
			part := object{}
			s.amount(part, sent.property, sent.amount)
			subsends = append(subsends, part)
		}
		if len(subsends) > 0 {
			all["subsends"] = subsends
		}
	case utxo.OmniCreateManaged:
		all["ecosystem"], all["propertyname"], all["category"], all["subcategory"] = ecosystem(m.Ecosystem), m.Name, m.Category, m.Subcategory
		all["data"], all["url"], all["amount"] = m.Data, m.URL, "0"
		if p := s.state.properties[r.effect.created]; p != nil {
			all["propertyid"], all["divisible"] = p.id, p.divisible()
		}
	case utxo.OmniFreezing:
		all["propertyid"] = m.Property
	case utxo.OmniFreeze:
		all["referenceaddress"] = r.target
		s.amount(all, m.Property, m.Amount)
	}
}

// amount adds an amount of a property. One that does not exist is not divisible.
func (s *Sim) amount(all object, id uint32, amount uint64) {
	p := s.state.properties[id]
	if p == nil {
		p = &property{id: id}
	}
	all["propertyid"], all["divisible"], all["amount"] = id, p.divisible(), p.text(amount)
}

func (s *Sim) listBlockTransactions(_ context.Context, params []json.RawMessage) (any, error) {
	var height uint64
	if err := argument(params, 0, &height); err != nil {
		return nil, err
	}
	if height > s.last().ref.Height {
		return nil, refused(codeParameter, "Block height is out of range")
	}
	ids := []string{}
	if height >= s.from {
		for _, r := range s.blocks[height-s.from].records {
			ids = append(ids, digits(r.id))
		}
	}
	return ids, nil
}

func (s *Sim) property(params []json.RawMessage, n int) (*property, error) {
	var id uint32
	if err := argument(params, n, &id); err != nil {
		return nil, err
	}
	if p := s.state.properties[id]; p != nil {
		return p, nil
	}
	return nil, refused(codeParameter, "Property identifier does not exist")
}

func (s *Sim) getProperty(_ context.Context, params []json.RawMessage) (any, error) {
	p, err := s.property(params, 0)
	if err != nil {
		return nil, err
	}
	return object{
		"propertyid": p.id, "name": p.made.Name, "category": p.made.Category, "subcategory": p.made.Subcategory,
		"data": p.made.Data, "url": p.made.URL, "divisible": p.divisible(), "issuer": p.issuer, "creationtxid": digits(p.by),
		"fixedissuance": false, "managedissuance": true, "freezingenabled": p.freezing, "totaltokens": p.text(p.supply),
	}, nil
}

func (s *Sim) address(params []json.RawMessage) (coffer.Address, error) {
	var text string
	if err := argument(params, 0, &text); err != nil {
		return "", err
	}
	address, err := utxo.ParseAddress(s.client.Network(), text)
	if err != nil {
		return "", refused(codeNotFound, "Invalid address")
	}
	return address, nil
}

func (s *Sim) getBalance(_ context.Context, params []json.RawMessage) (any, error) {
	address, err := s.address(params)
	if err != nil {
		return nil, err
	}
	p, err := s.property(params, 1)
	if err != nil {
		return nil, err
	}
	return s.balance(address, p), nil
}

func (s *Sim) balance(address coffer.Address, p *property) object {
	at := holding{address, p.id}
	frozen := uint64(0)
	if s.state.frozen[at] {
		frozen = s.state.balances[at]
	}
	return object{"balance": p.text(s.state.balances[at]), "reserved": p.text(0), "frozen": p.text(frozen)}
}

func (s *Sim) getAllBalances(_ context.Context, params []json.RawMessage) (any, error) {
	address, err := s.address(params)
	if err != nil {
		return nil, err
	}
	var all []object
	for _, id := range s.state.held(address) {
		p := s.state.properties[id]
		one := s.balance(address, p)
		one["propertyid"], one["name"] = id, p.made.Name
		all = append(all, one)
	}
	if len(all) == 0 {
		return nil, refused(codeNotFound, "Address not found")
	}
	return all, nil
}

func (s *Sim) getBlockCount(context.Context, []json.RawMessage) (any, error) {
	return s.last().ref.Height, nil
}

func (s *Sim) getBlockHash(ctx context.Context, params []json.RawMessage) (any, error) {
	var height uint64
	if err := argument(params, 0, &height); err != nil {
		return nil, err
	}
	if height > s.last().ref.Height {
		return nil, refused(codeParameter, "Block height out of range")
	}
	if height >= s.from {
		return digits(s.blocks[height-s.from].ref.Hash), nil
	}
	header, err := s.source.Header(ctx, height)
	return digits(header.Hash), err
}

// getBlockchainInfo is the node's own answer, with the head that was read.
func (s *Sim) getBlockchainInfo(ctx context.Context, _ []json.RawMessage) (any, error) {
	info := object{}
	if err := s.client.Call(ctx, &info, "getblockchaininfo"); err != nil {
		return nil, err
	}
	if s.held == math.MaxUint64 {
		return info, nil
	}
	header, err := s.source.Header(ctx, s.last().ref.Height)
	info["blocks"], info["bestblockhash"] = header.Height, digits(header.Hash)
	return info, err
}

// bitcoin passes on what a Bitcoin node is asked about a block.
func (s *Sim) bitcoin(ctx context.Context, method string, params []json.RawMessage) (any, error) {
	switch method {
	case "getblock", "getblockheader", "getrawtransaction":
	default:
		return nil, refused(codeMethodNotFound, "Method not found")
	}
	args := make([]any, len(params))
	for i, param := range params {
		args[i] = param
	}
	var result json.RawMessage
	err := s.client.Call(ctx, &result, method, args...)
	if utxo.Classify(err) == utxo.NotFound {
		return nil, refused(codeNotFound, "Block or transaction not found")
	}
	return result, err
}

func digits(h coffer.Hash) string { return hex.EncodeToString(h[:]) }

func ecosystem(e byte) string {
	if e == utxo.OmniMain {
		return "main"
	}
	return "test"
}

// nameOf is the type of a message and what Omni Core calls it.
func nameOf(m utxo.OmniMessage) (utxo.OmniType, string) {
	kind := utxo.OmniTypeOf(m)
	if name, ok := names[kind]; ok {
		return kind, name
	}
	return kind, "* unknown type *"
}

var names = map[utxo.OmniType]string{
	utxo.OmniTypeSimpleSend:      "Simple Send",
	utxo.OmniTypeSendAll:         "Send All",
	utxo.OmniTypeCreateManaged:   "Create Property - Manual",
	utxo.OmniTypeGrant:           "Grant Property Tokens",
	utxo.OmniTypeRevoke:          "Revoke Property Tokens",
	utxo.OmniTypeEnableFreezing:  "Enable Freezing",
	utxo.OmniTypeDisableFreezing: "Disable Freezing",
	utxo.OmniTypeFreeze:          "Freeze Property Tokens",
	utxo.OmniTypeUnfreeze:        "Unfreeze Property Tokens",
}
