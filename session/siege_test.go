package session

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// deep is a path of directories that is n bytes long or a little less, below
// which names of 250 bytes fit.
func deep(n int) string {
	part := strings.Repeat("d", 249)
	return strings.TrimSuffix(strings.Repeat(part+"/", n/250), "/")
}

// dirEntry announces a directory, and otherKind a FIFO.
func dirEntry(id uint64, path string) *wire.ToReceiver {
	m := announce(id, path, 0)
	m.GetEntry().Entry.Kind = wire.EntryKind_ENTRY_KIND_DIR
	return m
}

func otherKind(id uint64, path string) *wire.ToReceiver {
	m := announce(id, path, 0)
	m.GetEntry().Entry.Kind = wire.EntryKind_ENTRY_KIND_OTHER
	return m
}

// M51, M54, M55: a manifest without end costs a receiver what its window
// allows, whatever the entries are, and whether its answers are read or not.
func TestSiegeOfEntries(t *testing.T) {
	if raceEnabled && testing.Short() {
		t.Skip("it is about memory and time, of which the race detector takes several times as much")
	}
	ask := wire.Conflict_CONFLICT_ASK
	long := deep(3000)
	for _, c := range []struct {
		name    string
		options *wire.Options
		deaf    bool // the answers are not read
		n       int
		entry   func(id uint64) *wire.ToReceiver
		kinds   []Kind // of the error that it ends with; nil: it is borne
	}{
		{"files that are never sent", &wire.Options{}, false, 3 * maxUnanswered,
			func(id uint64) *wire.ToReceiver { return announce(id, fmt.Sprint("f", id), 100) }, []Kind{Limit}},
		{"files whose bookkeeping is large", &wire.Options{ChunkSize: minChunkSize}, false, maxUnanswered / 2,
			func(id uint64) *wire.ToReceiver {
				m := announce(id, fmt.Sprint("f", id), 1<<36)
				m.GetEntry().Data = new(uint64)
				return m
			}, nil},
		{"files too large for any bookkeeping", &wire.Options{}, false, 2 * maxUnanswered,
			func(id uint64) *wire.ToReceiver {
				m := announce(id, fmt.Sprint("f", id), 1<<62)
				m.GetEntry().Data = new(uint64)
				return m
			}, nil},
		{"one directory again and again", &wire.Options{KeepTimes: true}, false, 30_000,
			func(id uint64) *wire.ToReceiver { return dirEntry(id, long) }, nil},
		{"conflicts that nobody decides", &wire.Options{OnConflict: ask}, false, 30_000,
			func(id uint64) *wire.ToReceiver { return announce(id, long+"/file", 1) }, nil},
		{"what is neither file nor directory", &wire.Options{}, false, 200_000,
			func(id uint64) *wire.ToReceiver { return otherKind(id, fmt.Sprint("f", id)) }, nil},
		{"refusals that are not read", &wire.Options{}, true, 50_000,
			func(id uint64) *wire.ToReceiver { return announce(id, deep(31_000)+fmt.Sprint("/f", id), 1) }, nil},
		{"failures without an id", &wire.Options{}, false, 60_000,
			func(id uint64) *wire.ToReceiver {
				m := failedEntry(0)
				m.GetFailed().Error.Path = []byte(long + fmt.Sprint("/f", id))
				return m
			}, nil},
	} {
		for _, who := range sendingLiars(ServerConfig{}, c.options) {
			t.Run(c.name+"/"+who.name, func(t *testing.T) {
				s := besiege(t)
				t.Cleanup(s.lift)
				l := who.meet(t, func(dir string) {
					must(t, os.MkdirAll(filepath.Join(dir, long), 0o755))
					write(t, filepath.Join(dir, long, "file"), "another")
				})
				heard := make(chan error, 1)
				if !c.deaf {
					go func() { heard <- l.hearToTheEnd() }()
				}
				for id := range uint64(c.n) {
					l.st.SetWriteDeadline(time.Now().Add(time.Second))
					if wire.Write(l.st, c.entry(id+1)) != nil {
						break
					}
				}
				if c.deaf {
					l.st.Abort(abortInterrupted)
					return
				}
				if c.kinds == nil {
					l.say(announce(1<<30, "probe", 1))
				}
				select {
				case err := <-heard:
					wantOneOf(t, "it", err, append(c.kinds, Protocol)...)
				case <-time.After(siegeTime):
					t.Error("it does not end")
				}
			})
		}
	}
}

// hearToTheEnd hears until the stream is over, and returns the last error said.
func (l *liar) hearToTheEnd() (said error) {
	for {
		e, err := l.hear()
		switch {
		case err != nil:
			return said
		case e != nil:
			said = e
		}
	}
}

// M60: claims, needs and wants without end cost a sender what its files allow.
func TestSiegeOfAnswers(t *testing.T) {
	if raceEnabled && testing.Short() {
		t.Skip("it is about memory and time, of which the race detector takes several times as much")
	}
	for _, c := range []struct {
		name string
		size int64
		say  func(l *liar)
		want Kind
	}{
		{"claims for a small file", 100_000, func(l *liar) { l.claim(1, 600) }, Limit},
		{"claims for a large file", 1 << 42, func(l *liar) { l.claim(1, 600) }, Limit},
		{"the same claims again and again", 1 << 30, func(l *liar) { l.claim(0, 600) }, Limit},
		{"chunks too small for the file", 1 << 43, func(l *liar) { l.say(toSender(&wire.Answer{Id: 1, ChunkSize: minChunkSize})) }, ChunkSize},
		{"needs without end", 100 * mib, func(l *liar) {
			l.say(toSender(&wire.Answer{Id: 1, ChunkSize: minChunkSize}))
			need := &wire.Need{Id: 1}
			for i := range uint64(1600) {
				need.Chunks = append(need.Chunks, i)
			}
			for range 3000 {
				l.say(toSender(need))
			}
		}, Protocol},
	} {
		for _, who := range receivingLiars() {
			t.Run(c.name+"/"+who.name, func(t *testing.T) {
				s := besiege(t)
				t.Cleanup(s.lift)
				l := who.meet(t, fileOf(t, c.size))
				l.ready()
				heard := make(chan error, 1)
				go func() { heard <- l.hearToTheEnd() }()
				c.say(l)
				l.say(toSender(&wire.Result{Id: 4711}))
				select {
				case err := <-heard:
					if err == nil {
						t.Error("it says nothing")
						break
					}
					wantOneOf(t, "it", err, c.want)
				case <-time.After(siegeTime):
					t.Error("it does not end")
				}
			})
		}
	}
}

// claim says n messages of claims as long as can be, each about the chunks
// behind those of the last one if step is 1.
func (l *liar) claim(step uint64, n int) {
	values := make([]byte, 32*32_000)
	for i := range uint64(n) {
		l.st.SetWriteDeadline(time.Now().Add(time.Minute))
		if wire.Write(l.st, toSender(&wire.Claims{Id: 1, First: i * step * 32_000, Values: values})) != nil {
			return
		}
	}
}
