package coffer

import "time"

// WithdrawalState is where a withdrawal is in its life:
//
//	requested → screened → (review) → awaiting_approval → approved → paying → confirming → settled
//
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
// payout's slot is proven dead.
var WithdrawalMoves = Moves[WithdrawalState]{
	WithdrawalRequested:        {WithdrawalScreened, WithdrawalReview, WithdrawalRejected, WithdrawalCancelled},
	WithdrawalScreened:         {WithdrawalReview, WithdrawalAwaitingApproval, WithdrawalApproved, WithdrawalRejected, WithdrawalCancelled},
	WithdrawalReview:           {WithdrawalScreened, WithdrawalAwaitingApproval, WithdrawalApproved, WithdrawalRejected, WithdrawalCancelled},
	WithdrawalAwaitingApproval: {WithdrawalApproved, WithdrawalRejected, WithdrawalCancelled},
	WithdrawalApproved:         {WithdrawalPaying, WithdrawalRejected, WithdrawalCancelled},
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
	Fee               Amount          `json:"fee"` // charged on top of Amount, base units of Asset
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
