package session

import (
	"context"
	"io/fs"
	"log/slog"
	"runtime/debug"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// allows says no to what this server is not there for.
func (s *Server) allows(req *wire.Request) error {
	if s.gone != nil && !needsNothing(req) {
		return s.gone
	}
	if s.cfg.Tree == nil && s.cfg.Offer == nil && !needsNothing(req) {
		return newError(Refused, Path{}, "nothing is served here")
	}
	switch req.Ask.(type) {
	case *wire.Request_List, *wire.Request_Stat, *wire.Request_Open, *wire.Request_Hash, *wire.Request_Space,
		*wire.Request_Fetch, *wire.Request_Names, *wire.Request_StatAll, *wire.Request_Watch, *wire.Request_Measure, *wire.Request_Find, *wire.Request_Glob,
		*wire.Request_Scan, *wire.Request_Hold:
		if s.cfg.WriteOnly {
			return newError(Refused, Path{}, "write-only: nothing is read here")
		}
	case *wire.Request_Move, *wire.Request_Remove, *wire.Request_Touch, *wire.Request_Chmod, *wire.Request_Symlink, *wire.Request_Amend:
		if s.cfg.Offer != nil {
			return errOfferStays
		}
		if s.cfg.ReadOnly {
			return newError(Refused, Path{}, "read-only: nothing is changed here")
		}
		if s.cfg.WriteOnly {
			return newError(Refused, Path{}, "write-only: what is here stays as it is")
		}
	case *wire.Request_Make, *wire.Request_Send, *wire.Request_Draft:
		if s.cfg.Offer != nil {
			return errOfferStays
		}
		if s.cfg.ReadOnly {
			return newError(Refused, Path{}, "read-only: nothing is changed here")
		}
	case *wire.Request_Ping, *wire.Request_Introduce, *wire.Request_Keep, *wire.Request_Data, *wire.Request_Offer, *wire.Request_Take:
	default:
		return newError(Invalid, Path{}, "a request that this version does not know")
	}
	return nil
}

// needsNothing tells whether a request is answered where nothing is served.
func needsNothing(req *wire.Request) bool {
	switch req.Ask.(type) {
	case *wire.Request_Ping, *wire.Request_Introduce:
		return true
	}
	return false
}

// An exchange is one request and its answer.
type exchange struct {
	v     *visit
	s     *Server
	st    transport.Stream
	begun bool // raw bytes were written: from here on only a code can tell of an error
}

// transfer hands the stream to the transfers.
func (e *exchange) transfer(ctx context.Context, req *wire.Request) {
	defer e.rescue(abortFailed)
	e.begun = true
	switch ask := req.Ask.(type) {
	case *wire.Request_Send:
		e.s.serveSend(ctx, e.v, e.st, ask.Send)
	case *wire.Request_Fetch:
		e.s.serveFetch(ctx, e.v, e.st, ask.Fetch)
	case *wire.Request_Data:
		e.s.serveData(ctx, e.v.link, e.st, ask.Data)
	}
}

// rescue ends a request in which a bug was met, and lets the others go on.
func (e *exchange) rescue(code transport.AbortCode) {
	p := recover()
	if p == nil {
		return
	}
	slog.Error("panic in a request", "panic", p, "stack", string(debug.Stack()))
	if !e.begun {
		e.refuse(newError(Internal, Path{}, "internal error"))
	}
	e.st.Abort(code)
}

// answer answers all requests but those of transfers.
func (e *exchange) answer(ctx context.Context, req *wire.Request) {
	defer e.rescue(codeOf(Internal))
	var reply *wire.Reply
	var err error
	switch ask := req.Ask.(type) {
	case *wire.Request_List:
		err = e.list(ctx, ask.List)
	case *wire.Request_Open:
		err = e.open(ctx, ask.Open)
	case *wire.Request_Stat:
		reply, err = e.stat(ctx, ask.Stat)
	case *wire.Request_Hash:
		reply, err = e.hash(ctx, ask.Hash)
	case *wire.Request_Space:
		reply, err = e.space(ctx)
	case *wire.Request_Keep:
		reply, err = done(e.keep())
	case *wire.Request_Ping:
		reply, err = done(nil)
	case *wire.Request_Introduce:
		reply = e.greet()
	case *wire.Request_Names:
		err = e.names(ctx, ask.Names)
	case *wire.Request_StatAll:
		err = e.statAll(ctx, ask.StatAll)
	case *wire.Request_Watch:
		err = e.watch(ctx, ask.Watch)
	case *wire.Request_Measure:
		err = e.measure(ctx, ask.Measure)
	case *wire.Request_Find:
		err = e.find(ctx, ask.Find)
	case *wire.Request_Glob:
		err = e.glob(ctx, ask.Glob)
	case *wire.Request_Scan:
		err = e.scan(ctx, ask.Scan)
	case *wire.Request_Amend:
		err = e.amend(ctx, ask.Amend)
	case *wire.Request_Hold:
		err = e.hold(ctx, ask.Hold)
	case *wire.Request_Offer:
		err = e.offered(ctx)
	case *wire.Request_Take:
		reply, err = done(e.take(ask.Take))
	default:
		reply, err = done(e.change(ctx, req))
	}
	switch {
	case err != nil:
		e.refuseAs(req, err)
	case reply != nil:
		e.write(reply)
		e.st.Close()
	}
}

func done(err error) (*wire.Reply, error) {
	return &wire.Reply{Answer: &wire.Reply_Done{Done: &wire.Done{}}}, err
}

// write writes a message, if the peer takes it in time.
func (e *exchange) write(m proto.Message) error {
	e.st.SetWriteDeadline(time.Now().Add(writeWait))
	return wire.Write(e.st, m)
}

// refuse says err in place of any Reply, or if it is too late for that, by the
// code of an abort.
func (e *exchange) refuse(err error) {
	e.refuseAs(nil, err)
}

// refuseAs is refuse in the words of the answer to req.
func (e *exchange) refuseAs(req *wire.Request, err error) {
	if e.begun {
		e.st.Abort(codeOf(KindOf(err)))
		return
	}
	var m proto.Message = &wire.Reply{Answer: &wire.Reply_Error{Error: toWire(err)}}
	switch req.GetAsk().(type) {
	case *wire.Request_List:
		m = &wire.Entries{Error: toWire(err)}
	case *wire.Request_Send:
		m = &wire.ToSender{Say: &wire.ToSender_Error{Error: toWire(err)}}
	case *wire.Request_Fetch:
		m = &wire.ToReceiver{Say: &wire.ToReceiver_Error{Error: toWire(err)}}
	case *wire.Request_Data: // has no words
		e.st.Abort(abortFailed)
		return
	}
	e.write(m)
	e.st.Close()
	e.st.Abort(codeOf(KindOf(err))) // after Close: what the asker says still goes unread
}

func (e *exchange) stat(ctx context.Context, ask *wire.Stat) (*wire.Reply, error) {
	p, err := e.s.path(ask.GetPath())
	if err != nil {
		return nil, err
	}
	entry, err := e.s.tree().Stat(ctx, p)
	return &wire.Reply{Answer: &wire.Reply_Entry{Entry: entryToWire(entry)}}, err
}

func (e *exchange) hash(ctx context.Context, ask *wire.Hash) (*wire.Reply, error) {
	p, err := e.s.path(ask.GetPath())
	if err != nil {
		return nil, err
	}
	digest, err := e.s.tree().Hash(ctx, p, algorithmFromWire(ask.GetAlgorithm()))
	return &wire.Reply{Answer: &wire.Reply_Digest{Digest: digest}}, err
}

func (e *exchange) space(ctx context.Context) (*wire.Reply, error) {
	free, total, err := e.s.tree().Space(ctx)
	return &wire.Reply{Answer: &wire.Reply_Space{Space: &wire.SpaceReply{Free: free, Total: total}}}, err
}

func (e *exchange) keep() error {
	if e.s.cfg.Keep == nil {
		return newError(Refused, Path{}, "this side keeps no grants")
	}
	return e.s.cfg.Keep(e.v.link.Peer())
}

// change does what changes the tree.
func (e *exchange) change(ctx context.Context, req *wire.Request) error {
	paths := make([]Path, 0, 2)
	for _, raw := range pathsOf(req) {
		p, err := e.s.path(raw)
		if err != nil {
			return err
		}
		paths = append(paths, p)
	}
	tree := e.s.tree()
	switch ask := req.Ask.(type) {
	case *wire.Request_Make:
		if err := e.s.cfg.mayBeMade(paths[0], ask.Make.GetParents()); err != nil {
			return err
		}
		return tree.Mkdir(ctx, paths[0], ask.Make.GetParents())
	case *wire.Request_Move:
		if err := e.s.cfg.mayBeMade(paths[1], false); err != nil {
			return err
		}
		return e.did(DeedMoved, paths, tree.Rename(ctx, paths[0], paths[1]))
	case *wire.Request_Remove:
		return e.did(DeedRemoved, paths, tree.Remove(ctx, paths[0], ask.Remove.GetRecursive()))
	case *wire.Request_Touch:
		if err := e.s.cfg.mayBeMade(paths[0], false); err != nil && !e.isThere(ctx, paths[0]) {
			return err
		}
		at := timeFromWire(ask.Touch.GetModifiedS(), ask.Touch.GetModifiedNs())
		return tree.Touch(ctx, paths[0], at, ask.Touch.GetMustBeNew())
	case *wire.Request_Chmod:
		return tree.Chmod(ctx, paths[0], fs.FileMode(ask.Chmod.GetMode()))
	case *wire.Request_Symlink:
		if err := e.s.cfg.mayBeMade(paths[0], false); err != nil {
			return err
		}
		return tree.Symlink(ctx, string(ask.Symlink.GetTarget()), paths[0])
	}
	return newError(Invalid, Path{}, "no request")
}

func (e *exchange) isThere(ctx context.Context, p Path) bool {
	_, err := e.s.tree().Stat(ctx, p)
	return err == nil
}

func pathsOf(req *wire.Request) [][]byte {
	switch ask := req.Ask.(type) {
	case *wire.Request_Make:
		return [][]byte{ask.Make.GetPath()}
	case *wire.Request_Move:
		return [][]byte{ask.Move.GetFrom(), ask.Move.GetTo()}
	case *wire.Request_Remove:
		return [][]byte{ask.Remove.GetPath()}
	case *wire.Request_Touch:
		return [][]byte{ask.Touch.GetPath()}
	case *wire.Request_Chmod:
		return [][]byte{ask.Chmod.GetPath()}
	case *wire.Request_Symlink:
		return [][]byte{ask.Symlink.GetPath()}
	}
	return nil
}
