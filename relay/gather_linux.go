package relay

import (
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What the kernel takes apart in one call (UDP_MAX_SEGMENTS, and what a datagram
// holds beside its headers).
const (
	mostSegments = 64
	mostGathered = 65000
)

// An outgoing is a message of a call: packets to one address, of one size but for
// the last, which may be shorter. Packets that came one by one, from a network card
// that joins none, go out together this way: the kernel routes them as one.
type outgoing struct {
	to       netip.AddrPort
	segment  int
	size     int // bytes in all
	buffers  int
	complete bool // a shorter packet ends it
}

// begin makes o a message of one buffer.
func (o *outgoing) begin(n, segment int, to netip.AddrPort) {
	*o = outgoing{to: to, segment: segment, size: n, buffers: 1, complete: n%segment != 0}
}

// join adds another buffer to o, if both make one message.
func (o *outgoing) join(n, segment int) bool {
	if segment != o.segment && !(n == segment && n < o.segment) || o.complete || o.buffers == batchSize ||
		o.size+n > mostGathered || o.size+n > mostSegments*o.segment {
		return false
	}
	o.size += n
	o.buffers++
	o.complete = o.size%o.segment != 0
	return true
}

// prepare puts packets into the next call of flush. They stay where they are
// until then.
func (s *batchSocket) prepare(b *batch, packets []byte, segment int, to netip.AddrPort) {
	i := b.pending - 1
	for ; i >= 0 && b.outgoing[i].to != to; i-- {
	}
	if i < 0 || s.apart || !b.outgoing[i].join(len(packets), segment) {
		i = b.pending
		b.pending++
		b.outgoing[i].begin(len(packets), segment, to)
	}
	o := &b.outgoing[i]
	v := &b.outV[i][o.buffers-1]
	v.Base = &packets[0]
	v.SetLen(len(packets))
}

// describe writes down message i for the kernel.
func (s *batchSocket) describe(b *batch, i int) {
	o, h := &b.outgoing[i], &b.out[i].hdr
	h.Name, h.Namelen = (*byte)(unsafe.Pointer(&b.to[i])), s.sockaddr(&b.to[i], o.to)
	h.Iov = &b.outV[i][0]
	h.SetIovlen(o.buffers)
	h.Control, h.Flags = nil, 0
	h.SetControllen(0)
	if o.segment < o.size {
		oob := putSegment(b.outOOB[i][:], o.segment)
		h.Control = &oob[0]
		h.SetControllen(len(oob))
	}
}

// sendApart sends the packets of a message one by one, after an error that says
// that the kernel cannot take it apart.
func (s *batchSocket) sendApart(b *batch, i int, errno error) {
	o := &b.outgoing[i]
	if o.segment >= o.size || errno != unix.EMSGSIZE && errno != unix.EINVAL && errno != unix.EIO {
		return
	}
	s.apart = s.apart || errno == unix.EIO // no device on the way can: do not gather any more
	for _, v := range b.outV[i][:o.buffers] {
		packets := unsafe.Slice(v.Base, int(v.Len))
		for off := 0; off < len(packets); off += o.segment {
			_ = s.send(packets[off:min(off+o.segment, len(packets))], o.to) // lost, as packets are
		}
	}
}
