package session

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// talkDir is a directory "dir" with talkEntry.
func talkDir(t *testing.T) string {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "dir", "file"), "12345", older)
	return dir
}

func talkNames(t *testing.T) {
	k := newTalk(t, "names", talkDir(t))
	k.asker("request", "Request{names}", &wire.Request{Ask: &wire.Request_Names{Names: &wire.ListNames{Path: []byte("dir")}}})
	k.server("request", "Names: one, of a file", &wire.Names{Names: []byte("\x00file\x00")})
	k.end("request")
}

func talkDescribe(t *testing.T) {
	k := newTalk(t, "describe", talkDir(t))
	k.asker("request", "Request{stat_all}: none, file", &wire.Request{Ask: &wire.Request_StatAll{StatAll: &wire.StatAll{
		Path: []byte("dir"), Names: [][]byte{[]byte("none"), []byte("file")}}}})
	k.server("request", "Described: one is there", &wire.Described{Entries: []*wire.Entry{entryToWire(talkEntry)}})
	k.end("request")
}

// What is watched is told by the system, in no time that stands still.
func TestTranscriptWatch(t *testing.T) {
	dir := talkDir(t)
	k := newTalk(t, "watch", dir)
	k.asker("request", "Request{watch}", &wire.Request{Ask: &wire.Request_Watch{Watch: &wire.Watch{Path: []byte("dir")}}})
	k.server("request", "Changes: the watch stands", &wire.Changes{})
	must(t, os.Mkdir(filepath.Join(dir, "dir", "new"), 0o755))
	k.server("request", "Changes: something came", &wire.Changes{Names: [][]byte{[]byte("new")}})
	k.do(step{stream: "request", who: theAsker, what: aborts(codeOf(Cancelled))})
}

func talkMeasure(t *testing.T) {
	k := newTalk(t, "measure", talkDir(t))
	k.asker("request", "Request{measure}", &wire.Request{Ask: &wire.Request_Measure{Measure: &wire.Measure{}}})
	k.server("request", "Measured: the whole", &wire.Measured{Files: 1, Dirs: 1, Bytes: 5, Done: true})
	k.end("request")
}

func talkFind(t *testing.T) {
	k := newTalk(t, "find", talkDir(t))
	k.asker("request", "Request{find}: a path below", &wire.Request{Ask: &wire.Request_Find{
		Find: &wire.Find{Pattern: []byte("d*/f*"), Glob: true}}})
	hit := &wire.Hit{Path: []byte("dir/file"), Entry: entryToWire(talkEntry)}
	hit.Entry.Name = nil
	k.server("request", "Hits: one, of two", &wire.Hits{Hits: []*wire.Hit{hit}, Searched: 2})
	k.end("request")
}

func talkGlob(t *testing.T) {
	k := newTalk(t, "glob", talkDir(t))
	k.asker("request", "Request{glob}: f* in any directory", &wire.Request{Ask: &wire.Request_Glob{
		Glob: &wire.Glob{Pattern: []byte("**/f*")}}})
	hit := &wire.Hit{Path: []byte("dir/file"), Entry: entryToWire(talkEntry)}
	hit.Entry.Name = nil
	k.server("request", "Hits: one", &wire.Hits{Hits: []*wire.Hit{hit}, Searched: 3})
	k.end("request")
}

func talkChmod(t *testing.T) {
	dir := talkDir(t)
	k := newTalk(t, "chmod", dir)
	k.asker("request", "Request{chmod}: 0600", &wire.Request{Ask: &wire.Request_Chmod{
		Chmod: &wire.Chmod{Path: []byte("dir/file"), Mode: 0o600}}})
	k.server("request", "Reply: done", talkDone)
	k.end("request")
	if fi, err := os.Stat(filepath.Join(dir, "dir/file")); err != nil || fi.Mode() != 0o600 {
		t.Errorf("%v, %v", fi.Mode(), err)
	}
}

var talkDone = &wire.Reply{Answer: &wire.Reply_Done{Done: &wire.Done{}}}

func talkSymlink(t *testing.T) {
	dir := talkDir(t)
	k := newTalk(t, "symlink", dir)
	k.asker("request", "Request{symlink}: to ../elsewhere", &wire.Request{Ask: &wire.Request_Symlink{
		Symlink: &wire.Symlink{Path: []byte("dir/link"), Target: []byte("../elsewhere")}}})
	k.server("request", "Reply: done", talkDone)
	k.end("request")
	if to, err := os.Readlink(filepath.Join(dir, "dir/link")); err != nil || to != "../elsewhere" {
		t.Errorf("%q, %v", to, err)
	}
}

