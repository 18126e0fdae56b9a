package session

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

var update = flag.Bool("update", false, "write testdata/transcripts anew")

// A talk is a conversation with a real server, step by step, as it is kept in
// testdata/transcripts: a line that says who says what on which stream, and the
// bytes. What the asker says is read from there, so that the file alone tells
// another implementation what has to come back.
type talk struct {
	t       *testing.T
	link    transport.Link
	kept    []string // lines of the file
	record  strings.Builder
	streams map[string]transport.Stream
	readers map[string]*bufio.Reader
}

func newTalk(t *testing.T, name, dir string) *talk {
	k := &talk{t: t, streams: map[string]transport.Stream{}, readers: map[string]*bufio.Reader{}}
	_, k.link = served(t, ServerConfig{Tree: openDir(t, dir)})
	file := filepath.Join("testdata/transcripts", name+".hex")
	if b, err := os.ReadFile(file); err == nil {
		k.kept = strings.Split(string(b), "\n")
	}
	t.Cleanup(func() {
		if *update {
			must(t, os.MkdirAll(filepath.Dir(file), 0o755))
			must(t, os.WriteFile(file, []byte(k.record.String()), 0o644))
		} else if got := k.record.String(); got != strings.Join(k.kept, "\n") {
			t.Errorf("%s: the conversation was\n%s", file, got)
		}
	})
	return k
}

// line keeps a message, and returns its bytes as the file has them.
func (k *talk) line(who, stream, what string, b []byte) []byte {
	n := strings.Count(k.record.String(), "\n")
	fmt.Fprintf(&k.record, "# %s, %s: %s\n%s\n", stream, who, what, hex.EncodeToString(b))
	if !*update && n+1 < len(k.kept) {
		kept, err := hex.DecodeString(k.kept[n+1])
		must(k.t, err)
		return kept
	}
	return b
}

// asker says m, and bytes behind it, on a stream, which it opens first.
func (k *talk) asker(name, what string, m proto.Message, behind ...byte) {
	k.t.Helper()
	if k.streams[name] == nil {
		k.streams[name] = stream(k.t, k.link)
		k.readers[name] = bufio.NewReader(k.streams[name])
	}
	if len(behind) > 1<<10 { // too much to be read in hex
		what += fmt.Sprintf(" (%d, %q again and again, not shown)", len(behind), behind[:8])
		_, err := k.streams[name].Write(append(k.line("asker", name, what, message(k.t, m)), behind...))
		must(k.t, err)
		return
	}
	_, err := k.streams[name].Write(k.line("asker", name, what, append(message(k.t, m), behind...)))
	must(k.t, err)
}

// server expects m next on a stream, to the byte.
func (k *talk) server(name, what string, m proto.Message) {
	k.t.Helper()
	want := k.line("server", name, what, message(k.t, m))
	got := make([]byte, len(want))
	k.streams[name].SetReadDeadline(time.Now().Add(5 * time.Second))
	n, err := readFull(k.readers[name], got)
	if err != nil || !bytes.Equal(got, want) {
		k.t.Fatalf("%s, %s: got %x (%v), want %x", name, what, got[:n], err, want)
	}
}

func readFull(r *bufio.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var m int
		m, err = r.Read(b[n:])
		n += m
	}
	return n, err
}

func ackOf(id, index uint64) *wire.Acks {
	return &wire.Acks{Acks: []*wire.Ack{{Id: id, Index: index}}}
}

