package web

import (
	"encoding/binary"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/bargee/bargee/relay/drops"
)

// dropVersion is the version of this API of drops.
const dropVersion = 1

// A dropJSON is a drop as all may see it who can name it.
type dropJSON struct {
	ID        string    `json:"id"`
	Version   int       `json:"version"`
	Bytes     int64     `json:"bytes"`
	Chunks    int       `json:"chunks"`
	Manifest  int       `json:"manifest"`
	Complete  bool      `json:"complete"`
	Created   time.Time `json:"created"`
	Expires   time.Time `json:"expires"`
	Downloads int       `json:"downloads,omitempty"`
	Left      *int      `json:"downloads_left,omitempty"`
	Envelope  []byte    `json:"envelope,omitempty"` // base64
	Origin    string    `json:"origin,omitempty"`   // where a browser finds it
}

func (h *Handler) jsonOf(i drops.Info) dropJSON {
	d := dropJSON{ID: i.ID.String(), Version: dropVersion, Bytes: i.Bytes, Chunks: i.Chunks, Manifest: i.Manifest, Complete: i.Complete,
		Created: i.Created, Expires: i.Expires, Downloads: i.Downloads, Envelope: i.Envelope, Origin: h.origin.Load().(string)}
	if i.Downloads > 0 {
		d.Left = &i.Left
	}
	return d
}

// allDrops answers for /d: a new drop, or a list of some.
func (h *Handler) allDrops(w http.ResponseWriter, r *http.Request, c Caller) {
	var err error
	switch r.Method {
	case http.MethodPost:
		err = h.beginDrop(w, r, c)
	case http.MethodGet, http.MethodHead:
		err = h.listDrops(w, r, c)
	default:
		allow(w, r, "GET, HEAD, POST")
	}
	if err != nil {
		fail(w, r, err)
	}
}

func (h *Handler) beginDrop(w http.ResponseWriter, r *http.Request, c Caller) error {
	if err := c.may(Write); err != nil {
		return err
	}
	var q beginRequest
	if err := readJSON(r, maxJSON, &q); err != nil {
		return err
	}
	b, err := q.begin()
	if err != nil {
		return err
	}
	i, created, err := h.theDrops().Begin(r.Context(), c.Account, c.Quota, b)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
		w.Header().Set("Location", "/d/"+i.ID.String())
	}
	answer(w, r, status, h.jsonOf(i))
	return nil
}

// listDrops answers with those of a mailbox, whose name nobody guesses, or with one's
// own.
func (h *Handler) listDrops(w http.ResponseWriter, r *http.Request, c Caller) error {
	q := r.URL.Query()
	var list []drops.Info
	var err error
	switch {
	case q.Has("mailbox") && !q.Has("mine"):
		box, wrong := drops.ParseID(q.Get("mailbox"))
		if wrong != nil {
			return wrong
		}
		list, err = h.theDrops().Mailbox(r.Context(), box)
	case q.Has("mine") && !q.Has("mailbox"):
		if err := c.may(List); err != nil {
			return err
		}
		list, err = h.theDrops().Of(r.Context(), c.Account)
	default:
		return refuse(http.StatusBadRequest, kindInvalid, "either ?mine or ?mailbox= says which drops")
	}
	if err != nil {
		return err
	}
	all := make([]dropJSON, 0, len(list))
	for _, i := range list {
		all = append(all, h.jsonOf(i))
	}
	answer(w, r, http.StatusOK, map[string]any{"drops": all})
	return nil
}

// aDrop answers for /d/ID.
func (h *Handler) aDrop(w http.ResponseWriter, r *http.Request, id drops.ID) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		i, err := h.theDrops().Info(r.Context(), id)
		if err != nil {
			fail(w, r, err)
			return
		}
		answer(w, r, http.StatusOK, h.jsonOf(i))
	case http.MethodDelete:
		owner, err := ownerOf(r)
		if err == nil {
			err = h.theDrops().Remove(r.Context(), id, owner)
		}
		if err != nil {
			fail(w, r, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		allow(w, r, "GET, HEAD, DELETE")
	}
}

