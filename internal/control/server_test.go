package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/session"
)

// raw connects without a handshake.
func (b *bed) raw() *conn {
	b.Helper()
	nc, err := net.Dial("unix", b.room.Socket())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { nc.Close() })
	return newConn(nc)
}

// greeted is raw with one.
func (b *bed) greeted() *conn {
	b.Helper()
	c := b.raw()
	world := World()
	welcome := new(wire.QueueWelcome)
	if err := errors.Join(c.tell(patience, &wire.QueueHello{MinVersion: 1, MaxVersion: 1, World: world[:]}), c.hear(patience, welcome)); err != nil || welcome.GetVersion() != 1 {
		b.Fatalf("%v, %v", err, welcome)
	}
	return c
}

// Whoever does not keep to the protocol is cut off, and nobody else is.
func TestBadFrames(t *testing.T) {
	b := newBed(t)
	b.serve()
	good := b.dial(Screen)
	for name, bytes := range map[string][]byte{
		"a length that never ends": slices.Repeat([]byte{0xff}, 20),
		"a question of 2 MiB":      {0x80, 0x80, 0x80, 0x01},
		"noise":                    {5, 1, 2, 3, 4, 5},
		"a tab that none is":       {6, 0x2a, 4, 8, 99, 0x18, 1},
	} {
		for _, c := range []*conn{b.raw(), b.greeted()} {
			if err := c.write(patience, bytes); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for tell := new(wire.QueueTell); c.hear(patience, tell) == nil; {
				if tell.GetError() == nil {
					t.Errorf("%s is answered by %v", name, tell)
				}
			}
		}
		if _, err := good.PlacesAt(); err != nil {
			t.Errorf("%s: another client is told %v", name, err)
		}
	}
	c := b.greeted() // what is no question of this version is answered, and the conversation goes on
	for range 2 {
		tell := new(wire.QueueTell)
		if err := errors.Join(c.tell(patience, &wire.QueueAsk{}), c.hear(patience, tell)); err != nil || tell.GetError().GetKind() != string(session.Version) {
			t.Errorf("no question: %v, %v", err, tell)
		}
	}
}

// Who is of another version, or sees another machine, is told so.
func TestForeigners(t *testing.T) {
	b := newBed(t)
	b.serve()
	cfg := b.config(Command)
	cfg.World[0]++
	if _, err := Dial(t.Context(), cfg); !errors.Is(err, ErrForeign) || session.KindOf(err) != session.Refused {
		t.Errorf("of another world: %v", err)
	}
	for _, v := range [][2]uint32{{2, 9}, {0, 0}, {9, 2}} {
		c := b.raw()
		welcome := new(wire.QueueWelcome)
		err := errors.Join(c.tell(patience, &wire.QueueHello{MinVersion: v[0], MaxVersion: v[1]}), c.hear(patience, welcome))
		if err != nil || welcome.GetVersion() != 0 || welcome.GetError().GetKind() != string(session.Version) || welcome.GetMaxVersion() != 1 {
			t.Errorf("versions %v: %v, %v", v, err, welcome)
		}
	}
}

// A newer engine is not asked what it does not speak: the words say what to do.
func TestOtherVersion(t *testing.T) {
	path := t.TempDir() + "/s"
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()
	go func() {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		c := newConn(nc)
		_ = c.hear(patience, new(wire.QueueHello))
		_ = c.tell(patience, &wire.QueueWelcome{Agent: "bargee 9.1", Process: 4711, MinVersion: 7, MaxVersion: 9, Error: &wire.QueueError{Kind: "version"}})
		nc.Close()
	}()
	_, err = Dial(t.Context(), ClientConfig{Path: path})
	want := "the queue is not for this process: the queue is run by process 4711, bargee 9.1, which speaks version 7 to 9 of the queue's protocol; this program speaks 1: end the older of the two and start it anew"
	if !errors.Is(err, ErrForeign) || session.KindOf(err) != session.Version || err.Error() != want {
		t.Errorf("%v\nwant %v", err, want)
	}
}

// Who connects and says nothing, or stops reading, keeps nobody waiting.
func TestSilentClients(t *testing.T) {
	b := newBed(t)
	b.serve()
	for range 20 {
		b.raw()
		c := b.greeted()
		for range 200 { // answers that nobody reads fill the socket
			if c.tell(100*time.Millisecond, &wire.QueueAsk{Ask: &wire.QueueAsk_Places{Places: &wire.QueueNothing{}}}) != nil {
				break
			}
		}
	}
	b.Engine = b.dial(Screen)
	if t := b.wait(b.submit(b.write("in", 1<<20, "a"))); t.State != session.StateDone {
		b.Errorf("%+v", t)
	}
	began := time.Now()
	b.server.Close()
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it ends after %v", took)
	}
}

