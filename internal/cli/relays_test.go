package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bargee/bargee/transport"
)

// Which relay, with which key and token, follows from flags, the environment and
// what was added.
func TestRelayRemote(t *testing.T) {
	dir := t.TempDir()
	token, other := transport.NewToken(), transport.NewToken()
	file := filepath.Join(dir, "token")
	pass := filepath.Join(dir, "pass")
	for name, text := range map[string]string{file: other.Reveal(), pass: "eyJhbGciOiJFZERTQSJ9.e30.c2ln"} {
		if err := os.WriteFile(name, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	key := transport.Fingerprint{1, 2, 3}
	added := transport.RelayTicket{Addresses: []string{"added.example:6768"}, Key: key, Token: token}
	tests := []struct {
		name  string
		flags relayFlags
		env   map[string]string
		add   bool
		want  transport.RelayRemote
		none  bool
		wrong bool
	}{
		{name: "none", none: true},
		{name: "added", add: true, want: transport.RelayRemote{Address: "added.example:6768", Key: key, Secret: transport.SecretOf(token)}},
		{name: "flag", flags: relayFlags{relay: "bargee://host.example"}, add: true, want: transport.RelayRemote{Address: "host.example:6768"}},
		{name: "without a scheme", flags: relayFlags{relay: "host.example:7000"}, want: transport.RelayRemote{Address: "host.example:7000"}},
		{name: "flag beats variable", flags: relayFlags{relay: "host.example"}, env: map[string]string{"BARGEE_RELAY": "other.example"}, want: transport.RelayRemote{Address: "host.example:6768"}},
		{name: "variable", env: map[string]string{"BARGEE_RELAY": "bargee://other.example/"}, add: true, want: transport.RelayRemote{Address: "other.example:6768"}},
		{name: "named, and added", flags: relayFlags{relay: "added.example"}, add: true, want: transport.RelayRemote{Address: "added.example:6768", Key: key, Secret: transport.SecretOf(token)}},
		{name: "named by another key", flags: relayFlags{relay: "bargee://" + transport.Fingerprint{9}.String() + "@added.example"}, add: true,
			want: transport.RelayRemote{Address: "added.example:6768", Key: transport.Fingerprint{9}}},
		{name: "ticket", env: map[string]string{"BARGEE_RELAY": added.Reveal()}, want: transport.RelayRemote{Address: "added.example:6768", Key: key, Secret: transport.SecretOf(token)}},
		{name: "another token", flags: relayFlags{tokenFile: file}, add: true, want: transport.RelayRemote{Address: "added.example:6768", Key: key, Secret: transport.SecretOf(other)}},
		{name: "a pass", env: map[string]string{"BARGEE_RELAY_TOKEN_FILE": pass}, add: true, want: transport.RelayRemote{Address: "added.example:6768", Key: key, Pass: "eyJhbGciOiJFZERTQSJ9.e30.c2ln"}},
		{name: "a path", flags: relayFlags{relay: "bargee://host/path"}, wrong: true},
		{name: "a cut ticket", env: map[string]string{"BARGEE_RELAY": added.Reveal()[:60]}, wrong: true},
		{name: "no such file", flags: relayFlags{relay: "host", tokenFile: file + "x"}, wrong: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			home := t.TempDir()
			a := &app{stderr: new(bytes.Buffer), getenv: func(name string) string {
				if name == "BARGEE_HOME" {
					return home
				}
				return test.env[name]
			}}
			if test.add {
				known, err := transport.OpenKnownRelays(home)
				if err == nil {
					err = known.Add(added)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			got, ok, err := a.relayRemote(&test.flags)
			if test.wrong {
				if err == nil || strings.Contains(err.Error(), added.Reveal()[8:40]) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || ok == test.none || got != test.want {
				t.Errorf("got %v %v %v, want %v", got, ok, err, test.want)
			}
		})
	}
}

// The file of tokens has tokens and public halves; what is none of them is said
// with its line and never repeated.
func TestReadTokens(t *testing.T) {
	a, b := transport.NewToken(), transport.NewToken()
	half, err := b.Public().MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "tokens")
	write := func(lines ...string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# the office", "", a.Reveal(), " "+string(half)+"\r")
	tokens := &relayTokens{file: name}
	if gone, err := tokens.reload(); err != nil || len(gone) != 0 || len(tokens.list()) != 2 || tokens.list()[1] != b.Public() {
		t.Fatalf("%v %v %v", tokens.list(), gone, err)
	}
	if _, first, err := readTokens(name); err != nil || first != a {
		t.Errorf("the first is another one: %v", err)
	}
	write(a.Reveal(), "bgt_nonsense")
	if _, err := tokens.reload(); err == nil || !strings.Contains(err.Error(), "tokens:2") || strings.Contains(err.Error(), "nonsense") {
		t.Errorf("a wrong line: %v", err)
	}
	write("# nobody")
	if _, err := tokens.reload(); err == nil || len(tokens.list()) != 2 {
		t.Errorf("an empty file: %v, %d tokens", err, len(tokens.list()))
	}
	write(string(half))
	if gone, err := tokens.reload(); err != nil || len(gone) != 1 || gone[0] != a.Public().ID() {
		t.Errorf("one is gone: %v %v", gone, err)
	}
	if _, first, err := readTokens(name); err != nil || !first.IsZero() {
		t.Errorf("a public half is a token: %v", err)
	}
	if err := addToken(name, a.Public(), "somebody"); err != nil || tokens.changed() {
		t.Errorf("a file that is not ours is looked at: %v", err)
	}
	tokens.own = true
	if gone, err := tokens.reload(); err != nil || len(gone) != 0 || len(tokens.list()) != 2 || tokens.changed() {
		t.Errorf("one was added: %v %v", tokens.list(), err)
	}
}

// The token of BARGEE_RELAY is not shown to a relay that a code names.
func TestRelayAt(t *testing.T) {
	token := transport.NewToken()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token.Reveal()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"BARGEE_HOME": t.TempDir(), "BARGEE_RELAY": "ours.example", "BARGEE_RELAY_TOKEN_FILE": file}
	a := &app{stderr: new(bytes.Buffer), getenv: func(name string) string { return env[name] }}
	ours := transport.RelayRemote{Address: "ours.example:6768", Secret: transport.SecretOf(token)}
	for addr, want := range map[string]transport.RelayRemote{
		"": ours, "ours.example:6768": ours, "other.example:7000": {Address: "other.example:7000"},
	} {
		if got, ok, err := a.relayAt(addr); err != nil || !ok || got != want {
			t.Errorf("at %q: %+v, %v, %v, want %+v", addr, got, ok, err, want)
		}
	}
}
