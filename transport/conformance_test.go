package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestLink holds every kind of link to the same promises.
func TestLink(t *testing.T) {
	kinds := map[string]func(t *testing.T) (a, b Link){
		"pipe":    func(*testing.T) (Link, Link) { return Pipe() },
		"1 lane":  func(t *testing.T) (Link, Link) { return quicPair(t, 1) },
		"4 lanes": func(t *testing.T) (Link, Link) { return quicPair(t, 4) },
	}
	promises := map[string]func(t *testing.T, a, b Link){
		"echo both ways":              promiseEcho,
		"close is the end for reads":  promiseClose,
		"abort reaches the peer":      promiseAbort,
		"abort keeps what was closed": promiseAbortAfterClose,
		"deadlines":                   promiseDeadlines,
		"back-pressure":               promiseBackPressure,
		"close of the link":           promiseLinkClose,
		"contexts":                    promiseContexts,
		"many streams":                promiseManyStreams,
		"open is seen without a byte": promiseOpenSeen,
	}
	for kind, pair := range kinds {
		for name, promise := range promises {
			t.Run(kind+"/"+name, func(t *testing.T) {
				a, b := pair(t)
				defer a.Close("the test ends")
				promise(t, a, b)
			})
		}
	}
}

func promiseEcho(t *testing.T, a, b Link) {
	for _, class := range []Class{Control, Bulk} {
		for _, ends := range [][2]Link{{a, b}, {b, a}} {
			near, far := openPair(t, ends[0], ends[1], class)
			sent := make([]byte, 1<<20)
			rand.NewChaCha8([32]byte{1}).Read(sent)
			go func() {
				io.Copy(far, far)
				far.Close()
			}()
			go func() {
				near.Write(sent)
				near.Close()
			}()
			got, err := io.ReadAll(near)
			if err != nil || !bytes.Equal(got, sent) {
				t.Fatalf("class %d: %d bytes came back, error %v", class, len(got), err)
			}
			if near.Lane() != far.Lane() || near.Lane() < 1 {
				t.Errorf("lanes %d and %d of one stream", near.Lane(), far.Lane())
			}
		}
	}
}

func promiseClose(t *testing.T, a, b Link) {
	near, far := openPair(t, a, b, Control)
	if _, err := near.Write([]byte("last")); err != nil {
		t.Fatal(err)
	}
	if err := near.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(far); string(got) != "last" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	if _, err := near.Write([]byte("more")); !errors.Is(err, ErrClosed) {
		t.Errorf("write after Close: %v", err)
	}
	// The other direction goes on.
	far.Write([]byte("answer"))
	far.Close()
	if got, err := io.ReadAll(near); string(got) != "answer" || err != nil {
		t.Errorf("read %q, %v after Close", got, err)
	}
}

func promiseAbort(t *testing.T, a, b Link) {
	near, far := openPair(t, a, b, Bulk)
	near.Write([]byte("x"))
	io.ReadFull(far, make([]byte, 1))
	near.Abort(77)
	var aborted *AbortError
	if _, err := far.Read(make([]byte, 1)); !errors.As(err, &aborted) || aborted.Code != 77 {
		t.Errorf("the peer reads %v", err)
	}
	aborted = nil
	if err := writeUntilError(far); !errors.As(err, &aborted) || aborted.Code != 77 {
		t.Errorf("the peer writes %v", err)
	}
	if _, err := near.Read(make([]byte, 1)); !errors.As(err, &aborted) {
		t.Errorf("we read %v", err)
	}
	if _, err := near.Write([]byte("x")); !errors.As(err, &aborted) {
		t.Errorf("we write %v", err)
	}
}

func writeUntilError(s Stream) error {
	s.SetWriteDeadline(time.Now().Add(time.Minute))
	for {
		if _, err := s.Write(make([]byte, 1024)); err != nil {
			return err
		}
	}
}

func promiseAbortAfterClose(t *testing.T, a, b Link) {
	near, far := openPair(t, a, b, Bulk)
	near.Write([]byte("all of it"))
	near.Close()
	near.Abort(5)
	if got, err := io.ReadAll(far); string(got) != "all of it" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	var aborted *AbortError
	if err := writeUntilError(far); !errors.As(err, &aborted) || aborted.Code != 5 {
		t.Errorf("the peer writes %v", err)
	}
}

