package cli

import (
	"encoding/hex"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"os"

	"golang.org/x/term"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// A laneAt is a lane of the link to a place.
type laneAt struct {
	place session.PlaceID
	transport.LaneStats
	choice transport.LaneChoice // of its link
}

// A reporter tells what becomes of a copy, to a person or as events. Items come
// from the engine, the rest from the loop that watches it.
type reporter struct {
	*cpOptions
	doing string // what is done to an item
	start time.Time

	mu       sync.Mutex
	planned  bool
	unknown  int            // jobs that were not submitted yet
	held     []session.Item // until the plan was told
	drawn    bool           // there is a line of progress on the terminal
	choices  map[session.PlaceID]transport.LaneChoice
	corrects map[session.PlaceID]bool // whether errors were, when told last
	straight transport.Path           // as it was told last
	told     time.Time                // when progress was told last
	before   map[[2]int]uint64
	done     doneEvent
	first    error // of the failures
	failed   int
	exists   bool // one of them is a conflict
	sources  map[session.Path]bool
}

// Until the plan is known the engine is asked often, so that it is the first
// to be told; then as often as the contract allows.
const (
	planInterval     = 20 * time.Millisecond
	progressInterval = 250 * time.Millisecond
	maxHeld          = 4096
)

func newReporter(o *cpOptions, doing string) *reporter {
	return &reporter{cpOptions: o, doing: doing, start: time.Now(), before: map[[2]int]uint64{}, choices: map[session.PlaceID]transport.LaneChoice{}, corrects: map[session.PlaceID]bool{}, sources: map[session.Path]bool{}}
}

// named says that the user named path.
func (r *reporter) named(path session.Path) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sources[path] = true
}

func (r *reporter) interval() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.planned {
		return progressInterval
	}
	return planInterval
}

// item is session.Job.Observe.
func (r *reporter) item(it session.Item) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if it.Kind == session.Other && it.Result == session.Skipped && r.sources[it.Path] {
		it.Result = session.Failed // who names a device wants more of it than to pass it by
		it.Err = &session.Error{Kind: session.NotAFile, Side: session.Source, Path: it.Path, Err: errors.New("is no file, directory or link")}
	}
	r.count(it)
	if r.json && !r.planned && len(r.held) < maxHeld {
		r.held = append(r.held, it)
		return
	}
	r.tellItem(it)
}

func (r *reporter) count(it session.Item) {
	r.done.BytesSent += it.Sent
	r.done.BytesResumed += it.Reused
	switch {
	case it.Result == session.Failed:
		r.failed++
		r.done.Failed++
		r.exists = r.exists || session.KindOf(it.Err) == session.Exists
		if r.first == nil {
			r.first = it.Err
		}
	case it.Kind == session.Directory:
	case it.Result == session.Skipped:
		r.done.Skipped++
	default:
		r.done.Files++
		r.done.Bytes += it.Size
	}
}

// verdict returns the error that ends a copy of n sources. It failed as a whole
// where each source did; a conflict is an answer, not a failure.
func (r *reporter) verdict(n int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == 0 {
		return nil
	}
	return &partlyError{all: r.failed == n && !r.exists && r.done.Files == 0 && r.done.Skipped == 0, first: r.first}
}

func (r *reporter) tellItem(it session.Item) {
	switch {
	case r.json:
		if it.Kind != session.Directory || it.Result == session.Failed {
			r.event(newFileEvent(it))
		}
	case it.Result == session.Failed:
		r.erase()
		r.tell(&problem{what: r.doing, where: it.Path.String(), err: it.Err})
	case r.verbose && it.Kind != session.Directory:
		r.erase()
		fmt.Fprintf(r.stderr, "%-9s %s\n", it.Result, it.Path)
	}
}

// expect says how many jobs are not submitted yet.
func (r *reporter) expect(jobs int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unknown = jobs
}

// progress tells how far the transfers are.
func (r *reporter) progress(all []session.Transfer, lanes []laneAt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.plan(all, false)
	r.tellLanes(lanes)
	r.tellStraight(all)
	if !r.planned || time.Since(r.told) < progressInterval-10*time.Millisecond {
		return
	}
	switch {
	case r.json:
		r.event(r.newProgressEvent(all, lanes))
		r.flush()
	case r.draws && !r.quiet:
		r.erase()
		fmt.Fprint(r.stderr, fit(progressLine(all), r.width()))
		r.drawn = true
	case r.cpOptions.progress && time.Since(r.told) > time.Second:
		fmt.Fprintln(r.stderr, progressLine(all))
	default:
		return
	}
	r.told = time.Now()
}

// plan tells what there is to do, once it is counted.
func (r *reporter) plan(all []session.Transfer, atEnd bool) {
	if r.planned || r.unknown > 0 && !atEnd {
		return
	}
	p := planEvent{Event: "plan"}
	for _, t := range all {
		if !t.Counted && !atEnd {
			return
		}
		p.Files, p.Dirs, p.Bytes = p.Files+t.Files, p.Dirs+t.Dirs, p.Bytes+t.Bytes
	}
	r.planned = true
	if r.json {
		r.event(p)
	}
	for _, it := range r.held {
		r.tellItem(it)
	}
	r.held = nil
}

