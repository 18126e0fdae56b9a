package session

import (
	"errors"
	"sync"

	"github.com/bargee/bargee/internal/wire"
)

// A tally keeps count of a transfer between two peers by what they say to each
// other, and refuses what neither of them may say to the other through us. It
// decides nothing else, and knows neither streams nor time. Errors are Protocol,
// or what a peer says; the Side is the one that spoke.
type tally struct {
	ledger   *ledger
	dest     Path            // that the receiver was asked for
	picked   map[Path]bool   // of a choice, with the directories that they are in
	ofRoot   bool            // the source is the root of its tree
	origin   func(Path) Path // where an announced path is at the source
	straight bool            // the sender may bring the data to the receiver itself
	only     map[string]bool // top names that were asked for; nil: any
	dryRun   bool

	mu     sync.Mutex
	as     string
	ready  bool
	ended  bool
	lastID uint64
	files  map[uint64]*tallied // announced and not over
}

// A tallied entry is under way.
type tallied struct {
	id         uint64
	rel        Path // as it was announced
	path, name Path // at the source, at the destination
	entry      Entry
	layout     layout // once it is wanted
	wanted     bool
	complete   bool
	digest     []byte
	claimed    uint64 // chunks from an earlier run
	acked      uint64
	known      int64 // bytes that are acknowledged
}

func newTally(l *ledger, j *Job) *tally {
	t := &tally{ledger: l, dest: j.Destination, dryRun: j.Options.DryRun, files: map[uint64]*tallied{}}
	t.only, t.origin = asked(j.Sources)
	t.ofRoot = j.Sources[0].IsRoot()
	if j.only != nil {
		t.only, t.origin, t.picked = nil, j.Sources[0].Append, pickedOf(j.only)
	}
	return t
}

// fromSender counts what the sender says.
func (t *tally) fromSender(m *wire.ToReceiver) error {
	switch say := m.Say.(type) {
	case *wire.ToReceiver_Entry:
		return t.announced(say.Entry)
	case *wire.ToReceiver_Complete:
		return t.change(say.Complete.GetId(), func(f *tallied) {
			f.complete, f.digest = true, say.Complete.GetDigest()
		})
	case *wire.ToReceiver_Failed:
		return t.settle(say.Failed.GetId(), func(*tallied) Item {
			return Item{Result: Failed, Err: sided(say.Failed.GetError(), Source)}
		})
	case *wire.ToReceiver_Digest:
		return t.change(say.Digest.GetId(), func(f *tallied) { f.digest = say.Digest.GetDigest() })
	case *wire.ToReceiver_Pace:
		return nil
	case *wire.ToReceiver_End:
		t.ledger.counted()
		t.mu.Lock()
		defer t.mu.Unlock()
		t.ended = true
		return nil
	case *wire.ToReceiver_Error:
		return sided(say.Error, Source)
	}
	return newError(Protocol, Path{}, "the sender says what is not its to say")
}

func sided(we *wire.Error, side Side) *Error {
	e := fromWire(we)
	e.Side = side
	return e
}

func (t *tally) announced(a *wire.Announce) error {
	rel, err := parseClean(string(a.GetPath()))
	if err != nil {
		return newError(Protocol, Path{}, "%w", err)
	}
	e, err := entryFromWire(a.GetEntry())
	if err != nil || a.GetEntry() == nil {
		return newError(Protocol, rel, "entry %d is described by nothing", a.GetId())
	}
	if t.only != nil && !rel.IsRoot() && !t.only[topOf(rel)] || t.picked != nil && !t.picked[rel] {
		return newError(Protocol, rel, "the sender announced what was not asked for")
	}
	f := &tallied{id: a.GetId(), rel: rel, path: t.origin(rel), entry: e}
	t.mu.Lock()
	old := t.files[a.GetReplaces()]
	if t.lastID++; a.GetId() != t.lastID {
		t.mu.Unlock()
		return newError(Protocol, rel, "entry %d is not the next one", a.GetId())
	}
	f.name = t.nameOf(rel)
	if old != nil {
		delete(t.files, old.id)
	}
	t.files[f.id] = f
	many := len(t.files)
	t.mu.Unlock()
	if many > maxUnanswered+lagging {
		return newError(Protocol, rel, "more than %d entries are announced and not over", maxUnanswered)
	}
	if old != nil {
		t.ledger.restart(old.id, old.entry.Size)
	}
	t.ledger.seen(f.path, e.Kind, e.Size)
	return nil
}

