package session

import (
	"bufio"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// A liar plays one half of a transfer, message by message, against a real other
// half: as the one who asked for it, or as the one who was asked.
type liar struct {
	t    *testing.T
	dir  string // of the real half
	st   transport.Stream
	in   *bufio.Reader
	data func() (transport.Stream, *bufio.Reader) // another data stream
	end  func() error                             // how the real half's transfer ended, where it can tell
	part func()                                   // gives up all data streams, which else are waited for
}

// A liarCase is one of the two roles that the real half may have.
type liarCase struct {
	name string
	meet func(t *testing.T, prepare func(dir string)) *liar
}

// sendingLiars are senders that lie to a real receiver: an asker that uploads
// to a server, and a server that an engine downloads from.
func sendingLiars(cfg ServerConfig, o *wire.Options) []liarCase {
	return []liarCase{
		{"an asker", func(t *testing.T, prepare func(string)) *liar {
			l := &liar{t: t, dir: t.TempDir()}
			prepare(l.dir)
			cfg := cfg
			cfg.Tree = openDir(t, l.dir)
			l.ask(cfg, &wire.Request{Ask: &wire.Request_Send{Send: &wire.Send{Transfer: rawID, Into: true, Options: o}}})
			return l
		}},
		{"a server", func(t *testing.T, prepare func(string)) *liar {
			l := &liar{t: t}
			l.answer(prepare, func(b *bed) Job {
				return Job{From: b.peer, Sources: []Path{{}}, Destination: b.path(""), Into: true}
			}, o)
			return l
		}},
	}
}

// receivingLiars are receivers that lie to a real sender, which has the
// directory that prepare fills, with a file named "file" in it.
func receivingLiars() []liarCase {
	return []liarCase{
		{"an asker", func(t *testing.T, prepare func(string)) *liar {
			l := &liar{t: t, dir: t.TempDir()}
			prepare(l.dir)
			l.ask(ServerConfig{Tree: openDir(t, l.dir)}, &wire.Request{Ask: &wire.Request_Fetch{Fetch: &wire.Fetch{
				Transfer: rawID, Paths: [][]byte{[]byte("file")}, Options: &wire.Options{Recursive: true},
			}}})
			return l
		}},
		{"a server", func(t *testing.T, prepare func(string)) *liar {
			l := &liar{t: t}
			l.answer(prepare, func(b *bed) Job { return Job{To: b.peer, Sources: []Path{b.path("file")}, Into: true} }, nil)
			return l
		}},
	}
}

// ask has a real server answer req.
func (l *liar) ask(cfg ServerConfig, req *wire.Request) {
	_, link := served(l.t, cfg)
	l.st = stream(l.t, link)
	l.in = bufio.NewReader(l.st)
	must(l.t, wire.Write(l.st, req))
	l.data = func() (transport.Stream, *bufio.Reader) {
		st := stream(l.t, link)
		must(l.t, wire.Write(st, &wire.Request{Ask: &wire.Request_Data{Data: &wire.Data{Transfer: rawID}}}))
		return st, bufio.NewReader(st)
	}
	l.end, l.part = func() error { return nil }, func() {}
}

// answer is asked by a real engine for a transfer.
func (l *liar) answer(prepare func(string), job func(*bed) Job, o *wire.Options) {
	type opened struct {
		st transport.Stream
		in *bufio.Reader
	}
	manifest, data, parted := make(chan opened, 1), make(chan opened, 255), make(chan struct{})
	b := rawBed(l.t, &rawReach{
		manifest: func(st transport.Stream, in *bufio.Reader) { manifest <- opened{st, in} },
		data: func(st transport.Stream, in *bufio.Reader) {
			data <- opened{st, in}
			<-parted
			st.Abort(abortInterrupted)
		},
	})
	l.part = sync.OnceFunc(func() { close(parted) })
	l.t.Cleanup(l.part)
	l.dir = b.here
	prepare(l.dir)
	j := once(job(b))
	if o != nil {
		j.Options = optionsFromWire(o)
		j.Options.Timeout = 30 * time.Second
	}
	if j.To == b.peer {
		j.Options.Streams, j.Options.OnConflict = 1, Fail
	}
	id, err := b.engine.Submit(j)
	must(l.t, err)
	m := <-manifest
	l.st, l.in = m.st, m.in
	l.data = func() (transport.Stream, *bufio.Reader) { d := <-data; return d.st, d.in }
	l.end = func() error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		tr, err := b.engine.Wait(ctx, id)
		if err != nil {
			l.t.Errorf("it goes on: %v", err)
		}
		return tr.Err
	}
}

