// Package tronpb is what TRON nodes and wallets say to each other: the part of the
// protocol buffers of java-tron 4.8 that Coffer needs, written down from the documented
// names and field numbers (developers.tron.network) and from transactions on the chain.
//
// The proto package is `protocol`, because it is part of the paths of the RPCs
// (/protocol.Wallet/…) and of the type URLs inside of transactions
// (type.googleapis.com/protocol.TransferContract). Only one Go package of a binary may
// register it: no other SDK of TRON can be linked beside this one.
//
// Fields that are left out here are not lost: what was read of them is written again.
// Whoever checks a transaction must refuse one that has such unknown fields.
//
// Addresses are 21 bytes that begin with 0x41, but 20 bytes in TransactionInfo.Log.
// Amounts of TRX are in sun (10^-6), times in milliseconds since 1970.
package tronpb
