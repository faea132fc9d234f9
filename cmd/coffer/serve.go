package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/graphql"
	"github.com/cofferhq/coffer/indexer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/merchant"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/stream"
	"github.com/cofferhq/coffer/treasury"
	"github.com/cofferhq/coffer/withdrawal"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

// Bounds of the server.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second // of a whole request; WebSockets have bounds of their own
	writeTimeout  = time.Minute      // from the end of its header to the end of its answer
	idleTimeout   = 2 * time.Minute
	drainTimeout  = 10 * time.Second
	firstPause    = time.Second // before a part that failed is started again, doubled each time
	longestPause  = 30 * time.Second
	sealPause     = time.Second

	maxHeaderBytes = 64 << 10
)

// checkpoint is called at the points where a crash is interesting. Only tests set it.
var checkpoint func(name string)

func serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server, or some of its roles",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(cmd)
			if err != nil {
				return err
			}
			onReady := func(address string) { sayTo(cmd.OutOrStdout())(readyPrefix+"%s", address) }
			return exitQuietly(cmd.Context(), serve(cmd.Context(), c, newLogger(c.Log), onReady))
		},
	}
	configFlags(cmd)
	cmd.Flags().StringSlice("roles", nil, "parts to run: all, or some of api, indexer, deposits, withdrawals, payouts, treasury, bundler, ledger, stream")
	return cmd
}

// server is everything that runs, wired by hand.
type server struct {
	config  config.Config
	log     *slog.Logger
	metrics *metrics
	ready   *ready

	db          *postgres.DB
	dbEnded     <-chan struct{} // closed when the private database has ended
	stream      *stream.Postgres
	ledger      *ledger.Ledger
	policy      *policy.Policy
	merchants   *merchant.Store
	deposits    *deposit.Service
	withdrawals *withdrawal.Service
	customers   *withdrawal.CustomerTable // nil unless operators keep the customers' standing
	payouts     *payout.Manager
	sweeps      *treasury.Sweeper
	signers     []*signerConn
	watch       signerWatch
	chains      []*chainParts
	closers     []func() // of what else is open
}

// serve runs until ctx ends or the server cannot go on.
func serve(ctx context.Context, c config.Config, log *slog.Logger, onReady func(address string)) error {
	database, err := openDatabase(ctx, c, log)
	if err != nil {
		return err
	}
	defer database.close()
	db := database.DB
	if err := postgres.Migrate(ctx, db); err != nil {
		return err
	}

	// Taken before anything is booked: a port in use is a reason not to start at all.
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.HTTP.Listen)
	if err != nil {
		return fmt.Errorf("http.listen: %w", err)
	}
	defer func() { _ = listener.Close() }() // the HTTP server has closed it, where it came so far

	s := &server{config: c, log: log, db: db, dbEnded: database.ended(), metrics: newMetrics()}
	s.ready = &ready{report: func(name string, err error) { log.Warn("not ready", "check", name, "err", err) }}
	s.stream = stream.NewPostgres(db, time.Now)
	s.stream.Checkpoint = checkpoint
	s.ledger = ledger.New(db, time.Now)
	s.ledger.Checkpoint = checkpoint
	s.merchants = merchant.New(db, time.Now, rand.Reader)
	s.ready.add("database", func(ctx context.Context) error { return db.Pool().Ping(ctx) })

	defer s.close()
	for _, wire := range []func(ctx context.Context) error{s.wirePolicy, s.wireSigners, s.wireChains, s.compareSigners, s.wireFlows, s.wireSweeps, s.openBooks} {
		if err := wire(ctx); err != nil {
			return err
		}
	}
	return s.run(ctx, listener, onReady)
}

func (s *server) wirePolicy(context.Context) (err error) {
	s.policy, err = readPolicy(s.config.PolicyFile)
	return err
}

// wireFlows makes what knows no chain of its own.
func (s *server) wireFlows(context.Context) (err error) {
	if err := s.wireDeposits(); err != nil {
		return err
	}
	var assets []coffer.Asset
	payoutChains := map[coffer.ChainID]payout.Chain{}
	parsers := map[coffer.ChainID]withdrawal.AddressParser{}
	for _, chain := range s.payingChains() {
		assets = append(assets, chain.assets...)
		parsers[chain.id] = chain.source
		payoutChains[chain.id] = s.payoutChain(chain)
	}

	settings, err := s.withdrawalConfig(assets, parsers)
	if err != nil {
		return err
	}
	settings.Closed = s.closed
	s.withdrawals, err = withdrawal.New(settings)
	if err != nil {
		return err
	}
	if s.config.Has("withdrawals") {
		s.metrics.registry.MustRegister(newBacklog(s.withdrawals, s.log))
	}
	s.payouts, err = payout.New(payout.Config{
		DB: s.db, Ledger: s.ledger, Withdrawals: s.withdrawals, Events: s.stream, Chains: payoutChains,
		Clock: time.Now, Log: s.log, Checkpoint: checkpoint, Paused: s.paused,
	})
	return err
}

