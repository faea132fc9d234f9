package signer

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/signer/signerpb"
)

const defaultCallTime = 15 * time.Second

// ClientConfig says where a signer is and who we are.
type ClientConfig struct {
	Name    string        `yaml:"name"`    // of the signer: its certificate must carry it
	Address string        `yaml:"address"` // host:port
	CA      string        `yaml:"ca"`      // PEM files
	Cert    string        `yaml:"cert"`
	Key     string        `yaml:"key"`
	Timeout time.Duration `yaml:"timeout"` // of one call, 15 s unless set
}

// Client asks one signer. It implements coffer.Signer.
type Client struct {
	name    string
	timeout time.Duration
	conn    *grpc.ClientConn
	rpc     signerpb.SignerClient
}

var _ coffer.Signer = (*Client)(nil)

// Dial makes a client. It reads the certificates but does not wait for the signer: calls
// connect, and connect again after the signer was away.
func Dial(_ context.Context, cfg ClientConfig) (*Client, error) {
	tlsConfig, err := clientTLS(cfg)
	if err != nil {
		return nil, fmt.Errorf("signer %s: %w", cfg.Name, err)
	}
	conn, err := grpc.NewClient("passthrough:///"+cfg.Address,
		grpc.WithTransportCredentials(credentials.NewTLS(tlsConfig)),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessageBytes), grpc.MaxCallSendMsgSize(maxMessageBytes)))
	if err != nil {
		return nil, fmt.Errorf("signer %s: %w", cfg.Name, err)
	}
	timeout := cfg.Timeout
	if timeout <= 0 {
		timeout = defaultCallTime
	}
	return &Client{name: cfg.Name, timeout: timeout, conn: conn, rpc: signerpb.NewSignerClient(conn)}, nil
}

// Close ends the connection.
func (c *Client) Close() error { return c.conn.Close() }

// Name is the signer's name.
func (c *Client) Name() string { return c.name }

// Info asks the signer who it is and how far its log has come.
func (c *Client) Info(ctx context.Context) (Info, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	response, err := c.rpc.Info(ctx, &signerpb.InfoRequest{})
	if err != nil {
		return Info{}, c.failed(err)
	}
	info, err := infoFromWire(response)
	if err != nil {
		return Info{}, fmt.Errorf("signer %s: %w", c.name, err)
	}
	if info.Name != c.name {
		return Info{}, fmt.Errorf("signer %s: calls itself %.80q", c.name, info.Name)
	}
	return info, nil
}

// Sign asks for the signer's signatures. Errors are coffer.Errors: CodeUnavailable can be
// tried again, the others are the signer's refusal.
func (c *Client) Sign(ctx context.Context, r coffer.SigningRequest) ([]coffer.Signature, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	response, err := c.rpc.Sign(ctx, requestToWire(r))
	if err != nil {
		return nil, c.failed(err)
	}
	signatures := make([]coffer.Signature, 0, len(response.GetSignatures()))
	for _, w := range response.GetSignatures() {
		var rd reader
		sig := coffer.Signature{Signer: c.name, Key: w.GetKey(), Digest: rd.hash("digest", w.GetDigest()), Bytes: w.GetBytes()}
		if rd.err != nil {
			return nil, fmt.Errorf("signer %s: %w", c.name, rd.err)
		}
		signatures = append(signatures, sig)
	}
	return signatures, nil
}

func maxReceive(bytes int) grpc.CallOption { return grpc.MaxCallRecvMsgSize(bytes) }

// failed turns a status back into our error.
func (c *Client) failed(err error) error {
	st := status.Convert(err)
	code := coffer.CodeUnavailable
	switch st.Code() {
	case codes.InvalidArgument:
		code = coffer.CodeInvalid
	case codes.PermissionDenied:
		code = coffer.CodePolicy
	case codes.FailedPrecondition:
		code = coffer.CodeConflict
	case codes.ResourceExhausted:
		code = coffer.CodeLimit
	case codes.Internal:
		code = coffer.CodeInternal
	}
	return coffer.Errorf(code, "signer %s: %s", c.name, st.Message())
}

// Executor is a signer's executor key on one chain.
type Executor struct {
	client  *Client
	chain   coffer.ChainID
	address common.Address
}

// Executor asks the signer for its executor on a chain.
func (c *Client) Executor(ctx context.Context, chain coffer.ChainID) (*Executor, error) {
	info, err := c.Info(ctx)
	if err != nil {
		return nil, err
	}
	for _, key := range info.Keys {
		if key.Role == RoleExecutor && key.Chain == chain {
			address, err := parseAddress(key.Key)
			if err != nil {
				return nil, fmt.Errorf("signer %s: executor on %s: %w", c.name, chain, err)
			}
			return &Executor{c, chain, address}, nil
		}
	}
	return nil, coffer.Errorf(coffer.CodeNotFound, "signer %s has no executor on %s", c.name, chain)
}

// Address is who pays the gas.
func (x *Executor) Address() common.Address { return x.address }

// SignTx has the signer sign what Server.SignExecutor allows, and checks that it did and that
// nothing changed.
func (x *Executor) SignTx(ctx context.Context, tx *types.Transaction, chainID *big.Int) (*types.Transaction, error) {
	unsigned, err := tx.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("signer %s: encode the transaction: %w", x.client.name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, x.client.timeout)
	defer cancel()
	response, err := x.client.rpc.SignExecutor(ctx, &signerpb.SignExecutorRequest{Chain: string(x.chain), Transaction: unsigned})
	if err != nil {
		return nil, x.client.failed(err)
	}
	signed, err := decodeTransaction(response.GetTransaction())
	if err != nil {
		return nil, fmt.Errorf("signer %s: %w", x.client.name, err)
	}
	rules := types.LatestSignerForChainID(chainID)
	if rules.Hash(signed) != rules.Hash(tx) {
		return nil, fmt.Errorf("signer %s: signed another transaction", x.client.name)
	}
	from, err := types.Sender(rules, signed)
	if err != nil {
		return nil, fmt.Errorf("signer %s: recover who signed: %w", x.client.name, err)
	}
	if from != x.address {
		return nil, fmt.Errorf("signer %s: the transaction is signed by %s, not by the executor %s", x.client.name, from, x.address)
	}
	return signed, nil
}
