package cli

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/boundjwt"
	"github.com/bargee/bargee/relay"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// A ServeJWT lets the holder of a key in to servers that trust who signed it:
//
//	aud     "bargee-serve", or holds it
//	sub     Subject: who it is about
//	jti     ID, by which it is revoked
//	cnf     {"jkt": Holder}, as bargee key show --jwt prints it on the holder's machine
//	exp     Expires; nbf is heeded
//	bargee  {"mode": "read" or "write", "path": "/a/b", "quota": bytes}: serveTerms;
//	        any other key is refused
type serveJWT struct {
	ID, Subject, Holder string
	Expires             time.Time
	Terms               serveTerms
}

// serveTerms are what such a JWT allows, beside what the server does.
type serveTerms struct {
	Mode  transport.Mode `json:"mode,omitempty"`
	Path  string         `json:"path,omitempty"`
	Quota int64          `json:"quota,omitempty"`
}

const (
	serveAudience = "bargee-serve"
	jwtOrigin     = "jwt-" // of grants; the ID follows
)

func isJWT(g transport.Grant) bool { return strings.HasPrefix(g.Origin, jwtOrigin) }

func (j serveJWT) sign(key ed25519.PrivateKey, now time.Time) (string, error) {
	word, err := boundjwt.Token{Audience: serveAudience, ID: j.ID, Subject: j.Subject, Holder: j.Holder, Expires: j.Expires, Own: &j.Terms}.Sign(key, now)
	if err == nil && len(word) > transport.MaxPass {
		err = fmt.Errorf("it has %d bytes, at most %d", len(word), transport.MaxPass)
	}
	return word, err
}

// readServeJWT reads one without a look at who signed it.
func readServeJWT(word string) (serveJWT, error) {
	var terms serveTerms
	t, err := boundjwt.Read(word, &terms)
	if err == nil && t.Audience != serveAudience {
		err = errors.New("it is meant for something else")
	}
	return serveJWT{t.ID, t.Subject, t.Holder, t.Expires, terms}, err
}

// check finds what no server would take.
func (j serveJWT) check() error {
	if err := (relay.Pass{ID: j.ID, Holder: j.Holder, Expires: j.Expires}).Check(); err != nil {
		return err
	}
	if err := checkSubject(j.Subject); err != nil {
		return err
	}
	return j.grant().Check()
}

// checkSubject takes subjects that are one name on all disks, whichever letters they
// take for the same: nobody must get at another's directory by how he is spelled.
func checkSubject(s string) error {
	good := len(s) > 0 && len(s) <= 64 && !strings.HasPrefix(s, ".") && !strings.HasPrefix(s, "-") && !strings.HasSuffix(s, ".")
	for _, c := range []byte(s) {
		good = good && ('a' <= c && c <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("-_.@+", c) >= 0)
	}
	if !good {
		return errors.New("a subject has 1 to 64 characters of a-z 0-9 - _ . @ + begins with neither - nor . and does not end with a dot")
	}
	return nil
}

// grant is what the JWT stands for, without whose it is.
func (j serveJWT) grant() transport.Grant {
	return transport.Grant{Key: transport.Fingerprint{1}, Tree: "/", Origin: jwtOrigin + j.ID, Name: j.Subject, Expires: j.Expires.UTC(),
		Mode: j.Terms.Mode, Path: j.Terms.Path, Quota: j.Terms.Quota}
}

// A jwtDoor lets in who has a JWT that somebody whom we trust signed.
type jwtDoor struct {
	files   []string     // with the keys of those who sign
	perUser *session.Dir // in which each subject has a directory; nil: they have not
	make    bool         // it, where it is not there

	mu      sync.Mutex
	keys    []ed25519.PublicKey
	stamp   string
	changed bool // since news told
	broken  bool
	shown   map[string]shownJWT // by ID, those that let somebody in
}

// A shownJWT is what is remembered of a JWT, for when its signer is not trusted any more.
type shownJWT struct {
	signer string
	until  time.Time
}

func openJWTDoor(files []string, perUser *session.Dir, mayMake bool) (*jwtDoor, error) {
	d := &jwtDoor{files: files, perUser: perUser, shown: map[string]shownJWT{}, make: mayMake}
	return d, d.read()
}

// read reads the keys again; d.mu is held, or nobody else knows d.
func (d *jwtDoor) read() error {
	stamp := d.stamps()
	var keys []ed25519.PublicKey
	for _, name := range d.files {
		key, err := readPassKey(name)
		if err != nil {
			return err
		}
		keys = append(keys, key)
	}
	d.keys, d.stamp, d.changed = keys, stamp, true
	return nil
}

