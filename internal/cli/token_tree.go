package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// tokenEvent is a token that was made, or one of a list.
type tokenEvent struct {
	Event    string    `json:"event"`
	Token    string    `json:"token,omitempty"`
	ID       string    `json:"id"`
	Ticket   string    `json:"ticket,omitempty"`
	Name     string    `json:"name,omitempty"`
	Tree     string    `json:"tree,omitempty"`
	Rights   string    `json:"rights,omitempty"`
	Path     string    `json:"path,omitempty"`
	Made     time.Time `json:"made,omitzero"`
	Expires  time.Time `json:"expires,omitzero"`
	Expired  bool      `json:"expired,omitempty"`
	Quota    int64     `json:"quota,omitempty"`
	Used     int64     `json:"used,omitempty"`
	LastUsed time.Time `json:"last_used,omitzero"`
	LastFrom string    `json:"last_from,omitempty"`
}

func (t treeToken) event(tree string) tokenEvent {
	return tokenEvent{Event: "token", ID: t.Token.ID(), Name: t.Name, Tree: tree, Rights: rightsWord(t.Mode), Path: t.Path, Made: t.Made,
		Expires: t.Expires, Expired: !t.Expires.IsZero() && !time.Now().Before(t.Expires), Quota: t.Quota}
}

// rightsWord is a mode for people and programs.
func rightsWord(m transport.Mode) string {
	if m == transport.ReadWrite {
		return "all"
	}
	return string(m)
}

// addTreeToken makes a token for a directory, and prints it this once.
func (a *app) addTreeToken(dir string, p *passFlags, expires bool) error {
	h, err := a.home()
	if err != nil {
		return err
	}
	tree, err := servableTree(dir)
	if err != nil {
		return err
	}
	now := time.Now()
	token := transport.NewToken()
	t := treeToken{Token: token.Public(), Name: p.name, Mode: p.mode(), Quota: p.quota.n, Made: now.UTC().Truncate(time.Second)}
	if t.Path, err = p.pathBelow(); err != nil {
		return err
	}
	if err := checkTokenName(p.name); err != nil {
		return usage(err.Error(), "").about("--name", session.Display(p.name))
	}
	if expires {
		if t.Expires, err = parseExpiry(p.expires, now); err != nil {
			return usage(err.Error(), "for example: --expires 30d").about("--expires", session.Display(p.expires))
		}
		t.Expires = t.Expires.UTC().Truncate(time.Second)
	}
	err = h.changeServed(tree, false, func(s *servedTree) error {
		if len(s.Tokens) >= mostTreeTokens {
			return fmt.Errorf("there are %d already: revoke some", len(s.Tokens))
		}
		for _, other := range s.Tokens {
			if other.Name == t.Name && t.Name != "" {
				return &session.Error{Kind: session.Exists, Err: fmt.Errorf("the token %s is called %s", other.Token.ID(), t.Name)}
			}
		}
		s.Tokens = append(s.Tokens, t)
		return nil
	})
	if err != nil {
		return &problem{what: "make a token for", where: session.Display(dir), err: err}
	}
	ev := t.event(tree)
	ev.Token, ev.Ticket = token.Reveal(), h.ticketFor(tree, token)
	if a.json {
		a.event(ev)
		return nil
	}
	a.printf("token   %s\n", ev.Token)
	if ev.Ticket != "" {
		a.printf("ticket  %s\n", ev.Ticket)
	}
	a.say("It is not shown again. To take it back: bargee token revoke %s", ev.ID)
	return nil
}

// servableTree returns the one name of a directory, by which tokens are kept for it.
func servableTree(dir string) (string, error) {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = &session.Error{Kind: session.NotADirectory, Err: errors.New("is not a directory")}
	}
	if err != nil {
		return "", &problem{what: "make a token for", where: session.Display(dir), err: err}
	}
	return realPath(dir)
}

// pathBelow is --path in the form in which grants have it.
func (p *passFlags) pathBelow() (string, error) {
	if p.path == "" {
		return "", nil
	}
	at, err := session.ParsePath(strings.Trim(path.Clean("/"+p.path), "/"))
	switch {
	case err != nil:
		return "", usage(reason(err), "").about("--path", session.Display(p.path))
	case strings.Contains("/"+p.path+"/", "/../"):
		return "", usage("leads upwards", "").about("--path", session.Display(p.path))
	case at.IsRoot():
		return "", nil
	}
	return "/" + at.Raw(), nil
}

