package session

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// requests has one Request of each kind that is answered by a Reply, Entries,
// ToSender or ToReceiver.
var requests = map[string]*wire.Request{
	"list":   {Ask: &wire.Request_List{List: &wire.List{}}},
	"stat":   {Ask: &wire.Request_Stat{Stat: &wire.Stat{}}},
	"open":   {Ask: &wire.Request_Open{Open: &wire.Open{Path: []byte("file")}}},
	"hash":   {Ask: &wire.Request_Hash{Hash: &wire.Hash{Path: []byte("file")}}},
	"make":   {Ask: &wire.Request_Make{Make: &wire.Make{Path: []byte("new")}}},
	"move":   {Ask: &wire.Request_Move{Move: &wire.Move{From: []byte("file"), To: []byte("moved")}}},
	"remove": {Ask: &wire.Request_Remove{Remove: &wire.Remove{Path: []byte("file")}}},
	"touch":  {Ask: &wire.Request_Touch{Touch: &wire.Touch{Path: []byte("file")}}},
	"ping":   {Ask: &wire.Request_Ping{Ping: &wire.Ping{}}},
	"space":  {Ask: &wire.Request_Space{Space: &wire.Space{}}},
	"keep":   {Ask: &wire.Request_Keep{Keep: &wire.Keep{}}},
	"send":   {Ask: &wire.Request_Send{Send: &wire.Send{Transfer: make([]byte, 16)}}},
	"fetch":  {Ask: &wire.Request_Fetch{Fetch: &wire.Fetch{Transfer: make([]byte, 16), Paths: [][]byte{[]byte("file")}}}},

	"names":    {Ask: &wire.Request_Names{Names: &wire.ListNames{}}},
	"describe": {Ask: &wire.Request_StatAll{StatAll: &wire.StatAll{Names: [][]byte{[]byte("file")}}}},
	"watch":    {Ask: &wire.Request_Watch{Watch: &wire.Watch{}}},
	"measure":  {Ask: &wire.Request_Measure{Measure: &wire.Measure{}}},
	"find":     {Ask: &wire.Request_Find{Find: &wire.Find{Pattern: []byte("file")}}},
	"glob":     {Ask: &wire.Request_Glob{Glob: &wire.Glob{Pattern: []byte("f*")}}},
	"chmod":    {Ask: &wire.Request_Chmod{Chmod: &wire.Chmod{Path: []byte("file"), Mode: 0o600}}},
	"draft":    {Ask: &wire.Request_Draft{Draft: &wire.Draft{Path: []byte("draft")}}},
	"symlink":  {Ask: &wire.Request_Symlink{Symlink: &wire.Symlink{Path: []byte("link"), Target: []byte("/")}}},
}

// stream opens a stream that ends with the test.
func stream(t testing.TB, l transport.Link) transport.Stream {
	t.Helper()
	st, err := l.OpenStream(t.Context(), transport.Control)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Abort(0) })
	return st
}

// answerTo sends req and returns the error in the first message of the answer.
func answerTo(t *testing.T, l transport.Link, req *wire.Request) *wire.Error {
	t.Helper()
	st := stream(t, l)
	must(t, wire.Write(st, req))
	m := answerFor(req)
	must(t, wire.Read(bufio.NewReader(st), m))
	return m.GetError()
}

// answerFor returns a message to read the answer to req into.
func answerFor(req *wire.Request) (m partly) {
	m = new(wire.Reply)
	switch req.Ask.(type) {
	case *wire.Request_List:
		m = new(wire.Entries)
	case *wire.Request_Names:
		m = new(wire.Names)
	case *wire.Request_StatAll:
		m = new(wire.Described)
	case *wire.Request_Watch:
		m = new(wire.Changes)
	case *wire.Request_Measure:
		m = new(wire.Measured)
	case *wire.Request_Find, *wire.Request_Glob:
		m = new(wire.Hits)
	case *wire.Request_Send:
		m = new(wire.ToSender)
	case *wire.Request_Fetch:
		m = new(wire.ToReceiver)
	}
	return m
}

// What a server is not there for it refuses, with the reason.
func TestServeModes(t *testing.T) {
	for _, c := range []struct {
		name    string
		cfg     ServerConfig
		refused string
	}{
		{"read-only", ServerConfig{ReadOnly: true}, "make move remove touch send chmod symlink draft"},
		{"write-only", ServerConfig{WriteOnly: true}, "list stat open hash space move remove touch fetch names describe watch measure find glob chmod symlink draft"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "file"), "content")
			c.cfg.Tree = openDir(t, dir)
			c.cfg.Keep = func(transport.Peer) error { return nil }
			_, link := served(t, c.cfg)
			for name, req := range requests {
				if !strings.Contains(c.refused, name) {
					continue
				}
				e := answerTo(t, link, req)
				if e.GetKind() != wire.Kind_KIND_REFUSED || !strings.HasPrefix(e.GetMessage(), c.name) {
					t.Errorf("%s: %v", name, e)
				}
			}
			for _, name := range []string{"ping", "keep", "make", "stat"} {
				if e := answerTo(t, link, requests[name]); e != nil && !strings.Contains(c.refused, name) {
					t.Errorf("%s: %v", name, e)
				}
			}
			if b, err := os.ReadFile(filepath.Join(dir, "file")); err != nil || string(b) != "content" {
				t.Errorf("the file is %q now, %v", b, err)
			}
		})
	}
}

