// Package utxo reads and writes chains of the Bitcoin family: blocks that prove themselves,
// addresses of descriptors, PSBTs (BIP-174), and OMNI on top.
package utxo
