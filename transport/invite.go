package transport

import (
	"slices"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// What a code bears.
const (
	DefaultCodeTTL = 10 * time.Minute
	codeTries      = 3           // wrong ones burn it
	burntInARow    = 3           // so many are replaced at once,
	burntPause     = time.Minute // later ones after that time
)

// A CodeChange says why an Invitation has the code that it has.
type CodeChange string

// Why a code was replaced.
const (
	CodeFirst   CodeChange = ""
	CodeExpired CodeChange = "expired"
	CodeBurnt   CodeChange = "burnt"  // 3 wrong ones came
	CodeTaken   CodeChange = "taken"  // somebody else waits in the room of its number
	CodeNotMore CodeChange = "enough" // all who may come have come: there is none any more
)

// invite is the state of an Invitation: which code is good, until when, how many
// wrong ones it has borne, and who came in by which. It is pure: times are handed
// in, and so is what makes a code.
type invite struct {
	make   func(digits int) Code
	ttl    time.Duration
	most   int // keys that may come in
	digits int // of the next number

	code   Code      // zero: none now
	until  time.Time // when the code ends; without one, when there is the next; zero: never
	wrong  int
	burnt  int // in a row
	change CodeChange
	guests []guest
	past   []RoomName // of codes that were good, the latest last
	ended  bool
}

// mostPast is how many past codes are told from those that never were.
const mostPast = 8

// A guest came in by a code, which is good for it until the end.
type guest struct {
	key  Fingerprint
	code Code
}

// begin makes the first code, if there is anybody who may still come.
func (i *invite) begin(now time.Time) {
	i.digits = minDigits
	if len(i.guests) >= i.most {
		i.change = CodeNotMore
		return
	}
	i.renew(CodeFirst, now)
}

func (i *invite) renew(why CodeChange, now time.Time) {
	i.pass()
	i.code, i.until, i.wrong, i.change = i.make(i.digits), now.Add(i.ttl), 0, why
}

// pass notes that the code is over.
func (i *invite) pass() {
	if !i.code.IsZero() {
		i.past = append(i.past, i.code.Room())
		i.past = i.past[max(0, len(i.past)-mostPast):]
	}
}

// was tells whether a room is that of a code which was good, or is.
func (i *invite) was(room RoomName) bool {
	return slices.Contains(i.past, room) || slices.Contains(i.rooms(), room)
}

// tick lets time pass, and tells whether that changed anything.
func (i *invite) tick(now time.Time) bool {
	if i.until.IsZero() || now.Before(i.until) {
		return false
	}
	why := i.change // after a pause
	if !i.code.IsZero() {
		why, i.burnt = CodeExpired, 0
	}
	i.renew(why, now)
	return true
}

// taken replaces the code of a number that somebody else uses by one with a longer
// number: where one is taken many are.
func (i *invite) taken(room RoomName, now time.Time) bool {
	if i.code.IsZero() || i.code.Room() != room {
		return false
	}
	i.digits = min(i.digits+1, mostDigits)
	i.renew(CodeTaken, now)
	return true
}

// end ends it: nobody is let in any more.
func (i *invite) end() {
	i.pass()
	i.code, i.until, i.guests, i.ended = Code{}, time.Time{}, nil, true
}

func (i *invite) guest(key Fingerprint) (guest, bool) {
	n := slices.IndexFunc(i.guests, func(g guest) bool { return g.key == key })
	if n < 0 {
		return guest{}, false
	}
	return i.guests[n], true
}

// ask says with which code a client has to agree that names a room, or why none.
// Who is refused here learns nothing of any code and costs it no try.
func (i *invite) ask(key Fingerprint, room RoomName) (Code, *wire.Refused) {
	if g, ok := i.guest(key); ok && g.code.Room() == room {
		return g.code, nil
	}
	switch {
	case i.ended:
		return Code{}, refuse(wire.Refused_AUTH, "no code is good any more")
	case len(i.guests) >= i.most:
		return Code{}, refuse(wire.Refused_AUTH, "the code was used by another machine already: ask for another one")
	case i.code.IsZero() || i.code.Room() != room:
		return Code{}, refuse(wire.Refused_AUTH, "the code is over or was never: ask for the one that is shown there now")
	}
	return i.code, nil
}

// judge takes in that a client was right or not about the code of room. It has the
// last word, since many may try at once: after the third wrong one, and after the
// last guest, being right is worth nothing.
func (i *invite) judge(key Fingerprint, room RoomName, right bool, now time.Time) (verdict *wire.Refused, changed bool) {
	code, refused := i.ask(key, room)
	if refused != nil {
		return refused, false
	}
	_, known := i.guest(key)
	switch {
	case known && right:
		return nil, false
	case known: // it was let in: it need not guess, and nobody else has its key
		return refuse(wire.Refused_AUTH, "the code is wrong"), false
	case right:
		i.guests, i.burnt = append(i.guests, guest{key, code}), 0
		if len(i.guests) == i.most {
			i.pass()
			i.code, i.until, i.change = Code{}, time.Time{}, CodeNotMore
		}
		return nil, true
	}
	if i.wrong++; i.wrong < codeTries {
		return refuse(wire.Refused_AUTH, "the code is wrong"), true
	}
	i.burnt++
	if i.burnt <= burntInARow {
		i.renew(CodeBurnt, now)
	} else {
		i.pass()
		i.code, i.until, i.change, i.wrong = Code{}, now.Add(burntPause), CodeBurnt, 0
	}
	return refuse(wire.Refused_AUTH, "the code is wrong, for the third time: another one is good now"), true
}

// rooms are where guests may come to: that of the code, and those by which some
// came, who may come again.
func (i *invite) rooms() (all []RoomName) {
	if !i.code.IsZero() {
		all = append(all, i.code.Room())
	}
	for _, g := range i.guests {
		if r := g.code.Room(); !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	return all
}
