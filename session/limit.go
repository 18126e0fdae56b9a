package session

import "errors"

// SetLimit sets how many bytes a second cross the links of this engine on data
// streams, all transfers together: so many that are sent, and so many that are
// received. 0 is no limit; any other figure is at least LeastLimit. It may be
// changed at any time, and holds for what is under way.
//
// Transfers that run at the same time get the same share of it, as far as they
// make use of that. The figure is kept to 5 % over a few seconds.
func (e *Engine) SetLimit(bytesPerSecond int64) error {
	if err := checkLimit(bytesPerSecond); err != nil {
		return err
	}
	return e.SetLimits(bytesPerSecond, bytesPerSecond)
}

// SetLimits is SetLimit with a figure for each direction.
func (e *Engine) SetLimits(send, receive int64) error {
	if err := errors.Join(checkLimit(send), checkLimit(receive)); err != nil {
		return err
	}
	e.await()
	e.out.set(send)
	e.in.set(receive)
	e.saveSettings()
	return nil
}

// Limits returns what SetLimit or SetLimits set.
func (e *Engine) Limits() (send, receive int64) {
	e.await()
	return e.out.get(), e.in.get()
}

// Limit returns what SetLimit set.
func (e *Engine) Limit() int64 { return e.out.get() }

// SetTransferLimit is SetLimit for one transfer, beside that for all
// (Options.Limit).
func (e *Engine) SetTransferLimit(id TransferID, bytesPerSecond int64) error {
	if err := checkLimit(bytesPerSecond); err != nil {
		return err
	}
	return e.with(id, func(q *queued) error {
		q.limit.set(bytesPerSecond)
		e.save(q)
		return nil
	})
}

func checkLimit(n int64) error {
	if n < 0 || n > 0 && n < LeastLimit {
		return newError(Invalid, Path{}, "a limit of %d bytes a second: use at least %d", n, LeastLimit)
	}
	return nil
}
