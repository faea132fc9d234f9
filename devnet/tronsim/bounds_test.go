package tronsim

import (
	"testing"
	"time"

	"github.com/cofferhq/coffer/tron/tronpb"
)

func TestOldBlocksAreForgotten(t *testing.T) {
	s := newScene(t, func(c *Config) { c.History, c.SolidLag = 64, 1 })
	id := s.must(s.signer(0).Transfer(AddressOf(KeyOf("test", 1)), trx))
	s.mine(300)
	c := s.chain
	if kept := len(c.blocks); kept > 64+64/16+3 {
		t.Errorf("%d blocks are kept", kept)
	}
	if s.info(id).Id != nil || len(c.txs) != 0 {
		t.Error("a transaction of a forgotten block is kept")
	}
	for _, b := range c.blocks {
		if b.number < c.consensus.solid && (b.journal != nil || b.before != nil) {
			t.Fatalf("solidified block %d still knows how to be undone", b.number)
		}
	}
	if head := s.blockAt(int64(s.Head().Height)); head.BlockHeader.RawData.Number != 301 {
		t.Errorf("head %v", head)
	}
}

func TestPoolIsBounded(t *testing.T) {
	s := newScene(t, nil)
	s.chain.pool = make([]*pooled, maxPending)
	if err := s.broadcast(&tronpb.Transaction{}); codeOf(t, err) != tronpb.Return_SERVER_BUSY {
		t.Errorf("with a full pool: %v", err)
	}
}

func TestBlocksAreBounded(t *testing.T) {
	s := newScene(t, func(c *Config) {
		p := Mainnet()
		p.BlockSize = 500
		c.Parameters = &p
	})
	for range 4 {
		s.must(s.signer(0).Transfer(AddressOf(KeyOf("test", 1)), trx))
	}
	var sizes []int
	for range 4 {
		s.mine(1)
		sizes = append(sizes, len(s.blockAt(int64(s.Head().Height)).Transactions))
	}
	if sizes[0] != 2 || sizes[1] != 2 || sizes[2] != 0 {
		t.Errorf("transactions in blocks of 500 bytes: %v", sizes)
	}
}

func TestUnsolidifiedNodesRefuse(t *testing.T) {
	s := newScene(t, func(c *Config) { c.MaxUnsolidified = 10 })
	s.mine(8)
	s.must(s.signer(0).Transfer(AddressOf(KeyOf("test", 1)), trx))
	s.mine(1)
	if _, err := s.signer(0).Transfer(AddressOf(KeyOf("test", 1)), trx); codeOf(t, err) != tronpb.Return_BLOCK_UNSOLIDIFIED {
		t.Errorf("got %v", err)
	}
}

func TestPricesHaveAHistory(t *testing.T) {
	s := newScene(t, nil)
	s.mine(1)
	s.SetParameters(func(p *Parameters) { p.EnergyPrice = 210 })
	s.mine(1)
	var prices string
	s.look(false, "", func(v view) { prices = v.priceList(func(p price) int64 { return p.energy }).Prices })
	if want := "0:100,1767322809000:210"; prices != want {
		t.Errorf("prices %q, want %q", prices, want)
	}
	if at := s.blockAt(3).BlockHeader.RawData.Timestamp; at != 1767322809000 {
		t.Errorf("block 3 at %d", at)
	}
}

func TestExpiredTransactionsLeaveThePool(t *testing.T) {
	s := newScene(t, nil)
	id := s.must(s.signer(0).Transfer(AddressOf(KeyOf("test", 1)), trx))
	s.now = start.Add(5 * time.Minute) // a minute is what the node gave it
	s.mine(1)
	s.mine(1)
	if s.info(id).Id != nil {
		t.Error("mined after its expiration")
	}
	if s.Forget(id) {
		t.Error("it still waits")
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	clock := func() time.Time { return start }
	for name, c := range map[string]Config{
		"no clock":       {},
		"producers":      {Clock: clock, Producers: 128},
		"slot time":      {Clock: clock, SlotTime: time.Microsecond},
		"negative lag":   {Clock: clock, SolidLag: -1},
		"history":        {Clock: clock, History: -1},
		"negative money": {Clock: clock, Funded: map[Address]int64{{1}: -1}},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
