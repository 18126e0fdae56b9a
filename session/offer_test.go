package session

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// offering is an offer of paths of dir until the test is over, when it is counted.
func offering(t *testing.T, cfg OfferConfig, dir string, names ...string) *Offer {
	t.Helper()
	for _, n := range names {
		p, err := NewHost().PathOf(filepath.Join(dir, n))
		must(t, err)
		cfg.Paths = append(cfg.Paths, p)
	}
	o, err := NewOffer(cfg)
	must(t, err)
	t.Cleanup(o.Close)
	until(t, o, func() bool { return o.Summary().Done })
	return o
}

// until waits for something to be so of an offer.
func until(t *testing.T, o *Offer, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		changed := o.Changed()
		if so() {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("in vain: %+v", o.Takers())
		}
	}
}

// wares makes what the tests offer: a file and a directory that lie apart, a
// link, and beside them what is not to be seen.
func wares(t *testing.T) (dir string) {
	dir = t.TempDir()
	put(t, filepath.Join(dir, "a", "film"), "12345", older)
	put(t, filepath.Join(dir, "a", "secret"), "secret", older)
	put(t, filepath.Join(dir, "b", "photos", "deep", "one"), "1", older)
	put(t, filepath.Join(dir, "b", "photos", "two"), "22", older)
	must(t, os.Symlink("../a/film", filepath.Join(dir, "b", "latest")))
	return dir
}

// What lies in several places comes as one tree, and the offer knows who has it.
func TestOfferIsTaken(t *testing.T) {
	dir, here := wares(t), t.TempDir()
	var items []Item
	o := offering(t, OfferConfig{From: "ann@desk", Observe: func(_ transport.Fingerprint, it Item) { items = append(items, it) }}, dir, "a/film", "b/photos", "b/latest")
	e := NewEngine(EngineConfig{Reach: &pipeReach{t, NewServer(ServerConfig{Offer: o})}})
	t.Cleanup(func() { e.Close() })
	at, err := e.Connect(t.Context(), "peer", "")
	must(t, err)
	r, err := e.Peer(t.Context(), at)
	must(t, err)
	var last OfferSummary
	for s, err := range r.Offered(t.Context()) {
		must(t, err)
		last = s
	}
	if last.Names != 3 || len(last.First) != 3 || last.First[2].Name != "latest" || last.First[2].Kind != RegularFile ||
		last.Measured != (Measured{Files: 4, Dirs: 2, Bytes: 13, Done: true}) {
		t.Errorf("offered is %+v", last)
	}
	b := &bed{tb: t, engine: e, here: here, peer: at}
	dry := DefaultOptions()
	dry.DryRun = true
	if tr := b.run(Job{From: at, Sources: []Path{{}}, To: Here, Destination: b.path(""), Into: true, Options: dry}); tr.State != StateDone {
		t.Fatalf("%v: %v %v", tr.State, tr.Err, tr.Failed)
	}
	if who := o.Takers(); len(who) != 1 || who[0].State != TakerLooks {
		t.Errorf("a dry run took it: %+v", who)
	}
	must(t, r.Accept(t.Context(), last.ID, Taking{From: "bob", Free: 1 << 30}))
	tr := b.run(Job{From: at, Sources: []Path{{}}, To: Here, Destination: b.path(""), Into: true, Options: DefaultOptions()})
	if tr.State != StateDone || tr.Failures > 0 || tr.Files != 4 {
		t.Fatalf("%v: %v %v", tr.State, tr.Err, tr.Failed)
	}
	must(t, r.Taken(t.Context(), last.ID, Taking{}))
	holds(t, filepath.Join(here, "film"), "12345")
	holds(t, filepath.Join(here, "latest"), "12345")
	holds(t, filepath.Join(here, "photos", "deep", "one"), "1")
	if got := names(t, here); len(got) != 3 {
		t.Errorf("there are %q", got)
	}
	until(t, o, o.Over)
	who := o.Takers()
	if len(who) != 1 || who[0].State != TakerHas || who[0].From != "bob" || who[0].Free != 1<<30 || who[0].Transfer.Files != 4 || who[0].Transfer.Verified != 13 || who[0].Transfer.Sent == 0 {
		t.Errorf("%+v", who)
	}
	if len(items) != 6 || !slices.ContainsFunc(items, func(it Item) bool {
		return it.Path.raw == (Path{}).Append(Path{dir[1:] + "/a/film"}).raw && it.Result == Copied && len(it.Digest) == 32
	}) {
		t.Errorf("told were %+v", items)
	}
}

