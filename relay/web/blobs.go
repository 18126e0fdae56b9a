package web

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/bargee/bargee/relay/blobs"
)

// blobs answers for what is below the server id; words is the path after it.
func (h *Handler) blobs(w http.ResponseWriter, r *http.Request, c Caller, words []string) {
	c = h.blobCaller(c)
	if note := noteOf(r); note != nil {
		note.Account = c.Account
	}
	var d blobs.Digest
	switch {
	case len(words) == 0:
		h.server(w, r, c)
	case len(words) > 1:
		fail(w, r, errNotFound)
	case isHex(words[0], 2*len(d)) && d.UnmarshalText([]byte(words[0])) == nil:
		noteOf(r).Digest = words[0]
		h.aBlob(w, r, c, d)
	default:
		h.aboutBlobs(w, r, c, words[0])
	}
}

// server answers for the server itself: how it is, and its end.
func (h *Handler) server(w http.ResponseWriter, r *http.Request, c Caller) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		if c.Account == "" || c.refused != nil {
			fail(w, r, c.may(Read))
			return
		}
		if err := h.away(); err != nil {
			fail(w, r, err)
			return
		}
		u := h.theBlobs().Usage()
		status := map[string]any{"algorithm": h.theBlobs().Algorithm(), "blobs": u.Blobs, "bytes": u.Bytes, "since": h.since.UTC().Truncate(time.Second)}
		if c.may(Admin) == nil {
			status["accounts"] = u.Accounts
		}
		answer(w, r, http.StatusOK, status)
	case http.MethodDelete:
		if err := c.may(Admin); err != nil {
			fail(w, r, err)
			return
		}
		if h.cfg.Shutdown == nil {
			fail(w, r, refuse(http.StatusForbidden, kindPermission, "this relay was not started with --allow-shutdown"))
			return
		}
		answer(w, r, http.StatusAccepted, map[string]bool{"shutdown": true})
		h.cfg.Shutdown()
	default:
		allow(w, r, "GET, HEAD, DELETE")
	}
}

// aboutBlobs answers for what is about several.
func (h *Handler) aboutBlobs(w http.ResponseWriter, r *http.Request, c Caller, word string) {
	is, ok := map[string]struct {
		right   Right
		methods string
		kept    bool // it is about what is kept
		f       func(http.ResponseWriter, *http.Request, Caller) error
	}{
		"list":    {List, "GET, HEAD", true, h.list},
		"zip":     {Read, "GET, HEAD, POST", true, h.zip},
		"history": {Admin, "GET, HEAD", false, h.history},
		"stats":   {Admin, "GET, HEAD", true, h.stats},
		"events":  {Admin, "GET", false, func(w http.ResponseWriter, r *http.Request, _ Caller) error { return h.events(w, r) }},
	}[word]
	switch {
	case !ok:
		fail(w, r, errNotFound)
	case !strings.Contains(is.methods, r.Method):
		allow(w, r, is.methods)
	default:
		err := c.may(is.right)
		if err == nil && is.kept {
			err = h.away()
		}
		if err == nil {
			err = is.f(w, r, c)
		}
		if err != nil {
			fail(w, r, err)
		}
	}
}

// aBlob answers for one blob.
func (h *Handler) aBlob(w http.ResponseWriter, r *http.Request, c Caller, d blobs.Digest) {
	do, ok := map[string]struct {
		right Right
		f     func(http.ResponseWriter, *http.Request, Caller, blobs.Digest) error
	}{
		http.MethodGet: {Read, h.getBlob}, http.MethodHead: {Read, h.getBlob}, http.MethodPut: {Write, h.putBlob},
		http.MethodPatch: {Write, h.patchBlob}, http.MethodDelete: {Delete, h.deleteBlob},
	}[r.Method]
	if !ok {
		allow(w, r, "GET, HEAD, PUT, PATCH, DELETE")
		return
	}
	err := c.may(do.right)
	if err == nil {
		err = h.away()
	}
	if err == nil {
		err = do.f(w, r, c, d)
	}
	if err != nil {
		fail(w, r, err)
	}
}

func (h *Handler) getBlob(w http.ResponseWriter, r *http.Request, c Caller, d blobs.Digest) error {
	body, i, err := h.theBlobs().Get(r.Context(), d)
	if err != nil {
		return err
	}
	defer body.Close()
	describe(w, i)
	if err := serveContent(w, r, d.String(), i.Created, body); err != nil {
		return err
	}
	if r.Method == http.MethodGet {
		h.publish("fetched", i, c)
	}
	return nil
}

// serveContent answers a request for bytes that never change, or for one range of
// them: who wants many is asked to come again.
func serveContent(w http.ResponseWriter, r *http.Request, digest string, made time.Time, body io.ReadSeeker) error {
	head := w.Header()
	head.Set("Etag", `"`+digest+`"`)
	if strings.Contains(r.Header.Get("Range"), ",") {
		head.Set("Accept-Ranges", "bytes")
		return refuse(http.StatusRequestedRangeNotSatisfiable, kindInvalid, "one range at a time")
	}
	http.ServeContent(&rangeErrors{ResponseWriter: w, r: r}, r, "", made, body)
	return nil
}

