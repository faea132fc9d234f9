// Package tronsim is a TRON node to develop with: one process that produces blocks, keeps
// accounts with their permissions and resources, runs contracts, and answers wallets over
// gRPC (protocol.Wallet and protocol.WalletSolidity) and HTTP as java-tron does, its order
// of checks and its codes included.
//
// It is a model written from documentation, not java-tron: README.md says what it leaves
// out, decision 39 why it is built on go-ethereum's virtual machine.
//
// Sim is the engine. It knows no transport: Serve puts it on gRPC, ServeHTTP on HTTP. Time comes from a clock
// that is handed in and blocks are made by Mine or, at their times, by Run, so that a test
// with its own clock sees the same blocks every time.
//
//	Broadcast ─► checks ─► executed on the pending state ─► pool
//	Mine ─► pending state undone ─► block executed on the head ─► pool executed again
//	Reorg ─► blocks undone ─► their transactions back to the pool ─► other blocks
//
// Every change of state is remembered with what stood there before (journal.go). Undoing a
// transaction, a block, and looking at the solidified state are the same movement.
package tronsim