// nameOf is where an entry gets to at the destination, as far as the receiver has said;
// t.mu is held.
func (t *tally) nameOf(rel Path) Path {
	if t.as == "" {
		return t.dest.Append(rel)
	}
	return t.dest.Parent().Append(underName(t.as, rel, t.ofRoot))
}

// change does f with an entry that is under way.
func (t *tally) change(id uint64, do func(*tallied)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if id == 0 || id > t.lastID {
		return newError(Protocol, Path{}, "entry %d was never announced", id)
	}
	if f := t.files[id]; f != nil {
		do(f)
	}
	return nil
}

// settle takes an entry off the table and reports what how makes of it.
func (t *tally) settle(id uint64, how func(*tallied) Item) error {
	var f *tallied
	err := t.change(id, func(it *tallied) {
		f = it
		delete(t.files, id)
	})
	if f == nil {
		return err
	}
	it := how(f)
	if it.Path, it.Kind, it.Size, it.modified = f.path, f.entry.Kind, f.entry.Size, f.entry.Modified; it.Name.IsRoot() {
		it.Name = f.name
	}
	var e *Error
	if errors.As(it.Err, &e) {
		e.Path = f.path
	}
	t.ledger.over(f.id, it)
	return nil
}

// fromReceiver counts what the receiver says. A question is for us to answer; the
// sender must not hear of it.
func (t *tally) fromReceiver(m *wire.ToSender) (q *Question, id uint64, err error) {
	if !t.isReady() {
		ready, failed := m.GetReady(), m.GetError()
		switch {
		case failed != nil:
			return nil, 0, sided(failed, Destination)
		case ready == nil || len(ready.GetAs()) > 0 && checkName(string(ready.GetAs())) != nil:
			return nil, 0, newError(Protocol, Path{}, "the receiver did not begin with Ready")
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		t.ready, t.as = true, string(ready.GetAs())
		for _, f := range t.files { // that the sender was faster to announce
			f.name = t.nameOf(f.rel)
		}
		return nil, 0, nil
	}
	switch say := m.Say.(type) {
	case *wire.ToSender_Claims:
		return nil, 0, t.change(say.Claims.GetId(), func(f *tallied) { f.claimed += uint64(len(say.Claims.GetValues()) / 32) })
	case *wire.ToSender_Answer:
		return t.answered(say.Answer)
	case *wire.ToSender_Need:
		return nil, 0, t.needed(say.Need)
	case *wire.ToSender_Result:
		return nil, 0, t.resulted(say.Result)
	case *wire.ToSender_Cuts, *wire.ToSender_Pace:
		t.ledger.sign()
		return nil, 0, nil
	case *wire.ToSender_Finished:
		t.mu.Lock()
		defer t.mu.Unlock()
		if !t.ended || len(t.files) > 0 {
			return nil, 0, newError(Protocol, Path{}, "the receiver says that all is over, and %d entries are not", len(t.files))
		}
		return nil, 0, nil
	case *wire.ToSender_Error:
		return nil, 0, sided(say.Error, Destination)
	}
	return nil, 0, newError(Protocol, Path{}, "the receiver says what is not its to say")
}

func (t *tally) isReady() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ready
}

func (t *tally) answered(a *wire.Answer) (q *Question, id uint64, err error) {
	id = a.GetId()
	over := func(it Item) error {
		return t.settle(id, func(f *tallied) Item {
			if it.Result == Copied {
				it.Digest = f.digest
			}
			if name := string(a.GetName()); name != "" && checkName(name) == nil {
				it.Name, _ = f.name.Parent().Join(name)
			}
			return it
		})
	}
	switch a.GetVerdict() {
	case wire.Verdict_VERDICT_WANT:
		return nil, id, t.wanted(a, over)
	case wire.Verdict_VERDICT_HAVE:
		if a.GetCopied() {
			return nil, id, over(Item{Result: Copied})
		}
		return nil, id, over(Item{Result: Unchanged})
	case wire.Verdict_VERDICT_LINKED:
		return nil, id, over(Item{Result: Copied})
	case wire.Verdict_VERDICT_SKIP:
		it := Item{Result: Skipped}
		if a.Error != nil {
			it.Err = fromWire(a.Error)
		}
		return nil, id, over(it)
	case wire.Verdict_VERDICT_REFUSE:
		return nil, id, over(Item{Result: Failed, Err: sided(a.GetError(), Destination)})
	case wire.Verdict_VERDICT_DIGEST:
		return nil, id, t.change(id, func(*tallied) {})
	case wire.Verdict_VERDICT_CONFLICT:
		old, err := entryFromWire(a.GetExisting())
		if err != nil {
			return nil, id, newError(Protocol, Path{}, "%w", err)
		}
		return q, id, t.change(id, func(f *tallied) {
			old.Name = f.entry.Name
			q = &Question{Path: f.path, Name: f.name, Source: f.entry, Existing: old}
		})
	}
	return nil, id, newError(Protocol, Path{}, "an answer that says nothing known")
}

