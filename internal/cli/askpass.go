package cli

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// ssh asks a program where it may not ask on the terminal (SSH_ASKPASS): us. The
// answer comes through a socket that nobody else can open, so it is in no argument,
// environment or file.

// askpassSocket is the variable that makes this program answer ssh.
const askpassSocket = "BARGEE_ASKPASS_SOCKET"

const askpassWait = 10 * time.Second

// answerAskpass answers what ssh, with env, asks for at one of these hosts, or for a
// key, with secret until done.
func answerAskpass(secret string, hosts ...string) (env []string, done func(), err error) {
	program, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "bargee-ask-") // of mode 0700
	if err != nil {
		return nil, nil, err
	}
	socket := filepath.Join(dir, "socket")
	l, err := net.Listen("unix", socket)
	if err != nil {
		os.RemoveAll(dir)
		return nil, nil, err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.SetDeadline(time.Now().Add(askpassWait))
			prompt, _ := io.ReadAll(io.LimitReader(c, 4<<10)) // of a prompt that is cut enough is known
			if isForPassword(string(prompt), hosts) {
				_, _ = io.WriteString(c, secret+"\n")
			}
			c.Close()
		}
	}()
	env = []string{"SSH_ASKPASS=" + program, "SSH_ASKPASS_REQUIRE=force", "DISPLAY=:", askpassSocket + "=" + socket}
	return env, func() { l.Close(); os.RemoveAll(dir) }, nil
}

// isForPassword tells a question for a secret from one for a yes, as that whether a
// host is to be trusted: nobody is there to say it. Nor does a host on the way
// (ProxyJump) get to see what is for another: ssh says USER@HOST's password, or
// (USER@HOST) and what that host asks.
func isForPassword(prompt string, hosts []string) bool {
	if strings.Contains(prompt, "yes/no") || strings.Contains(prompt, "fingerprint") {
		return false
	}
	if !strings.Contains(prompt, "@") || strings.HasPrefix(prompt, "Enter passphrase for ") {
		return true
	}
	return slices.ContainsFunc(hosts, func(host string) bool {
		return strings.Contains(prompt, "@"+host+"'s password") || strings.HasPrefix(prompt, "(") && strings.Contains(prompt, "@"+host+") ")
	})
}

// askpass is what ssh runs: it prints the answer to prompt.
func askpass(socket, prompt string, out io.Writer) error {
	c, err := net.DialTimeout("unix", socket, askpassWait)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(askpassWait))
	if _, err := io.WriteString(c, prompt); err != nil {
		return err
	}
	if err := c.(*net.UnixConn).CloseWrite(); err != nil {
		return err
	}
	answer, err := io.ReadAll(io.LimitReader(c, maxSecret))
	if err != nil {
		return err
	}
	if len(answer) == 0 {
		return errors.New("nobody answers: " + oneLine(prompt))
	}
	_, err = fmt.Fprint(out, string(answer))
	return err
}
