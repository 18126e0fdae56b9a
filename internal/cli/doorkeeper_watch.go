package cli

import (
	"context"
	"crypto/ed25519"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// enter notes a link, until leave, or says why it is not to be: what let it in may
// have been revoked since.
func (d *doorkeeper) enter(l transport.Link) (leave func(), err error) {
	if d == nil {
		return func() {}, nil
	}
	g := l.Peer().Grant
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refresh()
	if err := d.still(g); err != nil {
		return nil, err
	}
	d.inside[l] = g
	d.use.came(useKey(g), l.Peer().Address)
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.inside, l)
	}, nil
}

// look acts on what changed, and tells whether something did.
func (d *doorkeeper) look() bool {
	d.mu.Lock()
	d.refresh()
	changed := d.jwt.news(d.log) || d.news
	d.news = false
	gone := map[transport.Link]error{}
	if changed {
		for l, g := range d.inside {
			if err := d.still(g); err != nil {
				gone[l] = err
			}
		}
	}
	d.mu.Unlock()
	for l, err := range gone {
		d.log.Info("cut off", "from", l.Peer().Address, "key", l.Peer().Key.Short(), "reason", reason(err))
		l.Close(err.Error())
	}
	return changed
}

// pass is transport.Admission.Pass.
func (d *doorkeeper) pass(word string, holder ed25519.PublicKey) (transport.Grant, error) {
	d.mu.Lock()
	d.refresh()
	revoked := d.revoked
	d.mu.Unlock()
	if revoked[transport.FingerprintOf(holder).String()] {
		return transport.Grant{}, errKeyRevoked
	}
	return d.jwt.judge(word, holder, revoked, d.log)
}

// watch looks at the files until ctx ends, and has changed hear when they are others.
func (d *doorkeeper) watch(ctx context.Context, changed func()) {
	tick := time.NewTicker(watchTime)
	defer tick.Stop()
	failed := false
	save := func() {
		err := d.use.save()
		if err != nil && !failed {
			d.log.Error("what tokens are used for is not kept", "reason", reason(err))
		}
		failed = err != nil
	}
	defer save()
	for {
		select {
		case <-tick.C:
			if d.look() {
				changed()
			}
			save()
		case <-ctx.Done():
			return
		}
	}
}

// watchTime is how soon it is noticed that a token was revoked. A new one is known at
// the next login.
const watchTime = 500 * time.Millisecond

// quotas is session.ServerConfig.Quotas.
func (d *doorkeeper) quotas(g transport.Grant) (all []*session.Quota) {
	if d.total != nil {
		all = append(all, d.total)
	}
	switch {
	case g.Quota > 0 && isJWT(g) && d.jwt.perUser != nil: // what lies in his own directory
		if own, err := session.ParsePath(g.Name); err == nil {
			all = append(all, d.use.quota(useKey(g), g.Quota, func() *session.Quota { return session.NewTreeQuota(g.Quota, d.jwt.perUser, own) }))
		}
	case g.Quota > 0:
		all = append(all, d.use.quota(useKey(g), g.Quota, nil))
	}
	return all
}
