package web

import "testing"

// What Firefox left, bargee takes, and Firefox takes it too: by a download that its
// service worker streams, since it has no directory to choose.
func TestFirefox(t *testing.T) {
	f := startFirefox(t)
	dir, content := files(t, 33<<20)
	r := startRelay(t)
	link := f.leave(r, paths(dir, "big.bin", "notes für dich.md")...)
	into := t.TempDir()
	run(t, bargee(t, t.TempDir(), "receive", link, into, "--yes"))
	want := map[string][]byte{"big.bin": content["big.bin"], "notes für dich.md": content["notes für dich.md"]}
	same(t, readTree(t, into), want)

	f.open(link)
	f.click("#save-all")
	f.see("#saved")
	name := f.evaluate(`document.querySelector('#saved').innerText.match(/as (.*\.zip)/)[1]`).Value.(string)
	same(t, unzip(t, f.download(name)), want)
}
