package session

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/transport"
)

var update = flag.Bool("update", false, "write testdata/transcripts anew")

// A step of a transcript is a comment line, "# stream, who: what", and the bytes
// in hex. One that ends or aborts the stream has only the line. What is too much
// to be read in hex is described in the line, and follows the bytes.
type step struct {
	stream, who, what string
	bytes             []byte // nil: the end of the stream
	behind            []byte // not shown
}

const (
	theAsker  = "asker"
	theServer = "server"
	ends      = "ends its direction"
)

func aborts(code transport.AbortCode) string {
	return fmt.Sprintf("aborts the stream with code %d", code)
}

// says is a step in which bytes are said, and others behind them.
func says(stream, who, what string, b, behind []byte) step {
	if len(behind) <= 1<<10 {
		return step{stream, who, what, append(b, behind...), nil}
	}
	what += fmt.Sprintf(" (%d, %q again and again, not shown)", len(behind), behind[:8])
	return step{stream, who, what, b, behind}
}

func (s step) String() string {
	line := fmt.Sprintf("# %s, %s: %s\n", s.stream, s.who, s.what)
	if s.bytes == nil {
		return line
	}
	return line + hex.EncodeToString(s.bytes) + "\n"
}

var (
	stepLine = regexp.MustCompile(`^# (\w+), (asker|server): (.*)$`)
	notShown = regexp.MustCompile(`\((\d+), ("[^"]*") again and again, not shown\)$`)
)

func transcriptFile(name string) string { return filepath.Join("testdata/transcripts", name+".hex") }

// transcript reads a file of testdata/transcripts.
func transcript(t *testing.T, name string) (steps []step) {
	t.Helper()
	b, err := os.ReadFile(transcriptFile(name))
	must(t, err)
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSuffix(line, "\n")
		if m := stepLine.FindStringSubmatch(line); m != nil {
			steps = append(steps, step{m[1], m[2], m[3], nil, unshown(t, m[3])})
			continue
		}
		said, err := hex.DecodeString(line)
		must(t, err)
		steps[len(steps)-1].bytes = said
	}
	return steps
}

// unshown returns the bytes that the line of a step describes.
func unshown(t *testing.T, what string) []byte {
	m := notShown.FindStringSubmatch(what)
	if m == nil {
		return nil
	}
	n, err := strconv.Atoi(m[1])
	must(t, err)
	again, err := strconv.Unquote(m[2])
	must(t, err)
	return bytes.Repeat([]byte(again), n/len(again))
}

// A voice is one end of a stream, as a transcript has it say and hear things.
type voice struct {
	transport.Stream
	in *bufio.Reader
}

func newVoice(st transport.Stream) *voice { return &voice{st, bufio.NewReader(st)} }

// say does what s says. Whoever has ended its direction does not wait for the
// other one: that this cannot be ended any more is no failure.
func (v *voice) say(s step) error {
	switch s.what {
	case ends:
		v.Close()
		return nil
	case aborts(abortCancelled):
		v.Abort(abortCancelled)
		return nil
	case aborts(0):
		v.Abort(0)
		return nil
	case aborts(codeOf(Cancelled)): // of a request that is no transfer
		v.Abort(codeOf(Cancelled))
		return nil
	}
	_, err := v.Write(append(bytes.Clone(s.bytes), s.behind...))
	return err
}

// hear expects what s says, and nothing else, to the byte.
func (v *voice) hear(s step) error {
	want := append(bytes.Clone(s.bytes), s.behind...)
	v.SetReadDeadline(time.Now().Add(time.Minute))
	if s.bytes == nil {
		_, err := v.in.ReadByte()
		if a := new(transport.AbortError); errors.As(err, &a) && s.what == aborts(a.Code) || err == io.EOF && s.what == ends {
			return nil
		}
		return fmt.Errorf("%swant that, got %v", s, err)
	}
	got := make([]byte, len(want))
	if n, err := io.ReadFull(v.in, got); err != nil || !bytes.Equal(got, want) {
		return fmt.Errorf("%swant that, got %x (%v)", s, got[:min(n, 256)], err)
	}
	return nil
}
