package tui

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/session"
)

// fakePairing is a pairing that does nothing but write down what it was asked.
type fakePairing struct {
	shot  PairingShot
	calls []string
}

func (p *fakePairing) Look() PairingShot { return p.shot }
func (p *fakePairing) Show()             { p.calls = append(p.calls, "show") }
func (p *fakePairing) Stop()             { p.calls = append(p.calls, "stop") }
func (p *fakePairing) Join(code string)  { p.calls = append(p.calls, "join "+code) }

func (p *fakePairing) Share(dir session.Path, write bool) {
	p.shot.Shown, p.shot.Write = dir, write
	p.calls = append(p.calls, "share "+dir.String())
}

func (p *fakePairing) Refuse(id session.PlaceID) {
	p.shot = PairingShot{}
	p.calls = append(p.calls, "refuse")
}

func (p *fakePairing) QR(most int) [][]bool {
	if most < 9 {
		return nil
	}
	m := make([][]bool, 9)
	for y := range m {
		m[y] = make([]bool, 9)
		for x := range m {
			m[y][x] = (x*y+x)%3 == 0
		}
	}
	return m
}

const testCode = "4711-fable-orbit-zinc@relay.example.org"

// waitingPair opens the screen on a code.
func waitingPair(p *fakePairing) func(*fakeEngine, *Options) {
	return func(e *fakeEngine, o *Options) {
		e.places = e.places[:1]
		p.shot = PairingShot{
			State: PairingWaiting, Code: testCode, Type: "bargee pair " + testCode, Until: testNow.Add(9*time.Minute + 30*time.Second),
			Shown: o.Left.Dir,
		}
		o.Right, o.Pairing, o.Pairs = nil, p, true
	}
}

// meet has somebody come.
func meet(d *driver, p *fakePairing) {
	nas := newFakeEngine().places[1]
	nas.Name, nas.Pinned, nas.Says = "anna@attic", false, session.Greeting{Name: "anna@attic", Shows: "Documents"}
	d.engine.places = append(d.engine.places[:1:1], nas)
	p.shot.State, p.shot.Place, p.shot.Peer, p.shot.Keep = PairingMade, nas.ID, "anna", "anna"
	p.shot.Words = "crumb velvet harbor sixty"
	d.look()
}

func init() {
	made := func(then ...string) func(d *driver) {
		return func(d *driver) {
			meet(d, d.app.opts.Pairing.(*fakePairing))
			d.press(then...)
		}
	}
	begin := func(change func(*PairingShot)) func(*fakeEngine, *Options) {
		return func(e *fakeEngine, o *Options) {
			p := &fakePairing{}
			waitingPair(p)(e, o)
			change(&p.shot)
		}
	}
	scenes = append(scenes,
		scene{"pair-waiting", begin(func(*PairingShot) {}), func(*driver) {}},
		scene{"pair-renewed", begin(func(s *PairingShot) {
			s.Why = "burnt"
			s.Err = &session.Error{Kind: session.Unreachable, Err: errors.New("the relay relay.example.org does not answer")}
		}), func(*driver) {}},
		scene{"pair-joining", begin(func(s *PairingShot) { s.State, s.Code, s.Type = PairingJoining, "", "" }), func(*driver) {}},
		scene{"pair-failed", begin(func(s *PairingShot) {
			s.State, s.Err = PairingFailed, &session.Error{Kind: session.NotFound, Err: errors.New("nobody shows this code now")}
		}), func(*driver) {}},
		scene{"pair-code", begin(func(*PairingShot) {}), func(d *driver) { d.press("j"); d.write("4711-fable") }},
		scene{"pair-token", begin(func(s *PairingShot) {
			s.Code, s.Type, s.Until = "", "bargee pair --token-file FILE", time.Time{}
		}), func(*driver) {}},
		scene{"pair-made", begin(func(*PairingShot) {}), made()},
		scene{"pair-name", begin(func(*PairingShot) {}), made("w", "n")},
		scene{"pair-panes", begin(func(*PairingShot) {}), made("enter")},
		scene{"pair-hidden", begin(func(*PairingShot) {}), func(d *driver) { d.press("esc", "tab") }},
		scene{"pair-qr", begin(func(*PairingShot) {}), func(d *driver) { d.press("r") }},
	)
}

// What is done in the view is asked of the pairing, and who is met is shown.
func TestPairing(t *testing.T) {
	p := &fakePairing{}
	d := newDriver(t, 80, 24, waitingPair(p))
	d.wantShown("bargee pair "+testCode, "for 10 minutes", "~/Films")
	d.press("w", "d")
	d.press("backspace")
	d.write("x")
	d.press("esc", "d", "enter")
	if !p.shot.Write {
		t.Error("w did not let them write")
	}
	d.press("y")
	if !strings.Contains(strings.Join(d.raw, ""), "52;c;") {
		t.Errorf("nothing went to the clipboard: %q", d.raw)
	}
	d.wantShown("sent to the terminal's clipboard")
	d.press("esc")
	d.wantShown("code 4711")
	d.press("P")
	d.wantShown("bargee pair " + testCode)
	meet(d, p)
	d.wantShown("crumb   velvet   harbor   sixty", "connected to anna@attic", "Documents")
	d.press("n", "enter")
	if got := strings.Join(d.engine.calls, "; "); !strings.Contains(got, "pin") {
		t.Errorf("it was not remembered: %s", got)
	}
	d.press("enter")
	d.wantShown("anna@attic:/")
	if d.app.focus != onLeft || d.app.over() != nil {
		t.Error("the panes are not there")
	}
	d.press("P", "x")
	if got := strings.Join(p.calls, "; "); !strings.HasSuffix(got, "refuse") || !d.shows("choose a place") {
		t.Errorf("%s:\n%s", got, strings.Join(d.screen(), "\n"))
	}
}

// A code that somebody was told is typed from the chooser.
func TestPairingByCode(t *testing.T) {
	p := &fakePairing{}
	d := newDriver(t, 80, 24, func(_ *fakeEngine, o *Options) { o.Right, o.Pairing = nil, p })
	d.press("tab", "end", "up", "enter")
	d.write("  " + testCode + " ")
	d.press("enter")
	p.shot.State = PairingJoining
	d.look()
	d.wantShown("Looking for the machine")
	p.shot.State, p.shot.Err = PairingFailed, session.Auth
	d.look()
	d.wantShown("Enter takes another code")
	d.press("esc")
	if got := strings.Join(p.calls, "; "); got != "join "+testCode+"; stop" || d.app.over() != nil {
		t.Errorf("%q", got)
	}
	d.press("up", "enter")
	if got := p.calls[len(p.calls)-1]; got != "show" {
		t.Errorf("%q", p.calls)
	}
}

func init() {
	addEffects(map[string]func(*testing.T, *driver, []string){
		`panes P`: func(t *testing.T, d *driver, key []string) { d.press(key...); d.wantShown("pairs with nobody") },
	})
}
