package web

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// keptChunks and keptUploads are how many the browser knows of, of what was interrupted.
var keptChunks, keptUploads = fmt.Sprintf(countScript, "chunks"), fmt.Sprintf(countScript, "uploads")

const countScript = `new Promise((resolve) => {
	const open = indexedDB.open('bargee', 1);
	open.onsuccess = () => {
		const count = open.result.transaction('%[1]s').objectStore('%[1]s').count();
		count.onsuccess = () => { open.result.close(); resolve(count.result); };
	};
})`

// An upload that a reload ended goes on with the chunks that the relay has, and only
// with those that are still what they were: a file that changed is sent as it is now.
func TestReloadDuringUpload(t *testing.T) {
	dir, content := files(t, 9<<20)
	r := startRelay(t)
	r.hold = make(chan struct{})
	p := newTab(t, 1100, 800)
	asked := p.dialogs()
	p.open(r.url + "/")
	p.see("#send")
	p.drag(paths(dir, "big.bin", "photos")...)
	p.see("#store")
	p.run(chromedp.SetValue("#access", r.key, chromedp.ByQuery))
	p.click("#store")
	for range 4 {
		r.hold <- struct{}{}
	}
	p.wait("the chunks to be noted", func() bool {
		var kept int
		p.evaluate(keptChunks, &kept)
		return kept >= 4
	})
	p.run(chromedp.Reload())
	if message := <-asked; message != page.DialogTypeBeforeunload {
		t.Errorf("who leaves is asked: %s", message)
	}
	p.see("#unfinished")
	p.has("Not sent to the end", "4.0 MiB of 9.7 MiB sent")
	p.picture("reloaded")

	first := bytes.Clone(content["big.bin"])
	first[5] ^= 1 // the first chunk is another one now
	if err := os.WriteFile(filepath.Join(dir, "big.bin"), first, 0o600); err != nil {
		t.Fatal(err)
	}
	p.drag(paths(dir, "photos", "big.bin")...)
	p.until("it to go on", `document.querySelector('#store').innerText === 'Go on sending'`)
	p.picture("chosen")
	r.puts.Store(0)
	close(r.hold)
	p.click("#store") // nobody asks for the key again
	p.see("#stored")
	// Ten chunks and the list, of which three are there and as they were. The others are
	// not sent twice: of the first five some were on their way when the page was left.
	if n := r.puts.Load(); n < 7 || n > 8 {
		t.Errorf("%d chunks were sent, want 8 (or 7: the first four need not be the first)", n)
	}
	p.until("nothing to be left over", `document.querySelector('#unfinished').hidden`)
	into := t.TempDir()
	run(t, bargee(t, t.TempDir(), "receive", p.value("#link"), into, "--yes"))
	same(t, readTree(t, into), map[string][]byte{
		"big.bin": first, "photos/2026/a.jpg": content["photos/2026/a.jpg"], "photos/empty": nil,
	})
	p.open(r.url + "/")
	p.see("#receipts")
	var kept int
	if p.evaluate(keptChunks, &kept); kept != 0 {
		t.Errorf("%d chunks are still known", kept)
	}
}

// What was interrupted can be discarded, here and at the relay; and what the relay has
// lost meanwhile is not offered.
func TestDiscardInterrupted(t *testing.T) {
	dir, _ := files(t, 3<<20)
	r := startRelay(t)
	r.hold = make(chan struct{})
	t.Cleanup(func() { close(r.hold) }) // or the proxy waits for those it holds
	p := newTab(t, 1100, 800)
	p.dialogs()
	p.open(r.url + "/")
	for i, discard := range []string{`document.querySelector('#interrupted button').click(), document.querySelector('#interrupted button').click()`, removeScript} {
		p.see("#send")
		p.drag(paths(dir, "big.bin")...)
		p.see("#store")
		p.run(chromedp.SetValue("#access", r.key, chromedp.ByQuery))
		r.puts.Store(0)
		p.click("#store")
		p.wait("a chunk", func() bool { return r.puts.Load() > 0 })
		p.run(chromedp.Reload())
		p.see("#unfinished")
		p.evaluate(discard, nil)
		p.wait("the relay to be told", func() bool { return r.gone.Load() == int64(i+1) })
		p.open(r.url + "/")
		p.until("it to be gone", `document.querySelector('#unfinished').hidden`)
		var kept int
		p.wait("nothing to be kept", func() bool {
			p.evaluate(keptUploads, &kept)
			return kept == 0
		})
	}
}

const removeScript = `new Promise((resolve) => {
	const open = indexedDB.open('bargee');
	open.onsuccess = () => {
		open.result.transaction('uploads').objectStore('uploads').getAll().onsuccess = ({ target }) => {
			const request = new XMLHttpRequest();
			request.open('DELETE', '/d/' + target.result[0].id);
			request.setRequestHeader('Bargee-Owner', target.result[0].owner);
			request.onload = () => resolve(request.status);
			request.send();
			open.result.close();
		};
	};
})`

// dialogs answers what the browser asks with yes, and tells what it was.
func (p *tab) dialogs() <-chan page.DialogType {
	p.run(page.Enable())
	asked := make(chan page.DialogType, 10)
	chromedp.ListenTarget(p.ctx, func(event any) {
		if e, ok := event.(*page.EventJavascriptDialogOpening); ok {
			asked <- e.Type
			go func() { // the listener must not wait for answers
				_ = chromedp.Run(p.ctx, chromedp.ActionFunc(func(ctx context.Context) error {
					return page.HandleJavaScriptDialog(true).Do(ctx)
				}))
			}()
		}
	})
	return asked
}
