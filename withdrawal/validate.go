package withdrawal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cofferhq/coffer"
)

// Longest texts a request may carry, in bytes.
const (
	maxKeyBytes     = 255
	maxAccountBytes = 128
	maxIDBytes      = 200
	maxAddressBytes = 256
	maxMemoBytes    = 256
	maxAmountBytes  = 160
)

// Request asks for one withdrawal. Everything but Tenant is foreign text. Amount is in
// the units people say ("12.5") and is what the destination receives.
type Request struct {
	Tenant         string
	Account        string
	IdempotencyKey string
	Chain          coffer.ChainID
	Asset          coffer.AssetID
	Destination    string
	Memo           string
	Amount         string
	Quote          string // id of a quote that fixes the fee; optional
}

// hash is what the idempotency key is bound to: the request as it was written.
func (r Request) hash() coffer.Hash {
	parts := []string{r.Tenant, r.Account, string(r.Chain), string(r.Asset), r.Destination, r.Memo, r.Amount}
	if r.Quote != "" {
		parts = append(parts, r.Quote)
	}
	return coffer.RequestHash("withdrawal", parts...)
}

// zeroAddresses are addresses nobody has a key for and that wallets show when a field
// was left empty.
var zeroAddresses = map[string]coffer.Address{
	coffer.NamespaceEVM:  "0x0000000000000000000000000000000000000000",
	coffer.NamespaceTRON: "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb",
}

// checkText holds foreign text to a length and to characters that can be stored and shown.
func checkText(field, text string, min, max int) error {
	switch {
	case len(text) < min && text == "":
		return coffer.Invalid(field, "is missing")
	case len(text) > max:
		return coffer.Invalid(field, "is longer than %d bytes", max)
	case !utf8.ValidString(text):
		return coffer.Invalid(field, "is not valid UTF-8")
	case strings.ContainsFunc(text, unicode.IsControl):
		return coffer.Invalid(field, "has control characters")
	}
	return nil
}

// checkTexts is the validation that needs to know nothing, made before the database sees
// any of it.
func (r Request) checkTexts() error {
	return errors.Join(
		checkText("idempotencyKey", r.IdempotencyKey, 1, maxKeyBytes),
		checkText("account", r.Account, 1, maxAccountBytes),
		checkText("chain", string(r.Chain), 1, maxIDBytes),
		checkText("asset", string(r.Asset), 1, maxIDBytes),
		checkText("destination", r.Destination, 1, maxAddressBytes),
		checkText("memo", r.Memo, 0, maxMemoBytes),
		checkText("amount", r.Amount, 1, maxAmountBytes),
		checkText("quote", r.Quote, 0, maxIDBytes),
	)
}

// validate turns a request into an order without identity and times, and says whose the
// destination is if it is ours; or it names the field and the rule it breaks. A book
// transfer costs nothing.
func (s *Service) validate(ctx context.Context, r Request) (coffer.Order, recipient, error) {
	if err := s.ownAccount(ctx, r.Tenant, r.Account); err != nil {
		return coffer.Order{}, recipient{}, err
	}
	if _, known := s.Parsers[r.Chain]; !known {
		return coffer.Order{}, recipient{}, unknownChain(r.Chain)
	}
	asset, known := s.assets[r.Asset]
	if !known {
		return coffer.Order{}, recipient{}, coffer.Invalid("asset", "%s is not an asset we serve", r.Asset)
	}
	if asset.ID.Chain() != r.Chain {
		return coffer.Order{}, recipient{}, coffer.Invalid("asset", "%s is not on chain %s", r.Asset, r.Chain)
	}

	destination, err := s.parseAddress("destination", r.Chain, r.Destination)
	if err != nil {
		return coffer.Order{}, recipient{}, err
	}
	owner, err := s.checkDestination(ctx, r.Chain, destination, r.Tenant, r.Account)
	if err != nil {
		return coffer.Order{}, recipient{}, err
	}
	if r.Memo != "" {
		return coffer.Order{}, recipient{}, coffer.Invalid("memo", "chain %s has no memos", r.Chain)
	}

	amount, err := parseAmount(r.Amount, asset)
	if err != nil {
		return coffer.Order{}, recipient{}, err
	}
	order := coffer.Order{Tenant: r.Tenant, Account: r.Account, Asset: asset.ID, Destination: destination, Amount: amount}
	to := recipientOf(owner)
	if !to.inside() {
		if err := s.checkPayment(destination, asset.ID, amount); err != nil {
			return coffer.Order{}, recipient{}, err
		}
	}
	switch {
	case r.Quote != "":
		order.FeeCap, err = s.quoted(ctx, r.Quote, order)
	case !to.inside():
		order.FeeCap, err = s.fee(ctx, asset, amount)
	}
	return order, to, err
}

