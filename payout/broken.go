package payout

import (
	"errors"

	"github.com/cofferhq/coffer"
)

// noteBroken remembers that a chain's block events contradict each other, or that they do
// not any more. On such a chain nothing is planned and no step taken: what is signed may
// land, but we would not see it.
func (m *Manager) noteBroken(chain coffer.ChainID, err error) {
	if err != nil && !errors.Is(err, ErrSequence) && !errors.Is(err, ErrFinal) {
		return
	}
	m.brokenMutex.Lock()
	defer m.brokenMutex.Unlock()
	if err != nil && m.broken[chain] == nil {
		m.Log.Error("payouts of a chain stand still until a person looks", "chain", chain, "error", err)
	}
	if err == nil {
		delete(m.broken, chain)
		return
	}
	m.broken[chain] = err
}

// Broken says why payouts of a chain stand still: ErrSequence or ErrFinal, nil when they do
// not.
func (m *Manager) Broken(chain coffer.ChainID) error {
	m.brokenMutex.Lock()
	defer m.brokenMutex.Unlock()
	return m.broken[chain]
}

// sound are the chains that are not broken.
func (m *Manager) sound() []string {
	chains := make([]string, 0, len(m.chains))
	for _, id := range m.chains {
		if m.Broken(coffer.ChainID(id)) == nil {
			chains = append(chains, id)
		}
	}
	return chains
}
