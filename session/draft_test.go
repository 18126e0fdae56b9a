package session

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// writable runs f with each kind of tree over a directory.
func writable(t *testing.T, f func(t *testing.T, tree Tree, dir string, at func(name string) Path)) {
	for _, kind := range []string{"dir", "host", "remote"} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				under := func(name string) Path { return Path{name} }
				var tree Tree = openDir(t, dir)
				switch kind {
				case "host":
					h := NewHost()
					top, err := h.PathOf(dir)
					must(t, err)
					tree, under = h, func(name string) Path { return top.Append(Path{name}) }
				case "remote":
					tree, _ = served(t, ServerConfig{Tree: tree.(*Dir)})
				}
				f(t, tree, dir, under)
			})
		})
	}
}

func create(t *testing.T, tree Tree, p Path, o CreateOptions) Draft {
	t.Helper()
	d, err := Create(t.Context(), tree, p, o)
	must(t, err)
	return d
}

func TestDraftAppearsOnClose(t *testing.T) {
	writable(t, func(t *testing.T, tree Tree, dir string, at func(string) Path) {
		long := strings.Repeat("0123456789", 50_000)
		d := create(t, tree, at("new"), CreateOptions{Mode: 0o640, Modified: older, Fsync: true})
		for part := range slices.Chunk([]byte(long), 200_001) {
			n, err := d.Write(part)
			must(t, err)
			if n != len(part) {
				t.Errorf("%d bytes were written of %d", n, len(part))
			}
		}
		synctest.Wait()
		if _, err := os.Lstat(filepath.Join(dir, "new")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("it is there before Close: %v", err)
		}
		for e, err := range tree.List(t.Context(), at("new").Parent()) {
			if _, host := tree.(*Host); !host { // which is for the person, and shows all
				t.Errorf("a peer sees %v, %v", e, err)
			}
		}
		must(t, d.Close())
		holds(t, filepath.Join(dir, "new"), long)
		fi, err := os.Stat(filepath.Join(dir, "new"))
		must(t, err)
		if fi.Mode() != 0o640 || !fi.ModTime().Equal(older) {
			t.Errorf("it has mode %v and time %v", fi.Mode(), fi.ModTime())
		}
		if n := names(t, dir); !slices.Equal(n, []string{"new"}) {
			t.Errorf("there are %q", n)
		}
		if _, err := d.Write([]byte("more")); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("Write after Close: %v", err)
		}
		if err := errors.Join(d.Discard(), d.Discard()); err != nil {
			t.Errorf("Discard after Close: %v", err)
		}
		if err := d.Close(); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("Close after Close: %v", err)
		}
		holds(t, filepath.Join(dir, "new"), long)
	})
}

// With Keep a file is changed in some places, and keeps its mode; before Close
// readers have the old one.
func TestDraftKeeps(t *testing.T) {
	writable(t, func(t *testing.T, tree Tree, dir string, at func(string) Path) {
		name := filepath.Join(dir, "old")
		put(t, name, "one two three", older)
		must(t, os.Chmod(name, 0o604))
		d := create(t, tree, at("old"), CreateOptions{Keep: true})
		_, err := d.WriteAt([]byte("TWO"), 4)
		must(t, err)
		if n, err := d.Seek(-5, io.SeekEnd); n != 8 || err != nil {
			t.Errorf("Seek: %d, %v", n, err)
		}
		_, err = d.Write([]byte("4!"))
		must(t, err)
		must(t, d.Truncate(10))
		must(t, d.Truncate(12))
		holds(t, name, "one two three")
		must(t, d.Close())
		holds(t, name, "one TWO 4!\x00\x00")
		if fi, err := os.Stat(name); err != nil || fi.Mode() != 0o604 {
			t.Errorf("%v, %v", fi.Mode(), err)
		}
	})
}

