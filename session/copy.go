package session

import (
	"context"
	"crypto/rand"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// This file is the asker's half of a transfer: it opens the manifest stream
// and the data streams, and has a sender or a receiver work on them.

// A half is a sender or receiver, as far as the asker's and the server's loops
// are concerned.
type half interface {
	run(ctx context.Context, manifest transport.Stream) error
	carry(st transport.Stream, id int) error
	isOver() <-chan struct{}
	due() debt
}

// A debt is what the other side owes us: how long it may take differs.
type debt uint8

const (
	debtNone   debt = iota
	debtResult      // word of a file that it has all of: its disk may be slow
	debtData        // data that it announced, or acknowledgements of what we sent
)

// limit returns how long a debt may last without progress. A file that is to be
// on the disk before it is reported may take a slow disk minutes.
func (d debt) limit(o Options) time.Duration {
	if d == debtResult && o.Fsync {
		return 20 * o.Timeout
	}
	return o.Timeout
}

// due tells whether chunks are unacknowledged, cuts of an old file are to come
// or the first word is not there, or else whether the result of a file is.
func (s *sender) due() debt {
	if !s.ready.Load() || s.flying.Load() > 0 {
		return debtData
	}
	s.mu.Lock()
	files := slices.Collect(maps.Values(s.files))
	s.mu.Unlock()
	owed := debtNone
	for _, f := range files {
		owed = max(owed, f.debt())
	}
	return owed
}

// due tells whether a file lacks chunks that nobody claims to have, or the
// sender's word that it has no more, or nothing was announced yet. Chunks that
// are claimed are being read again at both ends, which takes as long as it takes.
func (r *receiver) due() debt {
	r.mu.Lock()
	silent := r.lastID == 0 && !r.ended
	files := slices.Collect(maps.Values(r.files))
	r.mu.Unlock()
	if silent {
		return debtData
	}
	for _, f := range files {
		if f.lacks() {
			return debtData
		}
	}
	return debtNone
}

func (s *sender) carry(st transport.Stream, id int) error {
	err := s.feed(st, id)
	if !isClosed(s.done) {
		s.ledger.parted(id)
	}
	return err
}

func (s *sender) isOver() <-chan struct{} { return s.done }
func (r *receiver) carry(st transport.Stream, id int) error {
	err := r.readChunks(st, id)
	if !isClosed(r.done) {
		r.ledger.parted(id)
	}
	return err
}

func (r *receiver) isOver() <-chan struct{} { return r.done }

// transfer asks the peer for a transfer by req and has h do our half of it,
// over so many data streams; 0: as many as are useful.
func transfer(ctx context.Context, l transport.Link, req *wire.Request, id []byte, h half, streams int) error {
	st, err := l.OpenStream(ctx, transport.Control)
	if err != nil {
		return err
	}
	if err := wire.Write(st, req); err != nil {
		st.Abort(abortInterrupted)
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	c := &crew{link: l, id: id, half: h, fixed: streams, most: maxStreams, busy: map[int]bool{}}
	var carrying sync.WaitGroup
	carrying.Go(func() { c.run(ctx) })
	err = h.run(ctx, st)
	if err != nil {
		cancel() // what is still on the data streams is of no use
	}
	// Those that the other side does not end, we do.
	patience := time.AfterFunc(dataPatience, cancel)
	defer patience.Stop()
	carrying.Wait()
	cancel()
	return err
}

// carryOnce opens a data stream and has h work on it until it ends, and reports
// whether that was because its lane is being taken away.
func carryOnce(ctx context.Context, l transport.Link, id []byte, h half, n int) (moved bool, err error) {
	st, err := l.OpenStream(ctx, transport.Bulk)
	if err != nil {
		return false, err
	}
	stop := context.AfterFunc(ctx, func() { st.Abort(abortInterrupted) })
	defer stop()
	if err := wire.Write(st, &wire.Request{Ask: &wire.Request_Data{Data: &wire.Data{Transfer: id}}}); err != nil {
		st.Abort(abortInterrupted)
		return false, err
	}
	if err = h.carry(st, n); err != nil {
		st.Abort(abortInterrupted)
	}
	return err == nil && isClosed(st.Leaving()), err
}

func newTransferID() []byte {
	id := make([]byte, 16)
	rand.Read(id)
	return id
}

// optionsToWire returns what the other end must know of o.
func optionsToWire(o Options) *wire.Options {
	return &wire.Options{
		Recursive: o.Recursive, Checksum: o.Checksum, KeepMode: o.KeepMode, KeepTimes: o.KeepTimes, KeepLinks: o.KeepLinks,
		KeepXattrs: o.KeepXattrs, Fsync: o.Fsync, OnConflict: wire.Conflict(o.OnConflict.told()), ChunkSize: uint32(o.ChunkSize), DryRun: o.DryRun,
		Include: bytesOf(o.Include), Exclude: bytesOf(o.Exclude), Compress: wire.Compress(o.Compress),
	}
}

func optionsFromWire(w *wire.Options) Options {
	return Options{
		Recursive: w.GetRecursive(), Checksum: w.GetChecksum(), KeepMode: w.GetKeepMode(), KeepTimes: w.GetKeepTimes(),
		KeepLinks: w.GetKeepLinks(), KeepXattrs: w.GetKeepXattrs(), Fsync: w.GetFsync(), OnConflict: Conflict(w.GetOnConflict()), ChunkSize: int(w.GetChunkSize()),
		DryRun: w.GetDryRun(), Compress: Compression(w.GetCompress()), Include: stringsOf(w.GetInclude()), Exclude: stringsOf(w.GetExclude()),
	}
}

func bytesOf(in []string) (out [][]byte) {
	for _, s := range in {
		out = append(out, []byte(s))
	}
	return out
}

func stringsOf(in [][]byte) (out []string) {
	for _, b := range in {
		out = append(out, string(b))
	}
	return out
}
