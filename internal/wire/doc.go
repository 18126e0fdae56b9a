// Package wire holds the protocol as schemas (*.proto), the code generated from
// them, and the one way to write and read a message.
//
// The schemas are the specification: each message stands there with its fields,
// its limits and its meaning, and Read enforces the limits by the options
// declared in limits.proto, so a limit cannot be documented and forgotten.
//
//	limits.proto     how messages are framed, and the limit options
//	handshake.proto  the first stream of every lane: hello, proof, admission
//	values.proto     errors and entries, shared by the next two
//	session.proto    requests between admitted peers: browse and change a tree
//	transfer.proto   transfers: manifest stream and data streams
//	relay.proto      rooms and sessions, between a peer and a relay
//	stdio.proto      how two peers meet through a pipe
//	datagram.go      what those two say beside forwarded packets
//	control.proto    the programs of one user among each other: one queue for all
//
// wire knows no socket, file or goroutine: bytes in, messages out.
package wire

//go:generate ./generate
