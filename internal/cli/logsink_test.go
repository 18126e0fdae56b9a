package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A disk is full after room bytes, until it has more. The bytes that fit are
// written, as by write(2).
type fullDisk struct {
	bytes.Buffer
	room int
}

var errFull = errors.New("no space left on device")

func (d *fullDisk) Write(b []byte) (int, error) {
	n := min(len(b), d.room)
	d.room -= n
	d.Buffer.Write(b[:n])
	if n < len(b) {
		return n, errFull
	}
	return n, nil
}

// A disk that is full loses lines and nothing else: the number of lines is told
// when there is room again, and no line is torn.
func TestLogOnAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := &fullDisk{room: 12}
		alarms := 0
		s := newLogSink(disk, func(lost int, why error) []byte { return fmt.Appendf(nil, "%d lost: %v\n", lost, why) },
			func(why error) {
				if why != errFull {
					t.Errorf("the alarm says %v", why)
				}
				alarms++
			})
		say := func(line string) {
			fmt.Fprintln(s, line)
			synctest.Wait()
		}
		say("first line")
		say("second line")
		say("third line")
		disk.room = 1000
		say("fourth line")
		s.close()
		if got, want := disk.String(), "first line\ns\n2 lost: no space left on device\nfourth line\n"; got != want {
			t.Errorf("the log is %q, want %q", got, want)
		}
		if alarms != 1 {
			t.Errorf("%d alarms", alarms)
		}
	})
}

// A stuckWriter never returns, as a pipe that nobody reads.
type stuckWriter struct{ forever chan struct{} }

func (w stuckWriter) Write(b []byte) (int, error) {
	<-w.forever
	return len(b), nil
}

// Who logs does not wait for who reads the log.
func TestLogThatNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := stuckWriter{make(chan struct{})}
		s := newLogSink(w, func(int, error) []byte { return nil }, func(error) {})
		start := time.Now()
		for range logQueue + 100 {
			fmt.Fprintln(s, "line")
		}
		if len(s.queue) > logQueue {
			t.Errorf("%d lines wait", len(s.queue))
		}
		s.close()
		if waited := time.Since(start); waited > logEnding {
			t.Errorf("it took %v", waited)
		}
		close(w.forever)
	})
}

// After a rename the log goes on in a new file; where there can be none, in the
// old one, which says so.
func TestReopenLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var one, two bytes.Buffer
		s := newLogSink(&one, func(lost int, why error) []byte { return fmt.Appendf(nil, "%d: %v\n", lost, why) }, func(error) {})
		fmt.Fprintln(s, "a")
		synctest.Wait()
		s.reopen(func() (io.WriteCloser, error) { return nil, errFull })
		fmt.Fprintln(s, "b")
		synctest.Wait()
		s.reopen(func() (io.WriteCloser, error) { return nopCloser{&two}, nil })
		fmt.Fprintln(s, "c")
		s.close()
		if one.String() != "a\n0: no space left on device\nb\n" || two.String() != "c\n" {
			t.Errorf("the logs are %q and %q", &one, &two)
		}
	})
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// A sharedBuffer may be read while another goroutine writes.
type sharedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *sharedBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *sharedBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// Warnings that say the same of different peers are counted, not repeated.
func TestCalmLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out sharedBuffer
		log := slog.New(newCalmHandler(slog.NewTextHandler(&out, nil)))
		count := func(what string) int { return strings.Count(out.String(), what) }
		for i := range 1000 {
			log.With("id", i).Warn("refused", "from", fmt.Sprintf("192.0.2.%d:1", i), "reason", fmt.Sprintf("192.0.2.%d:1: wrong token", i))
		}
		log.Warn("refused", "from", "192.0.2.1:1", "reason", "another reason")
		log.Info("refused")
		if n := count("wrong token"); n != calmLines {
			t.Errorf("%d lines", n)
		}
		if count("another reason") != 1 || count("level=INFO") != 1 {
			t.Error("what is said once is missing")
		}
		time.Sleep(calmSpan)
		synctest.Wait()
		if !strings.Contains(out.String(), fmt.Sprintf(`what="refused : … wrong token" times=%d`, 1000-calmLines)) {
			t.Errorf("the others are not told of: %s", &out)
		}
		log.Warn("refused", "reason", "192.0.2.2:1: wrong token")
		if count("192.0.2.2:1: wrong token") != 2 { // that of before, and the one now
			t.Error("in the next minute it is not said again")
		}
	})
}

// However many different ones there are, few are remembered.
func TestCalmLogIsBounded(t *testing.T) {
	m := repeats{}
	now := time.Now()
	passed := 0
	for i := range 10 * calmKeys {
		if m.take(fmt.Sprint("kind ", i), now) {
			passed++
		}
	}
	if len(m) > calmKeys+1 || passed > calmKeys+calmLines {
		t.Errorf("%d are told apart, %d lines", len(m), passed)
	}
	if left := m.sum(); len(left) != 1 || left["others"] != 9*calmKeys-calmLines || len(m) != 1 {
		t.Errorf("left out: %v", left)
	}
}
