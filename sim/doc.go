// Package sim runs several flows together on a fake chain and a virtual clock: deposits,
// withdrawals and payouts on one database, one step at a time in an order that a seed
// chooses, with faults, reorganisations, thefts and crashes between any two. What must always
// hold is checked after each step; a failing seed replays. It holds tests only.
package sim
