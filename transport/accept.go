package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/quic-go/quic-go"
)

var errFull = errors.New("too many connections that proved nothing")

// listen starts to let clients in, once; e.mu is held, or nobody knows e.
func (e *Endpoint) listen() error {
	if e.listener != nil {
		return nil
	}
	// quic-go gives a handshake twice its idle time.
	config, err := e.serverTLS()
	if err != nil {
		return err
	}
	listener, err := e.transport.Listen(config, e.quicConfig(e.cfg.HandshakeTimeout/2))
	if err != nil {
		return err
	}
	e.listener = listener
	e.wait.Go(func() {
		for {
			conn, err := listener.Accept(e.ctx)
			if err != nil {
				return
			}
			e.wait.Go(func() { e.serve(conn) })
		}
	})
	return nil
}

// serverTLS shows who comes the key that is ours at that time.
func (e *Endpoint) serverTLS() (*tls.Config, error) {
	if e.cfg.Keyring == nil {
		return e.cfg.Identity.tls()
	}
	config, err := e.cfg.Identity.tls()
	if err != nil {
		return nil, err
	}
	config = config.Clone()
	config.Certificates = nil
	config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		self := e.self().Key
		config, err := self.tls()
		if err != nil {
			return nil, err
		}
		if a, ok := hello.Context().Value(accountKey{}).(*account); ok {
			a.self = self
		}
		return &config.Certificates[0], nil
	}
	return config, nil
}

// takeLanes has an endpoint that only dialled listen for further lanes of links that
// others of its family admit. It admits nobody else.
func (e *Endpoint) takeLanes() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return fail(ErrClosed, "the endpoint was closed")
	}
	return e.listen()
}

// nobody is the Admission of an endpoint that has none.
var nobody = &Admission{}

func (e *Endpoint) admission() *Admission {
	if a := e.admits.Load(); a != nil {
		return a
	}
	return nobody
}

// Admit says anew who may enter (Config.Admission); nil: nobody. Who is in stays in.
func (e *Endpoint) Admit(a *Admission) error {
	e.admits.Store(a)
	if a == nil {
		return nil
	}
	return e.takeLanes()
}

// arrive is quic.Transport.ConnContext: the first that is known of a client.
func (e *Endpoint) arrive(ctx context.Context, info *quic.ClientInfo) (context.Context, error) {
	s := source(info.RemoteAddr)
	leave, ok := e.gate.enter(s)
	if !ok {
		return nil, errFull
	}
	context.AfterFunc(ctx, leave)
	return context.WithValue(ctx, accountKey{}, &account{since: time.Now(), source: s, leave: leave}), nil
}

// serve takes a client whose TLS handshake is over through the login, and hands
// its link to Accept.
func (e *Endpoint) serve(conn *quic.Conn) {
	a := accountOf(conn)
	defer a.leave()
	from := conn.RemoteAddr().String()
	if left := e.penalties.left(a.source, time.Now()); left > 0 {
		conn.CloseWithError(codePenalty, fmt.Sprintf("too many wrong secrets came from it: wait %v", left.Round(time.Second)))
		return
	}
	late := time.AfterFunc(time.Until(a.since.Add(e.cfg.HandshakeTimeout)), func() {
		conn.CloseWithError(codeLimit, fmt.Sprintf("the login took longer than %v", e.cfg.HandshakeTimeout))
	})
	v, ch, err := e.login(conn, from)
	late.Stop()
	if err != nil {
		if errors.Is(err, errWrongProof) {
			e.penalties.add(a.source, time.Now())
			if e.cfg.wrong != nil {
				e.cfg.wrong()
			}
		}
		e.cfg.Report(from, explain(err, from))
		conn.CloseWithError(codeRefused, "the login failed")
		return
	}
	l := e.placeLane(conn, v, ch, from)
	a.leave()
	if l == nil || v.lane > 1 {
		return
	}
	if e.cfg.welcome != nil {
		e.cfg.welcome()
	}
	e.openTo(l.id, v.direct)
	if v.errand != nil {
		e.wait.Go(func() { v.errand(l) })
		return
	}
	select {
	case e.accepted <- l:
	case <-l.done:
	case <-e.ctx.Done():
	}
}

