package signer

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/miekg/pkcs11"

	"github.com/cofferhq/coffer"
)

// oidSecp256k1 is the DER of 1.3.132.0.10 (SEC 2), the value of CKA_EC_PARAMS.
var oidSecp256k1 = []byte{0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a}

// halfOrder is half the order of secp256k1: a larger s is the other spelling of the same
// signature, refused by Ethereum (EIP-2).
var halfOrder = new(big.Int).Rsh(crypto.S256().Params().N, 1)

// Key is a secp256k1 key pair whose private half never leaves its token.
type Key struct {
	token   *Token
	label   string
	private pkcs11.ObjectHandle
	public  *ecdsa.PublicKey
}

// CreateKey makes a secp256k1 key labelled label in the token that cfg names, unless the
// token has it already, and returns its address. Only Token and Dir of cfg are read.
func CreateKey(ctx context.Context, cfg Config, label string) (address common.Address, err error) {
	err = createKey(ctx, cfg, label, func(k *Key) { address = k.Address() })
	return address, err
}

func createKey(ctx context.Context, cfg Config, label string, use func(k *Key)) (err error) {
	if label == "" || len(label) > maxTextBytes {
		return fmt.Errorf("key label: want 1 to %d bytes", maxTextBytes)
	}
	if err := cfg.makeDir(); err != nil {
		return err
	}
	token, err := openToken(cfg.Token, cfg.Dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, token.Close()) }()

	key, err := token.key(ctx, label)
	if errors.Is(err, ErrKey) {
		if err := token.generate(label); err != nil {
			return err
		}
		key, err = token.key(ctx, label)
	}
	if err != nil {
		return err
	}
	use(key)
	return nil
}

// generate makes a key pair that cannot be read, copied, changed or destroyed. It uses the
// login session: only that one may write.
func (t *Token) generate(label string) error {
	public := []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PUBLIC_KEY),
		pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_EC),
		pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, oidSecp256k1),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_VERIFY, true),
		pkcs11.NewAttribute(pkcs11.CKA_MODIFIABLE, false),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
		pkcs11.NewAttribute(pkcs11.CKA_ID, []byte(label)),
	}
	private := []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY),
		pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_EC),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
		pkcs11.NewAttribute(pkcs11.CKA_SIGN, true),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
		pkcs11.NewAttribute(pkcs11.CKA_MODIFIABLE, false),
		pkcs11.NewAttribute(pkcs11.CKA_COPYABLE, false),
		pkcs11.NewAttribute(pkcs11.CKA_DESTROYABLE, false),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
		pkcs11.NewAttribute(pkcs11.CKA_ID, []byte(label)),
	}
	mechanism := []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_EC_KEY_PAIR_GEN, nil)}
	if _, _, err := t.module.ctx.GenerateKeyPair(t.login, mechanism, public, private); err != nil {
		return fmt.Errorf("token %q: make key %q: %w", t.label, label, err)
	}
	return nil
}

// key finds a key pair by its label and proves that it is usable: the private half is
// sensitive and cannot be extracted, and what it signs verifies with the public half.
func (t *Token) key(ctx context.Context, label string) (*Key, error) {
	k := &Key{token: t, label: label}
	if err := t.with(ctx, k.load); err != nil {
		return nil, fmt.Errorf("token %q: key %q: %w", t.label, label, err)
	}
	probe := coffer.Hash(crypto.Keccak256([]byte("coffer/signer-key-probe/v1"), []byte(label)))
	if _, err := k.Sign(ctx, probe); err != nil {
		return nil, err
	}
	return k, nil
}

func (k *Key) load(p *pkcs11.Ctx, session pkcs11.SessionHandle) error {
	private, err := find(p, session,
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY), pkcs11.NewAttribute(pkcs11.CKA_LABEL, k.label))
	if err != nil {
		return err
	}
	if len(private) == 0 {
		return ErrKey
	}
	if len(private) > 1 {
		return errors.New("the label is not unique")
	}
	k.private = private[0]

	attributes, err := p.GetAttributeValue(session, k.private, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_ID, nil), pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, nil),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, nil)})
	if err != nil {
		return fmt.Errorf("read its attributes: %w", err)
	}
	if !isTrue(attributes[1].Value) || isTrue(attributes[2].Value) {
		return errors.New("the private key can be read out of the token; it will not be used")
	}

	public, err := find(p, session,
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PUBLIC_KEY), pkcs11.NewAttribute(pkcs11.CKA_ID, attributes[0].Value))
	if err != nil {
		return err
	}
	if len(public) != 1 {
		return fmt.Errorf("%d public keys have its id, want 1", len(public))
	}
	attributes, err = p.GetAttributeValue(session, public[0], []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, nil), pkcs11.NewAttribute(pkcs11.CKA_EC_POINT, nil)})
	if err != nil {
		return fmt.Errorf("read its public key: %w", err)
	}
	if !bytes.Equal(attributes[0].Value, oidSecp256k1) {
		return errors.New("it is not a secp256k1 key")
	}
	k.public, err = crypto.UnmarshalPubkey(ecPoint(attributes[1].Value))
	return err
}

func isTrue(value []byte) bool { return len(value) == 1 && value[0] != 0 }

// ecPoint unwraps CKA_EC_POINT: the standard says an OCTET STRING, some HSMs give the
// bare point.
func ecPoint(value []byte) []byte {
	var point []byte
	if rest, err := asn1.Unmarshal(value, &point); err == nil && len(rest) == 0 {
		return point
	}
	return value
}

// Address is the key's address (EIP-55 when printed).
func (k *Key) Address() common.Address { return crypto.PubkeyToAddress(*k.public) }

// Sign signs a 32-byte digest: r ‖ s ‖ v, s in the lower half, v 27 or 28. The token's
// answer is verified before it is returned.
func (k *Key) Sign(ctx context.Context, digest coffer.Hash) ([]byte, error) {
	raw, err := k.raw(ctx, digest)
	if err != nil {
		return nil, err
	}
	return recoverable(raw, digest, k.Address())
}

// raw returns r ‖ s as the token gives them.
func (k *Key) raw(ctx context.Context, digest coffer.Hash) ([]byte, error) {
	var raw []byte
	err := k.token.with(ctx, func(p *pkcs11.Ctx, session pkcs11.SessionHandle) error {
		if err := p.SignInit(session, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_ECDSA, nil)}, k.private); err != nil {
			return err
		}
		var err error
		raw, err = p.Sign(session, digest[:]) // SoftHSM signs data of any length; the type says 32
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sign with key %q: %w", k.label, err)
	}
	return raw, nil
}

// recoverable turns r ‖ s into the form that Ethereum takes, finding v by trial.
func recoverable(raw []byte, digest coffer.Hash, address common.Address) ([]byte, error) {
	if len(raw) != 64 {
		return nil, fmt.Errorf("the token returned a signature of %d bytes, want 64", len(raw))
	}
	s := new(big.Int).SetBytes(raw[32:])
	if s.Cmp(halfOrder) > 0 {
		s.Sub(crypto.S256().Params().N, s)
	}
	sig := make([]byte, 65)
	copy(sig, raw[:32])
	s.FillBytes(sig[32:64])

	for v := range byte(2) { // v 2 and 3 need r above the order: Ethereum has no such signatures
		sig[64] = v
		public, err := crypto.SigToPub(digest[:], sig)
		if err == nil && crypto.PubkeyToAddress(*public) == address {
			sig[64] = 27 + v
			return sig, nil
		}
	}
	return nil, errors.New("the token returned a signature that is not by this key over this digest")
}
