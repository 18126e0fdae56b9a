package cli

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/bargee/bargee/relay"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// passFlags say what pass is signed, instead of a token that is made.
type passFlags struct {
	keyFile  string
	holder   string
	expires  string
	id       string
	sessions int64
	rate     byteRate
	bytes    byteCount
	relay    string
}

func (p *passFlags) add(f *pflag.FlagSet) {
	f.StringVar(&p.keyFile, "relay-key", "", "sign a pass for relays that trust the key in `FILE` (bargee key new)")
	f.StringVar(&p.holder, "for", "", "who may use it: what bargee key show --relay HOST prints there (`KEY`)")
	f.StringVar(&p.expires, "expires", "30d", "`WHEN` it expires: 12h, 30d, or a date such as 2027-01-31")
	f.StringVar(&p.id, "id", "", "a `NAME` for logs, and to revoke it (default a random one)")
	f.Var(&p.rate, "rate", "its holder goes no faster through a relay than that: "+rateWords)
	f.Int64Var(&p.sessions, "sessions", 0, "its holder has so many pairs at a time (default any number)")
	f.Var(&p.bytes, "bytes", "its holder moves so much through a relay in a calendar month (default any)")
	f.StringVar(&p.relay, "relay", "", "print a bgrelay_ word for the relay bargee://`FINGERPRINT@HOST[:PORT]`, with the pass in it")
}

// given tells whether a pass is asked for, or what has no use without one.
func (p *passFlags) given(f *pflag.FlagSet) (bool, error) {
	if p.keyFile != "" {
		return true, nil
	}
	var alone error
	for _, name := range []string{"for", "expires", "id", "rate", "sessions", "bytes", "relay"} {
		if f.Changed(name) {
			alone = usage("means nothing without --relay-key", "a token is no pass: its limits are the relay's").about("", "--"+name)
		}
	}
	return false, alone
}

// signPass prints a pass.
func (a *app) signPass(p *passFlags) error {
	now := time.Now()
	until, err := parseExpiry(p.expires, now)
	if err != nil {
		return usage(err.Error(), "for example: --expires 30d").about("--expires", session.Display(p.expires))
	}
	if p.holder == "" {
		return usage("is missing", "type this on the machine that the pass is for: bargee key show --relay HOST").about("", "--for")
	}
	pass := relay.Pass{ID: p.id, Holder: p.holder, Expires: until, Terms: relay.Terms{Rate: p.rate.n, Sessions: p.sessions, Bytes: p.bytes.n}}
	if pass.ID == "" {
		pass.ID = strings.ToLower(rand.Text()[:12])
	}
	if err := pass.Check(); err != nil {
		return usage(err.Error(), "").about("", "the pass")
	}
	var at transport.RelayTicket
	if p.relay != "" {
		addr, key, wrong := parseRelay(p.relay)
		if wrong == nil && key.IsZero() {
			wrong = usage("has no fingerprint in it, and a pass proves nothing of who answers", "bargee relay prints it: bargee://FINGERPRINT@HOST")
		}
		if wrong != nil {
			return wrong.about("--relay", session.Display(p.relay))
		}
		at = transport.RelayTicket{Addresses: []string{addr}, Key: key}
	}
	signer, err := readPassSigner(p.keyFile)
	if err != nil {
		return err
	}
	word, err := pass.Sign(signer, now)
	if err != nil {
		return &problem{what: "sign", where: "the pass", err: err}
	}
	if p.relay != "" {
		at.Pass = word
		word = at.Reveal()
	}
	if a.json {
		a.event(newPassEvent(pass, word))
		return nil
	}
	a.printf("%s\n", word)
	return nil
}

type passEvent struct {
	Event    string    `json:"event"`
	Pass     string    `json:"pass,omitempty"`
	ID       string    `json:"id"`
	For      string    `json:"for"`
	Expires  time.Time `json:"expires"`
	Rate     int64     `json:"rate,omitempty"`
	Sessions int64     `json:"sessions,omitempty"`
	Bytes    int64     `json:"bytes,omitempty"`
}

func newPassEvent(p relay.Pass, word string) passEvent {
	return passEvent{"pass", word, p.ID, p.Holder, p.Expires.UTC().Truncate(time.Second), p.Terms.Rate, p.Terms.Sessions, p.Terms.Bytes}
}

