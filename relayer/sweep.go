package relayer

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
)

var flushedTopic = bindings.NewForwarder().GetABI().Events["Flushed"].ID

// checkSweeps demands that a sweep would move something: at least one of its forwarders
// says Flushed. A leg that would move nothing does not hold up the others.
func checkSweeps(sweeps []coffer.Sweep, logs []*types.Log) error {
	if len(sweeps) == 0 {
		return nil
	}
	forwarders := map[common.Address]bool{}
	for _, s := range sweeps {
		forwarders[common.HexToAddress(string(s.Forwarder))] = true
	}
	for _, log := range logs {
		if log != nil && forwarders[log.Address] && len(log.Topics) == 2 && log.Topics[0] == flushedTopic {
			return nil
		}
	}
	return fmt.Errorf("%w: it would move nothing from %d addresses", ErrWouldFail, len(forwarders))
}
