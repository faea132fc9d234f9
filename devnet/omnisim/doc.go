// Package omnisim is an Omni Core to develop and test with: it follows a small chain of any
// Bitcoin node and answers, over JSON-RPC, what Omni Core answers about the Omni Layer on it.
// Its state is what follows from the blocks since a height, read in order; where the chain is
// reorganised the blocks that left are taken out and the state is made again.
//
//	blocks of the node ──▶ messages (class C) ──▶ state ──▶ valid or not ──▶ omni_… answers
//
// It reads managed properties (types 54, 55, 56), simple send (0), send all (4), and freezing
// (71, 72, 185, 186). It does not know, and real Omni Core does:
//
//   - classes A and B, and the first sale with what it sold (properties 1 and 2);
//   - all other types: they are listed and invalid;
//   - which types are allowed from which height on, activations, alerts, and the notice period
//     before freezing works;
//   - crowdsales, exchanges, reserved amounts, fees and change of issuers;
//   - memos, wallets, what a message cost, and messages that wait in the pool beyond
//     omni_gettransaction.
//
// Balances of the simulator have no worth and its answers no authority: it exists because Omni
// Core is neither packaged nor maintained. Nothing of it may run next to real money.
package omnisim
