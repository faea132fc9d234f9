package coffer

import (
	"fmt"
	"regexp"
	"strings"
)

// ChainID names a chain by CAIP-2, for example "eip155:1".
type ChainID string

// Namespaces of the chain families (CAIP-2).
const (
	NamespaceEVM  = "eip155"
	NamespaceUTXO = "bip122"
	NamespaceTRON = "tron"
)

var chainIDPattern = regexp.MustCompile(`^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}$`)

// ParseChainID checks the CAIP-2 syntax. Whether the chain is served is another question.
func ParseChainID(s string) (ChainID, error) {
	if !chainIDPattern.MatchString(s) {
		return "", fmt.Errorf("chain %.80q: want a CAIP-2 identifier such as eip155:1", s)
	}
	return ChainID(s), nil
}

// Namespace returns the chain family, the part before the colon.
func (c ChainID) Namespace() string {
	ns, _, _ := strings.Cut(string(c), ":")
	return ns
}

// Reference returns the part after the colon.
func (c ChainID) Reference() string {
	_, ref, _ := strings.Cut(string(c), ":")
	return ref
}
