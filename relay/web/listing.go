package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/bargee/bargee/relay/blobs"
)

// list answers with blobs, in the order of their digests, by tags and account.
func (h *Handler) list(w http.ResponseWriter, r *http.Request, _ Caller) error {
	q := r.URL.Query()
	f := blobs.Filter{Tags: q["tag"], Account: q.Get("account"), Limit: 100}
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > mostListed {
			return refuse(http.StatusBadRequest, kindInvalid, "limit is not within 1 to 1000")
		}
		f.Limit = n
	}
	if s := q.Get("after"); s != "" && (!isHex(s, 64) || f.After.UnmarshalText([]byte(s)) != nil) {
		return refuse(http.StatusBadRequest, kindInvalid, "after is no digest")
	}
	list, more := h.theBlobs().List(f)
	if list == nil {
		list = []blobs.Info{}
	}
	body := map[string]any{"blobs": list}
	if more {
		body["after"] = list[len(list)-1].Digest // for the next page
	}
	answer(w, r, http.StatusOK, body)
	return nil
}

// history answers with requests that are over, the latest first.
func (h *Handler) history(w http.ResponseWriter, r *http.Request, _ Caller) error {
	f, err := parseHistoryFilter(r.URL.Query())
	if err != nil {
		return err
	}
	if h.cfg.History == nil {
		return refuse(http.StatusNotFound, kindNotFound, "this relay keeps no history")
	}
	list, more, err := h.cfg.History.list(f)
	if err != nil {
		return err
	}
	if list == nil {
		list = []Entry{}
	}
	answer(w, r, http.StatusOK, map[string]any{"entries": list, "more": more})
	return nil
}

// stats answers with what requests were together, and what is kept.
func (h *Handler) stats(w http.ResponseWriter, r *http.Request, _ Caller) error {
	f, err := parseHistoryFilter(r.URL.Query())
	if err != nil {
		return err
	}
	body := map[string]any{"stored": h.theBlobs().Usage()}
	if h.cfg.History != nil {
		if body["requests"], err = h.cfg.History.sum(f); err != nil {
			return err
		}
	}
	answer(w, r, http.StatusOK, body)
	return nil
}

// publish tells who listens what happened to a blob.
func (h *Handler) publish(kind string, i blobs.Info, c Caller) {
	h.hub.publish(Event{Kind: kind, Time: time.Now().UTC(), Digest: i.Digest, Size: i.Size, Name: i.Name, Tags: i.Tags, Account: c.Account})
}
