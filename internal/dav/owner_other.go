//go:build !linux

package dav

import "net/netip"

// mayEnter tells whether a connection is of our user, which only Linux does.
func mayEnter(theirs, ours netip.AddrPort) bool { return true }
