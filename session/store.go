package session

import "time"

// A Store keeps the queue of an Engine, so that it is there after a restart,
// also one by kill -9. internal/queuedb has the one that bargee uses; without
// one an Engine remembers what is in its memory.
//
// An Engine calls it from several goroutines. What a Store is given holds no
// secret: places are named by their targets (Place.Target), and the rest is
// what Job and Transfer hold.
type Store interface {
	// Restore returns what an engine needs to begin with. It is called once,
	// before all others.
	Restore() (*Restored, error)

	// Load returns the records of those of ids that there are, whole.
	Load(ids []TransferID) ([]Record, error)

	// Write carries out changes, all of them or none. When it returns, they
	// outlast the process. s is nil if the settings stay.
	Write(changes []Record, s *Settings) error

	// Rows returns all rows of a tab, in no order.
	Rows(Tab) ([]Row, error)

	// Past returns the records of TabFailed or TabDone whose Ended is below a
	// number, the highest first: limit of them at the most, without the first
	// ones.
	Past(tab Tab, below int64, offset, limit int) ([]Record, error)

	// History returns what a query asks for, the highest Ended first.
	History(HistoryQuery) ([]Record, error)

	// Close ends it. An Engine does it in Engine.Close.
	Close() error
}

// Restored is what an Engine begins with.
type Restored struct {
	Active    []Row  // of TabActive, in the order of their turns
	Counts    [3]int // rows of each tab
	LastID    TransferID
	LastEnded int64
	Settings  Settings
	Notices   []string // what a person must know: what was lost, above all
}

// Settings are those of an Engine that it keeps.
type Settings struct {
	Concurrency   int   // 0: as EngineConfig has it
	Send, Receive int64 // see Engine.SetLimits
}

// A Row says where a transfer stands in the queue.
type Row struct {
	ID         TransferID
	State      TransferState
	Tab        Tab
	Foreground bool
	Priority   int
	Place      int64 // among those of its priority
	Ended      int64 // number among those that ended; 0 before
}

// A Record is what a Store keeps of a transfer. In Store.Write, Row is always
// as it shall be, and what is nil of the rest stays as it is.
type Record struct {
	Row
	Forget bool // it is to be removed

	// Of a new one, and never changed:
	From, To string // targets, "" for Here
	Names    []byte // paths of destination and sources, for HistoryQuery.Match
	Job      []byte // the engine's, not to be looked into

	Life     []byte    // the engine's, likewise
	Finished time.Time // zero before; goes with Life
	Answers  []Answer  // to be added to those that there are
}

// An Answer is what a person decided about one conflict. Key stands for the two
// files: it holds no name. With Ask it says that a source is done with, where
// another attempt could not see that.
type Answer struct {
	Key      [16]byte
	Decision Conflict
}

// merge adds to r a change that came later.
func (r *Record) merge(next *Record) {
	r.Row, r.Forget = next.Row, next.Forget
	if next.Job != nil {
		r.From, r.To, r.Names, r.Job = next.From, next.To, next.Names, next.Job
	}
	if next.Life != nil {
		r.Life, r.Finished = next.Life, next.Finished
	}
	r.Answers = append(r.Answers, next.Answers...)
}
