package control

import (
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/session"
)

// How many sources of a job stand in its row, and how many bytes of them.
const (
	maxRowSources     = 64
	maxRowSourceBytes = 16 << 10
)

// putJob describes j with the first of its sources.
func putJob(j *session.Job) *wire.QueueJob {
	out := &wire.QueueJob{
		From: uint64(j.From), To: uint64(j.To), Destination: []byte(j.Destination.Raw()), Into: j.Into, Exact: j.Exact, Move: j.Move, Sync: j.Sync,
		Options: putOptions(&j.Options), SourceCount: uint64(len(j.Sources)),
		Priority: uint32(max(j.Priority, 0)), Foreground: j.Foreground,
	}
	room := maxRowSourceBytes
	for i, p := range j.Sources {
		if room -= len(p.Raw()); i == maxRowSources || room < 0 && i > 0 {
			break
		}
		out.Sources = append(out.Sources, []byte(p.Raw()))
	}
	return out
}

// takeJob reads a job, whose sources beyond those told are the root: what a row
// needs is their number.
func takeJob(m *wire.QueueJob) (j session.Job, err error) {
	if uint64(len(m.GetSources())) > m.GetSourceCount() {
		return j, errSays("%d sources of %d", len(m.GetSources()), m.GetSourceCount())
	}
	j = session.Job{
		From: session.PlaceID(m.GetFrom()), To: session.PlaceID(m.GetTo()), Into: m.GetInto(), Exact: m.GetExact(), Move: m.GetMove(), Sync: m.GetSync(),
		Priority: int(m.GetPriority()), Foreground: m.GetForeground(),
	}
	if j.Destination, err = takePath(m.GetDestination()); err != nil {
		return j, err
	}
	if j.Options, err = takeOptions(m.GetOptions()); err != nil {
		return j, err
	}
	j.Sources = make([]session.Path, m.GetSourceCount())
	for i, b := range m.GetSources() {
		if j.Sources[i], err = takePath(b); err != nil {
			return j, err
		}
	}
	return j, nil
}

func putOptions(o *session.Options) *wire.QueueOptions {
	return &wire.QueueOptions{
		Recursive: o.Recursive, OnConflict: uint32(o.OnConflict), Include: texts(o.Include), Exclude: texts(o.Exclude),
		Checksum: o.Checksum, DryRun: o.DryRun, KeepMode: o.KeepMode, KeepTimes: o.KeepTimes, KeepLinks: o.KeepLinks, KeepXattrs: o.KeepXattrs,
		Fsync: o.Fsync, Streams: uint32(o.Streams), Whole: o.Whole, ChunkSize: uint32(o.ChunkSize),
		Retry: uint32(o.Retry), GiveUpMs: milliseconds(o.GiveUp), TimeoutMs: milliseconds(o.Timeout), Limit: uint64(max(o.Limit, 0)),
		Compress: uint32(o.Compress), PartialTtlS: uint64(max(o.PartialTTL, 0) / time.Second),
		DropTtlS: uint64(max(o.Drop.TTL, 0) / time.Second), DropDownloads: uint32(max(o.Drop.Downloads, 0)), DropTo: o.Drop.To, DropTags: o.Drop.Tags,
	}
}

func takeOptions(m *wire.QueueOptions) (o session.Options, err error) {
	if _, err := takeConflict(m.GetOnConflict()); err != nil || m.GetCompress() > uint32(session.CompressOn) {
		return o, errSays("options %d and %d", m.GetOnConflict(), m.GetCompress())
	}
	return session.Options{
		Recursive: m.GetRecursive(), OnConflict: session.Conflict(m.GetOnConflict()), Include: words(m.GetInclude()), Exclude: words(m.GetExclude()),
		Checksum: m.GetChecksum(), DryRun: m.GetDryRun(), KeepMode: m.GetKeepMode(), KeepTimes: m.GetKeepTimes(), KeepLinks: m.GetKeepLinks(), KeepXattrs: m.GetKeepXattrs(),
		Fsync: m.GetFsync(), Streams: int(m.GetStreams()), Whole: m.GetWhole(), ChunkSize: int(m.GetChunkSize()),
		Retry: int(m.GetRetry()), GiveUp: fromMilliseconds(m.GetGiveUpMs()), Timeout: fromMilliseconds(m.GetTimeoutMs()), Limit: int64(m.GetLimit()),
		Compress: session.Compression(m.GetCompress()), PartialTTL: time.Duration(m.GetPartialTtlS()) * time.Second,
		Drop: session.DropTerms{TTL: time.Duration(m.GetDropTtlS()) * time.Second, Downloads: int(m.GetDropDownloads()), To: m.GetDropTo(), Tags: m.GetDropTags()},
	}, nil
}

func texts(in []string) (out [][]byte) {
	for _, s := range in {
		out = append(out, []byte(s))
	}
	return out
}

func words(in [][]byte) (out []string) {
	for _, b := range in {
		out = append(out, string(b))
	}
	return out
}

func takeConflict(n uint32) (session.Conflict, error) {
	if n > uint32(session.Resume) {
		return 0, errSays("decision %d", n)
	}
	return session.Conflict(n), nil
}
