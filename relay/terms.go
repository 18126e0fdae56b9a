package relay

import (
	"errors"
	"fmt"
	"time"
)

// Terms are how much somebody may use a relay; 0 is no limit.
type Terms struct {
	Rate     int64 `json:"rate,omitempty"`     // bytes forwarded a second, both ways together
	Sessions int64 `json:"sessions,omitempty"` // at a time
	Bytes    int64 `json:"bytes,omitempty"`    // forwarded in a calendar month (UTC), both ways together
}

// The bounds of what terms can say: below leastRate a handshake does not pass,
// and above mostBytes no arithmetic has to be careful.
const (
	leastRate = 16 << 10
	mostBytes = 1 << 53
	mostOpen  = 1 << 20
)

// Check finds terms that make no sense.
func (t Terms) Check() error {
	switch {
	case t.Rate < 0 || t.Rate > mostBytes || t.Rate > 0 && t.Rate < leastRate:
		return fmt.Errorf("a rate is at least %d bytes a second", leastRate)
	case t.Sessions < 0 || t.Sessions > mostOpen:
		return fmt.Errorf("a number of sessions is at most %d", mostOpen)
	case t.Bytes < 0 || t.Bytes > mostBytes:
		return errors.New("a number of bytes a month is at most 2^53")
	}
	return nil
}

// tighter returns the smaller one of each limit.
func (t Terms) tighter(other Terms) Terms {
	pick := func(a, b int64) int64 {
		if a == 0 || b != 0 && b < a {
			return b
		}
		return a
	}
	return Terms{pick(t.Rate, other.Rate), pick(t.Sessions, other.Sessions), pick(t.Bytes, other.Bytes)}
}

// Limits are what a relay gives at most: to all together, to each token or
// holder of a pass, and to each network that peers come from (an IPv4 /24 or an
// IPv6 /64). Of a pass the tighter one of its own terms and PerToken is in force.
type Limits struct {
	Total, PerToken, PerSource Terms
}

// DefaultLimits bound what a relay spends on anybody, and no traffic.
var DefaultLimits = Limits{
	Total:     Terms{Sessions: 16384},
	PerToken:  Terms{Sessions: 4096},
	PerSource: Terms{Sessions: 1024},
}

// Check finds limits that make no sense.
func (l Limits) Check() error {
	return errors.Join(l.Total.Check(), l.PerToken.Check(), l.PerSource.Check())
}

// A month is a calendar month of UTC, as 2006-01.
type month string

func monthOf(now time.Time) month { return month(now.UTC().Format("2006-01")) }

// left is how long the month of now goes on.
func monthLeft(now time.Time) time.Duration {
	y, m, _ := now.UTC().Date()
	return time.Date(y, m+1, 1, 0, 0, 0, 0, time.UTC).Sub(now)
}
