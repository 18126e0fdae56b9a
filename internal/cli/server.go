package cli

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"syscall"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// A server is an endpoint that serves one directory.
type server struct {
	endpoint *transport.Endpoint
	peer     transport.Fingerprint
	session  *session.Server
	log      *slog.Logger
	door     *doorkeeper // nil: who was let in stays in
	guests   *guestbook  // nil: none is kept
	links    sync.WaitGroup
	probe    func(context.Context) error // fails where the directory does not answer
	traffic  *serveTraffic
}

func (o *serveOptions) start(h home, dir *session.Dir, in *entry, log *slog.Logger) (*server, error) {
	cfg, err := h.self()
	if err != nil {
		return nil, err
	}
	traffic := newServeTraffic(dir)
	cfg.Admission, cfg.HandshakeTimeout = &in.admission, o.connectWait()
	cfg.Report = func(from string, err error) {
		log.Warn("not let in", "from", from, "reason", reason(err))
		traffic.refuse(err)
	}
	in.admission.Errands = &transport.Errands{}
	in.admission.MaxClients, in.admission.MaxLanes = o.limits.clients, o.limits.lanes
	ep, err := transport.Listen(o.listen, cfg)
	if err != nil {
		return nil, listenProblem(o.listen, err)
	}
	served := o.sessionConfig(dir)
	served.Straight = o.straight(ep, in, log)
	if served.Keep = in.keep; in.door != nil {
		served.Quotas = in.door.quotas
	}
	s := &server{
		endpoint: ep, peer: ep.Fingerprint(), log: log, door: in.door, guests: h.guestbook(in.admission.Tree, log),
		probe: traffic.probe, traffic: traffic,
	}
	served.Observe = s.guests.observe
	s.session = session.NewServer(served)
	s.guests.open(s.session)
	return s, nil
}

// sessionConfig is what the flags say of serving dir.
func (o *serveOptions) sessionConfig(dir *session.Dir) session.ServerConfig {
	return session.ServerConfig{
		Tree:         dir,
		ReadOnly:     o.readOnly,
		WriteOnly:    o.writeOnly,
		MaxFileSize:  o.limits.fileSize.n,
		MinChunkSize: int(o.limits.minChunk.n),
		MaxChunkSize: int(o.limits.maxChunk.n),
		MaxStreams:   o.limits.streams,
		Limit:        o.limits.rate.n,

		PortableNames: o.portable,
	}
}

func listenProblem(addr string, err error) error {
	p := &problem{what: "listen on", where: session.Display(addr), err: err}
	if errors.Is(err, syscall.EADDRINUSE) {
		p.err = &session.Error{Kind: session.Refused, Err: errors.New("the port is in use")}
		p.hint = "is another bargee serving there? --listen :0 picks a free port"
	}
	return p
}

// accept serves all links that come until ctx ends.
func (s *server) accept(ctx context.Context) { s.acceptFrom(ctx, s.endpoint) }

func (s *server) acceptFrom(ctx context.Context, e *transport.Endpoint) {
	for {
		l, err := e.Accept(ctx)
		if err != nil {
			return
		}
		s.links.Go(func() {
			start := time.Now()
			peer := l.Peer()
			log := s.log.With("from", peer.Address, "key", peer.Key.Short())
			leave, err := s.door.enter(l)
			if err != nil {
				log.Info("turned away", "origin", peer.Grant.Origin, "reason", reason(err))
				l.Close(err.Error())
				return
			}
			defer leave()
			if peer.Grant.Name != "" {
				log = log.With("name", session.Display(peer.Grant.Name))
			}
			log.Info("connected", "agent", session.Display(peer.Agent), "origin", peer.Grant.Origin)
			over := s.traffic.join(l)
			err = s.session.ServeLink(ctx, l)
			over()
			l.Close("served")
			s.guests.came(peer, start)
			log.Info("gone", "after", time.Since(start).Round(time.Millisecond), "reason", whyGone(err))
		})
	}
}

func whyGone(err error) string {
	if err == nil {
		return "closed"
	}
	return reason(err)
}

// endingTime is how long links may take to end; the contract gives all of it 2 s.
const endingTime = 1500 * time.Millisecond

// close ends all links, whose transfers then can be resumed.
func (s *server) close() error {
	ended := make(chan struct{})
	go func() { s.links.Wait(); s.endpoint.Close(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(endingTime):
		s.log.Warn("ended without waiting for all links")
	}
	s.guests.close()
	return nil
}
