package session

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"google.golang.org/protobuf/proto"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// A talk is a conversation with a real server, step by step, as it is kept in
// testdata/transcripts. What the asker says is read from there, so that the
// file alone tells another implementation what has to come back.
type talk struct {
	t      *testing.T
	link   transport.Link
	kept   []step
	said   []step
	voices map[string]*voice
}

func newTalk(t *testing.T, name, dir string) *talk {
	return newTalkWith(t, name, ServerConfig{Tree: openDir(t, dir)})
}

func newTalkWith(t *testing.T, name string, cfg ServerConfig) *talk {
	k := &talk{t: t, voices: map[string]*voice{}}
	_, k.link = served(t, cfg)
	if !*update {
		k.kept = transcript(t, name)
	}
	t.Cleanup(func() { k.compare(name) })
	return k
}

// compare holds the conversation against the file, or writes that.
func (k *talk) compare(name string) {
	var text strings.Builder
	for _, s := range k.said {
		text.WriteString(s.String())
	}
	file := transcriptFile(name)
	if *update {
		must(k.t, os.WriteFile(file, []byte(text.String()), 0o644))
	} else if kept, err := os.ReadFile(file); err != nil || string(kept) != text.String() {
		k.t.Errorf("%s: %v; the conversation was\n%s", file, err, text.String())
	}
}

// next notes s and returns it as the file has it.
func (k *talk) next(s step) step {
	k.said = append(k.said, s)
	if n := len(k.said); n <= len(k.kept) {
		return k.kept[n-1]
	}
	return s
}

// do has the asker do s, on a stream which it opens first, or expects it of the
// server.
func (k *talk) do(s step) {
	k.t.Helper()
	s = k.next(s)
	if k.voices[s.stream] == nil {
		k.voices[s.stream] = newVoice(stream(k.t, k.link))
	}
	if s.who == theAsker {
		must(k.t, k.voices[s.stream].say(s))
	} else {
		must(k.t, k.voices[s.stream].hear(s))
	}
}

func (k *talk) asker(stream, what string, m proto.Message, behind ...byte) {
	k.t.Helper()
	k.do(says(stream, theAsker, what, message(k.t, m), behind))
}

func (k *talk) server(stream, what string, m proto.Message, behind ...byte) {
	k.t.Helper()
	k.do(says(stream, theServer, what, message(k.t, m), behind))
}

// end has the server end its direction of a stream, and then the asker.
func (k *talk) end(stream string) {
	k.t.Helper()
	k.do(step{stream: stream, who: theServer, what: ends})
	k.do(step{stream: stream, who: theAsker, what: ends})
}

// What is sent in the transcripts: a file of one chunk and one of two.
var (
	talkSmall   = []byte("hello")
	talkLarge   = bytes.Repeat([]byte("bargee! "), 16<<10)
	talkOptions = Options{Recursive: true, KeepMode: true, KeepTimes: true, ChunkSize: 64 << 10, Streams: 1}
	talkSend    = &wire.Request{Ask: &wire.Request_Send{Send: &wire.Send{Transfer: rawID, Into: true, Options: optionsToWire(talkOptions)}}}
	talkJoin    = &wire.Request{Ask: &wire.Request_Data{Data: &wire.Data{Transfer: rawID}}}
	talkReady   = toSender(&wire.Ready{MaxStreams: 255})
	talkOver    = toSender(&wire.Finished{})
)

// talkAnnounce is announce with the name, which senders say though it is not used.
func talkAnnounce(id uint64, path string, size int) *wire.ToReceiver {
	m := announce(id, path, size)
	m.GetEntry().Entry.Name = []byte(path)
	return m
}

func talkWant(id uint64) *wire.ToSender {
	return toSender(&wire.Answer{Id: id, ChunkSize: 64 << 10})
}

// talkEnd is the end of a walk over so many files.
func talkEnd(files, size int) *wire.ToReceiver {
	return &wire.ToReceiver{Say: &wire.ToReceiver_End{End: &wire.End{Files: uint64(files), Bytes: uint64(size)}}}
}

// talkChunk is chunk i of a file, and the values of all.
func talkChunk(data []byte, i uint64) (chunk []byte, values []value) {
	l := layout{int64(len(data)), 64 << 10}
	for n := range l.count() {
		off, size := l.span(n)
		values = append(values, valueOf(data[off:off+int64(size)], n, l.chunkSize, l.single()))
	}
	off, size := l.span(i)
	return data[off : off+int64(size)], values
}

// chunk has the sender send chunk i of the entry id, and the receiver verify it.
func (k *talk) chunk(sender, receiver func(string, string, proto.Message, ...byte), data []byte, id, i uint64) {
	k.t.Helper()
	b, values := talkChunk(data, i)
	sender("data", fmt.Sprintf("Chunk %d of entry %d, and its bytes", i, id), chunkMessage(id, i, b, values[i]), b...)
	receiver("data", "Acks: verified", &wire.Acks{Acks: []*wire.Ack{{Id: id, Index: i}}})
}

func talkComplete(id uint64) *wire.ToReceiver {
	_, values := talkChunk(talkLarge, 0)
	return complete(id, combine(values))
}

// The conversations of the protocol, as another implementation has to have
// them, with a real server.
func TestTranscriptsServer(t *testing.T) {
	for name, talk := range map[string]func(*testing.T){
		"upload": talkUpload, "resume": talkResume, "delta": talkDelta, "cancel": talkCancel, "download": talkDownload,
		"list": talkList, "stat": talkStat, "delete": talkDelete,
		"names": talkNames, "describe": talkDescribe, "measure": talkMeasure, "find": talkFind, "glob": talkGlob, "chmod": talkChmod,
		"scan": talkScans, "amend": talkAmend, "hold": talkHold, "picks": talkPicks, "straight": talkStraight,
		"symlink": talkSymlink, "draft": talkDraft, "unknown": talkUnknown, "offer": talkOffer,
	} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, talk) })
	}
}
