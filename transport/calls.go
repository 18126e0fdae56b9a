package transport

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"time"
)

// Two peers with a link by way of a relay tell each other by small packets beside it
// (calls) what the link itself does not carry: that the other shall open its NAT
// again, and that a lane is dead, which only who sends on it can know. A call that is
// lost costs time, and no more.
//
//	byte  0      1
//	      1      what: 1 seek, 2 dead
//	      2-9    the first half of the link's id
//	      10-17  counter, higher than all before of that side
//	      18-    seek: host:port of where we may be reached, with blanks between
//	             dead: the numbers of lanes, a byte each
//	      last 16  HMAC-SHA256 of all before it, cut, with the key
//	             HKDF(e1, salt = link, "bargee call " || role), e1 as for joins
//
// A peer of a version that does not know calls ignores them.
const (
	callByte = 1
	callHead = 18
	callMAC  = 16

	callSeek = 1
	callDead = 2
)

func isCall(b []byte) bool { return len(b) > callHead+callMAC && b[0] == callByte }

// A call is what one says.
type call struct {
	what    byte
	counter uint64
	body    []byte
}

// appendCall returns c of a link, as one side says it.
func appendCall(c call, id linkID, first [32]byte, role string) []byte {
	b := append([]byte{callByte, c.what}, id[:8]...)
	b = binary.BigEndian.AppendUint64(b, c.counter)
	b = append(b, c.body...)
	return append(b, callSum(b, id, first, role)...)
}

func callSum(b []byte, id linkID, first [32]byte, role string) []byte {
	h := hmac.New(sha256.New, derive(first[:], id[:], "bargee call "+role))
	h.Write(b)
	return h.Sum(nil)[:callMAC]
}

// parseCall reads what appendCall wrote; role is the side that said it.
func parseCall(b []byte, id linkID, first [32]byte, role string) (c call, ok bool) {
	if !isCall(b) || string(b[2:10]) != string(id[:8]) {
		return c, false
	}
	end := len(b) - callMAC
	if !hmac.Equal(b[end:], callSum(b[:end], id, first, role)) {
		return c, false
	}
	return call{b[1], binary.BigEndian.Uint64(b[10:]), b[callHead:end]}, true
}

// call says something of l to the peer, past the link, if e is by way of a relay.
func (e *Endpoint) call(l *link, what byte, body []byte) {
	if e.leg == nil || len(body) == 0 {
		return
	}
	role := serverRole
	if l.home.from != nil {
		role = clientRole
	}
	// Counters go on from the time, so that none has to be remembered.
	e.leg.send(appendCall(call{what, uint64(time.Now().UnixNano()), body}, l.id, l.first, role))
}

// heard takes in a call of a peer. What is forged, old, or of no link is nothing.
func (e *Endpoint) heard(b []byte) {
	for _, of := range e.Links() {
		l := of.(*link)
		role := clientRole
		if l.home.from != nil {
			role = serverRole
		}
		if !l.isAdmitted() {
			continue
		}
		c, ok := parseCall(b, l.id, l.first, role)
		if !ok || !l.newer(c.counter) {
			continue
		}
		switch c.what {
		case callSeek:
			told := strings.Fields(string(c.body))
			e.openTo(l.id, told[:min(len(told), mostDirect)])
		case callDead:
			l.bury(c.body, fail(ErrUnreachable, "%s hears nothing of us on that lane", l.peer.Address))
		}
		return
	}
}

// newer tells whether a call's counter is above all before.
func (l *link) newer(counter uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if counter <= l.called {
		return false
	}
	l.called = counter
	return true
}

// bury ends lanes that the peer found dead, but not the last one.
func (l *link) bury(numbers []byte, why error) {
	lanes := l.living()
	left := len(lanes)
	for _, n := range lanes {
		if left > 1 && slices.Contains(numbers, byte(n.id)) {
			n.giveUp(why)
			left--
		}
	}
}

// giveUp ends a lane that is no good any more.
func (n *lane) giveUp(why error) {
	n.gone.Store(&why)
	n.conn.CloseWithError(codeLimit, "")
}

// giveUp ends all lanes that go by way of e.
func (e *Endpoint) giveUp(why error) {
	for _, l := range e.Links() {
		for _, n := range l.(*link).living() {
			if n.path != PathDirect {
				n.giveUp(why)
			}
		}
	}
}
