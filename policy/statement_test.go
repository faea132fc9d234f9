package policy_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/signer/core/apitypes"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
)

// goldenStatement is the digest of pauseStatement, which wallets of people compute too.
const goldenStatement = "ae8cabebefe8eb40900eec92ed6890f5d3fd999a4101682643bc21a09b17c129"

func pauseStatement() policy.Statement {
	made := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	return policy.Statement{
		Action: policy.ActionPause, Scope: policy.ScopeChain, Subject: "eip155:1", Reason: "a strange payout",
		Made: made, Expires: made.Add(time.Hour),
	}
}

// What a wallet shows and signs by EIP-712 is the statement's hash.
func TestStatementsAreTypedData(t *testing.T) {
	st := pauseStatement()
	text, err := st.TypedData()
	if err != nil {
		t.Fatal(err)
	}
	var data apitypes.TypedData
	if err := json.Unmarshal(text, &data); err != nil {
		t.Fatal(err)
	}
	want, _, err := apitypes.TypedDataAndHash(data)
	if err != nil {
		t.Fatal(err)
	}
	if hash := st.Hash(); hex.EncodeToString(hash[:]) != hex.EncodeToString(want) || hex.EncodeToString(want) != goldenStatement {
		t.Errorf("digest %s, of the typed data %x, golden %s", hash, want, goldenStatement)
	}
}

func TestEveryFieldOfAStatementCounts(t *testing.T) {
	seen := map[coffer.Hash]string{pauseStatement().Hash(): "nothing"}
	for name, edit := range map[string]func(*policy.Statement){
		"action":  func(s *policy.Statement) { s.Action = policy.ActionResume },
		"scope":   func(s *policy.Statement) { s.Scope = policy.ScopeAsset },
		"subject": func(s *policy.Statement) { s.Subject = "eip155:10" },
		"of":      func(s *policy.Statement) { s.Of[31] = 1 },
		"reason":  func(s *policy.Statement) { s.Reason += "." },
		"made":    func(s *policy.Statement) { s.Made = s.Made.Add(time.Second) },
		"expires": func(s *policy.Statement) { s.Expires = s.Expires.Add(time.Second) },
	} {
		st := pauseStatement()
		edit(&st)
		if other, taken := seen[st.Hash()]; taken {
			t.Errorf("changing %s gives the hash of changing %s", name, other)
		}
		seen[st.Hash()] = name
	}
}

func TestPeoplePauseWithEd25519Too(t *testing.T) {
	text, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	seed, err := hex.DecodeString(aliceSeed)
	if err != nil {
		t.Fatal(err)
	}
	private := ed25519.NewKeyFromSeed(seed)
	st := pauseStatement()
	message, err := st.Digest(coffer.SchemeEd25519)
	if err != nil {
		t.Fatal(err)
	}
	c := policy.Command{Statement: st, Signatures: []policy.StatementSignature{
		{Scheme: coffer.SchemeEd25519, Key: hexutil.Encode(private[32:]), Signature: ed25519.Sign(private, message)}}}
	people, err := p.Authorize(c, st.Made)
	if err != nil || len(people) != 1 || people[0] != "alice" {
		t.Errorf("%v, %v", people, err)
	}
	c.Signatures[0].Signature[0] ^= 1
	if _, err := p.Authorize(c, st.Made); coffer.ErrorCode(err) != coffer.CodePolicy {
		t.Errorf("a broken signature: %v", err)
	}
}

func TestWhoMayPauseHasToBeThere(t *testing.T) {
	text, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, says string }{
		{"by: [alice, bob, carol]", "by: [alice, dave]", `pause: by: "dave" is none of the people`},
		{"by: [alice, bob, carol]", "by: []", "pause: by: is empty"},
		{"by: [alice, bob, carol]", "by: [alice, alice]", `"alice" is named twice`},
		{"quorum: 2", "quorum: 1", "pause: resume: quorum: is 1"},
		{"quorum: 2", "quorum: 4", "pause: resume: quorum: is 4"},
		{"people: [alice, bob, carol]", "people: []", "resume: people: is empty"},
	} {
		changed := strings.Replace(string(text), c.old, c.new, 1)
		if changed == string(text) {
			t.Fatalf("the example does not hold %q", c.old)
		}
		if _, err := policy.Parse([]byte(changed)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want %q", c.new, err, c.says)
		}
	}
}
