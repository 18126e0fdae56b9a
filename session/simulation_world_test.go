//go:build linux

package session

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/transport"
)

// A world is two programs with a disk each and what lies between them. It runs
// the real Engine and the real Server in a bubble of testing/synctest, and is
// their scheduler: when all stand still, it lets one thing happen, which the
// seed picks (some bytes of one stream arrive, a data stream takes a chunk,
// time passes, something breaks), and waits until all stand still again.
type world struct {
	scenario
	dir   string
	rng   *rand.Rand
	dials *rand.Rand // for how long they take

	mu     sync.Mutex // of all below, and of links and streams
	links  int
	ends   []*simLink
	gates  []*gate
	asker  *process
	server *process
	boots  int
	begun  int // programs that were started
	trees  int // directories that the destination has been
	disk   *simDisk
	ids    byte

	stored     map[simChunk]string // what the receiver said it has, and in which transfer
	forgetful  bool                // the disk has lost something that was there
	flipped    bool                // one did: a frame of zstd may look like a bomb then
	flip       bool                // the next byte of a chunk flips
	broken     error               // of the next change of the disk
	renamed    bool                // something got its final name since the last look
	netDown    time.Time           // there is no way to the server until then
	sentChunks int

	versions map[string][]simFile // of each source, the last one is there now
	mutated  bool                 // a source has changed since the scenario began
	touched  int
	reported map[string]int  // of each file at the destination, the oldest version that may be there
	failures map[string]bool // sources that failed in the last run
	step     int
	heal     int // 0: not yet; 1: nothing breaks any more; 2: everything is done again
	err      error
	trace    []string
	hash     uint64
	loud     func(string)
	lately   string // what was let happen last
	zombies  []chan struct{}
}

// A process is a program that runs, from its start to its end.
type process struct {
	name    string
	root    string // of the receiving one: its directory
	ctx     context.Context
	cancel  context.CancelFunc
	dead    bool
	reaped  bool
	back    time.Time // when it is started again
	changes int       // of its disk
	crashAt int       // at that change; 0: at none
	power   bool      // the machine stops with it

	engine *Engine
	place  PlaceID
	job    TransferID
	placed bool
	busy   bool

	srv     *Server
	tree    *Dir
	serving sync.WaitGroup
}

// A gate is a goroutine that waits for its turn.
type gate struct {
	name string
	open chan struct{}
}

var errSimCrash = fmt.Errorf("this program was killed: %w", transport.ErrClosed)

func (w *world) logf(format string, args ...any) {
	line := fmt.Sprintf("%5d %8s  ", w.step, time.Since(w.start).Round(time.Millisecond)) + fmt.Sprintf(format, args...)
	h := fnv.New64a()
	fmt.Fprint(h, w.hash, line)
	w.hash = h.Sum64()
	if w.loud != nil {
		w.loud(line)
		return
	}
	if w.trace = append(w.trace, line); len(w.trace) > 400 {
		w.trace = w.trace[200:]
	}
}

// fail notes the first thing that is wrong.
func (w *world) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf("step %d: %s", w.step, fmt.Sprintf(format, args...))
		w.logf("WRONG: %v", w.err)
	}
}

func (w *world) receiver() *process {
	if w.upload {
		return w.server
	}
	return w.asker
}

// destination is where the receiver's directory is now.
func (w *world) destination() string { return filepath.Join(w.dir, fmt.Sprint("destination", w.trees)) }
func (w *world) source() string      { return filepath.Join(w.dir, "source") }

