package control

import (
	"bytes"
	"errors"
	"testing"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/session"
)

// FuzzTaken hands whatever bytes to all that reads what an engine tells, and
// what it is asked: what is taken can be told again and comes back the same.
func FuzzTaken(f *testing.F) {
	full := &session.Transfer{
		ID: -3, Job: session.Job{Sources: make([]session.Path, 3), Options: session.DefaultOptions(), Priority: 5}, State: session.StateRunning,
		Err: &session.Error{Kind: session.NoSpace, Side: session.Destination, Err: errors.New("full")}, ETA: -1,
		Streams: make([]session.StreamProgress, 2), Active: make([]session.FileProgress, 2), Conflicts: make([]session.Question, 2), Asking: 2,
		Failed: []session.Item{{Result: session.Failed, Err: session.NotFound}}, Rule: &session.Rule{When: session.SourceNewer},
	}
	for _, m := range []*wire.QueueTell{
		{Tell: &wire.QueueTell_Row{Row: putRow(full)}},
		{Tell: &wire.QueueTell_Item{Item: putItem(session.Item{Result: session.Copied, Digest: make([]byte, 32)})}},
		{Tell: &wire.QueueTell_Place{Place: putPlace(session.Place{ID: 4, Name: "x", Err: session.Auth})}},
		{Tell: &wire.QueueTell_Page{Page: putPage(&session.Page{Total: 9, Counts: [3]int{1, 2, 3}})}},
		{Tell: &wire.QueueTell_Line{Line: putLine(session.LogLine{Number: 1, Job: "j"})}},
	} {
		b, err := wire.Append(nil, m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[2:])
		f.Add(b[1:])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m := new(wire.QueueTell)
		if wire.Unmarshal(b, m) != nil {
			return
		}
		if t1, err := takeRow(m.GetRow()); err == nil && m.GetRow() != nil {
			t2, err := takeRow(putRow(&t1))
			if err != nil || t1.State != t2.State || len(t1.Job.Sources) != len(t2.Job.Sources) || t1.Verified != t2.Verified || t1.ETA != t2.ETA || !t1.Queued.Equal(t2.Queued) {
				t.Errorf("%+v\ncomes back as %+v, %v", t1, t2, err)
			}
		}
		if it, err := takeItem(m.GetItem()); err == nil {
			if again, err := takeItem(putItem(it)); err != nil || again.Path != it.Path || again.Result != it.Result || again.Size != it.Size || !bytes.Equal(again.Digest, it.Digest) {
				t.Errorf("%+v\ncomes back as %+v, %v", it, again, err)
			}
		}
		if p, err := takePlace(m.GetPlace()); err == nil {
			if again, err := takePlace(putPlace(p)); err != nil || again.ID != p.ID || again.State != p.State || len(again.Lanes) != len(p.Lanes) {
				t.Errorf("%+v\ncomes back as %+v, %v", p, again, err)
			}
		}
		if p, err := takePage(m.GetPage()); err == nil {
			if again, err := takePage(putPage(&p)); err != nil || again.Total != p.Total || again.Counts != p.Counts || again.ETA != p.ETA {
				t.Errorf("%+v\ncomes back as %+v, %v", p, again, err)
			}
		}
		if l, err := takeLine(m.GetLine()); err == nil {
			if again, err := takeLine(putLine(l)); err != nil || again.Number != l.Number || again.State != l.State {
				t.Errorf("%+v\ncomes back as %+v, %v", l, again, err)
			}
		}
		_ = takeError(m.GetError())
	})
}
