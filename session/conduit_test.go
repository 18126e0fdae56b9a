package session

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// A manyReach dials servers in this process by name, over links in memory.
type manyReach struct {
	servers map[string]*Server

	mu    sync.Mutex
	links map[string]transport.Link // the last one to each
}

func (r *manyReach) Dial(ctx context.Context, target, secret string) (transport.Link, error) {
	near, far := transport.Pipe()
	go func() {
		r.servers[target].ServeLink(context.Background(), far)
		far.Close("server ended")
	}()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.links[target] = near
	return near, nil
}

func (r *manyReach) Known() []KnownPeer                              { return nil }
func (r *manyReach) Pin(l transport.Link, target, name string) error { return nil }

// cut ends the link to a peer.
func (r *manyReach) cut(target string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.links[target].Close("cut")
}

// twoPeers is an engine with two peers.
type twoPeers struct {
	*bed
	reach      *manyReach
	from, to   PlaceID
	fromD, toD string
}

func newBetween(t *testing.T, from, to ServerConfig) *twoPeers {
	b := &twoPeers{fromD: t.TempDir(), toD: t.TempDir()}
	if from.Tree == nil {
		from.Tree, to.Tree = openDir(t, b.fromD), openDir(t, b.toD)
	}
	b.reach = &manyReach{servers: map[string]*Server{"from": NewServer(from), "to": NewServer(to)}, links: map[string]transport.Link{}}
	b.bed = &bed{tb: t, engine: NewEngine(EngineConfig{Reach: b.reach})}
	t.Cleanup(func() { b.engine.Close() })
	var err error
	b.from, err = b.engine.Connect(t.Context(), "from", "")
	must(t, err)
	b.to, err = b.engine.Connect(t.Context(), "to", "")
	must(t, err)
	return b
}

func (b *twoPeers) job(o Options, names ...string) Job {
	j := Job{From: b.from, To: b.to, Into: true, Options: o}
	for _, n := range names {
		j.Sources = append(j.Sources, Path{n})
	}
	return j
}

// What lies at one peer comes to another: contents, times, links, names, digests;
// and once more it is unchanged.
func TestBetweenPeers(t *testing.T) {
	b := newBetween(t, ServerConfig{}, ServerConfig{})
	want := map[string][]byte{}
	for i, size := range []int{0, 1, 65536, 1<<20 + 1, 9<<20 + 7} {
		name := filepath.Join("tree", "d", string(rune('a'+i)))
		want[name] = fill(t, filepath.Join(b.fromD, name), size, byte(i))
	}
	fill(t, filepath.Join(b.fromD, "other"), 10, 1)
	must(t, os.Symlink("d/a", filepath.Join(b.fromD, "tree", "link")))
	var items []Item
	j := b.job(DefaultOptions(), "tree", "other")
	j.Observe = func(it Item) { items = append(items, it) }
	tr := b.run(j)
	if tr.State != StateDone || tr.Failures > 0 || tr.Files != 7 || tr.FilesDone != 7 || tr.Verified != tr.Bytes || tr.Sent < tr.Bytes {
		t.Fatalf("%v %v %+v", tr.State, tr.Err, tr)
	}
	sameFiles(t, b.toD, want)
	if to, err := os.Readlink(filepath.Join(b.toD, "tree", "link")); err != nil || to != "d/a" {
		t.Errorf("%q, %v", to, err)
	}
	for _, it := range items {
		if it.Result != Copied && it.Kind != Directory || it.Kind == RegularFile && len(it.Digest) != 32 || it.Path != it.Name {
			t.Errorf("%+v", it)
		}
	}
	items = nil
	if tr = b.run(j); tr.State != StateDone || tr.Sent != 0 || tr.FilesDone != 7 {
		t.Errorf("again: %+v", tr)
	}
	for _, it := range items {
		if it.Result != Unchanged {
			t.Errorf("again: %+v", it)
		}
	}
	j.Sources, j.Into, j.Exact, j.Destination = []Path{{"tree"}}, false, true, Path{"as"}
	items = nil
	if tr = b.run(j); tr.State != StateDone || tr.Failures > 0 {
		t.Errorf("by another name: %+v", tr)
	}
	for _, it := range items {
		if !it.Name.Within(Path{"as"}) {
			t.Errorf("by another name: %+v", it)
		}
	}
}

func sameFiles(t *testing.T, dir string, want map[string][]byte) {
	t.Helper()
	for name, data := range want {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(got) != string(data) {
			t.Errorf("%s differs: %v", name, err)
		}
	}
}

