package web

import (
	"crypto/tls"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
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

// Limit returns a listener that has at most n connections open; further ones wait to be
// accepted. Its connections are those of the system, so that files go out without being
// copied to us, but for what a server says to what is no request: that is JSON, too.
func Limit(l net.Listener, n int) net.Listener {
	return &limited{Listener: l, places: make(chan struct{}, n), closed: make(chan struct{})}
}

type limited struct {
	net.Listener
	places chan struct{}
	closed chan struct{}
	once   sync.Once
}

func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	leave := sync.OnceFunc(func() { <-l.places })
	if err != nil {
		leave()
		return nil, err
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		return &limitedConn{tcp, leave}, nil
	}
	return &limitedOther{c, leave}, nil
}

func (l *limited) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// limitedConn gives its place back when it is closed.
type limitedConn struct {
	*net.TCPConn
	leave func()
}

func (c *limitedConn) Close() error {
	defer c.leave()
	return c.TCPConn.Close()
}

// Write makes JSON of what the server says by itself.
func (c *limitedConn) Write(p []byte) (int, error) {
	if answer := asJSON(p); answer != nil {
		if _, err := c.TCPConn.Write(answer); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	return c.TCPConn.Write(p)
}

type limitedOther struct {
	net.Conn
	leave func()
}

func (c *limitedOther) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// lines tells of what a log has, a line at a time.
type lines func(string)

func (l lines) Write(p []byte) (int, error) {
	if l != nil {
		l(strings.TrimSpace(string(p)))
	}
	return len(p), nil
}
