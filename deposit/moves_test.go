package deposit_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
)

func TestTheDatabaseKnowsTheSameMoves(t *testing.T) {
	h := newHarness(t, nil)
	rows, err := h.db.Pool().Query(t.Context(), "select from_state || ' ' || to_state from deposit_moves")
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for from, next := range coffer.DepositMoves {
		for _, to := range next {
			want = append(want, string(from)+" "+string(to))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("moves in SQL:\n%s\nin Go:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTheDatabaseRefusesWhatNoDepositMayDo(t *testing.T) {
	h := newHarness(t, nil)
	h.mine(transfer(h.usdt(), 1, "log:0", h.user("ann"), 100))
	h.empty(3)
	h.wantState("ann", coffer.DepositUnlocked)

	for name, sql := range map[string]string{
		"an illegal move":             "update deposit set state = 'observed', sequence = sequence + 1, inclusion = inclusion + 1",
		"an unknown state":            "update deposit set state = 'lost', sequence = sequence + 1",
		"a move without an event":     "update deposit set state = 'reversed'",
		"another amount":              "update deposit set state = 'reversed', sequence = sequence + 1, amount = amount + 1",
		"another block":               "update deposit set state = 'reversed', sequence = sequence + 1, height = height - 1",
		"another owner":               "update deposit set state = 'reversed', sequence = sequence + 1, account = 'bob'",
		"a change without a move":     "update deposit set amount = amount + 1",
		"an end of a deposit":         "delete from deposit",
		"a change of an observation":  "update deposit_observation set amount = amount + 1",
		"an end of an observation":    "delete from deposit_observation",
		"a cursor without a block":    "update deposit_cursor set hash = null",
		"a deposit that begins later": "insert into deposit (id, tenant, account, chain, tx, ref, address, asset, sender, amount, memo, height, block_hash, credit_height, unlock_height, state, created_at, updated_at) select 'dep_x', tenant, account, chain, tx, ref, 'x', asset, sender, amount, memo, height, block_hash, credit_height, unlock_height, 'credited', created_at, updated_at from deposit",
		"a second live deposit":       "insert into deposit (id, tenant, account, chain, tx, ref, address, asset, sender, amount, memo, height, block_hash, credit_height, unlock_height, created_at, updated_at) select 'dep_x', tenant, account, chain, tx, ref, 'x', asset, sender, amount, memo, height, block_hash, credit_height, unlock_height, created_at, updated_at from deposit",
		"a house address of a tenant": "update deposit_address set kind = 'hot' where kind = 'deposit'",
	} {
		if _, err := h.db.Pool().Exec(context.Background(), sql); err == nil {
			t.Errorf("%s is accepted: %s", name, sql)
		}
	}
	h.wantState("ann", coffer.DepositUnlocked)
}
