package graphql

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"
)

// The page is committed; page/dist, which tools/graphiql fills from npm packages, is not,
// and a binary may have been built without it.
//
//go:embed all:graphiql/page
var graphiqlFiles embed.FS

const (
	graphiqlPath    = "/graphiql"
	graphiqlMissing = "The files of GraphiQL are not in this binary. Run `make setup`, then build it again.\n"
)

// hostPattern is what a Host header must look like to be named in a policy.
var hostPattern = regexp.MustCompile(`^[a-zA-Z0-9.\-]+(:[0-9]+)?$|^\[[0-9a-fA-F:]+\](:[0-9]+)?$`)

// GraphiQL serves a page for trying the API out, at /graphiql/, whether or not that is
// stripped from the path, and redirects /graphiql to it. The API is expected at /graphql
// beside it. The page needs no key; the API asks for one.
func GraphiQL() http.Handler {
	pages, err := fs.Sub(graphiqlFiles, "graphiql/page")
	if err != nil {
		panic(err) // the name is a constant
	}
	files := map[string]file{}
	err = fs.WalkDir(pages, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(pages, name)
		files[name] = newFile(name, content)
		return err
	})
	if err != nil {
		panic(err) // it is in the binary
	}
	return graphiql(files)
}

// file is one of the page's.
type file struct {
	content []byte
	media   string
	tag     string
}

func newFile(name string, content []byte) file {
	sum := sha256.Sum256(content)
	return file{content, mime.TypeByExtension(path.Ext(name)), `"` + hex.EncodeToString(sum[:16]) + `"`}
}

type graphiql map[string]file

// ServeHTTP implements http.Handler.
func (g graphiql) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "want GET", http.StatusMethodNotAllowed)
		return
	}
	if r.URL.Path == graphiqlPath {
		http.Redirect(w, r, graphiqlPath+"/", http.StatusMovedPermanently)
		return
	}
	name := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, graphiqlPath), "/")
	if name == "" {
		name = "index.html"
		if _, built := g["dist/graphiql.js"]; !built {
			http.Error(w, graphiqlMissing, http.StatusServiceUnavailable)
			return
		}
	}
	f, ok := g[name]
	if !ok {
		http.NotFound(w, r)
		return
	}

	header := w.Header()
	header.Set("Content-Security-Policy", graphiqlPolicy(r.Host))
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-cache") // asks again, with the tag
	header.Set("ETag", f.tag)
	header.Set("Content-Type", f.media)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(f.content))
}

// graphiqlPolicy lets the page load its own files and talk to the API beside it. Some
// browsers do not count WebSockets of the same host as 'self', so they are named.
func graphiqlPolicy(host string) string {
	connect := "'self'"
	if hostPattern.MatchString(host) {
		connect += " ws://" + host + " wss://" + host
	}
	// Blocked by style-src: the style that GraphiQL puts into the page to lock scrolling under
	// a dialog. Nothing is lost without it.
	return "default-src 'none'; script-src 'self'; style-src 'self'; font-src data:; img-src 'self' data:; connect-src " + connect +
		"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}
