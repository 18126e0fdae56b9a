// Nattest has two peers meet at a relay, each behind a NAT, and says whether and
// how soon they go on directly. .ci/nat runs it, a process for each of the three,
// in the namespaces of the network laboratory.
//
//	nattest relay ADDR TOKENFILE     a relay
//	nattest open RELAY TOKENFILE     the peer that opens the room
//	nattest join RELAY               the other one; prints what came of it
//
// All who run it know the same room and the same secret: this is about paths.
package main
