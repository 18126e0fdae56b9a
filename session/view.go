package session

import (
	"time"

	"github.com/bargee/bargee/transport"
)

// seenBy returns the server as a peer with that grant sees it: with no more rights than
// the grant has, and of the tree only the directory that it is for. over has to be
// called at the end.
func (s *Server) seenBy(g transport.Grant) (v *Server, over func(), err error) {
	if err := g.Mode.Check(); err != nil {
		return nil, nil, newError(Refused, Path{}, "%w", err)
	}
	v, over = &Server{cfg: s.cfg, transfers: s.transfers, out: s.out, in: s.in, guests: s.guests}, func() {}
	v.cfg.ReadOnly = s.cfg.ReadOnly || g.Mode == transport.ReadOnly
	v.cfg.WriteOnly = s.cfg.WriteOnly || g.Mode == transport.WriteOnly
	v.cfg.Greeting.Writes = s.cfg.Greeting.Writes && !v.cfg.ReadOnly
	if s.cfg.Quotas != nil {
		v.cfg.quotas = s.cfg.Quotas(g)
	}
	if g.Path == "" {
		return v, over, nil
	}
	v.cfg.Greeting.Shows, v.cfg.Home = "", nil
	if s.cfg.Tree == nil || s.cfg.Offer != nil {
		v.cfg.Tree, v.cfg.Offer, v.gone = nil, nil, newError(Refused, Path{}, "there is no directory here of which a part could be shown")
		return v, over, nil
	}
	sub, err := s.cfg.Tree.sub(g.Path)
	if err != nil { // it may be there the next time
		v.cfg.Tree, v.gone = nil, newError(KindOf(err), Path{}, "the directory that you may see is not there, or is none")
		return v, over, nil
	}
	v.cfg.Tree = sub
	return v, func() { sub.Close() }, nil
}

// sub opens a directory of d as a jail of its own. No link leads there.
func (d *Dir) sub(path string) (*Dir, error) {
	p, err := ParsePath(path)
	if err != nil {
		return nil, err
	}
	root, err := d.open(p)
	if err != nil {
		return nil, err
	}
	return newDir(root), nil
}

// jailOf is where a grant's directory is in the served tree.
func jailOf(g transport.Grant) Path {
	p, err := ParsePath(g.Path)
	if err != nil {
		return Path{}
	}
	return p
}

// untilExpiry closes a link when the grant that let it in is over.
func untilExpiry(l transport.Link) (stop func() bool) {
	until := l.Peer().Grant.Expires
	if until.IsZero() {
		return func() bool { return true }
	}
	return time.AfterFunc(time.Until(until), func() { l.Close("the time that it was let in for is over") }).Stop
}
