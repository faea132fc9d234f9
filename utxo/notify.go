package utxo

import (
	"context"
	"log/slog"
	"time"

	"github.com/lightninglabs/gozmq"
)

// Bounds of a subscription to a node's messages.
const (
	notifyTimeout = 10 * time.Second // of a message's later parts
	notifyAgain   = 5 * time.Second  // until the next try to connect
)

// Notify returns a channel that says when one of these nodes has announced a block over ZeroMQ
// (Bitcoin Core's -zmqpubhashblock), until ctx ends. Nothing of a message is believed: whoever
// waits for it looks at the node sooner than it would have, and looks by itself when messages
// get lost, for which ZeroMQ gives no guarantee.
func Notify(ctx context.Context, addresses []string, log *slog.Logger) <-chan struct{} {
	said := make(chan struct{}, 1)
	for _, address := range addresses {
		go func() {
			for ctx.Err() == nil {
				if err := listen(ctx, address, said); err != nil && ctx.Err() == nil {
					log.Warn("a node's messages cannot be heard, trying again", "address", address, "error", err)
				}
				wait := time.NewTimer(notifyAgain)
				select {
				case <-ctx.Done():
				case <-wait.C:
				}
				wait.Stop()
			}
		}()
	}
	return said
}

// listen passes on that there are messages until the connection ends.
func listen(ctx context.Context, address string, said chan<- struct{}) error {
	conn, err := gozmq.Subscribe(address, []string{"hashblock"}, notifyTimeout)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer func() {
		if stop() {
			_ = conn.Close()
		}
	}()
	for {
		// Without buffers each part gets one of its own, of at most 32 MiB.
		if _, err := conn.Receive(nil); err != nil {
			return err
		}
		select {
		case said <- struct{}{}:
		default: // somebody is about to look
		}
	}
}
