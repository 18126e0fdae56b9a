package session

import (
	"os"
	"path/filepath"
	"testing"
)

// A directory that is copied under another name goes on there when the job is
// begun again, be it by another attempt, engine or process.
func TestExactName(t *testing.T) {
	for how, job := range map[string]func(b *bed) Job{
		"up": func(b *bed) Job {
			return Job{Sources: []Path{b.path("d")}, To: b.peer, Destination: mustPath(t, "new")}
		},
		"down": func(b *bed) Job {
			return Job{From: b.peer, Sources: []Path{mustPath(t, "d")}, Destination: b.path("new")}
		},
		"here":   func(b *bed) Job { return Job{Sources: []Path{b.path("d")}, Destination: b.path("new")} },
		"moving": func(b *bed) Job { return Job{Sources: []Path{b.path("d")}, Destination: b.path("new"), Move: true} },
	} {
		t.Run(how, func(t *testing.T) {
			b := newBed(t, ServerConfig{})
			write := func() {
				for _, dir := range []string{b.here, b.there} {
					if err := os.MkdirAll(filepath.Join(dir, "d"), 0o700); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(filepath.Join(dir, "d", "f"), []byte("text"), 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			write()
			j := job(b)
			j.Options, j.Exact = DefaultOptions(), true
			for range 2 {
				if end := b.run(j); end.State != StateDone || end.Failures > 0 && how != "moving" {
					t.Fatalf("%+v", end)
				}
				write()
			}
			at := b.here
			if how == "up" {
				at = b.there
			}
			if _, err := os.Stat(filepath.Join(at, "new", "f")); err != nil {
				t.Error(err)
			}
			if names, err := os.ReadDir(filepath.Join(at, "new")); err != nil || len(names) != 1 {
				t.Errorf("%v, %v", names, err)
			}
			j.Into = true
			if _, err := b.engine.Submit(j); KindOf(err) != Invalid {
				t.Errorf("into, and under a name: %v", err)
			}
		})
	}
}

func mustPath(t *testing.T, s string) Path {
	t.Helper()
	p, err := ParsePath(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
