package config

import (
	"fmt"
	"time"

	"github.com/cofferhq/coffer"
)

// Sweep says when deposit addresses of a chain are emptied into the wallet. Without assets
// they never are.
type Sweep struct {
	Assets []SweepAsset `koanf:"assets"`

	Interval      time.Duration `koanf:"interval"`       // between looks
	MaxForwarders int           `koanf:"max_forwarders"` // addresses in one transaction
	CostFactor    uint64        `koanf:"cost_factor"`    // what a sweep moves is worth so many times what it costs
	MaxAge        time.Duration `koanf:"max_age"`        // what waited for so long goes whatever it is worth
}

// SweepAsset is an asset to sweep. Less than Min waits at an address until it is old.
// NativePrice is what one native coin costs in units of the asset; without it costs are not
// weighed against the asset.
type SweepAsset struct {
	Asset       coffer.AssetID `koanf:"asset"`
	Min         string         `koanf:"min"`
	NativePrice string         `koanf:"native_price"`

	// ExposureCap is how much may wait at deposit addresses before it goes whatever that costs, and
	// an alarm is raised (TRON, where one signer has their keys); without it there is no cap.
	ExposureCap string `koanf:"exposure_cap"`
}

// Bounds of sweeps.
const (
	maxSweepForwarders = 100
	maxSweepCostFactor = 1_000_000
	maxSweepAge        = 10 * 365 * 24 * time.Hour
)

func sweepDefaults(s *Sweep) {
	setDefault(&s.Interval, time.Minute)
	setDefault(&s.MaxForwarders, 50)
	setDefault(&s.CostFactor, 10)
	setDefault(&s.MaxAge, 7*24*time.Hour)
	for i := range s.Assets {
		setDefault(&s.Assets[i].Min, "0")
	}
}

func checkSweep(key string, c Chain, wrong func(key, format string, args ...any)) {
	key += ".sweep"
	s := c.Sweep
	if s.MaxForwarders < 1 || s.MaxForwarders > maxSweepForwarders {
		wrong(key+".max_forwarders", "want 1 to %d", maxSweepForwarders)
	}
	if s.CostFactor < 1 || s.CostFactor > maxSweepCostFactor {
		wrong(key+".cost_factor", "want 1 to %d", maxSweepCostFactor)
	}
	checkSweepTimes(key, s, wrong)
	checkSweepAssets(key, c, wrong)
}

func checkSweepTimes(key string, s Sweep, wrong func(key, format string, args ...any)) {
	if s.Interval < minPoll || s.Interval > maxDuration {
		wrong(key+".interval", "%s is not between %s and %s", s.Interval, minPoll, maxDuration)
	}
	if s.MaxAge < time.Minute || s.MaxAge > maxSweepAge {
		wrong(key+".max_age", "%s is not between %s and %s", s.MaxAge, time.Minute, maxSweepAge)
	}
}

func checkSweepAssets(key string, c Chain, wrong func(key, format string, args ...any)) {
	seen := map[coffer.AssetID]bool{}
	for i, a := range c.Sweep.Assets {
		key := fmt.Sprintf("%s.assets[%d]", key, i)
		asset, listed := c.asset(a.Asset)
		switch {
		case !listed:
			wrong(key+".asset", "%.160q is not an asset of the chain's section", a.Asset)
			continue
		case seen[a.Asset]:
			wrong(key+".asset", "%s stands twice", a.Asset)
		}
		seen[a.Asset] = true
		if _, err := coffer.ParseUnits(a.Min, asset.Decimals); err != nil {
			wrong(key+".min", "%v", err)
		}
		switch most, err := coffer.ParseUnits(a.ExposureCap, asset.Decimals); {
		case a.ExposureCap == "":
		case !c.isTRON():
			wrong(key+".exposure_cap", "is for TRON, where one signer has the keys of deposit addresses")
		case err != nil:
			wrong(key+".exposure_cap", "%v", err)
		case most.IsZero():
			wrong(key+".exposure_cap", "want more than nothing; without the key there is no cap")
		}
		switch price, err := coffer.ParseUnits(a.NativePrice, asset.Decimals); {
		case a.NativePrice == "":
		case asset.ID.IsNative():
			wrong(key+".native_price", "is for tokens; a native coin costs one")
		case err != nil:
			wrong(key+".native_price", "%v", err)
		case price.IsZero():
			wrong(key+".native_price", "want what one native coin costs in units of this asset")
		}
	}
}

// Cap returns the exposure cap of a checked section, in base units; zero for none.
func (a SweepAsset) Cap(c Chain) coffer.Amount {
	if a.ExposureCap == "" {
		return coffer.Amount{}
	}
	asset, _ := c.asset(a.Asset)
	most, err := coffer.ParseUnits(a.ExposureCap, asset.Decimals)
	if err != nil {
		panic(fmt.Sprintf("sweep of %s was not checked: %v", a.Asset, err))
	}
	return most
}

// Words returns the amounts of a checked section: the least to sweep from an address, and
// the price of one native coin, both in base units; a price of zero for none.
func (a SweepAsset) Words(c Chain) (least, price coffer.Amount) {
	asset, _ := c.asset(a.Asset)
	parse := func(text string) coffer.Amount {
		amount, err := coffer.ParseUnits(text, asset.Decimals)
		if err != nil {
			panic(fmt.Sprintf("sweep of %s was not checked: %v", a.Asset, err))
		}
		return amount
	}
	least = parse(a.Min)
	switch {
	case asset.ID.IsNative():
		price = parse("1")
	case a.NativePrice != "":
		price = parse(a.NativePrice)
	}
	return least, price
}
