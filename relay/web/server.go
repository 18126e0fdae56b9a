package web

import (
	"crypto/tls"
	"log"
	"net/http"
	"strings"
	"time"
)

// How much of a stranger's connection is borne before anything is known of him.
const (
	headWait = 5 * time.Second
	idleWait = time.Minute
	maxHead  = 12 << 10 // bytes; net/http bears 4 KiB more
)

// NewServer returns a server for a handler, over TLS if a certificate is given. The
// handler has its own patience with bodies and answers (Handler), so the server has
// none. say hears of connections that failed; it may be nil.
func NewServer(h http.Handler, certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error), say func(string)) *http.Server {
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: headWait, IdleTimeout: idleWait, MaxHeaderBytes: maxHead,
		ErrorLog: log.New(lines(say), "", 0),
		HTTP2:    &http.HTTP2Config{MaxConcurrentStreams: 100, MaxReceiveBufferPerConnection: 4 << 20, MaxReceiveBufferPerStream: 1 << 20},
	}
	if certificate != nil {
		s.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certificate}
	}
	return s
}

// lines tells of what a log has, a line at a time.
type lines func(string)

func (l lines) Write(p []byte) (int, error) {
	if l != nil {
		l(strings.TrimSpace(string(p)))
	}
	return len(p), nil
}
