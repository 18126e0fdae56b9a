package session

import (
	"bufio"
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/bargee/bargee/internal/wire"
)

// FuzzEntry takes an entry as a peer describes it: what is made of it can be
// told to another peer, and is the same there.
func FuzzEntry(f *testing.F) {
	for _, e := range []*wire.Entry{
		{Name: []byte("file"), Size: 1 << 62, Mode: 0o4755, ModifiedS: 1, ModifiedNs: 999_999_999},
		{Name: []byte("link"), Kind: wire.EntryKind_ENTRY_KIND_LINK, Target: []byte("../../x")},
		{Name: []byte(".."), ModifiedS: -1 << 63}, {Name: []byte("a/b"), ModifiedS: 1<<63 - 1}, {},
	} {
		f.Add(message(f, &wire.Entries{Entries: []*wire.Entry{e}}))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m := new(wire.Entries)
		if wire.Read(bufio.NewReader(bytes.NewReader(b)), m) != nil {
			return
		}
		for _, w := range m.Entries {
			e, err := entryFromWire(w)
			if err != nil {
				if !errors.Is(err, wire.ErrInvalid) || checkName(string(w.GetName())) == nil {
					t.Errorf("%v: %v", w, err)
				}
				continue
			}
			if e.Size < 0 || e.Mode&^permBits != 0 || e.Name != "" && checkName(e.Name) != nil {
				t.Errorf("%v is %+v", w, e)
			}
			if y := e.Modified.UTC().Year(); y < 1 || y > 9999 { // M49
				t.Errorf("%v is of the year %d", w, y)
			}
			if _, err := e.Modified.UTC().MarshalJSON(); err != nil {
				t.Errorf("%v: %v", w, err)
			}
			again, err := entryFromWire(entryToWire(e))
			if err != nil || !again.Modified.Equal(e.Modified) || again.Name != e.Name || again.Size != e.Size || again.Mode != e.Mode || again.Kind != e.Kind || again.Target != e.Target {
				t.Errorf("%+v comes back as %+v, %v", e, again, err)
			}
		}
	})
}

