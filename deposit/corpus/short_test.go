//go:build !long

package corpus_test

// long: make test leaves the slow cases as they are committed, make test-long makes them again.
const long = false
