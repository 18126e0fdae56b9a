package cli

import (
	"fmt"
	"math"
	"time"

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