func promiseDeadlines(t *testing.T, a, b Link) {
	near, far := openPair(t, a, b, Bulk)
	near.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if _, err := near.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read: %v", err)
	}
	far.SetReadDeadline(time.Now().Add(-time.Second))
	if _, err := far.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read with a deadline in the past: %v", err)
	}
	far.SetReadDeadline(time.Time{})
	near.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := near.Write(make([]byte, 64<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("write nobody reads: %v", err)
	}
	near.SetReadDeadline(time.Time{})
	far.Write([]byte("x"))
	if _, err := io.ReadFull(near, make([]byte, 1)); err != nil {
		t.Errorf("read after the deadline was lifted: %v", err)
	}
}

// promiseBackPressure: a writer stops soon when nobody reads, and other
// streams go on.
func promiseBackPressure(t *testing.T, a, b Link) {
	stuck, _ := openPair(t, a, b, Bulk)
	stuck.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	n, err := stuck.Write(make([]byte, 64<<20))
	if !errors.Is(err, os.ErrDeadlineExceeded) || n > 32<<20 {
		t.Errorf("%d bytes were taken that nobody reads, error %v", n, err)
	}
	stuck.Abort(0)
	near, far := openPair(t, a, b, Control)
	near.Write([]byte("ping"))
	if _, err := io.ReadFull(far, make([]byte, 4)); err != nil {
		t.Errorf("another stream: %v", err)
	}
}

func promiseLinkClose(t *testing.T, a, b Link) {
	near, far := openPair(t, a, b, Control)
	blocked := make(chan error, 1)
	go func() {
		_, err := near.Read(make([]byte, 1))
		blocked <- err
	}()
	b.Close("gone fishing")
	for name, l := range map[string]Link{"the closing side": b, "the other side": a} {
		select {
		case <-l.Done():
		case <-t.Context().Done():
			t.Fatalf("%s is not done", name)
		}
		if !errors.Is(l.Err(), ErrClosed) || !strings.Contains(l.Err().Error(), "gone fishing") {
			t.Errorf("%s: %v", name, l.Err())
		}
		if _, err := l.OpenStream(context.Background(), Bulk); !errors.Is(err, ErrClosed) {
			t.Errorf("%s: open: %v", name, err)
		}
		if _, err := l.AcceptStream(context.Background()); !errors.Is(err, ErrClosed) {
			t.Errorf("%s: accept: %v", name, err)
		}
		if len(l.Lanes()) != 0 {
			t.Errorf("%s: %d lanes", name, len(l.Lanes()))
		}
	}
	if err := <-blocked; !errors.Is(err, ErrClosed) {
		t.Errorf("a read that was waiting: %v", err)
	}
	if _, err := far.Write([]byte("x")); !errors.Is(err, ErrClosed) {
		t.Errorf("a write: %v", err)
	}
	if err := a.Close("again"); err != nil {
		t.Errorf("close again: %v", err)
	}
}

func promiseContexts(t *testing.T, a, b Link) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := b.AcceptStream(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("accept: %v", err)
	}
	select {
	case <-a.Done():
		t.Error("the link died of it")
	default:
	}
	if a.Err() != nil {
		t.Error(a.Err())
	}
}

func promiseManyStreams(t *testing.T, a, b Link) {
	const streams = 64
	var wait sync.WaitGroup
	for range streams {
		wait.Go(func() {
			s, err := b.AcceptStream(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			io.Copy(s, s)
			s.Close()
		})
	}
	used := map[int]int{}
	var mu sync.Mutex
	for i := range streams {
		wait.Go(func() {
			s, err := a.OpenStream(t.Context(), Bulk)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			used[s.Lane()]++
			mu.Unlock()
			sent := bytes.Repeat([]byte{byte(i)}, 10_000)
			s.Write(sent)
			s.Close()
			if got, err := io.ReadAll(s); err != nil || !bytes.Equal(got, sent) {
				t.Errorf("stream %d: %d bytes, %v", i, len(got), err)
			}
		})
	}
	wait.Wait()
	if len(used) != len(a.Lanes()) {
		t.Errorf("bulk streams used lanes %v of %d", used, len(a.Lanes()))
	}
}

func promiseOpenSeen(t *testing.T, a, b Link) {
	near, far := openPair(t, a, b, Control)
	far.Write([]byte("hello"))
	got := make([]byte, 5)
	if _, err := io.ReadFull(near, got); err != nil || string(got) != "hello" {
		t.Errorf("%q, %v", got, err)
	}
}
