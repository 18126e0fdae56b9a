// Package dav is a session.Tree as WebDAV (RFC 4918), so that file managers and
// other programs can use a peer that know nothing of bargee. The protocol is
// golang.org/x/net/webdav's; this package is its file system, and what that
// library leaves to others.
//
//	Handler     who may ask, what cannot be asked, statuses     handler.go, guard.go
//	request     what one request knows                          request.go, aside.go
//	fileSystem  webdav.FileSystem of a Tree                     fs.go, info.go
//	files       read in place, written by way of a spool        read.go, write.go
//	locks       and the conditions of requests                  locks.go
//	properties  what clients set, and the free space            props.go
//
// What is written appears when it was sent and verified as a whole: a PUT lies
// in a file of this machine (the spool) until it is complete, and then is a
// transfer of its own. One that is cut off, by either end, changes nothing at
// the peer. A file that is replaced stays until the new one takes its name; so
// does what a MOVE or COPY replaces, under a hidden name beside it, which is
// where a crash of this process leaves it.
//
// A listing is whole or fails: clients that mirror a directory remove what they
// do not see in it. Links and special files are left out of it, since WebDAV has
// none, and nothing is written in their place. Names are bytes, as in a Tree.
//
// Locks and the properties that clients set live as long as the Handler.
package dav
