package session

import (
	"bytes"
	"context"
	"crypto/hpke"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/internal/drop"
	"github.com/bargee/bargee/transport"
)

// depositing is a directory to store, and one to take to.
type depositing struct {
	t        *testing.T
	depot    *memDepot
	from, to string
	state    string
	host     *Host
}

func newDepositing(t *testing.T) *depositing {
	t.Helper()
	return &depositing{t: t, depot: newMemDepot(), from: t.TempDir(), to: t.TempDir(), state: t.TempDir(), host: NewHost()}
}

func (d *depositing) path(name string) Path {
	d.t.Helper()
	p, err := d.host.PathOf(name)
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}

func (d *depositing) config(names ...string) DepositConfig {
	o := DefaultOptions()
	cfg := DepositConfig{Depot: d.depot, Name: "relay", State: d.state, Options: &o}
	for _, name := range names {
		cfg.Paths = append(cfg.Paths, d.path(filepath.Join(d.from, name)))
	}
	return cfg
}

func (d *depositing) open(cfg DropConfig) *Drop {
	d.t.Helper()
	cfg.Depot = d.depot
	got, err := OpenDrop(d.t.Context(), cfg)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { got.Close() })
	return got
}

func (d *depositing) collect(ctx context.Context, got *Drop) (Transfer, error) {
	o := DefaultOptions()
	o.OnConflict = Overwrite
	return Collect(ctx, got, At(d.host, d.path(d.to)), CopyOptions{Options: &o})
}

// same holds what arrived against what was stored.
func (d *depositing) same() {
	d.t.Helper()
	want, got := inventory(d.t, d.from), inventory(d.t, d.to)
	if !maps.Equal(want, got) {
		d.t.Errorf("stored %q, arrived %q", slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)))
	}
}

