package relay

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var nets = [...]netip.Prefix{
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8::/64"),
}

// At a rate r, r bytes pass in a second, and what comes after a pause is no more
// than the depth of the bucket; a buffer that the kernel joined passes whole.
func TestBucket(t *testing.T) {
	for _, x := range []struct {
		name       string
		limit      int64
		size       int
		every, all time.Duration
		least, max int64
	}{
		{"no limit", 0, 1452, time.Microsecond, 10 * time.Millisecond, 1452 * 10_000, 1452 * 10_000},
		{"below it", 10 << 20, 1000, time.Millisecond, time.Second, 1_000_000, 1_000_000},
		{"above it", 1 << 20, 1452, 100 * time.Microsecond, 10 * time.Second, 10 << 20, 10<<20 + (1<<20)/5 + 1452},
		{"super-buffers at the least rate", leastRate, 64 << 10, time.Millisecond, 40 * time.Second, 40 * leastRate, 40*leastRate + leastRate/5 + 64<<10},
	} {
		var b bucket
		b.limit.Store(x.limit)
		passed, began := int64(0), time.Unix(1_000_000, 0)
		for at := time.Duration(0); at < x.all; at += x.every {
			if b.take(began.Add(at).UnixNano(), x.size) {
				passed += int64(x.size)
			}
		}
		if passed < x.least || passed > x.max {
			t.Errorf("%s: %d bytes passed, want %d to %d", x.name, passed, x.least, x.max)
		}
	}
}

// A ledgerStep begins or ends a session, or carries bytes in one.
type ledgerStep struct {
	after        time.Duration
	do           string // begin, leave, carry, limits, tick
	token        string
	opener, from int // nets
	n            int // bytes, or which session of those begun
	want         string
}

func TestLedger(t *testing.T) {
	limits := Limits{Total: Terms{Sessions: 4}, PerToken: Terms{Sessions: 2, Bytes: 10_000}, PerSource: Terms{Sessions: 3}}
	for name, steps := range map[string][]ledgerStep{
		"sessions of a token": {
			{do: "begin", token: "a"}, {do: "begin", token: "a"},
			{do: "begin", token: "a", want: "the token that opened the room has 2 sessions"},
			{do: "leave", n: 0},
			{do: "begin", token: "a", from: 1},
		},
		"sessions of a network, of either side": {
			{do: "begin", token: "a", opener: 1}, {do: "begin", token: "a", opener: 1}, {do: "begin", token: "b", opener: 1},
			{do: "begin", token: "b", opener: 1, want: "your network has 3 sessions"},
			{do: "begin", token: "c", opener: 1, from: 2, want: "the network of who opened the room has 3 sessions"},
			{do: "begin", token: "c", opener: 2, from: 2},
		},
		"sessions in all": {
			{do: "begin", token: "a", opener: 1, from: 1}, {do: "begin", token: "a", opener: 2, from: 2},
			{do: "begin", token: "b"}, {do: "begin", token: "b"},
			{do: "begin", token: "c", want: "this relay has 4 sessions"},
			{do: "begin", token: "c", want: "this relay has 4 sessions"}, // and nothing was counted for it
			{do: "leave", n: 2},
			{do: "begin", token: "c"},
		},
		"bytes of a month": {
			{do: "begin", token: "a"}, {do: "begin", token: "b"},
			{do: "carry", n: 9_000},
			{do: "open", token: "a"},
			{do: "carry", n: 2_000},
			{do: "carry", n: 1, want: "dropped"},
			{do: "begin", token: "a", want: "used up its 10000 bytes of this month"},
			{do: "open", token: "a", want: "your token has used up"},
			{do: "open", token: "b"},
			{do: "tick", want: "a"},
			{do: "tick"}, // told once
			{after: 31 * 24 * time.Hour, do: "tick"},
			{do: "carry", n: 9_000},
			{do: "open", token: "a"},
			{do: "open", token: "b"},
		},
		"other limits, for those that run too": {
			{do: "begin", token: "a"},
			{do: "carry", n: 500},
			{do: "limits", n: 500},
			{do: "carry", n: 1, want: "dropped"},
			{do: "limits", n: 501},
			{do: "carry", n: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Date(2026, 1, 20, 0, 0, 0, 0, time.UTC)
			b := NewLedger(limits, now)
			var stays []*stay
			for i, s := range steps {
				now = now.Add(s.after)
				got := ""
				said := func(r *refusal) {
					if r != nil {
						got = r.words
					}
				}
				switch s.do {
				case "begin":
					st, r := b.begin(s.token, nets[s.opener], nets[s.from], now)
					if said(r); r == nil {
						stays = append(stays, st)
					}
				case "leave":
					b.leave(stays[s.n], now)
				case "open":
					said(b.mayOpen(s.token, nets[0], now))
				case "carry":
					for _, a := range stays[0].limited {
						if !a.Allow(now, s.n) {
							got = "dropped"
							break
						}
					}
				case "limits":
					b.SetLimits(Limits{PerToken: Terms{Bytes: int64(s.n)}})
				case "tick":
					for origin := range b.tick(now) {
						got += origin
					}
				}
				if s.want == "" && got != "" || !strings.Contains(got, s.want) {
					t.Fatalf("step %d, %s: %q, want %q", i, s.do, got, s.want)
				}
			}
		})
	}
}

