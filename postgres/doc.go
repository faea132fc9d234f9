// Package postgres holds what every part of Coffer shares about its one database: the
// connection pool with its limits ([Open]), transactions ([DB.Tx]), the migrations of all
// packages ([Migrate]) and the private server of the embedded default ([StartPrivate]).
//
// It knows nothing of the tables. Those belong to the packages that own them; only the
// migration files are gathered here, because their order is one order.
//
// # Private server
//
// A private server is a PostgreSQL of the machine's own binaries on a directory of ours.
// It listens on a Unix socket in a directory only its user (and root) can enter, and has
// no network port. It never runs as root: started by root, it runs as the user postgres,
// or nobody where there is none.
//
//	            StartPrivate                        Stop
//	absent ── initdb ──▶ stopped ── lock, launch ──▶ running ── SIGINT ──▶ stopped
//	                        ▲                           │
//	                        └── stop what is left ◀── orphaned (its starter was killed)
//
// Invariants: one starter per directory, by flock, which dies with its holder; a directory
// is either absent or complete, because initdb works beside it and is renamed; a server
// whose starter died is told to stop by the kernel, and the next start waits for the end
// of every process of it before it launches another.
package postgres
