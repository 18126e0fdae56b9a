package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"
)

// A Remote is a peer to dial.
type Remote struct {
	Addresses []string    // host:port, IPv6 in brackets; all are tried at once
	Key       Fingerprint // pinned; zero: unknown, the peer has to prove that it knows Secret
	Next      Fingerprint // with a Key: as good as it; see KnownPeer
	Secret    Secret      // shown only if our key alone does not open; may be none
	Lanes     int         // 0: one; AutoLanes; no more than the peer allows
	Keep      bool        // ask the peer to let our key in from now on
	Pass      string      // signed for our key by who the peer trusts, at most MaxPass bytes; shown only with a Key; a Secret that is one does the same

	// Guest asks for what anybody may have (Admission.Guests), without Secret.
	// With the zero Key nobody knows who answers: fit for what is secret to
	// neither side.
	Guest bool

	// Errand, with a Key, is what lets us in, for nothing else (Admission.Errands).
	Errand Errand

	// Of several ways to one peer: only one may be logged in by. nil: this is the only one.
	turn *turn

	// Early returns the link before the peer has let us in, as soon as it has shown
	// Key (or anything, to a Guest): what is asked on it then waits at the peer for
	// the end of the login, and saves its round trip. Where we are not let in after
	// all, the link ends, and its streams fail, with why. Until the login is over Peer
	// says only whose key it is, and where; see Entered.
	Early bool

	// Wait has DialRoom wait for a peer that is not in its room yet, for as long as
	// it may take in all: one that was there may be on its way back.
	Wait bool

	// As is who we are to this peer; nil: Config.Identity. See ForRelay.
	As *Identity
}

const refusedRetries = 3 * time.Second

// Dial makes a link to r. It takes no longer than Config.HandshakeTimeout.
func (e *Endpoint) Dial(ctx context.Context, r Remote) (Link, error) {
	where := strings.Join(r.Addresses, ", ")
	if word, ok := r.Secret.Pass(); ok {
		r.Pass, r.Secret = word, Secret{}
	}
	if len(r.Pass) > MaxPass {
		return nil, fail(ErrAuth, "dial %s: the pass has %d bytes, at most %d", where, len(r.Pass), MaxPass)
	}
	if r.Key.IsZero() && r.Pass != "" {
		return nil, fail(ErrAuth, "dial %s: a pass does not prove who answers, and its key is not known", where)
	}
	if r.Key.IsZero() && r.Secret.IsZero() && !r.Guest {
		return nil, fail(ErrAuth, "dial %s: neither the key of the peer is known nor a secret was given", where)
	}
	if r.Key.IsZero() && !r.Errand.IsZero() {
		return nil, fail(ErrAuth, "dial %s: an errand to a peer whose key is not known", where)
	}
	if !e.begin() {
		return nil, fail(ErrClosed, "dial %s: the endpoint was closed", where)
	}
	defer e.wait.Done()
	ctx, cancel := context.WithTimeoutCause(ctx, e.cfg.HandshakeTimeout,
		fail(ErrUnreachable, "no answer from %s within %v", where, e.cfg.HandshakeTimeout))
	defer cancel()
	stop := context.AfterFunc(e.ctx, cancel)
	defer stop()
	l, err := e.dial(ctx, r)
	if err == nil {
		return l, nil
	}
	if e.ctx.Err() != nil {
		err = fail(ErrClosed, "the endpoint was closed")
	}
	return nil, fmt.Errorf("dial: %w", err)
}

