package control

import (
	"context"
	"errors"
	"io"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/session"
)

// submit takes a job, and keeps its submitter informed if he wants that.
func (s *Server) submit(c *conn, m *wire.QueueSubmit) error {
	job, err := takeJob(m.GetJob())
	if err == nil {
		err = s.sources(c, &job, len(m.GetJob().GetSources()))
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if err != nil {
		_ = s.refuse(c, &session.Error{Kind: session.Protocol, Err: err})
		return err
	}
	if !m.GetWatch() {
		id, err := s.cfg.Engine.Submit(job)
		if err != nil {
			return s.refuse(c, err)
		}
		return s.id(c, int64(id))
	}
	ctx, stop := context.WithCancel(s.ctx)
	defer stop()
	w := newWatcher(ctx)
	job.Observe = w.observe
	id, err := s.cfg.Engine.Submit(job)
	if err == nil {
		err = s.id(c, int64(id))
		s.follow(c, w, id, m.GetJob().GetForeground(), err)
		return errOver
	}
	_ = s.refuse(c, err)
	return errOver
}

// sources reads those that did not fit into the job.
func (s *Server) sources(c *conn, job *session.Job, have int) error {
	for have < len(job.Sources) {
		more := new(wire.QueuePaths)
		if err := c.hear(messageTime, more); err != nil {
			return err
		}
		if n := len(more.GetPaths()); n == 0 || n > len(job.Sources)-have {
			return errSays("%d paths where %d are missing", n, len(job.Sources)-have)
		}
		for _, b := range more.GetPaths() {
			p, err := takePath(b)
			if err != nil {
				return err
			}
			job.Sources[have] = p
			have++
		}
	}
	return nil
}
