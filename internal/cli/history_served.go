package cli

import (
	"cmp"
	"fmt"
	"path"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/internal/guests"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// servedFlags are those of history that look at the other side of it: what peers did
// here.
type servedFlags struct {
	served bool
	visits bool
}

func (f *servedFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.served, "served", false, "what peers took from here, left here, removed and renamed")
	cmd.Flags().BoolVar(&f.visits, "visits", false, "with --served, also who only came, once he has gone")
}

// served lists what peers did here.
func (o *historyOptions) listServed(q session.HistoryQuery) error {
	h, err := o.home()
	if err != nil {
		return err
	}
	names, err := o.knownNames()
	if err != nil {
		return err
	}
	all, err := guests.Open(h.state).Entries()
	if err != nil {
		return &problem{what: "read", where: "what peers did here", err: err}
	}
	table := tabwriter.NewWriter(o.stdout, 0, 0, 2, ' ', 0)
	defer table.Flush()
	n := 0
	for i := range all {
		e := &all[i]
		if !o.means(e, &q, names) {
			continue
		}
		if n++; n <= q.Offset {
			continue
		}
		if o.json {
			o.event(newServedEvent(e, names))
		} else {
			fmt.Fprintln(table, servedLine(e, names))
		}
		if q.Limit > 0 && n == q.Offset+q.Limit {
			break
		}
	}
	if n == 0 && !o.json {
		o.warn("no peer has done something like that here")
	}
	return nil
}

// means tells whether an entry is meant by the flags.
func (o *historyOptions) means(e *guests.Entry, q *session.HistoryQuery, names map[string]string) bool {
	results := map[session.Status]func() bool{
		session.StatusDone:      func() bool { return e.Result == guests.Done },
		session.StatusFailed:    func() bool { return e.Result != guests.Done && e.Kind != string(session.Cancelled) },
		session.StatusCancelled: func() bool { return e.Result != guests.Done && e.Kind == string(session.Cancelled) },
	}
	is, ok := results[q.Status]
	peer := strings.TrimSuffix(o.peer, ":")
	return (o.served.visits || e.What != guests.Came) && (!ok || is()) &&
		(q.From.IsZero() || !e.Time.Before(q.From)) && (q.To.IsZero() || e.Time.Before(q.To)) &&
		(peer == "" || peer == e.Key || peer == names[e.Key] || peer == e.Called || peer == shortKey(e.Key) || peer == e.Address) &&
		q.Match([]byte(strings.TrimPrefix(string(e.Path), "/")+"\x00"+strings.TrimPrefix(string(e.To), "/")))
}

// knownNames are the names of the known peers by their keys.
func (a *app) knownNames() (map[string]string, error) {
	names := map[string]string{}
	err := a.withKnown(func(k *transport.KnownPeers) error {
		peers, err := k.List()
		for _, p := range peers {
			for _, key := range append(p.Former, p.Next, p.Key) {
				if !key.IsZero() {
					names[key.String()] = p.Name
				}
			}
		}
		return filed(err)
	})
	return names, err
}

func shortKey(key string) string {
	if k, err := transport.ParseFingerprint(key); err == nil {
		return k.Short()
	}
	return session.Display(key)
}

// whoIs is what a peer is called: by the name that it is known by, by who let it in, or
// by its key.
func whoIs(key, called string, names map[string]string) string {
	return cmp.Or(session.Display(names[key]), called, shortKey(key))
}

func servedLine(e *guests.Entry, names map[string]string) string {
	what := e.What
	if e.Result != guests.Done {
		what += ", " + e.Result
	}
	bytes, where := size(e.Bytes), session.Display(path.Join(e.Tree, string(e.Path)))
	switch {
	case e.What == guests.Came:
		bytes, where = "-", "for "+seconds(e.Time.Sub(e.Began))
	case e.Within:
		bytes, where = "-", count(e.Files, "file")+" in "+where
	case e.What == session.DeedMoved.String():
		bytes, where = "-", where+" to "+session.Display(string(e.To))
	case e.What == session.DeedRemoved.String():
		if bytes = "-"; e.Files > 0 {
			where += " (" + count(e.Files, "file") + ")"
		}
	case e.Files > 1:
		where += " (" + count(e.Files, "file") + ")"
	}
	if e.Error != "" {
		where += " (" + session.Display(e.Error) + ")"
	}
	return strings.Join([]string{
		e.Time.Local().Format("2006-01-02 15:04:05"), whoIs(e.Key, e.Called, names), e.Address, e.Agent, what, bytes, where,
	}, "\t")
}

// A servedEvent is what a peer did here.
type servedEvent struct {
	Event   string    `json:"event"`
	Time    time.Time `json:"time"`
	Began   time.Time `json:"began"`
	Name    string    `json:"name,omitempty"` // of a known peer, or of its token
	Peer    string    `json:"peer"`           // fingerprint
	Address string    `json:"address"`
	Version string    `json:"version"`   // program and version, as it says
	What    string    `json:"direction"` // took, left, removed, moved, came
	Tree    string    `json:"tree"`
	Path    string    `json:"path,omitempty"`
	PathB64 string    `json:"path_base64,omitempty"`
	To      string    `json:"to,omitempty"`
	ToB64   string    `json:"to_base64,omitempty"`
	Files   int64     `json:"files"`
	Bytes   int64     `json:"bytes"`
	Sent    int64     `json:"bytes_sent"`
	Failed  int64     `json:"failed"`
	Within  bool      `json:"within,omitempty"` // files files in path, and not path itself
	Result  string    `json:"result"`           // done, partly, failed
	Kind    string    `json:"kind,omitempty"`
	Error   string    `json:"error,omitempty"`
}

func newServedEvent(e *guests.Entry, names map[string]string) servedEvent {
	return servedEvent{
		Event: "served", Time: e.Time, Began: e.Began, Name: cmp.Or(names[e.Key], e.Called), Peer: e.Key, Address: e.Address, Version: e.Agent,
		What: e.What, Tree: e.Tree, Path: textOf(string(e.Path)), PathB64: bytesOf(string(e.Path)), To: textOf(string(e.To)), ToB64: bytesOf(string(e.To)),
		Files: e.Files, Bytes: e.Bytes, Sent: e.Sent, Failed: e.Failed, Within: e.Within, Result: e.Result, Kind: e.Kind, Error: e.Error,
	}
}
