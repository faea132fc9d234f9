package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/signer"
)

// What the server offers on a Bitcoin chain, and what a signer's own configuration lets pass
// there and on one of TRON, are written in two files. Where they contradict each other every payout, or every one
// above a fee, would be refused by that signer, and be seen too late.

// compareSigners compares the limits of the signers that answered.
func (s *server) compareSigners(context.Context) error {
	s.watch.limits, s.watch.unfit = map[string]limits{}, map[string]error{}
	for _, one := range s.signers {
		if one.info.Name == "" {
			continue // it is away, and is compared when it comes
		}
		if err := s.compare(one.info); err != nil {
			return fmt.Errorf("signer %s: %w", one.Name(), err)
		}
	}
	s.warnUnheld()
	return nil
}

// limits are what a signer says of itself that has to fit.
type limits struct {
	fees     []signer.Limits
	deposits []signer.Deposits
	keys     []signer.KeyInfo
}

func limitsOf(info signer.Info) limits { return limits{info.Limits, info.Deposits, info.Keys} }

func (l limits) equal(other limits) bool {
	return slices.Equal(l.fees, other.fees) && slices.Equal(l.deposits, other.deposits) && slices.Equal(l.keys, other.keys)
}

// compare notes whether a signer's limits fit what the server does. One whose limits do not
// is not asked for signatures.
func (s *server) compare(info signer.Info) error {
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	if s.watch.limits == nil { // a command that compares none at its start
		s.watch.limits, s.watch.unfit = map[string]limits{}, map[string]error{}
	}
	known, heard := s.watch.limits[info.Name]
	if heard && known.equal(limitsOf(info)) {
		return s.watch.unfit[info.Name]
	}
	err := s.fits(info)
	before := s.watch.unfit[info.Name]
	s.watch.limits[info.Name], s.watch.unfit[info.Name] = limitsOf(info), err
	switch {
	case err != nil:
		s.log.Error("a signer's limits contradict the configuration; it is not asked for signatures", "signer", info.Name, "err", err)
		return err
	case before != nil:
		s.log.Info("a signer's limits fit the configuration again", "signer", info.Name)
	}
	for _, u := range s.utxoChains() {
		u.warn(s, info)
	}
	for _, t := range s.tronChains() {
		t.warn(s, info)
	}
	return nil
}

// fits says what a signer's limits contradict.
func (s *server) fits(info signer.Info) error {
	for _, u := range s.utxoChains() {
		if err := u.fits(info); err != nil {
			return fmt.Errorf("chain %s: %w", u.chain.id, err)
		}
	}
	for _, t := range s.tronChains() {
		if err := t.fits(info); err != nil {
			return fmt.Errorf("chain %s: %w", t.chain.id, err)
		}
	}
	return nil
}

// fitting says why a signer is not to be asked for signatures. The watch is locked.
func (w *signerWatch) fitting(name string) error {
	if _, heard := w.limits[name]; !heard {
		return coffer.Errorf(coffer.CodeUnavailable, "the limits of signer %s were not read yet", name)
	}
	if err := w.unfit[name]; err != nil {
		return &coffer.Error{Code: coffer.CodeUnavailable, Message: "the limits of signer " + name + " contradict the configuration", Cause: err}
	}
	return nil
}

func (s *server) utxoChains() []*utxoParts {
	var found []*utxoParts
	for _, chain := range s.chains {
		if u, ok := chain.family.(*utxoParts); ok {
			found = append(found, u)
		}
	}
	return found
}

// limits are what a signer says of the chain; false where it says nothing.
func (u *utxoParts) limits(info signer.Info) (signer.Limits, bool) {
	at := slices.IndexFunc(info.Limits, func(l signer.Limits) bool { return l.Chain == u.chain.id })
	if at < 0 {
		return signer.Limits{}, false
	}
	return info.Limits[at], true
}

// feeCap is the most that a payout may cost, in satoshis.
func (u *utxoParts) feeCap() uint64 {
	return configured(u.chain.config.PayoutFeeCap, u.chain.native.Decimals).Int().Uint64()
}

// fits refuses limits below what payouts do with certainty, or as soon as fees are as high as
// the configuration expects.
func (u *utxoParts) fits(info signer.Info) error {
	l, known := u.limits(info)
	if !known {
		return nil // it does not serve the chain
	}
	cfg, cost, offered := u.chain.config.UTXO, u.feeCap(), feesOf(u.chain.config.UTXO).Cap
	switch {
	case l.Confirmations > cfg.Confirmations:
		return fmt.Errorf("its confirmations are %d, utxo.confirmations is %d: it would refuse what becomes of a payout that the server calls final; want no more of the signer's",
			l.Confirmations, cfg.Confirmations)
	case cost > l.MaxFee:
		return fmt.Errorf("its max_fee is %d satoshis, payout_fee_cap is %s %s (%d satoshis): it would refuse payouts that cost more; want no less of the signer's",
			l.MaxFee, u.chain.config.PayoutFeeCap, u.chain.native.Symbol, cost)
	case perByte(uint64(offered), feeRateVBytes) > l.MaxFeeRate:
		return fmt.Errorf("its max_fee_rate is %d sat/vB, utxo.fee_cap is %s sat/vB: it would refuse payouts while fees are as high; want no less of the signer's",
			l.MaxFeeRate, cfg.FeeCap)
	}
	return nil
}

const feeRateVBytes = 1000 // of utxo.FeeRate

// warn tells of limits that can turn out too low. A payout that waits offers more and more, up
// to payout_fee_cap, however small it is; a cancellation may cost twice that.
func (u *utxoParts) warn(s *server, info signer.Info) {
	l, known := u.limits(info)
	if !known {
		return
	}
	cost := u.feeCap()
	payment := perByte(cost, u.descriptor.SmallestPayment())
	cancellation := perByte(cancelFactor*cost, u.descriptor.SmallestCancellation())
	if payment <= l.MaxFeeRate && cancellation <= l.MaxFeeRate && cancelFactor*cost <= l.MaxFee {
		return
	}
	s.log.Warn("a signer refuses what the smallest payouts, or their cancellations, can come to: then the last one is only sent again; its max_fee and max_fee_rate are low for payout_fee_cap",
		"signer", info.Name, "chain", u.chain.id, "payout_fee_cap", u.chain.config.PayoutFeeCap,
		"max_fee", l.MaxFee, "cancellation_fee", cancelFactor*cost,
		"max_fee_rate", l.MaxFeeRate, "payment_rate", payment, "cancellation_rate", cancellation)
}

// perByte is a fee in satoshis for a virtual byte, rounded up.
func perByte(fee, vbytes uint64) uint64 { return (fee + vbytes - 1) / vbytes }
