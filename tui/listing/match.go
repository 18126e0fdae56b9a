package listing

import (
	"bytes"
	"path"
	"strings"
	"unicode/utf8"
)

// A matcher is what a filter lets through: letters match in either case, and a
// filter with * or ? in it is a mask for the whole name.
type matcher struct {
	part  string // in lower case; what a name must hold
	bytes []byte // the same
	masks []mask
}

func newMatcher(filter string) matcher {
	if strings.ContainsAny(filter, "*?") {
		return matcher{masks: masksOf(filter)}
	}
	low := strings.ToLower(filter)
	return matcher{part: low, bytes: []byte(low)}
}

func (m *matcher) all() bool { return m.part == "" && m.masks == nil }

// matches tells whether a name fits. The buffer is for its letters in lower case.
func (m *matcher) matches(name string, buf *[]byte) bool {
	if m.all() {
		return true
	}
	low := lower(name, buf)
	if m.masks == nil {
		return bytes.Contains(low, m.bytes)
	}
	for i := range m.masks {
		if m.masks[i].fits(low) {
			return true
		}
	}
	return false
}

// lower is strings.ToLower in a buffer.
func lower(name string, buf *[]byte) []byte {
	b := (*buf)[:0]
	for i := range len(name) {
		c := name[i]
		if c >= utf8.RuneSelf {
			b = append(b[:0], strings.ToLower(name)...)
			break
		}
		b = append(b, lowerASCII[c])
	}
	*buf = b
	return b
}

var lowerASCII = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			t[i] = byte(i) + 'a' - 'A'
		}
	}
	return t
}()

func isASCII[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Masks returns what tells whether a name fits one of the masks, which commas
// separate: "*.mkv,*.srt". A mask that cannot be understood fits nothing. It is
// for one goroutine.
func Masks(masks string) func(name string) bool {
	m := matcher{masks: masksOf(masks)}
	var buf []byte
	return func(name string) bool { return m.matches(name, &buf) }
}

// A mask is one pattern with stars and question marks.
type mask struct {
	text   string
	suffix []byte // what stands behind its only star, which is at the beginning
	slow   bool   // it is one for path.Match
}

func masksOf(s string) []mask {
	var masks []mask
	for text := range strings.SplitSeq(strings.ToLower(s), ",") {
		m := mask{text: strings.TrimSpace(text)}
		m.slow = strings.ContainsAny(m.text, `[\/`)
		if rest, ok := strings.CutPrefix(m.text, "*"); ok && !m.slow && !strings.ContainsAny(rest, "*?") {
			m.suffix = []byte(rest)
		}
		masks = append(masks, m)
	}
	return masks
}

// fits is path.Match, quick where a mask has nothing but stars, as most have,
// and "?" for ASCII.
func (k *mask) fits(name []byte) bool {
	if k.suffix != nil {
		return bytes.HasSuffix(name, k.suffix)
	}
	mask := k.text
	if k.slow || strings.Contains(mask, "?") && !isASCII(name) {
		ok, err := path.Match(mask, string(name))
		return ok && err == nil
	}
	star, back := -1, 0 // where the last star is, and up to where it took the name
	m, n := 0, 0
	for n < len(name) {
		switch {
		case m < len(mask) && mask[m] == '*':
			star, back = m, n
			m++
		case m < len(mask) && (mask[m] == '?' || mask[m] == name[n]):
			m++
			n++
		case star >= 0:
			back++
			m, n = star+1, back
		default:
			return false
		}
	}
	return strings.Trim(mask[m:], "*") == ""
}
