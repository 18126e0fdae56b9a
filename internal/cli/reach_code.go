package cli

import (
	"context"
	"errors"
	"slices"
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

// dialCode makes a link to who waits in the room of a code: at the relay that it
// names, else at the one that is used here.
func (r *reach) dialCode(ctx context.Context, ep *transport.Endpoint, code transport.Code, to transport.Remote) (transport.Link, error) {
	relay, ok, err := r.relayOf(code)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, &session.Error{Kind: session.Unreachable, Err: errors.New("the code names no relay, and none was added here")}
	}
	return ep.DialRoom(ctx, relay, code.Room(), to)
}

// relayOf returns the relay where the room of a code is, with its key if it was
// added here.
func (r *reach) relayOf(code transport.Code) (transport.RelayRemote, bool, error) {
	known, err := transport.OpenKnownRelays(r.home.state)
	if err != nil {
		return transport.RelayRemote{}, false, filed(err)
	}
	all, err := known.List()
	if err != nil {
		return transport.RelayRemote{}, false, filed(err)
	}
	at := code.Relay()
	if at == "" && len(all) > 0 {
		return all[0].Remote(), true, nil
	}
	if i := slices.IndexFunc(all, func(k transport.KnownRelay) bool { return slices.Contains(k.Ticket.Addresses, at) }); i >= 0 {
		remote := all[i].Remote()
		remote.Address = at
		return remote, true, nil
	}
	return transport.RelayRemote{Address: at}, at != "", nil
}
