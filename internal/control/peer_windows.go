package control

import "net"

// sameUser has nothing to ask: who may open the socket is said by the access
// list of the directory that it lies in, which is the user's own.
func sameUser(net.Conn) error { return nil }
