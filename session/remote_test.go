package session

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// scripted is a peer that answers every Request with what answer writes, and
// then ends the stream.
func scripted(t *testing.T, answer func(st transport.Stream)) *Remote {
	t.Helper()
	near, far := transport.Pipe()
	over := make(chan struct{})
	go func() {
		defer close(over)
		for {
			st, err := far.AcceptStream(context.Background())
			if err != nil {
				return
			}
			wire.Read(bufio.NewReader(st), new(wire.Request))
			answer(st)
			st.Close()
			st.Abort(0)
		}
	}()
	t.Cleanup(func() { near.Close("the test is over"); <-over })
	return NewRemote(near)
}

func say(messages ...proto.Message) func(transport.Stream) {
	return func(st transport.Stream) {
		for _, m := range messages {
			wire.Write(st, m)
		}
	}
}

func named(names ...string) *wire.Entries {
	part := new(wire.Entries)
	for _, name := range names {
		part.Entries = append(part.Entries, &wire.Entry{Name: []byte(name)})
	}
	return part
}

// A peer may answer anything; what is no answer is its fault, and said so.
func TestRemoteOfAPeerThatLies(t *testing.T) {
	done := &wire.Reply{Answer: &wire.Reply_Done{Done: &wire.Done{}}}
	entry := func(e *wire.Entry) *wire.Reply { return &wire.Reply{Answer: &wire.Reply_Entry{Entry: e}} }
	for _, c := range []struct {
		name   string
		answer func(transport.Stream)
		calls  string
	}{
		{"nothing", say(), "Stat Open Hash Space Mkdir"},
		{"an empty Reply", say(&wire.Reply{}), "Stat Open Hash Space Mkdir"},
		{"Done", say(done), "Stat Open Hash Space"},
		{"another entry", say(entry(&wire.Entry{Name: []byte("../../x")})), "Stat Open Hash Space Mkdir"},
		{"a directory", say(entry(&wire.Entry{Kind: wire.EntryKind_ENTRY_KIND_DIR})), "Open Hash Space Mkdir"},
		{"half a message", func(st transport.Stream) { st.Write([]byte{20, 1}) }, "Stat Open Hash Space Mkdir List"},
		{"a long message", func(st transport.Stream) { st.Write([]byte{0xff, 0xff, 0xff, 0x7f}) }, "Stat Open Hash Space Mkdir List"},
		{"garbage", func(st transport.Stream) { st.Write([]byte("\x04\xff\xff\xff\xff")) }, "Stat Open Hash Space Mkdir List"},
		{"a name with a slash", say(named("ok", "a/b")), "List"},
		{"a name that leads up", say(named("..")), "List"},
		{"no name", say(named("")), "List"},
	} {
		remote := scripted(t, c.answer)
		for _, what := range strings.Fields(c.calls) {
			if err := remoteCalls[what](t.Context(), remote); !errors.Is(err, Protocol) {
				t.Errorf("%s after %s: %v, want %s", what, c.name, err, Protocol)
			}
		}
	}
}

var remoteCalls = map[string]func(ctx context.Context, r *Remote) error{
	"List":  func(ctx context.Context, r *Remote) error { return attempts["List"](ctx, r, Path{}) },
	"Open":  func(ctx context.Context, r *Remote) error { return attempts["Open"](ctx, r, Path{"file"}) },
	"Hash":  func(ctx context.Context, r *Remote) error { return attempts["Hash"](ctx, r, Path{"file"}) },
	"Mkdir": func(ctx context.Context, r *Remote) error { return r.Mkdir(ctx, Path{"x"}, false) },
	"Stat": func(ctx context.Context, r *Remote) error {
		_, err := r.Stat(ctx, Path{"file"})
		return err
	},
	"Space": func(ctx context.Context, r *Remote) error {
		_, _, err := r.Space(ctx)
		return err
	},
}

// Two paths that are each within their limit may be too much for one Request:
// that is nobody's fault at the other end.
func TestRemoteRequestTooLong(t *testing.T) {
	long := Path{strings.Repeat("a/", MaxDepth/2) + strings.Repeat(strings.Repeat("n", MaxName)+"/", 30) + "n"}
	remote := scripted(t, say())
	wantKind(t, remote.Rename(t.Context(), long.Append(Path{"x"}), long.Append(long).Append(Path{"y"})), Limit)
}

// The words of an abort are its code.
func TestRemoteOfAPeerThatGivesUp(t *testing.T) {
	remote := scripted(t, func(st transport.Stream) { st.Abort(codeOf(NoSpace)) })
	err := remote.Mkdir(t.Context(), Path{"x"}, false)
	wantKind(t, err, NoSpace)
	if want := "/x: the peer gave up: no-space"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
}

// A peer that never answers is waited for as long as the call deserves.
func TestRemotePatience(t *testing.T) {
	for what, call := range remoteCalls {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, _ := transport.Pipe()
				defer near.Close("the test is over")
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				start := time.Now()
				err := call(ctx, NewRemote(near))
				wantKind(t, err, Timeout)
				want := patience
				if what == "Hash" {
					want = time.Hour // the disk there may be slow
				}
				if took := time.Since(start); took != want {
					t.Errorf("gave up after %v, want %v: %v", took, want, err)
				}
			})
		})
	}
}

