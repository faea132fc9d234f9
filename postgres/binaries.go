package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// MinMajor is the oldest PostgreSQL that Coffer is tested with.
const MinMajor = 15

// ErrNoBinaries says that this machine has no PostgreSQL server to run.
var ErrNoBinaries = errors.New("no PostgreSQL server found: run `apt-get install postgresql`, or name the directory of its binaries (PG_BIN), or configure a DSN")

var debianBinaries = "/usr/lib/postgresql/*/bin"

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d{1,3})`)

// binaries is a directory with initdb and postgres of one major version.
type binaries struct {
	dir   string
	major int
}

// findBinaries looks in the configured directory, then in PG_BIN, in PATH and in the
// newest of Debian's directories. A configured directory without a server is an error;
// it is not silently replaced by another. With major not zero only that version will do,
// because a data directory belongs to the major version that made it.
func findBinaries(ctx context.Context, configured string, major int) (binaries, error) {
	if configured == "" {
		configured = os.Getenv("PG_BIN")
	}

	var dirs []string
	if configured != "" {
		dirs = []string{configured}
	} else {
		if path, err := exec.LookPath("postgres"); err == nil {
			if path, err = filepath.EvalSymlinks(path); err == nil {
				dirs = append(dirs, filepath.Dir(path))
			}
		}
		debian, _ := filepath.Glob(debianBinaries) // the pattern is well-formed
		slices.SortFunc(debian, func(a, b string) int { return debianMajor(b) - debianMajor(a) })
		dirs = append(dirs, debian...)
	}

	var found []string
	for _, dir := range dirs {
		b, err := readBinaries(ctx, dir)
		switch {
		case err != nil && configured != "":
			return binaries{}, err
		case err != nil:
			continue
		case b.major < MinMajor:
			return binaries{}, fmt.Errorf("PostgreSQL %d in %s is too old: want %d or newer", b.major, dir, MinMajor)
		case major == 0 || b.major == major:
			return b, nil
		}
		found = append(found, fmt.Sprintf("%d in %s", b.major, dir))
	}
	if len(found) > 0 {
		return binaries{}, fmt.Errorf("the data directory was made by PostgreSQL %d, and there is only %s: run `apt-get install postgresql-%d`", major, strings.Join(found, ", "), major)
	}
	return binaries{}, ErrNoBinaries
}

func debianMajor(dir string) int {
	major, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
	return major
}

func readBinaries(ctx context.Context, dir string) (binaries, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil { // #nosec G703 -- the operator's own path
		return binaries{}, fmt.Errorf("binaries of PostgreSQL: %w", err)
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output() // #nosec G204 G702 -- the operator's own path
	if err != nil {
		return binaries{}, fmt.Errorf("binaries of PostgreSQL: %s/postgres --version: %w", dir, err)
	}
	match := versionPattern.FindSubmatch(out)
	if match == nil {
		return binaries{}, fmt.Errorf("binaries of PostgreSQL: %s/postgres --version says %.80q", dir, out)
	}
	major, err := strconv.Atoi(string(match[1]))
	if err != nil {
		return binaries{}, fmt.Errorf("binaries of PostgreSQL: %w", err)
	}
	return binaries{dir: dir, major: major}, nil
}
