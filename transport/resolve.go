package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
)

// maxCandidates bounds the addresses of a Remote after resolving.
const maxCandidates = 32

// A candidate is one way to the peer.
type candidate struct {
	address string // as it was given
	udp     *net.UDPAddr
	as      *Identity // who we are there; nil: the endpoint's own
}

// resolve looks all addresses up at once. It fails if none is good.
func resolve(ctx context.Context, addresses []string) ([]candidate, error) {
	found := make([][]candidate, len(addresses))
	errs := make([]error, len(addresses))
	var wait sync.WaitGroup
	for i, a := range addresses {
		wait.Go(func() { found[i], errs[i] = lookup(ctx, a) })
	}
	wait.Wait()
	all := slices.Concat(found...)
	if len(all) > 0 {
		return all[:min(len(all), maxCandidates)], nil
	}
	if len(addresses) == 0 {
		return nil, fail(ErrUnreachable, "no address of the peer is known")
	}
	return nil, errors.Join(errs...)
}

func lookup(ctx context.Context, address string) ([]candidate, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", address, err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return nil, fmt.Errorf("address %q: the port is a number from 1 to 65535", address)
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return []candidate{{address: address, udp: net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, uint16(n)))}}, nil
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fail(ErrUnreachable, "no address for %s: %w", host, err)
	}
	var all []candidate
	for _, ip := range ips {
		all = append(all, candidate{address: address, udp: net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip.Unmap(), uint16(n)))})
	}
	return all, nil
}
