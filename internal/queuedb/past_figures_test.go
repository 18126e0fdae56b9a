package queuedb

import (
	"encoding/json"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/bargee/bargee/session"
)

var fillDir = flag.String("fill", "", "a directory for a queue whose history has 100,000 transfers: see .ci/history")

// TestFill makes a long history, for who measures what it costs to read it.
func TestFill(t *testing.T) {
	if *fillDir == "" {
		t.Skip("it is for .ci/history")
	}
	options, err := json.Marshal(session.DefaultOptions())
	must(t, err)
	s, err := Open(*fillDir)
	must(t, err)
	begin := time.Now().Add(-many * time.Minute)
	for i := 0; i < many; i += 1000 {
		var changes []session.Record
		for n := i + 1; n <= i+1000; n++ {
			r := over(n, n, session.TabDone, session.StateDone)
			r.To = fmt.Sprintf("peer%d:", n%20)
			if n%50 == 0 {
				r.Tab, r.State = session.TabFailed, session.StateFailed
			}
			ended := begin.Add(time.Duration(n) * time.Minute)
			r.Finished = ended
			r.Names = fmt.Appendf(nil, "pool/films\x00home/films/%d.mkv", n)
			r.Job = fmt.Appendf(nil, `{"sources":["/home/films/%d.mkv"],"destination":"/pool/films","options":%s}`, n, options)
			r.Life = fmt.Appendf(nil, `{"queued":%d,"started":%d,"finished":%d,"counts":{"files":3,"bytes":1234567,"counted":true,"done":3,"verified":1234567,"sent":1234567},"types":{"mkv":{"files":1,"bytes":1234000},"srt":{"files":2,"bytes":567}}}`,
				ended.Add(-3*time.Second).UnixNano(), ended.Add(-2*time.Second).UnixNano(), ended.UnixNano())
			changes = append(changes, r)
		}
		must(t, s.Write(changes, nil))
	}
	must(t, s.Close())
}
