package dav

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

var errNotExist = fs.ErrNotExist

// guard says who may not ask. With a password, that decides. Without one it has to
// be the user that the mount belongs to, as far as this system tells, and no page of
// a browser: those can send requests to this machine, also under names of their own.
func (h *Handler) guard(q *http.Request) (status int, why string) {
	if site := q.Header.Get("Sec-Fetch-Site"); site != "" && site != "none" && site != "same-origin" {
		return http.StatusForbidden, "not for pages of other sites"
	}
	if origin := q.Header.Get("Origin"); origin != "" {
		if _, host, _ := strings.Cut(origin, "://"); host != q.Host {
			return http.StatusForbidden, "not for pages of other sites"
		}
	}
	if want := h.fs.cfg.Password; want != "" {
		_, got, _ := q.BasicAuth()
		a, b := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want))
		if subtle.ConstantTimeCompare(a[:], b[:]) != 1 {
			return http.StatusUnauthorized, "the password is missing, or another one"
		}
		return 0, ""
	}
	if q.Context().Value(strangerKey{}) != nil {
		return http.StatusForbidden, "it belongs to another user of this machine"
	}
	if !isLoopback(q.Host) {
		return http.StatusForbidden, "not by this name"
	}
	return 0, ""
}

// isLoopback tells whether a Host header means this machine.
func isLoopback(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.IsLoopback()
}

type strangerKey struct{}

// withOwner marks a connection that somebody else's program has made.
func withOwner(ctx context.Context, c net.Conn) context.Context {
	theirs, err1 := netip.ParseAddrPort(c.RemoteAddr().String())
	ours, err2 := netip.ParseAddrPort(c.LocalAddr().String())
	if err1 == nil && err2 == nil && !mayEnter(theirs, ours) {
		return context.WithValue(ctx, strangerKey{}, true)
	}
	return ctx
}
