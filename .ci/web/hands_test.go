package web

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A relay that does not answer for a moment is asked again, and the page says so.
func TestRelayAway(t *testing.T) {
	dir, content := files(t, 9<<20)
	r := startRelay(t)
	r.hold = make(chan struct{})
	r.refuse.Store(6)
	p := newTab(t, 1100, 800)
	p.open(r.url + "/")
	p.see("#send")
	p.drag(paths(dir, "big.bin", "photos")...)
	p.see("#store")
	p.run(chromedp.SetValue("#access", r.key, chromedp.ByQuery))
	p.click("#store")
	p.until("the page to wait", `document.querySelector('#send-meter').innerText.includes('Waiting: the relay answered 502')`)
	p.picture("waiting")
	for range 6 {
		r.hold <- struct{}{}
	}
	p.until("progress", `document.querySelector('#send-meter progress').value > 4e6`)
	p.run(chromedp.Sleep(600 * time.Millisecond)) // for the speed to be told from something
	p.picture("half")
	p.has("of 9.7 MiB")
	close(r.hold)
	p.see("#stored")

	q := newTab(t, 1100, 800)
	q.open(p.value("#link"))
	q.click("#save-all")
	q.see("#saved")
	same(t, unzip(t, q.download(archiveOf(q))), map[string][]byte{
		"big.bin": content["big.bin"], "photos/2026/a.jpg": content["photos/2026/a.jpg"], "photos/empty": nil,
	})
}

// Cancelling leaves nothing at the relay, and the page as it was.
func TestCancel(t *testing.T) {
	dir, _ := files(t, 9<<20)
	r := startRelay(t)
	r.hold = make(chan struct{})
	p := newTab(t, 1100, 800)
	p.open(r.url + "/")
	p.see("#send")
	p.drag(paths(dir, "big.bin")...)
	p.see("#store")
	p.run(chromedp.SetValue("#access", r.key, chromedp.ByQuery))
	p.click("#store")
	p.see("#store-cancel")
	r.hold <- struct{}{}
	p.click("#store-cancel")
	p.see("#store")
	p.has("1 file, 9.0 MiB")
	if r.gone.Load() != 1 {
		t.Error("the relay was not told to forget it")
	}
	close(r.hold)
	p.click("#store")
	p.see("#stored")
}

// What may be taken once is taken once, also by who opens the page twice.
func TestTakenOnce(t *testing.T) {
	dir, content := files(t, 100)
	r := startRelay(t)
	p := newTab(t, 1100, 800)
	p.open(r.url + "/")
	p.see("#send")
	p.drag(paths(dir, "big.bin", "notes für dich.md")...)
	p.see("#store")
	p.run(chromedp.SetValue("#access", r.key, chromedp.ByQuery), chromedp.SetValue("#downloads", "1", chromedp.ByQuery))
	p.click("#store")
	p.see("#stored")
	p.has(", once.")
	link := p.value("#link")

	q := newTab(t, 1100, 800)
	q.open(link)
	q.see("#save-all")
	q.has("They can be taken once more: saving counts, looking does not.")
	late := newTab(t, 1100, 800)
	late.open(link)
	late.see("#save-all")
	q.click(`button[aria-label="Save big.bin"]`)
	q.see("#saved")
	q.open(link) // again: the same download
	q.see("#save-all")
	q.has("They can be taken by nobody else")
	late.click("#save-all")
	late.see("#save-fault")
	late.has("Ask whoever sent you the link")
	late.picture("used-up")
	q.click("#save-all")
	q.see("#saved")
	// Nobody else may take it, so the relay need not keep it.
	p.wait("the relay to remove it", func() bool {
		p.open(r.url + "/")
		p.until("the relay's answer", `performance.getEntriesByType('resource').some((e) => e.name.includes('/d/'))`)
		return strings.Contains(p.text(), "no longer on the relay")
	})
	same(t, unzip(t, q.download(archiveOf(q))), map[string][]byte{"big.bin": content["big.bin"], "notes für dich.md": content["notes für dich.md"]})
}

// All of it can be done by keys alone, and where the keys go is seen.
func TestKeyboardOnly(t *testing.T) {
	dir, _ := files(t, 1000)
	r := startRelay(t)
	p := newTab(t, 1100, 800)
	p.chooseFiles(filepath.Join(dir, "big.bin"))
	p.open(r.url + "/")
	p.see("#send")
	p.tabTo("pick-files")
	p.key(kb.Enter)
	p.see("#store")
	p.tabTo("downloads")
	p.key("5")
	p.tabTo("from")
	p.key("Anna")
	p.tabTo("store")
	p.key(kb.Enter)
	p.until("the key's field to have the focus", `document.activeElement.id === 'access'`)
	p.key(r.key)
	p.key(kb.Enter)
	p.until("the result to have the focus", `document.activeElement.id === 'stored'`)
	p.has("5 times")
	link := p.value("#link")

	q := newTab(t, 1100, 800)
	q.open(link)
	q.until("the button to have the focus", `document.activeElement.id === 'save-all'`)
	q.key(kb.Enter)
	q.until("the result to have the focus", `document.activeElement.id === 'saved'`)
	q.download("big.bin")
	var said string
	q.evaluate(`document.querySelector('#said').textContent`, &said)
	if !strings.Contains(said, "Saved and verified") {
		t.Errorf("to who does not see the page it says %q", said)
	}
}

