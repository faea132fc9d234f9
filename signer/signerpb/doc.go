// Package signerpb is the generated Go of signer.proto.
package signerpb
