package transport

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// TestLaneDies: the link lives on without a lane, and new streams avoid it.
func TestLaneDies(t *testing.T) {
	client, server := quicPair(t, 3)
	s, err := client.OpenStream(t.Context(), Bulk)
	if err != nil {
		t.Fatal(err)
	}
	lost := s.Lane()
	for _, n := range client.(*link).lanes {
		if n.id == lost {
			n.conn.CloseWithError(codeLimit, "this lane only")
			break
		}
	}
	if _, err := s.Read(make([]byte, 1)); !errors.Is(err, ErrClosed) && !errors.Is(err, ErrUnreachable) {
		t.Errorf("a stream of the lost lane: %v", err)
	}
	for range 10 {
		near, err := client.OpenStream(t.Context(), Bulk)
		if err != nil {
			t.Fatal(err)
		}
		if near.Lane() == lost {
			t.Error("a new stream on the lost lane")
		}
		near.Write([]byte("x"))
		near.Close()
	}
	for range 10 {
		far, err := server.AcceptStream(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(far); string(got) != "x" && far.Lane() != lost {
			t.Errorf("%q, %v", got, err)
		}
	}
	if client.Err() != nil || len(client.Lanes()) != 2 {
		t.Errorf("%v, %d lanes", client.Err(), len(client.Lanes()))
	}
}

// TestMaxLanes: the server's limit counts.
func TestMaxLanes(t *testing.T) {
	token := testToken("lanes")
	e := serveOn(t, Config{Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public()), MaxLanes: 2}})
	r := remote(e, SecretOf(token))
	r.Lanes = 5
	l, err := dialFrom(t, Config{}).Dial(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(l.Lanes()); n != 2 {
		t.Errorf("%d lanes", n)
	}
}

// TestManyLanes: they all come, in spite of the limits on strangers.
func TestManyLanes(t *testing.T) {
	client, _ := quicPair(t, 64)
	if n := len(client.Lanes()); n != 64 {
		t.Errorf("%d lanes", n)
	}
	for i, s := range client.Lanes() {
		if s.ID != i+1 || s.Path != PathDirect || s.Sent == 0 || s.Received == 0 {
			t.Errorf("lane %d: %+v", i+1, s)
		}
	}
}

// TestLinkClosedByOneLane: the peer's word on one lane that the link is closed
// is enough; the other lanes may have lost theirs.
func TestLinkClosedByOneLane(t *testing.T) {
	client, server := quicPair(t, 3)
	client.(*link).lanes[1].conn.CloseWithError(codeClosed, "enough")
	<-server.Done()
	if !errors.Is(server.Err(), ErrClosed) || !strings.Contains(server.Err().Error(), "enough") {
		t.Errorf("%v", server.Err())
	}
	<-client.Done() // the server closed the others
}