// turn is onTurn.
func (w *world) turn(ctx context.Context, st transport.Stream) {
	g := &gate{open: make(chan struct{})}
	var gone <-chan struct{}
	w.mu.Lock()
	if b, ok := st.(*buffered); ok {
		st = b.Stream
	}
	if s, ok := st.(*simStream); ok {
		g.name, gone = "pump "+s.name, s.gone
		select {
		case <-gone:
			w.mu.Unlock()
			return
		default:
		}
	} else if who, ok := ctx.Value(simName{}).(string); ok {
		g.name = "chore " + who
	} else {
		g.name = "chore asker"
	}
	w.gates = append(w.gates, g)
	w.mu.Unlock()
	select {
	case <-g.open:
	case <-ctx.Done():
	case <-gone:
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.gates {
		if w.gates[i] == g {
			w.gates = append(w.gates[:i], w.gates[i+1:]...)
			break
		}
	}
}

type simName struct{}

// change is onChange.
func (w *world) change(what change, name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.receiver()
	if p == nil || p.dead || name != p.root && !strings.HasPrefix(name, p.root+"/") {
		return nil // of a program that is not alive any more
	}
	p.changes++
	if p.crashAt == p.changes {
		w.logf("%s stops before change %d: %d of %s", p.name, p.changes, what, name[len(p.root):])
		w.crash(p)
		return nil
	}
	if w.fsync {
		w.disk.before(what, name)
	}
	if what == changeRename {
		w.renamed = true
	}
	if err := w.broken; err != nil && w.heal == 0 && what != changeRemove {
		w.broken = nil
		w.logf("change %d fails: %d of %s: %v", p.changes, what, name[len(p.root):], err)
		return &os.PathError{Op: "simulated", Path: name, Err: err}
	}
	return nil
}

// crash kills p, here and now; w.mu is held. What it does from here on happens
// in a directory that nobody looks at any more, and on links that are dead.
func (w *world) crash(p *process) {
	p.dead = true
	if p == w.receiver() {
		tree := readTree(p.root)
		if p.power {
			w.boots++
			w.forgetful = true
			tree = w.disk.cut(w.rng.IntN)
		}
		w.trees++
		if err := writeTree(w.destination(), tree); err != nil {
			w.fail("the image of the disk: %v", err)
		}
		w.disk = newSimDisk(w.destination())
		if w.spoil {
			w.spoil = false
			if damage(w.destination(), w.rng.IntN) {
				w.forgetful = true
				w.logf("what it left is damaged")
			}
		}
		w.look()
	}
	for _, l := range w.ends {
		if l.proc == p && l.err == nil {
			l.forgetStep()
			l.die(errSimCrash)
			l.far.dies = time.Now().Add(time.Duration(w.rng.IntN(20_000)) * time.Millisecond)
		}
	}
	p.back = time.Now().Add(time.Duration(w.rng.IntN(12_000)) * time.Millisecond)
}

// reap ends the goroutines of a dead program, behind everybody's back.
func (w *world) reap(p *process) {
	p.reaped = true
	p.cancel()
	done := make(chan struct{})
	w.zombies = append(w.zombies, done)
	go func() {
		defer close(done)
		if p.engine != nil {
			p.engine.Close()
		}
		p.serving.Wait()
		if p.tree != nil {
			p.tree.Close()
		}
	}()
}

func (w *world) newProcess(name string) *process {
	w.begun++
	p := &process{name: fmt.Sprintf("%s#%d", name, w.begun)}
	p.ctx, p.cancel = context.WithCancel(context.WithValue(context.Background(), simName{}, p.name))
	return p
}

// startServer starts the program that serves.
func (w *world) startServer() {
	p := w.newProcess("server")
	p.root = w.source()
	if w.upload {
		p.root = w.destination()
	}
	tree, err := OpenDir(p.root)
	if err != nil {
		w.fail("the server does not start: %v", err)
		return
	}
	p.tree, p.srv = tree, NewServer(ServerConfig{Tree: tree})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.server = p
	w.logf("%s starts", p.name)
}

// startAsker starts the program that asks for the transfer.
func (w *world) startAsker() {
	p := w.newProcess("asker")
	p.root = w.source()
	if !w.upload {
		p.root = w.destination()
	}
	reach := &simReach{w, p}
	p.engine = NewEngine(EngineConfig{Reach: reach, transferID: w.transferID})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asker = p
	w.logf("%s starts", p.name)
}

// submit has the asker ask, if it can connect.
func (w *world) submit() {
	p := w.asker
	if !p.placed {
		id, err := p.engine.Connect(p.ctx, "peer", "")
		if err != nil {
			w.sleep(time.Second)
			return
		}
		p.placed, p.place = true, id
	}
	j := Job{From: Here, To: p.place, Sources: []Path{w.host(w.source(), "tree")}, Into: true, Options: w.options, Observe: w.observe(p)}
	if !w.upload {
		j = Job{From: p.place, To: Here, Sources: []Path{{"tree"}}, Destination: w.host(p.root, ""), Into: true, Options: w.options, Observe: w.observe(p)}
	}
	w.mu.Lock()
	w.failures = map[string]bool{}
	w.logf("%s asks", p.name)
	w.mu.Unlock()
	id, err := p.engine.Submit(j)
	if err != nil {
		w.fail("submit: %v", err)
	}
	p.job, p.busy = id, true
}

func (w *world) host(dir, name string) Path {
	p, err := NewHost().PathOf(filepath.Join(dir, name))
	if err != nil {
		w.fail("%v", err)
	}
	return p
}

// A simReach dials the server of a world.
type simReach struct {
	w *world
	p *process
}

func (r *simReach) Dial(ctx context.Context, _, _ string) (transport.Link, error) {
	w := r.w
	w.mu.Lock()
	// No two things at one moment: their order is anybody's guess.
	takes := time.Duration(1+w.dials.IntN(300_000)) * time.Microsecond
	w.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.server
	if r.p.dead || s == nil || s.dead || time.Now().Before(w.netDown) {
		return nil, fmt.Errorf("the simulation: %w", transport.ErrUnreachable)
	}
	near, far := w.newLink(r.p, s)
	w.logf("%s dials %s: %s", r.p.name, s.name, near.name)
	serving := context.WithValue(s.ctx, simName{}, far.name)
	s.serving.Go(func() {
		s.srv.ServeLink(serving, far)
		far.Close("server ended")
	})
	return near, nil
}

func (r *simReach) Known() []KnownPeer                       { return nil }
func (r *simReach) Pin(transport.Link, string, string) error { return errors.ErrUnsupported }

func (w *world) transferID() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids++
	id := make([]byte, 16)
	id[0] = w.ids
	return id
}

// sleep lets time of the bubble pass.
func (w *world) sleep(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// close ends both programs and what is left of those that were killed.
func (w *world) close() {
	w.mu.Lock()
	for _, p := range []*process{w.asker, w.server} {
		if p != nil && !p.reaped {
			p.dead = true
			for _, l := range w.ends {
				if l.proc == p {
					l.die(errSimCrash)
				}
			}
			w.reap(p)
		}
	}
	w.mu.Unlock()
	for _, done := range w.zombies {
		<-done
	}
}

var simErrors = []error{syscall.EIO, syscall.ENOSPC, syscall.EDQUOT}
