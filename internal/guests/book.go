package guests

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bargee/bargee/internal/journal"
)

// An Entry is what a peer did. Its names may be any bytes.
type Entry struct {
	Time    time.Time `json:"time"`             // when it was over
	Began   time.Time `json:"began"`            //
	What    string    `json:"what"`             // Came, or the word of a session.DeedKind
	Key     string    `json:"key"`              // fingerprint of the peer
	Called  string    `json:"called,omitempty"` // by who let it in
	Address string    `json:"address"`          // where it came from
	Agent   string    `json:"agent"`            // its program and version, as it says
	Origin  string    `json:"origin"`           // what let it in
	Tree    string    `json:"tree"`             // the directory that was served
	Path    Name      `json:"path"`             // in that
	To      Name      `json:"to,omitzero"`      // the new name of what was renamed
	Files   int64     `json:"files,omitempty"`  // that are at their destination
	Bytes   int64     `json:"bytes,omitempty"`  // of those
	Sent    int64     `json:"sent,omitempty"`   // that crossed the link
	Failed  int64     `json:"failed,omitempty"`
	Result  string    `json:"result"`           // Done, Partly, Failed
	Within  bool      `json:"within,omitempty"` // Files files in Path, not Path itself
	Kind    string    `json:"kind,omitempty"`
	Error   string    `json:"error,omitempty"`
}

// Came is a visit, that is over.
const Came = "came"

// The results.
const (
	Done   = "done"
	Partly = "partly" // some items failed
	Failed = "failed" // it did not come to its end
)

// A Name is a path of any bytes, which JSON has as text, or where that cannot be as
// "=" and their base64: no path begins so, since they begin with a slash.
type Name string

// MarshalJSON implements json.Marshaler.
func (n Name) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(n)) {
		return json.Marshal(string(n))
	}
	b, err := json.Marshal([]byte(n))
	if err != nil {
		return nil, err
	}
	return slices.Concat([]byte(`"=`), b[1:]), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *Name) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	if rest, ok := strings.CutPrefix(s, "="); ok {
		var raw []byte
		if err := json.Unmarshal([]byte(`"`+rest+`"`), &raw); err != nil {
			return err
		}
		s = string(raw)
	}
	*n = Name(s)
	return nil
}

// mostBytes is how large the book's two files become, each: some 25,000 entries.
const mostBytes = 8 << 20

// A Book is the book of a state directory.
type Book struct{ file journal.File }

// Open returns the book in a directory, which need not be there.
func Open(state string) *Book {
	b := &Book{journal.File{Path: filepath.Join(state, "guests.jsonl"), Most: mostBytes}}
	b.file.Fold = b.fold
	return b
}

// Add adds an entry.
func (b *Book) Add(e Entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return b.file.Append(line)
}

// Entries returns all entries that there are, the latest first.
func (b *Book) Entries() ([]Entry, error) {
	lines, err := b.file.Lines()
	all := parse(lines)
	slices.Reverse(all)
	return all, err
}

func parse(lines [][]byte) (out []Entry) {
	for _, line := range lines {
		var e Entry
		if json.Unmarshal(line, &e) == nil && e.What != "" {
			out = append(out, e)
		}
	}
	return out
}

// A Total is what a peer did over all time.
type Total struct {
	Key         string    `json:"key"`
	First, Last time.Time // that it was there
	Address     string    `json:"address"` // that it had last
	Visits      int64     `json:"visits"`
	TookFiles   int64     `json:"took_files"`
	TookBytes   int64     `json:"took_bytes"` // that crossed the link
	LeftFiles   int64     `json:"left_files"`
	LeftBytes   int64     `json:"left_bytes"`
	Failed      int64     `json:"failed"` // that did not come to their end, or not whole
}

// Plus is what t and o did together; either may be nil.
func (t *Total) Plus(o *Total) *Total {
	switch {
	case t == nil:
		return o
	case o == nil:
		return t
	}
	sum := *t
	if o.Last.After(t.Last) {
		sum.Last, sum.Address = o.Last, o.Address
	}
	if o.First.Before(t.First) {
		sum.First = o.First
	}
	sum.Visits += o.Visits
	sum.TookFiles, sum.TookBytes = sum.TookFiles+o.TookFiles, sum.TookBytes+o.TookBytes
	sum.LeftFiles, sum.LeftBytes = sum.LeftFiles+o.LeftFiles, sum.LeftBytes+o.LeftBytes
	sum.Failed += o.Failed
	return &sum
}

func (t *Total) add(e *Entry) {
	if t.First.IsZero() || e.Began.Before(t.First) {
		t.First = e.Began
	}
	if e.Time.After(t.Last) {
		t.Last, t.Address = e.Time, e.Address
	}
	if e.Result != Done {
		t.Failed++
	}
	switch e.What {
	case Came:
		t.Visits++
	case "took":
		t.TookFiles += e.Files
		t.TookBytes += e.Sent
	case "left":
		t.LeftFiles += e.Files
		t.LeftBytes += e.Sent
	}
}

// Totals returns what each peer did, by its key.
func (b *Book) Totals() (map[string]*Total, error) {
	lines, err := b.file.Lines()
	if err != nil {
		return nil, err
	}
	totals, err := b.folded()
	if err != nil {
		return nil, err
	}
	addUp(totals, parse(lines))
	return totals, nil
}

// maxTotals is how many peers have totals of all time: those that were there last.
const maxTotals = 10_000

func addUp(totals map[string]*Total, entries []Entry) {
	for i := range entries {
		e := &entries[i]
		if totals[e.Key] == nil {
			totals[e.Key] = &Total{Key: e.Key}
		}
		totals[e.Key].add(e)
	}
}

func (b *Book) totalsFile() string {
	return filepath.Join(filepath.Dir(b.file.Path), "guests-totals.json")
}

// folded reads the totals of what was dropped; a file of no use counts as none.
func (b *Book) folded() (map[string]*Total, error) {
	out := map[string]*Total{}
	text, err := os.ReadFile(b.totalsFile())
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	var list []*Total
	if json.Unmarshal(text, &list) == nil {
		for _, t := range list {
			if t != nil {
				out[t.Key] = t
			}
		}
	}
	return out, nil
}

// fold adds what is about to be dropped to the totals.
func (b *Book) fold(lines [][]byte) error {
	totals, err := b.folded()
	if err != nil {
		return err
	}
	addUp(totals, parse(lines))
	list := make([]*Total, 0, len(totals))
	for _, t := range totals {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *Total) int { return b.Last.Compare(a.Last) })
	return replace(b.totalsFile(), list[:min(len(list), maxTotals)])
}

// replace writes v in place of a file.
func replace(name string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".new-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(text)
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return err
}
