package dav

import (
	"context"
	"fmt"
	"io/fs"
	"mime"
	"path"
	"time"

	"golang.org/x/net/webdav"

	"github.com/bargee/bargee/session"
)

// An info describes a file or directory to webdav.
type info struct {
	name  string
	entry session.Entry
	again func(context.Context) (session.Entry, error) // of what was being written: as it is now
}

var (
	_ webdav.ContentTyper = info{}
	_ webdav.ETager       = info{}
)

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.entry.Size }
func (i info) ModTime() time.Time { return i.entry.Modified }
func (i info) IsDir() bool        { return i.entry.Kind == session.Directory }
func (i info) Sys() any           { return i.entry }

func (i info) Mode() fs.FileMode {
	if i.IsDir() {
		return fs.ModeDir | i.entry.Mode
	}
	return i.entry.Mode
}

// ContentType implements webdav.ContentTyper by the name alone: without it the
// beginning of each file in a listing would be fetched.
func (i info) ContentType(context.Context) (string, error) {
	if t := mime.TypeByExtension(path.Ext(i.name)); t != "" {
		return t, nil
	}
	return "application/octet-stream", nil
}

// ETag implements webdav.ETager. Of a file that is being written it is asked for
// when that is closed.
func (i info) ETag(ctx context.Context) (string, error) {
	e := i.entry
	if i.again != nil {
		now, err := i.again(ctx)
		if err != nil {
			return "", err
		}
		e = now
	}
	return etag(e), nil
}

func etag(e session.Entry) string {
	return fmt.Sprintf(`"%x-%x"`, e.Modified.UnixNano(), e.Size)
}
