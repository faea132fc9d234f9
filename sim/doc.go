// Package sim plays Coffer as a whole on fake chains: the real indexer, stream, deposit,
// withdrawal, payout, ledger and policy code on a real PostgreSQL, several processes of it, for
// three families of chains at once, on a clock that only the simulation moves.
//
// A seed is a history: a list of actions (customers pay and ask, blocks, reorganisations, turns
// of processes) and of everything that goes wrong (a process dies between any two messages to
// the database or to a node, nodes that lag, lie and lose answers, signers in every mood, clocks
// that differ, leases that expire while their holder waits). One thing happens at a time, so the
// same seed is the same history; processes meet where a turn of one comes during a call of
// another. After each action everything is compared with a model that reads the block events
// alone (view.go, check.go). A history that fails is played again with fewer actions until
// none can be left out, and printed for people.
//
//	make sim SEEDS=1000        plays so many seeds
//	make sim SEED=17           plays one again
//
// The tests of this package besides TestSimulation are of one flow each on one fake chain, or on
// real nodes. docs/simulation.md says what was found.
package sim
