package tronsim

import (
	"math/big"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"
	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// token is the Tether-like token of this repository, compiled by plain solc, with its
// supply with account 0.
type token struct {
	*scene
	abi     *abi.ABI
	address Address
}

func (s *scene) token() *token {
	s.t.Helper()
	parsed, err := bindings.TestTokenMetaData.ParseABI()
	if err != nil {
		s.t.Fatal(err)
	}
	owner := s.signer(0)
	arguments, err := parsed.Pack("", owner.Address, bigInt(1_000_000_000_000), "Tether USD", "USDT", uint8(6))
	if err != nil {
		s.t.Fatal(err)
	}
	code := append(common.FromHex(bindings.TestTokenMetaData.Bin), arguments...)
	id, want, err := owner.Deploy("USDT", code)
	s.must(id, err)
	s.mine(1)
	info := s.info(id)
	if info.Receipt.GetResult() != tronpb.Transaction_Result_SUCCESS {
		s.t.Fatalf("deploy: %s %s", info.Receipt.GetResult(), info.ResMessage)
	}
	if string(info.ContractAddress) != string(Wire(want)) {
		s.t.Fatalf("contract at %x, want %x", info.ContractAddress, Wire(want))
	}
	return &token{scene: s, abi: parsed, address: want}
}

func (k *token) data(method string, arguments ...any) []byte {
	k.t.Helper()
	data, err := k.abi.Pack(method, arguments...)
	if err != nil {
		k.t.Fatal(err)
	}
	return data
}

// send calls the token and mines.
func (k *token) send(from Signer, feeLimit int64, method string, arguments ...any) *tronpb.TransactionInfo {
	k.t.Helper()
	id := k.must(from.Call(k.address, k.data(method, arguments...), 0, feeLimit))
	k.mine(1)
	return k.info(id)
}

func (k *token) constant(from Address, method string, arguments ...any) *tronpb.TransactionExtention {
	k.t.Helper()
	var ext *tronpb.TransactionExtention
	k.look(false, "", func(v view) {
		ext = v.constant(&tronpb.TriggerSmartContract{
			OwnerAddress: Wire(from), ContractAddress: Wire(k.address), Data: k.data(method, arguments...),
		})
	})
	return ext
}

func (k *token) balance(of Address) int64 {
	k.t.Helper()
	return new(big.Int).SetBytes(k.constant(of, "balanceOf", of).ConstantResult[0]).Int64()
}

// What a transfer costs to an address with and without tokens, before and after the proposal
// that gave memory its price. The difference is what a new slot costs more.
func TestEnergyOfTransfers(t *testing.T) {
	for base, want := range map[int64][2]int64{0: {28_543, 13_543}, 1: {28_555, 13_555}} {
		p := Mainnet()
		p.MemoryBaseEnergy = base
		s := newScene(t, func(c *Config) { c.Parameters = &p })
		k := s.token()
		to := common.Address{1}
		for i, energy := range want {
			constant := k.constant(s.signer(0).Address, "transfer", to, bigInt(5))
			info := k.send(s.signer(0), 100*trx, "transfer", to, bigInt(5))
			if got := info.Receipt.EnergyUsageTotal; got != energy || constant.EnergyUsed != energy {
				t.Errorf("base %d, transfer %d: %d energy, by a constant call %d, want %d", base, i, got, constant.EnergyUsed, energy)
			}
			if info.Receipt.EnergyFee != 100*energy || info.Fee != info.Receipt.EnergyFee+info.Receipt.NetFee {
				t.Errorf("fees: %v of %d", info.Receipt, info.Fee)
			}
			if bytes := info.Receipt.NetUsage + info.Receipt.NetFee/1_000; bytes != 345 {
				t.Errorf("%d bytes, a transfer with one signature has 345", bytes)
			}
			if len(info.Log) != 1 || len(info.Log[0].Topics) != 3 || len(info.Log[0].Address) != 20 {
				t.Errorf("logs %v", info.Log)
			}
		}
		if got := k.balance(to); got != 10 {
			t.Errorf("the recipient has %d", got)
		}
	}
}

// The fee limit caps all energy, whoever pays for it. What breaks burns all of the limit,
// what reverts only what it used.
func TestFailedCallsAreStillPaidFor(t *testing.T) {
	s := newScene(t, nil)
	k := s.token()
	owner, poor := s.signer(0), s.signer(1)
	to := common.Address{2}

	before := s.Balance(owner.Address)
	info := k.send(owner, 2*trx, "transfer", to, bigInt(5)) // 20,000 energy, 28,555 are needed
	if info.Receipt.Result != tronpb.Transaction_Result_OUT_OF_ENERGY || info.Result != tronpb.TransactionInfo_FAILED {
		t.Errorf("got %s", info.Receipt.Result)
	}
	if info.Receipt.EnergyUsageTotal != 20_000 || info.Receipt.EnergyFee != 2*trx || s.Balance(owner.Address) != before-info.Fee {
		t.Errorf("burned %v", info.Receipt)
	}
	if len(info.Log) != 0 || k.balance(to) != 0 {
		t.Error("a call that broke left something behind")
	}

	info = k.send(poor, 100*trx, "transfer", to, bigInt(5)) // has no tokens
	used := info.Receipt.EnergyUsageTotal
	if info.Receipt.Result != tronpb.Transaction_Result_REVERT || string(info.ResMessage) != revertText || used <= 0 || used > 5_000 {
		t.Errorf("got %s %q, %d energy", info.Receipt.Result, info.ResMessage, used)
	}
	if len(info.ContractResult) != 1 || len(info.ContractResult[0]) < 4 {
		t.Error("the reason of the revert is missing")
	}
	b := s.blockAt(int64(s.Head().Height))
	if got := b.Transactions[0].Transaction.Ret[0].ContractRet; got != tronpb.Transaction_Result_REVERT {
		t.Errorf("in the block: %s", got)
	}

	ext := k.constant(poor.Address, "transfer", to, bigInt(5))
	if !ext.Result.Result || string(ext.Result.Message) != revertText || ext.Transaction.Ret[0].Ret != tronpb.Transaction_Result_FAILED || ext.EnergyUsed != used {
		t.Errorf("constant call: %v, %d energy", ext.Result, ext.EnergyUsed)
	}
}

func TestStakedEnergyPaysFirst(t *testing.T) {
	s := newScene(t, nil)
	k := s.token()
	owner := s.signer(0)
	if err := s.Stake(owner.Address, tronpb.ResourceCode_ENERGY, 2_000*trx); err != nil {
		t.Fatal(err)
	}
	var limit int64
	s.look(false, "", func(v view) { limit = v.accountResource(Wire(owner.Address)).EnergyLimit })
	if limit < 18_000 || limit > 19_000 {
		t.Fatalf("2,000 TRX give %d energy", limit)
	}
	info := k.send(owner, 100*trx, "transfer", common.Address{3}, bigInt(5))
	if got := info.Receipt; got.EnergyUsage != limit || got.EnergyFee != (28_555-limit)*100 {
		t.Errorf("paid %v", got)
	}
	// All of it is staked energy, and the fee limit still has to cover it.
	if err := s.Stake(owner.Address, tronpb.ResourceCode_ENERGY, 100_000*trx); err != nil {
		t.Fatal(err)
	}
	if info := k.send(owner, trx, "transfer", common.Address{3}, bigInt(5)); info.Receipt.Result != tronpb.Transaction_Result_OUT_OF_ENERGY || info.Receipt.EnergyUsage != 10_000 || info.Receipt.EnergyFee != 0 {
		t.Errorf("with a fee limit of 10,000 energy: %v", info.Receipt)
	}
	if info := k.send(owner, 2*trx, "transfer", common.Address{3}, bigInt(5)); info.Receipt.Result != tronpb.Transaction_Result_SUCCESS || info.Receipt.EnergyUsage != 13_555 {
		t.Errorf("with enough: %v", info.Receipt)
	}
}

func TestFactorOfABusyContract(t *testing.T) {
	s := newScene(t, func(c *Config) {
		p := Mainnet()
		p.MaintenanceInterval, p.DynamicThreshold = 30*time.Second, 25_000
		c.Parameters = &p
	})
	k := s.token()
	owner, to := s.signer(0), common.Address{4}
	state := func() *tronpb.ContractState {
		var info *tronpb.SmartContractDataWrapper
		s.look(false, "", func(v view) { info = v.contractInfo(Wire(k.address)) })
		return info.ContractState
	}
	made := state().EnergyUsage
	k.send(owner, 100*trx, "transfer", to, bigInt(1))
	if got := state(); got.EnergyUsage != made+28_555 || got.EnergyFactor != 0 {
		t.Fatalf("first cycle: %v", got)
	}
	s.mine(12)
	if got := state(); got.EnergyFactor != 2_000 || got.EnergyUsage != 0 {
		t.Fatalf("after a busy cycle: %v", got)
	}
	info := k.send(owner, 100*trx, "transfer", to, bigInt(1))
	penalty := info.Receipt.EnergyPenaltyTotal
	if info.Receipt.EnergyUsageTotal != 13_555+penalty || penalty < 2_400 || penalty > 13_555/5 /* each operation's share is rounded down */ {
		t.Errorf("20 %% more: %v", info.Receipt)
	}
	if ext := k.constant(owner.Address, "transfer", to, bigInt(1)); ext.EnergyPenalty != penalty || ext.EnergyUsed != info.Receipt.EnergyUsageTotal {
		t.Errorf("constant call: %d with a penalty of %d", ext.EnergyUsed, ext.EnergyPenalty)
	}
	s.mine(12)
	if got := state(); got.EnergyFactor >= 2_000 || got.EnergyFactor < 500 {
		t.Errorf("after quiet cycles: %v", got)
	}

	// The cap is 4.4 times, which is where the main network's USDT is.
	s.SetFactor(k.address, 34_000)
	info = k.send(owner, 100*trx, "transfer", to, bigInt(1))
	if r := info.Receipt; r.EnergyPenaltyTotal < 33*13_555/10 || r.EnergyPenaltyTotal > 34*13_555/10 {
		t.Errorf("4.4 times: %v", r)
	}
}

func TestMakersShareTheEnergy(t *testing.T) {
	s := newScene(t, nil)
	k := s.token()
	maker, user := s.signer(0), s.signer(1)
	k.send(maker, 100*trx, "transfer", user.Address, bigInt(100))
	if err := s.Stake(maker.Address, tronpb.ResourceCode_ENERGY, 100_000*trx); err != nil {
		t.Fatal(err)
	}
	s.change(func(x *execution) {
		c := *x.state.contracts[k.address]
		c.made = proto.CloneOf(c.made)
		c.made.ConsumeUserResourcePercent = 40
		put(x.state, contractTable, k.address, &c)
	})
	info := k.send(user, 100*trx, "transfer", maker.Address, bigInt(1))
	total := info.Receipt.EnergyUsageTotal
	if share := info.Receipt.OriginEnergyUsage; share != total*60/100 || info.Receipt.EnergyFee != (total-share)*100 {
		t.Errorf("paid %v", info.Receipt)
	}
}

func TestCallsAreValidated(t *testing.T) {
	s := newScene(t, nil)
	k := s.token()
	call := func(feeLimit, value int64, contract Address) tronpb.ReturnResponseCode {
		_, err := s.signer(0).Send(tronpb.Transaction_Contract_TriggerSmartContract, &tronpb.TriggerSmartContract{
			OwnerAddress: Wire(s.signer(0).Address), ContractAddress: Wire(contract), CallValue: value,
			Data: k.data("transfer", common.Address{1}, bigInt(1)),
		}, func(raw *tronpb.TransactionRaw) { raw.FeeLimit = feeLimit })
		return codeOf(t, err)
	}
	for name, code := range map[string]tronpb.ReturnResponseCode{
		"fee limit above the highest": call(15_000*trx+1, 0, k.address),
		"negative fee limit":          call(-1, 0, k.address),
		"no contract":                 call(trx, 0, common.Address{9}),
		"negative value":              call(trx, -1, k.address),
		"value above the balance":     call(trx, rich, k.address),
	} {
		if code != tronpb.Return_CONTRACT_VALIDATE_ERROR {
			t.Errorf("%s: %s", name, code)
		}
	}
	if _, err := s.signer(0).Transfer(k.address, trx); codeOf(t, err) != tronpb.Return_CONTRACT_VALIDATE_ERROR {
		t.Error("plain TRX went to a contract")
	}
	// A call that fails in the block is taken all the same.
	if code := call(trx, 0, k.address); code != tronpb.Return_SUCCESS {
		t.Errorf("a call without enough energy: %s", code)
	}
}

func bigInt(n int64) *big.Int { return big.NewInt(n) }
