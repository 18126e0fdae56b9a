package bucket

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7/pkg/signer"
)

const (
	s3Tries = 4                // of a request, in about two seconds
	s3Idle  = 20 * time.Second // without a byte, and a request has failed
	s3Dial  = 5 * time.Second
	s3Pause = 200 * time.Millisecond // after the first try; then twice as long
)

// An s3Client sends requests for what is in a bucket, signed (AWS signature version 4,
// by minio-go's signer), and again where that may help. Of minio-go's client itself the
// program would have 1.3 MB, for a dozen kinds of requests of which these are five.
type s3Client struct {
	http *http.Client
	S3Options
}

// An s3Request is for an object, or for the bucket where key is "".
type s3Request struct {
	method, key string
	query       url.Values
	header      http.Header
	body        []byte
}

// An s3Error is what a store said.
type s3Error struct {
	Status  int    `xml:"-"`
	Code    string `xml:"Code"`
	Message string `xml:"Message"`
}

func (e *s3Error) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("the store answers %d %s", e.Status, http.StatusText(e.Status))
	}
	return fmt.Sprintf("the store answers %d %s: %s", e.Status, e.Code, e.Message)
}

func newS3Client(o S3Options) *s3Client {
	return &s3Client{S3Options: o, http: &http.Client{
		Transport: newS3Transport(),
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // a signature is for one address
		},
	}}
}

// newS3Transport gives up on a connection that is silent, whatever is waited for.
func newS3Transport() *http.Transport {
	dialer := net.Dialer{Timeout: s3Dial}
	return &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &restless{Conn: c}, nil
		},
		Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: s3Dial, MaxIdleConnsPerHost: 64,
		IdleConnTimeout: s3Idle, DisableCompression: true,
	}
}

// A restless connection fails when nothing moves for s3Idle.
type restless struct{ net.Conn }

func (c *restless) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(s3Idle)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c *restless) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(s3Idle)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// do sends a request, a few times if need be, and returns an answer of 2xx, whose body
// the caller closes, or an *s3Error.
func (c *s3Client) do(ctx context.Context, r s3Request) (*http.Response, error) {
	for try, pause := 1, s3Pause; ; try, pause = try+1, 2*pause {
		answer, err := c.once(ctx, r)
		if err == nil || ctx.Err() != nil || try == s3Tries || !mayHelp(err) {
			return answer, err
		}
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// mayHelp tells whether it may help to ask once more.
func mayHelp(err error) bool {
	var said *s3Error
	if !errors.As(err, &said) {
		return true // nothing, as far as we know
	}
	switch said.Status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	case http.StatusConflict: // of two who put under a condition
		return true
	}
	return false
}

func (c *s3Client) once(ctx context.Context, r s3Request) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, c.urlOf(r), bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	sum := sha256.Sum256(r.body)
	req.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
	answer, err := c.http.Do(signer.SignV4(*req, c.keys.id, c.keys.secret, c.keys.session, c.Region))
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // without the whole address
		}
		return nil, err
	}
	if answer.StatusCode/100 == 2 {
		return answer, nil
	}
	defer answer.Body.Close()
	said := &s3Error{}
	_ = xml.NewDecoder(io.LimitReader(answer.Body, 64<<10)).Decode(said) // the status says enough
	said.Status = answer.StatusCode
	return nil, said
}

// urlOf is where a request goes. Keys have no letters that need escapes.
func (c *s3Client) urlOf(r s3Request) string {
	u := url.URL{Scheme: "http", Host: c.host, Path: "/" + r.key, RawQuery: r.query.Encode()}
	if c.secure {
		u.Scheme = "https"
	}
	if c.virtual {
		u.Host = c.Bucket + "." + c.host
	} else {
		u.Path = strings.TrimSuffix("/"+c.Bucket+u.Path, "/")
	}
	return u.String()
}

// ask sends a request and reads its answer, XML where v is not nil.
func (c *s3Client) ask(ctx context.Context, r s3Request, v any) (http.Header, error) {
	answer, err := c.do(ctx, r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 16<<20))
	if err != nil {
		return nil, err
	}
	if v != nil {
		// What is begun with 200 and goes wrong then says so in its body.
		said := &s3Error{Status: http.StatusInternalServerError}
		if bytes.Contains(body, []byte("<Error>")) && xml.Unmarshal(body, said) == nil {
			return nil, said
		}
		if err := xml.Unmarshal(body, v); err != nil {
			return nil, fmt.Errorf("an answer of the store's: %w", err)
		}
	}
	return answer.Header, nil
}
