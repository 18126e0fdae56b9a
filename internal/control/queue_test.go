package control

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/queuedb"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// A memoryReach is a process's way to a peer in memory. Its words are its
// addresses in capitals: what is a word here is none in another process.
type memoryReach struct {
	serve func(transport.Link)

	mu     sync.Mutex
	dialed []string // words and secrets
	full   bool     // the peer takes no more links
}

func (r *memoryReach) Dial(_ context.Context, word, secret string) (transport.Link, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.full {
		return nil, transport.ErrBusy
	}
	r.dialed = append(r.dialed, word+" "+secret)
	near, far := transport.Pipe()
	go r.serve(far)
	return near, nil
}

func (r *memoryReach) Known() []session.KnownPeer               { return nil }
func (r *memoryReach) Pin(transport.Link, string, string) error { return nil }

func (r *memoryReach) Address(word string) Target { return Target{Address: strings.ToLower(word)} }

func (r *memoryReach) Word(t Target) (string, error) { return strings.ToUpper(t.Address), nil }

// A harbour is processes that share a state, and a peer.
type harbour struct {
	*bed
	state string
	peer  string // directory
	serve func(transport.Link)
}

func newHarbour(t *testing.T) *harbour {
	state, err := os.MkdirTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(state) })
	h := &harbour{bed: &bed{T: t, dir: t.TempDir()}, state: state, peer: t.TempDir()}
	dir, err := session.OpenDir(h.peer)
	if err != nil {
		t.Fatal(err)
	}
	server := session.NewServer(session.ServerConfig{Tree: dir})
	ctx, cancel := context.WithCancel(context.Background())
	var served sync.WaitGroup
	h.serve = func(l transport.Link) {
		served.Go(func() { _ = server.ServeLink(ctx, l) })
	}
	t.Cleanup(func() { cancel(); served.Wait(); dir.Close() })
	return h
}

// A process is one that takes part in the queue.
type process struct {
	*Queue
	reach *memoryReach
}

func (h *harbour) start(r Role) *process {
	h.Helper()
	room, err := OpenRoom(h.state, "")
	if err != nil {
		h.Fatal(err)
	}
	p := &process{reach: &memoryReach{serve: h.serve}}
	p.Queue = Open(QueueConfig{
		Room: room, Role: r, Agent: "test", Reach: p.reach, Store: func() session.Store { return queuedb.In(h.state) },
	})
	h.Cleanup(func() { p.Close() })
	ctx, cancel := context.WithTimeout(h.Context(), patience)
	defer cancel()
	if _, err := p.decided(ctx); err != nil {
		h.Fatal(err)
	}
	return p
}

// kill ends p much as the system does by kill -9: its connections are gone, and
// its lock, and nobody was told.
func (p *process) kill() {
	p.mu.Lock()
	s, lock := p.server, p.lock
	p.lock, p.closed = nil, true
	p.mu.Unlock()
	if s != nil {
		s.mu.Lock()
		for _, l := range s.listeners {
			l.Close()
		}
		for c := range s.conns {
			c.Close()
		}
		s.mu.Unlock()
	}
	p.cancel()
	<-p.ran
	if p.client != nil {
		p.client.Close()
	}
	p.local.Close()
	if lock != nil {
		lock.Release()
	}
}

// So many files are more than fit between an engine and who is told of them.
const (
	many     = 1200
	fileSize = 1 << 10
)

// fileName is long, for the same reason.
func fileName(i int) string { return fmt.Sprintf("%c%0200d", 'a'+i%26, i) }

// slowJob copies n files of fileSize bytes to the peer at a place, and stops after the
// first few until gate is closed.
func (h *harbour) slowJob(dir string, n int, to session.PlaceID) (session.Job, *collector) {
	h.Helper()
	var names []string
	for i := range n {
		names = append(names, fileName(i))
	}
	j := h.write(dir, fileSize, names...)
	j.To, j.Foreground, j.Exact, j.Priority = to, true, true, 5
	var err error
	if j.Destination, err = session.ParsePath(dir); err != nil {
		h.Fatal(err)
	}
	seen := &collector{gate: make(chan struct{})}
	j.Observe = seen.observe
	h.Cleanup(seen.open)
	return j, seen
}

// arrived checks that all files of a slow job are at the peer, and were told of
// once each.
func (h *harbour) arrived(dir string, n int, seen *collector) {
	h.Helper()
	b := &bed{T: h.T, dir: h.peer}
	for i := range n {
		b.sameAs(fileName(i), fileSize, dir)
	}
	told := seen.names()
	for i, name := range told {
		told[i], _, _ = strings.Cut(name, " ")
	}
	if len(told) != n || len(slices.Compact(told)) != n {
		h.Errorf("%s: %d items were told of %d files: %q", dir, len(told), n, told)
	}
}

