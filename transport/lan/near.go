package lan

import (
	"errors"
	"net"
	"slices"
)

// nearPorts is how many members there can be on one machine that find each other on
// its loopback interface. Multicast does not work there on every system, so each
// takes one of these ports, and is asked there.
const nearPorts = 8

// A near is the way to other processes of this machine.
type near struct {
	conn *net.UDPConn // nil: all ports are taken; others still answer
	own  *net.UDPConn
	to   []*net.UDPAddr
}

func openNear(o Options) (*near, error) {
	if o.Interfaces != nil && !slices.ContainsFunc(interfaces(net.FlagLoopback), func(i net.Interface) bool { return slices.Contains(o.Interfaces, i.Name) }) {
		return nil, errors.New("the loopback interface is not wanted")
	}
	w := &near{}
	for n := range nearPorts {
		at := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: o.Port + 1 + n} // that one itself is for multicast
		w.to = append(w.to, at)
		if w.conn == nil {
			if conn, err := net.ListenUDP("udp4", at); err == nil {
				w.conn = conn
			}
		}
	}
	var err error
	if w.own, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil && w.conn != nil {
		w.conn.Close()
	}
	return w, err
}

func (w *near) sockets() (asked, own *net.UDPConn) { return w.conn, w.own }

func (w *near) refresh() {}

func (w *near) send(b []byte) {
	for _, to := range w.to {
		_, _ = w.own.WriteToUDP(b, to) // lost, as packets are
	}
}

// interfaces are those that are up and have the flag.
func interfaces(flag net.Flags) []net.Interface {
	all, err := net.Interfaces()
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(all, func(i net.Interface) bool { return i.Flags&net.FlagUp == 0 || i.Flags&flag == 0 })
}
