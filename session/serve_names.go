package session

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/bargee/bargee/internal/wire"
)

// Names go out as the disk tells them: the first ones at once, then as many as
// a message holds with ease, and none waits long for others.
const (
	firstNames   = 100
	maxNameBytes = 48 << 10
	longestNames = 100 * time.Millisecond
)

// names writes the names of a directory; no more of them are kept here than one
// message has.
func (e *exchange) names(ctx context.Context, ask *wire.ListNames) error {
	p, err := e.s.path(ask.GetPath())
	if err != nil {
		return err
	}
	part := &wire.Names{Names: make([]byte, 0, maxNameBytes+MaxName+2)}
	n, said := 0, time.Now()
	for entry, err := range e.s.tree().Names(ctx, p) {
		if err != nil {
			part.Error = toWire(err)
			break
		}
		part.Names = appendName(part.Names, entry)
		n++
		late := n > firstNames && n%64 == 0 && time.Since(said) >= longestNames
		if n != firstNames && len(part.Names) < maxNameBytes && !late {
			continue
		}
		if err := e.write(part); err != nil {
			return e.cut(err)
		}
		part.Names, said = part.Names[:0], time.Now()
	}
	if len(part.Names) > 0 || part.Error != nil {
		e.write(part)
	}
	e.st.Close()
	return nil
}

// cut ends an answer that could not be written on.
func (e *exchange) cut(err error) error {
	e.st.Abort(codeOf(KindOf(err)))
	return nil
}

// statAll writes the entries of names in a directory, without those that are
// not there.
func (e *exchange) statAll(ctx context.Context, ask *wire.StatAll) error {
	p, err := e.s.path(ask.GetPath())
	if err != nil {
		return err
	}
	names := make([]string, len(ask.GetNames()))
	for i, raw := range ask.GetNames() {
		names[i] = string(raw)
	}
	entries, err := e.s.tree().StatAll(ctx, p, names)
	if err != nil {
		return err
	}
	part, bytes := new(wire.Described), 0
	for i, entry := range entries {
		if entry.Kind != Gone {
			w := entryToWire(entry)
			part.Entries = append(part.Entries, w)
			bytes += proto.Size(w)
		}
		if i < len(entries)-1 && len(part.Entries) < maxEntries && bytes < maxEntryBytes {
			continue
		}
		if err := e.write(part); err != nil {
			return e.cut(err)
		}
		part, bytes = new(wire.Described), 0
	}
	return e.st.Close()
}
