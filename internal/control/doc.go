// Package control makes the processes of one user share one queue: exactly one
// of them runs the engine, the others ask it over a socket.
//
// # The parts
//
//	Room      the directory where they meet: a lock and a socket
//	Server    answers others in place of an engine
//	Client    asks another process
//	Engine    what both an engine and a Client are
//
// Who holds the lock of the room (flock(2), so that it ends with the process
// however that ends) runs the engine and listens at the socket. The socket is
// 0600 in a directory that is 0700, and both sides ask the system who is at the
// other end (SO_PEERCRED, LOCAL_PEERCRED): nobody but the same user gets a word.
// Who is served must see the same machine, too: see World.
//
// # The protocol
//
// It stands in internal/wire/control.proto. A connection has one question at a
// time, as in HTTP/1.1: what takes long has one of its own, and is given up by
// closing it. A transfer that somebody waits for is tied to the connection that
// submitted it: its items go there, one by one and each of them, and hold the
// transfer back where they are not taken; when the connection ends before the
// transfer, it is interrupted, and can be resumed. So a command that is killed
// leaves nothing running.
//
// A message that was begun has 10 s to end; an answer that is not read, 30 s.
// There are at most 1024 connections at a time.
package control
