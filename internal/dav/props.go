package dav

import (
	"context"
	"encoding/xml"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/webdav"

	"github.com/bargee/bargee/session"
)

// What clients may have us keep.
const (
	maxProps     = 10_000  // properties, of all files
	maxPropBytes = 1 << 20 // of their values
)

// properties are what clients set (dead properties, in the words of the RFC), by
// the key of what has them.
type properties struct {
	mu    sync.Mutex
	of    map[string]map[xml.Name]webdav.Property
	count int
	bytes int

	space   [2]uint64 // free and used
	spaceAt time.Time // when that was asked for; zero: never
	known   bool
}

func newProperties() *properties {
	return &properties{of: map[string]map[xml.Name]webdav.Property{}}
}

// change replaces the properties of name by what do makes of them, if there is room
// for that.
func (p *properties) change(name string, do func(map[xml.Name]webdav.Property)) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.of[name]
	props := maps.Clone(old)
	if props == nil {
		props = map[xml.Name]webdav.Property{}
	}
	do(props)
	count, bytes := p.count+len(props)-len(old), p.bytes+sizeOf(props)-sizeOf(old)
	if count > maxProps || bytes > maxPropBytes {
		return false
	}
	p.count, p.bytes = count, bytes
	if len(props) == 0 {
		delete(p.of, name)
	} else {
		p.of[name] = props
	}
	return true
}

func sizeOf(props map[xml.Name]webdav.Property) (n int) {
	for name, v := range props {
		n += len(name.Space) + len(name.Local) + len(v.InnerXML)
	}
	return n
}

func (p *properties) get(name string) map[xml.Name]webdav.Property {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.of[name])
}

// remove forgets what name and all below it have.
func (p *properties) remove(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, props := range p.of {
		if k == name || strings.HasPrefix(k, name+"/") {
			p.count -= len(props)
			p.bytes -= sizeOf(props)
			delete(p.of, k)
		}
	}
}

// move gives them another name.
func (p *properties) move(from, to string) {
	p.remove(to)
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, props := range maps.Clone(p.of) {
		if rest, ok := strings.CutPrefix(k, from); ok && (rest == "" || rest[0] == '/') {
			delete(p.of, k)
			p.of[to+rest] = props
		}
	}
}

var (
	quotaFree  = xml.Name{Space: "DAV:", Local: "quota-available-bytes"} // RFC 4331
	quotaUsed  = xml.Name{Space: "DAV:", Local: "quota-used-bytes"}
	windowsSet = xml.Name{Space: "urn:schemas-microsoft-com:", Local: "Win32LastModifiedTime"}
)

// DeadProps implements webdav.DeadPropsHolder; directories have the space of their
// disk beside what was set.
func (n *node) DeadProps() (map[xml.Name]webdav.Property, error) {
	props := n.fs.props.get(key(n.name))
	if !n.info.IsDir() {
		return props, nil
	}
	if free, used, ok := n.fs.space(n.ctx); ok {
		if props == nil {
			props = map[xml.Name]webdav.Property{}
		}
		props[quotaFree] = number(quotaFree, free)
		props[quotaUsed] = number(quotaUsed, used)
	}
	return props, nil
}

func number(name xml.Name, n uint64) webdav.Property {
	return webdav.Property{XMLName: name, InnerXML: strconv.AppendUint(nil, n, 10)}
}

// spaceTime is how long an answer about the disk holds.
const spaceTime = 10 * time.Second

func (f *fileSystem) space(ctx context.Context) (free, used uint64, ok bool) {
	p := f.props
	p.mu.Lock()
	fresh := !p.spaceAt.IsZero() && time.Since(p.spaceAt) < spaceTime
	free, used, ok = p.space[0], p.space[1], p.known
	p.mu.Unlock()
	if fresh {
		return free, used, ok
	}
	w := f.wait(ctx)
	defer w.end()
	free, total, err := f.cfg.Tree.Space(w)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.space, p.spaceAt, p.known = [2]uint64{free, total - min(free, total)}, time.Now(), err == nil
	return p.space[0], p.space[1], p.known
}

// Patch implements webdav.DeadPropsHolder: all or nothing. What Windows says of the
// time of a file is the file's time.
func (n *node) Patch(patches []webdav.Proppatch) ([]webdav.Propstat, error) {
	if n.fs.cfg.ReadOnly {
		return each(patches, http.StatusForbidden), nil
	}
	var modified time.Time
	for _, patch := range patches {
		for _, p := range patch.Props {
			if p.XMLName.Space == "DAV:" && !patch.Remove {
				return each(patches, http.StatusForbidden), nil
			}
			if p.XMLName == windowsSet && !patch.Remove {
				modified, _ = http.ParseTime(string(p.InnerXML)) // else it is a text like others
			}
		}
	}
	fits := n.fs.props.change(key(n.name), func(all map[xml.Name]webdav.Property) {
		for _, patch := range patches {
			for _, p := range patch.Props {
				if delete(all, p.XMLName); !patch.Remove {
					all[p.XMLName] = p
				}
			}
		}
	})
	if !fits {
		return each(patches, http.StatusInsufficientStorage), nil
	}
	if !modified.IsZero() {
		w := n.fs.wait(n.ctx)
		defer w.end()
		if err := n.fs.cfg.Tree.Touch(w, n.path, modified, false); err != nil && session.KindOf(err) != session.NotFound {
			return nil, requestOf(n.ctx).failed("touch", n.name, w.explain(err))
		}
	}
	return each(patches, http.StatusOK), nil
}

// each says one status of all that was to be changed.
func each(patches []webdav.Proppatch, status int) []webdav.Propstat {
	s := webdav.Propstat{Status: status}
	for _, patch := range patches {
		for _, p := range patch.Props {
			s.Props = append(s.Props, webdav.Property{XMLName: p.XMLName})
		}
	}
	return []webdav.Propstat{s}
}
