package postgres_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
)

var amounts = []string{
	"0", "1", "9999", "10000", "1000000", "123456789012345678901234567890", "100000000000000000000000000000000",
	"115792089237316195423570985008687907853269984665640564039457584007913129639935", // 2^256-1
}

// The words of the root package go to SQL and back through pgx's binary protocol, alone,
// in arrays, and by COPY.
func TestAmountAndHashGoThroughPostgres(t *testing.T) {
	db := postgrestest.New(t)
	run(t, db, "create table words (id int primary key, amount numeric(78,0) not null check (amount >= 0), hash bytea not null)")

	var ids []int
	var wantAmounts []coffer.Amount
	var wantHashes []coffer.Hash
	for i, s := range amounts {
		amount, err := coffer.ParseAmount(s)
		if err != nil {
			t.Fatal(err)
		}
		ids, wantAmounts = append(ids, i), append(wantAmounts, amount)
		wantHashes = append(wantHashes, coffer.Hash(bytes.Repeat([]byte{byte(i)}, 32)))
	}

	for name, insert := range map[string]func() error{
		"one by one": func() error {
			for i := range ids {
				if _, err := db.Pool().Exec(t.Context(), "insert into words values ($1, $2, $3)", i, wantAmounts[i], wantHashes[i]); err != nil {
					return err
				}
			}
			return nil
		},
		"arrays": func() error {
			_, err := db.Pool().Exec(t.Context(), "insert into words select * from unnest($1::int[], $2::numeric[], $3::bytea[])", ids, wantAmounts, wantHashes)
			return err
		},
		"copy": func() error {
			_, err := db.Pool().CopyFrom(t.Context(), pgx.Identifier{"words"}, []string{"id", "amount", "hash"},
				pgx.CopyFromSlice(len(ids), func(i int) ([]any, error) { return []any{ids[i], wantAmounts[i], wantHashes[i]}, nil }))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, db, "truncate words")
			if err := insert(); err != nil {
				t.Fatal(err)
			}
			checkWords(t, db, wantAmounts, wantHashes)
		})
	}
}

func checkWords(t *testing.T, db *postgres.DB, amounts []coffer.Amount, hashes []coffer.Hash) {
	t.Helper()
	for i := range amounts {
		var amount coffer.Amount
		var hash coffer.Hash
		var text string
		err := db.Pool().QueryRow(t.Context(), "select amount, hash, amount::text from words where id = $1 and amount = $2 and hash = $3", i, amounts[i], hashes[i]).
			Scan(&amount, &hash, &text)
		if err != nil || amount != amounts[i] || hash != hashes[i] || text != amounts[i].String() {
			t.Errorf("%s came back as %s (%s in SQL), %s as %s, error %v", amounts[i], amount, text, hashes[i], hash, err)
		}
	}

	var gotAmounts []coffer.Amount
	var gotHashes []coffer.Hash
	err := db.Pool().QueryRow(t.Context(), "select array_agg(amount order by id), array_agg(hash order by id) from words").Scan(&gotAmounts, &gotHashes)
	if err != nil || len(gotAmounts) != len(amounts) || len(gotHashes) != len(hashes) {
		t.Fatalf("arrays of %d and %d, error %v", len(gotAmounts), len(gotHashes), err)
	}
	for i := range amounts {
		if gotAmounts[i] != amounts[i] || gotHashes[i] != hashes[i] {
			t.Errorf("element %d: %s, %s", i, gotAmounts[i], gotHashes[i])
		}
	}
}

func TestAbsentAmountAndHash(t *testing.T) {
	db := postgrestest.New(t)
	for _, want := range []*coffer.Amount{nil, ptr(coffer.NewAmount(7))} {
		var amount *coffer.Amount
		var hash *coffer.Hash
		err := db.Pool().QueryRow(t.Context(), "select $1::numeric(78,0), $2::bytea", want, (*coffer.Hash)(nil)).Scan(&amount, &hash)
		if err != nil || hash != nil || (amount == nil) != (want == nil) || (want != nil && *amount != *want) {
			t.Errorf("%v came back as %v, %v, error %v", want, amount, hash, err)
		}
	}
}

func ptr[T any](v T) *T { return &v }

func TestAmountRefusesWhatIsNoAmount(t *testing.T) {
	db := postgrestest.New(t)
	for _, bad := range []string{"-1", "0.5", "'NaN'::numeric", "'Infinity'::numeric", "1e78", strings.Repeat("9", 78), "null", "true"} {
		var amount coffer.Amount
		if err := db.Pool().QueryRow(t.Context(), "select "+bad).Scan(&amount); err == nil {
			t.Errorf("%s was read as %s", bad, amount)
		}
	}
	for _, bad := range []string{`'\x00'::bytea`, "null", "repeat('a', 32)"} {
		var hash coffer.Hash
		if err := db.Pool().QueryRow(t.Context(), "select "+bad).Scan(&hash); err == nil {
			t.Errorf("%s was read as %s", bad, hash)
		}
	}
}
