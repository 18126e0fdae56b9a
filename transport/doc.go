// Package transport is how two peers reach each other and prove who they are.
// It ends at a [Link]: streams between two peers that know each other. What is
// said on the streams is the business of the session package.
//
// [Listen] opens an [Endpoint], which dials and accepts links over QUIC.
// [Pipe] makes a link in memory. Peers that know no address of each other meet by a
// [Code] ([Endpoint.Welcome], [Endpoint.DialCode]), a token or a phrase
// ([Endpoint.Meet]). An [Identity] is a machine's key; [KnownPeers]
// are the keys that it dials, [Grants] the keys that may enter; with [Keys] its own is
// replaced by another one, and those who know it follow.
//
// A program sets nothing for a whole process: who it is, who may enter and what is
// waited for are in a [Config], and there may be any number of endpoints, each on a
// socket of its own or on the caller's ([NewEndpoint], [NewEndpointOn]). It keeps its
// key where it likes ([NewKey], [ParseKey]), or has [LoadIdentity] do that. Links, streams
// and endpoints may be used from several goroutines. Errors match one of the Err
// variables by errors.Is.
//
// The rest of this text is the protocol, for another implementation. Messages
// are in internal/wire/handshake.proto, with their framing and limits in
// limits.proto; logins recorded byte by byte are in testdata.
//
// # Connection
//
// QUIC version 1, TLS 1.3 with ALPN "bargee/1", no 0-RTT, no session tickets.
// Each side shows exactly one certificate with an Ed25519 key; nothing else in
// it counts. A side is named by the SHA-256 of the 32 bytes of its public key
// ("key hash" below). Whoever pinned a key hash and sees another ends the
// connection before saying anything.
//
// # States of a lane
//
//	         TLS done           ServerHello          ProofReply
//	connect ----------> hello ---------------> prove -----------> open -> dead
//	                      |     admitted         |    admitted     ^
//	                      +----------------------+-----------------+
//	                      | refused, or 10 s since the first packet
//	                      +--> dead
//
// In hello and prove only the first bidirectional stream of the connection, by
// the client, is used. Its messages, in order:
//
//	ClientHello      versions, agent, KEM key, unknown_server, keep, join
//	ServerHello      versions, the one in force; admitted, prove or refused
//	Proof            of a token; or share, then a second Proof with confirmation
//	ProofReply       admitted or refused; after a share, first the server's share;
//	                 to a ClientHello with room that share comes with the ServerHello
//
// The server admits at once a key that has a grant for what it serves, unless
// the client set unknown_server. It answers prove otherwise, if any secret is
// good. A client that has not pinned the server's key sets unknown_server and
// treats admitted in the ServerHello as an impostor's. After admitted both
// sides finish the stream. To a client with an errand that the server awaits from
// that key (Errands) it answers admitted, and to one with another errand refused,
// whatever grants there are.
//
// # Proofs
//
// exporter(l) is the TLS exporter (RFC 8446, 7.5; RFC 9266 shows the use) with
// label l, no context, 32 bytes. hellos is the SHA-256 of both hello messages
// as they went over the wire, lengths included. HKDF is HKDF-SHA256 with 32
// bytes of output. For a role, "client" or "server":
//
//	bind(role) = "bargee login v1 " || role || 0x00 ||
//	             exporter("EXPORTER-bargee-login") ||
//	             client's key hash || server's key hash || hellos
//
// Token: 16 bytes t. Its Ed25519 key has the seed HKDF(t, no salt, "bargee token
// key"); p is its public half. The client sends id, the first 5 bytes of
// SHA-256("bargee token id " || p), and the signature over bind("client"). The
// server, which stores p only, sends HMAC-SHA256(HKDF(p, no salt, "bargee token
// server proof"), bind("server")) in Admitted.proof. Either side ends the
// connection where the other's proof is wrong.
//
// Phrase: CPACE-X25519-SHA512 of draft-irtf-cfrg-cpace-21, initiator the client,
// with PRS the phrase in UTF-8 as it was given, sid = hellos, ADa = "client", ADb
// = "server", CI = lv_cat("bargee cpace v1", exporter("EXPORTER-bargee-login"),
// client's key hash, server's key hash). Tags are HMAC-SHA256 with the key
// SHA-512("CPaceMac" || sid || ISK) over lv_cat(Y, AD) of the side that sends
// the tag. The client sends its own first; the server's is Admitted.proof.
//
// To a client that has said the room of its code in ClientHello the server sends its
// share behind ServerHello (Prove.share_follows), and the client its share and its tag
// together: a round trip less. Who is first with a share knows no more by it, and the
// client's tag still comes first.
//
// Code: as a phrase, with PRS the code without its relay ("4711-word-word-word", lower
// case) and "bargee cpace code v1" in place of "bargee cpace v1". The Proof with the
// client's share has room, that of the code (see Meeting): a server that has another
// code by now refuses before anything is tried. The server counts a code as wrong
// where a confirmation comes that does not fit; one whose client goes away before has
// told it nothing that a guess could be held against. The third wrong one ends the
// code, whatever is still under way. The key of the first that is right (of the first
// so many, if the server wants) may come again, by the same code or, to a server it has
// pinned meanwhile, without one; no other key may.
//
// Pass: ClientHello.pass, a JSON Web Token that names the client's TLS key by its
// thumbprint (RFC 7638) in cnf.jkt, so that it needs no proof of its own. A server
// that takes none answers as if there were none. What else it says is in package
// relay.
//
// # Another key
//
// A side may say that another key will take the place of the one it shows:
// ClientHello.next, from a client to a server whose key it has pinned, and Admitted.next,
// but not to a guest. The other key signs, for a role,
//
//	"bargee next key v1 " || role || 0x00 || exporter("EXPORTER-bargee-login") ||
//	client's key hash || server's key hash
//
// so that nobody can name a key that is not his; one that is wrong ends the login, with
// INVALID where the server finds it. Who has pinned the key that is shown takes either
// from then on, the one that was said last; and when it sees the other one, pins that,
// and lets in, or dials, the old one no more. Lanes of a link have the key that lane 1
// had at the client, either one at the server. Who was not told while the old key was
// shown sees a key that changed. Whoever has stolen a key may do all this in its name:
// it does not help against that.
//
// # Words of a link
//
// Four words for people to compare, at both ends: HKDF(exporter("EXPORTER-bargee-join"),
// salt = client's key hash || server's key hash, "bargee link words v1") is four
// numbers of 8 bytes, each modulo 7772 an index into words.txt, from 0. Of lane 1.
//
// # Meeting
//
// A room is 32 bytes that both know, at a relay (package relay) and on the local
// network (package lan):
//
//	a code's number     HKDF(digits, no salt, "bargee room code v1")
//	a token             HKDF(p, no salt, "bargee room token v1")
//	a name (of phrases) HKDF(UTF-8, no salt, "bargee room name v1")
//	a known peer        see RoomOfDay
//
// A room is never made of a phrase or of the words of a code: whoever sees its name
// could try them one by one, and nobody would notice.
//
// A code is NNNN-word-word-word@host[:port]: a number of 4 to 9 digits and three words
// of words.txt, each chosen at random apart from the others, and a relay, port 6768 if
// none is said, or none. It is good for 10 minutes, and is replaced, number and words,
// when that is over, when it was burnt, and, by one with a longer number, when the
// relay says that somebody has the room. After three that were burnt in a row the next
// comes a minute later. The rooms of codes by which somebody came stay open. Who types a
// code is the client, joins the room as a guest of the relay, and asks on the local
// network at the same time; it logs in on one way after the other, and after a refusal
// with AUTH, or ten logins in an hour that came to nothing, not again: who goes away
// when it has seen the confirmation may have tried a guess on it.
//
// Two with the same token, or phrase and name, are equals, and either may be the
// client: who comes second is. On the local network that is who seeks while the other
// one waits, if both do the same who has the smaller id; one seeks for half a second
// and waits from then on. Who waits tries to open the room at the relay, and joins it
// if somebody has it open. Of two links that cross both keep the one that was dialled
// by the smaller key hash.
//
// # Links and lanes
//
// The first lane makes the link; Admitted.link names it. A further lane n (from
// 2, at most Admitted.max_lanes) is a new connection whose ClientHello has join.
// Its TLS keys have to be those of lane 1, and its proof, for each role, is
//
//	HMAC-SHA256(HKDF(e1, salt = link, "bargee lane " || n || " " || role), e)
//
// with n in decimal, e1 = exporter("EXPORTER-bargee-join") of lane 1 and
// e = exporter("EXPORTER-bargee-login") of lane n. The server's is in
// Admitted.proof. A link lives until its last lane is dead, or until either
// side closes any of its connections with code 0.
//
// The side that dialled decides how many lanes there are, at any time: it joins
// more, or closes one with code 2 when the streams on it have ended. With
// [AutoLanes] this program begins with 2, or 4 over a round trip of 20 ms and
// more, and follows what they achieve; steer.go has the rules.
//
// Lanes of a link may take different paths: by way of a relay, and directly.
// A lane joins its link whichever way it comes, where the server's endpoints know
// of each other (Endpoint.Join). Streams are opened on lanes of the best path that
// has any; one lane of the other stays open without any, as a standby. A direct lane
// that is silent for 1 s and two round trips while such a one is there is given up,
// and the other side is told so by a call (calls.go), a packet past the link.
//
// # Rendezvous
//
// [Endpoint.Host] keeps a room open at a relay, [Endpoint.Attend] several that
// change, [Endpoint.AttendLAN] has the same rooms on the local network (package lan,
// whose members wait), [Endpoint.DialRoom] joins one; [Endpoint.DialAnywhere] tries
// addresses, a relay and, 200 ms later or when these have failed, the local network.
// A room is named by what both know, with HKDF-SHA256 and no
// salt: "bargee room token v1" of a token's public half p, or "bargee room day v1" ||
// YYYY-MM-DD (UTC) of the secret that Admitted.rendezvous told; who has such rooms
// open has also the next day's for an hour before midnight, and the last day's for
// an hour after it.
//
// To the first byte through a relay three round trips of the whole path pass, if the
// peer knows our key: the relay's handshake with the login as a guest and the join on
// its heels; bind (datagram.go) and the first packet in one go, while the other side
// binds; and the question together with the login ([Remote].Early). It is four where
// the answer to the login is waited for, and one more for a token.
//
// A relay that was restarted says so: in its greeting, whose run is another one, and
// to a leg whose session it does not know. Links by way of it end then, are dialled
// anew, and JoinRoom.seconds lets the relay hold a join until the room is open again.
//
// Where UDP does not get to a relay, the same packets go there over TLS on TCP, in
// frames (internal/carrier): to the relay's port, or to 443. A peer begins with it
// 100 ms after it began with UDP and takes what answers first. The relay shows its
// key; the peer shows none, and proves itself in the QUIC inside, as over UDP. Each
// session at the relay has a connection of its own.
//
// # Through a pipe
//
// Two peers with a pipe between them, as ssh makes one for a program that it
// starts ([Endpoint.DialStdio], [ListenStdio]), say who they are in it
// (internal/wire/stdio.proto); the one that was started gives the other a token
// for this once, and lets in no other key. Then the pipe carries QUIC packets, each behind its
// length in two bytes, and the login is the usual one. The link goes on directly
// as one by way of a relay does, if UDP passes; the lane in the pipe is its
// standby then. Its lanes are dead after 30 s of silence instead of 10, and at once
// when the pipe ends.
//
// # Streams
//
// Once open, either side opens bidirectional streams on any lane. The first byte
// of a stream, from the side that opened it, is its class: 1 control, 2 bulk; a
// stream of another class is aborted. Control goes before bulk. Aborting is
// RESET_STREAM and STOP_SENDING with the same code.
//
// # Error correction
//
// The sides agree on it lane by lane: ClientHello.fec, answered by Admitted.fec.
// A side that has said it and heard it takes packets with headers from the
// address of that lane, and may send them there; those of all lanes between two
// sockets are one flow. QUIC's packets have 01, 10 or 11 as their top bits; the
// first byte of ours is
//
//	00 to 1f  STUN, and probes of a dial; 01 is a call, see calls.go; 10 to 17 is
//	          between a peer and its relay, see Datagram in internal/wire
//	20        data: index in the block, block (2 bytes), sequence number (4),
//	          then a packet of QUIC
//	21        parity: index, block (2), k, m, parity of the lengths (2), parity
//	22        report: 0, key id (4), next sequence number, data packets sent,
//	          arrived, made from parity, given up, late (4 each), signature (8)
//	23        probe: 0, key id (4), its size (2), signature (8), zeros
//	24        the answer to a probe: the same without the zeros
//	25 to 3f  free
//
// Numbers are big-endian, and start anywhere. A block has up to 208 data packets
// with indices from 0 and sequence numbers in a row, and up to 48 of parity. A
// data packet is coded as two bytes of length and its bytes, filled up with
// zeros to the longest; parity j is the sum over all i of packet i / ((255-j)
// xor i), in GF(2^8) with the polynomial 0x11d. What is too short for its type,
// or has an index out of range, is ignored; of unknown addresses, data is taken
// for the packet in it.
//
// Signatures are HMAC-SHA256 of all before, cut to 8 bytes, with a key of the
// lane: with e = exporter("EXPORTER-bargee-fec"), HKDF(e, no salt, "bargee fec "
// || role of the sender); its id is the first 4 bytes of HKDF(e, no salt,
// "bargee fec id"). A probe is answered if it arrives whole. Data with headers is
// sent only up to a size that was answered, and while reports come.
//
// # Versions
//
// Each side says the lowest and the highest version that it speaks. The highest
// that both speak is in force. Version 1 lacks ClientHello.keep and
// Admitted.kept; this program speaks 1 and 2. Without a common version the
// server refuses with VERSION, and both sides say what to update.
//
// # Limits
//
//	10 s        from the first packet to open; also for the client
//	64, 4       connections that are not open, in all and from one source; 24
//	            from a source that has a link
//	8, 1        of those, and 50/s, whose address is not proven by a Retry; 12 from
//	            a source that has a link
//	256 KiB     receive window of a connection until it is open
//	64 MiB      receive windows of all lanes of a link together
//	512         streams that the peer may have open, on each lane
//	2048, 16    packets and blocks held for an address with lanes that correct
//	            errors, 100 ms at most
//	10 s, 5 s   a silent lane is dead; keep-alives are sent
//	2 s         after two round trips and that without an answer, a single byte
//	            of 0 from another port asks whether anybody listens at the address
//	5 s         penalty for a wrong proof; above 15 s the source (an IPv4 address
//	            or an IPv6 /64) is not listened to until its penalties, 10 min at
//	            most, are over
//	10          wrong phrases in an hour, from anywhere; and logins that came to
//	            nothing, of one meeting
//	3, 10 min   wrong codes, and the life of one
//
// # Refusals
//
// A refusal is Refused in the message that is due: AUTH (wrong proof, or none is
// good), BUSY (no place for another client, or too many wrong phrases), VERSION,
// LIMIT (a message beyond its limits), INVALID (no message, or one that does not
// fit). The client closes the connection after it. CONNECTION_CLOSE carries
//
//	0  the link is closed; the reason is for people, at most 512 bytes
//	1  after a refusal
//	2  a limit or the time for the login was exceeded; or this lane only is gone
//	3  the source is penalised; the reason says for how long
//
// and QUIC's CONNECTION_REFUSED means too many connections: try again shortly.
package transport
