package session

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/drop"
	"github.com/bargee/bargee/internal/filelock"
)

// A depositRecord is what a deposit is known by from before its first byte until
// somebody was told of it, so that it outlasts the process: the key, the owner's
// secret, and which chunks were stored. It lies in State as HASH.deposit (JSON) with
// HASH.chunks beside it, and HASH.lock keeps a second process of the same deposit
// away. All are 0600.
type depositRecord struct {
	Key     string     `json:"key"`
	Owner   string     `json:"owner"`
	Created time.Time  `json:"created"`
	Bytes   int64      `json:"bytes,omitempty"`  // sealed, as the depot was told; 0: it was not
	Chunks  int        `json:"chunks,omitempty"` // likewise
	Layout  int64      `json:"layout,omitempty"` // bytes of all files
	Whole   DropDigest `json:"whole,omitzero"`   // of the plan that was, or is about to be, made whole

	Sequence uint64 `json:"sequence,omitempty"`
	Envelope []byte `json:"envelope,omitempty"` // of who it is sealed to

	key   DropKey
	owner DropOwner
	keys  *drop.Keys
	name  string // without its ending; "": it is kept in memory only
	lock  *os.File

	mu     sync.Mutex
	there  map[int]depositedChunk
	file   *os.File // HASH.chunks, once it is written
	broken bool     // it cannot be
}

// A depositedChunk is one that the depot has.
type depositedChunk struct {
	nonce  [drop.NonceSize]byte
	digest DropDigest
}

// recall finds the record of the same deposit, or makes one.
func (d *deposit) recall() error {
	r := &depositRecord{there: map[int]depositedChunk{}}
	d.record = r
	if d.State == "" {
		r.anew()
		return nil
	}
	if err := os.MkdirAll(d.State, 0o700); err != nil {
		return about(Path{}, err)
	}
	sweepDropState(d.State, time.Now())
	r.name = filepath.Join(d.State, d.hash())
	lock, err := os.OpenFile(r.name+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return about(Path{}, err)
	}
	if err := filelock.TryLock(lock); err != nil {
		lock.Close()
		if errors.Is(err, filelock.ErrHeld) {
			return newError(Busy, d.Paths[0], "the same is being stored there already, by another process")
		}
		return about(Path{}, err)
	}
	r.lock = lock
	b, err := os.ReadFile(r.name + ".deposit")
	if errors.Is(err, fs.ErrNotExist) {
		r.anew()
		return nil
	}
	if err == nil && json.Unmarshal(b, r) == nil && r.derive() == nil {
		r.readChunks()
		return nil
	}
	r.anew() // what cannot be read is of no use: a drop that nobody has the key of expires
	return nil
}

