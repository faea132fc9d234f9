package signer

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/miekg/pkcs11"
)

// What a sealed secret looks like (AES-256-GCM, NIST SP 800-38D).
const (
	sealKeyBytes   = 32
	sealNonceBytes = 12
	sealTagBits    = 128
)

// sealKey is an AES key that never leaves its token. What it seals can be read by whoever
// may use the token, and by nobody else.
type sealKey struct {
	token  *Token
	label  string
	handle pkcs11.ObjectHandle
}

// sealKey finds an AES key by its label, and refuses one that can be read out of the token.
func (t *Token) sealKey(ctx context.Context, label string) (*sealKey, error) {
	k := &sealKey{token: t, label: label}
	if err := t.with(ctx, k.load); err != nil {
		return nil, fmt.Errorf("token %q: sealing key %q: %w", t.label, label, err)
	}
	return k, nil
}

func (k *sealKey) load(p *pkcs11.Ctx, session pkcs11.SessionHandle) error {
	found, err := find(p, session,
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY), pkcs11.NewAttribute(pkcs11.CKA_LABEL, k.label))
	switch {
	case err != nil:
		return err
	case len(found) == 0:
		return ErrKey
	case len(found) > 1:
		return errors.New("the label is not unique")
	}
	k.handle = found[0]

	attributes, err := p.GetAttributeValue(session, k.handle, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, nil), pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, nil),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, nil), pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, nil)})
	if err != nil {
		return fmt.Errorf("read its attributes: %w", err)
	}
	if !isTrue(attributes[2].Value) || isTrue(attributes[3].Value) {
		return errors.New("the key can be read out of the token; it will not be used")
	}
	for n, want := range []uint{pkcs11.CKK_AES, sealKeyBytes} {
		if got := attributes[n]; string(got.Value) != string(pkcs11.NewAttribute(got.Type, want).Value) {
			return fmt.Errorf("it is not an AES key of %d bytes", sealKeyBytes)
		}
	}
	return nil
}

// generateSealKey makes an AES key that cannot be read, copied, changed or destroyed. It uses
// the login session: only that one may write.
func (t *Token) generateSealKey(label string) error {
	template := []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_AES),
		pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, sealKeyBytes),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
		pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, true),
		pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, true),
		pkcs11.NewAttribute(pkcs11.CKA_WRAP, false),
		pkcs11.NewAttribute(pkcs11.CKA_UNWRAP, false),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
		pkcs11.NewAttribute(pkcs11.CKA_MODIFIABLE, false),
		pkcs11.NewAttribute(pkcs11.CKA_COPYABLE, false),
		pkcs11.NewAttribute(pkcs11.CKA_DESTROYABLE, false),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
		pkcs11.NewAttribute(pkcs11.CKA_ID, []byte(label)),
	}
	mechanism := []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_GEN, nil)}
	if _, err := t.module.ctx.GenerateKey(t.login, mechanism, template); err != nil {
		return fmt.Errorf("token %q: make sealing key %q: %w", t.label, label, err)
	}
	return nil
}

// seal encrypts a secret. The nonce is from random, or the token's own: some choose it
// themselves. about is what open has to be given again.
func (k *sealKey) seal(ctx context.Context, random io.Reader, secret, about []byte) (nonce, sealed []byte, err error) {
	nonce = make([]byte, sealNonceBytes)
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, nil, fmt.Errorf("draw a nonce: %w", err)
	}
	err = k.gcm(ctx, nonce, about, func(p *pkcs11.Ctx, session pkcs11.SessionHandle, params *pkcs11.GCMParams) error {
		if err := p.EncryptInit(session, gcmMechanism(params), k.handle); err != nil {
			return err
		}
		var err error
		if sealed, err = p.Encrypt(session, secret); err == nil {
			nonce = params.IV()
		}
		return err
	})
	if err == nil && len(sealed) != len(secret)+sealTagBits/8 {
		err = fmt.Errorf("the token returned %d bytes for %d", len(sealed), len(secret))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("seal with key %q: %w", k.label, err)
	}
	return nonce, sealed, nil
}

// open decrypts what seal returned. ErrSealed: it was changed, or sealed by another key or
// about something else.
func (k *sealKey) open(ctx context.Context, nonce, sealed, about []byte) (secret []byte, err error) {
	err = k.gcm(ctx, nonce, about, func(p *pkcs11.Ctx, session pkcs11.SessionHandle, params *pkcs11.GCMParams) error {
		if err := p.DecryptInit(session, gcmMechanism(params), k.handle); err != nil {
			return err
		}
		var err error
		secret, err = p.Decrypt(session, sealed)
		return err
	})
	for _, code := range []pkcs11.Error{pkcs11.CKR_ENCRYPTED_DATA_INVALID, pkcs11.CKR_ENCRYPTED_DATA_LEN_RANGE, pkcs11.CKR_GENERAL_ERROR} {
		if errors.Is(err, code) {
			err = fmt.Errorf("%w (%w)", ErrSealed, err)
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open with key %q: %w", k.label, err)
	}
	return secret, nil
}

func (k *sealKey) gcm(ctx context.Context, nonce, about []byte, operation func(*pkcs11.Ctx, pkcs11.SessionHandle, *pkcs11.GCMParams) error) error {
	return k.token.with(ctx, func(p *pkcs11.Ctx, session pkcs11.SessionHandle) error {
		params := pkcs11.NewGCMParams(nonce, about, sealTagBits)
		defer params.Free()
		return operation(p, session, params)
	})
}

func gcmMechanism(params *pkcs11.GCMParams) []*pkcs11.Mechanism {
	return []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_GCM, params)}
}
