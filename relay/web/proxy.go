package web

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientOf is the address that a request comes from. What a header says of it is
// believed only from proxies: from the right, each of whom told about the one
// before it, up to the first that is none.
func clientOf(r *http.Request, proxies []netip.Prefix) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{} // a link
	}
	client := at.Addr().Unmap().WithZone("")
	trusted := func(a netip.Addr) bool {
		return slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	told := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(told) - 1; i >= 0 && trusted(client); i-- {
		word := strings.TrimSpace(told[i])
		a, err := netip.ParseAddr(word)
		if err != nil {
			if ap, err2 := netip.ParseAddrPort(word); err2 == nil {
				a, err = ap.Addr(), nil
			}
		}
		if err != nil {
			return client // the proxy that said so is all that is known
		}
		client = a.Unmap().WithZone("")
	}
	return client
}

// cors answers browsers that ask for a page of another origin, where that is
// configured. It tells whether the request was only that question.
func (h *Handler) cors(w http.ResponseWriter, r *http.Request) (done bool) {
	origin := r.Header.Get("Origin")
	if len(h.cfg.Origins) == 0 {
		return false
	}
	out := w.Header()
	out.Add("Vary", "Origin")
	any := slices.Contains(h.cfg.Origins, "*")
	if origin == "" || !any && !slices.Contains(h.cfg.Origins, origin) {
		return false
	}
	if any {
		out.Set("Access-Control-Allow-Origin", "*")
	} else {
		out.Set("Access-Control-Allow-Origin", origin)
	}
	out.Set("Access-Control-Expose-Headers", "Etag, Content-Range, Accept-Ranges, Content-Disposition, Location, Retry-After, Bargee-Tags, Bargee-Received")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	out.Set("Access-Control-Allow-Methods", "GET, HEAD, PUT, POST, PATCH, DELETE")
	out.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Content-Range, Range, If-Match, If-None-Match, If-Range, Last-Event-Id, Bargee-Owner, Bargee-Claim, Bargee-Name, Bargee-Tags, Bargee-Ttl")
	out.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}
