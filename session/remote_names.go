package session

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"iter"

	"google.golang.org/protobuf/proto"

	"github.com/bargee/bargee/internal/wire"
)

// An ability is a kind of request that not every version answers.
type ability uint32

const (
	abilityNames ability = 1 << iota
	abilityStatAll
	abilityWatch
	abilityMeasure
	abilityFind
	abilityGlob
)

// lacks tells whether the peer is known to be without an ability.
func (r *Remote) lacks(a ability) bool { return r.without.Load()&uint32(a) != 0 }

// found notes that the peer is without an ability, if that is what err says.
func (r *Remote) found(a ability, err error) bool {
	if err == nil || KindOf(err) != Invalid {
		return false
	}
	r.without.Or(uint32(a))
	return true
}

// tooOld says that a peer does not know a request that nothing else can stand for.
func (r *Remote) tooOld(p Path, err error, what string) error {
	if err == nil || KindOf(err) != Invalid {
		return err
	}
	agent := sanitize(r.link.Peer().Agent)
	return newError(Refused, p, "the peer's version (%s) %s; it has to be updated for that", agent, what)
}

// A partly is a message of which an answer has any number; its error is the last.
type partly interface {
	proto.Message
	GetError() *wire.Error
}

// parts yields the messages of an answer, each read into what next makes; an
// error is the last thing it yields. For the i-th one it waits with patience if
// the peer then speaks anyhow, else as long as it takes.
func parts[M partly](c *call, next func() M, speaks func(i int) bool) iter.Seq2[M, error] {
	return func(yield func(M, error) bool) {
		for i := 0; ; i++ {
			part := next()
			wait := patience
			if !speaks(i) {
				wait = 0
			}
			err := c.read(part, wait)
			if err == io.EOF {
				return
			}
			if err == nil && part.GetError() != nil {
				err = fromWire(part.GetError())
			}
			if err != nil {
				yield(part, c.explain(err))
				return
			}
			if !yield(part, nil) {
				return
			}
		}
	}
}

// Of one answer the peer says more all the time, of another only the beginning
// comes at once, of a third nothing does.
func always(int) bool     { return true }
func atFirst(i int) bool  { return i == 0 }
func whenever(i int) bool { return false }

// Names yields what is in dir as it arrives.
func (r *Remote) Names(ctx context.Context, dir Path) iter.Seq2[Entry, error] {
	if r.lacks(abilityNames) {
		return r.List(ctx, dir)
	}
	return func(yield func(Entry, error) bool) {
		c, err := r.ask(ctx, dir, &wire.Request{Ask: &wire.Request_Names{Names: &wire.ListNames{Path: []byte(dir.raw)}}})
		if err != nil {
			yield(Entry{}, err)
			return
		}
		defer c.end()
		for part, err := range parts(c, func() *wire.Names { return new(wire.Names) }, always) {
			if r.found(abilityNames, err) {
				r.List(ctx, dir)(yield)
				return
			}
			for len(part.GetNames()) > 0 {
				var e Entry
				var bad error
				if e, part.Names, bad = nextName(part.Names); bad != nil {
					err = c.explain(bad)
					break
				}
				if !yield(e, nil) {
					return
				}
			}
			if err != nil {
				yield(Entry{}, err)
				return
			}
		}
	}
}

// appendName appends a name and its kind as they travel in wire.Names.
func appendName(b []byte, e Entry) []byte {
	b = append(b, byte(e.Kind))
	return append(append(b, e.Name...), 0)
}

// nextName takes the first name of b.
func nextName(b []byte) (e Entry, rest []byte, err error) {
	kind, b := EntryKind(b[0]), b[1:]
	end := bytes.IndexByte(b[:min(len(b), MaxName+1)], 0)
	if kind > Other || end < 0 {
		return Entry{}, nil, fmt.Errorf("names of a directory: %w", wire.ErrInvalid)
	}
	name := string(b[:end])
	if err := checkName(name); err != nil {
		return Entry{}, nil, fmt.Errorf("names of a directory: %w: %w", err, wire.ErrInvalid)
	}
	return Entry{Name: name, Kind: kind, Size: -1}, b[end+1:], nil
}

// maxAsked is how many bytes of names go into one request: all of it has 64 KiB.
const maxAsked = 24 << 10

// StatAll describes names in dir.
func (r *Remote) StatAll(ctx context.Context, dir Path, names []string) ([]Entry, error) {
	if err := checkNames(dir, names); err != nil {
		return nil, err
	}
	out := make([]Entry, 0, len(names))
	for len(out) < len(names) {
		if r.lacks(abilityStatAll) {
			return statEach(ctx, r, dir, names)
		}
		some, size := 0, 0
		for _, name := range names[len(out):] {
			if size += len(name) + 4; size > maxAsked && some > 0 {
				break
			}
			some++
		}
		part, err := r.statSome(ctx, dir, names[len(out):len(out)+some])
		if r.found(abilityStatAll, err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, part...)
	}
	return out, nil
}

func (r *Remote) statSome(ctx context.Context, dir Path, names []string) ([]Entry, error) {
	ask := &wire.StatAll{Path: []byte(dir.raw), Names: make([][]byte, len(names))}
	out := make([]Entry, len(names))
	for i, name := range names {
		ask.Names[i], out[i] = []byte(name), Entry{Name: name, Kind: Gone}
	}
	c, err := r.ask(ctx, dir, &wire.Request{Ask: &wire.Request_StatAll{StatAll: ask}})
	if err != nil {
		return nil, err
	}
	defer c.end()
	next := 0 // names up to here were described, or are gone
	for part, err := range parts(c, func() *wire.Described { return new(wire.Described) }, always) {
		if err != nil {
			return nil, err
		}
		for _, w := range part.GetEntries() {
			e, err := namedEntry(w)
			if err != nil {
				return nil, c.explain(err)
			}
			for next < len(names) && names[next] != e.Name {
				next++
			}
			if next == len(names) {
				return nil, newError(Protocol, dir, "the peer described what it was not asked for")
			}
			out[next] = e
			next++
		}
	}
	return out, nil
}

// Chmod sets the permission bits of p.
func (r *Remote) Chmod(ctx context.Context, p Path, mode fs.FileMode) error {
	err := r.do(ctx, p, patience, &wire.Request{Ask: &wire.Request_Chmod{
		Chmod: &wire.Chmod{Path: []byte(p.raw), Mode: uint32(mode & permBits)}}})
	return r.tooOld(p, err, "sets no permissions")
}

// Symlink makes the link p.
func (r *Remote) Symlink(ctx context.Context, target string, p Path) error {
	if err := checkTarget(p, target); err != nil {
		return err
	}
	err := r.do(ctx, p, patience, &wire.Request{Ask: &wire.Request_Symlink{
		Symlink: &wire.Symlink{Path: []byte(p.raw), Target: []byte(target)}}})
	return r.tooOld(p, err, "makes no links")
}
