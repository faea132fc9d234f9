package tronsim

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer/tron/tronpb"
)

const operationBytes = 32

// checkSignatures finds out whether those who signed may do together what a transaction
// does.
func (x *execution) checkSignatures(p *pooled, act action) error {
	if len(p.tx.Signature) == 0 {
		return badSignature("miss sig or contract")
	}
	if int64(len(p.tx.Signature)) > x.chain.parameters.TotalSignatures {
		return badSignature("too many signatures")
	}
	permission, err := x.permissionOf(act)
	if err != nil {
		return badSignature("%s", err)
	}
	weight, _, err := weigh(permission, p)
	if err != nil {
		return badSignature("%s", err)
	}
	if weight < permission.Threshold {
		return badSignature("sig error")
	}
	return nil
}

// permissionOf finds the permission that a transaction names. An account that is not there
// has the default ones.
func (x *execution) permissionOf(act action) (*tronpb.Permission, error) {
	a := x.state.accounts[act.owner]
	if a == nil {
		a = &account{address: act.owner}
	}
	permission := a.permission(act.permission)
	switch {
	case permission == nil:
		return nil, errors.New("permission isn't exit")
	case act.permission == 0:
		return permission, nil
	case permission.Type != tronpb.Permission_Active:
		return nil, nodeError("Permission type is error")
	case len(permission.Operations) != operationBytes:
		return nil, fmt.Errorf("operations size must 32, actual: %d", len(permission.Operations))
	case !allows(permission.Operations, act.kind):
		return nil, nodeError("Permission denied")
	}
	return permission, nil
}

// allows tells whether the bit of a contract type is set.
func allows(operations []byte, kind tronpb.Transaction_Contract_ContractType) bool {
	i := int(kind)
	return i >= 0 && i < 8*len(operations) && operations[i/8]&(1<<(i%8)) != 0
}

// weigh adds the weights of those who signed.
func weigh(permission *tronpb.Permission, p *pooled) (weight int64, signers []Address, err error) {
	if len(p.tx.Signature) > len(permission.Keys) {
		return 0, nil, nodeError("Signature count is %d more than key counts of permission : %d",
			len(p.tx.Signature), len(permission.Keys))
	}
	signed := map[Address]bool{}
	for i := range p.tx.Signature {
		signer, err := p.signer(i)
		if err != nil {
			return 0, nil, err
		}
		share := int64(0)
		for _, key := range permission.Keys {
			if address, err := parseAddress(key.Address); err == nil && address == signer {
				share = key.Weight
			}
		}
		if share == 0 {
			return 0, nil, nodeError("%s is signed by %s but it is not contained of permission.",
				hex.EncodeToString(p.id[:]), Text(signer))
		}
		if signed[signer] {
			return 0, nil, nodeError("%s has signed twice!", Text(signer))
		}
		signed[signer] = true
		signers = append(signers, signer)
		weight += share
	}
	return weight, signers, nil
}

// SignWeight says how far the signatures of a transaction come.
func (s *Sim) SignWeight(tx *tronpb.Transaction) *tronpb.TransactionSignWeight {
	s.mu.Lock()
	defer s.mu.Unlock()
	result := &tronpb.TransactionSignWeight{Result: new(tronpb.TransactionSignWeight_Result)}
	fail := func(code tronpb.TransactionSignWeight_ResultResponseCode, err error) *tronpb.TransactionSignWeight {
		result.Result.Code, result.Result.Message = code, err.Error()
		return result
	}
	if tx.GetRawData() == nil || len(tx.RawData.Contract) == 0 {
		return fail(tronpb.TransactionSignWeight_Result_OTHER_ERROR, nodeError("Invalid transaction: no valid contract"))
	}
	id := txID(tx)
	result.Transaction = &tronpb.TransactionExtention{
		Transaction: tx, Txid: id[:], Result: &tronpb.Return{Result: true, Code: tronpb.Return_SUCCESS},
	}
	act, err := readAction(tx)
	if err != nil {
		return fail(tronpb.TransactionSignWeight_Result_OTHER_ERROR, err)
	}
	if s.chain.state.accounts[act.owner] == nil {
		return fail(tronpb.TransactionSignWeight_Result_PERMISSION_ERROR, nodeError("Account does not exist!"))
	}
	permission, err := s.pending().permissionOf(act)
	if err != nil {
		return fail(tronpb.TransactionSignWeight_Result_PERMISSION_ERROR, err)
	}
	result.Permission = permission
	if len(tx.Signature) == 0 {
		return fail(tronpb.TransactionSignWeight_Result_NOT_ENOUGH_PERMISSION, errors.New(""))
	}
	weight, signers, err := weigh(permission, &pooled{id: id, tx: tx})
	if err != nil {
		return fail(tronpb.TransactionSignWeight_Result_PERMISSION_ERROR, err)
	}
	result.CurrentWeight = weight
	for _, signer := range signers {
		result.ApprovedList = append(result.ApprovedList, Wire(signer))
	}
	if weight < permission.Threshold {
		result.Result.Code = tronpb.TransactionSignWeight_Result_NOT_ENOUGH_PERMISSION
	}
	return result
}

// ApprovedList says who signed a transaction, members of the permission or not.
func (s *Sim) ApprovedList(tx *tronpb.Transaction) *tronpb.TransactionApprovedList {
	result := &tronpb.TransactionApprovedList{Result: new(tronpb.TransactionApprovedList_Result)}
	if tx.GetRawData() == nil {
		result.Result.Code, result.Result.Message = tronpb.TransactionApprovedList_Result_OTHER_ERROR, "no transaction"
		return result
	}
	id := txID(tx)
	result.Transaction = &tronpb.TransactionExtention{
		Transaction: tx, Txid: id[:], Result: &tronpb.Return{Result: true, Code: tronpb.Return_SUCCESS},
	}
	for _, signature := range tx.Signature {
		signer, err := recoverAddress(id, signature)
		if err != nil {
			result.Result.Code = tronpb.TransactionApprovedList_Result_COMPUTE_ADDRESS_ERROR
			if len(signature) < crypto.SignatureLength {
				result.Result.Code = tronpb.TransactionApprovedList_Result_SIGNATURE_FORMAT_ERROR
			}
			result.Result.Message = err.Error()
			return result
		}
		result.ApprovedList = append(result.ApprovedList, Wire(signer))
	}
	return result
}