// login runs the server's side of it on the first stream.
func (e *Endpoint) login(conn *quic.Conn, from string) (visitor, channel, error) {
	ch, err := channelOf(conn, from)
	if err != nil {
		return visitor{}, ch, err
	}
	client, err := peerKey(conn.ConnectionState().TLS)
	if err != nil {
		return visitor{}, ch, err
	}
	ch.holder = shownKey(conn.ConnectionState().TLS)
	self := e.cfg.Identity
	if a := accountOf(conn); a.self != nil {
		self = a.self
	}
	kem, err := self.KEM()
	if err != nil {
		return visitor{}, ch, err
	}
	ch.client, ch.server = client, self.Fingerprint()
	s, err := conn.AcceptStream(conn.Context())
	if err != nil {
		return visitor{}, ch, err
	}
	v, err := serverLogin{
		versions:  e.cfg.Versions,
		agent:     e.cfg.Agent,
		kem:       kem,
		next:      e.next(self),
		renew:     e.cfg.Renewed,
		admission: e.admission(),
		desk:      e,
		fec:       e.corrector != nil,
		direct:    e.announced,
		report:    func(err error) { e.cfg.Report(from, err) },
	}.run(converse(s), ch)
	s.Close()
	if err != nil {
		// Closing now would throw the refusal away. The client closes the
		// connection when it has read it; the timer of serve bounds the wait.
		io.Copy(io.Discard, s)
		<-conn.Context().Done()
		return visitor{}, ch, err
	}
	s.CancelRead(0)
	if v.lane == 1 {
		e.renewed(client, v.kem, Fingerprint{}, v.next)
	}
	return v, ch, nil
}

// channelOf says what ties a login to conn; the keys are for the caller to set.
func channelOf(conn *quic.Conn, address string) (channel, error) {
	ch := channel{address: address}
	tls := conn.ConnectionState().TLS
	for label, to := range map[string]*[32]byte{loginLabel: &ch.login, joinLabel: &ch.join, fecLabel: &ch.fec} {
		b, err := tls.ExportKeyingMaterial(label, nil, len(to))
		if err != nil {
			return ch, fmt.Errorf("tls exporter: %w", err)
		}
		*to = [32]byte(b)
	}
	return ch, nil
}

// placeLane makes conn lane 1 of a new link, or a further lane of one; nil if
// it came too late.
func (e *Endpoint) placeLane(conn *quic.Conn, v visitor, ch channel, from string) *link {
	l := e.placed(v.link)
	if v.lane == 1 {
		l = newLink(v.link, Peer{
			Key:     ch.client,
			Address: from,
			Path:    e.pathOf(conn),
			Agent:   v.agent,
			Version: v.version,
			Words:   wordsOf(ch),
			Grant:   v.grant,
			Guest:   v.guest,
			Room:    e.cfg.room,
			KEM:     v.kem,
			Next:    v.next,
		}, &e.wait, nil)
		l.first = ch.join
		unfriend := e.gate.befriend(accountOf(conn).source)
		l.forget = func() { e.unregister(l); unfriend() }
		if !e.registerAdmitted(l) {
			unfriend()
			e.release(v.link)
			conn.CloseWithError(codeClosed, "the program ends")
			return nil
		}
	}
	if l == nil || !l.attach(newLane(v.lane, e.pathOf(conn), conn, e.member(conn, v.fec, ch.fec, serverRole))) {
		conn.CloseWithError(codeLimit, "the link is gone, or has that lane")
		return nil
	}
	return l
}

// Accept returns the next link that was admitted.
func (e *Endpoint) Accept(ctx context.Context) (Link, error) {
	if e.mu.Lock(); e.listener == nil {
		e.mu.Unlock()
		return nil, errors.New("accept: the endpoint has no Admission")
	}
	e.mu.Unlock()
	select {
	case l := <-e.accepted:
		return l, nil
	case <-e.ctx.Done():
		return nil, fail(ErrClosed, "the endpoint was closed")
	case <-ctx.Done():
		return nil, fmt.Errorf("accept: %w", context.Cause(ctx))
	}
}
