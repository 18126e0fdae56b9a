package web

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// What the page left, bargee takes, by the same link, byte for byte.
func TestPageToTerminal(t *testing.T) {
	dir, content := files(t, 3<<20+17)
	r := startRelay(t)
	p := newTab(t, 1100, 800)
	p.open(r.url + "/")
	link := p.send(r.key, paths(dir, "big.bin", "notes für dich.md", "photos")...)
	into := t.TempDir()
	run(t, bargee(t, t.TempDir(), "receive", link, into, "--yes"))
	same(t, readTree(t, into), content)
}

// What bargee left, the page takes, by the ticket that was printed; links are left out.
func TestTerminalToPage(t *testing.T) {
	dir, content := files(t, 3<<20+17)
	if err := os.Symlink("big.bin", filepath.Join(dir, "photos", "link")); err != nil {
		t.Fatal(err)
	}
	r := startRelay(t)
	home := t.TempDir()
	add := bargee(t, home, "relay", "add")
	add.Stdin = strings.NewReader(r.ticket + "\n")
	run(t, add)
	out := run(t, bargee(t, home, append([]string{"send", "--store", "--json"}, paths(dir, "big.bin", "notes für dich.md", "photos")...)...))
	var ticket string
	for line := range strings.Lines(out) {
		var e struct{ Event, Ticket string }
		if err := json.Unmarshal([]byte(line), &e); err == nil && e.Event == "stored" {
			ticket = e.Ticket
		}
	}
	q := newTab(t, 1100, 800)
	q.open(r.url + "/")
	q.see("#pasted")
	q.run(chromedp.SendKeys("#pasted", ticket+"\r", chromedp.ByQuery))
	q.see("#save-all")
	q.has("4 files for you", "1 symbolic link can only be received in a terminal")
	q.picture("terminal")
	q.click("#save-all")
	q.see("#saved")
	same(t, unzip(t, q.download(archiveOf(q))), content)
}