// finish tells how it ended; the totals are for a whole copy, since the error
// that ends another says more.
func (r *reporter) finish(all []session.Transfer, lanes []laneAt, whole bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.erase()
	r.plan(all, true)
	r.tellLanes(lanes)
	took := time.Since(r.start)
	if r.json {
		r.event(r.newProgressEvent(all, lanes))
		if whole {
			r.done.Event, r.done.Seconds, r.done.Straight = "done", took.Seconds(), straightOf(all)
			for _, t := range all {
				r.done.BytesWire += t.Wire
			}
			r.event(r.done)
		}
		return
	}
	if !whole {
		return
	}
	did := ""
	if r.dryRun {
		did = "would copy "
	}
	line := fmt.Sprintf("%s%s, %s in %s", did, count(r.done.Files, "file"), size(r.done.Bytes), seconds(took))
	switch {
	case r.dryRun || r.done.BytesSent == 0:
	case r.done.BytesSent+r.done.BytesResumed < r.done.Bytes: // the rest was there; a rate would be of neither
		line += fmt.Sprintf(", %s of it sent", size(r.done.BytesSent))
	default:
		line += fmt.Sprintf(" (%s/s)", size(int64(float64(r.done.BytesSent)/took.Seconds())))
	}
	if way := straightOf(all); way != "" && r.done.BytesSent > 0 {
		line += ", " + straightText(way)
	}
	if r.done.BytesResumed > 0 {
		line += fmt.Sprintf(", %s resumed", size(r.done.BytesResumed))
	}
	if r.done.Skipped > 0 {
		line += fmt.Sprintf(", %d skipped", r.done.Skipped)
	}
	if r.done.Failed > 0 {
		line += fmt.Sprintf(", %d failed", r.done.Failed)
	}
	r.say("%s", line)
}

// clear takes the line of progress away, for something else to be said.
func (r *reporter) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.erase()
}

// aside has something else said between what the reporter says.
func (r *reporter) aside(say func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.erase()
	say()
	r.flush() // what fails is found at the end
}

func (r *reporter) erase() {
	if r.drawn {
		fmt.Fprint(r.stderr, "\r\x1b[K")
		r.drawn = false
	}
}

func (r *reporter) width() int {
	if f, ok := r.stderr.(*os.File); ok {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			return w
		}
	}
	return 80
}

// progressLine describes transfers in one line.
func progressLine(all []session.Transfer) string {
	t := total(all)
	if t.State == session.StateRetrying {
		return fmt.Sprintf("%s, trying again: %s", size(t.Verified), reason(t.Err))
	}
	percent := int64(100)
	if t.Bytes > 0 {
		percent = t.Verified * 100 / t.Bytes
	}
	line := fmt.Sprintf("%3d %%  %s of %s  %s/s", percent, size(t.Verified), size(t.Bytes), size(int64(t.Rate)))
	if t.ETA >= 0 && t.Rate > 0 {
		line += "  " + seconds(t.ETA) + " left"
	}
	line += fmt.Sprintf("  %d/%d", t.FilesDone, t.Files)
	if len(t.Active) > 0 {
		line += "  " + session.Display(t.Active[0].Path.Base())
	}
	return line
}

// total adds transfers up.
func total(all []session.Transfer) session.Transfer {
	var sum session.Transfer
	known := true
	for _, t := range all {
		sum.Files += t.Files
		sum.FilesDone += t.FilesDone
		sum.Bytes += t.Bytes
		sum.Verified += t.Verified
		sum.Rate += t.Rate
		sum.Active = append(sum.Active, t.Active...)
		sum.Streams = append(sum.Streams, t.Streams...)
		if t.State == session.StateRetrying {
			sum.State, sum.Err = t.State, t.Err
		}
		if !t.State.Over() {
			known = known && t.ETA >= 0
			sum.ETA = max(sum.ETA, t.ETA)
		}
	}
	if !known {
		sum.ETA = -1
	}
	return sum
}

// fit cuts s to width columns. Letters beyond ASCII may take two.
func fit(s string, width int) string {
	used := 0
	for i, c := range s {
		if used++; c >= utf8.RuneSelf {
			used++
		}
		if used >= width {
			return strings.TrimRight(s[:i], " ")
		}
	}
	return s
}

type planEvent struct {
	Event string `json:"event"`
	Files int64  `json:"files"`
	Dirs  int64  `json:"dirs"`
	Bytes int64  `json:"bytes"`
}