// Who waits for a transfer and is gone leaves it interrupted; one that nobody
// waits for goes on.
func TestClientIsKilled(t *testing.T) {
	b := newBed(t)
	b.serve()
	b.Engine = b.engine
	b.write("copy of in/in", 20, "a")
	submit := func(foreground bool) session.TransferID {
		c, err := Dial(t.Context(), b.config(Command))
		if err != nil {
			t.Fatal(err)
		}
		j := b.write("in", 10, "a")
		j.Foreground, j.Observe = foreground, func(session.Item) {}
		id, err := c.Submit(j)
		if err != nil {
			t.Fatal(err)
		}
		b.until(id, "asking", func(t session.Transfer) bool { return t.Asking == 1 })
		c.Close() // as the system does for a process that is killed
		return id
	}
	id := submit(true)
	if now := b.until(id, "interrupted", func(t session.Transfer) bool { return t.State == session.StateFailed }); session.KindOf(now.Err) != session.Interrupted {
		t.Errorf("it says %v", now.Err)
	}
	id = submit(false)
	if err := b.Answer(id, 1, session.Overwrite, false); err != nil {
		t.Error(err)
	}
	if now := b.wait(id); now.State != session.StateDone {
		t.Errorf("%+v", now)
	}
}

// A hundred at once are all served.
func TestHundredClients(t *testing.T) {
	b := newBed(t)
	b.serve()
	if err := b.engine.SetConcurrency(8); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	var jobs []session.Job
	var clients []*Client
	for i := range 100 {
		jobs = append(jobs, b.write(fmt.Sprint("in", i), 1000, "a", "b"))
		clients = append(clients, b.dial(Command))
	}
	for i, c := range clients {
		all.Go(func() {
			var seen collector
			jobs[i].Observe, jobs[i].Foreground = seen.observe, i%2 == 0
			id, over, err := c.submit(jobs[i])
			if err != nil {
				t.Error(err)
				return
			}
			ctx, stop := context.WithTimeout(t.Context(), patience)
			defer stop()
			if end, err := c.Wait(ctx, id); err != nil || end.State != session.StateDone || end.FilesDone != 2 {
				t.Errorf("%d: %+v, %v", i, end, err)
			}
			if end := <-over; end.err != nil || end.row.FilesDone != 2 || len(seen.names()) != 2 {
				t.Errorf("%d: %+v, %v", i, end, seen.names())
			}
		})
	}
	all.Wait()
}

// There is an end to it: more are refused, and let in when others have left.
func TestTooManyConnections(t *testing.T) {
	b := newBed(t)
	b.serve()
	first := b.greeted()
	for range maxConns - 1 {
		b.greeted()
	}
	if _, err := Dial(t.Context(), b.config(Command)); !errors.Is(err, ErrSilent) {
		t.Errorf("one too many: %v", err)
	}
	first.Close()
	for end := time.Now().Add(patience); ; pause() {
		c := b.raw()
		world := World()
		welcome := new(wire.QueueWelcome)
		_ = errors.Join(c.tell(patience, &wire.QueueHello{MinVersion: 1, MaxVersion: 1, World: world[:]}), c.hear(patience, welcome))
		if welcome.GetVersion() == 1 {
			break
		}
		c.Close()
		if time.Now().After(end) {
			t.Fatal("nobody is let in any more")
		}
	}
}

// A room is ours alone, takes the place of a socket whose listener was killed,
// and finds another place for one whose path is too long.
func TestRoom(t *testing.T) {
	state, err := os.MkdirTemp("", "r")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(state)
	r, err := OpenRoom(state, "")
	if err != nil {
		t.Fatal(err)
	}
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: r.Socket(), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	stale.Close()
	if _, err := Dial(t.Context(), ClientConfig{Path: r.Socket()}); !errors.Is(err, ErrNobody) {
		t.Errorf("at a stale socket: %v", err)
	}
	lock, err := r.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Lock(); !errors.Is(err, ErrHeld) {
		t.Errorf("a second lock: %v", err)
	}
	if got := r.Holder(); got != os.Getpid() {
		t.Errorf("process %d holds it", got)
	}
	l, err := r.Listen()
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		for name, want := range map[string]os.FileMode{state + "/queue": 0o700, r.Socket(): 0o600, state + "/queue/lock": 0o600} {
			if fi, err := os.Stat(name); err != nil || fi.Mode().Perm() != want {
				t.Errorf("%s: %v, %v", name, fi.Mode(), err)
			}
		}
	}
	l.Close()
	if _, err := os.Stat(r.Socket()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket stays: %v", err)
	}
	lock.Release()
	if again, err := r.Lock(); err != nil {
		t.Errorf("after its release: %v", err)
	} else {
		again.Release()
	}

	deep := state + "/" + fmt.Sprintf("%0150d", 1)
	long, err := OpenRoom(deep, state+"/short")
	if err != nil {
		t.Fatal(err)
	}
	other, err := OpenRoom(deep+"2", state+"/short")
	if err != nil || other.Socket() == long.Socket() {
		t.Errorf("two states have one socket: %v", err)
	}
	if l, err = long.Listen(); err != nil {
		t.Fatal(err)
	}
	l.Close()
}