// The link to either peer is lost on the way: it goes on where it was.
func TestBetweenPeersResumes(t *testing.T) {
	for _, lost := range []string{"from", "to"} {
		t.Run(lost, func(t *testing.T) {
			b := newBetween(t, ServerConfig{}, ServerConfig{})
			want := map[string][]byte{"big": fill(t, filepath.Join(b.fromD, "big"), 24<<20, 1)}
			o := DefaultOptions()
			o.Limit = 5 << 20
			id, err := b.engine.Submit(b.job(o, "big"))
			must(t, err)
			b.until(t, id, func(tr Transfer) bool { return tr.Verified > 4<<20 })
			b.reach.cut(lost)
			b.engine.SetTransferLimit(id, 0)
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			tr, err := b.engine.Wait(ctx, id)
			must(t, err)
			if tr.State != StateDone || tr.Failures > 0 || tr.Reused == 0 || tr.Verified != tr.Bytes {
				t.Errorf("%v %v %+v", tr.State, tr.Err, tr)
			}
			sameFiles(t, b.toD, want)
		})
	}
}

// until waits until a transfer is as it should be.
func (b *twoPeers) until(t *testing.T, id TransferID, is func(Transfer) bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		tr, err := b.engine.Transfer(id)
		must(t, err)
		switch {
		case is(tr):
			return
		case tr.State.Over() || time.Now().After(deadline):
			t.Fatalf("%v %v %+v", tr.State, tr.Err, tr)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// Conflicts are decided by who asked for the copy, or by its options.
func TestBetweenPeersAsks(t *testing.T) {
	b := newBetween(t, ServerConfig{}, ServerConfig{})
	put(t, filepath.Join(b.fromD, "file"), "new one", newer)
	put(t, filepath.Join(b.toD, "file"), "old", older)
	o := DefaultOptions()
	o.OnConflict = Fail
	if tr := b.run(b.job(o, "file")); tr.Failures != 1 || KindOf(tr.Failed[0].Err) != Exists {
		t.Errorf("%+v", tr)
	}
	o.OnConflict = Ask
	id, err := b.engine.Submit(b.job(o, "file"))
	must(t, err)
	b.until(t, id, func(tr Transfer) bool { return tr.Asking == 1 })
	q := b.question(t, id)
	if q.Path != (Path{"file"}) || q.Source.Size != 7 || q.Existing.Size != 3 {
		t.Errorf("%+v", q)
	}
	must(t, b.engine.Answer(id, q.ID, Rename, false))
	tr, err := b.engine.Wait(t.Context(), id)
	must(t, err)
	if tr.State != StateDone || tr.Failures > 0 {
		t.Errorf("%+v", tr)
	}
	sameFiles(t, b.toD, map[string][]byte{"file": []byte("old"), "file (1)": []byte("new one")})
	o.DryRun, o.OnConflict = true, Overwrite
	put(t, filepath.Join(b.fromD, "more"), "1", newer)
	if tr = b.run(b.job(o, "file", "more")); tr.State != StateDone || tr.FilesDone != 2 || tr.Sent != 0 {
		t.Errorf("%+v", tr)
	}
	if _, err := os.Stat(filepath.Join(b.toD, "more")); err == nil {
		t.Error("a dry run copies")
	}
}

// What either peer says no to is said of its side, and leaves nothing open.
func TestBetweenPeersRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		from, to ServerConfig
		source   string
		kind     Kind
		side     Side
	}{
		"read-only":  {ServerConfig{}, ServerConfig{ReadOnly: true}, "file", Refused, Destination},
		"write-only": {ServerConfig{WriteOnly: true}, ServerConfig{}, "file", Refused, Source},
		"none":       {ServerConfig{}, ServerConfig{}, "none", NotFound, Source},
		"too large":  {ServerConfig{}, ServerConfig{MaxFileSize: 2}, "file", Limit, Destination},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBetween(t, c.from, c.to)
			put(t, filepath.Join(b.fromD, "file"), "12345", newer)
			id, err := b.engine.Submit(b.job(DefaultOptions(), c.source))
			must(t, err)
			tr, _ := b.engine.Wait(t.Context(), id)
			if err = tr.Err; tr.Failures > 0 {
				err = tr.Failed[0].Err
			}
			var e *Error
			if !errors.As(err, &e) || e.Kind != c.kind || e.Side != c.side {
				t.Errorf("%+v", err)
			}
		})
	}
}

