package relayer_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer/evm"
	"github.com/cofferhq/coffer/relayer"
)

// breaking is a bundler that does what it is asked, and breaks before it says so while on
// is set. keep says whether operations reach the bundler at all.
func breaking(t *testing.T, upstream string, on *atomic.Bool, keep bool) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		broken := on.Load()
		if broken && (!keep || !bytes.Contains(body, []byte("eth_sendUserOperation"))) {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		response, err := http.Post(upstream, "application/json", bytes.NewReader(body))
		if err != nil {
			return
		}
		defer response.Body.Close()
		if broken {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = io.Copy(w, response.Body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestAnOperationIsPaidOnceWhenItsBundlerBreaks(t *testing.T) {
	c := newChain(t)
	var on, second atomic.Bool
	upstream := c.bundler.serve(t, 31337)
	rpc, err := relayer.DialRPC(t.Context(), breaking(t, upstream, &on, true), 31337, breaking(t, upstream, &second, false))
	if err != nil {
		t.Fatal(err)
	}
	defer rpc.Close()
	c.wallet = c.newWallet(t, rpc)
	signed := c.finalize(t, c.build(t, c.intent(t, "0x0", c.pays(0x71, 5))))

	// The first takes it and breaks; the second says that it has it.
	on.Store(true)
	if err := c.wallet.Broadcast(t.Context(), signed); err != nil {
		t.Errorf("the second knows it: %v", err)
	}
	if c.outcome(t, signed.ID); c.bundler.sends != 2 {
		t.Errorf("given to a bundler %d times, want twice", c.bundler.sends)
	}
	if balance, err := c.TokenBalance(t.Context(), c.Contracts, common.Address{0x71}); err != nil || balance.Int64() != 5 {
		t.Errorf("paid %v, %v; want 5", balance, err)
	}

	// Where nobody is left to say, nothing is concluded.
	on.Store(false)
	next := c.finalize(t, c.build(t, c.intent(t, "0x0", c.pays(0x71, 6))))
	on.Store(true)
	second.Store(true)
	if err := c.wallet.Broadcast(t.Context(), next); !errors.Is(err, evm.ErrUnknownOutcome) {
		t.Errorf("%v, want ErrUnknownOutcome", err)
	}
	if !c.outcome(t, next.ID).Success {
		t.Error("it did land")
	}
}
