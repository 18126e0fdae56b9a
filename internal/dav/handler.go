package dav

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/webdav"

	"github.com/bargee/bargee/session"
)

// A Config says what is shown, and to whom.
type Config struct {
	Tree session.Tree
	Root session.Path // of what is shown; nothing above it can be named

	// Put sends a file of this machine, and returns when it is there, verified and
	// under its name; one that it replaces stays until then.
	Put   func(context.Context, Upload) error
	Spool string // a directory of this machine, where files wait for Put

	ReadOnly bool
	Password string        // of any user; "": none is needed, on this machine by its user
	Wait     time.Duration // longest wait for an answer of the peer
	Log      *slog.Logger
}

// An Upload is a file that was written as a whole.
type Upload struct {
	File     string // in the spool
	To       session.Path
	KeepMode bool // it gets the mode of File
}

// A Handler answers requests. It may be used by several goroutines.
type Handler struct {
	fs  *fileSystem
	dav webdav.Handler
}

// NewHandler returns a Handler of cfg.
func NewHandler(cfg Config) *Handler {
	f := &fileSystem{cfg, newProperties()}
	h := &Handler{fs: f}
	h.dav = webdav.Handler{FileSystem: f, LockSystem: &locks{webdav.NewMemLS(), f}, Logger: func(r *http.Request, err error) {
		if err != nil {
			cfg.Log.Debug("refused", "method", r.Method, "path", r.URL.Path, "reason", err)
		}
	}}
	return h
}

// Serve answers what comes to l until ctx ends; it then lets requests end within
// grace.
func (h *Handler) Serve(ctx context.Context, l net.Listener, grace time.Duration) error {
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ConnContext: withOwner, ErrorLog: slog.NewLogLogger(h.fs.cfg.Log.Handler(), slog.LevelDebug),
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		last, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		if s.Shutdown(last) != nil {
			s.Close()
		}
	})
	err := s.Serve(l)
	if !stop() { // ctx has ended
		<-ended
		return nil
	}
	return err
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if status, why := h.guard(q); status != 0 {
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="bargee", charset="UTF-8"`)
		}
		http.Error(w, why, status)
		return
	}
	r := &request{method: q.Method, replaces: q.Method == "MOVE" || q.Method == "COPY", listed: map[string]info{}}
	q = q.WithContext(context.WithValue(q.Context(), requestKey{}, r))
	if status, why := h.check(q, r); status != 0 {
		http.Error(w, why, status)
		return
	}
	out := &response{ResponseWriter: w, r: r}
	defer func() { h.fs.settle(q.Context(), r, out.status) }()
	h.dav.ServeHTTP(out, q)
}

// check refuses what webdav would answer wrongly.
func (h *Handler) check(q *http.Request, r *request) (status int, why string) {
	switch q.Method {
	case "PROPFIND", "PROPPATCH", "LOCK":
		return checkXML(q)
	case "COPY", "MOVE":
		if q.Header.Get("Overwrite") == "" {
			q.Header.Set("Overwrite", "T") // as the RFC has it
		}
		return checkDestination(q)
	case "PUT":
		if q.Header.Get("Content-Range") != "" {
			return http.StatusBadRequest, "files are written as a whole"
		}
		q.Body = &body{q.Body, r}
		if s, err := strconv.ParseInt(q.Header.Get("X-OC-Mtime"), 10, 64); err == nil && s > 0 { // of ownCloud's, and rclone
			r.modified = time.Unix(s, 0)
		}
	}
	if q.Method == "PUT" || q.Method == "DELETE" {
		return h.precondition(q)
	}
	return 0, ""
}

// maxXML bounds a request in XML.
const maxXML = 1 << 20

// checkXML reads a body in XML, and refuses a name space that is declared and has no
// name, which encoding/xml takes.
func checkXML(q *http.Request) (status int, why string) {
	b, err := io.ReadAll(io.LimitReader(q.Body, maxXML+1))
	switch {
	case err != nil:
		return http.StatusBadRequest, "the request is incomplete"
	case len(b) > maxXML:
		return http.StatusRequestEntityTooLarge, fmt.Sprintf("at most %d bytes of XML", maxXML)
	}
	q.Body = io.NopCloser(bytes.NewReader(b))
	for d := xml.NewDecoder(bytes.NewReader(b)); ; {
		t, err := d.Token()
		if err != nil {
			return 0, "" // what is wrong with it webdav says
		}
		if start, ok := t.(xml.StartElement); ok {
			for _, a := range start.Attr {
				if a.Name.Space == "xmlns" && a.Value == "" {
					return http.StatusBadRequest, "a name space without a name"
				}
			}
		}
	}
}

// checkDestination refuses to copy or move something into itself, or over what it
// lies in.
func checkDestination(q *http.Request) (status int, why string) {
	u, err := url.Parse(q.Header.Get("Destination"))
	if err != nil {
		return 0, "" // webdav's to say
	}
	src, dst := key(q.URL.Path), key(u.Path)
	if src != dst && (within(src, dst) || within(dst, src)) {
		return http.StatusForbidden, "source and destination lie within each other"
	}
	return 0, ""
}

// within tells whether the key p is in the directory dir.
func within(p, dir string) bool { return strings.HasPrefix(p, strings.TrimSuffix(dir, "/")+"/") }

// precondition obeys If-Match and If-None-Match, which keep who saves a file from
// losing what somebody else has saved since.
func (h *Handler) precondition(q *http.Request) (status int, why string) {
	match, none := q.Header.Get("If-Match"), q.Header.Get("If-None-Match")
	if match == "" && none == "" {
		return 0, ""
	}
	tag := ""
	i, err := h.fs.stat(q.Context(), q.URL.Path)
	if err == nil {
		tag = etag(i.entry)
	} else if !errors.Is(err, errNotExist) {
		return http.StatusServiceUnavailable, "what there is could not be looked at"
	}
	if match != "" && !hasTag(match, tag) || none != "" && hasTag(none, tag) {
		return http.StatusPreconditionFailed, "it is not what the request says"
	}
	return 0, ""
}

// hasTag tells whether a list of tags has tag, which is "" of what is not there.
func hasTag(list, tag string) bool {
	if tag == "" {
		return false
	}
	for t := range strings.SplitSeq(list, ",") {
		if t = strings.TrimSpace(t); t == "*" || strings.TrimPrefix(t, "W/") == tag {
			return true
		}
	}
	return false
}
