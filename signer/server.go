package signer

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/ethereum/go-ethereum/core/types"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/signer/signerpb"
	"github.com/cofferhq/coffer/utxo"
)

// Bounds of the server.
const (
	maxMessageBytes = utxo.MaxPSBT + 1<<20
	maxStreams      = 64 // calls at once on one connection
	maxCallTime     = 30 * time.Second
	handshakeTime   = 5 * time.Second
	idleTime        = 10 * time.Minute
	stopTime        = 5 * time.Second // for calls under way when we are told to stop
)

// service speaks gRPC for a Server.
type service struct {
	signerpb.UnimplementedSignerServer
	server *Server
	logger *slog.Logger
}

func newGRPC(s *Server, cfg Config) (*grpc.Server, error) {
	tlsConfig, err := serverTLS(cfg.TLS)
	if err != nil {
		return nil, err
	}
	g := grpc.NewServer(
		grpc.Creds(credentials.NewTLS(tlsConfig)),
		grpc.MaxRecvMsgSize(maxMessageBytes),
		grpc.MaxSendMsgSize(maxHistoryCall),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.ConnectionTimeout(handshakeTime),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: idleTime}),
		grpc.UnaryInterceptor(withDeadline),
	)
	signerpb.RegisterSignerServer(g, &service{server: s, logger: cfg.logger()})
	return g, nil
}

// withDeadline bounds every call, whatever its caller asked for.
func withDeadline(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, maxCallTime)
	defer cancel()
	return handler(ctx, request)
}

func (s *service) Info(context.Context, *signerpb.InfoRequest) (*signerpb.InfoResponse, error) {
	return infoToWire(s.server.Info()), nil
}

func (s *service) Sign(ctx context.Context, w *signerpb.SignRequest) (*signerpb.SignResponse, error) {
	request, err := requestFromWire(w)
	if err != nil {
		return nil, s.refuse(ctx, "payout refused", err, "payout", w.GetIntent().GetId())
	}
	signatures, err := s.server.Sign(ctx, request)
	if err != nil {
		return nil, s.refuse(ctx, "payout refused", err, "payout", request.Intent.ID)
	}
	s.logger.InfoContext(ctx, "payout signed", "payout", request.Intent.ID, "chain", request.Intent.Chain,
		"slot", request.Intent.Slot.String(), "orders", len(request.Orders))
	response := &signerpb.SignResponse{}
	for _, sig := range signatures {
		response.Signatures = append(response.Signatures, &signerpb.Signature{Key: sig.Key, Digest: sig.Digest[:], Bytes: sig.Bytes})
	}
	return response, nil
}

func (s *service) SignExecutor(ctx context.Context, w *signerpb.SignExecutorRequest) (*signerpb.SignExecutorResponse, error) {
	tx, err := decodeTransaction(w.GetTransaction())
	if err != nil {
		return nil, s.refuse(ctx, "transaction refused", err, "chain", w.GetChain())
	}
	signed, err := s.server.SignExecutor(ctx, coffer.ChainID(w.GetChain()), tx)
	if err != nil {
		return nil, s.refuse(ctx, "transaction refused", err, "chain", w.GetChain(), "nonce", tx.Nonce())
	}
	s.logger.InfoContext(ctx, "transaction signed", "chain", w.GetChain(), "nonce", tx.Nonce(), "tx", signed.Hash())
	text, err := signed.MarshalBinary()
	if err != nil {
		return nil, s.refuse(ctx, "transaction refused", err, "chain", w.GetChain())
	}
	return &signerpb.SignExecutorResponse{Transaction: text}, nil
}

