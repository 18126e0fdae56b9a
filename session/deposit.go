package session

import (
	"context"
	"errors"
	"time"

	"github.com/bargee/bargee/internal/drop"
)

// DepositConfig says what is left at a depot, and for whom.
type DepositConfig struct {
	Depot Depot
	Name  string // of the depot: a deposit that was interrupted goes on at the same one
	Paths []Path // on this machine; a link stands for what it leads to, under its own name

	TTL       time.Duration // how long it is kept; 0: as long as the depot keeps drops by itself
	Downloads int           // how many may take it; 0: any number
	From      string        // what we call ourselves, at most 256 bytes
	Tags      []string      // at most 16; only who has the key sees them

	// To, if not nil, is the known peer whom it is sealed to.
	To *DropRecipient

	// State is a directory where it is kept how far a deposit has got, in 0700; the
	// same call goes on there, also in another process. It holds the key of what is
	// under way. "": one that is interrupted begins again.
	State string

	// Options has the choices of a transfer that are of account here: Include and
	// Exclude, KeepMode, KeepTimes, KeepLinks, Limit and GiveUp. nil: DefaultOptions.
	Options *Options

	OnItem     func(Item)     // hears of each item, when all are at the depot
	OnProgress func(Transfer) // hears how far it is, four times a second, and last of the end

	// OnStored gets what the drop is known by, before the state of the deposit is
	// forgotten: who writes it down there loses it by no crash. It may come twice for
	// one drop. Its error ends the deposit.
	OnStored func(Deposited) error

	// Discard removes what there is of it when the deposit is stopped by its context.
	Discard bool
}

// A DropRecipient is a known peer whom a drop is sealed to, and who seals it.
type DropRecipient struct {
	KEM      []byte                      // the peer's pinned key
	Key      []byte                      // our Ed25519 key, 32 bytes
	Sign     func(message []byte) []byte // signs with it
	Sequence uint64                      // larger than that of each drop before it
}

// Deposited is a drop that is stored.
type Deposited struct {
	ID      DropID
	Key     DropKey   // who has it can read the drop
	Owner   DropOwner // who has it can remove the drop
	Created time.Time
	Expires time.Time // by the depot's clock
	Origin  string    // where a browser finds it, see DropState

	Files, Dirs, Links int
	Bytes              int64 // of the files
	Sealed             int64 // as they lie at the depot
}

// Deposit seals files and directories and leaves them at a depot. It returns when the
// drop is whole there, with the counts, and an error if anything is not in it as it is
// here: of the first item that failed, or of what ended the deposit before its time.
// The same call goes on where it was left: what is sealed already is read again, held
// against what the depot has, and not sent again. A file that changes meanwhile is
// read anew, three times; then the drop is stored without it.
//
// A depot that cannot be reached is tried for as long as Options.GiveUp says.
func Deposit(ctx context.Context, cfg DepositConfig) (Deposited, Transfer, error) {
	d, err := newDeposit(cfg)
	if err != nil {
		return Deposited{}, Transfer{}, err
	}
	defer d.close()
	return d.run(ctx)
}

// A deposit is a Deposit under way. One goroutine reads files, depositStreams seal
// and send chunks.
type deposit struct {
	DepositConfig
	options Options
	offer   *Offer // what is at the top
	q       *queued
	record  *depositRecord
	left    map[string]*Error
	changes map[string]int
}

// depositStreams is how many chunks are sent at a time.
const depositStreams = 8

// maxDeposits is how often a deposit begins anew because the depot lost some of it.
const maxDeposits = 3

func newDeposit(cfg DepositConfig) (*deposit, error) { return newDepositOn(cfg, nil) }

// newDepositOn is newDeposit of a transfer of an Engine; nil: it is one by itself.
func newDepositOn(cfg DepositConfig, q *queued) (*deposit, error) {
	d := &deposit{DepositConfig: cfg, options: DefaultOptions(), q: q, left: map[string]*Error{}, changes: map[string]int{}}
	if cfg.Options != nil {
		d.options = *cfg.Options
	}
	if err := checkOptions(&d.options); err != nil {
		return nil, err
	}
	if cfg.Depot == nil || cfg.TTL < 0 || cfg.Downloads < 0 {
		return nil, newError(Invalid, Path{}, "a deposit at no depot, or for less than no time or nobody")
	}
	var err error
	if d.offer, err = gather(OfferConfig{Paths: cfg.Paths}); err != nil {
		return nil, err
	}
	if d.q == nil {
		d.q = newQueued(0, Job{Sources: cfg.Paths, Options: d.options}, time.Now())
	}
	d.q.ledger.mu.Lock()
	d.q.ledger.light = true // each attempt counts anew
	d.q.ledger.mu.Unlock()
	if err := d.recall(); err != nil {
		d.offer.closeDirs()
		return nil, err
	}
	if d.record.Sequence == 0 {
		d.record.Sequence = d.sequence()
	}
	return d, nil
}

func (d *deposit) close() {
	d.record.close()
	d.offer.closeDirs()
}

func (d *deposit) run(ctx context.Context) (out Deposited, t Transfer, err error) {
	d.q.state, d.q.started, d.q.attempt = StateRunning, time.Now(), 1
	silence := tellProgress(d.q, d.OnProgress)
	out, items, err := d.attempts(ctx)
	silence()
	switch {
	case err == nil:
		d.q.state = StateDone
		for _, it := range items {
			if d.OnItem != nil {
				d.OnItem(it)
			}
		}
		err = failureOf(d.q.snapshot(time.Now()))
	case ctx.Err() != nil:
		if err = errClosing; d.Discard {
			d.discard()
			err = errCancelled
		}
		err = &Error{Kind: KindOf(err), Err: context.Cause(ctx)}
		fallthrough
	default:
		d.q.state, d.q.err = StateFailed, err
	}
	d.q.finished = time.Now()
	t = d.q.snapshot(d.q.finished)
	if d.OnProgress != nil {
		d.OnProgress(t)
	}
	return out, t, err
}

