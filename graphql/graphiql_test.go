package graphql_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/cofferhq/coffer/graphql"
)

// fetch gets a page without following redirects.
func fetch(t *testing.T, handler http.Handler, method, path string) (*http.Response, string) {
	t.Helper()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(method, "http://coffer.example:8080"+path, nil))
	response := w.Result()
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

func TestGraphiQLServesEveryFileItsPageNames(t *testing.T) {
	handler := graphql.GraphiQL()
	response, page := fetch(t, handler, http.MethodGet, "/graphiql/")
	if response.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s(these tests need `make setup`)", response.StatusCode, page)
	}
	named := regexp.MustCompile(`(?:src|href)="([^":]+)"`).FindAllStringSubmatch(page, -1)
	if len(named) != 6 {
		t.Errorf("the page names %d files, want 6: %v", len(named), named)
	}
	for _, match := range named {
		response, text := fetch(t, handler, http.MethodGet, "/graphiql/"+match[1])
		media := map[bool]string{true: "text/javascript; charset=utf-8", false: "text/css; charset=utf-8"}[strings.HasSuffix(match[1], ".js")]
		if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != media || text == "" {
			t.Errorf("%s: status %d, %s, %d bytes", match[1], response.StatusCode, response.Header.Get("Content-Type"), len(text))
		}
	}
	for file, holds := range map[string]string{"dist/graphiql.js": "createFetcher", "dist/react.js": "createElement", "dist/react-dom.js": "createRoot"} {
		if _, text := fetch(t, handler, http.MethodGet, "/graphiql/"+file); !strings.Contains(text, holds) {
			t.Errorf("%s has no %s", file, holds)
		}
	}
}

func TestGraphiQLTrustsItsOwnFilesOnly(t *testing.T) {
	handler := graphql.GraphiQL()
	response, page := fetch(t, handler, http.MethodGet, "/graphiql/")
	policy := response.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self' ws://coffer.example:8080 wss://coffer.example:8080", "frame-ancestors 'none'"} {
		if !strings.Contains(policy+";", want+";") {
			t.Errorf("the policy %q has no %q", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(page, "<style") || regexp.MustCompile(`<script>|https?://|style=|\son[a-z]+=`).MatchString(page) {
		t.Errorf("the page has inline code or foreign addresses, or the policy %q lets it", policy)
	}

	// A host that would write into the policy is not named in it.
	r := httptest.NewRequest(http.MethodGet, "/graphiql/", nil)
	r.Host = "x;script-src*"
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	if policy := w.Header().Get("Content-Security-Policy"); strings.Contains(policy, "*") || !strings.Contains(policy, "connect-src 'self';") {
		t.Errorf("policy %q", policy)
	}
}

func TestGraphiQLAnswersNothingElse(t *testing.T) {
	handler := graphql.GraphiQL()
	if response, _ := fetch(t, handler, http.MethodGet, "/graphiql"); response.Header.Get("Location") != "/graphiql/" {
		t.Errorf("redirected to %q", response.Header.Get("Location"))
	}
	if response, page := fetch(t, http.StripPrefix("/graphiql", handler), http.MethodGet, "/graphiql/"); response.StatusCode != http.StatusOK || !strings.Contains(page, "page.js") {
		t.Errorf("with the prefix stripped: status %d", response.StatusCode)
	}
	for _, path := range []string{"/graphiql/dist/", "/graphiql/dist", "/graphiql/../go.mod", "/graphiql/package.json", "/graphiql//index.html"} {
		if response, _ := fetch(t, handler, http.MethodGet, path); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", path, response.StatusCode)
		}
	}
	if response, _ := fetch(t, handler, http.MethodPost, "/graphiql/"); response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d, want 405", response.StatusCode)
	}
}

func TestGraphiQLSaysHowItIsInstalled(t *testing.T) {
	response, text := fetch(t, graphql.GraphiQLWithoutFiles(), http.MethodGet, "/graphiql/")
	if response.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text, "make setup") {
		t.Errorf("status %d: %s", response.StatusCode, text)
	}
}