// What the server does not know it says in words that fit into any answer.
func talkUnknown(t *testing.T) {
	k := newTalk(t, "unknown", talkDir(t))
	k.asker("request", "a Request of a later version", &wire.Request{})
	k.server("request", "Reply: an error", &wire.Reply{Answer: &wire.Reply_Error{Error: &wire.Error{
		Kind: wire.Kind_KIND_INVALID, Message: "a request that this version does not know"}}})
	k.end("request")
}

// The newer requests of the transcripts, with a real asker.
func TestTranscriptsBrowse(t *testing.T) {
	for name, ask := range map[string]func(context.Context, *Remote) error{
		"names": func(ctx context.Context, r *Remote) error {
			return all(r.Names(ctx, Path{"dir"}), Entry{Name: "file", Size: -1})
		},
		"describe": func(ctx context.Context, r *Remote) error {
			got, err := r.StatAll(ctx, Path{"dir"}, []string{"none", "file"})
			if err != nil {
				return err
			}
			got[1].Modified = got[1].Modified.UTC()
			if got[0] != (Entry{Name: "none", Kind: Gone}) || got[1] != talkEntry {
				return errors.New("other entries")
			}
			return nil
		},
		"watch": func(ctx context.Context, r *Remote) error {
			ctx, stop := context.WithCancel(ctx)
			defer stop()
			for c, err := range r.Watch(ctx, Path{"dir"}) {
				switch {
				case errors.Is(err, Cancelled):
					return nil
				case err != nil:
					return err
				case len(c.Names) == 1:
					stop()
				}
			}
			return errors.New("it ends without a word")
		},
		"measure": func(ctx context.Context, r *Remote) error {
			return all(r.Measure(ctx, Path{}), Measured{Files: 1, Dirs: 1, Bytes: 5, Done: true})
		},
		"find": func(ctx context.Context, r *Remote) error {
			for f, err := range r.Find(ctx, Path{}, Query{Pattern: "d*/f*", Glob: true}) {
				f.Entry.Modified = f.Entry.Modified.UTC()
				if err != nil || f != (Found{Path{"dir/file"}, talkEntry, 2}) {
					return errors.Join(err, errors.New("something else"))
				}
			}
			return nil
		},
		"glob": func(ctx context.Context, r *Remote) error {
			for f, err := range Glob(ctx, r, Path{}, "**/f*") {
				f.Entry.Modified = f.Entry.Modified.UTC()
				if err != nil || f != (Found{Path{"dir/file"}, talkEntry, 3}) {
					return errors.Join(err, errors.New("something else"))
				}
			}
			return nil
		},
		"chmod": func(ctx context.Context, r *Remote) error { return r.Chmod(ctx, Path{"dir/file"}, 0o7600) },
		"symlink": func(ctx context.Context, r *Remote) error {
			return r.Symlink(ctx, "../elsewhere", Path{"dir/link"})
		},
		"draft": func(ctx context.Context, r *Remote) error {
			d, err := r.Create(ctx, Path{"file"}, CreateOptions{New: true, Mode: 0o600, Modified: time.Unix(1, 0)})
			if err != nil {
				return err
			}
			_, err = d.Write([]byte("12345"))
			return errors.Join(err, d.Close())
		},
		"offer": func(ctx context.Context, r *Remote) error {
			for s, err := range r.Offered(ctx) {
				if err != nil || !s.Done || s.ID != OfferID(rawID) || s.From != "ann@desk" || s.Names != 1 || len(s.First) != 1 ||
					s.First[0].Name != "file" || s.Measured != (Measured{Files: 1, Bytes: 5, Done: true}) {
					return errors.Join(err, errors.New("something else"))
				}
			}
			why := newError(NoSpace, Path{}, "3 bytes are free, and 5 are offered")
			return errors.Join(r.Refuse(ctx, OfferID(rawID), Taking{From: "bob", Free: 3}, why), r.Accept(ctx, OfferID(rawID), Taking{Free: 1 << 20}), r.Taken(ctx, OfferID(rawID), Taking{}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := transport.Pipe()
				defer near.Close("over")
				over := make(chan error, 1)
				go func() { over <- ask(t.Context(), NewRemote(near)) }()
				play(t, far, transcript(t, name), func() {})
				must(t, <-over)
			})
		})
	}
}

// all tells how what is yielded differs from want.
func all[T comparable](got func(func(T, error) bool), want ...T) error {
	for v, err := range got {
		if err != nil || len(want) == 0 || v != want[0] {
			return errors.Join(err, errors.New("something else"))
		}
		want = want[1:]
	}
	if len(want) > 0 {
		return errors.New("not all")
	}
	return nil
}
