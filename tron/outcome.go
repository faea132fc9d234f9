package tron

import (
	"fmt"

	"github.com/ethereum/go-ethereum/accounts/abi"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// maxReason bounds why something failed, a stranger's text, in bytes.
const maxReason = 200

// receiptOf reads the numbers of a receipt.
func receiptOf(info *tronpb.TransactionInfo) (Receipt, error) {
	receipt := info.GetReceipt()
	for _, n := range []int64{
		info.GetFee(), info.GetBlockNumber(), receipt.GetEnergyUsage(), receipt.GetEnergyUsageTotal(), receipt.GetEnergyPenaltyTotal(),
		receipt.GetEnergyFee(), receipt.GetOriginEnergyUsage(), receipt.GetNetUsage(), receipt.GetNetFee(),
	} {
		if n < 0 {
			return Receipt{}, fmt.Errorf("%w: %d in a receipt", ErrNotProven, n)
		}
	}
	result := receipt.GetResult()
	if _, known := tronpb.Transaction_ResultContractResult_name[int32(result)]; !known {
		return Receipt{}, fmt.Errorf("%w: result %d", ErrNotProven, result)
	}
	read := Receipt{
		Block:   coffer.BlockRef{Height: uint64(info.GetBlockNumber())}, // #nosec G115 -- not negative, as checked
		Success: info.GetResult() != tronpb.TransactionInfo_FAILED && (result == tronpb.Transaction_Result_SUCCESS || result == tronpb.Transaction_Result_DEFAULT),
		Result:  result.String(),
		Fee:     uint64(info.GetFee()),                   // #nosec G115 -- not negative, as checked
		Energy:  uint64(receipt.GetEnergyUsageTotal()),   // #nosec G115 -- not negative, as checked
		Penalty: uint64(receipt.GetEnergyPenaltyTotal()), // #nosec G115 -- not negative, as checked
		Net:     uint64(receipt.GetNetUsage()),           // #nosec G115 -- not negative, as checked
	}
	read.Cost = costOf(info)
	if !read.Success {
		var returned []byte
		if results := info.GetContractResult(); len(results) > 0 {
			returned = results[0]
		}
		read.Reason = reasonOf(readable(info.GetResMessage(), maxReason), returned)
	}
	return read, nil
}

// costOf is what a receipt, of which no number is negative, tells of a cost. It does not tell
// free bandwidth from staked, nor the fee for signatures from that for an account.
func costOf(info *tronpb.TransactionInfo) coffer.Cost {
	r := info.GetReceipt()
	number := func(n int64) uint64 { return uint64(max(n, 0)) } // #nosec G115 -- not negative
	paid := number(r.GetEnergyUsage()) + number(r.GetOriginEnergyUsage())
	fees := number(r.GetEnergyFee()) + number(r.GetNetFee())
	return coffer.Cost{
		Energy: coffer.Usage{
			Staked: number(r.GetEnergyUsage()), Contract: number(r.GetOriginEnergyUsage()),
			Burned: number(r.GetEnergyUsageTotal()) - min(paid, number(r.GetEnergyUsageTotal())), Fee: coffer.NewAmount(number(r.GetEnergyFee())),
		},
		Bandwidth: coffer.Usage{Staked: number(r.GetNetUsage()), Fee: coffer.NewAmount(number(r.GetNetFee()))},
		Penalty:   number(r.GetEnergyPenaltyTotal()),
		Other:     coffer.NewAmount(number(info.GetFee()) - min(fees, number(info.GetFee()))),
		Burned:    coffer.NewAmount(number(info.GetFee())),
	}
}

// reasonOf is why a contract reverted: what it said as Error(string), else the node's words.
func reasonOf(message string, returned []byte) string {
	if said, err := abi.UnpackRevert(returned); err == nil {
		return readable([]byte(said), maxReason)
	}
	return message
}
