package tui

import (
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// outcome says in words how a transfer stands that does not run.
func outcome(c canvas, t *session.Transfer) (cells.Text, cells.Style) {
	switch t.State {
	case session.StateWaiting:
		if t.Err != nil { // for a person, as the peer's secret
			return cells.Shown(cause(t.Err)), c.ask
		}
		return cells.Say("waiting"), c.dim
	case session.StateRetrying:
		what := cells.Say("again")
		if in := t.RetryAt.Sub(c.now); in > time.Second {
			what = cells.Sayf("again in %d s", int(in/time.Second))
		}
		return what.Plus(c.signs.dot, explain(t.Err).what), c.ask
	case session.StatePaused:
		what := cells.Sayf("paused at %d%%", percent(t.Verified, t.Bytes))
		if t.Err != nil {
			what = what.Plus(c.signs.dot, explain(t.Err).line(c))
		}
		return what, c.ask
	case session.StateCancelled:
		return cells.Say("cancelled"), c.dim
	case session.StateFailed:
		return explain(t.Err).line(c), c.fail
	}
	if t.Failures > 0 {
		what := cells.Sayf("%s of %s failed", groupText(t.Failures), groupText(max(t.Files, t.Failures)))
		if len(t.Failed) > 0 {
			what = what.Plus(cells.Sayf(": %s", sentenceOf(t.Failed[0].Err)))
		}
		return what, c.fail
	}
	return success(t), c.done
}

// success says what a finished transfer brought.
func success(t *session.Transfer) cells.Text {
	if t.Skipped > 0 && t.Skipped >= t.Files {
		return cells.Say("skipped, nothing changed")
	}
	what := sizeText(t.Bytes)
	if took := t.Finished.Sub(t.Started); took >= time.Second {
		what = what.Plus(cells.Sayf(" in %s", etaText(took)))
	}
	what = what.Plus(cells.Say(", verified"))
	if t.Reused > 0 {
		what = what.Plus(cells.Sayf(", %s resumed", sizeText(t.Reused)))
	}
	if t.Skipped > 0 {
		what = what.Plus(cells.Sayf(", %s skipped", groupText(t.Skipped)))
	}
	return what
}

// sentenceOf is the explanation without the path, where that stands beside it.
func sentenceOf(err error) cells.Text {
	if err == nil {
		return cells.Say("failed")
	}
	if s, ok := sentences[session.KindOf(err)]; ok && !s.verbose {
		return s.what
	}
	return cells.Shown(cause(err))
}

// stateSign is the sign of a transfer's state; while it runs, of its direction.
func stateSign(c canvas, t *session.Transfer) cells.Text {
	switch t.State {
	case session.StateRunning:
		if t.Asking > 0 && len(t.Active) == 0 {
			return c.signs.asking
		}
		if t.Job.To == session.Here {
			return c.signs.downward
		}
		return c.signs.up
	case session.StateRetrying:
		return c.signs.retrying
	case session.StatePaused:
		return c.signs.paused
	case session.StateWaiting:
		return c.signs.waiting
	case session.StateDone:
		if t.Failures == 0 {
			return c.signs.done
		}
	}
	return c.signs.fail
}

func stateLook(c canvas, t *session.Transfer) cells.Style {
	switch t.State {
	case session.StateRunning:
		return c.filled
	case session.StateRetrying, session.StatePaused:
		return c.ask
	case session.StateWaiting:
		return c.dim
	case session.StateDone:
		if t.Failures == 0 {
			return c.done
		}
	}
	return c.fail
}