// What makes no sense to offer is refused before anybody is told of it.
func TestOfferRefuses(t *testing.T) {
	dir := wares(t)
	put(t, filepath.Join(dir, "c", "film"), "other", older)
	must(t, os.Symlink("nowhere", filepath.Join(dir, "dangling")))
	for _, c := range []struct {
		names []string
		kind  Kind
	}{
		{nil, Invalid},
		{[]string{"a/film", "c/film"}, Exists},
		{[]string{"none"}, NotFound},
		{[]string{"dangling"}, NotFound},
		{[]string{"/"}, Refused},
	} {
		var cfg OfferConfig
		for _, n := range c.names {
			if n != "/" {
				n = filepath.Join(dir, n)
			}
			p, err := NewHost().PathOf(n)
			must(t, err)
			cfg.Paths = append(cfg.Paths, p)
		}
		if _, err := NewOffer(cfg); KindOf(err) != c.kind {
			t.Errorf("%q: %v, want %s", c.names, err, c.kind)
		}
	}
	offering(t, OfferConfig{}, dir, "a/film", "a/film") // twice the same is once
}

// An offer is a tree like any other, which nobody changes, and of which nothing
// else is seen.
func TestOfferAsTree(t *testing.T) {
	dir := wares(t)
	o := offering(t, OfferConfig{}, dir, "a/film", "b/photos", "b/latest")
	r, _ := served(t, ServerConfig{Offer: o})
	ctx := t.Context()
	if got := entriesOf(t, r, ""); len(got) != 3 || got["film"].Size != 5 || got["photos"].Kind != Directory || got["latest"].Size != 5 {
		t.Errorf("the top has %v", got)
	}
	if got := entriesOf(t, r, "photos/deep"); len(got) != 1 || got["one"].Size != 1 {
		t.Errorf("below it are %v", got)
	}
	names := 0
	for _, err := range r.Names(ctx, Path{}) {
		must(t, err)
		names++
	}
	all, err := r.StatAll(ctx, Path{}, []string{"film", "secret"})
	if err != nil || names != 3 || all[0].Size != 5 || all[1].Kind != Gone {
		t.Errorf("%d names, %v, %v", names, all, err)
	}
	if e, err := r.Stat(ctx, Path{}); err != nil || e.Kind != Directory {
		t.Errorf("the root is %v, %v", e, err)
	}
	if d, err := r.Hash(ctx, Path{"latest"}, SHA256); err != nil || len(d) != 32 {
		t.Errorf("hash: %x, %v", d, err)
	}
	f, err := r.Open(ctx, Path{"photos/two"})
	must(t, err)
	b := make([]byte, 2)
	if _, err := f.ReadAt(b, 0); err != nil || string(b) != "22" {
		t.Errorf("read %q, %v", b, err)
	}
	must(t, f.Close())
	for _, look := range []struct{ dir, want string }{{"", "photos/deep/one"}, {"photos", "photos/deep/one"}} {
		var hits []string
		for f, err := range r.Find(ctx, at(t, look.dir), Query{Pattern: "one"}) {
			must(t, err)
			if !f.Path.IsRoot() {
				hits = append(hits, f.Path.Raw())
			}
		}
		if !slices.Equal(hits, []string{look.want}) {
			t.Errorf("from %q are found %q", look.dir, hits)
		}
	}
	for what, err := range map[string]error{
		"mkdir":   r.Mkdir(ctx, Path{"photos/new"}, false),
		"rename":  r.Rename(ctx, Path{"film"}, Path{"photos/film"}),
		"remove":  r.Remove(ctx, Path{"film"}, false),
		"touch":   r.Touch(ctx, Path{"film"}, older, false),
		"chmod":   r.Chmod(ctx, Path{"film"}, 0o600),
		"symlink": r.Symlink(ctx, "x", Path{"new"}),
	} {
		if KindOf(err) != Refused {
			t.Errorf("%s: %v, want %s", what, err, Refused)
		}
	}
	for _, p := range []string{"secret", "a/secret", "none/x"} {
		if _, err := r.Stat(ctx, at(t, p)); KindOf(err) != NotFound {
			t.Errorf("%s is told: %v", p, err)
		}
	}
	_, err = r.Stat(ctx, Path{"photos/none"})
	if e := new(Error); !errors.As(err, &e) || e.Path.raw != "photos/none" {
		t.Errorf("an error about %v", err)
	}
}

