package tui

import (
	"context"
	"errors"
	"fmt"

	"time"

	"github.com/bargee/bargee/session"
)

func init() {
	type scene = struct {
		name string
		opts func(*fakeEngine, *Options)
		play func(*driver)
	}
	scenes = append(scenes,
		scene{name: "queue", play: func(d *driver) { full(d); d.press("3") }},
		scene{name: "queue-ascii", opts: func(_ *fakeEngine, o *Options) { o.ASCII = true }, play: func(d *driver) { full(d); d.press("3") }},
		scene{name: "queue-failed", play: func(d *driver) { full(d); d.press("3", "l") }},
		scene{name: "queue-history", play: func(d *driver) {
			full(d)
			d.press("3", "/")
			d.write("*.mkv today")
			d.press("enter")
		}},
		scene{name: "queue-log", play: func(d *driver) { full(d); d.press("3", "l", "l", "l") }},
		scene{name: "queue-details", play: func(d *driver) { full(d); d.press("3", "l", "enter") }},
		scene{name: "queue-conflicts", play: func(d *driver) { full(d); d.press("3", "enter") }},
		scene{name: "queue-rules", play: func(d *driver) { full(d); d.press("3", "A") }},
		scene{name: "queue-path", play: func(d *driver) { full(d); d.press("3", "i") }},
		scene{name: "quit", opts: func(_ *fakeEngine, o *Options) {
			o.Background = func(ctx context.Context) error { return nil }
		}, play: func(d *driver) { full(d); d.press("q") }},
	)
}

// full fills the queue with transfers in all states, after a minute of work.
func full(d *driver) {
	d.t.Helper()
	e := d.engine
	begun := testNow.Add(-3 * time.Minute)
	job := func(name string) session.Job {
		return session.Job{
			Sources: []session.Path{path(d.t, "home/Films/"+name)}, To: 1, Destination: path(d.t, "pool/films"),
			Priority: session.DefaultPriority,
		}
	}
	add := func(name string, change func(*session.Transfer)) {
		t := session.Transfer{ID: session.TransferID(len(e.transfers) + 1), Job: job(name), Queued: begun, ETA: -1, Files: 1, Counted: true}
		change(&t)
		e.transfers = append(e.transfers, t)
	}
	const g, m = 1 << 30, 1 << 20
	running := func(t *session.Transfer, size, done int64, rate float64, streams int) {
		t.State, t.Started, t.Bytes, t.Verified, t.Sent, t.Wire = session.StateRunning, begun, size, done, done, done
		t.Rate, t.ETA = rate, time.Duration(float64(size-done)/rate*1e9)
		f := session.FileProgress{Path: t.Job.Sources[0], Size: size, Verified: done}
		f.Name, _ = t.Job.Destination.Join(t.Job.Sources[0].Base())
		for s := range streams {
			t.Streams = append(t.Streams, session.StreamProgress{
				ID: s + 1, Lane: s%2 + 1, File: t.Job.Sources[0], Total: size,
				Bytes: done / int64(streams) * int64(10+(s*3)%7-3) / 10, Rate: rate / float64(streams),
			})
			f.Streams = append(f.Streams, s+1)
		}
		t.Active = append(t.Active, f)
	}
	add("Arrival.2016.2160p.mkv", func(t *session.Transfer) { running(t, 412*g/10, 251*g/10, 74e6, 4); t.Reused = 12 * g })
	add("library.sqlite", func(t *session.Transfer) {
		t.State, t.Started, t.Files, t.FilesDone, t.Bytes, t.Verified = session.StateRunning, begun, 10_412, 412, 14*g/10, g
		t.Asking = 10_000
		for i := range 100 {
			q := session.Question{
				ID: i + 1, Path: t.Job.Sources[0], First: -1,
				Source:   session.Entry{Name: "x", Size: 1500 * m / int64(i+1), Mode: 0o644, Modified: testNow.Add(-time.Hour)},
				Existing: session.Entry{Name: "x", Size: 1400 * m / int64(i+1), Mode: 0o644, Modified: testNow.Add(-30 * time.Hour)},
			}
			q.Name = path(d.t, fmt.Sprintf("pool/films/library/part %03d.sqlite", i))
			switch i % 4 {
			case 0:
				q.Verdict, q.First = session.VerdictDiffers, 12<<20
			case 1:
				q.Verdict = session.VerdictComparing
			case 2:
				q.Verdict, q.Existing.Modified = session.VerdictBegins, testNow
			}
			t.Conflicts = append(t.Conflicts, q)
		}
	})
	add("Series", func(t *session.Transfer) {
		t.State, t.Started, t.Files, t.FilesDone, t.Dirs = session.StateRunning, begun, 1204, 80, 12
		t.Bytes, t.Verified, t.Counted, t.Rate = 312*g, 4*g, false, 31e6
	})
	add("posters.tar.zst", func(t *session.Transfer) { t.Bytes = 812 * m })
	add("subtitles.zip", func(t *session.Transfer) { t.Job.Priority, t.Bytes = 2, 61*m; t.Job.Options.Limit = 500e3 })
	add("東京物語.1953.mkv", func(t *session.Transfer) {
		t.State, t.Started, t.Bytes, t.Verified = session.StatePaused, begun, 228*g/10, 27*g/10
	})
	d.look()
	for range 70 {
		e.transfers[0].Verified += 1 << 20
		e.transfers[2].Verified += 1 << 20
		d.wait(time.Second)
	}
	add("README.md", func(t *session.Transfer) {
		t.State, t.Finished, t.Files, t.Failures = session.StateDone, testNow.Add(9*time.Second), 40, 5
		for i, err := range []error{session.Permission, session.NoSpace, session.Changed, session.BadName, session.Integrity} {
			t.Failed = append(t.Failed, session.Item{
				Path: path(d.t, fmt.Sprintf("home/Films/docs/file %d.md", i)),
				Err:  &session.Error{Kind: session.KindOf(err), Side: session.Destination, Err: errors.New("as it is")},
			})
		}
	})
	add("Solaris.1972.mkv", func(t *session.Transfer) {
		t.State, t.Started, t.Finished, t.Bytes, t.Verified = session.StateDone, begun, begun.Add(151*time.Second), 19*g, 19*g
	})
	d.look()
	d.look()
}
