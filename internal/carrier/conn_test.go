package carrier

import (
	"bytes"
	"errors"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

// ends are both sides of a TCP connection over loopback.
func ends(t *testing.T) (a, b *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	d, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); d.Close() })
	return c.(*net.TCPConn), d.(*net.TCPConn)
}

// receive returns the next frame's packets.
func receive(t *testing.T, c *Conn) (packets []byte, segment int) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(time.Minute))
	size, segment, err := c.Next()
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, size)
	if err := c.Fill(b); err != nil {
		t.Fatal(err)
	}
	return b, segment
}

func TestConn(t *testing.T) {
	x, y := ends(t)
	Tune(x)
	budget := NewBudget(1 << 20)
	a, b := New(x, 1<<20, budget), New(y, 1<<20, nil)
	defer b.Close()
	joined := bytes.Repeat([]byte("packet!!"), 100)
	if dropped := a.Send(joined, 8*30); dropped != 0 {
		t.Errorf("%d bytes were dropped", dropped)
	}
	if got, segment := receive(t, b); segment != 240 || !bytes.Equal(got, joined) {
		t.Errorf("%d bytes in packets of %d", len(got), segment)
	}
	if !b.SendWait([]byte("back"), time.Second) {
		t.Error("it was not sent")
	}
	if got, segment := receive(t, a); segment != 4 || string(got) != "back" {
		t.Errorf("%q in packets of %d", got, segment)
	}
	a.Send([]byte("the last word"), 13)
	a.Close()
	if got, _ := receive(t, b); string(got) != "the last word" {
		t.Errorf("%q", got)
	}
	if a.Send([]byte("too late"), 8) != 8 || a.SendWait([]byte("too late"), time.Hour) {
		t.Error("a closed one takes packets")
	}
	if held := budget.Held(); held != 0 {
		t.Errorf("%d bytes are held by nobody", held)
	}
	if n, _, err := b.Next(); err == nil {
		t.Errorf("%d bytes after the end", n)
	}
}

// One who does not read costs no more than what may wait, and others lose nothing
// by it; when it reads again, whole packets come.
func TestConnThatIsNotRead(t *testing.T) {
	x, y := ends(t)
	Tune(x)
	x.SetWriteBuffer(64 << 10)
	y.SetReadBuffer(64 << 10)
	const most = 100_000
	budget := NewBudget(1 << 30)
	a, b := New(x, most, budget), New(y, most, nil)
	defer b.Close()
	defer a.Close()
	packet := bytes.Repeat([]byte{7}, 1000)
	sent := 0
	begin := time.Now()
	for a.SendWait(packet, 300*time.Millisecond) {
		if sent++; sent > 100_000 {
			t.Fatal("there is always room")
		}
	}
	if took := time.Since(begin); took < 300*time.Millisecond {
		t.Errorf("it was given up after %v", took)
	}
	if a.Send(packet, len(packet)) != len(packet) {
		t.Error("there is room, although nothing was read")
	}
	if held := budget.Held(); held > 2*most {
		t.Errorf("%d bytes are held, at most %d may", held, 2*most)
	}
	var waited sync.WaitGroup
	waited.Go(func() {
		if !a.SendWait(packet, 10*time.Second) {
			t.Error("no room, although all was read")
		}
	})
	for got := 0; got < sent+1; {
		packets, segment := receive(t, b)
		if segment != len(packet) || len(packets)%segment != 0 {
			t.Fatalf("%d bytes in packets of %d", len(packets), segment)
		}
		got += len(packets) / segment
	}
	waited.Wait()
	if d := a.Dropped(); d != 2000 {
		t.Errorf("%d bytes are said to be dropped", d)
	}
}

// A deadline in the middle of a frame loses nothing.
func TestConnDeadlines(t *testing.T) {
	x, y := ends(t)
	b := New(y, 1<<20, nil)
	defer b.Close()
	frame := []byte{0, 5, 0, 10, 'f', 'i', 'r', 's', 't', 'o', 't', 'h', 'e', 'r'}
	var body [10]byte
	filling := false
	for i := range frame {
		b.SetReadDeadline(time.Now().Add(-time.Second))
		var err error
		if filling {
			err = b.Fill(body[:])
		} else {
			_, _, err = b.Next()
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("after %d bytes: %v", i, err)
		}
		if _, err := x.Write(frame[i : i+1]); err != nil {
			t.Fatal(err)
		}
		b.SetReadDeadline(time.Now().Add(5 * time.Millisecond)) // it takes this byte, and waits for more
		for {
			if !filling {
				size, segment, err := b.Next()
				if errors.Is(err, os.ErrDeadlineExceeded) {
					break
				}
				if err != nil || size != 10 || segment != 5 {
					t.Fatalf("%d bytes in packets of %d, %v", size, segment, err)
				}
				filling = true
			}
			if err := b.Fill(body[:]); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
		}
	}
	if string(body[:]) != "firstother" {
		t.Errorf("%q", body)
	}
}

// Close waits for nobody who does not read, and what is no frame is an error.
func TestConnEnds(t *testing.T) {
	x, y := ends(t)
	x.SetWriteBuffer(4 << 10)
	y.SetReadBuffer(4 << 10)
	a := New(x, 1<<20, nil)
	for a.Send(bytes.Repeat([]byte{1}, 60_000), 1000) == 0 {
	}
	begin := time.Now()
	a.Close()
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("closing took %v", took)
	}
	a.Cut()

	x, y = ends(t)
	b := New(y, 1<<20, nil)
	defer b.Close()
	x.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
	if _, _, err := b.Next(); !errors.Is(err, ErrFrame) {
		t.Errorf("a question of the web: %v", err)
	}
}
