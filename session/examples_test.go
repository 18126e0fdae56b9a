package session_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// A pair of trees for examples: a peer's, as the package's example connects to it,
// and a directory of this machine.
type pair struct {
	far  *session.Remote
	near *session.Dir
	link transport.Link
	dir  string // of near
	over []func()
}

// connected serves a directory with the files far, and opens one with near.
func connected(ctx context.Context, far, near map[string]string) *pair {
	p := &pair{}
	dirs := [2]string{}
	trees := [2]*session.Dir{}
	for i, files := range []map[string]string{far, near} {
		var err error
		if dirs[i], err = os.MkdirTemp("", "example-"); err != nil {
			log.Fatal(err)
		}
		p.over = append(p.over, func() { os.RemoveAll(dirs[i]) })
		for name, content := range files {
			name = filepath.Join(dirs[i], name)
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				log.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
				log.Fatal(err)
			}
		}
		if trees[i], err = session.OpenDir(dirs[i]); err != nil {
			log.Fatal(err)
		}
		p.over = append(p.over, func() { trees[i].Close() })
	}
	p.dir, p.near = dirs[1], trees[1]
	token := transport.NewToken()
	listening := endpoint(&transport.Admission{Tree: dirs[0], Tokens: transport.Tokens(token.Public())})
	server := session.NewServer(session.ServerConfig{Tree: trees[0]})
	go server.Serve(ctx, listening)
	dialling := endpoint(nil)
	var err error
	p.link, err = dialling.Dial(ctx, transport.Remote{
		Addresses: []string{listening.Addr().String()}, Secret: transport.SecretOf(token)})
	if err != nil {
		log.Fatal(err)
	}
	p.over = append(p.over, func() { server.Close() }, func() { listening.Close() }, func() { dialling.Close() })
	p.far = session.NewRemote(p.link)
	return p
}

func endpoint(a *transport.Admission) *transport.Endpoint {
	e, err := transport.Listen("127.0.0.1:0", transport.Config{Identity: transport.NewKey(), Admission: a})
	if err != nil {
		log.Fatal(err)
	}
	return e
}

func (p *pair) close() {
	for _, f := range slices.Backward(p.over) {
		f()
	}
}

// A copy is verified as it goes, tells how far it is, and can be stopped at any
// time by its context; called again, it goes on where it was.
func ExampleCopy() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel() // or when the user has had enough
	p := connected(ctx, nil, map[string]string{"photos/one.jpg": "...", "photos/two.jpg": "......"})
	defer p.close()

	t, err := session.Copy(ctx,
		session.At(p.near, session.MustPath("/photos")), session.At(p.far, session.MustPath("/")),
		session.CopyOptions{
			OnProgress: func(t session.Transfer) {
				if t.Counted && t.State == session.StateDone {
					fmt.Printf("%d of %d bytes verified\n", t.Verified, t.Bytes)
				}
			},
		})
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Println("stopped; the same call goes on")
	case err != nil:
		log.Fatal(err)
	}
	fmt.Println(t.Files, "files,", t.Failures, "failures")
	// Output:
	// 9 of 9 bytes verified
	// 2 files, 0 failures
}

// OnChunk sees what travels before it is written, and can say no.
func ExampleCopy_chunks() {
	ctx := context.Background()
	p := connected(ctx, map[string]string{"letter.txt": "a secret"}, nil)
	defer p.close()

	_, err := session.Copy(ctx,
		session.At(p.far, session.MustPath("/letter.txt")), session.At(p.near, session.MustPath("/")),
		session.CopyOptions{OnChunk: func(c session.Chunk) error {
			if strings.Contains(string(c.Data), "secret") {
				return errors.New("not this one")
			}
			return nil
		}})
	fmt.Println(err)
	_, err = p.near.Stat(ctx, session.MustPath("/letter.txt"))
	fmt.Println(errors.Is(err, fs.ErrNotExist))
	// Output:
	// /letter.txt: not this one
	// true
}