// say says messages, one after the other. Nobody may be listening any more.
func (l *liar) say(messages ...proto.Message) {
	for _, m := range messages {
		l.st.SetWriteDeadline(time.Now().Add(time.Minute))
		if wire.Write(l.st, m) != nil {
			return
		}
	}
}

// fails expects that the real half says an error of one of these kinds and ends
// the stream, and that it knows it itself.
func (l *liar) fails(kinds ...Kind) {
	l.t.Helper()
	told := l.hearError()
	if told == nil {
		l.t.Errorf("it says nothing; want %v", kinds)
		return
	}
	wantOneOf(l.t, "what it says", told, kinds...)
	l.part()
	l.st.Close() // else it waits for that, for a while
	if err := l.end(); err != nil {
		wantOneOf(l.t, "what it knows", err, kinds...)
	}
}

// hearError hears until the stream ends, and returns the last word if that is an error.
func (l *liar) hearError() error {
	l.st.SetReadDeadline(time.Now().Add(time.Minute))
	for {
		said, err := l.hear()
		switch {
		case err != nil:
			return nil
		case said != nil:
			return said
		}
	}
}

// hear hears one message, and returns the error that it says, if it is one.
func (l *liar) hear() (*Error, error) {
	// ToSender.error and ToReceiver.error have the same number, and so a message
	// of either kind can be told to be one.
	m := new(wire.ToSender)
	if err := wire.Read(l.in, m); err != nil {
		if errors.Is(err, wire.ErrInvalid) || errors.Is(err, wire.ErrLimit) {
			return nil, nil // one of the sender's
		}
		return nil, err
	}
	if m.GetError() != nil {
		return fromWire(m.GetError()), nil
	}
	return nil, nil
}

// A siege holds what lies may cost against what they may.
type siege struct {
	t          *testing.T
	started    time.Time
	goroutines int
	memory     uint64
	stop       chan struct{}
	peak       chan uint64
}

// What a lying peer may cost: bytes of memory above what was in use before, and
// the time until it is dealt with.
const siegeMemory = 160 << 20

var siegeTime = func() time.Duration {
	if raceEnabled { // which makes all of it several times slower
		return 180 * time.Second
	}
	return 60 * time.Second
}()

// besiege starts to watch. Its lift must be called after the peers are gone.
func besiege(t *testing.T) *siege {
	// What counts is what is kept, not how much of the rest is left lying.
	percent := debug.SetGCPercent(20)
	t.Cleanup(func() { debug.SetGCPercent(percent) })
	runtime.GC()
	s := &siege{t: t, started: time.Now(), goroutines: runtime.NumGoroutine(), memory: memoryInUse(),
		stop: make(chan struct{}), peak: make(chan uint64)}
	go func() {
		var peak uint64
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				peak = max(peak, memoryInUse())
			case <-s.stop:
				s.peak <- peak
				return
			}
		}
	}()
	return s
}

// memoryInUse returns the bytes of the heap that are in use or waiting to be
// collected, and those of stacks.
func memoryInUse() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() + samples[1].Value.Uint64()
}

// lift ends the watch. It has to be the first cleanup of the test that runs
// last: t.Cleanup(besiege(t).lift) before anything else.
func (s *siege) lift() {
	close(s.stop)
	if peak := <-s.peak; peak > s.memory+siegeMemory {
		s.t.Errorf("it took %d MiB of memory, and may take %d", (peak-s.memory)>>20, siegeMemory>>20)
	}
	if took := time.Since(s.started); took > siegeTime {
		s.t.Errorf("it took %v", took)
	}
	give := time.After(time.Minute) // streams that came late are waited for 10 s
	for runtime.NumGoroutine() > s.goroutines {
		select {
		case <-give:
			buf := make([]byte, 1<<20)
			s.t.Errorf("%d goroutines are left, of %d:\n%s", runtime.NumGoroutine(), s.goroutines, buf[:runtime.Stack(buf, true)])
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func fileOf(t *testing.T, size int64) func(dir string) {
	return func(dir string) {
		write(t, filepath.Join(dir, "file"), "")
		must(t, os.Truncate(filepath.Join(dir, "file"), size))
	}
}
