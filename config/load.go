package config

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/rawbytes"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
)

// EnvPrefix begins every environment variable that sets a configuration key. The rest
// is the key in upper case, with two underscores for each dot: COFFER_LOG__LEVEL sets
// log.level.
const EnvPrefix = "COFFER_"

// maxFileBytes bounds a configuration file.
const maxFileBytes = 1 << 20

// notKeys are variables with our prefix that are no configuration keys: where the
// development chain and the database server find their programs, and where the file is.
var notKeys = []string{"COFFER_ANVIL", "COFFER_PG_BIN", "COFFER_CONFIG"}

// Sources says where values come from, weakest first: the target's own values are the
// defaults, then File, then Environ, then the Flags that were given.
type Sources struct {
	File    string            // path of a YAML file, "" for none
	Environ []string          // as os.Environ gives it
	Flags   *pflag.FlagSet    // nil for none
	FlagKey map[string]string // flag name → key; flags that are not in it set nothing
}

// Load reads the sources into target, a pointer to a struct with `koanf` tags. A key that
// the target does not know is an error that names it and where it came from.
func Load(target any, s Sources) error {
	if s.File != "" {
		if err := loadFile(target, s.File); err != nil {
			return err
		}
	}
	if err := merge(target, environment(s.Environ), "environment"); err != nil {
		return err
	}
	return merge(target, flags(s), "flags")
}

func loadFile(target any, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("configuration file: %w", err)
	}
	if info.Size() > maxFileBytes {
		return fmt.Errorf("configuration file %s: larger than %d bytes", path, maxFileBytes)
	}
	text, err := os.ReadFile(path) // #nosec G304 -- the operator's own file
	if err != nil {
		return fmt.Errorf("configuration file: %w", err)
	}
	k := koanf.New(".")
	if err := k.Load(rawbytes.Provider(text), yaml.Parser()); err != nil {
		return fmt.Errorf("configuration file %s: %w", path, err)
	}
	if holdsPassword(k.String("postgres.dsn")) {
		return fmt.Errorf("%s: postgres.dsn: holds a password, which this file must not: write the DSN into a file of its own (postgres.dsn_file) or set COFFER_POSTGRES__DSN", path)
	}
	return decode(target, k, path, false)
}

// holdsPassword looks at both forms of a DSN.
func holdsPassword(dsn string) bool {
	if u, err := url.Parse(dsn); err == nil && u.User != nil {
		_, set := u.User.Password()
		return set
	}
	return strings.Contains(strings.ReplaceAll(dsn, " ", ""), "password=")
}

func environment(environ []string) map[string]any {
	values := map[string]any{}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		key, ours := strings.CutPrefix(name, EnvPrefix)
		if !ours || slices.Contains(notKeys, name) {
			continue
		}
		values[strings.ReplaceAll(strings.ToLower(key), "__", ".")] = value
	}
	return values
}

func flags(s Sources) map[string]any {
	values := map[string]any{}
	if s.Flags == nil {
		return values
	}
	s.Flags.Visit(func(f *pflag.Flag) {
		if key, ok := s.FlagKey[f.Name]; ok {
			values[key] = f.Value.String()
			if list, ok := f.Value.(pflag.SliceValue); ok {
				values[key] = list.GetSlice()
			}
		}
	})
	return values
}

func merge(target any, values map[string]any, where string) error {
	if len(values) == 0 {
		return nil
	}
	k := koanf.New(".")
	if err := k.Load(confmap.Provider(values, "."), nil); err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	return decode(target, k, where, true)
}

// decode fills target. With text, which environment and flags are, text is read as numbers
// where numbers belong; in a file everything has to be of its own type.
func decode(target any, k *koanf.Koanf, where string, text bool) error {
	err := k.UnmarshalWithConf("", target, koanf.UnmarshalConf{
		Tag: "koanf",
		DecoderConfig: &mapstructure.DecoderConfig{
			Result:           target,
			TagName:          "koanf",
			ErrorUnused:      true,
			WeaklyTypedInput: text,
			DecodeHook: mapstructure.ComposeDecodeHookFunc(
				wholeNumbers,
				mapstructure.StringToTimeDurationHookFunc(),
				mapstructure.StringToSliceHookFunc(","),
				mapstructure.TextUnmarshallerHookFunc(),
			),
		},
	})
	if err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	return nil
}

// wholeNumbers refuses numbers that would be cut to fit: 6.9 or 300 for a byte, and a
// bare number for a duration, which would be nanoseconds.
func wholeNumbers(from, to reflect.Value) (any, error) {
	target := to.Type()
	switch {
	case target == reflect.TypeFor[time.Duration]() && (from.CanInt() || from.CanUint() || from.CanFloat()) && from.Type() != target:
		return nil, errors.New("want a duration such as 2s or 15m")
	case (to.CanInt() || to.CanUint()) && from.CanFloat():
		return nil, errors.New("want a whole number")
	case to.CanUint() && from.CanInt() && (from.Int() < 0 || to.OverflowUint(uint64(from.Int()))), //nolint:gosec // not negative there
		to.CanInt() && from.CanInt() && to.OverflowInt(from.Int()),
		to.CanUint() && from.CanUint() && to.OverflowUint(from.Uint()):
		return nil, fmt.Errorf("%v is out of range", from.Interface())
	}
	return from.Interface(), nil
}
