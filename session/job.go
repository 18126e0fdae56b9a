package session

import (
	"time"

	"github.com/bargee/bargee/transport"
)

// A Job is what is to be copied or moved, from where to where.
type Job struct {
	From    PlaceID
	Sources []Path
	To      PlaceID

	// Destination is a directory that takes the sources under their own names,
	// or with one source, unless Into, the name that it gets.
	Destination Path
	Into        bool

	// Exact, for one source and without Into, is that it gets that name also
	// where it is a directory's already: a job that was begun before then goes
	// on where it began, and not in a directory within.
	Exact bool

	// only, for one source that is a directory, and with Into, names what is copied of
	// it: these, by their paths below it, into the same places below Destination, and
	// without filters. A directory among them is made, and what is in it is not
	// copied. They are in the order of a scan, and have maxPicks bytes at the most.
	only []Path

	Move    bool // remove each source file once it is verified at the destination
	Options Options

	// Sync says that it is what an Engine.Sync copied, and nothing to be done by
	// itself: Submit and Retry refuse it.
	Sync bool

	// Priority is 0 (last) to 10 (first); DefaultPriority is the usual one.
	// Engine.SetPriority changes it later.
	Priority int

	// Foreground is for a job that somebody waits for: it runs at once, beside
	// those that Concurrency allows. It ends with the engine that runs it, where
	// others go on after a restart. Once it was over, Retry makes it one of these.
	Foreground bool

	// Observe, if not nil, is told of every item that is over, one call at a
	// time. It may block; the transfer then waits.
	Observe func(Item)
}

// DefaultPriority is in the middle of 0 to MaxPriority.
const (
	DefaultPriority = 5
	MaxPriority     = 10
)

// Options are the choices of a transfer; DefaultOptions are the usual ones.
type Options struct {
	Recursive  bool
	OnConflict Conflict
	Include    []string // globs on the path below the source; a file must match one, if there are any
	Exclude    []string // and none of these; a directory that matches is not entered
	Checksum   bool     // compare contents even where size and time agree
	DryRun     bool     // answer and report, change nothing
	KeepMode   bool
	KeepTimes  bool
	KeepLinks  bool // copy links as links, the names of a file (hard links) as its names; else links are skipped
	KeepXattrs bool // copy the extended attributes that users set, of files and directories; Refused where a side has none
	Fsync      bool // "done" means on the disk
	Streams    int  // data streams, 1 to 255; 0: as many as are useful
	Whole      bool // send whole files, also where the destination has most of it in an older one
	ChunkSize  int  // bytes, a power of two; 0: by the size of the file

	Retry   int           // attempts without progress that a peer answered
	GiveUp  time.Duration // how long an unreachable peer is tried; 0: for ever
	Timeout time.Duration // longest wait for progress

	// Limit is how many bytes a second cross the link on data streams, at the
	// most; 0: any number. Engine.SetTransferLimit changes it later.
	Limit int64

	// Compress says whether chunks are compressed on their way.
	Compress Compression

	PartialTTL time.Duration // how long a partial on this machine is kept that nobody touches; 0: 30 days

	Drop DropTerms `json:",omitzero"` // where the destination is a drop box
}

// DefaultOptions returns the options of the command line's defaults.
func DefaultOptions() Options {
	return Options{
		Recursive: true, OnConflict: Ask, KeepMode: true, KeepTimes: true, KeepLinks: true,
		Compress: CompressAuto,
		Retry:    5, GiveUp: 10 * time.Minute, Timeout: 30 * time.Second,
	}
}

// QueueOptions returns the options of a job that nobody waits for: it is tried
// for as long as its peer cannot be reached.
func QueueOptions() Options {
	o := DefaultOptions()
	o.GiveUp = 0
	return o
}

// A Compression says whether chunks are compressed on their way: by zstd, where
// a sample of them shrinks and the other side takes it.
type Compression uint8

// The ways to compress.
const (
	CompressOff  Compression = iota
	CompressAuto             // while the link is slower than compressing: it never holds a transfer up
	CompressOn               // whatever the link
)

// A Conflict says what to do where the destination has another file under the
// name. A partial is no conflict, nor is a file of the same content.
type Conflict uint8

// The ways to decide a conflict.
const (
	Fail      Conflict = iota // the file fails with Exists
	Skip                      // the old one stays
	Overwrite                 // the new one replaces it
	Rename                    // the new one becomes "name (1).ext"
	Newer                     // overwrite if the source's time is later, else skip
	Ask                       // park it until Engine.Answer
	Resume                    // Overwrite, and what the old one has already is not sent again; not with Options.Whole
)

// A Result says how an item ended.
type Result string

