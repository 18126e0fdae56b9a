package control

import (
	"errors"
	"testing"

	"github.com/bargee/bargee/session"
)

// Who comes next at the socket is not taken for who was there before: a transfer of
// his has the same number.
func TestNextEngineIsAnother(t *testing.T) {
	b := newBed(t)
	b.serve()
	client, room := b.dial(Command), b.room
	b.server.Close()
	<-client.Done()

	l, err := room.Listen()
	if err != nil {
		t.Fatal(err)
	}
	next := NewServer(ServerConfig{Engine: b.engine, Agent: "test", World: World()})
	served := make(chan error, 1)
	go func() { served <- next.Serve(l) }()
	t.Cleanup(func() {
		next.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	j := b.write("in", 10, "a")
	b.write("copy of in/in", 20, "a")
	id := b.submit(j)
	b.until(id, "asking", func(t session.Transfer) bool { return t.Asking == 1 })
	if err := client.Interrupt(id); !errors.Is(err, errGone) {
		t.Errorf("interrupted: %v", err)
	}
	if now, err := client.Transfer(id); !errors.Is(err, errGone) {
		t.Errorf("described: %+v, %v", now, err)
	}
	if now, err := b.dial(Command).Transfer(id); err != nil || now.State.Over() {
		t.Errorf("%+v, %v", now, err)
	}
}
