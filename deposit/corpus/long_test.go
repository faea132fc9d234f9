//go:build long

package corpus_test

// long has the slow cases made again too.
const long = true
