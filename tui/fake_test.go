package tui

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bargee/bargee/session"
)

// fakeEngine is an engine without disks and links. Its transfers move on when
// step is called, and it writes down what it was asked to do.
type fakeEngine struct {
	mu        sync.Mutex
	places    []session.Place
	trees     map[session.PlaceID]*fakeTree
	transfers []session.Transfer
	known     []session.KnownPeer
	calls     []string
	streams   int
	asked     int    // how often for the places
	trembles  bool   // the link's figures are others each time, as those of a real one
	conflict  string // a name that asks before it is written
	queue     fakeQueue
	dial      func(target, secret string) error
	now       func() time.Time
}

func newFakeEngine() *fakeEngine {
	day := func(month time.Month, d int) time.Time { return time.Date(2026, month, d, 21, 14, 0, 0, time.UTC) }
	const g, m = 1 << 30, 1 << 20
	file := func(name string, size int64, t time.Time) session.Entry {
		return session.Entry{Name: name, Size: size, Mode: 0o644, Modified: t}
	}
	dir := func(name string, t time.Time) session.Entry {
		return session.Entry{Name: name, Kind: session.Directory, Mode: 0o755, Modified: t}
	}
	here, there := newFakeTree(), newFakeTree()
	here.put("", dir("home", day(1, 1)))
	here.put("home", dir("Films", day(11, 3)))
	here.put("home/Films",
		dir("Series", day(11, 3)),
		file("Arrival.2016.2160p.mkv", 412*g/10, day(11, 3)),
		file("Stalker.1979.mkv", 287*g/10, day(11, 1)),
		file("Solaris.1972.mkv", 19*g, day(10, 14)),
		file("library.sqlite", 14*g/10, day(11, 21)),
		file("posters.tar.zst", 812*m, day(9, 9)),
		file("README.md", 4198, day(1, 2)),
		file("東京物語.1953.mkv", 228*g/10, day(10, 30)),
		file("subtitles.zip", 61*m, day(1, 2)),
		file(".hidden", 12, day(1, 2)),
		session.Entry{Name: "current", Kind: session.Link, Target: "Series/2026", Mode: 0o777, Modified: day(11, 3)},
	)
	here.put("home/Films/Series", file("pilot.mkv", 900*m, day(11, 3)), file("finale.mkv", 950*m, day(11, 3)))
	there.put("", dir("pool", day(1, 1)))
	there.put("pool", dir("films", day(11, 2)))
	there.put("pool/films",
		dir("Archive", day(8, 8)),
		file("Solaris.1972.mkv", 19*g, day(10, 14)),
		file("library.sqlite", 14*g/10, day(11, 20)),
		file("Vertigo.1958.mkv", 315*g/10, day(10, 8)),
	)
	nas := session.Place{ID: 1, Name: "nas-attic", Target: "nas-attic", Key: "7f3a-91c2-e04d"}
	nas.Lanes = slices.Grow(nas.Lanes, 1)[:1]
	nas.Lanes[0].ID, nas.Lanes[0].Path, nas.Lanes[0].RTT = 1, "direct", 14*time.Millisecond
	nas.Choice.Lanes, nas.Choice.Why = 1, "near by"
	nas.Lanes[0].Sent, nas.Lanes[0].Received = 3*m, 40*m
	return &fakeEngine{
		places: []session.Place{
			{ID: session.Here, Name: "laptop"},
			nas,
		},
		trees:   map[session.PlaceID]*fakeTree{session.Here: here, 1: there},
		streams: 4,
		known:   []session.KnownPeer{{Name: "nas-attic", Address: "10.0.0.7:6768"}, {Name: "office", Address: "office.example:6768"}},
		now:     time.Now,
	}
}

func (e *fakeEngine) record(format string, args ...any) {
	e.calls = append(e.calls, fmt.Sprintf(format, args...))
}

