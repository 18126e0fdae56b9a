package tui

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/charmbracelet/x/ansi"
)

// manyNames are n names in the order of no name.
func manyNames(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("n%06d", i*7919%n)
	}
	return out
}

// statOf is what is to be known of one of them.
func statOf(name string) session.Entry {
	e := session.Entry{Name: name, Mode: 0o640, Modified: testNow.Add(-time.Hour)}
	fmt.Sscanf(name, "n%d", &e.Size)
	e.Size = e.Size*7%1000 + 1
	return e
}

// stock has Series hold names, one every pause.
func stock(e *fakeEngine, names []string, pause time.Duration, end error) *fakeTree {
	tree := e.trees[session.Here]
	tree.mu.Lock()
	defer tree.mu.Unlock()
	tree.stat = statOf
	tree.streams = map[string]func(func(session.Entry, error) bool){"home/Films/Series": func(yield func(session.Entry, error) bool) {
		for _, name := range names {
			if pause > 0 {
				<-time.After(pause)
			}
			if !yield(statOf(name), nil) {
				return
			}
		}
		if end != nil {
			yield(session.Entry{}, end)
		}
	}}
	return tree
}

// asked returns how many names were asked about, and in how many requests.
func (t *fakeTree) asked() (names, requests int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.calls {
		var dir string
		var n int
		if _, err := fmt.Sscanf(c, "stat %s %d", &dir, &n); err == nil {
			names, requests = names+n, requests+1
		}
	}
	return names, requests
}

func TestSmallDirectoryComesWhole(t *testing.T) {
	d := newDriver(t, 80, 24)
	tree := stock(d.engine, manyNames(firstPart-1), 0, nil)
	d.press("enter")
	if n, _ := tree.asked(); n > 0 {
		t.Errorf("it was listed whole, and yet %d names were asked about", n)
	}
	d.wantShown("n000001", "8B 21 Nov")
	if p := &d.app.panes[0]; !p.gathered() || p.count() != firstPart-1 {
		t.Errorf("of %d entries %d are known", p.count(), p.store.Known())
	}
}

// Of a large directory only what can be seen, and a page around it, is asked
// about.
func TestOnlyWhatIsSeenIsAskedAbout(t *testing.T) {
	d := newDriver(t, 80, 24)
	tree := stock(d.engine, manyNames(50_000), 0, nil)
	d.press("enter", "end")
	d.wantShown("n049999", "994B 21 Nov", "50,000 items")
	for range 10 {
		d.press("pgup")
	}
	p := &d.app.panes[0]
	from, to := p.window()
	for i := from; i < to; i++ {
		if r, _ := p.at(i); r.entry.Size < 0 {
			t.Fatalf("row %d, %q, can be seen, and its size is not known", i, r.entry.Name)
		}
	}
	if n, requests := tree.asked(); n > 16*p.height || requests > 12 {
		t.Errorf("%d names were asked about in %d requests, for 12 pages of %d", n, requests, p.height)
	}
}

func TestSortBySizeAsksAboutAll(t *testing.T) {
	const n = 20_000
	d := newDriver(t, 80, 24)
	stock(d.engine, manyNames(n), 0, nil)
	d.press("enter", "s", "s")
	var sizes []int64
	for _, e := range d.app.panes[0].eachShown() {
		sizes = append(sizes, e.Size)
	}
	slices.Reverse(sizes)
	if len(sizes) != n || sizes[0] < 1 || !slices.IsSorted(sizes) {
		t.Errorf("%d sizes, from %d to %d, in order: %v", len(sizes), sizes[0], sizes[len(sizes)-1], slices.IsSorted(sizes))
	}
}

// While sizes are asked for, the frame says how far that is, the pane can be
// used, and Esc ends it.
func TestAskingAboutAllCanBeEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 80, 24)
		tree := stock(b.engine, manyNames(40_000), 0, nil)
		b.press("enter")
		<-time.After(3 * time.Second)
		tree.mu.Lock()
		tree.stat = func(name string) session.Entry {
			<-time.After(time.Millisecond)
			return statOf(name)
		}
		tree.mu.Unlock()
		b.press("s", "s")
		<-time.After(4 * time.Second)
		b.press("down")
		b.wantPainted("while sizes are asked for", "size ↑", "% known")
		b.press("esc")
		<-time.After(2 * time.Second)
		_, before := tree.asked()
		b.wantPainted("after Esc", "40,000 items · name ↑ · 8")
		<-time.After(10 * time.Second)
		if _, after := tree.asked(); after > before+gatherers {
			t.Errorf("it went on: %d requests, then %d", before, after)
		}
		b.end()
	})
}

