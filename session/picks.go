package session

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/bargee/bargee/internal/wire"
)

// picks are what is to be announced of a source, in the order of foldCompare. A
// server hears of them while it walks.
type picks struct {
	mu    sync.Mutex
	paths []Path
	bytes int
	last  bool          // there are no more
	more  chan struct{} // has one element when there is something new
}

// maxPicks is how many bytes of picks a transfer may have, with pickCost for each
// (transfer.proto).
const (
	maxPicks = 8 << 20
	pickCost = 64
)

func newPicks(paths []Path) *picks { return &picks{paths: paths, last: true} }

// next waits for a pick; ok is false when there are no more.
func (k *picks) next(ctx context.Context, done <-chan struct{}) (p Path, ok bool, err error) {
	for {
		k.mu.Lock()
		if len(k.paths) > 0 {
			p = k.paths[0]
			k.paths = k.paths[1:]
			k.mu.Unlock()
			return p, true, nil
		}
		last := k.last
		k.mu.Unlock()
		if last {
			return Path{}, false, nil
		}
		select {
		case <-k.more:
		case <-done:
			return Path{}, false, errWalkEnded
		case <-ctx.Done():
			return Path{}, false, context.Cause(ctx)
		}
	}
}

// add notes what the receiver picks.
func (k *picks) add(m *wire.Picks) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.last {
		return newError(Protocol, Path{}, "picks that nobody waits for")
	}
	for _, raw := range m.GetPaths() {
		p, err := parseClean(string(raw))
		if err != nil || p.IsRoot() {
			return newError(Protocol, Path{}, "a pick that is no path")
		}
		if k.bytes += len(raw) + pickCost; k.bytes > maxPicks {
			return newError(Limit, Path{}, "more picks than %d bytes", maxPicks)
		}
		k.paths = append(k.paths, p)
	}
	k.last = m.GetLast()
	select {
	case k.more <- struct{}{}:
	default:
	}
	return nil
}

// picked handles the receiver's picks.
func (s *sender) picked(m *wire.Picks) error {
	if len(s.sources) != 1 || s.sources[0].picks == nil || s.ledger != nil && !s.ledger.light { // light: at the end that was asked
		return newError(Protocol, Path{}, "picks that nobody waits for")
	}
	return s.sources[0].picks.add(m)
}

// walkPicks announces the picks below top, each after the directories that it is in.
// What is not there any more is reported: somebody saw it a moment ago.
func (s *sender) walkPicks(ctx context.Context, src source, top *outFile, end *wire.End) error {
	if top.entry.Kind != Directory {
		return &Error{Kind: NotADirectory, Side: Source, Path: src.shown, Err: errors.New("is no directory")}
	}
	way := []*outFile{top} // announced, each in the one before it
	for {
		p, ok, err := src.picks.next(ctx, s.done)
		if err != nil || !ok {
			return err
		}
		for len(way) > 1 && (!p.Within(way[len(way)-1].rel) || p == way[len(way)-1].rel) {
			way = way[:len(way)-1]
		}
		if way, err = s.pickOne(ctx, way, p, end); err != nil {
			return err
		}
	}
}

// pickOne announces p and those of the directories above it that are not on the way.
func (s *sender) pickOne(ctx context.Context, way []*outFile, p Path, end *wire.End) ([]*outFile, error) {
	for {
		above := way[len(way)-1]
		left := strings.TrimPrefix(strings.TrimPrefix(p.raw, above.rel.raw), "/")
		name, rest, _ := strings.Cut(left, "/")
		f, err := above.below(name)
		if err != nil {
			s.report(above, err)
			return way, nil
		}
		f.entry.Kind = RegularFile // until it was looked at
		_, err = inspect(f)
		if err == nil && rest != "" && f.entry.Kind != Directory {
			err = newError(NotADirectory, Path{}, "it is no directory any more")
		}
		if err != nil {
			s.report(f, err)
			return way, nil
		}
		if err := s.offer(ctx, f, end); err != nil {
			return way, err
		}
		if f.entry.Kind == Directory {
			way = append(way, f)
		}
		if rest == "" {
			return way, nil
		}
	}
}

// picksOf returns paths as they travel, in messages of about 128 KiB.
func picksOf(paths []Path) (out []*wire.Picks) {
	now, bytes := new(wire.Picks), 0
	for _, p := range paths {
		if bytes += len(p.raw) + pickCost; bytes > 128<<10 || len(now.Paths) == 4096 {
			out, now, bytes = append(out, now), new(wire.Picks), 0
		}
		now.Paths = append(now.Paths, []byte(p.raw))
	}
	now.Last = true
	return append(out, now)
}

// pickedOf returns what may be announced where paths are picked: these, and the
// directories that they are in.
func pickedOf(paths []Path) map[Path]bool {
	all := make(map[Path]bool, len(paths))
	for _, p := range paths {
		for !p.IsRoot() && !all[p] {
			all[p] = true
			p = p.Parent()
		}
	}
	return all
}
