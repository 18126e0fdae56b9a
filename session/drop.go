package session

import (
	"context"
	"crypto/hpke"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/drop"
)

// DropConfig says which drop, and where.
type DropConfig struct {
	Depot Depot
	Key   DropKey // what reads it; zero: it is sealed to us

	// ID and Private are for a drop that is sealed to us, in place of Key.
	ID      DropID
	Private hpke.PrivateKey

	// State is a directory where it is remembered how far drops were taken, so that
	// Collect goes on where it was, in 0700; "": nothing is remembered.
	State string

	GiveUp time.Duration // how long a depot is tried that cannot be reached; 0: for ever
}

// A Drop is what somebody left at a depot, as a Tree that nobody can change. It is
// read from the depot and verified as it is read. Close ends it.
type Drop struct {
	cfg       DropConfig
	key       DropKey
	keys      *drop.Keys
	box       DropMailbox // that it is sealed to
	header    drop.Header
	signature *drop.Signature
	state     DropState
	list      DropList
	nodes     map[string]*dropNode // by path; "" is the root
	data      *dropStream
	values    *dropValues

	mu      sync.Mutex
	claim   DropClaim
	claimed bool // the depot knows the claim
}

// A dropNode is something in a drop.
type dropNode struct {
	entry    Entry
	file     uint32 // number of it among the files
	at       int64  // where its data begins in the stream
	sums     *dropSums
	children []*dropNode
}

var _ Tree = (*Drop)(nil)

// A DropSummary is what a drop says of itself.
type DropSummary struct {
	ID                 DropID
	From               string // what the sender calls itself: shown by Display, checked by nobody
	Files, Dirs, Links int
	Bytes              int64
	Tags               []string
	Created            time.Time // by the sender's clock; zero: not said
	Expires            time.Time // by the depot's
	Downloads          int       // how many more may take it; -1: any number
	First              []Entry   // at the top, the first ones

	// Sender is the Ed25519 key that signed it for us, nil if none did; Sequence is
	// the number that its holder gave it.
	Sender   []byte
	Sequence uint64
}

