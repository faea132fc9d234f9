package config

import "time"

// Stream says how long events are kept. Zero is for ever.
type Stream struct {
	// KeepRaw is for what blocks brought. The past of an address that becomes known later is
	// filled in from what is kept.
	KeepRaw time.Duration `koanf:"keep_raw"`
	// KeepEvents is for what subscribers can ask for again.
	KeepEvents time.Duration `koanf:"keep_events"`
}

const minKeep = 24 * time.Hour

func checkStream(s Stream, wrong func(key, format string, args ...any)) {
	for key, keep := range map[string]time.Duration{"keep_raw": s.KeepRaw, "keep_events": s.KeepEvents} {
		if keep != 0 && keep < minKeep {
			wrong("stream."+key, "%s is less than %s; 0 keeps everything", keep, minKeep)
		}
	}
}
