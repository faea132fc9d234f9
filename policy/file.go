package policy

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
)

// file is the YAML shape. Amounts are decimal text in the unit people say ("12.5").
type file struct {
	Version int          `yaml:"version"`
	Name    string       `yaml:"name"`
	Signers signersFile  `yaml:"signers"`
	People  []personFile `yaml:"people"`
	Pause   *pauseFile   `yaml:"pause"`
	Assets  []assetFile  `yaml:"assets"`
	Rules   rulesFile    `yaml:"rules"`
}

type signersFile struct {
	Threshold uint64 `yaml:"threshold"`
	Count     uint64 `yaml:"count"`
}

type personFile struct {
	Name string    `yaml:"name"`
	Keys []keyFile `yaml:"keys"`
}

type keyFile struct {
	EIP712  string `yaml:"eip712"`
	Ed25519 string `yaml:"ed25519"`
}

type assetFile struct {
	Name     string `yaml:"name"`
	ID       string `yaml:"id"`
	Decimals *uint8 `yaml:"decimals"`
}

type rulesFile struct {
	OrderLimits []orderLimitFile `yaml:"order_limits"`
	Velocity    []velocityFile   `yaml:"velocity"`
	BlockLists  []blockListFile  `yaml:"block_lists"`
	Approvals   []approvalsFile  `yaml:"approvals"`
	FeeLimits   []feeLimitFile   `yaml:"fee_limits"`
	Sweeps      []sweepFile      `yaml:"sweeps"`
	Delegations []delegationFile `yaml:"delegations"`

	AddressBooks    []addressBookFile    `yaml:"address_books"`
	FirstTimeDelays []firstTimeDelayFile `yaml:"first_time_delays"`
	LookAlikes      []lookAlikeFile      `yaml:"look_alikes"`
	Screening       []screeningFile      `yaml:"screening"`
}

type orderLimitFile struct {
	Name       string `yaml:"name"`
	EnforcedBy string `yaml:"enforced_by"`
	Asset      string `yaml:"asset"`
	Max        string `yaml:"max"`
}

type velocityFile struct {
	Name       string `yaml:"name"`
	EnforcedBy string `yaml:"enforced_by"`
	Asset      string `yaml:"asset"`
	Per        string `yaml:"per"`
	Max        string `yaml:"max"`
}

type blockListFile struct {
	Name       string   `yaml:"name"`
	EnforcedBy string   `yaml:"enforced_by"`
	Addresses  []string `yaml:"addresses"`
}

type approvalsFile struct {
	Name       string `yaml:"name"`
	EnforcedBy string `yaml:"enforced_by"`
	Asset      string `yaml:"asset"`
	Above      string `yaml:"above"`
	People     uint32 `yaml:"people"`
}

type feeLimitFile struct {
	Name       string `yaml:"name"`
	EnforcedBy string `yaml:"enforced_by"`
	Asset      string `yaml:"asset"`
	Max        string `yaml:"max"`
	Daily      string `yaml:"daily"`
}

func (f file) policy() (*Policy, error) {
	if f.Version != 1 {
		return nil, fmt.Errorf("version: is %d, want 1", f.Version)
	}
	if f.Name == "" {
		return nil, fmt.Errorf("name: is empty")
	}
	m, n := f.Signers.Threshold, f.Signers.Count
	if m == 0 || m > n || n > maxSigners {
		return nil, fmt.Errorf("signers: want 1 <= threshold <= count <= %d, have %d of %d", maxSigners, m, n)
	}
	if 2*m <= n {
		// Each signer remembers by itself what it paid: two groups with no signer in common
		// would pay one order twice.
		return nil, fmt.Errorf("signers: a threshold of %d of %d lets two groups without a common signer sign: want more than half", m, n)
	}

	p := &Policy{name: f.Name, shareM: m, shareN: n}
	if err := p.addPeople(f.People); err != nil {
		return nil, err
	}
	if err := p.addPause(f.Pause, f.People); err != nil {
		return nil, err
	}
	byName, err := p.addAssets(f.Assets)
	if err != nil {
		return nil, err
	}
	c := compiler{policy: p, assets: byName, names: map[string]bool{}}
	if err := c.compile(f.Rules); err != nil {
		return nil, err
	}
	return p, p.checkBounds()
}

