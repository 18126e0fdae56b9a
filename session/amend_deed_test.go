package session

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

// What a sync removed and renamed is told by what went as a whole, without what failed;
// of very much only how much it was.
func TestDeedsOfAmend(t *testing.T) {
	remove := func(p string, kind EntryKind) syncStep {
		return syncStep{kind: stepRemove, path: mustPath(t, p), was: scanEntry{Entry: Entry{Kind: kind}}}
	}
	move := func(from, to string) syncStep {
		return syncStep{kind: stepMove, path: mustPath(t, from), to: mustPath(t, to)}
	}
	var many, renamed []syncStep
	for i := range maxDeeds + 1 {
		many = append(many, remove(fmt.Sprintf("f%d", i), RegularFile))
		renamed = append(renamed, move(fmt.Sprintf("f%d", i), fmt.Sprintf("g%d", i)))
	}
	tests := map[string]struct {
		steps  []syncStep
		failed []int
		want   []string
	}{
		"files and a tree": {
			[]syncStep{remove("d/e/x", RegularFile), remove("d/y", RegularFile), remove("d/e", Directory), remove("d", Directory), remove("z", RegularFile)}, nil,
			[]string{"removed base/d 2 false", "removed base/z 0 false"},
		},
		"a directory that stayed": {
			[]syncStep{remove("d/e/x", RegularFile), remove("d/e", Directory), remove("d/y", RegularFile), remove("d", Directory)}, []int{2, 3},
			[]string{"removed base/d/e 1 false"},
		},
		"renamed":        {[]syncStep{move("a", "b"), remove("c", RegularFile)}, nil, []string{"moved base/a base/b", "removed base/c 0 false"}},
		"nothing":        {[]syncStep{{kind: stepSet, path: mustPath(t, "a")}}, nil, nil},
		"very many":      {many, nil, []string{fmt.Sprintf("removed base %d true", len(many))}},
		"many new names": {renamed, nil, []string{"moved base base"}},
	}
	for name, test := range tests {
		outcomes := make([]error, len(test.steps))
		for _, i := range test.failed {
			outcomes[i] = errors.New("busy")
		}
		var got []string
		for _, d := range deedsOf(mustPath(t, "base"), test.steps, outcomes) {
			if d.What == DeedMoved {
				got = append(got, fmt.Sprintf("%v %s %s", d.What, d.Path.Raw(), d.To.Raw()))
				continue
			}
			got = append(got, fmt.Sprintf("%v %s %d %v", d.What, d.Path.Raw(), d.Files, d.Within))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
