package cli

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bargee/bargee/session"
)

// event writes v as a line of JSON. Its type's first field is the event's name.
func (a *app) event(v any) {
	enc := json.NewEncoder(a.stdout)
	enc.SetEscapeHTML(false) // the lines are for programs and people, not for pages
	if err := enc.Encode(v); err != nil {
		// What cannot be written is found by flush; what cannot be encoded is a bug.
		var bad *json.UnsupportedValueError
		if errors.As(err, &bad) {
			panic("bargee: internal error: " + err.Error())
		}
	}
}

// bytesOf returns the base64 of a name that JSON cannot carry as it is.
func bytesOf(name string) string {
	if utf8.ValidString(name) {
		return ""
	}
	return base64.StdEncoding.EncodeToString([]byte(name))
}

// textOf returns a name as JSON can carry it.
func textOf(name string) string { return strings.ToValidUTF8(name, "\uFFFD") }

type errorEvent struct {
	Event      string       `json:"event"`
	Kind       session.Kind `json:"kind"`
	Side       session.Side `json:"side,omitempty"`
	Path       string       `json:"path,omitempty"`
	PathBase64 string       `json:"path_base64,omitempty"`
	Message    string       `json:"message"`
}

func newErrorEvent(err error) errorEvent {
	ev := errorEvent{Event: "error", Kind: kindOf(err), Message: err.Error()}
	var e *session.Error
	if errors.As(err, &e) {
		ev.Side = e.Side
		if !e.Path.IsRoot() {
			ev.Path, ev.PathBase64 = textOf("/"+e.Path.Raw()), bytesOf("/"+e.Path.Raw())
		}
	}
	return ev
}

type entryEvent struct {
	Event      string  `json:"event"`
	Path       string  `json:"path"`
	PathBase64 string  `json:"path_base64,omitempty"`
	Name       string  `json:"name"`
	NameBase64 string  `json:"name_base64,omitempty"`
	Kind       string  `json:"kind"`
	Size       int64   `json:"size"`
	Mode       string  `json:"mode"`
	Modified   string  `json:"modified"`
	Target     *string `json:"target,omitempty"`
	TargetB64  string  `json:"target_base64,omitempty"`
	MIME       string  `json:"mime,omitempty"`
	Algorithm  string  `json:"algorithm,omitempty"`
	Digest     string  `json:"digest,omitempty"`
}

// newEntryEvent describes e, which lies at p.
func newEntryEvent(p session.Path, e session.Entry) entryEvent {
	raw := "/" + p.Raw()
	ev := entryEvent{
		Event: "entry",
		Path:  textOf(raw), PathBase64: bytesOf(raw),
		Name: textOf(p.Base()), NameBase64: bytesOf(p.Base()),
		Kind: e.Kind.String(), Size: e.Size,
		Mode:     fmt.Sprintf("%04o", unixMode(e.Mode)),
		Modified: e.Modified.UTC().Format(time.RFC3339Nano),
	}
	switch e.Kind {
	case session.Link:
		target := textOf(e.Target)
		ev.Target, ev.TargetB64 = &target, bytesOf(e.Target)
	case session.RegularFile:
		ev.MIME, _, _ = strings.Cut(mime.TypeByExtension(path.Ext(p.Base())), ";")
	}
	return ev
}
