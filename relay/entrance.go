package relay

import (
	"net/netip"
	"strconv"
	"strings"
)

// A relay may listen on several addresses: entrances. What a NAT lets through to a peer
// comes from the one that the peer sent to, so an address of a peer is known together
// with the entrance, as its zone: none for the first one, a number for the others.
// TCP has a zone of its own, see carriedZone.

// zoneOf is the zone of addresses at entrance n, from 0.
func zoneOf(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n + 1)
}

// zoned is an address of a peer at an entrance.
func zoned(at netip.AddrPort, zone string) netip.AddrPort {
	if zone == "" {
		return at
	}
	return netip.AddrPortFrom(netip.AddrFrom16(at.Addr().As16()).WithZone(zone), at.Port())
}

// plain is the address that a packet has.
func plain(at netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(at.Addr().WithZone("").Unmap(), at.Port())
}

// cutZone takes the zone out of an address that is written down.
func cutZone(address string) (plain, zone string) {
	i := strings.IndexByte(address, '%')
	if i < 0 {
		return address, ""
	}
	n := strings.IndexAny(address[i:], "]:")
	if n < 0 {
		n = len(address) - i
	}
	return address[:i] + address[i+n:], address[i+1 : i+n]
}

// PeerAddress is the address of a link to the relay, transport.Peer's, for people:
// without what the relay knows it by.
func PeerAddress(address string) string {
	address, _ = cutZone(address)
	return address
}