// FuzzError takes an error as a peer says it (M75): it is fit to be shown, as
// long as the schema lets it, and can be told on.
func FuzzError(f *testing.F) {
	f.Add(uint8(4), "why\x1b]52;c;eA==\a", []byte("a/b"))
	f.Add(uint8(200), strings.Repeat("\u202e", 200), []byte("../x"))
	f.Add(uint8(0), "", []byte(nil))
	f.Add(uint8(0), `\x1b\\u202e\`, []byte("/"))
	f.Fuzz(func(t *testing.T, kind uint8, words string, path []byte) {
		e := fromWire(&wire.Error{Kind: wire.Kind(kind), Message: words, Path: path})
		for _, r := range e.Error() {
			if r != '\u200c' && r != '\u200d' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co) || r == utf8.RuneError && !strings.Contains(words, string(r)) {
				t.Errorf("%q is shown as %q", words, e.Error())
				break
			}
		}
		if !e.Path.IsRoot() && e.Path.Raw() != string(path) {
			t.Errorf("it is about %q, and was about %q", e.Path.Raw(), path)
		}
		w := toWire(e)
		if _, err := wire.Append(nil, w); err != nil || len(w.GetMessage()) > 512 || !utf8.ValidString(w.GetMessage()) {
			t.Errorf("%q cannot be told on: %v", words, err)
		}
		if again := fromWire(w); again.Kind != e.Kind || again.Path != e.Path {
			t.Errorf("%v comes back as %v", e, again)
		}
	})
}

// FuzzRecipe takes the parts of a chunk as a sender names them: they make the
// chunk exactly, lie within the old file or are refused, and are taken from the
// body in their order.
func FuzzRecipe(f *testing.F) {
	add := func(length uint32, parts ...*wire.Part) {
		b, err := proto.Marshal(&wire.Chunk{Length: length, Parts: parts})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, int64(1<<20))
	}
	add(10, &wire.Part{From: 5, Copy: 4, Literal: 6})
	add(10, &wire.Part{From: 1 << 60, Copy: 10})
	add(1<<24, &wire.Part{Copy: 1 << 24}, &wire.Part{Copy: 1 << 24})
	add(8, &wire.Part{Literal: 8}, &wire.Part{})
	f.Fuzz(func(t *testing.T, b []byte, size int64) {
		c := new(wire.Chunk)
		if size < 0 || wire.Unmarshal(b, c) != nil || c.GetLength() > 1<<20 {
			return
		}
		r, err := recipeFromWire(c.GetParts(), int(c.GetLength()))
		if err != nil || r == nil {
			return
		}
		sum, at := 0, 0
		chunk := bytes.Repeat([]byte{1}, int(c.GetLength())) // 1 is copied, 2 is sent
		for _, p := range r {
			sum += p.copied + p.literal
			copy(chunk[at+p.copied:at+p.copied+p.literal], bytes.Repeat([]byte{2}, p.literal))
			at += p.copied + p.literal
			if r.within(size) && p.copied > 0 && (p.from < 0 || p.from+int64(p.copied) > size || p.from+int64(p.copied) < 0) {
				t.Errorf("%v counts as within %d bytes", p, size)
			}
		}
		if sum != int(c.GetLength()) || r.literals() != bodySize(c) {
			t.Errorf("%v make %d bytes of %d, %d of them sent and %d in the body", r, sum, c.GetLength(), r.literals(), bodySize(c))
		}
		if body := r.squeeze(chunk); len(body) != r.literals() || bytes.IndexByte(body, 1) >= 0 {
			t.Errorf("%v: the body is %x", r, body)
		}
		if again, err := recipeFromWire(r.toWire(), int(c.GetLength())); err != nil || len(again) != len(r) {
			t.Errorf("%v comes back as %v, %v", r, again, err)
		}
	})
}

// FuzzBody reads the body of a chunk (M58, M59): it makes what its header says
// or is refused, with no more memory than the largest chunk.
func FuzzBody(f *testing.F) {
	zeros := make([]byte, 1<<16)
	text := bytes.Repeat([]byte("bargee "), 1000)
	f.Add(uint32(len(zeros)), deflate(fast, nil, zeros))
	f.Add(uint32(len(text)), deflate(good, nil, text))
	f.Add(uint32(len(text)-1), deflate(good, nil, text))
	f.Add(uint32(len(text)+1), deflate(good, nil, text))
	f.Add(uint32(100), append(deflate(fast, nil, text), deflate(fast, nil, text)...))  // two frames
	f.Add(uint32(100), []byte("\x28\xb5\x2f\xfd\xe0\xff\xff\xff\xff\xff\xff\xff\xff")) // a frame of 2^64-1 bytes
	f.Add(uint32(100), []byte("\x28\xb5\x2f\xfd\x00\xf8\x01\x00\x00"))                 // a window of 2 GiB and more
	f.Fuzz(func(t *testing.T, length uint32, b []byte) {
		length %= 1 << 20
		dst := bytes.Repeat([]byte{0xaa}, int(length)+8)
		err := inflate(dst[:length], b)
		if !bytes.Equal(dst[length:], bytes.Repeat([]byte{0xaa}, 8)) {
			t.Error("it wrote behind the chunk")
		}
		if err != nil {
			return
		}
		again := make([]byte, length)
		if err := inflate(again, deflate(fast, nil, dst[:length])); err != nil || !bytes.Equal(again, dst[:length]) {
			t.Errorf("%d bytes do not come back: %v", length, err)
		}
	})
}

// FuzzClaims takes claims in any order and with any overlap: they are of chunks
// that there are, each counted once, or refused; and memory is bounded.
// It holds M60.
func FuzzClaims(f *testing.F) {
	f.Add(int64(10<<20), uint64(0), uint16(10), uint64(5), uint16(5))
	f.Add(int64(10<<20), uint64(9), uint16(2), uint64(0), uint16(0))
	f.Add(int64(1), uint64(1<<40), uint16(1), uint64(1<<63), uint16(1))
	f.Add(int64(1<<40), uint64(1<<64-1), uint16(2), uint64(0), uint16(1))
	f.Fuzz(func(t *testing.T, size int64, first uint64, n uint16, second uint64, m uint16) {
		if size < 0 || size > 1<<30 || first > 1<<40 || second > 1<<40 { // the schema's limit
			return
		}
		l := layout{size, mib}
		var c claim
		most := layout{size, minChunkSize}.count()
		for _, w := range []*wire.Claims{
			{First: first, Values: make([]byte, 32*int(n%1000))}, {First: second, Values: make([]byte, 32*int(m%1000))},
		} {
			if !c.add(w, most) {
				if uint64(n%1000)+uint64(m%1000) <= most {
					t.Errorf("%d and %d claims of %d are too many", n%1000, m%1000, most)
				}
				return
			}
		}
		want := map[uint64]bool{}
		inside := true
		for i := range uint64(n % 1000) {
			want[first+i], inside = true, inside && first+i < l.count()
		}
		for i := range uint64(m % 1000) {
			want[second+i], inside = true, inside && second+i < l.count()
		}
		reused, ok := c.settle(make([]value, l.count()), l)
		if ok != inside {
			t.Errorf("taken %t, and all are inside %t", ok, inside)
		}
		if ok && (c.left() != uint64(len(want)) || reused > size) {
			t.Errorf("%d claims of %d bytes, want %d of at most %d", c.left(), reused, len(want), size)
		}
	})
}

// FuzzCutter cuts whatever bytes at once and bit by bit: the cuts are the same,
// none is too long or too short, and together they are the file.
func FuzzCutter(f *testing.F) {
	f.Add([]byte("seed"), uint16(300), uint8(3))
	f.Add(bytes.Repeat([]byte{0}, 100), uint16(2000), uint8(1))
	f.Fuzz(func(t *testing.T, seed []byte, n uint16, step uint8) {
		data := bytes.Repeat(append(seed, 1), 1+(int(n)*16)/(len(seed)+1))
		var key [32]byte
		copy(key[:], seed)
		noise := make([]byte, len(data)/2)
		rand.NewChaCha8(key).Read(noise)
		data = append(data, noise...)
		whole := cutAll(data, len(data))
		bits := cutAll(data, 1+int(step)*37)
		sum := 0
		for i, c := range whole {
			sum += c
			if c > 2*minAverageCut || c < minAverageCut/2 && i < len(whole)-1 {
				t.Errorf("a cut of %d bytes", c)
			}
		}
		if sum != len(data) || len(whole) != len(bits) {
			t.Fatalf("%d of %d bytes in %d cuts, bit by bit %d", sum, len(data), len(whole), len(bits))
		}
		for i := range whole {
			if whole[i] != bits[i] {
				t.Errorf("cut %d has %d bytes, bit by bit %d", i, whole[i], bits[i])
			}
		}
	})
}

// cutAll cuts data of which it sees step bytes more at a time.
func cutAll(data []byte, step int) (cuts []int) {
	c := cutter{average: minAverageCut}
	seen := 0
	for len(data) > 0 {
		seen = min(max(seen, 0)+step, len(data))
		for {
			n := c.next(data[:seen], seen == len(data))
			if n == 0 {
				break
			}
			cuts = append(cuts, n)
			data, seen = data[n:], seen-n
			if len(data) == 0 {
				break
			}
		}
	}
	return cuts
}

// FuzzGlobs holds names against whatever patterns a peer gives. It ends soon:
// the server of a download matches every entry of its walk.
func FuzzGlobs(f *testing.F) {
	f.Add("*.go", "a/b.go")
	f.Add("**/x/**/y", "a/x/b/c/y")
	f.Add("{a,b}{c,d}[!e-g]?", "acxy")
	f.Add(strings.Repeat("{a,a}", 12)+"b", strings.Repeat("a", 20))
	f.Add(strings.Repeat("**/a/", 12)+"b", strings.Repeat("a/", 20)+"c")
	f.Add(strings.Repeat("*a", 20)+"b", strings.Repeat("a", 40))
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if len(pattern) > 4096 || len(name) > 4096 {
			return
		}
		start := time.Now()
		got := matchAny([]string{pattern}, name)
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("%q against %q takes %v", pattern, name, d)
		}
		if got != matchAny([]string{pattern, pattern}, name) {
			t.Errorf("%q against %q: not always %t", pattern, name, got)
		}
	})
}

// FuzzDirList keeps directories in whatever order and brings them back.
func FuzzDirList(f *testing.F) {
	f.Add("a\x00a/b\x00a/b/c\x00b", uint16(0o755), int64(1), uint32(2))
	f.Add(strings.Repeat("x\x00y\x00", 100), uint16(0), int64(-1<<40), uint32(999_999_999))
	f.Fuzz(func(t *testing.T, names string, mode uint16, s int64, ns uint32) {
		var l dirList
		var want []dirMeta
		for name := range strings.SplitSeq(names, "\x00") {
			m := dirMeta{Path{name}, Entry{Modified: timeFromWire(s, ns%1e9)}}
			m.entry.Mode = fs.FileMode(mode) & permBits
			if len(want) == 0 || want[len(want)-1].path != m.path {
				want = append(want, m)
			}
			l.add(m)
			s++
		}
		i := len(want)
		for got := range l.backward() {
			if i--; i < 0 || got.path != want[i].path || got.entry.Mode != want[i].entry.Mode {
				t.Fatalf("%d of %d: %v", i, len(want), got)
			}
		}
		if i != 0 {
			t.Errorf("%d are missing", i)
		}
	})
}
