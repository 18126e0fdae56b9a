package depot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/drop"
	"github.com/bargee/bargee/session"
)

// Config says how a relay is asked.
type Config struct {
	// Transport brings requests to the relay. It is the caller's to close, when the
	// client is not used any more.
	Transport http.RoundTripper

	Origin  string        // "https://host:port", in front of all paths; "": "http://relay"
	APIKey  string        // for Authorization, where the link itself says not who we are
	Timeout time.Duration // longest wait for an answer, or for progress; 0: 30 s
}

// A Client is a session.Depot. Its methods may be called from several goroutines.
type Client struct {
	cfg     Config
	sending chan struct{} // of chunks that are on their way, by Put
}

// sendAtOnce is how many chunks are on their way at a time; any number may wait to be
// answered. A relay that gets many at once is woken for each for a packet or two.
const sendAtOnce = 2

var _ session.Depot = (*Client)(nil)

// New returns a client. It opens nothing.
func New(cfg Config) *Client {
	if cfg.Origin == "" {
		cfg.Origin = "http://relay"
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	return &Client{cfg, make(chan struct{}, sendAtOnce)}
}

// The most bytes of an answer that is JSON.
const maxAnswer = 16 << 20

// An ask is a request under construction.
type ask struct {
	method, path string
	owner        *session.DropOwner
	claim        *session.DropClaim
	body         []byte // nil: none
	json         bool   // what the body is
	sent         func() // called when all of the body was read, if not nil; perhaps again
}

// do asks, and returns the answer if it is a good one. The body has to be closed.
func (c *Client) do(ctx context.Context, a ask) (*http.Response, func(), error) {
	ctx, cancel := context.WithCancelCause(ctx)
	slow := time.AfterFunc(c.cfg.Timeout, func() { cancel(errSlow) })
	over := func() { slow.Stop(); cancel(nil) }
	var body io.Reader
	if a.body != nil {
		all := bytes.NewReader(a.body)
		body = &moving{r: all, moved: func() {
			slow.Reset(c.cfg.Timeout)
			if all.Len() == 0 && a.sent != nil {
				a.sent()
			}
		}}
	}
	req, err := http.NewRequestWithContext(ctx, a.method, c.cfg.Origin+a.path, body)
	if err != nil {
		over()
		return nil, nil, &session.Error{Kind: session.Invalid, Err: err}
	}
	if a.body != nil {
		req.ContentLength = int64(len(a.body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(a.body)), nil }
		req.Header.Set("Content-Type", map[bool]string{true: "application/json", false: "application/octet-stream"}[a.json])
	}
	if a.owner != nil {
		req.Header.Set("Bargee-Owner", a.owner.Reveal())
	}
	if a.claim != nil {
		req.Header.Set("Bargee-Claim", a.claim.String())
	}
	if c.cfg.APIKey != "" {
		req.Header.Set("Authorization", "Bearer "+c.cfg.APIKey)
	}
	resp, err := c.cfg.Transport.RoundTrip(req)
	if err != nil {
		defer over()
		return nil, nil, notReached(ctx, err)
	}
	resp.Body = &movingBody{resp.Body, moving{r: resp.Body, moved: func() { slow.Reset(c.cfg.Timeout) }}}
	if resp.StatusCode >= 300 {
		defer over()
		defer resp.Body.Close()
		return nil, nil, refusal(resp)
	}
	return resp, func() { resp.Body.Close(); over() }, nil
}

// moving tells of each piece that is read.
type moving struct {
	r     io.Reader
	moved func()
}

func (m *moving) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if n > 0 {
		m.moved()
	}
	return n, err
}

type movingBody struct {
	io.Closer
	moving
}

// all reads an answer that has at most most bytes.
func (c *Client) all(ctx context.Context, a ask, most int64) ([]byte, error) {
	resp, over, err := c.do(ctx, a)
	if err != nil {
		return nil, err
	}
	defer over()
	b, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	if err != nil {
		return nil, notReached(ctx, err)
	}
	if int64(len(b)) > most {
		return nil, &session.Error{Kind: session.Protocol, Side: session.Relay, Err: fmt.Errorf("an answer of more than %d bytes", most)}
	}
	return b, nil
}

func (c *Client) decode(ctx context.Context, a ask, into any) error {
	b, err := c.all(ctx, a, maxAnswer)
	if err != nil {
		return err
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(b, into); err != nil {
		return &session.Error{Kind: session.Protocol, Side: session.Relay, Err: errors.New("an answer that cannot be read")}
	}
	return nil
}

// Get returns a chunk.
func (c *Client) Get(ctx context.Context, id session.DropID, claim session.DropClaim, d session.DropDigest, buf []byte) ([]byte, error) {
	a := ask{method: http.MethodGet, path: "/d/" + id.String() + "/" + d.String()}
	if claim != (session.DropClaim{}) {
		a.claim = &claim
	}
	resp, over, err := c.do(ctx, a)
	if err != nil {
		return nil, err
	}
	defer over()
	n := resp.ContentLength
	if n < 0 || n > drop.MaxSealed {
		return nil, &session.Error{Kind: session.Protocol, Side: session.Relay, Err: fmt.Errorf("a chunk of %d bytes", n)}
	}
	if int64(cap(buf)) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if _, err := io.ReadFull(resp.Body, buf); err != nil {
		return nil, notReached(ctx, err)
	}
	return buf, nil
}

// Put stores a chunk.
func (c *Client) Put(ctx context.Context, id session.DropID, owner session.DropOwner, d session.DropDigest, sealed []byte) error {
	select {
	case c.sending <- struct{}{}:
	case <-ctx.Done():
		return notReached(ctx, ctx.Err())
	}
	sent := sync.OnceFunc(func() { <-c.sending })
	defer sent()
	return c.decode(ctx, ask{method: http.MethodPut, path: "/d/" + id.String() + "/" + d.String(), owner: &owner, body: sealed, sent: sent}, nil)
}
