package cli

import (
	"fmt"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// This file tells by which ways the data of a copy goes.

// tellLanes tells who wants to know how many lanes a link has, and why, when
// that is news.
func (r *reporter) tellLanes(lanes []laneAt) {
	if !r.verbose || r.json {
		return
	}
	for _, l := range lanes {
		if on := l.FEC.Data > 0; on != r.corrects[l.place] {
			r.corrects[l.place] = on
			r.erase()
			fmt.Fprintf(r.stderr, "%-9s %s\n", "fec", fecText(l.FEC))
		}
		if l.choice == r.choices[l.place] || l.choice.Lanes == 0 {
			continue
		}
		r.choices[l.place] = l.choice
		r.erase()
		fmt.Fprintf(r.stderr, "%-9s %s\n", count(int64(l.choice.Lanes), "lane"), l.choice.Why)
	}
}

// straightOf is the path of the data that does not pass here; "" if all does.
func straightOf(all []session.Transfer) transport.Path {
	for _, t := range all {
		if t.Straight != "" {
			return t.Straight
		}
	}
	return ""
}

// tellStraight tells who wants to know whether data goes from peer to peer.
func (r *reporter) tellStraight(all []session.Transfer) {
	now := straightOf(all)
	if !r.verbose || r.json || now == r.straight {
		return
	}
	r.straight = now
	r.erase()
	text := "by this machine again"
	if now != "" {
		text = straightText(now)
	}
	fmt.Fprintf(r.stderr, "%-9s %s\n", "data", text)
}

// straightText says by which way data goes that does not pass here.
func straightText(way transport.Path) string {
	if way == transport.PathDirect {
		return "straight from peer to peer"
	}
	return "from peer to peer by the relay"
}

// fecText says what error correction does.
func fecText(f transport.FEC) string {
	if f.Data == 0 {
		return "off"
	}
	return fmt.Sprintf("on: %d packets of parity for %d, losses %.2g %%", f.Parity, f.Data, 100*f.Loss)
}
