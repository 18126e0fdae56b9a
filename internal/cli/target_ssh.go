package cli

import (
	"errors"
	"net"
	"net/url"
	"strings"

	"github.com/bargee/bargee/session"
)

// sshHome is the path of ssh://host: the home of the login. The far end knows
// where it is.
const sshHome = "/~"

// A login is what ssh is told about where to go.
type login struct {
	user, host, port string // user and port may be empty: ssh's configuration says more
	jail             string // of --jail: the directory that is all there is
}

// parseSSH reads ssh://[user@]host[:port][/path]. The jail is how such an address
// is kept, as a parameter of the host: nobody types it.
func parseSSH(s string) (target, error) {
	wrong := func(why string) (target, error) {
		return target{}, usage(why, "the form is ssh://[USER@]HOST[:PORT]/PATH").about("", session.Display(s))
	}
	place, path, has := strings.Cut(strings.TrimPrefix(s, "ssh://"), "/")
	t := target{kind: sshTarget, path: sshHome}
	if has {
		t.path = "/" + path
	}
	place, jail, _ := strings.Cut(place, ";jail=")
	var err error
	if t.ssh.jail, err = url.PathUnescape(jail); err != nil {
		return wrong("the jail cannot be read")
	}
	if user, rest, ok := strings.Cut(place, "@"); ok {
		if user == "" || strings.HasPrefix(user, "-") || strings.ContainsFunc(user, unfitForLogin) {
			return wrong("that is no name of a user")
		}
		t.ssh.user, place = user, rest
	}
	host, port, err := splitHost(place)
	if err == nil && (strings.HasPrefix(host, "-") || strings.ContainsFunc(host, unfitForLogin)) {
		err = errors.New("that is no name of a host")
	}
	if err != nil {
		return wrong(err.Error())
	}
	t.ssh.host = host
	if strings.HasSuffix(place, ":"+port) && place != host {
		t.ssh.port = port
	}
	return t, nil
}

// unfitForLogin tells what no name of a user or host has, and what a shell or ssh
// would take for something else.
func unfitForLogin(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune("\\'\"`$;&|<>(){}*?!#=,", r)
}

// String returns the login as the address says it, without the jail.
func (l login) String() string {
	s := l.host
	if strings.Contains(s, ":") {
		s = "[" + s + "]"
	}
	if l.port != "" {
		s = net.JoinHostPort(l.host, l.port)
	}
	if l.user != "" {
		s = l.user + "@" + s
	}
	return "ssh://" + s
}

// peer returns all of it, as target.peer does.
func (l login) peer() string {
	if l.jail == "" {
		return l.String()
	}
	return l.String() + ";jail=" + url.PathEscape(l.jail)
}
