//go:build unix

package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/session"
)

func TestSSHNames(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".ssh")
	for name, text := range map[string]string{
		"config": "# Host commented\nHost nas  web1 *.example !bad ?x\n  HostName 192.0.2.1\nhost=\"quoted\"\n" +
			"Include conf.d/*\nInclude ~/other\nMatch host x\nHost nas again # Host not\nHost -oProxyCommand=x\n",
		"conf.d/a":  "HOST from-a\nInclude conf.d/a\n", // itself
		"conf.d/b":  "\tHost\tfrom-b\r\n",
		"../other":  "Host from-home",
		"unrelated": "Host never",
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"nas", "web1", "quoted", "from-a", "from-b", "from-home", "again"}
	if got := sshNames(filepath.Join(dir, "config")); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := sshNames(filepath.Join(dir, "none")); len(got) != 0 {
		t.Errorf("of no file: %q", got)
	}
}

// TestAskpass: what ssh asks for is answered, and nothing is that wants a yes.
func TestAskpass(t *testing.T) {
	env, done, err := answerAskpass("open sesame", "nas")
	if err != nil {
		t.Fatal(err)
	}
	socket := ""
	for _, v := range env {
		if strings.Contains(v, "sesame") {
			t.Error("the password is in the environment")
		}
		if s, ok := strings.CutPrefix(v, askpassSocket+"="); ok {
			socket = s
		}
	}
	if fi, err := os.Stat(filepath.Dir(socket)); err != nil || fi.Mode().Perm() != 0o700 {
		t.Errorf("others can open the socket: %v, %v", fi, err)
	}
	for prompt, want := range map[string]string{
		"user@nas's password: ": "open sesame\n", "Enter passphrase for key '/k': ": "open sesame\n",
		"(user@nas) Password: ": "open sesame\n", "user@jump's password: ": "", "(user@jump) Password: ": "",
		"Are you sure you want to continue connecting (yes/no/[fingerprint])? ": "",
	} {
		var out bytes.Buffer
		if err := askpass(socket, prompt, &out); out.String() != want || (err != nil) != (want == "") {
			t.Errorf("%q is answered %q, %v", prompt, out.String(), err)
		}
	}
	done()
	if err := askpass(socket, "password: ", new(bytes.Buffer)); err == nil {
		t.Error("it is answered still")
	}
}

// TestPasswordForSSH: a secret that was given beforehand opens a key with a
// passphrase, and a wrong one does not.
func TestPasswordForSSH(t *testing.T) {
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip("there is no ssh on this machine")
	}
	key := filepath.Join(t.TempDir(), "key")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "open sesame", "-f", key).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for secret, opens := range map[string]bool{"open sesame": true, "open barley": false} {
		env, done, err := answerAskpass(secret)
		if err != nil {
			t.Fatal(err)
		}
		// As ssh does, ssh-keygen asks the program that the environment names.
		p, err := startSSH([]string{"ssh-keygen", "-y", "-f", key}, env, true, nil)
		if err != nil {
			t.Fatal(err)
		}
		out := new(bytes.Buffer)
		out.ReadFrom(p)
		code := p.ended()
		if (code == 0) != opens || opens && !strings.HasPrefix(out.String(), "ssh-ed25519 ") {
			t.Errorf("%q: exit code %d, %q, %s", secret, code, out, p.said)
		}
		done()
	}
}

