package cli

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

	"github.com/bargee/bargee/session"
)

// isControl tells whether a terminal may take r for more than a letter.
func isControl(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}

// printed is what commands write about an entry and a failure, without the ends
// of lines that are ours.
func printed(p session.Path, e session.Entry, failed error) []string {
	var out bytes.Buffer
	a := &app{stdout: bufio.NewWriter(&out), stderr: &out}
	t := target{kind: knownTarget, name: "nas", path: "/" + p.Raw()}
	o := &lsOptions{app: a, long: true}
	o.print([]listed{{path: p, Entry: e}})
	o.long = false
	o.print([]listed{{path: p, Entry: e, raw: p.Raw()}})
	(&treePrint{treeOptions: &treeOptions{app: a}}).line(treeLine{Entry: e, path: p})
	a.stdout.Flush()
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	return append(lines,
		t.String(),
		problemOf("copy", t, failed).Error(),
		problemOf("copy", target{kind: localTarget, path: p.Raw()}, &fs.PathError{Op: "open", Path: p.Raw(), Err: failed}).Error(),
		p.String(),
		progressLine([]session.Transfer{{Active: []session.FileProgress{{Path: p, Name: p, Size: 10}}, State: session.StateRunning, Files: 1, Bytes: 10}}),
	)
}

// controlPieces are what hostile names are made of, besides any bytes.
var controlPieces = []string{
	"\x1b[2J", "\x1b]0;x\x07", "\x1b]52;c;eA==\x1b\\", "\x1b]8;;http://x\x1b\\", "\x1bP", "\x1b_", "\x1b^", "\x1bX", "\x1b]", "\x9b31m", "\x9d", "\r", "\n", "\t",
	"\x7f", "\b", "\a", "\u0085", "\u009b", "\u202e", "\u2066", "\u200b", "\u200d", "\u2028", "\u2029", "\ufeff", "\u00ad", "\xff", "\xc0\xaf", "\xed\xa0\x80",
	"a", "é", "東", "\\", " ", "-", "%s", "%n",
}

// M08, M09, M10, M11, M12, M13, M75: in a million lines of lists, progress and
// errors about names of any bytes there is no control character.
func TestNoControlReachesTheTerminal(t *testing.T) {
	rounds := 300_000
	if testing.Short() || raceEnabled {
		rounds = 5_000
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	for lines := 0; lines < rounds; {
		name := randomName(rnd)
		p, err := (session.Path{}).Join(name)
		if err != nil {
			continue
		}
		e := session.Entry{Name: name, Kind: session.EntryKind(rnd.IntN(4)), Target: randomName(rnd), Size: 5, Modified: time.Unix(0, 0)}
		for _, line := range printed(p, e, errors.New(randomName(rnd))) {
			lines++
			if strings.ContainsFunc(line, isControl) || !utf8.ValidString(line) {
				t.Fatalf("%q: %q reaches the terminal", name, line)
			}
		}
	}
}

func randomName(rnd *rand.Rand) string {
	var b strings.Builder
	for range 1 + rnd.IntN(10) {
		switch rnd.IntN(4) {
		case 0:
			b.WriteByte(byte(1 + rnd.IntN(255)))
		case 1:
			b.WriteRune(rune(1 + rnd.IntN(unicode.MaxRune)))
		default:
			b.WriteString(controlPieces[rnd.IntN(len(controlPieces))])
		}
	}
	return strings.ReplaceAll(b.String(), "/", "-")
}
