package signer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/miekg/pkcs11"
)

// Errors of opening a token and finding its keys.
var (
	ErrModule = errors.New("the PKCS#11 module cannot be used")
	ErrToken  = errors.New("no such token")
	ErrKey    = errors.New("no such key")
	ErrSealed = errors.New("the sealed bytes do not open: they were changed, or sealed for something else")
)

const (
	defaultSessions = 4
	maxSessions     = 64
	maxObjects      = 2 // enough to see that a label is not unique
)

// TokenConfig says where the keys are.
type TokenConfig struct {
	Module   string `yaml:"module"`   // path of the PKCS#11 library
	Label    string `yaml:"label"`    // of the token; slot numbers change
	PINFile  string `yaml:"pin_file"` // or
	PINEnv   string `yaml:"pin_env"`  // the name of an environment variable
	Sessions int    `yaml:"sessions"` // signatures made at once, default 4
}

// Token is an open, logged-in PKCS#11 token. It is safe for concurrent use: every
// operation owns a session while it runs.
type Token struct {
	module   *module
	slot     uint
	label    string
	login    pkcs11.SessionHandle      // keeps the process logged in
	sessions chan pkcs11.SessionHandle // free ones
}

// module is a loaded library. PKCS#11 allows one C_Initialize in a process, so tokens of
// one library share it.
type module struct {
	path string
	ctx  *pkcs11.Ctx
	uses int
}

var (
	modulesMu sync.Mutex
	modules   = map[string]*module{}
)

func loadModule(path string) (*module, error) {
	modulesMu.Lock()
	defer modulesMu.Unlock()

	if m, ok := modules[path]; ok {
		m.uses++
		return m, nil
	}
	ctx := pkcs11.New(path)
	if ctx == nil {
		return nil, fmt.Errorf("%w: %q cannot be loaded as a PKCS#11 library", ErrModule, path)
	}
	if err := ctx.Initialize(); err != nil {
		ctx.Destroy()
		return nil, fmt.Errorf("%w: initialize %q: %w", ErrModule, path, err)
	}
	m := &module{path: path, ctx: ctx, uses: 1}
	modules[path] = m
	return m, nil
}

func (m *module) release() error {
	modulesMu.Lock()
	defer modulesMu.Unlock()

	if m.uses--; m.uses > 0 {
		return nil
	}
	delete(modules, m.path)
	err := m.ctx.Finalize()
	m.ctx.Destroy()
	return err
}

// openToken loads the module, finds the token by its label and logs in. Wrong PINs are
// counted in dir.
func openToken(cfg TokenConfig, dir string) (_ *Token, err error) {
	count := cfg.Sessions
	if count == 0 {
		count = defaultSessions
	}
	if count < 0 || count > maxSessions {
		return nil, fmt.Errorf("token: sessions: want 1 to %d, have %d", maxSessions, count)
	}
	pin, err := readPIN(cfg.PINFile, cfg.PINEnv)
	if err != nil {
		return nil, err
	}
	m, err := loadModule(cfg.Module)
	if err != nil {
		return nil, err
	}
	t := &Token{module: m, label: cfg.Label, sessions: make(chan pkcs11.SessionHandle, count)}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.release())
		}
	}()

	if t.slot, err = findSlot(m.ctx, cfg.Label); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = m.ctx.CloseAllSessions(t.slot) // the error that brought us here says more
		}
	}()
	if t.login, err = m.ctx.OpenSession(t.slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION); err != nil {
		return nil, fmt.Errorf("token %q: open a session: %w", cfg.Label, err)
	}
	if err = t.unlock(pin, attempts{filepath.Join(dir, "pin-attempts")}); err != nil {
		return nil, err
	}
	for range count {
		session, openErr := m.ctx.OpenSession(t.slot, pkcs11.CKF_SERIAL_SESSION)
		if openErr != nil {
			return nil, fmt.Errorf("token %q: open a session: %w", cfg.Label, openErr)
		}
		t.sessions <- session
	}
	return t, nil
}

func findSlot(ctx *pkcs11.Ctx, label string) (uint, error) {
	slots, err := ctx.GetSlotList(true)
	if err != nil {
		return 0, fmt.Errorf("%w: list slots: %w", ErrModule, err)
	}
	var found []uint
	for _, slot := range slots {
		info, err := ctx.GetTokenInfo(slot)
		if err != nil {
			return 0, fmt.Errorf("%w: read slot %d: %w", ErrModule, slot, err)
		}
		if info.Label == label && info.Flags&pkcs11.CKF_TOKEN_INITIALIZED != 0 {
			found = append(found, slot)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return 0, fmt.Errorf("%w: no initialized token is labelled %q", ErrToken, label)
	}
	return 0, fmt.Errorf("%w: %d tokens are labelled %q", ErrToken, len(found), label)
}

func (t *Token) unlock(pin PIN, a attempts) error {
	if err := a.begin(); err != nil {
		return err
	}
	err := t.module.ctx.Login(t.login, pkcs11.CKU_USER, pin.secret)
	switch {
	case err == nil:
		return a.succeeded()
	case errors.Is(err, pkcs11.Error(pkcs11.CKR_PIN_INCORRECT)), errors.Is(err, pkcs11.Error(pkcs11.CKR_PIN_LEN_RANGE)):
		return fmt.Errorf("%w: token %q", ErrPIN, t.label)
	case errors.Is(err, pkcs11.Error(pkcs11.CKR_PIN_LOCKED)):
		return fmt.Errorf("%w: token %q locked itself", ErrPINLocked, t.label)
	}
	// Anything else says nothing about the PIN.
	return errors.Join(fmt.Errorf("token %q: log in: %w", t.label, err), a.succeeded())
}

// Close logs out and closes every session. Nothing may be using the token.
func (t *Token) Close() error {
	return errors.Join(t.module.ctx.CloseAllSessions(t.slot), t.module.release())
}

// with runs an operation in a session of its own. A session in which something failed is
// replaced, because the token may still think that an operation is going on in it.
func (t *Token) with(ctx context.Context, operation func(p *pkcs11.Ctx, session pkcs11.SessionHandle) error) error {
	var session pkcs11.SessionHandle
	select {
	case session = <-t.sessions:
	case <-ctx.Done():
		return fmt.Errorf("token %q: wait for a session: %w", t.label, ctx.Err())
	}

	err := operation(t.module.ctx, session)
	if err != nil {
		_ = t.module.ctx.CloseSession(session) // it may be gone already
		fresh, openErr := t.module.ctx.OpenSession(t.slot, pkcs11.CKF_SERIAL_SESSION)
		if openErr == nil {
			session = fresh
		}
		err = errors.Join(err, openErr)
	}
	t.sessions <- session
	return err
}

// find returns the handles of at most maxObjects objects. Handles die with the login and
// are never stored outside the process.
func find(p *pkcs11.Ctx, session pkcs11.SessionHandle, template ...*pkcs11.Attribute) (found []pkcs11.ObjectHandle, err error) {
	if err := p.FindObjectsInit(session, template); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.FindObjectsFinal(session)) }()
	found, _, err = p.FindObjects(session, maxObjects)
	return found, err
}
