package web

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// TestSpeed says how fast the page is: it leaves SPEED MiB and takes them. It is run by
// hand (SPEED=1024 go test -run Speed -v .), on a machine that does nothing else.
func TestSpeed(t *testing.T) {
	mib, _ := strconv.Atoi(os.Getenv("SPEED"))
	if mib <= 0 {
		t.Skip("SPEED=1024 measures 1 GiB")
	}
	dir, content := files(t, 1<<20)
	path := filepath.Join(dir, "large.bin")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for range mib {
		if _, err := f.Write(content["big.bin"]); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	r := startRelay(t)
	p := newTab(t, 1100, 800)
	p.open(r.origin + "/")
	begun := time.Now()
	link := p.send(r.key, path)
	t.Logf("left: %.0f MiB/s", float64(mib)/time.Since(begun).Seconds())
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	q := newTab(t, 1100, 800)
	q.open(link)
	q.see("#save-all")
	begun = time.Now()
	q.click("#save-all")
	q.see("#saved")
	t.Logf("taken: %.0f MiB/s", float64(mib)/time.Since(begun).Seconds())
	q.download("large.bin")
	if info, err := os.Stat(q.download("large.bin")); err != nil || info.Size() != int64(mib)<<20 {
		t.Error("it is not whole", err)
	}
}
