package tron

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// apiKeyHeader is how TronGrid and those who copy it know who asks.
const apiKeyHeader = "tron-pro-api-key" // #nosec G101 -- the name of a header

// solidityService begins the names of methods about solidified blocks.
const solidityService = "/protocol.WalletSolidity/"

// maxRequestBytes bounds a request of ours: a transaction is at most 500 KiB.
const maxRequestBytes = 1 << 20

// wire carries calls to one address: gRPC or HTTP. Requests and answers are messages on the
// wire.
type wire interface {
	call(ctx context.Context, method string, request []byte) (answer []byte, err error)
	close()
}

// endpoint is one server.
type endpoint struct {
	host     string
	maxBytes int
	wallet   wire
	solidity wire // the same where there is one address
}

func newEndpoint(node Node, config Config) (*endpoint, error) {
	host, _, err := ParseURL(node.URL)
	if err != nil {
		return nil, err
	}
	e := &endpoint{host: host, maxBytes: config.MaxResponseBytes}
	if e.wallet, err = connect(node.URL, node.APIKey, config); err != nil {
		return nil, err
	}
	e.solidity = e.wallet
	if node.SolidityURL != "" && node.SolidityURL != node.URL {
		solidity, err := connect(node.SolidityURL, node.APIKey, config)
		if err != nil {
			e.close()
			return nil, err
		}
		e.solidity = solidity
	}
	return e, nil
}

// connect makes a connection that is opened when it is first used.
func connect(text, key string, config Config) (wire, error) {
	host, secure, err := ParseURL(text)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(text, "http") {
		return newHTTP(text, key, config), nil
	}
	return newGRPC(host, secure, key, config)
}

// grpcWire asks over gRPC.
type grpcWire struct{ *grpc.ClientConn }

// newGRPC repeats no call by itself: whoever asks knows what may be repeated.
func newGRPC(host string, secure bool, key string, config Config) (wire, error) {
	transport := insecure.NewCredentials()
	if secure {
		transport = credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12, RootCAs: config.RootCAs})
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(transport), grpc.WithDisableRetry(), grpc.WithDisableServiceConfig(), grpc.WithNoProxy(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(config.MaxResponseBytes), grpc.MaxCallSendMsgSize(maxRequestBytes)),
	}
	if key != "" {
		options = append(options, grpc.WithPerRPCCredentials(apiKey(key)))
	}
	conn, err := grpc.NewClient("passthrough:///"+host, options...)
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", host, err)
	}
	return grpcWire{conn}, nil
}

// call implements wire.
func (w grpcWire) call(ctx context.Context, method string, request []byte) (answer []byte, err error) {
	err = errorOf(w.Invoke(ctx, method, &request, &answer, grpc.ForceCodecV2(bytesCodec{})))
	return answer, err
}

func (w grpcWire) close() { _ = w.Close() }

func (e *endpoint) close() {
	e.wallet.close()
	if e.solidity != e.wallet {
		e.solidity.close()
	}
}

// call asks this server alone, with bytes and for bytes. sent reports whether it may have seen
// the request.
func (e *endpoint) call(ctx context.Context, method string, request []byte) (answer []byte, sent bool, err error) {
	if len(request) > maxRequestBytes {
		return nil, false, fmt.Errorf("%s: a request of more than %d bytes", method, maxRequestBytes)
	}
	asked := e.wallet
	if strings.HasPrefix(method, solidityService) {
		asked = e.solidity
	}
	answer, err = asked.call(ctx, method, request)
	return answer, true, err
}

// ask is call with messages. What the answer holds of things is bounded before it is decoded.
func (e *endpoint) ask(ctx context.Context, method string, request, answer proto.Message) error {
	encoded, err := proto.Marshal(request)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	raw, _, err := e.call(ctx, method, encoded)
	if err != nil {
		return err
	}
	return decode(raw, answer)
}

// decode reads a message of a stranger.
func decode(raw []byte, into proto.Message) error {
	if err := scan(raw, into.ProtoReflect().Descriptor()); err != nil {
		return notProven(err)
	}
	if err := proto.Unmarshal(raw, into); err != nil {
		return notProven(errors.New("it is not the message that was asked for"))
	}
	return nil
}

// notProven marks an error of reading an answer.
func notProven(err error) error {
	if err == nil || errors.Is(err, ErrNotProven) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrNotProven, err)
}

// bytesCodec leaves messages as they are: block ids and roots are hashes of a node's own bytes,
// and what we send must be the bytes that were signed.
type bytesCodec struct{}

func (bytesCodec) Name() string { return "proto" } // what the content type says

func (bytesCodec) Marshal(v any) (mem.BufferSlice, error) {
	b, ok := v.(*[]byte)
	if !ok {
		return nil, errors.New("want bytes")
	}
	return mem.BufferSlice{mem.SliceBuffer(*b)}, nil
}

func (bytesCodec) Unmarshal(data mem.BufferSlice, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return errors.New("want bytes")
	}
	*b = data.Materialize()
	return nil
}

// apiKey is sent with every call.
type apiKey string

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (k apiKey) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{apiKeyHeader: string(k)}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials.
func (apiKey) RequireTransportSecurity() bool { return true }
