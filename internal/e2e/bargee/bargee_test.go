package bargee

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fake is a program with bargee's manners, so that the tests below need no peer.
func fake(t *testing.T, script string) *Binary {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "bargee")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("BARGEE", path)
	t.Setenv("BARGEE_TOKEN", "of the caller")
	b, err := Build(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestServeWaitsForTheReadyLine(t *testing.T) {
	b := fake(t, `trap 'exit 0' TERM; echo '{"event":"other"}'; echo "{\"event\":\"listening\",\"address\":\"$4\",\"ticket\":\"$BARGEE_TOKEN\"}"
while :; do sleep 0.02; done`)
	s, err := b.Serve(t.Context(), "home", "--listen", "127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	if s.Address != "127.0.0.1:1" || s.Ticket != "" {
		t.Errorf("got address %q and, from the caller's environment, %q", s.Address, s.Ticket)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
}

func TestServeTellsWhyItFailed(t *testing.T) {
	for script, want := range map[string]string{
		"echo no port >&2; exit 5": "no port",
		"echo listening on :1":     "not a line of JSON",
	} {
		if _, err := fake(t, script).Serve(t.Context(), "home"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", script, err, want)
		}
	}
}

func TestStopWantsAnEnd(t *testing.T) {
	b := fake(t, `trap '' TERM; echo '{"event":"listening"}'; while :; do sleep 0.02; done`)
	s, err := b.Serve(t.Context(), "home")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err == nil {
		t.Error("a server that ignores SIGTERM: got no error")
	}
}

const plan = `echo '{"event":"plan"}'; echo '{"event":"progress","bytes":3,"streams":[{"bytes":9}]}'; `

func TestCopyReadsEvents(t *testing.T) {
	b := fake(t, plan+`echo '{"event":"done","bytes_sent":5,"bytes_resumed":7}'`)
	c, err := b.Copy(t.Context(), "home", "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	<-c.Started()
	done, err := c.Done()
	if err != nil || done.BytesSent != 5 || done.BytesResumed != 7 || c.Verified() != 3 || c.FirstByte() <= 0 {
		t.Errorf("got %+v, %v, verified %d", done, err, c.Verified())
	}
}

func TestCopyThatDoesNotEndWellIsAnError(t *testing.T) {
	for script, want := range map[string]string{
		plan + "echo ouch >&2; exit 5":              "ouch",
		plan + `echo '{"event":"done"}'; exit 3`:    "exit code 3",
		plan:                                        "without a done event",
		`echo '{"event":"error","kind":"busy"}'`:    "busy",
		plan + `echo text; echo '{"event":"done"}'`: "not a line of JSON",
	} {
		c, err := fake(t, script).Copy(t.Context(), "home")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Done(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", script, err, want)
		}
	}
}

func TestKillAndInterrupt(t *testing.T) {
	const stay = `trap 'exit 130' INT; ` + plan + `while :; do sleep 0.02; done`
	for _, tt := range []struct {
		name string
		end  func(*Copy)
		code int
	}{
		{"kill", (*Copy).Kill, -1},
		{"interrupt", (*Copy).Interrupt, 130},
	} {
		c, err := fake(t, stay).Copy(t.Context(), "home")
		if err != nil {
			t.Fatal(err)
		}
		<-c.Started()
		tt.end(c)
		select {
		case <-c.Ended():
		case <-time.After(time.Minute):
			t.Fatalf("%s: it lives on", tt.name)
		}
		if got := c.ExitCode(); got != tt.code {
			t.Errorf("%s: got exit code %d, want %d", tt.name, got, tt.code)
		}
	}
}
