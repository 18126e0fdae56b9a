package dav

import (
	"net/http"
	"testing"
)

func TestWhoMayAsk(t *testing.T) {
	for _, c := range []struct {
		password string
		headers  []string
		status   int
	}{
		{"", nil, 200},
		{"", []string{"Host: localhost:1"}, 200},
		{"", []string{"Host: [::1]:80"}, 200},
		{"", []string{"Host: rebound.example"}, 403},
		{"", []string{"Host: 192.0.2.1:80"}, 403},
		{"", []string{"Origin: https://site.example"}, 403},
		{"", []string{"Origin: null"}, 403},
		{"", []string{"Host: localhost:1", "Origin: http://localhost:1"}, 200},
		{"", []string{"Sec-Fetch-Site: cross-site"}, 403},
		{"", []string{"Sec-Fetch-Site: none"}, 200},
		{"secret", nil, 401},
		{"secret", []string{"Authorization: Basic YTp3cm9uZw=="}, 401},                      // a:wrong
		{"secret", []string{"Authorization: Basic YTpzZWNyZXQ="}, 200},                      // a:secret
		{"secret", []string{"Host: nas.example", "Authorization: Basic OnNlY3JldA=="}, 200}, // :secret
		{"secret", []string{"Origin: https://site.example", "Authorization: Basic OnNlY3JldA=="}, 403},
	} {
		b := newBed(t, func(cfg *Config) { cfg.Password = c.password })
		b.write("a", "x")
		if status, _ := b.do(http.MethodGet, "/a", "", c.headers...); status != c.status {
			t.Errorf("password %q, %v: %d, want %d", c.password, c.headers, status, c.status)
		}
	}
}
