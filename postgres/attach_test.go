package postgres_test

import (
	"testing"

	"github.com/cofferhq/coffer/postgres"
)

func TestAnotherProcessReachesTheRunningPrivateServer(t *testing.T) {
	dir := privateDir(t)
	server, err := postgres.StartPrivate(t.Context(), postgres.PrivateConfig{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	dsn, err := postgres.PrivateDSN(dir)
	if err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	if err := server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if db, err := postgres.Open(t.Context(), dsn); err == nil {
		db.Close()
		t.Fatal("a stopped server answers")
	}
}
