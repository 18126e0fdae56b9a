package session

import (
	"bufio"
	"context"
	"testing"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// A file that is opened for ReadAt costs the link what is read of it: of 20 GiB
// the last bytes.
func TestOpenAtAsksForWhatIsRead(t *testing.T) {
	const size = 20 << 30
	near, far := transport.Pipe()
	defer near.Close("the test is over")
	asked := make(chan *wire.Open, 8)
	go func() {
		for {
			st, err := far.AcceptStream(context.Background())
			if err != nil {
				close(asked)
				return
			}
			req := new(wire.Request)
			if err := wire.Read(bufio.NewReader(st), req); err != nil && far.Err() == nil {
				t.Error(err)
			}
			asked <- req.GetOpen()
			say(&wire.Reply{Answer: &wire.Reply_Entry{Entry: &wire.Entry{Size: size}}})(st)
			st.Write(make([]byte, min(req.GetOpen().GetLength(), 1<<20)))
			st.Close()
			st.Abort(0)
		}
	}()
	f, err := OpenAt(t.Context(), NewRemote(near), Path{"vast"})
	must(t, err)
	defer f.Close()
	if e, err := f.Stat(); err != nil || e.Size != size || e.Name != "vast" {
		t.Errorf("Stat: %+v, %v", e, err)
	}
	if o := <-asked; o.GetLength() != 0 {
		t.Errorf("asked for %d bytes when it was opened", o.GetLength())
	}
	b := make([]byte, 4096)
	if n, err := f.ReadAt(b, size-4096); n != len(b) || err != nil {
		t.Errorf("ReadAt of the end: %d bytes, %v", n, err)
	}
	if o := <-asked; o.GetOffset() != size-4096 || o.GetLength() != 4096 {
		t.Errorf("asked for %d bytes from %d on", o.GetLength(), o.GetOffset())
	}
	if n, err := f.Read(b); n == 0 || err != nil {
		t.Errorf("Read: %d bytes, %v", n, err)
	}
}
