package cli

import (
	"errors"
	"strings"
	"testing"

	"github.com/bargee/bargee/transport"
)

var testTicket = transport.Ticket{
	Addresses: []string{"192.0.2.7:6768", "[2001:db8::7]:6768"},
	Key:       transport.Fingerprint{1, 2, 3},
	Token:     transport.NewToken(),
}

func TestTargets(t *testing.T) {
	key := transport.Fingerprint{9}
	for _, tt := range []struct {
		arg, standing string
		want          target
	}{
		{"file", "", target{path: "file"}},
		{"./a:b", "", target{path: "./a:b"}},
		{"/a:b", "", target{path: "/a:b"}},
		{"dir/a:b", "", target{path: "dir/a:b"}},
		{`C:\file`, "", target{path: `C:\file`}},
		{"c:/file", "", target{path: "c:/file"}},
		{"a:b", "", target{path: "a:b"}}, // names of peers have two characters
		{".", "", target{path: "."}},

		{"nas:/a/b", "", target{kind: knownTarget, name: "nas", path: "/a/b"}},
		{"nas:a/b", "", target{kind: knownTarget, name: "nas", path: "/a/b"}},
		{"nas:", "", target{kind: knownTarget, name: "nas", path: "/"}},
		{"näs:/a:b", "", target{kind: knownTarget, name: "näs", path: "/a:b"}},

		{"bargee://host", "", target{kind: addressTarget, addr: "host:6768", path: "/"}},
		{"bargee://host:41/", "", target{kind: addressTarget, addr: "host:41", path: "/"}},
		{"bargee://host/a%20b?c#d//e/", "", target{kind: addressTarget, addr: "host:6768", path: "/a%20b?c#d//e/"}},
		{"bargee://host/a@b:c", "", target{kind: addressTarget, addr: "host:6768", path: "/a@b:c"}},
		{"bargee://[::1]/x", "", target{kind: addressTarget, addr: "[::1]:6768", path: "/x"}},
		{"bargee://[fe80::1%eth0]:7/x", "", target{kind: addressTarget, addr: "[fe80::1%eth0]:7", path: "/x"}},
		{"bargee://" + key.String() + "@host:1/x", "", target{kind: addressTarget, addr: "host:1", key: key, path: "/x"}},

		{testTicket.Reveal(), "", target{kind: ticketTarget, pass: testTicket, key: testTicket.Key, path: "/"}},
		{testTicket.Reveal() + ":/a:b", "", target{kind: ticketTarget, pass: testTicket, key: testTicket.Key, path: "/a:b"}},

		{"4711-abacus-abdomen-zoom", "", target{kind: codeTarget, code: codeOf(t, "4711-abacus-abdomen-zoom"), path: "/"}},
		{"4711-abacus-abdomen-zoom:/a:b", "", target{kind: codeTarget, code: codeOf(t, "4711-abacus-abdomen-zoom"), path: "/a:b"}},
		{"4711-abacus-abdomen-zoom@relay:1:/a", "", target{kind: codeTarget, code: codeOf(t, "4711-abacus-abdomen-zoom@relay:1"), path: "/a"}},
		{"4711-abacus-abdomen-zoom@relay", "", target{kind: codeTarget, code: codeOf(t, "4711-abacus-abdomen-zoom@relay:6768"), path: "/"}},
		{"4711-abacus-abdomen-zoom@[::1]:7:/", "", target{kind: codeTarget, code: codeOf(t, "4711-abacus-abdomen-zoom@[::1]:7"), path: "/"}},
		{"drops://host", "", target{kind: dropsTarget, addr: "host:6768", path: "/"}},
		{"drops://" + key.String() + "@host:1/a drop", "", target{kind: dropsTarget, addr: "host:1", key: key, path: "/a drop"}},
		{"ssh://host", "", target{kind: sshTarget, ssh: login{host: "host"}, path: "/~"}},
		{"ssh://host/", "", target{kind: sshTarget, ssh: login{host: "host"}, path: "/"}},
		{"ssh://u@host:22/~/x", "", target{kind: sshTarget, ssh: login{user: "u", host: "host", port: "22"}, path: "/~/x"}},
		{"ssh://u@[::1]:2222", "", target{kind: sshTarget, ssh: login{user: "u", host: "::1", port: "2222"}, path: "/~"}},
		{"ssh://host:6768/x", "", target{kind: sshTarget, ssh: login{host: "host", port: "6768"}, path: "/x"}},
		{"ssh://[fe80::6768]", "", target{kind: sshTarget, ssh: login{host: "fe80::6768"}, path: "/~"}},
		{"ssh://host;jail=%2Fsrv%2Fa b/x", "", target{kind: sshTarget, ssh: login{host: "host", jail: "/srv/a b"}, path: "/x"}},

		{":/x", "nas:", target{kind: knownTarget, name: "nas", path: "/x"}},
		{":x/", "bargee://host/", target{kind: addressTarget, addr: "host:6768", path: "/x/"}},
		{":", testTicket.Reveal(), target{kind: ticketTarget, pass: testTicket, key: testTicket.Key, path: "/"}},
	} {
		got, err := parseTarget(tt.arg, tt.standing)
		if err != nil {
			t.Errorf("%q: %v", tt.arg, err)
		} else if got.kind != tt.want.kind || got.name != tt.want.name || got.addr != tt.want.addr ||
			got.ssh != tt.want.ssh || got.key != tt.want.key || got.path != tt.want.path || got.pass.Reveal() != tt.want.pass.Reveal() || got.code != tt.want.code {
			t.Errorf("%q: got %+v, want %+v", tt.arg, got, tt.want)
		}
	}
}

