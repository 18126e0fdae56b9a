package session

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/bargee/bargee/transport"
)

// TestMachine: who logged in to a machine sees it as its shell does, links and
// all, and ~ is the home that the server says; one that says none has no ~.
func TestMachine(t *testing.T) {
	base := t.TempDir()
	write(t, filepath.Join(base, "home/real/file"), "content")
	write(t, filepath.Join(base, "home/real/.bargee-0123456789abcdef.part"), "private")
	must(t, os.Symlink("real", filepath.Join(base, "home/linked")))
	home, err := NewHost().PathOf(filepath.Join(base, "home"))
	must(t, err)
	for name, c := range map[string]struct {
		home *Path
		path Path
		kind Kind
	}{
		"absolute":    {&home, home.Append(Path{"real"}), ""},
		"by a link":   {&home, home.Append(Path{"linked"}), ""},
		"home":        {&home, Path{"~/real"}, ""},
		"no home":     {nil, Path{"~/real"}, NotFound},
		"of somebody": {&home, Path{"~other/real"}, NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			near, far := transport.Pipe()
			defer near.Close("")
			go NewServer(ServerConfig{Tree: Machine(), Home: c.home}).ServeLink(t.Context(), far)
			r := NewRemote(near)
			if _, err := r.Stat(t.Context(), c.path.Append(Path{"file"})); err != nil {
				if KindOf(err) != c.kind {
					t.Errorf("Stat: %v", err)
				}
				return
			} else if c.kind != "" {
				t.Fatal("it was found")
			}
			if got := entriesOf(t, r, c.path.Raw()); len(got) != 1 || got["file"].Size != 7 {
				t.Errorf("List: %v", got)
			}
			must(t, r.Mkdir(t.Context(), c.path.Append(Path{"new/deep"}), true))
			must(t, r.Remove(t.Context(), c.path.Append(Path{"new"}), true))
		})
	}
	near, far := transport.Pipe()
	defer near.Close("")
	go NewServer(ServerConfig{Tree: Machine(), Home: &home}).ServeLink(t.Context(), far)
	if e, err := NewRemote(near).Stat(t.Context(), Path{"~"}); err != nil || e.Kind != Directory {
		t.Errorf("~ itself: %+v, %v", e, err)
	}
}
