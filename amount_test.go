package coffer_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/cofferhq/coffer"
	"pgregory.net/rapid"
)

func TestParseUnitsNamesTheBrokenRule(t *testing.T) {
	cases := []struct {
		text     string
		decimals uint8
		want     string
		err      error
	}{
		{"12.5", 6, "12500000", nil},
		{"0.000001", 6, "1", nil},
		{"0", 6, "0", nil},
		{"007", 0, "7", nil},
		{"1.0000000", 6, "", coffer.ErrAmountPrecision},
		{"1.", 6, "", coffer.ErrAmountSyntax},
		{".5", 6, "", coffer.ErrAmountSyntax},
		{"-1", 6, "", coffer.ErrAmountSyntax},
		{"+1", 6, "", coffer.ErrAmountSyntax},
		{"1e6", 6, "", coffer.ErrAmountSyntax},
		{"1,5", 6, "", coffer.ErrAmountSyntax},
		{" 1", 6, "", coffer.ErrAmountSyntax},
		{"", 6, "", coffer.ErrAmountSyntax},
		{"１", 6, "", coffer.ErrAmountSyntax}, // full-width digit
		{strings.Repeat("9", 79), 0, "", coffer.ErrAmountRange},
		{strings.Repeat("9", 78), 0, "", coffer.ErrAmountRange},
	}
	for _, c := range cases {
		got, err := coffer.ParseUnits(c.text, c.decimals)
		if !errors.Is(err, c.err) {
			t.Errorf("ParseUnits(%q): error %v, want %v", c.text, err, c.err)
		}
		if err == nil && got.String() != c.want {
			t.Errorf("ParseUnits(%q) = %s, want %s", c.text, got, c.want)
		}
	}
}

func drawAmount(t *rapid.T, label string) coffer.Amount {
	a, err := coffer.AmountFromBytes(rapid.SliceOfN(rapid.Byte(), 0, 32).Draw(t, label))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAmountTextFormsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawAmount(t, "amount")
		decimals := rapid.Uint8Range(0, 40).Draw(t, "decimals")

		if back, err := coffer.ParseUnits(a.Units(decimals), decimals); err != nil || back != a {
			t.Fatalf("units %q: %v, %v", a.Units(decimals), back, err)
		}
		text, err := json.Marshal(a)
		if err != nil || text[0] != '"' {
			t.Fatalf("json %s, %v: want a string", text, err)
		}
		var back coffer.Amount
		if err := json.Unmarshal(text, &back); err != nil || back != a {
			t.Fatalf("json %s: %v, %v", text, back, err)
		}
	})
}

func TestAmountArithmeticNeverWraps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawAmount(t, "a"), drawAmount(t, "b")
		if sum, err := a.Add(b); err == nil {
			if sum.Cmp(a) < 0 {
				t.Fatal("sum is below a term")
			}
			if back, err := sum.Sub(b); err != nil || back != a {
				t.Fatalf("(a+b)-b = %v, %v", back, err)
			}
		} else if !errors.Is(err, coffer.ErrAmountRange) {
			t.Fatal(err)
		}
		if _, err := a.Sub(b); (err != nil) != (a.Cmp(b) < 0) {
			t.Fatalf("a-b: %v with a cmp b = %d", err, a.Cmp(b))
		}
	})
}

func TestJSONNumberIsNoAmount(t *testing.T) {
	var a coffer.Amount
	if err := json.Unmarshal([]byte("12"), &a); err == nil {
		t.Fatal("a JSON number was taken as an amount")
	}
}
