package guests

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/filelock"
	"github.com/bargee/bargee/internal/journal"
)

// A Guest is a peer that is there now.
type Guest struct {
	Key     string    `json:"key"`
	Called  string    `json:"called,omitempty"` // by who let it in
	Address string    `json:"address"`
	Agent   string    `json:"agent"`
	Origin  string    `json:"origin"`
	Paths   []string  `json:"paths"` // of its lanes: direct, relay, ...
	Since   time.Time `json:"since"`
	Taking  int       `json:"taking"` // transfers under way
	Leaving int       `json:"leaving"`
	Bytes   int64     `json:"bytes"` // of them, that crossed the link
}

// Serving is a process that serves a directory, and who is there.
type Serving struct {
	Process int       `json:"process"`
	Tree    string    `json:"tree"`
	Since   time.Time `json:"since"`
	Guests  []Guest   `json:"guests"`
}

// A Desk tells others who is at a process. It owns a goroutine; Close ends it.
type Desk struct {
	name string // of the file
	look func() Serving
	lock *os.File
	stop chan struct{}
	done sync.WaitGroup
}

// deskEvery is how often a desk looks whether something changed.
const deskEvery = time.Second

func deskDir(state string) string { return filepath.Join(state, "serving") }

// OpenDesk begins to tell what look returns.
func OpenDesk(state string, look func() Serving) (*Desk, error) {
	dir := deskDir(state)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	base := filepath.Join(dir, strconv.Itoa(os.Getpid()))
	var l *os.File
	var name string
	var err error
	for n := 1; n < 100; n++ { // a process may serve several
		name = base + "-" + strconv.Itoa(n)
		if l, err = journal.Lock(name+".lock", false); !errors.Is(err, filelock.ErrHeld) {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	d := &Desk{name: name, look: look, lock: l, stop: make(chan struct{})}
	last := d.write("")
	d.done.Go(func() { d.run(last) })
	return d, nil
}

// write tells how it stands, unless that is what was told last; it returns what is
// told now.
func (d *Desk) write(last string) string {
	s := d.look()
	s.Process = os.Getpid()
	text, err := json.Marshal(s)
	if err != nil || string(text) == last || replace(d.name+".json", s) != nil {
		return last // it is tried again
	}
	return string(text)
}

func (d *Desk) run(last string) {
	tick := time.NewTicker(deskEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			last = d.write(last)
		case <-d.stop:
			return
		}
	}
}

// Close says that nobody is here any more.
func (d *Desk) Close() error {
	close(d.stop)
	d.done.Wait()
	_ = os.Remove(d.name + ".json")
	return errors.Join(d.lock.Close(), os.Remove(d.name+".lock"))
}

// Now returns the processes that serve, and removes what others have left.
func Now(state string) (out []Serving, err error) {
	dir := deskDir(state)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		base, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok {
			continue
		}
		base = filepath.Join(dir, base)
		if l, err := journal.Lock(base+".lock", false); err == nil { // it has ended
			_, _ = os.Remove(base+".json"), os.Remove(base+".lock")
			l.Close()
			continue
		}
		var s Serving
		text, err := os.ReadFile(base + ".json")
		if err == nil && json.Unmarshal(text, &s) == nil {
			out = append(out, s)
		}
	}
	return out, err
}
