// Package control makes the processes of one user share one queue: exactly one
// of them runs the engine, the others ask it over a socket.
//
// # The parts
//
//	Queue     the queue as a process uses it, wherever its engine runs
//	election  who runs it: a pure state machine, which Queue drives
//	errand    a transfer that another process runs for us while we wait
//	Room      the directory where they meet: a lock and a socket
//	Server    answers others in place of an engine
//	Client    asks another process
//	Visit     a look at the queue that makes nothing run, whoever has it or nobody
//	Engine    what both an engine and a Client are
//
// Who holds the lock of the room (flock(2), so that it ends with the process
// however that ends) runs the engine and listens at the socket. The socket is
// 0600 in a directory that is 0700, and both sides ask the system who is at the
// other end (SO_PEERCRED, LOCAL_PEERCRED): nobody but the same user gets a word.
// Who is served must see the same machine, too: see World.
//
// # When it changes over
//
// The process that runs the engine says that it leaves, or its connections end.
// Then all others try the lock: who stands by in the background first, who gets
// it opens what the queue is kept in (session.Store) and goes on, and the others
// ask it from then on. Rows of the queue keep their numbers. A transfer that
// somebody waits for is not the queue's but his: he submits it again to whoever
// comes next, partials are resumed, and items that he was told of are not told
// again.
//
// A command that runs the queue does so without its store, until a screen comes
// to see it: a lone cp costs no database, and leaves alone what a screen left
// waiting. What it did goes to QueueConfig.Past, and from there into the history. Where there can be no lock, or the one who has it is suspended, of
// another version, or sees another machine, a command works by itself, as one
// does that has a link to a peer which takes no second one. A screen waits for
// one that is suspended.
//
// Places are each process's own. The engine's process is told where a job's
// peers are, with their secrets, over the socket or the pipe of a process that is
// to go on in the background; they are in its memory and nowhere else.
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