// A cancelled copy leaves no partial at the receiver.
func TestBetweenPeersCancel(t *testing.T) {
	b := newBetween(t, ServerConfig{}, ServerConfig{})
	fill(t, filepath.Join(b.fromD, "big"), 16<<20, 1)
	o := DefaultOptions()
	o.Limit = 4 << 20
	id, err := b.engine.Submit(b.job(o, "big"))
	must(t, err)
	b.until(t, id, func(tr Transfer) bool { return tr.Verified > 1<<20 })
	must(t, b.engine.Cancel(id, false))
	b.until(t, id, func(tr Transfer) bool { return tr.State == StateCancelled })
	for deadline := time.Now().Add(time.Minute); ; <-time.After(5 * time.Millisecond) {
		left, err := os.ReadDir(b.toD)
		must(t, err)
		if len(left) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("left: %v", left)
		}
	}
}

// What a peer has no right to say ends the transfer before the other one hears it.
func TestTallyRefuses(t *testing.T) {
	entry := func(id uint64, path string) *wire.ToReceiver {
		return &wire.ToReceiver{Say: &wire.ToReceiver_Entry{Entry: &wire.Announce{
			Id: id, Path: []byte(path), Entry: entryToWire(Entry{Size: 1 << 20})}}}
	}
	ready := &wire.ToSender{Say: &wire.ToSender_Ready{Ready: &wire.Ready{}}}
	answer := func(id uint64, v wire.Verdict, chunk uint32) *wire.ToSender {
		return &wire.ToSender{Say: &wire.ToSender_Answer{Answer: &wire.Answer{Id: id, Verdict: v, ChunkSize: chunk}}}
	}
	for name, said := range map[string][]any{
		"what was not asked for": {ready, entry(1, "elsewhere")},
		"a path that leads out":  {ready, entry(1, "../file")},
		"ids with a gap":         {ready, entry(2, "file")},
		"an entry of nothing":    {ready, &wire.ToReceiver{Say: &wire.ToReceiver_Entry{Entry: &wire.Announce{Id: 1, Path: []byte("file")}}}},
		"a decision":             {ready, &wire.ToReceiver{Say: &wire.ToReceiver_Decide{Decide: &wire.Decide{Id: 1}}}},
		"nothing":                {ready, &wire.ToReceiver{}},
		"no Ready":               {answer(1, wire.Verdict_VERDICT_HAVE, 0)},
		"a name that is none":    {&wire.ToSender{Say: &wire.ToSender_Ready{Ready: &wire.Ready{As: []byte("a/b")}}}},
		"nothing to the sender":  {ready, &wire.ToSender{}},
		"an answer to nothing":   {ready, answer(1, wire.Verdict_VERDICT_HAVE, 0)},
		"chunks of nothing":      {ready, entry(1, "file"), answer(1, wire.Verdict_VERDICT_WANT, 0)},
		"more claims than there are chunks": {ready, entry(1, "file"),
			&wire.ToSender{Say: &wire.ToSender_Claims{Claims: &wire.Claims{Id: 1, Values: make([]byte, 64)}}}, answer(1, wire.Verdict_VERDICT_WANT, 1<<20)},
		"an end too early": {ready, entry(1, "file"), &wire.ToReceiver{Say: &wire.ToReceiver_End{End: &wire.End{}}},
			&wire.ToSender{Say: &wire.ToSender_Finished{Finished: &wire.Finished{}}}},
		"a chunk of nothing":                   {ready, &wire.Chunk{Id: 1}},
		"data that went straight":              {ready, entry(1, "file"), &wire.ToSender{Say: &wire.ToSender_Landed{Landed: &wire.Landed{Id: 1}}}},
		"a straight way that nobody asked for": {ready, &wire.ToReceiver{Say: &wire.ToReceiver_Straight{Straight: &wire.Straight{Up: true}}}},
		"an ack of nothing":                    {ready, &wire.Acks{Acks: []*wire.Ack{{Id: 3}}}},
	} {
		c := newTally(newLedger(nil), &Job{Sources: []Path{{"dir/file"}}, Destination: Path{"to"}})
		for i, m := range said {
			var err error
			switch m := m.(type) {
			case *wire.ToReceiver:
				err = c.fromSender(m)
			case *wire.ToSender:
				_, _, err = c.fromReceiver(m)
			case *wire.Chunk:
				err = c.carried(1, 1, m)
			case *wire.Acks:
				err = c.verified(1, m.Acks)
			}
			if last := i == len(said)-1; last != (KindOf(err) == Protocol) || !last && err != nil {
				t.Errorf("%s: %d: %v", name, i, err)
			}
		}
	}
}
