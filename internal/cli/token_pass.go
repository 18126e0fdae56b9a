package cli

import (
	"crypto/rand"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/bargee/bargee/relay"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// passFlags say what is made in place of a token for nobody in particular.
type passFlags struct {
	keyFile  string
	jwtFile  string
	holder   string
	subject  string
	expires  string
	id       string
	sessions int64
	rate     byteRate
	bytes    byteCount
	relay    string

	name      string
	readOnly  bool
	writeOnly bool
	path      string
	quota     byteCount
}

func (p *passFlags) add(f *pflag.FlagSet) {
	f.StringVar(&p.name, "name", "", "with DIR: what the token is called, `NAME`")
	f.BoolVar(&p.readOnly, "read-only", false, "with DIR or --jwt-key: nothing is changed by it")
	f.BoolVar(&p.writeOnly, "write-only", false, "with DIR or --jwt-key: nothing is told by it, only sent")
	f.StringVar(&p.path, "path", "", "with DIR or --jwt-key: nothing but the directory `/PATH` below is seen by it")
	f.Var(&p.quota, "quota", "with DIR or --jwt-key: so many bytes of files come by it at most (default any)")
	f.StringVar(&p.keyFile, "relay-key", "", "sign a pass for relays that trust the key in `FILE` (bargee key new)")
	f.StringVar(&p.jwtFile, "jwt-key", "", "sign a JWT for servers that trust the key in `FILE` (bargee key new)")
	f.StringVar(&p.holder, "for", "", "who may use it: what bargee key show --relay HOST, or --jwt, prints there (`KEY`)")
	f.StringVar(&p.subject, "subject", "", "with --jwt-key: who it is about, `NAME`")
	f.StringVar(&p.expires, "expires", "30d", "`WHEN` it expires: 12h, 30d, or a date such as 2027-01-31 (a token of DIR: never)")
	f.StringVar(&p.id, "id", "", "a `NAME` for logs, and to revoke it (default a random one)")
	f.Var(&p.rate, "rate", "its holder goes no faster through a relay than that: "+rateWords)
	f.Int64Var(&p.sessions, "sessions", 0, "its holder has so many pairs at a time (default any number)")
	f.Var(&p.bytes, "bytes", "its holder moves so much through a relay in a calendar month (default any)")
	f.StringVar(&p.relay, "relay", "", "print a bgrelay_ word for the relay bargee://`FINGERPRINT@HOST[:PORT]`, with the pass in it")
}

// kind tells what is asked for: "pass", "jwt", "tree" or a token for nobody in
// particular (""), and refuses flags that mean nothing for it.
func (p *passFlags) kind(f *pflag.FlagSet, args []string) (kind string, err error) {
	var of []string
	switch {
	case p.keyFile != "":
		kind, of = "pass", []string{"for", "expires", "id", "rate", "sessions", "bytes", "relay", "relay-key"}
	case p.jwtFile != "":
		kind, of = "jwt", []string{"for", "subject", "expires", "id", "read-only", "write-only", "path", "quota", "jwt-key"}
	case len(args) > 0:
		kind, of = "tree", []string{"name", "read-only", "write-only", "path", "expires", "quota"}
	}
	if len(args) > 0 && kind != "tree" {
		return "", usage("stands for itself", "a pass or a JWT is for servers elsewhere, DIR is served here").about("", "DIR")
	}
	if p.readOnly && p.writeOnly {
		return "", usage("exclude each other", "").about("", "--read-only and --write-only")
	}
	if f.Changed("quota") && p.quota.n <= 0 {
		return "", usage("is at least one byte", "for example: --quota 100GB").about("", "--quota")
	}
	f.Visit(func(x *pflag.Flag) {
		own := f.Lookup(x.Name) == x && !slices.Contains(p.names(), x.Name) // those of all commands
		switch {
		case err != nil || own || slices.Contains(of, x.Name):
		case kind == "" && slices.Contains([]string{"name", "read-only", "write-only", "path", "quota"}, x.Name):
			err = usage("means nothing without DIR", "a token for no directory lets in where it is given to serve, with all rights").about("", "--"+x.Name)
		case kind == "":
			err = usage("means nothing without --relay-key", "a token is no pass: its limits are the relay's").about("", "--"+x.Name)
		default:
			err = usage("means nothing here", "see bargee token new --help").about("", "--"+x.Name)
		}
	})
	return kind, err
}

// names are all of these flags.
func (p *passFlags) names() (all []string) {
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(passFlags).add(f)
	f.VisitAll(func(x *pflag.Flag) { all = append(all, x.Name) })
	return all
}

func (p *passFlags) mode() transport.Mode {
	switch {
	case p.readOnly:
		return transport.ReadOnly
	case p.writeOnly:
		return transport.WriteOnly
	}
	return transport.ReadWrite
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
