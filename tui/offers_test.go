package tui

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bargee/bargee/session"
)

// fakeOffers are offers that write down what they were asked.
type fakeOffers struct {
	all   []Offer
	calls []string
}

func (o *fakeOffers) Look() []Offer { return slices.Clone(o.all) }

func (o *fakeOffers) Receive(word string, into session.Path) {
	o.calls = append(o.calls, fmt.Sprintf("receive %s %s", word, into))
	o.all = append(o.all, Offer{ID: len(o.all) + 1, Word: "code 4711", Into: into})
}

func (o *fakeOffers) Accept(id int) {
	o.calls = append(o.calls, fmt.Sprint("accept ", id))
	o.all = nil
}

func (o *fakeOffers) Refuse(id int, why string) {
	o.calls = append(o.calls, fmt.Sprintf("refuse %d %s", id, why))
	o.all = nil
}

// asks makes the first offer one that waits for an answer.
func (o *fakeOffers) asks() {
	f := &o.all[0]
	f.State, f.From, f.Key, f.Free = OfferAsks, "anna@desk", "aaaa·bbbb·cccc", 34_000_000_000
	f.Names, f.First = 2, []session.Entry{{Name: "film.mkv", Size: 3 << 30}, {Name: "photos", Kind: session.Directory}}
	f.Measured = session.Measured{Files: 12, Dirs: 1, Bytes: 4 << 30, Done: true}
}

func init() {
	with := func(change func(*fakeOffers)) func(*fakeEngine, *Options) {
		return func(_ *fakeEngine, o *Options) {
			offers := &fakeOffers{}
			offers.Receive("x", o.Left.Dir)
			change(offers)
			o.Offers = offers
		}
	}
	queue := func(keys ...string) func(*driver) {
		return func(d *driver) { d.press(append([]string{"3"}, keys...)...) }
	}
	scenes = append(scenes,
		scene{"offer-sought", with(func(*fakeOffers) {}), queue()},
		scene{"offer-asks", with((*fakeOffers).asks), queue()},
		scene{"offer-answer", with((*fakeOffers).asks), queue("enter")},
		scene{"offer-tight", with(func(o *fakeOffers) { o.asks(); o.all[0].Free = 1 << 30 }), queue()},
		scene{"offer-failed", with(func(o *fakeOffers) {
			o.all[0].State, o.all[0].Err = OfferFailed, &session.Error{Kind: session.Auth, Err: session.Auth}
		}), queue()},
	)
	addEffects(map[string]func(*testing.T, *driver, []string){
		`panes O`: func(t *testing.T, d *driver, key []string) { d.press(key...); d.wantShown("receives no offers") },
	})
}

// What is offered is a row of the queue, and is taken or refused there.
func TestOffers(t *testing.T) {
	o := &fakeOffers{}
	d := newDriver(t, 100, 24, func(_ *fakeEngine, opts *Options) { opts.Offers = o })
	d.press("O")
	d.write(testCode)
	d.press("enter")
	d.wantShown("code 4711", "looking at what is offered")
	d.press("1")
	o.asks()
	d.look()
	d.wantShown("something is offered: press")
	d.press("3")
	d.wantShown("anna@desk", "offers 12 files, 4.0G: film.mkv +1")
	d.press("enter")
	d.wantShown("aaaa·bbbb·cccc", "31.7G free")
	d.press("y")
	if got := strings.Join(o.calls, "; "); got != "receive "+testCode+" /home/Films; accept 1" {
		t.Errorf("%q", got)
	}
	if d.shows("anna@desk") {
		t.Errorf("it is still there:\n%s", strings.Join(d.screen(), "\n"))
	}
}

func TestOfferRefused(t *testing.T) {
	o := &fakeOffers{}
	d := newDriver(t, 100, 24, func(_ *fakeEngine, opts *Options) { opts.Offers = o; opts.Right = nil })
	d.press("tab", "end", "up", "enter")
	d.write("bgticket_x")
	d.press("enter")
	o.asks()
	d.look()
	d.press("x")
	d.wantShown("Tell anna@desk why not", "no, thanks")
	d.write("!")
	d.press("enter")
	if got := o.calls[len(o.calls)-1]; got != "refuse 1 no, thanks!" {
		t.Errorf("%q", got)
	}
	// What came to nothing is only taken off the list, and keys for transfers leave offers alone.
	o.all = []Offer{{ID: 7, State: OfferFailed, Err: session.Auth}}
	d.look()
	d.press("r", "t", "+", "space", "p")
	if got := o.calls[len(o.calls)-1]; got != "refuse 7 " {
		t.Errorf("%q", got)
	}
	if calls := strings.Join(d.engine.calls, "; "); strings.Contains(calls, "-92") {
		t.Errorf("the engine was asked about an offer: %s", calls)
	}
}
