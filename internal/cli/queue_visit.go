package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bargee/bargee/internal/control"
	"github.com/bargee/bargee/session"
)

// A queueVisit is a look at the queue that makes nothing run.
type queueVisit struct {
	*app
	*control.Visit
	host *session.Host
	at   map[session.PlaceID]string // what places are called
}

// visitQueue does f with the queue, and then tells what a person must know about
// that. what is the verb for messages.
func (a *app) visitQueue(ctx context.Context, what string, f func(*queueVisit) error) error {
	r, err := a.reach()
	if err != nil {
		return err
	}
	defer r.Close()
	about := func(err error) error {
		var p *problem
		var partly *partlyError
		if err == nil || errors.As(err, &p) || errors.As(err, &partly) {
			return err
		}
		return &problem{what: what, where: "the queue", err: err}
	}
	room, err := control.OpenRoom(r.home.state, "")
	if err != nil {
		return filed(err)
	}
	visit, err := control.NewVisit(ctx, control.QueueConfig{Room: room, Agent: agent(), Reach: r, Store: r.queueFile})
	if err != nil {
		if stop := interrupted(ctx, ""); stop != nil {
			return stop
		}
		return about(err)
	}
	v := &queueVisit{app: a, Visit: visit, host: session.NewHost(), at: map[session.PlaceID]string{}}
	v.tellNotices()
	return errors.Join(about(f(v)), about(visit.Close()))
}

// tellNotices tells what a person must know: that the database was damaged, above
// all.
func (v *queueVisit) tellNotices() {
	for _, n := range v.Notices() {
		text := session.Display(n.Text)
		if v.json {
			v.event(noticeEvent{"notice", n.At, text})
		}
		v.warn("%s", text)
	}
}

type noticeEvent struct {
	Event string    `json:"event"`
	At    time.Time `json:"at"`
	Text  string    `json:"text"`
}

// called is what a place is called, "" for this machine.
func (v *queueVisit) called(id session.PlaceID) string {
	if id == session.Here {
		return ""
	}
	if _, ok := v.at[id]; !ok {
		for _, p := range v.Places() {
			v.at[p.ID] = strings.TrimSuffix(p.Name, ":")
		}
	}
	if name, ok := v.at[id]; ok {
		return name
	}
	return "?"
}

// raw returns a path as it is called at its place.
func (v *queueVisit) raw(id session.PlaceID, p session.Path) string {
	if id == session.Here {
		return v.host.Name(p)
	}
	return "/" + p.Raw()
}

// shownAt returns a path at a place for people.
func (v *queueVisit) shownAt(id session.PlaceID, p session.Path) string {
	path := session.Display(v.raw(id, p))
	if id == session.Here {
		return path
	}
	return v.called(id) + ":" + path
}

// shownJob says in a few words what is copied where.
func (v *queueVisit) shownJob(j *session.Job) string {
	from := "nothing"
	if len(j.Sources) > 0 {
		from = v.shownAt(j.From, j.Sources[0])
	}
	if n := len(j.Sources) - 1; n > 0 {
		from += fmt.Sprintf(" and %d more", n)
	}
	return from + " -> " + v.shownAt(j.To, j.Destination)
}

// standing says how it stands with a transfer, in a word and what goes with it.
func (v *queueVisit) standing(t *session.Transfer) string {
	word := t.State.String()
	switch t.State {
	case session.StateRunning:
		if t.Bytes > 0 && t.Counted {
			word += fmt.Sprintf(" %d%%", 100*t.Verified/t.Bytes)
		}
		if t.Rate > 0 {
			word += " " + size(int64(t.Rate)) + "/s"
		}
		if t.ETA > 0 {
			word += " " + seconds(t.ETA)
		}
	case session.StateRetrying:
		word += " in " + seconds(max(time.Until(t.RetryAt), 0))
	}
	if t.Asking > 0 {
		word += ", " + count(int64(t.Asking), "question")
	}
	if t.State == session.StateDone && t.Failures > 0 {
		word += ", " + count(t.Failures, "failure")
	}
	return word
}