// underWay waits until some files of a transfer are over.
func (h *harbour) underWay(p *process, id session.TransferID) {
	h.Helper()
	var now session.Transfer
	var err error
	defer func() {
		if h.Failed() {
			h.Logf("it is %+v, %v", now, err)
		}
	}()
	h.eventually("under way", func() bool {
		now, err = p.Transfer(id)
		return err == nil && now.State == session.StateRunning && now.FilesDone > 10
	})
}

func (h *harbour) eventually(what string, ok func() bool) {
	h.Helper()
	for end := time.Now().Add(patience); !ok(); pause() {
		if time.Now().After(end) {
			h.Fatalf("never: %s", what)
		}
	}
}

// What runs is told with the places of who looks, too.
func TestQueueTellsWhatRunsWithOwnPlaces(t *testing.T) {
	h := newHarbour(t)
	_, guest := h.start(Screen), h.start(Command)
	if _, err := guest.Connect(t.Context(), "OTHER", "secret"); err != nil {
		t.Fatal(err)
	}
	at, err := guest.Connect(t.Context(), "PEER", "secret")
	if err != nil {
		t.Fatal(err)
	}
	j, _ := h.slowJob("in", many, at)
	if _, err := guest.Submit(j); err != nil {
		t.Fatal(err)
	}
	h.eventually("shown as what runs", func() bool {
		p := guest.Page(session.TabActive, 1, 0)
		return len(p.Live) == 1 && p.Live[0].Job.To == at
	})
}

// One leads, another one asks it: its transfers run there, with their secrets,
// and are seen from both.
func TestQueueOfTwo(t *testing.T) {
	h := newHarbour(t)
	owner, guest := h.start(Screen), h.start(Command)
	if !owner.Leads() || guest.Leads() {
		t.Fatal("who came first does not lead")
	}
	at, err := guest.Connect(t.Context(), "PEER", "secret")
	if err != nil {
		t.Fatal(err)
	}
	j, seen := h.slowJob("in", 20, at)
	seen.open()
	id, err := guest.Submit(j)
	if err != nil {
		t.Fatal(err)
	}
	end, err := guest.Wait(t.Context(), id)
	if err != nil || end.State != session.StateDone || end.Job.To != at || end.FilesDone != 20 {
		t.Fatalf("%v, %+v", err, end)
	}
	h.arrived("in", 20, seen)
	if got := owner.reach.dialed; !slices.Equal(got, []string{"PEER secret"}) {
		t.Errorf("the owner dialled %q", got)
	}
	if rows := owner.Page(session.TabDone, 0, 9).Rows; len(rows) != 1 || rows[0].Verified != 20*fileSize {
		t.Errorf("the owner shows %+v", rows)
	}
	if now, err := guest.Transfer(id); err != nil || now.State != session.StateDone || now.Job.To != at {
		t.Errorf("%v, %+v", err, now)
	}
	if p := guest.Places(); len(p) != 2 || p[1].ID != at || len(p[1].Lanes) != 1 {
		t.Errorf("places: %+v", p)
	}
	if rows := guest.Page(session.TabDone, 0, 9).Rows; len(rows) != 1 || rows[0].Job.To != at {
		t.Errorf("the guest shows %+v", rows)
	}
	if h.start(Screen).Leads() {
		t.Error("a third one leads")
	}
	owner.mu.Lock()
	n := owner.present[Command] + owner.present[Screen]
	owner.mu.Unlock()
	if n != 2 {
		t.Errorf("%d are present", n)
	}
}

