// Package treasury looks after the house's own money: it takes over what a wallet held
// before the books began ([Treasury.Adopt]) and holds the books against the chain
// ([Treasury.Compare]).
//
// Both work at one block, by its hash: the books count what blocks up to its height
// caused, the chain is asked for its state after it. A deposit that has not been credited
// yet is on the chain and not in the books; a comparison that must agree is made at a
// block deep enough for every credit.
package treasury