// attempts stores the drop, once more for each file that changed under it, and for
// each time that the depot lost something.
func (d *deposit) attempts(ctx context.Context) (out Deposited, items []Item, err error) {
	for lost := 0; ; {
		d.q.ledger.begin()
		plan, err := d.plan(ctx)
		if err != nil {
			return out, nil, err
		}
		out, err := d.store(ctx, plan)
		var changed *depositChanged
		switch {
		case err == nil:
			return out, plan.items(), nil
		case ctx.Err() != nil:
			return out, nil, err
		case errors.As(err, &changed):
			d.changed(changed)
		case (errors.Is(err, ErrMissing) || errors.Is(err, NotFound)) && lost < maxDeposits:
			lost++
		default:
			return out, nil, err
		}
	}
}

// A depositChanged is a file that is not what it was when the deposit was planned, or
// that cannot be read.
type depositChanged struct {
	path Path // as it is shown
	err  error
}

func (c *depositChanged) Error() string { return "changed: " + c.path.String() }

// changed notes that a file stood in the way of an attempt. What cannot be read, and
// what changes again and again, is left out of the next one.
func (d *deposit) changed(c *depositChanged) {
	d.changes[c.path.raw]++
	switch {
	case !errors.Is(c.err, errChanged) && !errors.Is(c.err, NotFound):
		e := *about(c.path, c.err)
		e.Side, e.Path = Source, c.path
		d.left[c.path.raw] = &e
	case d.changes[c.path.raw] >= maxTries:
		d.left[c.path.raw] = &Error{Kind: Changed, Side: Source, Path: c.path, Err: errors.New("it changes faster than it can be stored")}
	}
}

// discard removes what there is of it, here and at the depot.
func (d *deposit) discard() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = d.Depot.Remove(ctx, d.record.keys.ID, d.record.owner)
	d.record.forget()
}

// store brings what plan says to the depot and makes it whole.
func (d *deposit) store(ctx context.Context, plan *depositPlan) (out Deposited, err error) {
	if err := d.record.fit(ctx, d, plan); err != nil {
		return out, err
	}
	state, stored, err := d.wasStored(ctx, plan)
	if err != nil {
		return out, err
	}
	if stored {
		plan.wasThere(d.q.ledger)
	} else if state, err = d.bring(ctx, plan); err != nil {
		return out, err
	}
	out = Deposited{ID: d.record.keys.ID, Key: d.record.key, Owner: d.record.owner, Created: d.record.Created, Expires: state.Expires, Origin: state.Origin,
		Files: plan.header.Files, Dirs: plan.header.Dirs, Links: plan.header.Links, Bytes: plan.header.Bytes, Sealed: plan.sealed}
	if d.OnStored != nil {
		if err := d.OnStored(out); err != nil {
			return out, about(Path{}, err)
		}
	}
	d.record.forget()
	return out, nil
}

// wasStored tells whether an earlier run made the drop whole, and nobody was told.
func (d *deposit) wasStored(ctx context.Context, plan *depositPlan) (state DropState, stored bool, err error) {
	if d.record.Whole != plan.sum {
		return state, false, nil
	}
	err = persist(ctx, d.options.GiveUp, func() (err error) {
		state, err = d.Depot.Info(ctx, d.record.keys.ID)
		return err
	})
	if errors.Is(err, NotFound) {
		return state, false, nil
	}
	return state, err == nil, err
}

// bring brings to the depot what it has not yet.
func (d *deposit) bring(ctx context.Context, plan *depositPlan) (state DropState, err error) {
	begin := func() (err error) {
		state, err = d.Depot.Begin(ctx, d.record.plan(d, plan))
		return err
	}
	err = persist(ctx, d.options.GiveUp, begin)
	if errors.Is(err, NotFound) { // it was there, and is over: a depot knows an id only once
		if err = d.record.renew(ctx, d, plan); err == nil {
			err = persist(ctx, d.options.GiveUp, begin)
		}
	}
	if err != nil {
		return state, err
	}
	list, err := d.upload(ctx, plan)
	if err != nil {
		return state, err
	}
	return d.commit(ctx, plan, list)
}

// commit seals the manifest, stores it, and makes the drop whole.
func (d *deposit) commit(ctx context.Context, plan *depositPlan, data []DropDigest) (state DropState, err error) {
	list := DropList{Data: data}
	plan.header.Chunks = list.Chunks()
	sealer := drop.NewManifestSealer(d.record.keys, func(sealed []byte) error {
		digest := drop.DigestOf(sealed)
		list.Manifest = append(list.Manifest, digest)
		return persist(ctx, d.options.GiveUp, func() error {
			return d.Depot.Put(ctx, d.record.keys.ID, d.record.owner, digest, sealed)
		})
	})
	if err := plan.write(sealer, d, func(e *depositEntry) value { return e.sum }); err != nil {
		return state, dropError(err)
	}
	if err := sealer.Close(); err != nil {
		return state, dropError(err)
	}
	if err := d.record.whole(plan.sum); err != nil {
		return state, about(Path{}, err)
	}
	err = persist(ctx, d.options.GiveUp, func() (err error) {
		state, err = d.Depot.Commit(ctx, d.record.keys.ID, d.record.owner, list)
		return err
	})
	return state, err
}
