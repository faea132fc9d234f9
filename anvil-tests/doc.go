// Package anviltests holds the EVM path end to end on a real anvil: what the contracts,
// the relayer, the bundler and the books do together. It has no code of its own.
package anviltests
