package control

import (
	"math"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// count makes what travels of a number that is never negative.
func count(n int64) uint64 { return uint64(max(n, 0)) }

// rate does the same for one that may be no number at all.
func rate(r float64) uint64 {
	if !(r > 0) {
		return 0
	}
	return uint64(min(r, math.MaxInt64/2))
}

func putRow(t *session.Transfer) *wire.QueueRow {
	row := &wire.QueueRow{
		Id: int64(t.ID), Job: putJob(&t.Job), State: uint32(t.State), Error: putError(t.Err), RetryAt: putTime(t.RetryAt),
		Attempt: uint32(max(t.Attempt, 0)), Queued: putTime(t.Queued), Started: putTime(t.Started), Finished: putTime(t.Finished),
		Files: count(t.Files), Dirs: count(t.Dirs), Bytes: count(t.Bytes), Counted: t.Counted, FilesDone: count(t.FilesDone),
		Verified: count(t.Verified), Sent: count(t.Sent), Wire: count(t.Wire), Reused: count(t.Reused), Skipped: count(t.Skipped),
		Failures: count(t.Failures), Rate: rate(t.Rate), EtaMs: -1, Asking: count(int64(t.Asking)), Others: uint32(min(max(t.Others, 0), 65535)),
		Straight: string(t.Straight),
	}
	if t.ETA >= 0 {
		row.EtaMs = t.ETA.Milliseconds()
	}
	for _, s := range t.Streams {
		row.Streams = append(row.Streams, &wire.QueueStream{
			Id: uint32(s.ID), Lane: uint32(s.Lane), File: []byte(s.File.Raw()), Bytes: count(s.Bytes), Total: count(s.Total), Rate: rate(s.Rate),
		})
	}
	for _, f := range t.Active {
		out := &wire.QueueFile{Path: []byte(f.Path.Raw()), Name: []byte(f.Name.Raw()), Size: count(f.Size), Verified: count(f.Verified)}
		for _, s := range f.Streams {
			out.Streams = append(out.Streams, uint32(s))
		}
		row.Active = append(row.Active, out)
	}
	for _, q := range t.Conflicts {
		row.Conflicts = append(row.Conflicts, &wire.QueueQuestion{
			Id: count(int64(q.ID)), Path: []byte(q.Path.Raw()), Name: []byte(q.Name.Raw()), Source: putEntry(q.Source), Existing: putEntry(q.Existing),
			Verdict: uint32(q.Verdict), First: q.First,
		})
	}
	for _, n := range t.Types {
		row.Types = append(row.Types, &wire.QueueType{Extension: n.Extension, Files: count(n.Files), Bytes: count(n.Bytes)})
	}
	row.Rule = putRule(t.Rule)
	for _, it := range t.Failed {
		row.Failed = append(row.Failed, putItem(it))
	}
	return row
}

// lighten takes from a row what it can do without where it is too long to
// travel: with a hundred failures whose names have all the bytes they may have.
func lighten(row *wire.QueueRow) {
	row.Failed, row.Conflicts, row.Active, row.Streams = nil, nil, nil, nil
}

func takeRow(m *wire.QueueRow) (t session.Transfer, err error) {
	if m.GetState() > uint32(session.StateCancelled) {
		return t, errSays("state %d", m.GetState())
	}
	t = session.Transfer{
		ID: session.TransferID(m.GetId()), State: session.TransferState(m.GetState()), Err: takeError(m.GetError()), RetryAt: takeTime(m.GetRetryAt()),
		Attempt: int(m.GetAttempt()), Queued: takeTime(m.GetQueued()), Started: takeTime(m.GetStarted()), Finished: takeTime(m.GetFinished()),
		Files: int64(m.GetFiles()), Dirs: int64(m.GetDirs()), Bytes: int64(m.GetBytes()), Counted: m.GetCounted(), FilesDone: int64(m.GetFilesDone()),
		Verified: int64(m.GetVerified()), Sent: int64(m.GetSent()), Wire: int64(m.GetWire()), Reused: int64(m.GetReused()), Skipped: int64(m.GetSkipped()),
		Failures: int64(m.GetFailures()), Rate: float64(m.GetRate()), ETA: takeETA(m.GetEtaMs()), Asking: int(m.GetAsking()), Others: int(m.GetOthers()),
		Straight: transport.Path(m.GetStraight()),
	}
	if t.Job, err = takeJob(m.GetJob()); err != nil {
		return t, err
	}
	if m.GetRule() != nil {
		r, err := takeRule(m.GetRule())
		if err != nil {
			return t, err
		}
		t.Rule = &r
	}
	return t, takeRowLists(m, &t)
}

func takeRowLists(m *wire.QueueRow, t *session.Transfer) error {
	for _, s := range m.GetStreams() {
		p, err := takePath(s.GetFile())
		if err != nil {
			return err
		}
		t.Streams = append(t.Streams, session.StreamProgress{
			ID: int(s.GetId()), Lane: int(s.GetLane()), File: p, Bytes: int64(s.GetBytes()), Total: int64(s.GetTotal()), Rate: float64(s.GetRate()),
		})
	}
	for _, f := range m.GetActive() {
		path, name, err := takePaths(f.GetPath(), f.GetName())
		if err != nil {
			return err
		}
		out := session.FileProgress{Path: path, Name: name, Size: int64(f.GetSize()), Verified: int64(f.GetVerified())}
		for _, s := range f.GetStreams() {
			out.Streams = append(out.Streams, int(s))
		}
		t.Active = append(t.Active, out)
	}
	for _, n := range m.GetTypes() {
		t.Types = append(t.Types, session.TypeCount{Extension: n.GetExtension(), Files: int64(n.GetFiles()), Bytes: int64(n.GetBytes())})
	}
	for _, q := range m.GetConflicts() {
		path, name, err := takePaths(q.GetPath(), q.GetName())
		if err != nil {
			return err
		}
		if q.GetVerdict() > uint32(session.VerdictBegins) {
			return errSays("verdict %d", q.GetVerdict())
		}
		t.Conflicts = append(t.Conflicts, session.Question{
			ID: int(q.GetId()), Path: path, Name: name, Source: takeEntry(q.GetSource()), Existing: takeEntry(q.GetExisting()),
			Verdict: session.Verdict(q.GetVerdict()), First: q.GetFirst(),
		})
	}
	for _, it := range m.GetFailed() {
		out, err := takeItem(it)
		if err != nil {
			return err
		}
		t.Failed = append(t.Failed, out)
	}
	return nil
}

func takePaths(path, name []byte) (p, n session.Path, err error) {
	if p, err = takePath(path); err != nil {
		return p, n, err
	}
	n, err = takePath(name)
	return p, n, err
}

func putRule(r *session.Rule) *wire.QueueRule {
	if r == nil {
		return nil
	}
	return &wire.QueueRule{When: uint32(r.When), Then: uint32(r.Then), Otherwise: uint32(r.Otherwise)}
}

func takeRule(m *wire.QueueRule) (r session.Rule, err error) {
	if m.GetWhen() > uint32(session.SourceLarger) {
		return r, errSays("condition %d", m.GetWhen())
	}
	r.When = session.Condition(m.GetWhen())
	if r.Then, err = takeConflict(m.GetThen()); err != nil {
		return r, err
	}
	r.Otherwise, err = takeConflict(m.GetOtherwise())
	return r, err
}
