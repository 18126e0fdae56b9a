package session

import (
	"bufio"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// A data stream that comes when its transfer is over is turned away at once:
// the asker waits for it. One whose transfer does not come waits a while, and is
// then told to try again.
func TestLateDataStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newRawSender(t, ServerConfig{}, nil)
		early := stream(t, s.link)
		must(t, wire.Write(early, &wire.Request{Ask: &wire.Request_Data{Data: &wire.Data{Transfer: []byte("another transfer")}}}))
		s.say(end)
		if s.hear().GetFinished() == nil {
			t.Fatal("not finished")
		}
		s.st.Close()
		synctest.Wait()
		start := time.Now()
		late, _ := s.data()
		for _, c := range []struct {
			st   transport.Stream
			wait time.Duration
			code transport.AbortCode
		}{{late, 0, abortFailed}, {early, dataPatience, abortInterrupted}} {
			_, err := bufio.NewReader(c.st).ReadByte()
			if a, ok := err.(*transport.AbortError); !ok || a.Code != c.code {
				t.Errorf("got %v", err)
			}
			if d := time.Since(start); d != c.wait {
				t.Errorf("it took %v, want %v", d, c.wait)
			}
		}
	})
}
