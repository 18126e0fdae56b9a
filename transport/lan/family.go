package lan

import (
	"errors"
	"net"
	"slices"
	"sync"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// groups are where questions go. The IPv6 one is of the site: to be reached without
// naming an interface; the hop limit keeps it on the link.
var groups = []net.IP{net.IPv4(239, 255, 67, 68).To4(), net.ParseIP("ff15::6768")}

// A family is the sockets for IPv4 or for IPv6: one that is in the group, one that
// asks, answers and hears answers.
type family struct {
	to         *net.UDPAddr
	interfaces []string
	group, own *net.UDPConn
	multicast  multicast // of group
	asking     multicast // of own

	mu     sync.Mutex
	joined map[int]bool // by index of the interface
}

// multicast is what ipv4 and ipv6 have in common.
type multicast interface {
	JoinGroup(ifi *net.Interface, group net.Addr) error
	SetMulticastInterface(ifi *net.Interface) error
	SetMulticastLoopback(on bool) error
}

func openFamily(group net.IP, o Options) (*family, error) {
	network := "udp6"
	options := func(c *net.UDPConn) multicast { return ipv6.NewPacketConn(c) }
	if group.To4() != nil {
		network, options = "udp4", func(c *net.UDPConn) multicast { return ipv4.NewPacketConn(c) }
	}
	f := &family{to: &net.UDPAddr{IP: group, Port: o.Port}, interfaces: o.Interfaces, joined: map[int]bool{}}
	usable := f.usable()
	if len(usable) == 0 {
		return nil, errors.New("no interface is up")
	}
	var err error
	for _, ifi := range usable { // not every interface has every family
		if f.group, err = net.ListenMulticastUDP(network, &ifi, f.to); err == nil {
			f.joined[ifi.Index] = true
			break
		}
	}
	if err != nil {
		return nil, err
	}
	if f.own, err = net.ListenUDP(network, nil); err != nil {
		f.group.Close()
		return nil, err
	}
	f.multicast, f.asking = options(f.group), options(f.own)
	// So that processes of one machine find each other. Systems differ in which of
	// the two sockets decides; where neither can be set, the default is on.
	_ = f.multicast.SetMulticastLoopback(true)
	_ = f.asking.SetMulticastLoopback(true)
	f.refresh()
	return f, nil
}

func (f *family) sockets() (asked, own *net.UDPConn) { return f.group, f.own }

// usable are the interfaces that are wanted. Other processes of this machine are
// found without them, see near.
func (f *family) usable() []net.Interface {
	return slices.DeleteFunc(interfaces(net.FlagMulticast), func(i net.Interface) bool {
		return i.Flags&net.FlagLoopback != 0 || f.interfaces != nil && !slices.Contains(f.interfaces, i.Name)
	})
}

// refresh joins the group on interfaces that are new.
func (f *family) refresh() {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := map[int]bool{}
	for _, ifi := range f.usable() {
		now[ifi.Index] = f.joined[ifi.Index] || f.multicast.JoinGroup(&ifi, f.to) == nil
	}
	f.joined = now
}

// send sends to the group on each interface; what cannot be sent is a lost packet.
func (f *family) send(b []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, ifi := range f.usable() {
		if f.joined[ifi.Index] && f.asking.SetMulticastInterface(&ifi) == nil {
			_, _ = f.own.WriteToUDP(b, f.to)
		}
	}
}