func (e *Endpoint) dial(ctx context.Context, r Remote) (*link, error) {
	candidates, err := e.candidates(ctx, r.Addresses)
	if err != nil {
		return nil, err
	}
	as := r.As
	if as == nil {
		as = e.self().Key // also of further lanes, when it is another one by then
	}
	for i := range candidates {
		candidates[i].as = as
	}
	won, err := e.race(ctx, candidates, r.pins())
	if err != nil {
		return nil, err
	}
	if err := r.turn.take(ctx); err != nil {
		won.conn.CloseWithError(codeClosed, "")
		return nil, err
	}
	login := clientLogin{pinned: !r.Key.IsZero(), secret: r.Secret, keep: r.Keep, guest: r.Guest, pass: r.Pass, errand: r.Errand, direct: e.announced}
	if login.pinned && !r.Guest && r.As == nil && r.Errand.IsZero() {
		login.next = e.next(as)
	}
	d, err := e.knock(ctx, won)
	if err != nil {
		r.turn.give(err)
		won.conn.CloseWithError(codeClosed, "")
		return nil, err
	}
	if r.Early && (login.pinned || login.guest) {
		r.turn.give(nil)
		return e.dialEarly(won, d, login, r)
	}
	in, err := e.enter(ctx, won, d, login)
	if r.turn.give(err); err != nil {
		won.conn.CloseWithError(codeClosed, "")
		return nil, err
	}
	l := e.dialled(won, d.ch)
	l.id, l.most = in.link, in.maxLanes
	l.peer = in.peer(l.peer, d.ch)
	l.full = l.peer
	e.renewed(won.key, in.kem, r.Key, in.next)
	if !e.register(l) {
		won.conn.CloseWithError(codeClosed, "")
		return nil, fail(ErrClosed, "the endpoint was closed")
	}
	l.attach(newLane(1, e.cfg.path, won.conn, e.member(won.conn, in.fec, d.ch.fec, clientRole)))
	e.widen(ctx, l, r.Lanes)
	l.told = append(slices.Clone(e.also), in.direct...)
	e.seekDirect(l, l.told)
	return l, nil
}

// dialled is the link that a connection becomes, as far as it is known without a
// login.
func (e *Endpoint) dialled(w winner, ch channel) *link {
	l := newLink(linkID{}, Peer{Key: ch.server, Address: w.address, Path: e.cfg.path, Room: e.cfg.room}, &e.wait, nil)
	l.first = ch.join
	l.forget = func() { e.unregister(l) }
	l.home = route{e, w.candidate}
	l.way = l.home
	return l
}

// peer is what a login said of the peer, beside what was known.
func (in entry) peer(p Peer, ch channel) Peer {
	p.Agent, p.Version, p.Kept, p.KEM, p.Meet, p.Next = in.agent, in.version, in.kept, in.kem, in.meet, in.next
	p.Words = wordsOf(ch)
	return p
}

// candidates are the ways to a peer at addresses.
func (e *Endpoint) candidates(ctx context.Context, addresses []string) ([]candidate, error) {
	if e.over != nil {
		return []candidate{e.over.candidate(strings.Join(addresses, ", "))}, nil
	}
	return resolve(ctx, addresses)
}

// A winner is the candidate that answered first.
type winner struct {
	candidate
	conn *quic.Conn
	key  Fingerprint
}

// race dials all candidates at once and returns the first that shows the wanted
// key, or any key if none is wanted.
func (e *Endpoint) race(ctx context.Context, candidates []candidate, want pins) (winner, error) {
	ctx, cancel := context.WithCancel(ctx)
	type result struct {
		winner
		err error
	}
	results := make(chan result, len(candidates))
	for _, c := range candidates {
		e.wait.Go(func() {
			w, err := e.connectOrRefused(ctx, c, want)
			results <- result{w, err}
		})
	}
	var errs []error
	var won *winner
	for range candidates {
		r := <-results
		switch {
		case r.err != nil:
			errs = append(errs, r.err)
		case won != nil:
			r.conn.CloseWithError(codeClosed, "")
		default:
			won = &r.winner
			cancel() // the others return at once
		}
	}
	cancel()
	if won != nil {
		return *won, nil
	}
	return winner{}, worst(errs)
}

// worst picks the error that says most.
func worst(errs []error) error {
	for _, kind := range []error{ErrKeyChanged, ErrAuth, ErrVersion, ErrProtocol, ErrBusy} {
		for _, err := range errs {
			if errors.Is(err, kind) {
				return err
			}
		}
	}
	return errs[0]
}