// hash is what tells a deposit from others: where to, what, for whom, for how long.
func (d *deposit) hash() string {
	h := sha256.New()
	say := json.NewEncoder(h)
	paths := make([][]byte, len(d.Paths))
	for i, p := range d.Paths {
		paths[i] = []byte(p.raw)
	}
	_ = say.Encode([]any{"bargee deposit 1", d.Name, paths, d.options.Include, d.options.Exclude, d.TTL, d.Downloads})
	if d.To != nil {
		h.Write(d.To.KEM)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// anew gives the record a key of its own.
func (r *depositRecord) anew() {
	r.key, r.owner = drop.NewKey(), NewDropOwner()
	r.Key, r.Owner, r.Created = r.key.Reveal(), r.owner.Reveal(), time.Now().UTC().Truncate(time.Second)
	r.Bytes, r.Chunks, r.Layout, r.Whole, r.Envelope = 0, 0, 0, DropDigest{}, nil
	r.keys = drop.Derive(r.key)
	clear(r.there)
}

func (r *depositRecord) derive() (err error) {
	if r.key, err = drop.ParseKey(r.Key); err != nil {
		return err
	}
	if r.owner, err = ParseDropOwner(r.Owner); err != nil {
		return err
	}
	r.keys = drop.Derive(r.key)
	return nil
}

// plan is what the depot is told of the drop.
func (r *depositRecord) plan(d *deposit, p *depositPlan) DropPlan {
	out := DropPlan{ID: r.keys.ID, Owner: r.owner.Sum(), Bytes: p.sealed, Chunks: p.chunks, TTL: d.TTL, Downloads: d.Downloads}
	if d.To != nil {
		out.Mailbox, out.Envelope = drop.MailboxOf(d.To.KEM), r.Envelope
	}
	return out
}

// fit makes the record one of a plan: a drop that was begun with other sizes is
// removed, and another one begun. It is on the disk before the depot hears of it.
func (r *depositRecord) fit(ctx context.Context, d *deposit, p *depositPlan) error {
	if r.Chunks != 0 && (r.Bytes != p.sealed || r.Chunks != p.chunks || r.Layout != p.header.Bytes || r.Whole != (DropDigest{}) && r.Whole != p.sum) {
		return r.renew(ctx, d, p)
	}
	return r.begin(d, p)
}

// renew gives up the drop that was begun and makes the record one of another.
func (r *depositRecord) renew(ctx context.Context, d *deposit, p *depositPlan) error {
	err := persist(ctx, d.options.GiveUp, func() error { return d.Depot.Remove(ctx, r.keys.ID, r.owner) })
	if err != nil && !errors.Is(err, NotFound) {
		return err
	}
	r.closeChunks()
	if r.name != "" {
		os.Remove(r.name + ".chunks")
	}
	before := r.Sequence
	r.anew()
	if r.Sequence = d.sequence(); r.Sequence > 0 {
		r.Sequence = max(r.Sequence, before+1) // the drop that is given up may have been seen
	}
	if err := p.measure(d); err != nil {
		return err
	}
	return r.begin(d, p)
}

// begin notes what the depot is about to be told.
func (r *depositRecord) begin(d *deposit, p *depositPlan) (err error) {
	r.Bytes, r.Chunks, r.Layout = p.sealed, p.chunks, p.header.Bytes
	if d.To != nil && r.Envelope == nil {
		if r.Envelope, err = drop.SealTo(d.To.KEM, r.key); err != nil {
			return dropError(err)
		}
	}
	return r.save()
}

func (r *depositRecord) whole(sum DropDigest) error {
	r.Whole = sum
	return r.save()
}

func (r *depositRecord) save() error {
	if r.name == "" {
		return nil
	}
	b, err := json.Marshal(r)
	if err == nil {
		err = writeFirm(r.name+".deposit", b)
	}
	if err != nil {
		return about(Path{}, fmt.Errorf("keep what is stored: %w", err))
	}
	return nil
}

// forget removes the record: what it says is known to others, or of no use.
func (r *depositRecord) forget() {
	r.closeChunks()
	if r.name == "" {
		return
	}
	os.Remove(r.name + ".chunks")
	os.Remove(r.name + ".deposit")
}

// close lets another process have the record.
func (r *depositRecord) close() {
	r.closeChunks()
	if r.lock != nil {
		r.lock.Close()
	}
}

func (r *depositRecord) closeChunks() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file != nil {
		r.file.Close()
		r.file = nil
	}
}

// A record of HASH.chunks is the index (4 bytes, big-endian), nonce (12), digest (32)
// and a CRC-32 of these. What a crash cut off is not read, nor what is behind it.
const chunkRecord = 4 + drop.NonceSize + 32 + 4

func (r *depositRecord) readChunks() {
	b, err := os.ReadFile(r.name + ".chunks")
	if err != nil {
		return
	}
	for ; len(b) >= chunkRecord; b = b[chunkRecord:] {
		if crc32.ChecksumIEEE(b[:chunkRecord-4]) != binary.BigEndian.Uint32(b[chunkRecord-4:]) {
			return
		}
		r.there[int(binary.BigEndian.Uint32(b))] = depositedChunk{[drop.NonceSize]byte(b[4:]), DropDigest(b[4+drop.NonceSize:])}
	}
}

// chunk returns what the depot has for chunk i.
func (r *depositRecord) chunk(i int) (depositedChunk, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.there[i]
	return c, ok
}

// note remembers a chunk that was stored. That it cannot be kept costs sending it
// again after a crash, no more.
func (r *depositRecord) note(i int, c depositedChunk) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.there[i] = c
	if r.name == "" || r.broken {
		return
	}
	if r.file == nil {
		f, err := os.OpenFile(r.name+".chunks", os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			r.broken = true
			return
		}
		if end, err := f.Seek(0, io.SeekEnd); err == nil {
			_ = f.Truncate(end - end%chunkRecord)
		}
		r.file = f
	}
	b := binary.BigEndian.AppendUint32(make([]byte, 0, chunkRecord), uint32(i))
	b = append(append(b, c.nonce[:]...), c.digest[:]...)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	if _, err := r.file.Write(b); err != nil {
		r.broken = true
	}
}

// askMissing forgets the chunks that the depot has not any more.
func (r *depositRecord) askMissing(ctx context.Context, d *deposit, chunks int) error {
	var ask []DropDigest
	at := map[DropDigest]int{}
	for i, c := range r.there {
		if i >= chunks {
			delete(r.there, i)
			continue
		}
		ask = append(ask, c.digest)
		at[c.digest] = i
	}
	if len(ask) == 0 {
		return nil
	}
	var missing []DropDigest
	err := persist(ctx, d.options.GiveUp, func() (err error) {
		missing, err = d.Depot.Missing(ctx, r.keys.ID, r.owner, ask)
		return err
	})
	for _, m := range missing {
		if i, ok := at[m]; ok {
			delete(r.there, i)
		}
	}
	return err
}
