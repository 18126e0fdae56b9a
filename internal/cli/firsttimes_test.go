package cli

import (
	"context"
	"io"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// Of many that begin at the same time, all have the secret of the one that was first.
func TestRoomSecretIsOne(t *testing.T) {
	h := home{state: t.TempDir()}
	begin := make(chan struct{})
	var all sync.WaitGroup
	var secrets [16]transport.RoomSecret
	for i := range secrets {
		all.Go(func() {
			<-begin
			var err error
			if secrets[i], err = h.roomSecret(); err != nil {
				t.Error(err)
			}
		})
	}
	close(begin)
	all.Wait()
	for _, s := range secrets {
		if s != secrets[0] || s == (transport.RoomSecret{}) {
			t.Fatalf("%x and %x", s, secrets[0])
		}
	}
}

// Who starts us and says nothing is not waited for without end, nor after a signal.
func TestHearStdioEnds(t *testing.T) {
	for _, signalled := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r, w := io.Pipe()
			o := &serveOptions{app: &app{stdin: r}}
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			want := session.Timeout
			if signalled {
				cancel(errInterrupted)
				want = session.Interrupted
			}
			if _, _, err := o.hearStdio(ctx); kindOf(err) != want {
				t.Errorf("%v, want kind %s", err, want)
			}
			w.Close() // the read that was left behind
			synctest.Wait()
		})
	}
}
