package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// relayTokens are the tokens that open rooms at a relay: their public halves,
// which is all that it keeps of them.
type relayTokens struct {
	file  string          // where they are read from again; "": they stay as they are
	own   bool            // we made the file, and look whether it changes
	known transport.Token // the first one, if this run knows it
	made  bool            // by this run
	anew  bool            // the file is to be made again

	mu     sync.Mutex
	public []transport.TokenPublic
	stamp  string // of the file that they were read from
}

// tokensFile is where a relay keeps the public halves of the tokens that were made
// for it, in its --data.
const tokensFile = "tokens"

// list is transport.Admission.Tokens.
func (t *relayTokens) list() []transport.TokenPublic {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.public
}

// reload reads the file again and returns the IDs of tokens that are gone. After
// an error everything is as it was.
func (t *relayTokens) reload() (gone []string, err error) {
	if t.file == "" {
		return nil, nil
	}
	stamp := stampOf(t.file)
	public, _, err := readTokens(t.file)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.public {
		if !slices.Contains(public, p) {
			gone = append(gone, p.ID())
		}
	}
	t.public, t.stamp = public, stamp
	return gone, nil
}

// changed tells whether the file is another one than the one that was read.
func (t *relayTokens) changed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.own && stampOf(t.file) != t.stamp
}

// openTokens returns the tokens of --token-file, else those that were made for the
// relay in dir; the first run makes one, unless what it prints is a log.
func (o *relayOptions) openTokens(dir string) (*relayTokens, error) {
	if o.tokenFile == "-" {
		return o.givenToken()
	}
	if o.tokenFile != "" {
		t := &relayTokens{file: o.tokenFile, stamp: stampOf(o.tokenFile)}
		var err error
		t.public, t.known, err = readTokens(o.tokenFile)
		return t, err
	}
	name := filepath.Join(dir, tokensFile)
	_, err := os.Stat(name)
	switch {
	case o.newToken:
	case err == nil && o.ticket:
		return nil, usage("only the public half of this relay's token is kept", "bargee relay ticket makes and prints another one").about("", "--show-ticket")
	case err == nil:
		t := &relayTokens{file: name, own: true, stamp: stampOf(name)}
		t.public, _, err = readTokens(name)
		return t, err
	case !errors.Is(err, fs.ErrNotExist):
		return nil, &problem{what: "read", where: session.Display(name), err: err}
	}
	t := &relayTokens{file: name, own: true, anew: o.newToken}
	if toJournal() {
		return t, nil
	}
	t.known, t.made = transport.NewToken(), true
	t.public = []transport.TokenPublic{t.known.Public()}
	return t, nil
}

// keep writes down the token that was made, once the relay runs: one that does not
// start has told it to nobody.
func (t *relayTokens) keep() error {
	if t.anew {
		if err := os.Remove(t.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return &problem{what: "replace", where: session.Display(t.file), err: err}
		}
	}
	if t.made {
		if err := addToken(t.file, t.known.Public(), ""); err != nil {
			return err
		}
	}
	if t.anew || t.made {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.stamp = stampOf(t.file)
	}
	return nil
}

// addToken appends the public half of a token, and what it is for, to a file.
func addToken(name string, p transport.TokenPublic, what string) error {
	wrong := func(err error) error { return &problem{what: "keep", where: "the relay's token", err: err} }
	half, err := p.MarshalText()
	if err != nil {
		return wrong(err)
	}
	err = locked(name, func() error { return appendToken(name, p, half, what) })
	if err != nil {
		return wrong(err)
	}
	return nil
}

// appendToken is addToken while nobody else changes the file.
func appendToken(name string, p transport.TokenPublic, half []byte, what string) error {
	kept, err := readAtMost(name, maxTokens)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(kept) > 0 && kept[len(kept)-1] != '\n' {
		kept = append(kept, '\n')
	}
	line := fmt.Sprintf("# %s, made %s", p.ID(), time.Now().UTC().Format(time.RFC3339))
	if what != "" {
		line += " for " + what
	}
	if err := replaceFile(name, fmt.Appendf(kept, "%s\n%s\n", line, half)); err != nil {
		return err
	}
	// Public halves are no secret, and the relay may be another user than who adds one.
	if bytes.Contains(kept, []byte("bgt_")) {
		return nil
	}
	return os.Chmod(name, 0o644)
}

// givenToken takes the token from standard input.
func (o *relayOptions) givenToken() (*relayTokens, error) {
	word, err := o.secretLine(o.tokenFile)
	if err != nil {
		return nil, err
	}
	token, err := transport.ParseToken(word)
	if err != nil {
		return nil, &problem{what: "the token in", where: "standard input", err: &session.Error{Kind: session.Auth, Err: err}, hint: "bargee token new makes one"}
	}
	return &relayTokens{known: token, public: []transport.TokenPublic{token.Public()}}, nil
}

// mostTokens and maxTokens bound what is read of a file of tokens.
const (
	mostTokens = 4096
	maxTokens  = 1 << 20
)

// readTokens reads a file with a token (bgt_…) or a public half (bgtpub_…) on each
// line; empty lines and those that begin with # are for people. first is the first
// one, if it is a token. A file with tokens is refused where others can read it.
func readTokens(name string) (public []transport.TokenPublic, first transport.Token, err error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO nobody writes to must not hang us
	if err != nil {
		return nil, first, &problem{what: "read the tokens in", where: session.Display(name), err: err}
	}
	defer f.Close()
	secret := false
	wrong := func(line int, err error) error {
		return &problem{what: "read the tokens in", where: fmt.Sprintf("%s:%d", session.Display(name), line), err: err,
			hint: "each line has a token, bgt_…, or the public half of one, bgtpub_…; bargee token new makes one"}
	}
	lines := bufio.NewScanner(io.LimitReader(f, maxTokens))
	for n := 1; lines.Scan(); n++ {
		word := strings.TrimSpace(lines.Text())
		var p transport.TokenPublic
		switch {
		case word == "" || strings.HasPrefix(word, "#"):
			continue
		case len(public) == mostTokens:
			return nil, first, wrong(n, fmt.Errorf("more than %d tokens", mostTokens))
		case strings.HasPrefix(word, "bgtpub_"):
			err = p.UnmarshalText([]byte(word))
		default:
			var token transport.Token
			token, err = transport.ParseToken(word)
			secret = true
			if p = token.Public(); len(public) == 0 {
				first = token
			}
		}
		if err != nil {
			return nil, first, wrong(n, &session.Error{Kind: session.Auth, Err: err})
		}
		public = append(public, p)
	}
	if err := lines.Err(); err != nil {
		return nil, first, &problem{what: "read the tokens in", where: session.Display(name), err: err}
	}
	if secret {
		if err := checkPrivate(f, name); err != nil {
			return nil, first, err
		}
	}
	if len(public) == 0 {
		return nil, first, &problem{what: "read the tokens in", where: session.Display(name), err: errors.New("there is none"),
			hint: "bargee token new makes one"}
	}
	return public, first, nil
}

// stampOf changes when a file does.
func stampOf(name string) string {
	info, err := os.Stat(name)
	if err != nil {
		return ""
	}
	return fmt.Sprint(info.ModTime().UnixNano(), info.Size())
}