func TestSSHArguments(t *testing.T) {
	l := login{user: "u", host: "nas", port: "22"}
	for _, c := range []struct {
		o    sshStart
		want string
	}{
		{sshStart{wait: 3 * time.Second}, "-T -x -o ConnectTimeout=3 -o BatchMode=yes -p 22 -l u -- nas sh -c 'id'"},
		{sshStart{wait: time.Millisecond, asks: true}, "-T -x -o ConnectTimeout=1 -p 22 -l u -- nas sh -c 'id'"},
		{sshStart{wait: time.Second, secret: "x"}, "-T -x -o ConnectTimeout=1 -o NumberOfPasswordPrompts=1 -p 22 -l u -- nas sh -c 'id'"},
	} {
		if got := strings.Join(sshArgs(l, c.o, "id"), " "); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
	if strings.Contains(farScript+installScript, "'") {
		t.Error("a script has a quote that ends it")
	}
}

func TestMissingAt(t *testing.T) {
	for _, c := range []struct {
		noise, said, system string
		code                int
		missing             bool
	}{
		{"Welcome\n" + bargeeMissing + " Linux aarch64\n", "", "Linux aarch64", 127, true},
		{"", "sh: bargee: command not found", "", 127, true},
		{"", "'sh' is not recognized as an internal or external command", "", 1, true},
		{"Welcome\n", "", "", 0, false},
	} {
		if system, missing := missingAt(c.noise, c.said, c.code); system != c.system || missing != c.missing {
			t.Errorf("%q, %q: %q, %t", c.noise, c.said, system, missing)
		}
	}
	s, at := &sshReach{}, target{kind: sshTarget, ssh: login{host: "nas"}}
	if m := s.missing(at, "Plan9 mips"); m.fits() || !strings.Contains(m.hint, "go install") {
		t.Errorf("for another machine: %+v", m)
	}
	if m := s.missing(at, "Darwin arm64"); !m.fits() && !strings.Contains(m.hint, "GOOS=darwin GOARCH=arm64") {
		t.Errorf("for a Mac: %+v", m)
	}
}

// TestStaying: a far end stays with its pipe, and after it with its links if it
// was told to linger.
func TestStaying(t *testing.T) {
	start := time.Unix(1000, 0)
	for name, c := range map[string]struct {
		linger    time.Duration
		unplugged bool
		links     int
		after     time.Duration
		over      bool
	}{
		"waiting for a login":   {0, false, 0, 30 * time.Second, false},
		"nobody comes":          {0, false, 0, time.Minute, true},
		"in use":                {0, false, 1, time.Hour, false},
		"the pipe ended":        {0, true, 1, 0, true},
		"lingers with a link":   {time.Minute, true, 1, time.Hour, false},
		"lingers for a link":    {10 * time.Minute, true, 0, 9 * time.Minute, false},
		"has lingered":          {10 * time.Minute, true, 0, 10 * time.Minute, true},
		"a pipe, and to linger": {10 * time.Minute, false, 0, 5 * time.Minute, false},
	} {
		s := staying{linger: c.linger, unplugged: c.unplugged, since: start}
		if got := s.over(start.Add(c.after), c.links); got != c.over {
			t.Errorf("%s: over %t", name, got)
		}
	}
}

func TestCameFromHere(t *testing.T) {
	for connection, want := range map[string]bool{
		"": true, "127.0.0.1 5 127.0.0.1 22": true, "192.0.2.1 5 192.0.2.1 22": true, "::1 5 192.0.2.1 22": true,
		"192.0.2.1 5 192.0.2.2 22": false,
	} {
		if got := cameFromHere(connection); got != want {
			t.Errorf("%q: %t", connection, got)
		}
	}
}

// What the other side wants lies in the jail of this side, or is refused.
func TestWithin(t *testing.T) {
	jail := t.TempDir()
	for _, err := range []error{
		os.MkdirAll(filepath.Join(jail, "docs", "new"), 0o755), os.WriteFile(filepath.Join(jail, "file"), nil, 0o600),
		os.Symlink("docs", filepath.Join(jail, "in")), os.Symlink("..", filepath.Join(jail, "out")), os.Symlink("/", filepath.Join(jail, "root")),
	} {
		if err != nil {
			t.Skip(err)
		}
	}
	for wanted, want := range map[string]string{
		"": ".", "~": ".", "docs": "docs", "/docs/new": "docs/new", "~/docs": "docs", "in/new": "docs/new", "../docs": "docs",
		"out": "", "root": "", "nothing": "", "file": "",
	} {
		dir, name, err := within(jail, wanted)
		if want == "" {
			if err == nil {
				t.Errorf("%q: is %s", wanted, name)
				dir.Close()
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", wanted, err)
			continue
		}
		dir.Close()
		if root, err := realPath(jail); err != nil || name != filepath.Join(root, want) {
			t.Errorf("%q: is %s, %v, want %s", wanted, name, err, want)
		}
	}
	if err := os.Rename(filepath.Join(jail, "docs"), filepath.Join(jail, "was")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/", filepath.Join(jail, "docs")); err != nil {
		t.Fatal(err)
	}
	if dir, err := session.OpenDirIn(jail, "docs"); err == nil { // as if it came after the look
		dir.Close()
		t.Error("a link leads out")
	}
}
