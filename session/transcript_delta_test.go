package session

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"github.com/bargee/bargee/internal/wire"
)

// A file of which the receiver has all but the last bytes.
var (
	talkOld   = bytes.Repeat([]byte("bargee! "), 33<<10)
	talkGrown = slices.Concat(talkOld, []byte("and more"))
)

// talkDelta is an upload over an old file: what that has is not sent.
func talkDelta(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "grown"), string(talkOld), older)
	k := newTalk(t, "delta", dir)
	options := talkOptions
	options.OnConflict = Overwrite
	k.asker("manifest", "Request{send}", &wire.Request{Ask: &wire.Request_Send{Send: &wire.Send{
		Transfer: rawID, Into: true, Options: optionsToWire(options)}}})
	k.server("manifest", "Ready", talkReady)
	a := talkAnnounce(1, "grown", len(talkGrown))
	a.GetEntry().Parts = true
	k.asker("manifest", "Announce, its chunks may come in parts", a)
	k.server("manifest", "Answer: want, and the old file will be told in cuts of 4 KiB",
		toSender(&wire.Answer{Id: 1, ChunkSize: 64 << 10, AverageCut: 4 << 10}))
	k.server("manifest", "Cuts: of all of the old file", toSender(tell(cutsOf(talkOld, 4<<10), true)))
	k.asker("manifest", "End: one file was announced", talkEnd(1, len(talkGrown)))
	k.asker("data", "Request{data}", talkJoin)
	var values []value
	for i := range uint64(5) {
		var chunk []byte
		chunk, values = talkChunk(talkGrown, i)
		m := chunkMessage(1, i, chunk, values[i])
		m.Parts = []*wire.Part{{From: i << 16, Copy: 1 << 16}}
		what, body := "Chunk of entry 1, all of it from the old file", []byte(nil)
		if i == 4 {
			m.Parts = []*wire.Part{{From: i << 16, Copy: 8 << 10, Literal: 8}}
			what, body = "Chunk of entry 1, from the old file but for 8 bytes, and these", chunk[8<<10:]
		}
		k.asker("data", what, m, body...)
		k.server("data", "Acks: verified", &wire.Acks{Acks: []*wire.Ack{{Id: 1, Index: i}}})
	}
	k.asker("manifest", "Complete: all of it was sent", complete(1, combine(values)))
	k.server("manifest", "Result: it has its name", toSender(&wire.Result{Id: 1}))
	k.server("manifest", "Finished", talkOver)
	k.end("manifest")
	holds(t, filepath.Join(dir, "grown"), string(talkGrown))
}
