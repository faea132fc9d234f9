package coffer

// Cost is what a transaction takes of a chain that charges energy and bandwidth before it
// charges money (TRON). A plan says who would pay how much, as things are; a receipt says less
// of it. All amounts are in the chain's native base units. The zero value is of other chains.
type Cost struct {
	Energy     Usage  `json:"energy,omitzero"`
	Bandwidth  Usage  `json:"bandwidth,omitzero"`
	Penalty    uint64 `json:"penalty,omitempty"`   // of the energy, because many use the contract
	Signatures Amount `json:"signatures,omitzero"` // a plan's: burned for more than one signature
	Activation Amount `json:"activation,omitzero"` // a plan's: burned for a new account
	Other      Amount `json:"other,omitzero"`      // a receipt's: burned for both of these, or a memo
	Burned     Amount `json:"burned,omitzero"`     // all of it
}

// Usage is how many units of energy or bandwidth a transaction takes, by who pays for them.
type Usage struct {
	Staked    uint64 `json:"staked,omitempty"`    // by stake of the account; in a receipt by all stake, and free units
	Delegated uint64 `json:"delegated,omitempty"` // a plan's: by stake that others delegated to the account
	Free      uint64 `json:"free,omitempty"`      // a plan's: by what every account has
	Contract  uint64 `json:"contract,omitempty"`  // a receipt's: by who made the contract
	Burned    uint64 `json:"burned,omitempty"`    // by burning money; a receipt does not tell of bandwidth
	Fee       Amount `json:"fee,omitzero"`        // that is burned for them
}
