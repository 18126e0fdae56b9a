package session

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/bargee/bargee/internal/wire"
)

// comparing is a raw sender of a file that the receiver has an old one of, and
// was told of that all its cuts.
func comparing(t *testing.T, old, next []byte) *rawSender {
	t.Helper()
	s := newRawSender(t, ServerConfig{}, &wire.Options{OnConflict: wire.Conflict_CONFLICT_OVERWRITE, ChunkSize: 64 << 10})
	must(t, os.WriteFile(filepath.Join(s.dir, "file"), old, 0o644))
	a := announce(1, "file", len(next))
	a.GetEntry().Parts = true
	s.say(a)
	if a := s.hear().GetAnswer(); a.GetVerdict() != wire.Verdict_VERDICT_WANT || a.GetAverageCut() != minAverageCut {
		t.Fatalf("got %v", a)
	}
	for m := s.hear(); ; m = s.hear() {
		if m.GetCuts() == nil {
			t.Fatalf("got %v", m)
		}
		if m.GetCuts().GetLast() {
			return s
		}
	}
}

// A sender that refers to what is not there, or does not say what makes the
// chunk, ends the transfer; the old file stays.
func TestLyingPartsFromSender(t *testing.T) {
	old := content(300 << 10)
	const size = 64 << 10
	for name, parts := range map[string][]*wire.Part{
		"past the end":       {{From: 300<<10 - size + 1, Copy: size}},
		"far past the end":   {{From: 1 << 60, Copy: size}},
		"too few":            {{Copy: size - 1}},
		"too many":           {{Copy: size, Literal: 1}},
		"sums that overflow": {{Copy: 1 << 24, Literal: 1 << 24}, {Copy: size}},
		"an empty one":       {{Copy: size}, {}},
	} {
		t.Run(name, func(t *testing.T) {
			s := comparing(t, old, append(slices.Clone(old), 1))
			st, in := s.data()
			c := chunkMessage(1, 0, old[:size], valueOf(old[:size], 0, size, false))
			c.Parts = parts
			if state, err := sendChunk(t, st, in, c, nil); err == nil {
				t.Errorf("acknowledged as %v", state)
			}
			for m := s.hear(); m.GetError().GetKind() != wire.Kind_KIND_PROTOCOL; m = s.hear() {
			}
			holds(t, filepath.Join(s.dir, "file"), string(old))
		})
	}
}

// Parts that were not offered, or of a file that has none, end the transfer.
func TestPartsUnasked(t *testing.T) {
	data := content(3 << 20)
	s := newRawSender(t, ServerConfig{}, nil)
	s.say(announce(1, "file", len(data)))
	s.hear()
	st, in := s.data()
	c := chunkMessage(1, 0, data[:1<<20], valueOf(data[:1<<20], 0, 1<<20, false))
	c.Parts = []*wire.Part{{Literal: 1 << 20}}
	if state, err := sendChunk(t, st, in, c, nil); err == nil {
		t.Errorf("acknowledged as %v", state)
	}
	s.fails(Protocol)
}

// A chunk that is made of the wrong parts is corrupt, and taken when it is sent
// whole, also where the old file changed or is gone.
func TestPartsOfAnotherFile(t *testing.T) {
	const size = 64 << 10
	for name, change := range map[string]func(file string) error{
		"the sender lies":      func(string) error { return nil },
		"the old file changes": func(file string) error { return os.WriteFile(file, content(300<<10 + 1)[1:], 0o644) },
		"it is cut short":      func(file string) error { return os.Truncate(file, 1000) },
		"it is gone":           os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			old := content(300 << 10)
			next := append(slices.Clone(old), "more"...)
			s := comparing(t, old, next)
			must(t, change(filepath.Join(s.dir, "file")))
			st, in := s.data()
			f := &inFile{assembly: newAssembly(layout{int64(len(next)), size}, nil)}
			corrupt, values := 0, make([]value, f.count())
			for i := range f.count() {
				part, v := chunkOf(f, next, i)
				values[i] = v
				c := chunkMessage(1, i, part, v)
				c.Parts = []*wire.Part{{From: i * size, Copy: uint32(len(part))}}
				if name == "the sender lies" {
					c.Parts[0].From = 7
				}
				if i == f.count()-1 { // it has something new
					c.Parts[0].Copy -= 4
					c.Parts[0].Literal = 4
				}
				state, err := sendChunk(t, st, in, c, part[len(part)-int(c.Parts[0].Literal):])
				must(t, err)
				if state == wire.Ack_STATE_CORRUPT {
					corrupt++
					state, err = sendChunk(t, st, in, chunkMessage(1, i, part, v), part)
				}
				if err != nil || state != wire.Ack_STATE_VERIFIED {
					t.Fatalf("chunk %d: %v %v", i, state, err)
				}
			}
			if gone := name == "it is gone"; gone == (corrupt > 0) { // it is open still
				t.Errorf("%d chunks were corrupt", corrupt)
			}
			s.say(complete(1, combine(values)))
			if r := s.hear().GetResult(); r.GetId() != 1 || r.GetError() != nil {
				t.Errorf("got %v", r)
			}
			holds(t, filepath.Join(s.dir, "file"), string(next))
		})
	}
}

// What a receiver may not say of an old file ends the upload, with the reason.
func TestLyingCutsFromReceiver(t *testing.T) {
	ready := &wire.Ready{MaxStreams: 4}
	want := func(average uint32) *wire.Answer { return &wire.Answer{Id: 1, ChunkSize: 1 << 20, AverageCut: average} }
	cuts := func(n, length uint32) *wire.Cuts {
		return &wire.Cuts{Id: 1, Lengths: slices.Repeat([]uint32{length}, int(n)), Hashes: make([]uint64, n)}
	}
	many := []any{ready, want(minAverageCut)}
	for range maxCuts/2048 + 1 {
		many = append(many, cuts(2048, 4096))
	}
	for _, c := range []struct {
		name string
		kind Kind
		say  []any
	}{
		{"too small", Protocol, []any{ready, want(minAverageCut / 2)}},
		{"not offered", Protocol, []any{ready, want(0), cuts(1, 4096)}},
		{"before the answer", Protocol, []any{ready, cuts(1, 4096)}},
		{"of nothing", Protocol, []any{ready, &wire.Cuts{Id: 9}}},
		{"of length 0", Protocol, []any{ready, want(minAverageCut), cuts(1, 0)}},
		{"too long", Protocol, []any{ready, want(minAverageCut), cuts(1, 1<<14)}},
		{"without hashes", Protocol, []any{ready, want(minAverageCut), &wire.Cuts{Id: 1, Lengths: []uint32{4096}}}},
		{"after the last", Protocol, []any{ready, want(minAverageCut), &wire.Cuts{Id: 1, Last: true}, cuts(1, 4096)}},
		{"more than are taken", Protocol, many},
	} {
		t.Run(c.name, func(t *testing.T) { refusesReceiver(t, c.kind, c.say) })
	}
}
