package evm

import (
	"encoding/json"
	"testing"
)

// What nodes answer is foreign: nothing in it may stop the program, and what is read of it
// stays within bounds.
func FuzzTraces(f *testing.F) {
	f.Add([]byte(`{"type":"CALL","from":"0x0000000000000000000000000000000000000001","to":"0x0000000000000000000000000000000000000002","value":"0x5","calls":[{"type":"SELFDESTRUCT","from":"0x0000000000000000000000000000000000000002","to":"0x0000000000000000000000000000000000000003"}]}`))
	f.Add([]byte(`[{"type":"call","action":{"callType":"call","from":"0x0000000000000000000000000000000000000001","to":"0x0000000000000000000000000000000000000002","value":"0x5"},"traceAddress":[]},{"type":"suicide","action":{"address":"0x0000000000000000000000000000000000000002","refundAddress":"0x0000000000000000000000000000000000000003","balance":"0x1"},"traceAddress":[0]}]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		b := &budget{}
		check := func(calls []frame) {
			for _, c := range calls {
				_ = payments(c, c.to, func(p frame) {
					if p.value.IsZero() || p.from == p.to {
						t.Errorf("a payment of nothing: %+v", p)
					}
				})
			}
		}
		if calls, err := gethFrames(b, raw); err == nil {
			check(calls)
		}
		var list []parityFrame
		if json.Unmarshal(raw, &list) != nil {
			return
		}
		if calls, err := parityTree(b, list); err == nil {
			check(calls)
		}
	})
}

func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`{"jsonrpc":"2.0","id":1,"result":"0x1"}`))
	f.Add([]byte(`{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"already known","data":"0x"}}`))
	f.Add([]byte(`<html>`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		answer, err := inspect(raw)
		if err != nil {
			return
		}
		if answer.refusal != nil {
			_ = Classify(answer.refusal)
			_, _ = RevertData(answer.refusal)
		}
		_, _ = headHeight(answer.result)
	})
}
