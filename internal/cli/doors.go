package cli

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
	"github.com/bargee/bargee/transport/lan"
)

// doors is where we wait for others: at the relay that f means, if there is one, and
// on the local network.
func (a *app) doors(f *relayFlags) (transport.Doors, error) {
	relay, _, err := a.relayRemote(f)
	if err != nil {
		return transport.Doors{}, err
	}
	local, err := a.lan()
	return transport.Doors{Relay: relay, LAN: local}, err
}

// lan reads BARGEE_LAN: off, or the interfaces to use, separated by commas, and a port
// if it is not the usual one: "eth0,wlan0", "lo:7000", ":7000". Unset: all interfaces.
func (a *app) lan() (*lan.Options, error) {
	word := a.getenv("BARGEE_LAN")
	if word == "off" {
		return nil, nil
	}
	names, port, hasPort := strings.Cut(word, ":")
	o := &lan.Options{}
	if hasPort {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return nil, usage(session.Display(port)+" is no port", "for example: BARGEE_LAN=eth0, or off").about("", "BARGEE_LAN")
		}
		o.Port = int(n)
	}
	for name := range strings.SplitSeq(names, ",") {
		if name = strings.TrimSpace(name); name != "" {
			o.Interfaces = append(o.Interfaces, name)
		}
	}
	if len(o.Interfaces) == 0 {
		return o, nil
	}
	all, err := net.Interfaces()
	if err != nil {
		return nil, &problem{what: "list", where: "the network interfaces", err: err}
	}
	for _, name := range o.Interfaces {
		if !slices.ContainsFunc(all, func(i net.Interface) bool { return i.Name == name }) {
			return nil, usage("there is no network interface "+session.Display(name), "for example: BARGEE_LAN=eth0, or off").about("", "BARGEE_LAN")
		}
	}
	return o, nil
}
