package session

import (
	"encoding/json"
	"errors"
	"slices"
	"time"
)

// errUnread is what a row shows that its store does not give out.
var errUnread = errors.New("it cannot be read from the queue's database")

// errNobodyWaits is why a transfer in the foreground does not go on by itself.
var errNobodyWaits = &Error{Kind: Interrupted, Err: errors.New("the command that it was for is gone; retry goes on with it")}

// await returns once the queue is restored. Until then the engine has places,
// and no transfers.
func (e *Engine) await() {
	e.mu.Lock()
	ready := e.ready
	e.mu.Unlock()
	<-ready
}

// Keep gives an engine that has no store, and was given no transfer yet or has
// KeepLater, the one to keep its queue in, as EngineConfig.Store does: the queue
// goes on where it was left. The engine closes s, also if Keep fails.
func (e *Engine) Keep(s Store) error {
	e.mu.Lock()
	select {
	case <-e.ready:
	default:
		e.mu.Unlock()
		return errors.Join(newError(Busy, Path{}, "the engine is being given a store"), s.Close())
	}
	if e.keeper != nil || e.lastID > 0 || e.ctx.Err() != nil {
		e.mu.Unlock()
		return errors.Join(newError(Invalid, Path{}, "the engine has a queue already"), s.Close())
	}
	e.ready = make(chan struct{})
	e.running.Go(func() { e.goOn(s) })
	e.mu.Unlock()
	return nil
}

// goOn takes the queue over from the store, lets it go on, and keeps it.
func (e *Engine) goOn(s Store) {
	e.restore(s)
	e.begin()
	e.saveCounts()
}

func (e *Engine) restore(s Store) {
	r, err := s.Restore()
	e.mu.Lock()
	defer e.mu.Unlock()
	defer close(e.ready)
	if err != nil {
		_ = s.Close()
		e.log.notice(Notice{time.Now(), "the queue is not being saved: " + Display(plain(err).Error())})
		return
	}
	e.keeper = newKeeper(s, &e.mu, e.notice)
	for _, text := range r.Notices {
		e.log.notice(Notice{time.Now(), text})
	}
	if n := r.Settings.Concurrency; n >= 1 && n <= MaxConcurrency && e.usual {
		e.cfg.Concurrency = n
	}
	if checkLimit(r.Settings.Send) == nil && checkLimit(r.Settings.Receive) == nil {
		e.out.set(r.Settings.Send)
		e.in.set(r.Settings.Receive)
	}
	e.lastID, e.lastEnded = r.LastID, r.LastEnded
	e.past.counts[TabFailed] += r.Counts[TabFailed]
	e.past.counts[TabDone] += r.Counts[TabDone]
	for _, list := range e.past.ended { // what ended here before came after all that
		for _, q := range list {
			e.lastEnded++
			q.ended = e.lastEnded
		}
	}
	e.line.rows = slices.Grow(e.line.rows, len(r.Active))
	rows := make([]queued, len(r.Active)) // one piece of memory for all
	for i := range r.Active {
		e.queueUp(&rows[i], &r.Active[i])
	}
	if !slices.IsSortedFunc(e.line.rows, turnOrder) {
		slices.SortFunc(e.line.rows, turnOrder)
	}
}

// queueUp puts a restored row into the queue: what ran goes on; e.mu is held.
func (e *Engine) queueUp(q *queued, r *Row) {
	if r.State > StateCancelled { // of a program that is newer, or of a file that is damaged
		r.State = StatePaused
	}
	*q = queued{id: r.ID, state: r.State, priority: int8(r.Priority), place: r.Place, foreground: r.Foreground}
	switch q.state {
	case StateRunning, StateRetrying:
		q.state = StateWaiting
		e.again[q] = true
	}
	if q.foreground { // its turn does not come: begin ends it
		e.orphans = append(e.orphans, q)
	}
	e.transfers[q.id] = q
	e.line.rows = append(e.line.rows, q)
	e.line.last = max(e.line.last, q.place)
	e.total.account(q)
}

// begin lets a restored queue go on.
func (e *Engine) begin() {
	e.await()
	e.need(e.orphans)
	e.mu.Lock()
	for _, q := range e.orphans {
		if !q.state.Over() {
			q.state = StateRunning // of the engine before
			e.move(q, evBroken, errNobodyWaits)
		}
	}
	e.orphans = nil
	e.mu.Unlock()
	e.schedule()
}

// readAgain is when a row is read again that the store could not give.
const readAgain = time.Second

// bare returns those that have no detail; Engine.mu is held.
func bare(qs []*queued) (out []*queued) {
	for _, q := range qs {
		if q.detail == nil || !q.tried.IsZero() && time.Since(q.tried) > readAgain {
			out = append(out, q)
		}
	}
	return out
}

