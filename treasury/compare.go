package treasury

import (
	"context"
	"fmt"
	"strings"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
)

// MaxLines bounds one comparison.
const MaxLines = 100_000

// Reader reads what addresses hold after a block.
type Reader interface {
	BalanceOf(ctx context.Context, asset coffer.AssetID, address coffer.Address, block coffer.Hash) (coffer.Amount, error)
}

// DepositReader reads what a wallet has deposited in the EntryPoint (ERC-4337) for gas. A
// Reader of an EVM chain is one too.
type DepositReader interface {
	DepositOf(ctx context.Context, wallet coffer.Address, block coffer.Hash) (coffer.Amount, error)
}

// Line is one account in the books and on the chain. Books below zero never equal.
type Line struct {
	Account string
	Asset   coffer.AssetID
	Ledger  ledger.Net
	Chain   coffer.Amount
	Equal   bool
}

// prefixes are the accounts whose money an address on a chain holds, by the address that
// ends their code.
var prefixes = []string{
	ledger.PrefixCustodyDeposit, ledger.PrefixCustodyHot, "custody:vault:", "custody:cold:",
	ledger.PrefixGasEntryPoint, ledger.PrefixGasExecutor,
}

func onChain(account string) bool {
	for _, prefix := range prefixes {
		if address, ok := strings.CutPrefix(account, prefix); ok {
			return address != ""
		}
	}
	return false
}

// Compare puts the books up to a block of a chain beside the chain's state after that
// block: every account that was adopted or had postings of that chain by then, by code and
// asset. Money that arrived unseen where the books know of none is a difference too.
func (t *Treasury) Compare(ctx context.Context, db Querier, chain coffer.ChainID, block coffer.BlockRef, reader Reader) ([]Line, error) {
	watched, err := watched(ctx, db, chain, block.Height)
	if err != nil {
		return nil, fmt.Errorf("compare %s: %w", chain, err)
	}
	var lines []Line
	seen := map[Place]bool{}
	for _, prefix := range prefixes {
		var last ledger.SheetLine
		for {
			page, err := t.ledger.Sheet(ctx, prefix, chain, block.Height, last)
			if err != nil {
				return nil, fmt.Errorf("compare %s: %w", chain, err)
			}
			for _, booked := range page {
				line, err := compare(ctx, booked, prefix, block.Hash, reader)
				if err != nil {
					return nil, fmt.Errorf("compare %s: %w", chain, err)
				}
				lines = append(lines, line)
				seen[Place{line.Account, line.Asset}] = true
			}
			if len(lines) > MaxLines {
				return nil, coffer.Errorf(coffer.CodeLimit, "more than %d accounts on %s", MaxLines, chain)
			}
			if len(page) < ledger.MaxSheet {
				break
			}
			last = page[len(page)-1]
		}
		for _, p := range watched {
			if seen[p] || !strings.HasPrefix(p.Account, prefix) {
				continue
			}
			nothing := ledger.SheetLine{Account: p.Account, Asset: p.Asset, Net: ledger.Net{Side: ledger.SideDebit}}
			line, err := compare(ctx, nothing, prefix, block.Hash, reader)
			if err != nil {
				return nil, fmt.Errorf("compare %s: %w", chain, err)
			}
			lines = append(lines, line)
		}
	}
	return lines, nil
}

func compare(ctx context.Context, booked ledger.SheetLine, prefix string, block coffer.Hash, reader Reader) (Line, error) {
	address := coffer.Address(strings.TrimPrefix(booked.Account, prefix))
	amount, err := read(ctx, booked, prefix, address, block, reader)
	if err != nil {
		return Line{}, fmt.Errorf("%s: %w", booked.Account, err)
	}
	return Line{
		Account: booked.Account, Asset: booked.Asset, Ledger: booked.Net, Chain: amount,
		Equal: booked.Net == ledger.Net{Side: ledger.SideDebit, Amount: amount},
	}, nil
}

func read(ctx context.Context, booked ledger.SheetLine, prefix string, address coffer.Address, block coffer.Hash, reader Reader) (coffer.Amount, error) {
	if prefix != ledger.PrefixGasEntryPoint {
		return reader.BalanceOf(ctx, booked.Asset, address, block)
	}
	deposits, ok := reader.(DepositReader)
	if !ok {
		return coffer.Amount{}, fmt.Errorf("the reader cannot read EntryPoint deposits")
	}
	return deposits.DepositOf(ctx, address, block)
}