// A piece of a large file costs the link that piece.
func ExampleOpenAt() {
	ctx := context.Background()
	p := connected(ctx, map[string]string{"log": strings.Repeat("0123456789", 100_000)}, nil)
	defer p.close()

	f, err := session.OpenAt(ctx, p.far, session.MustPath("/log"))
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	piece := make([]byte, 5)
	if _, err := f.ReadAt(piece, 999_992); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", piece)
	// Output: 23456
}

// A file that is written in place has its name when it is closed, and not before.
func ExampleCreate() {
	ctx := context.Background()
	p := connected(ctx, nil, nil)
	defer p.close()

	name := session.MustPath("/notes.txt")
	f, err := session.Create(ctx, p.far, name, session.CreateOptions{Mode: 0o600})
	if err != nil {
		log.Fatal(err)
	}
	defer f.Discard() // does nothing after Close
	fmt.Fprintln(f, "first line")
	_, err = p.far.Stat(ctx, name)
	fmt.Println("before Close:", errors.Is(err, session.NotFound))
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}
	e, err := p.far.Stat(ctx, name)
	fmt.Println("after it:", e.Size, "bytes,", err)
	// Output:
	// before Close: true
	// after it: 11 bytes, <nil>
}

// Whatever walks, serves or archives an fs.FS can do it with a tree at a peer.
func ExampleFS() {
	ctx := context.Background()
	p := connected(ctx, map[string]string{"a.txt": "A", "sub/b.txt": "B"}, nil)
	defer p.close()

	err := fs.WalkDir(session.FS(ctx, p.far), ".", func(name string, d fs.DirEntry, err error) error {
		fmt.Println(name, d.IsDir())
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// . true
	// a.txt false
	// sub true
	// sub/b.txt false
}

// Errors say what went wrong by a kind, which matches what the standard library
// calls it, at which end, and with what.
func ExampleError() {
	ctx := context.Background()
	p := connected(ctx, nil, nil)
	defer p.close()

	_, err := p.far.Stat(ctx, session.MustPath("/none"))
	fmt.Println(errors.Is(err, session.NotFound), errors.Is(err, fs.ErrNotExist))
	var e *session.Error
	if errors.As(err, &e) {
		fmt.Println(e.Kind, e.Path)
	}
	// Output:
	// true true
	// not-found /none
}

// Sync makes a directory like another one, and tells of each difference.
func ExampleSync() {
	ctx := context.Background()
	p := connected(ctx, map[string]string{"backup/old.txt": "x"}, map[string]string{"work/notes.txt": "..."})
	defer p.close()

	res, err := session.Sync(ctx,
		session.At(p.near, session.MustPath("/work")), session.At(p.far, session.MustPath("/backup")),
		session.SyncOptions{
			Delete: true, MaxDelete: 10,
			OnItem: func(it session.SyncItem) { fmt.Printf("%c %s\n", it.Change, session.Display(it.Path.Raw())) },
		})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.Added, "added,", res.Removed, "removed,", res.Failed, "failed")
	// Output:
	// + notes.txt
	// - old.txt
	// 1 added, 1 removed, 0 failed
}

// An Engine keeps peers connected, queues transfers, and makes one directory like
// another.
func ExampleEngine_Sync() {
	ctx := context.Background()
	p := connected(ctx, map[string]string{"old.txt": "x"}, map[string]string{"one.txt": "y", "two.txt": "z"})
	defer p.close()

	engine := session.NewEngine(session.EngineConfig{
		Reach: session.DialFunc(func(ctx context.Context, target, secret string) (transport.Link, error) {
			return p.link, nil // a program dials target here, and again when the link is lost
		}),
	})
	defer engine.Close()
	far, err := engine.Connect(ctx, "far", "")
	if err != nil {
		log.Fatal(err)
	}
	source, err := session.NewHost().PathOf(p.dir)
	if err != nil {
		log.Fatal(err)
	}
	result, err := engine.Sync(ctx, session.SyncJob{
		From: session.Here, Source: source,
		To: far, Destination: session.MustPath("/"),
		Delete: true, Options: session.DefaultOptions(),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Added, "added,", result.Removed, "removed,", result.Failed, "failed")
	// Output: 2 added, 1 removed, 0 failed
}
