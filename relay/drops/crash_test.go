package drops

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bargee/bargee/relay/bucket"
)

// A failing bucket is one whose process dies at its nth change: before it, or right
// after it, when nobody hears any more that it was made.
type failing struct {
	bucket.Bucket
	left  atomic.Int64
	after bool
}

var errCrash = errors.New("the process is dead")

func (f *failing) change(do func() error) error {
	left := f.left.Add(-1)
	if left < 0 || left == 0 && !f.after {
		return errCrash
	}
	err := do()
	if left == 0 {
		return errCrash
	}
	return err
}

func (f *failing) Put(ctx context.Context, key string, size int64, r io.Reader, c bucket.Condition) (o bucket.Object, err error) {
	err = f.change(func() error { o, err = f.Bucket.Put(ctx, key, size, r, c); return err })
	return o, err
}

func (f *failing) Delete(ctx context.Context, key string) error {
	return f.change(func() error { return f.Bucket.Delete(ctx, key) })
}

func (f *failing) DeleteAll(ctx context.Context, dir string) error {
	return f.change(func() error { return f.Bucket.DeleteAll(ctx, dir) })
}

func (f *failing) List(ctx context.Context, dir string) iter.Seq2[bucket.Object, error] {
	return f.Bucket.List(ctx, dir)
}

// At whatever change the process dies: what was acknowledged is there, what was not is
// not half there, and who begins again gets through.
// It holds F16, F27.
func TestCrashesAtEveryChange(t *testing.T) {
	for _, shared := range []bool{false, true} {
		for _, after := range []bool{false, true} {
			changes := 0
			for changes = 1; changes < 100; changes++ {
				if crashAt(t, int64(changes), after, shared) {
					break
				}
			}
			if changes < 12 || changes == 100 {
				t.Errorf("%d changes were tried", changes)
			}
		}
	}
}

// crashAt dies at the nth change, and tells whether the work was done before that.
func crashAt(t *testing.T, n int64, after, shared bool) (done bool) {
	ctx, c := t.Context(), newClock()
	inner := openBucket(t)
	if shared {
		inner = sharedBucket{inner}
	}
	f := &failing{Bucket: inner, after: after}
	f.left.Store(n)
	p, first, second := newParcel(1, 3), Claim{1}, Claim{2}
	p.begin.Downloads = 2
	steps := []struct {
		name string
		do   func(s *Store) error
		seen func(s *Store) error // what holds once it is acknowledged
	}{
		{"store", func(s *Store) error { return p.store(ctx, s, "anna") }, func(s *Store) error { _, err := s.Info(ctx, p.begin.ID); return err }},
		{"take", func(s *Store) error { _, err := s.Take(ctx, p.begin.ID, first); return err }, func(s *Store) error { return p.fetch(ctx, s, first) }},
		{"take again", func(s *Store) error { _, err := s.Take(ctx, p.begin.ID, second); return err }, func(s *Store) error { return p.fetch(ctx, s, second) }},
		{"taken", func(s *Store) error { return s.Taken(ctx, p.begin.ID, first) }, func(s *Store) error { return p.fetch(ctx, s, second) }},
		{"taken by all", func(s *Store) error { return s.Taken(ctx, p.begin.ID, second) }, func(s *Store) error {
			if _, err := s.Info(ctx, p.begin.ID); !errors.Is(err, ErrGone) {
				return fmt.Errorf("it is there: %w", err)
			}
			return nil
		}},
	}
	s, err := Open(ctx, Config{Bucket: f, Now: c.Now, Up: c.Up})
	if err != nil {
		t.Fatal(err)
	}
	acknowledged := -1
	for i, step := range steps {
		if err := step.do(s); err != nil {
			if !errors.Is(err, errCrash) {
				t.Fatalf("change %d, %s: %v", n, step.name, err)
			}
			break
		}
		acknowledged = i
	}
	s = openStore(t, inner, c, Limits{})
	if acknowledged >= 0 {
		// Of the last step the answer may have been lost, not the effect.
		if err := steps[acknowledged].seen(s); err != nil && !(errors.Is(err, ErrGone) && acknowledged == len(steps)-2) {
			t.Errorf("change %d (after: %t, shared: %t): %s was acknowledged: %v", n, after, shared, steps[acknowledged].name, err)
		}
	}
	for _, step := range steps[acknowledged+1:] {
		if err := step.do(s); err != nil && !(errors.Is(err, ErrGone) && strings.HasPrefix(step.name, "taken")) {
			t.Errorf("change %d (after: %t, shared: %t), once more: %s: %v", n, after, shared, step.name, err)
		}
		if err := step.seen(s); err != nil && !errors.Is(err, ErrGone) {
			t.Errorf("change %d (after: %t, shared: %t), once more: after %s: %v", n, after, shared, step.name, err)
		}
	}
	for o, err := range inner.List(ctx, dropsDir) {
		t.Errorf("change %d: left behind: %+v %v", n, o, err)
	}
	if _, all := s.Quota().Used(""); all != 0 {
		t.Errorf("change %d: %d bytes are counted of nothing", n, all)
	}
	return acknowledged == len(steps)-1
}

