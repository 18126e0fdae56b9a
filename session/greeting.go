package session

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// A Greeting is what a peer says of itself to the person at the other end. Nobody has
// checked it, and it is shown by Display.
type Greeting struct {
	Name   string // what it calls itself, at most 128 bytes
	Shows  string // the directory that it serves, at most 1024 bytes; "": it does not say, or there is none
	Writes bool   // we may change what is in it

	Meet transport.Rendezvous // where it can be met from now on; zero: it does not say
}

// greet answers Introduce.
func (e *exchange) greet() *wire.Reply {
	g := e.s.cfg.Greeting
	m := &wire.Introduction{Name: fits(g.Name, 128), Shows: fits(g.Shows, 1024), Writes: g.Writes}
	if !g.Meet.IsZero() {
		m.Room = g.Meet.Room[:]
	}
	if g.Meet.AtRelay() {
		m.Relay, m.RelayKey = g.Meet.Relay, g.Meet.RelayKey[:]
	}
	return &wire.Reply{Answer: &wire.Reply_Introduction{Introduction: m}}
}

// fits returns s if it is short enough and text, else nothing.
func fits(s string, most int) string {
	if len(s) > most || !utf8.ValidString(s) {
		return ""
	}
	return s
}

// Greet asks the peer who it is. One of an older version does not say.
func (r *Remote) Greet(ctx context.Context) (Greeting, error) {
	reply, err := r.get(ctx, Path{}, &wire.Request{Ask: &wire.Request_Introduce{Introduce: &wire.Introduce{}}}, patience)
	if err != nil {
		return Greeting{}, err
	}
	m := reply.GetIntroduction()
	if m == nil {
		return Greeting{}, newError(Protocol, Path{}, "the peer did not answer with a greeting")
	}
	return Greeting{Name: Display(m.Name), Shows: Display(m.Shows), Writes: m.Writes, Meet: transport.RendezvousOf(m.Relay, m.RelayKey, m.Room)}, nil
}

// greeted asks a peer that was adopted what it says of itself, in place of a ping.
func (p *place) greeted(ctx context.Context, r *Remote) {
	g, err := r.Greet(ctx)
	if err != nil {
		return // an older one, or gone: then the link says so
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.info.Says = g
	if g.Name != "" && !p.info.Pinned {
		p.info.Name = g.calls(p.peer.Short())
	}
}

// calls is what a stranger is shown as: never as a known peer, whose names have no @.
func (g Greeting) calls(key string) string {
	if strings.Contains(g.Name, "@") {
		return g.Name
	}
	return g.Name + "@" + key
}