func (p *Policy) addPeople(people []personFile) error {
	if len(people) > maxPeople {
		return fmt.Errorf("people: %d, at most %d", len(people), maxPeople)
	}
	p.people = map[string]string{}
	seen := map[string]bool{}
	for i, person := range people {
		if person.Name == "" || seen[person.Name] {
			return fmt.Errorf("people[%d]: name %q is empty or used twice", i, person.Name)
		}
		seen[person.Name] = true
		if len(person.Keys) == 0 || len(person.Keys) > maxKeys {
			return fmt.Errorf("people %q: want 1 to %d keys, have %d", person.Name, maxKeys, len(person.Keys))
		}
		for _, k := range person.Keys {
			scheme, key, err := k.parse()
			if err != nil {
				return fmt.Errorf("people %q: %w", person.Name, err)
			}
			if owner, taken := p.people[personKey(scheme, key)]; taken {
				return fmt.Errorf("people %q: key %s already belongs to %q", person.Name, key, owner)
			}
			p.people[personKey(scheme, key)] = person.Name
		}
	}
	p.persons = len(people)
	return nil
}

func (k keyFile) parse() (scheme, key string, err error) {
	switch {
	case k.EIP712 != "" && k.Ed25519 == "":
		return coffer.SchemeEIP712, k.EIP712, checkEVMAddress(k.EIP712)
	case k.Ed25519 != "" && k.EIP712 == "":
		_, err := parseEd25519Key(k.Ed25519)
		return coffer.SchemeEd25519, k.Ed25519, err
	}
	return "", "", fmt.Errorf("a key has either eip712 or ed25519")
}

// checkEVMAddress wants the EIP-55 form, so that one key has one spelling.
func checkEVMAddress(s string) error {
	if !common.IsHexAddress(s) || common.HexToAddress(s).Hex() != s {
		return fmt.Errorf("%.80q is not an address with its EIP-55 checksum", s)
	}
	if common.HexToAddress(s) == (common.Address{}) {
		return fmt.Errorf("the zero address is nobody's")
	}
	return nil
}

func parseEd25519Key(s string) ([]byte, error) {
	digits, ok := strings.CutPrefix(s, "0x")
	key, err := hex.DecodeString(digits)
	if !ok || err != nil || len(key) != 32 || hex.EncodeToString(key) != digits {
		return nil, fmt.Errorf("%.80q is not an Ed25519 public key: want 0x and 64 lower-case hex digits", s)
	}
	return key, nil
}

func personKey(scheme, key string) string { return scheme + " " + key }

func (p *Policy) addAssets(assets []assetFile) (map[string]asset, error) {
	if len(assets) > maxRules {
		return nil, fmt.Errorf("assets: %d, at most %d", len(assets), maxRules)
	}
	p.assets = map[coffer.AssetID]asset{}
	byName := map[string]asset{}
	for i, a := range assets {
		id, err := coffer.ParseAssetID(a.ID)
		if err != nil {
			return nil, fmt.Errorf("assets[%d]: %w", i, err)
		}
		if id.Namespace() == coffer.AssetERC20 {
			if err := checkEVMAddress(id.Reference()); err != nil {
				return nil, fmt.Errorf("assets[%d]: %w", i, err)
			}
		}
		if a.Decimals == nil || *a.Decimals > 36 {
			return nil, fmt.Errorf("assets[%d]: decimals: want 0 to 36", i)
		}
		if _, taken := byName[a.Name]; taken || a.Name == "" {
			return nil, fmt.Errorf("assets[%d]: name %q is empty or used twice", i, a.Name)
		}
		if _, taken := p.assets[id]; taken {
			return nil, fmt.Errorf("assets[%d]: %s is named twice", i, id)
		}
		p.assets[id] = asset{name: a.Name, id: id, decimals: *a.Decimals}
		byName[a.Name] = p.assets[id]
	}
	return byName, nil
}
