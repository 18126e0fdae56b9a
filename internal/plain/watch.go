package plain

import (
	"fmt"
	"time"

	"github.com/bargee/bargee/session"
)

var tabs = []session.Tab{session.TabActive, session.TabFailed, session.TabDone}

// most is how many rows of a tab are looked at: the rest has its turn.
const most = 200

// told is what was said of a transfer.
type told struct {
	state  session.TransferState
	tenth  int // of the bytes
	at     time.Time
	asked  map[int]bool // questions
	failed int          // items
}

// quiet is the longest time without a line about a transfer that runs.
const quiet = 30 * time.Second

// look asks the engine, and says what is new. It returns how many transfers of
// this run are under way, and how many can only go on with an answer.
func (r *run) look() (busy, asking int) {
	now := time.Now()
	for _, tab := range tabs {
		page := r.Engine.Page(tab, 0, most)
		for i := range page.Rows {
			t := &page.Rows[i]
			r.news(t, now)
			if !r.mine[t.ID] || t.State.Over() || t.State == session.StatePaused {
				continue
			}
			if t.Asking > 0 && len(t.Active) == 0 && t.Counted && t.FilesDone+int64(t.Asking) >= t.Files {
				asking++
				continue
			}
			busy++
		}
	}
	r.placeNews()
	r.seen = true
	return busy, asking
}

// news says what is new about a transfer.
func (r *run) news(t *session.Transfer, now time.Time) {
	was := r.told[t.ID]
	if was == nil {
		was = &told{state: session.StateWaiting, at: now, asked: map[int]bool{}}
		r.told[t.ID] = was
		if t.State.Over() && !r.mine[t.ID] && !r.seen {
			was.state, was.failed = t.State, len(t.Failed) // of another day
			return
		}
	}
	for _, q := range t.Conflicts {
		if !was.asked[q.ID] {
			was.asked[q.ID] = true
			r.question(t, q)
		}
	}
	for ; was.failed < len(t.Failed); was.failed++ {
		item := t.Failed[was.failed]
		r.say("transfer %d: %s failed: %s", t.ID, item.Path, why(item.Err))
	}
	tenth := 0
	if t.Bytes > 0 && t.Counted {
		tenth = int(t.Verified * 10 / t.Bytes)
	}
	switch {
	case t.State != was.state:
		if t.State != session.StateRunning || was.state != session.StateWaiting {
			r.say("transfer %d: %s: %s", t.ID, jobName(t.Job), standing(t))
		}
		if t.State == session.StateFailed || t.Failures > 0 {
			r.left = r.left || r.mine[t.ID] && t.State.Over()
		}
	case t.State == session.StateRunning && t.Asking == 0 && (tenth > was.tenth && tenth < 10 || now.Sub(was.at) >= quiet):
		r.say("transfer %d: %s", t.ID, standing(t))
	default:
		return
	}
	was.state, was.tenth, was.at = t.State, tenth, now
}

// question says what is asked.
func (r *run) question(t *session.Transfer, q session.Question) {
	r.say("transfer %d asks: %s is there already, %s; the new one is %s%s", t.ID, q.Name, stateOf(q.Existing), stateOf(q.Source), verdict(q))
	r.say("say answer %d overwrite, or skip, rename, newer; with all behind it for the whole transfer", t.ID)
}

func stateOf(e session.Entry) string {
	if e.Kind != session.RegularFile {
		return "a " + e.Kind.String()
	}
	return fmt.Sprintf("%s of %s", size(e.Size), e.Modified.Local().Format("2006-01-02 15:04:05"))
}

func verdict(q session.Question) string {
	switch q.Verdict {
	case session.VerdictSame:
		return "; their contents are the same"
	case session.VerdictDiffers:
		return "; their contents differ"
	}
	return ""
}

// standing says in words how a transfer stands.
func standing(t *session.Transfer) string {
	switch t.State {
	case session.StateWaiting:
		return "waiting"
	case session.StatePaused:
		return fmt.Sprintf("paused at %d percent", percent(t))
	case session.StateRetrying:
		return "interrupted, trying again: " + why(t.Err)
	case session.StateCancelled:
		return "cancelled"
	case session.StateFailed:
		return "failed: " + why(t.Err)
	case session.StateDone:
		return outcome(t)
	}
	if !t.Counted {
		return fmt.Sprintf("running, %s of %s so far", size(t.Verified), size(t.Bytes))
	}
	s := fmt.Sprintf("%d percent, %s of %s", percent(t), size(t.Verified), size(t.Bytes))
	if t.Rate > 0 {
		s += fmt.Sprintf(", %s a second", size(int64(t.Rate)))
	}
	if t.ETA > 0 {
		s += fmt.Sprintf(", %s left", t.ETA.Round(time.Second))
	}
	return s
}

// outcome says what a transfer that is done brought.
func outcome(t *session.Transfer) string {
	if t.Failures > 0 {
		return fmt.Sprintf("done, but %d of %s failed", t.Failures, count(int(t.Files), "file"))
	}
	if t.Skipped > 0 && t.Skipped >= t.Files {
		return "skipped, nothing changed"
	}
	s := fmt.Sprintf("done and verified, %s, %s", count(int(t.Files), "file"), size(t.Bytes))
	if took := t.Finished.Sub(t.Started); took >= time.Second {
		s += " in " + took.Round(time.Second).String()
	}
	if t.Skipped > 0 {
		s += fmt.Sprintf(", %d skipped", t.Skipped)
	}
	return s
}

func percent(t *session.Transfer) int {
	if t.Bytes <= 0 {
		return 0
	}
	return int(min(t.Verified, t.Bytes) * 100 / t.Bytes)
}

// placeNews says when a place is lost, or found again.
func (r *run) placeNews() {
	for _, p := range r.Engine.Places() {
		was, known := r.places[p.ID]
		r.places[p.ID] = p.State
		if !known || was == p.State {
			continue
		}
		switch p.State {
		case session.PlaceConnected:
			r.say("%s is connected again", session.Display(p.Name))
		case session.PlaceReconnecting:
			if p.Err == nil { // a transfer that waits for it has it dialled
				r.say("connecting to %s", session.Display(p.Name))
				break
			}
			r.say("%s is lost, trying again: %s", session.Display(p.Name), why(p.Err))
		case session.PlaceClosed:
			r.say("%s is closed%s", session.Display(p.Name), after(": ", p.Err))
		}
	}
}
