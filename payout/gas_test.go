package payout_test

import (
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/ledger"
)

func TestGasDepositsOfAnybodyAreBookedAndTakenBack(t *testing.T) {
	w := newWorld(t, 1, 1)
	stranger := coffer.Address("0x00000000000000000000000000000000000000b7")
	deposit := func(n byte, from, account coffer.Address, amount uint64) coffer.GasDeposit {
		return coffer.GasDeposit{Tx: coffer.Hash{n}, Ref: "trace:0", From: from, Account: account, Amount: coffer.NewAmount(amount)}
	}
	// What leaves the executor is booked against suspense by the deposit package.
	w.book("what the deposit package books", ledger.Debit(ledger.SuspenseUnknown, ether, coffer.NewAmount(40)),
		ledger.Credit(ledger.PrefixGasExecutor+string(executor), ether, coffer.NewAmount(40)))
	w.net.Reorg(0, chaintest.Content{GasDeposits: []coffer.GasDeposit{
		deposit(1, executor, hot, 40), deposit(2, stranger, hot, 5), deposit(3, hot, hot, 3),
		deposit(4, stranger, stranger, 1000), deposit(5, executor, stranger, 1000),
	}})
	want := func(gas, suspense, custody int64) {
		t.Helper()
		w.follow()
		w.observe()
		for code, want := range map[string]int64{
			ledger.PrefixGasEntryPoint + string(hot): gasFunds + gas,
			ledger.SuspenseUnknown:                   suspense,
			ledger.PrefixCustodyHot + string(hot):    funds + custody,
		} {
			if got := w.house(code, ether); got != want {
				t.Errorf("%s is %d, want %d", code, got, want)
			}
		}
	}
	want(48, -5, -3)
	w.net.Reorg(1, chaintest.Content{})
	want(0, 40, 0)
}