type fileEvent struct {
	Event      string         `json:"event"`
	Path       string         `json:"path"`
	PathBase64 string         `json:"path_base64,omitempty"`
	Result     session.Result `json:"result"`
	BytesSent  int64          `json:"bytes_sent"`
	Algorithm  string         `json:"algorithm,omitempty"`
	Digest     string         `json:"digest,omitempty"`
	Kind       session.Kind   `json:"kind,omitempty"`
	Side       session.Side   `json:"side,omitempty"`
	Error      string         `json:"error,omitempty"`
}

func newFileEvent(it session.Item) fileEvent {
	raw := "/" + it.Path.Raw()
	ev := fileEvent{Event: "file", Path: textOf(raw), PathBase64: bytesOf(raw), Result: it.Result, BytesSent: it.Sent}
	if len(it.Digest) > 0 {
		ev.Algorithm, ev.Digest = string(session.BLAKE3), hex.EncodeToString(it.Digest)
	}
	if it.Err != nil {
		e := newErrorEvent(it.Err)
		ev.Kind, ev.Side, ev.Error = e.Kind, e.Side, reason(it.Err)
	}
	return ev
}

type doneEvent struct {
	Event        string  `json:"event"`
	Files        int64   `json:"files"`
	Bytes        int64   `json:"bytes"`
	BytesSent    int64   `json:"bytes_sent"`
	BytesWire    int64   `json:"bytes_wire"` // on data streams: compressed, with headers
	BytesResumed int64   `json:"bytes_resumed"`
	Skipped      int64   `json:"skipped"`
	Failed       int64   `json:"failed"`
	Seconds      float64 `json:"seconds"`

	Straight transport.Path `json:"straight,omitempty"` // as in a progressEvent, at the end
}

type progressEvent struct {
	Event     string        `json:"event"`
	Bytes     int64         `json:"bytes"`
	Total     int64         `json:"total"`
	Rate      int64         `json:"rate"`
	ETA       *int64        `json:"eta_s,omitempty"` // left out while it is not known
	FilesDone int64         `json:"files_done"`
	Lanes     []laneEvent   `json:"lanes"`
	LanesWant int           `json:"lanes_wanted,omitempty"` // how many there shall be, and why
	LanesWhy  string        `json:"lanes_why,omitempty"`
	Streams   []streamEvent `json:"streams"`

	// The path by which data went last from peer to peer without passing here, by lanes
	// with numbers from 257 on; left out where it passes here.
	Straight transport.Path `json:"straight,omitempty"`
}

type laneEvent struct {
	ID   int            `json:"id"`
	Path transport.Path `json:"path"`
	Rate int64          `json:"rate"`
	RTT  float64        `json:"rtt_ms"`
	FEC  *fecEvent      `json:"fec,omitempty"` // left out while nothing is or was corrected
}

type fecEvent struct {
	Data      int     `json:"data"` // packets of a block; 0: off
	Parity    int     `json:"parity"`
	Loss      float64 `json:"loss"` // share of packets
	Recovered uint64  `json:"recovered"`
}

func newFECEvent(f transport.FEC) *fecEvent {
	if f == (transport.FEC{}) {
		return nil
	}
	return &fecEvent{f.Data, f.Parity, f.Loss, f.Recovered}
}

type streamEvent struct {
	ID         int    `json:"id"`
	Lane       int    `json:"lane"`
	File       string `json:"file"`
	FileBase64 string `json:"file_base64,omitempty"`
	Bytes      int64  `json:"bytes"`
	Total      int64  `json:"total"`
	Rate       int64  `json:"rate"`
}

func (r *reporter) newProgressEvent(all []session.Transfer, lanes []laneAt) progressEvent {
	t := total(all)
	ev := progressEvent{
		Event: "progress", Bytes: t.Verified, Total: t.Bytes, Rate: int64(t.Rate), FilesDone: t.FilesDone,
		Lanes: []laneEvent{}, Streams: []streamEvent{}, Straight: straightOf(all),
	}
	if t.ETA >= 0 {
		s := int64(t.ETA.Round(time.Second) / time.Second)
		ev.ETA = &s
	}
	since := time.Since(r.told).Seconds()
	for _, l := range lanes {
		key, now := [2]int{int(l.place), l.ID}, l.Sent+l.Received
		rate := 0.0
		if before, ok := r.before[key]; ok && since > 0 && now >= before { // else it is another lane by now
			rate = float64(now-before) / since
		}
		r.before[key] = now
		ev.LanesWant, ev.LanesWhy = l.choice.Lanes, l.choice.Why
		ev.Lanes = append(ev.Lanes, laneEvent{ID: l.ID, Path: l.LaneStats.Path, Rate: int64(rate), RTT: milliseconds(l.RTT), FEC: newFECEvent(l.FEC)})
	}
	for _, s := range t.Streams {
		raw := "/" + s.File.Raw()
		ev.Streams = append(ev.Streams, streamEvent{s.ID, s.Lane, textOf(raw), bytesOf(raw), s.Bytes, s.Total, int64(s.Rate)})
	}
	sort.SliceStable(ev.Streams, func(i, j int) bool { return ev.Streams[i].ID < ev.Streams[j].ID })
	return ev
}