// The terms of a pass are in force beside those of every token, until it expires.
func TestTermsOfAPass(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	b := NewLedger(Limits{PerToken: Terms{Sessions: 5, Rate: 1 << 20}}, now)
	b.admit("pass-x", lease{"1", Terms{Sessions: 1, Rate: 10 << 20, Bytes: 7}, now.Add(time.Hour)}, now)
	if got, want := b.tokens["pass-x"].terms(), (Terms{Sessions: 1, Rate: 1 << 20, Bytes: 7}); got != want {
		t.Errorf("in force is %+v, want %+v", got, want)
	}
	b.SetLimits(Limits{})
	if got, want := b.tokens["pass-x"].terms(), (Terms{Sessions: 1, Rate: 10 << 20, Bytes: 7}); got != want {
		t.Errorf("with no limits of the relay's it is %+v, want %+v", got, want)
	}
	if over := b.tick(now.Add(59 * time.Minute)); over["pass-x"] != nil && strings.Contains(over["pass-x"].words, "expired") {
		t.Error("it expired too early")
	}
	if over := b.tick(now.Add(61 * time.Minute)); over["pass-x"] == nil || over["pass-x"].words != "your pass expired" {
		t.Errorf("after its time: %v", over["pass-x"])
	}
}

// Quotas hold over a restart, in the same month; a damaged file does not keep a
// relay from starting.
func TestUsageIsKept(t *testing.T) {
	now := time.Date(2026, 3, 31, 23, 0, 0, 0, time.UTC)
	limits := Limits{PerToken: Terms{Bytes: 10_000}, PerSource: Terms{Bytes: 10_000}}
	path := filepath.Join(t.TempDir(), "usage.json")
	b := NewLedger(limits, now)
	s, refused := b.begin("a", nets[0], nets[1], now)
	if refused != nil {
		t.Fatal(refused)
	}
	for _, a := range s.limited {
		a.Allow(now, 10_000)
	}
	if u, err := LoadUsage(path); err != nil || u.Total != 0 {
		t.Errorf("of a file that is not there: %+v, %v", u, err)
	}
	b.tick(now)
	u, changed := b.Usage(now)
	if err := u.Save(path); err != nil || !changed {
		t.Fatalf("%v, changed: %v", err, changed)
	}
	if _, changed := b.Usage(now); changed {
		t.Error("it changed by itself")
	}
	u, err := LoadUsage(path)
	if err != nil {
		t.Fatal(err)
	}
	again := NewLedger(limits, now)
	again.Restore(u, now)
	if _, refused := again.begin("a", nets[2], nets[2], now); refused == nil || !strings.Contains(refused.words, "the token") {
		t.Errorf("after a restart: %v", refused)
	}
	if _, refused := again.begin("b", nets[2], nets[1], now); refused == nil || !strings.Contains(refused.words, "your network") {
		t.Errorf("after a restart, from that network: %v", refused)
	}
	if refused := again.mayOpen("a", nets[0], now); refused == nil || refused.wait != time.Hour {
		t.Errorf("an hour before the month is over: %v", refused)
	}
	if refused := again.mayOpen("a", nets[0], now.Add(time.Hour)); refused != nil {
		t.Errorf("in the next month: %v", refused)
	}
	if err := os.WriteFile(path, []byte(`{"month":"2026`), 0o600); err != nil {
		t.Fatal(err)
	}
	if u, err := LoadUsage(path); err == nil || u.Total != 0 || !strings.Contains(err.Error(), path+".damaged") {
		t.Errorf("of a damaged file: %+v, %v", u, err)
	}
	if u, err := LoadUsage(path); err != nil || u.Total != 0 {
		t.Errorf("the next time: %+v, %v", u, err)
	}
}

