package preview

import "github.com/bargee/bargee/tui/cells"

// hexBytes returns how many bytes a row of hex has in w cells, and how many
// digits their offset.
func hexBytes(w int, size int64) (n int, digits int) {
	digits = 8
	for size>>(4*digits) > 0 {
		digits += 2
	}
	for _, n := range []int{32, 16, 8, 4, 2} {
		if digits+2+3*n+n/8+1+n <= w {
			return n, digits
		}
	}
	return 1, digits
}

// hexLine writes bytes as hex and as ASCII, n to a row.
func hexLine(b []byte, at int64, n, digits int, match Range) Line {
	p := painter{room: 1 << 20}
	p.add(cells.Sayf("%s  ", hexNumber(at, digits)), digits+2, Dim)
	for i := range n {
		if i > 0 && i%8 == 0 {
			p.add(cells.Say(" "), 1, Plain)
		}
		if i >= len(b) {
			p.add(cells.Say("   "), 3, Plain)
			continue
		}
		look := Plain
		if match.holds(at + int64(i)) {
			look = Match
		} else if b[i] == 0 {
			look = Dim
		}
		p.add(hexNumber(int64(b[i]), 2), 2, look)
		p.add(cells.Say(" "), 1, Plain)
	}
	p.add(cells.Say(" "), 1, Plain)
	for i, c := range b {
		look, t := Dim, cells.Say(".")
		if c >= ' ' && c < 127 {
			look, t = Plain, ascii[c]
		}
		if match.holds(at + int64(i)) {
			look = Match
		}
		p.add(t, 1, look)
	}
	return p.line
}

// hexDigits are the sixteen digits.
var hexDigits = [16]cells.Text{
	cells.Say("0"), cells.Say("1"), cells.Say("2"), cells.Say("3"), cells.Say("4"), cells.Say("5"), cells.Say("6"), cells.Say("7"),
	cells.Say("8"), cells.Say("9"), cells.Say("a"), cells.Say("b"), cells.Say("c"), cells.Say("d"), cells.Say("e"), cells.Say("f"),
}

func hexNumber(v int64, digits int) (t cells.Text) {
	for i := digits - 1; i >= 0; i-- {
		t = t.Plus(hexDigits[v>>(4*i)&15])
	}
	return t
}

// Hex lays out the first rows of bytes.
func Hex(b []byte, width, rows int) []Line {
	n, digits := hexBytes(width, int64(len(b)))
	var out []Line
	for at := 0; at < len(b) && len(out) < rows; at += n {
		out = append(out, hexLine(b[at:min(at+n, len(b))], int64(at), n, digits, Range{}))
	}
	return out
}
