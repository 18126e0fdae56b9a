package depot

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/bargee/bargee/internal/drop"
	"github.com/bargee/bargee/session"
)

// state is a DropState as the relay writes it.
type state struct {
	ID        string    `json:"id"`
	Bytes     int64     `json:"bytes"`
	Chunks    int       `json:"chunks"`
	Manifest  int       `json:"manifest"`
	Created   time.Time `json:"created"`
	Expires   time.Time `json:"expires"`
	Downloads *int      `json:"downloads_left"`
	Envelope  []byte    `json:"envelope"`
	Origin    string    `json:"origin"`
}

// of gives it its type, and its limits.
func (s state) of(id session.DropID) (session.DropState, error) {
	out := session.DropState{ID: id, Bytes: s.Bytes, Chunks: s.Chunks, Manifest: s.Manifest,
		Created: s.Created, Expires: s.Expires, Downloads: -1, Envelope: s.Envelope, Origin: drop.ParseOrigin(s.Origin)}
	if s.Downloads != nil {
		out.Downloads = max(*s.Downloads, 0)
	}
	if s.ID != "" {
		given, err := drop.ParseID(s.ID)
		if err != nil || id != (session.DropID{}) && given != id {
			return out, &session.Error{Kind: session.Protocol, Side: session.Relay, Err: fmt.Errorf("an answer about another drop")}
		}
		out.ID = given
	}
	if s.Bytes < 0 || s.Chunks < 0 || s.Manifest < 0 || s.Manifest > drop.MaxManifest || len(s.Envelope) > drop.MaxEnvelope {
		return out, &session.Error{Kind: session.Protocol, Side: session.Relay, Err: fmt.Errorf("an answer beyond the limits of a drop")}
	}
	return out, nil
}

func path(id session.DropID, rest string) string { return "/d/" + id.String() + rest }

// Begin makes room for a drop.
func (c *Client) Begin(ctx context.Context, p session.DropPlan) (session.DropState, error) {
	m := map[string]any{"id": p.ID.String(), "bytes": p.Bytes, "chunks": p.Chunks, "owner": p.Owner.String(), "downloads": p.Downloads}
	if p.TTL > 0 {
		m["ttl_s"] = int64(p.TTL / time.Second)
	}
	if p.Mailbox != (session.DropMailbox{}) {
		m["mailbox"], m["envelope"] = p.Mailbox.String(), p.Envelope
	}
	b, err := json.Marshal(m)
	if err != nil {
		return session.DropState{}, &session.Error{Kind: session.Internal, Err: err}
	}
	var s state
	if err := c.decode(ctx, ask{method: http.MethodPost, path: "/d", body: b, json: true}, &s); err != nil {
		return session.DropState{}, err
	}
	return s.of(p.ID)
}

// missingAtOnce is how many digests the relay takes in one question.
const missingAtOnce = 65536

// Missing returns which of the chunks are not there.
func (c *Client) Missing(ctx context.Context, id session.DropID, owner session.DropOwner, chunks []session.DropDigest) (missing []session.DropDigest, err error) {
	for len(chunks) > 0 {
		n := min(len(chunks), missingAtOnce)
		body := make([]byte, 0, n*len(session.DropDigest{}))
		for _, d := range chunks[:n] {
			body = append(body, d[:]...)
		}
		chunks = chunks[n:]
		b, err := c.all(ctx, ask{method: http.MethodPost, path: path(id, "/missing"), owner: &owner, body: body}, int64(len(body)))
		if err != nil {
			return nil, err
		}
		if len(b)%len(session.DropDigest{}) != 0 {
			return nil, &session.Error{Kind: session.Protocol, Side: session.Relay, Err: fmt.Errorf("an answer of %d bytes in place of digests", len(b))}
		}
		for ; len(b) > 0; b = b[len(session.DropDigest{}):] {
			missing = append(missing, session.DropDigest(b))
		}
	}
	return missing, nil
}

// Commit makes the drop whole.
func (c *Client) Commit(ctx context.Context, id session.DropID, owner session.DropOwner, list session.DropList) (session.DropState, error) {
	var s state
	if err := c.decode(ctx, ask{method: http.MethodPost, path: path(id, "/commit"), owner: &owner, body: list.Encode()}, &s); err != nil {
		return session.DropState{}, err
	}
	return s.of(id)
}

// Info describes a drop.
func (c *Client) Info(ctx context.Context, id session.DropID) (session.DropState, error) {
	var s state
	if err := c.decode(ctx, ask{method: http.MethodGet, path: path(id, "")}, &s); err != nil {
		return session.DropState{}, err
	}
	return s.of(id)
}

// List returns the order of its chunks.
func (c *Client) List(ctx context.Context, id session.DropID) (session.DropList, error) {
	b, err := c.all(ctx, ask{method: http.MethodGet, path: path(id, "/list")}, int64(drop.MaxList))
	if err != nil {
		return session.DropList{}, err
	}
	l, err := drop.ParseList(b)
	if err != nil {
		return l, &session.Error{Kind: session.Protocol, Side: session.Relay, Err: err}
	}
	return l, nil
}

func claimBody(claim session.DropClaim) []byte { return []byte(`{"claim":"` + claim.String() + `"}`) }

// Take counts a download.
func (c *Client) Take(ctx context.Context, id session.DropID, claim session.DropClaim) (time.Time, error) {
	var m struct {
		Until time.Time `json:"until"`
	}
	err := c.decode(ctx, ask{method: http.MethodPost, path: path(id, "/take"), body: claimBody(claim), json: true}, &m)
	return m.Until, err
}

// Taken says that a download is over.
func (c *Client) Taken(ctx context.Context, id session.DropID, claim session.DropClaim) error {
	return c.decode(ctx, ask{method: http.MethodPost, path: path(id, "/taken"), body: claimBody(claim), json: true}, nil)
}

// Remove removes a drop.
func (c *Client) Remove(ctx context.Context, id session.DropID, owner session.DropOwner) error {
	return c.decode(ctx, ask{method: http.MethodDelete, path: path(id, ""), owner: &owner}, nil)
}

// Mailbox lists the drops in a mailbox.
func (c *Client) Mailbox(ctx context.Context, box session.DropMailbox) ([]session.DropState, error) {
	return c.drops(ctx, "/d?mailbox="+box.String())
}

// Mine lists the drops of the account that asks.
func (c *Client) Mine(ctx context.Context) ([]session.DropState, error) {
	return c.drops(ctx, "/d?mine")
}

func (c *Client) drops(ctx context.Context, path string) ([]session.DropState, error) {
	var m struct {
		Drops []state `json:"drops"`
	}
	if err := c.decode(ctx, ask{method: http.MethodGet, path: path}, &m); err != nil {
		return nil, err
	}
	out := make([]session.DropState, 0, len(m.Drops))
	for _, s := range m.Drops {
		d, err := s.of(session.DropID{})
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}