func (e *fakeEngine) Places() []session.Place {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := slices.Clone(e.places)
	if e.trembles {
		e.asked++
		out[1].Lanes = slices.Clone(out[1].Lanes)
		lane := &out[1].Lanes[0]
		lane.RTT += time.Duration(e.asked%3) * 20 * time.Millisecond
		lane.Sent += uint64(e.asked) << 20
		lane.Lost += uint64(e.asked)
	}
	return out
}

func (e *fakeEngine) tremble(on bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.trembles = on
}

func (e *fakeEngine) Transfers() []session.Transfer {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := slices.Clone(e.transfers)
	for i := range out {
		out[i].Streams = slices.Clone(out[i].Streams)
		out[i].Active = slices.Clone(out[i].Active)
	}
	return out
}

func (e *fakeEngine) Known() []session.KnownPeer { return e.known }

func (e *fakeEngine) Tree(id session.PlaceID) (session.Tree, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if t, ok := e.trees[id]; ok {
		return t, nil
	}
	return nil, session.NotFound
}

func (e *fakeEngine) Connect(_ context.Context, target, secret string) (session.PlaceID, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.record("connect %s %s", target, secret)
	if e.dial != nil {
		if err := e.dial(target, secret); err != nil {
			return 0, err
		}
	}
	id := session.PlaceID(len(e.places))
	e.places = append(e.places, session.Place{ID: id, Name: target, Target: target})
	e.trees[id] = newFakeTree()
	return id, nil
}

func (e *fakeEngine) Disconnect(id session.PlaceID) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.record("disconnect %d", id)
	return nil
}

func (e *fakeEngine) Pin(_ context.Context, id session.PlaceID, name string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.record("pin %d %s", id, name)
	e.places[id].Pinned = true
	return nil
}

func (e *fakeEngine) Submit(j session.Job) (session.TransferID, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var names []string
	t := session.Transfer{ID: session.TransferID(len(e.transfers) + 1), Job: j, State: session.StateWaiting, Queued: e.now(), ETA: -1}
	for _, p := range j.Sources {
		names = append(names, p.String())
		t.Files++
		entry, err := e.trees[j.From].Stat(context.Background(), p)
		if err != nil {
			return 0, err
		}
		t.Bytes += entry.Size
	}
	t.Counted = true
	e.transfers = append(e.transfers, t)
	verb := "copy"
	if j.Move {
		verb = "move"
	}
	e.record("%s %s to %d:%s", verb, strings.Join(names, " "), j.To, j.Destination)
	return t.ID, nil
}

func (e *fakeEngine) change(what string, id session.TransferID, f func(*session.Transfer)) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.record("%s %d", what, id)
	for i := range e.transfers {
		if e.transfers[i].ID == id {
			f(&e.transfers[i])
			return nil
		}
	}
	return session.NotFound
}

func (e *fakeEngine) Pause(id session.TransferID) error {
	return e.change("pause", id, func(t *session.Transfer) { t.State, t.Streams, t.Active = session.StatePaused, nil, nil })
}

func (e *fakeEngine) Resume(id session.TransferID) error {
	return e.change("resume", id, func(t *session.Transfer) { t.State = session.StateWaiting })
}

func (e *fakeEngine) Cancel(id session.TransferID, keep bool) error {
	return e.change(fmt.Sprintf("cancel keep=%v", keep), id, func(t *session.Transfer) {
		t.State, t.Streams, t.Active = session.StateCancelled, nil, nil
	})
}

func (e *fakeEngine) Retry(id session.TransferID) error {
	return e.change("retry", id, func(t *session.Transfer) { t.State, t.Err, t.Failures, t.Failed = session.StateWaiting, nil, 0, nil })
}

func (e *fakeEngine) Forget(id session.TransferID) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.record("forget %d", id)
	e.transfers = slices.DeleteFunc(e.transfers, func(t session.Transfer) bool { return t.ID == id })
	return nil
}

func (e *fakeEngine) Answer(id session.TransferID, conflict int, d session.Conflict, all bool) error {
	what := fmt.Sprintf("answer conflict=%d decision=%d all=%v", conflict, d, all)
	return e.change(what, id, func(t *session.Transfer) { t.Conflicts, t.Asking = nil, 0 })
}

