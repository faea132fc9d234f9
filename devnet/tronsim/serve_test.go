package tronsim

import (
	"context"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/cofferhq/coffer/tron/tronpb"
)

const patience = 60 * time.Second

// listen serves a scene on a port.
func (s *scene) listen() (address string, ctx context.Context) {
	s.t.Helper()
	listener, err := new(net.ListenConfig).Listen(s.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	serving, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- Serve(serving, s.Sim, listener) }()
	s.t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			s.t.Error(err)
		}
	})
	timed, cancel := context.WithTimeout(context.Background(), patience)
	s.t.Cleanup(cancel)
	return listener.Addr().String(), timed
}

// dial serves a scene on a port and connects to it.
func (s *scene) dial() (tronpb.WalletClient, tronpb.WalletSolidityClient, context.Context) {
	s.t.Helper()
	address, timed := s.listen()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	return tronpb.NewWalletClient(conn), tronpb.NewWalletSolidityClient(conn), timed
}

func TestWalletOverGRPC(t *testing.T) {
	s := newScene(t, nil)
	w, solid, ctx := s.dial()
	from, to := AddressOf(KeyOf("test", 0)), AddressOf(KeyOf("test", 1))

	built, err := w.CreateTransaction2(ctx, &tronpb.TransferContract{OwnerAddress: Wire(from), ToAddress: Wire(to), Amount: trx})
	if err != nil || !built.Result.Result {
		t.Fatal(err, built)
	}
	tx := built.Transaction
	sign(t, tx, KeyOf("test", 0))
	weight, err := w.GetTransactionSignWeight(ctx, tx)
	if err != nil || weight.Result.Code != tronpb.TransactionSignWeight_Result_ENOUGH_PERMISSION || weight.CurrentWeight != 1 {
		t.Fatal(err, weight)
	}
	if r, err := w.BroadcastTransaction(ctx, tx); err != nil || !r.Result {
		t.Fatal(err, r)
	}
	if n, err := w.GetPendingSize(ctx, &tronpb.EmptyMessage{}); err != nil || n.Num != 1 {
		t.Error(err, n)
	}
	s.mine(1)

	head, err := w.GetNowBlock2(ctx, &tronpb.EmptyMessage{})
	if err != nil || len(head.Transactions) != 1 {
		t.Fatal(err, head)
	}
	same, err := w.GetBlock(ctx, &tronpb.BlockReq{Detail: true})
	if err != nil || !proto.Equal(same, head) {
		t.Error(err, "GetBlock without a number is not the head")
	}
	infos, err := w.GetTransactionInfoByBlockNum(ctx, &tronpb.NumberMessage{Num: head.BlockHeader.RawData.Number})
	if err != nil || len(infos.TransactionInfo) != 1 || string(infos.TransactionInfo[0].Id) != string(built.Txid) {
		t.Error(err, infos)
	}
	account, err := w.GetAccount(ctx, &tronpb.Account{Address: Wire(to)})
	if err != nil || account.Balance != rich+trx || account.OwnerPermission.GetThreshold() != 1 || len(account.ActivePermission) != 1 {
		t.Error(err, account)
	}

	// Not found is an empty message.
	nobody, err := w.GetAccount(ctx, &tronpb.Account{Address: Wire(AddressOf(KeyOf("test", 99)))})
	if err != nil || proto.Size(nobody) != 0 {
		t.Error(err, nobody)
	}
	if m, err := solid.GetTransactionInfoById(ctx, &tronpb.BytesMessage{Value: built.Txid}); err != nil || proto.Size(m) != 0 {
		t.Error(err, "the solid service knows what is not solid", m)
	}
	if m, err := w.GetBlockByNum2(ctx, &tronpb.NumberMessage{Num: 99}); err != nil || proto.Size(m) != 0 {
		t.Error(err, m)
	}
	s.mine(18)
	if m, err := solid.GetTransactionInfoById(ctx, &tronpb.BytesMessage{Value: built.Txid}); err != nil || m.BlockNumber != 2 {
		t.Error(err, m)
	}
	page, err := w.GetBlockByLimitNext2(ctx, &tronpb.BlockLimit{StartNum: 1, EndNum: 4})
	if err != nil || len(page.Block) != 3 || page.Block[2].BlockHeader.RawData.Number != 3 {
		t.Error(err, page)
	}
}

// Every RPC that the services have is answered, an empty request included.
func TestEveryRPCIsAnswered(t *testing.T) {
	s := newScene(t, nil)
	s.mine(1)
	listener, ctx := s.listen()
	conn, err := grpc.NewClient(listener, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	services := tronpb.File_tron_tronpb_api_proto.Services()
	asked := 0
	for i := range services.Len() {
		methods := services.Get(i).Methods()
		for j := range methods.Len() {
			m := methods.Get(j)
			in, err := protoregistry.GlobalTypes.FindMessageByName(m.Input().FullName())
			if err != nil {
				t.Fatal(err)
			}
			out, err := protoregistry.GlobalTypes.FindMessageByName(m.Output().FullName())
			if err != nil {
				t.Fatal(err)
			}
			path := "/" + string(services.Get(i).FullName()) + "/" + string(m.Name())
			if err := conn.Invoke(ctx, path, in.New().Interface(), out.New().Interface()); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			asked++
		}
	}
	if asked < 60 {
		t.Errorf("only %d RPCs", asked)
	}
}

func TestFaultsOverGRPC(t *testing.T) {
	s := newScene(t, nil)
	w, _, ctx := s.dial()
	s.mine(5)

	s.Inject(Fault{Kind: Unavailable, Method: "GetNowBlock2", Times: 1})
	if _, err := w.GetNowBlock2(ctx, &tronpb.EmptyMessage{}); status.Code(err) != codes.Unavailable {
		t.Errorf("got %v", err)
	}
	lift := s.Inject(Fault{Kind: Lag, Blocks: 2})
	if b, err := w.GetNowBlock2(ctx, &tronpb.EmptyMessage{}); err != nil || b.BlockHeader.RawData.Number != 4 {
		t.Error(err, b)
	}
	lift()
	// A hang that happens once ends when it is lifted, too.
	once := s.Inject(Fault{Kind: Hang, Method: "GetNodeInfo", Times: 1})
	answered := make(chan error, 1)
	go func() {
		_, err := w.GetNodeInfo(ctx, &tronpb.EmptyMessage{})
		answered <- err
	}()
	once()
	if err := <-answered; err != nil {
		t.Errorf("after it was lifted: %v", err)
	}
	s.Inject(Fault{Kind: OtherBlock, Times: 1})
	if b, err := w.GetBlockByNum2(ctx, &tronpb.NumberMessage{Num: 5}); err != nil || b.BlockHeader.RawData.Number != 4 {
		t.Error(err, b)
	}

	lift = s.Inject(Fault{Kind: Hang, Method: "GetBlockByNum2"})
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if _, err := w.GetBlockByNum2(short, &tronpb.NumberMessage{Num: 5}); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("hanging: %v", err)
	}
	lift()
	if b, err := w.GetBlockByNum2(ctx, &tronpb.NumberMessage{Num: 5}); err != nil || b.BlockHeader.RawData.Number != 5 {
		t.Error(err, b)
	}
}
