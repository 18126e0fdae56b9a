package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// lastOf returns the error that an iteration ends with.
func lastOf[T any](all func(func(T, error) bool)) (err error) {
	for _, err = range all {
	}
	return err
}

// newerCalls are what is asked by requests that not every version knows.
var newerCalls = map[string]func(ctx context.Context, r *Remote) error{
	"Names": func(ctx context.Context, r *Remote) error { return lastOf(r.Names(ctx, Path{"dir"})) },
	"StatAll": func(ctx context.Context, r *Remote) error {
		_, err := r.StatAll(ctx, Path{"dir"}, []string{"a", "b", "c"})
		return err
	},
	"Measure": func(ctx context.Context, r *Remote) error { return lastOf(r.Measure(ctx, Path{"dir"})) },
	"Find": func(ctx context.Context, r *Remote) error {
		return lastOf(r.Find(ctx, Path{"dir"}, Query{Pattern: "x"}))
	},
	"Watch":   func(ctx context.Context, r *Remote) error { return lastOf(r.Watch(ctx, Path{"dir"})) },
	"Chmod":   func(ctx context.Context, r *Remote) error { return r.Chmod(ctx, Path{"x"}, 0) },
	"Symlink": func(ctx context.Context, r *Remote) error { return r.Symlink(ctx, "to", Path{"x"}) },
}

func TestRemoteOfAPeerThatLiesAboutTrees(t *testing.T) {
	names := func(raw string) proto.Message { return &wire.Names{Names: []byte(raw)} }
	described := func(names ...string) proto.Message { return &wire.Described{Entries: named(names...).Entries} }
	hit := func(path string, e *wire.Entry) proto.Message {
		return &wire.Hits{Hits: []*wire.Hit{{Path: []byte(path), Entry: e}}}
	}
	changed := func(names ...string) proto.Message {
		m := new(wire.Changes)
		for _, name := range names {
			m.Names = append(m.Names, []byte(name))
		}
		return m
	}
	var tooMany []proto.Message
	for range MaxFound/maxHits + 1 {
		m := new(wire.Hits)
		for i := range maxHits {
			m.Hits = append(m.Hits, &wire.Hit{Path: fmt.Append(nil, i)})
		}
		tooMany = append(tooMany, m)
	}
	rubbish := func(b string) func(transport.Stream) { return func(st transport.Stream) { st.Write([]byte(b)) } }
	for _, c := range []struct {
		name   string
		answer func(transport.Stream)
		calls  string
	}{
		{"nothing", say(), "Measure Chmod Symlink"},
		{"half a message", rubbish("\x14\x01"), "Names StatAll Measure Find Watch Chmod Symlink"},
		{"a long message", rubbish("\xff\xff\xff\x7f"), "Names StatAll Measure Find Watch Chmod Symlink"},
		{"garbage", rubbish("\x04\xff\xff\xff\xff"), "Names StatAll Measure Find Watch Chmod Symlink"},
		{"a kind that there is not", say(names("\x04name\x00")), "Names"},
		{"a name without an end", say(names("\x00name")), "Names"},
		{"a kind alone", say(names("\x00a\x00\x00")), "Names"},
		{"no name", say(names("\x00\x00")), "Names"},
		{"a name that leads up", say(names("\x01..\x00")), "Names"},
		{"a name with a slash", say(names("\x01a/b\x00")), "Names"},
		{"a long name", say(names("\x00" + strings.Repeat("n", MaxName+1) + "\x00")), "Names"},
		{"what was not asked for", say(described("d")), "StatAll"},
		{"one twice", say(described("a", "a")), "StatAll"},
		{"another order", say(described("b", "a")), "StatAll"},
		{"no name", say(described("")), "StatAll"},
		{"more than was asked for", say(described("a", "b"), described("c"), described("c")), "StatAll"},
		{"no end", say(&wire.Measured{Files: 1}), "Measure"},
		{"more than there can be", say(&wire.Measured{Bytes: 1 << 63, Done: true}), "Measure"},
		{"a path that leads out", say(hit("../x", nil)), "Find"},
		{"an absolute one", say(hit("/x", nil)), "Find"},
		{"none", say(hit("", nil)), "Find"},
		{"a deep one", say(hit(strings.Repeat("a/", MaxDepth-1)+"a", nil)), "Find"},
		{"two names", say(hit("x", &wire.Entry{Name: []byte("y")})), "Find"},
		{"hits without end", say(tooMany...), "Find"},
		{"a change that leads up", say(changed(), changed("..")), "Watch"},
		{"one elsewhere", say(changed(), changed("a/b")), "Watch"},
		{"too many changes", say(changed(), changed(strings.Split(strings.Repeat("x ", maxChanged), " ")...)), "Watch"},
	} {
		remote := scripted(t, c.answer)
		for _, what := range strings.Fields(c.calls) {
			if err := newerCalls[what](t.Context(), remote); !errors.Is(err, Protocol) {
				t.Errorf("%s after %s: %v, want %s", what, c.name, err, Protocol)
			}
		}
	}
}

// A watch that the peer ends is over, without its fault.
func TestRemoteWatchThatEnds(t *testing.T) {
	wantKind(t, newerCalls["Watch"](t.Context(), scripted(t, say(&wire.Changes{}))), Interrupted)
}

