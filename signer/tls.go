package signer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
)

// serverTLS demands a certificate of our CA whose DNS names include one of clients.
func serverTLS(c TLSConfig) (*tls.Config, error) {
	cert, pool, err := loadPair(c.CA, c.Cert, c.Key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{cert},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    pool,
		VerifyConnection: func(state tls.ConnectionState) error {
			names := state.PeerCertificates[0].DNSNames
			if !slices.ContainsFunc(names, func(name string) bool { return slices.Contains(c.Clients, name) }) {
				return fmt.Errorf("a certificate of %q may not call this signer", names)
			}
			return nil
		},
	}, nil
}

// clientTLS demands a certificate of our CA for exactly the signer's name.
func clientTLS(c ClientConfig) (*tls.Config, error) {
	cert, pool, err := loadPair(c.CA, c.Cert, c.Key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{cert},
		RootCAs:      pool,
		ServerName:   c.Name,
	}, nil
}

func loadPair(caFile, certFile, keyFile string) (tls.Certificate, *x509.CertPool, error) {
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("tls: %w", err)
	}
	ca, err := os.ReadFile(caFile) // #nosec G304 -- the operator's own file
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("tls: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return tls.Certificate{}, nil, errors.New("tls: no certificate in " + caFile)
	}
	return cert, pool, nil
}