func (d *jwtDoor) stamps() string {
	var b strings.Builder
	for _, name := range d.files {
		b.WriteString(stampOf(name) + " ")
	}
	return b.String()
}

// news looks whether the keys are others than at the last call, and tells whether they
// are.
func (d *jwtDoor) news(log *slog.Logger) bool {
	if d == nil {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refresh(log)
	was := d.changed
	d.changed = false
	return was
}

// refresh reads the keys again if they are others; d.mu is held.
func (d *jwtDoor) refresh(log *slog.Logger) {
	if d.stamps() == d.stamp {
		return
	}
	err := d.read()
	if err != nil && !d.broken {
		log.Error("the keys of who signs JWTs are not read again: those of before are trusted", "reason", reason(err))
	}
	d.broken = err != nil
}

// still tells whether a JWT that let somebody in is good.
func (d *jwtDoor) still(g transport.Grant, revoked map[string]bool) error {
	id := strings.TrimPrefix(g.Origin, jwtOrigin)
	if d == nil || revoked[id] {
		return errors.New("the JWT was revoked")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	by := d.shown[id].signer
	if !slices.ContainsFunc(d.keys, func(k ed25519.PublicKey) bool { return string(k) == by }) {
		return errors.New("who signed the JWT is not trusted any more")
	}
	return nil
}

// mostSigned bounds how many JWTs are remembered.
const mostSigned = 65536

// judge is transport.Admission.Pass; revoked are IDs.
func (d *jwtDoor) judge(word string, holder ed25519.PublicKey, revoked map[string]bool, log *slog.Logger) (transport.Grant, error) {
	var terms serveTerms
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refresh(log)
	t, signer, err := boundjwt.Verify(word, serveAudience, transport.Thumbprint(holder), d.keys, time.Now(), &terms)
	j := serveJWT{t.ID, t.Subject, t.Holder, t.Expires, terms}
	switch {
	case err == boundjwt.ErrExpired:
		return transport.Grant{}, fmt.Errorf("the JWT expired on %s", j.Expires.UTC().Format(time.RFC3339))
	case err == boundjwt.ErrEarly:
		return transport.Grant{}, errors.New("the JWT is not good yet: its time begins later, or a clock is wrong")
	case err != nil:
		return transport.Grant{}, forgedJWT{err}
	}
	if err := j.check(); err != nil {
		return transport.Grant{}, fmt.Errorf("the JWT is not good here: %w", err)
	}
	if revoked[j.ID] {
		return transport.Grant{}, errors.New("the JWT was revoked")
	}
	if !d.placeFor(j.ID, string(signer)) {
		return transport.Grant{}, errors.New("another JWT of the same ID is in use, or too many are")
	}
	g := j.grant()
	if g.Path, err = d.jail(j); err != nil {
		return transport.Grant{}, err
	}
	d.shown[j.ID] = shownJWT{string(signer), j.Expires}
	return g, nil
}

// A forgedJWT is one that was never good here, and charged as a wrong secret.
type forgedJWT struct{ why error }

func (e forgedJWT) Error() string { return "the JWT is not good here: " + e.why.Error() }
func (e forgedJWT) Unwrap() error { return transport.ErrForgedPass }

// placeFor tells whether a JWT of that ID can be remembered; d.mu is held.
func (d *jwtDoor) placeFor(id, signer string) bool {
	now := time.Now()
	if x, known := d.shown[id]; known && now.Before(x.until) {
		return x.signer == signer
	}
	if len(d.shown) >= mostSigned {
		maps.DeleteFunc(d.shown, func(_ string, x shownJWT) bool { return now.After(x.until) })
	}
	return len(d.shown) < mostSigned
}

// jail is the directory that a JWT is for. That of a subject is made when he comes for
// the first time; a link in its place leads nobody anywhere.
func (d *jwtDoor) jail(j serveJWT) (string, error) {
	if d.perUser == nil {
		return j.Terms.Path, nil
	}
	own, err := session.ParsePath(j.Subject)
	if err == nil && d.make {
		err = d.perUser.Mkdir(context.Background(), own, false)
	}
	if err != nil && session.KindOf(err) != session.Exists {
		return "", fmt.Errorf("there is no directory for you: %s", reason(err))
	}
	return path.Join("/", j.Subject, j.Terms.Path), nil
}
