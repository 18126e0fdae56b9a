package session

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	older = time.Date(2020, 1, 2, 3, 4, 5, 600700800, time.UTC)
	newer = time.Date(2021, 1, 2, 3, 4, 5, 600700801, time.UTC)
)

// put makes a file with a time.
func put(t *testing.T, name, content string, modified time.Time) {
	t.Helper()
	write(t, name, content)
	must(t, os.Chtimes(name, modified, modified))
}

// holds expects the file name to have a content.
func holds(t *testing.T, name, content string) {
	t.Helper()
	if got, err := os.ReadFile(name); err != nil || string(got) != content {
		t.Errorf("%s: %q, %v; want %q", name, got, err, content)
	}
}

// Each way to decide a conflict, in both directions, with the decision made by
// rule and by somebody who is asked.
func TestConflicts(t *testing.T) {
	for _, c := range []struct {
		name        string
		rule        Conflict
		source, old time.Time
		result      Result
		content     string // under the name, afterwards
		renamed     string // the name of another file with the new content
	}{
		{"fail", Fail, newer, older, Failed, "old", ""},
		{"skip", Skip, newer, older, Skipped, "old", ""},
		{"overwrite", Overwrite, older, newer, Copied, "new content", ""},
		{"rename", Rename, newer, older, Copied, "old", "file (1).txt"},
		{"newer is", Newer, newer, older, Copied, "new content", ""},
		{"newer is not", Newer, older, newer, Skipped, "old", ""},
		{"newer is as old", Newer, older, older, Skipped, "old", ""},
	} {
		for way, job := range jobs {
			for _, asked := range []bool{false, true} {
				t.Run(c.name+" "+way, func(t *testing.T) {
					b := newBed(t, ServerConfig{})
					j, from, to := job(b, "file.txt")
					put(t, from, "new content", c.source)
					put(t, to, "old", c.old)
					var got []Item
					j.Observe = func(it Item) { got = append(got, it) }
					j.Options.OnConflict = c.rule
					if asked {
						j.Options.OnConflict = Ask
					}
					id, err := b.engine.Submit(j)
					must(t, err)
					if asked {
						q := b.question(t, id)
						if q.Source.Size != 11 || q.Existing.Size != 3 || !q.Existing.Modified.Equal(c.old) || q.Path.Base() != "file.txt" {
							t.Errorf("asked %+v", q)
						}
						must(t, b.engine.Answer(id, q.ID, c.rule, false))
						wantKind(t, b.engine.Answer(id, q.ID, c.rule, false), NotFound)
					}
					tr, err := b.engine.Wait(t.Context(), id)
					if err != nil || tr.State != StateDone || len(got) != 1 || got[0].Result != c.result {
						t.Fatalf("%v %v: %v, %+v", err, tr.State, tr.Err, got)
					}
					holds(t, to, c.content)
					if c.renamed != "" {
						holds(t, filepath.Join(filepath.Dir(to), c.renamed), "new content")
						if got[0].Name.Base() != c.renamed {
							t.Errorf("its name is %v", got[0].Name)
						}
					}
				})
			}
		}
	}
}

// question waits for the first question of a transfer.
func (b *bed) question(t *testing.T, id TransferID) Question {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		for _, tr := range b.engine.Transfers() {
			if tr.ID == id && tr.Asking > 0 {
				return tr.Conflicts[0]
			}
		}
	}
	t.Fatal("nothing was asked")
	return Question{}
}

// One answer can be for all, also for what comes later.
func TestAnswerForAll(t *testing.T) {
	b := newBed(t, ServerConfig{})
	for _, name := range []string{"a", "b", "c", "d"} {
		put(t, filepath.Join(b.here, "tree", name), "new "+name, newer)
		put(t, filepath.Join(b.there, "tree", name), "old", older)
	}
	id, err := b.engine.Submit(Job{From: Here, To: b.peer, Sources: []Path{b.path("tree")}, Into: true, Options: DefaultOptions()})
	must(t, err)
	q := b.question(t, id)
	wantKind(t, b.engine.Answer(id, q.ID, Ask, true), Invalid)
	must(t, b.engine.Answer(id, q.ID, Overwrite, true))
	if tr, err := b.engine.Wait(t.Context(), id); err != nil || tr.State != StateDone || tr.Failures > 0 {
		t.Fatal(err, tr.State, tr.Err)
	}
	for _, name := range []string{"a", "b", "c", "d"} {
		holds(t, filepath.Join(b.there, "tree", name), "new "+name)
	}
}

