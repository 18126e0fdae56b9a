package session

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// What a sync asks, and a copy of what it chose.

// talkTree is talkDir with a link, and with times that are always the same.
func talkTree(t *testing.T) string {
	dir := talkDir(t)
	link := filepath.Join(dir, "link")
	must(t, os.Symlink("dir", link))
	tree := openDir(t, dir)
	for _, name := range []string{"link", "dir"} {
		must(t, tree.Touch(t.Context(), Path{name}, older, false))
	}
	return dir
}

// talkScan is what a scan of talkTree tells.
var talkScan = []scannedDir{
	{entries: []scanEntry{
		{Entry: Entry{Name: "dir", Kind: Directory, Mode: 0o755, Modified: older}},
		{Entry: Entry{Name: "link", Kind: Link, Mode: 0o777, Modified: older, Target: "dir"}},
	}},
	{path: Path{"dir"}, hidden: true},
}

func talkScanned() []byte {
	var b []byte
	for _, d := range talkScan {
		for i := range d.entries {
			b = appendScanEntry(b, &d.entries[i], false)
		}
		b = appendScanEnd(b, &d)
	}
	return b
}

func talkScans(t *testing.T) {
	k := newTalk(t, "scan", talkTree(t))
	k.asker("request", "Request{scan}: without what is called file", &wire.Request{Ask: &wire.Request_Scan{
		Scan: &wire.Scan{Rules: [][]byte{[]byte("file")}}}})
	k.server("request", "Scanned: the head", &wire.Scanned{Head: &wire.ScanHead{ModeBits: 0o755}})
	k.server("request", "Scanned: two directories, something in the second is left out", &wire.Scanned{Records: talkScanned(), Done: true})
	k.end("request")
}

// talkSteps are a removal, a name for something that was not as it was seen, a
// directory, and a time.
var talkSteps = []syncStep{
	{kind: stepRemove, path: Path{"dir/file"}, was: scanEntry{Entry: Entry{Size: 5, Mode: 0o644, Modified: older}}},
	{kind: stepMove, path: Path{"link"}, to: Path{"other"}, was: scanEntry{Entry: Entry{Kind: Link, Target: "elsewhere", Modified: older}}},
	{kind: stepMake, path: Path{"made"}},
	{kind: stepSet, path: Path{"dir"}, was: scanEntry{Entry: Entry{Kind: Directory}}, be: Entry{Mode: 0o700, Modified: newer}, mode: true, modified: true},
}

func talkAmend(t *testing.T) {
	dir := talkTree(t)
	k := newTalk(t, "amend", dir)
	ask := &wire.Amend{}
	for i := range talkSteps {
		ask.Steps = append(ask.Steps, stepToWire(&talkSteps[i]))
	}
	k.asker("request", "Request{amend}: remove, move, make, set", &wire.Request{Ask: &wire.Request_Amend{Amend: ask}})
	k.server("request", "Amended: the second was not what was seen, the others are done", &wire.Amended{Outcomes: []*wire.Outcome{
		{}, {Error: &wire.Error{Kind: wire.Kind_KIND_CHANGED, Message: errUnseen.Err.Error()}}, {}, {}}})
	k.end("request")
	if n := names(t, dir); len(n) != 3 || len(names(t, filepath.Join(dir, "dir"))) != 0 {
		t.Errorf("there are %q", n)
	}
}

// A hold lasts until the asker gives it up.
func talkHold(t *testing.T) {
	k := newTalk(t, "hold", talkDir(t))
	ask := func(shared bool) *wire.Request {
		return &wire.Request{Ask: &wire.Request_Hold{Hold: &wire.Hold{Path: []byte("dir"), Shared: shared}}}
	}
	k.asker("first", "Request{hold}", ask(false))
	k.server("first", "Reply: it is held", talkDone)
	k.asker("second", "Request{hold}, shared", ask(true))
	k.server("second", "Reply: busy", &wire.Reply{Answer: &wire.Reply_Error{Error: &wire.Error{Kind: wire.Kind_KIND_BUSY, Message: errHeld.Err.Error(), Path: []byte("dir")}}})
	k.do(step{stream: "second", who: theServer, what: ends})
	k.do(step{stream: "second", who: theAsker, what: aborts(0)})
	k.do(step{stream: "first", who: theAsker, what: aborts(0)})
	synctest.Wait()
	k.asker("third", "Request{hold}, shared", ask(true))
	k.server("third", "Reply: it is held", talkDone)
	k.do(step{stream: "third", who: theAsker, what: aborts(0)})
}

var talkPicked = []Path{{"dir/small"}}

