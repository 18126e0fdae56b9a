package session

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
)

// A transfer that nobody waits for any more can be gone on with.
func TestInterrupt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		for name, text := range map[string]string{"a": "new", "b": "older"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		e := NewEngine(EngineConfig{})
		defer e.Close()
		path := func(name string) Path {
			p, err := NewHost().PathOf(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		id, err := e.Submit(Job{Sources: []Path{path("a")}, Destination: path("b"), Foreground: true, Options: DefaultOptions()})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if now, err := e.Transfer(id); err != nil || now.Asking != 1 {
			t.Fatalf("%+v, %v", now, err)
		}
		if err := e.Interrupt(id); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if now, err := e.Transfer(id); err != nil || now.State != StateFailed || KindOf(now.Err) != Interrupted {
			t.Errorf("%+v, %v", now, err)
		}
		if err := e.Interrupt(id); KindOf(err) != Invalid {
			t.Errorf("once more: %v", err)
		}
		if err := e.Retry(id); err != nil {
			t.Fatal(err)
		}
		if now, err := e.Transfer(id); err != nil || now.Job.Foreground {
			t.Errorf("whoever waited is told of it again: %+v, %v", now, err)
		}
		if err := e.Answer(id, 1, Overwrite, true); err != nil {
			t.Fatal(err)
		}
		if now, err := e.Wait(t.Context(), id); err != nil || now.State != StateDone || now.Err != nil {
			t.Errorf("%+v, %v", now, err)
		}
		if _, err := e.Transfer(id + 1); KindOf(err) != NotFound {
			t.Errorf("there is no other: %v", err)
		}
	})
}