// parseExpiry reads 12h, 30d, a date or a time of RFC 3339, later than now.
func parseExpiry(s string, now time.Time) (time.Time, error) {
	var until time.Time
	days, isDays := strings.CutSuffix(s, "d")
	n, notDays := strconv.ParseUint(days, 10, 16)
	d, notSpan := time.ParseDuration(s)
	switch {
	case isDays && notDays == nil:
		until = now.AddDate(0, 0, int(n))
	case notSpan == nil:
		until = now.Add(d)
	default:
		var err error
		if until, err = time.Parse(time.RFC3339, s); err != nil {
			if until, err = time.ParseInLocation(time.DateOnly, s, time.Local); err != nil {
				return until, errors.New("is neither a span of time nor a date")
			}
		}
	}
	if !until.After(now) {
		return until, errors.New("is over already")
	}
	return until, nil
}

const (
	pemPrivate = "PRIVATE KEY" // PKCS #8, as openssl genpkey -algorithm ed25519 writes it
	pemPublic  = "PUBLIC KEY"  // as openssl pkey -pubout
)

// newPassKey makes a key that signs passes: FILE, and FILE.pub for relays.
func (a *app) newPassKey(file string) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	for _, half := range []struct {
		name, kind string
		mode       os.FileMode
		encode     func() ([]byte, error)
	}{
		{file, pemPrivate, 0o600, func() ([]byte, error) { return x509.MarshalPKCS8PrivateKey(private) }},
		{file + ".pub", pemPublic, 0o644, func() ([]byte, error) { return x509.MarshalPKIXPublicKey(public) }},
	} {
		der, err := half.encode()
		if err != nil {
			return err
		}
		f, err := os.OpenFile(half.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, half.mode)
		if err == nil {
			err = errors.Join(pem.Encode(f, &pem.Block{Type: half.kind, Bytes: der}), f.Close())
		}
		if err != nil {
			return &problem{what: "write", where: session.Display(half.name), err: err}
		}
	}
	if a.json {
		a.event(struct {
			Event  string `json:"event"`
			File   string `json:"file"`
			Public string `json:"public"`
		}{"key", file, file + ".pub"})
		return nil
	}
	a.say("%s signs passes: bargee token new --relay-key %s --for KEY\n%s.pub is for relays: bargee relay --pass-key %s.pub",
		session.Display(file), shellWord(file), session.Display(file), shellWord(file))
	return nil
}

// readPassSigner and readPassKey read the halves of such a key.
func readPassSigner(name string) (ed25519.PrivateKey, error) {
	f, err := openSecret(name)
	if err != nil {
		return nil, err
	}
	f.Close()
	key, err := readPEM(name, pemPrivate, x509.ParsePKCS8PrivateKey)
	if err != nil {
		return nil, err
	}
	if k, ok := key.(ed25519.PrivateKey); ok {
		return k, nil
	}
	return nil, notAKey(name, errors.New("it is no Ed25519 key"))
}

func readPassKey(name string) (ed25519.PublicKey, error) {
	key, err := readPEM(name, pemPublic, x509.ParsePKIXPublicKey)
	if err != nil {
		return nil, err
	}
	if k, ok := key.(ed25519.PublicKey); ok {
		return k, nil
	}
	return nil, notAKey(name, errors.New("it is no Ed25519 key"))
}

func readPEM(name, kind string, parse func([]byte) (any, error)) (any, error) {
	text, err := readAtMost(name, maxSecret)
	if err != nil {
		return nil, &problem{what: "read", where: session.Display(name), err: err}
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, notAKey(name, errors.New("it is not in PEM"))
	}
	if block.Type != kind {
		return nil, notAKey(name, fmt.Errorf("it holds a %s, not a %s", strings.ToLower(block.Type), strings.ToLower(kind)))
	}
	key, err := parse(block.Bytes)
	if err != nil {
		return nil, notAKey(name, err)
	}
	return key, nil
}

func notAKey(name string, err error) error {
	return &problem{what: "read the key in", where: session.Display(name), err: err,
		hint: "bargee key new FILE makes FILE, which signs, and FILE.pub, which a relay takes"}
}
