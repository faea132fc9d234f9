package coffer

import (
	"encoding/json"
	"time"
)

// Event types on tx.events. The resource's own Sequence orders its events.
const (
	EventDeposit    = "deposit"
	EventWithdrawal = "withdrawal"
)

// Event is one domain event, written in the transaction that made it true. Sequence
// counts the events of Resource from 1 without gaps. Body is the resource as it was
// after the change (Deposit or Withdrawal as JSON).
type Event struct {
	ID       string          `json:"id"`
	Type     string          `json:"type"`  // EventDeposit, EventWithdrawal
	State    string          `json:"state"` // the state entered
	Tenant   string          `json:"tenant"`
	Account  string          `json:"account"`
	Resource string          `json:"resource"` // id of the deposit or withdrawal
	Sequence uint64          `json:"sequence"`
	At       time.Time       `json:"at"`
	Body     json.RawMessage `json:"body"`
}
