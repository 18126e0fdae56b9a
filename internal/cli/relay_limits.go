package cli

import (
	"github.com/spf13/pflag"

	"github.com/bargee/bargee/relay"
	"github.com/bargee/bargee/session"
)

// termsFlags are limits of a relay in one width.
type termsFlags struct {
	rate     byteRate
	sessions int64
	quota    byteCount
}

func (t *termsFlags) terms() relay.Terms {
	return relay.Terms{Rate: t.rate.n, Sessions: t.sessions, Bytes: t.quota.n}
}

// relayGuards are the flags of what a relay gives to whom, and of who else is let
// in; and of where it tells how it is.
type relayGuards struct {
	total, token, source termsFlags
	passKeys             []string
	pages                pageFlags
}

func (g *relayGuards) add(f *pflag.FlagSet) {
	d := relay.DefaultLimits
	g.total.sessions, g.token.sessions, g.source.sessions = d.Total.Sessions, d.PerToken.Sessions, d.PerSource.Sessions
	f.StringSliceVar(&g.passKeys, "pass-key", nil, "let in who has a pass signed with the key whose public half is in `FILE` (bargee key new)")
	f.Var(&g.total.rate, "rate", "forward no faster than that, all together: "+rateWords)
	f.Var(&g.token.rate, "token-rate", "the same for each token and each holder of a pass")
	f.Var(&g.source.rate, "source-rate", "the same for each network that peers come from (an IPv4 /24 or an IPv6 /64)")
	f.Int64Var(&g.total.sessions, "max-sessions", g.total.sessions, "pairs of peers at a time, all together; 0 is any number")
	f.Int64Var(&g.token.sessions, "token-sessions", g.token.sessions, "the same for each token and each holder of a pass")
	f.Int64Var(&g.source.sessions, "source-sessions", g.source.sessions, "the same for each network")
	f.Var(&g.total.quota, "quota", "forward so much in a calendar month (UTC) and no more, all together (default any)")
	f.Var(&g.token.quota, "token-quota", "the same for each token and each holder of a pass")
	f.Var(&g.source.quota, "source-quota", "the same for each network")
	g.pages.add(f)
}

func (g *relayGuards) limits() relay.Limits {
	return relay.Limits{Total: g.total.terms(), PerToken: g.token.terms(), PerSource: g.source.terms()}
}

// check finds values that make no sense.
func (g *relayGuards) check() error {
	for _, x := range []struct {
		flag  string
		terms relay.Terms
	}{
		{"--rate", relay.Terms{Rate: g.total.rate.n}}, {"--token-rate", relay.Terms{Rate: g.token.rate.n}}, {"--source-rate", relay.Terms{Rate: g.source.rate.n}},
		{"--max-sessions", relay.Terms{Sessions: g.total.sessions}}, {"--token-sessions", relay.Terms{Sessions: g.token.sessions}},
		{"--source-sessions", relay.Terms{Sessions: g.source.sessions}},
		{"--quota", relay.Terms{Bytes: g.total.quota.n}}, {"--token-quota", relay.Terms{Bytes: g.token.quota.n}}, {"--source-quota", relay.Terms{Bytes: g.source.quota.n}},
	} {
		if err := x.terms.Check(); err != nil {
			return usage(err.Error(), "").about("", x.flag)
		}
	}
	return g.pages.check()
}

func checkHTTP(flag, addr string) error {
	if addr == "" || isListenAddress(addr) {
		return nil
	}
	return usage("is no address to listen on", "for example: "+flag+" 127.0.0.1:9090").about(flag, session.Display(addr))
}
