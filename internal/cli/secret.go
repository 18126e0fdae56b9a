package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/term"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// maxSecret bounds what is read of a file that holds a secret.
const maxSecret = 4 << 10

// secretSources are where a secret may come from, in their order. A prompt
// comes after all of them.
type secretSources struct {
	flag    string   // the value of --token-file
	fileEnv []string // variables with the name of a file
}

// clientSecrets are the sources of a command that goes to a peer.
func clientSecrets(flag string) secretSources {
	return secretSources{flag, []string{"BARGEE_TOKEN_FILE"}}
}

// secret returns the secret that the user gave, the zero one where there is none.
func (a *app) secret(from secretSources) (string, error) {
	if from.flag != "" {
		return a.secretFile(from.flag)
	}
	for _, name := range from.fileEnv {
		if file := a.getenv(name); file != "" {
			return a.secretFile(file)
		}
	}
	if s := a.getenv("BARGEE_TOKEN"); s != "" {
		return checkSecret(s, "BARGEE_TOKEN")
	}
	return "", nil
}

// secretFile reads the first line of a file, or of standard input for "-", and
// finds what is wrong with it as a secret.
func (a *app) secretFile(name string) (string, error) {
	line, err := a.secretLine(name)
	if err != nil {
		return "", err
	}
	if name == "-" {
		return checkSecret(line, "standard input")
	}
	return checkSecret(line, session.Display(name))
}

// secretLine reads the first line of a file that only we can read, or of standard
// input for "-".
func (a *app) secretLine(name string) (string, error) {
	if strings.HasPrefix(name, "bgt_") {
		return "", errTokenArgument
	}
	if name == "-" {
		line, err := firstLine(a.stdin)
		if err != nil {
			return "", &problem{what: "read the token from", where: "standard input", err: err}
		}
		return line, nil
	}
	f, err := openSecret(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	line, err := firstLine(f)
	if err != nil {
		return "", &problem{what: "read the token in", where: session.Display(name), err: err}
	}
	return line, nil
}

// openSecret opens a file with a secret, unless others can read it.
func openSecret(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO nobody writes to must not hang us
	if err != nil {
		return nil, &problem{what: "read the token in", where: session.Display(name), err: err}
	}
	if err := checkPrivate(f, name); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// checkPrivate refuses a file that others can read. Pipes, as shells make them
// for <(command), belong to us alone.
func checkPrivate(f *os.File, name string) error {
	info, err := f.Stat()
	if err != nil {
		return &problem{what: "read the token in", where: session.Display(name), err: err}
	}
	if mode := info.Mode(); mode.IsRegular() && mode.Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return &problem{
			what: "read the token in", where: session.Display(name),
			err:  &session.Error{Kind: session.Permission, Err: fmt.Errorf("others can read it too (mode %04o)", mode.Perm())},
			hint: "type: chmod 600 " + shellWord(name),
		}
	}
	return nil
}

// shellWord quotes name where a shell would not take it as one word.
func shellWord(name string) string {
	safe := !strings.ContainsFunc(name, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+:@%,", r)
	})
	if safe && name != "" {
		return name
	}
	return "'" + strings.ReplaceAll(session.Display(name), "'", `'\''`) + "'"
}

func firstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, maxSecret)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimSpace(line), nil
}

// checkSecret finds what is wrong with a secret before anything is dialled.
func checkSecret(s, where string) (string, error) {
	if _, err := transport.ParseSecret(s); err != nil {
		return "", &problem{
			what: "the secret in", where: where,
			err:  &session.Error{Kind: session.Auth, Err: err},
			hint: "bargee token new makes a good one",
		}
	}
	return s, nil
}

// prompt asks the person at the terminal for the secret of a peer.
func (a *app) prompt(ctx context.Context, whose string) (string, error) {
	word, err := a.promptFor(ctx, "token or phrase of "+whose)
	if err != nil {
		return "", err
	}
	return checkSecret(word, "the terminal")
}

// promptFor asks for a secret, without showing what is typed.
func (a *app) promptFor(ctx context.Context, what string) (string, error) {
	tty, ok := a.stdin.(*os.File)
	if !ok {
		return "", errors.New("standard input is no terminal")
	}
	fd := int(tty.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(a.console, "%s ", what)
	defer fmt.Fprintln(a.console)
	type answer struct {
		line []byte
		err  error
	}
	read := make(chan answer, 1)
	go func() {
		line, err := term.ReadPassword(fd)
		read <- answer{line, err}
	}()
	select {
	case <-ctx.Done():
		term.Restore(fd, before) // the reader is left behind: the program ends
		return "", context.Cause(ctx)
	case got := <-read:
		if got.err != nil {
			return "", &problem{what: "read the token from", where: "the terminal", err: got.err}
		}
		return strings.TrimSpace(string(got.line)), nil
	}
}
