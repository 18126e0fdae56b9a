package cli

import (
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/bargee/bargee/session"
)

// A syncReport tells what becomes of a sync, to a person or as events. Items come
// from the engine, progress from the loop that watches it.
type syncReport struct {
	*syncer
	copy  *reporter // draws the line of progress
	start time.Time
	again bool // it is not the first of a --watch

	mu     sync.Mutex
	copies []session.TransferID
	first  error // of the failures
	told   int   // lines
}

func newSyncReport(s *syncer) *syncReport {
	return &syncReport{syncer: s, copy: newReporter(&s.cpOptions, "copy"), start: time.Now()}
}

// watch runs a sync and tells of its progress.
func (r *syncReport) watch(run func(session.SyncJob) (session.SyncResult, error), j session.SyncJob) (res session.SyncResult, err error) {
	j.Observe, j.Planned = r.item, r.plan
	j.Copies = func(id session.TransferID) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.copies = append(r.copies, id)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		res, err = run(j)
	}()
	tick := time.NewTicker(syncInterval)
	defer tick.Stop()
	for {
		select {
		case <-over:
			return res, err
		case <-tick.C:
			if all := r.transfers(); len(all) > 0 {
				r.copy.progress(all, r.lanesOf())
			}
		}
	}
}

func (r *syncReport) transfers() (all []session.Transfer) {
	r.mu.Lock()
	ids := r.copies
	r.mu.Unlock()
	for _, id := range ids {
		if t, err := r.engine.Transfer(id); err == nil {
			all = append(all, t)
		}
	}
	return all
}

func (r *syncReport) lanesOf() (all []laneAt) {
	for _, p := range r.engine.Places() {
		for _, l := range p.Lanes {
			all = append(all, laneAt{p.ID, l, p.Choice})
		}
	}
	return all
}

type syncPlanEvent struct {
	Event  string `json:"event"`
	Files  int64  `json:"files"` // at the source
	Dirs   int64  `json:"dirs"`
	Bytes  int64  `json:"bytes"`
	Copy   int64  `json:"copy"` // files to be sent or compared
	CopyB  int64  `json:"copy_bytes"`
	Add    int64  `json:"add"`
	Remove int64  `json:"remove"`
	Move   int64  `json:"move"` // of both: renamed only
}

func (r *syncReport) plan(p session.SyncPlanned) {
	r.copy.aside(func() {
		r.copy.planned = true // it is told here
		if r.json {
			r.event(syncPlanEvent{"plan", p.Files, p.Dirs, p.Bytes, p.Copy, p.CopyBytes, p.Add, p.Remove, p.Move})
		}
	})
}

type changeEvent struct {
	Event      string `json:"event"`
	Change     string `json:"change"` // +, ~ or -
	Path       string `json:"path"`   // below SRC and DST
	PathBase64 string `json:"path_base64,omitempty"`
	Kind       string `json:"kind"`
	From       string `json:"from,omitempty"` // where it was at DST, if it was only renamed
	FromBase64 string `json:"from_base64,omitempty"`
}

// item is session.SyncJob.Observe.
func (r *syncReport) item(it session.SyncItem) {
	if it.Err != nil {
		r.mu.Lock()
		if r.first == nil {
			r.first = it.Err
		}
		r.mu.Unlock()
	}
	r.copy.clear()
	switch {
	case r.json:
		r.itemEvents(it)
	case it.Err != nil:
		r.tell(&problem{what: "sync", where: it.Path.String(), err: it.Err})
	default:
		r.line(it)
	}
}

func (r *syncReport) line(it session.SyncItem) {
	if r.quiet && !r.dryRun {
		return
	}
	name := session.Display(it.Path.Raw())
	if it.Kind == session.Directory {
		name += "/"
	}
	r.printf("%c %s\n", it.Change, name)
	if r.verbose && !it.From.IsRoot() {
		r.detail("renamed from %s", session.Display(it.From.Raw()))
	}
	if r.told++; r.told%64 == 0 || r.draws {
		r.flush() // what fails is found at the end
	}
}

