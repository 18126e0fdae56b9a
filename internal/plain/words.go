package plain

import (
	"errors"
	"strings"
)

// words divides a line as a shell does: blanks divide, quotes and backslashes
// keep together. A name that was printed with escapes may be typed so too, in
// single quotes, in which a backslash is itself.
func words(line string) ([]string, error) {
	var out []string
	var word strings.Builder
	begun := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; c {
		case ' ', '\t', '\r':
			if begun {
				out = append(out, word.String())
				word.Reset()
				begun = false
			}
		case '\'', '"':
			end := i + 1
			for end < len(line) && line[end] != c {
				if c == '"' && line[end] == '\\' && end+1 < len(line) && strings.IndexByte(`"\`, line[end+1]) >= 0 {
					end++
				}
				word.WriteByte(line[end])
				end++
			}
			if end == len(line) {
				return nil, errors.New("a quote is not closed")
			}
			i, begun = end, true
		case '\\':
			if i+1 == len(line) {
				return nil, errors.New("a backslash at the end stands for nothing")
			}
			i++
			word.WriteByte(line[i])
			begun = true
		default:
			word.WriteByte(c)
			begun = true
		}
	}
	if begun {
		out = append(out, word.String())
	}
	return out, nil
}
