package web

import (
	"crypto/subtle"
	"net/http"
	"strings"
	"time"
)

// A Caller is who asks. Over a link the relay knows it; over HTTP it is who has the
// key of the header Authorization, or the server id.
type Caller struct {
	Account string // what it uses is counted for; "": nobody's, who may only fetch what it can name
	Quota   int64  // bytes that it may have stored; 0: as the relay's limits are
	key     *Key   // nil: all rights
	refused error  // what it showed is not good
}

// ServerAccount is the account of who has the server id and no key.
const ServerAccount = "server"

// may tells whether a caller has a right.
func (c *Caller) may(r Right) error {
	switch {
	case c.refused != nil:
		return c.refused
	case c.Account == "":
		return errAuth
	case c.key != nil && !c.key.May(r):
		return refuse(http.StatusForbidden, kindPermission, "the key lacks the right "+string(r))
	}
	return nil
}

// callerOf is who asks over HTTP. Cookies and what stands in the query are nothing to
// it: they end up in logs and in other sites' hands.
func (h *Handler) callerOf(r *http.Request) Caller {
	words := r.Header.Values("Authorization")
	if len(words) == 0 {
		return Caller{}
	}
	scheme, secret, _ := strings.Cut(words[0], " ")
	secret = strings.TrimSpace(secret)
	if len(words) > 1 || !strings.EqualFold(scheme, "Bearer") {
		return Caller{refused: errBadKey}
	}
	if key, ok := h.cfg.Keys.find(secret, time.Now()); ok {
		return Caller{Account: key.Account(), Quota: key.Quota, key: &key}
	}
	if h.isServer(secret) && !h.cfg.NeedKey {
		return Caller{Account: ServerAccount}
	}
	return Caller{refused: errBadKey}
}

// isServer tells whether s is the server id, in a time that says nothing about it.
func (h *Handler) isServer(s string) bool {
	return h.cfg.ServerID != "" && subtle.ConstantTimeCompare([]byte(s), []byte(h.cfg.ServerID)) == 1
}

// blobCaller is who asks for something below the server id, which is shown already.
func (h *Handler) blobCaller(c Caller) Caller {
	if c.Account != "" || c.refused != nil {
		return c
	}
	if h.cfg.NeedKey {
		return c
	}
	return Caller{Account: ServerAccount}
}
