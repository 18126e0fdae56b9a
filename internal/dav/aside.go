package dav

import (
	"context"
	"crypto/rand"
	"net/http"

	"github.com/bargee/bargee/session"
)

// An aside is what a MOVE or COPY replaces. webdav removes it before it knows
// whether the rest succeeds; here it waits under another name.
type aside struct{ name, now session.Path }

func (f *fileSystem) setAside(ctx context.Context, r *request, p session.Path) error {
	now, err := p.Parent().Join(".bargee-aside-" + rand.Text())
	if err != nil {
		return err
	}
	if err := f.cfg.Tree.Rename(ctx, p, now); err != nil {
		return err
	}
	r.aside = append(r.aside, aside{p, now})
	return nil
}

// settle ends what was set aside: it goes if the request succeeded, else it gets
// its name again. The half of a copy makes room for that; what a MOVE brought does
// not, since it may be the only one there is.
func (f *fileSystem) settle(ctx context.Context, r *request, status int) {
	for _, a := range r.aside {
		w := f.wait(context.WithoutCancel(ctx)) // whoever asked may be gone
		err := f.settleOne(w, r, a, status != 0 && status < http.StatusBadRequest)
		if err != nil {
			f.cfg.Log.Warn("what was replaced is left under another name",
				"name", a.now.String(), "was", a.name.String(), "reason", w.explain(err))
		}
		w.end()
	}
}

func (f *fileSystem) settleOne(ctx context.Context, r *request, a aside, succeeded bool) error {
	if succeeded {
		return f.cfg.Tree.Remove(ctx, a.now, true)
	}
	if r.method == "COPY" {
		if err := f.cfg.Tree.Remove(ctx, a.name, true); err != nil && session.KindOf(err) != session.NotFound {
			return err
		}
	}
	return f.cfg.Tree.Rename(ctx, a.now, a.name)
}