// checkTokenName takes names that are no IDs, and can be typed and shown.
func checkTokenName(name string) error {
	if name == "" {
		return nil
	}
	if err := transport.CheckPeerName(name); err != nil {
		return errors.New(strings.Replace(err.Error(), "the name of a peer", "the name of a token", 1))
	}
	return nil
}

// listTokens prints the tokens of a directory, or of all.
func (a *app) listTokens(args []string) error {
	h, err := a.home()
	if err != nil {
		return err
	}
	only := ""
	if len(args) > 0 {
		if only, err = realPath(args[0]); err != nil {
			return &problem{what: "list the tokens of", where: session.Display(args[0]), err: err}
		}
	}
	trees, err := h.allServed(func(name string, err error) { a.warn("read %s: %s", session.Display(name), reason(err)) })
	if err != nil {
		return filed(err)
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	n := 0
	for _, t := range trees {
		if only != "" && t.Tree != only {
			continue
		}
		uses, err := readUsage(h.usageFile(t.Tree))
		if err != nil {
			a.warn("read %s: %s", session.Display(h.usageFile(t.Tree)), reason(err))
		}
		for _, x := range t.all() {
			ev := x.event(t.Tree)
			if u := uses[ev.ID]; u != nil {
				ev.Used, ev.LastUsed, ev.LastFrom = u.Used, u.Last, u.From
			}
			if n++; a.json {
				a.event(ev)
				continue
			}
			fmt.Fprintln(table, ev.line())
		}
	}
	if n == 0 {
		a.say("no tokens; bargee serve DIR makes one, and bargee token new DIR")
	}
	return table.Flush()
}

// line is the token for people.
func (ev tokenEvent) line() string {
	where := session.Display(ev.Tree)
	if ev.Path != "" {
		where += " (" + session.Display(ev.Path) + ")"
	}
	until := "no end"
	switch {
	case ev.Expired:
		until = "expired " + ev.Expires.Local().Format(time.DateTime)
	case !ev.Expires.IsZero():
		until = "until " + ev.Expires.Local().Format(time.DateTime)
	}
	used := "no quota"
	if ev.Quota > 0 {
		used = size(ev.Used) + " of " + size(ev.Quota)
	}
	last := "never used"
	if !ev.LastUsed.IsZero() {
		last = "used " + humanize.Time(ev.LastUsed) + " from " + session.Display(ev.LastFrom)
	}
	name := session.Display(ev.Name)
	if name == "" {
		name = "-"
	}
	return strings.Join([]string{ev.ID, name, ev.Rights, where, until, used, last}, "\t")
}

// signJWT prints a JWT for servers that trust a key.
func (a *app) signJWT(p *passFlags) error {
	now := time.Now()
	until, err := parseExpiry(p.expires, now)
	if err != nil {
		return usage(err.Error(), "for example: --expires 30d").about("--expires", session.Display(p.expires))
	}
	if p.holder == "" {
		return usage("is missing", "type this on the machine that the JWT is for: bargee key show --jwt").about("", "--for")
	}
	j := serveJWT{ID: p.id, Subject: p.subject, Holder: p.holder, Expires: until, Terms: serveTerms{Mode: p.mode(), Quota: p.quota.n}}
	if j.Terms.Path, err = p.pathBelow(); err != nil {
		return err
	}
	if j.ID == "" {
		j.ID = strings.ToLower(rand.Text()[:12])
	}
	if err := j.check(); err != nil {
		return usage(err.Error(), "").about("", "the JWT")
	}
	signer, err := readPassSigner(p.jwtFile)
	if err != nil {
		return err
	}
	word, err := j.sign(signer, now)
	if err != nil {
		return &problem{what: "sign", where: "the JWT", err: err}
	}
	if a.json {
		a.event(newJWTEvent(j, word))
		return nil
	}
	a.printf("%s\n", word)
	return nil
}

type jwtEvent struct {
	Event   string    `json:"event"`
	JWT     string    `json:"jwt,omitempty"`
	ID      string    `json:"id"`
	Subject string    `json:"subject"`
	For     string    `json:"for"`
	Expires time.Time `json:"expires"`
	Rights  string    `json:"rights"`
	Path    string    `json:"path,omitempty"`
	Quota   int64     `json:"quota,omitempty"`
}

func newJWTEvent(j serveJWT, word string) jwtEvent {
	return jwtEvent{"jwt", word, j.ID, j.Subject, j.Holder, j.Expires.UTC().Truncate(time.Second), rightsWord(j.Terms.Mode), j.Terms.Path, j.Terms.Quota}
}
