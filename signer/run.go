package signer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"

	"github.com/cofferhq/coffer"
)

// Run is the signer process: it opens the policy, the token and the log, and answers until
// ctx ends. It does not start when any of them is not what it should be.
func Run(ctx context.Context, cfg Config) error { return run(ctx, cfg, explainerOf) }

func run(ctx context.Context, cfg Config, explain func(ChainConfig) (coffer.Explainer, error)) (err error) {
	server, closeAll, err := open(ctx, cfg, explain)
	if err != nil {
		return fmt.Errorf("signer %s: %w", cfg.Name, err)
	}
	defer func() { err = errors.Join(err, closeAll()) }()

	g, err := newGRPC(server, cfg)
	if err != nil {
		return fmt.Errorf("signer %s: %w", cfg.Name, err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("signer %s: %w", cfg.Name, err)
	}

	info := server.Info()
	cfg.logger().Info("signer ready", "signer", info.Name, "address", listener.Addr().String(),
		"sequence", info.Sequence, "head", info.Head.String(), "policy", info.Policy.String())
	served := make(chan error, 1)
	go func() { served <- g.Serve(listener) }()
	if cfg.Ready != nil {
		cfg.Ready(listener.Addr())
	}

	select {
	case err := <-served:
		return fmt.Errorf("signer %s: %w", cfg.Name, err)
	case <-ctx.Done():
	}
	stop(g)
	if err := <-served; !errors.Is(err, grpc.ErrServerStopped) { // stopped before it began to serve
		return err
	}
	return nil
}

// stop lets calls under way finish, for stopTime at most.
func stop(g *grpc.Server) {
	done := make(chan struct{})
	go func() {
		g.GracefulStop()
		close(done)
	}()
	timer := time.NewTimer(stopTime)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		g.Stop()
		<-done
	}
}