// OpenDrop asks for a drop's manifest and reads it. A drop that is not there (any
// more) is NotFound, one that the key does not open or that was tampered with
// Integrity, one of a newer format Version.
func OpenDrop(ctx context.Context, cfg DropConfig) (*Drop, error) {
	d := &Drop{cfg: cfg, key: cfg.Key}
	id := cfg.ID
	if cfg.Private == nil {
		d.keys = drop.Derive(cfg.Key)
		id = d.keys.ID
	}
	err := persist(ctx, cfg.GiveUp, func() (err error) {
		d.state, err = cfg.Depot.Info(ctx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	if cfg.Private != nil {
		if d.key, err = drop.OpenEnvelope(cfg.Private, id, d.state.Envelope); err != nil {
			return nil, dropError(err)
		}
		d.keys, d.box = drop.Derive(d.key), drop.MailboxOf(cfg.Private.PublicKey().Bytes())
	}
	d.claim = d.rememberedClaim()
	err = persist(ctx, cfg.GiveUp, func() (err error) {
		d.list, err = cfg.Depot.List(ctx, id)
		return err
	})
	if err == nil {
		err = d.readManifest(ctx)
	}
	if err != nil {
		return nil, dropError(err)
	}
	d.data = newDropStream(d.keys, d.header.Layout(), d.fetch)
	d.values = openDropValues(cfg.State, id)
	return d, nil
}

// Close ends what is under way.
func (d *Drop) Close() error {
	d.data.close()
	return d.values.close()
}

// ID names the drop.
func (d *Drop) ID() DropID { return d.keys.ID }

// Key is what reads it.
func (d *Drop) Key() DropKey { return d.key }

// Summary says what the drop is.
func (d *Drop) Summary() DropSummary {
	h := d.header
	s := DropSummary{ID: d.keys.ID, From: h.From, Files: h.Files, Dirs: h.Dirs, Links: h.Links, Bytes: h.Bytes, Tags: h.Tags,
		Created: h.Created, Expires: d.state.Expires, Downloads: d.state.Downloads, Sequence: h.Sequence}
	if d.signature != nil {
		s.Sender = d.signature.Key
	}
	top := d.nodes[""].children
	for _, n := range top[:min(len(top), maxFirst)] {
		s.First = append(s.First, n.entry)
	}
	return s
}

// readManifest fetches, opens and checks it.
func (d *Drop) readManifest(ctx context.Context) error {
	opener := drop.NewManifestOpener(d.keys, len(d.list.Manifest), func(i int) ([]byte, error) {
		return d.get(ctx, d.list.Manifest[i], nil)
	})
	m, err := drop.NewManifestReader(opener)
	if err != nil {
		return err
	}
	d.header = m.Header
	if l := d.header.Layout(); l.Chunks() != len(d.list.Data) || d.list.Chunks() != d.header.Chunks {
		return &Error{Kind: Integrity, Side: Relay, Err: errors.New("the chunks that the relay has are not those of the manifest")}
	}
	d.nodes = map[string]*dropNode{"": {entry: Entry{Kind: Directory, Mode: 0o700}}}
	var at int64
	files := uint32(0)
	for {
		e, err := m.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		n := &dropNode{entry: d.entryOf(e), at: at, file: files, sums: sumsOf(e)}
		if e.Kind == drop.File {
			at += e.Size
			files++
		}
		if err := d.add(e.Path, n); err != nil {
			return err
		}
	}
	if d.signature = m.Signature(); d.signature != nil {
		return d.signature.Verify(d.keys.ID, d.box)
	}
	return nil
}

// add puts n into its directory, which has to be there.
func (d *Drop) add(path string, n *dropNode) error {
	p, err := parseClean(path)
	if err != nil {
		return err
	}
	parent := d.nodes[p.Parent().raw]
	switch {
	case parent == nil || parent.entry.Kind != Directory:
		return fmt.Errorf("an entry in no directory: %w", drop.ErrInvalid)
	case d.nodes[path] != nil:
		return fmt.Errorf("an entry that is there twice: %w", drop.ErrInvalid)
	}
	n.entry.Name = p.Base()
	d.nodes[path] = n
	parent.children = append(parent.children, n)
	return nil
}

// entryOf is what is shown of e, with the usual in place of what is not said.
func (d *Drop) entryOf(e drop.Entry) Entry {
	out := Entry{Size: e.Size, Mode: fs.FileMode(e.Mode), Modified: e.Modified, Target: e.Target}
	switch e.Kind {
	case drop.File:
		out.Kind = RegularFile
		if e.Mode == drop.NoMode {
			out.Mode = 0o644
		}
	case drop.Dir:
		out.Kind = Directory
		if e.Mode == drop.NoMode {
			out.Mode = 0o755
		}
	case drop.Symlink:
		out.Kind = Link
		out.Size = int64(len(e.Target))
		if e.Mode == drop.NoMode {
			out.Mode = 0o777
		}
	}
	if out.Modified.IsZero() { // the same each time, so that a second receiving finds what the first one wrote
		if out.Modified = d.header.Created; out.Modified.IsZero() {
			out.Modified = d.state.Created
		}
	}
	return out
}

// fetch is a dropStream's.
func (d *Drop) fetch(ctx context.Context, i int, buf []byte) ([]byte, error) {
	if err := d.taking(ctx); err != nil {
		return nil, err
	}
	return d.get(ctx, d.list.Data[i], buf)
}

// get fetches one chunk. The manifest's are to be had without a claim.
func (d *Drop) get(ctx context.Context, digest DropDigest, buf []byte) ([]byte, error) {
	return fetchChunk(ctx, d.cfg.Depot, d.keys.ID, d.claim, d.cfg.GiveUp, digest, buf)
}