// Both: then nothing is left but ping and keep.
func TestServeNothing(t *testing.T) {
	remote, _ := served(t, ServerConfig{Tree: openDir(t, t.TempDir()), ReadOnly: true, WriteOnly: true})
	_, err := remote.Ping(t.Context())
	must(t, err)
	wantKind(t, remote.Mkdir(t.Context(), Path{"x"}, false), Refused)
	_, err = remote.Stat(t.Context(), Path{})
	wantKind(t, err, Refused)
	wantKind(t, remote.Keep(t.Context()), Refused)
}

func TestServeKeep(t *testing.T) {
	var kept []transport.Fingerprint
	remote, link := served(t, ServerConfig{Tree: openDir(t, t.TempDir()), Keep: func(p transport.Peer) error {
		kept = append(kept, p.Key)
		return nil
	}})
	must(t, remote.Keep(t.Context()))
	if len(kept) != 1 || kept[0].IsZero() || kept[0] == link.Peer().Key {
		t.Errorf("kept %v", kept)
	}
}

func TestServeMaxFileSize(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "small"), "1234")
	write(t, filepath.Join(dir, "large"), "12345")
	remote, _ := served(t, ServerConfig{Tree: openDir(t, dir), MaxFileSize: 4})
	f, err := remote.Open(t.Context(), Path{"small"})
	must(t, err)
	f.Close()
	_, err = remote.Open(t.Context(), Path{"large"})
	wantKind(t, err, Limit)
}

// A bug in one request ends that request.
// F20.
func TestServeOutlivesAPanic(t *testing.T) {
	remote, _ := served(t, ServerConfig{Tree: openDir(t, t.TempDir()), Keep: func(transport.Peer) error { panic("a bug, for the test") }})
	wantKind(t, remote.Keep(t.Context()), Internal)
	_, err := remote.Ping(t.Context())
	must(t, err)
}

func TestServePathsOfPeers(t *testing.T) {
	dir := t.TempDir()
	_, link := served(t, ServerConfig{Tree: openDir(t, dir)})
	for _, path := range []string{"/", "/etc/passwd", "..", "a/../..", "a//b", "a/", ".", "a\x00"} {
		for name, req := range map[string]*wire.Request{
			"list":   {Ask: &wire.Request_List{List: &wire.List{Path: []byte(path)}}},
			"stat":   {Ask: &wire.Request_Stat{Stat: &wire.Stat{Path: []byte(path)}}},
			"open":   {Ask: &wire.Request_Open{Open: &wire.Open{Path: []byte(path)}}},
			"hash":   {Ask: &wire.Request_Hash{Hash: &wire.Hash{Path: []byte(path)}}},
			"make":   {Ask: &wire.Request_Make{Make: &wire.Make{Path: []byte(path), Parents: true}}},
			"move":   {Ask: &wire.Request_Move{Move: &wire.Move{From: []byte("x"), To: []byte(path)}}},
			"remove": {Ask: &wire.Request_Remove{Remove: &wire.Remove{Path: []byte(path), Recursive: true}}},
			"touch":  {Ask: &wire.Request_Touch{Touch: &wire.Touch{Path: []byte(path)}}},
			"names":  {Ask: &wire.Request_Names{Names: &wire.ListNames{Path: []byte(path)}}},
			"stat 2": {Ask: &wire.Request_StatAll{StatAll: &wire.StatAll{Path: []byte(path)}}},
			"stat 3": {Ask: &wire.Request_StatAll{StatAll: &wire.StatAll{Names: [][]byte{[]byte(path)}}}},
			"watch":  {Ask: &wire.Request_Watch{Watch: &wire.Watch{Path: []byte(path)}}},
			"size":   {Ask: &wire.Request_Measure{Measure: &wire.Measure{Path: []byte(path)}}},
			"find":   {Ask: &wire.Request_Find{Find: &wire.Find{Path: []byte(path), Pattern: []byte("x")}}},
			"glob":   {Ask: &wire.Request_Glob{Glob: &wire.Glob{Path: []byte(path), Pattern: []byte("x*")}}},
			"chmod":  {Ask: &wire.Request_Chmod{Chmod: &wire.Chmod{Path: []byte(path)}}},
			"link":   {Ask: &wire.Request_Symlink{Symlink: &wire.Symlink{Path: []byte(path), Target: []byte("x")}}},
		} {
			if e := answerTo(t, link, req); e.GetKind() != wire.Kind_KIND_NAME {
				t.Errorf("%s %q: %v", name, path, e)
			}
		}
	}
}

