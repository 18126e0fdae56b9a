package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
)

// conform is what every Bucket does.
func conform(t *testing.T, b Bucket) {
	ctx := t.Context()
	put := func(t *testing.T, key, content string, c Condition) (Object, error) {
		t.Helper()
		return b.Put(ctx, key, int64(len(content)), strings.NewReader(content), c)
	}
	mustPut := func(t *testing.T, key, content string, c Condition) Object {
		t.Helper()
		o, err := put(t, key, content, c)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}

	t.Run("round trip", func(t *testing.T) {
		large := make([]byte, 3<<20+7)
		rand.NewChaCha8([32]byte{}).Read(large)
		for key, content := range map[string]string{"a/one": "hello", "a/none": "", "a/b/large": string(large)} {
			o := mustPut(t, key, content, Condition{})
			seen, err := b.Stat(ctx, key)
			if err != nil || seen.Size != int64(len(content)) || seen.ETag != o.ETag || o.ETag == "" || seen.Modified.IsZero() {
				t.Errorf("%s: put %+v, stat %+v %v", key, o, seen, err)
			}
			got, _, err := ReadAll(ctx, b, key, 1<<30)
			if err != nil || string(got) != content {
				t.Errorf("%s: %d bytes %v, want %d", key, len(got), err, len(content))
			}
		}
		if _, _, err := ReadAll(ctx, b, "a/one", 4); !errors.Is(err, ErrLength) {
			t.Errorf("five bytes where four may be: %v", err)
		}
	})

	t.Run("seek", func(t *testing.T) {
		mustPut(t, "seek/it", "0123456789", Condition{})
		r, o, err := b.Open(ctx, "seek/it")
		if err != nil || o.Size != 10 {
			t.Fatal(o, err)
		}
		defer r.Close()
		for _, c := range []struct {
			offset int64
			whence int
			n      int
			want   string
		}{{0, io.SeekStart, 3, "012"}, {0, io.SeekCurrent, 2, "34"}, {-2, io.SeekEnd, 2, "89"}, {4, io.SeekStart, 6, "456789"}, {0, io.SeekEnd, 0, ""}} {
			if _, err := r.Seek(c.offset, c.whence); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, c.n)
			if _, err := io.ReadFull(r, got); err != nil || string(got) != c.want {
				t.Errorf("at %d of %d: %q %v, want %q", c.offset, c.whence, got, err, c.want)
			}
		}
		if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("at the end: %d %v", n, err)
		}
		if _, err := r.Seek(-1, io.SeekStart); err == nil {
			t.Error("before the beginning")
		}
	})

	t.Run("conditions", func(t *testing.T) {
		first := mustPut(t, "c/x", "one", Condition{IfAbsent: true})
		if _, err := put(t, "c/x", "two", Condition{IfAbsent: true}); !errors.Is(err, ErrExists) {
			t.Errorf("a second one where none may be: %v", err)
		}
		second := mustPut(t, "c/x", "two", Condition{IfMatch: first.ETag})
		if _, err := put(t, "c/x", "three", Condition{IfMatch: first.ETag}); !errors.Is(err, ErrChanged) {
			t.Errorf("over one that changed: %v", err)
		}
		if _, err := put(t, "c/none", "three", Condition{IfMatch: first.ETag}); !errors.Is(err, ErrChanged) {
			t.Errorf("over one that is not: %v", err)
		}
		mustPut(t, "c/x", "four", Condition{})
		if got, o, err := ReadAll(ctx, b, "c/x", 10); string(got) != "four" || o.ETag == second.ETag {
			t.Errorf("%q %v %v", got, o, err)
		}
	})

	t.Run("one of many is first", func(t *testing.T) {
		var wg sync.WaitGroup
		var won atomic.Int32
		for i := range 16 {
			wg.Go(func() {
				switch _, err := put(t, "race/x", fmt.Sprint("from ", i), Condition{IfAbsent: true}); {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, ErrExists):
					t.Error(err)
				}
			})
		}
		if wg.Wait(); won.Load() != 1 {
			t.Errorf("%d were first", won.Load())
		}
	})

	t.Run("bodies that are not as announced", func(t *testing.T) {
		broken := errors.New("broken")
		for name, c := range map[string]struct {
			r    io.Reader
			want error
		}{
			"shorter":                 {strings.NewReader("12345"), ErrLength},
			"longer":                  {strings.NewReader("1234567"), ErrLength},
			"breaks":                  {io.MultiReader(strings.NewReader("123"), iotest.ErrReader(broken)), broken},
			"breaks at the last byte": {io.MultiReader(strings.NewReader("12345"), iotest.ErrReader(broken)), broken},
		} {
			for _, condition := range []Condition{{}, {IfAbsent: true}} {
				if _, err := b.Put(ctx, "body/x", 6, c.r, condition); !errors.Is(err, c.want) && condition == (Condition{}) || err == nil {
					t.Errorf("%s: %v, want %v", name, err, c.want)
				}
			}
			if _, err := b.Stat(ctx, "body/x"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: it was kept: %v", name, err)
			}
		}
		if _, err := b.Put(ctx, "body/x", 0, strings.NewReader("1"), Condition{}); !errors.Is(err, ErrLength) {
			t.Errorf("one byte of none: %v", err)
		}
	})

	t.Run("what is not there", func(t *testing.T) {
		if _, err := b.Stat(ctx, "no/such"); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
		if _, _, err := b.Open(ctx, "no/such"); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
		if err := b.Delete(ctx, "no/such"); err != nil {
			t.Error(err)
		}
		if err := b.DeleteAll(ctx, "no"); err != nil {
			t.Error(err)
		}
		if got := keysOf(t, b, "no"); len(got) > 0 {
			t.Error(got)
		}
	})

	t.Run("listing and deleting", func(t *testing.T) {
		for _, key := range []string{"l/1/a", "l/1/b", "l/2/a", "l/file", "lx/1"} {
			mustPut(t, key, key, Condition{})
		}
		if got, want := keysOf(t, b, "l"), []string{"l/1/a", "l/1/b", "l/2/a", "l/file"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		if got, want := namesOf(t, b, "l"), []string{"1", "2", "file"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		if all := keysOf(t, b, ""); !slices.Contains(all, "lx/1") || !slices.Contains(all, "l/2/a") {
			t.Errorf("all: %q", all)
		}
		if err := b.Delete(ctx, "l/2/a"); err != nil {
			t.Fatal(err)
		}
		if err := b.DeleteAll(ctx, "l/1"); err != nil {
			t.Fatal(err)
		}
		if got, want := keysOf(t, b, "l"), []string{"l/file"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		if got, want := namesOf(t, b, "l"), []string{"file"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		mustPut(t, "l/1/a", "again", Condition{IfAbsent: true})
	})

	t.Run("keys that are none", func(t *testing.T) {
		for _, key := range []string{"", "/", "/a", "a/", "a//b", "..", "a/../b", ".hidden", "a/.b", `a\b`, "a b", "ä", "a\x00", "a%2fb",
			strings.Repeat("x", 129), strings.Repeat("abcdefg/", 80) + "x"} {
			if _, err := put(t, key, "x", Condition{}); !errors.Is(err, ErrKey) {
				t.Errorf("put %q: %v", key, err)
			}
			if _, _, err := b.Open(ctx, key); !errors.Is(err, ErrKey) {
				t.Errorf("open %q: %v", key, err)
			}
			if err := b.Delete(ctx, key); !errors.Is(err, ErrKey) {
				t.Errorf("delete %q: %v", key, err)
			}
			if err := b.DeleteAll(ctx, key); !errors.Is(err, ErrKey) {
				t.Errorf("delete all %q: %v", key, err)
			}
		}
	})

	t.Run("a command that was ended", func(t *testing.T) {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		large := bytes.NewReader(make([]byte, 1<<20))
		if _, err := b.Put(ended, "ended/x", large.Size(), large, Condition{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		if _, err := b.Stat(ctx, "ended/x"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("it was kept: %v", err)
		}
	})
}

func keysOf(t *testing.T, b Bucket, dir string) (keys []string) {
	t.Helper()
	for o, err := range b.List(t.Context(), dir) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, o.Key)
	}
	slices.Sort(keys)
	return keys
}

func namesOf(t *testing.T, b Bucket, dir string) (names []string) {
	t.Helper()
	for name, err := range b.Names(t.Context(), dir) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
