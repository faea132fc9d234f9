package tronsim

import (
	"errors"
	"testing"

	"github.com/cofferhq/coffer/tron/tronpb"
)

func TestReorganisationsGiveTransactionsBack(t *testing.T) {
	for name, made := range map[string]int{"longer": 4, "same height": 3, "shorter": 1} {
		s := newScene(t, nil)
		to := AddressOf(KeyOf("test", 1))
		s.mine(20)
		before := s.Head()
		id := s.must(s.signer(0).Transfer(to, 5*trx))
		s.mine(3)
		old := s.Head()
		oldInfo := s.info(id)

		if err := s.Reorg(Reorganisation{Undo: 3, Make: made, Leave: []Hash{id}}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		head := s.Head()
		if head.Height != before.Height+uint64(made) || head.Hash == old.Hash {
			t.Errorf("%s: head %v after %v", name, head, old)
		}
		first := s.blockAt(int64(before.Height) + 1)
		if string(first.BlockHeader.RawData.ParentHash) != string(before.Hash[:]) {
			t.Errorf("%s: the other branch does not begin at the fork", name)
		}
		if got := s.Balance(to); got != rich {
			t.Errorf("%s: recipient has %d after its block went", name, got)
		}
		if s.info(id).Id != nil {
			t.Errorf("%s: the transaction is still said to be mined", name)
		}

		s.mine(1)
		info := s.info(id)
		if info.BlockNumber != int64(head.Height)+1 || s.Balance(to) != rich+5*trx {
			t.Errorf("%s: mined again in %d, balance %d", name, info.BlockNumber, s.Balance(to))
		}
		if info.Fee != oldInfo.Fee || info.Receipt.NetUsage != oldInfo.Receipt.NetUsage {
			t.Errorf("%s: paid %d and %d bytes, before %d and %d", name, info.Fee, info.Receipt.NetUsage, oldInfo.Fee, oldInfo.Receipt.NetUsage)
		}
	}
}

func TestSolidifiedBlocksStay(t *testing.T) {
	s := newScene(t, nil)
	s.mine(40)
	deep := int(s.Head().Height - s.Solid().Height)
	head := s.Head()
	if err := s.Reorg(Reorganisation{Undo: deep + 1, Make: 1}); !errors.Is(err, ErrFork) {
		t.Fatalf("got %v", err)
	}
	if s.Head() != head {
		t.Error("a refused reorganisation changed the chain")
	}
	solid := s.Solid()
	if err := s.Reorg(Reorganisation{Undo: deep, Make: 1}); err != nil {
		t.Fatal(err)
	}
	if s.Solid() != solid {
		t.Errorf("solid %v, was %v", s.Solid(), solid)
	}
	// 19 producers have to build again before the next one is solid.
	s.mine(deep)
	if s.Solid().Height < solid.Height {
		t.Error("solid went down")
	}
}

// A spend of the same money on the other branch makes the first one invalid: it is forgotten.
func TestConflictingTransactionIsForgotten(t *testing.T) {
	s := newScene(t, nil)
	from := s.signer(0)
	a := s.must(from.Transfer(AddressOf(KeyOf("test", 1)), rich-trx))
	s.mine(1)
	if err := s.Reorg(Reorganisation{Undo: 1, Make: 0, Forget: []Hash{a}}); err != nil {
		t.Fatal(err)
	}
	b := s.must(from.Transfer(AddressOf(KeyOf("test", 2)), rich-trx))
	s.mine(2)
	if s.info(a).Id != nil || s.info(b).Id == nil {
		t.Error("want the second spend mined and the first one gone")
	}
}

func TestSolidServiceSeesTheSolidState(t *testing.T) {
	s := newScene(t, func(c *Config) { c.SolidLag = 3 })
	to := AddressOf(KeyOf("test", 1))
	s.mine(5)
	id := s.must(s.signer(0).Transfer(to, trx))
	s.mine(1)
	read := func() (balance int64, mined bool) {
		s.look(true, "", func(v view) {
			balance = v.account(Wire(to)).Balance
			mined = v.transactionInfo(id[:]).Id != nil
		})
		return balance, mined
	}
	for range 3 {
		if balance, mined := read(); balance != rich || mined {
			t.Fatalf("head %d, solid %d: balance %d, mined %v", s.Head().Height, s.Solid().Height, balance, mined)
		}
		if got := s.Balance(to); got != rich+trx {
			t.Fatalf("head: %d", got)
		}
		s.mine(1)
	}
	if balance, mined := read(); balance != rich+trx || !mined {
		t.Errorf("solid now: balance %d, mined %v", balance, mined)
	}
}

func TestSnapshotsComeBack(t *testing.T) {
	s := newScene(t, nil)
	to := AddressOf(KeyOf("test", 1))
	s.must(s.signer(0).Transfer(to, trx))
	s.mine(1)
	head := s.Head()
	n, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	s.must(s.signer(0).Transfer(to, trx))
	s.mine(5)
	if err := s.Restore(n); err != nil {
		t.Fatal(err)
	}
	if s.Head() != head || s.Balance(to) != rich+trx {
		t.Errorf("head %v, balance %d", s.Head(), s.Balance(to))
	}
	if err := s.Reorg(Reorganisation{Undo: 1, Make: 1}); err != nil || s.Balance(to) != rich+trx {
		t.Errorf("reorganisation after it: %v, balance %d", err, s.Balance(to))
	}
	if err := s.Restore(n); !errors.Is(err, ErrSnapshot) {
		t.Errorf("twice: %v", err)
	}
}

func TestFaultsHappenAsOftenAsSaid(t *testing.T) {
	s := newScene(t, nil)
	s.Inject(Fault{Kind: Refuse, Code: tronpb.Return_SERVER_BUSY, Times: 1})
	if _, err := s.signer(0).Transfer(AddressOf(KeyOf("test", 1)), trx); codeOf(t, err) != tronpb.Return_SERVER_BUSY {
		t.Errorf("busy: %v", err)
	}
	s.Inject(Fault{Kind: Swallow, Times: 1})
	lost := s.must(s.signer(0).Transfer(AddressOf(KeyOf("test", 1)), trx))
	kept := s.must(s.signer(0).Transfer(AddressOf(KeyOf("test", 1)), trx))
	s.mine(1)
	if s.info(lost).Id != nil || s.info(kept).Id == nil {
		t.Error("want the first one lost and the second mined")
	}
}
