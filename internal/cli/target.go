package cli

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// defaultPort is the UDP port of peers that say nothing else.
const defaultPort = "6768"

// A target is an address of the command line, taken apart. It is pure: whether
// the peer is known or there is another matter.
type target struct {
	kind targetKind
	name string                // of a known peer
	addr string                // host:port of an explicit address
	key  transport.Fingerprint // that the peer at addr must have, if not zero
	pass transport.Ticket
	code transport.Code
	ssh  login
	path string // as written: of a peer with its leading slash, else a local name

	globbed bool // it fits a pattern that the user wrote

	lanes int // of a link there; 0: as many as the process has for all
}

type targetKind uint8

const (
	localTarget   targetKind = iota
	knownTarget              // name:/path
	addressTarget            // bargee://[FINGERPRINT@]host[:port]/path
	ticketTarget             // bgticket_…[:/path]
	codeTarget               // CODE[@host[:port]][:/path]
	pairedTarget             // paired://FINGERPRINT: who was met by pairing; nobody types that
	sshTarget                // ssh://[user@]host[:port][/path]
	dropsTarget              // drops://host[:port][/path]
)

// codeForm is how a pairing code looks. Codes are secrets: they are recognised
// in order to be kept out of messages.
var codeForm = regexp.MustCompile(`^[0-9]{4,}-[a-z]+-[a-z]+-[a-z]+(@[^/]*)?(:.*)?$`)

// parseTarget reads the address s. standing is BARGEE_TARGET, which ":/path" is
// about.
func parseTarget(s, standing string) (target, error) {
	if strings.ContainsRune(s, 0) {
		return target{}, usage("a path with a NUL byte", "").about("", session.Display(s))
	}
	if !strings.HasPrefix(s, ":") {
		return parseAddress(s)
	}
	if standing == "" {
		return target{}, usage("which peer?",
			"type: export BARGEE_TARGET=NAME: or bargee://HOST/").about("", session.Display(s))
	}
	t, err := parseAddress(standing)
	if err != nil || t.isLocal() {
		return target{}, usage("is no address of a peer", "an address is NAME: or bargee://HOST[:PORT]/").about("", "BARGEE_TARGET")
	}
	t.path = rooted(s[1:])
	return t, nil
}