// missing answers which of the digests in the body are not there.
func (h *Handler) missing(w http.ResponseWriter, r *http.Request, id drops.ID) error {
	owner, err := ownerOf(r)
	if err != nil {
		return err
	}
	_, digests, err := readDigests(r, 0, maxAsked)
	if err != nil {
		return err
	}
	absent, err := h.theDrops().Missing(r.Context(), id, owner, digests)
	if err != nil {
		return err
	}
	b := make([]byte, 0, len(absent)*len(drops.Digest{}))
	for _, d := range absent {
		b = append(b, d[:]...)
	}
	answerBytes(w, r, http.StatusOK, b)
	return nil
}

// commit has a drop that is complete be seen by others.
func (h *Handler) commit(w http.ResponseWriter, r *http.Request, id drops.ID) error {
	owner, err := ownerOf(r)
	if err != nil {
		return err
	}
	head, digests, err := readDigests(r, 4, maxCommit)
	if err != nil {
		return err
	}
	i, err := h.theDrops().Commit(r.Context(), id, owner, int(binary.BigEndian.Uint32(head)), digests)
	if err != nil {
		return err
	}
	answer(w, r, http.StatusOK, h.jsonOf(i))
	return nil
}

// listChunks answers with what commit has got.
func (h *Handler) listChunks(w http.ResponseWriter, r *http.Request, id drops.ID) error {
	body, size, err := h.theDrops().List(r.Context(), id)
	if err != nil {
		return err
	}
	defer body.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	if _, err := io.Copy(w, body); err != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

func claimOf(r *http.Request) (drops.Claim, error) {
	var q struct {
		Claim string `json:"claim"`
	}
	if err := readJSON(r, maxJSON, &q); err != nil {
		return drops.Claim{}, err
	}
	return drops.ParseClaim(q.Claim)
}

// take counts a download, once for each claim.
func (h *Handler) take(w http.ResponseWriter, r *http.Request, id drops.ID) error {
	claim, err := claimOf(r)
	if err != nil {
		return err
	}
	until, err := h.theDrops().Take(r.Context(), id, claim)
	if err != nil {
		return err
	}
	answer(w, r, http.StatusOK, map[string]any{"until": until})
	return nil
}

// taken ends a download.
func (h *Handler) taken(w http.ResponseWriter, r *http.Request, id drops.ID) error {
	claim, err := claimOf(r)
	if err != nil {
		return err
	}
	if err := h.theDrops().Taken(r.Context(), id, claim); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// chunk answers for /d/ID/DIGEST.
func (h *Handler) chunk(w http.ResponseWriter, r *http.Request, id drops.ID, digest drops.Digest) {
	if note := noteOf(r); note != nil {
		note.minor = true
	}
	var err error
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		err = h.getChunk(w, r, id, digest)
	case http.MethodPut:
		err = h.putChunk(w, r, id, digest)
	default:
		allow(w, r, "GET, HEAD, PUT")
	}
	if err != nil {
		fail(w, r, err)
	}
}

func (h *Handler) getChunk(w http.ResponseWriter, r *http.Request, id drops.ID, digest drops.Digest) error {
	var claim drops.Claim
	if words := r.Header.Values("Bargee-Claim"); len(words) > 0 {
		var err error
		if claim, err = drops.ParseClaim(words[0]); err != nil {
			return err
		}
	}
	body, _, err := h.theDrops().Chunk(r.Context(), id, digest, claim)
	if err != nil {
		return err
	}
	defer body.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	return serveContent(w, r, digest.String(), time.Time{}, body)
}

func (h *Handler) putChunk(w http.ResponseWriter, r *http.Request, id drops.ID, digest drops.Digest) error {
	owner, err := ownerOf(r)
	if err != nil {
		return err
	}
	if r.ContentLength < 0 {
		return refuse(http.StatusLengthRequired, kindInvalid, "a chunk says how long it is: Content-Length")
	}
	created, err := h.theDrops().PutChunk(r.Context(), id, owner, digest, r.ContentLength, r.Body)
	if err != nil {
		return err
	}
	if !created { // who has not waited to be asked is sending it, and hears nothing before the end
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return err
		}
		w.WriteHeader(http.StatusOK)
		return nil
	}
	w.WriteHeader(http.StatusCreated)
	return nil
}
