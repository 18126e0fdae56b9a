package cli

import "testing"

func TestRates(t *testing.T) {
	for s, want := range map[string]int64{
		"0": 0, "1024": 1024, "500K": 500 << 10, "10M": 10 << 20, "10M/s": 10 << 20, "1.5MB/s": 1_500_000, "2 MiB/s": 2 << 20,
		"80mbit": 10_000_000, "80Mbit/s": 10_000_000, "1gbit": 125_000_000, "100 kbit": 12500, "8192bit": 1024, "2.5Gbit/s": 312_500_000,
	} {
		if got, err := parseRate(s); err != nil || got != want {
			t.Errorf("%q: %d, %v, want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"", "fast", "-1M", "1M/h", "mbit", "80mbits", "80mbps", "1e40gbit", "NaNbit", "Infbit", "-8mbit", "1.5B/s",
		"1000", "8kbit", "1", "tbit", "1tbit", "/s"} {
		if got, err := parseRate(s); err == nil {
			t.Errorf("%q: %d", s, got)
		}
	}
}