// The results, by the words of JSON.
const (
	Copied    Result = "copied"
	Resumed   Result = "resumed" // copied, with chunks from an earlier run
	Skipped   Result = "skipped"
	Unchanged Result = "unchanged"
	Failed    Result = "failed"
)

// An Item is a file, link or directory of a transfer that is over.
type Item struct {
	Path   Path // at the source
	Name   Path // at the destination
	Kind   EntryKind
	Size   int64
	Sent   int64 // bytes of it that crossed the link in this run
	Reused int64 // bytes of it that did not have to, from a partial
	Result Result
	Digest []byte // BLAKE3, of a file that was copied
	Err    error  // of Failed, an *Error

	modified time.Time // at the source, when it was copied
}

// A TransferID names a transfer of an Engine.
type TransferID int64

// A TransferState says how it stands with a transfer.
type TransferState uint8

// The states of a transfer.
//
//	StateWaiting -> StateRunning -> StateDone | StateFailed | StateCancelled
//	StateRunning -> StateRetrying -> StateRunning         the link was lost, or the peer is busy
//	StateRunning, StateWaiting, StateRetrying -> StatePaused -> StateWaiting
//	StateRunning -> StateWaiting                          a peer wants a secret: Err says which one
//	StateFailed, StateCancelled -> StateWaiting           by Retry; StateDone too, if items failed
const (
	StateWaiting TransferState = iota
	StateRunning
	StateRetrying
	StatePaused
	StateDone   // all items are over; some may have failed
	StateFailed // it ended before its time: Err says why
	StateCancelled
)

// String returns the word for the screen.
func (s TransferState) String() string {
	return [...]string{"waiting", "running", "retrying", "paused", "done", "failed", "cancelled"}[min(s, StateCancelled)]
}

// Over tells whether nothing more will happen by itself.
func (s TransferState) Over() bool { return s == StateDone || s == StateFailed || s == StateCancelled }

// A Transfer is a job in the queue, as it is at one moment. Its slices are
// copies.
type Transfer struct {
	ID       TransferID
	Job      Job
	State    TransferState
	Err      error     // of StateFailed, StateRetrying, or what paused it
	RetryAt  time.Time // of StateRetrying
	Attempt  int
	Queued   time.Time
	Started  time.Time // zero before it ran
	Finished time.Time

	// Totals so far; they are final when Counted.
	Files, Dirs int64
	Bytes       int64
	Counted     bool

	FilesDone int64 // committed, unchanged, skipped or failed
	Verified  int64 // bytes that the receiver verified, reused ones included; never above Bytes
	Sent      int64 // bytes of file data that crossed the link
	Wire      int64 // bytes that crossed it on data streams: compressed, with headers
	Reused    int64 // bytes that did not have to, from partials
	Skipped   int64 // files
	Failures  int64 // items; the first hundred are in Failed

	Rate float64       // bytes a second over the last seconds
	ETA  time.Duration // negative while it is not known

	Streams   []StreamProgress
	Active    []FileProgress // files under way, oldest first, at most 32
	Conflicts []Question     // parked, oldest first, at most 100
	Asking    int            // how many are parked
	Failed    []Item
	Rule      *Rule // that AnswerAll set

	// Straight is the path of the link by which the data of a copy between two peers
	// goes from the one to the other; "": it goes by way of this machine.
	Straight transport.Path

	// Others is how many peers of the destination's peer put something there when
	// this began to do so.
	Others int

	Types []TypeCount // of the files that were copied, what most bytes are of first
}

// StreamProgress is a data stream at one moment.
type StreamProgress struct {
	ID    int // from 1
	Lane  int
	File  Path  // at the source; the root while it is idle
	Bytes int64 // of that file, verified by way of this stream
	Total int64 // size of that file
	Rate  float64
}

// FileProgress is a file under way.
type FileProgress struct {
	Path     Path // at the source
	Name     Path // at the destination
	Size     int64
	Verified int64 // bytes, reused ones included
	Streams  []int // ids of the streams that carry it now
}

// A Question is a conflict that waits for Engine.Answer.
type Question struct {
	ID       int
	Path     Path // at the source
	Name     Path // at the destination
	Source   Entry
	Existing Entry

	Verdict Verdict // on their contents, as far as it is known
	First   int64   // where they differ first, in bytes from the start; -1: not known
}

// A Verdict says what is known of the contents of the two sides of a Question.
type Verdict uint8

// The verdicts.
const (
	VerdictUnknown   Verdict = iota
	VerdictComparing         // both sides are being looked at
	VerdictSame
	VerdictDiffers
	VerdictBegins // what the old one has is the beginning of the new one, as far as was looked: Resume makes sense
)

// String returns the words for the screen.
func (v Verdict) String() string {
	return [...]string{"unknown", "comparing", "same", "differs", "is the beginning"}[min(v, VerdictBegins)]
}
