package coffer

// PayoutState is where a payout is in its life:
//
//	planned → built → signing → signed → broadcast → included → final
//	             ↑________________________↓     ↑________↓
//	        (another attempt)               (reorganisation)
//
// ends: final, reverted, expired, cancelled; all but cancelled only at finality once a
// signature was asked for.
type PayoutState string

// States of a payout.
const (
	PayoutPlanned   PayoutState = "planned"
	PayoutBuilt     PayoutState = "built"
	PayoutSigning   PayoutState = "signing"
	PayoutSigned    PayoutState = "signed"
	PayoutBroadcast PayoutState = "broadcast"
	PayoutIncluded  PayoutState = "included"
	PayoutFinal     PayoutState = "final"
	PayoutReverted  PayoutState = "reverted"
	PayoutExpired   PayoutState = "expired"
	PayoutCancelled PayoutState = "cancelled"
)

// PayoutMoves is the one table of a payout's moves; SQL checks the same. An included
// attempt can be found in any state from signing on, because another process may have
// sent it before we wrote that we would.
var PayoutMoves = Moves[PayoutState]{
	PayoutPlanned:   {PayoutBuilt, PayoutCancelled},
	PayoutBuilt:     {PayoutSigning, PayoutCancelled},
	PayoutSigning:   {PayoutSigned, PayoutIncluded, PayoutExpired},
	PayoutSigned:    {PayoutBroadcast, PayoutIncluded, PayoutExpired},
	PayoutBroadcast: {PayoutSigning, PayoutIncluded, PayoutExpired},
	PayoutIncluded:  {PayoutBroadcast, PayoutFinal, PayoutReverted},
	PayoutFinal:     {},
	PayoutReverted:  {},
	PayoutExpired:   {},
	PayoutCancelled: {},
}