func codeOf(t *testing.T, s string) transport.Code {
	t.Helper()
	c, err := transport.ParseCode(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTargetsThatAreNone(t *testing.T) {
	for _, arg := range []string{
		"", "a\x00b", ":/x", "bargee://", "bargee:///x", "bargee://:1/", "bargee://host:/", "bargee://host:0/", "bargee://host:65536/",
		"bargee://host:x/", "bargee://::1/", "bargee://[::1/", "bargee://[::1]x/", "bargee://[host]/", "bargee://ho st/",
		"bargee://user@host/", "bargee://h\x1bost/", "drops://", "drops:///x", "drops://ho st/", "drops://host:0/", "ssh://", "ssh:///x", "ssh://@host/", "ssh://-oProxyCommand=x/", "ssh://-l@host/",
		"ssh://h;id/", "ssh://u@h:0/", "ssh://u@$(id)/", "4711-apple-river-nonesuch", "4711-apple-river-nonesuch@relay:1",
		"4711-apple-river-nonesuch:/a", "4711-abacus-abdomen-zoom@:1", "4711-abacus-abdomen-zoom@relay:x:/", "bgticket_", "bgticket_aaaa:/x", "bgrelay_aaaa", "bgt_aaaa", "na me:/x", "-nas:/x", "n@s:/x",
	} {
		got, err := parseTarget(arg, "")
		var p *problem
		if err == nil || !errors.As(err, &p) || exitCode(err) != exitUsage {
			t.Errorf("%q: %+v, %v", arg, got, err)
		}
	}
}

// Whatever is typed, an address that is understood means the same when it is
// written down and read again, and no message repeats a secret or a control.
func FuzzTarget(f *testing.F) {
	for _, s := range []string{
		"nas:/a", "bargee://host:1/a//b/", "bargee://[::1]:1/", ":/x", "./a:b", "4711-abacus-abdomen-zoom@h:1", "ssh://u@h/p", "ssh://h;jail=%2Fx/y", "ssh://u@[::1]:22",
		testTicket.Reveal() + ":/x", "bgt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "x\x1b[31m:/y\x07", "\xff\xfe:/\xff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, arg string) {
		got, err := parseTarget(arg, "nas:")
		said := ""
		if err != nil {
			said = err.Error()
		} else {
			said = got.String()
		}
		if strings.ContainsFunc(said, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("%q: a control character in %q", arg, said)
		}
		if strings.Contains(said, testTicket.Reveal()) || strings.HasPrefix(arg, "bgt_") && strings.Contains(said, arg) {
			t.Errorf("%q: a secret in %q", arg, said)
		}
		if err != nil {
			return
		}
		again, err := parseTarget(strings.TrimSuffix(got.peer(), ":")+cut(got), "")
		if err != nil || again.peer() != got.peer() || again.path != got.path {
			t.Errorf("%q: %q and %q are not the same: %v", arg, got, again, err)
		}
		if p, err := got.remotePath(); err == nil && strings.Contains("/"+p.Raw()+"/", "/../") {
			t.Errorf("%q: leads out of the tree: %q", arg, p)
		}
	})
}

// cut is what stands behind the peer in an address.
func cut(t target) string {
	if t.kind == knownTarget || t.hasSecret() {
		return ":" + t.path
	}
	return t.path
}

// On the screen a host can be typed as it comes: there is nothing else it could be.
func TestTypedAddresses(t *testing.T) {
	a := &app{getenv: func(name string) string { return map[string]string{"BARGEE_HOME": t.TempDir()}[name] }}
	r, err := a.reach()
	if err != nil {
		t.Fatal(err)
	}
	for typed, want := range map[string]string{
		"127.0.0.1:7801": "127.0.0.1:7801", " 10.0.0.9 ": "10.0.0.9:6768", "[::1]:7": "[::1]:7", "nas.example": "nas.example:6768",
		"nas.example:7801/films": "nas.example:7801", "bargee://nas/": "nas:6768",
	} {
		if got, _, err := split(r, typed); err != nil || got != want {
			t.Errorf("%q is taken for %q, %v; want %q", typed, got, err, want)
		}
	}
	for range 2 { // once it is a word, too
		if got, dir, err := split(r, "ssh://nas"); err != nil || got != "ssh://nas" || dir.Raw() != "~" {
			t.Errorf("ssh://nas is taken for %q in %s, %v", got, dir, err)
		}
	}
}
