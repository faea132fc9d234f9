package graphql

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/ethereum/go-ethereum/common/lru"

	"github.com/cofferhq/coffer"
)

// maxPersisted bounds the documents that are remembered; each is at most maxQueryBytes.
const maxPersisted = 1_000

// codeNotPersisted and its text are what clients of automatic persisted queries (Apollo,
// urql) go by: they send the same request again, with the document.
const (
	codeNotPersisted = coffer.Code("PERSISTED_QUERY_NOT_FOUND")
	textNotPersisted = "PersistedQueryNotFound"
)

// extensions of a request.
type extensions struct {
	PersistedQuery *struct {
		Version    int    `json:"version"`
		SHA256Hash string `json:"sha256Hash"`
	} `json:"persistedQuery"`
}

// persisted are documents that clients name by their SHA-256, so that they need to send
// each of them once only, and can ask by a short GET. It is a cache: what was forgotten is
// sent again. Nobody can put a document under another's name.
type persisted struct {
	documents *lru.Cache[[sha256.Size]byte, string]
}

func newPersisted() persisted {
	return persisted{lru.NewCache[[sha256.Size]byte, string](maxPersisted)}
}

// complete puts the document into a request that only names it, and remembers one that is
// named and sent.
func (p persisted) complete(req *request) error {
	named := req.Extensions.PersistedQuery
	if named == nil {
		return nil
	}
	if named.Version != 1 {
		return coffer.Invalid("extensions.persistedQuery.version", "want 1")
	}
	digits, err := hex.DecodeString(named.SHA256Hash)
	if err != nil || len(digits) != sha256.Size || strings.ToLower(named.SHA256Hash) != named.SHA256Hash {
		return coffer.Invalid("extensions.persistedQuery.sha256Hash", "want 64 lower-case hex digits")
	}
	hash := [sha256.Size]byte(digits)

	if req.Query == "" {
		document, known := p.documents.Get(hash)
		if !known {
			return &coffer.Error{Code: codeNotPersisted, Message: textNotPersisted}
		}
		req.Query = document
		return nil
	}
	if sha256.Sum256([]byte(req.Query)) != hash {
		return coffer.Invalid("extensions.persistedQuery.sha256Hash", "is not the query's")
	}
	if len(req.Query) <= maxQueryBytes {
		p.documents.Add(hash, req.Query)
	}
	return nil
}
