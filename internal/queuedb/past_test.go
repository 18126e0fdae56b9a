package queuedb

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/bargee/bargee/session"
)

// What was noted beside the queue is in its history from the next time on, once, behind
// what it has; lines that make no sense are not.
func TestNotes(t *testing.T) {
	dir := t.TempDir()
	s := opened(t, dir)
	must(t, s.Write([]session.Record{over(7, 1, session.TabDone, session.StateDone)}, nil))
	shut(t, s)
	first, second := over(0, 0, session.TabDone, session.StateDone), over(0, 0, session.TabFailed, session.StateFailed)
	first.Names, first.From = []byte("films\x00\xff"), "nas:"
	for _, r := range []session.Record{first, second} {
		must(t, Note(dir, &r))
	}
	file := filepath.Join(dir, "queue.past")
	notes, err := os.ReadFile(file)
	must(t, err)
	notes = append(notes, "{\"key\":1,\"state\":1}\nhalf a li"...)
	must(t, os.WriteFile(file, notes, 0o600))

	s = opened(t, dir)
	r, err := s.Restore()
	if err != nil || r.LastID != 9 || r.LastEnded != 3 || r.Counts != [3]int{0, 1, 2} {
		t.Errorf("%+v, %v", r, err)
	}
	all, err := s.History(session.HistoryQuery{Limit: 10})
	first.ID, first.Ended, first.Place = 8, 2, 0
	second.ID, second.Ended, second.Place = 9, 3, 0
	for _, r := range []*session.Record{&first, &second} {
		r.Finished = r.Finished.Local()
	}
	if err != nil || len(all) != 3 || !reflect.DeepEqual(all[0], second) || !reflect.DeepEqual(all[1], first) {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err := os.Lstat(file); !os.IsNotExist(err) {
		t.Errorf("the notes are still there: %v", err)
	}
	shut(t, s)

	// Who took them over was killed before they were removed, and one more came.
	must(t, os.WriteFile(file, notes, 0o600))
	must(t, Note(dir, &first))
	s = opened(t, dir)
	if r, err := s.Restore(); err != nil || r.LastID != 10 || r.LastEnded != 4 {
		t.Errorf("taken twice: %+v, %v", r, err)
	}
}
