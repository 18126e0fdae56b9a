package session

import "time"

// A LogLine is a step in the life of a transfer, or with Transfer 0 of the
// engine.
type LogLine struct {
	Number   int64 // from 1, without gaps
	At       time.Time
	Transfer TransferID
	Job      string        // what the transfer is called: its first source's name, raw bytes
	State    TransferState // that it came to
	Text     string        // of the engine's own lines, fit to be shown
	Err      error
}

// A Notice is something about the queue itself that a person must know: that
// it is not saved, or what was lost with its database.
type Notice struct {
	At   time.Time
	Text string
}

// The engine remembers this much of what happened, and of what it has to say.
const (
	maxLog     = 1000
	maxNotices = 20
)

// A logbook keeps the last lines, in a ring.
type logbook struct {
	lines   []LogLine
	last    int64
	notices []Notice
}

func (b *logbook) add(l LogLine) {
	b.last++
	l.Number = b.last
	if len(b.lines) < maxLog {
		b.lines = append(b.lines, l)
		return
	}
	b.lines[(b.last-1)%maxLog] = l
}

// since returns the lines after number after, the oldest first.
func (b *logbook) since(after int64) (out []LogLine) {
	for n := max(after, b.last-int64(len(b.lines)), 0) + 1; n <= b.last; n++ {
		out = append(out, b.lines[(n-1)%maxLog])
	}
	return out
}

func (b *logbook) notice(n Notice) {
	b.notices = append(b.notices, n)
	if len(b.notices) > maxNotices {
		b.notices = b.notices[1:]
	}
	b.add(LogLine{At: n.At, Text: n.Text})
}
