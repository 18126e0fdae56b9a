package cli

import (
	"log/slog"

	"github.com/bargee/bargee/internal/queuedb"
	"github.com/bargee/bargee/session"
)

var _ session.LastingReach = (*reach)(nil)

// Lasting implements session.LastingReach. The secret of a ticket or a
// code is left out: who goes on with the queue has to be known to the peer, or is
// asked for it.
func (r *reach) Lasting(word string) string {
	t, err := r.target(word)
	switch {
	case err != nil:
		return word
	case t.kind == ticketTarget && len(t.pass.Addresses) > 0:
		t = target{kind: addressTarget, addr: t.pass.Addresses[0], key: t.pass.Key}
	case t.kind == ticketTarget:
		return t.pass.Key.Short()
	case t.kind == codeTarget:
		return r.lastingCode(t)
	}
	return t.peer()
}

// Recall implements session.LastingReach.
func (r *reach) Recall(address string) string {
	t, err := parseAddress(address)
	if err != nil || t.isLocal() {
		return address // dialling it will say what is wrong
	}
	return r.word(t)
}

// notePast keeps what this process copied for the history, where it runs no queue
// that is kept.
func (r *reach) notePast(rec session.Record) {
	if err := queuedb.Note(r.home.state, &rec); err != nil {
		slog.Debug("the history does not have a transfer", "error", err)
	}
}

// queueFile is where the queue of this user is kept.
func (r *reach) queueFile() session.Store { return queuedb.In(r.home.state) }