// need reads the details of transfers from the store. One that cannot be read
// has a detail that says so.
func (e *Engine) need(qs []*queued) {
	e.mu.Lock()
	qs = bare(qs)
	k := e.keeper
	e.mu.Unlock()
	if len(qs) == 0 || k == nil {
		return
	}
	ids := make([]TransferID, len(qs))
	for i, q := range qs {
		ids[i] = q.id
	}
	records, err := k.store.Load(ids)
	byID := map[TransferID]*Record{}
	for i := range records {
		byID[records[i].ID] = &records[i]
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, q := range bare(qs) {
		switch r := byID[q.id]; {
		case r != nil:
			e.attach(q, r)
		case err != nil:
			q.detail = unreadDetail(err)
			q.tried = time.Now() // a disk that is full or busy may not be so later
		default:
			q.detail = unreadDetail(errUnread)
		}
		if !q.state.Over() {
			e.total.account(q)
		}
	}
}

func unreadDetail(err error) *detail {
	d := newDetail(Job{Sources: []Path{{}}})
	d.unread = &Error{Kind: Internal, Err: err}
	d.err = d.unread
	return d
}

// attach gives q the detail that was stored; e.mu is held.
func (e *Engine) attach(q *queued, r *Record) {
	j, err := restoreJob(r.Job)
	var life storedLife
	if err == nil {
		err = json.Unmarshal(r.Life, &life)
	}
	if err != nil {
		q.detail = unreadDetail(err)
		return
	}
	j.From, j.To = e.placeOf(r.From), e.placeOf(r.To)
	j.Priority, j.Foreground = int(q.priority), q.foreground
	q.detail = newDetail(j)
	life.restore(q)
	for _, a := range r.Answers {
		if a.Decision == Ask {
			q.ledger.settled.items[a.Key] = false
			continue
		}
		q.asking.remember(a.Key, a.Decision)
	}
	e.noteRenamed(q)
}

// noteRenamed has it written which files got another name than theirs: an engine
// after this one would give them one more. e.mu is held.
func (e *Engine) noteRenamed(q *queued) {
	observe := q.ledger.observe
	q.ledger.observe = func(it Item) {
		if observe != nil {
			observe(it)
		}
		copied := it.Kind != Directory && (it.Result == Copied || it.Result == Resumed)
		if !copied || it.Name.Base() == it.Path.Base() || !q.asking.renames(&q.job.Options) {
			return
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.keeper != nil {
			e.keeper.put(&Record{Row: q.row(), Answers: []Answer{{keyOf(it.Path), Ask}}})
		}
	}
}

// revive makes transfers of records that are not in memory. They are not in
// memory after that either.
func (e *Engine) revive(records []Record) []*queued {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.reviveLocked(records)
}

func (e *Engine) reviveLocked(records []Record) []*queued {
	out := make([]*queued, len(records))
	for i := range records {
		r := &records[i]
		out[i] = &queued{
			id: r.ID, state: r.State, priority: int8(r.Priority), place: r.Place, foreground: r.Foreground,
			ended: r.Ended, filed: r.Tab,
		}
		e.attach(out[i], r)
	}
	return out
}

// save has the state of q written; e.mu is held. What ends because the engine
// is closed goes on with the next one, and stays in the store what it was.
func (e *Engine) save(q *queued) {
	if e.keeper == nil || q.detail != nil && (q.leaving && !q.foreground || q.unread != nil) {
		return
	}
	r := &Record{Row: q.row()}
	if q.detail != nil {
		t := q.snapshot(time.Now())
		life, err := storeLife(&t, q.removing)
		if err == nil { // else the row is what is kept
			r.Life, r.Finished = life, q.finished
		}
	}
	e.keeper.put(r)
}

// saveRow has q's place in the queue written, and no more; e.mu is held.
func (e *Engine) saveRow(q *queued) {
	if e.keeper != nil {
		e.keeper.put(&Record{Row: q.row()})
	}
}

func (q *queued) row() Row {
	r := Row{ID: q.id, State: q.state, Foreground: q.foreground, Priority: int(q.priority), Place: q.place, Ended: q.ended}
	if q.state.Over() {
		r.Tab = q.filed
	}
	return r
}

// saveNew has a new transfer written; e.mu is held.
func (e *Engine) saveNew(q *queued) error {
	if e.keeper == nil {
		return nil
	}
	r, err := e.newRecord(q)
	if err == nil {
		e.keeper.put(r)
	}
	return err
}

// newRecord describes a new transfer; e.mu is held.
func (e *Engine) newRecord(q *queued) (*Record, error) {
	job, err := storeJob(&q.job)
	if err != nil {
		return nil, about(Path{}, err)
	}
	return &Record{Row: q.row(), Job: job, Names: namesOf(&q.job), From: e.lasting(q.job.From), To: e.lasting(q.job.To)}, nil
}

// saveCounts has the counts of what runs written, now and then: those of the
// last second may be lost.
func (e *Engine) saveCounts() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-e.ctx.Done():
			return
		}
		e.mu.Lock()
		for q := range e.total.live {
			if n := q.ledger.progress(); n != q.saved {
				q.saved = n
				e.save(q)
			}
		}
		e.mu.Unlock()
	}
}

// forgetOld drops the oldest of what is over from memory; e.mu is held.
func (e *Engine) forgetOld() {
	for tab := TabFailed; tab <= TabDone; tab++ {
		most := maxWithout
		if e.keeper != nil {
			most = maxRemembered
		}
		if len(e.past.ended[tab]) <= most+most/10 {
			continue
		}
		var unsaved map[TransferID]bool
		if e.keeper != nil {
			unsaved = e.keeper.unsaved()
		}
		for len(e.past.ended[tab]) > most && !unsaved[e.past.ended[tab][0].id] {
			q := e.past.ended[tab][0]
			e.past.drop(q)
			delete(e.transfers, q.id)
			if e.keeper == nil {
				e.past.counts[tab]--
			}
		}
	}
}

// Announce adds to the notices what a person must know about the queue.
func (e *Engine) Announce(text string) { e.notice(text) }

// notice tells a person about the queue itself.
func (e *Engine) notice(text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.log.notice(Notice{time.Now(), text})
}