// What is not closed leaves nothing, and what was there stays.
func TestDraftLeavesNothing(t *testing.T) {
	writable(t, func(t *testing.T, tree Tree, dir string, at func(string) Path) {
		put(t, filepath.Join(dir, "old"), "as it was", older)
		d := create(t, tree, at("old"), CreateOptions{})
		_, err := d.Write([]byte("other"))
		must(t, err)
		must(t, d.Discard())
		if _, err := d.WriteAt(nil, 0); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("WriteAt after Discard: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		d, err = Create(ctx, tree, at("old"), CreateOptions{})
		must(t, err)
		_, err = d.Write([]byte("other"))
		must(t, err)
		cancel()
		synctest.Wait()
		if err := d.Close(); err == nil {
			t.Error("it could be closed after its context had ended")
		}
		holds(t, filepath.Join(dir, "old"), "as it was")
		if n := names(t, dir); !slices.Equal(n, []string{"old"}) {
			t.Errorf("there are %q", n)
		}
	})
}

func TestDraftRefusals(t *testing.T) {
	writable(t, func(t *testing.T, tree Tree, dir string, at func(string) Path) {
		put(t, filepath.Join(dir, "old"), "x", older)
		must(t, os.Mkdir(filepath.Join(dir, "dir"), 0o755))
		must(t, os.Symlink("old", filepath.Join(dir, "link")))
		for name, c := range map[string]struct {
			path Path
			o    CreateOptions
			want Kind
		}{
			"must be new":  {at("old"), CreateOptions{New: true}, Exists},
			"a directory":  {at("dir"), CreateOptions{}, NotAFile},
			"a link":       {at("link"), CreateOptions{}, NotAFile},
			"no directory": {at("none/x"), CreateOptions{}, NotFound},
			"in a file":    {at("old/x"), CreateOptions{}, NotADirectory},
			"the root":     {Path{}, CreateOptions{}, NotAFile},
		} {
			if _, err := Create(t.Context(), tree, c.path, c.o); KindOf(err) != c.want {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
		d := create(t, tree, at("old"), CreateOptions{})
		if _, err := Create(t.Context(), tree, at("old"), CreateOptions{}); KindOf(err) != Busy {
			t.Errorf("a second writer: %v", err)
		}
		if _, err := d.WriteAt([]byte("x"), -1); KindOf(err) != Invalid {
			t.Errorf("a write at -1: %v", err)
		}
		if _, err := d.Seek(-1, io.SeekStart); KindOf(err) != Invalid {
			t.Errorf("a seek to -1: %v", err)
		}
		must(t, d.Discard())
		fresh := create(t, tree, at("fresh"), CreateOptions{New: true})
		put(t, filepath.Join(dir, "fresh"), "faster", older)
		if err := fresh.Close(); KindOf(err) != Exists {
			t.Errorf("a file appeared meanwhile: %v", err)
		}
		holds(t, filepath.Join(dir, "fresh"), "faster")
	})
}

// A server's rules hold for drafts as for transfers.
func TestDraftPolicy(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  ServerConfig
		o    CreateOptions
		want Kind
	}{
		"read-only":             {ServerConfig{ReadOnly: true}, CreateOptions{}, Refused},
		"write-only, replacing": {ServerConfig{WriteOnly: true}, CreateOptions{}, Refused},
		"write-only, new":       {ServerConfig{WriteOnly: true}, CreateOptions{New: true}, ""},
		"beyond the quota":      {ServerConfig{Quotas: quotaOf(9)}, CreateOptions{}, Limit},
		"within the quota":      {ServerConfig{Quotas: quotaOf(10)}, CreateOptions{}, ""},
		"too large":             {ServerConfig{MaxFileSize: 9}, CreateOptions{}, Limit},
		"not too large":         {ServerConfig{MaxFileSize: 10, Limit: LeastLimit}, CreateOptions{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				c.cfg.Tree = openDir(t, dir)
				r, _ := served(t, c.cfg)
				d, err := r.Create(t.Context(), Path{"file"}, c.o)
				if err == nil {
					_, err = d.Write([]byte("0123456789"))
					synctest.Wait()
					if cerr := d.Close(); err == nil {
						err = cerr
					}
				}
				if err == nil {
					holds(t, filepath.Join(dir, "file"), "0123456789")
				}
				if c.want == "" && err != nil || c.want != "" && KindOf(err) != c.want {
					t.Errorf("%v, want %q", err, c.want)
				}
				if n := names(t, dir); c.want != "" && len(n) > 0 {
					t.Errorf("there are %q", n)
				}
			})
		})
	}
}

func quotaOf(most int64) func(transport.Grant) []*Quota {
	q := []*Quota{NewQuota(most, 0, nil), NewQuota(draftStep*2, 0, nil)}
	return func(transport.Grant) []*Quota { return q }
}

