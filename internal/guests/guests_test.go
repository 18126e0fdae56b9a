package guests

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func entry(n int, what, key string) Entry {
	return Entry{
		Time: noon.Add(time.Duration(n) * time.Minute), Began: noon.Add(time.Duration(n)*time.Minute - time.Second), What: what, Key: key,
		Address: fmt.Sprintf("192.0.2.%d:5", n), Path: Name(fmt.Sprintf("/%d", n)), Files: 1, Bytes: 10, Sent: 7, Result: Done,
	}
}

// What is dropped for want of room stays in the totals.
func TestBook(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	b := Open(state)
	if all, err := b.Entries(); err != nil || len(all) > 0 {
		t.Errorf("%v, %v", all, err)
	}
	b.file.Most = 2000
	for n := range 40 {
		e := entry(n, []string{"took", "left", Came, "removed"}[n%4], fmt.Sprintf("key%d", n%2))
		if n == 39 {
			e.Path, e.Result, e.Error = "/\xff\"x", Failed, "gone"
		}
		if err := b.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	all, err := b.Entries()
	if err != nil || len(all) >= 40 || len(all) < 5 || all[0].Path != "/\xff\"x" || !all[0].Time.Equal(noon.Add(39*time.Minute)) || all[1].Path != "/38" {
		t.Fatalf("%d, %+v, %v", len(all), all, err)
	}
	totals, err := Open(state).Totals()
	if err != nil || len(totals) != 2 {
		t.Fatalf("%v, %v", totals, err)
	}
	took, left := totals["key0"], totals["key1"]
	if took.TookFiles != 10 || took.TookBytes != 70 || took.Visits != 10 || took.LeftFiles != 0 || took.Failed != 0 || !took.First.Equal(noon.Add(-time.Second)) {
		t.Errorf("%+v", took)
	}
	if left.LeftFiles != 10 || left.LeftBytes != 70 || left.Failed != 1 || !left.Last.Equal(noon.Add(39*time.Minute)) || left.Address != "192.0.2.39:5" {
		t.Errorf("%+v", left)
	}
}

// Lines and files of no use keep nobody from the others.
func TestBadLines(t *testing.T) {
	state := t.TempDir()
	text := "{\"what\":\n\nnull\n[]\n{}\n" + `{"what":"took","path":"=!","key":"a"}` + "\n" + `{"what":"took","path":"/a","key":"a","result":"done"}`
	if err := os.WriteFile(filepath.Join(state, "guests.jsonl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(state, "guests-totals.json"), []byte("[null, 5"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := Open(state)
	if err := b.Add(entry(1, "left", "a")); err != nil {
		t.Fatal(err)
	}
	all, err := b.Entries()
	if err != nil || len(all) != 2 || all[0].What != "left" || all[1].Path != "/a" {
		t.Errorf("%+v, %v", all, err)
	}
	if totals, err := b.Totals(); err != nil || totals["a"] == nil {
		t.Errorf("%v, %v", totals, err)
	}
}

func TestName(t *testing.T) {
	for _, n := range []Name{"", "/a", "/ü\n", "/\xff\xfe", "/=a"} {
		b, err := json.Marshal(n)
		var back Name
		if err == nil {
			err = json.Unmarshal(b, &back)
		}
		if err != nil || back != n {
			t.Errorf("%q: %s, %q, %v", n, b, back, err)
		}
	}
}

// Who is there is told while the process lives; what one has left that was killed is
// removed.
func TestDesk(t *testing.T) {
	state := t.TempDir()
	if now, err := Now(state); err != nil || len(now) > 0 {
		t.Errorf("%v, %v", now, err)
	}
	open := func(tree string) *Desk {
		t.Helper()
		d, err := OpenDesk(state, func() Serving { return Serving{Tree: tree, Since: noon, Guests: []Guest{{Key: "k", Leaving: 1}}} })
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	first, second := open("/a"), open("/b")
	if err := os.WriteFile(filepath.Join(deskDir(state), "99-1.json"), []byte(`{"process":99,"tree":"/dead"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	now, err := Now(state)
	if err != nil || len(now) != 2 || now[0].Tree != "/a" || now[1].Tree != "/b" || now[0].Process != os.Getpid() || now[0].Guests[0].Leaving != 1 {
		t.Errorf("%+v, %v", now, err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(deskDir(state))
	if err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}
