package graphql

import (
	"context"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/merchant"
)

const cursorAccount = "account"

// listArgs are the arguments of lists.
type listArgs struct {
	First *int32
	After *string
}

// ownArgs are the arguments of lists of an account's things with a state.
type ownArgs struct {
	State *string
	First *int32
	After *string
}

// Account resolves Query.account.
func (r *resolver) Account(ctx context.Context, args struct{ ID identifier }) (*account, error) {
	who, err := principal(ctx, merchant.ScopeRead)
	if err != nil {
		return nil, err
	}
	return r.account(ctx, who.Tenant, string(args.ID))
}

func (r *resolver) account(ctx context.Context, tenant, id string) (*account, error) {
	if err := r.charge(ctx, 1); err != nil {
		return nil, err
	}
	a, err := r.config.Merchants.Account(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	return &account{r, a}, nil
}

// Accounts resolves Query.accounts.
func (r *resolver) Accounts(ctx context.Context, args listArgs) (accountConnection, error) {
	who, err := principal(ctx, merchant.ScopeRead)
	if err != nil {
		return accountConnection{}, err
	}
	first, err := r.page(ctx, args.First)
	if err != nil {
		return accountConnection{}, err
	}
	after, err := decodeCursor(cursorAccount, args.After)
	if err != nil {
		return accountConnection{}, err
	}
	found, err := r.config.Merchants.Accounts(ctx, who.Tenant, after, first+1)
	if err != nil {
		return accountConnection{}, err
	}
	return accountConnection{r, newConnection(cursorAccount, found, first, func(a merchant.Account) string { return a.ID })}, nil
}

// CreateAccount resolves Mutation.createAccount.
func (r *resolver) CreateAccount(ctx context.Context, args struct{ IdempotencyKey, Name string }) (*account, error) {
	who, err := principal(ctx, merchant.ScopeWithdraw)
	if err != nil {
		return nil, err
	}
	if err := r.charge(ctx, costMutation); err != nil {
		return nil, err
	}
	if !plain(args.IdempotencyKey) {
		return nil, coffer.Invalid("idempotencyKey", "want text without control characters")
	}
	a, err := r.config.Merchants.CreateAccount(ctx, who.Tenant, args.IdempotencyKey, args.Name)
	if err != nil {
		return nil, err
	}
	return &account{r, a}, nil
}

// IssueAddress resolves Mutation.issueAddress.
func (r *resolver) IssueAddress(ctx context.Context, args struct {
	Account identifier
	Chain   chainID
},
) (depositAddress, error) {
	who, err := principal(ctx, merchant.ScopeWithdraw)
	if err != nil {
		return depositAddress{}, err
	}
	if err := r.charge(ctx, costMutation); err != nil {
		return depositAddress{}, err
	}
	if _, err := r.config.Merchants.Account(ctx, who.Tenant, string(args.Account)); err != nil {
		return depositAddress{}, err
	}
	a, err := r.config.Deposits.IssueAddress(ctx, who.Tenant, string(args.Account), coffer.ChainID(args.Chain))
	return depositAddress{a}, err
}

type account struct {
	r *resolver
	a merchant.Account
}

func (a *account) ID() identifier       { return identifier(a.a.ID) }
func (a *account) Name() string         { return a.a.Name }
func (a *account) CreatedAt() timestamp { return timestamp{a.a.CreatedAt} }

func (a *account) Balances(ctx context.Context) ([]balance, error) {
	if err := a.r.charge(ctx, len(a.r.assets)); err != nil {
		return nil, err
	}
	found, err := a.r.config.Ledger.Balances(ctx, a.a.ID)
	if err != nil {
		return nil, err
	}
	balances := make([]balance, len(found))
	for i, b := range found {
		balances[i] = balance{a.r.asset(b.Asset), b}
	}
	return balances, nil
}

func (a *account) Addresses(ctx context.Context) ([]depositAddress, error) {
	if err := a.r.charge(ctx, 1); err != nil {
		return nil, err
	}
	found, err := a.r.config.Deposits.Addresses(ctx, a.a.Tenant, a.a.ID)
	if err != nil {
		return nil, err
	}
	addresses := make([]depositAddress, len(found))
	for i, address := range found {
		addresses[i] = depositAddress{address}
	}
	return addresses, nil
}

func (a *account) Deposits(ctx context.Context, args ownArgs) (depositConnection, error) {
	return a.r.deposits(ctx, a.a.Tenant, a.a.ID, args)
}

func (a *account) Withdrawals(ctx context.Context, args ownArgs) (withdrawalConnection, error) {
	return a.r.withdrawals(ctx, a.a.Tenant, a.a.ID, args)
}

type accountConnection struct {
	r *resolver
	c connection[merchant.Account]
}

func (c accountConnection) PageInfo() pageInfo { return c.c.info }

func (c accountConnection) Edges() []accountEdge {
	edges := make([]accountEdge, len(c.c.nodes))
	for i, a := range c.c.nodes {
		edges[i] = accountEdge{&account{c.r, a}}
	}
	return edges
}

type accountEdge struct{ node *account }

func (e accountEdge) Cursor() string { return encodeCursor(cursorAccount, e.node.a.ID) }
func (e accountEdge) Node() *account { return e.node }

type balance struct {
	asset asset
	b     ledger.Balance
}

func (b balance) Asset() asset       { return b.asset }
func (b balance) Available() decimal { return b.asset.units(b.b.Available) }
func (b balance) Pending() decimal   { return b.asset.units(b.b.Pending) }
func (b balance) Held() decimal      { return b.asset.units(b.b.Held) }
func (b balance) Frozen() bool       { return b.b.Frozen }

type depositAddress struct{ a deposit.Address }

func (d depositAddress) ID() identifier       { return identifier(d.a.ID) }
func (d depositAddress) Chain() chainID       { return chainID(d.a.Chain) }
func (d depositAddress) Address() string      { return string(d.a.Address) }
func (d depositAddress) Memo() *string        { return optional(d.a.Memo) }
func (d depositAddress) CreatedAt() timestamp { return timestamp{d.a.CreatedAt} }

func (d depositAddress) Proof() *addressProof {
	if d.a.Proof == nil {
		return nil
	}
	return &addressProof{*d.a.Proof}
}

type addressProof struct{ p coffer.AddressProof }

func (p addressProof) Kind() string        { return p.p.Kind }
func (p addressProof) Vault() string       { return string(p.p.Vault) }
func (p addressProof) Factory() *string    { return optional(string(p.p.Factory)) }
func (p addressProof) Salt() *hash         { return p.ofContract(p.p.Salt) }
func (p addressProof) InitCodeHash() *hash { return p.ofContract(p.p.InitCodeHash) }
func (p addressProof) Descriptor() *string { return optional(p.p.Descriptor) }
func (p addressProof) Path() *string       { return optional(p.p.Path) }

func (p addressProof) ofContract(h coffer.Hash) *hash {
	if p.p.Kind != coffer.ProofCreate2 {
		return nil
	}
	return &hash{h}
}
