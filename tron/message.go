package tron

import (
	"strconv"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
)

// MessageDigest is what a wallet signs of a message (TIP-191, signMessageV2 of tronweb): proof
// of owning an address, which can never be a transaction.
func MessageDigest(message []byte) coffer.Hash {
	prefix := "\x19TRON Signed Message:\n" + strconv.Itoa(len(message))
	return coffer.Hash(crypto.Keccak256([]byte(prefix), message))
}
