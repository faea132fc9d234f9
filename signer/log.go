package signer

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/cofferhq/coffer"
)

// Errors of opening a log.
var (
	ErrLogLocked   = errors.New("the log is in use by another process")
	ErrLogTampered = errors.New("the log does not verify")
)

// maxLineBytes bounds one record: maxOrders orders of maxTextBytes identifiers fit.
const maxLineBytes = 4 << 20

// Log is what a signer signed: one JSON line a record, each naming the hash of the one
// before. It is only ever appended to, and every record is on disk before append returns.
//
// A line is {"hash":H,"body":B}: H is SHA-256 over logTag, a zero byte and the bytes of B;
// B names its sequence number (from 1, without gaps) and the hash of the record before.
type Log struct {
	file     *os.File
	sequence uint64
	head     coffer.Hash
	places   []place // of the records, in order
	size     int64   // of what is verified
	broken   error   // set when a write failed: what is on disk is not known any more
}

// place is where a record is in the file, and its hash.
type place struct {
	offset int64
	hash   coffer.Hash
}

const logTag = "coffer/signer-log/v1"

type line struct {
	Hash coffer.Hash     `json:"hash"`
	Body json.RawMessage `json:"body"`
}

// openLog opens or creates the log at path, locks it, verifies every record and hands it
// to apply. A last line that was not written whole is cut off with a warning: its
// signature never left. Anything else that does not verify is ErrLogTampered.
func openLog(path string, logger *slog.Logger, apply func(record) error) (*Log, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600) //nolint:gosec // the operator names the path
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	l := &Log{file: file}
	if err := l.load(path, logger, apply); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return l, nil
}

func (l *Log) load(path string, logger *slog.Logger, apply func(record) error) error {
	if err := syscall.Flock(int(l.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("%s: %w", path, ErrLogLocked)
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return err
	}

	reader := bufio.NewReaderSize(l.file, maxLineBytes)
	for offset := int64(0); ; {
		text, err := reader.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return l.repair(path, logger, apply, text, offset)
		}
		if err != nil {
			return fmt.Errorf("%s: after record %d: %w: %w", path, l.sequence, ErrLogTampered, err)
		}
		if err := l.accept(text, apply); err != nil {
			return fmt.Errorf("%s: after record %d: %w: %w", path, l.sequence, ErrLogTampered, err)
		}
		offset += int64(len(text))
	}
}

// repair deals with a last line without its end: whole but for the newline it is kept,
// torn it is cut off.
func (l *Log) repair(path string, logger *slog.Logger, apply func(record) error, torn []byte, offset int64) error {
	if len(torn) == 0 {
		return nil
	}
	var ln line
	if strictJSON(torn, &ln) == nil && hashBody(ln.Body) == ln.Hash {
		if err := l.accept(append(bytes.Clone(torn), '\n'), apply); err != nil {
			return fmt.Errorf("%s: after record %d: %w: %w", path, l.sequence, ErrLogTampered, err)
		}
		logger.Warn("the last record of the log had no line end; added it", "log", path, "record", l.sequence)
		_, err := l.file.Write([]byte{'\n'})
		return errors.Join(err, l.file.Sync())
	}
	logger.Warn("the last record of the log was not written whole; cut it off", "log", path, "bytes", len(torn), "after", l.sequence)
	return errors.Join(l.file.Truncate(offset), l.file.Sync())
}

// accept verifies one line against the head and applies it.
func (l *Log) accept(text []byte, apply func(record) error) error {
	var ln line
	if err := strictJSON(text, &ln); err != nil {
		return err
	}
	if hashBody(ln.Body) != ln.Hash {
		return errors.New("a record has another hash than it says")
	}
	var rec record
	if err := strictJSON(ln.Body, &rec); err != nil {
		return err
	}
	if rec.Sequence != l.sequence+1 || rec.Previous != l.head {
		return fmt.Errorf("a record says it is number %d after %s", rec.Sequence, rec.Previous)
	}
	if err := apply(rec); err != nil {
		return err
	}
	l.advance(rec.Sequence, ln.Hash, len(text))
	return nil
}

// advance notes a record of so many bytes, its line end included.
func (l *Log) advance(sequence uint64, hash coffer.Hash, bytes int) {
	l.places = append(l.places, place{l.size, hash})
	l.sequence, l.head, l.size = sequence, hash, l.size+int64(bytes)
}

// has reports whether the log has a record with this hash.
func (l *Log) has(sequence uint64, hash coffer.Hash) bool {
	return sequence >= 1 && sequence <= l.sequence && l.places[sequence-1].hash == hash
}

// append writes a record and waits for the disk. After a failure nothing can be appended
// until the process starts again and verifies what is there.
func (l *Log) append(now time.Time, rec record) (record, error) {
	if l.broken != nil {
		return record{}, fmt.Errorf("the log failed before: %w", l.broken)
	}
	rec.Sequence, rec.Previous, rec.At = l.sequence+1, l.head, now.UTC().Truncate(time.Second)
	body, err := json.Marshal(rec)
	if err != nil {
		return record{}, err
	}
	ln := line{hashBody(body), body}
	text, err := json.Marshal(ln)
	if err != nil {
		return record{}, err
	}
	if len(text)+1 > maxLineBytes {
		return record{}, fmt.Errorf("a record of %d bytes is too long", len(text))
	}
	if _, err := l.file.Write(append(text, '\n')); err != nil {
		l.broken = err
		return record{}, err
	}
	if err := l.file.Sync(); err != nil {
		l.broken = err
		return record{}, err
	}
	l.advance(rec.Sequence, ln.Hash, len(text)+1)
	return rec, nil
}

// Close releases the lock.
func (l *Log) Close() error { return l.file.Close() }

func hashBody(body []byte) coffer.Hash {
	return sha256.Sum256(append([]byte(logTag+"\x00"), body...))
}

func strictJSON(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("a record is followed by something else")
	}
	return nil
}

func syncDir(path string) error {
	dir, err := os.Open(path) //nolint:gosec // the operator names the path
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
