// Package lan finds peers on the local network that know the same room.
//
// Who looks for others multicasts a question; who is in the room answers it,
// directly. Neither says a name, a key or the room: only who knows the room can tell
// what is asked for. A [Node] has the sockets, a [Member] is one of its rooms.
//
// # Messages
//
// A message is 64 bytes in a UDP packet, numbers big-endian:
//
//	byte  0-3    "bgl1"
//	      4      1 question, 2 answer
//	      5      state of the sender: 1 seeking, 2 waiting, 3 dialling
//	      6-21   nonce: random in a question, the question's in an answer
//	      22-29  id of the sender in this room, random, for as long as it is there
//	      30-31  UDP port where it takes links
//	      32-47  the IPv6 address, or IPv4 mapped to one, where it takes links;
//	             zeros: where the message comes from
//	      48-63  tag: HMAC-SHA256 of all before, cut to 16 bytes, under
//	             HKDF-SHA256(room, no salt, "bargee lan v1")
//
// Questions go to 239.255.67.68 and ff15::6768, port 6769, on each interface, with
// a hop limit of 1, and for others on this machine to ports 6770 to 6777 of 127.0.0.1,
// of which each takes the first that is free: at once, after 150 ms, 400 ms and 800 ms, and from then on about
// every 2 s. Answers go to where a question came from, at most 20 a second, and are
// as long as it was. An answer counts only if its nonce is that of a question of the
// last 10 s. What has no right tag is ignored.
//
// Who waits and hears a question also sends a single byte of 0 from the port where it
// takes links to the one that the question names, so that a firewall there or here that
// lets in only answers knows the other side.
//
// A tag protects against strangers, not against who knows the room: the room of a
// code can be found by trying all numbers, and that of a name by guessing it. Who is
// found has yet to prove the secret.
package lan
