package session

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/bargee/bargee/transport"
)

// BenchmarkBesidePump copies one large file in turn as the engine does it and
// by a bare pump: from file to file over the same sockets, lanes and streams,
// with no hash, no journal, no acknowledgement. of-pump is what is left of the
// pump's speed.
func BenchmarkBesidePump(b *testing.B) {
	const size, lanes = 512 << 20, 2
	dir := scratch(b)
	here, there := filepath.Join(dir, "here"), filepath.Join(dir, "there")
	os.MkdirAll(there, 0o777)
	fill(b, filepath.Join(here, "bulk"), size, 1)
	bed := quicBed(b, here, there, lanes)
	p := newBarePump(b, lanes)
	var engine, pump time.Duration
	b.SetBytes(2 * size)
	for b.Loop() {
		os.Remove(filepath.Join(there, "bulk"))
		start := time.Now()
		p.copy(filepath.Join(here, "bulk"), filepath.Join(there, "bulk"), size)
		pump += time.Since(start)

		os.Remove(filepath.Join(there, "bulk"))
		start = time.Now()
		if t := bed.up("bulk"); t.State != StateDone || t.Failures > 0 {
			b.Fatalf("%v: %v", t.State, t.Err)
		}
		engine += time.Since(start)
	}
	b.ReportMetric(pump.Seconds()/engine.Seconds(), "of-pump")
	b.ReportMetric(float64(b.N)*size/1e6/pump.Seconds(), "pump-MB/s")
	b.ReportMetric(float64(b.N)*size/1e6/engine.Seconds(), "engine-MB/s")
}

// A barePump has a link and nothing else.
type barePump struct {
	tb        testing.TB
	near, far transport.Link
}

func newBarePump(tb testing.TB, lanes int) *barePump {
	far, reach := quicEnds(tb, "pump", lanes)
	p := &barePump{tb: tb}
	accepted := make(chan struct{})
	go func() {
		defer close(accepted)
		var err error
		if p.far, err = far.Accept(context.Background()); err != nil {
			tb.Error(err)
		}
	}()
	var err error
	p.near, err = reach.Dial(tb.Context(), "", "")
	musts(tb)(err)
	<-accepted
	return p
}

// copy copies a file, each stream a part of it.
func (p *barePump) copy(from, to string, size int64) {
	must := musts(p.tb)
	in, err := os.Open(from)
	must(err)
	defer in.Close()
	out, err := os.Create(to)
	must(err)
	defer out.Close()
	streams := int64(streamsFor(0, 1))
	part := size / streams
	var wait sync.WaitGroup
	for i := range streams {
		st, err := p.near.OpenStream(p.tb.Context(), transport.Bulk)
		must(err)
		peer, err := p.far.AcceptStream(p.tb.Context())
		must(err)
		wait.Go(func() { p.send(st, io.NewSectionReader(in, i*part, part)) })
		wait.Go(func() { p.take(peer, io.NewOffsetWriter(out, i*part)) })
	}
	wait.Wait()
	if fi, err := out.Stat(); err != nil || fi.Size() != size {
		p.tb.Errorf("the pump copied %d bytes of %d: %v", fi.Size(), size, err)
	}
}

// send writes all of r to st, and waits until the other end has it.
func (p *barePump) send(st transport.Stream, r io.Reader) {
	if _, err := io.CopyBuffer(struct{ io.Writer }{st}, r, make([]byte, defaultChunkSize)); err != nil {
		p.tb.Error(err)
	}
	st.Close()
	io.Copy(io.Discard, st)
}

// take writes what comes over st to w, in writes as large as the engine's.
func (p *barePump) take(st transport.Stream, w io.Writer) {
	buf := make([]byte, defaultChunkSize)
	for {
		n, err := io.ReadFull(st, buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				p.tb.Error(err)
			}
		}
		if err != nil {
			if err != io.EOF && err != io.ErrUnexpectedEOF {
				p.tb.Error(err)
			}
			break
		}
	}
	st.Close()
}