// However many tokens and networks come, only so many are remembered, and none
// that is in use is forgotten.
func TestLedgerIsBounded(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	b := NewLedger(Limits{PerSource: Terms{Bytes: 1 << 30}}, now)
	used, refused := b.begin("first", nets[0], nets[0], now)
	if refused != nil {
		t.Fatal(refused)
	}
	for i := range mostAccounts + 1000 {
		from := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
		s, refused := b.begin(from.String(), from, from, now.Add(time.Duration(i)))
		if refused != nil {
			t.Fatal(refused)
		}
		b.leave(s, now.Add(time.Duration(i)))
	}
	if len(b.tokens) > mostAccounts || len(b.sources) > mostAccounts {
		t.Errorf("%d tokens and %d networks are remembered", len(b.tokens), len(b.sources))
	}
	if b.tokens["first"] != used.accounts[1] || b.sources[nets[0]] != used.accounts[0] {
		t.Error("who has a session was forgotten")
	}
}

// Of several passes of one holder the last one that was shown counts, as long as it
// is good, and each ends by itself.
func TestLeasesOfOneHolder(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	b := NewLedger(Limits{}, now)
	b.admit("pass-x", lease{"small", Terms{Bytes: 10}, now.Add(10 * time.Hour)}, now)
	b.admit("pass-x", lease{"large", Terms{Bytes: 1000}, now.Add(time.Hour)}, now)
	most := func() int64 { return b.tokens["pass-x"].terms().Bytes }
	if most() != 1000 {
		t.Errorf("%d bytes by the last one", most())
	}
	if over := b.tick(now.Add(2 * time.Hour)); len(over) != 0 || most() != 10 {
		t.Errorf("after the larger expired: %v, %d bytes", over, most())
	}
	if over := b.tick(now.Add(11 * time.Hour)); over["pass-x"] == nil {
		t.Errorf("after both did: %v", over)
	}
	b.admit("pass-x", lease{"small", Terms{Bytes: 10}, now.Add(30 * time.Hour)}, now.Add(12*time.Hour))
	b.admit("pass-x", lease{"large", Terms{Bytes: 1000}, now.Add(30 * time.Hour)}, now.Add(12*time.Hour))
	if b.withdraw("pass-x", "large"); most() != 10 {
		t.Errorf("after the larger was revoked: %d bytes", most())
	}
	if b.withdraw("pass-x", "small"); most() != 10 {
		t.Errorf("after both were: %d bytes", most())
	}
}

// A clock that is set back, and forth again, gives nobody more than a month has.
func TestMonthOnAClockThatIsSetBack(t *testing.T) {
	february := time.Date(2026, 2, 1, 0, 0, 1, 0, time.UTC)
	b := NewLedger(Limits{}, february)
	b.mu.Lock()
	b.token("t", february).used.Store(7)
	b.mu.Unlock()
	u, _ := b.Usage(february.Add(-time.Hour))
	if u.Tokens["t"] != 7 || u.Month != "2026-01" {
		t.Errorf("set back: %+v", u)
	}
	again := NewLedger(Limits{}, february.Add(-time.Hour))
	again.Restore(Usage{Month: "2026-02", Tokens: map[string]int64{"t": 7}}, february.Add(-time.Hour))
	if u, _ := again.Usage(february.Add(-time.Hour)); u.Tokens["t"] != 7 {
		t.Errorf("restarted before the month of the file: %+v", u)
	}
	if u, _ := again.Usage(february); u.Tokens["t"] != 0 {
		t.Errorf("in the next month: %+v", u)
	}
}
