package session

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A crossing is a way for Copy: from a directory to another one.
type crossing struct {
	t        *testing.T
	from, to string // directories of this machine
	src, dst Tree   // trees of them
}

// passesHere tells whether what is copied comes by here.
func (c crossing) passesHere() bool {
	_, src := c.src.(*Remote)
	_, dst := c.dst.(*Remote)
	return !src || !dst
}

// eachCrossing runs f with a copy to a peer, from one, between two directories, and
// between two peers.
func eachCrossing(t *testing.T, f func(t *testing.T, c crossing)) {
	for _, way := range []string{"up", "down", "here", "across"} {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := crossing{t: t, from: t.TempDir(), to: t.TempDir()}
				near, far := openDir(t, c.from), openDir(t, c.to)
				c.src, c.dst = near, far
				switch way {
				case "up":
					c.dst, _ = served(t, ServerConfig{Tree: far})
				case "down":
					c.src, _ = served(t, ServerConfig{Tree: near})
				case "across":
					c.src, _ = served(t, ServerConfig{Tree: near})
					c.dst, _ = served(t, ServerConfig{Tree: far})
				}
				f(t, c)
			})
		})
	}
}

func (c crossing) copy(ctx context.Context, name string, o CopyOptions) (Transfer, error) {
	return Copy(ctx, At(c.src, Path{name}), At(c.dst, Path{}), o)
}

// largeFile needs several chunks, of the least size.
const largeFile = 5*minChunkSize + 17

func TestCopy(t *testing.T) {
	eachCrossing(t, func(t *testing.T, c crossing) {
		put(t, filepath.Join(c.from, "dir/sub/small"), "12345", older)
		data := fill(t, filepath.Join(c.from, "dir/large"), largeFile, 1)
		var items []string
		var last Transfer
		tr, err := c.copy(t.Context(), "dir", CopyOptions{
			OnItem: func(it Item) {
				if it.Kind == RegularFile {
					items = append(items, it.Path.Raw()+" "+string(it.Result))
				}
			},
			OnProgress: func(t Transfer) { last = t },
		})
		must(t, err)
		if tr.State != StateDone || tr.Files != 2 || tr.Dirs != 2 || tr.Bytes != 5+largeFile || tr.Verified != tr.Bytes || tr.Failures != 0 {
			t.Errorf("%+v", tr)
		}
		if last.State != StateDone || last.Verified != tr.Verified {
			t.Errorf("the last that was told is %+v", last)
		}
		slices.Sort(items)
		if want := []string{"dir/large copied", "dir/sub/small copied"}; !slices.Equal(items, want) {
			t.Errorf("items: %q", items)
		}
		sameFile(t, filepath.Join(c.to, "dir/large"), data)
		holds(t, filepath.Join(c.to, "dir/sub/small"), "12345")
		if tr, err = c.copy(t.Context(), "dir", CopyOptions{}); err != nil || tr.Sent != 0 {
			t.Errorf("once more: %d sent, %v", tr.Sent, err)
		}
		// A name that is not there is the file's new one.
		if _, err := Copy(t.Context(), At(c.src, Path{"dir/large"}), At(c.dst, Path{"named"}), CopyOptions{}); err != nil {
			t.Error(err)
		}
		sameFile(t, filepath.Join(c.to, "named"), data)
	})
}

// OnChunk sees every byte that travels, before the file is there.
func TestCopyShowsChunks(t *testing.T) {
	eachCrossing(t, func(t *testing.T, c crossing) {
		if !c.passesHere() {
			return
		}
		data := fill(t, filepath.Join(c.from, "large"), largeFile, 1)
		seen, early := make([]byte, largeFile), true
		o := DefaultOptions()
		o.ChunkSize = minChunkSize
		_, err := c.copy(t.Context(), "large", CopyOptions{Options: &o, OnChunk: func(k Chunk) error {
			copy(seen[k.Offset:], k.Data)
			if k.Path != (Path{"large"}) {
				t.Errorf("a chunk of %v", k.Path)
			}
			if _, err := os.Lstat(filepath.Join(c.to, "large")); err == nil {
				early = false
			}
			return nil
		}})
		must(t, err)
		if !bytes.Equal(seen, data) || !early {
			t.Errorf("the same bytes: %t, before the file was there: %t", bytes.Equal(seen, data), early)
		}
	})
}