// A Request that nobody knows is answered; what is no message costs the link.
func TestServeGarbage(t *testing.T) {
	_, link := served(t, ServerConfig{Tree: openDir(t, t.TempDir())})
	if e := answerTo(t, link, &wire.Request{}); e.GetKind() != wire.Kind_KIND_INVALID {
		t.Errorf("an empty Request: %v", e)
	}
	long := &wire.Request{Ask: &wire.Request_Stat{Stat: &wire.Stat{Path: make([]byte, 40_000)}}}
	if e := answerTo(t, link, long); e.GetKind() != wire.Kind_KIND_LIMIT {
		t.Errorf("a path over the limit: %v", e)
	}
	cut := stream(t, link)
	if _, err := cut.Write([]byte{20, 1, 2}); err != nil {
		t.Fatal(err)
	}
	cut.Close()
	var abort *transport.AbortError
	if _, err := io.ReadAll(cut); !errors.As(err, &abort) {
		t.Errorf("half a Request: %v", err)
	}
	if link.Err() != nil {
		t.Fatalf("the link ended too early: %v", link.Err())
	}
	garbage := stream(t, link)
	if _, err := garbage.Write([]byte("\x10GET / HTTP/1.1\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	<-link.Done()
	if err := link.Err(); !errors.Is(err, transport.ErrClosed) || !strings.Contains(err.Error(), "protocol") {
		t.Errorf("the link ended with %v", err)
	}
}

// TestServeSilentPeer holds M71.
func TestServeSilentPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, link := served(t, ServerConfig{Tree: openDir(t, t.TempDir())})
		start := time.Now()
		var abort *transport.AbortError
		if _, err := stream(t, link).Read(make([]byte, 1)); !errors.As(err, &abort) || abort.Code != codeOf(Timeout) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != requestWait {
			t.Errorf("given up after %v", took)
		}
	})
}

// A peer that asks for much and takes nothing is given up.
func TestServePeerThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "big"), "")
		must(t, os.Truncate(filepath.Join(dir, "big"), 64<<20))
		_, link := served(t, ServerConfig{Tree: openDir(t, dir)})
		st := stream(t, link)
		must(t, wire.Write(st, &wire.Request{Ask: &wire.Request_Open{Open: &wire.Open{Path: []byte("big"), Length: 1 << 40}}}))
		time.Sleep(writeWait + time.Second)
		var abort *transport.AbortError
		if n, err := io.Copy(io.Discard, st); !errors.As(err, &abort) || abort.Code != codeOf(Timeout) {
			t.Errorf("%d bytes, %v", n, err)
		}
	})
}

// More requests than a link may have at once are told so, and the first ones
// are none the worse for it.
// It holds M70.
func TestServeFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		remote, link := served(t, ServerConfig{Tree: openDir(t, t.TempDir())})
		var held []transport.Stream
		for range maxRequests {
			held = append(held, stream(t, link))
		}
		synctest.Wait()
		_, err := remote.Ping(t.Context())
		wantKind(t, err, Busy)
		must(t, wire.Write(held[0], requests["ping"]))
		reply := new(wire.Reply)
		must(t, wire.Read(bufio.NewReader(held[0]), reply))
		if reply.GetDone() == nil {
			t.Errorf("held[0]: %v", reply)
		}
		time.Sleep(requestWait + time.Second)
		_, err = remote.Ping(t.Context())
		must(t, err)
	})
}

// The directory may vanish while it is served.
func TestServeDirectoryThatIsGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "served")
	must(t, os.Mkdir(dir, 0o755))
	remote, _ := served(t, ServerConfig{Tree: openDir(t, dir)})
	must(t, os.Remove(dir))
	_, err := remote.Stat(t.Context(), Path{"x"})
	wantKind(t, err, NotFound)
	for _, err := range remote.List(t.Context(), Path{}) {
		wantKind(t, err, NotFound)
	}
	_, err = remote.Ping(t.Context())
	must(t, err)
}

// An asker that gives up ends the work that was done for it.
func TestUntilAbort(t *testing.T) {
	near, far := transport.Pipe()
	defer near.Close("the test is over")
	for name, give := range map[string]func(transport.Stream){
		"abort": func(st transport.Stream) { st.Abort(1) },
		"more":  func(st transport.Stream) { st.Write([]byte("more")) },
	} {
		st := stream(t, near)
		there, err := far.AcceptStream(t.Context())
		must(t, err)
		ctx, stop := untilAbort(t.Context(), there)
		give(st)
		<-ctx.Done()
		stop()
		if t.Context().Err() != nil {
			t.Errorf("%s: the test's own context ended", name)
		}
	}
}

// An asker that has no more to say waits for its answer still.
func TestUntilAbortNotAtItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := transport.Pipe()
		defer near.Close("the test is over")
		st := stream(t, near)
		there, err := far.AcceptStream(t.Context())
		must(t, err)
		ctx, stop := untilAbort(t.Context(), there)
		defer stop()
		st.Close()
		synctest.Wait()
		if ctx.Err() != nil {
			t.Errorf("the request ended: %v", ctx.Err())
		}
	})
}
