package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// relayTokens are the tokens that open rooms at a relay: their public halves,
// which is all that it keeps of them.
type relayTokens struct {
	file  string          // where they are read from again; "": they stay as they are
	known transport.Token // the first one, if this run knows it
	made  bool            // by this run

	mu     sync.Mutex
	public []transport.TokenPublic
}

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
	t.public = public
	return gone, nil
}

// openTokens returns the tokens of --token-file, else the one that was made for
// the relay in dir; the first run makes it.
func (o *relayOptions) openTokens(dir string) (*relayTokens, error) {
	if o.tokenFile == "-" {
		return o.givenToken()
	}
	if o.tokenFile != "" {
		public, first, err := readTokens(o.tokenFile)
		return &relayTokens{file: o.tokenFile, known: first, public: public}, err
	}
	name := filepath.Join(dir, "token.json")
	kept, err := readRelayToken(name)
	switch {
	case err == nil && !o.newToken && o.ticket:
		return nil, usage("only the public half of this relay's token is kept", "--new-token makes and prints another one").about("", "--show-ticket")
	case err == nil && !o.newToken:
		return &relayTokens{public: []transport.TokenPublic{kept.Token}}, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist) && !o.newToken:
		return nil, &problem{what: "read", where: session.Display(name), err: err, hint: "--new-token makes another token"}
	}
	t := &relayTokens{known: transport.NewToken(), made: true}
	t.public = []transport.TokenPublic{t.known.Public()}
	b, err := json.Marshal(relayToken{t.public[0], time.Now().UTC().Truncate(time.Second)})
	if err == nil {
		err = replaceFile(name, append(b, '\n'))
	}
	if err != nil {
		return nil, &problem{what: "keep", where: "the relay's token", err: err}
	}
	return t, nil
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

// A relayToken is what is kept of the token that bargee made for a relay.
type relayToken struct {
	Token transport.TokenPublic `json:"token"`
	Made  time.Time             `json:"made"`
}

func readRelayToken(name string) (t relayToken, err error) {
	b, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(b, &t)
	}
	return t, err
}

// mostTokens bounds what is read of a file of tokens.
const mostTokens = 4096

// readTokens reads a file with a token (bgt_…) or a public half (bgtpub_…) on each
// line; empty lines and those that begin with # are for people. first is the first
// one, if it is a token.
func readTokens(name string) (public []transport.TokenPublic, first transport.Token, err error) {
	f, err := openSecret(name)
	if err != nil {
		return nil, first, err
	}
	defer f.Close()
	wrong := func(line int, err error) error {
		return &problem{what: "read the tokens in", where: fmt.Sprintf("%s:%d", session.Display(name), line), err: err,
			hint: "each line has a token, bgt_…, or the public half of one, bgtpub_…; bargee token new makes one"}
	}
	lines := bufio.NewScanner(io.LimitReader(f, 1<<20))
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
	if len(public) == 0 {
		return nil, first, &problem{what: "read the tokens in", where: session.Display(name), err: errors.New("there is none"),
			hint: "bargee token new makes one"}
	}
	return public, first, nil
}
