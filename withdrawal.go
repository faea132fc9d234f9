package coffer

import "time"

// WithdrawalState is where a withdrawal is in its life:
//
//	requested → screened → (review) → awaiting_approval → approved → paying → confirming → settled
//
// One to another account here goes from approved to settled: the books pay it.
// ends: rejected, cancelled, failed.
type WithdrawalState string

// States of a withdrawal.
const (
	WithdrawalRequested        WithdrawalState = "requested"
	WithdrawalScreened         WithdrawalState = "screened"
	WithdrawalReview           WithdrawalState = "review"
	WithdrawalAwaitingApproval WithdrawalState = "awaiting_approval"
	WithdrawalApproved         WithdrawalState = "approved"
	WithdrawalPaying           WithdrawalState = "paying"
	WithdrawalConfirming       WithdrawalState = "confirming"
	WithdrawalSettled          WithdrawalState = "settled"
	WithdrawalRejected         WithdrawalState = "rejected"
	WithdrawalCancelled        WithdrawalState = "cancelled"
	WithdrawalFailed           WithdrawalState = "failed"
)

// WithdrawalMoves is the one table of a withdrawal's moves; SQL checks the same.
// confirming → paying is a reorganisation; paying → approved happens only when the
// payout's slot is proven dead; approved → settled happens only inside the books.
var WithdrawalMoves = Moves[WithdrawalState]{
	WithdrawalRequested:        {WithdrawalScreened, WithdrawalReview, WithdrawalRejected, WithdrawalCancelled},
	WithdrawalScreened:         {WithdrawalReview, WithdrawalAwaitingApproval, WithdrawalApproved, WithdrawalRejected, WithdrawalCancelled},
	WithdrawalReview:           {WithdrawalScreened, WithdrawalAwaitingApproval, WithdrawalApproved, WithdrawalRejected, WithdrawalCancelled},
	WithdrawalAwaitingApproval: {WithdrawalReview, WithdrawalApproved, WithdrawalRejected, WithdrawalCancelled},
	WithdrawalApproved:         {WithdrawalReview, WithdrawalPaying, WithdrawalSettled, WithdrawalRejected, WithdrawalCancelled},
	WithdrawalPaying:           {WithdrawalConfirming, WithdrawalApproved, WithdrawalFailed},
	WithdrawalConfirming:       {WithdrawalPaying, WithdrawalSettled, WithdrawalFailed},
	WithdrawalSettled:          {},
	WithdrawalRejected:         {},
	WithdrawalCancelled:        {},
	WithdrawalFailed:           {},
}

// Withdrawal is a customer's request, and its life.
type Withdrawal struct {
	Order
	OrderHash         Hash            `json:"orderHash"`
	IdempotencyKey    string          `json:"idempotencyKey"`
	Fee               Amount          `json:"fee"`                // charged on top of Amount, base units of Asset
	Internal          bool            `json:"internal,omitempty"` // the destination is another account's here: a book transfer
	State             WithdrawalState `json:"state"`
	Reason            string          `json:"reason,omitempty"`
	ApprovalsRequired uint32          `json:"approvalsRequired"`
	Approvals         []Approval      `json:"approvals,omitempty"`
	Payout            string          `json:"payout,omitempty"`
	Tx                *Hash           `json:"tx,omitempty"` // of the canonical inclusion
	Sequence          uint64          `json:"sequence"`     // of its events
	CreatedAt         time.Time       `json:"createdAt"`
	UpdatedAt         time.Time       `json:"updatedAt"`
}

// BookTransfer is money that an account received from another account here. No chain saw
// it, and it is final at once. What the sender did is a withdrawal.
type BookTransfer struct {
	ID      string    `json:"id"`
	Tenant  string    `json:"tenant"`
	Account string    `json:"account"` // that received it
	Asset   AssetID   `json:"asset"`
	Address Address   `json:"address"` // of the account, that the sender gave
	Amount  Amount    `json:"amount"`
	Sender  string    `json:"sender,omitempty"` // the sending account, where it is of the same tenant
	At      time.Time `json:"at"`
}
