package transport

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
	"unsafe"

	"github.com/quic-go/quic-go"
	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// A fecSocket corrects errors on the lanes that join it; all else goes through
// it as through the socket below. Where no lane has headers on, that costs one
// look at each packet's first byte.
type fecSocket struct {
	*groSocket
	fecFlows

	// Of ReadBatch, which one goroutine calls:
	reader fecReader
	now    time.Time
	peer   netip.AddrPort // from, in the form that flows are known by
	asIs   netip.AddrPort // what peer was made of
	again  bool           // a deadline of ours was over; the second try is due

	deadlines sync.Mutex
	user      time.Time // deadline of quic-go
	ours      time.Time // of packets that wait
}

var (
	_ quic.OOBCapablePacketConn = (*fecSocket)(nil)
	_ corrector                 = (*fecSocket)(nil)
)

func newFECSocket(below *groSocket) *fecSocket {
	s := &fecSocket{groSocket: below}
	s.wire = s
	s.reader = fecReader{flows: &s.fecFlows, answer: func(packet []byte, to netip.AddrPort) {
		// A message that cannot be sent is a lost one.
		_, _ = s.WriteToUDPAddrPort(packet, to)
	}}
	return s
}

// secondTry is the time for packets that are there already.
const secondTry = time.Millisecond

// ReadBatch keeps the promises of groSocket.ReadBatch.
func (s *fecSocket) ReadBatch(ms []ipv4.Message, _ int) (int, error) {
	n := 0
	for n < len(ms) {
		if packet, control, f := s.reader.take(); f != nil {
			ms[n] = handOver(ms[n], packet, control, f.to)
			n++
			f.queue.handOver(f.lanes.Load(), time.Sleep)
			continue
		}
		if len(s.rest) == 0 {
			if n > 0 {
				break
			}
			empty, err := s.await()
			if err != nil {
				return 0, err
			}
			if empty {
				s.hand(&ms[0], nil)
				return 1, nil
			}
			continue
		}
		packet := s.rest[:min(s.segment, len(s.rest))]
		if isFEC(packet) {
			inner, verdict := s.reader.feed(s.now, packet, s.control, s.peer)
			if verdict == fecAgain {
				continue
			}
			s.rest = s.rest[len(packet):]
			if verdict == fecTaken {
				continue
			}
			packet = inner
		} else {
			s.rest = s.rest[len(packet):]
		}
		s.hand(&ms[n], packet)
		n++
	}
	return n, nil
}

func handOver(m ipv4.Message, packet, control []byte, from *net.UDPAddr) ipv4.Message {
	m.N = copy(m.Buffers[0], packet)
	m.NN = copy(m.OOB, control)
	m.Addr, m.Flags = from, 0
	return m
}

// await reads a super-buffer, or returns when packets waited long enough. A
// deadline that is over keeps the kernel from being asked at all, so that there
// is a second try before anything is given up.
func (s *fecSocket) await() (empty bool, err error) {
	s.arm()
	empty, err = s.fill()
	s.now = time.Now()
	late := errors.Is(err, os.ErrDeadlineExceeded) && s.mine()
	switch {
	case late && s.again:
		s.reader.expire(s.now)
		s.again, err = false, nil
	case late:
		s.again, err = true, nil
	case err == nil:
		s.again = false
		if s.asIs != s.fromKey {
			s.asIs, s.peer = s.fromKey, netip.AddrPortFrom(s.fromKey.Addr().Unmap(), s.fromKey.Port())
		}
	}
	return empty, err
}

// arm sets the deadline that packets that wait need.
func (s *fecSocket) arm() {
	at, waits := s.reader.deadline()
	if !waits {
		return // one of before is harmless
	}
	if s.again {
		at = time.Now().Add(secondTry)
	}
	s.deadlines.Lock()
	defer s.deadlines.Unlock()
	if s.ours.IsZero() || at.Before(s.ours) {
		s.ours = at
		s.setDeadline()
	}
}

// mine tells whether a deadline was ours, and takes it back.
func (s *fecSocket) mine() bool {
	s.deadlines.Lock()
	defer s.deadlines.Unlock()
	s.ours = time.Time{}
	s.setDeadline()
	return s.user.IsZero() || s.now.Before(s.user)
}

// SetReadDeadline is for quic-go.
func (s *fecSocket) SetReadDeadline(t time.Time) error {
	s.deadlines.Lock()
	defer s.deadlines.Unlock()
	s.user = t
	return s.setDeadline()
}

func (s *fecSocket) setDeadline() error {
	at := s.user
	if at.IsZero() || !s.ours.IsZero() && s.ours.Before(at) {
		at = s.ours
	}
	return s.UDPConn.SetReadDeadline(at)
}

// WriteMsgUDP sends packets of QUIC, with headers where the flow to that address
// has them on, and all others as they are.
func (s *fecSocket) WriteMsgUDP(b, oob []byte, to *net.UDPAddr) (int, int, error) {
	if s.eager.Load() > 0 && isQUIC(b) {
		if f := s.find(unmapped(to)); f != nil {
			control, segment := cutSegment(oob)
			gso := segment > 0
			if !gso {
				segment = len(b)
			}
			if handled, err := f.write(b, segment, control, gso); handled {
				if err != nil {
					return 0, 0, err
				}
				return len(b), len(oob), nil
			}
		}
	}
	return s.groSocket.WriteMsgUDP(b, oob, to)
}

// segments is fecWire.
func (s *fecSocket) segments(b []byte, segment int, control []byte, gso bool, to *net.UDPAddr) error {
	if !gso || len(b) <= segment {
		for len(b) > 0 {
			n := min(segment, len(b))
			if _, _, err := s.groSocket.WriteMsgUDP(b[:n], control, to); err != nil {
				return err
			}
			b = b[n:]
		}
		return nil
	}
	_, _, err := s.groSocket.WriteMsgUDP(b, appendSegment(control, segment), to)
	return err
}

// cutSegment takes UDP_SEGMENT out of the control messages of quic-go; segment
// is 0 where it is missing. The rest is a copy if anything was cut.
func cutSegment(oob []byte) (rest []byte, segment int) {
	for left := oob; len(left) >= unix.CmsgLen(0); {
		h, body, after, err := unix.ParseOneSocketControlMessage(left)
		if err != nil {
			break
		}
		if h.Level == unix.IPPROTO_UDP && h.Type == unix.UDP_SEGMENT && len(body) >= 2 {
			rest = make([]byte, 0, 128)
			rest = append(rest, oob[:len(oob)-len(left)]...)
			return append(rest, after...), int(binary.NativeEndian.Uint16(body))
		}
		left = after
	}
	return oob, 0
}

// appendSegment adds UDP_SEGMENT. It does not change the array of oob.
func appendSegment(oob []byte, segment int) []byte {
	start := len(oob)
	b := append(oob[:start:start], make([]byte, unix.CmsgSpace(2))...)
	h := (*unix.Cmsghdr)(unsafe.Pointer(&b[start]))
	h.Level, h.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
	h.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(b[start+unix.CmsgSpace(0):], uint16(segment))
	return b
}
