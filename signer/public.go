package signer

import (
	"context"
	"encoding/hex"

	"github.com/ethereum/go-ethereum/crypto"
)

// CreatePublicKey is CreateKey for wallets that name public keys, as Bitcoin's descriptors do:
// it returns the compressed one in hex.
func CreatePublicKey(ctx context.Context, cfg Config, label string) (public string, err error) {
	err = createKey(ctx, cfg, label, func(k *Key) { public = hex.EncodeToString(crypto.CompressPubkey(k.public)) })
	return public, err
}
