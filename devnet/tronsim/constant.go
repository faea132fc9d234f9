package tronsim

import (
	"github.com/cofferhq/coffer/tron/tronpb"
)

// constant runs a call that changes nothing, with the address of anybody. Without a
// contract its data is code that makes one.
func (v view) constant(what *tronpb.TriggerSmartContract) *tronpb.TransactionExtention {
	fail := func(err error) *tronpb.TransactionExtention {
		return &tronpb.TransactionExtention{Result: answer(err)}
	}
	caller, err := parseAddress(what.OwnerAddress)
	if err != nil {
		return fail(invalid("Invalid ownerAddress"))
	}
	if what.CallValue < 0 || what.CallValue > 0 && (v.state.accounts[caller] == nil || v.state.accounts[caller].balance < what.CallValue) {
		return fail(invalid("Validate InternalTransfer error, balance is not sufficient."))
	}
	limit := v.chain.parameters.MaxConstantEnergy
	var r *result
	if len(what.ContractAddress) == 0 && len(what.Data) > 0 {
		made := &tronpb.SmartContract{Bytecode: what.Data, CallValue: what.CallValue}
		r = v.install(caller, ContractAddress(Hash{}, caller), made, Hash{}, limit)
	} else {
		address, err := parseAddress(what.ContractAddress)
		if err != nil || v.state.contracts[address] == nil {
			return fail(invalid("Smart contract is not exist."))
		}
		r = v.call(caller, address, what.Data, what.CallValue, Hash{}, limit)
	}

	ext := extendedTransaction(v.sim.wrap(what))
	ext.EnergyUsed, ext.EnergyPenalty = r.energy, r.penalty
	ext.Transaction.Ret = []*tronpb.Transaction_Result{{}}
	switch {
	case r.failure == "":
	case r.code == tronpb.Transaction_Result_REVERT:
		ext.Transaction.Ret[0].Ret = tronpb.Transaction_Result_FAILED
		ext.Result.Message = []byte(r.failure)
	default:
		ext.Transaction.Ret[0].Ret = tronpb.Transaction_Result_FAILED
		ext.Result = answer(cannotExecute("%s", r.failure))
	}
	ext.ConstantResult = [][]byte{r.output}
	ext.Logs = r.logs
	if !v.sim.noInternal {
		ext.InternalTransactions = r.inner
	}
	return ext
}

// wrap makes the transaction that answers to constant calls contain.
func (s *Sim) wrap(what *tronpb.TriggerSmartContract) *tronpb.Transaction {
	return &tronpb.Transaction{RawData: s.rawData(&tronpb.Transaction_Contract{
		Type: tronpb.Transaction_Contract_TriggerSmartContract, Parameter: pack(what),
	})}
}

// estimate says how high the energy limit of a call has to be.
func (v view) estimate(what *tronpb.TriggerSmartContract) *tronpb.EstimateEnergyMessage {
	if v.sim.noEstimate {
		return &tronpb.EstimateEnergyMessage{Result: answer(invalid("this node does not support estimate energy"))}
	}
	ext := v.constant(what)
	m := &tronpb.EstimateEnergyMessage{Result: ext.Result}
	if ext.Result.Result && len(ext.Result.Message) == 0 {
		m.EnergyRequired = ext.EnergyUsed
	}
	return m
}

// contractOf is what the maker of a contract said; empty if there is none.
func (v view) contractOf(wire []byte) *tronpb.SmartContract {
	address, err := parseAddress(wire)
	c := v.state.contracts[address]
	if err != nil || c == nil {
		return new(tronpb.SmartContract)
	}
	return c.made
}

// contractInfo is a contract with its code and its factor; empty if there is none.
func (v view) contractInfo(wire []byte) *tronpb.SmartContractDataWrapper {
	address, err := parseAddress(wire)
	c := v.state.contracts[address]
	if err != nil || c == nil {
		return new(tronpb.SmartContractDataWrapper)
	}
	d := v.factor(c)
	return &tronpb.SmartContractDataWrapper{
		SmartContract: c.made, Runtimecode: c.code,
		ContractState: &tronpb.ContractState{EnergyUsage: d.usage, EnergyFactor: d.extra, UpdateCycle: d.cycle},
	}
}
