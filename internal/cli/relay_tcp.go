package cli

import (
	"errors"
	"net"
	"runtime"
	"slices"
	"strconv"
	"syscall"

	"github.com/bargee/bargee/relay"
	"github.com/bargee/bargee/transport"
)

// webPort is the one that a network lets out when it lets out nothing else.
const webPort = "443"

// openPlane listens on UDP and TCP, on the same port, or where systemd does for us.
func (o *relayOptions) openPlane(id *transport.Identity, log *roleLog) (*relay.Plane, error) {
	if held, err := heldSockets(); err != nil || len(held.udp) > 0 {
		return planeOnHeld(held, id, err)
	}
	const tries = 8 // where we may take any port, and TCP's is taken
	for try := 1; ; try++ {
		p, err := relay.NewPlane(o.listen[0], min(runtime.GOMAXPROCS(0), mostLoops), o.listen[1:]...)
		if err != nil {
			return nil, listenProblem(whereTo(err, o.listen[0]), err)
		}
		where, err := o.carry(p, id, log)
		if err == nil {
			return p, nil
		}
		p.Close()
		if !slices.ContainsFunc(o.listen, anyPort) || try == tries || !errors.Is(err, syscall.EADDRINUSE) {
			return nil, listenProblem(where, err)
		}
	}
}

// carry has a relay take those who cannot come over UDP: on the same port, and on
// that of the web where nothing else was asked for and it is free. After an error
// where is the address that it is about.
func (o *relayOptions) carry(p *relay.Plane, id *transport.Identity, log *roleLog) (where string, err error) {
	for i, at := range p.Addrs() {
		host, _, _ := net.SplitHostPort(o.listen[i]) // checked
		where = net.JoinHostPort(host, strconv.Itoa(int(at.Port())))
		if err := carryOn(p, id, where); err != nil {
			return where, err
		}
	}
	if slices.Equal(o.listen, []string{":" + defaultPort}) {
		if err := carryOn(p, id, ":"+webPort); err != nil {
			log.Info("not on port 443 too, where peers behind strict firewalls come to", "reason", reason(err))
		}
	}
	return "", nil
}

// anyPort tells whether an address leaves the port to the system.
func anyPort(addr string) bool {
	_, port, err := net.SplitHostPort(addr)
	return err == nil && port == "0"
}

// whereTo is the address that could not be listened on.
func whereTo(err error, otherwise string) string {
	if op := (*net.OpError)(nil); errors.As(err, &op) && op.Addr != nil {
		return op.Addr.String()
	}
	return otherwise
}

func carryOn(p *relay.Plane, id *transport.Identity, addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	return p.Carry(l, id)
}

// planeOnHeld has a relay on sockets that systemd holds: those that come meanwhile
// wait in them while we are started again.
func planeOnHeld(held sockets, id *transport.Identity, err error) (*relay.Plane, error) {
	wrong := func(err error) error {
		return &problem{what: "listen on", where: "the sockets that systemd holds", err: err}
	}
	if err != nil {
		return nil, wrong(err)
	}
	p, err := relay.NewPlaneOn(held.udp...)
	if err != nil {
		return nil, wrong(err)
	}
	for _, l := range held.tcp {
		if err := p.Carry(l, id); err != nil {
			return nil, errors.Join(wrong(err), p.Close())
		}
	}
	return p, nil
}
