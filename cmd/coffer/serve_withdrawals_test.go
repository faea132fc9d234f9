package main

import (
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
)

// What one payment costs: gas at the price of gas and a margin, converted at the price of
// a coin, rounded up at every step.
func TestNetworkCostIsGasWithMarginInUnitsOfTheAsset(t *testing.T) {
	eth := coffer.Asset{ID: "eip155:1/slip44:60", Decimals: 18}
	tests := []struct {
		name     string
		asset    config.Asset
		price    uint64 // wei per gas
		wantCost string // base units
	}{
		{"ether", config.Asset{ID: eth.ID, Decimals: 18, Fee: config.Fee{NetworkGas: 100_000, NetworkMargin: "20"}}, 10_000_000_000, "1200000000000000"},
		{"USDT at 3000", config.Asset{ID: "eip155:1/erc20:0x1", Decimals: 6, Fee: config.Fee{NetworkGas: 100_000, NetworkMargin: "20", NativePrice: "3000"}}, 10_000_000_000, "3600000"},
		{"rounded up", config.Asset{ID: "eip155:1/erc20:0x1", Decimals: 6, Fee: config.Fee{NetworkGas: 1, NetworkMargin: "0.0001", NativePrice: "3000"}}, 1, "1"},
		{"18 decimals", config.Asset{ID: "eip155:56/erc20:0x1", Decimals: 18, Fee: config.Fee{NetworkGas: 100_000, NetworkMargin: "0", NativePrice: "600.5"}}, 1_000_000_000, "60050000000000000"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cost, err := newNetworkCost(nil, test.asset, eth)
			if err != nil {
				t.Fatal(err)
			}
			got, err := cost.at(coffer.NewAmount(test.price))
			if err != nil || got.String() != test.wantCost {
				t.Errorf("costs %s (%v), want %s", got, err, test.wantCost)
			}
		})
	}
}