func parseAddress(s string) (target, error) {
	switch head, rest, colon := strings.Cut(s, ":"); {
	case s == "":
		return target{}, usage("an empty path", "this directory is .")
	case strings.HasPrefix(s, "bgt_"):
		return target{}, errTokenArgument
	case strings.HasPrefix(s, "bgrelay_"):
		return target{}, usage("a ticket of a relay is no address of a peer", "bargee relay add takes it")
	case strings.HasPrefix(s, "bgticket_"):
		return parseTicket(s)
	case strings.HasPrefix(s, "bargee://"):
		return parseURL(s)
	case strings.HasPrefix(s, "ssh://"):
		return parseSSH(s)
	case strings.HasPrefix(s, dropsPrefix):
		return parseDrops(s)
	case codeForm.MatchString(s):
		return parseCode(s)
	case strings.HasPrefix(s, pairedPrefix):
		return parsePaired(s)
	case !colon || len(head) < 2 || strings.ContainsAny(head, `/\`) || filepath.VolumeName(s) != "":
		return target{path: s}, nil // a local one; the volume is Windows' C:
	default:
		return parseKnown(s, head, rest)
	}
}

// errTokenArgument is said wherever a token stands on the command line, without it.
var errTokenArgument = usage("a token as an argument can be read by everyone on this machine",
	"put it into a file and use --token-file FILE, or set BARGEE_TOKEN_FILE")

func parseKnown(s, name, path string) (target, error) {
	if err := transport.CheckPeerName(name); err != nil {
		return target{}, usage(session.Display(err.Error()), "a local file of this name is written with ./ in front").about("", session.Display(s))
	}
	return target{kind: knownTarget, name: name, path: rooted(path)}, nil
}

func parseTicket(s string) (target, error) {
	word, path, _ := strings.Cut(s, ":")
	pass, err := transport.ParseTicket(word)
	if err != nil {
		return target{}, &problem{err: err, usage: !errors.Is(err, transport.ErrVersion)}
	}
	if pass.Drop != nil {
		return target{}, usage("the ticket is one of a drop", "bargee receive TICKET takes it")
	}
	return target{kind: ticketTarget, pass: pass, key: pass.Key, path: rooted(path)}, nil
}

// parseURL reads bargee://[FINGERPRINT@]host[:port][/path]. The path is taken
// literally: no escapes, no query, no fragment.
func parseURL(s string) (target, error) {
	wrong := func(why string) (target, error) {
		return target{}, usage(why, "the form is bargee://[FINGERPRINT@]HOST[:PORT]/PATH").about("", session.Display(s))
	}
	place, path, _ := strings.Cut(strings.TrimPrefix(s, "bargee://"), "/")
	t := target{kind: addressTarget, path: "/" + path} // only the first slash is the address's
	if key, rest, ok := strings.Cut(place, "@"); ok {
		f, err := transport.ParseFingerprint(key)
		if err != nil {
			return wrong(err.Error())
		}
		t.key, place = f, rest
	}
	host, port, err := splitHost(place)
	if err != nil {
		return wrong(err.Error())
	}
	t.addr = net.JoinHostPort(host, port)
	return t, nil
}

// splitHost takes host[:port] apart; an IPv6 address stands in brackets.
func splitHost(s string) (host, port string, err error) {
	host, port = s, defaultPort
	if strings.HasPrefix(s, "[") {
		var rest string
		var ok bool
		if host, rest, ok = strings.Cut(s[1:], "]"); !ok {
			return "", "", errors.New("the bracket of the host is not closed")
		}
		if strings.Count(host, ":") < 2 {
			return "", "", errors.New("only an IPv6 address stands in brackets")
		}
		if rest != "" && rest[0] != ':' {
			return "", "", errors.New("after the brackets of the host only :PORT may follow")
		}
		if rest != "" {
			port = rest[1:]
		}
	} else if strings.Count(s, ":") > 1 {
		return "", "", errors.New("an IPv6 address stands in brackets")
	} else if h, p, ok := strings.Cut(s, ":"); ok {
		host, port = h, p
	}
	if host == "" {
		return "", "", errors.New("the host is missing")
	}
	if strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`\[]@?#"<>`, r) }) {
		return "", "", errors.New("the host has a character that no host name has")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", "", fmt.Errorf("%q is no port: 1 to 65535", port)
	}
	return host, port, nil
}

// rooted puts the slash in front of a path at a peer: name:x means name:/x.
func rooted(path string) string { return "/" + strings.TrimPrefix(path, "/") }

func (t target) isLocal() bool { return t.kind == localTarget }

// peer returns the address without its path, by which two targets are found to
// be at the same peer; "" for this machine. A ticket's is a secret, and so is a code's.
func (t target) peer() string {
	switch t.kind {
	case knownTarget:
		return t.name + ":"
	case addressTarget:
		if t.key.IsZero() {
			return "bargee://" + t.addr
		}
		return "bargee://" + t.key.String() + "@" + t.addr
	case ticketTarget:
		return t.pass.Reveal()
	case codeTarget:
		return t.code.Reveal()
	case pairedTarget:
		return pairedPrefix + t.key.String()
	case sshTarget:
		return t.ssh.peer()
	case dropsTarget:
		return t.boxed()
	}
	return ""
}

// shown returns the peer for people, without what is secret or long in it.
func (t target) shown() string {
	switch t.kind {
	case knownTarget:
		return t.name + ":"
	case addressTarget:
		return "bargee://" + t.addr
	case ticketTarget:
		if len(t.pass.Addresses) > 0 {
			return "bargee://" + session.Display(t.pass.Addresses[0])
		}
		return "the ticket's peer "
	case codeTarget:
		return t.codeWord() + ":"
	case pairedTarget:
		return "the peer " + t.key.Short() + " "
	case sshTarget:
		return t.ssh.String()
	case dropsTarget:
		return dropsPrefix + t.addr
	}
	return ""
}

// String returns the address for people.
func (t target) String() string {
	if t.kind == codeTarget && t.path == "/" {
		return t.codeWord()
	}
	return t.shown() + session.Display(t.path)
}

// isDir tells whether the path says that it is a directory, and contents
// whether what is meant is what lies in it, as cp reads "dir/.".
func (t target) isDir() bool {
	return strings.HasSuffix(t.path, "/") || t.kind == sshTarget && t.path == sshHome || t.contents() || strings.HasSuffix(t.path, "/..") || t.path == ".."
}

func (t target) contents() bool { return strings.HasSuffix(t.path, "/.") || t.path == "." }

// remotePath returns the path of a target at a peer. Doubled slashes and "."
// are what shells and scripts make of joined paths, and are left out; ".." is
// not guessed at, since what it means depends on links.
func (t target) remotePath() (session.Path, error) {
	var names []string
	for name := range strings.SplitSeq(t.path, "/") {
		switch name {
		case "", ".":
		case "..":
			return session.Path{}, &session.Error{Kind: session.BadName, Err: errors.New(`".." is no name at a peer: write the path without it`)}
		default:
			names = append(names, name)
		}
	}
	return session.ParsePath(strings.Join(names, "/"))
}
