package relay

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// lifetime is how long a leg is bound without another keep of its peer. After
// it the address may be somebody else's, behind a NAT that gave it away.
const lifetime = 20 * time.Second

// A leg is a peer's side of a session: the address that its packets come from,
// once it proved that it has the leg's key and is where they come from. It is
// pure: time and datagrams are given to it, under the lock of its table.
//
//	free -> bound     an answer with the cookie of its address, or a quick bind
//	                  from where the peer's own link comes from
//	bound -> bound    the same from another address, with a higher counter: the
//	                  peer moved, or its NAT gave it another port
//	bound -> free     a leave, or lifetime without a keep
type leg struct {
	key     []byte
	home    netip.Addr // where its peer's own link comes from; zero: not known
	counter uint64     // highest that was taken
	at      netip.AddrPort
	until   time.Time
}

// isHome tells whether an address needs no cookie: QUIC has proven it, but for the
// port.
func (l *leg) isHome(at netip.AddrPort) bool {
	return l.home.IsValid() && l.home.WithZone("").Unmap() == plain(at).Addr()
}

func (l *leg) bound() bool { return l.at.IsValid() }

// hear takes in a datagram that is signed with the leg's key, but for what the
// counter says; ok tells whether it means something. A keep counts only from
// the address that is bound.
func (l *leg) hear(d wire.Datagram, from netip.AddrPort, now time.Time) (ok bool) {
	if d.Counter <= l.counter {
		return false
	}
	switch d.Type {
	case wire.DatagramBind:
		if !d.Quick || !l.isHome(from) {
			return false
		}
		l.at, l.until = from, now.Add(lifetime)
	case wire.DatagramAnswer:
		l.at, l.until = from, now.Add(lifetime)
	case wire.DatagramKeep:
		if from != l.at {
			return false
		}
		l.until = now.Add(lifetime)
	case wire.DatagramLeave:
		if from != l.at {
			return false
		}
		l.at = netip.AddrPort{}
	default:
		return false
	}
	l.counter = d.Counter
	return true
}

// expire frees a leg that was not heard of for too long.
func (l *leg) expire(now time.Time) (expired bool) {
	if l.bound() && now.After(l.until) {
		l.at = netip.AddrPort{}
		return true
	}
	return false
}

// A cookieJar makes the cookies that prove an address, and keeps nothing of
// those it gave out. Its key changes every cookieTime; the one before is still
// good, so that a cookie is for one to two of them.
type cookieJar struct {
	mu   sync.Mutex
	keys [2][32]byte // in force, and the one before
	made time.Time
}

const cookieTime = 2 * time.Minute

func newCookieJar(now time.Time) *cookieJar {
	j := &cookieJar{made: now}
	for i := range j.keys {
		rand.Read(j.keys[i][:])
	}
	return j
}

// bake returns the cookie of a leg at an address.
func (j *cookieJar) bake(d wire.Datagram, at netip.AddrPort, now time.Time) [16]byte {
	keys := j.turn(now)
	return bake(keys[0], d, at)
}

// good tells whether d brings back what bake made for this address.
func (j *cookieJar) good(d wire.Datagram, at netip.AddrPort, now time.Time) bool {
	keys := j.turn(now)
	for _, key := range keys {
		if c := bake(key, d, at); hmac.Equal(c[:], d.Cookie[:]) {
			return true
		}
	}
	return false
}

func (j *cookieJar) turn(now time.Time) [2][32]byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	for now.Sub(j.made) >= cookieTime {
		j.keys[1] = j.keys[0]
		rand.Read(j.keys[0][:])
		if j.made = j.made.Add(cookieTime); now.Sub(j.made) >= cookieTime {
			j.made = now
			rand.Read(j.keys[1][:]) // both are older than they may be
		}
	}
	return j.keys
}

func bake(key [32]byte, d wire.Datagram, at netip.AddrPort) (c [16]byte) {
	h := hmac.New(sha256.New, key[:])
	var b [9 + 16 + 2]byte
	binary.BigEndian.PutUint64(b[:], d.Session)
	b[8] = d.Leg
	a := at.Addr().As16()
	copy(b[9:], a[:])
	binary.BigEndian.PutUint16(b[25:], at.Port())
	h.Write(b[:])
	copy(c[:], h.Sum(nil))
	return c
}
