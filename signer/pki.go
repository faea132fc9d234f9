package signer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// caName is the file name of the authority, so nobody else's.
const caName = "ca"

const pkiLifetime = 365 * 24 * time.Hour

var pkiName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// NewPKI writes an authority for development to dir (ca.crt, ca.key) and a certificate
// for each name (NAME.crt, NAME.key): ECDSA P-256, valid a year, for servers and clients,
// the name as its only DNS name. Files have mode 0600. What exists is kept, so it may be
// called again with more names. Production has an authority of its own.
func NewPKI(dir string, names ...string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("pki: %w", err)
	}
	ca, caKey, err := authority(dir)
	if err != nil {
		return fmt.Errorf("pki: %s: %w", caName, err)
	}
	for _, name := range names {
		if !pkiName.MatchString(name) || name == caName {
			return fmt.Errorf("pki: %q cannot be a name: want lower-case letters, digits and hyphens", name)
		}
		if exists(pkiFile(dir, name, "crt")) && exists(pkiFile(dir, name, "key")) {
			continue
		}
		template := &x509.Certificate{
			Subject:     pkix.Name{CommonName: name},
			DNSNames:    []string{name},
			KeyUsage:    x509.KeyUsageDigitalSignature,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		}
		if _, _, err := issue(dir, name, template, ca, caKey); err != nil {
			return fmt.Errorf("pki: %s: %w", name, err)
		}
	}
	return nil
}

func authority(dir string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	if exists(pkiFile(dir, caName, "crt")) {
		return readAuthority(dir)
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "Coffer development authority"},
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	return issue(dir, caName, template, nil, nil)
}

func readAuthority(dir string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	certDER, err := readPEM(pkiFile(dir, caName, "crt"), "CERTIFICATE")
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := readPEM(pkiFile(dir, caName, "key"), "EC PRIVATE KEY")
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(certDER)
	if err != nil {
		return nil, nil, err
	}
	key, err := x509.ParseECPrivateKey(keyDER)
	return cert, key, err
}

// issue makes a key and a certificate for it, signed by parent or, without one, by itself.
func issue(dir, name string, template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return nil, nil, err
	}
	now := time.Now() // a tool for people, at the edge: certificates begin when they are made
	template.NotBefore, template.NotAfter = now.Add(-time.Hour), now.Add(pkiLifetime)
	if parent == nil {
		parent, parentKey = template, key
	}

	certDER, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	// The certificate comes last: where it exists, its key does.
	if err := writePEM(pkiFile(dir, name, "key"), "EC PRIVATE KEY", keyDER); err != nil {
		return nil, nil, err
	}
	if err := writePEM(pkiFile(dir, name, "crt"), "CERTIFICATE", certDER); err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(certDER)
	return cert, key, err
}

func pkiFile(dir, name, suffix string) string { return filepath.Join(dir, name+"."+suffix) }

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

func readPEM(path, kind string) ([]byte, error) {
	text, err := os.ReadFile(path) // #nosec G304 -- the operator's own file
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("%s holds no %s", path, kind)
	}
	return block.Bytes, nil
}
