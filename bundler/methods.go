package bundler

import (
	"context"
	"encoding/json"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/evm"
)

// dispatch runs a method of ERC-7769 on the parameters of a request.
func (b *Bundler) dispatch(ctx context.Context, method string, params []json.RawMessage) (any, error) {
	switch method {
	case "eth_chainId":
		return (*hexutil.Big)(b.chainID), wantParams(params, 0, 0)
	case "eth_supportedEntryPoints":
		return b.SupportedEntryPoints(), wantParams(params, 0, 0)
	case "eth_sendUserOperation":
		if err := wantParams(params, 2, 2); err != nil {
			return nil, err
		}
		op, entryPoint, err := parseOperation(params, false)
		if err != nil {
			return nil, err
		}
		return b.SendUserOperation(ctx, op, entryPoint)
	case "eth_estimateUserOperationGas":
		if err := wantParams(params, 2, 3); err != nil {
			return nil, err
		}
		if len(params) == 3 && string(params[2]) != "null" && string(params[2]) != "{}" {
			return nil, invalid("stateOverride", "is not supported")
		}
		op, entryPoint, err := parseOperation(params, true)
		if err != nil {
			return nil, err
		}
		return b.EstimateUserOperationGas(ctx, op, entryPoint)
	case "eth_getUserOperationByHash":
		hash, err := parseHash(params)
		if err != nil {
			return nil, err
		}
		return orNull(b.UserOperationByHash(ctx, hash))
	case "eth_getUserOperationReceipt":
		hash, err := parseHash(params)
		if err != nil {
			return nil, err
		}
		return orNull(b.UserOperationReceipt(ctx, hash))
	}
	return nil, refuse(CodeMethod, "there is no method %.80q", method)
}

// orNull keeps a nil pointer from becoming something else than null.
func orNull[T any](value *T, err error) (any, error) {
	if value == nil || err != nil {
		return nil, err
	}
	return value, nil
}

func wantParams(params []json.RawMessage, least, most int) error {
	if len(params) < least || len(params) > most {
		return invalid("params", "want %d to %d, got %d", least, most, len(params))
	}
	return nil
}

func parseHash(params []json.RawMessage) (coffer.Hash, error) {
	var text string
	if len(params) != 1 || json.Unmarshal(params[0], &text) != nil {
		return coffer.Hash{}, invalid("userOpHash", "Missing/invalid userOpHash: want 0x and 64 hex digits")
	}
	hash, err := coffer.ParseHash(text)
	if err != nil {
		return coffer.Hash{}, invalid("userOpHash", "Missing/invalid userOpHash: want 0x and 64 hex digits")
	}
	return hash, nil
}

// parseOperation reads the operation and the EntryPoint. For an estimate gas, fees and
// signature may be missing.
func parseOperation(params []json.RawMessage, estimate bool) (evm.UserOperation, common.Address, error) {
	op, err := readOperation(params[0], estimate)
	if err != nil {
		return evm.UserOperation{}, common.Address{}, err
	}
	var entryPoint common.Address
	if !isAddress(params[1]) || json.Unmarshal(params[1], &entryPoint) != nil {
		return evm.UserOperation{}, common.Address{}, invalid("entryPoint", "want 0x and 40 hex digits")
	}
	return op, entryPoint, nil
}
