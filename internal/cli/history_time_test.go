package cli

import (
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 3, 5, 14, 30, 0, 0, time.Local)
	for text, want := range map[string]time.Time{
		"now": now, "today": time.Date(2026, 3, 5, 0, 0, 0, 0, time.Local), "yesterday": time.Date(2026, 3, 4, 0, 0, 0, 0, time.Local),
		"2026-03-01": time.Date(2026, 3, 1, 0, 0, 0, 0, time.Local), "2026-03-01T12:00": time.Date(2026, 3, 1, 12, 0, 0, 0, time.Local),
		"2026-03-01 12:00:05": time.Date(2026, 3, 1, 12, 0, 5, 0, time.Local), "2026-03-01T12:00:05Z": time.Date(2026, 3, 1, 12, 0, 5, 0, time.UTC),
		"2026-03-01T12:00+02:00": time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC), "90m": now.Add(-90 * time.Minute), "7d": now.Add(-168 * time.Hour), "2w": now.Add(-336 * time.Hour),
	} {
		if got, err := parseTime(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "soon", "-3d", "-1h", "2026-13-01", "99999999d", "1.5d"} {
		if got, err := parseTime(text, now); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}
