// Relaytest measures what a relay costs: the time that it adds to a packet, and
// its memory. .ci/relay runs it, a process for each end, in namespaces of its own.
//
//	relaytest forward relay ADDR     a relay's data plane with one session
//	relaytest forward plain ADDR     what one writes first: a packet a call
//	relaytest sink ADDR ID           the receiving end; prints what came, and how late
//	relaytest send ADDR ID RATE FOR  the sending end: RATE packets a second; 0: as many as go
//	relaytest links RELAY TOKENFILE N  keeps N links to a relay until standard input ends
//
// ADDR is the forwarder's; ID is what it printed, or "plain".
package main
