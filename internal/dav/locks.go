package dav

import (
	"context"
	"time"

	"golang.org/x/net/webdav"

	"github.com/bargee/bargee/session"
)

// locks are those of webdav, in memory, which leave the tags in the conditions of an
// If header alone; here a condition on a tag holds for the file as it is.
type locks struct {
	webdav.LockSystem
	fs *fileSystem
}

func (l *locks) Confirm(now time.Time, name0, name1 string, conditions ...webdav.Condition) (release func(), err error) {
	token := false
	for _, c := range conditions {
		if c.ETag != "" && l.isNow(name0, c.ETag) == c.Not {
			return nil, webdav.ErrConfirmationFailed
		}
		token = token || c.Token != "" && !c.Not
	}
	if !token { // nobody else may have a lock, then
		return l.without(now, name0, name1)
	}
	return l.LockSystem.Confirm(now, name0, name1, conditions...)
}

// without locks names for the time of a request that has no lock.
func (l *locks) without(now time.Time, names ...string) (release func(), err error) {
	var tokens []string
	release = func() {
		for _, t := range tokens {
			l.Unlock(now, t)
		}
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		t, err := l.Create(now, webdav.LockDetails{Root: name, Duration: -1, ZeroDepth: true})
		if err != nil {
			release()
			return nil, webdav.ErrConfirmationFailed
		}
		tokens = append(tokens, t)
	}
	return release, nil
}

// isNow tells whether name has a tag at this moment.
func (l *locks) isNow(name, tag string) bool {
	p, err := l.fs.path(name)
	if err != nil {
		return false
	}
	e, err := l.fs.entry(context.Background(), p) // which ends by itself
	return err == nil && e.Kind == session.RegularFile && etag(e) == tag
}
