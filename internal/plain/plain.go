package plain

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bargee/bargee/session"
)

// Engine is what plain needs of session.Engine, or of whatever stands for it.
type Engine interface {
	Places() []session.Place
	Known() []session.KnownPeer
	Tree(session.PlaceID) (session.Tree, error)
	Pin(ctx context.Context, id session.PlaceID, name string) error
	Page(tab session.Tab, offset, limit int) session.Page

	Submit(session.Job) (session.TransferID, error)
	Pause(session.TransferID) error
	Resume(session.TransferID) error
	Cancel(id session.TransferID, keep bool) error
	Retry(session.TransferID) error
	Forget(session.TransferID) error
	Answer(id session.TransferID, conflict int, d session.Conflict, all bool) error
}

// A Side is a directory of a place.
type Side struct {
	Place session.PlaceID
	Dir   session.Path
}

// Config says what Run works with.
type Config struct {
	Engine Engine
	Here   Side
	There  *Side // nil: not connected yet

	// Connect reaches an address as somebody typed it, and asks for a secret if
	// it has to. Split of it and what it asks are its own affair.
	Connect func(ctx context.Context, address string) (Side, error)

	// PeerName proposes a name for a peer to be trusted.
	PeerName func(session.Place) string

	// ReadLine returns the next line without its end, io.EOF after the last. It
	// is called again only when it has returned.
	ReadLine func() (string, error)
	Output   io.Writer
	Asks     bool // somebody types: there are prompts

	Tick func(time.Duration) <-chan time.Time // nil: time.After
}

// ErrLeft says that transfers failed in part, or were left with a question that
// nobody is there to answer.
var ErrLeft = errors.New("some items failed or wait for an answer")

// lookEvery is how often the engine is asked.
const lookEvery = 250 * time.Millisecond

// A run is what Run works with.
type run struct {
	Config
	out    *bufio.Writer
	sides  [2]*Side // here, there
	side   int      // that commands without another word are about
	told   map[session.TransferID]*told
	mine   map[session.TransferID]bool // put into the queue by this run
	places map[session.PlaceID]session.PlaceState
	prompt bool // a prompt stands there, without an end of the line
	left   bool
	seen   bool // the queue was looked at: what was in it before is no news
	over   bool
}

// Run reads commands and answers them until quit, the end of the input or of
// ctx. At the end of the input it waits for what it put into the queue. It
// returns ErrLeft, what ended ctx, an error of ReadLine, or nil.
func Run(ctx context.Context, cfg Config) error {
	if cfg.Tick == nil {
		cfg.Tick = time.After
	}
	r := &run{
		Config: cfg, out: bufio.NewWriter(cfg.Output), sides: [2]*Side{&cfg.Here, cfg.There},
		told: map[session.TransferID]*told{}, mine: map[session.TransferID]bool{}, places: map[session.PlaceID]session.PlaceState{},
	}
	r.say("bargee, line by line. Type help for the commands.")
	r.where()
	return r.loop(ctx)
}

type typed struct {
	line string
	err  error
}

func (r *run) loop(ctx context.Context) error {
	lines, ask := make(chan typed), make(chan struct{}, 1)
	defer close(ask)
	go func() {
		defer close(lines)
		for range ask {
			line, err := r.ReadLine()
			select {
			case lines <- typed{line, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	r.look()
	r.ask(ask)
	tick := r.Tick(lookEvery)
	for {
		select {
		case <-ctx.Done():
			r.say("")
			return context.Cause(ctx)
		case <-tick:
			r.look()
			r.out.Flush()
			tick = r.Tick(lookEvery)
		case t := <-lines:
			r.prompt = false
			if t.err != nil {
				if err := r.finish(ctx); ctx.Err() != nil || errors.Is(t.err, io.EOF) {
					return err
				}
				return t.err // what was not read was not done
			}
			r.do(ctx, t.line)
			if r.over {
				r.out.Flush()
				return r.result()
			}
			r.ask(ask)
		}
	}
}

// ask lets the next line be read.
func (r *run) ask(ask chan<- struct{}) {
	if r.Asks {
		fmt.Fprintf(r.out, "%s> ", r.name(r.side))
		r.prompt = true
	}
	r.out.Flush()
	ask <- struct{}{}
}

// say prints a line.
func (r *run) say(format string, args ...any) {
	if r.prompt {
		r.out.WriteByte('\n')
		r.prompt = false
	}
	line := fmt.Sprintf(format, args...)
	r.out.WriteString(strings.TrimRight(line, " ") + "\n")
}

// finish waits for what this run put into the queue.
func (r *run) finish(ctx context.Context) error {
	asking, err := r.until(ctx)
	if err != nil {
		return err
	}
	if asking > 0 {
		r.left = true
		r.say("%s left in the queue with a question.", count(asking, "transfer"))
	}
	r.out.Flush()
	return r.result()
}

func (r *run) result() error {
	if r.left {
		return ErrLeft
	}
	return nil
}

// until looks until all that this run put into the queue is over, or cannot go on
// without an answer; it returns how many those are.
func (r *run) until(ctx context.Context) (asking int, err error) {
	for {
		busy, asking := r.look()
		r.out.Flush()
		if busy == 0 {
			return asking, nil
		}
		select {
		case <-ctx.Done():
			return asking, context.Cause(ctx)
		case <-r.Tick(lookEvery):
		}
	}
}

// name says where a side is.
func (r *run) name(side int) string {
	s := r.sides[side]
	switch {
	case s == nil:
		return "there"
	case s.Place == session.Here:
		return [...]string{"here ", "there "}[side] + s.Dir.String()
	}
	return [...]string{"here ", "there "}[side] + r.place(s.Place).Name + ":" + s.Dir.String()
}

func (r *run) place(id session.PlaceID) session.Place {
	for _, p := range r.Engine.Places() {
		if p.ID == id {
			p.Name = session.Display(p.Name)
			return p
		}
	}
	return session.Place{ID: id}
}

// where says where both sides are.
func (r *run) where() {
	r.say("%s", r.name(0))
	if r.sides[1] == nil {
		r.say("there: not connected; connect ADDRESS")
		return
	}
	r.say("%s", r.name(1))
}
