package web

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"

	"github.com/bargee/bargee/relay/blobs"
)

// mostZipped is how many files a zip has at most.
const mostZipped = 10000

// A zipRequest says which blobs are wanted: those of the digests, or all that have the
// tags.
type zipRequest struct {
	Digests []blobs.Digest `json:"digests"`
	Tags    []string       `json:"tags"`
	Name    string         `json:"name"` // of the file that comes
}

// zip answers with several blobs as one stream. They are stored, not packed: who sends
// much over a slow path has packed it before.
func (h *Handler) zip(w http.ResponseWriter, r *http.Request, c Caller) error {
	q, err := readZipRequest(r)
	if err != nil {
		return err
	}
	infos, err := h.wanted(r, c, q)
	if err != nil {
		return err
	}
	head := w.Header()
	head.Set("Content-Type", "application/zip")
	head.Set("Content-Disposition", disposition(strings.TrimSuffix(orName(q.Name, "files"), ".zip")+".zip"))
	if r.Method == http.MethodHead {
		return nil
	}
	if err := h.writeZip(w, r, infos); err != nil {
		if note := noteOf(r); note != nil {
			note.Error, note.cause = "the zip broke off", err
		}
		panic(http.ErrAbortHandler) // it is not whole, and must not look so
	}
	return nil
}

func readZipRequest(r *http.Request) (q zipRequest, err error) {
	if r.Method == http.MethodPost {
		err = readJSON(r, mostZipped*80, &q)
	} else {
		query := r.URL.Query()
		q.Tags, q.Name = query["tag"], query.Get("name")
		for _, word := range query["digest"] {
			var d blobs.Digest
			if !isHex(word, 2*len(d)) || d.UnmarshalText([]byte(word)) != nil {
				return q, errNotFound
			}
			q.Digests = append(q.Digests, d)
		}
	}
	switch {
	case err != nil:
		return q, err
	case len(q.Digests) == 0 && len(q.Tags) == 0:
		return q, refuse(http.StatusBadRequest, kindInvalid, "digest or tag is missing")
	case len(q.Digests) > mostZipped:
		return q, refuse(http.StatusRequestEntityTooLarge, kindLimit, fmt.Sprintf("more than %d files", mostZipped))
	}
	return q, nil
}

// wanted finds all blobs before the first byte is sent.
func (h *Handler) wanted(r *http.Request, c Caller, q zipRequest) (infos []blobs.Info, err error) {
	if len(q.Digests) == 0 {
		if err := c.may(List); err != nil {
			return nil, err
		}
		infos, more := h.theBlobs().List(blobs.Filter{Tags: q.Tags, Limit: mostZipped})
		switch {
		case len(infos) == 0:
			return nil, errNotFound
		case more:
			return nil, refuse(http.StatusRequestEntityTooLarge, kindLimit, fmt.Sprintf("more than %d files", mostZipped))
		}
		return infos, nil
	}
	for _, d := range q.Digests {
		i, err := h.theBlobs().Info(r.Context(), d)
		if errors.Is(err, blobs.ErrNotFound) {
			return nil, refuse(http.StatusNotFound, kindNotFound, "there is no "+d.String())
		}
		if err != nil {
			return nil, err
		}
		infos = append(infos, i)
	}
	return infos, nil
}

func (h *Handler) writeZip(w http.ResponseWriter, r *http.Request, infos []blobs.Info) error {
	z := zip.NewWriter(w)
	taken := map[string]bool{}
	for _, i := range infos {
		f, i, err := h.theBlobs().Get(r.Context(), i.Digest)
		if err != nil {
			return err
		}
		to, err := z.CreateHeader(&zip.FileHeader{Name: freeName(orName(i.Name, i.Digest.String()), taken), Method: zip.Store, Modified: i.Created})
		if err == nil {
			_, err = io.Copy(to, f)
		}
		f.Close()
		if err != nil {
			return err
		}
	}
	return z.Close()
}

// orName is a name that is good below any directory: its last part that is one, else
// another one.
func orName(name, other string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if name == "." || name == ".." || name == "/" {
		return other
	}
	return name
}

// freeName is a name that is not taken yet, in either case.
func freeName(name string, taken map[string]bool) string {
	ext := path.Ext(name)
	base := strings.TrimSuffix(name, ext)
	for n := 2; taken[strings.ToLower(name)]; n++ {
		name = fmt.Sprintf("%s (%d)%s", base, n, ext)
	}
	taken[strings.ToLower(name)] = true
	return name
}