// A no comes with its reason; who comes too late is told so; and a word about
// another offer is of none.
func TestOfferHasItsPlaces(t *testing.T) {
	dir := wares(t)
	o := offering(t, OfferConfig{}, dir, "a/film")
	s := NewServer(ServerConfig{Offer: o})
	join := func(key byte) *Remote {
		near, far := transport.Pipe()
		over := make(chan struct{})
		go func() {
			defer close(over)
			s.ServeLink(context.Background(), keyed{far, transport.Fingerprint{key}})
		}()
		t.Cleanup(func() { near.Close("over"); <-over })
		return NewRemote(near)
	}
	ctx, ann := t.Context(), join(1)
	until(t, o, func() bool { return len(o.Takers()) == 1 })
	bob := join(2)
	must(t, ann.Refuse(ctx, o.ID(), Taking{Free: 3}, newError(NoSpace, Path{}, "3 bytes are free")))
	if got := o.Takers()[0]; got.State != TakerRefuses || KindOf(got.Err) != NoSpace || got.Err.Error() != "3 bytes are free" || got.Free != 3 || !o.Over() {
		t.Errorf("after a no: %+v", got)
	}
	must(t, ann.Accept(ctx, o.ID(), Taking{})) // she has freed some space
	if o.Over() {
		t.Error("over, while somebody takes it")
	}
	if err := bob.Accept(ctx, o.ID(), Taking{}); KindOf(err) != Busy {
		t.Errorf("a second one: %v", err)
	}
	for _, err := range bob.Offered(ctx) {
		if KindOf(err) != Busy {
			t.Errorf("a second one is told: %v", err)
		}
	}
	if err := ann.Taken(ctx, OfferID{1}, Taking{}); KindOf(err) != Changed {
		t.Errorf("another offer: %v", err)
	}
	ann.link.Close("gone")
	until(t, o, func() bool { return o.Takers()[0].State == TakerAway })
	if err := bob.Accept(ctx, o.ID(), Taking{}); KindOf(err) != Busy {
		t.Errorf("while the first one is away: %v", err)
	}
	again := join(1)
	must(t, again.Taken(ctx, o.ID(), Taking{Failed: 2}))
	if got := o.Takers()[0]; got.State != TakerHas || got.Failed != 2 || !o.Over() {
		t.Errorf("in the end: %+v", got)
	}
}

// A keyed link is one whose peer has a key of its own.
type keyed struct {
	transport.Link
	key transport.Fingerprint
}

func (k keyed) Peer() transport.Peer { return transport.Peer{Key: k.key} }

// Who only serves a directory, of this version or an older one, offers nothing.
func TestNothingOffered(t *testing.T) {
	r, _ := served(t, ServerConfig{Tree: openDir(t, t.TempDir())})
	old, _ := oldPeer(t, t.TempDir())
	for _, r := range []*Remote{r, old} {
		n := 0
		for _, err := range r.Offered(t.Context()) {
			if n++; KindOf(err) != Refused {
				t.Errorf("%v, want %s", err, Refused)
			}
		}
		if n != 1 {
			t.Errorf("told %d times", n)
		}
	}
}

// Who offers names its first entries once, and cannot fill our memory with them.
func TestOfferWithoutEnd(t *testing.T) {
	part := &wire.Offered{Id: make([]byte, 16), Names: 20}
	for i := range 20 {
		part.First = append(part.First, entryToWire(Entry{Name: strconv.Itoa(i), Kind: RegularFile}))
	}
	n, last := 0, error(nil)
	for _, err := range scripted(t, say(part, part, part)).Offered(t.Context()) {
		n, last = n+1, err
	}
	if n != 2 || KindOf(last) != Protocol {
		t.Errorf("%d parts, then %v, want 2 and %s", n, last, Protocol)
	}
}

