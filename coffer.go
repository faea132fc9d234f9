// Package coffer holds the words of the system: chains, assets, amounts, transfers,
// orders, intents and the few interfaces between its parts. It does no I/O and imports
// only the standard library and uint256, so that every other package, a signer included,
// can speak the same language without trusting anybody.
//
// Identifiers follow CAIP-2 (chains) and CAIP-19 (assets). Amounts are unsigned integers
// in the smallest unit of their asset. Everything that is signed or remembered by hash
// (orders, intents) has one canonical encoding, defined here.
//
// Life of a deposit (deposit.go) and of a withdrawal and a payout (withdrawal.go,
// payout.go) are tables of states and allowed moves; SQL repeats the same checks.
package coffer

import "time"

// Clock tells the time. Business code is given one and never calls time.Now.
type Clock func() time.Time
