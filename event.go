package coffer

import (
	"encoding/json"
	"time"
)

// Event types on tx.events. The resource's own Sequence orders its events.
const (
	EventDeposit      = "deposit"
	EventWithdrawal   = "withdrawal"
	EventBookTransfer = "book_transfer" // received; its one event has sequence 1
)

// Event is one domain event, written in the transaction that made it true. Sequence
// counts the events of Resource from 1 without gaps. Body is the resource as it was
// after the change (Deposit, Withdrawal or BookTransfer as JSON).
type Event struct {
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	State    string          `json:"state"` // the state entered
	Tenant   string          `json:"tenant"`
	Account  string          `json:"account"`
	Resource string          `json:"resource"` // id of the deposit, withdrawal or book transfer
	Sequence uint64          `json:"sequence"`
	At       time.Time       `json:"at"`
	Body     json.RawMessage `json:"body"`
}