func TestTakerStates(t *testing.T) {
	const none = TakerState(99) // as it was
	for s, row := range map[TakerState]map[takerEvent]TakerState{
		TakerLooks:   {evLooks: none, evYes: TakerTakes, evNo: TakerRefuses, evHas: TakerHas, evGone: TakerAway},
		TakerTakes:   {evLooks: none, evYes: none, evNo: TakerRefuses, evHas: TakerHas, evGone: TakerAway},
		TakerAway:    {evLooks: TakerLooks, evYes: TakerTakes, evNo: TakerRefuses, evHas: TakerHas, evGone: none},
		TakerHas:     {evLooks: none, evYes: none, evNo: none, evHas: none, evGone: none},
		TakerRefuses: {evLooks: none, evYes: TakerTakes, evNo: none, evHas: TakerHas, evGone: none},
	} {
		for ev, want := range row {
			if want == none {
				want = s
			}
			if got := s.after(ev); got != want {
				t.Errorf("%v after event %d is %v, want %v", s, ev, got, want)
			}
		}
	}
}

func talkOffer(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "file"), "12345", older)
	o := offering(t, OfferConfig{From: "ann@desk", ID: OfferID(rawID)}, dir, "file")
	k := newTalkWith(t, "offer", ServerConfig{Offer: o})
	k.asker("request", "Request{offer}", &wire.Request{Ask: &wire.Request_Offer{Offer: &wire.AskOffer{}}})
	k.server("request", "Offered: a file, and all is counted", &wire.Offered{
		Id: rawID, From: "ann@desk", Names: 1, First: []*wire.Entry{entryToWire(talkEntry)}, Files: 1, Bytes: 5, Counted: true})
	k.end("request")
	say := func(stream, what string, m *wire.TakeOffer) {
		m.Id = rawID
		k.asker(stream, what, &wire.Request{Ask: &wire.Request_Take{Take: m}})
		k.server(stream, "Reply: done", talkDone)
		k.end(stream)
	}
	say("no", "Request{take}: no, the disk is too small", &wire.TakeOffer{
		Word: wire.OfferWord_OFFER_WORD_NO, From: "bob", Free: 3, Why: &wire.Error{Kind: wire.Kind_KIND_NO_SPACE, Message: "3 bytes are free, and 5 are offered"}})
	say("yes", "Request{take}: yes, and a MiB is free", &wire.TakeOffer{Word: wire.OfferWord_OFFER_WORD_YES, Free: 1 << 20})
	say("taken", "Request{take}: all of it is here", &wire.TakeOffer{Word: wire.OfferWord_OFFER_WORD_TAKEN})
	synctest.Wait()
	if got := o.Takers(); len(got) != 1 || got[0].State != TakerHas {
		t.Errorf("%+v", got)
	}
}

// What an earlier run left has its place on the disk: files, and partials beside them.
func TestOccupied(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "photos", "deep", "one"), "12345", older)
	put(t, filepath.Join(dir, "other"), "123456789", older)
	h := NewHost()
	p, err := h.PathOf(dir)
	must(t, err)
	before := h.Occupied(t.Context(), p, []string{"photos", "film"})
	if before < 5 {
		t.Errorf("%d bytes, at least those of the file", before)
	}
	for _, name := range []string{partialName("film", partialSuffix), "photos/" + partialName("two", partialSuffix)} {
		put(t, filepath.Join(dir, name), string(make([]byte, 64<<10)), older)
	}
	if got := h.Occupied(t.Context(), p, []string{"photos", "film"}); got < before+128<<10 {
		t.Errorf("%d bytes, at least %d with the partials", got, before+128<<10)
	}
	if got := h.Occupied(t.Context(), p, nil); got < 64<<10 || got >= 128<<10 {
		t.Errorf("%d bytes, without what lies below", got)
	}
}
