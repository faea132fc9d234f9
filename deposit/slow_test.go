package deposit

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cofferhq/coffer"
)

// slowly is a screener that takes its time over each sender.
type slowly struct {
	takes time.Duration
	asked int
}

func (s *slowly) ScreenDeposit(ctx context.Context, _ coffer.Deposit) (Screening, error) {
	s.asked++
	return Screening{Pass: true}, spend(ctx, s.takes)
}

// spend lets time pass, of which a call may have too little.
func spend(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// TestEachCallHasItsOwnTime has a node that is slow over each parent and a screener that is
// slow over each sender: no call takes too long, but all of them take longer than one may.
func TestEachCallHasItsOwnTime(t *testing.T) {
	const parents = 9
	chain := coffer.ChainID("bip122:0f9188f13cb7b2c71f2a335e3a4fc328")
	for name, c := range map[string]struct {
		node, screener time.Duration // for each sender
		passes         bool
	}{
		"slow":                       {10 * time.Second, 10 * time.Second, true},
		"a screener that hangs":      {time.Second, callTimeout + time.Second, false},
		"a node that takes for ever": {time.Minute, time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				screener := &slowly{takes: c.screener}
				s := &Service{Config: Config{Screener: screener}, chains: map[coffer.ChainID]Chain{chain: {
					ID: chain, Coins: coffer.NewAssetID(chain, coffer.AssetNative, "1"),
					Senders: func(ctx context.Context, _ coffer.Hash) (senders []coffer.Address, err error) {
						for n := range parents {
							if err := spend(ctx, c.node); err != nil {
								return nil, fmt.Errorf("parent %d: %w", n, err)
							}
							senders = append(senders, coffer.Address(fmt.Sprint("sender ", n)))
						}
						return senders, nil
					},
				}}}
				begin := time.Now()
				verdict, err := s.screen(t.Context(), coffer.Deposit{Chain: chain})
				if passed := err == nil && verdict.Pass; passed != c.passes {
					t.Errorf("%+v, %v", verdict, err)
				}
				if c.passes && screener.asked != parents {
					t.Errorf("asked about %d senders, want %d", screener.asked, parents)
				}
				if took := time.Since(begin); took > sendersTimeout+parents*callTimeout {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}
