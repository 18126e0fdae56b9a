package web

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/bargee/bargee/relay/drops"
)

// What requests for drops bear.
const (
	maxJSON   = 64 << 10
	maxAsked  = 32 * drops.MostAsked
	maxCommit = 4 + 32*drops.MostChunks
)

// drops answers for /d and what is below; words is the path after it. An id or a
// digest that is not one is not there, whatever the method.
func (h *Handler) drops(w http.ResponseWriter, r *http.Request, c Caller, words []string) {
	if h.away() == nil && h.theDrops() == nil {
		fail(w, r, refuse(http.StatusNotFound, kindNotFound, "this relay keeps no drops"))
		return
	}
	if c.refused != nil { // also where none is needed: he should know
		fail(w, r, c.refused)
		return
	}
	if err := h.away(); err != nil {
		fail(w, r, err)
		return
	}
	if len(words) == 0 {
		h.allDrops(w, r, c)
		return
	}
	id, err := drops.ParseID(words[0])
	if err != nil || len(words) > 2 {
		fail(w, r, errNotFound)
		return
	}
	if len(words) == 1 {
		h.aDrop(w, r, id)
		return
	}
	if digest, err := drops.ParseDigest(words[1]); err == nil {
		h.chunk(w, r, id, digest)
		return
	}
	do, ok := map[string]struct {
		method string
		f      func(http.ResponseWriter, *http.Request, drops.ID) error
	}{
		"missing": {http.MethodPost, h.missing},
		"commit":  {http.MethodPost, h.commit},
		"list":    {http.MethodGet, h.listChunks},
		"take":    {http.MethodPost, h.take},
		"taken":   {http.MethodPost, h.taken},
	}[words[1]]
	switch {
	case !ok:
		fail(w, r, errNotFound)
	case r.Method != do.method:
		allow(w, r, do.method)
	default:
		if err := do.f(w, r, id); err != nil {
			fail(w, r, err)
		}
	}
}

// readJSON reads a small object. A key that is not known is nothing to us: it may be
// of a later version.
func readJSON(r *http.Request, most int64, v any) error {
	b, err := readAll(r, most)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return &refusal{status: http.StatusBadRequest, kind: kindInvalid, message: "the body is not the JSON that this wants", cause: err}
	}
	return nil
}

// readAll reads a body of at most most bytes.
func readAll(r *http.Request, most int64) ([]byte, error) {
	if r.ContentLength > most {
		return nil, errTooLarge
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	if err == nil && int64(len(b)) > most {
		err = errTooLarge
	}
	return b, err
}

// readDigests reads a body of digests, after skip bytes of something else.
func readDigests(r *http.Request, skip int, most int64) (head []byte, digests []drops.Digest, err error) {
	b, err := readAll(r, most)
	if err != nil {
		return nil, nil, err
	}
	if len(b) < skip || (len(b)-skip)%len(drops.Digest{}) != 0 {
		return nil, nil, refuse(http.StatusBadRequest, kindInvalid, "the body is not a number of digests")
	}
	head, b = b[:skip], b[skip:]
	digests = make([]drops.Digest, len(b)/len(drops.Digest{}))
	for i := range digests {
		copy(digests[i][:], b[i*len(digests[i]):])
	}
	return head, digests, nil
}

// ownerOf is the secret of who began a drop, as he shows it.
func ownerOf(r *http.Request) (o drops.Secret, err error) {
	o, err = drops.ParseSecret(r.Header.Get("Bargee-Owner"))
	if err != nil {
		return o, refuse(http.StatusUnauthorized, kindAuth, "this is for who began the drop: Bargee-Owner has his secret")
	}
	return o, nil
}

// A beginRequest is what POST /d bears.
type beginRequest struct {
	ID        string `json:"id"`
	Bytes     int64  `json:"bytes"`
	Chunks    int    `json:"chunks"`
	TTL       int64  `json:"ttl_s"`
	Downloads int    `json:"downloads"`
	Owner     string `json:"owner"`
	Mailbox   string `json:"mailbox"`
	Envelope  string `json:"envelope"`
}

const maxTTL = int64(100 * 365 * 24 * 3600) // seconds, so that no time.Duration overflows

func (q *beginRequest) begin() (b drops.Begin, err error) {
	if b.ID, err = drops.ParseID(q.ID); err == nil {
		b.Owner, err = drops.ParseDigest(q.Owner)
	}
	if err == nil && q.Mailbox != "" {
		b.Mailbox, err = drops.ParseID(q.Mailbox)
	}
	if err != nil {
		return b, err
	}
	if b.Envelope, err = base64.StdEncoding.DecodeString(q.Envelope); err != nil {
		return b, invalid("envelope")
	}
	if q.TTL < 0 || q.TTL > maxTTL {
		return b, invalid("ttl_s")
	}
	b.Bytes, b.Chunks, b.TTL, b.Downloads = q.Bytes, q.Chunks, time.Duration(q.TTL)*time.Second, q.Downloads
	return b, nil
}

// invalid is about a value that a request has.
func invalid(what string) error {
	return refuse(http.StatusBadRequest, kindInvalid, what+" makes no sense")
}