// Names come slower than somebody scrolls: the cursor stays on its name and in
// its line, and in the end all are there in order.
func TestNamesComeSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 6000
		b := newBed(t, 80, 24)
		stock(b.engine, manyNames(n), time.Millisecond, nil)
		b.press("enter")
		b.wantPainted("the first rows", "items…")
		moved := 0
		for i := range 40 {
			b.press([]string{"down", "pgdown", "up", "pgdown"}[i%4])
			var name string
			var line, row int
			b.model.look(func(a *App) {
				p := &a.panes[0]
				r, _ := p.at(p.cursor)
				name, line, row = r.entry.Name, p.cursor-p.top, p.cursor
			})
			<-time.After(90 * time.Millisecond)
			b.model.look(func(a *App) {
				p := &a.panes[0]
				if now, _ := p.at(p.cursor); now.entry.Name != name {
					t.Errorf("step %d: the cursor was on %q, and is on %q", i, name, now.entry.Name)
				}
				if p.cursor != row {
					moved++
				}
				if now := p.cursor - p.top; now != line && p.top > 0 {
					t.Errorf("step %d: the cursor was in line %d, and is in line %d", i, line, now)
				}
			})
		}
		if moved == 0 {
			t.Error("no name came before the cursor: the test does not test")
		}
		<-time.After(n * time.Millisecond)
		b.settle()
		b.wantPainted("all", "6,000 items · name")
		b.end()
		p := &b.app.panes[0]
		for i := range n {
			if r, ok := p.at(i + 1); !ok || r.entry.Name != fmt.Sprintf("n%06d", i) {
				t.Fatalf("row %d is %q", i+1, r.entry.Name)
			}
		}
	})
}

// What came before the reading broke off stays, and it is said that it is not
// all.
func TestReadingBreaksOff(t *testing.T) {
	d := newDriver(t, 80, 24)
	stock(d.engine, manyNames(3000), 0, &session.Error{Kind: session.Interrupted, Err: session.Interrupted})
	d.press("enter")
	d.wantShown("3,000 items", "not all of it", "n000001")
	d.press("end")
	wantCursor(t, d, "n002999")
	stock(d.engine, manyNames(3001), 0, nil)
	d.press("ctrl+r")
	d.wantShown("3,001 items")
	if d.shows("not all of it") {
		t.Error("it was read again, and still not all is said to be there")
	}
}

// A directory that changes while it is read: names that are told twice are there
// once, and what is gone when it is looked at goes from the rows.
func TestDirectoryChangesWhileItIsRead(t *testing.T) {
	d := newDriver(t, 80, 24)
	names := manyNames(5000)
	names = append(names, names[:2000]...)
	tree := stock(d.engine, names, 0, nil)
	tree.stat = func(name string) session.Entry {
		e := statOf(name)
		switch name {
		case "n004998":
			e.Kind = session.Gone
		case "n004997":
			e.Kind = session.Directory
		}
		return e
	}
	d.press("enter", "end")
	got := d.names(0)
	if n := len(got); n != 4999 || got[0] != "n004997" || got[n-1] != "n004999" || got[n-2] != "n004996" {
		t.Errorf("%d names: %q … %q", len(got), got[:2], got[max(0, len(got)-3):])
	}
	wantCursor(t, d, "n004999")
}

// A large directory that is read again keeps tags, cursor, and what is known.
func TestLargeDirectoryIsReadAgain(t *testing.T) {
	const n = 5000
	d := newDriver(t, 80, 24)
	stock(d.engine, manyNames(n), 0, nil)
	d.press("enter", "pgdown", "pgdown", "space", "space", "down")
	was, tagged := d.cursorName(), d.tagged(0)
	line := d.app.panes[0].cursor - d.app.panes[0].top
	names := append(manyNames(n), "m", "n002500b")
	names = slices.DeleteFunc(names, func(s string) bool { return s == "n000003" || s == tagged[0] })
	stock(d.engine, names, 0, nil)
	d.press("ctrl+r")
	wantCursor(t, d, was)
	wantTagged(t, d, tagged[1:]...)
	p := &d.app.panes[0]
	if p.count() != n || p.tagged.n != 1 || p.cursor-p.top != line {
		t.Errorf("%d entries, %d tagged, the cursor in line %d; want %d, 1, %d", p.count(), p.tagged.n, p.cursor-p.top, n, line)
	}
	for _, name := range []string{"m", "n002500b"} {
		if _, ok := p.rowOf(name); !ok {
			t.Errorf("%q, which is new, is not shown", name)
		}
	}
	if _, ok := p.find("n000003"); ok {
		t.Error("what is gone is still there")
	}
}

// Filters are typed while names come: what is shown fits the last one.
func TestFilterWhileNamesCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 80, 24)
		stock(b.engine, manyNames(9000), time.Millisecond, nil)
		b.press("enter", "/", "1", "1")
		<-time.After(4 * time.Second)
		b.press("7")
		<-time.After(9 * time.Second)
		b.press("enter")
		b.wantPainted("filtered", "19 items · /117")
		b.model.look(func(a *App) {
			for _, e := range a.panes[0].eachShown() {
				if !strings.Contains(e.Name, "117") {
					t.Errorf("%q is shown", e.Name)
				}
			}
		})
		b.press("esc")
		b.settle()
		b.wantPainted("not filtered", "9,000 items")
		b.end()
	})
}

func TestResizeStormWhileReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 80, 24)
		stock(b.engine, manyNames(5000), time.Millisecond, nil)
		b.press("enter")
		rnd := rand.New(rand.NewPCG(21, 22))
		for i := range 60 {
			b.resize(30+rnd.IntN(150), 8+rnd.IntN(50))
			<-time.After(time.Duration(rnd.IntN(100)) * time.Millisecond)
			if i%7 == 0 {
				b.press("pgdown")
			}
		}
		b.resize(80, 24)
		<-time.After(6 * time.Second)
		b.settle()
		b.wantPainted("after the storm", "5,000 items")
		b.end()
	})
}

// A name of 255 bytes of whatever kind takes its row and no more.
func TestLongNastyNames(t *testing.T) {
	var entries []session.Entry
	for i, unit := range []string{
		"\xff", "\x1b[2J", "\r", "\n", "\x00", "\\", " ", "\u202e", "e\u0301", "\u0301", "日", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u200b", "\u2588", "ﷺ",
		"\x9b31m", "\t", "🇩", "\u0600", "%s", "-", ".",
	} {
		name := strings.Repeat(unit, 255/len(unit))
		entries = append(entries, session.Entry{Name: string(rune('A'+i)) + name[:min(len(name), 254)], Size: int64(i)})
	}
	for _, size := range [][2]int{{80, 24}, {160, 48}, {40, 12}, {30, 8}} {
		d := newDriver(t, size[0], size[1])
		d.engine.trees[session.Here].put("home/Films/Series", entries...)
		d.press("enter")
		for range entries {
			for y, row := range d.screen() {
				if w := ansi.StringWidthWc(row); w != size[0] {
					t.Fatalf("%v: row %d is %d cells wide: %q", size, y, w, row)
				}
				if i := strings.IndexFunc(row, func(r rune) bool { return r < ' ' || r == 0x7f || 0x80 <= r && r < 0xa0 || r == '\u202e' }); i >= 0 {
					t.Fatalf("%v: row %d has a control: %q", size, y, row)
				}
			}
			d.press("down")
		}
	}
}

func TestEmptyDirectory(t *testing.T) {
	d := newDriver(t, 80, 24)
	stock(d.engine, nil, 0, nil)
	d.press("enter")
	d.wantShown("empty", "0 items")
	d.press("down", "up", "pgdown", "end", "home", "space", "s", "s", "S")
	d.wantShown("empty")
}

// A directory that is deleted while it is shown is said to be gone, and left.
func TestDirectoryIsDeleted(t *testing.T) {
	d := newDriver(t, 80, 24)
	stock(d.engine, manyNames(3000), 0, nil)
	d.press("enter", "end")
	stock(d.engine, nil, 0, &session.Error{Kind: session.NotFound, Path: path(t, "home/Films/Series"), Err: session.NotFound})
	d.press("ctrl+r")
	d.wantShown("/home/Films/Series is gone", "~/Films")
	wantCursor(t, d, "Series") // as the directory above has it still
}

// What moving about in a large directory costs on the line to the terminal: a
// cursor key on average, those at the edge included, and a page.
func TestBytesOfMoving(t *testing.T) {
	if testing.Short() {
		t.Skip("pure, and long under the race detector")
	}
	for _, c := range []struct {
		name string
		make func(i int) string
		most int // bytes of a cursor key
	}{
		{"plain names", func(i int) string { return fmt.Sprintf("n%06d", i) }, 150},
		{"a quarter of them Chinese", func(i int) string { return fmt.Sprintf("n%06d", i) + []string{"", "", "", "東京物語"}[i%4] }, 195},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBed(t, 80, 24)
				var names []string
				for i := range 5000 {
					names = append(names, c.make(i))
				}
				stock(b.engine, names, 0, nil)
				b.press("enter")
				<-time.After(3 * time.Second)
				spent := func(key string, times, most int) {
					t.Helper()
					before := b.term.bytes()
					for range times {
						b.press(key)
					}
					each := (b.term.bytes() - before) / times
					t.Logf("%s: %d bytes", key, each)
					if each > most {
						t.Errorf("%s costs %d bytes, at most %d", key, each, most)
					}
				}
				spent("down", 200, c.most)
				spent("up", 190, c.most)
				spent("pgdown", 20, 2<<10)
				b.wantPainted("after all that")
				b.end()
			})
		})
	}
}

// What is gone while more is read keeps its row until then, and is not asked
// about again and again.
func TestGoneWhileNamesCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 80, 24)
		tree := stock(b.engine, manyNames(3000), time.Millisecond, nil)
		tree.stat = func(name string) session.Entry {
			e := statOf(name)
			if e.Name > "n000000" && e.Name < "n000010" { // the first one is listed whole
				e.Kind = session.Gone
			}
			return e
		}
		b.press("enter")
		<-time.After(2 * time.Second)
		if _, requests := tree.asked(); requests == 0 || requests > 60 {
			t.Errorf("%d requests in two seconds", requests)
		}
		<-time.After(3 * time.Second)
		b.settle()
		b.wantPainted("when all is read", "2,991 items · name", "n000010")
		b.end()
	})
}
