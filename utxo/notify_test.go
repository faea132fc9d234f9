package utxo_test

import (
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/cofferhq/coffer/utxo"
)

// publisher speaks just enough ZMTP 3.0 (https://rfc.zeromq.org/spec/23/) for one subscriber
// after the other, each of which gets one answer.
func publisher(t *testing.T, answers ...[]byte) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for _, answer := range answers {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			greeting := make([]byte, 64)
			greeting[0], greeting[9], greeting[10] = 0xff, 0x7f, 3
			copy(greeting[12:], "NULL")
			ready := append([]byte{4, 27, 5}, "READY\x0bSocket-Type\x00\x00\x00\x03PUB"...)
			ready[1] = byte(len(ready) - 2)
			// Their greeting, their READY, and what they subscribe to: a byte more than "hashblock".
			theirs := make([]byte, 64+2+25+2+1+len("hashblock"))
			if _, err := conn.Write(append(greeting, ready...)); err != nil {
				t.Error(err)
			}
			if _, err := io.ReadFull(conn, theirs); err != nil {
				t.Error(err)
			}
			if got := string(theirs[len(theirs)-9:]); got != "hashblock" {
				t.Errorf("subscribed to %q", got)
			}
			if _, err := conn.Write(answer); err != nil {
				t.Error(err)
			}
			defer func() { _ = conn.Close() }()
		}
	}()
	return "tcp://" + listener.Addr().String()
}

// announcement is what Bitcoin Core publishes: the topic, a hash, a number.
func announcement() []byte {
	message := append([]byte{1, 9}, "hashblock"...)
	message = append(message, 1, 32)
	message = append(message, make([]byte, 32)...)
	return append(message, 0, 4, 7, 0, 0, 0)
}

func TestABlockThatIsAnnouncedIsHeard(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	heard := utxo.Notify(ctx, []string{publisher(t, append(announcement(), announcement()...))}, slog.New(slog.DiscardHandler))
	select {
	case <-heard:
	case <-time.After(time.Minute):
		t.Fatal("nothing was heard")
	}
}

// What nobody can mean ends the connection, and nothing else: the next one is heard.
func TestNonsenseIsNotHeard(t *testing.T) {
	t.Parallel()
	huge := binary.BigEndian.AppendUint64([]byte{2}, 1<<62)
	for name, nonsense := range map[string][]byte{"a frame of 2^62 bytes": huge, "an unknown flag": {0xf0, 1, 1}, "a command": {4, 1, 0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			heard := utxo.Notify(t.Context(), []string{publisher(t, nonsense, announcement())}, slog.New(slog.DiscardHandler))
			select {
			case <-heard:
			case <-time.After(time.Minute):
				t.Fatal("nothing was heard after nonsense")
			}
		})
	}
}