// step lets the transfers move on by so many bytes, one after the other.
func (e *fakeEngine) step(bytes int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range e.transfers {
		t := &e.transfers[i]
		if t.State != session.StateWaiting && t.State != session.StateRunning {
			continue
		}
		if t.State == session.StateWaiting {
			t.State, t.Started = session.StateRunning, e.now()
		}
		e.run(t, bytes)
		return
	}
}

func (e *fakeEngine) run(t *session.Transfer, bytes int64) {
	t.Verified = min(t.Verified+bytes, t.Bytes)
	t.Sent = t.Verified
	t.Rate = 118e6
	t.ETA = time.Duration(float64(t.Bytes-t.Verified) / t.Rate * float64(time.Second))
	t.Streams, t.Active = nil, nil
	left := t.Verified
	t.FilesDone = 0
	for _, p := range t.Job.Sources {
		entry, _ := e.trees[t.Job.From].Stat(context.Background(), p)
		name, _ := t.Job.Destination.Join(p.Base())
		if left >= entry.Size {
			left -= entry.Size
			t.FilesDone++
			e.trees[t.Job.To].put(t.Job.Destination.Raw(), entry)
			continue
		}
		f := session.FileProgress{Path: p, Name: name, Size: entry.Size, Verified: left}
		for s := range e.streams {
			part := left / int64(e.streams) * int64(10+(s*3)%7-3) / 10
			f.Streams = append(f.Streams, s+1)
			t.Streams = append(t.Streams, session.StreamProgress{
				ID: s + 1, Lane: 1, File: p, Bytes: part, Total: entry.Size, Rate: t.Rate / float64(e.streams),
			})
		}
		t.Active = append(t.Active, f)
		if p.Base() == e.conflict {
			existing, _ := e.trees[t.Job.To].Stat(context.Background(), name)
			t.Conflicts = []session.Question{{ID: 7, Path: p, Name: name, Source: entry, Existing: existing}}
			t.Asking = 1
		}
		return
	}
	t.State, t.ETA, t.Finished = session.StateDone, -1, e.now()
}

// fakeTree is a tree in memory, by directory.
type fakeTree struct {
	mu         sync.Mutex
	dirs       map[string][]session.Entry
	calls      []string
	fail       map[string]error  // by directory
	hold       chan struct{}     // if not nil, List waits for it
	content    map[string]string // of files, by path
	files      map[string]*fakeContent
	unreadable bool // Hash fails

	drops []session.BoxedDrop        // of a drop box
	lists int                        // how often a directory was listed
	was   map[string][]session.Entry // a test's own

	changes chan session.Change // what Watch tells; nil: nothing
	refuse  error               // what it ends with at once, if not nil

	streams map[string]func(yield func(session.Entry, error) bool) // what List yields, by directory, instead
	stat    func(name string) session.Entry                        // what StatAll says, instead
}

func newFakeTree() *fakeTree { return &fakeTree{dirs: map[string][]session.Entry{"": nil}} }

// holds makes entries all that a directory holds.
func (t *fakeTree) holds(dir string, entries []session.Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dirs[dir] = entries
}

func (t *fakeTree) put(dir string, entries ...session.Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range entries {
		if i := slices.IndexFunc(t.dirs[dir], func(o session.Entry) bool { return o.Name == e.Name }); i >= 0 {
			t.dirs[dir][i] = e
			continue
		}
		t.dirs[dir] = append(t.dirs[dir], e)
		if e.Kind == session.Directory {
			t.dirs[strings.TrimPrefix(dir+"/"+e.Name, "/")] = nil
		}
	}
}