// talkPicks is a download of two of the things in a directory.
func talkPicks(t *testing.T) {
	dir := talkTree(t)
	put(t, filepath.Join(dir, "dir", "other"), "not asked for", older)
	must(t, os.Chtimes(filepath.Join(dir, "dir"), time.Time{}, time.Unix(1, 0)))
	put(t, filepath.Join(dir, "dir", "small"), string(talkSmall), time.Unix(1, 0))
	must(t, os.Chtimes(filepath.Join(dir, "dir"), time.Time{}, time.Unix(1, 0)))
	k := newTalk(t, "picks", dir)
	k.asker("manifest", "Request{fetch}, picked", &wire.Request{Ask: &wire.Request_Fetch{Fetch: &wire.Fetch{
		Transfer: rawID, Paths: [][]byte{nil}, Options: optionsToWire(talkOptions), Picked: true}}})
	k.asker("manifest", "Ready", talkReady)
	k.asker("manifest", "Picks: a file in a directory", &wire.ToSender{Say: &wire.ToSender_Picks{Picks: picksOf(talkPicked)[0]}})
	k.server("manifest", "Announce the directory", &wire.ToReceiver{Say: &wire.ToReceiver_Entry{Entry: &wire.Announce{
		Id: 1, Path: []byte("dir"), Entry: entryToWire(Entry{Name: "dir", Kind: Directory, Mode: 0o755, Modified: time.Unix(1, 0)})}}})
	file := talkAnnounce(2, "dir/small", len(talkSmall))
	file.GetEntry().Entry.Name = []byte("small")
	k.server("manifest", "Announce the file", file)
	k.server("manifest", "End: a file and a directory were announced", &wire.ToReceiver{Say: &wire.ToReceiver_End{End: &wire.End{Files: 1, Dirs: 1, Bytes: 5}}})
	k.asker("manifest", "Answer: the directory is made", toSender(&wire.Answer{Id: 1, Verdict: wire.Verdict_VERDICT_HAVE}))
	k.asker("manifest", "Answer: want the file", talkWant(2))
	k.asker("data", "Request{data}", talkJoin)
	k.chunk(k.server, k.asker, talkSmall, 2, 0)
	k.asker("manifest", "Result: it has its name", toSender(&wire.Result{Id: 2}))
	k.asker("manifest", "Finished", talkOver)
	k.do(step{stream: "manifest", who: theAsker, what: ends})
	k.do(step{stream: "manifest", who: theServer, what: ends})
}

// The transcripts of a sync with a real asker.
func TestTranscriptsSync(t *testing.T) {
	for name, ask := range map[string]func(context.Context, *Remote) error{
		"scan": func(ctx context.Context, r *Remote) error {
			head, dirs, err := r.scan(ctx, Path{}, &wire.Scan{Rules: bytesOf([]string{"file"})})
			if err != nil || head.modes != 0o755 || head.folds {
				return errors.Join(err, errors.New("another head"))
			}
			n := 0
			for d, err := range dirs {
				if err != nil || d.path != talkScan[n].path || len(d.entries) != len(talkScan[n].entries) || d.hidden != talkScan[n].hidden {
					return errors.Join(err, errors.New("something else"))
				}
				n++
			}
			return nil
		},
		"amend": func(ctx context.Context, r *Remote) error {
			done, err := r.amend(ctx, Path{}, talkSteps, false)
			if err != nil || len(done) != 4 || errors.Join(done[0], done[2], done[3]) != nil || KindOf(done[1]) != Changed {
				return errors.Join(err, errors.New("another outcome"))
			}
			return nil
		},
		"hold": func(ctx context.Context, r *Remote) error {
			release, _, err := r.hold(ctx, Path{"dir"}, false)
			if err != nil {
				return err
			}
			if _, _, err := r.hold(ctx, Path{"dir"}, true); KindOf(err) != Busy {
				return errors.Join(err, errors.New("it is held twice"))
			}
			release()
			release, _, err = r.hold(ctx, Path{"dir"}, true)
			if err == nil {
				release()
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := transport.Pipe()
				defer near.Close("over")
				over := make(chan error, 1)
				go func() { over <- ask(t.Context(), NewRemote(near)) }()
				play(t, far, transcript(t, name), func() {})
				must(t, <-over)
			})
		})
	}
}

// talkStraight is a copy from another peer, which brings the data itself: what is
// called data is on a link of its own.
func talkStraight(t *testing.T) {
	dir := t.TempDir()
	errand, sender := transport.Errand(rawID[:16]), transport.Fingerprint{1, 2, 3}
	var came func(transport.Link)
	k := newTalkWith(t, "straight", ServerConfig{Tree: openDir(t, dir), Straight: Straight{
		Expect: func(key transport.Fingerprint, take func(transport.Link)) (transport.Errand, transport.Whereabouts, func()) {
			if came = take; key != sender {
				t.Errorf("key %s is expected", key.Short())
			}
			return errand, transport.Whereabouts{Addresses: []string{"192.0.2.1:6768"}}, func() {}
		},
	}})
	k.asker("manifest", "Request{send}, of a sender elsewhere", &wire.Request{Ask: &wire.Request_Send{Send: &wire.Send{
		Transfer: []byte("fedcba9876543210"), Into: true, Options: optionsToWire(talkOptions), Sender: sender[:]}}})
	k.server("manifest", "Ready, and where the sender may come", toSender(&wire.Ready{MaxStreams: 255,
		Direct: &wire.Direct{Errand: errand[:], Addresses: []string{"192.0.2.1:6768"}}}))
	near, far := transport.Pipe()
	over := make(chan struct{})
	go func() { defer close(over); came(far) }()
	k.voices["data"] = newVoice(stream(t, near))
	k.asker("manifest", "Announce", talkAnnounce(1, "small", len(talkSmall)))
	k.server("manifest", "Answer: want", talkWant(1))
	k.asker("manifest", "End: one file was announced", talkEnd(1, len(talkSmall)))
	k.asker("data", "Request{data}, from the sender", talkJoin)
	k.chunk(k.asker, k.server, talkSmall, 1, 0)
	_, values := talkChunk(talkSmall, 0)
	k.server("manifest", "Landed: a chunk came straight from the sender", &wire.ToSender{Say: &wire.ToSender_Landed{Landed: &wire.Landed{
		Id: 1, Stream: 1, Lane: 1, Crossed: 5, Body: 5, Value: values[0][:]}}})
	k.server("manifest", "Result: it has its name", toSender(&wire.Result{Id: 1}))
	k.server("manifest", "Finished", talkOver)
	k.end("manifest")
	<-over // the transfer's end is that of the link
	holds(t, filepath.Join(dir, "small"), string(talkSmall))
}
