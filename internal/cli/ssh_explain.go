package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// A missingError: bargee is not installed at the other machine.
type missingError struct {
	system, machine string // as uname says them; "" if nothing does
	*sshError
}

func (m *missingError) Unwrap() error { return m.sshError }

// explain says why bargee did not answer: by what ssh said, its exit code, and what
// came out of the pipe instead.
func (s *sshReach) explain(ctx context.Context, p *sshProcess, t target, o sshStart, err error) error {
	var noise *transport.NoiseError
	var refused *transport.RefusedError
	switch {
	case errors.As(err, &refused):
		return &session.Error{Kind: session.Kind(refused.Kind), Err: &sshError{oneLine(refused.Message), ""}}
	case ctx.Err() != nil:
		p.Close()
		return context.Cause(ctx)
	case !errors.As(err, &noise):
		p.Close()
		return err
	}
	code, said := p.ended(), p.said.String()
	if system, ok := missingAt(noise.Noise, said, code); ok {
		m := s.missing(t, system)
		return &session.Error{Kind: session.NotFound, Err: m}
	}
	switch {
	case code == 255 && isAny(said, "Permission denied", "Too many authentication failures", "Host key verification failed", "No more authentication methods"):
		hint := "ssh " + t.ssh.shell() + " has to work by itself, with a key or an agent"
		if !o.asks && o.secret == "" {
			hint = "nobody could be asked: " + hint
		}
		return sshFailed(session.Auth, hint, "%s", lastLine(said, "ssh was not let in"))
	case code == 255:
		return sshFailed(session.Unreachable, "does ssh "+t.ssh.shell()+" work?", "%s", lastLine(said, "ssh ended without a word"))
	case strings.Contains(said, "unknown flag: --stdio"):
		return sshFailed(session.Version, "update bargee there", "the bargee at the other side is too old to be started over ssh")
	}
	if code < 0 {
		return sshFailed(session.Unreachable, "", "bargee did not answer, and there was no end of: %s", quoteNoise(noise.Noise+"\n"+said))
	}
	return sshFailed(session.Unreachable, "ssh "+t.ssh.shell()+" true has to say nothing and end well",
		"bargee did not answer; ssh ended with %d after: %s", code, quoteNoise(noise.Noise+"\n"+said))
}

// missingAt tells whether bargee is missing, and on what kind of machine.
func missingAt(noise, said string, code int) (system string, missing bool) {
	for line := range strings.Lines(noise) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), bargeeMissing); ok {
			return strings.TrimSpace(rest), true
		}
	}
	return "", code == 127 || isAny(said, "is not recognized as", "not recognized as the name of")
}

// missing is the error of a machine without bargee, with the command that installs it.
func (s *sshReach) missing(t target, uname string) *missingError {
	system, machine, _ := strings.Cut(uname, " ")
	m := &missingError{system: system, machine: machine, sshError: &sshError{text: "bargee is not installed there"}}
	if uname != "" {
		m.text += " (" + oneLine(uname) + ")"
	}
	if m.fits() {
		m.hint = "install it: bargee ls " + t.ssh.String() + " --install copies this program to ~/.local/bin there"
		return m
	}
	m.hint = "install it there: go install github.com/bargee/bargee@latest"
	if goos, arch, ok := m.platform(); ok {
		m.hint += ", or build it here with GOOS=" + goos + " GOARCH=" + arch + " go build, and copy it to ~/.local/bin there"
	}
	return m
}

// platform is what Go calls the machine.
func (m *missingError) platform() (goos, arch string, ok bool) {
	goos = map[string]string{"Linux": "linux", "Darwin": "darwin", "FreeBSD": "freebsd"}[m.system]
	arch = map[string]string{"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}[m.machine]
	return goos, arch, goos != "" && arch != ""
}

// fits tells whether this program runs there.
func (m *missingError) fits() bool {
	goos, arch, ok := m.platform()
	return ok && goos == runtime.GOOS && arch == runtime.GOARCH
}

// installAt copies this program to the other machine.
func (s *sshReach) installAt(ctx context.Context, t target, o sshStart, m *missingError) error {
	if !m.fits() {
		return sshFailed(session.Refused, m.hint, "this program is for %s on %s, and there is %s on %s",
			runtime.GOOS, runtime.GOARCH, orUnknown(m.system), orUnknown(m.machine))
	}
	name, err := os.Executable()
	if err != nil {
		return &problem{what: "find", where: "this program", err: err}
	}
	program, err := os.Open(name)
	if err != nil {
		return &problem{what: "read", where: session.Display(name), err: err}
	}
	defer program.Close()
	p, cleanup, err := s.run(ctx, t, o, installScript)
	if err != nil {
		return err
	}
	defer cleanup()
	stop := context.AfterFunc(ctx, func() { p.Close() })
	_, err = io.Copy(p, program)
	stop()
	p.in.Close() // now the other side has all of it
	said, _ := io.ReadAll(io.LimitReader(p, lastWordsSize))
	if code := p.ended(); err != nil || code != 0 {
		return sshFailed(session.Refused, "", "it could not be installed there: %s", quoteNoise(string(said)+"\n"+p.said.String()))
	}
	s.show("bargee: installed at " + t.ssh.String() + " as ~/.local/bin/bargee")
	return nil
}

func orUnknown(s string) string {
	if s == "" {
		return "something unknown"
	}
	return oneLine(s)
}

func isAny(s string, parts ...string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}

// lastLine returns the last line of s that says something, or none.
func lastLine(s, none string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return oneLine(last)
	}
	return none
}

// quoteNoise returns the last lines of what somebody else said, fit to be shown.
func quoteNoise(s string) string {
	const most = 300
	lines := slices.DeleteFunc(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }),
		func(l string) bool { return strings.TrimSpace(l) == "" })
	s = strings.Join(lines, "; ")
	if s == "" {
		return "nothing"
	}
	if len(s) > most {
		s = "…" + strings.ToValidUTF8(s[len(s)-most:], "")
	}
	return `"` + oneLine(s) + `"`
}

// shell is the login as words of a shell.
func (l login) shell() string {
	var words []string
	if l.port != "" {
		words = append(words, "-p", l.port)
	}
	if l.user != "" {
		return strings.Join(append(words, l.user+"@"+l.host), " ")
	}
	return strings.Join(append(words, l.host), " ")
}
