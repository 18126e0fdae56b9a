package session

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bargee/bargee/transport"
)

// A witness hears of deeds.
type witness struct {
	mu    sync.Mutex
	deeds []Deed
	came  chan struct{}
}

func (w *witness) observe(d Deed) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deeds = append(w.deeds, d)
	select {
	case w.came <- struct{}{}:
	default:
	}
}

// heard waits for n deeds, and returns them in the order of their words.
func (w *witness) heard(t *testing.T, n int) string {
	t.Helper()
	late := time.After(time.Minute)
	for {
		w.mu.Lock()
		deeds := slices.Clone(w.deeds)
		w.mu.Unlock()
		if len(deeds) >= n {
			var out []string
			for _, d := range deeds {
				line := fmt.Sprintf("%s %s: %d files, %d bytes", d.What, d.Path, d.Files, d.Bytes)
				if d.What == DeedMoved {
					line += " to " + d.To.String()
				}
				if d.Failed > 0 || d.Err != nil {
					line += fmt.Sprintf(", %d failed: %s, partly %t", d.Failed, KindOf(d.Err), d.Partly)
				}
				if d.Began.IsZero() || d.Ended.Before(d.Began) {
					t.Errorf("%s began %v and ended %v", line, d.Began, d.Ended)
				}
				out = append(out, line)
			}
			slices.Sort(out)
			return strings.Join(out, "\n")
		}
		select {
		case <-w.came:
		case <-late:
			t.Fatalf("only heard of %+v", deeds)
		}
	}
}

// What peers do is told when it is over: what they named, and what came of it.
func TestDeeds(t *testing.T) {
	w := &witness{came: make(chan struct{}, 1)}
	tree, here := t.TempDir(), t.TempDir()
	for name, content := range map[string]string{"films/a": "12345", "films/b/c": "123", "one": "1", "there/x": "old"} {
		write(t, filepath.Join(tree, name), content)
	}
	for name, content := range map[string]string{"new/x": "1234567", "new/y/z": "12", "x": "other"} {
		write(t, filepath.Join(here, name), content)
	}
	s := NewServer(ServerConfig{Tree: openDir(t, tree), Observe: w.observe})
	e := NewEngine(EngineConfig{Reach: &pipeReach{t, s}})
	defer e.Close()
	peer, err := e.Connect(t.Context(), "peer", "")
	must(t, err)

	host := func(name string) Path { return hostPath(t, filepath.Join(here, name)) }
	run := func(j Job) {
		t.Helper()
		j.Options = DefaultOptions()
		j.Options.OnConflict = Fail
		id, err := e.Submit(j)
		must(t, err)
		_, err = e.Wait(t.Context(), id)
		must(t, err)
	}
	run(Job{From: peer, Sources: []Path{mustPath(t, "films"), mustPath(t, "one")}, Destination: host("new"), Into: true})
	run(Job{Sources: []Path{host("new"), host("x")}, To: peer, Destination: mustPath(t, "there"), Into: true})
	if g := s.Guests(); len(g) != 1 || g[0].Since.IsZero() {
		t.Errorf("guests: %+v", g)
	}
	remote, err := e.Peer(t.Context(), peer)
	must(t, err)
	must(t, remote.Rename(t.Context(), mustPath(t, "one"), mustPath(t, "two")))
	must(t, remote.Remove(t.Context(), mustPath(t, "two"), false))
	if err := remote.Remove(t.Context(), mustPath(t, "two"), false); !errors.Is(err, NotFound) {
		t.Error(err)
	}
	want := `left there/new: 5 files, 18 bytes
left there/x: 0 files, 0 bytes, 1 failed: exists, partly true
moved one: 0 files, 0 bytes to two
removed two: 0 files, 0 bytes
took films: 2 files, 8 bytes
took one: 1 files, 1 bytes`
	if got := strings.ReplaceAll(w.heard(t, 6), " /", " "); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}

	// A file that is read in pieces is one deed, told of when the peer is gone.
	for range 3 {
		b, err := fs.ReadFile(FS(t.Context(), remote), "films/a")
		if err != nil || string(b) != "12345" {
			t.Errorf("%q, %v", b, err)
		}
	}
	e.Close()
	if got := w.heard(t, 7); !strings.Contains(got, "took /films/a: 1 files, 15 bytes") {
		t.Errorf("got\n%s", got)
	}
}

// A keyLink is of a peer with a key.
type keyLink struct {
	transport.Link
	key byte
}

func (l *keyLink) Peer() transport.Peer { return transport.Peer{Key: transport.Fingerprint{l.key}} }

// Who begins to put something where others do is told how many they are; oneself
// is none of them.
func TestOthers(t *testing.T) {
	s := NewServer(ServerConfig{Tree: openDir(t, t.TempDir())})
	mine, theirs := &keyLink{key: 1}, &keyLink{key: 2}
	if n := s.others(mine); n != 0 {
		t.Errorf("%d others", n)
	}
	for i, l := range []transport.Link{mine, theirs, &keyLink{key: 2}, &keyLink{key: 1}} {
		s.transfers.add(t.Context(), transferKey{l, fmt.Sprint(i)}, &receiver{})
	}
	if n := s.others(mine); n != 1 {
		t.Errorf("%d others", n)
	}
	if n := s.others(&keyLink{key: 3}); n != 2 {
		t.Errorf("a third one has %d others", n)
	}

	r := newReceiver(receiverConfig{into: s.cfg.Tree, options: DefaultOptions(), inflow: inflow{paced: true, share: s.in}, others: 3})
	to := newSender(senderConfig{options: DefaultOptions(), ledger: newLedger(nil)})
	must(t, to.greeted(r.greeting(1<<20)))
	var tr Transfer
	if to.ledger.snapshot(&tr, time.Now()); tr.Others != 3 {
		t.Errorf("told of %d", tr.Others)
	}
}
