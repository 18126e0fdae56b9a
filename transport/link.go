package transport

import (
	"context"
	"io"
	"time"
)

// A Link joins two peers that proved who they are. It is made of lanes, and
// what runs over a lane (direct, relayed, over TCP, over ssh) is nobody's
// business above this package.
//
// All methods may be called from several goroutines. A Link lives until Close,
// until the peer closes it, or until its last lane is dead; then Done is closed
// and Err says why.
type Link interface {
	// OpenStream opens a stream to the peer. Control streams go ahead of bulk
	// streams on the wire; bulk streams are spread evenly over the lanes.
	OpenStream(ctx context.Context, class Class) (Stream, error)

	// AcceptStream returns the next stream that the peer opened.
	AcceptStream(ctx context.Context) (Stream, error)

	// Peer says who is at the other end.
	Peer() Peer

	// Lanes describes the lanes as they are now, lane 1 first.
	Lanes() []LaneStats

	// Choice says how many lanes there shall be and why; some may still be on
	// their way. The channel is closed when lanes have come or gone, or the
	// choice is another.
	Choice() (LaneChoice, <-chan struct{})

	// Close ends the link; the peer sees reason (at most 512 bytes, no secret).
	// What was written and has not been read yet may be lost: agree on the end
	// over a stream first.
	Close(reason string) error

	// Done is closed when the link is dead; Err then says why, an error that
	// errors.Is matches with ErrClosed, ErrUnreachable or ErrTimeout.
	Done() <-chan struct{}
	Err() error
}

// A Class says how urgent a stream is.
type Class uint8

// The classes, the more urgent first.
const (
	Control Class = iota // requests, manifests: never wait behind data
	Bulk                 // chunks of files
)

// A Stream is a pair of ordered byte streams between two peers, one each way.
// Read and Write may be called at the same time, from one goroutine each.
//
// A stream counts against the peer's limit until it is over on both sides: after
// Close and io.EOF, or after Abort. Who does not want to read to the end aborts.
type Stream interface {
	io.Reader
	io.Writer

	// Close ends our direction: the peer reads io.EOF after all that was
	// written. Reading goes on.
	Close() error

	// Abort gives both directions up at once. The peer's reads and writes fail
	// with an *AbortError that carries code. Abort after Close only stops reading.
	Abort(code AbortCode)

	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error

	// Lane is the number of the lane that carries the stream, from 1.
	Lane() int

	// Leaving is closed when that lane is being taken away: it lives until its
	// streams have ended, for half a minute at most. nil: it stays.
	Leaving() <-chan struct{}
}

// An AbortCode travels with an aborted stream. Its meaning is the business of
// the layer that opened the stream; 0 says nothing.
type AbortCode uint32

// A Peer is the other end of a link as this end knows it.
type Peer struct {
	Key     Fingerprint // of its Ed25519 key
	Address string      // host:port of lane 1
	Path    Path        // of lane 1
	Agent   string      // program and version, as the peer says: show it through a sanitiser
	Version int         // protocol version in force
	Grant   Grant       // what admitted it, on the side that was dialled; the zero Grant on the other
	Words   string      // four words that are the same at both ends, unless somebody is in between
	Kept    bool        // on the side that dialled: the peer lets our key in from now on
	Guest   bool        // proved nothing but its key, on the side that was dialled
	Room    RoomName    // of a relay, where we met; zero: in none
	Meet    Rendezvous  // where it can be met, too, as it says; on the side that dialled
	KEM     []byte      // its public KEM key (ML-KEM-768 with X25519, RFC 9180 encoding)
	Next    Fingerprint // the key that it says will take the place of Key; zero: none
}

// LaneStats is a lane at one moment.
type LaneStats struct {
	ID       int
	Path     Path
	RTT      time.Duration
	Sent     uint64 // bytes on the wire
	Received uint64
	Lost     uint64 // packets declared lost
	FEC      FEC
}

// FEC is what forward error correction does for a lane at one moment. Lanes
// between the same two sockets share it, and say the same. The zero FEC: the
// lane has none, or no loss that would ask for it.
type FEC struct {
	Data      int     // packets of ours in a block, at most; 0: off
	Parity    int     // packets sent after each block, so many of which may be lost
	Loss      float64 // share of our packets that the path loses, as the peer measured
	Recovered uint64  // packets that the path lost and QUIC did not, both ways
}

// A Path is the way a lane takes.
type Path string

// The paths of a lane.
const (
	PathDirect Path = "direct"
	PathRelay  Path = "relay"
	PathSSH    Path = "ssh"    // through the pipe of a program that was started over ssh
	PathTCP    Path = "tcp"    // over TCP: by way of a relay where UDP does not get through, or HTTP to one near by
	PathMemory Path = "memory" // Pipe: both ends in one process
)
