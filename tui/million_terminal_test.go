//go:build !race

package tui

import (
	"context"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
)

// A stopwatch is a terminal that says when something was written on it, and a
// program on it, in real time. What is measured here is bargee and Bubble Tea;
// .ci/screen entries measures the binary on a pseudo terminal.
type stopwatch struct {
	t       *testing.T
	frames  chan frame
	handled chan time.Time
	keys    *io.PipeWriter
}

type frame struct {
	at   time.Time
	text string
}

func (s *stopwatch) Write(p []byte) (int, error) {
	select {
	case s.frames <- frame{time.Now(), string(p)}:
	default:
	}
	return len(p), nil
}

// noticed is an App that says when it has handled a key.
type noticed struct {
	*App
	handled chan time.Time
}

func (n noticed) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	_, cmd := n.App.Update(msg)
	if _, ok := msg.(tea.KeyPressMsg); ok {
		n.handled <- time.Now()
	}
	return n, cmd
}

// watchMillion runs a program whose directory Series has a million entries.
func watchMillion(t *testing.T) *stopwatch {
	s := &stopwatch{t: t, frames: make(chan frame, 256), handled: make(chan time.Time, 8)}
	e := newFakeEngine()
	stock(e, millionNames(), 0, nil)
	input, keys := io.Pipe()
	s.keys = keys
	opts := Options{
		Left: Location{Dir: path(t, "home/Films")}, Right: &Location{Place: 1, Dir: path(t, "pool/films")},
		Home: path(t, "home"), Input: input, Output: s, Environ: []string{"TERM=xterm-256color"},
	}
	ctx, cancel := context.WithCancel(context.Background())
	out := newOutput(s)
	a := newApp(ctx, e, opts)
	a.out = out
	over := make(chan struct{})
	go func() {
		defer close(over)
		if _, err := tea.NewProgram(noticed{a, s.handled}, append(programOptions(opts, out), tea.WithWindowSize(80, 24))...).Run(); err != nil && ctx.Err() == nil {
			t.Errorf("the program ended with %v", err)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-over
		keys.Close()
		out.Close()
	})
	return s
}

// press presses a key and returns how long it takes until a frame is written
// that was drawn after it.
func (s *stopwatch) press(key string) time.Duration {
	s.t.Helper()
	pressed := time.Now()
	io.WriteString(s.keys, key)
	handled := <-s.handled
	late := time.After(time.Minute)
	for {
		select {
		case f := <-s.frames:
			if f.at.After(handled) {
				return f.at.Sub(pressed)
			}
		case <-late:
			s.t.Fatalf("%q changes nothing", key)
		}
	}
}

// wait waits until a text is written.
func (s *stopwatch) wait(text string) time.Time {
	s.t.Helper()
	late := time.After(time.Minute)
	for {
		select {
		case f := <-s.frames:
			if strings.Contains(f.text, text) {
				return f.at
			}
		case <-late:
			s.t.Fatalf("%q does not come", text)
		}
	}
}

func (s *stopwatch) pressFor(d time.Duration, most int) (took []time.Duration) {
	rnd := rand.New(rand.NewPCG(23, 24))
	for end := time.Now().Add(d); len(took) < most && time.Now().Before(end); {
		<-time.After(time.Duration(rnd.IntN(15_000)) * time.Microsecond)
		took = append(took, s.press([]string{"\x1b[B", "\x1b[B", "\x1b[A"}[len(took)%3]))
	}
	slices.Sort(took)
	return took
}

// TestMillionOnATerminal has much slack: other tests run beside it. The figures are
// .ci/screen's.
func TestMillionOnATerminal(t *testing.T) {
	if testing.Short() {
		t.Skip("a million entries")
	}
	s := watchMillion(t)
	s.wait("Arrival")
	within := func(what string, took, most time.Duration) {
		t.Logf("%s: %.1f ms", what, float64(took.Microseconds())/1000)
		if took > most {
			t.Errorf("%s: %v, at most %v", what, took, most)
		}
	}
	io.WriteString(s.keys, "\x1b[B\x1b[A")
	<-s.handled
	<-s.handled
	pressed := time.Now()
	io.WriteString(s.keys, "\r")
	<-s.handled
	within("first rows", s.wait("n0").Sub(pressed), 10*time.Second)
	took := s.pressFor(400*time.Millisecond, 1000)
	within("a key while it is read, median", took[len(took)/2], 2*time.Second)
	within("  99 of 100", took[len(took)*99/100], 10*time.Second)
	<-time.After(time.Second)
	took = s.pressFor(10*time.Second, 150)
	within("a key, median", took[len(took)/2], 2*time.Second)
	within("  99 of 100", took[len(took)*99/100], 10*time.Second)
}
