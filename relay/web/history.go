package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/bargee/bargee/internal/journal"
)

// historySize bounds each of the two files of a history: some hundred thousand
// requests.
const historySize = 16 << 20

// A History keeps what was asked, in a file that several runs append to.
type History struct {
	file  journal.File
	queue chan Entry
	fault func(error)
}

// OpenHistory keeps a history in a file. What goes wrong later is told to fault, which
// may be nil.
func OpenHistory(path string, fault func(error)) *History {
	if fault == nil {
		fault = func(error) {}
	}
	return &History{file: journal.File{Path: path, Most: historySize}, queue: make(chan Entry, 4096), fault: fault}
}

// add notes a request. Where the disk is that slow the note is lost, not the request.
func (h *History) add(e Entry) {
	select {
	case h.queue <- e:
	default:
	}
}

// run writes notes down until ctx ends, some at a time.
func (h *History) run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			h.write()
		case <-ctx.Done():
			h.write()
			return
		}
	}
}

func (h *History) write() {
	var lines [][]byte
	for {
		select {
		case e := <-h.queue:
			if b, err := json.Marshal(e); err == nil {
				lines = append(lines, b)
			}
			continue
		default:
		}
		break
	}
	if len(lines) == 0 {
		return
	}
	if err := h.file.Append(lines...); err != nil {
		h.fault(fmt.Errorf("the history: %w", err))
	}
}

// A historyFilter says which requests are meant.
type historyFilter struct {
	from, to                time.Time
	account, method, digest string
	status                  string // 404, or 4xx
	limit, offset           int
}

const mostListed = 1000

func parseHistoryFilter(q url.Values) (f historyFilter, err error) {
	wrong := func(key string) (historyFilter, error) {
		return f, refuse(http.StatusBadRequest, kindInvalid, key+" makes no sense")
	}
	f.account, f.method, f.digest, f.status, f.limit = q.Get("account"), strings.ToUpper(q.Get("method")), q.Get("digest"), q.Get("status"), 100
	for key, at := range map[string]*time.Time{"from": &f.from, "to": &f.to} {
		if s := q.Get(key); s != "" {
			if *at, err = time.Parse(time.RFC3339, s); err != nil {
				return wrong(key)
			}
		}
	}
	if s := f.status; s != "" && (len(s) != 3 || strings.Trim(s[:1], "12345") != "" || s[1:] != "xx" && strings.Trim(s[1:], "0123456789") != "") {
		return wrong("status")
	}
	for key, n := range map[string]*int{"limit": &f.limit, "offset": &f.offset} {
		if s := q.Get(key); s != "" {
			if *n, err = strconv.Atoi(s); err != nil || *n < 0 || key == "limit" && (*n == 0 || *n > mostListed) {
				return wrong(key)
			}
		}
	}
	return f, nil
}

func (f *historyFilter) match(e *Entry) bool {
	status := strconv.Itoa(e.Status)
	return (f.from.IsZero() || !e.Time.Before(f.from)) && (f.to.IsZero() || e.Time.Before(f.to)) &&
		(f.account == "" || f.account == e.Account) && (f.method == "" || f.method == e.Method) && (f.digest == "" || f.digest == e.Digest) &&
		(f.status == "" || f.status == status || strings.HasSuffix(f.status, "xx") && f.status[0] == status[0])
}

// each calls f for the requests that are meant, the oldest first. A line that is cut
// is none.
func (h *History) each(filter historyFilter, f func(*Entry)) error {
	h.write() // what is known is asked for
	lines, err := h.file.Lines()
	for _, line := range lines {
		var e Entry
		if json.Unmarshal(line, &e) == nil && filter.match(&e) {
			f(&e)
		}
	}
	return err
}

// list returns the latest requests first; more tells that there are others.
func (h *History) list(f historyFilter) (list []Entry, more bool, err error) {
	var all []Entry
	keep := f.offset + f.limit + 1
	err = h.each(f, func(e *Entry) {
		if all = append(all, *e); len(all) > 2*keep+1000 {
			all = append(all[:0], all[len(all)-keep:]...)
		}
	})
	for i := len(all) - 1 - f.offset; i >= 0; i-- {
		if len(list) == f.limit {
			return list, true, err
		}
		list = append(list, all[i])
	}
	return list, false, err
}

// A historySum is what requests were together.
type historySum struct {
	First    time.Time        `json:"first,omitzero"`
	Last     time.Time        `json:"last,omitzero"`
	Requests int64            `json:"requests"`
	In       int64            `json:"bytes_in"`
	Out      int64            `json:"bytes_out"`
	Methods  map[string]int64 `json:"methods"`
	Statuses map[string]int64 `json:"statuses"`
	Accounts map[string]int64 `json:"accounts"`
}

func (h *History) sum(f historyFilter) (historySum, error) {
	s := historySum{Methods: map[string]int64{}, Statuses: map[string]int64{}, Accounts: map[string]int64{}}
	err := h.each(f, func(e *Entry) {
		if s.First.IsZero() {
			s.First = e.Time
		}
		s.Last = e.Time
		s.Requests++
		s.In += e.In
		s.Out += e.Out
		s.Methods[e.Method]++
		s.Statuses[strconv.Itoa(e.Status)]++
		s.Accounts[e.Account]++
	})
	return s, err
}
