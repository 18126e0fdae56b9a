package tui

import (
	"errors"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// An explanation is an error as it is told to somebody: what is wrong in one
// sentence, and what can be done about it, if there is something.
type explanation struct {
	what cells.Text
	hint cells.Text
}

// explain finds the sentence for an error by its kind. The words of the error
// itself are added where the kind alone does not say enough.
func explain(err error) explanation {
	if err == nil {
		return explanation{}
	}
	kind := session.KindOf(err)
	s, ok := sentences[kind]
	if !ok {
		return explanation{what: cells.Shown(err.Error())}
	}
	x := explanation{what: s.what, hint: s.hint}
	var e *session.Error
	if errors.As(err, &e) {
		if !e.Path.IsRoot() {
			x.what = cells.Sayf("%s: %s", e.Path, x.what)
		}
		switch e.Side {
		case session.Source, session.Destination:
			x.what = x.what.Plus(cells.Sayf(" (at the %s)", string(e.Side)))
		}
	}
	if s.verbose {
		x.what = x.what.Plus(cells.Sayf(": %s", cause(err)))
	}
	return x
}

// cause is the error in its own words, without the path, which was said.
func cause(err error) string {
	var e *session.Error
	if errors.As(err, &e) && e.Err != nil {
		return e.Err.Error()
	}
	return err.Error()
}

// line is the explanation in one line.
func (x explanation) line(c canvas) cells.Text {
	if x.hint.Empty() {
		return x.what
	}
	return x.what.Plus(c.signs.dot, x.hint)
}

type sentence struct {
	what, hint cells.Text
	verbose    bool
}

var sentences = map[session.Kind]sentence{
	session.Auth:          {cells.Say("the secret or the key was refused"), cells.Say("check the token"), false},
	session.Unreachable:   {cells.Say("not reached"), cells.Say("is it running, and the address right?"), false},
	session.Timeout:       {cells.Say("no answer in time"), cells.Say("try again"), false},
	session.Busy:          {cells.Say("busy"), cells.Say("somebody else is at it; try again later"), false},
	session.Refused:       {cells.Say("refused by the other side"), cells.Text{}, true},
	session.Version:       {cells.Say("the two versions do not understand each other"), cells.Say("update the older one"), true},
	session.Protocol:      {cells.Say("the other side broke the protocol"), cells.Text{}, true},
	session.NotFound:      {cells.Say("it is not there"), cells.Text{}, false},
	session.Exists:        {cells.Say("the name is taken"), cells.Text{}, false},
	session.NotAFile:      {cells.Say("not a file"), cells.Text{}, false},
	session.NotADirectory: {cells.Say("not a directory"), cells.Text{}, false},
	session.BadName:       {cells.Say("not a possible name"), cells.Text{}, true},
	session.Permission:    {cells.Say("permission denied"), cells.Text{}, false},
	session.NoSpace:       {cells.Say("the disk is full"), cells.Say("make room, then resume"), false},
	session.Limit:         {cells.Say("over a limit"), cells.Text{}, true},
	session.ChunkSize:     {cells.Say("the chunk size does not suit the other side"), cells.Text{}, true},
	session.Invalid:       {cells.Say("that cannot be done"), cells.Text{}, true},
	session.Integrity:     {cells.Say("the bytes are not what they should be"), cells.Say("retry sends them again"), false},
	session.Changed:       {cells.Say("the file changed while it was sent"), cells.Say("retry when it is quiet"), false},
	session.Cancelled:     {cells.Say("cancelled"), cells.Text{}, false},
	session.Interrupted:   {cells.Say("interrupted"), cells.Say("it can be resumed"), false},
	session.Internal:      {cells.Say("something went wrong"), cells.Text{}, true},
}
