package tronsim

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer/tron/tronpb"
)

const (
	maxBody     = 4 << 20
	httpTimeout = 30 * time.Second
)

// ServeHTTP answers wallets that speak HTTP (/wallet/… and /walletsolidity/…) on a
// listener until the context ends.
func ServeHTTP(ctx context.Context, sim *Sim, listener net.Listener) error {
	server := &http.Server{Handler: Handler(sim), ReadTimeout: httpTimeout, WriteTimeout: httpTimeout}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve HTTP: %w", err)
	}
	return nil
}

// Handler is the node's HTTP. Whatever goes wrong is answered with status 200 and a field
// Error, and what is not there with {}: that is java-tron's way.
func Handler(sim *Sim) http.Handler {
	mux := http.NewServeMux()
	head := &wallet{rpc: rpc{sim: sim}}
	solid := &walletSolidity{rpc: rpc{sim: sim, solid: true}}
	for name, r := range shared(head) {
		mux.Handle("/wallet/"+name, r.handler(sim))
	}
	for name, r := range shared(solid) {
		mux.Handle("/walletsolidity/"+name, r.handler(sim))
	}
	for name, r := range headOnly(head) {
		mux.Handle("/wallet/"+name, r.handler(sim))
	}
	return mux
}

// route is one path: a request message, the RPC that answers, and how the answer is written.
type route struct {
	rpc   string // for faults
	ask   func() proto.Message
	fill  func(in proto.Message, given map[string]any) error // beyond the fields by name; may be nil
	reply func(ctx context.Context, in proto.Message, given map[string]any) (proto.Message, error)
	write func(p printer, out proto.Message) any // nil: the message as it is
}

func (r route) handler(sim *Sim) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		w.Header().Set("Content-Type", "application/json;charset=utf-8")
		answer, err := r.answer(sim, request)
		if err != nil {
			answer = object{{"Error", "class java.lang.Exception : " + err.Error()}}
		}
		// An error here means that the wallet has gone.
		_ = json.NewEncoder(w).Encode(answer)
	})
}

func (r route) answer(sim *Sim, request *http.Request) (any, error) {
	if err := sim.obstruct(request.Context(), r.rpc); err != nil {
		return nil, err
	}
	given, err := parameters(request)
	if err != nil {
		return nil, err
	}
	visible := given["visible"] == true || given["visible"] == "true"
	in := r.ask()
	if err := (reader{visible}).merge(in.ProtoReflect(), given, 0); err != nil {
		return nil, err
	}
	if r.fill != nil {
		if err := r.fill(in, given); err != nil {
			return nil, err
		}
	}
	out, err := r.reply(request.Context(), in, given)
	if err != nil {
		return nil, err
	}
	p := printer{visible}
	if r.write != nil {
		return r.write(p, out), nil
	}
	return p.message(out), nil
}

// parameters are the fields of the body, or of the query where there is none.
func parameters(request *http.Request) (map[string]any, error) {
	given := map[string]any{}
	for name, values := range request.URL.Query() {
		given[name] = values[0]
	}
	if request.Method != http.MethodPost {
		return given, nil
	}
	body, err := io.ReadAll(io.LimitReader(request.Body, maxBody+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("body of more than %d bytes", maxBody)
	}
	if len(strings.TrimSpace(string(body))) == 0 {
		return given, nil
	}
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.UseNumber()
	if err := decoder.Decode(&given); err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	return given, nil
}

// via makes a route of an RPC.
func via[In, Out proto.Message](rpc string, ask func() In, reply func(context.Context, In) (Out, error), write func(p printer, out Out) any) route {
	r := route{
		rpc: rpc,
		ask: func() proto.Message { return ask() },
		reply: func(ctx context.Context, in proto.Message, _ map[string]any) (proto.Message, error) {
			typed, ok := in.(In)
			if !ok {
				return nil, fmt.Errorf("%T", in)
			}
			return reply(ctx, typed)
		},
	}
	if write != nil {
		r.write = func(p printer, out proto.Message) any {
			typed, ok := out.(Out)
			if !ok {
				return object{}
			}
			return write(p, typed)
		}
	}
	return r
}

// fresh makes request messages.
func fresh[T any]() *T { return new(T) }

// selected puts the call data together where a selector and its parameters are given.
func selected(in proto.Message, given map[string]any) error {
	call, ok := in.(*tronpb.TriggerSmartContract)
	selector, has := given["function_selector"].(string)
	if !ok || !has || selector == "" {
		return nil
	}
	text, _ := given["parameter"].(string)
	arguments, err := hex.DecodeString(text)
	if err != nil {
		return errors.New("parameter: want hex")
	}
	call.Data = append(crypto.Keccak256([]byte(selector))[:4], arguments...)
	return nil
}

// asTransaction writes the transaction alone, or why there is none.
func asTransaction(p printer, e *tronpb.TransactionExtention) any {
	if !e.Result.GetResult() {
		return object{{"Error", "class org.tron.core.exception.ContractValidateException : " + string(e.Result.GetMessage())}}
	}
	return p.transaction(e.Transaction)
}
