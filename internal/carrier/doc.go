// Package carrier takes packets between a peer and a relay over a TCP connection,
// where a network lets no UDP through.
//
// The connection is TLS 1.3 with the ALPN [Protocol] and without a server's name;
// the relay shows the certificate of its key, the peer none. Who the peer is, the
// packets themselves tell: they are those that would go over UDP, QUIC and
// wire.Datagram, and the connection stands for the address they come from.
//
// A connection with the ALPN [WebProtocol] carries no packets: it is HTTP beside a link
// to the relay, which gave the pass that it begins with.
//
// # Frames
//
// Packets go in frames, of up to 64 packets of one size, the last of which may be
// shorter. Numbers are big-endian.
//
//	byte 0-1  size of the packets, 1 to 1500
//	     2-3  size of what follows
//	     4-   the packets
//
// So what a kernel had joined (UDP_GRO) is one frame, and a frame is one buffer
// for the kernel to take apart (UDP_SEGMENT). A frame that says anything else ends
// the connection.
//
// # Queues
//
// A packet that cannot be sent soon is better lost: QUIC, which it is one of, makes
// room for others only when it misses some, and a second of packets that wait is a
// second for every request behind them. So a [Conn] holds as many bytes as it sends
// in 150 ms ([pace]), the kernel few that it has not sent (TCP_NOTSENT_LOWAT), and
// the rest is dropped, or waited for at a peer, whose QUIC can be held up. A
// connection that takes nothing for 10 s is given up.
package carrier
