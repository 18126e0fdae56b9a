// Package relay stands between two peers that cannot meet.
//
// It is blind: the peers' QUIC ends at the peers, and all that a relay sees of
// them is addresses, sizes and times. The command is bargee relay.
//
//	Relay      answers what peers ask: rooms, sessions, status         (relay, serve)
//	webDoor    HTTP on a stream of a link: what Config.Web serves      (http, http_tcp)
//	guests     who has no token, how many at a time, how long          (guests)
//	rooms      who waits where, who may join how often: pure           (rooms)
//	Plane      sockets and loops: takes packets in, sends them on      (plane, socket_*, entrance)
//	Session    two legs, their traffic, what it may carry              (table)
//	leg        who is where, and for how long: pure                    (leg)
//	Own        what is for the relay itself, for its own QUIC listener (own)
//	Ledger     who uses it how much, and may: pure                      (ledger, account)
//	Pass       a JWT that lets a key in, and who is trusted to sign it  (pass, passes)
//	carried    those who come over TCP, as addresses of a Plane         (carried)
//	door       how many of them may be strangers: pure                  (door)
//
// # Meeting
//
// Two peers that both know a name of 32 bytes meet in the room of that name: one
// opens it, with a token of the relay's, the other joins it, with none. Requests
// are in internal/wire/relay.proto; the login before them is the one between
// peers. The peer's side is transport.OpenRoom, JoinRoom and ListenByRelay. A join
// may wait for its room, for up to a minute; a room is taken over by a newer link of
// the one that opened it.
//
// Who has no token is a guest: at most 1024 at a time, 16 of an IPv4 /24 or IPv6
// /64, none longer than 30 s. A network joins 5 times a minute and 30 times an
// hour, not counting those that the opener says did know the room's secret; one that
// did not, not at all for 15 minutes. A join that waited 5 s or longer for a room that
// nobody opened counts for the minute only.
//
// # HTTP over a link
//
// A stream of a link may be a connection of HTTP/1.1 (wire.OpenWeb), answered by
// Config.Web as if it had come over TCP: what the relay keeps for people is asked for
// in one way, whichever door it comes by. The handler finds who asks by [VisitorOf].
// A link has 48 such streams at a time, a guest's 16. A guest that uses one is counted
// apart from those that join rooms, 512 at a time and 16 of a network, and stays as
// long as at least 64 KiB go to it in every 30 s. The peer's side is
// transport.RelayWeb.
//
// A peer whose round trip was 10 ms or less asks for a connection over TCP instead,
// which costs both sides half as much: the relay gives it a pass on that stream, good
// once and for 10 s, with which it comes over TLS to the port of those that come over
// TCP. The connection counts as the stream, is its peer's as the stream is, and ends
// with it. Where it does not come about, HTTP is on a stream again.
//
// # Forwarding by source
//
// Each lane of a peer that goes by way of a relay has a socket of its own at the
// peer, and packets of one address go to one other address: they have no header,
// are as large as direct ones, and a buffer of packets that the kernel joined
// goes out as it came in; packets that came one by one go out together where they
// are of one size. How a peer gets its address bound to a leg of a session,
// and what keeps strangers from doing so, is in internal/wire's Datagram; the
// peer's side is transport.ListenByRelay.
//
// Three things follow from that. Packets whose source is no leg are never
// forwarded, and never answered by the relay's own listener unless their source
// said hello: a lane's first packet that comes before its bind must not end up in
// a handshake with the relay. Datagrams of the relay's are taken out of what is
// forwarded, packet by packet, also where the kernel had joined them with others.
// And a leg that is silent for 20 s is free, before a NAT can have given its
// address to somebody else.
//
// Both peers of a session hear of it at once, and begin at once: a bind needs no
// cookie from the address of the peer's own link, and up to four packets wait for a
// leg that was never bound. A datagram of a session that is not is answered so, and a
// long hello with the relay's run and the address it came from: a peer need not wait
// to find out that the relay is another one.
//
// A Plane may have several addresses (entrances). What comes from a leg is answered,
// and forwarded to it, from the one that it came to: a NAT lets nothing else through.
//
// # Over TCP
//
// Where a network blocks UDP a peer comes over TCP (Plane.Carry; internal/carrier
// has the frames): its connection stands for an address, whose packets are judged
// as those of any other, so that one leg of a session may be over TCP and the other
// over UDP. Such an address is free as soon as the connection ends.
//
// Everybody can connect. A connection that made no link to the relay and bound no
// leg is closed after 10 s; 1024 of that kind may be open, 64 of an IPv4 /24 or IPv6
// /64, and 300 a minute may come from one; 16384 connections in all. What waits for
// one that reads slowly is 1 MiB at most, and 256 MiB for all of them; one that takes
// nothing for 10 s, or does not end a frame, is closed.
//
// # Limits
//
// There are three kinds (Terms: sessions at a time, bytes a second, bytes in a month
// of UTC) in three widths (Limits: all together, a token or the holder of a pass, a
// network), and a session counts in all widths, for the networks of both its sides.
// Who would go over a number of sessions or of bytes is refused, in words that say
// which; packets over a rate are dropped, after 200 ms of it at once. A quota that is
// used up, or a pass that expires, ends the links, rooms and sessions of its token.
// Quotas outlive a restart (Ledger.Keep), but for the last 30 s before a crash.
//
// A token opens 16384 rooms at a time, the holder of a pass 64, all together 32768.
//
// A Pass is signed with EdDSA by a key whose public half the relay has, and is good
// only in the hands of who has the key it names. Everything that one holder does
// counts as one, whichever of its passes it shows.
//
// An address that nobody has logged in from gets at most three times the bytes that
// came from it, whatever QUIC would send.
//
// # Who owns what
//
// A Plane owns its sockets, a goroutine for each, for each listener of TCP and each
// connection, and one that frees silent legs; Close ends them. A loop owns its
// buffers; sessions and addresses are in a table that loops read. A Relay makes and
// ends sessions; it owns a goroutine for each link and each request, for as long as
// Serve. A Ledger owns no goroutine; Keep runs in its caller's.
package relay