func (s *service) Revoke(ctx context.Context, w *signerpb.RevokeRequest) (*signerpb.RevokeResponse, error) {
	var rd reader
	o := rd.order("order", w.GetOrder())
	if rd.err != nil {
		return nil, s.refuse(ctx, "revocation refused", rd.err, "order", w.GetOrder().GetId())
	}
	slot, err := s.server.Revoke(ctx, o, w.GetReason())
	if err != nil {
		return nil, s.refuse(ctx, "revocation refused", err, "order", o.ID)
	}
	if slot != nil {
		s.logger.WarnContext(ctx, "order is signed already, not revoked", "order", o.ID, "slot", slot.String())
		return &signerpb.RevokeResponse{Slot: &signerpb.Slot{Kind: slot.Kind, Lane: slot.Lane, Sequence: slot.Sequence}}, nil
	}
	s.logger.InfoContext(ctx, "order revoked", "order", o.ID)
	return &signerpb.RevokeResponse{Revoked: true}, nil
}

func (s *service) Command(ctx context.Context, w *signerpb.CommandRequest) (*signerpb.CommandResponse, error) {
	var rd reader
	c := rd.command(w.GetCommand())
	if rd.err != nil {
		return nil, s.refuse(ctx, "statement refused", rd.err)
	}
	changed, err := s.server.Command(ctx, c)
	if err != nil {
		return nil, s.refuse(ctx, "statement refused", err, "statement", c.Statement.String())
	}
	if changed {
		s.logger.WarnContext(ctx, "people commanded the signer", "statement", c.Statement.String(), "reason", c.Statement.Reason)
	}
	return &signerpb.CommandResponse{Changed: changed}, nil
}

func (s *service) History(ctx context.Context, w *signerpb.HistoryRequest) (*signerpb.HistoryResponse, error) {
	lines, sequence, head, err := s.server.History(w.GetFrom())
	if err != nil {
		return nil, s.refuse(ctx, "history refused", err, "from", w.GetFrom())
	}
	return &signerpb.HistoryResponse{Lines: lines, Sequence: sequence, Head: head[:]}, nil
}

func (s *service) Seen(ctx context.Context, w *signerpb.SeenRequest) (*signerpb.SeenResponse, error) {
	var rd reader
	head := rd.hash("head", w.GetHead())
	err := rd.err
	if err == nil {
		err = s.server.Seen(ctx, w.GetSequence(), head)
	}
	if err != nil {
		return nil, s.refuse(ctx, "head refused", err, "sequence", w.GetSequence())
	}
	return &signerpb.SeenResponse{}, nil
}

func decodeTransaction(b []byte) (*types.Transaction, error) {
	if len(b) > maxTransactionBytes {
		return nil, coffer.Errorf(coffer.CodeLimit, "a transaction has at most %d bytes", maxTransactionBytes)
	}
	tx := new(types.Transaction)
	if err := tx.UnmarshalBinary(b); err != nil {
		return nil, coffer.Invalid("transaction", "cannot be read: %s", err)
	}
	return tx, nil
}

// grpcCodes is how our codes travel; their message is the status message.
var grpcCodes = map[coffer.Code]codes.Code{
	coffer.CodeInvalid:     codes.InvalidArgument,
	coffer.CodePolicy:      codes.PermissionDenied,
	coffer.CodeConflict:    codes.FailedPrecondition,
	coffer.CodeLimit:       codes.ResourceExhausted,
	coffer.CodeUnavailable: codes.Unavailable,
	coffer.CodeInternal:    codes.Internal,
}

// refuse logs a refusal with its cause and tells the caller our words only.
func (s *service) refuse(ctx context.Context, message string, err error, args ...any) error {
	code := coffer.ErrorCode(err)
	level := slog.LevelWarn
	if code == coffer.CodeInternal || code == coffer.CodeUnavailable {
		level = slog.LevelError
	}
	s.logger.Log(ctx, level, message, append(args, "reason", err.Error())...)

	var e *coffer.Error
	if !errors.As(err, &e) {
		return status.Error(codes.Internal, "the signer failed; its log says why")
	}
	text := e.Message
	if e.Field != "" {
		text = e.Field + ": " + text
	}
	grpcCode, known := grpcCodes[code]
	if !known {
		grpcCode = codes.Internal // never OK, which would make an answer of a refusal
	}
	return status.Error(grpcCode, text)
}
