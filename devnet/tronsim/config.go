package tronsim

import (
	"crypto/ecdsa"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

const (
	defaultProducers = 27
	solidShare       = 30 // percent: as many producers may be behind the solidified block
	defaultSlot      = 3 * time.Second
	defaultHistory   = 250_000
	maxPending       = 2_000 // transactions; above, SERVER_BUSY
	maxHistory       = 10_000_000
	maxProducers     = 127
)

// Config says what kind of network the node belongs to. The zero value of each field is a
// setting like the main network's.
type Config struct {
	// Clock is asked for the time; required.
	Clock coffer.Clock
	// Seed names the keys of the producers and, by that, the genesis block and the chain id.
	Seed string
	// Genesis is the time of block 0, in whole seconds; the zero time is a day before the
	// clock's time.
	Genesis time.Time
	// SlotTime is the time between two blocks, 3 s if zero.
	SlotTime time.Duration
	// Producers is how many super representatives take turns, 27 if zero.
	Producers int
	// SolidLag, if not zero, makes the block so far below the head the solidified one, in
	// place of the rule of 19 out of 27.
	SolidLag int64
	// History is how many solidified blocks can be asked for, 250,000 if zero.
	History int64
	// MaxUnsolidified, if not zero, makes the node refuse transactions with
	// BLOCK_UNSOLIDIFIED when its head is so far above the solidified block.
	MaxUnsolidified int64
	// Parameters are prices and rules; nil for those of the main network.
	Parameters *Parameters
	// Funded are the accounts of block 0 with their balances in sun.
	Funded map[Address]int64
	// NoEstimate makes EstimateEnergy answer as nodes do that did not switch it on.
	NoEstimate bool
	// NoInternal makes the node keep no internal transactions, which is java-tron's default.
	NoInternal bool
}

// Sim is a node. It is safe for concurrent use.
type Sim struct {
	clock      coffer.Clock
	slotTime   int64 // milliseconds
	solidLag   int64
	history    int64
	maxUnsolid int64
	noEstimate bool
	noInternal bool
	producers  []*ecdsa.PrivateKey

	mu     sync.Mutex
	chain  *chain
	faults []*fault
	saved  map[int]*chain
	next   int // number of the next snapshot
	stamp  int64
	moved  chan struct{}
}

// New makes a node with a genesis block.
func New(config Config) (*Sim, error) {
	if config.Clock == nil {
		return nil, errors.New("tronsim: no clock")
	}
	if config.Producers == 0 {
		config.Producers = defaultProducers
	}
	if config.SlotTime == 0 {
		config.SlotTime = defaultSlot
	}
	if config.History == 0 {
		config.History = defaultHistory
	}
	switch {
	case config.Producers < 1 || config.Producers > maxProducers:
		return nil, fmt.Errorf("tronsim: producers %d: want 1 to %d", config.Producers, maxProducers)
	case config.SlotTime < time.Millisecond || config.SlotTime%time.Millisecond != 0:
		return nil, fmt.Errorf("tronsim: slot time %s: want whole milliseconds", config.SlotTime)
	case config.SolidLag < 0:
		return nil, fmt.Errorf("tronsim: solid lag %d: want 0 or more", config.SolidLag)
	case config.History < 1 || config.History > maxHistory:
		return nil, fmt.Errorf("tronsim: history %d: want 1 to %d", config.History, maxHistory)
	}
	for address, balance := range config.Funded {
		if balance < 0 {
			return nil, fmt.Errorf("tronsim: funded %s: want 0 sun or more, got %d", Text(address), balance)
		}
	}
	if config.Genesis.IsZero() {
		config.Genesis = config.Clock().Add(-24 * time.Hour)
	}
	parameters := Mainnet()
	if config.Parameters != nil {
		parameters = *config.Parameters
	}

	s := &Sim{
		clock: config.Clock, slotTime: config.SlotTime.Milliseconds(), solidLag: config.SolidLag,
		history: config.History, maxUnsolid: config.MaxUnsolidified,
		noEstimate: config.NoEstimate, noInternal: config.NoInternal,
		saved: map[int]*chain{}, moved: make(chan struct{}),
	}
	for i := range config.Producers {
		s.producers = append(s.producers, KeyOf(config.Seed+"/producer", i))
	}

	world := newState()
	genesis := config.Genesis.Truncate(time.Second).UnixMilli()
	for address, balance := range config.Funded {
		world.create(address, tronpb.AccountType_Normal, 0).balance = balance
	}
	for _, key := range s.producers {
		if world.accounts[AddressOf(key)] == nil {
			world.create(AddressOf(key), tronpb.AccountType_Normal, 0)
		}
	}
	world.take()
	chain, err := newChain(world, parameters, config.Seed, genesis, s.producers)
	if err != nil {
		return nil, err
	}
	s.chain = chain
	return s, nil
}
