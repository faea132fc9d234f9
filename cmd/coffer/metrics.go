package main

import (
	"net/http"
	"strconv"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/indexer"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics answers the questions operators ask in production: is every chain followed, is
// every part at work, how fast is the API.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	restarts *prometheus.CounterVec
	alarms   *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "coffer_http_request_seconds", Help: "Time to answer requests of the API.", Buckets: prometheus.DefBuckets,
		}, []string{"path", "status"}),
		restarts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "coffer_part_restarts_total", Help: "How often a part of this process ended with an error and was started again.",
		}, []string{"part"}),
		alarms: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "coffer_deposit_alarms_total", Help: "What a person must look at before deposits of a chain go on.",
		}, []string{"chain"}),
	}
	m.registry.MustRegister(m.requests, m.restarts, m.alarms, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// follow shows what an indexer knows about its chain.
func (m *metrics) follow(chain coffer.ChainID, x *indexer.Indexer) {
	gauge := func(name, help string, value func(s indexer.Status) float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: name, Help: help, ConstLabels: prometheus.Labels{"chain": string(chain)},
		}, func() float64 { return value(x.Status()) }))
	}
	gauge("coffer_chain_head_height", "Newest block of the node.", func(s indexer.Status) float64 { return float64(s.Head.Latest.Height) })
	gauge("coffer_chain_final_height", "Newest final block of the node.", func(s indexer.Status) float64 { return float64(s.Head.Final.Height) })
	gauge("coffer_indexer_height", "Newest block on the stream.", func(s indexer.Status) float64 { return float64(s.Tip.Height) })
	gauge("coffer_indexer_halted", "1 when the chain is halted until a person looks at it.", func(s indexer.Status) float64 {
		if s.Halted != nil {
			return 1
		}
		return 0
	})
}

// timed measures the requests of a handler.
func (m *metrics) timed(path string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" { // a WebSocket is not a request with an end
			next.ServeHTTP(w, r)
			return
		}
		begin := time.Now()
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(recorder, r)
		m.requests.WithLabelValues(path, strconv.Itoa(recorder.status)).Observe(time.Since(begin).Seconds())
	})
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
