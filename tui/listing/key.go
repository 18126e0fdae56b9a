package listing

import (
	"encoding/binary"
	"math"
	"path"
	"unicode/utf8"
)

// A key is the beginning of what compare looks at, packed so that comparing two
// keys never contradicts it: where they are equal, compare decides. A million
// entries are sorted while somebody waits, and most pairs need no look at names.
type key struct{ hi, lo uint64 }

// keyOf packs an item for an order. But for that by name, the first half is what
// the order itself says, and names are left out.
func keyOf(o Order, it *item) key {
	var p packer
	p.class(it.dir)
	switch o {
	case BySize, ByTime:
		return key{hi: uint64(p.b[0])<<63 | backward(o, it)}
	case ByExtension:
		p.natural(path.Ext(it.name))
	default:
		p.natural(it.name)
	}
	return key{binary.BigEndian.Uint64(p.b[:]), binary.BigEndian.Uint64(p.b[8:])}
}

// backward returns size or time in 63 bits, the largest first. Of times, whole
// nanoseconds in two get lost.
func backward(o Order, it *item) uint64 {
	if o == BySize {
		return math.MaxInt64 - uint64(it.size+1)
	}
	return ^(uint64(it.time) ^ 1<<63) >> 1
}

// A packer packs letters and numbers into the 16 bytes of a key.
type packer struct {
	b    [16]byte
	n    int
	full bool
}

func (p *packer) put(c byte) {
	if p.n == len(p.b) {
		p.full = true
		return
	}
	p.b[p.n] = c
	p.n++
}

func (p *packer) class(dir bool) {
	if dir {
		p.put(0)
	} else {
		p.put(1)
	}
}

// natural packs as fold compares: a letter in lower case as UTF-8, whose order
// is that of the letters, and a bad byte behind 0xff; a number as a '0', how many
// digits it has, and these.
func (p *packer) natural(s string) {
	for s != "" && !p.full {
		c := s[0]
		switch {
		case digit(c):
			s = p.number(s)
			continue
		case c < utf8.RuneSelf:
			r, _ := letter(s)
			p.put(byte(r))
			s = s[1:]
			continue
		}
		r, n := letter(s)
		if r > badByte {
			p.put(0xff)
			p.put(c)
		} else {
			var u [utf8.UTFMax]byte
			for _, c := range u[:utf8.EncodeRune(u[:], r)] {
				p.put(c)
			}
		}
		s = s[n:]
	}
}

func (p *packer) number(s string) (rest string) {
	digits, rest := number(s)
	p.put('0')
	p.put(byte(min(len(digits), 0xff)))
	for i := 0; i < len(digits) && !p.full; i++ {
		p.put(digits[i])
	}
	if len(digits) >= 0xff {
		p.full = true // longer ones look the same from here
	}
	return rest
}
