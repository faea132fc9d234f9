package tronsim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path"

	"google.golang.org/grpc"

	"github.com/cofferhq/coffer/tron/tronpb"
)

// Serve answers wallets on a listener until the context ends.
func Serve(ctx context.Context, sim *Sim, listener net.Listener) error {
	return serve(ctx, sim, listener, registerWallet, registerSolidity)
}

// ServeWallet is Serve with protocol.Wallet alone, as java-tron has it on port 50051.
func ServeWallet(ctx context.Context, sim *Sim, listener net.Listener) error {
	return serve(ctx, sim, listener, registerWallet)
}

// ServeSolidity is Serve with protocol.WalletSolidity alone, as java-tron has it on port 50061.
func ServeSolidity(ctx context.Context, sim *Sim, listener net.Listener) error {
	return serve(ctx, sim, listener, registerSolidity)
}

func registerWallet(server *grpc.Server, sim *Sim) {
	tronpb.RegisterWalletServer(server, &wallet{rpc: rpc{sim: sim}})
}

func registerSolidity(server *grpc.Server, sim *Sim) {
	tronpb.RegisterWalletSolidityServer(server, &walletSolidity{rpc: rpc{sim: sim, solid: true}})
}

func serve(ctx context.Context, sim *Sim, listener net.Listener, services ...func(*grpc.Server, *Sim)) error {
	server := grpc.NewServer(grpc.UnaryInterceptor(
		func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			if err := sim.obstruct(ctx, path.Base(info.FullMethod)); err != nil {
				return nil, err
			}
			return handler(ctx, request)
		}))
	for _, register := range services {
		register(server, sim)
	}

	stop := context.AfterFunc(ctx, server.Stop)
	defer stop()
	if err := server.Serve(listener); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("serve gRPC: %w", err)
	}
	return nil
}

// rpc are the questions that both services answer, of the head or of the solidified block.
type rpc struct {
	sim   *Sim
	solid bool
}

type (
	wallet struct {
		tronpb.UnimplementedWalletServer
		rpc
	}
	walletSolidity struct {
		tronpb.UnimplementedWalletSolidityServer
		rpc
	}
)