// Renaming takes the first number that is free, before the extension.
func TestRenameCounts(t *testing.T) {
	b := newBed(t, ServerConfig{})
	for name, want := range map[string]string{"x.tar.gz": "x.tar (2).gz", ".profile": ".profile (1)", "plain": "plain (1)"} {
		put(t, filepath.Join(b.here, name), "new content", newer)
		put(t, filepath.Join(b.there, name), "old", older)
		if name == "x.tar.gz" {
			put(t, filepath.Join(b.there, "x.tar (1).gz"), "old, too", older)
		}
		j, _, _ := jobs["upload"](b, name)
		j.Options.OnConflict = Rename
		b.run(j)
		holds(t, filepath.Join(b.there, want), "new content")
	}
}

// What is the same is not sent: by size and time, or by content where the time
// differs or Checksum says so.
func TestUnchanged(t *testing.T) {
	for _, c := range []struct {
		name, old string
		time      time.Time
		checksum  bool
		want      Result
	}{
		{"same", "content", older, false, Unchanged},
		{"another time", "content", newer, false, Unchanged},
		{"same, compared", "content", older, true, Unchanged},
		{"other bytes, same time", "CONTENT", older, false, Unchanged}, // the promise is rsync's
		{"other bytes, same time, compared", "CONTENT", older, true, Failed},
		{"other bytes", "CONTENT", newer, false, Failed},
	} {
		for way, job := range jobs {
			t.Run(c.name+" "+way, func(t *testing.T) {
				b := newBed(t, ServerConfig{})
				j, from, to := job(b, "file")
				put(t, from, "content", older)
				put(t, to, c.old, c.time)
				j.Options.OnConflict, j.Options.Checksum = Fail, c.checksum
				var got Item
				j.Observe = func(it Item) { got = it }
				tr := b.run(j)
				if got.Result != c.want || tr.Sent != 0 {
					t.Errorf("%v, %v; %d bytes sent", got.Result, got.Err, tr.Sent)
				}
				holds(t, to, c.old)
			})
		}
	}
}

// A directory in the way of a file, and a file in that of a directory, stay.
func TestInTheWay(t *testing.T) {
	for way, job := range jobs {
		t.Run(way, func(t *testing.T) {
			b := newBed(t, ServerConfig{})
			j, from, to := job(b, "tree")
			put(t, filepath.Join(from, "a"), "file", older)
			put(t, filepath.Join(from, "b/c"), "below", older)
			put(t, filepath.Join(from, "d"), "fine", older)
			put(t, filepath.Join(to, "a/x"), "kept", older)
			put(t, filepath.Join(to, "b"), "kept", older)
			j.Options.OnConflict = Overwrite
			tr := b.run(j)
			if tr.State != StateDone || tr.Failures != 3 {
				t.Errorf("%v: %v %v", tr.State, tr.Err, tr.Failed)
			}
			holds(t, filepath.Join(to, "a/x"), "kept")
			holds(t, filepath.Join(to, "b"), "kept")
			holds(t, filepath.Join(to, "d"), "fine")
		})
	}
}

// A dry run tells what would happen, and changes nothing.
func TestDryRun(t *testing.T) {
	for way, job := range jobs {
		t.Run(way, func(t *testing.T) {
			b := newBed(t, ServerConfig{})
			j, from, to := job(b, "tree")
			put(t, filepath.Join(from, "a"), "new", newer)
			put(t, filepath.Join(from, "b/c/d"), "below", newer)
			must(t, os.Symlink("a", filepath.Join(from, "l")))
			put(t, filepath.Join(filepath.Dir(to), "d"), "not in the way", older)
			j.Options.DryRun, j.Options.OnConflict = true, Fail
			got := map[string]Result{}
			j.Observe = func(it Item) {
				got[it.Path.Base()] = it.Result
				if it.Path.Base() == "d" && !strings.HasSuffix(it.Name.Raw(), "tree/b/c/d") {
					t.Errorf("d would become %v", it.Name)
				}
			}
			tr := b.run(j)
			if tr.State != StateDone || tr.FilesDone != 3 || got["a"] != Copied || got["d"] != Copied || got["l"] != Copied || tr.Sent > 0 {
				t.Errorf("%v: %v %v; %v", tr.State, tr.Err, tr.Failed, got)
			}
			if _, err := os.Lstat(to); err == nil {
				t.Error("it made something")
			}
		})
	}
}
