package cli

import (
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/bargee/bargee/internal/drop"
	"github.com/bargee/bargee/relay/blobs"
	"github.com/bargee/bargee/relay/drops"
	"github.com/bargee/bargee/session"
)

// storeFlags say what a relay keeps for others, and how it speaks HTTP.
type storeFlags struct {
	none                    bool
	total, account, largest byteCount
	minFree                 byteCount
	maxTTL                  string

	cert, key string
	public    string // the origin that others know
	hash      string
	shutdown  bool
	needKey   bool
	origins   []string
	proxies   []string

	ttl     time.Duration  // of maxTTL
	trusted []netip.Prefix // of proxies
}

func (s *storeFlags) add(f *pflag.FlagSet) {
	s.account.n, s.minFree.n = 10<<30, 1<<30
	f.BoolVar(&s.none, "no-store", false, "keep no drops, and nothing that comes over HTTP")
	f.Var(&s.total, "store-quota", "keep so much for all together (default any)")
	f.Var(&s.account, "store-token-quota", "the same for each token, holder of a pass and key")
	f.Var(&s.largest, "store-max-size", "largest drop or file that is kept (default any)")
	f.Var(&s.minFree, "store-min-free", "leave so much of the disk free")
	f.StringVar(&s.maxTTL, "store-ttl", "90d", "keep a drop for so long at most, for example 30d or 12h")
	f.StringVar(&s.cert, "tls-cert", "", "with --http, speak HTTPS: the certificate and those above it are in `FILE` (PEM)")
	f.StringVar(&s.key, "tls-key", "", "its private key is in `FILE` (PEM)")
	f.StringVar(&s.public, "http-origin", "", "what browsers reach --http by, for links: `https://HOST[:PORT]` (default from --http and --address)")
	f.StringVar(&s.hash, "hash", "sha256", "what files over HTTP are addressed by: `sha256|blake3`")
	f.BoolVar(&s.shutdown, "allow-shutdown", false, "end when somebody who may sends DELETE over HTTP")
	f.BoolVar(&s.needKey, "need-key", false, "over HTTP the server id alone allows nothing: bargee relay key new makes keys")
	f.StringSliceVar(&s.origins, "cors", nil, "let pages of this `ORIGIN` ask (https://example.org), or * for all. May be given again")
	f.StringSliceVar(&s.proxies, "trusted-proxy", nil, "believe X-Forwarded-For of this `NETWORK` (10.0.0.0/8). May be given again")
}

// check finds values that make no sense, and reads the others; http is whether there is
// any.
func (s *storeFlags) check(http bool) (err error) {
	if _, ok := blobs.Algorithms[s.hash]; !ok {
		return usage("is none of sha256, blake3", "").about("--hash", session.Display(s.hash))
	}
	if s.ttl, err = parseAgo(s.maxTTL); err != nil || s.ttl <= 0 {
		return usage("is no span of time", "for example: --store-ttl 30d").about("--store-ttl", session.Display(s.maxTTL))
	}
	if (s.cert == "") != (s.key == "") {
		return usage("belong together", "").about("", "--tls-cert and --tls-key")
	}
	for _, x := range []struct {
		flag string
		set  bool
	}{{"--tls-cert", s.cert != ""}, {"--http-origin", s.public != ""}, {"--allow-shutdown", s.shutdown}, {"--need-key", s.needKey}, {"--cors", len(s.origins) > 0}, {"--trusted-proxy", len(s.proxies) > 0}} {
		if x.set && !http {
			return usage("belongs to --http", "").about("", x.flag)
		}
	}
	if s.public != "" && drop.ParseOrigin(s.public) == "" {
		return usage("is no origin", "for example: --http-origin https://drops.example").about("--http-origin", session.Display(s.public))
	}
	for _, origin := range s.origins {
		if u, err := url.Parse(origin); origin != "*" && (err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin) {
			return usage("is no origin", "for example: --cors https://example.org").about("--cors", session.Display(origin))
		}
	}
	for _, word := range s.proxies {
		p, err := netip.ParsePrefix(word)
		if a, one := netip.ParseAddr(word); one == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			return usage("is no network", "for example: --trusted-proxy 10.0.0.0/8").about("--trusted-proxy", session.Display(word))
		}
		s.trusted = append(s.trusted, p.Masked())
	}
	s.trusted = slices.Compact(s.trusted)
	return nil
}

func (s *storeFlags) limits() drops.Limits {
	return drops.Limits{Total: s.total.n, PerAccount: s.account.n, MinFree: s.minFree.n, Object: s.largest.n, MaxTTL: s.ttl}
}
