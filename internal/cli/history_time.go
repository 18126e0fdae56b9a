package cli

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

var errNoTime = errors.New("is no time")

// timeForms are how a person writes a time of this machine's zone, and with one.
var timeForms = []string{
	time.DateOnly, "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02T15:04:05", time.DateTime,
	time.RFC3339, "2006-01-02T15:04Z07:00",
}

// parseTime reads a time as a person gives it, or how long ago one was.
func parseTime(text string, now time.Time) (time.Time, error) {
	year, month, day := now.Local().Date()
	switch text {
	case "now":
		return now, nil
	case "today":
		return time.Date(year, month, day, 0, 0, 0, 0, time.Local), nil
	case "yesterday":
		return time.Date(year, month, day-1, 0, 0, 0, 0, time.Local), nil
	}
	for _, form := range timeForms {
		if t, err := time.ParseInLocation(form, text, time.Local); err == nil {
			return t, nil
		}
	}
	ago, err := parseAgo(text)
	if err != nil {
		return time.Time{}, errNoTime
	}
	return now.Add(-ago), nil
}

// parseAgo reads a duration, also in days and weeks.
func parseAgo(text string) (time.Duration, error) {
	for unit, d := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if digits, ok := strings.CutSuffix(text, unit); ok {
			n, err := strconv.ParseUint(digits, 10, 16)
			return time.Duration(n) * d, err
		}
	}
	d, err := time.ParseDuration(text)
	if err == nil && d < 0 {
		err = errNoTime
	}
	return d, err
}
