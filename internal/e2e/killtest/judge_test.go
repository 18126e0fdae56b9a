package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/e2e/bargee"
)

func TestJudge(t *testing.T) {
	cfg := config{size: 100, again: 10, first: time.Second}
	for _, tt := range []struct {
		name          string
		who           role
		verified      int64
		sent, resumed int64
		failed        int64
		first         time.Duration
		want          string // in the violation; "" for none
	}{
		{"exact", receiver, 40, 60, 40, 0, 0, ""},
		{"a little again", receiver, 40, 70, 30, 0, 0, ""},
		{"more was verified than was told", receiver, 40, 30, 70, 0, 0, ""},
		{"too much again", sender, 40, 71, 29, 0, 0, "again"},
		{"from the beginning", both, 40, 100, 0, 0, 0, "again"},
		{"bytes that nobody sent", both, 40, 50, 40, 0, 0, "too few"},
		{"a file failed", both, 40, 60, 40, 1, 0, "failed"},
		{"a slow start", sender, 40, 60, 40, 0, 2 * time.Second, "first new byte"},
		{"one run starts once", reconnect, 40, 100, 0, 0, 2 * time.Second, ""},
		{"one run sends all", reconnect, 40, 110, 0, 0, 0, ""},
		{"one run sends more", reconnect, 40, 111, 0, 0, 0, "again"},
	} {
		r := round{who: tt.who, verified: tt.verified, first: tt.first, done: bargee.Event{BytesSent: tt.sent, BytesResumed: tt.resumed, Failed: tt.failed}}
		r.judge(cfg)
		got := strings.Join(r.violations, "; ")
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: got violations %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestSameBytes(t *testing.T) {
	long := bytes.Repeat([]byte("0123456789abcdef"), 1<<17) // 2 MiB
	changed := bytes.Clone(long)
	changed[len(changed)-1]++
	for _, tt := range []struct {
		name string
		got  []byte
		same bool
	}{
		{"same", long, true},
		{"last byte", changed, false},
		{"shorter", long[:len(long)-1], false},
		{"shorter by a MiB", long[:1<<20], false},
		{"longer", append(bytes.Clone(long), 0), false},
		{"empty", nil, false},
	} {
		if err := sameBytes(bytes.NewReader(tt.got), bytes.NewReader(long)); (err == nil) != tt.same {
			t.Errorf("%s: got %v", tt.name, err)
		}
	}
	if err := sameBytes(bytes.NewReader(nil), bytes.NewReader(nil)); err != nil {
		t.Errorf("nothing and nothing: got %v", err)
	}
}
