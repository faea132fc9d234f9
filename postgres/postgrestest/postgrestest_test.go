package postgrestest_test

import (
	"fmt"
	"testing"

	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
)

func TestEveryTestGetsItsOwnMigratedDatabase(t *testing.T) {
	for i := range 4 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			db := postgrestest.New(t)
			version, err := postgres.Version(t.Context(), db)
			if err != nil || version == 0 {
				t.Fatalf("version %d, error %v: want a migrated database", version, err)
			}
			// A second test that saw this table would fail to make it.
			if _, err := db.Pool().Exec(t.Context(), "create table mine (n int)"); err != nil {
				t.Fatal(err)
			}
		})
	}
}