// whyOf returns why it stands with a transfer as it does.
func whyOf(t *session.Transfer) error {
	if t.Err == nil && len(t.Failed) > 0 {
		return t.Failed[0].Err
	}
	return t.Err
}

// A transferEvent is a transfer of the queue or the history, as it is now.
type transferEvent struct {
	Event    string             `json:"event"`
	ID       session.TransferID `json:"id"`
	State    string             `json:"state"`
	Position int                `json:"position,omitempty"` // in the queue, from 1
	Priority int                `json:"priority"`

	From         string   `json:"from,omitempty"` // a peer; absent: this machine
	To           string   `json:"to,omitempty"`
	Sources      []string `json:"sources"` // the first ones
	SourcesB64   []string `json:"sources_base64,omitempty"`
	SourceCount  int      `json:"source_count"`
	Destination  string   `json:"destination"`
	DestB64      string   `json:"destination_base64,omitempty"`
	Move         bool     `json:"move,omitempty"`
	Sync         bool     `json:"sync,omitempty"` // it is what a sync copied
	Files        int64    `json:"files"`
	Dirs         int64    `json:"dirs"`
	FilesDone    int64    `json:"files_done"`
	Bytes        int64    `json:"bytes"`
	Verified     int64    `json:"verified"`
	BytesSent    int64    `json:"bytes_sent"`
	BytesResumed int64    `json:"bytes_resumed"`
	Skipped      int64    `json:"skipped"`
	Failed       int64    `json:"failed"`
	Counted      bool     `json:"counted"`
	Rate         int64    `json:"rate,omitempty"`
	ETA          *float64 `json:"eta_s,omitempty"`
	Attempt      int      `json:"attempt,omitempty"`
	Asking       int      `json:"asking,omitempty"`
	Others       int      `json:"others,omitempty"` // peers that put something there, too

	Queued   time.Time `json:"queued,omitzero"`
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
	RetryAt  time.Time `json:"retry_at,omitzero"`

	Kind  session.Kind `json:"kind,omitempty"`
	Error string       `json:"error,omitempty"`
}

// maxEventSources is how many sources of a transfer an event names.
const maxEventSources = 64

func (v *queueVisit) transferEvent(t *session.Transfer) *transferEvent {
	j := &t.Job
	ev := &transferEvent{
		Event: "transfer", ID: t.ID, State: t.State.String(), Priority: j.Priority, From: v.called(j.From), To: v.called(j.To),
		Sources: []string{}, SourceCount: len(j.Sources), Move: j.Move, Sync: j.Sync,
		Files: t.Files, Dirs: t.Dirs, FilesDone: t.FilesDone, Bytes: t.Bytes, Verified: t.Verified, BytesSent: t.Sent, BytesResumed: t.Reused,
		Skipped: t.Skipped, Failed: t.Failures, Counted: t.Counted, Rate: int64(t.Rate), Attempt: t.Attempt, Asking: t.Asking, Others: t.Others,
		Queued: t.Queued.UTC(), Started: t.Started.UTC(), Finished: t.Finished.UTC(),
	}
	dst := v.raw(j.To, j.Destination)
	ev.Destination, ev.DestB64 = textOf(dst), bytesOf(dst)
	odd := false
	for _, p := range j.Sources[:min(len(j.Sources), maxEventSources)] {
		name := v.raw(j.From, p)
		odd = odd || bytesOf(name) != ""
		ev.Sources, ev.SourcesB64 = append(ev.Sources, textOf(name)), append(ev.SourcesB64, bytesOf(name))
	}
	if !odd {
		ev.SourcesB64 = nil
	}
	if t.ETA >= 0 && t.State == session.StateRunning {
		s := t.ETA.Seconds()
		ev.ETA = &s
	}
	if t.State == session.StateRetrying {
		ev.RetryAt = t.RetryAt.UTC()
	}
	if err := whyOf(t); err != nil {
		ev.Kind, ev.Error = kindOf(err), reason(err)
	}
	return ev
}
