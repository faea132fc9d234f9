package tronsim

import (
	"errors"
	"fmt"

	"github.com/cofferhq/coffer/tron/tronpb"
)

// refusal is why a transaction is not taken, with java-tron's code and text.
type refusal struct {
	code tronpb.ReturnResponseCode
	text string
}

func (r *refusal) Error() string { return r.text }

// nodeError is an error in java-tron's words, capital letters and full stops included.
func nodeError(format string, args ...any) error { return fmt.Errorf(format, args...) }

func badSignature(format string, args ...any) error {
	return &refusal{tronpb.Return_SIGERROR, "Validate signature error: " + fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) error {
	return &refusal{tronpb.Return_CONTRACT_VALIDATE_ERROR, "Contract validate error : " + fmt.Sprintf(format, args...)}
}

func cannotExecute(format string, args ...any) error {
	return &refusal{tronpb.Return_CONTRACT_EXE_ERROR, "Contract execute error : " + fmt.Sprintf(format, args...)}
}

var (
	errResources = &refusal{tronpb.Return_BANDWITH_ERROR, "Account resource insufficient error."} //nolint:misspell // spelled so
	errDuplicate = &refusal{tronpb.Return_DUP_TRANSACTION_ERROR, "Dup transaction."}
	errTapos     = &refusal{tronpb.Return_TAPOS_ERROR, "Tapos check error."}
	errTooBig    = &refusal{tronpb.Return_TOO_BIG_TRANSACTION_ERROR, "Transaction size is too big."}
	errExpired   = &refusal{tronpb.Return_TRANSACTION_EXPIRATION_ERROR, "Transaction expired"}
	errBusy      = &refusal{tronpb.Return_SERVER_BUSY, "Server busy."}
	errUnsolid   = &refusal{tronpb.Return_BLOCK_UNSOLIDIFIED, "Block unsolidified."}
)

// answer is how a node says whether it took a transaction.
func answer(err error) *tronpb.Return {
	if err == nil {
		return &tronpb.Return{Result: true, Code: tronpb.Return_SUCCESS}
	}
	var r *refusal
	if errors.As(err, &r) {
		return &tronpb.Return{Code: r.code, Message: []byte(r.text)}
	}
	return &tronpb.Return{Code: tronpb.Return_OTHER_ERROR, Message: []byte("Error: " + err.Error())}
}
