package session

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

func talkUpload(t *testing.T) {
	dir := t.TempDir()
	k := newTalk(t, "upload", dir)
	k.asker("manifest", "Request{send}", talkSend)
	k.server("manifest", "Ready", talkReady)
	k.asker("manifest", "Announce a file of one chunk", talkAnnounce(1, "small", len(talkSmall)))
	k.server("manifest", "Answer: want", talkWant(1))
	k.asker("manifest", "Announce a file of two", talkAnnounce(2, "large", len(talkLarge)))
	k.server("manifest", "Answer: want", talkWant(2))
	k.asker("manifest", "End: two files were announced", talkEnd(2, len(talkSmall)+len(talkLarge)))
	k.asker("data", "Request{data}", talkJoin)
	k.chunk(k.asker, k.server, talkSmall, 1, 0)
	k.server("manifest", "Result: the small one has its name", toSender(&wire.Result{Id: 1}))
	k.chunk(k.asker, k.server, talkLarge, 2, 0)
	k.chunk(k.asker, k.server, talkLarge, 2, 1)
	k.asker("manifest", "Complete: all of the large one was sent", talkComplete(2))
	k.server("manifest", "Result: it has its name", toSender(&wire.Result{Id: 2}))
	k.server("manifest", "Finished", talkOver)
	k.end("manifest")
	holds(t, filepath.Join(dir, "small"), string(talkSmall))
	holds(t, filepath.Join(dir, "large"), string(talkLarge))
}

// leavePartial makes the partial of an earlier run that got the first chunk.
func leavePartial(t *testing.T, dir string) {
	s := &station{dir: dir}
	s.receiver = newReceiver(receiverConfig{into: openDir(t, dir), options: talkOptions, origin: func(p Path) Path { return p }})
	s.ctx = t.Context()
	f := s.wanted(t, "large", int64(len(talkLarge)))
	f.begin(0)
	b, values := talkChunk(talkLarge, 0)
	_, err := s.store(f, 0, b, values[0])
	must(t, err)
	f.drop(false)
}

func talkResume(t *testing.T) {
	dir := t.TempDir()
	leavePartial(t, dir)
	_, values := talkChunk(talkLarge, 0)
	k := newTalk(t, "resume", dir)
	k.asker("manifest", "Request{send}", talkSend)
	k.server("manifest", "Ready", talkReady)
	k.asker("manifest", "Announce", talkAnnounce(1, "large", len(talkLarge)))
	k.server("manifest", "Claims: chunk 0 is here from before", toSender(&wire.Claims{Id: 1, Values: values[0][:]}))
	k.server("manifest", "Answer: want the rest", talkWant(1))
	k.asker("manifest", "End: one file was announced", talkEnd(1, len(talkLarge)))
	k.asker("data", "Request{data}", talkJoin)
	k.chunk(k.asker, k.server, talkLarge, 1, 1)
	k.asker("manifest", "Complete: the rest was sent", talkComplete(1))
	k.server("manifest", "Result: it has its name", toSender(&wire.Result{Id: 1}))
	k.server("manifest", "Finished", talkOver)
	k.end("manifest")
	holds(t, filepath.Join(dir, "large"), string(talkLarge))
}

// A person's cancellation removes what was received; there is no answer to it.
func talkCancel(t *testing.T) {
	dir := t.TempDir()
	k := newTalk(t, "cancel", dir)
	k.asker("manifest", "Request{send}", talkSend)
	k.server("manifest", "Ready", talkReady)
	k.asker("manifest", "Announce", talkAnnounce(1, "large", len(talkLarge)))
	k.server("manifest", "Answer: want", talkWant(1))
	k.asker("manifest", "End: one file was announced", talkEnd(1, len(talkLarge)))
	k.asker("data", "Request{data}", talkJoin)
	k.chunk(k.asker, k.server, talkLarge, 1, 0)
	if n := privates(t, dir); len(n) != 2 {
		t.Errorf("there are %q, want a partial and its journal", n)
	}
	k.do(step{stream: "manifest", who: theAsker, what: aborts(abortCancelled)})
	synctest.Wait()
	if n := names(t, dir); len(n) != 0 {
		t.Errorf("there are %q after the cancellation", n)
	}
}

func talkDownload(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "small"), string(talkSmall), time.Unix(1, 0))
	put(t, filepath.Join(dir, "large"), string(talkLarge), time.Unix(1, 0))
	k := newTalk(t, "download", dir)
	k.asker("manifest", "Request{fetch}", &wire.Request{Ask: &wire.Request_Fetch{Fetch: &wire.Fetch{
		Transfer: rawID, Paths: [][]byte{[]byte("small"), []byte("large")}, Options: optionsToWire(talkOptions)}}})
	k.asker("manifest", "Ready", talkReady)
	k.server("manifest", "Announce a file of one chunk", talkAnnounce(1, "small", len(talkSmall)))
	k.asker("manifest", "Answer: want", talkWant(1))
	k.server("manifest", "Announce a file of two", talkAnnounce(2, "large", len(talkLarge)))
	k.asker("manifest", "Answer: want", talkWant(2))
	k.server("manifest", "End: two files were announced", talkEnd(2, len(talkSmall)+len(talkLarge)))
	k.asker("data", "Request{data}", talkJoin)
	k.chunk(k.server, k.asker, talkSmall, 1, 0)
	k.asker("manifest", "Result: the small one has its name", toSender(&wire.Result{Id: 1}))
	k.chunk(k.server, k.asker, talkLarge, 2, 0)
	k.chunk(k.server, k.asker, talkLarge, 2, 1)
	k.server("manifest", "Complete: all of the large one was sent", talkComplete(2))
	k.asker("manifest", "Result: it has its name", toSender(&wire.Result{Id: 2}))
	k.asker("manifest", "Finished", talkOver)
	k.do(step{stream: "manifest", who: theAsker, what: ends})
	k.do(step{stream: "manifest", who: theServer, what: ends})
}

var talkEntry = Entry{Name: "file", Size: 5, Mode: 0o644, Modified: older}

func talkList(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "dir", "file"), "12345", older)
	k := newTalk(t, "list", dir)
	k.asker("request", "Request{list}", &wire.Request{Ask: &wire.Request_List{List: &wire.List{Path: []byte("dir")}}})
	k.server("request", "Entries: one", &wire.Entries{Entries: []*wire.Entry{entryToWire(talkEntry)}})
	k.end("request")
}

func talkStat(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "file"), "12345", older)
	k := newTalk(t, "stat", dir)
	k.asker("request", "Request{stat}", &wire.Request{Ask: &wire.Request_Stat{Stat: &wire.Stat{Path: []byte("file")}}})
	k.server("request", "Reply: the entry", &wire.Reply{Answer: &wire.Reply_Entry{Entry: entryToWire(talkEntry)}})
	k.end("request")
}

func talkDelete(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "file"), "x", older)
	k := newTalk(t, "delete", dir)
	k.asker("request", "Request{remove}", &wire.Request{Ask: &wire.Request_Remove{Remove: &wire.Remove{Path: []byte("file")}}})
	k.server("request", "Reply: done", &wire.Reply{Answer: &wire.Reply_Done{Done: &wire.Done{}}})
	k.end("request")
	gone(t, filepath.Join(dir, "file"))
}