func (r *syncReport) itemEvents(it session.SyncItem) {
	raw := "/" + it.Path.Raw()
	if it.Err == nil {
		ev := changeEvent{Event: "change", Change: string(rune(it.Change)), Path: textOf(raw), PathBase64: bytesOf(raw), Kind: it.Kind.String()}
		if !it.From.IsRoot() {
			from := "/" + it.From.Raw()
			ev.From, ev.FromBase64 = textOf(from), bytesOf(from)
		}
		r.event(ev)
	}
	if it.Err == nil && (it.Result == "" || it.Kind == session.Directory) {
		return
	}
	ev := fileEvent{Event: "file", Path: textOf(raw), PathBase64: bytesOf(raw), Result: it.Result, BytesSent: it.Sent}
	if len(it.Digest) > 0 {
		ev.Algorithm, ev.Digest = string(session.BLAKE3), hex.EncodeToString(it.Digest)
	}
	if it.Err != nil {
		e := newErrorEvent(it.Err)
		ev.Result, ev.Kind, ev.Side, ev.Error = session.Failed, e.Kind, e.Side, reason(it.Err)
	}
	r.event(ev)
}

type syncDoneEvent struct {
	doneEvent
	Added   int64 `json:"added"`
	Changed int64 `json:"changed"`
	Removed int64 `json:"removed"`
	Moved   int64 `json:"moved"`
	Kept    int64 `json:"kept"` // not removed, since something failed
	DryRun  bool  `json:"dry_run,omitempty"`
}

func (r *syncReport) clear() { r.copy.clear() }

// finish tells what a sync came to.
func (r *syncReport) finish(res session.SyncResult) {
	r.copy.clear()
	took := time.Since(r.start)
	if r.json {
		if all := r.transfers(); len(all) > 0 {
			r.event(r.copy.newProgressEvent(all, r.lanesOf()))
		}
		ev := syncDoneEvent{Added: res.Added, Changed: res.Changed, Removed: res.Removed, Moved: res.Moved, Kept: res.Kept, DryRun: r.dryRun}
		ev.doneEvent = doneEvent{
			Event: "done", Files: res.Files, Bytes: res.Bytes, BytesSent: res.Sent, BytesResumed: res.Reused,
			Skipped: res.Skipped, Failed: res.Failed, Seconds: took.Seconds(),
		}
		for _, t := range r.transfers() {
			ev.BytesWire += t.Wire
		}
		r.event(ev)
		return
	}
	if res.Kept > 0 {
		r.warn("%s not deleted, since something else failed", count(res.Kept, "thing"))
	}
	if r.again && res.Added+res.Changed+res.Removed+res.Failed == 0 {
		return
	}
	r.say("%s", syncLine(res, r.dryRun, took))
}

func syncLine(res session.SyncResult, dry bool, took time.Duration) string {
	if res.Added+res.Changed+res.Removed+res.Failed == 0 {
		return fmt.Sprintf("nothing to do: %s, %s compared in %s", count(res.Files, "file"), size(res.Bytes), seconds(took))
	}
	line := ""
	if dry {
		line = "would be: "
	}
	line += fmt.Sprintf("%d added, %d changed, %d deleted", res.Added, res.Changed, res.Removed)
	if res.Moved > 0 {
		line += fmt.Sprintf(" (%d of them renamed)", res.Moved)
	}
	if !dry {
		line += fmt.Sprintf(", %s sent in %s", size(res.Sent), seconds(took))
	}
	if res.Reused > 0 {
		line += fmt.Sprintf(", %s resumed", size(res.Reused))
	}
	if res.Skipped > 0 {
		line += fmt.Sprintf(", %d skipped", res.Skipped)
	}
	if res.Failed > 0 {
		line += fmt.Sprintf(", %d failed", res.Failed)
	}
	return line
}