// What stops a copy is what it returns; another one goes on, if the partials stay.
func TestCopyStops(t *testing.T) {
	enough := errors.New("enough")
	for _, remove := range []bool{false, true} {
		for name, want := range map[string]error{"OnChunk": enough, "context": context.Canceled} {
			eachCrossing(t, func(t *testing.T, c crossing) {
				if !c.passesHere() {
					return
				}
				data := fill(t, filepath.Join(c.from, "large"), largeFile, 1)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				o := DefaultOptions()
				o.ChunkSize, o.Streams = minChunkSize, 1
				n, after := 0, 0
				tr, err := c.copy(ctx, "large", CopyOptions{Options: &o, RemovePartials: remove, OnChunk: func(k Chunk) error {
					if n++; n < 4 {
						return nil
					}
					<-time.After(time.Millisecond) // the chunks before are where they belong
					if name == "OnChunk" {
						after++
						return enough
					}
					cancel()
					<-time.After(time.Millisecond) // until all have heard of it
					return nil
				}})
				if !errors.Is(err, want) || tr.State != StateFailed || after > 1 {
					t.Errorf("%s: %v, %v, called %d times after that", name, err, tr.State, after)
				}
				if kind := KindOf(err); kind != map[bool]Kind{false: Interrupted, true: Cancelled}[remove] {
					t.Errorf("%s: it is %s", name, kind)
				}
				synctest.Wait()
				if n := privates(t, c.to); len(n) != map[bool]int{false: 2, true: 0}[remove] {
					t.Errorf("%s: there are %q", name, n)
				}
				tr, err = c.copy(t.Context(), "large", CopyOptions{Options: &o})
				if err != nil || !remove && tr.Reused < 2*minChunkSize {
					t.Errorf("%s: %v, %d bytes reused", name, err, tr.Reused)
				}
				sameFile(t, filepath.Join(c.to, "large"), data)
			})
		}
	}
}

// Conflicts are failures, unless somebody decides them.
func TestCopyConflicts(t *testing.T) {
	eachCrossing(t, func(t *testing.T, c crossing) {
		for _, name := range []string{"one", "two"} {
			put(t, filepath.Join(c.from, "dir", name), "new "+name, older)
			put(t, filepath.Join(c.to, "dir", name), "old", older.Add(time.Hour))
		}
		tr, err := c.copy(t.Context(), "dir", CopyOptions{})
		if !errors.Is(err, fs.ErrExist) || tr.Failures != 2 || tr.State != StateDone {
			t.Errorf("%v, %+v", err, tr)
		}
		tr, err = c.copy(t.Context(), "dir", CopyOptions{Decide: func(q Question) Conflict {
			if q.Existing.Size != 3 || q.Source.Size != 7 {
				t.Errorf("asked about %+v", q)
			}
			if q.Path.Base() == "one" {
				return Overwrite
			}
			return Ask
		}})
		var e *Error
		if !errors.As(err, &e) || e.Kind != Exists || e.Path.Base() != "two" || tr.Failures != 1 {
			t.Errorf("%v, %+v", err, tr)
		}
		holds(t, filepath.Join(c.to, "dir/one"), "new one")
		holds(t, filepath.Join(c.to, "dir/two"), "old")
	})
}

func TestCopyRefusals(t *testing.T) {
	eachCrossing(t, func(t *testing.T, c crossing) {
		put(t, filepath.Join(c.from, "dir/file"), "x", older)
		r, _ := served(t, ServerConfig{Tree: openDir(t, t.TempDir())})
		dead, l := served(t, ServerConfig{Tree: openDir(t, t.TempDir())})
		l.Close("over")
		local := openDir(t, c.from)
		whole := DefaultOptions()
		whole.ChunkSize = 3
		for what, k := range map[string]struct {
			from, to Location
			o        CopyOptions
			want     Kind
		}{
			"no source":         {At(c.src, Path{"none"}), At(c.dst, Path{}), CopyOptions{}, NotFound},
			"no directory":      {At(c.src, Path{"dir"}), At(c.dst, Path{"no/thing"}), CopyOptions{}, NotFound},
			"no tree":           {At(c.src, Path{"dir"}), Location{}, CopyOptions{}, Invalid},
			"an odd chunk size": {At(c.src, Path{"dir"}), At(c.dst, Path{}), CopyOptions{Options: &whole}, ChunkSize},
			"two peers":         {At(r, Path{}), At(r, Path{"to"}), CopyOptions{}, Invalid},
			"chunks elsewhere":  {At(r, Path{}), At(dead, Path{}), CopyOptions{OnChunk: func(Chunk) error { return nil }}, Refused},
			"a dead link":       {At(local, Path{"dir"}), At(dead, Path{}), CopyOptions{}, Interrupted},
			"into itself":       {At(local, Path{"dir"}), At(local, Path{"dir/sub"}), CopyOptions{}, Invalid},
		} {
			if _, err := Copy(t.Context(), k.from, k.to, k.o); KindOf(err) != k.want {
				t.Errorf("%s: %v, want %s", what, err, k.want)
			}
		}
	})
}

// A Host is copied from and to by its own names.
func TestCopyHost(t *testing.T) {
	h := NewHost()
	from, to := t.TempDir(), t.TempDir()
	put(t, filepath.Join(from, "file"), "content", older)
	src, err := h.PathOf(filepath.Join(from, "file"))
	must(t, err)
	dst, err := h.PathOf(to)
	must(t, err)
	if _, err := Copy(t.Context(), At(h, src), At(h, dst), CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	holds(t, filepath.Join(to, "file"), "content")
	r, _ := served(t, ServerConfig{Tree: openDir(t, to)})
	if _, err := Copy(t.Context(), At(h, src), At(r, Path{"again"}), CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := Copy(t.Context(), At(r, Path{"again"}), At(h, dst), CopyOptions{Exact: false}); err != nil {
		t.Fatal(err)
	}
	holds(t, filepath.Join(to, "again"), "content")
}