// connectOrRefused is connect, but does not wait for a host that says at once
// that nobody is there.
func (e *Endpoint) connectOrRefused(ctx context.Context, c candidate, want pins) (winner, error) {
	if _, real := e.conn.(syscall.Conn); !real {
		return e.connect(ctx, c, want) // a network of its own, in a test
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	e.wait.Go(func() {
		if refused(ctx, c.udp) {
			cancel(fail(ErrUnreachable, "nothing listens on %s", c.address))
		}
	})
	return e.connect(ctx, c, want)
}

// connect goes as far as TLS. Where the peer takes no connections for a moment
// it tries again for some seconds.
func (e *Endpoint) connect(ctx context.Context, c candidate, want pins) (winner, error) {
	until := time.Now().Add(refusedRetries)
	pause := 50 * time.Millisecond
	for {
		w, err := e.connectOnce(ctx, c, want)
		var refused *quic.TransportError
		if !errors.As(err, &refused) || refused.ErrorCode != quic.ConnectionRefused || time.Now().After(until) {
			switch {
			case err == nil:
				return w, nil
			case ctx.Err() != nil:
				return w, context.Cause(ctx)
			case isSilence(err): // a moment before ctx ended
				return w, fail(ErrUnreachable, "no answer from %s within %v", c.address, e.cfg.HandshakeTimeout)
			}
			return w, explain(err, c.address)
		}
		select {
		case <-ctx.Done():
			return w, context.Cause(ctx)
		case <-time.After(pause):
			pause *= 2
		}
	}
}

func (e *Endpoint) connectOnce(ctx context.Context, c candidate, want pins) (winner, error) {
	a := &account{since: time.Now(), leave: func() {}}
	ctx = context.WithValue(ctx, accountKey{}, a)
	config, err := e.tlsOf(c.as)
	if err != nil {
		return winner{}, err
	}
	conn, err := e.transport.Dial(ctx, c.udp, config, e.quicConfig(e.cfg.HandshakeTimeout))
	if err != nil {
		return winner{}, err
	}
	key, err := peerKey(conn.ConnectionState().TLS)
	if err == nil && !want.good(key) {
		err = fail(ErrKeyChanged, "%s shows key %s where %s is pinned: if that is right (it was replaced while we were away), forget the peer and pair again",
			c.address, key.Short(), want[0].Short())
	}
	if err != nil {
		conn.CloseWithError(codeClosed, "")
		return winner{}, err
	}
	return winner{candidate: c, conn: conn, key: key}, nil
}

// tlsOf is how a connection is made as somebody.
func (e *Endpoint) tlsOf(as *Identity) (*tls.Config, error) {
	if as == nil {
		as = e.self().Key
	}
	return as.tls()
}

// A door is where a login begins: the first stream, and what ties it to its
// connection.
type door struct {
	s   *quic.Stream
	ch  channel
	kem []byte
}

// knock opens the first stream of w.
func (e *Endpoint) knock(ctx context.Context, w winner) (d door, err error) {
	if d.ch, err = channelOf(w.conn, w.address); err != nil {
		return d, err
	}
	self := w.as
	if d.kem, err = self.KEM(); err != nil {
		return d, err
	}
	d.ch.client, d.ch.server = self.Fingerprint(), w.key
	if d.s, err = w.conn.OpenStreamSync(ctx); err != nil {
		return d, explain(err, w.address)
	}
	return d, nil
}

// enter runs the client's side of a login.
func (e *Endpoint) enter(ctx context.Context, w winner, d door, login clientLogin) (entry, error) {
	// The deadline wakes reads and writes whatever ends ctx.
	stop := context.AfterFunc(ctx, func() { d.s.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	login.atOnce = true
	login.versions, login.agent, login.kem, login.fec = e.cfg.Versions, e.cfg.Agent, d.kem, e.corrector != nil
	in, err := login.run(converse(d.s), d.ch)
	d.s.Close()
	d.s.CancelRead(0)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded) && errors.Is(context.Cause(ctx), ErrUnreachable):
		err = fail(ErrTimeout, "%s answered, but the login was not over within %v", w.address, e.cfg.HandshakeTimeout)
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = context.Cause(ctx)
	case err != nil:
		err = explainLogin(err, w.address)
	}
	return in, err
}

// explainLogin is explain, where a message that cannot be read is possible too.
func explainLogin(err error, address string) error {
	if isMalformed(err) {
		return fail(ErrProtocol, "%s sent what does not belong in a login: %w", address, err)
	}
	return explain(err, address)
}
