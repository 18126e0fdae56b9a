package session

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/bargee/bargee/internal/wire"
)

// cutsOf cuts data by the words of transfer.proto, without a thought for speed.
func cutsOf(data []byte, average int) (out []cut) {
	for off := 0; off < len(data); {
		n := 0
		for n = 1; off+n < len(data) && n < 2*average; n++ {
			if n < average/2 {
				continue
			}
			var h uint64
			for _, b := range data[off+n-64 : off+n] {
				h = 2*h + gear[b]
			}
			if h < 1<<63/uint64(average/4) {
				break
			}
		}
		out = append(out, cut{int64(off), n, cutHash(xxhash.Sum64(data[off : off+n]))})
		off += n
	}
	return out
}

func scanned(t *testing.T, data []byte, average, piece int, guess func() (int, cutHash)) (out []cut) {
	t.Helper()
	s := newCutScan(average, piece)
	s.guess = guess
	for s.at() < int64(len(data)) {
		n := min(piece, len(data)-int(s.at()))
		got, err := s.add(bytes.NewReader(data), n, int(s.at())+n == len(data), func(c cut) { out = append(out, c) })
		if err != nil || len(got) != n {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	}
	return out
}

// The cuts are what the protocol says, whatever is read at a time.
func TestCuts(t *testing.T) {
	data := slices.Concat(content(300<<10), make([]byte, 50<<10), content(100<<10))
	want := cutsOf(data, minAverageCut)
	if len(want) < 50 || len(want) > 200 {
		t.Errorf("%d cuts", len(want))
	}
	for _, piece := range []int{1000, 4096, 64 << 10, len(data)} {
		if got := scanned(t, data, minAverageCut, piece, nil); !slices.Equal(got, want) {
			t.Errorf("pieces of %d: other cuts", piece)
		}
	}
	// With the right expectation the same is found, with a wrong one too.
	i := 0
	next := func() (int, cutHash) {
		i++
		c := want[(i-1)/2*2%len(want)]
		return c.length, c.hash
	}
	if got := scanned(t, data, minAverageCut, 10000, next); !slices.Equal(got, want) {
		t.Error("other cuts, if some are expected")
	}
}

// What is cut once is cut the same for ever: these are part of the protocol.
func TestCutsAreThese(t *testing.T) {
	const want = "f1611bf1dfde3a2d e072c1bb1f72fc48 " +
		"2205 1d215cc60f435625 2161 0605e533cbd74940 2434 59b7307a70c243c7 7512 bc15ad62e02b8027"
	got := fmt.Sprintf("%x %x", gear[0], gear[1])
	for _, c := range cutsOf(content(40<<10), minAverageCut)[:4] {
		got += fmt.Sprintf(" %d %016x", c.length, uint64(c.hash))
	}
	if got != want {
		t.Errorf("got %s", got)
	}
}

func TestCutScanOfAShorterFile(t *testing.T) {
	s := newCutScan(minAverageCut, 1000)
	if _, err := s.add(bytes.NewReader(make([]byte, 999)), 1000, true, func(cut) {}); err != io.ErrUnexpectedEOF {
		t.Errorf("got %v", err)
	}
}

func TestAverageCut(t *testing.T) {
	for size, want := range map[int64]int{
		0: 4 << 10, 1 << 20: 4 << 10, 64 << 20: 16 << 10, 1 << 30: 64 << 10, 4 << 30: 128 << 10,
		1 << 36: 1 << 20, 1 << 39: 8 << 20, 1 << 40: 0, 1 << 62: 0,
	} {
		got := averageCutFor(size)
		if got != want || got > 0 && mostCuts(size, got) > maxCuts {
			t.Errorf("%d bytes: %d, want %d", size, got, want)
		}
	}
}

// tell is what a receiver says of an old file.
func tell(cuts []cut, last bool) *wire.Cuts {
	m := &wire.Cuts{Id: 1, Last: last}
	for _, c := range cuts {
		m.Lengths = append(m.Lengths, uint32(c.length))
		m.Hashes = append(m.Hashes, uint64(c.hash))
	}
	return m
}

// Cuts that cannot be are refused before they are used.
func TestSignatureOfALiar(t *testing.T) {
	good := tell(cutsOf(content(20<<10), minAverageCut), false)
	for name, m := range map[string]*wire.Cuts{
		"a hash too few":     {Lengths: []uint32{4096, 4096}, Hashes: []uint64{1}},
		"a hash too many":    {Lengths: []uint32{4096}, Hashes: []uint64{1, 2}},
		"an empty cut":       {Lengths: []uint32{0}, Hashes: []uint64{1}},
		"a cut too long":     {Lengths: []uint32{2*minAverageCut + 1}, Hashes: []uint64{1}},
		"the longest of all": {Lengths: []uint32{1<<32 - 1}, Hashes: []uint64{1}},
		"too many":           {Lengths: slices.Repeat([]uint32{4096}, 101), Hashes: make([]uint64, 101)},
	} {
		s := newSignature(minAverageCut)
		if err := s.add(good, 100); err != nil {
			t.Fatal(err)
		}
		if before := len(s.ends); s.add(m, 100) == nil || len(s.ends) != before {
			t.Errorf("%s: taken", name)
		}
	}
	s := newSignature(minAverageCut)
	if s.add(tell(nil, true), 0) != nil || s.add(tell(nil, true), 0) == nil {
		t.Error("cuts after the last ones")
	}
}

// made follows a recipe.
func made(t *testing.T, r recipe, old, chunk []byte) []byte {
	t.Helper()
	if r == nil {
		return chunk
	}
	back, err := recipeFromWire(r.toWire(), len(chunk))
	if err != nil || !slices.Equal(back, r) || !r.within(int64(len(old))) {
		t.Fatalf("%v: %v", r, err)
	}
	body := r.squeeze(slices.Clone(chunk))
	if len(body) != r.literals() {
		t.Fatalf("%d bytes are sent, %d are to be", len(body), r.literals())
	}
	var out []byte
	for _, p := range r {
		out = append(append(out, old[p.from:p.from+int64(p.copied)]...), body[:p.literal]...)
		body = body[p.literal:]
	}
	return out
}

// Every chunk of a new file comes out of its recipe, whatever of the old file is
// known, and what is there is not sent.
func TestRecipes(t *testing.T) {
	if testing.Short() {
		t.Skip("pure, and long under the race detector")
	}
	r := rand.New(rand.NewPCG(rand.Uint64(), 1))
	for _, e := range edits {
		old := content(1 << 20)
		next, fresh := e.make(old, r)
		cuts := cutsOf(old, minAverageCut)
		mine := cutsOf(next, minAverageCut)
		for _, known := range []int{0, len(cuts) / 2, len(cuts)} {
			s := newSignature(minAverageCut)
			must(t, s.add(tell(cuts[:known], true), maxCuts))
			l, sent := layout{int64(len(next)), 64 << 10}, 0
			for i := range l.count() {
				off, n := l.span(i)
				chunk := next[off : off+int64(n)]
				recipe := s.recipe(off, n, mine)
				if !bytes.Equal(made(t, recipe, old, chunk), chunk) {
					t.Fatalf("%s: chunk %d differs", e.name, i)
				}
				if recipe == nil {
					sent += n
				}
				sent += recipe.literals()
			}
			if known == len(cuts) && sent > fresh+16*2*minAverageCut {
				t.Errorf("%s: %d bytes are sent, %d are new", e.name, sent, fresh)
			}
		}
	}
}

// Parts that do not make the chunk, or refer to what is not there, are refused.
func TestPartsOfALiar(t *testing.T) {
	const most = 1<<32 - 1
	for _, c := range []struct {
		name   string
		length int
		parts  []*wire.Part
		ok     bool
		within bool // of 100 bytes
	}{
		{"none", 10, nil, true, true},
		{"copy", 10, []*wire.Part{{Copy: 10}}, true, true},
		{"both", 10, []*wire.Part{{From: 96, Copy: 4, Literal: 2}, {Copy: 4}}, true, true},
		{"only literals", 10, []*wire.Part{{From: 5000, Literal: 10}}, true, true},
		{"past the end", 10, []*wire.Part{{From: 91, Copy: 10}}, true, false},
		{"far past the end", 10, []*wire.Part{{From: 1 << 60, Copy: 10}}, true, false},
		{"farther", 10, []*wire.Part{{From: 1<<60 + 1, Copy: 10}}, false, false},
		{"the farthest", 10, []*wire.Part{{From: 1<<64 - 1, Copy: 10}}, false, false},
		{"too few", 10, []*wire.Part{{Copy: 9}}, false, false},
		{"too many", 10, []*wire.Part{{Copy: 10}, {Copy: 1}}, false, false},
		{"a sum that overflows", 10, []*wire.Part{{Copy: most, Literal: 11}}, false, false},
		{"sums that overflow", 10, []*wire.Part{{Copy: most, Literal: most}, {Copy: 12}}, false, false},
		{"nothing", 10, []*wire.Part{{Copy: 10}, {}}, false, false},
		{"of nothing", 0, []*wire.Part{{}}, false, false},
	} {
		r, err := recipeFromWire(c.parts, c.length)
		if ok := err == nil; ok != c.ok || ok && r.within(100) != c.within {
			t.Errorf("%s: %v %v, within %t", c.name, r, err, r.within(100))
		}
	}
}

// A recipe never has more parts than may be sent.
func TestRecipeWithManyParts(t *testing.T) {
	var r recipe
	for i := range 3 * maxParts {
		r = r.copy(int64(1000*i), 10)
	}
	if len(r) > maxParts || r.literals() != 2*maxParts*10 {
		t.Errorf("%d parts, %d literals", len(r), r.literals())
	}
}

func TestHope(t *testing.T) {
	const m = 1 << 20
	for _, c := range []struct {
		size, sought, found int64
		lost                bool
	}{
		{100 * m, 0, 0, false}, {100 * m, 63 * m, 0, false}, {100 * m, 64 * m, 0, true}, {100 * m, 64 * m, m, false},
		{1 << 40, 1000 * m, 0, false}, {1 << 40, 1024 * m, 0, true}, {1 << 40, 1024 * m, 17 * m, false},
	} {
		if got := (hope{c.size, c.sought, c.found}).lost(); got != c.lost {
			t.Errorf("%+v: %t", c, got)
		}
	}
}

// FuzzParts has parts of any kind refused, or made without a panic.
func FuzzParts(f *testing.F) {
	f.Add(message(f, &wire.Chunk{Length: 10, Parts: []*wire.Part{{From: 3, Copy: 4, Literal: 6}}})[1:])
	f.Add(message(f, &wire.Chunk{Length: 1 << 24, Parts: []*wire.Part{{From: 1 << 60, Copy: 1<<32 - 1, Literal: 1<<32 - 1}}})[1:])
	old := content(1000)
	f.Fuzz(func(t *testing.T, b []byte) {
		c := new(wire.Chunk)
		if wire.Unmarshal(b, c) != nil {
			return
		}
		r, err := recipeFromWire(c.GetParts(), int(c.GetLength()))
		if err != nil || !r.within(int64(len(old))) || c.GetLength() > 1<<16 {
			return
		}
		chunk := make([]byte, c.GetLength())
		if got := made(t, r, old, chunk); len(got) != len(chunk) || bodySize(c) != len(chunk) && bodySize(c) != r.literals() {
			t.Errorf("%d bytes of %d, a body of %d", len(got), len(chunk), bodySize(c))
		}
	})
}

// FuzzCuts has cuts of any kind refused, or used without a panic.
func FuzzCuts(f *testing.F) {
	next := content(64 << 10)
	mine := cutsOf(next, minAverageCut)
	f.Add(message(f, tell(mine, true))[2:])
	f.Add(message(f, tell(mine[3:5], false))[1:])
	f.Fuzz(func(t *testing.T, b []byte) {
		m, s := new(wire.Cuts), newSignature(minAverageCut)
		if wire.Unmarshal(b, m) != nil || s.add(m, maxCuts) != nil {
			return
		}
		r := s.recipe(0, len(next), mine)
		if back, err := recipeFromWire(r.toWire(), len(next)); err != nil || !slices.Equal(back, r) || !r.within(s.covered) {
			t.Errorf("%v: %v", r, err)
		}
	})
}
