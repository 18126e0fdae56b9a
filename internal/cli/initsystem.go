package cli

import (
	"errors"
	"fmt"
	"math"
	"net"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"
)

// An initSystem hears how a role does, where systemd started it with Type=notify
// (sd_notify(3)). Elsewhere its methods do nothing: that a word is lost is no
// reason to end.
type initSystem struct{}

func (initSystem) tell(words string) { _, _ = daemon.SdNotify(false, words) }

// ready says that the role can be reached, also after reloading.
func (s initSystem) ready() { s.tell(daemon.SdNotifyReady) }

func (s initSystem) reloading() {
	s.tell(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
}

// stopping says that the role ends, and how long that may take.
func (s initSystem) stopping(within time.Duration) {
	s.tell(fmt.Sprintf("%s\nEXTEND_TIMEOUT_USEC=%d", daemon.SdNotifyStopping, within.Microseconds()))
}

func (s initSystem) alive() { s.tell(daemon.SdNotifyWatchdog) }

// watchdog ticks when alive is to be said: twice in the time after which the system
// kills us otherwise; never where it does not.
func (initSystem) watchdog() *time.Ticker {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil || every <= 0 {
		return time.NewTicker(math.MaxInt64)
	}
	return time.NewTicker(max(every/2, time.Millisecond))
}

// sockets are those that systemd holds for a role (systemd.socket(5)).
type sockets struct {
	udp []*net.UDPConn
	tcp []net.Listener
}

// heldSockets returns them; there are none where nobody holds any.
func heldSockets() (held sockets, err error) {
	for _, f := range activation.Files(true) {
		l, lerr := net.FileListener(f)
		c, cerr := net.FilePacketConn(f)
		udp, isUDP := c.(*net.UDPConn)
		switch {
		case lerr == nil:
			held.tcp = append(held.tcp, l)
		case cerr == nil && isUDP:
			held.udp = append(held.udp, udp)
		default:
			err = fmt.Errorf("%s is neither for UDP nor for TCP: %w", f.Name(), errors.Join(lerr, cerr))
		}
		f.Close()
	}
	if err == nil && len(held.udp) == 0 && len(held.tcp) > 0 {
		err = errors.New("none of them is for UDP")
	}
	return held, err
}
