package drop

import (
	"fmt"
	"net/url"
	"strings"
)

// Link returns the address of a drop for a browser: the relay's HTTP origin and,
// behind #, which browsers keep to themselves, the key.
func Link(origin string, k Key) string { return strings.TrimSuffix(origin, "/") + "/#" + k.Reveal() }

// ParseLink reads an address that Link made, or one with a path before the #.
func ParseLink(s string) (origin string, k Key, err error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return "", k, fmt.Errorf("the address of a drop is https://host/#key: %w", ErrInvalid)
	}
	if k, err = ParseKey(u.Fragment); err != nil {
		return "", k, err
	}
	return u.Scheme + "://" + u.Host, k, nil
}

// ParseOrigin returns what a relay says of where browsers find it, or "" where that is
// no address of a host.
func ParseOrigin(s string) string {
	u, err := url.Parse(s)
	if err != nil || len(s) > maxOrigin || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Scheme+"://"+u.Host != s ||
		strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	return s
}

// maxOrigin is how long an origin is at most: a name of a host has 253 bytes.
const maxOrigin = 270

// IsLink says whether s looks like one.
func IsLink(s string) bool {
	return (strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")) && strings.Contains(s, "#")
}
