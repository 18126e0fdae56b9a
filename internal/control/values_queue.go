package control

import (
	"math"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/session"
)

// maxRows is how many rows are told in one answer, maxOffset the last one to
// begin with.
const (
	maxRows   = 4096
	maxOffset = 1 << 30
)

func putPage(p *session.Page) *wire.QueuePage {
	out := &wire.QueuePage{
		Tab: uint32(p.Tab), Offset: count(int64(p.Offset)), Total: count(int64(p.Total)),
		Running: count(int64(p.Running)), Waiting: count(int64(p.Waiting)), Paused: count(int64(p.Paused)), Asking: count(int64(p.Asking)),
		Rate: rate(p.Rate), Bytes: count(p.Bytes), Verified: count(p.Verified), Counted: p.Counted, EtaMs: -1,
		Live: uint32(min(len(p.Live), maxRows)),
	}
	for _, n := range p.Counts {
		out.Counts = append(out.Counts, count(int64(n)))
	}
	if p.ETA >= 0 {
		out.EtaMs = p.ETA.Milliseconds()
	}
	return out
}

func takePage(m *wire.QueuePage) (p session.Page, err error) {
	if m.GetTab() > uint32(session.TabDone) {
		return p, errSays("tab %d", m.GetTab())
	}
	p = session.Page{Tab: session.Tab(m.GetTab()), Offset: int(m.GetOffset()), Total: int(m.GetTotal())}
	for i, n := range m.GetCounts() {
		if i < len(p.Counts) {
			p.Counts[i] = int(min(n, math.MaxInt32))
		}
	}
	p.Summary = session.Summary{
		Running: int(m.GetRunning()), Waiting: int(m.GetWaiting()), Paused: int(m.GetPaused()), Asking: int(m.GetAsking()),
		Bytes: int64(m.GetBytes()), Verified: int64(m.GetVerified()), Counted: m.GetCounted(), Rate: float64(m.GetRate()), ETA: takeETA(m.GetEtaMs()),
	}
	return p, nil
}

// takeETA reads a time that is left; a negative one is not known.
func takeETA(ms int64) time.Duration {
	if ms < 0 {
		return -1
	}
	return time.Duration(min(ms, math.MaxInt64/int64(time.Millisecond))) * time.Millisecond
}

func putLine(l session.LogLine) *wire.QueueLine {
	return &wire.QueueLine{
		Number: count(l.Number), At: putTime(l.At), Transfer: int64(l.Transfer), Job: []byte(l.Job[:min(len(l.Job), maxMessage)]),
		State: uint32(l.State), Text: clip(l.Text, maxMessage), Error: putError(l.Err),
	}
}

func takeLine(m *wire.QueueLine) (session.LogLine, error) {
	if m.GetState() > uint32(session.StateCancelled) {
		return session.LogLine{}, errSays("state %d", m.GetState())
	}
	return session.LogLine{
		Number: int64(m.GetNumber()), At: takeTime(m.GetAt()), Transfer: session.TransferID(m.GetTransfer()), Job: string(m.GetJob()),
		State: session.TransferState(m.GetState()), Text: m.GetText(), Err: takeError(m.GetError()),
	}, nil
}

func takeQuery(m *wire.QueueHistoryAsk) (q session.HistoryQuery, err error) {
	if m.GetStatus() > uint32(session.StatusCancelled) {
		return q, errSays("status %d", m.GetStatus())
	}
	return session.HistoryQuery{
		From: takeTime(m.GetFrom()), To: takeTime(m.GetTo()), Peer: m.GetPeer(), Status: session.Status(m.GetStatus()), Glob: m.GetGlob(),
		Limit: int(m.GetLimit()), Offset: int(m.GetOffset()),
	}, nil
}