// Whoever ends, and however: what others wait for goes on, all bytes of it
// arrive, and each file is told of once.
func TestTakeover(t *testing.T) {
	ends := map[string]func(*process){
		"leaves":    func(p *process) { p.Close() },
		"is killed": (*process).kill,
	}
	for how, end := range ends {
		t.Run("the owner "+how, func(t *testing.T) {
			h := newHarbour(t)
			owner := h.start(Screen)
			var guests []*process
			var ids []session.TransferID
			var seen []*collector
			for i := range 3 {
				g := h.start(Command)
				at, err := g.Connect(t.Context(), "PEER", "secret")
				if err != nil {
					t.Fatal(err)
				}
				j, s := h.slowJob(fmt.Sprint("in", i), many, at)
				id, err := g.Submit(j)
				if err != nil {
					t.Fatal(err)
				}
				guests, ids, seen = append(guests, g), append(ids, id), append(seen, s)
			}
			for i := range guests { // under way, and held back by who is told of them
				h.underWay(guests[i], ids[i])
			}
			go end(owner)
			for _, s := range seen {
				s.open()
			}
			for i, g := range guests {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				last, err := g.Wait(ctx, ids[i])
				cancel()
				if err != nil || last.State != session.StateDone || last.ID != ids[i] || last.FilesDone != many {
					t.Fatalf("%d ends with %v, %+v", i, err, last)
				}
				h.arrived(fmt.Sprint("in", i), many, seen[i])
			}
			h.eventually("one of those who are left leads", func() bool { // all may have ended before he was gone
				leaders := 0
				for _, g := range guests {
					if g.Leads() {
						leaders++
					}
				}
				return leaders == 1
			})
		})
		t.Run("a guest "+how, func(t *testing.T) {
			h := newHarbour(t)
			owner, guest := h.start(Screen), h.start(Command)
			at, err := guest.Connect(t.Context(), "PEER", "")
			if err != nil {
				t.Fatal(err)
			}
			j, seen := h.slowJob("in", many, at)
			id, err := guest.Submit(j)
			if err != nil {
				t.Fatal(err)
			}
			h.underWay(guest, id)
			began := time.Now()
			go func() { end(guest) }()
			h.eventually("interrupted", func() bool {
				rows := owner.Page(session.TabFailed, 0, 9).Rows
				return len(rows) == 1 && session.KindOf(rows[0].Err) == session.Interrupted
			})
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("it took %v", took)
			}
			seen.open()
			if n := owner.RetryFailed(); n != 1 {
				t.Fatalf("%d to retry", n)
			}
			rows := owner.Page(session.TabActive, 0, 9).Rows
			if len(rows) == 1 {
				h.eventually("gone on with", func() bool {
					rows[0], err = owner.Transfer(rows[0].ID)
					return err == nil && rows[0].State.Over()
				})
			}
			if rows = owner.Page(session.TabDone, 0, 9).Rows; len(rows) != 1 || rows[0].FilesDone != many {
				t.Errorf("it ends as %+v, failed %+v", rows, owner.Page(session.TabFailed, 0, 9).Rows)
			}
		})
	}
}

// Where the queue's process cannot get to the peer, because that takes no other
// link of ours, who can does it himself.
func TestPeerForOne(t *testing.T) {
	h := newHarbour(t)
	owner, guest := h.start(Screen), h.start(Command)
	at, err := guest.Connect(t.Context(), "PEER", "")
	if err != nil {
		t.Fatal(err)
	}
	owner.reach.full = true
	j, seen := h.slowJob("in", 5, at)
	seen.open()
	id, err := guest.Submit(j)
	if err != nil {
		t.Fatal(err)
	}
	if end, err := guest.Wait(t.Context(), id); err != nil || end.State != session.StateDone || end.ID != id {
		t.Errorf("%v, %+v", err, end)
	}
	h.arrived("in", 5, seen)
	if _, err := guest.Transfer(id); err != nil {
		t.Error(err)
	}
}

// Twenty that start at once have one leader among them.
func TestTwentyAtOnce(t *testing.T) {
	h := newHarbour(t)
	all := make([]*process, 20)
	var started sync.WaitGroup
	for i := range all {
		started.Go(func() { all[i] = h.start(Screen) })
	}
	started.Wait()
	leaders := 0
	for _, p := range all {
		if p.Leads() {
			leaders++
		} else if p.client.Process != os.Getpid() {
			t.Errorf("it asks process %d", p.client.Process)
		}
	}
	if leaders != 1 {
		t.Errorf("%d lead", leaders)
	}
}

// Without a room, or beside who sees another machine, a process has a queue of
// its own.
func TestAlone(t *testing.T) {
	q := Open(QueueConfig{Role: Command})
	defer q.Close()
	b := &bed{T: t, dir: t.TempDir(), Engine: q}
	if end := b.wait(b.submit(b.write("in", 10, "a"))); end.State != session.StateDone || !q.Leads() {
		t.Errorf("%+v", end)
	}
}

// Somebody who holds the lock and does not answer, as one that is suspended,
// does not keep a command from its work.
func TestSuspendedOwner(t *testing.T) {
	h := newHarbour(t)
	room, err := OpenRoom(h.state, "")
	if err != nil {
		t.Fatal(err)
	}
	lock, err := room.Lock()
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	l, err := room.Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // nobody accepts
	p := h.start(Command)
	if !p.Leads() || p.lock != nil {
		t.Error("it is not alone")
	}
	q := Open(QueueConfig{Room: room, Role: Screen})
	ctx, cancel := context.WithTimeout(t.Context(), greetTime+silentWait)
	defer cancel()
	if _, err := q.decided(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a screen does not wait for it: %v", err)
	}
	q.Close()
}