func (t *fakeTree) List(ctx context.Context, dir session.Path) iter.Seq2[session.Entry, error] {
	return func(yield func(session.Entry, error) bool) {
		if t.hold != nil {
			select {
			case <-t.hold:
			case <-ctx.Done():
				yield(session.Entry{}, ctx.Err())
				return
			}
		}
		t.mu.Lock()
		t.lists++
		stream := t.streams[dir.Raw()]
		entries, ok := t.dirs[dir.Raw()]
		entries, err := slices.Clone(entries), t.fail[dir.Raw()]
		t.mu.Unlock()
		if err == nil && !ok {
			err = &session.Error{Kind: session.NotFound, Path: dir, Err: fs.ErrNotExist}
		}
		if stream != nil {
			stream(yield)
			return
		}
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
		if err != nil {
			yield(session.Entry{}, err)
		}
	}
}

func (t *fakeTree) Stat(_ context.Context, p session.Path) (session.Entry, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	dir, name := p.Split()
	for _, e := range t.dirs[dir.Raw()] {
		if e.Name == name {
			return e, nil
		}
	}
	if p.IsRoot() {
		return session.Entry{Kind: session.Directory}, nil
	}
	return session.Entry{}, &session.Error{Kind: session.NotFound, Path: p, Err: fs.ErrNotExist}
}

func (t *fakeTree) Mkdir(_ context.Context, p session.Path, _ bool) error {
	dir, name := p.Split()
	t.record("mkdir %s", p)
	t.put(dir.Raw(), session.Entry{Name: name, Kind: session.Directory, Mode: 0o755})
	return nil
}

func (t *fakeTree) Rename(_ context.Context, from, to session.Path) error {
	t.record("rename %s %s", from, to)
	t.mu.Lock()
	defer t.mu.Unlock()
	dir, name := from.Split()
	if slices.ContainsFunc(t.dirs[dir.Raw()], func(e session.Entry) bool { return e.Name == to.Base() }) {
		return &session.Error{Kind: session.Exists, Path: to, Err: fs.ErrExist}
	}
	for i := range t.dirs[dir.Raw()] {
		if e := &t.dirs[dir.Raw()][i]; e.Name == name {
			e.Name = to.Base()
		}
	}
	return nil
}

func (t *fakeTree) Remove(_ context.Context, p session.Path, recursive bool) error {
	t.record("remove %s recursive=%v", p, recursive)
	t.mu.Lock()
	defer t.mu.Unlock()
	dir, name := p.Split()
	t.dirs[dir.Raw()] = slices.DeleteFunc(t.dirs[dir.Raw()], func(e session.Entry) bool { return e.Name == name })
	return nil
}

func (t *fakeTree) record(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls = append(t.calls, fmt.Sprintf(format, args...))
}

func (t *fakeTree) Space(context.Context) (uint64, uint64, error) {
	return 81 << 40 / 10, 16 << 40, nil
}

func (t *fakeTree) Touch(ctx context.Context, p session.Path, modified time.Time, mustBeNew bool) error {
	if _, err := t.Stat(ctx, p); err == nil && mustBeNew {
		return &session.Error{Kind: session.Exists, Path: p, Err: fs.ErrExist}
	}
	dir, name := p.Split()
	t.put(dir.Raw(), session.Entry{Name: name, Mode: 0o644, Modified: modified})
	return nil
}

// Hash is made of a file's size and content, which is its name unless the test
// says otherwise.
func (t *fakeTree) Hash(ctx context.Context, p session.Path, _ session.Algorithm) ([]byte, error) {
	t.record("hash %s", p)
	e, err := t.Stat(ctx, p)
	if t.unreadable {
		err = session.Permission
	}
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	file := t.files[p.Raw()]
	t.mu.Unlock()
	if file != nil {
		b, err := io.ReadAll(io.NewSectionReader(file, 0, file.size))
		return b, err
	}
	content, ok := t.content[p.Raw()]
	if !ok {
		content = e.Name
	}
	return fmt.Appendf(nil, "%s!%d", content, e.Size), nil
}

// names lists a directory in order, for tests.
func (t *fakeTree) names(dir string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []string
	for _, e := range t.dirs[dir] {
		out = append(out, e.Name)
	}
	slices.SortFunc(out, cmp.Compare[string])
	return out
}
