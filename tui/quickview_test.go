package tui

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"github.com/bargee/bargee/session"
)

func init() {
	addEffects(map[string]func(*testing.T, *driver, []string){
		"panes V": func(t *testing.T, d *driver, key []string) {
			quickOn(d)
			d.press("V")
			d.press(key...)
			d.due()
			d.wantShown("Stalker (1979)", "text, UTF-8")
			d.press(key...)
			if d.wantShown("nas-attic:/pool/films"); d.shows("Stalker (1979)") {
				t.Error("it does not go away")
			}
		},
	})
	scenes = append(scenes,
		scene{name: "quick-text", play: quickOn},
		scene{name: "quick-directory", play: func(d *driver) { quickOn(d); d.press("up"); d.due() }},
		scene{name: "quick-picture", opts: func(_ *fakeEngine, o *Options) { o.Environ = []string{"TERM=xterm-256color"} }, play: func(d *driver) {
			d.engine.trees[0].fill("home/Films/aaa.png", flag16x12())
			d.press("ctrl+r", "home", "down", "down", "V")
			d.due()
		}},
	)
}

// quickOn opens the quick view on a text.
func quickOn(d *driver) {
	d.engine.trees[0].fill("home/Films/aaa.txt", prose)
	d.press("ctrl+r", "home", "down", "down", "V")
	d.due()
}

func flag16x12() string {
	img := image.NewRGBA(image.Rect(0, 0, 16, 12))
	for i := range 16 * 12 {
		img.Set(i%16, i/16, color.RGBA{uint8(i), uint8(255 - i), 60, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.String()
}

// Nothing is read before the cursor rests, and of a file no more than its head.
func TestQuickViewReadsWhatIsShown(t *testing.T) {
	d := newDriver(t, 80, 24)
	tree := d.engine.trees[0]
	one, two := tree.fill("home/Films/aaa.txt", "first\n"), tree.fillWith("home/Films/aab.bin", nothing{}, 20<<30)
	d.press("ctrl+r", "home", "down", "V", "down", "down")
	if one.read.Load()+two.read.Load() > 0 {
		t.Error("it reads before the cursor rests")
	}
	d.due()
	if one.read.Load() > 0 {
		t.Error("it read what the cursor only passed")
	}
	if n := two.read.Load(); n == 0 || n > 64<<10 {
		t.Errorf("%d bytes of 20 GiB were read", n)
	}
	d.wantShown("00000000", "aab.bin", "20.0G")
	if d.due(); len(d.laters) > 0 {
		t.Error("something is put off while nothing moves")
	}
	d.press("tab")
	d.due()
	d.wantShown("Archive", "nas-attic") // the other side is covered now
	if d.shows("~/Films") {
		t.Error("the pane without the keys is not covered")
	}
}

// What a peer takes long for does not hold anything up, and is dropped.
func TestQuickViewOfASlowPeer(t *testing.T) {
	d := newDriver(t, 80, 24)
	c := d.engine.trees[1].fill("pool/films/aaa.txt", "first\n")
	d.engine.trees[1].fill("pool/films/aab.txt", "second\n")
	d.press("2", "ctrl+r", "home", "down", "V", "down")
	c.hold = make(chan struct{})
	due := d.laters
	d.laters = nil
	_, cmd := d.app.Update(due[len(due)-1].f(testNow))
	came := d.startCmd(cmd)
	<-c.asks
	d.wantShown("reading…")
	d.press("down")
	if m, ok := (<-came).(quickMsg); !ok || m.err == nil {
		t.Errorf("the read goes on: %+v", m)
	} else {
		d.send(m)
	}
	d.due()
	d.wantShown("second")
}

func TestQuickViewOfWhatCannotBeRead(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.press("V", "home", "down", "down")
	d.due()
	d.wantShown("permission denied")
	d.press("down")
	d.due()
	d.wantShown("-> Series/2026", "link")
	d.press("home")
	d.due()
	d.wantShown("preview")
	d.engine.trees[0].put("home/Films", session.Entry{Name: "aab", Kind: session.Other})
	d.press("ctrl+r", "home", "down", "down")
	d.due()
	d.wantShown("neither a file nor a directory")
}

// Without colours a picture is told in words.
func TestQuickViewWithoutColours(t *testing.T) {
	d := newDriver(t, 80, 24, func(_ *fakeEngine, o *Options) { o.Environ = []string{"TERM=xterm", "NO_COLOR=1"} })
	d.engine.trees[0].fill("home/Films/aaa.png", flag16x12())
	d.press("ctrl+r", "home", "down", "down", "V")
	d.due()
	d.wantShown("png picture, 16 x 12", "no picture without colours")
	if strings.Contains(d.app.View().Content, "▀") {
		t.Error("there is one")
	}
}
