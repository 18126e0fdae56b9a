package session

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/transport"
)

// granted is a link whose peer was let in by that grant.
type granted struct {
	transport.Link
	grant transport.Grant
}

func (g granted) Peer() transport.Peer {
	p := g.Link.Peer()
	p.Grant = g.grant
	return p
}

// servedTo is served for a peer with that grant.
func servedTo(t *testing.T, cfg ServerConfig, g transport.Grant) *Remote {
	t.Helper()
	near, far := transport.Pipe()
	over := make(chan struct{})
	go func() {
		defer close(over)
		NewServer(cfg).ServeLink(context.Background(), granted{far, g})
		far.Close("served")
	}()
	t.Cleanup(func() { near.Close("the test is over"); <-over })
	return NewRemote(near)
}

// A peer may do what both the server and its grant allow, and nothing else.
func TestGrantBoundsItsPeer(t *testing.T) {
	read := func(r *Remote) error {
		for _, err := range r.List(t.Context(), Path{}) {
			return err
		}
		return nil
	}
	open := func(r *Remote) error {
		f, err := r.Open(t.Context(), at(t, "file"))
		if err == nil {
			_, err = io.ReadAll(f)
		}
		return err
	}
	mkdir := func(r *Remote) error { return r.Mkdir(t.Context(), at(t, "new"), true) }
	remove := func(r *Remote) error { return r.Remove(t.Context(), at(t, "gone"), false) }
	move := func(r *Remote) error { return r.Rename(t.Context(), at(t, "gone"), at(t, "other")) }
	const no = Refused
	for _, c := range []struct {
		name                            string
		cfg                             ServerConfig
		mode                            transport.Mode
		read, open, mkdir, move, remove Kind
	}{
		{"all", ServerConfig{}, transport.ReadWrite, "", "", "", "", NotFound},
		{"read", ServerConfig{}, transport.ReadOnly, "", "", no, no, no},
		{"write", ServerConfig{}, transport.WriteOnly, no, no, "", no, no},
		{"read where only writing is served", ServerConfig{WriteOnly: true}, transport.ReadOnly, no, no, no, no, no},
		{"write where only reading is served", ServerConfig{ReadOnly: true}, transport.WriteOnly, no, no, no, no, no},
		{"all where only reading is served", ServerConfig{ReadOnly: true}, transport.ReadWrite, "", "", no, no, no},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "file"), "x")
		write(t, filepath.Join(dir, "gone"), "x")
		c.cfg.Tree = openDir(t, dir)
		r := servedTo(t, c.cfg, transport.Grant{Mode: c.mode})
		for _, x := range []struct {
			what string
			err  error
			kind Kind
		}{{"read", read(r), c.read}, {"open", open(r), c.open}, {"mkdir", mkdir(r), c.mkdir}, {"move", move(r), c.move}, {"remove", remove(r), c.remove}} {
			if got := KindOf(x.err); got != x.kind && !(x.err == nil && x.kind == "") {
				t.Errorf("%s: %s: %v", c.name, x.what, x.err)
			}
		}
	}
}

// Where a grant is for a directory, that is all there is.
func TestGrantOfADirectory(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a/in"), "x")
	write(t, filepath.Join(dir, "b/secret"), "x")
	must(t, os.Symlink("b", filepath.Join(dir, "leads")))
	cfg := ServerConfig{Tree: openDir(t, dir)}
	r := servedTo(t, cfg, transport.Grant{Path: "/a"})
	if got := entriesOf(t, r, ""); len(got) != 1 || got["in"].Kind != RegularFile {
		t.Errorf("seen is %v", got)
	}
	for _, p := range []string{"b/secret", "a/in"} {
		if _, err := r.Stat(t.Context(), at(t, p)); KindOf(err) != NotFound {
			t.Errorf("%s: %v", p, err)
		}
	}
	must(t, r.Symlink(t.Context(), "../b", at(t, "out")))
	if _, err := r.Open(t.Context(), at(t, "out/secret")); err == nil {
		t.Error("a link leads out")
	}
	if err := r.Rename(t.Context(), at(t, "in"), at(t, "in2")); err != nil {
		t.Error(err)
	}
	for name, path := range map[string]string{"missing": "/none", "a link": "/leads", "a file": "/b/secret", "odd": "/a//b"} {
		r := servedTo(t, cfg, transport.Grant{Path: path})
		for _, err := range r.List(t.Context(), Path{}) {
			if err == nil {
				t.Errorf("%s: something is seen", name)
			}
		}
		if err := r.Mkdir(t.Context(), at(t, "x"), true); err == nil {
			t.Errorf("%s: something is made", name)
		}
		if _, err := r.Ping(t.Context()); err != nil {
			t.Errorf("%s: a ping: %v", name, err)
		}
	}
}

// A grant that is not understood allows nothing, and one that is over ends its link.
func TestGrantThatIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		tree, err := OpenDir(dir)
		must(t, err)
		defer tree.Close()
		near, far := transport.Pipe()
		l := granted{far, transport.Grant{Expires: time.Now().Add(time.Hour)}}
		go NewServer(ServerConfig{Tree: tree}).ServeLink(t.Context(), l)
		time.Sleep(time.Hour - time.Second)
		if _, err := NewRemote(near).Ping(t.Context()); err != nil {
			t.Errorf("before the end: %v", err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if near.Err() == nil {
			t.Error("the link lives on")
		}
		_, far = transport.Pipe()
		if err := NewServer(ServerConfig{Tree: tree}).ServeLink(t.Context(), granted{far, transport.Grant{Mode: "admin"}}); KindOf(err) != Refused {
			t.Errorf("an unknown mode: %v", err)
		}
		far.Close("")
	})
}
