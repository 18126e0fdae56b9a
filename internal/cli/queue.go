package cli

import (
	"log/slog"

	"github.com/bargee/bargee/internal/control"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// queue takes part in the queue of this user. Where no room for it is to be
// had, as in a home that cannot be written, the process has one of its own.
func (a *app) queue(r *reach, role control.Role) *control.Queue { return a.queueServing(r, role, nil) }

// queueServing is queue where peers get to see something: see control.QueueConfig.
func (a *app) queueServing(r *reach, role control.Role, serve func(string, transport.Peer) (*session.Server, <-chan struct{})) *control.Queue {
	room, err := control.OpenRoom(r.home.state, "")
	if err != nil {
		slog.Debug("the queue is not shared", "error", err)
	}
	return control.Open(control.QueueConfig{Room: room, Role: role, Agent: agent(), Reach: r, Serve: serve, Store: r.queueFile, Past: r.notePast, Log: a.queueLog(role)})
}

// queueLog is where a queue says what becomes of it: a command has no log.
func (a *app) queueLog(role control.Role) *slog.Logger {
	if role == control.Command {
		return nil
	}
	return slog.Default()
}

// Address implements control.Reach.
func (r *reach) Address(word string) control.Target {
	t, err := r.target(word)
	if err != nil {
		return control.Target{Address: word}
	}
	at := control.Target{Address: t.peer(), Lanes: t.lanes}
	if at.Lanes == 0 && r.lanes != transport.AutoLanes {
		at.Lanes = r.lanes
	}
	return at
}

// Word implements control.Reach.
func (r *reach) Word(at control.Target) (string, error) {
	t, err := parseAddress(at.Address)
	if err == nil && t.isLocal() {
		err = usage("is no address of a peer", "")
	}
	if err != nil {
		return "", err
	}
	t.lanes = at.Lanes
	return r.word(t), nil
}
