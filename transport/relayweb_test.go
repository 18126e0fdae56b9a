package transport

import (
	"bufio"
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/bargee/bargee/internal/wire"
)

// What a relay says before HTTP begins is an error of the first read, one that tells
// what is the matter; also what a relay says that knows nothing of HTTP.
func TestWhatARelaySaysBeforeHTTP(t *testing.T) {
	say := func(r *wire.RelayReply) func(Stream) {
		return func(st Stream) { wire.Write(st, r); st.Close() }
	}
	refuse := func(why wire.RelayRefusal_Why) func(Stream) {
		return say(&wire.RelayReply{Answer: &wire.RelayReply_Refused{Refused: &wire.RelayRefusal{Why: why, Message: "the\nwords"}}})
	}
	for name, x := range map[string]struct {
		answer func(Stream)
		want   error
		words  string
	}{
		"too old":        {func(st Stream) { st.Abort(0) }, ErrNoWeb, "too old"},
		"busy":           {func(st Stream) { st.Abort(1) }, ErrRoomBusy, "too many"},
		"keeps nothing":  {refuse(wire.RelayRefusal_NO_WEB), ErrNoWeb, "words"},
		"over a limit":   {refuse(wire.RelayRefusal_LIMIT), ErrRoomBusy, "words"},
		"something else": {say(&wire.RelayReply{}), ErrProtocol, ""},
	} {
		t.Run(name, func(t *testing.T) {
			near, far := Pipe()
			defer near.Close("")
			st, err := near.OpenStream(t.Context(), Bulk)
			if err != nil {
				t.Fatal(err)
			}
			there, err := far.AcceptStream(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			x.answer(there)
			c := &webConn{Stream: st, in: bufio.NewReader(st), relay: "relay.example:6768", local: &net.UDPAddr{}}
			for range 2 { // and so is every one after it, and a write that fails
				if _, err := c.Write([]byte("GET")); err != nil && !errors.Is(err, x.want) {
					t.Errorf("a write: %v, want %v", err, x.want)
				}
				if _, err := c.Read(make([]byte, 1)); !errors.Is(err, x.want) || !strings.Contains(err.Error(), x.words) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%v, want %v", err, x.want)
				}
			}
			c.Close()
		})
	}
}

// A relay that is not there is an error of Dial; after Close there are no connections.
func TestRelayWebIsClosed(t *testing.T) {
	id, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	e, err := Listen("127.0.0.1:0", Config{Identity: id})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	w := e.RelayWeb(RelayRemote{Address: "127.0.0.1:1"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Dial(ctx); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("nobody answers: %v", err)
	}
	if w.Lanes() != nil {
		t.Error("there is a link")
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if _, err := w.Dial(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}
