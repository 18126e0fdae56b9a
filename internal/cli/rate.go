package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/bargee/bargee/session"
)

// rateWords says how a rate is written, in the help of every flag that takes one.
const rateWords = "bytes a second, such as 500K, 10M or 1.5MB/s, or bits, such as 80mbit; 0 is no limit"

// A byteRate is a flag with a number of bytes a second.
type byteRate struct{ n int64 }

func (r *byteRate) Type() string { return "RATE" }
func (r *byteRate) Set(s string) (err error) {
	r.n, err = parseRate(s)
	return err
}

func (r *byteRate) String() string {
	if r.n == 0 {
		return ""
	}
	return strconv.FormatInt(r.n, 10)
}

var errNoRate = errors.New("is no rate: 500K, 10M, 1.5MB/s, 80mbit")

// parseRate reads a number of bytes a second: a size with or without "/s", or
// bits with a unit in powers of 1000: bit, kbit, mbit, gbit.
func parseRate(s string) (int64, error) {
	amount := strings.TrimSuffix(strings.TrimSpace(s), "/s")
	digits, bits := strings.CutSuffix(strings.ToLower(amount), "bit")
	if !bits {
		n, err := parseSize(amount)
		if err != nil {
			return 0, errNoRate
		}
		return atLeastRate(n)
	}
	scale := 1.0
	if i := strings.IndexAny(digits, "kmg"); i >= 0 && i == len(digits)-1 {
		scale = map[byte]float64{'k': 1e3, 'm': 1e6, 'g': 1e9}[digits[i]]
		digits = digits[:i]
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if err != nil || !(n >= 0) || n*scale >= 1<<62 {
		return 0, errNoRate
	}
	return atLeastRate(int64(n * scale / 8))
}

func atLeastRate(n int64) (int64, error) {
	if n > 0 && n < session.LeastLimit {
		return 0, fmt.Errorf("is below the lowest rate, %d bytes a second", session.LeastLimit)
	}
	return n, nil
}