// A process that stores drop after drop, tells what was acknowledged, and is killed.
const victim = "BARGEE_DROPS_VICTIM"

func TestMain(m *testing.M) {
	if dir := os.Getenv(victim); dir != "" {
		storeUntilKilled(dir)
		return
	}
	os.Exit(m.Run())
}

func storeUntilKilled(dir string) {
	ctx := context.Background()
	b, err := bucket.OpenDirectory(dir)
	if err != nil {
		fmt.Println("error", err)
		return
	}
	s, err := Open(ctx, Config{Bucket: b})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	fmt.Println("open")
	for seed := byte(1); seed < 250; seed++ {
		p := newParcel(seed, 4)
		if err := p.store(ctx, s, "anna"); err != nil && !errors.Is(err, ErrGone) {
			fmt.Println("error", err)
			return
		}
		fmt.Println("stored", seed)
		if seed%3 == 0 {
			if err := s.Remove(ctx, p.begin.ID, p.secret); err != nil && !errors.Is(err, ErrGone) {
				fmt.Println("error", err)
				return
			}
			fmt.Println("removed", seed)
		}
	}
}

// kill -9 at random moments, and again after each restart.
// It holds F16.
func TestKilledProcesses(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	stored, removed := map[byte]bool{}, map[byte]bool{}
	for range 4 {
		cmd := exec.CommandContext(ctx, os.Args[0])
		cmd.Env = append(os.Environ(), victim+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		// It is killed at a random line, in the middle of what comes after it.
		for at := 2 + rand.IntN(40); at > 0 && lines.Scan(); at-- {
			note(t, lines.Text(), stored, removed)
		}
		cmd.Process.Kill()
		for lines.Scan() {
			note(t, lines.Text(), stored, removed)
		}
		cmd.Wait()
		checkStored(t, dir, stored, removed)
	}
	if len(stored) == 0 {
		t.Error("nothing was stored")
	}
}

func note(t *testing.T, line string, stored, removed map[byte]bool) {
	t.Helper()
	var seed byte
	if _, err := fmt.Sscanf(line, "stored %d", &seed); err == nil {
		stored[seed] = true
	} else if _, err := fmt.Sscanf(line, "removed %d", &seed); err == nil {
		removed[seed] = true
	} else if line != "open" {
		t.Error(line)
	}
}

// checkStored looks at what a killed process left.
func checkStored(t *testing.T, dir string, stored, removed map[byte]bool) {
	t.Helper()
	b, err := bucket.OpenDirectory(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	s, err := Open(t.Context(), Config{Bucket: b})
	if err != nil {
		t.Fatal(err)
	}
	for seed := byte(1); seed < 250; seed++ {
		p := newParcel(seed, 4)
		err := p.fetch(t.Context(), s, Claim{})
		switch {
		case removed[seed] && !errors.Is(err, ErrGone):
			t.Errorf("drop %d was removed: %v", seed, err)
		case stored[seed] && err != nil && !(errors.Is(err, ErrGone) && seed%3 == 0):
			t.Errorf("drop %d was stored: %v", seed, err)
		case err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrGone):
			t.Errorf("drop %d is half there: %v", seed, err)
		}
	}
}