// wanted counts a file that the receiver wants, and what of it need not be sent.
func (t *tally) wanted(a *wire.Answer, over func(Item) error) error {
	if t.dryRun {
		return over(Item{Result: Copied})
	}
	var bad error
	err := t.change(a.GetId(), func(f *tallied) {
		f.wanted = true
		if f.entry.Kind != RegularFile {
			return
		}
		f.layout = layout{f.entry.Size, int(a.GetChunkSize())}
		if f.layout.chunkSize < minChunkSize || f.layout.count() > mostChunks || f.claimed > f.layout.count() {
			bad = newError(Protocol, f.path, "chunks of %d bytes, and %d of them are there already", f.layout.chunkSize, f.claimed)
			return
		}
		t.ledger.start(f.id, f.path, f.name, f.entry.Size)
		t.ledger.reuse(f.id, min(f.entry.Size, int64(f.claimed)*int64(f.layout.chunkSize)))
	})
	return errors.Join(err, bad)
}

func (t *tally) needed(n *wire.Need) error {
	return t.change(n.GetId(), func(f *tallied) {
		for range n.GetChunks() {
			if f.claimed > 0 {
				f.claimed--
				t.ledger.reuse(f.id, -min(f.entry.Size, int64(f.layout.chunkSize)))
			}
		}
	})
}

// resulted counts the end of a wanted file. One that did not verify is announced
// anew by the sender, or given up.
func (t *tally) resulted(m *wire.Result) error {
	if m.Error != nil {
		e := sided(m.Error, Destination)
		if e.Kind == Integrity {
			return t.change(m.GetId(), func(*tallied) {})
		}
		return t.settle(m.GetId(), func(*tallied) Item { return Item{Result: Failed, Err: e} })
	}
	return t.settle(m.GetId(), func(f *tallied) Item {
		it := Item{Result: Copied, Digest: f.digest}
		if f.claimed > 0 {
			it.Result = Resumed
		}
		if name := string(m.GetName()); name != "" && checkName(name) == nil {
			it.Name, _ = f.name.Parent().Join(name)
		}
		return it
	})
}

// carried counts a chunk that goes by on a stream.
func (t *tally) carried(stream, lane int, c *wire.Chunk) error {
	return t.change(c.GetId(), func(f *tallied) {
		t.ledger.carry(stream, lane, f.id)
		if f.wanted && f.layout.single() {
			f.digest = c.GetValue()
		}
		if !c.GetHole() {
			t.ledger.crossed(f.id, int64(c.GetLength()))
		}
	})
}

// verified counts chunks that the receiver acknowledges.
func (t *tally) verified(stream int, acks []*wire.Ack) error {
	for _, a := range acks {
		err := t.change(a.GetId(), func(f *tallied) {
			if a.GetState() != wire.Ack_STATE_VERIFIED || !f.wanted || f.layout.chunkSize == 0 || a.GetIndex() >= f.layout.count() {
				return
			}
			_, n := f.layout.span(a.GetIndex())
			if n := min(int64(n), f.entry.Size-f.known); n > 0 {
				f.known += n
				t.ledger.verify(stream, f.id, n)
			}
			f.acked++
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// landed counts a chunk that went straight from the one to the other.
func (t *tally) landed(m *wire.Landed) error {
	if !t.straight {
		return newError(Protocol, Path{}, "the receiver tells of data that nobody had go straight")
	}
	stream := maxStreams + int(m.GetStream())
	err := t.change(m.GetId(), func(f *tallied) {
		if !f.wanted {
			return
		}
		if f.layout.single() {
			f.digest = m.GetValue()
		}
		t.ledger.carry(stream, straightLanes+int(m.GetLane()), f.id)
		t.ledger.crossed(f.id, int64(m.GetCrossed()))
		t.ledger.wired(int(m.GetBody()))
	})
	if err != nil {
		return err
	}
	return t.verified(stream, []*wire.Ack{{Id: m.GetId(), Index: m.GetIndex()}})
}

// due tells what one of the peers owes the other.
func (t *tally) due() debt {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ready {
		return debtData
	}
	owed := debtNone
	for _, f := range t.files {
		switch {
		case f.wanted && f.layout.chunkSize > 0 && f.claimed+f.acked < f.layout.count():
			return debtData
		case f.complete:
			owed = debtResult
		}
	}
	return owed
}
