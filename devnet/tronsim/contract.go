package tronsim

// contract is code and what its maker said about it. It is replaced, not changed.
type contract struct{}