// chooseFiles answers the dialog of the system for files, when it opens.
func (p *tab) chooseFiles(paths ...string) {
	p.run(page.Enable(), page.SetInterceptFileChooserDialog(true))
	chromedp.ListenTarget(p.ctx, func(event any) {
		if e, ok := event.(*page.EventFileChooserOpened); ok {
			go func() { // the listener must not wait for answers
				_ = chromedp.Run(p.ctx, chromedp.ActionFunc(func(ctx context.Context) error {
					return dom.SetFileInputFiles(paths).WithBackendNodeID(e.BackendNodeID).Do(ctx)
				}))
			}()
		}
	})
}

// tabTo presses Tab until the element has the focus, which must be seen on every one.
func (p *tab) tabTo(id string) {
	p.t.Helper()
	for range 40 {
		p.key(kb.Tab)
		var at, outline string
		p.evaluate(`document.activeElement.id`, &at)
		p.evaluate(`getComputedStyle(document.activeElement).outlineStyle`, &outline)
		if outline == "none" && at != "main" && at != "" {
			p.t.Errorf("that %s has the focus is not seen", at)
		}
		if at == id {
			return
		}
	}
	p.t.Fatalf("40 tabs do not lead to %s", id)
}

// On a phone nothing is wider than the screen, and what is pressed is large enough.
func TestPhone(t *testing.T) {
	dir, _ := files(t, 2<<20)
	r := startRelay(t)
	p := newTab(t, 360, 740)
	p.open(r.url + "/")
	p.see("#send")
	p.picture("start")
	p.fits()
	p.drag(paths(dir, "big.bin", "notes für dich.md", "photos")...)
	p.see("#store")
	p.picture("chosen")
	p.fits()
	p.run(chromedp.SetValue("#access", r.key, chromedp.ByQuery))
	p.click("#store")
	p.see("#stored")
	p.picture("stored")
	p.fits()
	p.open(p.value("#link"))
	p.click("#save-all")
	p.see("#saved")
	p.picture("saved")
	p.fits()
}

func (p *tab) fits() {
	p.t.Helper()
	var wide int
	p.evaluate(`document.documentElement.scrollWidth - innerWidth`, &wide)
	if wide > 0 {
		p.t.Errorf("the page is %d px wider than the screen", wide)
	}
	var small []string
	p.evaluate(`[...document.querySelectorAll('button, input, select, a.button')].filter((e) => e.checkVisibility() && e.type !== 'checkbox')
		.filter((e) => e.getBoundingClientRect().height < 32).map((e) => e.id || e.innerText)`, &small)
	if len(small) > 0 {
		p.t.Errorf("too small for a finger: %v", small)
	}
}

// In light and in dark everything can be read: a contrast of 4.5, as WCAG 2.2 wants it.
func TestColours(t *testing.T) {
	dir, _ := files(t, 1000)
	r := startRelay(t)
	p := newTab(t, 1100, 800)
	p.open(r.url + "/")
	link := p.send(r.key, paths(dir, "big.bin", "photos")...)
	var grounds []string
	for _, scheme := range []string{"light", "dark"} {
		p.colours(scheme)
		for view, at := range map[string]string{"send": r.url + "/", "receive": link, "stop": r.url + "/#x"} {
			p.open(at)
			p.see("#" + view)
			switch view {
			case "receive":
				p.click("#save-all")
				p.see("#saved")
			case "send":
				p.drag(paths(dir, "big.bin", "photos")...)
				p.see("#store")
			}
			p.picture(scheme + "-" + view)
			var poor []string
			p.evaluate(contrastScript, &poor)
			for _, s := range poor {
				t.Errorf("%s, %s: %s", scheme, view, s)
			}
		}
		var ground string
		p.evaluate(`getComputedStyle(document.documentElement).backgroundColor`, &ground)
		grounds = append(grounds, ground)
	}
	if grounds[0] == grounds[1] {
		t.Errorf("light and dark have one ground: %v", grounds)
	}
	// Who chooses keeps the choice.
	p.open(r.url + "/")
	p.click("#theme")
	p.open(r.url + "/")
	p.see("#send")
	var ground string
	p.evaluate(`getComputedStyle(document.documentElement).backgroundColor`, &ground)
	if ground != grounds[0] {
		t.Errorf("light was chosen in the dark, and the ground is %s", ground)
	}
	p.has("Light")
	if fmt.Sprint(grounds) == "[]" {
		t.Error("nothing was looked at")
	}
}

// contrastScript lists the texts that can hardly be read.
const contrastScript = `(() => {
	const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
	const rgb = (colour, under = [255, 255, 255]) => {
		canvas.fillStyle = 'rgb(' + under.join(',') + ')';
		canvas.fillRect(0, 0, 1, 1);
		canvas.fillStyle = colour;
		canvas.fillRect(0, 0, 1, 1);
		return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
	};
	const light = (c) => c.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const ground = (e) => {
		const colour = getComputedStyle(e).backgroundColor;
		if (e === document.documentElement) return rgb(colour);
		return rgb(colour, ground(e.parentElement));
	};
	const poor = [];
	let seen = 0;
	for (const e of document.querySelectorAll('body *')) {
		const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim() !== '') || e.value;
		if (!own || !e.checkVisibility() || e.closest('.unseen, .skip, noscript, option') || e.disabled) continue;
		seen++;
		const [a, b] = [light(rgb(getComputedStyle(e).color, ground(e))), light(ground(e))].sort((x, y) => y - x);
		const contrast = (a + 0.05) / (b + 0.05);
		if (contrast < 4.5) poor.push(contrast.toFixed(1) + ': ' + e.tagName + ' ' + (e.innerText ?? e.value).slice(0, 40));
	}
	if (seen < 5) poor.push('only ' + seen + ' texts');
	return poor;
})()`