// inventory describes all that lies below dir, by path.
func inventory(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		fi, err := e.Info()
		if err != nil {
			return err
		}
		says := fmt.Sprint(fi.Mode(), fi.ModTime())
		switch {
		case fi.Mode().IsRegular():
			b, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			says += fmt.Sprintf(" %x", sha256.Sum256(b))
		case fi.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(name)
			if err != nil {
				return err
			}
			says += target
		}
		out[name[len(dir)+1:]] = says
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// some puts a bit of everything into the directory that is stored.
func (d *depositing) some() {
	d.t.Helper()
	put(d.t, filepath.Join(d.from, "dir/sub/small"), "12345", older)
	put(d.t, filepath.Join(d.from, "dir/empty"), "", older)
	fill(d.t, filepath.Join(d.from, "dir/large"), 3<<20+17, 1)
	fill(d.t, filepath.Join(d.from, "large"), 2<<20+1, 2)
	for name, content := range map[string]string{"dir/z\n": "odd", "dir/hällo": "text", "dir/sub/b": "6"} {
		put(d.t, filepath.Join(d.from, name), content, older)
	}
	if err := os.Mkdir(filepath.Join(d.from, "dir/nothing"), 0o700); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Symlink("sub/small", filepath.Join(d.from, "dir/link")); err != nil {
		d.t.Skip(err)
	}
}

func TestDeposit(t *testing.T) {
	d := newDepositing(t)
	d.some()
	var items []string
	cfg := d.config("dir", "large")
	cfg.From, cfg.Tags = "ann", []string{"photos"}
	var sent int64
	cfg.OnItem = func(it Item) { items, sent = append(items, string(it.Result)), sent+it.Sent }
	var told Deposited
	cfg.OnStored = func(s Deposited) error { told = s; return nil }
	stored, tr, err := Deposit(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if stored.ID != told.ID || stored.Files != 7 || stored.Dirs != 3 || stored.Links != 1 || tr.Verified != stored.Bytes || tr.Bytes != stored.Bytes || tr.FilesDone != 8 {
		t.Errorf("%+v, %+v", stored, tr)
	}
	if sent != stored.Bytes {
		t.Errorf("%d bytes sent", sent)
	}
	if len(items) != 11 || slices.Contains(items, "failed") {
		t.Errorf("items: %v", items)
	}
	if left, _ := filepath.Glob(d.state + "/*.[dc]*"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	// The relay sees neither names nor contents, and keeps no key.
	for _, c := range d.depot.drops[stored.ID].chunks {
		if bytes.Contains(c, []byte("small")) || bytes.Contains(c, []byte("12345")) || bytes.Contains(c, stored.Key[:]) {
			t.Error("something can be read at the relay")
		}
	}
	got := d.open(DropConfig{Key: stored.Key, State: t.TempDir()})
	s := got.Summary()
	if s.From != "ann" || s.Files != 7 || s.Bytes != stored.Bytes || s.Tags[0] != "photos" || len(s.First) != 2 || s.Sender != nil {
		t.Errorf("%+v", s)
	}
	tr, err = d.collect(t.Context(), got)
	if err != nil || tr.Failures > 0 || tr.FilesDone != 8 {
		t.Fatalf("%v %+v", err, tr)
	}
	d.same()
	// Once more: nothing is fetched that is there.
	d.depot.gets = 0
	if tr, err = d.collect(t.Context(), got); err != nil || d.depot.gets > 0 || tr.Sent > 0 {
		t.Errorf("again: %v, %d chunks", err, d.depot.gets)
	}
}

// What was sealed once and stored is not sent again, whatever ended the deposit, and
// what changed meanwhile is.
// It holds F16.
func TestDepositGoesOn(t *testing.T) {
	d := newDepositing(t)
	d.some()
	large := fill(t, filepath.Join(d.from, "large"), 9<<20+5, 2)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	d.depot.before = func(call string, _ DropDigest) error {
		if call == "put" && d.depot.puts >= 6 {
			cancel()
			return errGone
		}
		return nil
	}
	if _, _, err := Deposit(ctx, d.config("dir", "large")); KindOf(err) != Interrupted {
		t.Fatalf("%v", err)
	}
	d.depot.before = nil
	before := d.depot.puts
	large[0]++ // the size and the time are the same
	f, err := os.OpenFile(filepath.Join(d.from, "large"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fi, _ := f.Stat()
	f.Write(large[:1])
	f.Close()
	os.Chtimes(filepath.Join(d.from, "large"), fi.ModTime(), fi.ModTime())
	stored, tr, err := Deposit(t.Context(), d.config("dir", "large"))
	if err != nil {
		t.Fatal(err)
	}
	if all := d.depot.drops[stored.ID].plan.Chunks; d.depot.puts >= all+before || tr.Reused == 0 {
		t.Errorf("%d chunks were sent, %d before; %d in all, %d bytes reused", d.depot.puts, before, all, tr.Reused)
	}
	if len(d.depot.drops) != 1 {
		t.Errorf("%d drops", len(d.depot.drops))
	}
	if _, err := d.collect(t.Context(), d.open(DropConfig{Key: stored.Key})); err != nil {
		t.Fatal(err)
	}
	d.same()
}

// A deposit that was whole, and whose sender was told nothing, is the same one; after
// its files changed it is another.
func TestDepositToldTwice(t *testing.T) {
	d := newDepositing(t)
	d.some()
	cfg := d.config("dir")
	cfg.OnStored = func(Deposited) error { return errors.New("no room for the receipt") }
	first, _, err := Deposit(t.Context(), cfg)
	if err == nil {
		t.Fatal("it went on without its receipt")
	}
	puts := d.depot.puts
	second, tr, err := Deposit(t.Context(), cfg)
	if err == nil || d.depot.puts != puts || second.ID != first.ID || second.Key != first.Key || tr.Sent > 0 {
		t.Fatalf("%v, %d chunks sent again", err, d.depot.puts-puts)
	}
	put(t, filepath.Join(d.from, "dir/new"), "new", older)
	third, _, err := Deposit(t.Context(), d.config("dir"))
	if err != nil || third.Key == first.Key || d.depot.drops[first.ID] != nil || len(d.depot.drops) != 1 {
		t.Fatalf("%v, %d drops", err, len(d.depot.drops))
	}
	// One that is over at the depot before it was whole is begun anew.
	cfg.OnStored = nil
	gone := false
	var puts2 int
	d.depot.before = func(call string, _ DropDigest) error {
		if puts2++; call == "put" && puts2 == 4 {
			return newError(Internal, Path{}, "no more of this")
		}
		if call == "begin" && puts2 > 5 && !gone {
			gone = true
			return newError(NotFound, Path{}, "the drop is gone: it was removed")
		}
		return nil
	}
	if _, _, err := Deposit(t.Context(), cfg); !errors.Is(err, Internal) {
		t.Fatal(err)
	}
	puts2 = 5
	if _, _, err := Deposit(t.Context(), cfg); err != nil || !gone {
		t.Fatal(err)
	}
	if _, err := Collect(t.Context(), d.open(DropConfig{Key: third.Key}), At(d.host, d.path(d.to)), CopyOptions{}); err != nil {
		t.Fatal(err)
	}
}

// A relay that is away for a moment holds nothing up for good; one that lost chunks
// gets them again.
// It holds F89.
func TestDepotFalters(t *testing.T) { synctest.Test(t, depotFalters) }

func depotFalters(t *testing.T) {
	d := newDepositing(t)
	fill(t, filepath.Join(d.from, "large"), 5<<20, 2)
	failed := map[string]int{}
	d.depot.before = func(call string, _ DropDigest) error {
		if failed[call]++; failed[call] == 1 {
			return errGone
		}
		if call == "commit" && failed[call] == 2 {
			for _, drop := range d.depot.drops {
				for c := range drop.chunks {
					delete(drop.chunks, c)
					break
				}
			}
		}
		return nil
	}
	stored, _, err := Deposit(t.Context(), d.config("large"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.collect(t.Context(), d.open(DropConfig{Key: stored.Key})); err != nil {
		t.Fatal(err)
	}
	d.same()
	if failed["commit"] < 3 || failed["get"] < 2 {
		t.Errorf("calls: %v", failed)
	}
}

// A file that changes while it is read is stored as it is then; one that changes each
// time is left out, and said so, and so is one that cannot be read.
func TestDepositOfWhatChanges(t *testing.T) {
	d := newDepositing(t)
	fill(t, filepath.Join(d.from, "a"), 2<<20, 1)
	fill(t, filepath.Join(d.from, "b"), 3<<20, 2)
	always := false
	size := 2 << 20
	touched := false
	d.depot.before = func(call string, _ DropDigest) error {
		if call == "begin" && (always || !touched) { // when it is planned, before it is read
			touched = true
			size += 1 << 20
			fill(t, filepath.Join(d.from, "b"), size, 3)
		}
		return nil
	}
	stored, tr, err := Deposit(t.Context(), d.config("a", "b"))
	if err != nil || tr.FilesDone != 2 || tr.Verified != stored.Bytes {
		t.Fatalf("%v %+v", err, tr)
	}
	if _, err := d.collect(t.Context(), d.open(DropConfig{Key: stored.Key})); err != nil {
		t.Fatal(err)
	}
	d.same()
	always = true
	stored, tr, err = Deposit(t.Context(), d.config("a", "b"))
	if KindOf(err) != Changed || stored.Files != 1 || tr.Failures != 1 {
		t.Fatalf("%v %+v", err, stored)
	}
}

func TestDepositRefused(t *testing.T) {
	d := newDepositing(t)
	put(t, filepath.Join(d.from, "a"), "1", older)
	d.depot.before = func(call string, _ DropDigest) error {
		if call == "begin" {
			return newError(Limit, Path{}, "too much")
		}
		return nil
	}
	if _, _, err := Deposit(t.Context(), d.config("a")); !errors.Is(err, Limit) || d.depot.puts > 0 {
		t.Errorf("%v", err)
	}
	d.depot.before = nil
	if _, _, err := Deposit(t.Context(), d.config("b")); !errors.Is(err, NotFound) {
		t.Errorf("what is not there: %v", err)
	}
	cfg := d.config("a")
	cfg.Downloads = -1
	if _, _, err := Deposit(t.Context(), cfg); !errors.Is(err, Invalid) {
		t.Errorf("for nobody: %v", err)
	}
	// What was given up long ago is forgotten, and what is not so old is not.
	for name, days := range map[string]int{"0.deposit": 101, "0.chunks": 101, "1.deposit": 99, "seen.json": 400} {
		put(t, filepath.Join(d.state, name), "{}", time.Now().AddDate(0, 0, -days))
	}
	// A second process of the same deposit is refused.
	first, err := newDeposit(d.config("a"))
	if err != nil {
		t.Fatal(err)
	}
	defer first.close()
	if _, _, err := Deposit(t.Context(), d.config("a")); !errors.Is(err, Busy) {
		t.Errorf("a second one: %v", err)
	}
	for name, stays := range map[string]bool{"0.deposit": false, "0.chunks": false, "1.deposit": true, "seen.json": true} {
		if _, err := os.Stat(filepath.Join(d.state, name)); (err == nil) != stays {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// sealedTo is a receiver with keys of its own.
func sealedTo(t *testing.T, cfg DepositConfig, sequence uint64) (DepositConfig, hpke.PrivateKey, *transport.Identity) {
	t.Helper()
	ann, bob := transport.NewKey(), transport.NewKey()
	kem, err := bob.KEM()
	if err != nil {
		t.Fatal(err)
	}
	private, err := bob.KEMPrivate()
	if err != nil {
		t.Fatal(err)
	}
	cfg.To = &DropRecipient{KEM: kem, Key: ann.PublicKey(), Sign: ann.Sign, Sequence: sequence}
	return cfg, private, ann
}

func TestDepositToAPeer(t *testing.T) {
	d := newDepositing(t)
	d.some()
	cfg, private, ann := sealedTo(t, d.config("dir", "large"), 7)
	stored, _, err := Deposit(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	found, err := d.depot.Mailbox(t.Context(), drop.MailboxOf(private.PublicKey().Bytes()))
	if err != nil || len(found) != 1 || found[0].ID != stored.ID {
		t.Fatalf("in the mailbox: %v %v", found, err)
	}
	state := t.TempDir()
	got := d.open(DropConfig{ID: stored.ID, Private: private, State: state})
	if s := got.Summary(); !bytes.Equal(s.Sender, ann.PublicKey()) || s.Sequence != 7 {
		t.Errorf("%+v", s)
	}
	if _, err := d.collect(t.Context(), got); err != nil {
		t.Fatal(err)
	}
	d.same()
	// Who has only the key, by way of the sealed one, finds it not signed for him.
	if _, err := OpenDrop(t.Context(), DropConfig{Depot: d.depot, Key: stored.Key}); !errors.Is(err, Integrity) {
		t.Errorf("not sealed to us: %v", err)
	}
	other, err := transport.NewKey().KEMPrivate()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDrop(t.Context(), DropConfig{Depot: d.depot, ID: stored.ID, Private: other}); !errors.Is(err, Integrity) {
		t.Errorf("sealed to somebody else: %v", err)
	}
	// R10: the number of a drop that was taken is no other drop's.
	put(t, filepath.Join(d.from, "dir/new"), "new", older)
	again, _, err := Deposit(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	old := d.open(DropConfig{ID: again.ID, Private: private, State: state})
	if _, err := d.collect(t.Context(), old); !errors.Is(err, Integrity) {
		t.Errorf("another drop under the number of one that was taken: %v", err)
	}
}
