package graphql

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/cofferhq/coffer"
)

// maxRates bounds the keys whose use is remembered. Above it those that have been idle are
// forgotten, which is no loss to them.
const maxRates = 10_000

// RateLimit is how many operations an API key may start in this process: so many a second
// for ever, and Burst at once after a pause. PerSecond 0 is no limit.
type RateLimit struct {
	PerSecond uint32
	Burst     uint32
}

// rates are the API keys' buckets of tokens.
type rates struct {
	limit RateLimit
	clock coffer.Clock

	mu   sync.Mutex
	keys map[string]*rate.Limiter
}

func newRates(limit RateLimit, clock coffer.Clock) *rates {
	return &rates{limit: limit, clock: clock, keys: map[string]*rate.Limiter{}}
}

// take takes a token of a key, or says how long it has to wait for one.
func (r *rates) take(key string) (wait time.Duration, ok bool) {
	if r.limit.PerSecond == 0 {
		return 0, true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.clock()
	bucket, known := r.keys[key]
	if !known {
		r.forget(now)
		bucket = rate.NewLimiter(rate.Limit(r.limit.PerSecond), int(r.limit.Burst))
		r.keys[key] = bucket
	}
	reserved := bucket.ReserveN(now, 1)
	if wait = reserved.DelayFrom(now); wait == 0 {
		return 0, true
	}
	reserved.CancelAt(now)
	return wait, false
}

// forget makes room for one key more: all that are idle go, or else any one.
func (r *rates) forget(now time.Time) {
	if len(r.keys) < maxRates {
		return
	}
	for key, bucket := range r.keys {
		if bucket.TokensAt(now) >= float64(r.limit.Burst) {
			delete(r.keys, key)
		}
	}
	for key := range r.keys {
		if len(r.keys) < maxRates {
			return
		}
		delete(r.keys, key)
	}
}

// tooMany is the refusal of an operation above the rate.
func (r *rates) tooMany() error {
	return coffer.Errorf(coffer.CodeLimit, "the API key starts more than %d operations a second: try again later", r.limit.PerSecond)
}

// retryAfter says in whole seconds how long to wait (RFC 9110, Retry-After).
func retryAfter(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
}
