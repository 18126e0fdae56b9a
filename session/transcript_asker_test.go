package session

import (
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/transport"
)

// oneLink is a Reach that has one link.
type oneLink struct{ link transport.Link }

func (r oneLink) Dial(context.Context, string, string) (transport.Link, error) { return r.link, nil }
func (r oneLink) Known() []KnownPeer                                           { return nil }
func (r oneLink) Pin(transport.Link, string, string) error                     { return nil }

// play says what the server of a transcript says, and expects of the asker at
// the other end of l what the file has, to the byte. Before the asker aborts it
// calls cancel.
func play(t *testing.T, l transport.Link, steps []step, cancel func()) {
	t.Helper()
	voices := map[string]*voice{}
	for _, s := range steps {
		if voices[s.stream] == nil {
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			st, err := l.AcceptStream(ctx)
			stop()
			must(t, err)
			voices[s.stream] = newVoice(st)
			defer st.Close() // or a data stream would be waited for
		}
		if s.who == theServer {
			must(t, voices[s.stream].say(s))
			continue
		}
		if s.what == aborts(abortCancelled) {
			cancel()
		}
		must(t, voices[s.stream].hear(s))
	}
}

// The transfers of the transcripts with a real asker, an engine.
func TestTranscriptsAsker(t *testing.T) {
	for _, c := range []struct {
		name, way string
		files     []string
		over      TransferState
	}{
		{"upload", "upload", []string{"small", "large"}, StateDone},
		{"resume", "upload", []string{"large"}, StateDone},
		{"delta", "upload", []string{"grown"}, StateDone},
		{"cancel", "upload", []string{"large"}, StateCancelled},
		{"download", "download", []string{"small", "large"}, StateDone},
		{"picks", "download", []string{"dir/small"}, StateDone},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, far := talkBed(t)
				j := talkJob(t, b, c.way, c.files)
				switch c.name {
				case "delta":
					j.Options.OnConflict = Overwrite
				case "picks":
					j.Sources, j.only = []Path{{}}, talkPicked
				}
				id, err := b.engine.Submit(j)
				must(t, err)
				play(t, far, transcript(t, c.name), func() { must(t, b.engine.Cancel(id, false)) })
				tr, err := b.engine.Wait(t.Context(), id)
				if err != nil || tr.State != c.over || tr.Failures > 0 {
					t.Errorf("%v %v: %v %v", err, tr.State, tr.Err, tr.Failed)
				}
				for _, name := range c.files { // downloaded, or still there
					sameFile(t, filepath.Join(b.here, name), talkFiles[name])
				}
			})
		})
	}
}

var talkFiles = map[string][]byte{"small": talkSmall, "large": talkLarge, "grown": talkGrown, "dir/small": talkSmall}

// talkBed is an engine whose transfers are called as in the transcripts, and
// the other end of its only link.
func talkBed(t *testing.T) (*bed, transport.Link) {
	near, far := transport.Pipe()
	e := NewEngine(EngineConfig{Reach: oneLink{near}, transferID: func() []byte { return rawID }, plain: true})
	t.Cleanup(func() { far.Close("over"); e.Close() })
	b := &bed{tb: t, here: t.TempDir(), engine: e}
	var err error
	b.peer, err = e.Connect(t.Context(), "peer", "")
	must(t, err)
	return b, far
}

// talkJob is a job for some of talkFiles.
func talkJob(t *testing.T, b *bed, way string, files []string) Job {
	if way == "download" {
		j := Job{From: b.peer, To: Here, Destination: b.path(""), Into: true, Options: talkOptions}
		for _, name := range files {
			j.Sources = append(j.Sources, Path{name})
		}
		return j
	}
	j := Job{From: Here, To: b.peer, Into: true, Options: talkOptions}
	for _, name := range files {
		put(t, filepath.Join(b.here, name), string(talkFiles[name]), time.Unix(1, 0))
		j.Sources = append(j.Sources, b.path(name))
	}
	return j
}

// What is browsed in the transcripts, with a real asker.
func TestTranscriptsRemote(t *testing.T) {
	for name, ask := range map[string]func(context.Context, *Remote) (Entry, error){
		"list": func(ctx context.Context, r *Remote) (last Entry, err error) {
			for last, err = range r.List(ctx, Path{"dir"}) {
				if err != nil {
					break
				}
			}
			return last, err
		},
		"stat": func(ctx context.Context, r *Remote) (Entry, error) { return r.Stat(ctx, Path{"file"}) },
		"delete": func(ctx context.Context, r *Remote) (Entry, error) {
			return talkEntry, r.Remove(ctx, Path{"file"}, false)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := transport.Pipe()
				defer near.Close("over")
				over := make(chan struct{})
				var got Entry
				var err error
				go func() {
					defer close(over)
					got, err = ask(t.Context(), NewRemote(near))
				}()
				play(t, far, transcript(t, name), nil)
				<-over
				if got.Modified = got.Modified.UTC(); err != nil || got != talkEntry {
					t.Errorf("got %v, %v", got, err)
				}
			})
		})
	}
}