// rangeErrors makes JSON of the one error that http.ServeContent knows of: what it
// says of a range that is not there.
type rangeErrors struct {
	http.ResponseWriter
	r    *http.Request
	mute bool
}

func (w *rangeErrors) WriteHeader(status int) {
	if status < 400 {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.mute = true
	kind, text := kindInvalid, "the range is not within the file"
	if status != http.StatusRequestedRangeNotSatisfiable {
		kind, text = kindExists, "a condition of the request does not hold"
	}
	at := w.Header().Get("Content-Range")
	fail(w.ResponseWriter, w.r, &refusal{status: status, kind: kind, message: text, header: map[string]string{"Content-Range": at}})
}

func (w *rangeErrors) Write(p []byte) (int, error) {
	if w.mute {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// ReadFrom hands the file to the connection.
func (w *rangeErrors) ReadFrom(r io.Reader) (int64, error) {
	if to, ok := w.ResponseWriter.(io.ReaderFrom); ok && !w.mute {
		return to.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{w}, r)
}

// describe tells of a blob in an answer's header. What somebody stored is not for a
// browser to run here, whatever type it is said to have.
func describe(w http.ResponseWriter, i blobs.Info) {
	head := w.Header()
	head.Set("Content-Type", "application/octet-stream")
	if i.Type != "" {
		head.Set("Content-Type", i.Type)
	}
	head.Set("Content-Disposition", disposition(i.Name))
	head.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	head.Set("Cache-Control", "private, no-cache")
	if len(i.Tags) > 0 {
		words := make([]string, len(i.Tags))
		for k, t := range i.Tags {
			words[k] = url.PathEscape(t)
		}
		head.Set("Bargee-Tags", strings.Join(words, ","))
	}
	for k, v := range i.Meta {
		head.Set("Bargee-Meta-"+url.PathEscape(k), url.PathEscape(v))
	}
	if !i.Expires.IsZero() {
		head.Set("Bargee-Expires", i.Expires.UTC().Format(time.RFC3339))
	}
}

func disposition(name string) string {
	if name == "" {
		return "attachment"
	}
	if s := mime.FormatMediaType("attachment", map[string]string{"filename": name}); s != "" {
		return s
	}
	return "attachment"
}

// attributesOf reads what a request says of what it stores.
func attributesOf(r *http.Request, now time.Time) (a blobs.Attributes, err error) {
	words := []string{r.Header.Get("Bargee-Name"), r.Header.Get("Bargee-Tags")}
	if a.Name, err = url.PathUnescape(words[0]); err != nil {
		return a, refuse(http.StatusBadRequest, kindInvalid, "Bargee-Name is not percent-encoded")
	}
	if words[1] != "" {
		for word := range strings.SplitSeq(words[1], ",") {
			t, err := url.PathUnescape(strings.TrimSpace(word))
			if err != nil {
				return a, refuse(http.StatusBadRequest, kindInvalid, "Bargee-Tags is not percent-encoded")
			}
			a.Tags = append(a.Tags, t)
		}
	}
	if t := r.Header.Get("Content-Type"); t != "application/x-www-form-urlencoded" { // of curl --data, which knows no better
		a.Type = t
	}
	for k, v := range r.Header {
		if key, ok := strings.CutPrefix(k, "Bargee-Meta-"); ok {
			text, err := url.PathUnescape(v[0])
			if err != nil {
				return a, refuse(http.StatusBadRequest, kindInvalid, k+" is not percent-encoded")
			}
			if a.Meta == nil {
				a.Meta = map[string]string{}
			}
			a.Meta[strings.ToLower(key)] = text
		}
	}
	if s := r.Header.Get("Bargee-Ttl"); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 1 || n > maxTTL {
			return a, refuse(http.StatusBadRequest, kindInvalid, "Bargee-TTL is no number of seconds")
		}
		a.Expires = now.Add(time.Duration(n) * time.Second).UTC().Truncate(time.Second)
	}
	return a, nil
}

func (h *Handler) putBlob(w http.ResponseWriter, r *http.Request, c Caller, d blobs.Digest) error {
	a, err := attributesOf(r, time.Now())
	if err != nil {
		return err
	}
	who := blobs.Who{Account: c.Account, Quota: c.Quota}
	if s := r.Header.Get("Content-Range"); s != "" {
		return h.putPiece(w, r, c, who, d, s, a)
	}
	if i, err := h.theBlobs().Info(r.Context(), d); err == nil {
		switch {
		case r.Header.Get("If-None-Match") == "*":
			return refuse(http.StatusPreconditionFailed, kindExists, "the blob is there")
		case r.Header.Get("Expect") != "": // he waits to be asked for the body, and need not send it
			h.stored(w, r, i, http.StatusOK)
			return nil
		}
	}
	i, created, err := h.theBlobs().Put(r.Context(), who, d, r.ContentLength, r.Body, a)
	if err != nil {
		return err
	}
	if !created {
		h.stored(w, r, i, http.StatusOK)
		return nil
	}
	h.publish("stored", i, c)
	h.stored(w, r, i, http.StatusCreated)
	return nil
}

// stored answers who has stored a blob, or brought one that there is.
func (h *Handler) stored(w http.ResponseWriter, r *http.Request, i blobs.Info, status int) {
	w.Header().Set("Etag", `"`+i.Digest.String()+`"`)
	answer(w, r, status, i)
}

// putPiece takes a part of a blob, in order (RFC 9110, 14.4 and 14.5), or tells how much
// there is.
func (h *Handler) putPiece(w http.ResponseWriter, r *http.Request, c Caller, who blobs.Who, d blobs.Digest, words string, a blobs.Attributes) error {
	first, last, total, ok := parseContentRange(words)
	switch {
	case !ok:
		return refuse(http.StatusBadRequest, kindInvalid, "Content-Range is not bytes FIRST-LAST/TOTAL, or bytes */TOTAL")
	case first < 0 && r.ContentLength != 0:
		return refuse(http.StatusBadRequest, kindInvalid, "a question for what is there has no body")
	case first >= 0 && r.ContentLength >= 0 && r.ContentLength != last-first:
		return refuse(http.StatusBadRequest, kindInvalid, "the body is not as long as Content-Range says")
	}
	if first < 0 {
		n, whole, err := h.theBlobs().Received(r.Context(), who, d, total)
		return pieceAnswer(w, r, n, total, whole, err)
	}
	n, i, done, err := h.theBlobs().Piece(r.Context(), who, d, first, last, total, r.Body, a)
	if done {
		h.publish("stored", i, c)
	}
	return pieceAnswer(w, r, n, total, done, err)
}

func pieceAnswer(w http.ResponseWriter, r *http.Request, n, total int64, done bool, err error) error {
	w.Header().Set("Bargee-Received", strconv.FormatInt(n, 10))
	if err != nil {
		e := *refusalOf(err)
		e.more = map[string]any{"received": n}
		return &e
	}
	status := http.StatusAccepted
	if done {
		status = http.StatusCreated
	}
	answer(w, r, status, map[string]any{"received": n, "total": total, "complete": done})
	return nil
}

// parseContentRange reads "bytes 0-9/10", whose end is returned exclusive, and
// "bytes */10", with a first of -1.
func parseContentRange(s string) (first, last, total int64, ok bool) {
	s, ok = strings.CutPrefix(s, "bytes ")
	span, size, ok2 := strings.Cut(s, "/")
	total, err := parseCount(size)
	if !ok || !ok2 || err != nil {
		return 0, 0, 0, false
	}
	if span == "*" {
		return -1, -1, total, true
	}
	from, to, ok := strings.Cut(span, "-")
	first, err1 := parseCount(from)
	last, err2 := parseCount(to)
	if !ok || err1 != nil || err2 != nil || first > last || last >= total {
		return 0, 0, 0, false
	}
	return first, last + 1, total, true
}

// parseCount reads a number without a sign that fits.
func parseCount(s string) (int64, error) {
	n, err := strconv.ParseUint(s, 10, 62)
	return int64(n), err
}

func (h *Handler) patchBlob(w http.ResponseWriter, r *http.Request, c Caller, d blobs.Digest) error {
	var q struct {
		Name *string            `json:"name"`
		Type *string            `json:"type"`
		Tags *[]string          `json:"tags"`
		Meta *map[string]string `json:"meta"`
		TTL  *int64             `json:"ttl_s"` // from now; 0: it does not expire
	}
	if err := readJSON(r, maxJSON, &q); err != nil {
		return err
	}
	i, err := h.theBlobs().Change(r.Context(), d, func(a *blobs.Attributes) error {
		set(&a.Name, q.Name)
		set(&a.Type, q.Type)
		set(&a.Tags, q.Tags)
		set(&a.Meta, q.Meta)
		if q.TTL != nil {
			if *q.TTL < 0 || *q.TTL > maxTTL {
				return refuse(http.StatusBadRequest, kindInvalid, "ttl_s makes no sense")
			}
			if a.Expires = (time.Time{}); *q.TTL > 0 {
				a.Expires = time.Now().Add(time.Duration(*q.TTL) * time.Second).UTC().Truncate(time.Second)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	h.publish("changed", i, c)
	answer(w, r, http.StatusOK, i)
	return nil
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func (h *Handler) deleteBlob(w http.ResponseWriter, r *http.Request, c Caller, d blobs.Digest) error {
	i, err := h.theBlobs().Info(r.Context(), d)
	if err == nil {
		err = h.theBlobs().Remove(r.Context(), d)
	}
	if err != nil {
		return err
	}
	h.publish("removed", i, c)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
