package config

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/cofferhq/coffer"
)

// Omni is a token of the Omni Layer on a chain of the Bitcoin family. It is off by default:
// USDT on Bitcoin (property 31) is no longer supported by its issuer, who has not issued or
// redeemed it since 2025, though it can still be moved. With it the chain has one entry in
// assets, bip122:…/omni:31, and the wallet must be nested, sh(wsh(…)): the Omni Layer does not
// know native segregated witness.
type Omni struct {
	Property uint32 `koanf:"property"` // 0: none

	// Nodes are Omni Core servers, all of which must say of a transaction that it is valid
	// before it counts. Blocks with messages wait while one of them is behind or away.
	Nodes []Node `koanf:"nodes"`
}

// Wanted reports whether the section says anything.
func (o Omni) Wanted() bool { return o.Property != 0 || len(o.Nodes) > 0 }

// Bounds of a token of the Omni Layer.
const (
	omniFirst    = 3 // the properties before it can be moved by plain payments (class A)
	maxOmniNodes = 4
)

func omniDefaults(c *Chain) {
	if c.UTXO.Omni.Wanted() {
		setDefault(&c.Sweep.Interval, time.Minute)
		setDefault(&c.Sweep.MaxAge, 7*24*time.Hour)
	}
	for i := range c.Sweep.Assets {
		setDefault(&c.Sweep.Assets[i].Min, "0")
	}
	for i := range c.Assets {
		a := &c.Assets[i]
		setDefault(&a.MinDeposit, "0")
		setDefault(&a.MinWithdraw, "0")
		setDefault(&a.WithdrawFee, "0")
		setDefault(&a.Credit, c.Native.Credit)
		setDefault(&a.Unlock, max(a.Credit, c.Native.Unlock))
		setDefault(&a.Fee.Percent, "0")
		setDefault(&a.Fee.Least, "0")
		setDefault(&a.Fee.Most, "0")
		setDefault(&a.Fee.NetworkMargin, "0")
	}
}

func checkOmni(key string, c Chain, wrong func(key, format string, args ...any)) {
	omni, at := c.UTXO.Omni, key+".utxo.omni"
	if !omni.Wanted() {
		if len(c.Assets) > 0 {
			wrong(key+".assets", "a chain of the Bitcoin family has no tokens but that of utxo.omni, which is not configured")
		}
		return
	}
	if omni.Property < omniFirst {
		wrong(at+".property", "want %d or above, such as 31", omniFirst)
	}
	if len(omni.Nodes) == 0 || len(omni.Nodes) > maxOmniNodes {
		wrong(at+".nodes", "want 1 to %d Omni Core nodes", maxOmniNodes)
	}
	checkNodes(at+".nodes", omni.Nodes, wrong)
	if !strings.HasPrefix(c.UTXO.Descriptor, "sh(wsh(") {
		wrong(key+".utxo.descriptor", "want sh(wsh(…)) with utxo.omni: the Omni Layer does not know native segregated witness")
	}
	want := coffer.NewAssetID(c.ID, coffer.AssetOmni, coffer.NewAmount(uint64(omni.Property)).String())
	if len(c.Assets) != 1 {
		wrong(key+".assets", "want one, %s, which is property %d of utxo.omni", want, omni.Property)
		return
	}
	checkOmniSweep(key+".sweep", c, wrong)
	key += ".assets[0]"
	a := c.Assets[0]
	if a.Credit > c.UTXO.Confirmations {
		wrong(key+".credit", "want at most utxo.confirmations: the coin that came with tokens stays with them from then on")
	}
	if a.ID != want {
		wrong(key+".id", "want %s, which is property %d of utxo.omni", want, omni.Property)
	}
	checkAsset(key, c.ID, a, wrong)
	checkOmniAsset(key, a, wrong)
}

// checkOmniSweep checks what brings tokens from deposit addresses to the wallet's own.
func checkOmniSweep(key string, c Chain, wrong func(key, format string, args ...any)) {
	for i, swept := range c.Sweep.Assets {
		at := fmt.Sprintf("%s.assets[%d]", key, i)
		if swept.Asset.IsNative() {
			wrong(at+".asset", "is not the token of utxo.omni: coins are spent where they are")
		}
		if swept.NativePrice != "" {
			wrong(at+".native_price", "is not weighed here: min says what is worth the bitcoin")
		}
	}
	checkSweepAssets(key, c, wrong)
	checkSweepTimes(key, c.Sweep, wrong)
}

// checkOmniAsset refuses what the Omni Layer does not have.
func checkOmniAsset(key string, a Asset, wrong func(key, format string, args ...any)) {
	if a.Decimals != 0 && a.Decimals != satoshiDecimals {
		wrong(key+".decimals", "want %d, or 0 for a property that cannot be divided", satoshiDecimals)
	}
	keys := []struct {
		key   string
		given bool
	}{
		{"payout_gas", a.PayoutGas != 0}, {"needs_memo", a.NeedsMemo}, {"fee.network", a.Fee.Network}, {"fee.network_gas", a.Fee.NetworkGas != 0},
	}
	for _, k := range keys {
		if k.given {
			wrong(key+"."+k.key, "is not for tokens of the Omni Layer")
		}
	}
	most := coffer.NewAmount(math.MaxInt64)
	amounts := []struct{ key, text string }{
		{"min_deposit", a.MinDeposit}, {"min_withdraw", a.MinWithdraw}, {"withdraw_fee", a.WithdrawFee},
		{"payout_max", a.PayoutMax}, {"payout_max_destination", a.PayoutMaxDestination},
	}
	for _, amount := range amounts {
		if units, err := coffer.ParseUnits(amount.text, a.Decimals); err == nil && units.Cmp(most) > 0 {
			wrong(key+"."+amount.key, "is above 2^63-1 units, the most that the Omni Layer can move")
		}
	}
}