// run starts the configured roles and the HTTP server.
func (s *server) run(ctx context.Context, listener net.Listener, onReady func(address string)) error {
	handler, api, err := s.handler()
	if err != nil {
		return err
	}

	if s.config.Has("payouts") {
		s.watchPayouts()
		s.admit(ctx) // before anybody asks for anything
	}
	group, ctx := errgroup.WithContext(ctx)
	part := func(role, name string, run func(ctx context.Context) error) {
		if s.config.Has(role) {
			group.Go(func() error { return s.supervise(ctx, name, run) })
		}
	}
	part("stream", "sequencer", s.stream.Run)
	if s.config.Stream != (config.Stream{}) {
		part("stream", "trimmer", s.trim)
	}
	part("ledger", "sealer", s.seal)
	part("ledger", "keeper", s.keep)
	for _, chain := range s.chains {
		part("indexer", "indexer "+string(chain.id), func(ctx context.Context) error { return s.index(ctx, chain) })
		if e := chain.evmOf(); e != nil && e.bundler != nil {
			part("bundler", "bundler "+string(chain.id), e.bundler.Run)
		}
	}
	for _, chain := range s.chains {
		part("deposits", "deposits "+string(chain.id), func(ctx context.Context) error { return s.receive(ctx, chain) })
	}
	for _, chain := range s.chains {
		part("treasury", "sweeper "+string(chain.id), func(ctx context.Context) error { return s.sweep(ctx, chain) })
	}
	part("withdrawals", "withdrawals", s.withdrawals.Run)
	part("payouts", "payouts", s.runPayouts)
	s.priceParts(part)
	part("payouts", "signers", s.watchSigners)
	group.Go(func() error { return s.serveHTTP(ctx, listener, handler, api) })
	group.Go(func() error {
		select {
		case <-ctx.Done():
			return nil
		case <-s.dbEnded:
			return errors.New("the private database ended")
		}
	})

	s.log.Info("coffer is up", "address", listener.Addr().String(), "roles", s.config.Roles, "chains", len(s.chains))
	onReady(listener.Addr().String())
	return group.Wait()
}

// supervise runs a part and starts it again when it fails, with growing pauses. A chain
// that contradicts itself is left alone until a person has looked at it: the other parts
// go on, and the process is not ready.
func (s *server) supervise(ctx context.Context, name string, run func(ctx context.Context) error) error {
	pause := firstPause
	for {
		err := run(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the end of ctx is no error
		}
		if errors.Is(err, indexer.ErrHalted) || errors.Is(err, deposit.ErrBroken) {
			s.log.Error("part halted until a person looks at it", "part", name, "err", err)
			s.ready.add(name, func(context.Context) error { return err })
			<-ctx.Done()
			return nil
		}
		s.metrics.restarts.WithLabelValues(name).Inc()
		s.log.Error("part ended, starting it again", "part", name, "err", err, "pause", pause)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		pause = min(2*pause, longestPause)
	}
}

// seal keeps the ledger's hash chain up with its entries.
func (s *server) seal(ctx context.Context) error {
	ticker := time.NewTicker(sealPause)
	defer ticker.Stop()
	for {
		if _, err := s.ledger.Seal(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// handler returns what answers requests, and the API in it, which is nil without that role.
func (s *server) handler() (http.Handler, *graphql.Handler, error) {
	mux := http.NewServeMux()
	mux.Handle("/metrics", s.metrics.handler())
	mux.HandleFunc("/healthz", healthy)
	mux.Handle("/readyz", s.ready)
	for _, chain := range s.chains {
		if e := chain.evmOf(); e != nil && e.bundler != nil && chain.config.BundlerRPC {
			path := "/bundler/" + string(chain.id)
			mux.Handle(path, s.metrics.timed(path, e.bundler.Handler()))
		}
	}
	if !s.config.Has("api") {
		return mux, nil, nil
	}
	var assets []coffer.Asset
	for _, chain := range s.chains {
		assets = append(assets, chain.assets...)
	}
	api, err := graphql.New(graphql.Config{
		Merchants: s.merchants, Deposits: s.deposits, Withdrawals: s.withdrawals, Customers: s.customers, Ledger: s.ledger, Stream: s.stream,
		Assets: assets, Log: s.log, Origins: s.config.HTTP.AllowedOrigins,
		Clock: time.Now, Rate: graphql.RateLimit{PerSecond: s.config.HTTP.RequestsPerSecond, Burst: s.config.HTTP.Burst},
	})
	if err != nil {
		return nil, nil, err
	}
	mux.Handle("/graphql", s.metrics.timed("/graphql", api))
	mux.Handle("/graphiql/", http.StripPrefix("/graphiql", graphql.GraphiQL()))
	return mux, api, nil
}

// serveHTTP serves until ctx ends, then lets requests under way finish and closes the
// API's WebSockets.
func (s *server) serveHTTP(ctx context.Context, listener net.Listener, handler http.Handler, api *graphql.Handler) error {
	httpServer := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
	}
	ended := make(chan error, 1)
	go func() { ended <- httpServer.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("http: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	err := httpServer.Shutdown(drain)
	if api != nil {
		err = errors.Join(err, api.Shutdown(drain))
	}
	if err != nil {
		return fmt.Errorf("http: %w", err)
	}
	return nil
}
