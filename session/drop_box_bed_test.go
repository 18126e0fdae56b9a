package session

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bargee/bargee/transport"
)

// boxReach leads to the drop box of a depot in memory; it has the receipts.
type boxReach struct {
	d *depositing

	mu       sync.Mutex
	away     bool // the depot is
	receipts []Deposited
	names    map[DropID]string // what the drops are called; else after their ID
	opens    int
}

func (r *boxReach) Dial(context.Context, string, string) (transport.Link, error) {
	if r.isAway() {
		return nil, newError(Unreachable, Path{}, "no relay there")
	}
	return BoxLink(NewDropBox(DropBoxConfig{Drops: r.drops, Open: r.open, Remove: r.remove, Store: r.store})), nil
}

func (r *boxReach) Known() []KnownPeer                       { return nil }
func (r *boxReach) Pin(transport.Link, string, string) error { return nil }

func (r *boxReach) isAway() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.away
}

func (r *boxReach) goAway(away bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = away
}

// name is what the drop is called from now on.
func (r *boxReach) name(id DropID, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.names[id] = name
}

func (r *boxReach) all() []Deposited {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.receipts)
}

func (r *boxReach) drops(ctx context.Context) (all []BoxedDrop, err error) {
	for _, s := range r.all() {
		if _, err := r.d.depot.Info(ctx, s.ID); errors.Is(err, NotFound) {
			continue
		} else if err != nil {
			return nil, err
		}
		r.mu.Lock()
		name := r.names[s.ID]
		r.mu.Unlock()
		if name == "" {
			name = "drop " + s.ID.String()[:8]
		}
		all = append(all, BoxedDrop{ID: s.ID, Name: name, Stored: newer, Ours: true, Note: "ticket of " + s.ID.String()})
	}
	return all, nil
}

func (r *boxReach) open(ctx context.Context, id DropID) (*Drop, error) {
	r.mu.Lock()
	r.opens++
	r.mu.Unlock()
	for _, s := range r.all() {
		if s.ID == id {
			return OpenDrop(ctx, DropConfig{Depot: r.d.depot, Key: s.Key, State: r.d.state, GiveUp: time.Nanosecond})
		}
	}
	return nil, NotFound
}

func (r *boxReach) remove(ctx context.Context, id DropID) error {
	for _, s := range r.all() {
		if s.ID == id {
			return r.d.depot.Remove(ctx, id, s.Owner)
		}
	}
	return NotFound
}

func (r *boxReach) store([]Path, DropTerms) (DepositConfig, error) {
	return DepositConfig{Depot: r.d.depot, Name: "relay", State: r.d.state, OnStored: func(s Deposited) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.receipts = append(r.receipts, s)
		return nil
	}}, nil
}

// boxBed is an engine that is connected to a drop box.
type boxBed struct {
	*depositing
	reach  *boxReach
	kept   *memoryStore
	engine *Engine
	box    PlaceID
	tree   Tree
}

func newBoxBed(t *testing.T) *boxBed {
	t.Helper()
	d := newDepositing(t)
	b := &boxBed{depositing: d, reach: &boxReach{d: d, names: map[DropID]string{}}, kept: newMemoryStore()}
	d.depot.before = func(string, DropDigest) error {
		if b.reach.isAway() {
			return newError(Unreachable, Path{}, "the relay is away")
		}
		return nil
	}
	b.engine = NewEngine(EngineConfig{Reach: b.reach, Store: b.kept})
	t.Cleanup(func() { b.engine.Close() })
	var err error
	if b.box, err = b.engine.Connect(t.Context(), "drops://relay", ""); err != nil {
		t.Fatal(err)
	}
	if b.tree, err = b.engine.Tree(b.box); err != nil {
		t.Fatal(err)
	}
	return b
}

// in is a job that copies files of ours into the box.
func (b *boxBed) in(names ...string) Job {
	j := Job{To: b.box, Options: QueueOptions()}
	for _, name := range names {
		j.Sources = append(j.Sources, b.path(filepath.Join(b.from, name)))
	}
	return j
}

// out is a job that copies something of the box to us.
func (b *boxBed) out(names ...string) Job {
	j := Job{From: b.box, Destination: b.path(b.to), Options: QueueOptions()}
	for _, name := range names {
		j.Sources = append(j.Sources, MustPath(name))
	}
	return j
}

func (b *boxBed) submit(j Job) TransferID {
	b.t.Helper()
	id, err := b.engine.Submit(j)
	if err != nil {
		b.t.Fatal(err)
	}
	return id
}

// wait waits for the end of a transfer, whatever it is.
func (b *boxBed) wait(id TransferID) Transfer {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute)
	defer cancel()
	tr, _ := b.engine.Wait(ctx, id)
	if ctx.Err() != nil {
		b.t.Fatalf("it does not end: %+v", tr)
	}
	return tr
}

// run carries a job out that has to succeed.
func (b *boxBed) run(j Job) Transfer {
	b.t.Helper()
	tr := b.wait(b.submit(j))
	if tr.State != StateDone || tr.Failures > 0 {
		b.t.Fatalf("%v: %v, %+v", tr.State, tr.Err, tr.Failed)
	}
	return tr
}

// stored copies files into the box, and gives the drop a name.
func (b *boxBed) stored(name string, files ...string) Deposited {
	b.t.Helper()
	b.run(b.in(files...))
	all := b.reach.all()
	s := all[len(all)-1]
	b.reach.name(s.ID, name)
	return s
}

func (b *boxBed) list(dir string) (names []string, err error) {
	for e, err := range b.tree.List(b.t.Context(), MustPath(dir)) {
		if err != nil {
			return names, err
		}
		names = append(names, e.Name)
	}
	slices.Sort(names)
	return names, nil
}

func (b *boxBed) shows(dir string, want ...string) {
	b.t.Helper()
	if got, err := b.list(dir); err != nil || !slices.Equal(got, want) {
		b.t.Errorf("%q has %q, %v; want %q", dir, got, err, want)
	}
}

func (b *boxBed) content(name string) ([]byte, error) {
	b.t.Helper()
	f, err := b.tree.Open(b.t.Context(), MustPath(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}
