package session

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"
)

// Two files of which a conflict is parked are not the same: they differ in size,
// or both digests were compared. What a person may want to know besides is where
// they differ first, and whether the old one is the beginning of the new one, so
// that only the rest is to be sent. While questions wait, the oldest of them are
// looked at, a little of each side.
const (
	verdictEvery     = 500 * time.Millisecond
	verdictQuestions = 10        // of a transfer, the oldest: what a screen shows
	verdictBytes     = 256 << 10 // of each side
	verdictWindow    = 64 << 10
)

// lookCloser compares the two sides of q's questions while they wait, until ctx
// ends.
func (e *Engine) lookCloser(ctx context.Context, q *queued) {
	tick := time.NewTicker(verdictEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, x := range q.asking.unseen(verdictQuestions) {
			v, first := e.compareSides(ctx, &q.job, &x)
			q.asking.found(x.ID, v, first)
		}
	}
}

// compareSides looks for the first difference of two files. What cannot be read
// only differs.
func (e *Engine) compareSides(ctx context.Context, j *Job, x *Question) (v Verdict, first int64) {
	v, first = VerdictDiffers, -1
	ours, err := e.openSide(ctx, j.From, x.Path)
	if err != nil {
		return v, first
	}
	defer ours.Close()
	old, err := e.openSide(ctx, j.To, x.Name)
	if err != nil {
		return v, first
	}
	defer old.Close()
	least := min(x.Source.Size, x.Existing.Size)
	var a, b [verdictWindow]byte
	for at := int64(0); at < min(least, verdictBytes); {
		n := min(verdictWindow, least-at, verdictBytes-at)
		if !readAll(ours, a[:n], at) || !readAll(old, b[:n], at) {
			return v, first
		}
		if !bytes.Equal(a[:n], b[:n]) {
			return v, at + int64(differsAt(a[:n], b[:n]))
		}
		at += n
	}
	switch {
	case x.Source.Size > x.Existing.Size:
		return VerdictBegins, -1
	case least <= verdictBytes && x.Source.Size < x.Existing.Size:
		return v, least
	}
	return v, first
}

func (e *Engine) openSide(ctx context.Context, id PlaceID, p Path) (File, error) {
	t, err := e.Tree(id)
	if err != nil {
		return nil, err
	}
	return t.Open(ctx, p)
}

// readAll fills b from there on, and reports false if it cannot.
func readAll(f File, b []byte, at int64) bool {
	n, err := f.ReadAt(b, at)
	return n == len(b) && (err == nil || errors.Is(err, io.EOF))
}

func differsAt(a, b []byte) int {
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return len(a)
}

// unseen returns those of the n oldest questions about files that were not looked
// at yet, and notes that they are being compared.
func (q *questions) unseen(n int) (out []Question) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range q.parked[:min(n, len(q.parked))] {
		p := &q.parked[i]
		if p.seen || p.Source.Kind != RegularFile || p.Existing.Kind != RegularFile {
			continue
		}
		p.seen, p.Verdict = true, VerdictComparing
		out = append(out, p.Question)
	}
	return out
}

// found says what a look at a question brought.
func (q *questions) found(id int, v Verdict, first int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range q.parked {
		if p := &q.parked[i]; p.ID == id {
			p.Verdict, p.First = v, first
			return
		}
	}
}
