package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// parseCode reads CODE[@host[:port]][:/path]. No message repeats the code.
func parseCode(s string) (target, error) {
	word, path := s, ""
	if i := strings.Index(s, ":/"); i >= 0 {
		word, path = s[:i], s[i+1:]
	} else if !strings.Contains(s, "@") {
		word, path, _ = strings.Cut(s, ":")
	}
	code, err := transport.ParseCode(word)
	if err != nil {
		return target{}, usage(err.Error(), "a local file of such a name is written with ./ in front")
	}
	return target{kind: codeTarget, code: code, path: rooted(path)}, nil
}

// codeWord names the peer of a code by its number, which is no secret.
func (t target) codeWord() string { return "code " + t.code.Number() }

// hasSecret tells whether what the other side wants to be shown stands in the address.
func (t target) hasSecret() bool { return t.kind == ticketTarget || t.kind == codeTarget }

// dialCode makes a link to who shows a code, at the relay that it names or on the local
// network. Who was met there is known from then on.
func (r *reach) dialCode(ctx context.Context, ep *transport.Endpoint, t target, to transport.Remote) (transport.Link, error) {
	code, doors := t.code, transport.Doors{}
	var err error
	if doors.LAN, err = r.lan(); err != nil {
		return nil, err
	}
	relay, ok, err := r.relayAt(code.Relay())
	if err != nil {
		return nil, err
	}
	if doors.Relay = relay; ok && code.Relay() == "" { // it was said without, since both know it
		if code, err = transport.ParseCode(code.Reveal() + "@" + relay.Address); err != nil {
			return nil, err
		}
	}
	l, err := ep.DialCode(ctx, code, doors, to)
	if err != nil {
		return nil, codeProblem(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.met[t.code.Number()] = l.Peer().Key
	return l, nil
}

// keyOfCode is the key of who showed a code, if it was met.
func (r *reach) keyOfCode(t target) transport.Fingerprint {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.met[t.code.Number()]
}

// lastingCode is what the peer of a code is called in a queue that outlasts it.
func (r *reach) lastingCode(t target) string {
	if key := r.keyOfCode(t); !key.IsZero() {
		return target{kind: pairedTarget, key: key}.peer()
	}
	return t.codeWord()
}

// codeProblem says what an error means for who typed a code.
func codeProblem(err error) error {
	switch {
	case errors.Is(err, transport.ErrNoRoom):
		return &session.Error{Kind: session.Unreachable, Err: errors.New("nobody shows this code now: is it typed right, and still on their screen?")}
	case errors.Is(err, transport.ErrAuth) && !errors.Is(err, transport.ErrKeyChanged):
		why := "the code is wrong: ask for the one that their screen shows now"
		if _, theirs, ok := strings.Cut(err.Error(), " refuses: "); ok {
			why = theirs // it may have been used, or be over
		}
		return &session.Error{Kind: session.Auth, Err: errors.New(why)}
	}
	return err
}