// The conversations of the protocol, as another implementation has to have them.
func TestTranscripts(t *testing.T) {
	data := bytes.Repeat([]byte("bargee! "), 16<<10) // two chunks of 64 KiB
	small := []byte("hello")
	values := []value{valueOf(data[:64<<10], 0, 64<<10, false), valueOf(data[64<<10:], 1, 64<<10, false)}
	sv := valueOf(small, 0, 64<<10, true)
	options := &wire.Options{Recursive: true, KeepMode: true, KeepTimes: true, ChunkSize: 64 << 10}
	send := &wire.Request{Ask: &wire.Request_Send{Send: &wire.Send{Transfer: rawID, Into: true, Options: options}}}
	join := &wire.Request{Ask: &wire.Request_Data{Data: &wire.Data{Transfer: rawID}}}
	ready := toSender(&wire.Ready{MaxStreams: 255})
	wanted := func(id uint64) *wire.ToSender { return toSender(&wire.Answer{Id: id, ChunkSize: 64 << 10}) }
	const m, d = "manifest", "data"
	chunk := func(k *talk, id, i uint64, b []byte, v value) {
		k.asker(d, fmt.Sprintf("Chunk %d of entry %d, and its bytes", i, id), chunkMessage(id, i, b, v), b...)
		k.server(d, "Acks: verified", ackOf(id, i))
	}
	t.Run("upload", func(t *testing.T) {
		dir := t.TempDir()
		k := newTalk(t, "upload", dir)
		k.asker(m, "Request{send}", send)
		k.server(m, "Ready", ready)
		k.asker(m, "Announce a file of one chunk", announce(1, "small", len(small)))
		k.server(m, "Answer: want", wanted(1))
		k.asker(m, "Announce a file of two", announce(2, "large", len(data)))
		k.server(m, "Answer: want", wanted(2))
		k.asker(m, "End", end)
		k.asker(d, "Request{data}", join)
		chunk(k, 1, 0, small, sv)
		k.server(m, "Result: the small one has its name", toSender(&wire.Result{Id: 1}))
		chunk(k, 2, 1, data[64<<10:], values[1])
		chunk(k, 2, 0, data[:64<<10], values[0])
		k.asker(m, "Complete: all of the large one was sent", complete(2, combine(values)))
		k.server(m, "Result: it has its name", toSender(&wire.Result{Id: 2}))
		k.server(m, "Finished", toSender(&wire.Finished{}))
		holds(t, filepath.Join(dir, "small"), string(small))
		holds(t, filepath.Join(dir, "large"), string(data))
	})
	t.Run("resume", func(t *testing.T) {
		dir := t.TempDir()
		s := &station{dir: dir}
		s.receiver = newReceiver(receiverConfig{into: openDir(t, dir), options: Options{ChunkSize: 64 << 10}, origin: func(p Path) Path { return p }})
		s.ctx = t.Context()
		f := s.wanted(t, "large", int64(len(data)))
		f.begin(0)
		_, err := s.store(f, 0, data[:64<<10], values[0])
		must(t, err)
		f.drop(false)
		k := newTalk(t, "resume", dir)
		k.asker(m, "Request{send}", send)
		k.server(m, "Ready", ready)
		k.asker(m, "Announce", announce(1, "large", len(data)))
		k.server(m, "Claims: chunk 0 is here from before", toSender(&wire.Claims{Id: 1, Values: values[0][:]}))
		k.server(m, "Answer: want the rest", wanted(1))
		k.asker(m, "End", end)
		k.asker(d, "Request{data}", join)
		chunk(k, 1, 1, data[64<<10:], values[1])
		k.asker(m, "Complete", complete(1, combine(values)))
		k.server(m, "Result", toSender(&wire.Result{Id: 1}))
		k.server(m, "Finished", toSender(&wire.Finished{}))
		holds(t, filepath.Join(dir, "large"), string(data))
	})
	t.Run("delete", func(t *testing.T) {
		dir := t.TempDir()
		put(t, filepath.Join(dir, "file"), "x", older)
		k := newTalk(t, "delete", dir)
		k.asker("request", "Request{remove}", &wire.Request{Ask: &wire.Request_Remove{Remove: &wire.Remove{Path: []byte("file")}}})
		k.server("request", "Reply: done", &wire.Reply{Answer: &wire.Reply_Done{Done: &wire.Done{}}})
		gone(t, filepath.Join(dir, "file"))
	})
	t.Run("stat", func(t *testing.T) {
		dir := t.TempDir()
		put(t, filepath.Join(dir, "file"), "12345", older)
		k := newTalk(t, "stat", dir)
		k.asker("request", "Request{stat}", &wire.Request{Ask: &wire.Request_Stat{Stat: &wire.Stat{Path: []byte("file")}}})
		k.server("request", "Reply: the entry", &wire.Reply{Answer: &wire.Reply_Entry{Entry: entryToWire(
			Entry{Name: "file", Size: 5, Mode: 0o644, Modified: older})}})
	})
}
