package drops

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bargee/bargee/relay/bucket"
)

// M96: ids and digests have one form; only that gets near a key. (M95)
func TestTextOfIDs(t *testing.T) {
	good := "0123456789abcdef0123456789abcdef"
	if id, err := ParseID(good); err != nil || id.String() != good {
		t.Errorf("%s %v", id, err)
	}
	if d, err := ParseDigest(good + good); err != nil || d.String() != good+good {
		t.Errorf("%s %v", d, err)
	}
	for _, bad := range []string{"", good[1:], good + "0", "0123456789ABCDEF0123456789abcdef", "../../../../etc/passwd/aaaaaaaaa",
		"0123456789abcdeg0123456789abcdef", "0123456789abcdef0123456789abcde/", "٠123456789abcdef0123456789abcdef", good + good} {
		if _, err := ParseID(bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
		if _, err := ParseDigest(bad + "x"); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestWhatMayBegin(t *testing.T) {
	l := Limits{Object: 1 << 20, MaxTTL: 30 * day}
	for name, c := range map[string]struct {
		change func(*Begin)
		want   error
		ttl    time.Duration
	}{
		"all is well":             {func(*Begin) {}, nil, 7 * day},
		"a time of its own":       {func(b *Begin) { b.TTL = time.Hour }, nil, time.Hour},
		"no id":                   {func(b *Begin) { b.ID = ID{} }, ErrInvalid, 0},
		"no owner":                {func(b *Begin) { b.Owner = Digest{} }, ErrInvalid, 0},
		"no bytes":                {func(b *Begin) { b.Bytes = 0 }, ErrInvalid, 0},
		"less than no bytes":      {func(b *Begin) { b.Bytes = -1 }, ErrInvalid, 0},
		"no chunks":               {func(b *Begin) { b.Chunks = 0 }, ErrInvalid, 0},
		"more bytes than fit":     {func(b *Begin) { b.Bytes = 2 * LargestChunk }, ErrInvalid, 0},
		"downloads below none":    {func(b *Begin) { b.Downloads = -1 }, ErrInvalid, 0},
		"a time that is over":     {func(b *Begin) { b.TTL = -1 }, ErrInvalid, 0},
		"too many chunks":         {func(b *Begin) { b.Chunks = MostChunks + 1 }, ErrLimit, 0},
		"too many bytes":          {func(b *Begin) { b.Bytes, b.Chunks = 1<<20+1, 2 }, ErrLimit, 0},
		"too many downloads":      {func(b *Begin) { b.Downloads = MostDownloads + 1 }, ErrLimit, 0},
		"an envelope of a letter": {func(b *Begin) { b.Envelope = make([]byte, LongestSealed+1) }, ErrLimit, 0},
		"for ever":                {func(b *Begin) { b.TTL = 31 * day }, ErrLimit, 0},
	} {
		b := newParcel(1, 2).begin
		c.change(&b)
		if ttl, err := l.judge(b); !errors.Is(err, c.want) || ttl != c.ttl {
			t.Errorf("%s: %s %v, want %s %v", name, ttl, err, c.ttl, c.want)
		}
	}
	if ttl := (Limits{MaxTTL: time.Hour}).ttl(); ttl != time.Hour {
		t.Errorf("who says nothing gets %s where an hour is the most", ttl)
	}
}

// TestQuota holds M110.
func TestQuota(t *testing.T) {
	q := NewQuota(Limits{Total: 100, PerAccount: 60})
	for i, c := range []struct {
		account string
		n, own  int64
		want    error
	}{
		{"anna", 60, 0, nil},
		{"anna", 1, 0, ErrNoSpace},
		{"anna", 10, 70, nil}, // a limit of its own
		{"bert", 31, 0, ErrNoSpace},
		{"bert", 20, 10, ErrNoSpace},
		{"bert", 30, 0, nil},
		{"carl", 1 << 62, 1 << 62, ErrNoSpace},
	} {
		if err := q.Reserve(c.account, c.n, c.own); !errors.Is(err, c.want) {
			t.Errorf("%d: %v, want %v", i, err, c.want)
		}
	}
	q.Count("anna", -70)
	if own, total := q.Used("anna"); own != 0 || total != 30 || len(q.accounts) != 1 {
		t.Errorf("%d of %d, accounts %v", own, total, q.accounts)
	}
}

func TestClocksThatCount(t *testing.T) {
	for name, c := range map[string]struct {
		looks []struct{ wall, up time.Duration }
		want  bool
	}{
		"at the start":             {[]struct{ wall, up time.Duration }{{0, 0}}, false},
		"after a while":            {[]struct{ wall, up time.Duration }{{0, 0}, {settle, settle}}, true},
		"set a little":             {[]struct{ wall, up time.Duration }{{0, 0}, {settle + 30*time.Second, settle}}, true},
		"jumped ahead":             {[]struct{ wall, up time.Duration }{{0, 0}, {settle + day, settle}}, false},
		"jumped back":              {[]struct{ wall, up time.Duration }{{0, 0}, {settle - day, settle}}, false},
		"jumped and set right":     {[]struct{ wall, up time.Duration }{{0, 0}, {day, time.Minute}, {settle, settle}}, false},
		"jumped, then went on":     {[]struct{ wall, up time.Duration }{{0, 0}, {day, time.Minute}, {day + settle, settle + time.Minute}}, true},
		"jumped, went on too soon": {[]struct{ wall, up time.Duration }{{0, 0}, {day, time.Minute}, {day + settle - 1, settle - 1 + time.Minute}}, false},
	} {
		var s steady
		got := false
		for _, l := range c.looks {
			got = s.look(time.Unix(1e9, 0).Add(l.wall), l.up)
		}
		if got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// A drop is given out until the second it expires, and removed when the clock can be
// believed; an upload that is never completed goes, too.
func TestExpiry(t *testing.T) {
	ctx, b, c := t.Context(), openBucket(t), newClock()
	s := openStore(t, b, c, Limits{})
	p, open := newParcel(1, 2), newParcel(2, 2)
	p.begin.TTL = 10 * day
	p.mustStore(t, s, "anna")
	if _, _, err := s.Begin(ctx, "anna", 0, open.begin); err != nil {
		t.Fatal(err)
	}
	sweepAfter(t, s, c, 3*day-time.Second)
	if _, err := s.Missing(ctx, open.begin.ID, open.secret, nil); err != nil {
		t.Errorf("an upload that may go on: %v", err)
	}
	sweepAfter(t, s, c, time.Second)
	if _, err := s.Missing(ctx, open.begin.ID, open.secret, nil); !errors.Is(err, ErrGone) {
		t.Errorf("an upload that nobody completed: %v", err)
	}

	c.jump(8 * day) // by mistake
	if _, err := s.Info(ctx, p.begin.ID); !errors.Is(err, ErrGone) {
		t.Errorf("given out when it looks expired: %v", err)
	}
	sweepAfter(t, s, c, time.Minute)
	c.jump(-8 * day) // set right
	sweepAfter(t, s, c, time.Minute)
	if err := p.fetch(ctx, s, Claim{}); err != nil {
		t.Errorf("a clock that was wrong for a moment took it away: %v", err)
	}

	s = openStore(t, b, c, Limits{}) // that it expires is known after a restart, too
	sweepAfter(t, s, c, 7*day)
	if _, err := s.Info(ctx, p.begin.ID); !errors.Is(err, ErrGone) {
		t.Errorf("expired: %v", err)
	}
	for o, err := range b.List(ctx, dropsDir) {
		t.Errorf("left: %+v %v", o, err)
	}
	if _, all := s.Quota().Used("anna"); all != 0 {
		t.Errorf("%d bytes count", all)
	}
	c.mu.Lock()
	c.now = time.Now() // tombstones have the bucket's time
	c.mu.Unlock()
	s = openStore(t, b, c, Limits{})
	sweepAfter(t, s, c, goneFor)
	for o, err := range b.List(ctx, "") {
		t.Errorf("left: %+v %v", o, err)
	}
	if _, created, err := s.Begin(ctx, "anna", 0, p.begin); err != nil || !created {
		t.Errorf("its id is free by then: %t %v", created, err)
	}
}

// A disk is a bucket with so much free.
type disk struct {
	bucket.Bucket
	free atomic.Int64
}

func (d *disk) Free(context.Context) (int64, bool) { return d.free.Load(), true }

// What was promised to uploads that run counts as if it were there, so that none runs
// into a full disk. I8: TestQuotaReserve.
func TestQuotaReserve(t *testing.T) {
	ctx := t.Context()
	d := &disk{Bucket: openBucket(t)}
	s := openStore(t, d, newClock(), Limits{MinFree: 1000, PerAccount: 10000, Drops: 3})
	d.free.Store(4000)
	begin := func(seed byte, bytes int64) error {
		p := newParcel(seed, 2)
		p.begin.Bytes = bytes
		_, _, err := s.Begin(ctx, "anna", 0, p.begin)
		return err
	}
	for i, c := range []struct {
		bytes int64
		want  error
	}{{3001, ErrNoSpace}, {2000, nil}, {1001, ErrNoSpace}, {1000, nil}, {1, ErrNoSpace}} {
		if err := begin(byte(i+1), c.bytes); !errors.Is(err, c.want) {
			t.Errorf("%d: %d bytes: %v, want %v", i, c.bytes, err, c.want)
		}
	}
	d.free.Store(1 << 40)
	for i, c := range []struct {
		bytes int64
		want  error
	}{{7001, ErrNoSpace}, {1, nil}, {1, ErrNoSpace}} { // the quota; the number of drops
		if err := begin(byte(i+11), c.bytes); !errors.Is(err, c.want) {
			t.Errorf("%d: %d bytes: %v, want %v", i, c.bytes, err, c.want)
		}
	}
}

// Who resumes an upload again and again leaves chunks behind that are in no list: for
// some of them there is room, in the account's quota.
func TestUploadsThatGrow(t *testing.T) {
	ctx := t.Context()
	s := openStore(t, openBucket(t), newClock(), Limits{PerAccount: 5000})
	p := newParcel(1, 40)
	p.begin.Bytes, p.begin.Chunks = 1000, 2
	if _, _, err := s.Begin(ctx, "anna", 0, p.begin); err != nil {
		t.Fatal(err)
	}
	var refused error
	stored := int64(0)
	for i := range p.chunks {
		if _, refused = p.put(ctx, s, i); refused != nil {
			break
		}
		stored += int64(len(p.chunks[i]))
	}
	if own, _ := s.Quota().Used("anna"); !errors.Is(refused, ErrNoSpace) || own != stored || stored > 5000 || stored < 4000 {
		t.Errorf("%d stored, %d counted: %v", stored, own, refused)
	}
	s = openStore(t, s.bucket, newClock(), Limits{}) // and it counts after a restart
	if own, _ := s.Quota().Used("anna"); own != stored {
		t.Errorf("%d stored, %d counted", stored, own)
	}
	if got := mostOf(1 << 30); got != 2<<30+64<<20 {
		t.Errorf("a GiB may grow to %d", got)
	}
}

// Two relays: what one took in counts at the other, what one removed is gone there.
func TestSeveralRelays(t *testing.T) {
	ctx, b, c := t.Context(), sharedBucket{openBucket(t)}, newClock()
	one, two := openStore(t, b, c, Limits{PerAccount: 1500, Drops: 2}), openStore(t, b, c, Limits{PerAccount: 1500, Drops: 2})
	p := newParcel(1, 2)
	p.begin.Bytes = 1400
	p.mustStore(t, one, "anna")
	if err := p.fetch(ctx, two, Claim{}); err != nil {
		t.Error(err)
	}
	if own, _ := one.Quota().Used("anna"); own >= 1400 {
		t.Errorf("%d bytes count of what is complete", own)
	}
	other := newParcel(2, 2)
	other.begin.Bytes = 1400
	if _, _, err := two.Begin(ctx, "anna", 0, other.begin); !errors.Is(err, ErrNoSpace) {
		t.Errorf("over the quota at the other relay: %v", err)
	}
	if mine, err := two.Of(ctx, "anna"); err != nil || len(mine) != 1 || !mine[0].Complete {
		t.Errorf("%+v %v", mine, err)
	}
	if err := two.Remove(ctx, p.begin.ID, p.secret); err != nil {
		t.Fatal(err)
	}
	c.pass(freshFor)
	if _, err := one.Info(ctx, p.begin.ID); !errors.Is(err, ErrGone) {
		t.Errorf("removed at the other one: %v", err)
	}
	other.begin.Bytes = 1100
	if _, _, err := one.Begin(ctx, "anna", 0, other.begin); err != nil {
		t.Errorf("there is room again: %v", err)
	}
	other.begin.Bytes = 2000
	if err := other.store(ctx, two, "anna"); err != nil { // begun there, stored here
		t.Error(err)
	}
	if err := other.fetch(ctx, one, Claim{}); err != nil { // and seen there at once
		t.Error(err)
	}
	if mine, err := one.Of(ctx, "anna"); err != nil || len(mine) != 1 || !mine[0].Complete {
		t.Errorf("%+v %v", mine, err)
	}
}