// A peer that takes no more streams is not waited for either.
func TestRemotePatienceForAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, _ := transport.Pipe()
		defer near.Close("the test is over")
		for range 512 { // the backlog of a Pipe
			stream(t, near)
		}
		start := time.Now()
		wantKind(t, remoteCalls["Stat"](t.Context(), NewRemote(near)), Timeout)
		if took := time.Since(start); took != patience {
			t.Errorf("gave up after %v", took)
		}
	})
}

func TestRemoteCancel(t *testing.T) {
	for what, call := range remoteCalls {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := transport.Pipe()
				defer near.Close("the test is over")
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, cancel)
				start := time.Now()
				wantKind(t, call(ctx, NewRemote(near)), Cancelled)
				if took := time.Since(start); took != time.Second {
					t.Errorf("ended after %v", took)
				}
				st, err := far.AcceptStream(t.Context())
				must(t, err)
				var abort *transport.AbortError
				if _, err := io.ReadAll(st); !errors.As(err, &abort) || abort.Code != codeOf(Cancelled) {
					t.Errorf("the peer sees %v", err)
				}
				wantKind(t, call(ctx, NewRemote(near)), Cancelled)
			})
		})
	}
}

func TestRemoteLostLink(t *testing.T) {
	for what, call := range remoteCalls {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := transport.Pipe()
				time.AfterFunc(time.Second, func() { far.Close("going down") })
				for range 2 { // while it waits, and when it is dead
					err := call(t.Context(), NewRemote(near))
					wantKind(t, err, Interrupted)
					if !errors.Is(err, transport.ErrClosed) || !strings.Contains(err.Error(), "going down") {
						t.Errorf("%v does not say what ended the link", err)
					}
				}
			})
		})
	}
}

// What is read of a file is one state of it.
func TestRemoteFileThatChanges(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "file")
	write(t, name, "0123456789")
	remote, _ := served(t, ServerConfig{Tree: openDir(t, dir)})
	f, err := remote.Open(t.Context(), Path{"file"})
	must(t, err)
	defer f.Close()
	b := make([]byte, 4)
	if n, err := f.ReadAt(b, 8); n != 2 || err != io.EOF || string(b[:n]) != "89" {
		t.Errorf("ReadAt: %q, %v", b[:n], err)
	}
	must(t, os.WriteFile(name, []byte("other"), 0o644))
	_, err = f.ReadAt(b, 0)
	wantKind(t, err, Changed)
	_, err = f.Seek(1, io.SeekStart)
	must(t, err)
	_, err = f.Read(b)
	wantKind(t, err, Changed)
}

// A peer that sends less than it announced sent another file.
func TestRemoteFileThatIsCutShort(t *testing.T) {
	remote := scripted(t, func(st transport.Stream) {
		say(&wire.Reply{Answer: &wire.Reply_Entry{Entry: &wire.Entry{Size: 100}}})(st)
		st.Write([]byte("only this"))
	})
	f, err := remote.Open(t.Context(), Path{"file"})
	must(t, err)
	defer f.Close()
	b, err := io.ReadAll(f)
	wantKind(t, err, Changed)
	if string(b) != "only this" {
		t.Errorf("read %q", b)
	}
}

func TestRemoteFileClosed(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), "content")
	remote, _ := served(t, ServerConfig{Tree: openDir(t, dir)})
	f, err := remote.Open(t.Context(), Path{"file"})
	must(t, err)
	must(t, f.Close())
	for what, call := range map[string]func() error{
		"Close":  f.Close,
		"Read":   func() error { _, err := f.Read(make([]byte, 1)); return err },
		"ReadAt": func() error { _, err := f.ReadAt(make([]byte, 1), 0); return err },
		"Seek":   func() error { _, err := f.Seek(0, io.SeekStart); return err },
	} {
		if err := call(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestRemotePing(t *testing.T) {
	remote, _ := served(t, ServerConfig{Tree: openDir(t, t.TempDir())})
	if took, err := remote.Ping(t.Context()); err != nil || took <= 0 {
		t.Errorf("%v, %v", took, err)
	}
}

// Times of peers that no clock has are brought into reach.
func TestTimesOfPeers(t *testing.T) {
	for s, year := range map[int64]int{-1 << 63: 1, 1<<63 - 1: 9999, 0: 1970} {
		if got := timeFromWire(s, 999_999_999).UTC().Year(); got != year {
			t.Errorf("%d is in the year %d, want %d", s, got, year)
		}
	}
	if got := timeFromWire(timeToWire(time.Time{})); !got.IsZero() {
		t.Errorf("no time became %v", got)
	}
	if got := timeFromWire(timeToWire(someTime)); !got.Equal(someTime) {
		t.Errorf("%v became %v", someTime, got)
	}
}