// What a draft takes of a quota is what its file has in the end.
func TestDraftQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := []*Quota{NewQuota(3*draftStep, 0, nil)}
		r, _ := served(t, ServerConfig{Tree: openDir(t, t.TempDir()), Quotas: func(transport.Grant) []*Quota { return q }})
		for i, c := range []struct {
			size    int
			discard bool
			want    Kind
			used    int64
		}{
			{draftStep + 1, false, "", draftStep + 1},
			{draftStep * 2, false, Limit, draftStep + 1}, // one byte too many
			{draftStep*2 - 1, true, "", draftStep + 1},
			{draftStep*2 - 1, false, "", draftStep * 3},
			{0, false, "", draftStep * 3},
			{1, false, Limit, draftStep * 3},
		} {
			d := create(t, r, Path{"file" + string(rune('0'+i))}, CreateOptions{})
			_, err := d.Write(make([]byte, c.size))
			end := d.Close
			if c.discard {
				end = d.Discard
			}
			if cerr := end(); err == nil {
				err = cerr
			}
			if c.want == "" && err != nil || c.want != "" && KindOf(err) != c.want {
				t.Errorf("%d: %v, want %q", i, err, c.want)
			}
			synctest.Wait() // for the server to be over with it
			if got := q[0].Used(); got != c.used {
				t.Errorf("%d: %d bytes are used, want %d", i, got, c.used)
			}
		}
	})
}

// A peer that breaks off, or says what makes no sense, leaves nothing.
func TestDraftLies(t *testing.T) {
	for name, c := range map[string]struct {
		say  []*wire.Piece
		want wire.Kind
	}{
		"no commit":      {[]*wire.Piece{{Data: []byte("x")}}, wire.Kind_KIND_PROTOCOL},
		"another digest": {[]*wire.Piece{{Data: []byte("x")}, {Commit: true, Digest: make([]byte, 32)}}, wire.Kind_KIND_INTEGRITY},
		"a digest of holes": {[]*wire.Piece{{Offset: 5, Data: []byte("x")}, {Commit: true, Digest: make([]byte, 32)}},
			wire.Kind_KIND_INTEGRITY},
		"beyond all sizes": {[]*wire.Piece{{Offset: 1<<63 - 1, Data: []byte("x")}}, wire.Kind_KIND_LIMIT},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			_, l := served(t, ServerConfig{Tree: openDir(t, dir)})
			st := stream(t, l)
			must(t, wire.Write(st, &wire.Request{Ask: &wire.Request_Draft{Draft: &wire.Draft{Path: []byte("file")}}}))
			in := bufio.NewReader(st)
			must(t, wire.Read(in, new(wire.Reply)))
			for _, m := range c.say {
				must(t, wire.Write(st, m))
			}
			st.Close()
			reply := new(wire.Reply)
			must(t, wire.Read(in, reply))
			if k := reply.GetError().GetKind(); k != c.want {
				t.Errorf("%v, want %v", reply, c.want)
			}
			if n := names(t, dir); len(n) > 0 {
				t.Errorf("there are %q", n)
			}
		})
	}
}

// A link that is cut leaves nothing, and the name is free for the next one.
func TestDraftOfADeadLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := NewServer(ServerConfig{Tree: openDir(t, dir)})
		var first Draft
		for _, n := range []int{1, 2} {
			near, far := transport.Pipe()
			over := make(chan struct{})
			go func() { defer close(over); s.ServeLink(context.Background(), far) }()
			defer func() { near.Close("over"); <-over }()
			d := create(t, NewRemote(near), Path{"file"}, CreateOptions{})
			_, err := d.Write([]byte{byte('0' + n)})
			must(t, err)
			if n == 1 {
				first = d
				near.Close("cut")
				continue
			}
			must(t, d.Close())
		}
		if err := first.Close(); err == nil {
			t.Error("the first one was closed over a dead link")
		}
		holds(t, filepath.Join(dir, "file"), "2")
	})
}

// talkDraft is what a file costs that is written in place.
func talkDraft(t *testing.T) {
	dir := t.TempDir()
	k := newTalk(t, "draft", dir)
	var sum runningDigest
	sum.add([]byte("12345"), 0)
	k.asker("request", "Request{draft}: 0600, from 1970", &wire.Request{Ask: &wire.Request_Draft{Draft: &wire.Draft{
		Path: []byte("file"), MustBeNew: true, KeepMode: true, Mode: 0o600, KeepTime: true, ModifiedS: 1}}})
	k.server("request", "Reply: an entry of 0 bytes", draftReply(0))
	k.asker("request", "Piece: 5 bytes", &wire.Piece{Data: []byte("12345")})
	k.asker("request", "Piece: commit", &wire.Piece{Commit: true, Digest: sum.of(5)})
	k.server("request", "Reply: an entry of 5 bytes", draftReply(5))
	k.end("request")
	holds(t, filepath.Join(dir, "file"), "12345")
	if fi, err := os.Stat(filepath.Join(dir, "file")); err != nil || fi.Mode() != 0o600 || !fi.ModTime().Equal(time.Unix(1, 0)) {
		t.Errorf("%v, %v", fi, err)
	}
}

func draftReply(size int64) *wire.Reply {
	return &wire.Reply{Answer: &wire.Reply_Entry{Entry: &wire.Entry{Size: uint64(size)}}}
}
