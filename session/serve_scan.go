package session

import (
	"context"
	"io/fs"
	"iter"

	"github.com/bargee/bargee/internal/wire"
)

// scanPart is about how many bytes of records a message has.
const scanPart = 96 << 10

// scan writes all that is below a directory.
func (e *exchange) scan(ctx context.Context, ask *wire.Scan) error {
	p, err := e.s.path(ask.GetPath())
	if err != nil {
		return err
	}
	out, only := stringsOf(ask.GetRules()), stringsOf(ask.GetOnly())
	if err := checkRules(out, only); err != nil {
		return err
	}
	if e.s.cfg.Tree == nil {
		return newError(Refused, p, "what is offered here cannot be synced: receive it")
	}
	if !take(e.v.walks) {
		return errManyWalks
	}
	defer give(e.v.walks)
	head, err := e.s.cfg.Tree.scanHead(p)
	if err != nil {
		return err
	}
	if err := e.write(&wire.Scanned{Head: &wire.ScanHead{ModeBits: uint32(head.modes), Folds: head.folds}}); err != nil {
		return e.cut(err)
	}
	f := scanFilter{out: newRules(out), only: newRules(only), identity: ask.GetIdentity()}
	part := &wire.Scanned{Records: make([]byte, 0, scanPart+maxScanRecord)}
	flush := func(most int) error {
		if len(part.Records) <= most {
			return nil
		}
		err := e.write(part)
		part.Records = part.Records[:0]
		return err
	}
	for d, err := range e.s.cfg.Tree.scan(ctx, p, f) {
		if err != nil {
			part.Error = toWire(err)
			break
		}
		for i := range d.entries {
			part.Records = appendScanEntry(part.Records, &d.entries[i], f.identity)
			if err := flush(scanPart); err != nil {
				return e.cut(err)
			}
		}
		part.Records = appendScanEnd(part.Records, &d)
		if err := flush(scanPart); err != nil {
			return e.cut(err)
		}
	}
	part.Done = part.Error == nil
	if err := e.write(part); err != nil {
		return e.cut(err)
	}
	return e.st.Close()
}

// scan yields what the peer tells of p and all below it, as scan of a disk does.
func (r *Remote) scan(ctx context.Context, p Path, f *wire.Scan) (scanHead, iter.Seq2[scannedDir, error], error) {
	var h scanHead
	f.Path = []byte(p.raw)
	c, err := r.ask(ctx, p, &wire.Request{Ask: &wire.Request_Scan{Scan: f}})
	if err != nil {
		return h, nil, err
	}
	var first wire.Scanned
	if err = c.read(&first, patience); err == nil && first.GetError() != nil {
		err = fromWire(first.GetError())
	}
	if err != nil {
		err = c.explain(err)
		c.end()
		return h, nil, r.tooOld(p, err, "cannot be synced with")
	}
	h = scanHead{fs.FileMode(first.GetHead().GetModeBits()), first.GetHead().GetFolds()}
	return h, func(yield func(scannedDir, error) bool) {
		defer c.end()
		reader := &scanReader{identity: f.GetIdentity()}
		for part, err := range parts(c, func() *wire.Scanned { return new(wire.Scanned) }, whenever) {
			if err != nil {
				yield(scannedDir{}, err)
				return
			}
			more, err := reader.take(part.GetRecords(), func(d scannedDir) bool { return yield(d, nil) })
			switch {
			case err != nil:
				yield(scannedDir{}, c.explain(err))
				return
			case !more:
				return
			case part.GetDone() && !reader.over:
				yield(scannedDir{}, newError(Protocol, p, "%w", errScanShort))
				return
			case part.GetDone():
				c.over = true
				return
			}
		}
		yield(scannedDir{}, about(p, errBrokenOff))
	}, nil
}