func unknownChain(chain coffer.ChainID) error {
	return coffer.Invalid("chain", "%s is not a chain we serve", chain)
}

// ownAccount refuses an account that is not the tenant's.
func (s *Service) ownAccount(ctx context.Context, tenant, account string) error {
	err := s.Account(ctx, tenant, account)
	switch {
	case err == nil:
		return nil
	case coffer.ErrorCode(err) == coffer.CodeNotFound:
		return &coffer.Error{Code: coffer.CodeNotFound, Field: "account", Message: "no such account", Cause: err}
	}
	return fmt.Errorf("read the account: %w", err)
}

// parseAddress reads an address of a chain into its canonical form.
func (s *Service) parseAddress(field string, chain coffer.ChainID, text string) (coffer.Address, error) {
	parser, known := s.Parsers[chain]
	if !known {
		return "", unknownChain(chain)
	}
	address, err := parser.ParseAddress(text)
	if err != nil {
		return "", &coffer.Error{Code: coffer.CodeInvalid, Field: field, Message: "is not a valid address of " + string(chain) + ": " + err.Error(), Cause: err}
	}
	return address, nil
}

// checkPayment refuses what the asset's chain cannot pay.
func (s *Service) checkPayment(to coffer.Address, asset coffer.AssetID, amount coffer.Amount) error {
	if checker, ok := s.Parsers[asset.Chain()].(PaymentChecker); ok {
		return checker.CheckPayment(to, asset, amount)
	}
	return nil
}

// checkDestination refuses addresses that money must not or need not be sent to, and says
// whose the others are. It is asked when the request comes and again when it is screened.
func (s *Service) checkDestination(ctx context.Context, chain coffer.ChainID, to coffer.Address, tenant, account string) (Owner, error) {
	if zero, ok := zeroAddresses[chain.Namespace()]; ok && to == zero {
		return Owner{}, coffer.Invalid("destination", "is the zero address")
	}
	for _, a := range s.assets {
		if a.ID.Chain() == chain && a.ID.Reference() == string(to) {
			return Owner{}, coffer.Invalid("destination", "is the token contract of %s, which would keep the money", a.Symbol)
		}
	}

	owner, err := s.Lookup(ctx, chain, to)
	if err != nil {
		return Owner{}, fmt.Errorf("look up the destination: %w", err)
	}
	switch {
	case owner.Kind == OwnerHouse:
		return Owner{}, coffer.Invalid("destination", "is an address of this custody itself")
	case owner.Kind == OwnerDeposit && owner.Tenant == tenant && owner.Account == account:
		return Owner{}, coffer.Invalid("destination", "is the account's own deposit address")
	case owner.Kind == OwnerDeposit && owner.Tenant != "" && owner.Account != "", owner.Kind == "":
		return owner, nil
	}
	return Owner{}, coffer.Invalid("destination", "is a known address of kind %s", owner.Kind)
}

// parseAmount reads what people say into base units and holds it to the asset's rules.
func parseAmount(text string, asset coffer.Asset) (coffer.Amount, error) {
	amount, err := coffer.ParseUnits(text, asset.Decimals)
	switch {
	case errors.Is(err, coffer.ErrAmountPrecision):
		return coffer.Amount{}, coffer.Invalid("amount", "%s has at most %d decimal places", asset.Symbol, asset.Decimals)
	case errors.Is(err, coffer.ErrAmountRange):
		return coffer.Amount{}, coffer.Invalid("amount", "is too large")
	case err != nil:
		return coffer.Amount{}, coffer.Invalid("amount", "%q: %v", text, err)
	case amount.IsZero():
		return coffer.Amount{}, coffer.Invalid("amount", "must be more than zero")
	case amount.Cmp(asset.MinWithdraw) < 0:
		return coffer.Amount{}, coffer.Invalid("amount", "is below the minimum of %s %s", asset.MinWithdraw.Units(asset.Decimals), asset.Symbol)
	}
	return amount, nil
}
