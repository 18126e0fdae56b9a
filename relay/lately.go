package relay

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"
)

// How many errors a relay remembers for status, and how long one is at most.
const (
	mostErrors = 16
	mostWords  = 512
)

// lately is what went wrong lately, and how often what did. One that comes again
// and again takes one line, so that it hides no other.
type lately struct {
	errors []lateError // the newest last
	counts map[string]uint64
}

type lateError struct {
	words string
	at    time.Time
	times int
}

func (l *lately) add(now time.Time, err error) {
	if l.counts == nil {
		l.counts = map[string]uint64{}
	}
	l.counts[whyOf(err)]++
	e := lateError{words: err.Error(), times: 1}
	if r := (*refusal)(nil); errors.As(err, &r) {
		e.words = r.words // how long to wait is another time every time
	}
	for i, was := range l.errors {
		if was.words == e.words {
			e.times += was.times
			l.errors = append(l.errors[:i], l.errors[i+1:]...)
			break
		}
	}
	if len(l.errors) == mostErrors {
		l.errors = append(l.errors[:0], l.errors[1:]...)
	}
	e.at = now
	l.errors = append(l.errors, e)
}

// lines are the errors for people, each with its time.
func (l *lately) lines() (lines []string) {
	for _, e := range l.errors {
		s := e.at.UTC().Format(time.RFC3339) + " " + e.words
		if e.times > 1 {
			s = fmt.Sprintf("%s %s (%d times)", e.at.UTC().Format(time.RFC3339), e.words[:min(len(e.words), mostWords-64)], e.times)
		}
		lines = append(lines, strings.ToValidUTF8(s[:min(len(s), mostWords)], ""))
	}
	return lines
}

// whyOf is the kind of an error, for counting: there are few of them.
func whyOf(err error) string {
	var r *refusal
	if errors.As(err, &r) {
		return strings.ToLower(r.why.String())
	}
	return "login"
}

// Note remembers an error for status and counts it, as Config.Report hears it:
// for whom the relay's own listener did not let in.
func (r *Relay) Note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lately.add(r.now(), err)
}

// note remembers an error, and reports it.
func (r *Relay) note(from string, err error) {
	if r.cfg.Report != nil {
		r.cfg.Report(PeerAddress(from), err)
	}
	r.Note(err)
}

// Refused counts what peers were refused, by why: login (wrong or no token),
// no_room, exists, limit, token, expired, draining, invalid.
func (r *Relay) Refused() map[string]uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.lately.counts)
}