// What comes of a directory without end is bounded by what is taken of it, and
// is not kept.
func TestRemoteDirectoryWithoutEnd(t *testing.T) {
	if raceEnabled && testing.Short() {
		t.Skip("it is about memory, of which the race detector takes several times as much")
	}
	var said atomic.Int64
	endless := func(m proto.Message) *Remote {
		b := message(t, m)
		return scripted(t, func(st transport.Stream) {
			said.Store(0)
			for {
				n, err := st.Write(b)
				said.Add(int64(n))
				if err != nil {
					return
				}
			}
		})
	}
	var raw []byte
	entries := new(wire.Entries)
	for i := range maxEntries {
		name := fmt.Sprintf("a name of a file %08d", i)
		raw = appendName(raw, Entry{Name: name})
		entries.Entries = append(entries.Entries, &wire.Entry{Name: []byte(name)})
	}
	for what, list := range map[string]func() func(func(Entry, error) bool){
		"Names": func() func(func(Entry, error) bool) {
			return endless(&wire.Names{Names: raw}).Names(t.Context(), Path{})
		},
		"List": func() func(func(Entry, error) bool) { return endless(entries).List(t.Context(), Path{}) },
	} {
		n := 0
		for _, err := range list() {
			must(t, err)
			if n++; n == 1000 {
				break
			}
		}
		if most := int64(4 << 20); said.Load() > most {
			t.Errorf("%s: for 1000 entries it took %d bytes", what, said.Load())
		}
		heap := func() uint64 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		n = 0
		before, most := heap(), uint64(0)
		for _, err := range list() {
			must(t, err)
			if n++; n%200_000 == 0 {
				most = max(most, heap())
			}
			if n == 1_000_000 {
				break
			}
		}
		if most > before+8<<20 {
			t.Errorf("%s: %d MiB are kept of a million entries", what, (most-before)>>20)
		}
	}
}

// FuzzNames takes parts of directories as a peer tells them.
func FuzzNames(f *testing.F) {
	f.Add([]byte("\x00file\x00\x01dir\x00\x02link\x00\x03fifo\x00"))
	f.Add([]byte("\x04x\x00"))
	f.Add([]byte("\x00..\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var again []byte
		for rest := b; len(rest) > 0; {
			e, left, err := nextName(rest)
			if err != nil {
				if !errors.Is(err, wire.ErrInvalid) {
					t.Error(err)
				}
				return
			}
			if checkName(e.Name) != nil || e.Kind > Other || len(left) >= len(rest) {
				t.Errorf("%q: %+v", rest, e)
			}
			again, rest = appendName(again, e), left
		}
		if !bytes.Equal(again, b) {
			t.Errorf("%q comes back as %q", b, again)
		}
	})
}

// FuzzTreeAnswers has the newer requests answered by whatever a peer may say:
// each ends, and what it tells is of the kind that it may tell.
func FuzzTreeAnswers(f *testing.F) {
	f.Add(message(f, &wire.Names{Names: []byte("\x00a\x00")}))
	f.Add(message(f, &wire.Described{Entries: named("a", "c").Entries}))
	f.Add(append(message(f, &wire.Changes{}), message(f, &wire.Changes{Names: [][]byte{[]byte("x")}, Again: true})...))
	f.Add(message(f, &wire.Measured{Files: 1, Bytes: 1<<63 - 1, Done: true}))
	f.Add(message(f, &wire.Hits{Hits: []*wire.Hit{{Path: []byte("x/y"), Entry: &wire.Entry{Size: 1}}}, Searched: 9}))
	f.Add(message(f, &wire.Names{Error: &wire.Error{Kind: wire.Kind_KIND_INVALID}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		r := scripted(t, func(st transport.Stream) { st.Write(b) })
		for what, call := range newerCalls {
			if what == "Watch" && r.lacks(abilityWatch) {
				continue // it is polled, and says so for ever
			}
			if what == "Watch" {
				for _, err := range r.Watch(ctx, Path{"dir"}) {
					if err != nil || r.lacks(abilityWatch) {
						break
					}
				}
				continue
			}
			_ = call(ctx, r)
		}
		for f, err := range r.Find(ctx, Path{"dir"}, Query{Pattern: "x"}) {
			if err == nil && !f.Path.IsRoot() && (!f.Path.Within(Path{"dir"}) || f.Path.Base() != f.Entry.Name) {
				t.Errorf("found %+v", f)
			}
		}
		if ctx.Err() != nil {
			t.Errorf("%q: it does not end", b)
		}
	})
}

// What a peer is asked to match is bounded, however clever the pattern.
func TestPatternsWithoutEnd(t *testing.T) {
	name := strings.Repeat("a", 255)
	path := strings.Repeat("a/", 2000) + "a"
	random := rand.New(rand.NewPCG(1, 2))
	patterns := []string{
		strings.Repeat("*a", 500) + "b", strings.Repeat("**/a/", 200) + "b", strings.Repeat("{a,aa}", 8) + "b",
		strings.Repeat("{a,aa}", 100) + "b", strings.Repeat("{a,{a,", 50) + strings.Repeat("}}", 50), strings.Repeat("[a-z]*", 100) + "b",
	}
	parts := []string{"a", "*", "**/", "/", "{a,", "b}", "{*,**/}", "[a-b]", "?"}
	for range 2000 {
		p := ""
		for range 1 + random.IntN(60) {
			p += parts[random.IntN(len(parts))]
		}
		patterns = append(patterns, p)
	}
	for _, p := range patterns {
		match, err := Query{Pattern: p, Glob: true}.compile()
		if err != nil {
			wantKind(t, err, BadName)
			continue
		}
		begun := time.Now()
		match(name, func() string { return path })
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("%q takes %v", p, took)
		}
	}
}
