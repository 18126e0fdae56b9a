package plain

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/session"
)

func TestWords(t *testing.T) {
	for line, want := range map[string][]string{
		`get a b`:           {"get", "a", "b"},
		`get 'a b'  "c \"d`: nil,
		`get "c \"d" ''`:    {"get", `c "d`, ""},
		`a\ b 'x\n'`:        {"a b", `x\n`},
		"  \t ":             {},
		`"a\b"c'd'`:         {`a\bcd`},
		`back\`:             nil,
	} {
		got, err := words(line)
		if (err != nil) != (want == nil) || err == nil && !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v, want %q", line, got, err, want)
		}
	}
}

func FuzzWords(f *testing.F) {
	f.Add(`a "b \" c" 'd' \e`)
	f.Fuzz(func(t *testing.T, line string) {
		got, err := words(line)
		if err == nil && len(strings.Join(got, "")) > len(line) {
			t.Errorf("%q became longer: %q", line, got)
		}
	})
}

// fake is an engine with one transfer that a test moves on.
type fake struct {
	Engine
	mu       sync.Mutex
	transfer session.Transfer
}

func (f *fake) set(change func(*session.Transfer)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.transfer)
}

func (f *fake) Places() []session.Place { return []session.Place{{Name: "laptop"}} }

func (f *fake) Page(tab session.Tab, _, _ int) session.Page {
	f.mu.Lock()
	defer f.mu.Unlock()
	in := session.TabActive
	if f.transfer.State == session.StateFailed {
		in = session.TabFailed
	} else if f.transfer.State.Over() {
		in = session.TabDone
	}
	if f.transfer.ID == 0 || in != tab {
		return session.Page{}
	}
	return session.Page{Rows: []session.Transfer{f.transfer}, Total: 1}
}

// bed is a run in a bubble: each line is typed when the one before was answered.
type bed struct {
	*fake
	out   printed
	lines chan string
	err   chan error
}

func newBed(ctx context.Context) *bed {
	b := &bed{fake: &fake{}, lines: make(chan string), err: make(chan error, 1)}
	cfg := Config{Engine: b.fake, Output: &b.out, ReadLine: func() (string, error) {
		line, ok := <-b.lines
		if !ok {
			return "", io.EOF
		}
		return line, nil
	}}
	go func() { b.err <- Run(ctx, cfg) }()
	synctest.Wait()
	return b
}

// printed is what was said so far.
type printed struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}

// later lets the run look, and returns what it said meanwhile.
func (b *bed) later(d time.Duration) string {
	before := len(b.out.String())
	<-time.After(d)
	synctest.Wait()
	return b.out.String()[before:]
}

func TestProgressIsALineEachTenthOrHalfMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t.Context())
		b.set(func(t *session.Transfer) {
			*t = session.Transfer{ID: 1, State: session.StateRunning, Counted: true, Files: 1, Bytes: 1000}
		})
		b.later(time.Second)
		lines := 0
		for range 99 {
			b.set(func(t *session.Transfer) { t.Verified += 10 })
			lines += strings.Count(b.later(time.Second), "\n")
		}
		if lines != 9 {
			t.Errorf("%d lines of progress, want 9:\n%s", lines, b.out.String())
		}
		if got := b.later(19 * time.Second); strings.Contains(got, "percent") {
			t.Errorf("within half a minute: %q", got)
		}
		if got := b.later(4 * time.Second); !strings.Contains(got, "transfer 1: 99 percent, 990 B of 1.0 kB") {
			t.Errorf("after half a minute: %q", got)
		}
		b.set(func(t *session.Transfer) { t.State, t.Verified = session.StateDone, 1000 })
		if got := b.later(time.Second); got != "transfer 1: nothing: done and verified, 1 file, 1.0 kB\n" {
			t.Errorf("at the end: %q", got)
		}
		if got := b.later(time.Minute); got != "" {
			t.Errorf("at rest: %q", got)
		}
		close(b.lines)
		if err := <-b.err; err != nil {
			t.Error(err)
		}
	})
}

// What happens is told in words: lost, trying again, failed.
func TestTroubleIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t.Context())
		b.set(func(t *session.Transfer) {
			*t = session.Transfer{ID: 7, State: session.StateRunning, Counted: true, Files: 2, Bytes: 10}
		})
		b.later(time.Second)
		b.set(func(t *session.Transfer) {
			t.State, t.Err = session.StateRetrying, &session.Error{Kind: session.Unreachable, Err: errors.New("no route")}
		})
		if got := b.later(time.Second); !strings.Contains(got, "transfer 7: nothing: interrupted, trying again: unreachable") && !strings.Contains(got, "no route") {
			t.Errorf("lost: %q", got)
		}
		b.set(func(t *session.Transfer) {
			t.State, t.Failures, t.Failed = session.StateDone, 1, []session.Item{{Err: session.Permission}}
		})
		got := b.later(time.Second)
		if !strings.Contains(got, "failed: permission") || !strings.Contains(got, "done, but 1 of 2 files failed") {
			t.Errorf("failed: %q", got)
		}
		b.lines <- "quit"
		if err := <-b.err; err != nil { // it was not put into the queue here
			t.Error(err)
		}
	})
}

func TestALineThatCannotBeReadIsAnError(t *testing.T) {
	for _, c := range []struct{ read, want error }{{io.EOF, nil}, {errors.ErrUnsupported, errors.ErrUnsupported}} {
		synctest.Test(t, func(t *testing.T) {
			cfg := Config{Engine: &fake{}, Output: io.Discard, ReadLine: func() (string, error) { return "", c.read }}
			if err := Run(t.Context(), cfg); !errors.Is(err, c.want) {
				t.Errorf("%v: Run returned %v", c.read, err)
			}
		})
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		b := newBed(ctx)
		cause := errors.New("interrupted")
		cancel(cause)
		if err := <-b.err; !errors.Is(err, cause) {
			t.Errorf("Run returned %v", err)
		}
		close(b.lines)
	})
}

// placed is an engine with one place that a test moves on.
type placed struct {
	Engine
	place session.Place
}

func (p *placed) Places() []session.Place { return []session.Place{p.place} }

// What becomes of a place is said, with a reason where there is one: a place that was
// only remembered is dialled without one.
func TestPlaceNews(t *testing.T) {
	lost := &session.Error{Kind: session.Unreachable, Err: errors.New("no answer")}
	for _, c := range []struct {
		was, is session.PlaceState
		err     error
		want    string
	}{
		{session.PlaceIdle, session.PlaceReconnecting, nil, "connecting to nas\n"},
		{session.PlaceConnected, session.PlaceReconnecting, lost, "nas is lost, trying again: unreachable: no answer\n"},
		{session.PlaceReconnecting, session.PlaceConnected, nil, "nas is connected again\n"},
		{session.PlaceConnected, session.PlaceClosed, lost, "nas is closed: unreachable: no answer\n"},
		{session.PlaceConnected, session.PlaceClosed, nil, "nas is closed\n"},
		{session.PlaceConnected, session.PlaceConnected, nil, ""},
	} {
		var out bytes.Buffer
		e := &placed{place: session.Place{ID: 1, Name: "nas", State: c.is, Err: c.err}}
		r := &run{Config: Config{Engine: e}, out: bufio.NewWriter(&out), places: map[session.PlaceID]session.PlaceState{1: c.was}}
		r.placeNews()
		r.out.Flush()
		if out.String() != c.want {
			t.Errorf("from %v to %v: %q, want %q", c.was, c.is, out.String(), c.want)
		}
	}
}
